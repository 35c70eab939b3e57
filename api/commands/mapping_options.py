"""Options that say how a file is read: which column is what, how days are written, where the rows begin."""

from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from api.commands.console import read_file

if TYPE_CHECKING:
    from api.wiring import Voltpass
    from passports.bulk import MappingRecipeCreate, SourceTable


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
    return read_table(read_file(file, "the file"), options)
