"""Files of batteries or models as rows of cells: CSV, XLSX, NDJSON and JSON; told apart by what they hold.

A row carries the line it stands on; in a JSON list, its place. Nothing is guessed and nothing is passed
over: a row with another number of cells than the header, a column without a heading, a second sheet with
rows are all said.
"""

import io
import json
import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from itertools import islice
from typing import Any, Final, Literal

import python_calamine

from passports.errors import Finding, InvalidInputError, shorten
from passports.plurals import counted
from passports.spreadsheets import (
    XLSX_MAGIC,
    csv_rows,
    decode_text,
    delimiter_of,
    open_workbook,
    refuse,
    workbook_rows,
)

MAX_ROWS: Final = 1_000_000
MAX_COLUMNS: Final = 500
# A million rows of eight short cells unpack to about this much.
MAX_UNPACKED_BYTES: Final = 1024 * 1024 * 1024
WHAT: Final = "the file"
LIST_KEYS: Final = "(?:batteries|models)"
_SPLIT: Final = "Split it."
FileKind = Literal["csv", "xlsx", "ndjson", "json"]
Numbered = Iterator[tuple[int, Sequence[object]]]


@dataclass(frozen=True)
class ReadingOptions:
    """What has to be said of a file that does not say it itself.

    Attributes:
        encoding: Of a text file that is not UTF-8.
        sheet: Name of the sheet, where a workbook has several with rows.
        header_line: Line of the headings, where something else stands above them.
    """

    encoding: str | None = None
    sheet: str | None = None
    header_line: int | None = None


@dataclass(frozen=True, slots=True)
class SourceRow:
    """One row as it stands in the file; `fault` says why its cells cannot be told apart."""

    line: int
    cells: Sequence[object]
    fault: Finding | None = None


@dataclass(frozen=True)
class SourceTable:
    """A file as rows; what is needed to write rows of it again in the same form."""

    kind: FileKind
    headings: tuple[str, ...]
    rows: Sequence[SourceRow]
    delimiter: str = ","
    encoding: str = "utf-8"


def read_table(data: bytes, options: ReadingOptions | None = None) -> SourceTable:
    """Read a file of batteries or of models.

    Raises:
        InvalidInputError: it is none of the four formats, too large, damaged, or its header is not one.
    """
    chosen = options or ReadingOptions()
    if data.startswith((XLSX_MAGIC, b"\xd0\xcf\x11\xe0")):
        return _read_workbook(data, chosen)
    text = decode_text(data, WHAT, chosen.encoding)
    start = text.lstrip()[:1]
    if start == "[":
        return _of_objects("json", _json_array(text, text.index("[")))
    if start == "{":
        return _read_objects(text)
    return _read_csv(text, data, chosen)


# CSV


def _read_csv(text: str, data: bytes, options: ReadingOptions) -> SourceTable:
    lines = islice(io.StringIO(text), (options.header_line or 1) - 1, None)
    header = next((line for line in lines if line.strip()), "")
    delimiter = delimiter_of(header)
    headings, line, rows = _headed(csv_rows(text, delimiter, WHAT), options)
    encoding = options.encoding or "utf-8"
    if data[:2] in {b"\xff\xfe", b"\xfe\xff"}:
        encoding = "utf-16"
    elif data.startswith(b"\xef\xbb\xbf"):
        encoding = "utf-8-sig"
    found = [_csv_row(number, row, len(headings)) for number, row in _bounded(rows)]
    _check_headings(headings, line, found)
    return SourceTable("csv", headings, _not_empty(found), delimiter, encoding)


def _csv_row(line: int, cells: Sequence[object], expected: int) -> SourceRow:
    if len(cells) == expected:
        return SourceRow(line, cells)
    if len(cells) > expected and not any(str(cell).strip() for cell in cells[expected:]):
        return SourceRow(line, cells[:expected])
    reason = f"the line has {counted(len(cells), 'cells')}, the header has {expected}"
    remedy = "Check its separators; a text that holds one stands in quotation marks."
    return SourceRow(line, cells, Finding("line", "", reason, remedy, line))


# XLSX


def _read_workbook(data: bytes, options: ReadingOptions) -> SourceTable:
    book = open_workbook(data, WHAT, max_unpacked_bytes=MAX_UNPACKED_BYTES, refuse_formulas=True)
    sheet = _chosen_sheet(book, options.sheet)
    headings, line, rows = _headed(workbook_rows(book, sheet, WHAT), options)
    _check_not_merged(book, sheet, line)
    found = [SourceRow(number, row) for number, row in _bounded(rows)]
    _check_headings(headings, line, found)
    return SourceTable("xlsx", headings, _not_empty(found))


def _chosen_sheet(book: python_calamine.CalamineWorkbook, wanted: str | None) -> str:
    if wanted is not None:
        if wanted not in book.sheet_names:
            known = ", ".join(shorten(name, 40) for name in book.sheet_names[:20])
            reason, remedy = "there is no such sheet", f"It has {known}."
            raise refuse(WHAT, reason, remedy, field="sheet", value=shorten(wanted))
        return wanted
    # A sheet whose name begins with _ holds notes, as in workbooks of inventories.
    named = [name for name in book.sheet_names if not name.startswith("_")]
    if len(named) == 1:
        return named[0]
    filled = [name for name in named if any(True for _ in _filled_rows(book, name))]
    if len(filled) > 1:
        names = ", ".join(shorten(name, 40) for name in filled)
        reason = f"{len(filled)} sheets have rows: {names}"
        raise refuse(WHAT, reason, "Name one of them (--sheet, or sheet in the recipe).")
    if not filled:
        raise refuse(WHAT, "it holds no rows", "Give one row each, under a header.")
    return filled[0]


def _filled_rows(book: python_calamine.CalamineWorkbook, name: str) -> Numbered:
    return ((n, row) for n, row in workbook_rows(book, name, WHAT) if _is_filled(row))


def _check_not_merged(book: python_calamine.CalamineWorkbook, sheet: str, header_line: int) -> None:
    for (top, left), (bottom, right) in book.get_sheet_by_name(sheet).merged_cell_ranges or ():
        if top < header_line <= bottom + 1:
            cells = f"{_letters(left)}{top + 1}:{_letters(right)}{bottom + 1}"
            reason = f"the cells {cells} are merged: which column is which cannot be told"
            remedy = "Give each column a heading of its own, or name the header's line."
            raise refuse(WHAT, reason, remedy, field="header", line=header_line)


def _letters(column: int) -> str:
    """Return a column's letters as a spreadsheet shows them; the first column is 0."""
    text, number = "", column + 1
    while number:
        number, rest = divmod(number - 1, 26)
        text = chr(ord("A") + rest) + text
    return text


# What both have in common


def _is_filled(cells: Sequence[object]) -> bool:
    return any(cell != "" and cell is not None and str(cell).strip() for cell in cells)


def _not_empty(rows: Sequence[SourceRow]) -> list[SourceRow]:
    filled = [row for row in rows if _is_filled(row.cells)]
    if not filled:
        raise refuse(WHAT, "it holds no rows", "Give one row each, under a header.")
    return filled


def _bounded(rows: Numbered) -> Numbered:
    count = 0
    for line, row in rows:
        if _is_filled(row):
            count += 1
        if count > MAX_ROWS:
            raise refuse(WHAT, f"it has more than {MAX_ROWS} rows", _SPLIT, line=line)
        yield line, row


def _headed(rows: Numbered, options: ReadingOptions) -> tuple[tuple[str, ...], int, Numbered]:
    """Return the headings, their line, and the rows below."""
    if options.header_line is not None:
        rows = ((line, row) for line, row in rows if line >= (options.header_line or 1))
    for line, row in rows:
        if _is_filled(row):
            headings = [" ".join(str(cell).split()) for cell in row]
            while headings and not headings[-1]:
                headings.pop()
            return tuple(headings), line, rows
    raise refuse(WHAT, "it is empty", "Give one row each, under a header.")


def _check_headings(headings: Sequence[str], line: int, rows: Sequence[SourceRow]) -> None:
    if len(headings) > MAX_COLUMNS:
        reason = f"it has {len(headings)} columns, at most {MAX_COLUMNS} are read"
        raise refuse(WHAT, reason, "Leave out what is not needed.", line=line)
    findings = [
        Finding("header", shorten(name), "two columns have this heading", "Rename one.", line)
        for name in dict.fromkeys(n for i, n in enumerate(headings) if n and n in headings[:i])
    ]
    findings += _nameless(headings, line, rows)
    if findings:
        raise InvalidInputError(findings, WHAT)


def _nameless(headings: Sequence[str], line: int, rows: Sequence[SourceRow]) -> Iterator[Finding]:
    """Name columns that have values and no heading, as below a merged or a two-line header."""
    width = max((len(row.cells) for row in rows if row.fault is None), default=0)
    empty = [place for place in range(width) if place >= len(headings) or not headings[place]]
    for place in empty:
        cells = ((r.line, r.cells[place]) for r in rows if r.fault is None and place < len(r.cells))
        filled = next(((at, cell) for at, cell in cells if _is_filled([cell])), None)
        if filled is not None:
            reason = f"column {_letters(place)} has values (line {filled[0]}) and no heading"
            remedy = "Give it one; if a title stands above the header, name the header's line."
            yield Finding("header", shorten(filled[1]), reason, remedy, line)


# JSON


class _RepeatedKeyError(ValueError):
    """An object has a key twice."""


def _object(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    found = dict(pairs)
    if len(found) != len(pairs):
        names = [name for name, _ in pairs]
        twice = next(name for i, name in enumerate(names) if name in names[:i])
        raise _RepeatedKeyError(f"the key {shorten(twice)!r} stands there twice")
    return found


def _constant(name: str) -> float:
    raise ValueError(f"{name} is no number")


_DECODER: Final = json.JSONDecoder(object_pairs_hook=_object, parse_constant=_constant)
_SPACE: Final = re.compile(r"[ \t\r\n]*")
_MISSING: Final = ""


def _parse(text: str, position: int, line: int) -> tuple[Any, int]:
    try:
        return _DECODER.raw_decode(text, position)
    except json.JSONDecodeError as error:
        at = line + text.count("\n", position, error.pos)
        raise _no_json(f"{error.msg}", at) from None
    except ValueError as error:
        raise _no_json(str(error), line) from None
    except RecursionError:
        raise _no_json("it is nested too deeply", line) from None


def _no_json(reason: str, line: int) -> InvalidInputError:
    return refuse(WHAT, f"not well-formed JSON: {reason}", "Send well-formed JSON.", line=line)


def _json_array(text: str, start: int) -> Iterator[tuple[int, Any]]:
    """Yield the elements of an array with their places, from 1: a list may stand on one line."""
    position, line, at, place = start + 1, 1, 0, 0
    while True:
        position = _SPACE.match(text, position).end()  # type: ignore[union-attr] # it matches always
        line, at = line + text.count("\n", at, position), position
        if text[position : position + 1] == "]":
            break
        element, position = _parse(text, position, line)
        place += 1
        yield place, element
        position = _SPACE.match(text, position).end()  # type: ignore[union-attr] # as above
        follows = text[position : position + 1]
        if follows not in {",", "]"}:
            raise _no_json("a comma or the end of the list is missing", line)
        position += follows == ","
    rest = text[position + 1 :].strip()
    if rest not in {"", "}"}:
        raise _no_json("something follows after the list", line)


def _read_objects(text: str) -> SourceTable:
    opening = re.compile(rf'\s*\{{\s*"{LIST_KEYS}"\s*:\s*(?=\[)').match(text)
    if opening is not None:
        return _of_objects("json", _json_array(text, opening.end()))
    return _of_objects("ndjson", _json_lines(text))


def _json_lines(text: str) -> Iterator[tuple[int, Any]]:
    for line, row in enumerate(text.split("\n"), start=1):
        if row.strip():
            element, end = _parse(row, len(row) - len(row.lstrip()), line)
            if row[end:].strip():
                raise _no_json("something follows after the object: one object a line", line)
            yield line, element


def _of_objects(kind: FileKind, elements: Iterator[tuple[int, Any]]) -> SourceTable:
    found: list[tuple[int, dict[str, Any]]] = []
    headings: dict[str, None] = {}
    for line, element in islice(elements, MAX_ROWS + 1):
        if not isinstance(element, dict):
            reason, remedy = "this is no object", "Give one object each."
            raise refuse(WHAT, reason, remedy, value=shorten(element), line=line)
        headings.update(dict.fromkeys(element))
        found.append((line, element))
        if len(found) > MAX_ROWS:
            raise refuse(WHAT, f"it has more than {MAX_ROWS} rows", _SPLIT, line=line)
        if len(headings) > MAX_COLUMNS:
            raise refuse(WHAT, f"its objects have more than {MAX_COLUMNS} keys", _SPLIT, line=line)
    if not found:
        raise refuse(WHAT, "it holds no rows", "Give one object each.")
    names = tuple(headings)
    rows = [
        SourceRow(line, [element.get(name, _MISSING) for name in names]) for line, element in found
    ]
    return SourceTable(kind, names, rows)
