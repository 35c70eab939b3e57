// The three forms of a credential (signing/README.md, section 2), taken apart and not verified.
import { isObject, isText, opt, refuse } from "./basics.js";
import { fromBase58, fromBase64url, fromLatin1, join, latin1, sha256, toBase64url, utf8 } from "./bytes.js";
import { canonical, MAX_BYTES, MAX_DEPTH, parseStrict } from "./strict_json.js";

const MAX_HEADER = 16 * 1024;
const MAX_COMPACT = Math.floor((MAX_BYTES * 4) / 3) + 2 * MAX_HEADER;

// --- 2.1: vc+jwt ---

export function splitCompact(bytes) {
  if (bytes.length > MAX_COMPACT) refuse("too_large");
  const parts = latin1(bytes).split(".");
  if (parts.length !== 3) refuse("not_compact_jws");
  if (parts[0].length > MAX_HEADER) refuse("too_large");
  const header = parseStrict(fromBase64url(parts[0]));
  if (!isObject(header)) refuse("not_an_object");
  const payloadBytes = fromBase64url(parts[1]);
  const signature = fromBase64url(parts[2]);
  return { header, payloadBytes, signature, signed: bytes.slice(0, parts[0].length + 1 + parts[1].length) };
}

export function decode(bytes) {
  const jws = splitCompact(bytes);
  const payload = parseStrict(jws.payloadBytes);
  if (!isObject(payload)) refuse("not_an_object");
  return { ...jws, payload };
}

// --- 2.2: embedded proof ---

const SUITES = { "ecdsa-jcs-2019": "ES256", "eddsa-jcs-2022": "EdDSA" };

export async function decodeSecured(bytes) {
  const secured = parseStrict(bytes);
  const proof = opt(secured, "proof");
  if (!isObject(proof)) refuse("proof_missing");
  const suite = opt(proof, "cryptosuite");
  if (proof.type !== "DataIntegrityProof" || !isText(suite) || !Object.hasOwn(SUITES, suite))
    refuse("cryptosuite_unknown");
  if (proof.proofPurpose !== "assertionMethod") refuse("proof_purpose");
  const { proof: _, ...payload } = secured;
  const { proofValue, ...configuration } = proof;
  if ("@context" in proof && canonical(proof["@context"]) !== canonical(opt(payload, "@context")))
    refuse("proof_context");
  const signed = join(await sha256(utf8(canonical(configuration))), await sha256(utf8(canonical(payload))));
  const signature = fromBase58(proofValue);
  const method = opt(proof, "verificationMethod");
  const header = {
    alg: SUITES[suite],
    typ: "data-integrity",
    kid: isText(method) ? method : "None",
    expires: opt(proof, "expires"),
  };
  return { header, payload, signature, signed };
}

// --- 2.3: SD-JWT VC ---

export const isPresentation = (bytes) => bytes[0] !== 0x7b && bytes.includes(0x7e);

// SD-JWT VC section 2.2.2.2: what a verifier needs in any case cannot be withheld.
const ALWAYS_SHOWN = ["iss", "nbf", "exp", "iat", "cnf", "vct", "status"];
const RESERVED = ["_sd", "...", "_sd_alg"];
export async function decodePresentation(bytes) {
  if (bytes.length > 4 * MAX_BYTES) refuse("too_large");
  const [signed, ...rest] = latin1(bytes).split("~");
  if (rest.pop() !== "") refuse("key_binding_unexpected");
  const decoded = decode(bytes.slice(0, signed.length));
  if ("_sd_alg" in decoded.payload && decoded.payload._sd_alg !== "sha-256") refuse("hash_unknown");
  if (rest.length > 2048) refuse("too_large");
  const texts = new Map(),
    seen = new Set();
  for (const text of rest) texts.set(toBase64url(await sha256(fromLatin1(text))), text);
  if (texts.size !== rest.length) refuse("disclosure_twice");
  const takeDigest = (digest, members) => {
    if (!isText(digest) || seen.has(digest)) refuse("digest_twice");
    seen.add(digest);
    if (!texts.has(digest)) return null;
    const content = parseStrict(fromBase64url(texts.get(digest)));
    if (!Array.isArray(content) || content.length !== members || !isText(content[0])) refuse("disclosure_malformed");
    return content;
  };
  const disclosed = (value, depth) => {
    if (depth > MAX_DEPTH) refuse("too_deep");
    return Array.isArray(value) ? ofArray(value, depth) : isObject(value) ? ofObject(value, depth) : value;
  };
  const ofObject = (node, depth) => {
    if ("..." in node || "_sd_alg" in node) refuse("claim_reserved");
    const shown = Object.create(null);
    for (const name of Object.keys(node)) if (name !== "_sd") shown[name] = disclosed(node[name], depth + 1);
    const digests = "_sd" in node ? node._sd : [];
    if (!Array.isArray(digests)) refuse("digests_malformed");
    for (const digest of digests) {
      const content = takeDigest(digest, 3);
      if (content === null) continue;
      const [, name, value] = content;
      if (!isText(name) || RESERVED.includes(name) || name in shown) refuse("claim_collision");
      shown[name] = disclosed(value, depth + 1);
    }
    return shown;
  };
  const ofArray = (node, depth) => {
    const shown = [];
    for (const item of node) {
      if (isObject(item) && "..." in item && Object.keys(item).length === 1) {
        const content = takeDigest(item["..."], 2);
        if (content !== null) shown.push(disclosed(content[1], depth + 1));
      } else shown.push(disclosed(item, depth + 1));
    }
    return shown;
  };
  const { _sd_alg, ...top } = decoded.payload;
  const payload = ofObject(top, 1);
  for (const digest of texts.keys()) if (!seen.has(digest)) refuse("disclosure_unreferenced");
  const withheld = ALWAYS_SHOWN.find((name) => name in payload && !(name in top));
  if (withheld) refuse("claim_reserved", `${withheld} must not be a disclosure`);
  return { ...decoded, payload };
}

// Whichever form it is in.
export async function decodeAny(bytes) {
  if (isPresentation(bytes)) return decodePresentation(bytes);
  return bytes[0] === 0x7b ? decodeSecured(bytes) : decode(bytes);
}

// --- what their payloads say of themselves ---

export function typesOf(payload) {
  if (isText(payload.type)) return [payload.type];
  return Array.isArray(payload.type) ? payload.type.filter(isText) : [];
}

export function subjectsOf(payload) {
  const subject = opt(payload, "credentialSubject");
  return (Array.isArray(subject) ? subject : [subject]).filter(isObject);
}
