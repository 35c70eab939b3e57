"""`voltpass model import`: files of battery models.

Exit codes: 0 every row is registered (or would be, in a dry run); 1 rows are refused (nothing was
registered; with --partial the other rows were); 2 the file or its mapping cannot be read, or usage;
3 the environment does not play along.
"""

from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from api.commands.console import (
    EXIT_CANNOT_TELL,
    EXIT_REFUSED,
    AsJson,
    Operator,
    emit,
    open_voltpass,
    out,
    reported,
)
from api.commands.registrations import (
    Columns,
    Constants,
    Encoding,
    HeaderLine,
    Ignored,
    Sheet,
    print_findings,
    read_file_as_table,
    said_of,
    saved_recipe,
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
    from passports.bulk import ModelsReport


ModelFile = Annotated[Path, typer.Argument(help="CSV, XLSX, NDJSON or JSON: one model a row.")]


def model_import(
    file: ModelFile,
    operator: Operator,
    recipe_name: Annotated[str | None, typer.Option("--recipe", help="A saved recipe.")] = None,
    columns: Columns = None,
    constants: Constants = None,
    ignored: Ignored = None,
    encoding: Encoding = None,
    sheet: Sheet = None,
    header_line: HeaderLine = None,
    dry_run: Annotated[
        bool, typer.Option("--dry-run", help="Only run the gates of registering.")
    ] = False,
    partial: Annotated[
        bool, typer.Option("--partial", help="Register the rows that pass; needs --rejects.")
    ] = False,
    rejects: Rejects = None,
    force: Force = False,
    as_json: AsJson = False,
) -> None:
    """Register every battery model of a file: all of them, or none."""
    from passports.bulk import ModelsReport, merged, register_models
    from passports.documents import utc_now

    check_rejects(file, rejects, partial=partial, dry_run=dry_run, force=force)
    with reported(as_json=as_json, refused=EXIT_CANNOT_TELL):
        voltpass = open_voltpass()
        said = said_of(columns, constants, ignored, None, encoding, sheet, header_line)
        chosen = merged(saved_recipe(voltpass, operator, recipe_name), said)
        table = read_file_as_table(file, chosen)
        try:
            done = register_models(
                voltpass.store,
                operator,
                table,
                chosen,
                utc_now(),
                dry_run=dry_run,
                partial=partial,
            )
        except RegistrationRefusedError as error:
            report = error.report
            assert isinstance(report, ModelsReport)  # whoever raises it gives one
            _show(report, None, as_json=as_json)
            raise typer.Exit(EXIT_REFUSED) from None
        written = write_rejects(table, done.refused, rejects, chosen.constants)
        again = again_with(written, "model", operator, recipe_name, columns, ignored)
        _show(done.report, written, as_json=as_json, again=again)
    if not done.report.is_accepted:
        raise typer.Exit(EXIT_REFUSED)


def _show(report: "ModelsReport", rejects: Path | None, *, as_json: bool, again: str = "") -> None:
    document = {**report.to_document(), "rejects": str(rejects) if rejects else None}
    emit(document, as_json=as_json, text=lambda: _print(report, again))


def _print(report: "ModelsReport", again: str) -> None:
    columns = ", ".join(f"{heading} = {name}" for heading, name in report.columns.items())
    out.print(f"read as: {columns}", markup=False)
    if report.ignored:
        out.print(f"not read: {', '.join(report.ignored)}", markup=False)
    out.print(_verdict(report), markup=False)
    if report.findings:
        print_findings(report)
    if again:
        out.print(again, markup=False)


def _verdict(report: "ModelsReport") -> str:
    before = f"; {report.present} had been registered before" if report.present else ""
    refused = f"; {refused_rows(report.refused)}" if report.refused else ""
    if report.is_dry_run:
        return (
            f"dry run: {report.passed} of {report.rows} models would be registered{before}{refused}"
        )
    if not report.is_carried_out:
        others = "; --partial --rejects FILE registers the others" if report.passed else ""
        return f"nothing was registered: {refused_rows(report.refused, report.rows)}{others}"
    return f"registered {report.registered} models of {report.rows} rows{before}{refused}"
