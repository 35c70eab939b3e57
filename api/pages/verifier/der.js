// DER (ITU-T X.690), as much of it as certificates need. Everything that has another spelling is refused.
import { refuse } from "./basics.js";
import { big } from "./bytes.js";

export const BOOLEAN = 0x01;
export const INTEGER = 0x02;
export const BIT_STRING = 0x03;
export const OCTET_STRING = 0x04;
export const OID = 0x06;
export const PRINTABLE_STRING = 0x13;
export const T61_STRING = 0x14;
export const IA5_STRING = 0x16;
export const UTF8_STRING = 0x0c;
export const UNIVERSAL_STRING = 0x1c;
export const BMP_STRING = 0x1e;
export const UTC_TIME = 0x17;
export const GENERALIZED_TIME = 0x18;
export const SEQUENCE = 0x30;
export const SET = 0x31;

const malformed = () => refuse("not_a_certificate", "not DER");
const need = (condition) => condition || malformed();

// One element: its tag, its content, and its bytes as they stand.
export function readElement(data, start = 0) {
  need(start + 2 <= data.length);
  const tag = data[start];
  need((tag & 0x1f) !== 0x1f); // tags of several bytes do not occur in certificates
  let length = data[start + 1],
    place = start + 2;
  if (length & 0x80) {
    const count = length & 0x7f;
    need(count >= 1 && count <= 3 && place + count <= data.length);
    length = data.subarray(place, place + count).reduce((number, byte) => number * 256 + byte, 0);
    need(length >= 0x80 && data[place] !== 0); // the shortest form
    place += count;
  }
  const end = place + length;
  need(end <= data.length);
  return { tag, content: data.subarray(place, end), bytes: data.subarray(start, end), end };
}

// The one element that these bytes are.
export function whole(data, tag) {
  const element = readElement(data);
  need(element.end === data.length && element.tag === tag);
  return element;
}

// The elements in a content, read one after another.
export class Elements {
  constructor(content) {
    this.content = content;
    this.place = 0;
  }
  get isAtEnd() {
    return this.place === this.content.length;
  }
  next(tag) {
    const element = readElement(this.content, this.place);
    need(tag === undefined || element.tag === tag);
    this.place = element.end;
    return element;
  }
  // The next one, if it is of this tag.
  perhaps(tag) {
    return !this.isAtEnd && this.content[this.place] === tag ? this.next(tag) : null;
  }
  end() {
    need(this.isAtEnd);
  }
}

export const sequence = (data) => new Elements(whole(data, SEQUENCE).content);

export function all(content, read) {
  const elements = new Elements(content),
    found = [];
  while (!elements.isAtEnd) found.push(read(elements.next()));
  return found;
}

export function integerBytes(element) {
  const { content } = element;
  need(element.tag === INTEGER && content.length > 0);
  // X.690 section 8.3.2: no byte too many.
  need(
    content.length === 1 || !((content[0] === 0 && content[1] < 0x80) || (content[0] === 0xff && content[1] >= 0x80)),
  );
  return content;
}

export function unsigned(element) {
  const content = integerBytes(element);
  need(content[0] < 0x80);
  return big(content);
}

export function boolean(element) {
  need(element.tag === BOOLEAN && element.content.length === 1 && [0, 0xff].includes(element.content[0]));
  return element.content[0] === 0xff;
}

// The bytes of a bit string, whose surplus bits are zero.
export function bits(element) {
  const { content } = element;
  need(element.tag === BIT_STRING && content.length > 0 && content[0] < 8);
  const surplus = content[0],
    data = content.subarray(1);
  need(surplus === 0 || (data.length > 0 && (data.at(-1) & ((1 << surplus) - 1)) === 0));
  return { data, surplus };
}

export function objectIdentifier(element) {
  need(element.tag === OID && element.content.length > 0 && element.content.at(-1) < 0x80);
  const arcs = [];
  let arc = 0n,
    begins = true;
  for (const byte of element.content) {
    need(!(begins && byte === 0x80));
    arc = (arc << 7n) | BigInt(byte & 0x7f);
    begins = byte < 0x80;
    if (begins) {
      arcs.push(arc);
      arc = 0n;
    }
  }
  const first = arcs[0] < 80n ? arcs[0] / 40n : 2n;
  return [first, arcs[0] - first * 40n, ...arcs.slice(1)].join(".");
}

const UTC = /^(\d\d)(\d\d)(\d\d)(\d\d)(\d\d)(\d\d)Z$/,
  GENERALIZED = /^(\d{4})(\d\d)(\d\d)(\d\d)(\d\d)(\d\d)Z$/;

// RFC 5280 section 4.1.2.5: to the second, in UTC; until 2049 as UTCTime.
export function time(element) {
  const isUtc = element.tag === UTC_TIME;
  need(isUtc || element.tag === GENERALIZED_TIME);
  const match = (isUtc ? UTC : GENERALIZED).exec(String.fromCharCode(...element.content));
  need(match);
  const [stated, month, day, hour, minute, second] = match.slice(1).map(Number);
  const year = isUtc ? stated + (stated < 50 ? 2000 : 1900) : stated;
  const instant = new Date(0);
  instant.setUTCFullYear(year, month - 1, day);
  need(instant.getUTCMonth() === month - 1 && instant.getUTCDate() === day && hour < 24 && minute < 60 && second < 60);
  instant.setUTCHours(hour, minute, second);
  return { instant: instant.getTime(), isMisspelt: !isUtc && year >= 1950 && year < 2050 };
}
