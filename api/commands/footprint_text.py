"""What a footprint looks like in a terminal: stages, contributions, what moves it, how sure it is."""

from collections.abc import Iterator, Mapping, Sequence
from typing import Any, Final

from rich.table import Table

from passports.plurals import counted

_ROWS: Final = 8
"""Rows of the tables of contributions and of what moves the result."""

_MOVERS: Final = 5


def footprint_table(result: Mapping[str, Any]) -> Table:
    """Return a result as a table for the terminal."""
    ruleset, unit = result["ruleset"], result["functional_unit"]
    title = f"{ruleset['id']}: {result['kg_co2e_per_kwh']:.4f} kg CO2e per kWh delivered"
    whole = " (partial)" if result["partial"] else ""
    caption = (
        f"{result['kg_co2e_per_battery']:,.1f} kg CO2e per battery{whole} / "
        f"{unit['total_energy_kwh']:,.0f} kWh delivered; information only: "
        f"{result['kg_co2e_per_kwh_capacity']:.2f} kg per kWh of capacity"
    )
    table = Table(
        "stage", title=title, caption=caption, title_justify="left", caption_justify="left"
    )
    table.add_column("kg CO2e per battery", justify="right")
    table.add_column("kg CO2e per kWh delivered", justify="right")
    for stage in result["stages"]:
        name = stage["stage"].replace("_", " ")
        if stage["assessed"]:
            figures = (f"{stage['kg_co2e_per_battery']:,.1f}", f"{stage['kg_co2e_per_kwh']:.4f}")
            table.add_row(name, *figures)
        else:
            table.add_row(name, "not assessed", "not assessed")
    return table


def doubt_lines(result: Mapping[str, Any]) -> Iterator[str]:
    """Yield what of a result is implausible, and where it stands; the figure above is as computed."""
    for doubt in result.get("implausible", ()):
        yield f"  ! {doubt['text']}"
        if doubt.get("place"):
            yield f"    in {doubt['place']}"


def contributions_table(result: Mapping[str, Any]) -> Table:
    """Return the largest contributions; the shares of all sum to the total."""
    shown = [row for row in result["contributions"] if row["kg_co2e_per_battery"] is not None]
    shown.sort(key=lambda row: -abs(row["kg_co2e_per_battery"]))
    table = Table("input", "stage", title="largest contributions", title_justify="left")
    table.add_column("kg CO2e per battery", justify="right")
    table.add_column("share, %", justify="right")
    for row in shown[:_ROWS]:
        name = row["name"] or row["factor"] or "confidential or licensed"
        stage = row["stage"].replace("_", " ")
        share = "-" if row["share"] is None else f"{100 * row['share']:.1f}"
        table.add_row(str(name), stage, f"{row['kg_co2e_per_battery']:,.1f}", share)
    rest = shown[_ROWS:]
    if rest:
        total = sum(row["kg_co2e_per_battery"] for row in rest)
        part = 100 * sum(row["share"] or 0.0 for row in rest)
        table.add_row(f"{counted(len(rest), 'others')}", "", f"{total:,.1f}", f"{part:.1f}")
    return table


def sensitivity_rows(rows: Sequence[Mapping[str, Any]]) -> Table:
    """Return which inputs move the result most."""
    table = Table("input", "kind", title="what moves the result most", title_justify="left")
    table.add_column("+10 % brings, kg per battery", justify="right")
    table.add_column("GSD", justify="right")
    for row in rows[:_MOVERS]:
        spread = "-" if row["gsd"] is None else f"{row['gsd']:.2f}"
        moved = f"{row['kg_co2e_per_ten_percent']:+,.1f}"
        table.add_row(row["name"], row["kind"], moved, spread)
    return table


def quality_lines(result: Mapping[str, Any]) -> Iterator[str]:
    """Yield what is to be said of the quality and the spread of a result."""
    quality, spread = result["data_quality"], result["uncertainty"]
    if quality and quality.get("rating") is not None:
        yield (
            f"data quality {quality['rating']:.2f} ({quality['level']}; 1 best, 5 worst), "
            f"primary data {100 * quality['primary_data_share']:.0f} %"
        )
    if spread and spread.get("covered_share"):
        yield (
            f"{spread['interval']} interval {spread['low_kg_co2e_per_battery']:,.0f} to "
            f"{spread['high_kg_co2e_per_battery']:,.0f} kg per battery (informative); "
            f"{100 * spread['covered_share']:.0f} % of it has a known spread"
        )
    elif spread:
        yield "no spread is known of any input: no interval (see --assumed-gsd)"


def note_lines(result: Mapping[str, Any]) -> Iterator[str]:
    """Yield quality, spread and warnings, but for what `doubt_lines` says."""
    yield from quality_lines(result)
    told = {doubt["text"] for doubt in result.get("implausible", ())}
    yield from (f"! {warning}" for warning in result["warnings"] if warning not in told)


def scenarios_table(rows: Sequence[Mapping[str, Any]]) -> Table:
    """Return the what-if rows beside the original."""
    table = Table("what if", title_justify="left")
    table.add_column("kg CO2e per kWh delivered", justify="right")
    table.add_column("change, %", justify="right")
    for row in rows:
        change = row["change_percent"]
        table.add_row(row["scenario"], f"{row['kg_co2e_per_kwh']:.4f}", f"{change or 0:+.1f}")
    return table


def scenario_doubts(rows: Sequence[Mapping[str, Any]]) -> Iterator[str]:
    """Yield what is implausible of a scenario and was not of the original."""
    for row in rows:
        for text in row["warnings"]:
            if text.startswith("implausible "):
                yield f"  ! {row['scenario']}: {text}"
