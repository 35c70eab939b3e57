// All fourteen steps over one credential. What only somebody can check who knows what it is about comes as `checks`.
import { isText, opt, orElse } from "./basics.js";
import { Examination } from "./examination.js";
import { subjectsOf } from "./forms.js";
import { failed, NOT_BELIEVED, notChecked, passed, reportOf, STEPS, worse } from "./report.js";
import { checkRefresh, checkStatus, statusEntries } from "./status.js";
import { allowsGtin } from "./trust_list.js";

const NO_EVIDENCE = {
  didDocuments: {},
  trustList: null,
  statusLists: {},
  logProof: null,
  expectedIdentifier: null,
  role: "manufacturer",
};
const NO_CHECK = notChecked("no_check", "no check was supplied for this step");

// `bytes`: the credential as it was received. `evidence`: as for Examination, status lists and proofs as bytes.
// `at`: the instant, in milliseconds. `checks`: by step, a function of the payload; see battery.js.
export async function examine(bytes, evidence, at, checks = {}) {
  const examination = new Examination(bytes, { ...NO_EVIDENCE, ...evidence, readLists: new Map() }, at);
  const findings = await examination.findings();
  if (!examination.key) {
    while (findings.length < STEPS.length) findings.push(NOT_BELIEVED);
    return reportOf(findings, null, at);
  }
  const { payload } = examination;
  const { entries, refusal } = orElse(
    () => ({ entries: statusEntries(payload), refusal: null }),
    (error) => ({ entries: [], refusal: failed(error.reason, error.message) }),
  );
  const domain = (step) => ask(checks[step], payload);
  findings.push(
    examination.validity(),
    await domain("schema"),
    worse(checkIdentifier(examination), await domain("identifier")),
    worse(await checkRefresh(entries, examination), await domain("version")),
    refusal ?? (await checkStatus(entries, examination)),
    (await examination.inclusion()).finding,
    await domain("factory_certificate"),
    await domain("footprint_study"),
  );
  return reportOf(findings, payload, at);
}

// A check that ends in a fault refuses.
export async function ask(check, payload) {
  if (check === undefined) return NO_CHECK;
  try {
    return await check(payload);
  } catch (error) {
    return failed("check_crashed", `the check ended in ${error.name}`);
  }
}

// Step 9: the scanned link is what it is about, and no GTIN in it (GS1 Digital Link URI syntax 1.4) is another's.
function checkIdentifier({ payload, entry, evidence }) {
  const subjects = subjectsOf(payload).map((subject) => opt(subject, "id"));
  // An SD-JWT VC says in `sub` what it is about.
  if ("sub" in payload && !subjects.length) subjects.push(payload.sub);
  const named = [...subjects, opt(payload, "id")];
  for (const id of entry?.prefixes.length ? named : []) {
    const gtin = isText(id) && /\/01\/([0-9]{14})(?![0-9])/.exec(id);
    if (gtin && !allowsGtin(entry, gtin[1]))
      return failed("gs1_prefix_of_another", `GTIN ${gtin[1]} is not of the issuer's prefix`);
  }
  const expected = evidence.expectedIdentifier;
  if (expected === null) return notChecked("no_link_scanned", "no link to compare with");
  if (named.includes(expected)) return passed("identifier_matches", "is about what was scanned");
  return failed("identifier_differs", "is about another thing than what was scanned");
}
