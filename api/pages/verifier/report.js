// What a verification found: fourteen steps, each with an outcome, and one verdict over all.

export const STEPS = [
  "parse",
  "format",
  "algorithm",
  "issuer_found",
  "issuer_trusted",
  "signature",
  "validity",
  "schema",
  "identifier",
  "version",
  "status",
  "log_inclusion",
  "factory_certificate",
  "footprint_study",
];

const found = (outcome) => (reasonCode, message) => ({
  outcome,
  reasonCode,
  message: message ?? reasonCode.replaceAll("_", " "),
});
export const passed = found("passed");
export const failed = found("failed");
export const warning = found("warning");
export const notChecked = found("not_checked");

export const NOT_REACHED = notChecked("earlier_step_failed", "an earlier step failed");
export const NOT_BELIEVED = notChecked(
  "signature_not_verified",
  "not looked at, because the signature was not verified",
);

// Of a check of signing and one of the domain the worse counts; where one could not be made, the other.
const SEVERITY = ["failed", "warning", "passed", "not_checked"];
export const worse = (own, domain) => (SEVERITY.indexOf(domain.outcome) < SEVERITY.indexOf(own.outcome) ? domain : own);

// Of several things of one kind, such as the certificates that are cited.
const RANK = ["passed", "warning", "not_checked", "failed"];
export function worst(findings) {
  const graver = (a, b) => (RANK.indexOf(b.outcome) > RANK.indexOf(a.outcome) ? b : a);
  const { outcome, reasonCode } = findings.reduce(graver);
  return { outcome, reasonCode, message: [...new Set(findings.map((finding) => finding.message))].join("; ") };
}

// `findings`: one for each of STEPS. `credential`: what was signed, or null where the signature was not right.
export function reportOf(findings, credential, at) {
  const steps = findings.map((finding, place) => ({ number: place + 1, step: STEPS[place], ...finding }));
  const failedStep = steps.find((step) => step.outcome === "failed")?.step ?? null;
  return { verdict: verdictOver(steps), steps, failedStep, checkedAt: new Date(at).toISOString(), credential };
}

// Every doubt counts against the credential.
const INDISPENSABLE = ["parse", "format", "algorithm", "issuer_found", "signature", "validity"];
// A status list that a credential names and that was not at hand is a doubt. These say that it names none.
const NOTHING_NAMED = {
  status: ["no_status_entry"],
  version: ["no_version_evidence", "server_not_asked", "schema_violated"],
};
function verdictOver(steps) {
  if (steps.some((step) => step.outcome === "failed")) return "invalid";
  const open = steps.filter((step) => step.outcome === "not_checked");
  const isNamed = ({ step, reasonCode }) =>
    Object.hasOwn(NOTHING_NAMED, step) && !NOTHING_NAMED[step].includes(reasonCode);
  const undecided = (step) => INDISPENSABLE.includes(step.step) || isNamed(step);
  if (open.some(undecided)) return "cannot_tell";
  const reserved =
    steps.some((step) => step.outcome === "warning") || open.some((step) => step.step === "issuer_trusted");
  return reserved ? "valid_with_warnings" : "valid";
}
