// A shipment's receipt (signing/README.md, section 7): the signed part alone, the JSON form with all rows, or the
// print (PDF) with the signed part inside. Of a print only that part is checked, not what is printed.
import { isObject, isText, opt, orElse, orElseAsync, refuse } from "./basics.js";
import { fromUtf8, latin1, sha256Hex, startsWith, stripped, utf8 } from "./bytes.js";
import { decodeAny, typesOf } from "./forms.js";
import { failed, notChecked, passed, warning } from "./report.js";
import { canonical, hasCanonical, parseLoose } from "./strict_json.js";

const FORMAT = "voltpass-shipment/1";
// As the print embeds it: a compact JWS (RFC 7515, section 7.1).
const EMBEDDED =
  /\/EmbeddedFile[^>]{0,200}>>[ \t-\r]{0,2}stream\r?\n(e[A-Za-z0-9_.-]{20,65536})[ \t-\r]?endstream/;
const TYPES = ["ShipmentReceipt", "VerifiableCredential"];
const MAX_REFERENCE = 100;
// What the JSON form repeats of the signed subject.
const REPEATED = {
  server: "server",
  reference: "reference",
  checked_at: "checkedAt",
  list_sha256: "listSha256",
  rows_sha256: "rowsSha256",
  counts: "counts",
};

const unreadable = (message) => refuse("not_a_receipt", `the receipt: ${message}`);

// What was handed in as a receipt: { credential, document, isPrint }, the document of the JSON form alone; or null.
export async function receiptIn(data) {
  if (startsWith(data, utf8("%PDF"))) {
    const found = EMBEDDED.exec(latin1(data));
    return found === null ? null : { credential: utf8(found[1]), document: null, isPrint: true };
  }
  if (data[0] === 0x7b && latin1(data).includes(`"${FORMAT}"`)) return readDocument(data);
  return (await isReceipt(data)) ? { credential: data, document: null } : null;
}

// Whether it says that it is a receipt, and nothing else beside.
const isReceipt = async (data) =>
  orElseAsync(
    async () => areOfReceipt(typesOf((await decodeAny(data)).payload)),
    () => false,
  );

const areOfReceipt = (types) =>
  TYPES.every((type) => types.includes(type)) && types.every((type) => TYPES.includes(type));

function readDocument(data) {
  const document = orElse(
    () => parseLoose(data),
    (error) => unreadable(`it is no JSON document (${error.message})`),
  );
  if (opt(document, "format") !== FORMAT) unreadable(`its format is not ${FORMAT}`);
  const signed = opt(document, "receipt");
  if (!isText(signed)) unreadable("it has no member receipt with the signed part");
  return { credential: stripped(utf8(signed)), document };
}

// Whoever changes the words on the pages leaves what is attached to them as it was.
const notCompared = () =>
  warning("print_not_compared", "the signed part alone was checked, not what is printed: compare");

export function receiptChecks({ document, isPrint }) {
  const nothing = () => notChecked("no_check", "a receipt has no such thing");
  const checks = { schema: checkReceipt, factory_certificate: nothing, footprint_study: nothing };
  if (isPrint) return { ...checks, identifier: notCompared };
  return document === null ? checks : { ...checks, identifier: (payload) => checkRows(payload, document) };
}

// --- step 8: it is a receipt, with hashes and with counts that add up ---

const isSha256 = (value) => isText(value) && /^[0-9a-f]{64}$/.test(value);
const isNamed = (value) => isText(value) && value !== "";
const isReference = (value) => value === null || (isText(value) && Array.from(value).length <= MAX_REFERENCE);
const areCounts = (value) =>
  isObject(value) && Object.values(value).every((count) => Number.isInteger(count) && count >= 0);
const SUBJECT = {
  listSha256: isSha256,
  rowsSha256: isSha256,
  server: isNamed,
  checkedAt: isNamed,
  reference: isReference,
  counts: areCounts,
};

function checkReceipt(payload) {
  const subject = opt(payload, "credentialSubject");
  const wrong = isObject(subject)
    ? Object.keys(SUBJECT).find((name) => !(name in subject && SUBJECT[name](subject[name])))
    : "credentialSubject";
  if (wrong !== undefined) return failed("schema_violated", `${wrong}: missing, or of another kind`);
  const { counts } = subject,
    parts = ["distinct_links", "duplicates", "unreadable"];
  if (counts.rows !== parts.reduce((sum, name) => sum + (counts[name] ?? 0), 0))
    return failed("schema_violated", "counts: they do not add up to the rows");
  if (!areOfReceipt(typesOf(payload))) return failed("not_a_receipt", "its type is not ShipmentReceipt");
  return passed("schema_fits", `the receipt of a list of ${counts.rows} rows`);
}

// --- step 9: the rows, and what the JSON form repeats, are those that were signed ---

async function checkRows(payload, document) {
  const subject = opt(payload, "credentialSubject");
  if (!isObject(subject)) return notChecked("schema_violated", "the receipt cannot be read, see step 8");
  const rows = written(opt(document, "rows"));
  if (rows === null || (await sha256Hex(utf8(rows))) !== opt(subject, "rowsSha256"))
    return failed("rows_differ", "the rows are not those that were signed (SHA-256)");
  const differs = (repeated, signed) => written(repeated) === null || written(repeated) !== written(signed);
  const altered = Object.keys(REPEATED).filter((name) => differs(opt(document, name), opt(subject, REPEATED[name])));
  altered.push(...["id", "issuer"].filter((name) => differs(opt(document, name), opt(payload, name))));
  if (altered.length) return failed("summary_differs", `${altered.join(", ")}: not what was signed`);
  return passed("rows_match", "rows and summary are those that were signed");
}

const written = (value) => (hasCanonical(value) ? canonical(value) : null);
