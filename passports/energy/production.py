"""What a factory made: by period, model and line, as registered; the denominator of every intensity."""

from collections.abc import Sequence
from datetime import date, datetime
from typing import Annotated, Self
from uuid import uuid4

from pydantic import Field, model_validator

from passports.documents import Document, Name, PastDate, PositiveNumber, RuleError, Slug, Text
from passports.errors import IdentifierConflictError, RecordNotFoundError, shorten
from passports.factories import get_facility
from passports.models import get_model
from passports.store import ProductionRow, Store, Transaction


class ProductionCreate(Document):
    """Batteries finished from one day to another, both included; `kwh` is their rated energy.

    Each battery is registered once: where it was finished, not at every line that it passed.
    """

    period_from: PastDate
    period_to: PastDate
    kwh: PositiveNumber
    pieces: Annotated[int, Field(ge=1)] | None = None
    model_id: Slug | None = None
    line: Name | None = None
    source: Text

    @model_validator(mode="after")
    def _ends_after_it_begins(self) -> Self:
        if self.period_to < self.period_from:
            raise RuleError("the period ends before it begins", "Give its first and its last day.")
        return self


class Production(ProductionCreate):
    """Registered production."""

    id: str
    operator_id: str
    facility_id: str
    created_at: datetime
    withdrawn_reason: str | None


class ProductionWithdrawal(Document):
    """That a registered amount does not stand, and why."""

    reason: Annotated[Text, Field(min_length=1)]


def register_production(
    store: Store, operator_id: str, facility_id: str, request: ProductionCreate, now: datetime
) -> Production:
    """Register what was made.

    Raises:
        RecordNotFoundError: there is no such facility or model.
        IdentifierConflictError: days of the same model and line are registered already.
    """
    production = Production(
        **request.model_dump(),
        id=str(uuid4()),
        operator_id=operator_id,
        facility_id=facility_id,
        created_at=now,
        withdrawn_reason=None,
    )
    with store.transaction() as transaction:
        transaction.operators.lock(operator_id)  # two that overlap cannot both look first
        get_facility(transaction, operator_id, facility_id)
        if request.model_id is not None:
            get_model(transaction, operator_id, request.model_id)
        days = (request.period_from, request.period_to)
        for other in production_in(transaction, operator_id, facility_id, *days):
            if (other.model_id, other.line) == (request.model_id, request.line):
                taken = f"{other.period_from} to {other.period_to}"
                remedy = f"{taken} is registered; withdraw it, or give other days."
                raise IdentifierConflictError("period", f"{days[0]} to {days[1]}", remedy)
        transaction.metering.production.add(
            ProductionRow(
                operator_id=operator_id,
                facility_id=facility_id,
                id=production.id,
                period_from=production.period_from,
                period_to=production.period_to,
                kwh=production.kwh,
                created_at=now,
                document=production.model_dump_json().encode(),
            )
        )
    return production


def production_in(
    transaction: Transaction, operator_id: str, facility_id: str, first: date, last: date
) -> list[Production]:
    """Return what stands of the production that shares a day with a period."""
    rows = transaction.metering.production.meeting((operator_id, facility_id), first, last)
    return [_production(row) for row in rows]


def all_production(
    transaction: Transaction, operator_id: str, facility_id: str
) -> Sequence[Production]:
    """Return all registered production of a factory, withdrawn amounts too, oldest first."""
    rows = transaction.metering.production.of((operator_id, facility_id))
    return [_production(row) for row in rows]


def _production(row: ProductionRow) -> Production:
    found = Production.model_validate_json(row.document)
    return found.model_copy(update={"withdrawn_reason": row.withdrawn_reason})


def withdraw_production(
    store: Store, operator_id: str, facility_id: str, production_id: str, reason: str
) -> Production:
    """Withdraw a registered amount; it stays visible with the reason.

    Raises:
        RecordNotFoundError: there is no such record.
        IdentifierConflictError: it was withdrawn before, or a closed period counts it.
    """
    with store.transaction() as transaction:
        transaction.operators.lock(operator_id)
        row = transaction.metering.production.get(operator_id, facility_id, production_id)
        if row is None:
            raise RecordNotFoundError("production", shorten(production_id))
        if row.withdrawn_reason is not None:
            raise IdentifierConflictError("id", row.id, "It was withdrawn before.")
        newest = {
            r.period_from: r for r in transaction.metering.closed.of((operator_id, facility_id))
        }
        for closed in newest.values():
            meets = row.period_from <= closed.period_to and row.period_to >= closed.period_from
            if meets and closed.reopened_at is None:
                remedy = (
                    f"The period closed from {closed.period_from} counts it; reopen that first."
                )
                raise IdentifierConflictError("id", row.id, remedy)
        row.withdrawn_reason = reason
        transaction.metering.production.update(row)
        return _production(row)
