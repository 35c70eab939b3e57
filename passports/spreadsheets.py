"""Spreadsheets as rows of cells: XLSX and CSV, opened with the same care wherever a file comes in.

What a spreadsheet says is not judged here: each reader does that for its own columns. A row carries the
line a person finds it on, counted from 1, empty lines included.
"""

import csv
import io
import re
import zipfile
from collections.abc import Iterator, Sequence
from typing import Final

import python_calamine

from lca.archives import ARCHIVE_FAULTS
from lca.workbook_extent import sheets_too_large
from lca.workbook_formulas import first_formula, sheets_with_formulas
from lca.workbook_texts import sheets_too_long
from passports.errors import Finding, InvalidInputError, shorten

XLSX_MAGIC: Final = b"PK\x03\x04"
_OLE_MAGIC: Final = b"\xd0\xcf\x11\xe0"  # Excel before 2007, and workbooks under a password
MAX_UNPACKED_BYTES: Final = 256 * 1024 * 1024
_DELIMITERS: Final = (",", ";", "\t", "|")
_ENCODINGS: Final = (("gb18030", "一", "鿿"), ("cp1252", "À", "ÿ"))
ENCODING_NAMES: Final = (
    "utf-8",
    "utf-16",
    "gb18030",
    "cp1252",
    "cp1250",
    "cp932",
    "euc-kr",
    "big5",
)
Cells = Sequence[object]


def refuse(
    what: str,
    reason: str,
    remedy: str,
    *,
    field: str = "file",
    value: str = "",
    line: int | None = None,
) -> InvalidInputError:
    """Return the error for a file that cannot be read."""
    return InvalidInputError([Finding(field, value, reason, remedy, line)], what)


def open_workbook(
    data: bytes,
    what: str,
    *,
    max_unpacked_bytes: int = MAX_UNPACKED_BYTES,
    refuse_formulas: bool = False,
) -> python_calamine.CalamineWorkbook:
    """Open an XLSX workbook that is no larger unpacked than is allowed.

    Raises:
        InvalidInputError: too large, damaged, under a password, no workbook, or a formula in it.
    """
    if data.startswith(_OLE_MAGIC):
        reason = "it is a workbook of the old kind (XLS), or under a password"
        raise refuse(what, reason, "Save it as XLSX, without a password.")
    try:
        with zipfile.ZipFile(io.BytesIO(data)) as archive:
            unpacked = sum(member.file_size for member in archive.infolist())
            if unpacked > max_unpacked_bytes:
                reason = f"it unpacks to {unpacked} bytes, at most {max_unpacked_bytes} are read"
                raise refuse(what, reason, "Save only the list, as CSV, or split it.")
            for _, rows, columns in sheets_too_large(archive):  # no reader has room for them
                reason = f"a sheet spans {rows} rows and {columns} columns"
                raise refuse(what, reason, "Copy the list into a new sheet.")
            for _, written in sheets_too_long(archive, max_unpacked_bytes):
                reason = (
                    f"the texts of its cells come to {written} bytes,"
                    f" at most {max_unpacked_bytes} are read"
                )
                raise refuse(what, reason, "Save only the list, as CSV, or split it.")
            for name in sheets_with_formulas(archive) if refuse_formulas else ():
                column, row = first_formula(archive.read(name))
                raise refuse(
                    what,
                    "it is a formula: its value depends on who calculated it last",
                    "Paste the values themselves (paste special, values only).",
                    field=f"cell {column}{row}",
                    line=row,
                )
    except ARCHIVE_FAULTS:
        raise refuse(what, "it is a damaged workbook", "Save it anew as XLSX.") from None
    try:
        return python_calamine.CalamineWorkbook.from_filelike(io.BytesIO(data))
    except Exception as error:  # noqa: BLE001 # calamine raises many kinds, panics among them
        kind = type(error).__name__
        raise refuse(what, f"it is not a workbook ({kind})", "Save it as XLSX.") from None


def workbook_rows(
    book: python_calamine.CalamineWorkbook, sheet: str | int, what: str
) -> Iterator[tuple[int, list[object]]]:
    """Yield the rows of a sheet, each with its number as a spreadsheet shows it.

    An empty cell is the empty text; a number is a float, whatever it was typed as.

    Raises:
        InvalidInputError: the sheet cannot be read.
    """
    try:
        is_name = isinstance(sheet, str)
        found = book.get_sheet_by_name(sheet) if is_name else book.get_sheet_by_index(sheet)  # type: ignore[arg-type] # by is_name
        left = [""] * (found.start[1] if found.start else 0)
        for line, row in enumerate(found.iter_rows(), start=1):
            yield line, [*left, *row]
    except InvalidInputError:
        raise
    except Exception as error:  # noqa: BLE001 # as above
        kind = type(error).__name__
        raise refuse(what, f"its sheet cannot be read ({kind})", "Save it anew as XLSX.") from None


def decode_text(data: bytes, what: str, encoding: str | None = None) -> str:
    """Return the text of a file: as it is marked, as it is said to be, or UTF-8.

    Nothing is guessed: bytes that are no UTF-8 are legible in several encodings and mean something else
    in each. The finding says how the line reads in the likely ones.

    Raises:
        InvalidInputError: it is in another encoding, or holds a NUL.
    """
    chosen = "utf-16" if data[:2] in {b"\xff\xfe", b"\xfe\xff"} else encoding or "utf-8"
    try:
        text = data.decode("utf-8-sig" if chosen == "utf-8" else chosen)
    except UnicodeDecodeError as error:
        line = data.count(b"\n", 0, error.start) + 1
        raise _not_decoded(data, what, chosen, error.start, line) from None
    if "\x00" in text:
        line = text.count("\n", 0, text.index("\x00")) + 1
        reason, remedy = "it holds a NUL character", "Export the list anew, as text."
        raise refuse(what, reason, remedy, line=line)
    return text.removeprefix("\ufeff")


def _not_decoded(
    data: bytes, what: str, chosen: str, position: int, line: int
) -> InvalidInputError:
    reason = f"byte {position} is not {chosen.upper()}"
    remedy = "Save it as CSV in UTF-8"
    start = data.rfind(b"\n", 0, position) + 1
    end = data.find(b"\n", position)
    sample = data[start : end if end >= 0 else None]
    readings = []
    for name, first, last in _ENCODINGS:
        try:
            read = sample.decode(name)
        except UnicodeDecodeError:
            continue  # then it is not in this encoding
        if name != chosen and any(first <= character <= last for character in read):
            readings.append(f"{name} {shorten(read.strip(), 40)!r}")
    if readings:
        remedy += f", or name its encoding; the line reads in {', in '.join(readings)}"
    return refuse(what, reason, f"{remedy}.", line=line)


def delimiter_of(header: str) -> str:
    """Return what separates the cells of a CSV file: what its first line has most of, unquoted."""
    plain = re.sub(r'"[^"]*"', "", header)
    return max(_DELIMITERS, key=plain.count)


def csv_rows(text: str, delimiter: str, what: str) -> Iterator[tuple[int, list[str]]]:
    """Yield the rows of a CSV file, each with the line on which it begins; empty lines have no cells.

    Raises:
        InvalidInputError: quotes do not close, or a cell is longer than 131,072 characters.
    """
    reader = csv.reader(io.StringIO(text, newline=""), delimiter=delimiter, strict=True)
    line = 1
    try:
        for row in reader:
            yield line, row
            line = reader.line_num + 1
    except csv.Error as error:
        remedy = "Check its quotation marks, or save it anew as CSV in UTF-8."
        raise refuse(what, f"not readable: {error}", remedy, line=line) from None
