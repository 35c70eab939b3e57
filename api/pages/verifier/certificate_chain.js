// Chains of certificates in `x5c` (RFC 7515 section 4.1.6): whether an authority which the trust list believes
// about an organisation vouches for a key. The rules are those of RFC 5280 section 6 in the profile of the web
// (CA/Browser Forum Baseline Requirements 7.1), as in the Python verifier. Only SubjectAltNames under name
// constraints are left undecided: `ChainNotChecked`.
import { orElse, refuse, Refusal } from "./basics.js";
import { fromBase64url, join, same, subtle, toHex } from "./bytes.js";
import { readCertificate, readDer } from "./certificate.js";
import * as der from "./der.js";
import { fromPoint, readKey } from "./keys.js";

const MAX_CERTIFICATES = 5,
  MAX_SIGNATURE_CHECKS = 128,
  MAX_SERIAL_BYTES = 21,
  MIN_RSA_BITS = 2048;
const ORGANISATION_IDENTIFIER = "2.5.4.97"; // ETSI EN 319 412-1 section 5.1.4
// RFC 5280 sections 4.2.1 and 4.2.2
const KEY_IDENTIFIER = "2.5.29.14",
  KEY_USAGE = "2.5.29.15",
  ALTERNATIVE_NAME = "2.5.29.17",
  BASIC_CONSTRAINTS = "2.5.29.19";
const NAME_CONSTRAINTS = "2.5.29.30",
  AUTHORITY_KEY_IDENTIFIER = "2.5.29.35",
  EXTENDED_KEY_USAGE = "2.5.29.37";
const AUTHORITY_INFORMATION = "1.3.6.1.5.5.7.1.1",
  CLIENT_AUTHENTICATION = "1.3.6.1.5.5.7.3.2",
  ANY_USAGE = "2.5.29.37.0";

// Where a certificate names purposes (RFC 5280 section 4.2.1.12), signing documents is one of these: any, document
// signing (RFC 9336), mail, Microsoft's document signing, client authentication.
const SIGNING_PURPOSES = [
  ANY_USAGE,
  "1.3.6.1.5.5.7.3.36",
  "1.3.6.1.5.5.7.3.4",
  "1.3.6.1.4.1.311.10.3.12",
  CLIENT_AUTHENTICATION,
];

// Something that this page cannot decide; then nobody vouches, and nobody is refused.
export class ChainNotChecked extends Error {}

const untrusted = (message) => refuse("chain_not_trusted", message);

// --- algorithms: exactly these encodings, CA/B 7.1.3.1 and 7.1.3.2 ---

const EC = (curve, size) => ({ name: "ECDSA", namedCurve: curve, size });
const KEY_ALGORITHMS = {
  "300d06092a864886f70d0101010500": { name: "RSA" },
  "301306072a8648ce3d020106082a8648ce3d030107": EC("P-256", 32),
  "301006072a8648ce3d020106052b81040022": EC("P-384", 48),
  "301006072a8648ce3d020106052b81040023": EC("P-521", 66),
};
// RFC 4055 section 3.1: PSS with MGF1 of the same hash and a salt of its length.
const pss = (hash, salt) =>
  `304106092a864886f70d01010a3034a00f300d060960864801650304020${hash}0500` +
  `a11c301a06092a864886f70d010108300d060960864801650304020${hash}0500a2030201${salt}`;
const SIGNATURE_ALGORITHMS = {
  "300d06092a864886f70d01010b0500": { name: "RSASSA-PKCS1-v1_5", hash: "SHA-256" },
  "300d06092a864886f70d01010c0500": { name: "RSASSA-PKCS1-v1_5", hash: "SHA-384" },
  "300d06092a864886f70d01010d0500": { name: "RSASSA-PKCS1-v1_5", hash: "SHA-512" },
  [pss(1, "20")]: { name: "RSA-PSS", hash: "SHA-256", saltLength: 32 },
  [pss(2, "30")]: { name: "RSA-PSS", hash: "SHA-384", saltLength: 48 },
  [pss(3, "40")]: { name: "RSA-PSS", hash: "SHA-512", saltLength: 64 },
  "300a06082a8648ce3d040302": { name: "ECDSA", hash: "SHA-256" },
  "300a06082a8648ce3d040303": { name: "ECDSA", hash: "SHA-384" },
  "300a06082a8648ce3d040304": { name: "ECDSA", hash: "SHA-512" },
};

// --- what step 4 and step 5 ask ---

function readChain(x5c) {
  if (!Array.isArray(x5c) || x5c.length < 1 || x5c.length > MAX_CERTIFICATES)
    refuse("not_a_certificate", "not 1 to 5 certificates");
  return x5c.map((text) => readCertificate(readDer(text)));
}

// The P-256 key that a chain is about; nobody has vouched for it yet.
export async function keyOfChain(x5c) {
  return p256KeyOf(readChain(x5c)[0]);
}

async function p256KeyOf({ publicKey }) {
  const jwk = p256JwkOf(publicKey);
  return jwk === null ? refuse("not_a_certificate", "not of a P-256 key") : readKey(jwk);
}

function p256JwkOf({ algorithm, key, isWhole }) {
  if (KEY_ALGORITHMS[algorithm.encoded]?.namedCurve !== "P-256" || !isWhole) return null;
  // X9.62 section 4.3.6: the hybrid form also tells whether y is odd.
  const isHybrid = key.length === 65 && key[0] === 6 + (key[64] & 1);
  return orElse(
    () => fromPoint(isHybrid ? join([4], key.slice(1)) : key),
    () => null,
  );
}

// Refuses unless an authority which is believed vouched for `key` at the instant `at`.
export async function checkChain(x5c, key, anchors, at) {
  const [leaf, ...intermediates] = readChain(x5c);
  if (!isOfKey(leaf, key)) refuse("certificate_of_another_key", "of another key");
  if (leaf.subjectParts.some(([, text]) => text === null)) refuse("not_a_certificate", "a name that cannot be read");
  const stated = leaf.subjectParts.filter(([oid]) => oid === ORGANISATION_IDENTIFIER).map(([, text]) => text);
  const believed = anchors.filter((anchor) => stated.includes(anchor.organisation));
  if (!believed.length) refuse("certificate_of_another", "of an organisation that the trust list does not name");
  refuseAuthority(leaf);
  const store = believed.map((anchor) => readCertificate(anchor.certificate));
  await new PathSearch(store, intermediates, at).lead(leaf);
}

function isOfKey({ publicKey }, key) {
  if (key.type === "Ed25519")
    return publicKey.algorithm.encoded === "300506032b6570" && same(publicKey.key, fromBase64url(key.jwk.x));
  const jwk = key.type === "P-256" ? p256JwkOf(publicKey) : null;
  return jwk !== null && jwk.x === key.jwk.x && jwk.y === key.jwk.y;
}

// RFC 5280 sections 4.2.1.3, .9 and .12: for signatures, and no authority's own certificate.
function refuseAuthority(leaf) {
  const usage = leaf.extensions.get(KEY_USAGE),
    constraints = leaf.extensions.get(BASIC_CONSTRAINTS);
  const purposes = leaf.extensions.get(EXTENDED_KEY_USAGE);
  if (purposes !== undefined && !usagesOf(purposes.value).some((purpose) => SIGNING_PURPOSES.includes(purpose)))
    untrusted("for other purposes");
  const signs = usage === undefined || usesOf(usage.value, 0) || usesOf(usage.value, 1);
  if ((constraints !== undefined && constraintsOf(constraints.value).isAuthority) || !signs)
    untrusted("not for signatures");
}

// --- contents of extensions ---

// Bit 0: digitalSignature, 1: contentCommitment, 5: keyCertSign.
function usesOf(value, bit) {
  const { data } = der.bits(der.whole(value, der.BIT_STRING));
  return bit >> 3 < data.length && (data[bit >> 3] & (0x80 >> (bit % 8))) !== 0;
}

function constraintsOf(value) {
  const parts = der.sequence(value);
  const stated = parts.perhaps(der.BOOLEAN),
    length = parts.perhaps(der.INTEGER);
  parts.end();
  if (stated !== null && !der.boolean(stated)) refuse("not_a_certificate");
  return { isAuthority: stated !== null, pathLength: length === null ? null : der.unsigned(length) };
}

// RFC 5280 section 4.2.1.1: [0] key identifier, [1] issuer, [2] serial number.
function authorityKeyOf(value) {
  const parts = der.sequence(value),
    found = {};
  for (const [name, tag] of [
    ["key", 0x80],
    ["issuer", 0xa1],
    ["serial", 0x82],
  ])
    found[name] = parts.perhaps(tag)?.content ?? null;
  parts.end();
  return found;
}

const usagesOf = (value) => der.all(der.whole(value, der.SEQUENCE).content, der.objectIdentifier);

function namesOf(value) {
  return der.all(der.whole(value, der.SEQUENCE).content, (name) => {
    const kind = name.tag & 0x1f;
    if (name.tag >> 6 !== 2 || kind > 8) refuse("not_a_certificate");
    return name;
  });
}

function checkInformation(value) {
  der.all(der.whole(value, der.SEQUENCE).content, (item) => {
    const parts = new der.Elements(der.whole(item.bytes, der.SEQUENCE).content);
    der.objectIdentifier(parts.next());
    namesOf(
      join([der.SEQUENCE], encodedLength(parts.content.length - parts.place), parts.content.subarray(parts.place)),
    );
  });
}
const encodedLength = (length) =>
  length < 128 ? [length] : length < 256 ? [0x81, length] : [0x82, length >> 8, length & 0xff];

// Which extensions an authority may have: whether it must, may or must not be critical, and what it must say.
const AUTHORITY_EXTENSIONS = {
  [AUTHORITY_INFORMATION]: { critical: false, check: checkInformation },
  [AUTHORITY_KEY_IDENTIFIER]: { critical: false, check: checkAuthorityKey },
  [KEY_IDENTIFIER]: { critical: false },
  [KEY_USAGE]: { required: true, check: (value) => usesOf(value, 5) || untrusted("an issuer that may not certify") },
  [ALTERNATIVE_NAME]: {},
  [BASIC_CONSTRAINTS]: {
    required: true,
    critical: true,
    check: (value) => constraintsOf(value).isAuthority || untrusted("an issuer that is no authority"),
  },
  [NAME_CONSTRAINTS]: { check: checkNameConstraints },
  [EXTENDED_KEY_USAGE]: { critical: false, check: checkUsages },
};
const KNOWN_EXTENSIONS = Object.keys(AUTHORITY_EXTENSIONS);

function checkAuthorityKey(value) {
  if (authorityKeyOf(value).key === null) untrusted("an authority that is named without its key");
}

function checkUsages(value) {
  if (!usagesOf(value).some((usage) => usage === CLIENT_AUTHENTICATION || usage === ANY_USAGE))
    untrusted("an issuer for other uses");
}

function checkNameConstraints(value) {
  const parts = der.sequence(value);
  const trees = [parts.perhaps(0xa0), parts.perhaps(0xa1)].filter((tree) => tree !== null);
  parts.end();
  if (!trees.some((tree) => tree.content.length)) untrusted("name constraints that name nothing");
}

// --- the search for a path (RFC 5280 section 6) ---

class PathSearch {
  constructor(store, intermediates, at) {
    Object.assign(this, { store, intermediates, checks: 0, at: Math.floor(at / 1000) * 1000 });
  }

  async lead(leaf) {
    this.checkBasics(leaf);
    for (const [oid, { isCritical }] of leaf.extensions)
      if (isCritical && !KNOWN_EXTENSIONS.includes(oid)) untrusted("a critical extension that is not known");
    if (leaf.extensions.has(ALTERNATIVE_NAME)) namesOf(leaf.extensions.get(ALTERNATIVE_NAME).value);
    if (!(await this.leads(leaf, 0, [leaf]))) untrusted("leads to no authority that is believed");
  }

  // Whether a path leads from `working` to a certificate of the store. `path`: what was passed, the leaf first.
  async leads(working, depth, path) {
    if (working.extensions.has(NAME_CONSTRAINTS) && path.some(isNamed))
      throw new ChainNotChecked("names under name constraints");
    if (this.store.some((anchor) => same(anchor.data, working.data))) return true;
    if (depth > MAX_CERTIFICATES) return false;
    for (const issuer of this.candidates(working)) {
      if (!(await this.vouches(issuer, working, depth))) continue;
      if (await this.leads(issuer, depth + 1, [...path, issuer])) return true;
    }
    return false;
  }

  // Those whose subject is the issuer; first those whose key identifier fits.
  candidates(working) {
    const named = [...this.store, ...this.intermediates].filter((candidate) => candidate.subject === working.issuer);
    const stated = working.extensions.get(AUTHORITY_KEY_IDENTIFIER);
    const wanted = stated === undefined ? null : authorityKeyOf(stated.value).key;
    const rank = (candidate) => {
      const own = candidate.extensions.get(KEY_IDENTIFIER)?.value;
      if (wanted === null || own === undefined) return 1;
      return toHex(own) === toHex(join([der.OCTET_STRING], encodedLength(wanted.length), wanted)) ? 0 : 2;
    };
    return named.sort((a, b) => rank(a) - rank(b));
  }

  async vouches(issuer, child, depth) {
    try {
      this.checkBasics(issuer);
      this.checkAuthority(issuer, depth);
    } catch (error) {
      if (error instanceof Refusal) return false;
      throw error;
    }
    const key = KEY_ALGORITHMS[issuer.publicKey.algorithm.encoded],
      algorithm = SIGNATURE_ALGORITHMS[child.signatureAlgorithm.encoded];
    if (key === undefined || algorithm === undefined) return false;
    if (++this.checks > MAX_SIGNATURE_CHECKS) untrusted("too many signatures to check");
    return isSignedBy(child, issuer.publicKey, key, algorithm);
  }

  checkBasics(certificate) {
    if (certificate.extensions.isRepeating) untrusted("an extension stands twice");
    const { version, serial, innerAlgorithm, signatureAlgorithm, issuerParts, notBefore, notAfter } = certificate;
    if (version !== 2) untrusted("a certificate of an older version");
    if (innerAlgorithm.encoded !== signatureAlgorithm.encoded) untrusted("two signature algorithms");
    if (serial.length > MAX_SERIAL_BYTES) untrusted("a serial number out of range");
    if (!issuerParts.length) untrusted("no issuer");
    if (notBefore.isMisspelt || notAfter.isMisspelt) untrusted("a date in another form");
    if (this.at < notBefore.instant || this.at > notAfter.instant) untrusted("not good at that time");
  }

  checkAuthority(issuer, depth) {
    const { extensions } = issuer,
      constraints = extensions.get(BASIC_CONSTRAINTS);
    const length = constraints === undefined ? null : constraintsOf(constraints.value).pathLength;
    if (length !== null && BigInt(depth) > length) untrusted("a path that is too long");
    for (const [oid, { isCritical, value }] of extensions) {
      const rule = AUTHORITY_EXTENSIONS[oid];
      if (rule === undefined && isCritical) untrusted("a critical extension that is not known");
      if (rule?.critical !== undefined && rule.critical !== isCritical) untrusted("an extension in the wrong place");
      rule?.check?.(value);
    }
    for (const [oid, rule] of Object.entries(AUTHORITY_EXTENSIONS))
      if (rule.required && !extensions.has(oid)) untrusted("an extension is missing");
  }
}

// Names of an intermediate that is issued by itself are not constrained (RFC 5280 section 4.2.1.10).
const isNamed = (certificate, place) =>
  certificate.extensions.has(ALTERNATIVE_NAME) && (place === 0 || certificate.subject !== certificate.issuer);

// --- signatures ---

async function isSignedBy(child, publicKey, key, algorithm) {
  if (!publicKey.isWhole || (key.name === "RSA") !== algorithm.name.startsWith("RSA")) return false;
  if (key.name === "RSA" && modulusBits(publicKey.key) < MIN_RSA_BITS) return false;
  const { name, hash } = algorithm;
  const parameters = key.name === "RSA" ? { name, hash } : { name, namedCurve: key.namedCurve };
  let imported;
  try {
    imported = await subtle.importKey("spki", publicKey.info, parameters, false, ["verify"]);
  } catch (error) {
    if (error.name === "NotSupportedError") throw new ChainNotChecked(`this browser has no ${key.namedCurve ?? name}`);
    return false;
  }
  const signature = key.name === "RSA" ? child.signature : fromDerSignature(child.signature, key.size);
  return signature !== null && subtle.verify(algorithm, imported, signature, child.signed);
}

// The length of the modulus as it is written, in bits; RFC 8017 appendix A.1.1.
function modulusBits(key) {
  try {
    return der.integerBytes(der.sequence(key).next()).length * 8;
  } catch (error) {
    if (error instanceof Refusal) return 0;
    throw error;
  }
}

// r and s (RFC 3279 section 2.2.3), each in as many bytes as the curve has.
function fromDerSignature(data, size) {
  try {
    const parts = der.sequence(data);
    const numbers = [parts.next(), parts.next()].map(der.unsigned);
    parts.end();
    if (numbers.some((number) => number >= 1n << BigInt(8 * size))) return null;
    return join(...numbers.map((number) => toBytes(number, size)));
  } catch (error) {
    if (error instanceof Refusal) return null;
    throw error;
  }
}

function toBytes(number, size) {
  const digits = number.toString(16).padStart(2 * size, "0");
  return Uint8Array.from(digits.match(/../g), (pair) => parseInt(pair, 16));
}
