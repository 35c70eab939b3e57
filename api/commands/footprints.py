"""`voltpass footprint`: compute footprints from an inventory, or as studies of registered models."""

from pathlib import Path
from typing import Annotated, Any

import typer
from rich.table import Table

from api.commands.console import AsJson, Operator, emit, open_voltpass, out, read_file, reported
from lca.datasets import load_shipped_dataset
from lca.footprint import compute_footprint
from lca.inventory import parse_inventory
from lca.rulesets import load_ruleset
from passports.documents import read_document, utc_now
from passports.footprints import FootprintRequest, compute_studies, get_study

footprint = typer.Typer(no_args_is_help=True, help="Compute and show carbon footprints.")


@footprint.command("compute")
def footprint_compute(
    file: Annotated[Path, typer.Argument(help="An inventory document (voltpass-inventory/1).")],
    ruleset: Annotated[list[str] | None, typer.Option(help="May be given several times.")] = None,
    as_json: AsJson = False,
) -> None:
    """Compute a footprint from an inventory file; nothing is stored."""
    with reported(as_json=as_json):
        inventory = parse_inventory(read_file(file, "the inventory"))
        dataset = load_shipped_dataset()
        results = {
            name: compute_footprint(inventory, load_ruleset(name), dataset).to_document()
            for name in ruleset or ["da-2024"]
        }
        emit(results, as_json=as_json, text=lambda: _print(list(results.values())))


@footprint.command("study")
def footprint_study(
    file: Annotated[Path, typer.Argument(help="JSON: model, facility, rulesets, inventory.")],
    operator: Operator,
    as_json: AsJson = False,
) -> None:
    """Compute and store the studies of a registered model from a registered factory."""
    with reported(as_json=as_json):
        request = read_document(FootprintRequest, read_file(file, "the request"), "the request")
        voltpass = open_voltpass()
        studies = compute_studies(voltpass.store, voltpass.dataset, operator, request, utc_now())
        emit(
            [study.to_document() for study in studies],
            as_json=as_json,
            text=lambda: _print([dict(study.result) for study in studies]),
        )


@footprint.command("show")
def footprint_show(study_id: str, as_json: AsJson = False) -> None:
    """Show a stored study."""
    with reported(as_json=as_json), open_voltpass().store.reading() as reading:
        study = get_study(reading, study_id)
        emit(study.to_document(), as_json=as_json, text=lambda: _print([dict(study.result)]))


def _print(results: list[dict[str, Any]]) -> None:
    for result in results:
        out.print(footprint_table(result))


def footprint_table(result: dict[str, Any]) -> Table:
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
