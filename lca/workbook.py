"""Writes the workbook that a plant engineer fills in: every sheet, a guide, lists to choose from.

The example in it is in `data/example_sheets`; it computes as it stands. Sheets whose names begin with
`_` are for people and are not read.
"""

from __future__ import annotations

import csv
import io
from collections.abc import Mapping, Sequence
from importlib import resources
from types import MappingProxyType
from typing import Final

import openpyxl
from openpyxl.comments import Comment
from openpyxl.styles import Font, PatternFill
from openpyxl.utils import get_column_letter
from openpyxl.worksheet.datavalidation import DataValidation
from openpyxl.worksheet.worksheet import Worksheet

from lca.activities import Arrangement, DataOrigin, ExchangeKind
from lca.end_of_life import circular_materials
from lca.recycled_content import METALS
from lca.rulesets import STAGES, load_ruleset
from lca.sheet_layout import SHEETS, SheetLayout
from lca.sheet_meanings import MEANINGS, SHEET_MEANINGS
from lca.units import units

_HEAD: Final = Font(bold=True)
_NEEDED: Final = PatternFill("solid", fgColor="FFE9C9")
_ROWS: Final = 5000
"""Rows for which a list to choose from is offered."""

NEEDED_SETTINGS: Final = (
    "title",
    "product.category",
    "product.chemistry",
    "product.mass_kg",
    "product.capacity_kwh",
    "product.usable_energy_kwh",
    "product.service_life.vehicle_class",
    "product.service_life.warranty_years",
    "product.service_life.warranty_evidence",
    "plant.facility_id",
    "plant.country",
    "plant.period.from",
    "plant.period.to",
    "plant.production_kwh",
    "electricity.factors.national_mix",
    "demand.activity",
    "demand.amount",
    "demand.unit",
)
"""Settings that stand in an empty workbook, to be filled in."""


def example_sheets() -> Mapping[str, Sequence[Sequence[str]]]:
    """Return the rows of the example by sheet."""
    sheets: dict[str, Sequence[Sequence[str]]] = {}
    folder = resources.files("lca.data").joinpath("example_sheets")
    for name in SHEETS:
        file = folder.joinpath(f"{name}.csv")
        if file.is_file():
            sheets[name] = list(csv.reader(io.StringIO(file.read_text("utf-8"))))
    return MappingProxyType(sheets)


def write_workbook(*, example: bool) -> bytes:
    """Return an XLSX workbook, with the example filled in or with headers only."""
    book = openpyxl.Workbook()
    book.remove(book.worksheets[0])
    _guide(book.create_sheet("_guide"))
    given = example_sheets() if example else {"settings": _empty_settings()}
    lists = book.create_sheet("_lists")
    choices = _lists(lists)
    for name, layout in SHEETS.items():
        sheet = book.create_sheet(name)
        rows = given.get(name, ())
        columns = list(rows[0]) if rows else []
        columns += [c for c in (*layout.required, *layout.optional) if c not in columns]
        _header(sheet, layout, columns)
        for row in rows[1:]:
            sheet.append([_cell(text) for text in row])
        _offer(sheet, columns, choices)
    lists.sheet_state = "hidden"
    buffer = io.BytesIO()
    book.save(buffer)
    return buffer.getvalue()


def _empty_settings() -> list[list[str]]:
    return [["field", "value"], *([name, ""] for name in NEEDED_SETTINGS)]


def _cell(text: str) -> str | float | None:
    try:
        return float(text) if text else None
    except ValueError:
        return text


def _guide(sheet: Worksheet) -> None:
    sheet.append(["sheet", "column", "needed", "holds", "meaning"])
    for layout in SHEETS.values():
        sheet.append([layout.name, "", "", "", SHEET_MEANINGS[layout.name]])
        sheet.cell(sheet.max_row, 1).font = sheet.cell(sheet.max_row, 5).font = _HEAD
        for column in (*layout.required, *layout.optional):
            needed = "yes" if column in layout.required else ""
            holds = "number" if column in layout.numbers else "text"
            sheet.append([layout.name, column, needed, holds, MEANINGS[column]])
    _widen(sheet, (22, 24, 8, 9, 100))


def _header(sheet: Worksheet, layout: SheetLayout, columns: Sequence[str]) -> None:
    sheet.append(list(columns))
    for index, column in enumerate(columns, start=1):
        cell = sheet.cell(1, index)
        cell.comment = Comment(MEANINGS[column], "voltpass")
        if column in layout.required:
            cell.fill = _NEEDED
    _widen(sheet, [max(14, len(column) + 2) for column in columns])
    if layout.name == "settings":
        _widen(sheet, (44, 44))


def _widen(sheet: Worksheet, widths: Sequence[int]) -> None:
    for index, width in enumerate(widths, start=1):
        sheet.cell(1, index).font = _HEAD
        sheet.column_dimensions[get_column_letter(index)].width = width
    sheet.freeze_panes = "A2"


def _lists(sheet: Worksheet) -> dict[str, str]:
    """Write the values to choose from, and return the range of each column that has some."""
    values: dict[str, Sequence[str]] = {
        "process": sorted(load_ruleset("da-2024").stage_map),
        "origin": [origin.value for origin in DataOrigin],
        "kind": [kind.value for kind in ExchangeKind],
        "arrangement": [arrangement.value for arrangement in Arrangement],
        "stage": [stage.value for stage in STAGES],
        "unit": list(units()),
        "confidential": ["yes", "no"],
        "partial": ["yes", "no"],
        "virgin_counted": ["yes", "no"],
        "material": sorted(circular_materials(load_ruleset("da-2024"))),
        "metal": METALS,
    }
    ranges: dict[str, str] = {}
    for index, (column, options) in enumerate(values.items(), start=1):
        letter = get_column_letter(index)
        for row, option in enumerate((column, *options), start=1):
            sheet.cell(row, index, option)
        ranges[column] = f"_lists!${letter}$2:${letter}${len(options) + 1}"
    return {**ranges, "output_unit": ranges["unit"], "per": ranges["unit"]}


def _offer(sheet: Worksheet, columns: Sequence[str], choices: Mapping[str, str]) -> None:
    for index, column in enumerate(columns, start=1):
        if column not in choices:
            continue
        offered = DataValidation(type="list", formula1=choices[column], allow_blank=True)
        letter = get_column_letter(index)
        offered.add(f"{letter}2:{letter}{_ROWS}")
        sheet.add_data_validation(offered)
