// Step 12 (signing/README.md, section 6): whether a credential is in a log that the trust list names.
import { orElseAsync, refuse } from "./basics.js";
import { big, fromBase64url, fromUtf8, join, latin1, same, sha256, strictBase64, utf8 } from "./bytes.js";
import { isPresentation } from "./forms.js";
import { fits } from "./keys.js";
import { failed, notChecked, passed, warning } from "./report.js";
import { holdsAt } from "./trust_list.js";

const ED25519 = 1,
  ED25519_COSIGNATURE = 4,
  ML_DSA_44_COSIGNATURE = 6; // C2SP signed-note, tlog-cosignature
const MAX_NOTE = 512 * 1024,
  MAX_SIGNATURES = 64,
  MAX_PROOF_LINES = 63;
const MAX_NAME_BYTES = 255,
  YEAR_5000_IN_SECONDS = 95617584000n;
const DECIMAL = /^(?:0|[1-9][0-9]{0,17})$/;

export const NO_PROOF = { finding: notChecked("no_log_proof", "no proof of inclusion at hand") };

// `proof`: bytes, or null. Gives the finding, and where the credential is: `origin`, `index`, and the `logs` known.
export async function checkInclusion(credential, proof, trustList, at) {
  if (proof === null) return NO_PROOF;
  const keys = noteKeys(trustList);
  const logs = new Set(keys.filter((key) => key.kind === ED25519).map((key) => key.name));
  if (!logs.size) return { finding: notChecked("no_known_log", "no key of a log to check the proof with") };
  if (keys.some(({ kind, key }) => kind !== ML_DSA_44_COSIGNATURE && key.crypto === null))
    return { finding: notChecked("algorithm_unavailable", "this browser has no Ed25519") };
  const refused = (error) => ({ finding: failed(error.reason, `log proof: ${error.message}`) });
  return orElseAsync(async () => {
    const { index, hashes, note } = readProof(proof);
    const checkpoint = await openedCheckpoint(note, keys, trustList),
      { origin, size, root } = checkpoint;
    const leaf = await sha256(join([0], await leafContent(credential)));
    if (!same(await rootFrom(leaf, index, size, hashes), root)) refuse("root_differs");
    const where = `leaf ${index} of ${size} in ${origin}`;
    const ended = untrustedAt(checkpoint, trustList, checkpoint.witnessedAt ?? at);
    const isWanted = keys.some((key) => !logs.has(key.name)) && !checkpoint.witnesses.length;
    const finding = ended
      ? warning("log_trust_ended", `${where}, but ${ended} was not trusted then`)
      : isWanted
        ? warning("not_witnessed", `${where}, but no known witness cosigned it`)
        : passed("included", where);
    return { finding, origin, index, logs };
  }, refused);
}

// The name of a signer whose entry, or key, the trust list does not hold for at an instant.
function untrustedAt({ signers }, trustList, instant) {
  const isOver = (entry) =>
    !holdsAt(entry, instant) || entry.keys.every(({ expires }) => expires !== null && instant > expires);
  const entries = trustList.entries.filter(
    ({ role, issuer }) => ["log", "witness"].includes(role) && signers.has(issuer),
  );
  return entries.find(isOver)?.issuer ?? null;
}

// Of an SD-JWT only what its issuer signed: whoever was shown whatever disclosures finds the same leaf.
const leafContent = (credential) =>
  sha256(isPresentation(credential) ? credential.slice(0, credential.indexOf(0x7e)) : credential);

// The keys of the logs and witnesses that are known and were not compromised.
function noteKeys(trustList) {
  const keys = [];
  for (const { role, issuer: name, keys: listed } of trustList?.entries ?? [])
    if (role === "log" || role === "witness")
      for (const { key, revoked } of listed) {
        const own = role === "log" ? ED25519 : ED25519_COSIGNATURE;
        const kind = key.type === "Ed25519" ? own : ML_DSA_44_COSIGNATURE;
        if (key.type !== "P-256" && revoked === null)
          keys.push({ name, kind, key, raw: fromBase64url(key.jwk.pub ?? key.jwk.x) });
      }
  return keys;
}

// C2SP tlog-proof.
function readProof(data) {
  const end = data.findIndex((byte, place) => byte === 10 && data[place + 1] === 10);
  const lines = new TextDecoder("utf-8", { ignoreBOM: true }).decode(data.slice(0, Math.max(end, 0))).split("\n");
  if (end < 0 || lines.shift() !== "c2sp.org/tlog-proof@v1") refuse("not_a_log_proof");
  if (lines[0]?.startsWith("extra ")) lines.shift();
  const number = lines[0]?.startsWith("index ") ? lines[0].slice(6) : "";
  if (!DECIMAL.test(number) || lines.length > MAX_PROOF_LINES) refuse("not_a_log_proof");
  return { index: BigInt(number), hashes: lines.slice(1).map(strictHash), note: data.slice(end + 2) };
}

function strictHash(text) {
  const data = strictBase64(text);
  return data.length === 32 ? data : refuse("not_a_hash");
}

// C2SP signed-note: a text with its last line break, and lines that say who signed it.
function splitNote(note) {
  const text = fromUtf8(note, "not_a_note");
  const end = text.lastIndexOf("\n\n"),
    lines = text.slice(end + 2);
  if (note.length > MAX_NOTE || /[\x00-\x09\x0b-\x1f]/.test(text) || end < 0 || !lines.endsWith("\n"))
    refuse("not_a_note");
  const signatures = lines.slice(0, -1).split("\n").map(readSignature);
  if (signatures.length > MAX_SIGNATURES) refuse("not_a_note");
  return { text: text.slice(0, end + 1), signatures };
}

function readSignature(line) {
  const isMarked = line.startsWith("\u2014 "),
    rest = isMarked ? line.slice(2) : line;
  const space = rest.indexOf(" "),
    name = space < 0 ? rest : rest.slice(0, space);
  const data = strictBase64(space < 0 ? "" : rest.slice(space + 1));
  if (!isMarked || data.length <= 4) refuse("not_a_note");
  if (
    utf8(name).length > MAX_NAME_BYTES ||
    !name ||
    /[+\u0085\u00a0\u1680\u2000-\u200a\u2028\u2029\u202f\u205f\u3000\s]/.test(name)
  )
    refuse("not_a_key_name");
  return { name, id: data.slice(0, 4), signature: data.slice(4) };
}

// Batteries of one shipment were mostly logged under one head; what was found about it is kept with the trust list.
const opened = new WeakMap(),
  MAX_OPENED = 256;

function openedCheckpoint(note, keys, trustList) {
  const known = opened.get(trustList) ?? opened.set(trustList, new Map()).get(trustList),
    text = latin1(note);
  if (known.size > MAX_OPENED) known.clear();
  if (!known.has(text)) known.set(text, openCheckpoint(note, keys));
  return known.get(text);
}

// A checkpoint (C2SP tlog-checkpoint) is believed because the log that it names signed it. A wrong signature of a
// known key refuses the whole note; unknown keys are ignored.
async function openCheckpoint(note, keys) {
  const { text, signatures } = splitNote(note);
  const [origin, size, root, rest, ...more] = text.split("\n");
  if (!origin || !DECIMAL.test(size ?? "") || rest !== "" || more.length) refuse("not_a_checkpoint");
  if (utf8(origin).length > MAX_NAME_BYTES) refuse("not_a_checkpoint");
  const head = { origin, size: BigInt(size), root: strictHash(root) };
  const found = [];
  for (const item of signatures) {
    const key = await keyNamed(item, keys);
    if (key === undefined) continue;
    const time = key.kind === ED25519 ? 0n : big(item.signature.slice(0, 8));
    if (!(await isSignedNote(item.signature, key, time, text, head)))
      refuse("checkpoint_signature", `not signed by ${key.name}`);
    found.push({ ...key, time });
  }
  if (!found.some((key) => key.kind === ED25519 && key.name === origin))
    refuse("log_unknown", `no known log ${origin} signed this`);
  return {
    ...head,
    signers: new Set(found.map((key) => key.name)),
    witnesses: found.filter((key) => key.name !== origin),
    witnessedAt: latestOf(found),
  };
}

async function keyNamed({ name, id }, keys) {
  let named;
  for (const key of keys.filter((item) => item.name === name)) {
    const own = await sha256(join(utf8(`${name}\n`), [key.kind], key.raw));
    if (same(own.slice(0, 4), id)) named = key;
  }
  return named;
}

// The latest instant that a cosignature states, if one does.
function latestOf(found) {
  const latest = found.reduce((time, key) => (key.time > time ? key.time : time), 0n);
  return latest > 0n && latest < YEAR_5000_IN_SECONDS ? Number(latest) * 1000 : null;
}

async function isSignedNote(signature, key, time, text, head) {
  if (key.kind === ED25519) return fits(key.key, signature, utf8(text));
  const message =
    key.kind === ED25519_COSIGNATURE
      ? utf8(`cosignature/v1\ntime ${time}\n${text}`)
      : cosigned(utf8(key.name), time, head);
  return fits(key.key, signature.slice(8), message);
}

// C2SP tlog-cosignature: what is signed in ML-DSA-44; a checkpoint is the subtree from the first leaf on.
function cosigned(name, time, head) {
  const label = utf8("subtree/v1\n\0"),
    origin = utf8(head.origin);
  const range = join(uint64(0n), uint64(head.size));
  return join(label, [name.length], name, uint64(time), [origin.length], origin, range, head.root);
}

function uint64(value) {
  const bytes = new Uint8Array(8);
  new DataView(bytes.buffer).setBigUint64(0, value);
  return bytes;
}

// The root to which an audit path leads (RFC 9162 section 2.1.3.2).
async function rootFrom(leaf, index, size, hashes) {
  if (index >= size) refuse("no_such_leaf");
  const path = [...hashes];
  let joined = leaf;
  for (let place = index, last = size - 1n; last; place >>= 1n, last >>= 1n) {
    if (!(place & 1n) && place >= last) continue;
    if (!path.length) refuse("proof_too_short");
    const sibling = path.shift();
    joined = await sha256(place & 1n ? join([1], sibling, joined) : join([1], joined, sibling));
  }
  return path.length ? refuse("proof_too_long") : joined;
}
