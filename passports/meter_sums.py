"""What meters counted by month, out of the accepted readings."""

from collections import defaultdict
from collections.abc import Sequence
from dataclasses import dataclass

from passports.factories import REFERENCE_UNIT
from passports.meter_readings import ACCEPTED, meters_of
from passports.store import Transaction


@dataclass(frozen=True)
class MonthlyEnergy:
    """What was metered of a carrier in a month (UTC, by the beginning of each reading)."""

    month: str
    carrier: str
    quantity: float
    unit: str


def monthly_energy(
    transaction: Transaction, operator_id: str, facility_id: str
) -> Sequence[MonthlyEnergy]:
    """Return a factory's metered energy by carrier and month, oldest first."""
    sums: dict[tuple[str, str], float] = defaultdict(float)
    units: dict[str, str] = {}
    for meter in meters_of(transaction, operator_id, facility_id):
        carrier = meter.carrier.value
        units[carrier] = REFERENCE_UNIT[meter.carrier]
        for row in transaction.meter_readings.of((operator_id, facility_id, meter.id)):
            if row.state == ACCEPTED:
                sums[f"{row.starts_at:%Y-%m}", carrier] += row.quantity
    return [
        MonthlyEnergy(month, carrier, quantity, units[carrier])
        for (month, carrier), quantity in sorted(sums.items())
    ]
