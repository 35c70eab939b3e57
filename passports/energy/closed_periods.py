"""Periods that are closed: listed with all their versions, opened again, recomputed from their deliveries."""

from collections.abc import Mapping
from datetime import date, datetime

from passports.energy.period_documents import QUANTITY_DECIMALS, ClosedPeriod
from passports.errors import IdentifierConflictError, RecordNotFoundError
from passports.factories import get_facility
from passports.store import ClosedPeriodRow, Store, Transaction


def closed_periods(
    transaction: Transaction, operator_id: str, facility_id: str
) -> list[ClosedPeriod]:
    """Return all versions of a factory's closed periods, oldest first.

    Raises:
        RecordNotFoundError: there is no such facility.
    """
    get_facility(transaction, operator_id, facility_id)
    return [_read(row) for row in transaction.metering.closed.of((operator_id, facility_id))]


def _read(row: ClosedPeriodRow) -> ClosedPeriod:
    closed = ClosedPeriod.model_validate_json(row.document)
    closed.reopened_at, closed.reopened_reason = row.reopened_at, row.reopened_reason
    return closed


def reopen_period(
    store: Store, operator_id: str, facility_id: str, period_from: date, reason: str, now: datetime
) -> ClosedPeriod:
    """Open a closed period again: it stays in force until its next version is closed.

    Raises:
        RecordNotFoundError: no such period is closed.
        IdentifierConflictError: it is open already.
    """
    with store.transaction() as transaction:
        transaction.operators.lock(operator_id)
        versions = transaction.metering.closed.versions((operator_id, facility_id), period_from)
        if not versions:
            remedy = (
                "Listed by: voltpass facility energy periods FACILITY, or"
                " GET /v1/facilities/{id}/closed-periods."
            )
            raise RecordNotFoundError("closed period", str(period_from), remedy)
        row = versions[-1]
        if row.reopened_at is not None:
            raise IdentifierConflictError("period", str(period_from), "It is open already.")
        row.reopened_at, row.reopened_reason = now, reason
        transaction.metering.closed.update(row)
        return _read(row)


def recompute_period(
    transaction: Transaction, operator_id: str, facility_id: str, period_from: date, version: int
) -> Mapping[str, tuple[float, float]]:
    """Sum a version anew from the very deliveries it rests on; return meters whose sums differ.

    Each with what was written down and what comes out; empty where all agree.

    Raises:
        RecordNotFoundError: there is no such version.
    """
    row = transaction.metering.closed.get(operator_id, facility_id, period_from, version)
    if row is None:
        raise RecordNotFoundError("closed period", f"{period_from}, version {version}")
    closed = _read(row)
    anew = transaction.metering.closed.recomputed(row)
    pairs = {
        total.meter: (total.quantity, round(anew.get(total.meter, (0.0, 0))[0], QUANTITY_DECIMALS))
        for total in closed.meters
    }
    return {name: pair for name, pair in pairs.items() if pair[0] != pair[1]}
