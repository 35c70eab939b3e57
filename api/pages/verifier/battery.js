// What a battery passport's verification asks beyond its signature: steps 8, 9, 10, 13 and 14.
import { get, isObject, isText, opt, orElse } from "./basics.js";
import { fromUtf8, sha256Hex } from "./bytes.js";
import { checkSchema } from "./claims.js";
import { hostOfLink, isSameProduct, parseDigitalLink, productIdentifier } from "./digital_link.js";
import { checkCertificates } from "./factory_certificates.js";
import { failed, notChecked, passed, warning, worst } from "./report.js";

const UNREADABLE = notChecked("schema_violated", "the passport cannot be read, see step 8");

// `evidence`: { documents, studies, inventories, didDocuments, statusLists, trustList }; `link`: what was scanned, or null.
export function batteryChecks(evidence, link, at) {
  const ifReadable = (check) => (payload) =>
    checkSchema(payload).reasonCode === "schema_violated" ? UNREADABLE : check(payload.credentialSubject);
  return {
    schema: checkSchema,
    identifier: ifReadable((subject) => checkProduct(subject, link)),
    version: ifReadable(checkVersion),
    factory_certificate: ifReadable((subject) => checkCertificates(subject, evidence, at)),
    footprint_study: ifReadable((subject) => checkStudies(subject, evidence)),
  };
}

// Step 9: the link in the passport names its own GTIN and serial number, and is the one scanned.
function checkProduct(subject, link) {
  const judge = () => {
    const own = productIdentifier(subject.model.gtin, subject.serialNumber);
    const linked = parseDigitalLink(subject.id);
    const scanned = link === null ? null : parseDigitalLink(link);
    if (!isSameProduct(own, linked))
      return failed(
        "identifier_contradicts_itself",
        `the passport's link names ${linked.serial}, its data name ${own.serial}`,
      );
    if (scanned === null) return notChecked("no_scanned_link", "no scanned link to compare with");
    if (!isSameProduct(own, scanned))
      return failed(
        "identifier_mismatch",
        `scanned was ${scanned.gtin}/${scanned.serial}, this is ${own.gtin}/${own.serial}`,
      );
    const host = hostOfLink(link),
      ownHost = hostOfLink(subject.id);
    if (host !== ownHost)
      return warning("link_of_another_host", `the label leads to ${host.slice(0, 80)}, not to ${ownHost}`);
    return passed("identifier_matches", `it is the battery that was scanned (${own.serial})`);
  };
  return orElse(judge, (error) => failed(error.reason, error.message));
}

// Step 10. Only the issuer's server, which this page does not ask, knows of newer versions that no list tells of.
function checkVersion(subject) {
  const ceased = opt(subject, "ceased"),
    successors = opt(subject, "succeededBy") ?? [];
  if (ceased !== null)
    return failed("passport_ceased", `this passport ceased to exist at ${ceased.at}: its battery was recycled`);
  if (successors.length)
    return warning(
      "succeeded",
      `another passport stands in the place of this one: ${successors.map((other) => other.link).join(", ")}`,
    );
  return notChecked("server_not_asked", "only the issuer's server knows of newer versions");
}

// Step 14: each cited study is the one that was cited, and says the same. It is not recomputed here.
async function checkStudies(subject, evidence) {
  if (!subject.carbonFootprint.length) return passed("no_footprint_stated", "no carbon footprint is stated");
  return worst(await Promise.all(subject.carbonFootprint.map((cited) => checkStudy(cited, evidence))));
}

async function checkStudy(cited, { studies, inventories }) {
  const study = get(studies, cited.study),
    what = `the study by ${cited.ruleset}`;
  if (study === undefined) return notChecked("study_not_at_hand", `${what} is not at hand`);
  if ((await sha256Hex(study)) !== cited.studySha256)
    return failed("study_hash_mismatch", `${what} is not the one that was cited (SHA-256 differs)`);
  const result = readResult(study);
  const pairs = [
    [cited.ruleset, result?.ruleset],
    [cited.kgCo2ePerKwh, result?.perKwh],
    [cited.kgCo2ePerBattery, result?.perBattery],
    [cited.partial, result?.partial],
  ];
  if (pairs.some(([said, found]) => said !== found))
    return failed("study_contradicts_passport", `${what} says something else than the passport`);
  if (get(inventories, cited.study) !== undefined)
    return notChecked(
      "study_not_recomputed",
      `${what} is as cited; its inputs are at hand, but this page does not compute footprints`,
    );
  return passed("study_fits", `${what}: as cited; not recomputed here`);
}

// What a passport repeats of a result, or null. Its hash was signed: it is what its author wrote.
function readResult(data) {
  let result;
  try {
    result = JSON.parse(fromUtf8(data, "not_utf8"));
  } catch {
    return null;
  }
  const ruleset = opt(opt(result, "ruleset"), "id"),
    { kg_co2e_per_kwh: perKwh, kg_co2e_per_battery: perBattery, partial } = isObject(result) ? result : {};
  const fits =
    isText(ruleset) &&
    ruleset &&
    Number.isFinite(perKwh) &&
    Number.isFinite(perBattery) &&
    typeof partial === "boolean";
  return fits ? { ruleset, perKwh, perBattery, partial } : null;
}
