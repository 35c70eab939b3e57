// One X.509 certificate (RFC 5280 section 4.1), taken apart and not verified.
import { isText, refuse } from "./basics.js";
import { looseBase64, toHex } from "./bytes.js";
import * as der from "./der.js";

const MAX_CERTIFICATE_BYTES = 8 * 1024;
const EXPLICIT_0 = 0xa0,
  EXPLICIT_3 = 0xa3,
  ISSUER_UNIQUE_ID = 0x81,
  SUBJECT_UNIQUE_ID = 0x82;

// A certificate in base64 (not base64url), as DER.
export function readDer(text) {
  if (!isText(text) || text.length > 2 * MAX_CERTIFICATE_BYTES) refuse("not_a_certificate");
  const data = looseBase64(text, "not_a_certificate");
  readCertificate(data);
  return data;
}

export function readCertificate(data) {
  const outer = der.sequence(data);
  const signed = outer.next(der.SEQUENCE);
  const signatureAlgorithm = algorithm(outer.next(der.SEQUENCE));
  const { data: signature, surplus } = der.bits(outer.next());
  outer.end();
  if (surplus) refuse("not_a_certificate", "a signature with surplus bits");
  return { data, signed: signed.bytes, signatureAlgorithm, signature, ...toBeSigned(signed) };
}

function toBeSigned(signed) {
  const parts = new der.Elements(signed.content);
  const version = readVersion(parts.perhaps(EXPLICIT_0));
  const serial = der.integerBytes(parts.next());
  if (der.unsigned({ tag: der.INTEGER, content: serial }) === 0n)
    refuse("not_a_certificate", "a serial number that is not positive");
  const innerAlgorithm = algorithm(parts.next(der.SEQUENCE));
  const issuer = parts.next(der.SEQUENCE);
  const validity = new der.Elements(parts.next(der.SEQUENCE).content);
  const notBefore = der.time(validity.next()),
    notAfter = der.time(validity.next());
  validity.end();
  const subject = parts.next(der.SEQUENCE);
  const publicKey = readPublicKey(parts.next(der.SEQUENCE));
  for (const tag of [ISSUER_UNIQUE_ID, SUBJECT_UNIQUE_ID]) parts.perhaps(tag);
  const extensions = readExtensions(parts.perhaps(EXPLICIT_3));
  parts.end();
  return {
    version,
    serial,
    innerAlgorithm,
    notBefore,
    notAfter,
    publicKey,
    extensions,
    issuer: toHex(issuer.bytes),
    issuerParts: readName(issuer),
    subject: toHex(subject.bytes),
    subjectParts: readName(subject),
  };
}

// 2 is what is called version 3; version 1, the default, is not written.
function readVersion(element) {
  if (element === null) return 0;
  const version = Number(der.unsigned(der.whole(element.content, der.INTEGER)));
  return version === 1 || version === 2 ? version : refuse("not_a_certificate");
}

function algorithm(element) {
  const parts = new der.Elements(element.content);
  const oid = der.objectIdentifier(parts.next());
  if (!parts.isAtEnd) parts.next();
  parts.end();
  return { oid, encoded: toHex(element.bytes) };
}

function readPublicKey(element) {
  const parts = new der.Elements(element.content);
  const keyAlgorithm = algorithm(parts.next(der.SEQUENCE)),
    { data, surplus } = der.bits(parts.next());
  parts.end();
  return { algorithm: keyAlgorithm, info: element.bytes, key: data, isWhole: surplus === 0 };
}

// A distinguished name as pairs of object identifier and text (null for one that cannot be read).
function readName(name) {
  const pairs = [];
  der.all(name.content, (relative) => {
    if (relative.tag !== der.SET || !relative.content.length) refuse("not_a_certificate");
    der.all(relative.content, (attribute) => {
      const parts = new der.Elements(der.whole(attribute.bytes, der.SEQUENCE).content);
      const oid = der.objectIdentifier(parts.next());
      pairs.push([oid, textOf(parts.next())]);
      parts.end();
    });
  });
  return pairs;
}

const TEXTS = [der.UTF8_STRING, der.PRINTABLE_STRING, der.T61_STRING, der.IA5_STRING];

function textOf({ tag, content }) {
  const isUtf32 = (_, place) => place % 4 || (content[place] === 0 && content[place + 1] <= 0x10);
  if (tag === der.UNIVERSAL_STRING && (content.length % 4 || !content.every(isUtf32))) refuse("not_a_certificate");
  try {
    if (tag === der.BMP_STRING) return new TextDecoder("utf-16be", { fatal: true, ignoreBOM: true }).decode(content);
    return TEXTS.includes(tag) ? new TextDecoder("utf-8", { fatal: true, ignoreBOM: true }).decode(content) : null;
  } catch {
    return null;
  }
}

// By object identifier; `isRepeating`: one stands twice, which RFC 5280 section 4.2 forbids.
function readExtensions(element) {
  const extensions = Object.assign(new Map(), { isRepeating: false });
  if (element === null) return extensions;
  der.all(der.whole(element.content, der.SEQUENCE).content, (item) => {
    const parts = new der.Elements(der.whole(item.bytes, der.SEQUENCE).content);
    const oid = der.objectIdentifier(parts.next());
    const stated = parts.perhaps(der.BOOLEAN);
    if (stated !== null && !der.boolean(stated)) refuse("not_a_certificate"); // the default is not written
    const value = parts.next(der.OCTET_STRING).content;
    parts.end();
    extensions.isRepeating ||= extensions.has(oid);
    extensions.set(oid, { isCritical: stated !== null, value });
  });
  return extensions;
}
