"""Bundles: passports with all evidence in one file, to be verified without any network.

A ZIP archive: `manifest.json` names each member by what it is (URL or DID) and its SHA-256. The
trust list travels along but is believed only under a root key that the verifier has already.
"""

import hashlib
import io
import struct
import warnings
import zipfile
import zlib
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from typing import Annotated, Any, Final, Literal

import orjson
from pydantic import BaseModel, Field

from passports.errors import EvidenceUnavailableError, Finding, shorten
from passports.verification.collection import CollectedEvidence
from signing.canonical import JsonValue
from signing.trust import TrustList

FORMAT: Final = "voltpass-bundle/1"
MAX_MEMBERS: Final = 50_000
MAX_MEMBER_BYTES: Final = 20 * 1024 * 1024
# A bundle of 10,000 passports with their proofs has about 150 MB.
MAX_TOTAL_BYTES: Final = 256 * 1024 * 1024
_MANIFEST: Final = "manifest.json"
# ZIP stores local times from 1980 on; a fixed one makes the same content the same bytes.
_FIXED_TIME: Final = (1980, 1, 1, 0, 0, 0)


@dataclass
class Bundle:
    """What a bundle holds."""

    made_at: str = ""
    credentials: list[bytes] = field(default_factory=list)
    evidence: CollectedEvidence = field(default_factory=CollectedEvidence)
    inventories: dict[str, bytes] = field(default_factory=dict)
    trust_list: bytes | None = None


def write_bundle(bundle: Bundle, now: datetime) -> bytes:
    """Write a bundle as a ZIP archive."""
    members: list[tuple[str, str, bytes]] = [
        ("credential", str(number), credential)
        for number, credential in enumerate(bundle.credentials, start=1)
    ]
    evidence = bundle.evidence
    kinds: Sequence[tuple[str, Mapping[str, bytes]]] = (
        ("did_document", evidence.did_document_bytes),
        ("status_list", evidence.status_lists),
        ("document", evidence.documents),
        ("study", evidence.studies),
        ("log_proof", evidence.log_proofs),
        ("inventory", bundle.inventories),
    )
    members += [(kind, name, data) for kind, items in kinds for name, data in items.items()]
    if bundle.trust_list is not None:
        members.append(("trust_list", "", bundle.trust_list))
    return _zip(members, now)


def _zip(members: Sequence[tuple[str, str, bytes]], now: datetime) -> bytes:
    rows: list[dict[str, Any]] = []
    buffer = io.BytesIO()
    with zipfile.ZipFile(buffer, "w", zipfile.ZIP_DEFLATED) as archive:
        for number, (kind, name, data) in enumerate(members, start=1):
            path = f"{kind}/{number:05d}"
            digest = hashlib.sha256(data).hexdigest()
            rows.append({"path": path, "kind": kind, "name": name, "sha256": digest})
            archive.writestr(zipfile.ZipInfo(path, _FIXED_TIME), data)
        manifest = {"format": FORMAT, "madeAt": now.isoformat(), "members": rows}
        archive.writestr(zipfile.ZipInfo(_MANIFEST, _FIXED_TIME), orjson.dumps(manifest))
    return buffer.getvalue()


def is_bundle(data: bytes) -> bool:
    """Tell whether bytes look like a bundle (a ZIP archive)."""
    return data[:4] == b"PK\x03\x04"


def read_bundle(data: bytes) -> Bundle:
    """Read a bundle and hold every member against its hash.

    Raises:
        EvidenceUnavailableError: not a bundle, damaged, too large, or a member is not as listed.
    """
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")  # zipfile warns of what is refused below
            with zipfile.ZipFile(io.BytesIO(data)) as archive:
                return _read(archive)
    except EvidenceUnavailableError:
        raise
    except Exception as error:  # noqa: BLE001 # zipfile and its decompressors raise many kinds
        raise _damaged(f"it cannot be read ({type(error).__name__})") from None


def vouched_documents(
    documents: Mapping[str, Mapping[str, JsonValue]], trust_list: TrustList | None
) -> dict[str, Mapping[str, JsonValue]]:
    """The DID documents of a bundle that count: of issuers whose keys, or anchors, the trust list has.

    They are not signed, and whoever made the bundle chose them. Where the trust list leaves the keys to the
    DID document, that is the one that its domain serves.
    """
    entries = trust_list.entries if trust_list is not None else ()
    known = {entry.issuer for entry in entries}
    open_to_any = {entry.issuer for entry in entries if not entry.keys and not entry.anchors}
    return {did: found for did, found in documents.items() if did in known - open_to_any}


def _damaged(reason: str) -> EvidenceUnavailableError:
    finding = Finding("bundle", "", reason, "Ask for the bundle again.")
    return EvidenceUnavailableError(f"the bundle: {reason}", [finding])


def _foreign(reason: str) -> EvidenceUnavailableError:
    remedy = "Workbooks and other archives hold no passports; give what `passport bundle` wrote."
    return EvidenceUnavailableError(
        f"the bundle: {reason}", [Finding("bundle", "", reason, remedy)]
    )


def _read(archive: zipfile.ZipFile) -> Bundle:
    infos = archive.infolist()
    if len(infos) > MAX_MEMBERS or sum(i.file_size for i in infos) > MAX_TOTAL_BYTES:
        raise _damaged("it is larger than any bundle of ours")
    if _MANIFEST not in archive.NameToInfo:
        raise _foreign(f"this is a ZIP without {_MANIFEST}: no bundle of voltpass")
    manifest = _read_manifest(_member(archive, _MANIFEST))
    bundle = Bundle(made_at=manifest.madeAt)
    for row in manifest.members:
        content = _member(archive, row.path)
        if hashlib.sha256(content).hexdigest() != row.sha256:
            what = shorten(f"{row.kind} {row.name}".strip())
            raise _damaged(f"{what} is not what the manifest says (SHA-256)")
        _place(bundle, row, content)
    return bundle


class _Member(BaseModel):
    """One line of the manifest; a later format may say more."""

    path: str
    kind: str
    name: str
    sha256: str


class _Manifest(BaseModel):
    """Not signed: each member is held against its hash, and evidence carries signatures of its own."""

    format: Literal["voltpass-bundle/1"]
    madeAt: str  # noqa: N815 # the manifest's own spelling
    members: Annotated[list[_Member], Field(max_length=MAX_MEMBERS)]


def _read_manifest(data: bytes) -> _Manifest:
    manifest = _Manifest.model_validate_json(data)
    paths = {row.path for row in manifest.members}
    names = {(row.kind, row.name) for row in manifest.members}
    if min(len(paths), len(names)) < len(manifest.members):
        raise _damaged("its manifest names a member twice")
    return manifest


def _member(archive: zipfile.ZipFile, path: str) -> bytes:
    """The content of a member, which must be exactly what its headers say: no size that lies, no tail."""
    info = archive.getinfo(path)
    archive.open(info).close()  # its name in both headers, and that it is not encrypted
    packed = _packed(archive, info)
    if info.compress_type == zipfile.ZIP_DEFLATED:
        content = _inflated(packed, path)
    elif info.compress_type == zipfile.ZIP_STORED:
        content = packed
    else:  # what not every reader has, browsers for one
        raise _damaged(f"{path} is compressed in a way that no bundle of ours is")
    if len(content) > MAX_MEMBER_BYTES:
        raise _damaged(f"{path} is larger than {MAX_MEMBER_BYTES} bytes")
    if len(content) != info.file_size or zlib.crc32(content) != info.CRC:
        raise _damaged(f"{path} is not as long as stated, or its checksum differs")
    return content


def _packed(archive: zipfile.ZipFile, info: zipfile.ZipInfo) -> bytes:
    """The bytes of a member as they stand in the archive (APPNOTE 4.3.7: lengths of name and extra field)."""
    file = archive.fp
    if file is None:
        raise _damaged("it was closed")
    file.seek(info.header_offset + 26)
    name, extra = struct.unpack("<HH", file.read(4))
    start = info.header_offset + 30 + name + extra
    if start + info.compress_size > archive.start_dir:
        raise _damaged("a member reaches into its list of contents")
    file.seek(start)
    return file.read(info.compress_size)


def _inflated(packed: bytes, path: str) -> bytes:
    inflater = zlib.decompressobj(wbits=-zlib.MAX_WBITS)
    content = inflater.decompress(packed, MAX_MEMBER_BYTES + 1)
    if len(content) <= MAX_MEMBER_BYTES and (not inflater.eof or inflater.unused_data):
        raise _damaged(f"{path} is cut off, or has a tail")
    return content


def _place(bundle: Bundle, row: _Member, content: bytes) -> None:
    targets = {
        "status_list": bundle.evidence.status_lists,
        "document": bundle.evidence.documents,
        "study": bundle.evidence.studies,
        "log_proof": bundle.evidence.log_proofs,
        "inventory": bundle.inventories,
    }
    if row.kind == "credential":
        bundle.credentials.append(content)
    elif row.kind == "did_document":
        bundle.evidence.add_did_document(row.name, content)
    elif row.kind == "trust_list":
        bundle.trust_list = content
    elif row.kind in targets:
        targets[row.kind][row.name] = content
