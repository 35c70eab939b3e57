"""Checking an archive that is laid out in a store of its own: everything, before anything is taken in.

1. **Manifest**: signed by each operator whose passports are kept.
2. **Trust**: each operator, its keys and the log stand on a trust list that the importer pinned, or are
   taken on first use, and then say so for ever.
3. **Store**: all that `fsck` checks: hashes, signatures, columns, versions, status lists, studies, the
   log's root and head, each passport's place in it, the access log's chain.
4. **Addresses**: everything was published under the archive's one base URL.
5. **Numbers**: each GTIN stands under a GS1 prefix of its operator.
"""

import hashlib
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any, Literal, TypeVar

from pydantic import BaseModel, ValidationError

from lca.datasets import Dataset
from passports.archive.container import ArchiveReader, Manifest
from passports.archive.faults import ArchiveFault
from passports.archive.write import SIGNATURE_TYP
from passports.certification.certificates import FactoryCertificate
from passports.continuity import log_origin
from passports.errors import shorten
from passports.fsck.whole import FsckReport, Progress, check_store
from passports.identifiers import PublicAddress, gtin_belongs_to
from passports.keyring import public_key_entries
from passports.life.version_making import status_places
from passports.models import BatteryModel
from passports.operators import EconomicOperator, get_operator
from passports.store import PassportRow, Store, Transaction
from passports.trust import log_entry
from signing.canonical import parse_strict
from signing.credentials import decode
from signing.did_web import did_from_url
from signing.errors import SigningError
from signing.evidence import Evidence
from signing.jws import verify_compact
from signing.keys.verifying_key import VerifyingKey, from_jwk
from signing.log_check import log_verifiers
from signing.signed_note import NoteVerifier
from signing.trust import Role, TrustEntry, TrustList

Trust = Literal["pinned", "first_use"]
Model = TypeVar("Model", bound=BaseModel)
_PAGE = 500


@dataclass(frozen=True)
class Examined:
    """What was found of an archive that is sound."""

    trust: Trust
    checked: dict[str, int]


def examine_archive(
    reader: ArchiveReader,
    staged: Store,
    trust_list: TrustList | None,
    dataset: Dataset,
    at: datetime,
    progress: Progress = lambda _kind, _count: None,
) -> Examined:
    """Check an archive; without `trust_list` its own keys are taken on first use.

    Raises:
        ArchiveFault: the first thing that is wrong.
    """
    manifest = reader.manifest
    with staged.reading() as reading:
        operators = [
            _operator(reading, manifest, place) for place in range(len(manifest.operators))
        ]
        for operator, listed in zip(operators, manifest.operators, strict=True):
            if listed.role == "kept":
                _check_signature(reader, reading, operator)
            if trust_list is not None:
                role: Role = "certifier" if listed.role == "certifier" else "manufacturer"
                _check_trust(reading, operator, role, trust_list)
    _check_log(manifest, trust_list)
    report = _check_store(staged, manifest, dataset, at, progress)
    if report.faults:
        fault = report.faults[0]
        raise ArchiveFault(f"{fault.kind} {fault.id}", fault.reason)
    try:
        for operator in operators:
            _check_documents(staged, operator, manifest, trust_list)
    except (SigningError, KeyError, TypeError, ValueError) as error:
        name = type(error).__name__
        raise ArchiveFault("archive", f"its documents cannot be read ({name})") from None
    return Examined("first_use" if trust_list is None else "pinned", dict(report.checked))


def _operator(reading: Transaction, manifest: Manifest, place: int) -> EconomicOperator:
    listed = manifest.operators[place]
    row = reading.operators.get(listed.id)
    if row is None:
        raise ArchiveFault(f"operator {listed.id}", "the manifest names it, and it is not here")
    try:
        operator = get_operator(reading, listed.id)
    except ValidationError:
        raise ArchiveFault(f"operator {listed.id}", "its document cannot be read") from None
    expected = did_from_url(PublicAddress(manifest.baseUrl).operator_url(listed.id))
    said = {row.id: listed.id, row.did: expected, operator.did: expected, listed.did: expected}
    if any(value != wanted for value, wanted in said.items()) or operator.id != listed.id:
        raise ArchiveFault(f"operator {listed.id}", f"its DID is not {expected}")
    if (row.name, row.country) != (operator.name, operator.country):
        raise ArchiveFault(f"operator {listed.id}", "its columns differ from its document")
    return operator


def _keys(reading: Transaction, operator_id: str) -> list[tuple[VerifyingKey, bool]]:
    """Return an operator's keys, each with whether it was revoked."""
    try:
        return [
            (from_jwk(entry.jwk), entry.revoked is not None)
            for entry in public_key_entries(reading, operator_id)
        ]
    except SigningError as error:
        raise ArchiveFault(f"operator {operator_id}", f"a key cannot be read: {error}") from None


def _check_signature(
    reader: ArchiveReader, reading: Transaction, operator: EconomicOperator
) -> None:
    where = f"signature of {operator.id}"
    keys = [key for key, is_revoked in _keys(reading, operator.id) if not is_revoked]
    try:
        jws, _key = verify_compact(
            reader.signature(operator.id), keys, typ=SIGNATURE_TYP, step="signature"
        )
        payload = parse_strict(jws.payload_bytes)
    except SigningError as error:
        raise ArchiveFault(where, str(error)) from None
    digest = hashlib.sha256(reader.manifest_bytes).hexdigest()
    if payload != {"manifestSha256": digest, "operator": operator.did}:
        raise ArchiveFault(where, "it is over another manifest")


def _check_trust(
    reading: Transaction, operator: EconomicOperator, role: Role, trust_list: TrustList
) -> None:
    entry = trust_list.find(operator.did, role) or trust_list.find(operator.did, "certifier")
    if entry is None:
        raise ArchiveFault(f"operator {operator.id}", "it is not on the trust list")
    trusted = {key.key.thumbprint for key in entry.keys}
    for key, _is_revoked in _keys(reading, operator.id):
        # Where a list leaves the keys to the DID document, an archive's own is none: nobody signed it.
        if key.thumbprint not in trusted:
            raise ArchiveFault(f"key {key.thumbprint}", "the trust list does not have it")


def _check_log(manifest: Manifest, trust_list: TrustList | None) -> None:
    log = manifest.log
    if log is None:
        return
    if log.origin != log_origin(manifest.baseUrl):
        raise ArchiveFault("log", f"it is {log.origin}, not the log of {manifest.baseUrl}")
    if trust_list is None:
        return
    entry = trust_list.find(log.origin, "log")
    if entry is None:
        raise ArchiveFault("log", f"{log.origin} is not on the trust list")
    trusted = {key.key.thumbprint for key in entry.keys}
    try:
        own = {from_jwk(key).thumbprint for key in log.keys}
    except SigningError as error:
        raise ArchiveFault("log", f"a key cannot be read: {error}") from None
    if not own <= trusted:
        raise ArchiveFault("log", "the trust list does not have its keys")


def _log_verifiers(manifest: Manifest, at: datetime) -> Sequence[NoteVerifier]:
    if manifest.log is None:
        return ()
    try:
        entry = log_entry(manifest.log.origin, manifest.log.keys, at)
        own = TrustList(issued_at=at, valid_until=at, entries=(entry,))
        verifiers = log_verifiers(Evidence(trust_list=own))
    except SigningError as error:
        raise ArchiveFault("log", f"a key cannot be read: {error}") from None
    if not verifiers:
        raise ArchiveFault("log", "no key came along that signs heads of logs")
    return verifiers


def _check_store(
    staged: Store, manifest: Manifest, dataset: Dataset, at: datetime, progress: Progress
) -> FsckReport:
    verifiers = _log_verifiers(manifest, at)
    try:
        return check_store(staged, dataset, at, progress, verifiers, is_part=True)
    except Exception as error:  # noqa: BLE001 # a stranger's rows: what breaks on them is their fault
        name = type(error).__name__
        raise ArchiveFault("archive", f"its rows cannot be checked ({name})") from None


def _check_documents(
    staged: Store, operator: EconomicOperator, manifest: Manifest, trust_list: TrustList | None
) -> None:
    """Hold models, certificates and passports against the operator's numbers and address."""
    base = manifest.baseUrl + "/"
    entry = trust_list.find(operator.did, "manufacturer") if trust_list is not None else None
    with staged.reading() as reading:
        gtins = set(_gtins(reading, operator, entry))
        for row in reading.certificates.all():
            if row.operator_id == operator.id:
                _read(FactoryCertificate, row.claims, f"certificate {row.id}")
        filters = {"operator_id": operator.id}
        for rows in reading.archive.pages(PassportRow, filters, _PAGE):
            for passport in rows:
                assert isinstance(passport, PassportRow)
                _check_addresses(passport, base, gtins, manifest)


def _read(document_type: type[Model], data: bytes, where: str) -> Model:
    try:
        return document_type.model_validate_json(data)
    except ValidationError:
        raise ArchiveFault(where, "its document cannot be read") from None


def _gtins(
    reading: Transaction, operator: EconomicOperator, entry: TrustEntry | None
) -> Iterator[str]:
    for row in reading.models.all(operator.id):
        model = _read(BatteryModel, row.document, f"model {row.id}")
        if (model.operator_id, model.id, model.gtin) != (operator.id, row.id, row.gtin):
            raise ArchiveFault(f"model {row.id}", "its columns differ from its document")
        allowed = gtin_belongs_to(row.gtin, operator.gs1_prefixes)
        if not allowed or (entry is not None and not entry.allows_gtin(row.gtin)):
            reason = f"GTIN {row.gtin} stands under no GS1 prefix of {operator.id}"
            raise ArchiveFault(f"model {row.id}", reason)
        yield row.gtin


def _check_addresses(row: PassportRow, base: str, gtins: set[str], manifest: Manifest) -> None:
    where = f"passport {row.id}"
    if row.gtin not in gtins:
        raise ArchiveFault(where, f"GTIN {row.gtin} is not of a model in the archive")
    payload: Mapping[str, Any] = decode(row.credential).payload
    link, log = payload["credentialSubject"]["id"], payload["transparencyLog"]["origin"]
    if not str(link).startswith(base + "01/"):
        raise ArchiveFault(where, f"its link {shorten(str(link))} is not below {base}")
    if manifest.log is None or log != manifest.log.origin:
        raise ArchiveFault(where, f"it stands in the log {shorten(str(log))}, which is not here")
    lists = status_places(payload).values()
    if any(operator_id != row.operator_id for operator_id, _list, _index in lists):
        raise ArchiveFault(where, "its status stands on another operator's list")
