// The little CBOR (RFC 8949) that an offline seal needs, in its one deterministic form: integers, byte strings,
// text, arrays, maps with integer keys, tags. Integers are BigInt, maps are Map, tags are { tag, value }.
import { refuse } from "./basics.js";
import { big, fromUtf8, join, same, utf8 } from "./bytes.js";

const INTEGER = 0,
  NEGATIVE = 1,
  BYTES = 2,
  TEXT = 3,
  ARRAY = 4,
  MAP = 5,
  TAG = 6;
const MAX_DEPTH_OF_CBOR = 8;
const LENGTHS = { 24: 1, 25: 2, 26: 4, 27: 8 };

export const isTag = (value, tag) => value instanceof Tagged && value.tag === BigInt(tag);
export class Tagged {
  constructor(tag, value) {
    Object.assign(this, { tag, value });
  }
}

export function encodeCbor(value) {
  if (typeof value === "bigint") return value < 0n ? head(NEGATIVE, -1n - value) : head(INTEGER, value);
  if (value instanceof Uint8Array) return join(head(BYTES, BigInt(value.length)), value);
  if (typeof value === "string") return join(head(TEXT, BigInt(utf8(value).length)), utf8(value));
  if (value instanceof Tagged) return join(head(TAG, value.tag), encodeCbor(value.value));
  if (Array.isArray(value)) return join(head(ARRAY, BigInt(value.length)), ...value.map(encodeCbor));
  const pairs = [...value].map(([key, item]) => [encodeCbor(key), encodeCbor(item)]).sort(([a], [b]) => inOrder(a, b));
  return join(head(MAP, BigInt(value.size)), ...pairs.flat());
}

// RFC 8949 section 4.2.1: by the bytes of the keys.
function inOrder(a, b) {
  const place = a.findIndex((byte, at) => byte !== b[at]);
  return place < 0 ? a.length - b.length : a[place] - (b[place] ?? -1);
}

function head(kind, number) {
  if (number < 24n) return Uint8Array.of((kind << 5) | Number(number));
  const [code, length] =
    Object.entries(LENGTHS).find(([, bytes]) => number < 1n << BigInt(8 * bytes)) ?? refuse("not_cbor");
  const bytes = Array.from({ length }, (_, place) => Number((number >> BigInt(8 * (length - 1 - place))) & 255n));
  return Uint8Array.of((kind << 5) | Number(code), ...bytes);
}

// Exactly one value; what is read must be what would be written.
export function decodeCbor(data) {
  const [value, end] = readValue(data, 0, 0);
  if (end !== data.length || !same(encodeCbor(value), data)) refuse("not_cbor");
  return value;
}

function readValue(data, start, depth) {
  if (depth > MAX_DEPTH_OF_CBOR || start >= data.length) refuse("not_cbor");
  const kind = data[start] >> 5,
    code = data[start] & 31;
  const length = code < 24 ? 0 : (LENGTHS[code] ?? refuse("not_cbor"));
  const place = start + 1 + length;
  if (place > data.length) refuse("not_cbor");
  const number = length ? big(data.subarray(start + 1, place)) : BigInt(code);
  if (kind === INTEGER) return [number, place];
  if (kind === NEGATIVE) return [-1n - number, place];
  if (kind === TAG) {
    const [value, end] = readValue(data, place, depth + 1);
    return [new Tagged(number, value), end];
  }
  if (kind > TAG || number > BigInt(data.length)) refuse("not_cbor");
  return kind === BYTES || kind === TEXT
    ? readText(data, place, kind, Number(number))
    : readItems(data, place, depth, kind, Number(number));
}

function readText(data, place, kind, length) {
  if (place + length > data.length) refuse("not_cbor");
  const content = data.slice(place, place + length);
  return [kind === BYTES ? content : fromUtf8(content, "not_cbor"), place + length];
}

function readItems(data, start, depth, kind, number) {
  const items = [];
  let place = start;
  for (let left = kind === MAP ? 2 * number : number; left; left--) {
    const [item, end] = readValue(data, place, depth + 1);
    items.push(item);
    place = end;
  }
  if (kind === ARRAY) return [items, place];
  const map = new Map();
  for (let at = 0; at < items.length; at += 2)
    map.set(typeof items[at] === "bigint" ? items[at] : refuse("not_cbor"), items[at + 1]);
  return map.size === number ? [map, place] : refuse("not_cbor");
}
