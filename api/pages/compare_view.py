"""The comparison of footprints across makers: one table a ruleset, one scale a table.

Values by different rulesets have different denominators, so they never share a table or a scale.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from urllib.parse import quote

from api.pages import words
from api.pages.certificate_card import coverage_words
from api.pages.figures import Bar, day, figure, span_of, stacked_bar
from api.pages.footprint_card import ColumnView, quality_said
from api.pages.languages import gettext
from api.pages.reading import child, number, rows, text, texts


@dataclass(frozen=True)
class ComparedStudy:
    """One study in the comparison."""

    operator: str | None
    facility: str | None
    facility_href: str
    country: str | None
    model: str | None
    kind: str
    kg_co2e_per_kwh: float | None
    kg_co2e_per_battery: float | None
    kg_co2e_per_kwh_capacity: float | None
    total_energy_kwh: float | None
    partial: bool
    screening: bool
    quality: str | None
    not_assessed: tuple[str, ...]
    bar: Bar
    bar_summary: str
    columns: tuple[ColumnView, ...]
    offsets_listed_t: float | None
    certificates: tuple[str, ...]
    computed_on: str | None
    study_href: str


@dataclass(frozen=True)
class Comparison:
    """All studies by one ruleset, lowest first.

    Attributes:
        same_scope: Whether all rows cover the same life cycle stages.
        same_dataset: Whether all rows rest on the same emission factors.
    """

    ruleset: str
    title: str
    per: str
    studies: tuple[ComparedStudy, ...]
    same_scope: bool
    same_dataset: bool

    @property
    def has_partial(self) -> bool:
        """Tell whether a total in the table is partial."""
        return any(study.partial for study in self.studies)

    @property
    def stages(self) -> tuple[tuple[str, str], ...]:
        """The stages for the legend."""
        return tuple(words.STAGES.items())


def compare_studies(found: Sequence[Mapping[str, object]]) -> list[Comparison]:
    """Group the rows of the regulator's query by ruleset and draw each group to one scale."""
    groups: dict[str, list[Mapping[str, object]]] = {}
    for row in found:
        groups.setdefault(text(row, "ruleset") or gettext("no ruleset stated"), []).append(row)
    return [_comparison(ruleset, groups[ruleset]) for ruleset in sorted(groups)]


def _stage_values(row: Mapping[str, object]) -> list[tuple[str, float | None]]:
    stages = child(row, "stages")
    return [(stage, number(stages, stage)) for stage in stages]


def _comparison(ruleset: str, found: Sequence[Mapping[str, object]]) -> Comparison:
    known = words.ruleset_words(ruleset)
    values = [_stage_values(row) for row in found]
    span = span_of(values)
    reserved = max(sum(value is None for _, value in bar) for bar in values)
    scopes = {(row.get("partial") is not False, *texts(row, "not_assessed")) for row in found}
    datasets = {text(child(row, "dataset"), "fingerprint") for row in found}
    return Comparison(
        ruleset=ruleset,
        title=known.title,
        per=known.per,
        studies=tuple(
            _study(row, bar, stacked_bar(bar, span, reserved))
            for row, bar in zip(found, values, strict=True)
        ),
        same_scope=len(scopes) == 1,
        same_dataset=len(datasets) == 1,
    )


def _study(
    row: Mapping[str, object], values: Sequence[tuple[str, float | None]], bar: Bar
) -> ComparedStudy:
    operator_id, facility_id = text(row, "operator_id") or "", text(row, "facility_id") or ""
    category = words.word(words.CATEGORIES, text(row, "category"))
    return ComparedStudy(
        operator=text(row, "operator"),
        facility=text(row, "facility"),
        facility_href=f"/facilities/{quote(operator_id, safe='')}/{quote(facility_id, safe='')}",
        country=text(row, "country"),
        model=text(row, "model_id"),
        kind=", ".join(part for part in (category, text(row, "chemistry")) if part),
        kg_co2e_per_kwh=number(row, "kg_co2e_per_kwh"),
        kg_co2e_per_battery=number(row, "kg_co2e_per_battery"),
        kg_co2e_per_kwh_capacity=number(row, "kg_co2e_per_kwh_capacity"),
        total_energy_kwh=number(row, "total_energy_kwh"),
        partial=row.get("partial") is not False,
        screening=row.get("screening") is True,
        quality=quality_said(child(row, "data_quality")),
        not_assessed=tuple(
            words.STAGES.get(s, words.readable(s)) for s in texts(row, "not_assessed")
        ),
        bar=bar,
        bar_summary=_summary(values),
        columns=_columns(child(row, "electricity_columns")),
        offsets_listed_t=number(row, "offsets_listed_t"),
        certificates=tuple(
            coverage_words(text(c, "scheme") or "", text(c, "coverage"), text(c, "evidence"))
            for c in rows(row, "certificates")
        ),
        computed_on=day(text(row, "computed_at")) if text(row, "computed_at") else None,
        study_href=f"/v1/footprints/{quote(text(row, 'study_id') or '', safe='')}",
    )


def _summary(values: Sequence[tuple[str, float | None]]) -> str:
    unknown = gettext("not assessed")
    return "; ".join(
        f"{words.STAGES.get(stage, words.readable(stage))} "
        f"{unknown if value is None else figure(value)}"
        for stage, value in values
    )


def _columns(columns: Mapping[str, object]) -> tuple[ColumnView, ...]:
    views = []
    for name in words.COLUMNS:
        title, subtitle = words.column_words(name)
        column = child(columns, name)
        boundary = text(column, "boundary") or ""
        views.append(
            ColumnView(
                id=name,
                title=title,
                subtitle=subtitle,
                boundary=words.BOUNDARIES.get(boundary, gettext("boundary not stated")),
                unit=words.BOUNDARY_UNITS.get(boundary, "kg CO₂e"),
                per_kwh_electricity=None,
                per_kwh_capacity=number(column, "kg_co2e_per_kwh_capacity"),
                basis=None,
                warnings=(),
            )
        )
    return tuple(views)
