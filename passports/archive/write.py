"""Writing an archive of operators' passports, a page of rows at a time, from one view of the store."""

import hashlib
import os
import secrets
import zipfile
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from typing import Any, Final

from passports.archive.container import ROWS_A_MEMBER, ArchiveWriter
from passports.archive.contents import (
    KEPT_OF_CERTIFIERS,
    ArchiveAudience,
    Kept,
    Selection,
    kept_in,
)
from passports.certification.certificate_reading import read_certificate
from passports.errors import RecordNotFoundError
from passports.identifiers import PublicAddress
from passports.keyring import Keyring
from passports.life.version_making import status_places
from passports.log import checkpoint, log_size
from passports.operators import get_operator
from passports.store import CertificateRow, LogTileRow, PassportRow, Store, Transaction, write_row
from signing.canonical import canonicalize
from signing.credentials import decode, issuer_of
from signing.instants import format_instant
from signing.jws import encode_header, sign_compact
from signing.keys import SigningKey

Progress = Callable[[int, int], None]
SIGNATURE_TYP: Final = "voltpass-archive+jwt"
NOTICES: Final[Mapping[ArchiveAudience, str]] = {
    ArchiveAudience.PUBLIC: "Public: holds what everybody may read.",
    ArchiveAudience.CONFIDENTIAL: (
        "Confidential: holds restricted data of battery passports (Regulation (EU) 2023/1542,"
        " Art. 77(2)). For a back-up operator only; encrypt it on its way."
    ),
}


@dataclass(frozen=True)
class ArchiveRequest:
    """What to archive.

    Attributes:
        operator_ids: Whose passports.
        audience: For whom the archive is.
        batch_id: Only a batch, of a single operator.
        passport_ids: Only these passports, of a single operator.
    """

    operator_ids: Sequence[str]
    audience: ArchiveAudience = ArchiveAudience.PUBLIC
    batch_id: str | None = None
    passport_ids: Sequence[str] = ()

    @property
    def is_whole(self) -> bool:
        """Whether it is all of the operators."""
        return self.batch_id is None and not self.passport_ids


def write_archive(
    store: Store,
    keyring: Keyring,
    address: PublicAddress,
    path: Path,
    request: ArchiveRequest,
    trust_list: bytes | None,
    now: datetime,
    progress: Progress = lambda _done, _all: None,
) -> dict[str, Any]:
    """Write an archive; the file appears under its name when it is whole, for its owner to read only.

    The same store at the same instant gives the same members; only signatures differ.

    Returns:
        What was written, as plain JSON data: how many passports, counts of rows by table (of each
        passport one for each version), size, SHA-256.

    Raises:
        RecordNotFoundError: there is no such operator, batch or passport.
        KeyUnavailableError: an operator's key does not open, so that nobody signs the archive.
    """
    fresh = path.with_name(f".{path.name}.{secrets.token_hex(4)}")
    descriptor = os.open(fresh, os.O_RDWR | os.O_CREAT | os.O_EXCL, 0o600)
    try:
        with os.fdopen(descriptor, "w+b") as file:
            with zipfile.ZipFile(file, "w") as archive, store.reading() as reading:
                writing = _Writing(reading, ArchiveWriter(archive), request, progress)
                counts = writing.write(keyring, address, trust_list, now)
            file.flush()
            os.fsync(file.fileno())
        fresh.replace(path)
    except BaseException:
        fresh.unlink(missing_ok=True)
        raise
    with path.open("rb") as file:
        digest = hashlib.file_digest(file, "sha256").hexdigest()
    return {
        "file": str(path),
        "audience": request.audience.value,
        "operators": list(request.operator_ids),
        "passports": writing.passports,
        "rows": counts,
        "bytes": path.stat().st_size,
        "sha256": digest,
    }


class _Writing:
    """One archive being written."""

    def __init__(
        self,
        reading: Transaction,
        writer: ArchiveWriter,
        request: ArchiveRequest,
        progress: Progress,
    ) -> None:
        self._reading = reading
        self._writer = writer
        self._request = request
        self._progress = progress
        self.passports = 0

    def write(
        self,
        keyring: Keyring,
        address: PublicAddress,
        trust_list: bytes | None,
        now: datetime,
    ) -> dict[str, int]:
        """Write all members, the manifest and its signatures; return how many rows of each table."""
        operators = [get_operator(self._reading, name) for name in self._request.operator_ids]
        keys = {o.id: keyring.current(self._reading, o.id) for o in operators}
        counts: dict[str, int] = {}
        certifiers: set[str] = set()
        for number, operator in enumerate(operators):
            selection = self._select(operator.id)
            self.passports += len(selection.passports)
            certifiers |= selection.certifiers
            self._write_rows(number, selection, kept_in(self._request.audience), counts)
        along = [
            get_operator(self._reading, name)
            for name in sorted(certifiers - {o.id for o in operators})
        ]
        tables = [k for k in kept_in(ArchiveAudience.PUBLIC) if k.name in KEPT_OF_CERTIFIERS]
        for number, operator in enumerate(along, start=len(operators)):
            selection = Selection(operator.id, ArchiveAudience.PUBLIC, whole=True)
            for row in self._reading.status_lists.of(operator.id):
                selection.status_indices[row.id] = set()
            self._write_rows(number, selection, tables, counts)
        log = self._write_log(keyring, address)
        if trust_list is not None:
            self._writer.add("trust-list.jwt", trust_list, 0)
        listed = [(o, "kept") for o in operators] + [(o, "certifier") for o in along]
        manifest = self._writer.finish(
            {
                "madeAt": format_instant(now),
                "baseUrl": address.base_url,
                "audience": self._request.audience.value,
                "notice": NOTICES[self._request.audience],
                "operators": [
                    {"id": o.id, "did": o.did, "name": o.name, "role": role} for o, role in listed
                ],
                "log": log,
            }
        )
        for operator in operators:
            self._writer.sign(operator.id, sign_manifest(manifest, operator.did, keys[operator.id]))
        return counts

    def _write_rows(
        self,
        number: int,
        selection: Selection,
        tables: Sequence[Kept],
        counts: dict[str, int],
    ) -> None:
        for kept in tables:
            lines = self._lines(kept, selection)
            written = self._writer.add_lines(f"rows/{number:04d}/{kept.name}", lines)
            counts[kept.name] = counts.get(kept.name, 0) + written
            self._progress(sum(counts.values()), sum(counts.values()))

    def _lines(self, kept: Kept, selection: Selection) -> Iterator[bytes]:
        column = "id" if kept.name == "operator" else "operator_id"
        filters = {column: selection.operator_id}
        for rows in self._reading.archive.pages(kept.table, filters, ROWS_A_MEMBER):
            for row in rows:
                values = row.model_dump()
                if selection.is_everything or kept.chooses(selection, values):
                    yield write_row(kept.redacts(selection, values))

    def _write_log(self, keyring: Keyring, address: PublicAddress) -> dict[str, Any] | None:
        if not log_size(self._reading):
            return None
        tiles = (
            write_row(row.model_dump())
            for rows in self._reading.archive.pages(LogTileRow, {}, ROWS_A_MEMBER)
            for row in rows
        )
        self._writer.add_lines("log", tiles)
        signers = keyring.log_signers(address.log_origin).signers
        return {
            "origin": address.log_origin,
            "size": log_size(self._reading),
            "checkpoint": checkpoint(self._reading).decode("utf-8"),
            "keys": [dict(signer.key.public_jwk) for signer in signers],
        }

    def _select(self, operator_id: str) -> Selection:
        """Find out which records the chosen passports rest on."""
        request = self._request
        selection = Selection(operator_id, request.audience, whole=request.is_whole)
        for row in self._passports(operator_id):
            selection.passports.add(row.id)
            selection.batches.add(row.batch_id)
            payload = decode(row.credential).payload
            subject: Mapping[str, Any] = payload["credentialSubject"]  # type: ignore[assignment] # we signed it
            for study in subject.get("carbonFootprint", []):
                selection.studies.add(study["study"].rsplit("/", 1)[-1])
            for certificate in subject.get("factoryCertificates", []):
                url = certificate["document"].removesuffix("/document")
                selection.certificates.add(url.rsplit("/", 1)[-1])
            for issuer, list_id, index in status_places(payload).values():
                if issuer == operator_id:
                    selection.status_indices.setdefault(list_id, set()).add(index)
        missing = set(request.passport_ids) - selection.passports
        if missing:
            raise RecordNotFoundError("passport", min(missing))
        if request.batch_id is not None and not selection.batches:
            raise RecordNotFoundError("batch", request.batch_id)
        self._complete(selection)
        return selection

    def _passports(self, operator_id: str) -> Iterator[PassportRow]:
        request = self._request
        filters = {"operator_id": operator_id}
        if request.batch_id is not None:
            filters["batch_id"] = request.batch_id
        chosen = set(request.passport_ids)
        for rows in self._reading.archive.pages(PassportRow, filters, ROWS_A_MEMBER):
            for row in rows:
                assert isinstance(row, PassportRow)
                if not chosen or row.id in chosen:
                    yield row

    def _complete(self, selection: Selection) -> None:
        """Add what batches, studies and certificates rest on, and who signed the certificates."""
        operator_id = selection.operator_id
        for batch_id in selection.batches:
            batch = self._reading.batches.get(operator_id, batch_id)
            assert batch is not None  # its foreign key says so
            selection.models.add(batch.model_id)
            selection.facilities.add(batch.facility_id)
        for study_id in selection.studies:
            study = self._reading.studies.get(operator_id, study_id)
            if study is not None:
                selection.models.add(study.model_id)
                selection.facilities.add(study.facility_id)
        by_did = {row.did: row.id for row in self._reading.operators.all()}
        filters = {"operator_id": operator_id}
        for rows in self._reading.archive.pages(CertificateRow, filters, ROWS_A_MEMBER):
            for row in rows:
                assert isinstance(row, CertificateRow)
                if row.id in selection.certificates or selection.is_everything:
                    selection.facilities.add(row.facility_id)
                    payload = read_certificate(row.document)
                    issuer = by_did.get(str(issuer_of(payload))) if payload is not None else None
                    if issuer is not None:
                        selection.certifiers.add(issuer)


def sign_manifest(manifest: bytes, did: str, key: SigningKey) -> bytes:
    """Sign what a manifest says, in an operator's name.

    Raises:
        KeyUnavailableError: the key cannot be used now.
    """
    digest = hashlib.sha256(manifest).hexdigest()
    payload = canonicalize({"manifestSha256": digest, "operator": did})
    header = encode_header({"alg": key.algorithm, "typ": SIGNATURE_TYP, "kid": key.kid})
    return sign_compact(header, payload, key)
