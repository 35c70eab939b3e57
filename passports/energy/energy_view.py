"""What a factory's energy engineer looks at: by line and meter, by month, targets, consumers, scenarios.

By line and meter is confidential: this is for the operator itself, never for the public page.
"""

from collections import defaultdict
from collections.abc import Sequence
from dataclasses import asdict, dataclass
from datetime import datetime
from typing import Any, Final

from lca.datasets import Dataset
from lca.errors import LcaError
from lca.units import convert
from passports.energy.meter_sums import MeterMonth, meter_months
from passports.energy.meters import Meter
from passports.energy.production import all_production
from passports.energy.supply_scenarios import SupplyScenario, supply_scenarios
from passports.energy.targets import TargetStanding, hold_targets, targets_of
from passports.energy.terms import PV_SHARE
from passports.energy.year_sums import YearSum, year_sums
from passports.factories import (
    REFERENCE_UNIT,
    EnergyCarrier,
    Facility,
    energy_periods,
    get_facility,
)
from passports.footprints import FootprintStudy, study_of
from passports.store import StudyFilter, Transaction

NO_LINE: Final = "no line stated"
REST: Final = "not behind a sub-meter"
_KWH: Final = {
    EnergyCarrier.ELECTRICITY: "kWh",
    EnergyCarrier.NATURAL_GAS: "kWh fuel",
    EnergyCarrier.HEAT: "kWh heat",
}
_SHOWN_MONTHS: Final = 24


@dataclass(frozen=True)
class SeriesByMonth:
    """What a meter or a line counted, a value for each month; None where nothing was metered."""

    name: str
    carrier: str
    unit: str
    line: str | None
    part_of: str | None
    values: tuple[float | None, ...]

    @property
    def total(self) -> float:
        """All months together."""
        return sum(value for value in self.values if value is not None)


@dataclass(frozen=True)
class Consumer:
    """Who uses how much, in kWh, and its share of all that was metered."""

    name: str
    carrier: str
    line: str | None
    kwh: float
    share: float


@dataclass(frozen=True)
class EnergyView:
    """All of it, for one factory."""

    facility: Facility
    months: tuple[str, ...]
    meters: tuple[SeriesByMonth, ...]
    lines: tuple[SeriesByMonth, ...]
    consumers: tuple[Consumer, ...]
    years: tuple[YearSum, ...]
    targets: tuple[TargetStanding, ...]
    scenarios: tuple[SupplyScenario, ...]
    scenarios_missing: str | None
    study_id: str | None

    def to_document(self) -> dict[str, Any]:
        """Return it as plain JSON data."""
        return {
            "facility_id": self.facility.id,
            "confidential": "by line and meter: for the operator only",
            "months": list(self.months),
            "meters": [{**asdict(row), "total": row.total} for row in self.meters],
            "lines": [{**asdict(row), "total": row.total} for row in self.lines],
            "largest_consumers": [asdict(row) for row in self.consumers],
            "years": [year.to_document() for year in self.years],
            "targets": [row.to_document() for row in self.targets],
            "scenarios": [row.to_document() for row in self.scenarios],
            "scenarios_missing": self.scenarios_missing,
            "study_id": self.study_id,
        }


def energy_view(
    transaction: Transaction,
    dataset: Dataset,
    operator_id: str,
    facility_id: str,
    now: datetime,
    pv_share: float = PV_SHARE,
) -> EnergyView:
    """Return what the operator sees of a factory's energy.

    Raises:
        RecordNotFoundError: there is no such facility of this operator.
    """
    facility = get_facility(transaction, operator_id, facility_id)
    rows = meter_months(transaction, operator_id, facility_id)
    months = tuple(sorted({row.month for row in rows})[-_SHOWN_MONTHS:])
    shown = [row for row in rows if row.month in months]
    years = year_sums(
        energy_periods(transaction, operator_id, facility_id),
        rows,
        all_production(transaction, operator_id, facility_id),
    )
    study = _newest_study(transaction, operator_id, facility_id)
    scenarios, missing = _scenarios(study, dataset, pv_share)
    return EnergyView(
        facility=facility,
        months=months,
        meters=tuple(_by_meter(shown, months)),
        lines=tuple(_by_line(shown, months)),
        consumers=tuple(_consumers(shown)),
        years=tuple(years),
        targets=tuple(hold_targets(targets_of(transaction, operator_id, facility_id), years, now)),
        scenarios=tuple(scenarios),
        scenarios_missing=missing,
        study_id=study.id if study else None,
    )


def _by_meter(rows: Sequence[MeterMonth], months: Sequence[str]) -> list[SeriesByMonth]:
    counted = {(row.meter.id, row.month): row.quantity for row in rows}
    meters = {row.meter.id: row.meter for row in rows}
    return [
        SeriesByMonth(
            name=meter.id,
            carrier=meter.carrier.value,
            unit=REFERENCE_UNIT[meter.carrier],
            line=meter.line,
            part_of=meter.part_of,
            values=tuple(counted.get((meter.id, month)) for month in months),
        )
        for meter in sorted(meters.values(), key=lambda m: (m.carrier.value, m.part_of or "", m.id))
    ]


def _own_part(rows: Sequence[MeterMonth]) -> dict[tuple[str, str], float]:
    """Return what each meter counted by month without what the meters behind it count again."""
    own = {(row.meter.id, row.month): row.quantity for row in rows}
    for row in rows:
        main = (row.meter.part_of or "", row.month)
        if main in own:
            own[main] -= row.quantity
    return own


def _by_line(rows: Sequence[MeterMonth], months: Sequence[str]) -> list[SeriesByMonth]:
    own = _own_part(rows)
    mains = {row.meter.part_of for row in rows}
    sums: dict[tuple[EnergyCarrier, str], dict[str, float]] = defaultdict(dict)
    for row in rows:
        line = row.meter.line or (REST if row.meter.id in mains else _no_line(row.meter))
        series = sums[row.meter.carrier, line]
        series[row.month] = series.get(row.month, 0.0) + own[row.meter.id, row.month]
    return [
        SeriesByMonth(
            name=line,
            carrier=carrier.value,
            unit=REFERENCE_UNIT[carrier],
            line=line,
            part_of=None,
            values=tuple(series.get(month) for month in months),
        )
        for (carrier, line), series in sorted(sums.items())
    ]


def _no_line(meter: Meter) -> str:
    how = f"{meter.arrangement.value.replace('_', ' ')}, " if meter.arrangement else ""
    return f"{how}{NO_LINE}"


def _consumers(rows: Sequence[MeterMonth]) -> list[Consumer]:
    """Return who uses most, largest first; a main meter stands for what is not behind a sub-meter."""
    own = _own_part(rows)
    mains = {row.meter.part_of for row in rows}
    sums: dict[str, float] = defaultdict(float)
    meters = {row.meter.id: row.meter for row in rows}
    for row in rows:
        carrier = row.meter.carrier
        unit = REFERENCE_UNIT[carrier]
        sums[row.meter.id] += convert(own[row.meter.id, row.month], unit, _KWH[carrier])
    whole = sum(sums.values())
    found = [
        Consumer(
            name=f"{name}, {REST}" if name in mains else name,
            carrier=meters[name].carrier.value,
            line=meters[name].line,
            kwh=kwh,
            share=kwh / whole if whole else 0.0,
        )
        for name, kwh in sums.items()
    ]
    return sorted(found, key=lambda consumer: -consumer.kwh)


def _newest_study(
    transaction: Transaction, operator_id: str, facility_id: str
) -> FootprintStudy | None:
    wanted = StudyFilter(operator_id=operator_id, facility_id=facility_id)
    studies = [study_of(row) for row, *_ in transaction.studies.search(wanted)]
    # Of one day's studies the draft delegated act's: its electricity column is the declared one.
    return max(studies, key=lambda s: (s.computed_at, s.ruleset == "da-2024"), default=None)


def _scenarios(
    study: FootprintStudy | None, dataset: Dataset, pv_share: float
) -> tuple[list[SupplyScenario], str | None]:
    if study is None:
        return [], "no footprint study of this factory is there to start from"
    try:
        return supply_scenarios(study, dataset, pv_share), None
    except LcaError as error:
        return [], error.findings[0].reason
