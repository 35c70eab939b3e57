// Step 13: the factory certificates that a passport cites. None has an effect on the footprint; one that was suspended
// or withdrawn, that has expired since or is about to, is a warning.
import { get, isText, opt, orElse } from "./basics.js";
import { sha256Hex, stripped } from "./bytes.js";
import { decode, typesOf } from "./forms.js";
import { failed, notChecked, passed, warning, worst } from "./report.js";
import { parseStrict } from "./strict_json.js";
import { examine } from "./verify.js";

const EXPIRING_WITHIN_DAYS = 60,
  DAY = 24 * 60 * 60 * 1000;
const SIGNATURE_STEPS = ["parse", "format", "algorithm", "issuer_found", "signature"];

// `evidence`: { documents, didDocuments, statusLists, trustList }, documents as bytes by URL.
export async function checkCertificates(subject, evidence, at) {
  if (!subject.factoryCertificates.length) return passed("no_certificate_cited", "no factory certificate is cited");
  return worst(
    await Promise.all(subject.factoryCertificates.map((cited) => checkCertificate(subject, cited, evidence, at))),
  );
}

async function checkCertificate(subject, cited, evidence, at) {
  const { scheme: name, validFrom: from, validTo: to } = cited,
    day = subject.manufacturedOn;
  if (cited.facility !== subject.manufacturingFacility.id)
    return failed("certificate_facility_mismatch", `${name} names another facility`);
  // Days as text are in the order of time. Without a first or last day nobody can say that it covers one.
  const covers = from !== null && to !== null && from <= day && day <= to;
  if (!covers && cited.coverage === "covered")
    return failed("certificate_period_mismatch", `${name} is said to cover ${day}, which its period does not`);
  const document = get(evidence.documents, cited.document);
  if (document === undefined) return notChecked("certificate_not_at_hand", `the document of ${name} is not at hand`);
  if ((await sha256Hex(document)) !== cited.documentSha256)
    return failed(
      "certificate_hash_mismatch",
      `the document of ${name} is not the one that was cited (SHA-256 differs)`,
    );
  return alsoRunningOut(cited, await standingOf(cited, document, evidence, at), at);
}

// That a certificate was suspended or withdrawn weighs more than that its days are over, or soon will be.
function alsoRunningOut({ validFrom: from, validTo: to }, finding, at) {
  const today = new Date(at).toISOString().slice(0, 10);
  if (finding.outcome === "failed" || to === null || (from !== null && today < from)) return finding;
  const left = (Date.parse(to) - Date.parse(today)) / DAY;
  if (left > EXPIRING_WITHIN_DAYS) return finding;
  const isGraver = ["certificate_suspended", "certificate_withdrawn"].includes(finding.reasonCode);
  const code = left < 0 ? "certificate_expired" : "certificate_expiring";
  return warning(
    isGraver ? finding.reasonCode : code,
    `${finding.message}, and it ${left < 0 ? "has expired (it ended" : "expires soon (it ends"} on ${to})`,
  );
}

async function standingOf(cited, document, evidence, at) {
  const bytes = stripped(document),
    payload = orElse(
      () => decode(bytes).payload,
      () => null,
    );
  if (payload === null || !typesOf(payload).includes("FactoryCertificate")) return ofPaper(cited, evidence);
  const own = opt(opt(payload, "credentialSubject"), "factoryCertificate");
  if (opt(own, "facility") !== cited.facility)
    return failed("certificate_facility_mismatch", `${cited.scheme} was signed for another facility`);
  const finding = await ofSigned(bytes, evidence, at);
  return { ...finding, message: `${coverageStated(cited, finding.outcome === "passed")}: ${finding.message}` };
}

// Only a certifier who is believed makes it a fact that a certificate covers a battery.
function coverageStated({ scheme: name, coverage }, isVouchedFor) {
  if (coverage === "cannot_tell") return `${name} does not tell whether it covers this battery`;
  if (coverage === "not_covered") return `${name}: this battery is not covered`;
  return `${name} ${isVouchedFor ? "covers" : "states that it covers"} this battery`;
}

function ofPaper(cited, { documents }) {
  const url = cited.status,
    unsigned = `${coverageStated(cited, false)} (unsigned evidence, uploaded by the maker, document as cited)`;
  const said = isText(url) ? get(documents, url) : undefined;
  const status =
    said === undefined
      ? null
      : orElse(
          () => opt(parseStrict(said), "status"),
          () => null,
        );
  if (status === "suspended" || status === "withdrawn")
    return warning(`certificate_${status}`, `${unsigned}, and it was ${status} after it was cited`);
  return warning("certificate_unsigned", unsigned);
}

async function ofSigned(bytes, { didDocuments, statusLists, trustList }, at) {
  const { steps } = await examine(bytes, { didDocuments, statusLists, trustList, role: "certifier" }, at);
  const step = Object.fromEntries(steps.map((item) => [item.step, item]));
  for (const { outcome, message } of SIGNATURE_STEPS.map((name) => step[name])) {
    if (outcome === "failed")
      return failed("certificate_signature_invalid", `the certifier's signature does not hold (${message})`);
    if (outcome === "not_checked")
      return warning(
        "certificate_signature_not_checked",
        `the certifier's signature could not be checked (${message})`,
      );
  }
  if (step.status.outcome === "failed") {
    const word = step.status.reasonCode === "suspended" ? "suspended" : "withdrawn";
    return warning(`certificate_${word}`, `it was ${word} by its certifier after it was cited`);
  }
  if (step.issuer_trusted.outcome !== "passed")
    return warning("certificate_signer_not_trusted", "signed, but no trust list here names its signer as a certifier");
  if (step.status.outcome === "not_checked")
    return warning("certificate_status_not_checked", "signed, its status is not known");
  return passed("certificate_signed", "signed by its certifier, not suspended or withdrawn");
}
