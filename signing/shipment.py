"""Verification of a whole shipment: many credentials against the same evidence, on several cores."""

import hashlib
import os
import pickle
from collections.abc import Iterator, Mapping, Sequence
from concurrent.futures import Executor, Future
from contextlib import closing
from datetime import datetime
from itertools import chain
from types import MappingProxyType
from typing import Final, NamedTuple, TypeAlias

from signing.evidence import Evidence
from signing.report import StepResult, Verdict, VerificationReport
from signing.spool import Spool, Spooled
from signing.verify import DomainCheck, examine_all

# What this process examines at a time, before it looks whether others want more.
_CHUNK: Final = 64
# Others are asked for less the less is left, so that all are done together; asking has a price, too.
_LEAST_ASKED, _MOST_ASKED = 64, 512
# With more, what the calling process does alone (its database, a receipt) takes longer than their share.
_MOST_CORES: Final = 8
_NO_CHECKS: Final[Mapping[str, DomainCheck]] = MappingProxyType({})

_Common: TypeAlias = tuple[Evidence, datetime, Mapping[str, DomainCheck]]
_Outcomes: TypeAlias = list[tuple[Verdict, tuple[StepResult, ...]]]


def usable_cores() -> int:
    """How many cores a shipment is shared among, with the caller's own: 8 at the most.

    A container can be given fewer than the machine has.
    """
    allowed = len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count()
    return min(allowed or 1, _MOST_CORES)


_CORES: Final = usable_cores()
# Chunks asked for and not yet examined: enough that nobody waits for the next.
_AHEAD: Final = 2 * _CORES


class ShipmentItem(NamedTuple):
    """One credential of a shipment, with the evidence that is its own.

    Attributes:
        credential: As it was received.
        expected_identifier: The link that was scanned.
        log_proof: Proof of inclusion in a log.
    """

    credential: bytes
    expected_identifier: str | None = None
    log_proof: bytes | None = None


def examine_shipment(
    items: Sequence[ShipmentItem],
    evidence: Evidence,
    *,
    at: datetime,
    domain_checks: Mapping[str, DomainCheck] = _NO_CHECKS,
    executor: Executor | None = None,
) -> Iterator[VerificationReport]:
    """Examine every item as `signing.verify.examine` does, in order; never raises on any item.

    The reports carry no ``credential``: the caller has the bytes, and sending them back from another
    process would cost more than it took to verify them.

    Args:
        items: The credentials.
        evidence: What is at hand for all of them.
        at: The instant for which validity and status are judged.
        domain_checks: As for `examine`; with processes, functions that can be pickled.
        executor: For several cores, a process pool of the caller's with one process less than there
            are cores, best kept from one shipment to the next: this process does its share too. By
            default all happens here.
    """
    common = evidence, at, dict(domain_checks)
    others = None if executor is None else _Others.for_shipment(executor, common)
    if others is None:
        for start in range(0, len(items), _CHUNK):
            yield from _examine(items[start : start + _CHUNK], common)
        return
    with closing(others):
        yield from _SharedShipment(items, common, others).reports()


class _Asked(NamedTuple):
    """Items that others were asked to examine; nobody, where it did not come to that."""

    items: Sequence[ShipmentItem]
    future: Future[_Outcomes] | None


class _SharedShipment:
    """A shipment that others examine from the front, and this process from the end, until they meet."""

    def __init__(self, items: Sequence[ShipmentItem], common: _Common, others: "_Others") -> None:
        self._items = items
        self._common = common
        self._others = others
        self._front, self._end = 0, len(items)
        self._asked: list[_Asked] = []

    def reports(self) -> Iterator[VerificationReport]:
        """The reports in order."""
        from_the_end = []
        while self._front < self._end:
            self._ask_ahead()
            start = max(self._end - _CHUNK, self._front)
            from_the_end.append(_examine(self._items[start : self._end], self._common))
            self._end = start
        yield from chain.from_iterable(self._from_the_front())
        yield from chain.from_iterable(reversed(from_the_end))

    def _ask_ahead(self) -> None:
        """Ask others for so much that they have something to do while this process examines."""
        for slot in self._others.free_slots():
            left = self._end - self._front
            if left > 0:
                number = min(max(left // (4 * _CORES), _LEAST_ASKED), _MOST_ASKED, left)
                asked = self._others.ask(slot, self._items[self._front : self._front + number])
                self._asked.append(asked)
                self._front += len(asked.items)

    def _from_the_front(self) -> list[list[VerificationReport]]:
        # Who has not begun, hangs or has died is not waited for: from the last chunk on this process
        # makes up for what has not come yet, so all are done at the same time.
        at = self._common[1]
        reports = []
        for items, future in reversed(self._asked):
            if future is None or not _is_answered(future):
                reports.append(_examine(items, self._common))
            else:
                outcomes = future.result()
                reports.append([VerificationReport(*outcome, None, at) for outcome in outcomes])
        return reports[::-1]


def _is_answered(future: Future[_Outcomes]) -> bool:
    return future.done() and not future.cancelled() and future.exception() is None


class _Others:
    """Other processes, and the memory by which they get what they are to examine."""

    def __init__(self, executor: Executor, spool: Spool, digest: bytes) -> None:
        self._executor = executor
        self._spool = spool
        self._digest = digest
        self._slots: list[Future[_Outcomes] | None] = [None] * _AHEAD

    @classmethod
    def for_shipment(cls, executor: Executor, common: _Common) -> "_Others | None":
        """None where there is no place, on a disk that is full for instance."""
        # What all chunks have in common is packed once, and unpacked once in each process.
        packed = pickle.dumps(common)
        try:
            return cls(executor, Spool(packed, _AHEAD), hashlib.sha256(packed).digest())
        except OSError:
            return None

    def free_slots(self) -> list[int]:
        """Those that nobody reads any more."""
        slots = enumerate(self._slots)
        return [slot for slot, future in slots if future is None or future.done()]

    def ask(self, slot: int, items: Sequence[ShipmentItem]) -> _Asked:
        """Ask for as many as fit into a free slot; for the first one alone, nobody, if that does not."""
        credentials = self._spool.put(slot, [item.credential for item in items])
        items = items[: max(len(credentials.lengths), 1)]
        own = [item[1:] for item in items]
        letter = _Letter(self._digest, self._spool.common, credentials, own)
        try:
            future = self._executor.submit(_outcomes, letter) if credentials.lengths else None
        except (
            RuntimeError
        ):  # one of them has died (BrokenExecutor), or the server is being stopped
            future = None
        self._slots[slot] = future
        return _Asked(items, future)

    def close(self) -> None:
        """Let go of the memory; what they have not begun they will pass over."""
        # Not by cancelling: where a process then dies, the pool's own thread dies of what was cancelled
        # (CPython 3.11, terminate_broken) and whatever it is asked for later never ends.
        self._spool.close()


class _Letter(NamedTuple):
    """What another process is asked for."""

    digest: bytes
    common: Spooled
    credentials: Spooled
    own: list[tuple[str | None, bytes | None]]


# The last one only: what a shipment brings may be large. What was read for one chunk serves the next.
_unpacked: Final[dict[bytes, _Common]] = {}


def _outcomes(letter: _Letter) -> _Outcomes:
    common = _unpacked.get(letter.digest)
    if common is None:
        (packed,) = letter.common.read()
        common = pickle.loads(packed)  # noqa: S301 - our own, from the process that started this one
        _unpacked.clear()
        _unpacked[letter.digest] = common
    items = [
        ShipmentItem(credential, *own)
        for credential, own in zip(letter.credentials.read(), letter.own, strict=True)
    ]
    return [(report.verdict, report.steps) for report in _examine(items, common)]


def _examine(items: Sequence[ShipmentItem], common: _Common) -> list[VerificationReport]:
    evidence, at, domain_checks = common
    credentials = [
        (credential, evidence.about(expected_identifier, log_proof))
        for credential, expected_identifier, log_proof in items
    ]
    return examine_all(credentials, at=at, domain_checks=domain_checks, keep_payloads=False)
