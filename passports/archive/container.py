"""The file: a ZIP of members that a manifest lists by SHA-256, written and read member by member.

Nothing is ever unpacked to a path, so that a name cannot lead anywhere. What a file may hold is bounded
before it is read: number and names of members, their sizes as the manifest has them, and their sum.
"""

import hashlib
import warnings
import zipfile
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import IO, Annotated, Any, Final, Literal

import orjson
from pydantic import BaseModel, ConfigDict, Field, ValidationError

from passports.archive.faults import ArchiveFault
from passports.plurals import counted
from signing.errors import MalformedDocumentError
from signing.instants import parse_instant

FORMAT: Final = "voltpass-archive/1"
MANIFEST: Final = "manifest.json"
ROWS_A_MEMBER: Final = 500
BYTES_A_MEMBER: Final = 4 * 1024 * 1024  # a member is closed when it is larger
MAX_MEMBER_BYTES: Final = 256 * 1024 * 1024  # one row can be a certificate's document
MAX_MEMBERS: Final = 200_000
MAX_MANIFEST_BYTES: Final = 64 * 1024 * 1024
MAX_DIRECTORY_BYTES: Final = 64 * 1024 * 1024
# A file unfolds to so many times its size at the most: ours do to five times, a bomb to a thousand.
MAX_RATIO: Final = 50
FREE_BYTES: Final = 64 * 1024 * 1024
_FIXED_TIME: Final = (1980, 1, 1, 0, 0, 0)
_OWNER_ONLY: Final = 0o600 << 16
_SIGNATURE: Final = "signatures/"
_MAX_SIGNATURE_BYTES: Final = 64 * 1024


class _Strict(BaseModel):
    model_config = ConfigDict(extra="forbid", frozen=True)


class Member(_Strict):
    """One member as the manifest lists it."""

    path: Annotated[
        str,
        Field(pattern=r"^(rows/[0-9]{4}/[a-z0-9_]{1,40}|log)/[0-9]{6}\.ndjson$|^trust-list\.jwt$"),
    ]
    sha256: Annotated[str, Field(pattern=r"^[0-9a-f]{64}$")]
    bytes: Annotated[int, Field(ge=0, le=MAX_MEMBER_BYTES)]
    rows: Annotated[int, Field(ge=0)]

    @property
    def table(self) -> str:
        """The table whose rows it holds; empty for what are no rows."""
        return self.path.split("/")[2] if self.path.startswith("rows/") else ""


class ArchivedOperator(_Strict):
    """One operator in an archive; a certifier goes along for the certificates that are cited."""

    id: Annotated[str, Field(pattern=r"^[a-z0-9](?:[a-z0-9-]{0,62}[a-z0-9])?$")]
    did: Annotated[str, Field(max_length=500)]
    name: Annotated[str, Field(max_length=400)]
    role: Literal["kept", "certifier"]


class ArchivedLog(_Strict):
    """The transparency log: its name, its signed head and the keys that signed it."""

    origin: Annotated[str, Field(max_length=300)]
    size: Annotated[int, Field(ge=0)]
    checkpoint: str
    keys: Annotated[list[dict[str, str]], Field(max_length=8)]


class Manifest(_Strict):
    """What an archive says of itself."""

    format: Literal["voltpass-archive/1"]
    madeAt: str  # noqa: N815 # the manifest's own spelling
    baseUrl: Annotated[str, Field(max_length=300, pattern=r"^https?://[^/?#\s]+$")]  # noqa: N815 # as above
    audience: Literal["public", "confidential"]
    notice: str
    operators: Annotated[list[ArchivedOperator], Field(min_length=1, max_length=9999)]
    log: ArchivedLog | None
    members: Annotated[list[Member], Field(max_length=MAX_MEMBERS)]


@dataclass
class ArchiveWriter:
    """Writes members one after the other and remembers what the manifest has to say of them."""

    archive: zipfile.ZipFile
    members: list[dict[str, Any]] = field(default_factory=list)

    def add(self, path: str, data: bytes, rows: int) -> None:
        """Write a member."""
        digest = hashlib.sha256(data).hexdigest()
        self._write(path, data)
        self.members.append({"path": path, "sha256": digest, "bytes": len(data), "rows": rows})

    def add_lines(self, folder: str, lines: Iterator[bytes]) -> int:
        """Write lines as so many members as they take; return how many lines there were."""
        number, total, kept, size = 0, 0, list[bytes](), 0
        for line in lines:
            kept.append(line)
            size += len(line)
            total += 1
            if len(kept) == ROWS_A_MEMBER or size >= BYTES_A_MEMBER:
                number += 1
                self.add(f"{folder}/{number:06d}.ndjson", b"".join(kept), len(kept))
                kept, size = [], 0
        if kept:
            self.add(f"{folder}/{number + 1:06d}.ndjson", b"".join(kept), len(kept))
        return total

    def finish(self, manifest: dict[str, Any]) -> bytes:
        """Write the manifest with all members; return its bytes, to be signed."""
        data = orjson.dumps({**manifest, "format": FORMAT, "members": self.members})
        self._write(MANIFEST, data)
        return data

    def sign(self, operator_id: str, signature: bytes) -> None:
        """Write an operator's signature over the manifest."""
        self._write(f"{_SIGNATURE}{operator_id}.jws", signature)

    def _write(self, path: str, data: bytes) -> None:
        info = zipfile.ZipInfo(path, _FIXED_TIME)
        info.external_attr = _OWNER_ONLY
        info.compress_type = zipfile.ZIP_DEFLATED
        self.archive.writestr(info, data)


@dataclass(frozen=True)
class ArchiveReader:
    """An archive whose manifest was read; members are read one at a time, each held to its hash."""

    archive: zipfile.ZipFile
    manifest: Manifest
    manifest_bytes: bytes

    def signature(self, operator_id: str) -> bytes:
        """Return an operator's signature over the manifest.

        Raises:
            ArchiveFault: there is none.
        """
        path = f"{_SIGNATURE}{operator_id}.jws"
        if path not in self.archive.NameToInfo:
            raise ArchiveFault(path, "the operator's signature is missing")
        return _bounded(self.archive, path, _MAX_SIGNATURE_BYTES).strip()

    def read(self, member: Member) -> bytes:
        """Return a member's bytes.

        Raises:
            ArchiveFault: they are not what the manifest says.
        """
        data = _bounded(self.archive, member.path, member.bytes)
        if len(data) != member.bytes or hashlib.sha256(data).hexdigest() != member.sha256:
            raise ArchiveFault(member.path, "it is not what the manifest says (SHA-256)")
        return data

    def lines(self, member: Member) -> list[bytes]:
        """Return a member's lines; see `read` for what it raises."""
        found = self.read(member).splitlines()
        if len(found) != member.rows:
            raise ArchiveFault(
                member.path, f"it has {counted(len(found), 'rows')}, not {member.rows}"
            )
        return found


def is_archive(path: Path) -> bool:
    """Tell whether a file begins as a ZIP."""
    with path.open("rb") as file:
        return file.read(4) == b"PK\x03\x04"


@contextmanager
def opened(path: Path) -> Iterator[ArchiveReader]:
    """Open an archive; whatever is wrong with the ZIP leaves as a fault.

    Raises:
        ArchiveFault: it is no archive, damaged, or holds what no archive of ours holds.
    """
    with path.open("rb") as file, warnings.catch_warnings():
        warnings.simplefilter("ignore")  # zipfile warns of what is refused below
        try:
            _check_directory(file)
            archive = zipfile.ZipFile(file)
        except ArchiveFault:
            raise
        except Exception as error:  # noqa: BLE001 # zipfile raises many kinds
            raise ArchiveFault("archive", f"it cannot be opened ({type(error).__name__})") from None
        with archive:
            yield _reader(archive, path.stat().st_size)


def _check_directory(file: IO[bytes]) -> None:
    """Refuse a list of members that is too long to be held in memory, before zipfile reads it."""
    end = zipfile._EndRecData(file)  # type: ignore[attr-defined] # noqa: SLF001 # no public way before opening
    if not end:
        raise ArchiveFault("archive", "it is no ZIP archive, or its end is missing")
    if end[zipfile._ECD_SIZE] > MAX_DIRECTORY_BYTES:  # type: ignore[attr-defined] # noqa: SLF001 # as above
        raise ArchiveFault("archive", "its list of members is larger than any of ours")
    file.seek(0)


def _reader(archive: zipfile.ZipFile, size: int) -> ArchiveReader:
    names = [info.filename for info in archive.infolist()]
    if len(set(names)) < len(names):
        raise ArchiveFault("archive", "it holds two members of one name")
    for info in archive.infolist():
        if info.flag_bits & 0x1 or info.compress_type not in {
            zipfile.ZIP_STORED,
            zipfile.ZIP_DEFLATED,
        }:
            raise ArchiveFault(info.filename, "it is encrypted or compressed in another way")
    if MANIFEST not in names:
        raise ArchiveFault(MANIFEST, "it is missing: this ZIP is no archive of voltpass")
    data = _bounded(archive, MANIFEST, MAX_MANIFEST_BYTES)
    try:
        manifest = Manifest.model_validate_json(data)
    except ValidationError as error:
        first = error.errors(include_url=False, include_input=False)[0]
        where = ".".join(str(part) for part in first["loc"])
        raise ArchiveFault(MANIFEST, f"{where}: {first['msg']}") from None
    _check_names(names, manifest)
    try:
        parse_instant(manifest.madeAt, "madeAt")
    except MalformedDocumentError as error:
        raise ArchiveFault(MANIFEST, str(error)) from None
    if sum(member.bytes for member in manifest.members) > FREE_BYTES + MAX_RATIO * size:
        raise ArchiveFault(MANIFEST, "the archive unfolds to more than any of ours")
    return ArchiveReader(archive, manifest, data)


def _check_names(names: Sequence[str], manifest: Manifest) -> None:
    listed = [member.path for member in manifest.members]
    if len(set(listed)) < len(listed):
        raise ArchiveFault(MANIFEST, "it lists a member twice")
    signatures = {f"{_SIGNATURE}{operator.id}.jws" for operator in manifest.operators}
    unlisted = sorted(set(names) - set(listed) - signatures - {MANIFEST})
    if unlisted:
        raise ArchiveFault(unlisted[0], "the manifest does not list it")
    missing = sorted(set(listed) - set(names))
    if missing:
        raise ArchiveFault(missing[0], "it is missing")


def _bounded(archive: zipfile.ZipFile, path: str, limit: int) -> bytes:
    try:
        with archive.open(path) as member:
            data = member.read(limit + 1)
    except Exception as error:  # noqa: BLE001 # zipfile and zlib raise many kinds
        raise ArchiveFault(path, f"it cannot be read ({type(error).__name__})") from None
    if len(data) > limit:
        raise ArchiveFault(path, f"it is larger than {limit} bytes")
    return data
