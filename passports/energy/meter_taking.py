"""Taking in the readings of one meter: each is judged, what may be stored is stored, holes are named."""

from bisect import bisect_left, bisect_right
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from itertools import pairwise
from statistics import median
from typing import Any, Final

from lca.units import convert
from passports.energy.meters import DeliveryReport, Meter, ReadingCreate
from passports.errors import Finding
from passports.factories import REFERENCE_UNIT
from passports.store import MeterReadingRow, MeterStateRow, Transaction

ACCEPTED: Final = "accepted"
QUESTIONED: Final = "questioned"
# MWh typed as kWh jump by a thousand; half of that in orders of magnitude tells it from any real load.
JUMP: Final = 1000**0.75
_ENOUGH: Final = 3  # so many readings make a history
_HISTORY: Final = 200  # so many of the last readings are looked at: two days of quarter hours


@dataclass(frozen=True, slots=True)
class _Interval:
    """A reading with both ends and its quantity in the reference unit."""

    starts_at: datetime
    ends_at: datetime
    quantity: float
    line: int | None = None
    state: str = ACCEPTED

    @property
    def per_hour(self) -> float:
        return self.quantity / ((self.ends_at - self.starts_at).total_seconds() / 3600)

    def finding(self, meter: str, reason: str, remedy: str) -> Finding:
        """Return what is to be said about it."""
        when = f"{self.starts_at.isoformat()} to {self.ends_at.isoformat()}"
        return Finding(f"{meter}, {when}", f"{self.quantity:g}", reason, remedy, self.line)


class Taking:
    """Taking in the readings of one meter."""

    def __init__(
        self,
        transaction: Transaction,
        key: tuple[str, str, str],
        meter: Meter,
        report: DeliveryReport,
        now: datetime,
    ) -> None:
        self._transaction = transaction
        self._key = key
        self._meter = meter
        self._report = report
        self._now = now
        self._per_unit = convert(1.0, meter.unit, REFERENCE_UNIT[meter.carrier])
        self._stored: list[MeterReadingRow] = []

    def take(
        self, readings: Sequence[ReadingCreate], *, confirmed: bool
    ) -> tuple[datetime, datetime] | None:
        """Judge each reading, store what may be stored, and name the holes.

        Returns:
            The first and last instant of what was stored or changed, or None.
        """
        intervals = sorted(self._intervals(readings), key=lambda i: i.starts_at)
        if not intervals:
            return None
        first, last = intervals[0].starts_at, max(i.ends_at for i in intervals)
        self._stored = self._transaction.meter_readings.around(self._key, first, last)
        usual = self._usual(intervals, last)
        starts = [row.starts_at for row in self._stored]
        taken: list[_Interval] = []
        for interval in intervals:
            problem = self._problem(interval)
            if problem is not None:
                self._report.refused.append(interval.finding(self._meter.id, *problem))
            elif not self._meets_another(interval, starts, taken, confirmed=confirmed):
                taken.append(self._judged(interval, usual, confirmed=confirmed))
        self._transaction.meter_readings.add_all([self._columns(i) for i in taken])
        if taken:
            self._gaps(taken)
        return first, last

    def _judged(self, interval: _Interval, usual: float | None, *, confirmed: bool) -> _Interval:
        """Return a reading as it is to be stored: accepted, or in question because it jumps."""
        ratio = interval.per_hour / usual if usual and interval.quantity else 1.0
        if confirmed or 1 / JUMP < ratio < JUMP:
            self._report.accepted += 1
            return interval
        reason = f"{ratio:,.3g} times what this meter usually counts: MWh and kWh mixed up?"
        remedy = "Deliver it again, corrected, or with confirmed: true if it is right."
        self._report.questioned.append(interval.finding(self._meter.id, reason, remedy))
        return _Interval(
            interval.starts_at, interval.ends_at, interval.quantity, interval.line, QUESTIONED
        )

    def _intervals(self, readings: Sequence[ReadingCreate]) -> list[_Interval]:
        if self._meter.counts_up:
            return self._from_register(readings)
        found = []
        for reading in readings:
            if reading.starts_at is None:
                reason, remedy = "it does not say when it begins", "Give starts_at."
                finding = Finding("starts_at", "", reason, remedy, reading.line)
                self._report.refused.append(finding)
                continue
            begin, end = reading.starts_at.astimezone(UTC), reading.ends_at.astimezone(UTC)
            quantity = reading.quantity * self._per_unit
            found.append(_Interval(begin, end, quantity, reading.line))
        return found

    def _from_register(self, readings: Sequence[ReadingCreate]) -> list[_Interval]:
        """Turn a register's states into what was counted between them, from the last one known."""
        given = sorted(readings, key=lambda r: r.ends_at)
        states = self._transaction.metering.states
        known = states.around(self._key, given[0].ends_at, given[-1].ends_at)
        shown = {row.at: row.shown for row in known}
        found, fresh = [], []
        for reading in given:
            at = reading.ends_at.astimezone(UTC)
            if shown.get(at) == reading.quantity:
                self._report.repeated += 1
                continue
            earlier = max((instant for instant in shown if instant < at), default=None)
            if earlier is None:
                self._report.noted += 1
            else:
                counted = (reading.quantity - shown[earlier]) * self._per_unit
                interval = _Interval(earlier, at, counted, reading.line)
                if self._runs_backwards(interval, shown[earlier], reading.quantity):
                    continue  # the state before stays the one to count from
                found.append(interval)
            if at not in shown:
                shown[at] = reading.quantity
                fresh.append(self._state(at, reading.quantity))
        states.add_all(fresh)
        return found

    def _runs_backwards(self, interval: _Interval, before: float, after: float) -> bool:
        if interval.quantity >= 0:
            return False
        reason = f"the meter runs backwards: {before:g}, then {after:g} {self._meter.unit}"
        remedy = "Check the reading; after a change of meter, register the new one."
        self._report.refused.append(interval.finding(self._meter.id, reason, remedy))
        return True

    def _state(self, at: datetime, shown: float) -> MeterStateRow:
        operator_id, facility_id, meter_id = self._key
        return MeterStateRow(
            operator_id=operator_id,
            facility_id=facility_id,
            meter_id=meter_id,
            at=at,
            shown=shown,
            import_id=self._report.id,
        )

    def _problem(self, interval: _Interval) -> tuple[str, str] | None:
        if interval.ends_at <= interval.starts_at:
            return "it ends before it begins", "Check both instants."
        if interval.quantity < 0:
            return "a meter cannot count less than nothing", "What is fed in has its own meter."
        if interval.ends_at > self._now + timedelta(days=1):
            return "it lies in the future", "Deliver what was metered."
        return None

    def _usual(self, intervals: Sequence[_Interval], before: datetime) -> float | None:
        """Return what the meter usually counts an hour: by its last readings, else by this delivery."""
        newest = self._transaction.metering.sums.newest(self._key, before, _HISTORY)
        for series in ([_Interval(*row) for row in newest], intervals):
            rates = [i.per_hour for i in series if i.ends_at > i.starts_at and i.quantity > 0]
            if len(rates) >= _ENOUGH:
                return median(rates)
        return None

    def _meets_another(
        self,
        interval: _Interval,
        starts: Sequence[datetime],
        taken: Sequence[_Interval],
        *,
        confirmed: bool,
    ) -> bool:
        """Tell whether a reading is done with because another one covers its time."""
        near: list[MeterReadingRow | _Interval] = [*self._near(interval, starts), *taken[-1:]]
        for row in near:
            if row.starts_at >= interval.ends_at or row.ends_at <= interval.starts_at:
                continue
            same_time = (row.starts_at, row.ends_at) == (interval.starts_at, interval.ends_at)
            same = same_time and row.quantity == interval.quantity
            if same and (row.state == ACCEPTED or not confirmed):
                self._report.repeated += 1
            elif same_time and row.state == QUESTIONED and isinstance(row, MeterReadingRow):
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
                self._report.refused.append(interval.finding(self._meter.id, reason, remedy))
            return True
        return False

    def _near(self, interval: _Interval, starts: Sequence[datetime]) -> list[MeterReadingRow]:
        first = max(bisect_right(starts, interval.starts_at) - 1, 0)
        return self._stored[first : bisect_left(starts, interval.ends_at)]

    def _columns(self, interval: _Interval) -> dict[str, Any]:
        operator_id, facility_id, meter_id = self._key
        return {
            "operator_id": operator_id,
            "facility_id": facility_id,
            "meter_id": meter_id,
            "starts_at": interval.starts_at,
            "ends_at": interval.ends_at,
            "quantity": interval.quantity,
            "state": interval.state,
            "import_id": self._report.id,
        }

    def _gaps(self, taken: Sequence[_Interval]) -> None:
        """Report the holes in the meter's series around what was taken in."""
        fresh = {interval.starts_at for interval in taken}
        rows: list[MeterReadingRow | _Interval] = [*self._stored, *taken]
        for before, after in pairwise(sorted(rows, key=lambda row: row.starts_at)):
            touched = before.starts_at in fresh or after.starts_at in fresh
            if after.starts_at > before.ends_at and touched:
                when = f"{before.ends_at.isoformat()} to {after.starts_at.isoformat()}"
                remedy = "Deliver what is missing; nothing is put in its place."
                self._report.gaps.append(
                    Finding(
                        f"{self._meter.id}, {when}", "", "nothing was metered in between", remedy
                    )
                )
