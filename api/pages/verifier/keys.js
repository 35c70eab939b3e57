// Public keys of others (signing/README.md, section 3): read strictly, bound to one algorithm, used to refuse.
import { get, isAscii, isObject, isText, opt, Refusal, refuse } from "./basics.js";
import { big, fromBase58, fromBase64url, sha256, subtle, toBase64url, utf8 } from "./bytes.js";
import { perhapsInstant } from "./instants.js";
import { isSignedByMlDsa44, ML_DSA_44_KEY_BYTES, ML_DSA_44_SIGNATURE_BYTES, spreadOut } from "./ml_dsa.js";

// Which key a JWS algorithm may be used with: the allow list of the whole verifier.
export const KEY_TYPE = { ES256: "P-256", EdDSA: "Ed25519", Ed25519: "Ed25519" };
const PRIVATE_MEMBERS = ["d", "k", "p", "q", "priv"];

// --- from JSON Web Keys ---

// By thumbprint; null where this browser has not the algorithm.
const imported = new Map(),
  spread = new Map();

export async function readKey(jwk) {
  if (!isObject(jwk)) refuse("not_a_jwk");
  if (PRIVATE_MEMBERS.some((name) => name in jwk)) refuse("private_key_published");
  const use = get(jwk, "use"),
    operations = get(jwk, "key_ops");
  if (use !== undefined && use !== "sig") refuse("key_not_for_signatures");
  if (operations !== undefined && !(Array.isArray(operations) && operations.includes("verify")))
    refuse("key_not_for_signatures");
  if (jwk.kty === "AKP" && jwk.alg === "ML-DSA-44") return mlDsa44(jwk);
  const type =
    jwk.kty === "EC" && jwk.crv === "P-256" ? "P-256" : jwk.kty === "OKP" && jwk.crv === "Ed25519" ? "Ed25519" : null;
  if (type === null) refuse("unknown_key_type");
  const members = type === "P-256" ? ["crv", "kty", "x", "y"] : ["crv", "kty", "x"];
  for (const member of members.slice(2)) coordinate(jwk, member, 32);
  const key = await importedKey(type, Object.fromEntries(members.map((member) => [member, jwk[member]])));
  const alg = opt(jwk, "alg");
  if (alg !== null && KEY_TYPE[alg] !== type) refuse("key_contradicts_itself");
  return key;
}

function coordinate(jwk, member, length) {
  const value = opt(jwk, member);
  if (!isText(value) || !isAscii(value)) refuse("not_a_jwk");
  if (fromBase64url(value).length !== length) refuse("not_a_point");
}

async function importedKey(type, jwk) {
  const thumbprint = await thumbprintOf(jwk);
  if (!imported.has(thumbprint)) {
    const algorithm = type === "P-256" ? { name: "ECDSA", namedCurve: "P-256" } : { name: "Ed25519" };
    try {
      imported.set(thumbprint, await subtle.importKey("jwk", jwk, algorithm, false, ["verify"]));
    } catch (error) {
      if (error.name === "NotSupportedError")
        imported.set(thumbprint, null); // a browser without Ed25519
      else refuse("not_a_point");
    }
  }
  return { type, thumbprint, jwk, crypto: imported.get(thumbprint) };
}

// Many browsers' WebCrypto has not ML-DSA-44 yet; `crypto` is then null, and ml_dsa.js stands in. Cosignatures on the
// log's heads are all that such keys are asked for.
async function mlDsa44(jwk) {
  coordinate(jwk, "pub", ML_DSA_44_KEY_BYTES);
  const members = { alg: jwk.alg, kty: jwk.kty, pub: jwk.pub };
  const thumbprint = await thumbprintOf(members);
  if (!imported.has(thumbprint))
    imported.set(
      thumbprint,
      await subtle.importKey("jwk", members, { name: "ML-DSA-44" }, false, ["verify"]).catch(() => null),
    );
  return { type: "ML-DSA-44", thumbprint, jwk: members, crypto: imported.get(thumbprint) };
}

// RFC 7638: SHA-256 over the required members in the order of their names.
const thumbprintOf = async (members) => toBase64url(await sha256(utf8(JSON.stringify(members))));

// --- from Multikeys ---

export function fromMultikey(text) {
  const data = fromBase58(text);
  if (data[0] === 0xed && data[1] === 1) return { kty: "OKP", crv: "Ed25519", x: toBase64url(data.slice(2)) };
  if (data[0] === 0x80 && data[1] === 0x24) return fromPoint(data.slice(2));
  return refuse("unknown_key_type");
}

// SEC 1 section 2.3.4: a point of P-256, whole or compressed.
export function fromPoint(point) {
  if (point.length === 65 && point[0] === 4)
    return { kty: "EC", crv: "P-256", x: toBase64url(point.slice(1, 33)), y: toBase64url(point.slice(33)) };
  return decompressed(point);
}

const P = 2n ** 256n - 2n ** 224n + 2n ** 192n + 2n ** 96n - 1n; // FIPS 186-4 D.1.2.3
const B = 0x5ac635d8aa3a93e7b3ebbd55769886bc651d06b0cc53b0f63bce3c3e27d2604bn;

function power(base, exponent) {
  let result = 1n;
  for (base %= P; exponent; exponent >>= 1n, base = (base * base) % P) if (exponent & 1n) result = (result * base) % P;
  return result;
}

function decompressed(point) {
  if (point.length !== 33 || (point[0] !== 2 && point[0] !== 3)) refuse("not_a_point");
  const x = big(point.slice(1));
  // P is 3 modulo 4, so this power is the root, where there is one; importing the key checks that there is.
  let y = power(((x * x + P - 3n) * x + B) % P, (P + 1n) / 4n);
  if ((y & 1n) !== BigInt(point[0] & 1)) y = P - y;
  const bytes = Uint8Array.from(y.toString(16).padStart(64, "0").match(/../g), (pair) => parseInt(pair, 16));
  return { kty: "EC", crv: "P-256", x: toBase64url(point.slice(1)), y: toBase64url(bytes) };
}

// --- use ---

export async function fits(key, signature, data) {
  if (key.type === "ML-DSA-44") return fitsMlDsa44(key, signature, data);
  if (key.crypto === null || signature.length !== 64) return false;
  const algorithm = key.type === "P-256" ? { name: "ECDSA", hash: "SHA-256" } : { name: "Ed25519" };
  return subtle.verify(algorithm, key.crypto, signature, data);
}

async function fitsMlDsa44({ crypto, jwk, thumbprint }, signature, data) {
  if (signature.length !== ML_DSA_44_SIGNATURE_BYTES) return false;
  if (crypto !== null) return subtle.verify({ name: "ML-DSA-44" }, crypto, signature, data);
  if (!spread.has(thumbprint)) spread.set(thumbprint, spreadOut(fromBase64url(jwk.pub)));
  return isSignedByMlDsa44(spread.get(thumbprint), signature, data);
}

// How the use of a key ends: `expires`, `revoked`, `revokedFromLogIndex`, `revokedInLog`.
export function retirement(source) {
  const index = opt(source, "revokedFromLogIndex"),
    log = opt(source, "revokedInLog");
  if (index !== null && !(Number.isInteger(index) && index >= 0)) refuse("not_an_index");
  if (log !== null && !isText(log)) refuse("not_an_origin");
  return { expires: perhapsInstant(source, "expires"), revoked: perhapsInstant(source, "revoked"), index, log };
}

// The keys with which a DID's owner makes assertions, and those that were revoked.
export async function keysOf(document, did) {
  if (opt(document, "id") !== did) refuse("did_document_of_another");
  const items = (value) => (Array.isArray(value) ? value : []);
  const absolute = (id) => (id.startsWith("#") ? did + id : id);
  const assertions = items(document.assertionMethod);
  const named = new Set(assertions.filter(isText).map(absolute));
  const found = new Map();
  const add = async (method, mayStay) => {
    if (!isObject(method) || !isText(method.id)) return;
    if (get(method, "controller") !== undefined && method.controller !== did) return;
    try {
      const key = await readKey(
        isObject(method.publicKeyJwk) ? method.publicKeyJwk : fromMultikey(opt(method, "publicKeyMultibase")),
      );
      const made = { id: absolute(method.id), key, ...retirement(method) };
      if (mayStay(made) && !found.has(made.id)) found.set(made.id, made);
    } catch (error) {
      if (!(error instanceof Refusal)) throw error; // a method that cannot be read verifies nothing
    }
  };
  for (const method of items(document.verificationMethod))
    await add(method, (key) => named.has(key.id) || key.revoked !== null);
  for (const method of assertions) await add(method, () => true);
  return [...found.values()];
}
