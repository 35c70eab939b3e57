// Makes verifiers written by others judge what voltpass signed: node verify.mjs < tasks.json
// Each task has a `kind`, `didDocuments` and `at`; for each one object comes back, `refused` if it is.
import fs from "node:fs";
import { setBits, verifySecured } from "./data_integrity.mjs";
import { verifyCredentialJwt } from "./jose.mjs";
import { setTokens, verifyPresentation } from "./sd_jwt.mjs";

const KINDS = {
  "vc+jwt": task => verifyCredentialJwt(task, task.credential),
  "embedded proof": verifySecured,
  "presentation": verifyPresentation,
  "bitstring": setBits,
  "token": setTokens,
};

const answers = [];
for (const task of JSON.parse(fs.readFileSync(0, "utf8"))) {
  try { answers.push(await KINDS[task.kind](task)); } catch (error) { answers.push({ refused: String(error.message ?? error) }); }
}
process.stdout.write(JSON.stringify(answers));
