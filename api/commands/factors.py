"""`voltpass footprint factors` and `import`: find a factor, see where it comes from, bring one's own."""

import os
import tempfile
from collections.abc import Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer
from rich.table import Table

from api.commands.console import AsJson, emit, out, read_file, reported
from api.commands.inventories import OwnFactors, dataset_with, in_file
from lca.errors import FactorImportError, Finding
from lca.importers import FORMATS
from passports.plurals import counted

if TYPE_CHECKING:
    from lca.importers.records import Imported


factors = typer.Typer(no_args_is_help=True, help="Search emission factors.", rich_markup_mode=None)


@factors.command("search")
def factors_search(
    text: Annotated[list[str] | None, typer.Argument(help="Words; all must occur.")] = None,
    boundary: Annotated[str | None, typer.Option(help="lca, direct_ghg or direct_co2.")] = None,
    region: Annotated[str | None, typer.Option(help="E.g. CN-SC.")] = None,
    limit: Annotated[int, typer.Option(help="So many at the most.", min=1, max=1000)] = 20,
    own: OwnFactors = None,
    as_json: AsJson = False,
) -> None:
    """Search the factors; what may not be shipped is listed with the reason."""
    with reported(as_json=as_json):
        dataset = dataset_with(own)
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
            ids = [record.id for record in found]  # never cut: they are there to be copied
            table = Table()
            table.add_column("factor", no_wrap=True, min_width=max(map(len, ids), default=6))
            for head in ("value", "unit", "region", "boundary", "source"):
                table.add_column(head, overflow="fold")
            for record in found:
                value = f"{record.value:g}" if record.value is not None else "per gas"
                table.add_row(
                    record.id, value, record.unit, record.region, record.boundary, record.source
                )
            out.print(table)
            for refusal in refused:
                out.print(f"refused: {refusal.id}: {refusal.reason}", markup=False)

        emit(document, as_json=as_json, text=show)


def footprint_import(
    file: Annotated[Path, typer.Argument(help="A file of factors or a supplier's footprint.")],
    format_name: Annotated[str, typer.Option("--format", help=f"One of {', '.join(FORMATS)}.")],
    licence: Annotated[str, typer.Option(help="The licence under which you have the file.")],
    source: Annotated[str, typer.Option(help="Where the file comes from.")],
    output: Annotated[Path, typer.Option("--output", "-o", help="The file of factors to write.")],
    prefix: Annotated[str, typer.Option(help="Goes before each identifier.")] = "own",
    group: Annotated[str, typer.Option(help="What the factors are for.")] = "materials",
    redistributable: Annotated[
        bool, typer.Option("--redistributable", help="The licence allows to pass values on.")
    ] = False,
    override: Annotated[
        list[str] | None,
        typer.Option(help="ID=REASON: accept it outside its plausible band; is printed."),
    ] = None,
    skip_refused: Annotated[
        bool, typer.Option("--skip-refused", help="Write what was accepted though some was not.")
    ] = False,
    as_json: AsJson = False,
) -> None:
    """Read own factors from a foreign file into a file for --factors; it stays with you.

    Values are not passed on in results, studies and audit bundles unless the licence allows it.
    """
    from lca.importers import import_factors
    from lca.importers.records import ImportTerms
    from lca.own_factors import write_own_factors

    with reported(as_json=as_json):
        data = read_file(file, "the file of factors")
        with in_file(file):
            terms = ImportTerms(
                licence=licence,
                source=source,
                prefix=prefix,
                redistributable=redistributable,
                group=group,
                overrides=_overrides(override or []),
            )
            imported = import_factors(data, format_name, terms)
            _check(imported, skip_refused=skip_refused)
            dataset_with(None).with_factors(prefix, imported.sha256[:12], imported.records)
        written = write_own_factors(prefix, imported.sha256[:12], imported.records)
        write_whole(output, written)
        document: dict[str, Any] = {
            "written": str(output),
            "file_sha256": imported.sha256,
            "factors": [record.id for record in imported.records],
            "refused": [str(finding) for finding in imported.refused],
            "warnings": list(imported.warnings),
        }
        emit(document, as_json=as_json, text=lambda: _print_import(document))


def _overrides(given: list[str]) -> Mapping[str, str]:
    pairs = [text.partition("=") for text in given]
    wrong = [text for text, (_, _, reason) in zip(given, pairs, strict=True) if not reason.strip()]
    if wrong:
        reason = "an override needs a reason"
        raise FactorImportError([Finding("override", wrong[0], reason, "write ID=REASON")])
    return {id_: reason for id_, _, reason in pairs}


def _check(imported: "Imported", *, skip_refused: bool) -> None:
    """Refuse an import of which something was refused, unless that is wanted, or all of it was."""
    if imported.refused and not (skip_refused and imported.records):
        raise FactorImportError(imported.refused)
    if not imported.records:
        reason = "there is no factor in it"
        raise FactorImportError([Finding("", "", reason, "check the file and its format")])


def write_whole(path: Path, data: bytes) -> None:
    """Write a file as a whole or not at all."""
    name = None
    try:
        handle, name = tempfile.mkstemp(dir=path.parent, prefix=f".{path.name}.")
        with os.fdopen(handle, "wb") as file:
            file.write(data)
        Path(name).chmod(0o644)
        Path(name).replace(path)
    except OSError as error:
        if name is not None:
            Path(name).unlink(missing_ok=True)
        raise OSError(error.errno, error.strerror, str(path)) from None


def _print_import(document: Mapping[str, Any]) -> None:
    for text in (*document["refused"], *document["warnings"]):
        out.print(f"  ! {text}", markup=False)
    count = len(document["factors"])
    out.print(f"{counted(count, 'factors')} written to {document['written']}", markup=False)
