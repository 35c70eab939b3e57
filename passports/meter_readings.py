"""Metered readings as time series: taken in from files and plant energy systems, checked, never lost.

A delivery is kept as it came. Each of its readings is accepted, repeated (it was there already),
questioned (it jumps against the meter's own history and waits for an answer) or refused, with the
reason. Only accepted readings count. Quantities are stored in the reference unit of the carrier.
"""

from bisect import bisect_left, bisect_right
from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from itertools import pairwise
from statistics import median
from typing import Annotated, Any, Final, Self
from uuid import uuid4

import orjson
from pydantic import AwareDatetime, Field, model_validator

from lca.errors import LcaError
from lca.units import convert
from passports.documents import Document, Name, Number, RuleError, Slug, Text
from passports.errors import Finding, RecordNotFoundError, shorten
from passports.factories import REFERENCE_UNIT, EnergyCarrier, SupplyArrangement, get_facility
from passports.store import MeterImportRow, MeterReadingRow, MeterRow, Store, Transaction

MAX_READINGS: Final = 100_000
ACCEPTED: Final = "accepted"
QUESTIONED: Final = "questioned"
# MWh typed as kWh jump by a thousand; half of that in orders of magnitude tells it from any real load.
JUMP: Final = 1000**0.75
_HISTORY: Final = 3  # so many readings make a history
_LOOKED_AT: Final = timedelta(days=62)  # before and after a delivery: two months of history


class MeterCreate(Document):
    """A meter: what it counts, in which unit, on which line or in which workshop."""

    id: Slug
    carrier: EnergyCarrier
    unit: Name
    arrangement: SupplyArrangement | None = None
    line: Name | None = None
    counts_up: Annotated[bool, Field(description="it shows a register, not intervals")] = False
    note: Text | None = None

    @model_validator(mode="after")
    def _unit_fits_its_carrier(self) -> Self:
        try:
            convert(1.0, self.unit, REFERENCE_UNIT[self.carrier])
        except LcaError as error:
            raise RuleError(error.findings[0].reason, error.findings[0].remedy) from None
        is_power = self.carrier is EnergyCarrier.ELECTRICITY
        if is_power and self.arrangement is None:
            raise RuleError("electricity without an arrangement", "Say grid, direct_line, on_site.")
        return self


class Meter(MeterCreate):
    """A meter as it stands in the store."""

    created_at: datetime


class ReadingCreate(Document):
    """What a meter counted from one instant to another, in the meter's own unit.

    For a meter that counts up, `quantity` is what its register shows at `ends_at`, and `starts_at` is
    left out: the reading before says when it began.
    """

    meter: Slug
    starts_at: AwareDatetime | None = None
    ends_at: AwareDatetime
    quantity: Number
    line: Annotated[int | None, Field(description="line of the file it came from")] = None


class MeterDelivery(Document):
    """Readings as a file or a plant energy system delivers them.

    `meters` registers meters that are not known yet; `confirmed` answers the question about readings
    that jump: they are meant as they are.
    """

    meters: list[MeterCreate] = Field(default_factory=list)
    readings: Annotated[list[ReadingCreate], Field(min_length=1, max_length=MAX_READINGS)]
    confirmed: bool = False
    source: Text


@dataclass
class DeliveryReport:
    """What became of a delivery; every reading of it is counted once."""

    id: str
    accepted: int = 0
    repeated: int = 0
    questioned: list[Finding] = field(default_factory=list)
    refused: list[Finding] = field(default_factory=list)
    gaps: list[Finding] = field(default_factory=list)

    def to_document(self) -> dict[str, Any]:
        """Return the report as plain JSON data."""
        return {
            "id": self.id,
            "accepted": self.accepted,
            "repeated": self.repeated,
            "questioned": [finding.to_document() for finding in self.questioned],
            "refused": [finding.to_document() for finding in self.refused],
            "gaps": [finding.to_document() for finding in self.gaps],
        }


@dataclass(frozen=True)
class _Interval:
    """A reading with both ends and its quantity in the reference unit."""

    starts_at: datetime
    ends_at: datetime
    quantity: float
    line: int | None

    @property
    def per_hour(self) -> float:
        return self.quantity / ((self.ends_at - self.starts_at).total_seconds() / 3600)

    def finding(self, meter: str, reason: str, remedy: str) -> Finding:
        """Return what is to be said about it."""
        when = f"{self.starts_at.isoformat()} to {self.ends_at.isoformat()}"
        return Finding(f"{meter}, {when}", f"{self.quantity:g}", reason, remedy, self.line)


def deliver_readings(
    store: Store,
    operator_id: str,
    facility_id: str,
    delivery: MeterDelivery,
    now: datetime,
    unreadable: Sequence[Finding] = (),
) -> DeliveryReport:
    """Take in a delivery: what is right is stored, all of it is kept, the report says what became of it.

    `unreadable` is what a file held that is no reading; it is kept among the refused.

    Raises:
        RecordNotFoundError: there is no such facility.
    """
    report = DeliveryReport(id=str(uuid4()), refused=list(unreadable))
    with store.transaction() as transaction:
        transaction.operators.lock(
            operator_id
        )  # deliveries about one meter come one after the other
        get_facility(transaction, operator_id, facility_id)
        meters = _meters(transaction, operator_id, facility_id, delivery, now)
        by_meter: dict[str, list[ReadingCreate]] = {}
        for reading in delivery.readings:
            by_meter.setdefault(reading.meter, []).append(reading)
        for name, readings in by_meter.items():
            meter = meters.get(name)
            if meter is None:
                remedy = "Describe it under `meters`: carrier, unit, arrangement."
                reason = "there is no such meter here"
                report.refused += [
                    Finding("meter", name, reason, remedy, reading.line) for reading in readings
                ]
                continue
            key = (operator_id, facility_id, name)
            first = min(r.starts_at or r.ends_at for r in readings) - _LOOKED_AT
            last = max(r.ends_at for r in readings) + _LOOKED_AT
            stored = list(transaction.meter_readings.of(key, first, last))
            taking = _Taking(transaction, key, report, stored, now)
            taking.take(meter, readings, confirmed=delivery.confirmed)
        document = {"delivery": delivery.model_dump(mode="json"), "report": report.to_document()}
        transaction.meter_imports.add(
            MeterImportRow(
                operator_id=operator_id,
                facility_id=facility_id,
                id=report.id,
                created_at=now,
                document=orjson.dumps(document),
            )
        )
    return report


def _meters(
    transaction: Transaction,
    operator_id: str,
    facility_id: str,
    delivery: MeterDelivery,
    now: datetime,
) -> dict[str, Meter]:
    """Return the factory's meters, new ones registered; a known one is not described anew."""
    known = {meter.id: meter for meter in meters_of(transaction, operator_id, facility_id)}
    for request in delivery.meters:
        if request.id in known:
            continue
        meter = Meter(**request.model_dump(), created_at=now)
        transaction.meters.add(
            MeterRow(
                operator_id=operator_id,
                facility_id=facility_id,
                id=meter.id,
                carrier=meter.carrier.value,
                created_at=now,
                document=meter.model_dump_json().encode(),
            )
        )
        known[meter.id] = meter
    return known


def meters_of(transaction: Transaction, operator_id: str, facility_id: str) -> list[Meter]:
    """Return the meters of a factory."""
    rows = transaction.meters.of(operator_id, facility_id)
    return [Meter.model_validate_json(row.document) for row in rows]


class _Taking:
    """Taking in the readings of one meter."""

    def __init__(
        self,
        transaction: Transaction,
        key: tuple[str, str, str],
        report: DeliveryReport,
        stored: list[MeterReadingRow],
        now: datetime,
    ) -> None:
        self._transaction = transaction
        self._key = key
        self._report = report
        self._now = now
        self._stored = stored

    def take(self, meter: Meter, readings: Sequence[ReadingCreate], *, confirmed: bool) -> None:
        """Judge each reading, store what may be stored, and look for gaps."""
        name = self._key[2]
        intervals = self._intervals(meter, readings)
        usual = self._usual(intervals)
        taken: list[MeterReadingRow] = []
        starts = [row.starts_at for row in self._stored]
        for interval in sorted(intervals, key=lambda i: i.starts_at):
            problem = self._problem(interval)
            if problem is not None:
                self._report.refused.append(interval.finding(name, *problem))
                continue
            if self._meets_another(interval, starts, taken, confirmed=confirmed):
                continue
            state = ACCEPTED
            ratio = interval.per_hour / usual if usual and interval.quantity else 1.0
            if not confirmed and not 1 / JUMP < ratio < JUMP:
                state = QUESTIONED
                reason = f"{ratio:,.3g} times what this meter usually counts: MWh and kWh mixed up?"
                remedy = "Deliver it again, corrected, or with confirmed: true if it is right."
                self._report.questioned.append(interval.finding(name, reason, remedy))
            else:
                self._report.accepted += 1
            taken.append(self._row(interval, state))
        self._transaction.meter_readings.add_all(taken)
        if taken:
            self._gaps(name, taken)

    def _intervals(self, meter: Meter, readings: Sequence[ReadingCreate]) -> list[_Interval]:
        unit = REFERENCE_UNIT[meter.carrier]
        found = []
        if meter.counts_up:
            return self._from_register(meter, readings)
        for reading in readings:
            if reading.starts_at is None:
                reason, remedy = "it does not say when it begins", "Give starts_at."
                finding = Finding("starts_at", "", reason, remedy, reading.line)
                self._report.refused.append(finding)
                continue
            quantity = convert(reading.quantity, meter.unit, unit)
            found.append(
                _Interval(
                    reading.starts_at.astimezone(UTC),
                    reading.ends_at.astimezone(UTC),
                    quantity,
                    reading.line,
                )
            )
        return found

    def _from_register(self, meter: Meter, readings: Sequence[ReadingCreate]) -> list[_Interval]:
        """Turn a register's states into what was counted between them."""
        unit = REFERENCE_UNIT[meter.carrier]
        states = sorted(readings, key=lambda r: r.ends_at)
        found = []
        before = states[0]
        for state in states[1:]:
            counted = convert(state.quantity - before.quantity, meter.unit, unit)
            begin, end = before.ends_at.astimezone(UTC), state.ends_at.astimezone(UTC)
            interval = _Interval(begin, end, counted, state.line)
            if counted < 0:
                reason = (
                    f"the meter runs backwards: {before.quantity:g}, then {state.quantity:g} "
                    f"{meter.unit}"
                )
                remedy = "Check the reading; after a change of meter, register the new one."
                self._report.refused.append(interval.finding(meter.id, reason, remedy))
                continue  # the state before stays the one to count from
            found.append(interval)
            before = state
        return found

    def _problem(self, interval: _Interval) -> tuple[str, str] | None:
        if interval.ends_at <= interval.starts_at:
            return "it ends before it begins", "Check both instants."
        if interval.quantity < 0:
            return "a meter cannot count less than nothing", "What is fed in has its own meter."
        if interval.ends_at > self._now + timedelta(days=1):
            return "it lies in the future", "Deliver what was metered."
        return None

    def _usual(self, intervals: Sequence[_Interval]) -> float | None:
        """Return what the meter usually counts an hour: by its history, else by this delivery."""
        stored = [
            _Interval(r.starts_at, r.ends_at, r.quantity, None)
            for r in self._stored
            if r.state == ACCEPTED
        ]
        for series in (stored, intervals):
            rates = [i.per_hour for i in series if i.ends_at > i.starts_at and i.quantity > 0]
            if len(rates) >= _HISTORY:
                return median(rates)
        return None

    def _meets_another(
        self,
        interval: _Interval,
        starts: Sequence[datetime],
        taken: Sequence[MeterReadingRow],
        *,
        confirmed: bool,
    ) -> bool:
        """Tell whether a reading is done with because another one covers its time."""
        for row in (*self._near(interval, starts), *taken[-1:]):
            if row.starts_at >= interval.ends_at or row.ends_at <= interval.starts_at:
                continue
            same_time = (row.starts_at, row.ends_at) == (interval.starts_at, interval.ends_at)
            same = same_time and row.quantity == interval.quantity
            if same and (row.state == ACCEPTED or not confirmed):
                self._report.repeated += 1
            elif same_time and row.state == QUESTIONED:
                row.quantity, row.state, row.import_id = (
                    interval.quantity,
                    ACCEPTED,
                    self._report.id,
                )
                self._transaction.meter_readings.add(row)
                self._report.accepted += 1
            else:
                when = f"{row.starts_at.isoformat()} to {row.ends_at.isoformat()}"
                reason = f"it overlaps a reading of {row.quantity:g} from {when}"
                remedy = "Each moment is metered once; deliver only what is missing."
                self._report.refused.append(interval.finding(self._key[2], reason, remedy))
            return True
        return False

    def _near(self, interval: _Interval, starts: Sequence[datetime]) -> list[MeterReadingRow]:
        first = max(bisect_right(starts, interval.starts_at) - 1, 0)
        return self._stored[first : bisect_left(starts, interval.ends_at)]

    def _row(self, interval: _Interval, state: str) -> MeterReadingRow:
        operator_id, facility_id, meter_id = self._key
        return MeterReadingRow(
            operator_id=operator_id,
            facility_id=facility_id,
            meter_id=meter_id,
            starts_at=interval.starts_at,
            ends_at=interval.ends_at,
            quantity=interval.quantity,
            state=state,
            import_id=self._report.id,
        )

    def _gaps(self, name: str, taken: Sequence[MeterReadingRow]) -> None:
        """Report the holes in the meter's series around what was taken in."""
        rows = sorted([*self._stored, *taken], key=lambda row: row.starts_at)
        for before, after in pairwise(rows):
            fresh = self._report.id in {before.import_id, after.import_id}
            if after.starts_at > before.ends_at and fresh:
                when = f"{before.ends_at.isoformat()} to {after.starts_at.isoformat()}"
                remedy = "Deliver what is missing; nothing is put in its place."
                self._report.gaps.append(
                    Finding(f"{name}, {when}", "", "nothing was metered in between", remedy)
                )


def get_meter(transaction: Transaction, operator_id: str, facility_id: str, meter_id: str) -> Meter:
    """Return a meter of a factory.

    Raises:
        RecordNotFoundError: there is none with this identifier.
    """
    row = transaction.meters.get(operator_id, facility_id, meter_id)
    if row is None:
        raise RecordNotFoundError("meter", shorten(meter_id))
    return Meter.model_validate_json(row.document)
