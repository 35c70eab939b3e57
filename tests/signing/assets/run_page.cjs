// Runs the verifier of the page for browsers, as it stands in the page, over tasks.
// Usage: node run_page.cjs page.html < tasks.json; writes one JSON array. A task has a `kind`; bytes are base64.
"use strict";
const fs = require("node:fs");
const page = fs.readFileSync(process.argv[2], "utf8");
const source = /<script id="verifier">([\s\S]*?)<\/script>/.exec(page)[1];
// The page's other script needs a browser; here it only has to parse.
for (const [, script] of page.matchAll(/<script[^>]*>([\s\S]*?)<\/script>/g)) new Function(script);
const holder = { exports: {} };
new Function("module", source)(holder);
const Voltpass = holder.exports;

const bytes = (base64) => new Uint8Array(Buffer.from(base64, "base64"));
const mapped = (items, read) => Object.fromEntries(Object.entries(items ?? {}).map(([name, item]) => [name, read(item)]));
const shown = (report) => ({
  verdict: report.verdict,
  failedStep: report.failedStep,
  steps: report.steps.map((step) => [step.step, step.outcome, step.reasonCode]),
  messages: report.steps.map((step) => step.message),
  credential: report.credential,
});

async function evidenceOf(evidence) {
  return {
    didDocuments: mapped(evidence.didDocuments, (document) => Voltpass.parseStrict(Voltpass.utf8(JSON.stringify(document)))),
    trustList: evidence.trustList ? await Voltpass.readTrustList(Voltpass.utf8(evidence.trustList), evidence.trustRoots) : null,
    statusLists: mapped(evidence.statusLists, Voltpass.utf8),
    logProof: evidence.logProof ? Voltpass.utf8(evidence.logProof) : null,
    expectedIdentifier: evidence.expectedIdentifier ?? null,
  };
}

const KINDS = {
  // The steps of signing alone, over a credential.
  async examine(task) {
    const evidence = await evidenceOf(task.evidence), at = Voltpass.fromInstant(task.evidence.at);
    const data = task.data === undefined ? Voltpass.utf8(task.credential) : bytes(task.data);
    return shown(await Voltpass.examine(data, evidence, at));
  },
  // Whether a key made each of some signatures.
  async signatures(task) {
    const key = await Voltpass.readKey(task.jwk);
    return Promise.all(task.pairs.map(([signature, data]) => Voltpass.fits(key, bytes(signature), bytes(data))));
  },
  // The same, over a seal.
  async seal(task) {
    return shown(await Voltpass.examineSeal(task.text, await evidenceOf(task.evidence), Voltpass.fromInstant(task.evidence.at)));
  },
  // All steps over a file: a bundle, a passport or a seal.
  async offline(task) {
    const trustList = task.trustList ? await Voltpass.readTrustList(Voltpass.utf8(task.trustList), task.roots) : null;
    const reports = await Voltpass.verifyOffline(bytes(task.data), trustList, task.link ?? null, Voltpass.fromInstant(task.at));
    return { reports: reports.map(shown) };
  },
  // All steps over a credential, with evidence by kind.
  async passport(task) {
    const evidence = Object.assign(Voltpass.emptyEvidence(), mapped(task.evidence, (items) => mapped(items, bytes)));
    evidence.didDocuments = mapped(evidence.didDocuments, Voltpass.parseStrict);
    const trustList = task.trustList ? await Voltpass.readTrustList(Voltpass.utf8(task.trustList), task.roots) : null;
    return shown(await Voltpass.verifyPassport(bytes(task.data), evidence, trustList, task.link ?? null, Voltpass.fromInstant(task.at)));
  },
  async sealed_battery(task) {
    const evidence = { didDocuments: mapped(task.evidence.didDocuments, (text) => Voltpass.parseStrict(bytes(text))) };
    const trustList = task.trustList ? await Voltpass.readTrustList(Voltpass.utf8(task.trustList), task.roots) : null;
    return shown(await Voltpass.verifySeal(task.text, evidence, trustList, task.link ?? null, Voltpass.fromInstant(task.at)));
  },
  async trust_list(task) {
    const { root, entries } = await Voltpass.readTrustList(Voltpass.utf8(task.text), task.roots);
    return { root, entries: entries.length };
  },
  parse: async (task) => ({ canonical: Voltpass.canonical(Voltpass.parseStrict(bytes(task.data))) }),
  present: async (task) => ({ canonical: Voltpass.canonical((await Voltpass.decodePresentation(bytes(task.data))).payload) }),
  async bundle(task) {
    const { credentials, evidence } = await Voltpass.readBundle(bytes(task.data));
    return { credentials: credentials.length, didDocuments: Object.keys({ ...evidence.didDocuments, ...evidence.carriedDocuments }), statusLists: Object.keys(evidence.statusLists) };
  },
};

async function run(task) {
  try {
    return await KINDS[task.kind ?? "examine"](task);
  } catch (error) {
    if (error instanceof Voltpass.Refusal) return { reason: error.reason };
    return { fault: String(error.stack) }; // a fault of the page; no test expects one
  }
}

(async () => {
  const results = [];
  for (const task of JSON.parse(fs.readFileSync(0, "utf8"))) results.push(await run(task));
  process.stdout.write(JSON.stringify(results));
})();
