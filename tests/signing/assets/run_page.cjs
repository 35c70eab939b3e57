// Runs the verifier of the page api/pages/static/verify.html, as it stands there, over the assets.
// Usage: node run_page.cjs verify.html < tasks.json; writes one JSON array.
"use strict";
const fs = require("node:fs");
const page = fs.readFileSync(process.argv[2], "utf8");
const source = /<script id="verifier">([\s\S]*?)<\/script>/.exec(page)[1];
// The page's other script needs a browser; here it only has to parse.
for (const [, script] of page.matchAll(/<script[^>]*>([\s\S]*?)<\/script>/g)) new Function(script);
const holder = { exports: {} };
new Function("module", source)(holder);
const Voltpass = holder.exports;

async function examine(task) {
  const roots = task.evidence.trustRoots;
  const trustList = task.evidence.trustList ? await Voltpass.readTrustList(Voltpass.utf8(task.evidence.trustList), roots) : null;
  const evidence = { ...task.evidence, trustList };
  for (const kind of ["documents", "studies"]) // files, as base64
    if (evidence[kind]) evidence[kind] = Object.fromEntries(Object.entries(evidence[kind]).map(([url, data]) => [url, new Uint8Array(Buffer.from(data, "base64"))]));
  const report = await Voltpass.examine(Voltpass.utf8(task.credential), evidence, Voltpass.fromInstant(task.evidence.at));
  return { verdict: report.verdict, failedStep: report.failedStep, steps: report.steps.map(step => [step.step, step.outcome, step.reasonCode]) };
}

async function run(task) {
  if (task.kind === "parse") {
    try { return { canonical: Voltpass.canonical(Voltpass.parseStrict(Buffer.from(task.data, "base64"))) }; } catch (error) { return { reason: error.reason ?? String(error) }; }
  }
  if (task.kind === "present") {
    try { return { canonical: Voltpass.canonical((await Voltpass.decodePresentation(Buffer.from(task.data, "base64"))).payload) }; } catch (error) { return { reason: error.reason ?? String(error) }; }
  }
  if (task.kind === "bundle") {
    let bundle;
    try { bundle = await Voltpass.readBundle(new Uint8Array(Buffer.from(task.data, "base64"))); } catch (error) { return { reason: error.reason ?? String(error) }; }
    return { credentials: bundle.credentials.length, didDocuments: Object.keys(bundle.didDocuments), statusLists: Object.keys(bundle.statusLists) };
  }
  return examine(task);
}

(async () => {
  const results = [];
  for (const task of JSON.parse(fs.readFileSync(0, "utf8"))) results.push(await run(task));
  process.stdout.write(JSON.stringify(results));
})();
