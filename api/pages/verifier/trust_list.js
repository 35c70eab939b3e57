// The trust list (signing/README.md, section 4): whom a verifier believes, because a root key signed it.
import { get, isObject, isText, isTexts, opt, refuse } from "./basics.js";
import { readDer } from "./certificate.js";
import { splitCompact } from "./forms.js";
import { fromInstant, perhapsInstant } from "./instants.js";
import { fits, KEY_TYPE, readKey, retirement } from "./keys.js";
import { parseStrict } from "./strict_json.js";

const ROLES = ["manufacturer", "certifier", "platform", "log", "witness"];
// Headers by which a sender would choose the key or the rules by which he is judged.
const FORBIDDEN = ["jku", "jwk", "x5u", "crit", "b64", "zip"];

export function refusedHeader(header) {
  if (!isText(header.alg) || !Object.hasOwn(KEY_TYPE, header.alg)) return "algorithm_not_allowed";
  return FORBIDDEN.some((name) => name in header) ? "header_not_allowed" : null;
}

// `bytes`: a compact JWS. `roots`: public keys (JWK), chosen by who verifies.
export async function readTrustList(bytes, roots) {
  const keys = await Promise.all(roots.map(readKey));
  const jws = splitCompact(bytes);
  if (jws.header.typ !== "trust-list+jwt") refuse("typ_unknown", "this is no trust list");
  const refused = refusedHeader(jws.header);
  if (refused) refuse(refused);
  const key = keys.find((item) => item.thumbprint === jws.header.kid);
  if (!key) refuse("key_not_trusted", "the trust list is signed by a key that you did not name");
  if (KEY_TYPE[jws.header.alg] !== key.type) refuse("key_type_mismatch");
  if (key.crypto === null) refuse("algorithm_unavailable", `this browser has no ${key.type}`);
  if (!(await fits(key, jws.signature, jws.signed)))
    refuse("signature_invalid", "the signature of the trust list is wrong");
  return { ...(await readDocument(parseStrict(jws.payloadBytes))), root: key.thumbprint };
}

async function readDocument(document) {
  if (!isObject(document) || document.version !== 1 || !Array.isArray(document.entries)) refuse("not_a_trust_list");
  const issuedAt = fromInstant(document.issuedAt),
    until = fromInstant(document.validUntil);
  const entries = [];
  for (const entry of document.entries) entries.push(await readEntry(entry));
  return { issuedAt, until, entries };
}

async function readEntry(entry) {
  if (!isObject(entry) || !isText(entry.issuer)) refuse("not_a_trust_list");
  if (!ROLES.includes(entry.role)) refuse("unknown_role");
  const list = (name, fits) => {
    const value = get(entry, name) === undefined ? [] : entry[name];
    return fits(value) ? value : refuse("not_a_trust_list");
  };
  const listed = list("keys", Array.isArray);
  const names = list("names", isTexts),
    scope = list("scope", isTexts),
    prefixes = list("gs1Prefixes", isTexts);
  if (!prefixes.every((prefix) => /^[0-9]{4,12}$/.test(prefix))) refuse("not_a_gs1_prefix");
  const keys = [];
  for (const item of listed) {
    if (!isObject(opt(item, "jwk"))) refuse("not_a_trust_list");
    const key = await readKey(item.jwk);
    keys.push({ id: key.thumbprint, key, ...retirement(item) });
  }
  const from = fromInstant(entry.validFrom),
    until = perhapsInstant(entry, "validUntil");
  const anchors = list("anchors", Array.isArray).map(readAnchor);
  return { issuer: entry.issuer, role: entry.role, names, scope, prefixes, keys, from, until, anchors };
}

// An authority that is believed about one organisation.
function readAnchor(anchor) {
  const organisation = opt(anchor, "organizationIdentifier");
  if (!isText(organisation) || !organisation) refuse("not_a_trust_list");
  return { certificate: readDer(opt(anchor, "certificate")), organisation };
}

export const entryOf = (trustList, issuer, role) =>
  trustList?.entries.find((entry) => entry.issuer === issuer && entry.role === role) ?? null;

export const holdsAt = (entry, instant) => entry.from <= instant && (entry.until === null || instant <= entry.until);

// A GTIN-14 begins, after its indicator digit, with a prefix of the issuer's.
export const allowsGtin = (entry, gtin) =>
  !entry.prefixes.length || entry.prefixes.some((prefix) => gtin.slice(1).startsWith(prefix));
