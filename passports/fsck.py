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

from lca.datasets import Dataset
from passports.checks import check_identifier, check_schema
from passports.errors import PassportError
from passports.footprints import recompute
from passports.keyring import public_key_entries
from passports.log import entry_at, recomputed_root
from passports.store import PassportRow, Store
from signing.credentials import decode
from signing.did_web import build_document
from signing.errors import SigningError
from signing.evidence import Evidence
from signing.signed_note import NoteVerifier, split_note
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
    """What was checked, and the first fault of each kind of record, in the order of checking."""

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
    documents = _did_documents(store)
    walks: tuple[tuple[str, Iterator[Fault | None]], ...] = (
        ("certificates", _certificates(store)),
        ("studies", _studies(store, dataset)),
        ("status_lists", _status_lists(store, documents, at)),
        ("passports", _passports(store, documents, at)),
        ("log_heads", _log(store, log_verifiers)),
    )
    for kind, walk in walks:
        checked[kind] = 0
        for fault in walk:
            checked[kind] += 1
            progress(kind, checked[kind])
            if fault is not None:
                faults.append(fault)
    return FsckReport(checked, tuple(faults))


def _did_documents(store: Store) -> dict[str, Mapping[str, Any]]:
    with store.reading() as reading:
        return {
            row.did: build_document(row.did, public_key_entries(reading, row.id))
            for row in reading.operators.all()
        }


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


def _certificates(store: Store) -> Iterator[Fault | None]:
    with store.reading() as reading:
        for row in reading.certificates.all():
            same = hashlib.sha256(row.document).hexdigest() == row.sha256
            cited = orjson.loads(row.claims)["document_sha256"] == row.sha256
            fault = Fault("certificate", row.id, "its document is not what its SHA-256 says")
            yield None if same and cited else fault


def _studies(store: Store, dataset: Dataset) -> Iterator[Fault | None]:
    with store.reading() as reading:
        for row in reading.studies.all():
            try:
                anew = recompute(row, dataset)
            except PassportError as error:
                yield Fault("study", row.id, error.message)
                continue
            columns_fit = row.kg_co2e_per_kwh == anew.stored_kg_co2e_per_kwh
            if not columns_fit:
                yield Fault("study", row.id, "its searched columns differ from its result")
            elif anew.same_dataset and not anew.equal:
                yield Fault("study", row.id, "it does not recompute from its stored inputs")
            else:
                yield None


def _status_lists(
    store: Store, documents: Mapping[str, Mapping[str, Any]], at: datetime
) -> Iterator[Fault | None]:
    with store.reading() as reading:
        for operator in reading.operators.all():
            for row in reading.status_lists.of(operator.id):
                name = f"{operator.id}/{row.id}"
                steps = _STEPS[:5]
                yield _examined("status list", name, row.credential, documents, at, steps)


def _passports(
    store: Store, documents: Mapping[str, Mapping[str, Any]], at: datetime
) -> Iterator[Fault | None]:
    after: tuple[str, str, int] | None = None
    while True:
        with store.reading() as reading:
            rows = reading.passports.page(after, _PAGE)
        if not rows:
            return
        for row in rows:
            yield _passport(row, documents, at) or _logged(store, row)
        after = (rows[-1].operator_id, rows[-1].id, rows[-1].version)


def _logged(store: Store, row: PassportRow) -> Fault | None:
    with store.reading() as reading:
        entry = entry_at(reading, row.log_index)
    if entry == log_entry(row.credential):
        return None
    return Fault("passport", row.id, f"the log's entry {row.log_index} is not of its credential")


def _passport(
    row: PassportRow, documents: Mapping[str, Mapping[str, Any]], at: datetime
) -> Fault | None:
    if hashlib.sha256(row.credential).hexdigest() != row.sha256:
        return Fault("passport", row.id, "its credential is not what its SHA-256 says")
    fault = _examined("passport", row.id, row.credential, documents, at, _STEPS)
    if fault is not None:
        return fault
    payload = orjson.loads(decode(row.credential).payload_bytes)
    subject, status = payload["credentialSubject"], payload["credentialStatus"]
    fits = (
        payload["id"] == f"urn:uuid:{row.id}"
        and subject["serialNumber"] == row.serial
        and subject["model"]["gtin"] == row.gtin
        and subject["passportVersion"] == row.version
        and status["statusListIndex"] == str(row.status_list_index)
    )
    return None if fits else Fault("passport", row.id, "its columns differ from what was signed")


def _examined(
    kind: str,
    name: str,
    credential: bytes,
    documents: Mapping[str, Mapping[str, Any]],
    at: datetime,
    steps: tuple[str, ...],
) -> Fault | None:
    checks = {"schema": check_schema, "identifier": lambda p: check_identifier(p, None)}
    report = examine(
        credential,
        Evidence(did_documents=documents),
        at=at,
        domain_checks=checks if "schema" in steps else {},
    )
    for step in report.steps:
        if step.step in steps and step.outcome == "failed":
            return Fault(kind, name, f"step {step.number} ({step.step}): {step.message}")
    return None
