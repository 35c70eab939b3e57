"""`voltpass query | fsck`: the regulator's questions, and whether the store is sound."""

from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Annotated, Any

import typer
from rich.table import Table

from api.commands.console import (
    EXIT_NOTHING,
    EXIT_REFUSED,
    AsJson,
    emit,
    open_voltpass,
    out,
    progress_bar,
    reported,
)

if TYPE_CHECKING:
    from passports.queries import FootprintPage


_RECOMPUTED: Mapping[Any, str] = {True: "equal", False: "DIFFERS", None: "-"}


def query(
    ruleset: Annotated[str | None, typer.Option(help="Only by this ruleset.")] = None,
    operator: Annotated[str | None, typer.Option(help="Only of this operator.")] = None,
    facility: Annotated[str | None, typer.Option(help="Only from this factory.")] = None,
    model: Annotated[str | None, typer.Option(help="Only of this model.")] = None,
    category: Annotated[str | None, typer.Option(help="ev, lmt or industrial.")] = None,
    country: Annotated[str | None, typer.Option(help="Two letters, of the factory.")] = None,
    limit: Annotated[int, typer.Option(help="Rows on a page.")] = 100,
    cursor: Annotated[
        str | None, typer.Option(help="Where to go on, as the page before says.")
    ] = None,
    include_superseded: Annotated[
        bool, typer.Option("--include-superseded", help="Replaced studies too.")
    ] = False,
    recompute: Annotated[
        bool, typer.Option("--recompute", help="Compute each study anew.")
    ] = False,
    as_json: AsJson = False,
) -> None:
    """Compare footprints across makers, lowest per kWh delivered first."""
    from passports.documents import read_document
    from passports.queries import FootprintQuery, query_footprints

    with reported(as_json=as_json):
        wanted = read_document(
            FootprintQuery,
            {
                "ruleset": ruleset,
                "operator": operator,
                "facility": facility,
                "model": model,
                "category": category,
                "country": country,
                "limit": limit,
                "cursor": cursor,
                "include_superseded": include_superseded,
                "recompute": recompute,
            },
            "the query",
        )
        voltpass = open_voltpass()
        page = query_footprints(voltpass.store, voltpass.dataset, wanted)
        document = {"rows": list(page.rows), "next_cursor": page.next_cursor}
        emit(document, as_json=as_json, text=lambda: _print_page(page))


def _print_page(page: "FootprintPage") -> None:
    if not page.rows:
        out.print("no study matches")
        return
    out.print(comparison_table(page.rows))
    for row in page.rows:
        out.print(f"study {row['study_id']}  {row['facility']}, {row['ruleset']}", markup=False)
    if page.next_cursor is not None:
        out.print(f"more: the same with --cursor {page.next_cursor}", markup=False)


def comparison_table(rows: Sequence[Mapping[str, Any]]) -> Table:
    """Return the regulator's rows as a table for the terminal; units stand in the heads."""
    table = Table("factory", "ruleset", title="Footprints across makers", title_justify="left")
    for head in ("kg CO2e per kWh delivered", "per battery, kg", "per kWh capacity, kg"):
        table.add_column(head, justify="right")
    table.add_column("whole")
    table.add_column("recomputed")
    for row in rows:
        anew: Mapping[str, Any] = row.get("recomputed", {})
        table.add_row(
            row["facility"],
            row["ruleset"],
            f"{row['kg_co2e_per_kwh']:.4f}",
            f"{row['kg_co2e_per_battery']:,.0f}",
            f"{row['kg_co2e_per_kwh_capacity']:.2f}",
            "partial" if row["partial"] else "yes",
            _RECOMPUTED[anew.get("equal")],
        )
    return table


def fsck(as_json: AsJson = False) -> None:
    """Re-verify the whole store from its bytes.

    Exit code 1 and the first fault if there is one, 4 if there is nothing to check, 3 if there is no store.
    """
    from passports.documents import utc_now
    from passports.fsck.whole import check_store

    with reported(as_json=as_json):
        voltpass = open_voltpass()
        with progress_bar("checking", quiet=as_json) as progress:
            report = check_store(
                voltpass.store,
                voltpass.dataset,
                utc_now(),
                lambda _kind, count: progress(count, count),
                voltpass.keyring.log_verifiers(voltpass.address.log_origin),
            )

        def text() -> None:
            for kind, count in report.checked.items():
                out.print(f"{count:8}  {kind.replace('_', ' ')}")
            for fault in report.faults[:1]:
                out.print(f"[bold red]first fault[/]: {fault.kind} {fault.id}: {fault.reason}")
            if report.is_empty:
                out.print("nothing to check: the store is empty")
            elif not report.faults:
                out.print("[green]everything is as it was signed and computed[/]")

        emit(report.to_document(), as_json=as_json, text=text)
        if report.faults:
            raise typer.Exit(EXIT_REFUSED)
        if report.is_empty:
            raise typer.Exit(EXIT_NOTHING)
