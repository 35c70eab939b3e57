// The printed link of a battery: a GS1 Digital Link URI with a GTIN-14 (01) and a serial number (21).
import { isText, refuse } from "./basics.js";

const SERIAL = /^[!"%&'()*+,\-./0-9:;<=>?A-Z_a-z]{1,20}$/; // GS1 General Specifications: set 82, up to 20 characters
const malformedIdentifier = (message) => refuse("identifier_malformed", message);

// GS1 General Specifications section 7.9: weights 3 and 1 from the right.
function isGtin(text) {
  if (!isText(text) || !/^[0-9]{14}$/.test(text)) return false;
  const sum = Array.from(text.slice(0, -1), Number).reduce(
    (total, digit, place) => total + digit * (place % 2 ? 1 : 3),
    0,
  );
  return (10 - (sum % 10)) % 10 === Number(text.at(-1));
}

export function productIdentifier(gtin, serial) {
  if (!isGtin(gtin)) malformedIdentifier("a GTIN-14 has 14 digits and a check digit that fits");
  if (!SERIAL.test(serial)) malformedIdentifier("a serial has 1 to 20 characters of GS1 character set 82");
  return { gtin, serial };
}

export const isSameProduct = (a, b) => a.gtin === b.gtin && a.serial === b.serial;

// Scheme, authority and path of a link, or null.
function partsOfLink(uri) {
  const text = uri.replace(/^[\s\x00-\x1f\x85]+|[\s\x1c-\x1f\x85]+$/gu, "").replace(/[\t\n\r]/g, "");
  return /^(https?):\/\/([^/?#]+)([^?#]*)/i.exec(text);
}

// A user name before the host is kept: no label of ours has one, and browsers do not agree on where it ends.
export function hostOfLink(uri) {
  const match = partsOfLink(uri);
  if (!match) return "";
  const ownPort = match[1].toLowerCase() === "http" ? /:80$/ : /:443$/;
  return match[2].toLowerCase().replace(ownPort, "");
}

// The same of a host by itself, perhaps with a port, as a seal names it.
export const hostNamed = (authority) => hostOfLink(["https:", "", authority].join("/"));

// Other qualifiers and query parameters are passed over; so is the host, see hostOfLink.
export function parseDigitalLink(uri) {
  const match = partsOfLink(uri);
  if (!match || !isAuthority(match[2])) malformedIdentifier("this is not the link of a battery");
  const segments = match[3].split("/"),
    start = segments.indexOf("01"),
    found = new Map();
  for (let place = start; start >= 0 && place + 1 < segments.length; place += 2)
    found.set(segments[place], unquoted(segments[place + 1]));
  if (!found.has("01") || !found.has("21")) malformedIdentifier("this is not the link of a battery");
  return productIdentifier(found.get("01"), found.get("21"));
}

function isAuthority(text) {
  const brackets = text.includes("[") || text.includes("]");
  const bare = text.replace(/[@:#?]/g, "");
  if (bare !== bare.normalize("NFKC") && /[/?#@:]/.test(bare.normalize("NFKC"))) return false;
  return !brackets || /^[^[\]]*\[[0-9A-Fa-f:.]+\][^[\]]*$/.test(text);
}

// Percent-decoding as UTF-8.
function unquoted(text) {
  return text.replace(/(?:%[0-9A-Fa-f]{2})+/g, (run) =>
    new TextDecoder("utf-8", { ignoreBOM: true }).decode(
      Uint8Array.from(run.slice(1).split("%"), (pair) => parseInt(pair, 16)),
    ),
  );
}
