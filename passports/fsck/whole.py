"""`fsck`: re-verify the store from stored bytes alone, and name the first thing that is wrong.

Nothing that was derived is believed: hashes are computed anew, signatures are checked against the
recorded public keys, passports against their columns, studies against their inputs.
"""

import hashlib
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any, Final

import orjson
from pydantic import ValidationError

from lca.datasets import Dataset
from passports.archive.continuity import kept_in_public
from passports.archive.kept_logs import entry_of, kept_root
from passports.certification.certificates import FactoryCertificate
from passports.errors import PassportError
from passports.footprints import recompute
from passports.fsck.attributes import (
    Found,
    check_access_log,
    check_anchors,
    check_leaves,
    check_versions,
)
from passports.fsck.authority import check_acceptances, check_acts, check_transfers
from passports.fsck.energy import check_closed_periods, check_energy_sums
from passports.fsck.successions import check_successions
from passports.fsck.versions import check_chains
from passports.keyring import public_key_entries
from passports.life.version_making import status_places
from passports.log import recomputed_root
from passports.store import FootprintStudyRow, PassportRow, StatusListRow, Store
from passports.verification.checks import BatteryEvidence, domain_checks
from signing.credentials import decode, issuer_of
from signing.did_web import build_document
from signing.errors import SigningError
from signing.evidence import Evidence
from signing.signed_note import NoteVerifier, split_note
from signing.status_list import StatusList
from signing.transparency_log import Checkpoint, log_entry, open_checkpoint
from signing.verify import examine

Progress = Callable[[str, int], None]
_PAGE: Final = 500
# A credential is held to these; the rest needs evidence from outside of the store.
_STEPS: Final = (
    "parse",
    "format",
    "algorithm",
    "issuer_found",
    "signature",
    "schema",
    "identifier",
)


@dataclass(frozen=True)
class Fault:
    """One thing that is wrong in the store."""

    kind: str
    id: str
    reason: str

    def to_document(self) -> dict[str, str]:
        """Return the fault as plain JSON data."""
        return {"kind": self.kind, "id": self.id, "reason": self.reason}


@dataclass(frozen=True)
class FsckReport:
    """What was checked, and every fault, in the order of checking."""

    checked: Mapping[str, int]
    faults: tuple[Fault, ...]

    def to_document(self) -> dict[str, Any]:
        """Return the report as plain JSON data."""
        return {
            "sound": not self.faults,
            "checked": dict(self.checked),
            "first_fault": self.faults[0].to_document() if self.faults else None,
            "faults": [fault.to_document() for fault in self.faults],
        }


def check_store(
    store: Store,
    dataset: Dataset,
    at: datetime,
    progress: Progress = lambda _kind, _count: None,
    log_verifiers: Sequence[NoteVerifier] = (),
) -> FsckReport:
    """Check certificates, studies, status lists, every version of every passport, and the log.

    Without `log_verifiers` the log's head is held against its entries, but its signature is not.
    """
    checked: dict[str, int] = {}
    faults: list[Fault] = []
    known = _what_is_known(store, at)
    walks: tuple[tuple[str, Iterator[Fault | None]], ...] = (
        ("certificates", _certificates(store)),
        ("studies", _studies(store, dataset)),
        ("status_lists", _status_lists(store, known)),
        ("passports", _passports(store, known)),
        ("versions", _as_faults(check_chains(store))),
        ("successions", _as_faults(check_successions(store))),
        ("log_heads", _log(store, log_verifiers)),
        ("kept_logs", _kept_logs(store)),
        ("attribute_versions", _as_faults(check_versions(store, known.did_documents, at))),
        ("access_log", _as_faults(check_access_log(store))),
        ("access_anchors", _as_faults(check_anchors(store))),
        ("log_leaves", _as_faults(check_leaves(store))),
        ("acts", _as_faults(check_acts(store))),
        ("transfers", _as_faults(check_transfers(store))),
        ("acceptances", _as_faults(check_acceptances(store))),
        ("closed_periods", _as_faults(check_closed_periods(store))),
        ("energy", _as_faults(check_energy_sums(store))),
    )
    for kind, walk in walks:
        checked[kind] = 0
        for fault in walk:
            checked[kind] += 1
            progress(kind, checked[kind])
            if fault is not None:
                faults.append(fault)
    return FsckReport(checked, tuple(faults))


def _as_faults(found: Iterator[Found]) -> Iterator[Fault | None]:
    for fault in found:
        yield None if fault is None else Fault(*fault)


@dataclass(frozen=True)
class _Known:
    """What passports and status lists are held against.

    Attributes:
        dids: DIDs by operator.
        did_documents: DID documents by DID.
        given_out: Which status indices are given out, by operator and list.
        cited: SHA-256 of studies and certificates by their identifiers.
        at: The instant of checking.
    """

    dids: Mapping[str, str]
    did_documents: Mapping[str, Mapping[str, Any]]
    given_out: Mapping[tuple[str, str], bytes]
    cited: Mapping[str, str]
    at: datetime


def _what_is_known(store: Store, at: datetime) -> _Known:
    with store.reading() as reading:
        operators = reading.operators.all()
        lists = [row for operator in operators for row in reading.status_lists.of(operator.id)]
        return _Known(
            dids={row.id: row.did for row in operators},
            did_documents={
                row.did: build_document(row.did, public_key_entries(reading, row.id))
                for row in operators
            },
            given_out={(row.operator_id, row.id): row.given_out for row in lists},
            cited={
                **{row.id: row.result_sha256 for row in reading.studies.all()},
                **{row.id: row.sha256 for row in reading.certificates.all()},
            },
            at=at,
        )


def _log(store: Store, verifiers: Sequence[NoteVerifier]) -> Iterator[Fault | None]:
    found = recomputed_root(store)
    if found is None:
        return
    size, root, note = found
    try:
        head = Checkpoint.parse(split_note(note)[0])
        if verifiers:
            open_checkpoint(note, verifiers)
    except SigningError as error:
        yield Fault("log head", "checkpoint", str(error))
        return
    if (head.size, head.root) != (size, root):
        reason = f"its root over {head.size} leaves is not the root of the {size} entries"
        yield Fault("log head", head.origin, reason)
        return
    yield None


def _kept_logs(store: Store) -> Iterator[Fault | None]:
    with store.reading() as reading:
        for log in reading.kept_logs.all():
            head = Checkpoint.parse(split_note(log.checkpoint)[0])
            is_sound = (head.size, head.root) == kept_root(reading, log)
            fault = Fault("log head", log.origin, "its root is not the root of its kept entries")
            yield None if is_sound else fault


def _certificates(store: Store) -> Iterator[Fault | None]:
    with store.reading() as reading:
        for row in reading.certificates.all():
            if row.log_index is not None and entry_of(
                reading, row.operator_id, row.log_index
            ) != log_entry(row.document):
                reason = f"the log's entry {row.log_index} is not of its document"
                yield Fault("certificate", row.id, reason)
                continue
            if hashlib.sha256(row.document).hexdigest() != row.sha256:
                yield Fault("certificate", row.id, "its document is not what its SHA-256 says")
                continue
            try:
                claims = FactoryCertificate.model_validate_json(row.claims)
            except ValidationError:
                yield Fault("certificate", row.id, "what was read off it cannot be read")
                continue
            columns = (row.operator_id, row.id, row.facility_id, row.scheme, row.sha256)
            said = (
                claims.operator_id,
                claims.id,
                claims.facility_id,
                claims.scheme,
                claims.document_sha256,
            )
            differ = Fault("certificate", row.id, "its columns differ from what was read off it")
            yield None if columns == said else differ


def _studies(store: Store, dataset: Dataset) -> Iterator[Fault | None]:
    with store.reading() as reading:
        public_only = kept_in_public(reading)
        for row in reading.studies.all():
            if row.operator_id in public_only:  # a public archive leaves a study's inputs out
                is_whole = hashlib.sha256(row.result).hexdigest() == row.result_sha256
                fault = Fault("study", row.id, "its result is not what its SHA-256 says")
                yield None if is_whole and _columns_fit(row) else fault
                continue
            try:
                anew = recompute(row, dataset)
            except PassportError as error:
                yield Fault("study", row.id, error.message)
                continue
            if not _columns_fit(row):
                yield Fault("study", row.id, "its searched columns differ from its result")
            elif anew.same_dataset and not anew.equal:
                reason = f"it does not recompute from its stored inputs: {anew.differs_at}"
                yield Fault("study", row.id, reason)
            else:
                yield None


_SEARCHED: Final = (
    "kg_co2e_per_kwh",
    "kg_co2e_per_battery",
    "kg_co2e_per_kwh_capacity",
    "partial",
)


def _columns_fit(row: FootprintStudyRow) -> bool:
    result = orjson.loads(row.result)
    figures = all(getattr(row, name) == result[name] for name in _SEARCHED)
    made_for = (row.ruleset, row.facility_id)
    return figures and made_for == (result["ruleset"]["id"], result["plant"]["facility_id"])


def _status_lists(store: Store, known: _Known) -> Iterator[Fault | None]:
    with store.reading() as reading:
        for operator in reading.operators.all():
            for row in reading.status_lists.of(operator.id):
                yield _status_list(row, known)


def _status_list(row: StatusListRow, known: _Known) -> Fault | None:
    name = f"{row.operator_id}/{row.id}"
    fault = _examined("status list", name, row.credential, known, _STEPS[:5])
    if fault is not None:
        return fault
    payload = orjson.loads(decode(row.credential).payload_bytes)
    if not str(payload.get("id")).endswith(f"/{name}"):
        return Fault("status list", name, "what was signed is another list")
    try:
        signed = StatusList.decode(payload["credentialSubject"]["encodedList"])
    except (SigningError, KeyError, TypeError) as error:
        return Fault("status list", name, f"what was signed is no status list: {error}")
    if signed.to_bytes() != row.bits:
        return Fault("status list", name, "its bits differ from what was signed")
    return None


def _passports(store: Store, known: _Known) -> Iterator[Fault | None]:
    after: tuple[str, str, int] | None = None
    while True:
        with store.reading() as reading:
            rows = reading.passports.page(after, _PAGE)
        if not rows:
            return
        for row in rows:
            yield _passport(row, known) or _logged(store, row)
        after = (rows[-1].operator_id, rows[-1].id, rows[-1].version)


def _logged(store: Store, row: PassportRow) -> Fault | None:
    with store.reading() as reading:
        entry = entry_of(reading, row.operator_id, row.log_index)
    if entry == log_entry(row.credential):
        return None
    return Fault("passport", row.id, f"the log's entry {row.log_index} is not of its credential")


def _passport(row: PassportRow, known: _Known) -> Fault | None:
    if hashlib.sha256(row.credential).hexdigest() != row.sha256:
        return Fault("passport", row.id, "its credential is not what its SHA-256 says")
    fault = _examined("passport", row.id, row.credential, known, _STEPS)
    if fault is not None:
        return fault
    payload = orjson.loads(decode(row.credential).payload_bytes)
    if not _signed_as_filed(row, payload, known):
        return Fault("passport", row.id, "its columns differ from what was signed")
    if not _are_given_out(payload, known):
        return Fault("passport", row.id, "its status index is not given out")
    for identifier, sha256 in _cited(payload["credentialSubject"]):
        if known.cited.get(identifier) != sha256:
            return Fault("passport", row.id, f"it cites {identifier}, which is not here as cited")
    return None


def _are_given_out(payload: Mapping[str, Any], known: _Known) -> bool:
    try:
        return all(
            StatusList.from_bytes(known.given_out[operator_id, list_id]).get(index)
            for operator_id, list_id, index in status_places(payload).values()
        )
    except (KeyError, IndexError, ValueError, SigningError):
        return False


def _signed_as_filed(row: PassportRow, payload: Mapping[str, Any], known: _Known) -> bool:
    subject = payload["credentialSubject"]
    revocation = status_places(payload).get("revocation")
    return (
        payload["id"] == f"urn:uuid:{row.id}"
        and issuer_of(payload) == known.dids.get(row.operator_id)
        and subject["serialNumber"] == row.serial
        and subject["model"]["gtin"] == row.gtin
        and subject["passportVersion"] == row.version
        and subject["batch"] == row.batch_id
        and revocation == (row.operator_id, row.status_list_id, row.status_list_index)
    )


def _cited(subject: Mapping[str, Any]) -> Iterator[tuple[str, str]]:
    """Yield (identifier, SHA-256) of studies and certificates; the address before them may change."""
    for study in subject["carbonFootprint"]:
        yield study["study"].rsplit("/", 1)[-1], study["studySha256"]
    for certificate in subject["factoryCertificates"]:
        url = certificate["document"].removesuffix("/document")
        yield url.rsplit("/", 1)[-1], certificate["documentSha256"]


def _examined(
    kind: str, name: str, credential: bytes, known: _Known, steps: tuple[str, ...]
) -> Fault | None:
    report = examine(
        credential,
        Evidence(did_documents=known.did_documents),
        at=known.at,
        domain_checks=domain_checks(BatteryEvidence()) if "schema" in steps else {},
    )
    for step in report.steps:
        if step.step in steps and step.outcome == "failed":
            return Fault(kind, name, f"step {step.number} ({step.step}): {step.message}")
    return None
