"""Rows that were refused, written as they came with two columns more, to be mended and sent again.

The form is that of the input: CSV with its separator and encoding, XLSX with texts as texts, NDJSON, JSON.
"""

import csv
import io
import json
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from types import MappingProxyType
from typing import Any, Final, Protocol

from passports.bulk.files import FileKind, SourceRow, SourceTable
from passports.bulk.mapping import REASON, SUGGESTED_FIX
from passports.bulk.report import RowFinding

MEDIA_TYPES: Final[Mapping[FileKind, str]] = MappingProxyType(
    {
        "csv": "text/csv",
        "xlsx": "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet",
        "ndjson": "application/x-ndjson",
        "json": "application/json",
    }
)


class RefusedRow(Protocol):
    """A row of a file, and what is wrong with it."""

    @property
    def source(self) -> SourceRow:
        """The row as it stands in the file."""

    @property
    def findings(self) -> Sequence[RowFinding]:
        """What is wrong with it."""


@dataclass(frozen=True)
class RejectsFile:
    """Refused rows in the form of the file that they came in."""

    kind: FileKind
    data: bytes

    @property
    def media_type(self) -> str:
        """Its media type."""
        return MEDIA_TYPES[self.kind]


def rejects_file(
    table: SourceTable,
    refused: Sequence[RefusedRow],
    constants: Mapping[str, str] = MappingProxyType({}),
) -> RejectsFile:
    """Write refused rows in the form of their file, each with reasons and suggested fixes.

    Args:
        table: The file they come from.
        refused: The rows.
        constants: What was said of every row beside the file; written as columns, so that the mended
            file says the same by itself.
    """
    kept = [
        (place, name)
        for place, name in enumerate(table.headings)
        if name and name not in {REASON, SUGGESTED_FIX}
    ]
    said = {name: text for name, text in constants.items() if name not in table.headings}
    headings = [*(name for _place, name in kept), *said]
    places = [place for place, _name in kept]
    rows = [(_cells(row, places, list(said.values())), *_told(row)) for row in refused]
    if table.kind == "xlsx":
        return RejectsFile("xlsx", _xlsx(headings, rows))
    if table.kind == "csv":
        return RejectsFile("csv", _csv(table, headings, rows))
    objects = list(_objects(headings, rows))
    lines = [json.dumps(one, ensure_ascii=True) for one in objects]
    text = "\n".join(lines) if table.kind == "ndjson" else "[\n" + ",\n".join(lines) + "\n]"
    return RejectsFile(table.kind, f"{text}\n".encode())


Told = tuple[Sequence[object], str, str]


def _cells(row: RefusedRow, places: Sequence[int], said: Sequence[str]) -> list[object]:
    cells = row.source.cells
    if row.source.fault is not None:
        return list(cells)  # as many as it had: cut to the header, it would read as another row
    return [*(cells[place] if place < len(cells) else "" for place in places), *said]


def _told(row: RefusedRow) -> tuple[str, str]:
    reasons = [f"{f.column or f.field}: {f.reason}" for f in row.findings]
    return " | ".join(reasons), " | ".join(finding.remedy for finding in row.findings)


def _csv(table: SourceTable, headings: Sequence[str], rows: Sequence[Told]) -> bytes:
    written = io.StringIO(newline="")
    writer = csv.writer(written, delimiter=table.delimiter)
    writer.writerow([*headings, REASON, SUGGESTED_FIX])
    for cells, reason, fix in rows:
        writer.writerow([*cells, reason, fix])
    # What was read from this encoding goes back into it; our own words stay within ASCII where it is narrow.
    return written.getvalue().encode(table.encoding, errors="backslashreplace")


def _objects(headings: Sequence[str], rows: Sequence[Told]) -> Iterator[dict[str, object]]:
    for cells, reason, fix in rows:
        given = {name: cell for name, cell in zip(headings, cells, strict=True) if cell != ""}
        yield {**given, REASON: reason, SUGGESTED_FIX: fix}


def _xlsx(headings: Sequence[str], rows: Sequence[Told]) -> bytes:
    from openpyxl import Workbook  # noqa: PLC0415 # slow to load, and for rejects only
    from openpyxl.cell import WriteOnlyCell  # noqa: PLC0415 # as above
    from openpyxl.cell.cell import ILLEGAL_CHARACTERS_RE  # noqa: PLC0415 # as above

    book = Workbook(write_only=True)
    sheet = book.create_sheet("rejects")

    def cell(value: object) -> Any:  # noqa: ANN401 # a cell of openpyxl
        written = WriteOnlyCell(sheet, "")
        if isinstance(value, str):
            written.value = ILLEGAL_CHARACTERS_RE.sub("?", value)
            written.data_type = "s"  # also what begins with =, which is a text here
            written.number_format = "@"
        else:
            written.value = value  # type: ignore[assignment] # what a workbook gave, it takes
        return written

    sheet.append([cell(name) for name in (*headings, REASON, SUGGESTED_FIX)])
    for cells, reason, fix in rows:
        sheet.append([cell(value) for value in (*cells, reason, fix)])
    data = io.BytesIO()
    book.save(data)
    return data.getvalue()
