// Strict JSON (signing/README.md, section 1) and its canonical form (RFC 8785).
import { isObject, refuse } from "./basics.js";
import { fromUtf8 } from "./bytes.js";

export const MAX_BYTES = 256 * 1024;
export const MAX_DEPTH = 32;

export function parseStrict(bytes) {
  return bytes.length > MAX_BYTES ? refuse("too_large") : parse(bytes, true);
}

// For what repeats something signed and is held against it: of any length, with any number and any escape.
export const parseLoose = (bytes) => parse(bytes, false);

function parse(bytes, isStrict) {
  const text = fromUtf8(bytes, "not_utf8");
  let at = 0,
    surrogate = false;
  const fail = () => refuse("not_json", `not JSON at character ${at}`);
  const space = () => {
    while (at < text.length && " \t\n\r".includes(text[at])) at++;
  };
  const take = (word) => (text.startsWith(word, at) ? ((at += word.length), true) : false);
  const NUMBER = /-?(?:0|[1-9][0-9]*)(\.[0-9]+)?([eE][+-]?[0-9]+)?/y;
  const CHARACTERS = /[^"\\\u0000-\u001f]*/y;
  const ESCAPES = { '"': '"', "\\": "\\", "/": "/", b: "\b", f: "\f", n: "\n", r: "\r", t: "\t" };
  function string() {
    let value = "";
    for (at++; ;) {
      CHARACTERS.lastIndex = at;
      const run = CHARACTERS.exec(text)[0];
      value += run;
      at += run.length;
      if (take('"')) break;
      if (text[at] !== "\\") fail();
      const kind = text[at + 1];
      if (kind === "u") {
        const digits = text.slice(at + 2, at + 6);
        if (!/^[0-9a-fA-F]{4}$/.test(digits)) fail();
        value += String.fromCharCode(parseInt(digits, 16));
        at += 6;
      } else if (Object.hasOwn(ESCAPES, kind ?? "")) {
        value += ESCAPES[kind];
        at += 2;
      } else fail();
    }
    if (hasLoneSurrogate(value)) surrogate = true;
    return value;
  }
  function number() {
    if (take("-Infinity")) refuse("not_finite");
    NUMBER.lastIndex = at;
    const match = NUMBER.exec(text);
    if (!match) fail();
    at += match[0].length;
    const value = Number(match[0]);
    if (!isStrict) return value;
    if (match[1] === undefined && match[2] === undefined) {
      if (!Number.isSafeInteger(value)) refuse("integer_too_large");
    } else if (!Number.isFinite(value)) refuse("not_finite");
    return value;
  }
  function value(depth) {
    space();
    const first = text[at];
    if (first === "{" || first === "[") {
      if (depth >= MAX_DEPTH) refuse("too_deep");
      at++;
      space();
      return first === "{" ? object(depth) : array(depth);
    }
    if (first === '"') return string();
    if (take("true")) return true;
    if (take("false")) return false;
    if (take("null")) return null;
    if (take("NaN") || take("Infinity")) refuse("not_finite");
    return number();
  }
  function object(depth) {
    const made = Object.create(null);
    let twice = null;
    if (take("}")) return made;
    for (;;) {
      space();
      if (text[at] !== '"') fail();
      const name = string();
      if (name in made) twice = name;
      space();
      if (!take(":")) fail();
      made[name] = value(depth + 1);
      space();
      // Told where the object ends: what is no JSON at all goes before.
      if (take("}")) return twice === null ? made : refuse("duplicate_key", `the key ${twice} stands twice`);
      if (!take(",")) fail();
    }
  }
  function array(depth) {
    const made = [];
    if (take("]")) return made;
    for (;;) {
      made.push(value(depth + 1));
      space();
      if (take("]")) return made;
      if (!take(",")) fail();
    }
  }
  const document = value(0);
  space();
  if (at !== text.length) fail();
  if (surrogate && isStrict) refuse("lone_surrogate");
  return document;
}

const hasLoneSurrogate = (text) =>
  /[\ud800-\udbff](?![\udc00-\udfff])|(?<![\ud800-\udbff])[\udc00-\udfff]/.test(text);

// Whether a value has a canonical form: no half surrogate pair, no number beyond a double.
export function hasCanonical(value) {
  if (typeof value === "string") return !hasLoneSurrogate(value);
  if (typeof value === "number") return Number.isFinite(value);
  if (Array.isArray(value)) return value.every(hasCanonical);
  return !isObject(value) || Object.entries(value).every((pair) => pair.every(hasCanonical));
}

// RFC 8785: names sorted by UTF-16 (what sort() does), numbers and strings as ECMAScript writes them.
export function canonical(value) {
  if (Array.isArray(value)) return `[${value.map(canonical).join(",")}]`;
  if (!isObject(value)) return JSON.stringify(value);
  return `{${Object.keys(value)
    .sort()
    .map((name) => `${JSON.stringify(name)}:${canonical(value[name])}`)
    .join(",")}}`;
}
