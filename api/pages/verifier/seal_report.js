// The steps over the offline seal of a label (signing/README.md, section 8). It has no status and no place in a log,
// and the passport itself is not looked at; so at best it is valid with that reservation.
import { get, orElse, orElseAsync } from "./basics.js";
import { toInstant } from "./instants.js";
import { fits, keysOf } from "./keys.js";
import { failed, NOT_BELIEVED, NOT_REACHED, notChecked, passed, reportOf, STEPS, warning } from "./report.js";
import { fromSealText, mayBeOf, readSeal, sealContent } from "./seal.js";
import { entryOf, holdsAt } from "./trust_list.js";
import { ask } from "./verify.js";

const SEAL_CLOCK_SKEW = 5 * 60 * 1000;
const PARSED = passed("parsed", "CBOR with one signature");
const OFFLINE_SEAL = passed("offline_seal", "offline seal");
const WITHOUT_CHECK = {
  version: notChecked("no_version_evidence", "a seal names no version"),
  status: warning("seal_without_status", "a seal does not tell whether the passport was revoked since"),
  log_inclusion: notChecked("no_log_proof", "a seal is no leaf of a log"),
};
const UP_TO_SIGNATURE = STEPS.indexOf("signature") + 1;
const SAYS_NOTHING = notChecked("no_check", "a seal says nothing about this");

// `text`: from the QR code. `evidence`: DID documents and trust list. `checks`: as for `examine`.
export async function examineSeal(text, evidence, at, checks = {}) {
  const { seal, refusal } = orElse(
    () => ({ seal: readSeal(fromSealText(text)) }),
    (error) => ({ refusal: error }),
  );
  if (refusal) return reportOf(refusedFindings(refusal), null, at);
  const { findings, key } = await authenticate(seal, evidence, at);
  const made = [PARSED, OFFLINE_SEAL, passed("algorithm_allowed", "ES256"), ...findings];
  if (key === null) {
    while (made.length < STEPS.length) made.push(NOT_BELIEVED);
    return reportOf(made, null, at);
  }
  const content = sealContent(seal);
  made.push(checkValidity(seal, key, at));
  for (const step of STEPS.slice(made.length))
    made.push(checks[step] ? await ask(checks[step], content) : (WITHOUT_CHECK[step] ?? SAYS_NOTHING));
  return reportOf(made, content, at);
}

function refusedFindings({ reason, message }) {
  const made = reason === "algorithm_not_allowed" ? [PARSED, OFFLINE_SEAL] : [];
  made.push(failed(reason, message));
  while (made.length < STEPS.length) made.push(made.length < UP_TO_SIGNATURE ? NOT_REACHED : NOT_BELIEVED);
  return made;
}

// Steps 4 to 6, and the key that signed, if one did that is not compromised.
async function authenticate(seal, evidence, at) {
  const { issuer } = seal,
    entry = entryOf(evidence.trustList, issuer, "manufacturer");
  const document = get(evidence.didDocuments, issuer);
  const { keys, refusal } =
    document === undefined
      ? { keys: null }
      : await orElseAsync(
          async () => ({ keys: await keysOf(document, issuer) }),
          (error) => ({ keys: [], refusal: error }),
        );
  const listed = entry?.keys ?? [];
  const named = (keys ?? listed).filter((key) => mayBeOf(seal, key));
  const found = refusal
    ? failed(refusal.reason, `DID document: ${refusal.message}`)
    : issuerFound(issuer, named, keys !== null || listed.length > 0);
  if (found.outcome === "failed") return { findings: [found, NOT_REACHED, NOT_REACHED], key: null };
  const candidate = named.length ? trustedKey(named, entry) : null;
  const trusted =
    named.length && candidate === null
      ? failed("key_not_trusted", "the trust list has not this key")
      : issuerTrusted(seal, evidence, entry, at);
  const signature = await checkSignature(seal, candidate);
  return { findings: [found, trusted, signature], key: signature.outcome === "passed" ? candidate : null };
}

// The key that the seal names, under every end that its owner and the trust list state. A label has no room for
// certificates, so where only an anchor vouches for keys, nobody does.
function trustedKey(named, entry) {
  const isSame = (key) => key.key.thumbprint === named[0].key.thumbprint;
  const listed = (entry?.keys ?? []).filter(isSame);
  if ((entry?.keys.length || entry?.anchors.length) && !listed.length) return null;
  const same = [...named.filter(isSame), ...listed];
  const ends = same.map((key) => key.expires).filter((end) => end !== null);
  const revoked = same.find((key) => key.revoked !== null)?.revoked ?? null;
  return { ...named[0], expires: ends.length ? Math.min(...ends) : null, revoked };
}

function issuerFound(issuer, named, isKnown) {
  if (named.length) return passed("keys_found", `1 key(s) of ${issuer}`);
  if (isKnown) return failed("key_not_found", "the seal names no key of its issuer");
  return notChecked("did_document_missing", `no keys of ${issuer}`);
}

function issuerTrusted(seal, { trustList }, entry, at) {
  if (!trustList) return notChecked("no_trust_list", "no trust list says who issuers are");
  if (entry === null) return failed("issuer_not_trusted", `the trust list has no ${seal.issuer}`);
  if (!holdsAt(entry, seal.issued)) return failed("trust_not_at_issue", "not trusted when this was issued");
  if (!holdsAt(entry, at)) return warning("trust_ended", "trusted when issued, but no longer");
  if (trustList.until < at)
    return warning("trust_list_stale", `the trust list was good until ${toInstant(trustList.until)}`);
  return passed("issuer_trusted", `${entry.names[0] ?? seal.issuer} is trusted as ${entry.role}`);
}

async function checkSignature(seal, candidate) {
  if (candidate === null) return notChecked("no_trusted_key", "there is no trusted key to check with");
  if (!(await fits(candidate.key, seal.signature, seal.signed)))
    return failed("signature_invalid", "the signature does not fit these bytes");
  if (candidate.revoked !== null) return failed("key_revoked", "its key is compromised, and a seal has no log proof");
  return passed("signature_valid", `signed by key ${candidate.key.thumbprint}`);
}

function checkValidity(seal, key, at) {
  if (seal.issued > at + SEAL_CLOCK_SKEW) return failed("not_yet_valid", `issued at ${toInstant(seal.issued)}`);
  if (seal.expires !== null && seal.expires < at)
    return failed("expired", `was valid until ${toInstant(seal.expires)}`);
  if (key.expires !== null && seal.issued > key.expires)
    return failed("key_retired", "issued after its key was retired");
  return passed("within_period", "within its period of validity");
}
