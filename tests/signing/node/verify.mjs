// Makes verifiers written by others judge what voltpass signed: node verify.mjs < tasks.json
// Each task has a `kind`, `didDocuments` and `at`; for each one object comes back, `refused` if it is.
import fs from "node:fs";

// A library is loaded when it is asked: to load all of them takes longer than most tasks.
const KINDS = {
  "vc+jwt": async task => (await import("./jose.mjs")).verifyCredentialJwt(task, task.credential),
  "embedded proof": async task => (await import("./data_integrity.mjs")).verifySecured(task),
  "presentation": async task => (await import("./sd_jwt.mjs")).verifyPresentation(task),
  "bitstring": async task => (await import("./data_integrity.mjs")).setBits(task),
  "token": async task => (await import("./sd_jwt.mjs")).setTokens(task),
};

const answers = [];
for (const task of JSON.parse(fs.readFileSync(0, "utf8"))) {
  try { answers.push(await KINDS[task.kind](task)); } catch (error) { answers.push({ refused: String(error.message ?? error) }); }
}
process.stdout.write(JSON.stringify(answers));
