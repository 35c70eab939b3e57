// What somebody holds, verified with all that is at hand: a credential, a receipt, the seal of a label, or a bundle.
import { isObject, isText, opt, orElseAsync } from "./basics.js";
import { latin1, startsWith, stripped, utf8 } from "./bytes.js";
import { batteryChecks } from "./battery.js";
import { emptyEvidence, isBundle, knownDocuments, readBundle } from "./bundle.js";
import { decodeAny, isPresentation } from "./forms.js";
import { receiptChecks, receiptIn } from "./receipt.js";
import { RESTRICTED_CHECKS } from "./restricted.js";
import { SEAL_PREFIX } from "./seal.js";
import { sealChecks } from "./sealed_battery.js";
import { examineSeal } from "./seal_report.js";
import { examine } from "./verify.js";

// `evidence`: what `emptyEvidence` lists. `trustList`: from `readTrustList`, or null. `link`: what was scanned, or null.
export async function verifyPassport(credential, evidence, trustList, link, at) {
  const { statusLists } = evidence,
    didDocuments = knownDocuments(evidence, trustList);
  const known = { ...evidence, didDocuments, trustList };
  const checks = isPresentation(credential) ? RESTRICTED_CHECKS : batteryChecks(known, link, at);
  const logProof = await citedProof(credential, evidence);
  return examine(credential, { didDocuments, statusLists, trustList, logProof }, at, checks);
}

export function verifySeal(text, evidence, trustList, link, at) {
  const didDocuments = knownDocuments(evidence, trustList);
  return examineSeal(text, { didDocuments, trustList }, at, sealChecks(trustList, link));
}

// A receipt is signed in the role `platform`; it is about no battery, so there is no link to hold against it.
export function verifyReceipt(receipt, evidence, trustList, at) {
  const { statusLists } = evidence,
    didDocuments = knownDocuments(evidence, trustList);
  const known = { didDocuments, statusLists, trustList, role: "platform" };
  return examine(receipt.credential, known, at, receiptChecks(receipt));
}

// One thing that was handed in by itself, of whichever kind it is.
export async function verifySubject(data, evidence, trustList, link, at) {
  if (isSeal(data)) return verifySeal(latin1(data), evidence, trustList, link, at);
  const receipt = await receiptIn(data);
  if (receipt !== null) return verifyReceipt(receipt, evidence, trustList, at);
  return verifyPassport(data, evidence, trustList, link, at);
}

// A passport says where its proof of inclusion is; a bundle carries it under that address. The log holds the JWT:
// the same statement with an embedded proof is no leaf of it.
async function citedProof(credential, { logProofs }) {
  if (credential[0] === 0x7b) return null;
  const log = await orElseAsync(
    async () => opt((await decodeAny(credential)).payload, "transparencyLog"),
    () => null,
  );
  const cited = (Array.isArray(log) ? log : [log])
    .filter(isObject)
    .map((item) => opt(item, "proof"))
    .filter(isText);
  return cited.length ? (logProofs[cited[0]] ?? null) : null;
}

export const isSeal = (data) => startsWith(data, utf8(SEAL_PREFIX));

// The reports over one file without any other evidence, as `voltpass verify --offline` makes them.
export async function verifyOffline(data, trustList, link, at) {
  if (isBundle(data)) {
    const bundle = await readBundle(data);
    return Promise.all(
      bundle.credentials.map((credential) => verifyPassport(credential, bundle.evidence, trustList, link, at)),
    );
  }
  return [await verifySubject(stripped(data), emptyEvidence(), trustList, link, at)];
}
