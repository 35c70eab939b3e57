"""`voltpass batch import | recipe`: files of batteries, mapping recipes.

Exit codes of `batch import`: 0 every row is registered (or would be, in a dry run); 1 rows are refused
(nothing was issued; with --partial the other rows were); 2 the file or its mapping cannot be read, or usage;
3 the environment does not play along.
"""

from collections.abc import Callable, Iterator, Sequence
from contextlib import ExitStack, contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any, Final

import typer
from rich.table import Table

from api.commands.console import (
    EXIT_CANNOT_TELL,
    EXIT_REFUSED,
    AsJson,
    Operator,
    counted,
    emit,
    open_voltpass,
    out,
    progress_bar,
    read_file,
    reported,
)
from api.commands.rejects import (
    Force,
    Rejects,
    again_with,
    check_rejects,
    refused_rows,
    write_rejects,
)
from passports.errors import RegistrationRefusedError

if TYPE_CHECKING:
    from api.wiring import Voltpass
    from passports.bulk import FileReport, MappingRecipeCreate, RegistrationReport, SourceTable


recipe = typer.Typer(
    no_args_is_help=True,
    help="Mapping recipes: which column of a file is what.",
    rich_markup_mode=None,
)
_WHAT: Final = "the file"
_SHOWN: Final = 50  # findings on the screen; --json has up to a thousand

BatteryFile = Annotated[Path, typer.Argument(help="CSV, XLSX, NDJSON or JSON: one battery a row.")]
Columns = Annotated[
    list[str] | None, typer.Option("--map", help="'Column=field', once for each column.")
]
Constants = Annotated[list[str] | None, typer.Option("--set", help="'field=value' for every row.")]
Ignored = Annotated[
    list[str] | None, typer.Option("--ignore", help="A column to leave out; '*': all unknown ones.")
]
DateFormat = Annotated[str | None, typer.Option(help="How days are written, e.g. DD.MM.YYYY.")]
Encoding = Annotated[str | None, typer.Option(help="Of a text file that is not UTF-8.")]
Sheet = Annotated[str | None, typer.Option(help="Of a workbook with several.")]
HeaderLine = Annotated[int | None, typer.Option(help="Line of the headings.", min=1)]


def add_registration_commands(batch: typer.Typer) -> None:
    """Add the commands of this file to `voltpass batch`."""
    batch.command("import")(batch_import)
    batch.add_typer(recipe, name="recipe")


def batch_import(
    file: BatteryFile,
    operator: Operator,
    recipe_name: Annotated[str | None, typer.Option("--recipe", help="A saved recipe.")] = None,
    columns: Columns = None,
    constants: Constants = None,
    ignored: Ignored = None,
    date_format: DateFormat = None,
    encoding: Encoding = None,
    sheet: Sheet = None,
    header_line: HeaderLine = None,
    dry_run: Annotated[
        bool, typer.Option("--dry-run", help="Only run the gates of issuing.")
    ] = False,
    partial: Annotated[
        bool, typer.Option("--partial", help="Register the rows that pass; needs --rejects.")
    ] = False,
    rejects: Rejects = None,
    force: Force = False,
    responsible: Annotated[
        str | None,
        typer.Option(help="Operator who places the batteries on the Union market, for every row."),
    ] = None,
    as_json: AsJson = False,
) -> None:
    """Register every battery of a file, of one or many batches: all of them, or none."""
    from passports.bulk import RegistrationReport, Registry, merged, register_batteries

    check_rejects(file, rejects, partial=partial, dry_run=dry_run, force=force)
    if responsible is not None:
        constants = [*(constants or []), f"responsible_operator_id={responsible}"]
    with reported(as_json=as_json, refused=EXIT_CANNOT_TELL):
        voltpass = open_voltpass()
        said = said_of(columns, constants, ignored, date_format, encoding, sheet, header_line)
        chosen = merged(saved_recipe(voltpass, operator, recipe_name), said)
        table = read_file_as_table(file, chosen)
        try:
            with _stages(quiet=as_json) as progress:
                done = register_batteries(
                    Registry(voltpass.store, voltpass.keyring, voltpass.address, operator),
                    table,
                    chosen,
                    utc_now(),
                    dry_run=dry_run,
                    partial=partial,
                    progress=progress,
                )
        except RegistrationRefusedError as error:
            report = error.report
            assert isinstance(report, RegistrationReport)  # whoever raises it gives one
            _show(report, None, as_json=as_json)
            raise typer.Exit(EXIT_REFUSED) from None
        written = write_rejects(table, done.refused, rejects, chosen.constants)
        again = ("batch", operator, recipe_name, columns, ignored, date_format)
        _show(done.report, written, as_json=as_json, again=again_with(written, *again))
    if not done.report.is_accepted:
        raise typer.Exit(EXIT_REFUSED)


def said_of(
    columns: Sequence[str] | None,
    constants: Sequence[str] | None,
    ignored: Sequence[str] | None,
    date_format: str | None,
    encoding: str | None,
    sheet: str | None,
    header_line: int | None,
) -> dict[str, Any]:
    """Return options as fields of a recipe."""
    return {
        "columns": _pairs(columns, "--map 'Column=field'", from_right=True),
        "constants": _pairs(constants, "--set 'field=value'", from_right=False),
        "ignored": list(ignored or []),
        "date_format": date_format,
        "encoding": encoding,
        "sheet": sheet,
        "header_line": header_line,
    }


def _pairs(given: Sequence[str] | None, form: str, *, from_right: bool) -> dict[str, str]:
    pairs = {}
    for text in given or []:
        left, sign, right = text.rpartition("=") if from_right else text.partition("=")
        if not (left.strip() and sign and right.strip()):
            raise typer.BadParameter(f"{text!r}: write it as {form}")
        pairs[left.strip()] = right.strip()
    return pairs


def saved_recipe(voltpass: "Voltpass", operator: str, name: str | None) -> "MappingRecipeCreate":
    """Return a saved recipe, or an empty one."""
    from passports.bulk import MappingRecipeCreate, get_recipe

    if name is None:
        return MappingRecipeCreate()
    with voltpass.store.reading() as reading:
        return get_recipe(reading, operator, name).content()


def read_file_as_table(file: Path, chosen: "MappingRecipeCreate") -> "SourceTable":
    """Read a file as a recipe says."""
    from passports.bulk import ReadingOptions, read_table

    options = ReadingOptions(chosen.encoding, chosen.sheet, chosen.header_line)
    return read_table(read_file(file, _WHAT), options)


@contextmanager
def _stages(*, quiet: bool) -> Iterator[Callable[[str, int, int], None]]:
    """Show a bar for each stage, one after the other."""
    with ExitStack() as bars:
        shown: dict[str, Callable[[int, int], None]] = {}

        def progress(stage: str, done: int, total: int) -> None:
            if stage not in shown:
                bars.close()
                shown[stage] = bars.enter_context(progress_bar(stage, quiet=quiet))
            shown[stage](done, total)

        yield progress


def _show(
    report: "RegistrationReport", rejects: Path | None, *, as_json: bool, again: str = ""
) -> None:
    document = {**report.to_document(), "rejects": str(rejects) if rejects else None}
    emit(document, as_json=as_json, text=lambda: _print(report, again))


def _print(report: "RegistrationReport", again: str) -> None:
    columns = ", ".join(f"{heading} = {name}" for heading, name in report.columns.items())
    out.print(f"read as: {columns}", markup=False)
    if report.ignored:
        out.print(f"not read: {', '.join(report.ignored)}", markup=False)
    for batch in report.batches:
        state = "new" if batch.is_new else "issued before"
        counts = [f"{batch.passed} pass"]
        counts += [f"{batch.present} registered before"] if batch.present else []
        counts += [f"{batch.refused} refused"] if batch.refused else []
        out.print(f"batch {batch.id} ({state}): {', '.join(counts)}", markup=False)
    out.print(_verdict(report), markup=False)
    if report.findings:
        print_findings(report)
    if again:
        out.print(again, markup=False)


def _verdict(report: "RegistrationReport") -> str:
    before = f"; {report.present} had been registered before" if report.present else ""
    refused = f"; {refused_rows(report.refused)}" if report.refused else ""
    if report.is_dry_run:
        return f"dry run: {report.passed} of {report.rows} rows would be issued{before}{refused}"
    if not report.is_carried_out:
        others = "; --partial --rejects FILE registers the others" if report.passed else ""
        return f"nothing was issued: {refused_rows(report.refused, report.rows)}{others}"
    return (
        f"issued {counted(report.registered, 'passports')} of {counted(report.rows, 'rows')}"
        f"{before}{refused}"
    )


def print_findings(report: "FileReport") -> None:
    """Print what is wrong, line by line."""
    table = Table("line", "column", "value", "reason", "suggested fix", box=None, pad_edge=False)
    grouped = list(report.grouped())
    for lines, finding in grouped[:_SHOWN]:
        cells = (
            lines,
            finding.column or finding.field,
            finding.value,
            finding.reason,
            finding.remedy,
        )
        table.add_row(*(cell.replace("[", r"\[") for cell in cells))
    out.print(table, soft_wrap=False)
    shown = grouped[:_SHOWN]
    left = report.findings_total - sum(_count(lines) for lines, _finding in shown)
    if left > 0:
        out.print(f"and {left} more findings; --json lists up to 1000, --rejects all", markup=False)


def _count(lines: str) -> int:
    first, _, last = lines.partition(" to ")
    return int(last or first) - int(first) + 1


@recipe.command("save")
def recipe_save(
    name: Annotated[str, typer.Argument(help="How it is called from now on.")],
    operator: Operator,
    file: Annotated[Path | None, typer.Argument(help="JSON: columns, constants ...")] = None,
    columns: Columns = None,
    constants: Constants = None,
    ignored: Ignored = None,
    date_format: DateFormat = None,
    encoding: Encoding = None,
    sheet: Sheet = None,
    header_line: HeaderLine = None,
    as_json: AsJson = False,
) -> None:
    """Save a recipe from a JSON file, from options, or both; a change makes a new version."""
    from passports.bulk import MappingRecipeCreate, merged, save_recipe
    from passports.documents import read_document, utc_now

    with reported(as_json=as_json):
        base = MappingRecipeCreate()
        if file is not None:
            base = read_document(MappingRecipeCreate, read_file(file, "the recipe"), "the recipe")
        said = said_of(columns, constants, ignored, date_format, encoding, sheet, header_line)
        saved = save_recipe(open_voltpass().store, operator, name, merged(base, said), utc_now())
        text = f"saved recipe {saved.name}, version {saved.version}"
        emit(saved.model_dump(mode="json"), as_json=as_json, text=lambda: out.print(text))


@recipe.command("list")
def recipe_list(operator: Operator, as_json: AsJson = False) -> None:
    """List an operator's recipes."""
    from passports.bulk import list_recipes

    with reported(as_json=as_json), open_voltpass().store.reading() as reading:
        found = list_recipes(reading, operator)

        def text() -> None:
            for item in found:
                out.print(f"{item.name}  version {item.version}  {item.created_at:%Y-%m-%d}")

        emit([item.model_dump(mode="json") for item in found], as_json=as_json, text=text)


@recipe.command("show")
def recipe_show(
    name: str,
    operator: Operator,
    version: Annotated[
        int | None, typer.Option(help="The newest by default.", min=1, max=1_000_000)
    ] = None,
    as_json: AsJson = False,
) -> None:
    """Show a recipe, as JSON that `recipe save` takes."""
    from passports.bulk import MappingRecipe, get_recipe

    with reported(as_json=as_json), open_voltpass().store.reading() as reading:
        found: MappingRecipe = get_recipe(reading, operator, name, version)
        content = found.content().model_dump(mode="json", exclude_defaults=True)
        emit(
            found.model_dump(mode="json"),
            as_json=as_json,
            text=lambda: out.print_json(data=content),
        )


@recipe.command("delete")
def recipe_delete(name: str, operator: Operator, as_json: AsJson = False) -> None:
    """Take a recipe out of use; its versions stay in the store."""
    from passports.bulk import delete_recipe
    from passports.documents import utc_now

    with reported(as_json=as_json):
        delete_recipe(open_voltpass().store, operator, name, utc_now())
        emit({"deleted": name}, as_json=as_json, text=lambda: out.print(f"deleted recipe {name}"))


@recipe.command("suggest")
def recipe_suggest(
    file: BatteryFile,
    output: Annotated[
        Path | None, typer.Option("--output", "-o", help="Write it as a recipe, to be completed.")
    ] = None,
    encoding: Encoding = None,
    sheet: Sheet = None,
    header_line: HeaderLine = None,
    as_json: AsJson = False,
) -> None:
    """Suggest a mapping from a file's headings, and name the columns that match nothing."""
    from passports.bulk import MappingRecipeCreate, merged, suggest_mapping

    with reported(as_json=as_json, refused=EXIT_CANNOT_TELL):
        said = said_of(None, None, None, None, encoding, sheet, header_line)
        chosen = merged(MappingRecipeCreate(), said)
        found = suggest_mapping(read_file_as_table(file, chosen))
        styles = found.date_formats
        draft = {
            "columns": {**found.columns, **found.unsure},
            "date_format": styles[0] if len(styles) == 1 else None,
        }
        suggested = merged(chosen, draft).model_dump_json(exclude_defaults=True, indent=2)
        if output is not None:
            output.write_text(f"{suggested}\n", encoding="utf-8")

        def text() -> None:
            for heading, name in found.columns.items():
                out.print(f"{heading} = {name}", markup=False)
            for heading, name in found.unsure.items():
                out.print(f"{heading} = {name}?  (resembles it)", markup=False)
            for heading in found.unmatched:
                out.print(f"{heading}: matches nothing; map it, or leave it out", markup=False)
            for name in found.missing:
                out.print(f"missing: {name}  (a column, or --set for all rows)", markup=False)
            if styles:
                out.print(f"days are written: {' or '.join(styles)}", markup=False)

        emit(found.to_document(), as_json=as_json, text=text)
