"""What stands in the study behind a footprint, as blocks; HTML and PDF are written from the same ones.

Article 7(1)(g) asks for a public version of the study. It leaves out confidential rows and licensed
values: their emissions stand in the sums of their stage. The confidential version, for a notified
body, shows every row but no licensed value either.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from typing import Any, Final, Literal

from lca.audit import licensed_factors, named_factors
from lca.charts import STAGE_NAMES, sankey_drawing, waterfall_drawing
from lca.doubts import IMPLAUSIBLE
from lca.footprint import Footprint
from lca.sharing import hidden_factors, shared_document
from lca.svg import Drawing


@dataclass(frozen=True, slots=True)
class Heading:
    """A heading; the title of the study is of level 1."""

    text: str
    level: int = 2


@dataclass(frozen=True, slots=True)
class Paragraph:
    """A paragraph: plain, a note that must be seen, or the result in large type."""

    text: str
    kind: Literal["plain", "note", "result"] = "plain"


@dataclass(frozen=True, slots=True)
class Bullets:
    """A list of sentences."""

    texts: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Table:
    """A table; `numbers` are the columns set to the right, `widths` their shares of the width."""

    header: tuple[str, ...]
    rows: tuple[tuple[str, ...], ...]
    widths: tuple[int, ...]
    numbers: frozenset[int] = field(default=frozenset())


@dataclass(frozen=True, slots=True)
class Figure:
    """A diagram."""

    drawing: Drawing


Block = Heading | Paragraph | Bullets | Table | Figure

_WITHHELD: Final = "confidential or licensed inputs"


def study_title(footprint: Footprint) -> str:
    """Return the title of the study."""
    return f"Carbon footprint study: {footprint.system.inventory.title}"


def study_blocks(footprint: Footprint, *, public: bool) -> tuple[Block, ...]:
    """Return the study, block by block.

    Args:
        footprint: The result.
        public: Leave out confidential rows, evidence and amounts.
    """
    document: Any = shared_document(footprint, public=public)
    kind = "public version" if public else "confidential version"
    return (
        Heading(study_title(footprint), 1),
        Paragraph(f"{kind}; result {document['content_sha256']}"),
        *_method(document),
        *_result(document),
        *_implausible(document),
        *_stages(document),
        Heading("Diagrams"),
        Figure(waterfall_drawing(footprint)),
        Figure(sankey_drawing(footprint, public=public)),
        *_contributions(document),
        *_recycled(document),
        *_electricity(document),
        *_offsets(document),
        *_quality(document),
        *_texts("Warnings", document["warnings"]),
        *_texts("Assumptions", document["assumptions"]),
        *_sources(footprint, public=public),
    )


def _method(document: Any) -> Iterator[Block]:  # noqa: ANN401 - JSON
    ruleset = document["ruleset"]
    legal = ruleset["legal_state"]
    yield Heading("Method")
    yield Paragraph(
        f"{ruleset['title']} ({ruleset['id']}, version {ruleset['version']}). Legal state: "
        f"{legal['status']}, {legal['document']}. Not binding. {legal['note']}"
    )
    if document["screening"]:
        text = "Screening study: not eligible as a declaration under Article 7."
        yield Paragraph(text, "note")


def _result(document: Any) -> Iterator[Block]:  # noqa: ANN401 - JSON
    unit = document["functional_unit"]
    yield Heading("Result")
    figure = f"{document['kg_co2e_per_kwh']:.4f} kg CO2e per kWh of the functional unit"
    yield Paragraph(figure, "result")
    if document["partial"]:
        text = "Partial total: see the stages that were not, or not wholly, assessed."
        yield Paragraph(text, "note")
    yield Paragraph(
        f"{document['kg_co2e_per_battery']:,.1f} kg CO2e per battery divided by "
        f"{unit['total_energy_kwh']:,.0f} kWh ({unit['text']}). For information only: "
        f"{document['kg_co2e_per_kwh_capacity']:.2f} kg CO2e per kWh of capacity."
    )
    inputs = tuple((key, _shown(value)) for key, value in unit["inputs"].items())
    yield Table(("Input of the functional unit", "Value"), inputs, (60, 40), frozenset({1}))


def _implausible(document: Any) -> Iterator[Block]:  # noqa: ANN401 - JSON
    doubts = document.get(IMPLAUSIBLE, [])
    if not doubts:
        return
    yield Heading("Outside the plausible range")
    text = "The result is computed with these figures as they stand. Each is right, or a slip: check it."
    yield Paragraph(text, "note")
    rows = tuple(
        (
            doubt["quantity"].replace("_", " "),
            "withheld" if doubt["value"] is None else _shown(doubt["value"]),
            _span(doubt["low"], doubt["high"]),
            doubt["unit"],
            doubt["check"],
            f"{doubt['source']} ({doubt['where']})",
        )
        for doubt in doubts
    )
    header = ("Quantity", "Value", "Plausible", "Unit", "Check", "Source of the range")
    yield Table(header, rows, (15, 11, 12, 13, 19, 30), frozenset({1, 2}))


def _span(low: float | None, high: float) -> str:
    return f"up to {_shown(high)}" if low is None else f"{_shown(low)} to {_shown(high)}"


def _stages(document: Any) -> Iterator[Block]:  # noqa: ANN401 - JSON
    rows = []
    for stage in document["stages"]:
        kg, share = stage["kg_co2e_per_battery"], stage["share"]
        rows.append(
            (
                STAGE_NAMES[stage["stage"]],
                "not assessed" if kg is None else f"{kg:,.2f}",
                "" if kg is None else f"{stage['kg_co2e_per_kwh']:.5f}",
                "" if share is None else f"{share:.1%}",
                stage["reason"] or "",
            )
        )
    header = ("Stage", "kg CO2e per battery", "kg CO2e per kWh", "Share", "Not assessed, and why")
    yield Heading("Life cycle stages")
    yield Table(header, tuple(rows), (18, 17, 15, 10, 40), frozenset({1, 2, 3}))


def _contributions(document: Any) -> Iterator[Block]:  # noqa: ANN401 - JSON
    shown = [row for row in document["contributions"] if not row["withheld"]]
    public = document["public"]
    rows = [
        (
            item["name"],
            STAGE_NAMES[item["stage"]],
            item["factor"],
            "" if public else f"{item['amount_per_battery']:,.4g} {item['unit']}",
            "" if public else item["evidence"] or item["origin"],
            f"{item['kg_co2e_per_battery']:,.3f}",
        )
        for item in sorted(shown, key=lambda row: -abs(row["kg_co2e_per_battery"]))
    ]
    rows += [
        (_WITHHELD, STAGE_NAMES[stage], "", "", "", f"{kg:,.3f}")
        for stage, kg in document["withheld_by_stage"].items()
    ]
    header = ("Input", "Stage", "Factor", "Amount", "Evidence", "kg CO2e per battery")
    yield Heading("Contributions")
    yield Table(header, tuple(rows), (26, 13, 21, 12, 14, 14), frozenset({3, 5}))


def _recycled(document: Any) -> Iterator[Block]:  # noqa: ANN401 - JSON
    shares = document.get("recycled_content", {}).get("shares", [])
    if not shares:
        return
    yield Heading("Recycled content (Article 8)")
    yield Paragraph(f"{document['recycled_content']['note']}.")
    rows = tuple(
        (
            row["metal"],
            _shown(row["mass_kg"]),
            f"{row['pre_consumer_share']:.2%}",
            f"{row['post_consumer_share']:.2%}",
            "; ".join(row["evidence"]),
        )
        for row in shares
    )
    header = ("Metal", "kg", "Pre-consumer", "Post-consumer", "Evidence")
    yield Table(header, rows, (14, 14, 16, 16, 40), frozenset({1, 2, 3}))


def _electricity(document: Any) -> Iterator[Block]:  # noqa: ANN401 - JSON
    columns = document["electricity_columns"]
    if not columns:
        return
    rows = tuple(
        (
            name.replace("_", " "),
            column["boundary"],
            _shown(column["kg_co2e_per_kwh_electricity"]),
            _shown(column["kg_co2e_per_battery"]),
            "; ".join([column["basis"], *column["warnings"]]),
        )
        for name, column in columns.items()
    )
    header = ("Column", "Boundary", "kg per kWh", "kg per battery", "Basis")
    yield Heading("Electricity in three columns")
    text = "Only the first is in the footprint. They differ in boundary and are never added."
    yield Paragraph(text)
    yield Table(header, rows, (15, 13, 12, 14, 46), frozenset({2, 3}))


def _offsets(document: Any) -> Iterator[Block]:  # noqa: ANN401 - JSON
    offsets = document["offsets"]
    yield Heading("Offsets")
    yield Paragraph(f"{offsets['note']}.".capitalize())
    rows = tuple(
        (
            _shown(entry["registry"]),
            entry["id"],
            _shown(entry["vintage_year"]),
            _shown(entry["quantity_t"]),
        )
        for entry in offsets["entries"]
    )
    if rows:
        header = ("Registry", "Credit", "Vintage", "t")
        yield Table(header, rows, (35, 35, 15, 15), frozenset({3}))


def _quality(document: Any) -> Iterator[Block]:  # noqa: ANN401 - JSON
    quality, spread = document["data_quality"], document["uncertainty"]
    rating = f"{_shown(quality['rating'])} {_shown(quality['level'])}".strip()
    rows = (
        ("Data quality rating (1 best, 5 worst)", rating or "not rated"),
        ("Share of emissions rated", f"{quality['rated_share']:.0%}"),
        ("Primary-data share", f"{quality['primary_data_share']:.0%}"),
        ("Standard deviation, kg CO2e", _shown(spread["standard_deviation_kg_co2e_per_battery"])),
        ("Share of emissions with a known spread", f"{spread['covered_share']:.0%}"),
    )
    yield Heading("Quality and spread")
    yield Table(("", "Value"), rows, (60, 40), frozenset({1}))
    yield Paragraph(f"{spread['note']}.")


def _sources(footprint: Footprint, *, public: bool) -> Iterator[Block]:
    licensed = licensed_factors(footprint)
    hidden = hidden_factors(footprint) if public else frozenset[str]()
    rows = tuple(
        (
            record.id,
            record.citation,
            record.licence,
            record.period,
            "withheld" if record.id in licensed else record.content_hash[:16],
        )
        for record in named_factors(footprint).values()
        if record.id not in hidden
    )
    yield Heading("Sources of the factors")
    header = ("Factor", "Source", "Licence", "Period", "Hash")
    yield Table(header, rows, (24, 34, 16, 10, 16))


def _texts(title: str, texts: Sequence[str]) -> Iterator[Block]:
    if texts:
        yield Heading(title)
        yield Bullets(tuple(texts))


def _shown(value: object) -> str:
    if isinstance(value, float):
        return f"{value:,.5g}" if abs(value) < 1e5 else f"{value:,.0f}"  # noqa: PLR2004 - readable
    return "" if value is None else str(value)
