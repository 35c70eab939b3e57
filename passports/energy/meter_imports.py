"""Deliveries of readings, each to be looked at and, where no closed period rests on it, withdrawn.

What is withdrawn counts no longer and makes room for what is right; nothing of it is lost: the delivery
stays as it came, its readings are set aside, and the reason is kept.
"""

from collections.abc import Sequence
from datetime import datetime
from typing import Annotated, Any

import orjson
from pydantic import BaseModel, Field

from passports.documents import Document, Text
from passports.errors import IdentifierConflictError, RecordNotFoundError, shorten
from passports.factories import get_facility
from passports.store import MeterWithdrawalRow, Store, Transaction

SHOWN = 200  # the newest deliveries; a plant that posts each quarter of an hour makes 35,000 a year


class ImportWithdrawal(Document):
    """Why a delivery is withdrawn."""

    reason: Annotated[Text, Field(min_length=1)]


class MeterImport(BaseModel):
    """A delivery: what became of it, how many of its readings stand, whether it was withdrawn."""

    id: str
    source: str
    delivered_at: datetime
    accepted: int
    questioned: int
    refused: int
    standing: Annotated[int, Field(description="readings of it that are in the series now")]
    withdrawn_at: datetime | None
    withdrawn_reason: str | None
    used_by: Annotated[list[str], Field(description="closed periods that rest on it")]


def meter_imports(
    transaction: Transaction, operator_id: str, facility_id: str
) -> Sequence[MeterImport]:
    """Return a factory's newest deliveries, newest first.

    Raises:
        RecordNotFoundError: there is no such facility.
    """
    get_facility(transaction, operator_id, facility_id)
    facility = (operator_id, facility_id)
    records = transaction.metering.withdrawals
    standing, withdrawn = records.import_counts(facility), records.of(facility)
    found = []
    for row in records.imports(facility, SHOWN):
        kept: dict[str, Any] = orjson.loads(row.document)
        gone = withdrawn.get(row.id)
        used = transaction.metering.closed.using(facility, row.id)
        found.append(
            MeterImport(
                id=row.id,
                source=kept["delivery"]["source"],
                delivered_at=row.created_at,
                accepted=kept["report"]["accepted"],
                questioned=len(kept["report"]["questioned"]),
                refused=len(kept["report"]["refused"]),
                standing=standing.get(row.id, 0),
                withdrawn_at=gone.withdrawn_at if gone else None,
                withdrawn_reason=gone.reason if gone else None,
                used_by=[str(closed.period_from) for closed in used],
            )
        )
    return found


def withdraw_import(
    store: Store, operator_id: str, facility_id: str, import_id: str, reason: str, now: datetime
) -> int:
    """Withdraw a delivery and return how many readings count no longer.

    Raises:
        RecordNotFoundError: there is no such delivery.
        IdentifierConflictError: it was withdrawn before, or a closed period rests on it.
    """
    facility = (operator_id, facility_id)
    with store.transaction() as transaction:
        transaction.operators.lock(operator_id)
        if transaction.meter_imports.get(operator_id, facility_id, import_id) is None:
            raise RecordNotFoundError("delivery of readings", shorten(import_id))
        records = transaction.metering.withdrawals
        if records.get(operator_id, facility_id, import_id) is not None:
            raise IdentifierConflictError("id", import_id, "It was withdrawn before.")
        for closed in transaction.metering.closed.using(facility, import_id):
            days = f"{closed.period_from} to {closed.period_to}"
            remedy = f"The closed period {days} rests on it; reopen that with a reason first."
            raise IdentifierConflictError("id", import_id, remedy)
        records.add(
            MeterWithdrawalRow(
                operator_id=operator_id,
                facility_id=facility_id,
                import_id=import_id,
                reason=reason,
                withdrawn_at=now,
            )
        )
        spans = records.spans(facility, import_id)
        records.set_aside(facility, import_id)
        for meter_id, first, last, _ in spans:
            transaction.metering.months.refresh((*facility, meter_id), first, last)
        return sum(count for *_, count in spans)
