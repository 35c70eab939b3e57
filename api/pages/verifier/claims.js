// Step 8: all that a battery passport must say is there, each of its kind; it may say more.
import { isObject, isText, isTexts, opt } from "./basics.js";
import { isDay } from "./instants.js";
import { failed, passed } from "./report.js";

const named = (value) => isText(value) && value !== "";
const isSha256 = (value) => isText(value) && /^[0-9a-f]{64}$/.test(value);
const isNumber = (value) => typeof value === "number" && Number.isFinite(value);
const isPositive = (value) => isNumber(value) && value > 0;
const oneOf =
  (...words) =>
  (value) =>
    words.includes(value);
const perhaps = (rule) => (value) => value === null || rule(value);
const optional = (rule) => Object.assign((value) => rule(value), { isOptional: true });
const of = (rules) => (value) => !lacking(value, rules).length;
const listOf = (rules) => (value) => Array.isArray(value) && value.every(of(rules));

// The names of members that are missing, or of another kind.
function lacking(value, rules) {
  if (!isObject(value)) return ["an object"];
  return Object.keys(rules).filter((name) => !(name in value ? rules[name](value[name]) : rules[name].isOptional));
}

const PARTY = { id: named, name: named };
const MODEL = {
  id: named,
  gtin: named,
  name: named,
  category: oneOf("ev", "lmt", "industrial"),
  chemistry: named,
  massKg: isPositive,
  capacityKwh: isPositive,
};
const STUDY = {
  ruleset: named,
  kgCo2ePerKwh: isNumber,
  kgCo2ePerBattery: isNumber,
  partial: oneOf(true, false),
  study: named,
  studySha256: isSha256,
};
const CERTIFICATE = {
  scheme: named,
  facility: named,
  validFrom: perhaps(isDay),
  validTo: perhaps(isDay),
  coverage: oneOf("covered", "not_covered", "cannot_tell"),
  document: named,
  documentSha256: isSha256,
  status: optional(perhaps(named)),
};
const SUBJECT = {
  id: named,
  granularity: oneOf("item"),
  passportVersion: (value) => Number.isInteger(value) && value >= 1,
  serialNumber: named,
  manufacturedOn: isDay,
  batch: named,
  model: of(MODEL),
  manufacturer: of(PARTY),
  responsibleOperator: of(PARTY),
  manufacturingFacility: of(PARTY),
  carbonFootprint: listOf(STUDY),
  factoryCertificates: listOf(CERTIFICATE),
  ceased: optional(perhaps(of({ at: named }))),
  succeededBy: optional(listOf({ id: named, link: named })),
};

export function checkSchema(payload) {
  const missing = lacking(opt(payload, "credentialSubject"), SUBJECT);
  if (!isTexts(payload.type)) missing.unshift("type");
  if (missing.length) return failed("schema_violated", `missing or of another kind: ${missing.slice(0, 3).join(", ")}`);
  if (!payload.type.includes("BatteryPassport")) return failed("not_a_passport", "its type is not BatteryPassport");
  return passed("schema_fits", `a battery passport of category ${payload.credentialSubject.model.category}`);
}
