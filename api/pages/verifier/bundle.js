// Bundles: a ZIP archive (PKWARE APPNOTE 6.3) with a manifest that names each member and its SHA-256.
import { isObject, isText, refuse, Refusal } from "./basics.js";
import { fromUtf8, same, sha256Hex } from "./bytes.js";
import { inflate } from "./status.js";
import { parseStrict } from "./strict_json.js";

const FORMAT = "voltpass-bundle/1",
  MANIFEST = "manifest.json";
const MAX_MEMBERS = 50000,
  MAX_MEMBER_BYTES = 20 * 1024 * 1024,
  MAX_TOTAL_BYTES = 256 * 1024 * 1024;
const END = 0x06054b50,
  CENTRAL = 0x02014b50,
  LOCAL = 0x04034b50; // APPNOTE 4.3.16, 4.3.12, 4.3.7
const STORED = 0,
  DEFLATED = 8,
  MAX_VERSION = 63;
const REFUSED_FLAGS = 0x61; // encrypted, patched, strongly encrypted: APPNOTE 4.4.4

const damaged = (message) => refuse("not_a_bundle", `the bundle: ${message}`);

export const isBundle = (data) => data[0] === 0x50 && data[1] === 0x4b && data[2] === 3 && data[3] === 4;

// What was brought along, with nothing in it; page and bundle fill it.
export const emptyEvidence = () => ({
  didDocuments: Object.create(null),
  statusLists: Object.create(null),
  logProofs: Object.create(null),
  documents: Object.create(null),
  studies: Object.create(null),
  inventories: Object.create(null),
  carriedDocuments: Object.create(null),
});

// The DID documents that count. Those of a bundle are not signed, and whoever made it chose them: they are only for
// issuers whose keys, or anchors, the trust list has; where it leaves the keys to the DID document, that is the one
// that its domain serves.
export function knownDocuments({ didDocuments, carriedDocuments }, trustList) {
  const known = Object.assign(Object.create(null), didDocuments);
  for (const [did, document] of Object.entries(carriedDocuments ?? {})) {
    const entries = (trustList?.entries ?? []).filter(({ issuer }) => issuer === did);
    const isVouched = entries.length > 0 && entries.every(({ keys, anchors }) => keys.length || anchors.length);
    if (isVouched && !(did in known)) known[did] = document;
  }
  return known;
}

export async function readBundle(data) {
  try {
    return await readMembers(new Archive(data));
  } catch (error) {
    // Places beyond the archive's end.
    if (error instanceof RangeError) return damaged("it cannot be read");
    throw error;
  }
}

async function readMembers(archive) {
  const manifest = readManifest(await archive.read(MANIFEST));
  const bundle = { credentials: [], evidence: emptyEvidence(), trustList: null };
  for (const row of manifest.members) {
    const content = await archive.read(row.path);
    if ((await sha256Hex(content)) !== row.sha256)
      damaged(`${row.kind} ${row.name} is not what the manifest says (SHA-256)`);
    placeMember(bundle, row, content);
  }
  return bundle;
}

function readManifest(data) {
  let manifest;
  try {
    manifest = JSON.parse(fromUtf8(data, "not_a_bundle"));
  } catch {
    damaged("its manifest cannot be read");
  }
  const isRow = (row) => isObject(row) && [row.path, row.kind, row.name, row.sha256].every(isText);
  const { format, madeAt, members } = isObject(manifest) ? manifest : {};
  if (
    format !== FORMAT ||
    !isText(madeAt) ||
    !Array.isArray(members) ||
    members.length > MAX_MEMBERS ||
    !members.every(isRow)
  )
    damaged("no bundle of voltpass");
  const paths = new Set(members.map((row) => row.path)),
    names = new Set(members.map((row) => JSON.stringify([row.kind, row.name])));
  if (Math.min(paths.size, names.size) < members.length) damaged("its manifest names a member twice");
  return manifest;
}

const TARGETS = {
  status_list: "statusLists",
  document: "documents",
  study: "studies",
  log_proof: "logProofs",
  inventory: "inventories",
};

function placeMember(bundle, { kind, name }, content) {
  if (kind === "credential") bundle.credentials.push(content);
  else if (kind === "trust_list") bundle.trustList = content;
  else if (kind === "did_document") addDidDocument(bundle.evidence, name, content);
  else if (Object.hasOwn(TARGETS, kind)) bundle.evidence[TARGETS[kind]][name] = content;
}

// One that cannot be read is as good as none.
export function addDidDocument(evidence, did, content) {
  try {
    const document = parseStrict(content);
    if (isObject(document)) evidence.carriedDocuments[did] = document;
  } catch (error) {
    if (!(error instanceof Refusal)) throw error;
  }
}

// --- ZIP ---

class Archive {
  constructor(data) {
    this.data = data;
    this.view = new DataView(data.buffer, data.byteOffset, data.byteLength);
    this.members = new Map();
    const end = this.endRecord(),
      start = end - this.view.getUint32(end + 12, true);
    // Something may stand before the archive; then all places in it are that much further on.
    this.before = start - this.view.getUint32(end + 16, true);
    let count = 0,
      total = 0;
    for (let place = start; place < end; count++) {
      const member = this.entryAt(place, start, end);
      this.members.set(member.name, member);
      total += member.size;
      place = member.next;
    }
    if (count > MAX_MEMBERS || total > MAX_TOTAL_BYTES) damaged("it is larger than any bundle of ours");
  }

  endRecord() {
    for (let place = this.data.length - 22; place >= 0 && place > this.data.length - 22 - 65536; place--)
      if (this.view.getUint32(place, true) === END) return place;
    return damaged("not a ZIP archive");
  }

  entryAt(place, start, end) {
    const number = (offset) => this.view.getUint16(place + offset, true),
      long = (offset) => this.view.getUint32(place + offset, true);
    if (long(0) !== CENTRAL || this.data[place + 6] > MAX_VERSION) damaged("it cannot be read");
    const nameEnd = place + 46 + number(28);
    const member = {
      rawName: this.data.slice(place + 46, Math.min(nameEnd, end)),
      flags: number(8),
      method: number(10),
      crc: long(16),
      packed: long(20),
      size: long(24),
      header: long(42),
      end: start,
      next: nameEnd + number(30) + number(32),
    };
    return { ...member, name: new TextDecoder().decode(member.rawName) };
  }

  async read(name) {
    const member = this.members.get(name) ?? damaged(`${name} is missing`);
    const { view } = this,
      place = member.header + this.before,
      nameLength = view.getUint16(place + 26, true);
    const start = place + 30 + nameLength + view.getUint16(place + 28, true);
    const isAsListed =
      view.getUint32(place, true) === LOCAL &&
      same(this.data.slice(place + 30, place + 30 + nameLength), member.rawName);
    if (!isAsListed || member.flags & REFUSED_FLAGS || start + member.packed > member.end)
      damaged(`${name} cannot be read`);
    const content = await this.unpacked(member, this.data.slice(start, start + member.packed));
    if (content.length !== member.size || crc32(content) !== member.crc) damaged(`${name} is damaged`);
    return content;
  }

  async unpacked({ method, name }, packed) {
    if (method === STORED && packed.length <= MAX_MEMBER_BYTES) return packed;
    if (method !== DEFLATED) damaged(`${name} cannot be read`);
    try {
      return await inflate(packed, "deflate-raw", MAX_MEMBER_BYTES);
    } catch (error) {
      if (error instanceof Refusal) return damaged(`${name} cannot be read`);
      throw error;
    }
  }
}

// ITU-T V.42, as in APPNOTE 4.4.7.
const CRC_TABLE = Uint32Array.from({ length: 256 }, (_, byte) => {
  let value = byte;
  for (let bit = 0; bit < 8; bit++) value = value & 1 ? (value >>> 1) ^ 0xedb88320 : value >>> 1;
  return value;
});

function crc32(data) {
  let value = 0xffffffff;
  for (const byte of data) value = CRC_TABLE[(value ^ byte) & 0xff] ^ (value >>> 8);
  return (value ^ 0xffffffff) >>> 0;
}
