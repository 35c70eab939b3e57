"""What `fsck` checks of what happened to factory certificates: order, author, and the bits that tell it."""

from collections.abc import Iterator, Sequence
from typing import Final

import orjson

from passports.certification.certificate_life import (
    CertificateChange,
    CertificateEvent,
    check_change,
)
from passports.certification.certificates import FactoryCertificate
from passports.fsck.faults import Found, Reason, reason_of
from passports.fsck.rows import all_rows, is_kept
from passports.life.version_making import status_places
from passports.store import CertificateEventRow, CertificateRow, OneView, StatusListRow, Transaction
from signing.credentials import decode
from signing.status_list import StatusList

_PURPOSES: Final = ("suspension", "revocation")


def check_certificate_events(store: OneView) -> Iterator[Found]:
    """Yield for each certificate to which something happened what is wrong with that, or None."""
    with store.reading() as reading:
        for row in all_rows(reading, CertificateRow):
            reason = reason_of(lambda: _fault(reading, row))  # noqa: B023 # called at once
            yield None if reason is None else ("certificate", row.id, reason)


def _fault(reading: Transaction, row: CertificateRow) -> Reason:
    events: Sequence[CertificateEventRow] = ()
    if not reading.integrity.is_empty("certificate_event"):
        events = reading.certificate_events.of(row.operator_id, row.id)
    claims = FactoryCertificate.model_validate_json(row.claims)
    reason = _sequence(events, claims.certifier_id or row.operator_id)
    if reason is not None or claims.certifier_id is None or row.log_index is None:
        return reason
    if is_kept(reading, row.operator_id):
        return (
            None  # the certifier's name is one at the other server, and can be somebody else's here
        )
    return _bits(reading, row, events)


def _sequence(events: Sequence[CertificateEventRow], owner: str) -> Reason:
    before: list[CertificateEvent] = []
    for number, event in enumerate(events, start=1):
        if event.number != number:
            return f"what happened to it before event {event.number} is missing"
        change = CertificateChange(event.status)
        if check_change(before, change) is not None:
            return f"event {number} cannot follow what happened to it before"
        if event.by_operator_id != owner:
            return f"event {number} is not said by who issued it"
        if before and event.at < before[-1].at:
            return f"event {number} is older than the one before it"
        before.append(CertificateEvent(change, event.reason, event.by_operator_id, event.at))
    return None


def _bits(
    reading: Transaction, row: CertificateRow, events: Sequence[CertificateEventRow]
) -> Reason:
    """Hold the bits of a certificate that was signed here against what was said last of each purpose."""
    said = [event.status for event in events]
    last = next((state for state in reversed(said) if state != "withdrawn"), "reinstated")
    wanted = {"suspension": last == "suspended", "revocation": "withdrawn" in said}
    places = status_places(orjson.loads(decode(row.document).payload_bytes))
    for purpose in _PURPOSES:
        if purpose not in places:
            continue
        operator_id, list_id, index = places[purpose]
        kept = reading.integrity.at(StatusListRow, operator_id, list_id)
        if kept is not None and StatusList.from_bytes(kept.bits).get(index) != wanted[purpose]:
            return f"its bit of {purpose} is not what was said of it last"
    return None
