"""`voltpass model import`: files of battery models.

Exit codes: 0 every row is registered (or would be, in a dry run); 1 rows are refused (nothing was
registered; with --partial the other rows were); 2 the file or its mapping cannot be read, or usage;
3 the environment does not play along.
"""

from pathlib import Path
from typing import Annotated, Final

import typer

from api.commands.console import EXIT_CANNOT_TELL, AsJson, Operator, open_voltpass, reported
from api.commands.mapping_options import (
    Columns,
    Constants,
    Encoding,
    HeaderLine,
    Ignored,
    Sheet,
    read_file_as_table,
    said_of,
    saved_recipe,
)
from api.commands.registration_text import RegistrationWords, end_with, refusal_shown
from api.commands.rejects import Force, Rejects, again_with, check_rejects, write_rejects

ModelFile = Annotated[Path, typer.Argument(help="CSV, XLSX, NDJSON or JSON: one model a row.")]

_WORDS: Final = RegistrationWords(registered="registered", things="models", asked="models")


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
    from passports.bulk import merged, register_models
    from passports.documents import utc_now

    check_rejects(file, rejects, partial=partial, dry_run=dry_run, force=force)
    with reported(as_json=as_json, refused=EXIT_CANNOT_TELL):
        voltpass = open_voltpass()
        said = said_of(columns, constants, ignored, None, encoding, sheet, header_line)
        chosen = merged(saved_recipe(voltpass, operator, recipe_name), said)
        table = read_file_as_table(file, chosen)
        with refusal_shown(_WORDS, as_json=as_json):
            done = register_models(
                voltpass.store,
                operator,
                table,
                chosen,
                utc_now(),
                dry_run=dry_run,
                partial=partial,
            )
        written = write_rejects(table, done.refused, rejects, chosen.constants)
        again = again_with(written, "model", operator, recipe_name, columns, ignored)
        end_with(done.report, _WORDS, written, as_json=as_json, again=again)
