"""Energy and production of a factory by calendar year: what intensities and targets are held against.

A year is drawn from the recorded periods that lie in it, as footprints and ledger use them; a year without
any is drawn from the meters themselves, and says so. Nothing is scaled up to twelve months.
"""

from collections import defaultdict
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from passports.energy.meter_sums import MeterMonth
from passports.energy.production import Production
from passports.factories import REFERENCE_UNIT, EnergyCarrier, EnergyPeriod, SupplyArrangement

OWN = (SupplyArrangement.ON_SITE, SupplyArrangement.DIRECT_LINE)


@dataclass
class YearSum:
    """A year's energy by carrier in its reference unit, and what was made with it, in kWh.

    Attributes:
        own_kwh: Electricity generated on site or delivered by a direct line.
        basis: `periods` or `meters`.
        covers: In words, which time it is.
        made_by_model: Production that names its model.
    """

    year: int
    basis: str
    covers: str
    quantities: dict[str, float] = field(default_factory=lambda: defaultdict(float))
    own_kwh: float = 0.0
    production_kwh: float = 0.0
    made_by_model: dict[str, float] = field(default_factory=lambda: defaultdict(float))

    def intensity(self, carrier: str) -> float | None:
        """Return the energy of a carrier per kWh of batteries, or None where nothing is said to be made."""
        amount = self.quantities.get(carrier)
        if amount is None or not self.production_kwh:
            return None
        return amount / self.production_kwh

    def to_document(self) -> dict[str, Any]:
        """Return the year as plain JSON data."""
        return {
            "year": self.year,
            "basis": self.basis,
            "covers": self.covers,
            "energy": {
                carrier: {
                    "quantity": quantity,
                    "unit": REFERENCE_UNIT[EnergyCarrier(carrier)],
                    "per_kwh_made": self.intensity(carrier),
                }
                for carrier, quantity in sorted(self.quantities.items())
            },
            "own_electricity_kwh": self.own_kwh,
            "production_kwh": self.production_kwh,
            "made_by_model_kwh": dict(self.made_by_model),
        }


def year_sums(
    periods: Sequence[EnergyPeriod],
    months: Sequence[MeterMonth] = (),
    production: Sequence[Production] = (),
) -> list[YearSum]:
    """Return a factory's years, oldest first; a period across New Year belongs to none."""
    made = [row for row in production if row.withdrawn_reason is None]
    years = _of_periods(periods)
    for year, found in _of_meters(months).items():
        years.setdefault(year, found)
    for year, found in years.items():
        inside = [m for m in made if m.period_from.year == m.period_to.year == year]
        for row in inside:
            if row.model_id is not None:
                found.made_by_model[row.model_id] += row.kwh
        if found.basis == "meters":
            found.production_kwh = sum(row.kwh for row in inside)
    return [years[year] for year in sorted(years)]


def _of_periods(periods: Sequence[EnergyPeriod]) -> dict[int, YearSum]:
    years: dict[int, YearSum] = {}
    for period in periods:
        year = period.period_from.year
        if period.period_to.year != year:
            continue
        found = years.get(year)
        if found is None:
            covers = f"{period.period_from} to {period.period_to}"
            found = years[year] = YearSum(year, "periods", covers)
        else:
            found.covers = f"{found.covers.partition(' to ')[0]} to {period.period_to}"
        for carrier in {reading.carrier for reading in period.readings}:
            found.quantities[carrier.value] += period.total(carrier)
        found.own_kwh += period.own_electricity_kwh()
        found.production_kwh += period.production_kwh
    return years


def _of_meters(months: Sequence[MeterMonth]) -> Mapping[int, YearSum]:
    years: dict[int, YearSum] = {}
    for row in months:
        year = int(row.month[:4])
        found = years.setdefault(year, YearSum(year, "meters", f"{row.month} to {row.month}"))
        found.covers = f"{found.covers.partition(' to ')[0]} to {row.month}"
        if row.meter.part_of is None:
            found.quantities[row.meter.carrier.value] += row.quantity
            if row.meter.arrangement in OWN:
                found.own_kwh += row.quantity
    return years
