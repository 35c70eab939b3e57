"""The workbook to fill in: its example computes, its guide explains every column."""

from __future__ import annotations

import io

import openpyxl
import pytest

from lca.datasets import Dataset
from lca.errors import SheetError
from lca.footprint import compute_footprint
from lca.reading import read_inventory
from lca.rulesets import load_ruleset
from lca.sheet_layout import SHEETS
from lca.sheet_meanings import MEANINGS, SHEET_MEANINGS
from lca.workbook import NEEDED_SETTINGS, write_workbook


def test_the_example_computes_as_it_stands(dataset: Dataset) -> None:
    read = read_inventory(write_workbook(example=True), "pack.xlsx")
    footprint = compute_footprint(read.inventory, load_ruleset("da-2024"), read.dataset(dataset))
    assert footprint.kg_co2e_per_kwh == pytest.approx(0.12335390228063427, rel=1e-12)


def test_an_empty_workbook_says_row_by_row_what_is_to_be_filled_in() -> None:
    with pytest.raises(SheetError) as caught:
        read_inventory(write_workbook(example=False), "pack.xlsx")
    empty = [finding for finding in caught.value.findings if finding.sheet == "settings"]
    assert [finding.row for finding in empty] == list(range(2, len(NEEDED_SETTINGS) + 2))
    assert all(finding.file == "pack.xlsx" for finding in empty)


def test_the_guide_explains_every_column() -> None:
    used = {c for layout in SHEETS.values() for c in (*layout.required, *layout.optional)}
    assert used == set(MEANINGS)
    book = openpyxl.load_workbook(io.BytesIO(write_workbook(example=True)))
    assert set(book.sheetnames) == {*SHEETS, "_guide", "_lists"}
    rows = list(book["_guide"].iter_rows(min_row=2, values_only=True))
    assert set(SHEET_MEANINGS) == set(SHEETS)
    assert len(rows) == sum(1 + len(s.required) + len(s.optional) for s in SHEETS.values())
    assert all(row[4] for row in rows)


def test_every_needed_column_stands_in_its_sheet() -> None:
    book = openpyxl.load_workbook(io.BytesIO(write_workbook(example=True)))
    for name, layout in SHEETS.items():
        header = [cell.value for cell in book[name][1]]
        assert set(header) == {*layout.required, *layout.optional}
