"""The study behind a footprint as one HTML page: public, or confidential for a notified body.

Article 7(1)(g) asks for a public version of the study. It leaves out confidential rows and licensed
values: their emissions stand in the sums of their stage. The confidential page shows every row but
no licensed value either. Everything is escaped, inline, and without scripts.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from html import escape
from typing import Any

from lca.audit import named_factors
from lca.charts import STAGE_NAMES, sankey_svg, waterfall_svg
from lca.footprint import Footprint

_STYLE = """
body{font:15px/1.5 system-ui,sans-serif;color:#1c1c1c;max-width:64rem;margin:2rem auto;padding:0 1rem}
h1{font-size:1.6rem}h2{font-size:1.15rem;margin-top:2rem;border-bottom:1px solid #ccc}
table{border-collapse:collapse;width:100%;font-size:.92em}th,td{text-align:left;padding:.3rem .6rem;
border-bottom:1px solid #e3e3e3;vertical-align:top}td.n,th.n{text-align:right;white-space:nowrap}
.big{font-size:1.5rem;font-weight:600}.note{background:#fff6df;border-left:4px solid #d9a300;
padding:.5rem 1rem}svg{max-width:100%;height:auto}code{font-size:.85em;word-break:break-all}
@media print{body{margin:0}h2{break-after:avoid}table,svg{break-inside:avoid}}
"""


def study_html(footprint: Footprint, *, public: bool) -> str:
    """Return the study as an HTML document.

    Args:
        footprint: The result.
        public: Leave out confidential rows, evidence and amounts.
    """
    document: Any = footprint.to_document()
    title = f"Carbon footprint study: {document['title']}"
    kind = "public version" if public else "confidential version"
    sections = [
        f"<h1>{escape(title)}</h1><p>{kind}; result <code>{document['content_sha256']}</code></p>",
        _method(document),
        _result(document),
        _stages(document),
        f"<h2>Diagrams</h2>{waterfall_svg(footprint)}{sankey_svg(footprint, public=public)}",
        _contributions(document, public=public),
        _electricity(document),
        _offsets(document),
        _quality(document),
        _texts("Warnings", document["warnings"]),
        _texts("Assumptions", document["assumptions"]),
        _sources(footprint),
    ]
    return (
        '<!doctype html><html lang="en"><head><meta charset="utf-8">'
        '<meta name="viewport" content="width=device-width">'
        f"<title>{escape(title)}</title><style>{_STYLE}</style></head>"
        f"<body>{''.join(sections)}</body></html>"
    )


def _method(document: Any) -> str:  # noqa: ANN401 - JSON
    ruleset = document["ruleset"]
    legal = ruleset["legal_state"]
    screening = (
        "<p class=note>Screening study: not eligible as a declaration under Article 7.</p>"
        if document["screening"]
        else ""
    )
    return (
        f"<h2>Method</h2><p>{escape(ruleset['title'])} (<code>{escape(ruleset['id'])}</code>, "
        f"version {escape(ruleset['version'])}). Legal state: {escape(legal['status'])}, "
        f"{escape(legal['document'])}. <strong>Not binding.</strong> {escape(legal['note'])}</p>"
        f"{screening}"
    )


def _result(document: Any) -> str:  # noqa: ANN401 - JSON
    unit = document["functional_unit"]
    inputs = [(key, _shown(value)) for key, value in unit["inputs"].items()]
    partial = (
        "<p class=note>Partial total: see the stages that were not, or not wholly, assessed.</p>"
        if document["partial"]
        else ""
    )
    return (
        f"<h2>Result</h2><p class=big>{document['kg_co2e_per_kwh']:.4f} kg CO2e per kWh of the "
        f"functional unit</p>{partial}<p>{document['kg_co2e_per_battery']:,.1f} kg CO2e per battery"
        f" divided by {unit['total_energy_kwh']:,.0f} kWh ({escape(unit['text'])}). For information"
        f" only: {document['kg_co2e_per_kwh_capacity']:.2f} kg CO2e per kWh of capacity.</p>"
        f"{_table(('Input of the functional unit', 'Value'), inputs, numbers={1})}"
    )


def _stages(document: Any) -> str:  # noqa: ANN401 - JSON
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
    return f"<h2>Life cycle stages</h2>{_table(header, rows, numbers={1, 2, 3})}"


def _contributions(document: Any, *, public: bool) -> str:  # noqa: ANN401 - JSON
    rows: list[Sequence[str]] = []
    hidden: dict[str, float] = {}
    for item in sorted(document["contributions"], key=lambda row: -abs(row["kg_co2e_per_battery"])):
        if not item["redistributable"] or (public and item["confidential"]):
            stage = STAGE_NAMES[item["stage"]]
            hidden[stage] = hidden.get(stage, 0.0) + item["kg_co2e_per_battery"]
            continue
        amount = f"{item['amount_per_battery']:,.4g} {item['unit']}"
        rows.append(
            (
                item["name"],
                STAGE_NAMES[item["stage"]],
                item["factor"],
                "" if public else amount,
                "" if public else item["evidence"] or item["origin"],
                f"{item['kg_co2e_per_battery']:,.3f}",
            )
        )
    for stage, kg in hidden.items():
        rows.append(("confidential or licensed inputs", stage, "", "", "", f"{kg:,.3f}"))
    header = ("Input", "Stage", "Factor", "Amount", "Evidence", "kg CO2e per battery")
    return f"<h2>Contributions</h2>{_table(header, rows, numbers={3, 5})}"


def _electricity(document: Any) -> str:  # noqa: ANN401 - JSON
    columns = document["electricity_columns"]
    if not columns:
        return ""
    rows = [
        (
            name.replace("_", " "),
            column["boundary"],
            _shown(column["kg_co2e_per_kwh_electricity"]),
            _shown(column["kg_co2e_per_battery"]),
            "; ".join([column["basis"], *column["warnings"]]),
        )
        for name, column in columns.items()
    ]
    header = ("Column", "Boundary", "kg per kWh", "kg per battery", "Basis")
    return (
        "<h2>Electricity in three columns</h2><p>Only the first is in the footprint. They differ in"
        f" boundary and are never added.</p>{_table(header, rows, numbers={2, 3})}"
    )


def _offsets(document: Any) -> str:  # noqa: ANN401 - JSON
    offsets = document["offsets"]
    rows = [
        (entry["registry"], entry["id"], str(entry["vintage_year"]), _shown(entry["quantity_t"]))
        for entry in offsets["entries"]
    ]
    table = _table(("Registry", "Credit", "Vintage", "t"), rows, numbers={3}) if rows else ""
    return f"<h2>Offsets</h2><p>{escape(offsets['note']).capitalize()}.</p>{table}"


def _quality(document: Any) -> str:  # noqa: ANN401 - JSON
    quality, spread = document["data_quality"], document["uncertainty"]
    rows = [
        (
            "Data quality rating (1 best, 5 worst)",
            f"{_shown(quality['rating'])} {quality['level']}",
        ),
        ("Share of emissions rated", f"{quality['rated_share']:.0%}"),
        ("Primary-data share", f"{quality['primary_data_share']:.0%}"),
        ("Standard deviation, kg CO2e", _shown(spread["standard_deviation_kg_co2e_per_battery"])),
        ("Share of emissions with a known spread", f"{spread['covered_share']:.0%}"),
    ]
    note = escape(spread["note"])
    return f"<h2>Quality and spread</h2>{_table(('', 'Value'), rows, numbers={1})}<p>{note}.</p>"


def _sources(footprint: Footprint) -> str:
    rows = [
        (record.id, record.citation, record.licence, record.period, record.content_hash[:16])
        for record in named_factors(footprint).values()
    ]
    header = ("Factor", "Source", "Licence", "Period", "Hash")
    return f"<h2>Sources of the factors</h2>{_table(header, rows)}"


def _texts(title: str, texts: Iterable[str]) -> str:
    items = "".join(f"<li>{escape(text)}</li>" for text in texts)
    return f"<h2>{title}</h2><ul>{items}</ul>" if items else ""


def _table(
    header: Sequence[str], rows: Iterable[Sequence[str]], numbers: set[int] | None = None
) -> str:
    right = numbers or set()

    def cells(values: Sequence[str], tag: str) -> str:
        return "".join(
            f"<{tag}{' class=n' if i in right else ''}>{escape(value)}</{tag}>"
            for i, value in enumerate(values)
        )

    body = "".join(f"<tr>{cells(row, 'td')}</tr>" for row in rows)
    return f"<table><thead><tr>{cells(header, 'th')}</tr></thead><tbody>{body}</tbody></table>"


def _shown(value: object) -> str:
    if isinstance(value, float):
        return f"{value:,.5g}" if abs(value) < 1e5 else f"{value:,.0f}"  # noqa: PLR2004 - readable
    return "" if value is None else str(value)
