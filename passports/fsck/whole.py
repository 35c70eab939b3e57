"""fsck: re-verify the whole store from stored bytes alone, and name the first thing that is wrong.

Nothing that was derived is believed: hashes are computed anew, signatures are checked against the
recorded public keys, passports against their columns, studies against their inputs, tiles against entries.
"""

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from lca.datasets import Dataset
from passports.fsck.attributes import check_access_log, check_anchors, check_versions
from passports.fsck.authority import check_acceptances, check_acts, check_transfers
from passports.fsck.certificate_events import check_certificate_events
from passports.fsck.energy import check_closed_periods, check_energy_sums
from passports.fsck.evidence import check_certificates, check_studies
from passports.fsck.faults import FIRST_WALK, Fault, Found, to_the_end
from passports.fsck.keys import check_keys
from passports.fsck.known import what_is_known
from passports.fsck.log import check_kept_logs, check_leaves, check_log
from passports.fsck.operators import check_operator_versions
from passports.fsck.passports import check_passports
from passports.fsck.records import check_columns, check_hashes, check_prefixes, check_records
from passports.fsck.said import check_said
from passports.fsck.status import check_bits, check_status_lists
from passports.fsck.successions import check_successions
from passports.fsck.versions import check_chains
from passports.store import OneView, Store
from signing.signed_note import NoteVerifier

__all__ = ["Fault", "FsckReport", "Progress", "check_store"]

Progress = Callable[[str, int], None]


@dataclass(frozen=True)
class FsckReport:
    """What was checked, and every fault, in the order of checking."""

    checked: Mapping[str, int]
    faults: tuple[Fault, ...]

    @property
    def is_empty(self) -> bool:
        """Whether there was nothing to check at all."""
        return not self.faults and not any(self.checked.values())

    def to_document(self) -> dict[str, Any]:
        """Return the report as plain JSON data."""
        return {
            "sound": not self.faults,
            "empty": self.is_empty,
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
    *,
    is_part: bool = False,
) -> FsckReport:
    """Check every record, signature, version and status list, and the log, as they are at one instant.

    Without `log_verifiers` the log's head is held against its entries, but its signatures are not.
    `is_part` says that records of others stayed out (an archive that is laid out to be checked), so that
    not every leaf of the log and not every status bit belongs to something here.
    """
    checked: dict[str, int] = {}
    faults: list[Fault] = []

    def walk(kind: str, found: Callable[[], Iterator[Found]]) -> None:
        checked[kind] = 0
        for fault in to_the_end(kind, found):
            checked[kind] += 1
            progress(kind, checked[kind])
            if fault is not None:
                faults.append(fault)

    with OneView(store) as view:
        for kind, found in _walks(view, dataset, at, log_verifiers, is_part=is_part):
            walk(kind, found)
    return FsckReport(checked, tuple(faults))


def _walks(
    store: OneView,
    dataset: Dataset,
    at: datetime,
    verifiers: Sequence[NoteVerifier],
    *,
    is_part: bool,
) -> Iterator[tuple[str, Callable[[], Iterator[Found]]]]:
    """Yield the walks in their order; what signatures are held against is read after the first."""
    yield FIRST_WALK, lambda: check_records(store)
    known = what_is_known(store, at, verifiers)
    yield "keys", lambda: check_keys(store, is_part=is_part)
    yield "certificates", lambda: check_certificates(store, known)
    yield "certificate_events", lambda: check_certificate_events(store)
    yield "studies", lambda: check_studies(store, dataset)
    yield "status_lists", lambda: check_status_lists(store, known)
    yield "passports", lambda: check_passports(store, known)
    yield "versions", lambda: check_chains(store)
    yield "successions", lambda: check_successions(store)
    yield "log_heads", lambda: check_log(store, verifiers)
    yield "kept_logs", lambda: check_kept_logs(store)
    yield "attribute_versions", lambda: check_versions(store, known, is_part=is_part)
    yield "access_log", lambda: check_access_log(store)
    yield "access_anchors", lambda: check_anchors(store)
    if not is_part:
        yield "log_leaves", lambda: check_leaves(store)
    yield "status_bits", lambda: check_bits(store, is_part=is_part)
    yield "operator_versions", lambda: check_operator_versions(store)
    yield "acts", lambda: check_acts(store)
    yield "transfers", lambda: check_transfers(store)
    yield "acceptances", lambda: check_acceptances(store)
    yield "closed_periods", lambda: check_closed_periods(store)
    yield "energy", lambda: check_energy_sums(store)
    yield "batches", lambda: check_said(store, is_part=is_part)
    yield "files", lambda: check_hashes(store)
    yield "gs1_prefixes", lambda: check_prefixes(store)
    yield "columns", lambda: check_columns(store)
