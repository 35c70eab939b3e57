"""What a factory means to reach: a metric, a year, a value; held against what was metered."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import asdict, dataclass
from datetime import datetime
from types import MappingProxyType
from typing import Annotated, Any, Final, Literal

from pydantic import BaseModel, Field

from passports.documents import Document, NonNegativeNumber, Text
from passports.energy.terms import TargetMetric
from passports.energy.year_sums import YearSum
from passports.factories import get_facility
from passports.store import FacilityTargetRow, Store, Transaction


@dataclass(frozen=True)
class Metric:
    """A metric in words, and how it is drawn from a year; `most` tells that more is better."""

    title: str
    unit: str
    of: Callable[[YearSum], float | None]
    most: bool = False


def _amount(carrier: str) -> Callable[[YearSum], float | None]:
    return lambda year: year.quantities.get(carrier)


def _per_kwh(carrier: str) -> Callable[[YearSum], float | None]:
    return lambda year: year.intensity(carrier)


def _own_share(year: YearSum) -> float | None:
    whole = year.quantities.get("electricity")
    return year.own_kwh / whole if whole else None


METRICS: Final[Mapping[TargetMetric, Metric]] = MappingProxyType(
    {
        TargetMetric.ELECTRICITY_KWH: Metric("Electricity", "kWh", _amount("electricity")),
        TargetMetric.NATURAL_GAS_MJ: Metric("Natural gas", "MJ", _amount("natural_gas")),
        TargetMetric.HEAT_MJ: Metric("Heat", "MJ heat", _amount("heat")),
        TargetMetric.ELECTRICITY_PER_KWH: Metric(
            "Electricity per kWh made", "kWh per kWh", _per_kwh("electricity")
        ),
        TargetMetric.NATURAL_GAS_PER_KWH: Metric(
            "Natural gas per kWh made", "MJ per kWh", _per_kwh("natural_gas")
        ),
        TargetMetric.OWN_SHARE: Metric(
            "Share of electricity generated on site or by direct line", "1", _own_share, most=True
        ),
        TargetMetric.PRODUCTION_KWH: Metric(
            "Batteries made", "kWh", lambda year: year.production_kwh or None, most=True
        ),
    }
)


class TargetCreate(Document):
    """A target as it is registered; a later one for the same metric and year stands in its place."""

    metric: TargetMetric
    year: Annotated[int, Field(ge=1990, le=2100)]
    value: NonNegativeNumber
    note: Text | None = None


class Target(BaseModel):
    """A target as it stands in the store."""

    metric: TargetMetric
    year: int
    version: int
    value: float
    unit: str
    note: str | None
    created_at: datetime


@dataclass(frozen=True)
class TargetStanding:
    """A target held against what was metered: reached, missed, running, or nothing was metered."""

    metric: str
    title: str
    unit: str
    year: int
    target: float
    actual: float | None
    outcome: Literal["reached", "missed", "running", "not metered"]
    covers: str | None
    note: str | None

    def to_document(self) -> dict[str, Any]:
        """Return it as plain JSON data."""
        return asdict(self)


def register_target(
    store: Store, operator_id: str, facility_id: str, request: TargetCreate, now: datetime
) -> Target:
    """Register a target of a factory.

    Raises:
        RecordNotFoundError: there is no such facility.
    """
    with store.transaction() as transaction:
        transaction.operators.lock(operator_id)  # versions are numbered one after the other
        get_facility(transaction, operator_id, facility_id)
        earlier = [
            row
            for row in transaction.metering.targets.of((operator_id, facility_id))
            if (row.metric, row.year) == (request.metric.value, request.year)
        ]
        row = FacilityTargetRow(
            operator_id=operator_id,
            facility_id=facility_id,
            metric=request.metric.value,
            year=request.year,
            version=len(earlier) + 1,
            value=request.value,
            note=request.note,
            created_at=now,
        )
        transaction.metering.targets.add(row)
        return _target(row)


def _target(row: FacilityTargetRow) -> Target:
    metric = TargetMetric(row.metric)
    return Target(
        metric=metric,
        year=row.year,
        version=row.version,
        value=row.value,
        unit=METRICS[metric].unit,
        note=row.note,
        created_at=row.created_at,
    )


def targets_of(transaction: Transaction, operator_id: str, facility_id: str) -> list[Target]:
    """Return the targets in force of a factory, by year and metric."""
    rows = transaction.metering.targets.of((operator_id, facility_id))
    newest = {(row.metric, row.year): row for row in rows}
    return [_target(row) for row in newest.values()]


def hold_targets(
    targets: Sequence[Target], years: Sequence[YearSum], now: datetime
) -> list[TargetStanding]:
    """Hold each target against its year; a year that is not over is running, whatever it shows."""
    by_year = {year.year: year for year in years}
    found = []
    for target in targets:
        metric, year = METRICS[target.metric], by_year.get(target.year)
        actual = metric.of(year) if year is not None else None
        found.append(
            TargetStanding(
                metric=target.metric.value,
                title=metric.title,
                unit=metric.unit,
                year=target.year,
                target=target.value,
                actual=actual,
                outcome=_outcome(target, metric, actual, now),
                covers=year.covers if year is not None else None,
                note=target.note,
            )
        )
    return found


def _outcome(
    target: Target, metric: Metric, actual: float | None, now: datetime
) -> Literal["reached", "missed", "running", "not metered"]:
    if actual is None:
        return "not metered"
    if target.year >= now.year:
        return "running"
    good = actual >= target.value if metric.most else actual <= target.value
    return "reached" if good else "missed"
