// What the verification of a restricted credential (SD-JWT VC) asks beyond its signature.
import { isObject, isText, opt } from "./basics.js";
import { failed, notChecked, passed } from "./report.js";
import { RESTRICTED_ATTRIBUTES } from "./restricted_attributes.js";

const LEVELS = {
  "urn:voltpass:vct:battery-model-restricted:1": "model",
  "urn:voltpass:vct:battery-item-restricted:1": "item",
};
const violated = (message) => failed("schema_violated", message);

export const RESTRICTED_CHECKS = {
  schema: checkRestrictedSchema,
  identifier: checkRestrictedIdentifier,
  factory_certificate: () => passed("no_certificate_cited", "no factory certificate is cited"),
  footprint_study: () => passed("no_footprint_stated", "no carbon footprint is stated"),
};

// Step 8: a type of ours, and only restricted attributes of the level that the type is for.
function checkRestrictedSchema(payload) {
  const { vct, granularity, version, attributes } = payload;
  if (!isText(vct) || !Object.hasOwn(LEVELS, vct)) return violated("vct: not a type of restricted battery data");
  const level = LEVELS[vct];
  if (granularity !== level) return violated(`granularity: not ${level}`);
  if (!Number.isInteger(version) || version < 1) return violated("version: not a number from 1 on");
  if (!isObject(attributes)) return violated("attributes: not an object");
  const names = Object.keys(attributes),
    foreign = names.find((name) => !RESTRICTED_ATTRIBUTES[level].includes(name));
  if (foreign !== undefined)
    return violated(`attributes: ${foreign.slice(0, 60)} is no restricted attribute of a ${level}`);
  const disclosed = names.length === 1 ? "1 attribute" : `${names.length} attributes`;
  return passed("schema_fits", `restricted data of a ${level}, ${disclosed} disclosed`);
}

// Step 9: it names what it is about; a printed link leads to the passport, never to this.
function checkRestrictedIdentifier(payload) {
  const about = opt(payload, "sub");
  if (!isText(about) || !about) return failed("identifier_malformed", "sub is missing");
  return notChecked("no_scanned_link", `is about ${about.slice(0, 200)}`);
}
