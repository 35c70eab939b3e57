"""A carbon footprint as a card: one ruleset, its unit, its four stages, its three electricity columns.

Made from a passport's claims (`card_of_claims`) or from a whole study (`card_of_study`). Offsets are
listed and the columns stand side by side; nothing here adds, subtracts or nets anything.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Final

from api.pages import words
from api.pages.figures import Bar, figure, percent, plain, stacked_bar
from api.pages.languages import Words, gettext, message
from api.pages.reading import child, flag, number, rows, text, texts, web_address


@dataclass(frozen=True)
class StageView:
    """A life cycle stage; without a value it was not assessed, which is not zero."""

    id: str
    name: str
    kg_co2e_per_kwh: float | None
    kg_co2e_per_battery: float | None
    share: float | None
    reason: str | None


@dataclass(frozen=True)
class ColumnView:
    """One way to value the factory's electricity, with its boundary and its unit."""

    id: str
    title: str
    subtitle: str
    boundary: str
    unit: str
    per_kwh_electricity: float | None
    per_kwh_capacity: float | None
    basis: str | None
    warnings: tuple[str, ...]

    @property
    def in_footprint(self) -> bool:
        """Tell whether this column is the one inside the footprint."""
        return self.id == "cfb"

    @property
    def apart(self) -> str:
        """Say beside a figure that it is not the footprint's."""
        if self.id == "contract_based":
            return gettext("Reported by the maker, not in the footprint")
        return gettext("For information, not in the footprint")


@dataclass(frozen=True)
class OffsetView:
    """Carbon credits that are listed and nothing else."""

    id: str | None
    registry: str | None
    quantity_t: float | None
    vintage_year: str | None
    note: str | None


@dataclass(frozen=True)
class FootprintCard:
    """All that a page says of one footprint. Masses in kg CO2e, energies in kWh.

    `partial` is None where it is not stated whether all stages are in the total.
    """

    anchor: str
    ruleset: str
    ruleset_title: str
    per: str
    legal_state: str | None
    binding: bool
    functional_unit: str | None
    total_energy_kwh: float | None
    energy_formula: str | None
    energy_inputs: tuple[tuple[str, str], ...]
    kg_co2e_per_kwh: float | None
    kg_co2e_per_battery: float | None
    kg_co2e_per_kwh_capacity: float | None
    capacity_kwh: float | None
    partial: bool | None
    not_assessed: tuple[str, ...]
    incomplete: tuple[tuple[str, str], ...]
    stages: tuple[StageView, ...]
    bar: Bar
    columns: tuple[ColumnView, ...]
    offsets_listed_t: float | None
    offsets: tuple[OffsetView, ...]
    warnings: tuple[str, ...]
    assumptions: tuple[str, ...]
    dataset: str | None
    study: str | None
    study_sha256: str | None
    heading: str | None = None
    screening: bool = False
    quality: str | None = None
    implausible: tuple[str, ...] = ()

    @property
    def bar_summary(self) -> str:
        """The bar in one sentence, for who cannot see it."""
        said = [
            f"{stage.name} {figure(stage.kg_co2e_per_kwh)}"
            if stage.kg_co2e_per_kwh is not None
            else gettext("%(stage)s not assessed", stage=stage.name)
            for stage in self.stages
        ]
        unit, stages = words.co2e_per(self.per), "; ".join(said)
        return gettext("Stages in %(unit)s: %(stages)s.", unit=unit, stages=stages)


def card_of_claims(
    claims: Mapping[str, object],
    index: int,
    model: Mapping[str, object],
    study: Mapping[str, object] | None = None,
) -> FootprintCard:
    """Return the card for one footprint that a passport states, with the doubts of its study at hand."""
    study = study or {}
    ruleset = text(claims, "ruleset") or gettext("no ruleset stated")
    known = words.ruleset_words(ruleset)
    legal = child(claims, "legalState")
    total = number(claims, "kgCo2ePerKwh")
    energy = number(claims, "totalEnergyKwh")
    stages = tuple(_claimed_stage(row, total, energy) for row in rows(claims, "stages"))
    return FootprintCard(
        anchor=f"footprint-{index}",
        ruleset=ruleset,
        ruleset_title=known.title,
        per=known.per,
        legal_state=_legal_state(legal) or _unstopped(text(claims, "legalState")),
        binding=legal.get("binding") is True,
        functional_unit=text(claims, "functionalUnit"),
        total_energy_kwh=energy,
        energy_formula=None,
        energy_inputs=(),
        kg_co2e_per_kwh=total,
        kg_co2e_per_battery=number(claims, "kgCo2ePerBattery"),
        kg_co2e_per_kwh_capacity=number(claims, "kgCo2ePerKwhCapacity"),
        capacity_kwh=number(model, "capacityKwh"),
        partial=flag(claims, "partial"),
        not_assessed=_stage_names(texts(claims, "notAssessed")),
        incomplete=_incomplete(rows(study, "incomplete")),
        stages=stages,
        bar=_bar(stages),
        columns=_claimed_columns(child(claims, "electricityColumns")),
        offsets_listed_t=number(claims, "offsetsListedT"),
        offsets=(),
        warnings=tuple(texts(study, "warnings")),
        assumptions=(),
        dataset=_dataset(child(study, "dataset")),
        screening=flag(study, "screening") is True,
        quality=quality_said(child(study, "data_quality")),
        implausible=_implausible(study),
        study=web_address(text(claims, "study")),
        study_sha256=text(claims, "studySha256"),
    )


def _implausible(study: Mapping[str, object]) -> tuple[str, ...]:
    """Return what a study says is implausible, each with its range; in full it is among the warnings."""
    said = []
    for row in rows(study, "implausible"):
        name = words.readable(text(row, "quantity") or "")
        value, unit = number(row, "value"), text(row, "unit") or ""
        ends = (("≥", number(row, "low")), ("≤", number(row, "high")))
        span = ", ".join(f"{sign} {plain(end)}" for sign, end in ends if end is not None)
        found = "" if value is None else f" {figure(value)}"
        said.append(f"{name}{found} ({span} {unit})")
    return tuple(said)


def _legal_state(legal: Mapping[str, object]) -> str | None:
    said = [text(legal, "status"), text(legal, "document")]
    return _unstopped(", ".join(part for part in said if part) or None)


def _unstopped(sentence: str | None) -> str | None:
    return None if sentence is None else sentence.strip().removesuffix(".")


def _claimed_stage(
    row: Mapping[str, object], total: float | None, energy: float | None
) -> StageView:
    stage = text(row, "stage") or gettext("unnamed stage")
    value = number(row, "kgCo2ePerKwh")
    return StageView(
        id=stage,
        name=words.STAGES.get(stage, words.readable(stage)),
        kg_co2e_per_kwh=value,
        kg_co2e_per_battery=None if value is None or energy is None else value * energy,
        share=None if value is None or not total else value / total,
        reason=text(row, "reason"),
    )


def _claimed_columns(columns: Mapping[str, object]) -> tuple[ColumnView, ...]:
    names = ("kgCo2ePerKwhElectricity", "kgCo2ePerKwhCapacity")
    return _columns(columns, *names)


def card_of_study(
    result: Mapping[str, object],
    *,
    anchor: str,
    heading: str | None = None,
    study: str | None = None,
    study_sha256: str | None = None,
) -> FootprintCard:
    """Return the card for a whole study (the engine's document)."""
    reference = child(result, "ruleset")
    ruleset = text(reference, "id") or gettext("no ruleset stated")
    legal = child(reference, "legal_state")
    unit = child(result, "functional_unit")
    offsets = child(result, "offsets")
    stages = tuple(_study_stage(row) for row in rows(result, "stages"))
    return FootprintCard(
        anchor=anchor,
        heading=heading,
        ruleset=ruleset,
        ruleset_title=text(reference, "title") or words.ruleset_words(ruleset).title,
        per=words.PER_KWH_OF_CAPACITY
        if text(unit, "formula") == "capacity"
        else words.PER_KWH_DELIVERED,
        legal_state=_legal_state(legal),
        binding=reference.get("binding") is True,
        functional_unit=None,
        total_energy_kwh=number(unit, "total_energy_kwh"),
        energy_formula=text(unit, "text"),
        energy_inputs=_inputs(child(unit, "inputs")),
        kg_co2e_per_kwh=number(result, "kg_co2e_per_kwh"),
        kg_co2e_per_battery=number(result, "kg_co2e_per_battery"),
        kg_co2e_per_kwh_capacity=number(result, "kg_co2e_per_kwh_capacity"),
        capacity_kwh=number(child(result, "product"), "capacity_kwh"),
        partial=flag(result, "partial"),
        not_assessed=_stage_names(texts(result, "not_assessed")),
        incomplete=_incomplete(rows(result, "incomplete")),
        stages=stages,
        bar=_bar(stages),
        columns=_columns(
            child(result, "electricity_columns"),
            "kg_co2e_per_kwh_electricity",
            "kg_co2e_per_kwh_capacity",
        ),
        offsets_listed_t=number(offsets, "listed_t"),
        offsets=tuple(_offset(row) for row in rows(offsets, "entries")),
        warnings=tuple(texts(result, "warnings")),
        assumptions=tuple(texts(result, "assumptions")),
        dataset=_dataset(child(result, "dataset")),
        screening=flag(result, "screening") is True,
        quality=quality_said(child(result, "data_quality")),
        implausible=_implausible(result),
        study=study,
        study_sha256=study_sha256,
    )


def _study_stage(row: Mapping[str, object]) -> StageView:
    stage = text(row, "stage") or gettext("unnamed stage")
    assessed = row.get("assessed") is not False
    return StageView(
        id=stage,
        name=words.STAGES.get(stage, words.readable(stage)),
        kg_co2e_per_kwh=number(row, "kg_co2e_per_kwh") if assessed else None,
        kg_co2e_per_battery=number(row, "kg_co2e_per_battery") if assessed else None,
        share=number(row, "share") if assessed else None,
        reason=text(row, "reason"),
    )


def _columns(
    columns: Mapping[str, object], per_kwh_electricity: str, per_kwh_capacity: str
) -> tuple[ColumnView, ...]:
    order = [name for name in words.COLUMNS if name in columns]
    order += sorted(name for name in columns if name not in words.COLUMNS)
    views = []
    for name in order:
        column = child(columns, name)
        known = name in words.COLUMNS
        title, subtitle = words.column_words(name) if known else (words.readable(name), "")
        boundary = text(column, "boundary") or ""
        views.append(
            ColumnView(
                id=name,
                title=title,
                subtitle=subtitle,
                boundary=words.BOUNDARIES.get(boundary, boundary or gettext("boundary not stated")),
                unit=words.BOUNDARY_UNITS.get(boundary, "kg CO₂e"),
                per_kwh_electricity=number(column, per_kwh_electricity),
                per_kwh_capacity=number(column, per_kwh_capacity),
                basis=text(column, "basis"),
                warnings=tuple(texts(column, "warnings")),
            )
        )
    return tuple(views)


INPUTS: Final = Words(
    {
        "capacity_kwh": message("capacity in kWh"),
        "consumption_kwh_per_km": message("consumption in kWh per km"),
        "cycles_per_year": message("cycles per year"),
        "declared_cycles": message("declared cycles"),
        "distance_km": message("distance in km"),
        "given_km_per_year": message("km per year"),
        "given_warranty_distance_km": message("warranty distance in km"),
        "given_warranty_years": message("warranty in years"),
        "usable_energy_kwh": message("usable energy in kWh"),
        "vehicle_class": message("vehicle class"),
        "warranty_evidence": message("evidence of the warranty"),
        "years": message("years"),
    }
)


def _input(name: str) -> str:
    return INPUTS.get(name) or words.readable(name)


def _inputs(inputs: Mapping[str, object]) -> tuple[tuple[str, str], ...]:
    shown = []
    for name in inputs:
        value = number(inputs, name)
        said = plain(value) if value is not None else text(inputs, name)
        if said is not None:
            shown.append((_input(name), said))
    return tuple(shown)


def _offset(row: Mapping[str, object]) -> OffsetView:
    year = number(row, "vintage_year")
    return OffsetView(
        id=text(row, "id"),
        registry=text(row, "registry"),
        quantity_t=number(row, "quantity_t"),
        vintage_year=None if year is None else str(int(year)),
        note=text(row, "note"),
    )


def _incomplete(found: Sequence[Mapping[str, object]]) -> tuple[tuple[str, str], ...]:
    return tuple(
        (
            words.STAGES.get(text(row, "stage") or "", text(row, "stage") or ""),
            text(row, "reason") or "",
        )
        for row in found
    )


_LEVELS: Final = Words(
    {
        "excellent": message("excellent"),
        "very good": message("very good"),
        "good": message("good"),
        "fair": message("fair"),
        "poor": message("poor"),
    }
)


def quality_said(quality: Mapping[str, object]) -> str | None:
    """Say how good a study's data are, and how much of them is the company's own."""
    level, rating = text(quality, "level"), number(quality, "rating")
    share = number(quality, "primary_data_share")
    level = words.word(_LEVELS, level)
    rated = None if rating is None else gettext("rating %(rating)s", rating=figure(rating))
    own = (
        None
        if share is None
        else gettext("primary data %(share)s of the total", share=percent(share))
    )
    said = [level, rated, own]
    return ", ".join(part for part in said if part) or None


def _dataset(dataset: Mapping[str, object]) -> str | None:
    said = [text(dataset, "id"), text(dataset, "version")]
    return " ".join(part for part in said if part) or None


def _stage_names(stages: Sequence[str]) -> tuple[str, ...]:
    return tuple(words.STAGES.get(stage, words.readable(stage)) for stage in stages)


def _bar(stages: Sequence[StageView]) -> Bar:
    return stacked_bar([(stage.id, stage.kg_co2e_per_kwh) for stage in stages])
