// Step 11 and part of step 10 (signing/README.md, section 5): what status lists say about a credential.
import { get, isAscii, isObject, isText, opt, orElseAsync, refuse } from "./basics.js";
import { fromBase64url, join, utf8 } from "./bytes.js";
import { Examination } from "./examination.js";
import { subjectsOf, typesOf } from "./forms.js";
import { fromSeconds, perhapsInstant, toInstant } from "./instants.js";
import { failed, notChecked, passed, warning } from "./report.js";
import { entryOf } from "./trust_list.js";

const LIST_TYPE = "BitstringStatusListCredential",
  ENTRY_TYPE = "BitstringStatusListEntry";
const MAX_LIST_BYTES = 2 * 1024 * 1024,
  MIN_LIST_BYTES = 131072 / 8;
// Bitstring Status List section 2.1: of the known purposes, these two withdraw nothing.
const SAYING_NOTHING = ["refresh", "message"];
const LIST_CLOCK_SKEW = 5 * 60 * 1000;
const WITHDRAWN = { revocation: "revoked", suspension: "suspended" };

// --- what a credential names ---

export function statusEntries(payload) {
  const status = opt(payload, "credentialStatus");
  if (status === null) return tokenEntries(payload);
  return (Array.isArray(status) ? status : [status]).map((item) => {
    if (!isObject(item) || item.type !== ENTRY_TYPE) refuse("status_type_unknown", `not a ${ENTRY_TYPE}`);
    const { statusPurpose: purpose, statusListIndex: index, statusListCredential: url } = item;
    if (![purpose, index, url].every(isText)) refuse("status_entry_incomplete", "purpose, index or list is missing");
    if (!/^[0-9]{1,8}$/.test(index)) refuse("status_index", "not an index");
    // Bitstring Status List section 2.1: entries of several bits say what their issuer's messages mean.
    const hasOneBit = get(item, "statusSize") === undefined || item.statusSize === 1;
    const said = hasOneBit || purpose === "message" ? purpose : `${purpose} in several bits`;
    return { purpose: said, index: Number(index), url };
  });
}

// The `status` claim of an SD-JWT; a Token Status List of one bit says INVALID or not.
function tokenEntries(payload) {
  const claim = opt(payload, "status");
  if (claim === null) return [];
  const list = opt(claim, "status_list"),
    index = opt(list, "idx"),
    url = opt(list, "uri");
  if (!Number.isInteger(index) || index < 0 || !isText(url)) refuse("status_entry_incomplete", "no list or index");
  return [{ purpose: "revocation", index, url }];
}

// --- reading a list ---

// Never more than `limit` bytes are made, however much the data would expand to.
export async function inflate(data, format, limit) {
  const reader = new Blob([data]).stream().pipeThrough(new DecompressionStream(format)).getReader();
  const parts = [];
  let length = 0;
  try {
    for (;;) {
      const { done, value } = await reader.read();
      if (done) return join(...parts);
      length += value.length;
      if (length > limit) break;
      parts.push(value);
    }
  } catch {
    return refuse("not_compressed", "cannot be decompressed");
  }
  reader.cancel().catch(() => {});
  return refuse("not_compressed", "too long");
}

async function readBitstringList({ payload, issuer }, url) {
  if (!typesOf(payload).includes(LIST_TYPE)) refuse("not_a_status_list", `not a ${LIST_TYPE}`);
  if (opt(payload, "id") !== url) refuse("status_list_substituted", `it is not the list at ${url}`);
  const subject = subjectsOf(payload)[0],
    text = opt(subject, "encodedList");
  if (!isText(text) || !text.startsWith("u") || !isAscii(text)) refuse("not_multibase");
  const bits = await inflate(fromBase64url(text.slice(1)), "gzip", MAX_LIST_BYTES);
  if (bits.length < MIN_LIST_BYTES) refuse("status_list_length");
  const purposes = [].concat(opt(subject, "statusPurpose"));
  return {
    issuer,
    purposes,
    bits,
    from: perhapsInstant(payload, "validFrom"),
    until: perhapsInstant(payload, "validUntil"),
  };
}

// IETF Token Status List, one bit each, least significant first.
async function readTokenList({ payload, issuer }, url) {
  if (opt(payload, "sub") !== url) refuse("status_list_substituted", `it is not the list at ${url}`);
  const size = opt(payload.status_list, "bits"),
    text = opt(payload.status_list, "lst");
  if (![1, 2, 4, 8].includes(size)) refuse("status_list_bits");
  if (!isText(text)) refuse("not_base64url");
  const packed = await inflate(fromBase64url(text), "deflate", MAX_LIST_BYTES);
  if (size !== 1) refuse("status_list_bits");
  if (packed.length < MIN_LIST_BYTES) refuse("status_list_length");
  const bits = packed.map(reversed);
  return {
    issuer,
    purposes: ["revocation"],
    isToken: true,
    bits,
    from: fromSeconds(payload, "iat"),
    until: fromSeconds(payload, "exp"),
  };
}

function reversed(byte) {
  let made = 0;
  for (let bit = 0; bit < 8; bit++) if (byte & (1 << bit)) made |= 0x80 >> bit;
  return made;
}

// The list at a URL, or the finding why it says nothing.
async function readList(url, evidence, at) {
  const examination = new Examination(evidence.statusLists[url], evidence, at, false);
  const wrong = (await examination.findings()).find((finding) => finding.outcome === "failed");
  if (wrong) return failed(`status_list_${wrong.reasonCode}`, `status list: ${wrong.message}`);
  if (!examination.key)
    return notChecked("status_list_keys_missing", `no keys of ${examination.issuer}, which issued the status list`);
  const read = async () => {
    const list = await ("status_list" in examination.payload ? readTokenList : readBitstringList)(examination, url);
    if (list.from !== null && list.from > at + LIST_CLOCK_SKEW)
      return failed("status_list_not_yet_valid", `status list: valid from ${toInstant(list.from)}`);
    return examination.wasInUse(list.from)
      ? list
      : failed("status_list_key_retired", "status list: signed by a retired key");
  };
  return orElseAsync(read, (error) => failed(error.reason, `status list: ${error.message}`));
}

// --- what it says ---

async function listOf(entry, { evidence, at, issuer }) {
  if (get(evidence.statusLists, entry.url) === undefined)
    return notChecked("status_list_missing", `${entry.url} is not at hand`);
  if (!evidence.readLists.has(entry.url)) evidence.readLists.set(entry.url, readList(entry.url, evidence, at));
  const list = await evidence.readLists.get(entry.url);
  if (list.outcome) return list;
  // Somebody else may keep lists only if the trust list says so, by the type.
  const isDelegated = entryOf(evidence.trustList, list.issuer, evidence.role)?.scope.includes(LIST_TYPE);
  if (list.issuer !== issuer && !isDelegated) return failed("status_list_of_another", `the list is ${list.issuer}'s`);
  return list.purposes.includes(entry.purpose)
    ? list
    : failed("status_purpose", `the list is not for ${entry.purpose}`);
}

function ageOf(list, at) {
  if (list.from === null) return "a list without a date";
  return `list of ${toInstant(list.from)}, ${(Math.max(0, at - list.from) / 3600000).toFixed(1)} hours old`;
}

const bitOf = (list, index) =>
  index < list.bits.length * 8 ? (list.bits[Math.floor(index / 8)] & (0x80 >> (index % 8))) !== 0 : null;

async function checkEntry(entry, examination) {
  const list = await listOf(entry, examination),
    { at } = examination,
    word = WITHDRAWN[entry.purpose];
  if (list.outcome) return list;
  const isSet = bitOf(list, entry.index);
  if (isSet === null) return failed("status_index", `the list has no entry ${entry.index}`);
  const meant = list.isToken ? "revoked or suspended" : word; // its bit says INVALID, and no more
  if (isSet) return failed(word, `${meant} by its issuer (${ageOf(list, at)})`);
  return stale(list, at) ?? passed("not_withdrawn", `neither revoked nor suspended (${ageOf(list, at)})`);
}

// What a list that should have been replaced says of an entry that is not set.
function stale(list, at) {
  if (list.until === null || list.until >= at) return null;
  return warning("status_list_stale", `the list was good until ${toInstant(list.until)} (${ageOf(list, at)})`);
}

const GRAVEST = ["failed", "not_checked", "warning", "passed"];

const UNKNOWN_PURPOSE = notChecked("status_purpose", "a list for a purpose that is not known");

export async function checkStatus(entries, examination) {
  const findings = [];
  for (const entry of entries.filter(({ purpose }) => !SAYING_NOTHING.includes(purpose))) {
    const isKnown = Object.hasOwn(WITHDRAWN, entry.purpose);
    findings.push(isKnown ? await checkEntry(entry, examination) : UNKNOWN_PURPOSE);
  }
  findings.sort((a, b) => GRAVEST.indexOf(a.outcome) - GRAVEST.indexOf(b.outcome));
  return findings[0] ?? notChecked("no_status_entry", "the credential names no status list");
}

// Part of step 10: whether the issuer says that a newer version exists.
export async function checkRefresh(entries, examination) {
  const entry = entries.find((item) => item.purpose === "refresh"),
    { at } = examination;
  if (!entry) return notChecked("no_version_evidence", "nothing says which version is current");
  const list = await listOf(entry, examination);
  if (list.outcome) return notChecked(list.reasonCode, list.message);
  const isSet = bitOf(list, entry.index);
  if (isSet === null) return failed("status_index", `the list has no entry ${entry.index}`);
  if (isSet) return warning("superseded", `a newer version exists (${ageOf(list, at)})`);
  return stale(list, at) ?? passed("version_current", `no newer version (${ageOf(list, at)})`);
}
