"""Verification of a whole shipment: many credentials against the same evidence, on several cores."""

import hashlib
import pickle
from collections.abc import Iterator, Mapping, Sequence
from concurrent.futures import BrokenExecutor, Executor, Future
from contextlib import suppress
from dataclasses import dataclass
from datetime import datetime
from types import MappingProxyType
from typing import Final, TypeAlias

from signing.evidence import Evidence
from signing.report import StepResult, Verdict, VerificationReport
from signing.verify import DomainCheck, examine_all

# Large enough that sending is cheap, small enough that the cores finish together.
_CHUNK: Final = 200
_NO_CHECKS: Final[Mapping[str, DomainCheck]] = MappingProxyType({})

_Parts: TypeAlias = tuple[bytes, str | None, bytes | None]
_Common: TypeAlias = tuple[Evidence, datetime, Mapping[str, DomainCheck]]
_Outcomes: TypeAlias = list[tuple[Verdict, tuple[StepResult, ...]]]


@dataclass(frozen=True, slots=True)
class ShipmentItem:
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
    chunks = [
        list(map(_parts, items[start : start + _CHUNK])) for start in range(0, len(items), _CHUNK)
    ]
    common = evidence, at, domain_checks
    if executor is None:
        for chunk in chunks:
            yield from _examine_chunk(chunk, *common)
        return
    futures = _submit(executor, chunks, common)
    # The pool takes chunks from the front, this process from the end, until they meet: what is examined
    # here need not travel.
    here: list[list[VerificationReport]] = []
    left = len(chunks)
    while left and (left > len(futures) or futures[left - 1].cancel()):
        left -= 1
        here.append(_examine_chunk(chunks[left], *common))
    for future, chunk in zip(futures[:left], chunks, strict=False):
        try:
            outcomes = future.result()
        except BrokenExecutor:
            yield from _examine_chunk(chunk, *common)  # whoever was asked for it has died
        else:
            for verdict, steps in outcomes:
                yield VerificationReport(verdict, steps, None, at)
    for reports in reversed(here):
        yield from reports


def _submit(
    executor: Executor, chunks: Sequence[list[_Parts]], common: _Common
) -> list[Future[_Outcomes]]:
    """Ask the pool for all chunks; where it is broken, for those that it still took."""
    # Tuples travel between processes much faster than objects, and bytes faster than what they stand
    # for: what all chunks have in common is packed once, and unpacked once in each process.
    evidence, at, domain_checks = common
    packed = pickle.dumps((evidence, at, dict(domain_checks)))
    digest = hashlib.sha256(packed).digest()
    futures: list[Future[_Outcomes]] = []
    with suppress(BrokenExecutor):
        futures.extend(executor.submit(_outcomes, chunk, digest, packed) for chunk in chunks)
    return futures


def _parts(item: ShipmentItem) -> _Parts:
    return item.credential, item.expected_identifier, item.log_proof


# The last one only: what a shipment brings may be large. What was read for one chunk serves the next.
_unpacked: Final[dict[bytes, _Common]] = {}


def _outcomes(items: Sequence[_Parts], digest: bytes, common: bytes) -> _Outcomes:
    """What another process is asked for; the digest is that of the packed evidence."""
    unpacked = _unpacked.get(digest)
    if unpacked is None:
        unpacked = pickle.loads(common)  # noqa: S301 - our own, from the process that started this one
        _unpacked.clear()
        _unpacked[digest] = unpacked
    reports = _examine_chunk(items, *unpacked)
    return [(report.verdict, report.steps) for report in reports]


def _examine_chunk(
    items: Sequence[_Parts],
    evidence: Evidence,
    at: datetime,
    domain_checks: Mapping[str, DomainCheck],
) -> list[VerificationReport]:
    credentials = [
        (credential, evidence.about(identifier, proof)) for credential, identifier, proof in items
    ]
    return examine_all(credentials, at=at, domain_checks=domain_checks, keep_payloads=False)
