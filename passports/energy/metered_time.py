"""What stands between a series of readings and a period that can be closed: holes, overlaps, questions."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime

from passports.energy.meters import Meter
from passports.errors import Finding
from passports.plurals import counted
from passports.store import MeterSum, Transaction


@dataclass(frozen=True)
class MeteredTime:
    """The sums of a time by meter, what forbids to close it, and what may be stated instead.

    Attributes:
        blocking: Readings that cannot be counted as they are: across an edge, or twice.
        missing: Time that is not metered, and readings that wait for an answer.
    """

    sums: Mapping[str, MeterSum]
    blocking: Sequence[Finding]
    missing: Sequence[Finding]


def metered_time(
    transaction: Transaction,
    facility: tuple[str, str],
    meters: Sequence[Meter],
    since: datetime,
    until: datetime,
) -> MeteredTime:
    """Sum the readings between two instants by meter and look for what is missing or doubled."""
    series = transaction.metering.sums
    sums = {row.meter_id: row for row in series.by_meter(facility, since, until)}
    blocking, missing = [], []
    for edge in (since, until):
        for row in series.on_the_edge(facility, edge):
            when = f"{row.starts_at.isoformat()} to {row.ends_at.isoformat()}"
            reason = f"it lies across the edge of the period, {edge.isoformat()}"
            remedy = "Take a period that begins and ends with readings, or a finer resolution."
            blocking.append(Finding(f"{row.meter_id}, {when}", f"{row.quantity:g}", reason, remedy))
    for hole in series.holes(facility, since, until):
        when = f"{hole.starts_at.isoformat()} to {hole.ends_at.isoformat()}"
        if hole.ends_at < hole.starts_at:
            remedy = "Withdraw one of the two deliveries."
            blocking.append(Finding(f"{hole.meter_id}, {when}", "", "it is metered twice", remedy))
        else:
            missing.append(_gap(hole.meter_id, hole.starts_at, hole.ends_at))
    for meter in meters:
        missing += _ends_missing(meter, sums.get(meter.id), since, until)
    for meter_id, count in series.waiting(facility, since, until).items():
        verbs = "waits for an answer and does" if count == 1 else "wait for an answer and do"
        reason = f"{counted(count, 'readings')} {verbs} not count"
        missing.append(Finding(meter_id, str(count), reason, "Confirm, correct or withdraw them."))
    return MeteredTime(sums, blocking, missing)


def _gap(meter_id: str, since: datetime, until: datetime) -> Finding:
    when = f"{since.isoformat()} to {until.isoformat()}"
    remedy = "Deliver what is missing, or state why it is not metered."
    return Finding(f"{meter_id}, {when}", "", "nothing was metered", remedy)


def _ends_missing(
    meter: Meter, found: MeterSum | None, since: datetime, until: datetime
) -> list[Finding]:
    """Return the gaps before a meter's first reading and after its last one."""
    if found is None:
        return [_gap(meter.id, since, until)]
    ends = [(since, found.starts_at), (found.ends_at, until)]
    return [_gap(meter.id, begin, end) for begin, end in ends if begin < end]
