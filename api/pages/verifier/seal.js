// The offline seal (signing/README.md, section 8): a CBOR Web Token (RFC 8392) in COSE_Sign1 (RFC 9052), in base45.
import { isText, refuse } from "./basics.js";
import { fromBase64url, same, toHex } from "./bytes.js";
import { decodeCbor, encodeCbor, isTag } from "./cbor.js";

export const SEAL_PREFIX = "VP1:";
const CWT = 61,
  SIGN1 = 18; // tags: RFC 8392 section 6, RFC 9052 section 4.2
const ALG = 1n,
  KID = 4n,
  ES256 = -7n; // RFC 9052 section 3.1, RFC 9053 section 2.1
const ISS = 1n,
  EXP = 4n,
  IAT = 6n,
  DIGEST = -70001n,
  FACTS = -70002n;
const KID_BYTES = 8,
  MAX_SEAL_BYTES = 2048,
  YEAR_5000_SECONDS = 95617584000n;
const BASE45 = "0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZ $%*+-./:";

// RFC 9285: three characters for two bytes.
export function fromSealText(text) {
  const values = Array.from(text.slice(SEAL_PREFIX.length), (character) => BASE45.indexOf(character));
  if (
    !text.startsWith(SEAL_PREFIX) ||
    values.includes(-1) ||
    values.length % 3 === 1 ||
    values.length > 2 * MAX_SEAL_BYTES
  )
    refuse("not_base45");
  const data = [];
  for (let place = 0; place < values.length; place += 3) {
    const group = values.slice(place, place + 3);
    const number = group.reduce((sum, value, power) => sum + value * 45 ** power, 0);
    if (number >= 256 ** (group.length - 1)) refuse("not_base45");
    data.push(...(group.length === 3 ? [number >> 8, number & 255] : [number]));
  }
  return Uint8Array.from(data);
}

// A seal taken apart, but not verified.
export function readSeal(data) {
  if (data.length > MAX_SEAL_BYTES) refuse("too_large");
  const [protectedHeader, payload, signature] = splitSeal(data);
  const header = decodeCbor(protectedHeader);
  if (!(header instanceof Map) || header.get(ALG) !== ES256 || header.size !== 2 || !header.has(KID))
    refuse("algorithm_not_allowed");
  const signed = encodeCbor(["Signature1", protectedHeader, new Uint8Array(), payload]); // RFC 9052 section 4.4
  return { ...readClaims(decodeCbor(payload)), kid: header.get(KID), signed, signature };
}

function splitSeal(data) {
  const outer = decodeCbor(data);
  const inner = isTag(outer, CWT) ? outer.value : outer;
  const parts = isTag(inner, SIGN1) ? inner.value : null;
  const isWhole = Array.isArray(parts) && parts.length === 4 && parts[1] instanceof Map && parts[1].size === 0;
  const split = isWhole ? [parts[0], parts[2], parts[3]] : [];
  return isWhole && split.every((part) => part instanceof Uint8Array) ? split : refuse("not_a_seal");
}

function readClaims(claims) {
  if (!(claims instanceof Map)) refuse("not_a_seal");
  const issuer = claims.get(ISS),
    digest = claims.get(DIGEST),
    facts = claims.get(FACTS) ?? new Map();
  if (!isText(issuer) || !(digest instanceof Uint8Array) || digest.length !== 32 || !(facts instanceof Map))
    refuse("not_a_seal");
  const issued = fromNumber(claims.get(IAT));
  const expires = claims.has(EXP) ? fromNumber(claims.get(EXP)) : null;
  return { issuer, issued, expires, digest, facts };
}

function fromNumber(seconds) {
  if (typeof seconds !== "bigint" || seconds < 0n || seconds >= YEAR_5000_SECONDS) refuse("not_an_instant");
  return Number(seconds) * 1000;
}

// Whether the seal names this key: by the first bytes of its thumbprint.
export const mayBeOf = (seal, known) =>
  known.key.type === "P-256" &&
  seal.kid instanceof Uint8Array &&
  same(fromBase64url(known.key.thumbprint).slice(0, KID_BYTES), seal.kid);

// What it says, as plain JSON; facts of kinds other than text and integers are passed over.
export function sealContent(seal) {
  const facts = {};
  for (const [number, value] of seal.facts)
    if (isText(value) || typeof value === "bigint") facts[number] = isText(value) ? value : Number(value);
  return { issuer: seal.issuer, credentialSha256: toHex(seal.digest), facts };
}
