"""What meters counted by month: sums that the database keeps, none of them drawn reading by reading.

Only accepted readings count. A meter behind another one is shown, and is in the other's sum already.
"""

from collections import defaultdict
from collections.abc import Sequence
from dataclasses import dataclass

from passports.energy.meter_taking import ACCEPTED
from passports.energy.meters import Meter, meters_of
from passports.factories import REFERENCE_UNIT
from passports.store import Transaction


@dataclass(frozen=True)
class MonthlyEnergy:
    """What was metered of a carrier in a month (UTC, by the beginning of each reading)."""

    month: str
    carrier: str
    quantity: float
    unit: str


@dataclass(frozen=True)
class MeterMonth:
    """What one meter counted in a month."""

    meter: Meter
    month: str
    quantity: float
    readings: int


def meter_months(
    transaction: Transaction, operator_id: str, facility_id: str
) -> Sequence[MeterMonth]:
    """Return what each meter of a factory counted, by month and meter."""
    meters = {meter.id: meter for meter in meters_of(transaction, operator_id, facility_id)}
    return [
        MeterMonth(meters[row.meter_id], row.month, row.quantity, row.readings)
        for row in transaction.metering.months.of((operator_id, facility_id))
        if row.state == ACCEPTED
    ]


def monthly_energy(
    transaction: Transaction, operator_id: str, facility_id: str
) -> Sequence[MonthlyEnergy]:
    """Return a factory's metered energy by carrier and month, oldest first."""
    sums: dict[tuple[str, str], float] = defaultdict(float)
    units: dict[str, str] = {}
    for row in meter_months(transaction, operator_id, facility_id):
        carrier = row.meter.carrier
        units[carrier.value] = REFERENCE_UNIT[carrier]
        if row.meter.part_of is None:
            sums[row.month, carrier.value] += row.quantity
    return [
        MonthlyEnergy(month, carrier, quantity, units[carrier])
        for (month, carrier), quantity in sorted(sums.items())
    ]
