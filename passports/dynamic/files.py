"""Exports of a battery management system: CSV, XLSX and NDJSON, one battery at one instant a row.

Columns (or members): what battery it is (`passport_id`, or `link`, or `serial` with `gtin`),
`measured_at` (ISO 8601 with a zone), and any number of attributes by their identifiers. An empty cell
says nothing.
"""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any, Final

from passports.errors import Finding, InvalidInputError, shorten
from passports.spreadsheets import (
    XLSX_MAGIC,
    csv_rows,
    decode_text,
    delimiter_of,
    open_workbook,
    workbook_rows,
)
from signing.canonical import parse_strict
from signing.errors import SigningError

WHAT: Final = "the measured data"
MAX_BYTES: Final = 32 * 1024 * 1024
MAX_ROWS: Final = 100_000
NAMING: Final = ("passport_id", "link", "serial", "gtin")
MEASURED_AT: Final = "measured_at"


@dataclass(frozen=True)
class RawRow:
    """One row as it was read: nothing of it is judged yet.

    Attributes:
        line: Where it stands, counted from 1.
        naming: What says which battery it is.
        measured_at: When it was measured, as written.
        values: By attribute; text where the file knows only text.
        is_typed: Whether numbers are told from texts (NDJSON, XLSX).
    """

    line: int
    naming: Mapping[str, str]
    measured_at: object
    values: Mapping[str, object]
    is_typed: bool = True


def read_rows(data: bytes) -> Iterator[RawRow]:
    """Yield the rows of a file, whichever of the three kinds it is.

    Raises:
        InvalidInputError: it is none of them, too large, or its header lacks a column.
    """
    if len(data) > MAX_BYTES:
        raise refuse("file", f"{len(data)} bytes; at most {MAX_BYTES} are read", "Split it.")
    if data.startswith(XLSX_MAGIC):
        cells: Iterator[tuple[int, Any]] = workbook_rows(open_workbook(data, WHAT), 0, WHAT)
        rows = _table(cells, is_typed=True)
    else:
        text = decode_text(data, WHAT)
        if text.lstrip()[:1] == "{":
            rows = _ndjson(text)
        else:
            delimiter = delimiter_of(text.partition("\n")[0])
            rows = _table(csv_rows(text, delimiter, WHAT), is_typed=False)
    for count, row in enumerate(rows, start=1):
        if count > MAX_ROWS:
            raise refuse("file", f"more than {MAX_ROWS} rows", "Split it.")
        yield row


def refuse(where: str, reason: str, remedy: str, line: int | None = None) -> InvalidInputError:
    """Return the error for a file that cannot be read."""
    return InvalidInputError([Finding(where, "", reason, remedy, line)], WHAT)


def _table(rows: Iterator[tuple[int, Any]], *, is_typed: bool) -> Iterator[RawRow]:
    names = [str(cell).strip().lower() for cell in next(rows, (1, []))[1]]
    _check_header(names)
    for line, cells in rows:
        found = {
            name: _cell(cell) for name, cell in zip(names, cells, strict=False) if _cell(cell) != ""
        }
        if found:
            yield _row(line, found, is_typed=is_typed)


def _cell(cell: object) -> object:
    return cell.strip() if isinstance(cell, str) else cell


def _check_header(names: list[str]) -> None:
    twice = sorted({name for i, name in enumerate(names) if name in names[:i]})
    reason = None
    if MEASURED_AT not in names:
        reason = f"there is no column {MEASURED_AT}"
    elif not set(NAMING) & set(names):
        reason = "no column says which battery it is"
    elif twice:
        reason = f"a column is there twice: {shorten(', '.join(twice))}"
    if reason is not None:
        remedy = f"One of {', '.join(NAMING)}; {MEASURED_AT}; then attributes by identifier."
        raise refuse("header", reason, remedy, 1)


def _ndjson(text: str) -> Iterator[RawRow]:
    for line, part in enumerate(text.split("\n"), start=1):
        if not part.strip():
            continue
        try:
            document = parse_strict(part.encode())
        except SigningError as error:
            raise refuse("line", f"it is not JSON: {error}", "One object a line.", line) from None
        if not isinstance(document, dict):
            raise refuse("line", "it is no JSON object", "One object a line.", line)
        yield _row(line, document, is_typed=True)


def _row(line: int, found: Mapping[str, object], *, is_typed: bool) -> RawRow:
    naming = {name: _named(found[name]) for name in NAMING if name in found}
    values = {n: v for n, v in found.items() if n not in NAMING and n != MEASURED_AT}
    return RawRow(line, naming, found.get(MEASURED_AT), values, is_typed)


def shown(value: object) -> str:
    """Return a cell as its sender wrote it, fit to be shown to them; nothing for an empty one."""
    if value is None:
        return ""
    return shorten(value.isoformat() if isinstance(value, datetime) else value)


def _named(value: object) -> str:
    # A spreadsheet knows a serial of digits as a number.
    if isinstance(value, float) and value.is_integer():
        return str(int(value))
    return value.isoformat() if isinstance(value, datetime) else str(value)
