"""`voltpass batch import`: files of batteries.

Exit codes: 0 every row is registered (or would be, in a dry run); 1 rows are refused (nothing was issued;
with --partial the other rows were); 2 the file or its mapping cannot be read, or usage; 3 the environment
does not play along.
"""

from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager
from typing import Annotated, Final

import typer

from api.commands.console import (
    EXIT_CANNOT_TELL,
    AsJson,
    Operator,
    open_voltpass,
    progress_bar,
    reported,
)
from api.commands.mapping_options import (
    BatteryFile,
    Columns,
    Constants,
    DateFormat,
    Encoding,
    HeaderLine,
    Ignored,
    Sheet,
    read_file_as_table,
    said_of,
    saved_recipe,
)
from api.commands.recipes import recipe
from api.commands.registration_text import RegistrationWords, end_with, refusal_shown
from api.commands.rejects import Force, Rejects, again_with, check_rejects, write_rejects
from passports.documents import utc_now

_WORDS: Final = RegistrationWords(registered="issued", things="passports", asked="rows")


def add_registration_commands(batch: typer.Typer) -> None:
    """Add `import` and `recipe` to `voltpass batch`."""
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
    from passports.bulk import Registry, merged, register_batteries

    check_rejects(file, rejects, partial=partial, dry_run=dry_run, force=force)
    if responsible is not None:
        constants = [*(constants or []), f"responsible_operator_id={responsible}"]
    with reported(as_json=as_json, refused=EXIT_CANNOT_TELL):
        voltpass = open_voltpass()
        said = said_of(columns, constants, ignored, date_format, encoding, sheet, header_line)
        chosen = merged(saved_recipe(voltpass, operator, recipe_name), said)
        table = read_file_as_table(file, chosen)
        with refusal_shown(_WORDS, as_json=as_json), _stages(quiet=as_json) as progress:
            done = register_batteries(
                Registry(voltpass.store, voltpass.keyring, voltpass.address, operator),
                table,
                chosen,
                utc_now(),
                dry_run=dry_run,
                partial=partial,
                progress=progress,
            )
        written = write_rejects(table, done.refused, rejects, chosen.constants)
        again = ("batch", operator, recipe_name, columns, ignored, date_format)
        end_with(done.report, _WORDS, written, as_json=as_json, again=again_with(written, *again))


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
