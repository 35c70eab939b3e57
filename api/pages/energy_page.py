"""What the operator's page of a factory shows: by line and meter, targets, consumers, another supply."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Final

from api.pages import words
from api.pages.bar_plots import bar_plot
from api.pages.figures import figure
from api.pages.plots import Plot
from api.pages.trend_plots import Series, line_plot
from passports.energy.energy_view import Consumer, EnergyView, SeriesByMonth
from passports.energy.supply_scenarios import SupplyScenario
from passports.energy.targets import TargetStanding

_LINES: Final = 5  # series that print tells apart; the table behind has all
_CONSUMERS: Final = 12
_TONES: Final[Mapping[str, str]] = {
    "reached": "passed",
    "missed": "failed",
    "running": "cannot_tell",
    "not metered": "cannot_tell",
}


@dataclass(frozen=True)
class TableView:
    """A table by month."""

    anchor: str
    title: str
    months: tuple[str, ...]
    rows: tuple[tuple[str, str, tuple[str, ...], str], ...]


@dataclass(frozen=True)
class TargetView:
    """A target against what was metered."""

    title: str
    year: int
    target: str
    actual: str
    tone: str
    outcome: str
    covers: str | None
    note: str | None


@dataclass(frozen=True)
class ScenarioView:
    """Another supply: a row a column, and what it rests on."""

    title: str
    rows: tuple[tuple[str, str, str, str, str], ...]
    factors: tuple[str, ...]
    note: str


@dataclass(frozen=True)
class EnergyPage:
    """The operator's page."""

    name: str
    place: str
    plots: tuple[Plot, ...]
    supply_plots: tuple[Plot, ...]
    tables: tuple[TableView, ...]
    targets: tuple[TargetView, ...]
    scenarios: tuple[ScenarioView, ...]
    scenarios_missing: str | None
    study_id: str | None


def view_energy(view: EnergyView) -> EnergyPage:
    """Return what the page shows."""
    return EnergyPage(
        name=view.facility.name,
        place=view.facility.place,
        plots=(*_line_plots(view), *_consumers(view)),
        supply_plots=tuple(_scenario_plots(view.scenarios)),
        tables=(
            _table("by-line", "By line and month", view.months, view.lines),
            _table("by-meter", "By meter and month", view.months, view.meters),
        )
        if view.months
        else (),
        targets=tuple(_target(row) for row in view.targets),
        scenarios=tuple(_scenario(row) for row in view.scenarios),
        scenarios_missing=view.scenarios_missing,
        study_id=view.study_id,
    )


def _line_plots(view: EnergyView) -> list[Plot]:
    plots = []
    for carrier in dict.fromkeys(row.carrier for row in view.lines):
        rows = sorted((r for r in view.lines if r.carrier == carrier), key=lambda r: -r.total)
        series = [Series(row.name, row.values) for row in rows[:_LINES]]
        more = len(rows) - _LINES
        note = f"The largest {_LINES}; {more} more stand in the table below." if more > 0 else None
        name = words.CARRIERS[carrier]
        title, anchor = f"{name} by line, month by month", f"lines-{carrier}"
        plots.append(line_plot(anchor, title, rows[0].unit, view.months, series, note))
    return plots


def _consumers(view: EnergyView) -> list[Plot]:
    rows = [(_consumer(row), row.kwh) for row in view.consumers[:_CONSUMERS]]
    if not rows:
        return []
    note = (
        "Fuel and heat as the energy they hold. A main meter stands for what no sub-meter counts."
    )
    return [bar_plot("consumers", "Largest consumers", "kWh", rows, note)]


def _consumer(row: Consumer) -> str:
    where = f" ({row.line})" if row.line else ""
    return f"{row.name}{where}, {words.CARRIERS[row.carrier].lower()}, {100 * row.share:.1f} %"


def _scenario_plots(scenarios: Sequence[SupplyScenario]) -> list[Plot]:
    """Return a plot for each column: now, and with each other supply; columns share no scale."""
    plots = []
    for place, column in enumerate(scenarios[0].columns if scenarios else ()):
        if column.before_t is None:
            continue
        rows = [("As it is", column.before_t)]
        for scenario in scenarios:
            after = scenario.columns[place].after_t
            if after is not None:
                rows.append((scenario.title, after))
        title = f"Another supply, {words.COLUMNS[column.column][0].lower()}"
        note = f"Boundary: {words.BOUNDARIES.get(column.boundary, column.boundary)}."
        unit = words.BOUNDARY_UNITS.get(column.boundary, "kg CO₂e").replace("kg", "t")
        plots.append(bar_plot(f"supply-{column.column}", title, unit, rows, note))
    return plots


def _table(
    anchor: str, title: str, months: tuple[str, ...], rows: Sequence[SeriesByMonth]
) -> TableView:
    return TableView(
        anchor,
        title,
        months,
        tuple(
            (
                _row_name(row),
                f"{words.CARRIERS[row.carrier]}, {row.unit}",
                tuple("\N{EN DASH}" if v is None else figure(v) for v in row.values),
                figure(row.total),
            )
            for row in rows
        ),
    )


def _row_name(row: SeriesByMonth) -> str:
    if row.part_of is not None:
        return f"{row.name}, behind {row.part_of}{f', {row.line}' if row.line else ''}"
    return f"{row.name}{f', {row.line}' if row.line and row.line != row.name else ''}"


def _target(row: TargetStanding) -> TargetView:
    unit = "" if row.unit == "1" else f" {row.unit}"
    actual = "not metered" if row.actual is None else f"{figure(row.actual)}{unit}"
    return TargetView(
        row.title,
        row.year,
        f"{figure(row.target)}{unit}",
        actual,
        _TONES[row.outcome],
        row.outcome,
        None if row.actual is None else row.covers,
        row.note,
    )


def _scenario(row: SupplyScenario) -> ScenarioView:
    rows = []
    for column in row.columns:
        title = words.COLUMNS[column.column][0]
        if column.reason is not None:
            rows.append((title, "not stated", "not stated", "not stated", column.reason))
            continue
        unit = words.BOUNDARY_UNITS.get(column.boundary, "kg CO₂e")
        before = f"{figure(column.before_kg_per_kwh)} {unit}/kWh, {figure(column.before_t)} t"
        after = f"{figure(column.after_kg_per_kwh)} {unit}/kWh, {figure(column.after_t)} t"
        boundary = words.BOUNDARIES.get(column.boundary, column.boundary)
        rows.append((title, before, after, f"{figure(column.change_t)} t", boundary))
    factors = tuple(
        f"{f.id}: {figure(f.kg_co2e_per_kwh)} kg per kWh, {f.region} {f.period}. {f.source}"
        for f in row.factors
    )
    return ScenarioView(row.title, tuple(rows), factors, row.note)
