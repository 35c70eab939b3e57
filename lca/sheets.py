"""Inventories as spreadsheets that a plant engineer can fill in: XLSX, or a folder of CSV files.

The sheets become the same JSON document as any other inventory and pass the same checks; each
finding then says file, sheet, row and column. Formulas are refused: a cell whose value depends on
who opened the file last is no evidence. Which sheets and columns there are: `sheet_layout`.
"""

from __future__ import annotations

import csv
import io
import re
import zipfile
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from functools import cached_property
from typing import Final

import python_calamine

from lca.activities import Inventory
from lca.archives import ARCHIVE_FAULTS
from lca.bill_of_materials import BillDocument, plain_bill
from lca.emission_factors import FactorRecord
from lca.errors import Finding, InventoryError, SheetError, shown
from lca.inventory import parse_own_document
from lca.plain_sheets import PlainSheet, PlainWorkbook
from lca.sheet_layout import COLUMNS, SHEETS, Row, SheetReader
from lca.sheet_rows import Draft, draft_of
from lca.supplier_sheet import supplier_factors
from lca.workbook_extent import MAXIMUM_CELLS, extent, may_reach_far
from lca.workbook_formulas import first_formula, has_formula, sheet_files, sheet_pieces
from lca.workbook_texts import sheets_too_long

MAXIMUM_FILE_BYTES: Final = 20 * 1024 * 1024
"""A workbook or CSV file above this is refused unread; 500 rows take about 30 kB."""

MAXIMUM_UNPACKED_BYTES: Final = 100 * 1024 * 1024
"""An XLSX file that unpacks to more than this is refused unread."""

MAXIMUM_ROWS: Final = 50_000
"""Rows of one sheet."""

_BILL: Final = "bill_of_materials"
_FORMULA_START: Final = ("=", "+", "-", "@")


@dataclass(frozen=True)
class SheetInput:
    """What was read from sheets.

    Attributes:
        factors: Supplier footprints from the sheet of that name, as emission factors.
        suppliers: The row of each supplier footprint.
    """

    draft: Draft = field(repr=False)
    factors: tuple[FactorRecord, ...]
    file: str = ""
    suppliers: Mapping[str, Row] = field(default_factory=dict, repr=False)

    @cached_property
    def document(self) -> Mapping[str, object]:
        """The inventory document ("voltpass-inventory/1")."""
        return BillDocument(self.draft.document)

    @cached_property
    def places(self) -> Mapping[str, Row]:
        """File, sheet and row of each path in the document."""
        bill = "bill_of_materials"
        rows = enumerate(self.draft.bill, start=2)
        return {**self.draft.places, **{path: Row({}, self.file, bill, n) for n, path in rows}}

    def inventory(self) -> Inventory:
        """Return the inventory.

        Raises:
            SheetError: Something is wrong; each finding names file, sheet, row and column.
        """
        try:
            return parse_own_document(self.draft.document, self.document)
        except InventoryError as error:
            raise SheetError(self.located(error.findings)) from None

    def located(self, findings: Sequence[Finding]) -> tuple[Finding, ...]:
        """Return findings about the document with file, sheet, row and column where known."""
        return tuple(self._located(finding) for finding in findings)

    def _located(self, finding: Finding) -> Finding:
        path = finding.path
        supplier = self.suppliers.get(path)
        if supplier is not None:
            file, sheet, row = supplier.file, supplier.sheet, supplier.row
            return replace(finding, path="id", file=file, sheet=sheet, row=row)
        if path == "activities":
            return self._at_activity(finding)
        while path:
            place = self.places.get(path)
            if place is not None:
                rest = finding.path[len(path) :].lstrip(".") or finding.path.rpartition(".")[2]
                rest = COLUMNS.get((place.sheet, rest), rest)
                return replace(
                    finding, path=rest, file=place.file, sheet=place.sheet, row=place.row
                )
            path = path.rpartition(".")[0] if "." in path else ""
        inner = (row for known, row in self.places.items() if known.startswith(f"{finding.path}."))
        first = next(inner, None)
        if first is None:
            return finding
        return replace(finding, file=first.file, sheet=first.sheet, row=first.row)

    def _at_activity(self, finding: Finding) -> Finding:
        """Return a finding about activities by name with the row of the first that it names."""
        name = finding.value.split(", ")[0]
        rows = [row for row in self.places.values() if row.sheet == "activities"]
        named = [row for row in rows if row.cells.get("id") == name] or rows
        if not named:
            return finding
        place = named[-1]  # of two with one name the second is too many
        return replace(finding, file=place.file, sheet=place.sheet, row=place.row)


def read_workbook(data: bytes, file: str) -> SheetInput:
    """Return the inventory in an XLSX workbook.

    Raises:
        SheetError: Too large, not a workbook, a formula, an unknown sheet or column, a bad value.
    """
    if len(data) > MAXIMUM_FILE_BYTES:
        raise _too_large(file, len(data), MAXIMUM_FILE_BYTES)
    try:
        with zipfile.ZipFile(io.BytesIO(data)) as archive:
            plain = check_workbook(archive, data, file)
    except ARCHIVE_FAULTS as error:
        raise _unreadable(file, str(error)) from None
    return read_checked_workbook(data, file, plain)


def read_checked_workbook(
    data: bytes, file: str, plain: Mapping[str, PlainSheet | None]
) -> SheetInput:
    """Return the inventory in an XLSX workbook that `check_workbook` let pass.

    Args:
        data: The workbook.
        file: Its name, for what is said about it.
        plain: What `check_workbook` returned: the sheets that it read already.

    Raises:
        SheetError: As `read_workbook`.
    """
    if plain and None not in plain.values():
        return _read({name: sheet.table for name, sheet in plain.items() if sheet}, file)
    try:
        book = python_calamine.CalamineWorkbook.from_filelike(io.BytesIO(data))
        known = plain if list(plain) == book.sheet_names else {}
        tables = {
            name: _rows(book, name) if (sheet := known.get(name)) is None else sheet.table
            for name in book.sheet_names
        }
    except python_calamine.CalamineError as error:
        raise _unreadable(file, str(error)) from None
    return _read(tables, file)


def read_csv_sheets(files: Mapping[str, bytes], folder: str = "") -> SheetInput:
    """Return the inventory in CSV files named like the sheets (`activities.csv`, ...).

    Raises:
        SheetError: Too large, not UTF-8, a formula, an unknown file or column, a bad value.
    """
    tables: dict[str, Sequence[Sequence[object]]] = {}
    for name, data in files.items():
        place = f"{folder}/{name}" if folder else name
        if len(data) > MAXIMUM_FILE_BYTES:
            raise _too_large(place, len(data), MAXIMUM_FILE_BYTES)
        try:
            text = data.decode("utf-8-sig")
            rows = list(csv.reader(io.StringIO(text), strict=True))
        except (UnicodeDecodeError, csv.Error) as error:
            raise _unreadable(place, str(error)) from None
        sheet = name.removesuffix(".csv")
        tables[sheet] = [
            [_cell(cell, place, sheet, number) for cell in row]
            for number, row in enumerate(rows, start=1)
        ]
    return _read(tables, folder or "csv")


def _cell(text: str, file: str, sheet: str, row: int) -> object:
    """Return a CSV cell as a number where it is one; refuse what a spreadsheet would run."""
    stripped = text.strip()
    if not stripped:
        return ""
    try:
        return float(stripped)
    except ValueError:
        pass  # a text
    if stripped.startswith(_FORMULA_START):
        raise _formula(file, sheet, row, stripped)
    return stripped


def _rows(book: python_calamine.CalamineWorkbook, name: str) -> Sequence[Sequence[object]]:
    sheet = book.get_sheet_by_name(name)
    # Rows are counted as a spreadsheet counts them; leading empty ones are rare, and cost time.
    return sheet.to_python(skip_empty_area=sheet.start == (0, 0))


def _read(tables: Mapping[str, Sequence[Sequence[object]]], file: str) -> SheetInput:
    findings: list[Finding] = []
    sheets: dict[str, list[Row]] = {}
    tables = {
        name: table for name, table in tables.items() if _is_read(name, table, file, findings)
    }
    for name, table in tables.items():
        if name != _BILL:
            sheets[name] = SheetReader(SHEETS[name], file, findings).read(table)
    bill = None
    if _BILL in tables:
        known = {row.cells.get("id") for row in sheets.get("activities", ())}
        bill = plain_bill(tables[_BILL], SHEETS[_BILL], known)
        if bill is None:
            sheets[_BILL] = SheetReader(SHEETS[_BILL], file, findings).read(tables[_BILL])
    draft = draft_of(sheets, file, findings, bill)
    factors: tuple[FactorRecord, ...] = ()
    suppliers = sheets.get("supplier_footprints", [])
    if not findings:
        factors = supplier_factors(suppliers, findings)
    if findings:
        raise SheetError(findings)
    return SheetInput(draft, factors, file, {str(row.cells["id"]): row for row in suppliers})


def _is_read(
    name: str, table: Sequence[Sequence[object]], file: str, findings: list[Finding]
) -> bool:
    """Tell whether a sheet is one of ours; a finding where it is not, and not private either."""
    if name not in SHEETS:
        if table and not name.startswith("_"):
            known = f"known: {', '.join(SHEETS)}; a sheet whose name begins with _ is not read"
            findings.append(Finding("sheet", name, "no such sheet", known, file=file))
        return False
    if len(table) > MAXIMUM_ROWS:
        reason = f"has more than {MAXIMUM_ROWS} rows"
        findings.append(Finding(name, str(len(table)), reason, "split it", file=file, sheet=name))
        return False
    return True


def check_workbook(
    archive: zipfile.ZipFile, data: bytes, file: str
) -> Mapping[str, PlainSheet | None]:
    """Refuse a workbook that is too large, or has a formula in any sheet.

    Returns:
        Its sheets by name, with the cells of those that are so plainly written that checking them
        read them; empty where that is not even known of their names.

    Raises:
        SheetError: It is one of these.
        Exception: The archive is broken: one of `archives.ARCHIVE_FAULTS`.
    """
    if len(data) > MAXIMUM_FILE_BYTES:
        raise _too_large(file, len(data), MAXIMUM_FILE_BYTES)
    unpacked = sum(entry.file_size for entry in archive.infolist())
    if unpacked > MAXIMUM_UNPACKED_BYTES:
        raise _too_large(file, unpacked, MAXIMUM_UNPACKED_BYTES)
    with_formula = ""
    plain = PlainWorkbook(archive).sheets
    checked = {sheet.file for sheet in plain.values() if sheet is not None}
    for name in sheet_files(archive):
        if name in checked:
            continue
        formula = far = False
        for text in sheet_pieces(archive, name):
            formula = formula or has_formula(text)
            far = far or may_reach_far(text)
        if far:
            _check_extent(extent(sheet_pieces(archive, name)), name, file)
        if formula:
            with_formula = with_formula or name
    if len(checked) < len(plain) or not plain:  # what is plainly written shares its texts
        _check_texts(archive, file)
    # Only now: to name the formula's sheet and column, the workbook is opened.
    if with_formula:
        raise _formula_in(archive.read(with_formula), with_formula, data, file)
    return plain


def _check_texts(archive: zipfile.ZipFile, file: str) -> None:
    for name, written in sheets_too_long(archive, MAXIMUM_UNPACKED_BYTES):
        raise _too_large(f"{file}, {name}", written, MAXIMUM_UNPACKED_BYTES)


def _check_extent(size: tuple[int, int], name: str, file: str) -> None:
    rows, columns = size
    if rows * columns > MAXIMUM_CELLS:
        reason = f"spans {rows} rows and {columns} columns: a cell stands far from the others"
        sheet = name.rpartition("/")[2].removesuffix(".xml")
        remedy = "delete the empty rows and columns, or copy the list into a new sheet"
        raise SheetError([Finding(sheet, f"{rows * columns} cells", reason, remedy, file=file)])


def _formula_in(text: bytes, name: str, data: bytes, file: str) -> SheetError:
    column, row = first_formula(text)
    sheet, header = _sheet_and_header(data, re.sub(r"\D", "", name))
    return _formula(file, sheet, row, header.get(column, column))


def _sheet_and_header(data: bytes, number: str) -> tuple[str, Mapping[str, str]]:
    """Return the name of a sheet, and its column names by letter."""
    index = int(number) - 1 if number else -1
    try:
        book = python_calamine.CalamineWorkbook.from_filelike(io.BytesIO(data))
        if not 0 <= index < len(book.sheet_names):
            return f"sheet {number}", {}
        name = book.sheet_names[index]
        rows = book.get_sheet_by_name(name).to_python(skip_empty_area=False, nrows=1)
    except python_calamine.CalamineError:  # it has a formula, and is broken too
        return f"sheet {number}", {}
    first = rows[0] if rows else []
    return name, {chr(ord("A") + i): str(cell) for i, cell in enumerate(first[:26]) if cell}


def _formula(file: str, sheet: str, row: int, value: str) -> SheetError:
    reason = "is a formula: its value depends on who calculated it last"
    remedy = "paste the value itself"
    return SheetError([Finding(value, "", reason, remedy, file=file, sheet=sheet, row=row)])


def _too_large(file: str, size: int, limit: int) -> SheetError:
    reason = f"is larger than {limit // 1024 // 1024} MiB"
    return SheetError([Finding("file", f"{size} bytes", reason, "split it", file=file)])


def _unreadable(file: str, reason: str) -> SheetError:
    remedy = "save it as XLSX, or as CSV in UTF-8"
    return SheetError([Finding("file", shown(reason), "cannot be read", remedy, file=file)])
