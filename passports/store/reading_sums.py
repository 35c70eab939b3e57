"""Sums over meter readings, drawn by the database: by month, between two instants, and what is missing."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any, Final

from sqlalchemy import ColumnElement, delete, func, insert, literal
from sqlmodel import Session, col, select

from passports.store.factory_tables import MeterReadingRow
from passports.store.period_tables import MeterMonthRow
from passports.store.records import Records
from passports.store.tables import UtcDateTime

Facility = tuple[str, str]
"""Operator and facility: what each key begins with."""
MeterKey = tuple[str, str, str]

ACCEPTED: Final = "accepted"
columns: Any = select  # sqlmodel has types for four columns; sums have more


def of_facility(table: Any, facility: Facility) -> list[ColumnElement[bool]]:  # noqa: ANN401 # a class
    """Return what holds for a factory's rows of a table."""
    return [col(table.operator_id) == facility[0], col(table.facility_id) == facility[1]]


@dataclass(frozen=True)
class MeterSum:
    """What the accepted readings of a meter come to between two instants."""

    meter_id: str
    quantity: float
    readings: int
    starts_at: datetime
    ends_at: datetime


@dataclass(frozen=True)
class Hole:
    """A place between two readings of a meter: empty, or, where it ends before it begins, counted twice."""

    meter_id: str
    starts_at: datetime
    ends_at: datetime


class MeterMonthRecords(Records[MeterMonthRow]):
    """Sums by meter and month."""

    table = MeterMonthRow

    def of(self, facility: Facility) -> Sequence[MeterMonthRow]:
        """Return a factory's sums by month and meter."""
        query = select(MeterMonthRow).where(*of_facility(MeterMonthRow, facility))
        return self._session.exec(query.order_by(MeterMonthRow.month, MeterMonthRow.meter_id)).all()

    def anew(self, facility: Facility) -> dict[tuple[str, str, str], tuple[float, int]]:
        """Return the sums by meter, month and state as the readings give them now."""
        reading = MeterReadingRow
        month = _month(self._session.get_bind().dialect.name)
        query = (
            columns(
                reading.meter_id, month, reading.state, func.sum(reading.quantity), func.count()
            )
            .where(*of_facility(reading, facility))
            .group_by(reading.meter_id, month, col(reading.state))
        )
        return {(row[0], row[1], row[2]): (row[3], row[4]) for row in self._session.exec(query)}

    def refresh(self, meter: MeterKey, first: datetime, last: datetime) -> None:
        """Draw the sums of a meter anew for the months that `first` and `last` lie in, and between."""
        since, until = _first_of_month(first), _next_month(last)
        months = (f"{since:%Y-%m}", f"{last.astimezone(UTC):%Y-%m}")
        held = (*of_facility(MeterMonthRow, meter[:2]), col(MeterMonthRow.meter_id) == meter[2])
        self._session.exec(
            delete(MeterMonthRow).where(*held, col(MeterMonthRow.month).between(*months))
        )
        reading = MeterReadingRow
        month = _month(self._session.get_bind().dialect.name)
        names = ["operator_id", "facility_id", "meter_id", "month", "state", "quantity", "readings"]
        sums = (
            columns(
                literal(meter[0]),
                literal(meter[1]),
                literal(meter[2]),
                month,
                reading.state,
                func.sum(reading.quantity),
                func.count(),
            )
            .where(
                *of_facility(reading, meter[:2]),
                reading.meter_id == meter[2],
                reading.starts_at >= since,
                reading.starts_at < until,
            )
            .group_by(month, col(reading.state))
        )
        self._session.exec(insert(MeterMonthRow).from_select(names, sums))


def _month(dialect: str) -> ColumnElement[Any]:
    starts_at = col(MeterReadingRow.starts_at)
    if dialect == "sqlite":
        return func.strftime("%Y-%m", starts_at)
    return func.to_char(func.timezone("UTC", starts_at), "YYYY-MM")


def _first_of_month(instant: datetime) -> datetime:
    at = instant.astimezone(UTC)
    return datetime(at.year, at.month, 1, tzinfo=UTC)


def _next_month(instant: datetime) -> datetime:
    at = instant.astimezone(UTC)
    later = at.month == 12  # noqa: PLR2004 # December
    return datetime(at.year + later, 1 if later else at.month + 1, 1, tzinfo=UTC)


class ReadingSums:
    """Sums, holes and provenance over readings between two instants, worked out by the database."""

    def __init__(self, session: Session) -> None:
        self._session = session

    def _within(
        self, facility: Facility, since: datetime, until: datetime
    ) -> list[ColumnElement[bool]]:
        reading = MeterReadingRow
        return [
            *of_facility(reading, facility),
            col(reading.starts_at) >= since,
            col(reading.ends_at) <= until,
            col(reading.state) == ACCEPTED,
        ]

    def by_meter(self, facility: Facility, since: datetime, until: datetime) -> list[MeterSum]:
        """Return what each meter counted in readings that lie wholly between two instants."""
        reading = MeterReadingRow
        query = (
            columns(
                reading.meter_id,
                func.sum(reading.quantity),
                func.count(),
                func.min(col(reading.starts_at)),
                func.max(col(reading.ends_at)),
            )
            .where(*self._within(facility, since, until))
            .group_by(reading.meter_id)
            .order_by(reading.meter_id)
        )
        return [MeterSum(*row) for row in self._session.exec(query)]

    def holes(self, facility: Facility, since: datetime, until: datetime) -> list[Hole]:
        """Return where a meter leaves time out, or covers it twice, between two of its readings."""
        reading = MeterReadingRow
        before = func.lag(col(reading.ends_at), type_=UtcDateTime()).over(
            partition_by=col(reading.meter_id), order_by=col(reading.starts_at)
        )
        pairs = (
            select(reading.meter_id, col(reading.starts_at), before.label("before"))
            .where(*self._within(facility, since, until))
            .subquery()
        )
        query = (
            select(pairs.c.meter_id, pairs.c.before, pairs.c.starts_at)
            .where(pairs.c.starts_at != pairs.c.before)
            .order_by(pairs.c.meter_id, pairs.c.starts_at)
        )
        return [Hole(*row) for row in self._session.exec(query)]

    def on_the_edge(self, facility: Facility, instant: datetime) -> Sequence[MeterReadingRow]:
        """Return the accepted readings that begin before an instant and end after it."""
        reading = MeterReadingRow
        query = select(reading).where(
            *of_facility(reading, facility),
            col(reading.state) == ACCEPTED,
            col(reading.starts_at) < instant,
            col(reading.ends_at) > instant,
        )
        return list(self._session.exec(query.order_by(reading.meter_id)))

    def waiting(self, facility: Facility, since: datetime, until: datetime) -> dict[str, int]:
        """Return how many readings of each meter wait for an answer between two instants."""
        reading = MeterReadingRow
        query = (
            select(reading.meter_id, func.count())
            .where(
                *of_facility(reading, facility),
                col(reading.state) != ACCEPTED,
                col(reading.starts_at) < until,
                col(reading.ends_at) > since,
            )
            .group_by(reading.meter_id)
        )
        return dict(self._session.exec(query).all())

    def newest(self, meter: MeterKey, before: datetime, limit: int) -> Sequence[tuple[Any, ...]]:
        """Return (starts_at, ends_at, quantity) of a meter's last accepted readings before an instant."""
        reading = MeterReadingRow
        query = (
            select(reading.starts_at, reading.ends_at, reading.quantity)
            .where(
                *of_facility(reading, meter[:2]),
                reading.meter_id == meter[2],
                reading.state == ACCEPTED,
                reading.starts_at < before,
            )
            .order_by(col(reading.starts_at).desc())
            .limit(limit)
        )
        return list(self._session.exec(query).all())
