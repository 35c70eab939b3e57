"""`voltpass footprint factors`: find an emission factor, and see where it comes from."""

from typing import Annotated

import typer
from rich.table import Table

from api.commands.console import AsJson, emit, out, reported
from lca.datasets import load_shipped_dataset

factors = typer.Typer(no_args_is_help=True, help="Search emission factors.", rich_markup_mode=None)


@factors.command("search")
def factors_search(
    text: Annotated[list[str] | None, typer.Argument(help="Words; all must occur.")] = None,
    boundary: Annotated[str | None, typer.Option(help="lca, direct_ghg or direct_co2.")] = None,
    region: Annotated[str | None, typer.Option(help="E.g. CN-SC.")] = None,
    limit: Annotated[int, typer.Option(help="So many at the most.", min=1, max=1000)] = 20,
    as_json: AsJson = False,
) -> None:
    """Search the shipped factors; what may not be shipped is listed with the reason."""
    with reported(as_json=as_json):
        dataset = load_shipped_dataset()
        words = " ".join(text or [])
        found = dataset.search(words, boundary=boundary, region=region, limit=limit)
        refused = dataset.search_refusals(words, limit) if words else ()
        document = {
            "dataset": dataset.to_reference(),
            "factors": [
                {**record.to_document(), "sha256": record.content_hash} for record in found
            ],
            "refused": [
                {"id": refusal.id, "name": refusal.name, "reason": refusal.reason}
                for refusal in refused
            ],
        }

        def show() -> None:
            table = Table("factor", "value", "unit", "region", "boundary", "source")
            for record in found:
                value = f"{record.value:g}" if record.value is not None else "per gas"
                table.add_row(
                    record.id, value, record.unit, record.region, record.boundary, record.source
                )
            out.print(table)
            for refusal in refused:
                out.print(f"refused: {refusal.id}: {refusal.reason}", markup=False)

        emit(document, as_json=as_json, text=show)
