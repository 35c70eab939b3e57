// Bytes and their texts: UTF-8, base64, base64url, base58, hexadecimal; each value has one spelling.
import { isText, refuse } from "./basics.js";

export const subtle = globalThis.crypto.subtle;

export const utf8 = (text) => new TextEncoder().encode(text);
export const sha256 = async (data) => new Uint8Array(await subtle.digest("SHA-256", data));
export const same = (a, b) => a.length === b.length && a.every((byte, place) => byte === b[place]);
export const startsWith = (data, beginning) => same(data.subarray(0, beginning.length), beginning);
export const big = (bytes) => bytes.reduce((number, byte) => (number << 8n) | BigInt(byte), 0n);
export const toHex = (data) => Array.from(data, (byte) => byte.toString(16).padStart(2, "0")).join("");
export const sha256Hex = async (data) => toHex(await sha256(data));

// UTF-8 as it is, a byte order mark included; refuses what is none.
export function fromUtf8(data, reason) {
  try {
    return new TextDecoder("utf-8", { fatal: true, ignoreBOM: true }).decode(data);
  } catch {
    return refuse(reason);
  }
}

// One character for each byte, so that places in the text are places in the bytes.
export function latin1(bytes) {
  const parts = [];
  for (let place = 0; place < bytes.length; place += 8192)
    parts.push(String.fromCharCode(...bytes.subarray(place, place + 8192)));
  return parts.join("");
}
export const fromLatin1 = (text) => Uint8Array.from(text, (character) => character.charCodeAt(0));

export function join(...parts) {
  const joined = new Uint8Array(parts.reduce((length, part) => length + part.length, 0));
  let place = 0;
  for (const part of parts) {
    joined.set(part, place);
    place += part.length;
  }
  return joined;
}

// Without the ASCII white space around it.
export function stripped(bytes) {
  const isSpace = (byte) => byte === 0x20 || (byte >= 0x09 && byte <= 0x0d);
  let start = 0,
    end = bytes.length;
  while (start < end && isSpace(bytes[start])) start++;
  while (end > start && isSpace(bytes[end - 1])) end--;
  return bytes.slice(start, end);
}

// --- base64 ---

const fromBase64 = (text) => fromLatin1(atob(text));
export const toBase64 = (data) => btoa(latin1(data));
export const toBase64url = (data) => toBase64(data).replaceAll("+", "-").replaceAll("/", "_").replaceAll("=", "");

// RFC 4648 section 5 without padding; the surplus bits of the last character are zero (section 3.5).
export function fromBase64url(text) {
  const surplus = text.length % 4,
    last = text.at(-1);
  const stray = surplus === 2 ? !"AQgw".includes(last) : surplus === 3 && !"AEIMQUYcgkosw048".includes(last);
  if (surplus === 1 || stray || !/^[A-Za-z0-9_-]*$/.test(text)) refuse("not_base64url");
  return fromBase64(text.replaceAll("-", "+").replaceAll("_", "/"));
}

// Standard base64 with padding, in its one spelling.
export function strictBase64(text) {
  const data = looseBase64(text, "not_base64");
  return data.length && toBase64(data) === text ? data : refuse("not_base64");
}

// The same, with whatever surplus bits.
export function looseBase64(text, reason) {
  const complete = text.length % 4 === 0 && /^[A-Za-z0-9+/]*={0,2}$/.test(text);
  return complete ? fromBase64(text) : refuse(reason);
}

// --- multibase (Controlled Identifiers 1.0 section 2.4) ---

const BASE58 = "123456789ABCDEFGHJKLMNPQRSTUVWXYZabcdefghijkmnopqrstuvwxyz";

export function fromBase58(text) {
  if (!isText(text) || !text.startsWith("z") || text.length > 256) refuse("not_multibase");
  let number = 0n;
  for (const character of text.slice(1)) {
    const value = BASE58.indexOf(character);
    if (value < 0) refuse("not_multibase");
    number = number * 58n + BigInt(value);
  }
  const bytes = [];
  for (; number; number >>= 8n) bytes.unshift(Number(number & 255n));
  const zeros = /^1*/.exec(text.slice(1))[0].length;
  return new Uint8Array([...new Array(zeros).fill(0), ...bytes]);
}
