// Refusals, and the reading of members that may not be there.

// Something that is not what it must be. `reason` is one of the codes of signing/README.md, section 7.
export class Refusal extends Error {
  constructor(reason, message) {
    super(message || reason.replaceAll("_", " "));
    this.reason = reason;
  }
}

export function refuse(reason, message) {
  throw new Refusal(reason, message);
}

// What `read` gives, or what `instead` makes of its refusal; a fault of this program stays one.
export function orElse(read, instead) {
  try {
    return read();
  } catch (error) {
    if (error instanceof Refusal) return instead(error);
    throw error;
  }
}

export async function orElseAsync(read, instead) {
  try {
    return await read();
  } catch (error) {
    if (error instanceof Refusal) return instead(error);
    throw error;
  }
}

export const isObject = (value) => value !== null && typeof value === "object" && !Array.isArray(value);
export const isText = (value) => typeof value === "string";
export const isTexts = (value) => Array.isArray(value) && value.every(isText);
export const isAscii = (text) => /^[\x00-\x7f]*$/.test(text);

export function get(object, name) {
  return isObject(object) && Object.hasOwn(object, name) ? object[name] : undefined;
}

// Where an absent member and null mean the same.
export const opt = (object, name) => get(object, name) ?? null;
