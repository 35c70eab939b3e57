// Embedded proofs and Bitstring Status Lists, by the libraries of Digital Bazaar.
import { DataIntegrityProof } from "@digitalbazaar/data-integrity";
import * as ecdsaJcs2019 from "@digitalbazaar/ecdsa-jcs-2019-cryptosuite";
import * as eddsaJcs2022 from "@digitalbazaar/eddsa-jcs-2022-cryptosuite";
import * as vc from "@digitalbazaar/vc";
import { checkStatus, decodeList } from "@digitalbazaar/vc-bitstring-status-list";
import { documentLoader } from "./evidence.mjs";
import { verifyCredentialJwt } from "./jose.mjs";

const suite = [ecdsaJcs2019, eddsaJcs2022].map(
  ({ createVerifyCryptosuite }) => new DataIntegrityProof({ cryptosuite: createVerifyCryptosuite() }));

/** The credential's verification; each status list is a vc+jwt, so jose looks at its signature. */
export async function verifySecured(task) {
  const lists = new Map();
  for (const [url, jwt] of Object.entries(task.statusLists ?? {})) lists.set(url, (await verifyCredentialJwt(task, jwt)).payload);
  const result = await vc.verifyCredential({
    credential: task.credential,
    suite,
    now: new Date(task.at),
    documentLoader: documentLoader(task, lists),
    checkStatus: options => checkStatus({ ...options, verifyBitstringStatusListCredential: false }),
  });
  if (!result.verified) throw result.error?.errors?.[0] ?? result.error ?? result.statusResult?.error ?? new Error("not verified");
  const statuses = result.statusResult?.results.map(({ credentialStatus, status }) => [credentialStatus.statusPurpose, status]);
  return { suites: result.results.map(({ proof }) => proof.cryptosuite), status: Object.fromEntries(statuses ?? []) };
}

/** The places of all bits that are set in a signed Bitstring Status List. */
export async function setBits(task) {
  const { payload } = await verifyCredentialJwt(task, task.list);
  const list = await decodeList({ encodedList: payload.credentialSubject.encodedList });
  const set = [];
  for (let index = 0; index < list.length; index++) if (list.getStatus(index)) set.push(index);
  return { length: list.length, set };
}
