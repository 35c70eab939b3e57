"""A bill of materials read column by column is the same as one read row by row."""

from __future__ import annotations

import copy
import csv
import io
import zipfile
from collections.abc import Sequence
from typing import Any

import pytest
from hypothesis import settings
from hypothesis import strategies as st

from lca.datasets import Dataset
from lca.errors import LcaError, SheetError
from lca.footprint import compute_footprint
from lca.inventory import parse_inventory
from lca.reading import read_inventory
from lca.rulesets import load_ruleset
from lca.sheets import SheetInput, read_csv_sheets, read_workbook
from tests.bench.lca_inputs import texts_apart
from tests.exhaustively import drawn
from tests.lca.test_sheets import TABLES, as_csv, workbook

HEADER = [
    "activity",
    "factor",
    "from_activity",
    "kind",
    "amount",
    "unit",
    "process",
    "origin",
    "evidence",
    "name",
    "gsd",
    "plausibility_override",
    "confidential",
]
FACTOR = "mat.greet24.pack.lfp.car300"
PLAIN = ["pack", FACTOR, "", "", "1.5", "kg", "pack_materials", "secondary", "", "", "", "", ""]

CELLS = {
    "activity": ["pack", "cells", "nobody", ""],
    "factor": [FACTOR, "", "own.factor"],
    "from_activity": ["", "cells", "12"],
    "kind": ["", "technosphere", "substitution", "biosphere", "other"],
    "amount": ["1", "0", "-1", "1e19", "nan", "inf", "", "much", "12.5"],
    "unit": ["kg", "g", "kWh capacity", "", "stones"],
    "process": ["pack_materials", "pack_assembly", " led by a blank", "2024", ""],
    "origin": ["secondary", "company_specific", "guess", ""],
    "evidence": ["", "scale 7", "2024", "true", "x" * 600, "two\twords", "a || b"],
    "name": ["", "foil", "=1+1", "Folie\u00a0\u00e4"],
    "gsd": ["", "1", "1.2", "0.5", "200", "wide"],
    "plausibility_override": ["", "checked with the supplier"],
    "confidential": ["", "yes", "no", "Yes", "perhaps", "1"],
}


def rows() -> st.SearchStrategy[list[str]]:
    """Mostly plain rows, in which a cell or two may be anything."""
    changes = st.dictionaries(st.sampled_from(HEADER), st.integers(0, 8), max_size=2)

    def changed(change: dict[str, int]) -> list[str]:
        row = list(PLAIN)
        for column, choice in change.items():
            options = CELLS[column]
            row[HEADER.index(column)] = options[choice % len(options)]
        return row

    return changes.map(changed)


def sheets(bill: Sequence[Sequence[str]]) -> dict[str, bytes]:
    text = io.StringIO()
    csv.writer(text).writerows([HEADER, *bill])
    return {**as_csv(TABLES), "bill_of_materials.csv": text.getvalue().encode()}


def outcome(files: dict[str, bytes]) -> tuple[SheetInput | None, object]:
    """Return what was read, and its inventory or what is wrong with it."""
    try:
        read = read_csv_sheets(files)
        return read, read.inventory()
    except LcaError as error:
        return None, [(finding.path, finding.value, finding.reason) for finding in error.findings]


@drawn(st.lists(rows(), min_size=1, max_size=6), test=40, soak=400, limits=settings(deadline=None))
def test_columns_give_what_rows_give(bill: list[list[str]]) -> None:
    empty = [""] * len(HEADER)  # an empty row between others is read row by row
    _, by_columns = outcome(sheets(bill))
    slow, by_rows = outcome(sheets([*bill[:-1], empty, bill[-1]]))
    assert by_columns == by_rows
    assert slow is None or not slow.draft.bill


def test_a_plain_bill_is_read_by_columns_and_its_document_is_whole() -> None:
    bill = [*TABLES["bill_of_materials"][1:]]
    read = read_csv_sheets(as_csv(TABLES))
    assert len(read.draft.bill) == len(bill)
    inventory = read.inventory()
    again = parse_inventory(dict(inventory.document))
    assert again.activities == inventory.activities
    assert again.sha256 == inventory.sha256
    assert len(inventory.document) == len(dict(inventory.document))


def test_what_is_wrong_later_on_is_said_with_its_row(dataset: Dataset) -> None:
    tables = copy.deepcopy(TABLES)
    tables["bill_of_materials"][2][1] = "mat.unheard.of"
    read = read_inventory(workbook(tables), "plant.xlsx")
    with pytest.raises(LcaError) as caught, read.located():
        compute_footprint(read.inventory, load_ruleset("da-2024"), dataset)
    finding = caught.value.findings[0]
    assert (finding.file, finding.sheet, finding.row) == ("plant.xlsx", "bill_of_materials", 3)
    assert finding.path == "factor"


def test_a_bad_energy_row_beside_a_plain_bill_is_named(dataset: Dataset) -> None:
    del dataset
    tables = copy.deepcopy(TABLES)
    tables["energy"].append(["pack", "own.gas", "", -1, "MJ", "pack_assembly", "secondary"])
    with pytest.raises(SheetError) as caught:
        read_workbook(workbook(tables), "plant.xlsx").inventory()
    found = [(item.sheet, item.row, item.path) for item in caught.value.findings]
    assert found == [("energy", 4, "amount")]


def test_a_wrong_activity_with_a_plain_bill_is_named_once() -> None:
    tables = copy.deepcopy(TABLES)
    tables["activities"][1][4] = 120
    del tables["energy"], tables["transport"]
    with pytest.raises(SheetError) as caught:
        read_csv_sheets(as_csv(tables))
    found = [(item.sheet, item.row, item.path) for item in caught.value.findings]
    assert found == [("activities", 2, "yield_percent")]


def test_numbers_under_no_column_name_are_refused_beside_a_plain_bill() -> None:
    tables = copy.deepcopy(TABLES)
    for row, more in zip(tables["bill_of_materials"], ("", 7, ""), strict=True):
        row.append(more)
    with pytest.raises(SheetError, match="no column name"):
        read_workbook(workbook(tables), "a.xlsx")
    with pytest.raises(SheetError, match="no column name"):
        read_csv_sheets(as_csv(tables))


def test_formatted_empty_rows_and_columns_do_not_count() -> None:
    tables = copy.deepcopy(TABLES)
    bill = tables["bill_of_materials"]
    tables["bill_of_materials"] = [[*row, ""] for row in bill] + [[""] * (len(bill[0]) + 1)] * 3
    read = read_csv_sheets(as_csv(tables))
    assert read.draft.bill
    assert read.inventory().activities == read_csv_sheets(as_csv(TABLES)).inventory().activities


@pytest.mark.parametrize("value", ["perhaps", "ja"])
def test_a_flag_that_is_neither_yes_nor_no_is_refused(value: str) -> None:
    tables = copy.deepcopy(TABLES)
    tables["bill_of_materials"][0].append("confidential")
    for row in tables["bill_of_materials"][1:]:
        row.append(value)
    tables["gaps"][2][2] = value
    with pytest.raises(SheetError) as caught:
        read_csv_sheets(as_csv(tables)).inventory()
    found = {(finding.sheet, finding.path) for finding in caught.value.findings}
    assert found == {("bill_of_materials", "confidential"), ("gaps", "partial")}


def test_texts_in_a_table_of_their_own_are_read_as_those_in_cells() -> None:
    data = workbook(TABLES)
    read, apart = read_workbook(data, "a.xlsx"), read_workbook(texts_apart(data), "a.xlsx")
    assert dict(read.document) == dict(apart.document)


FORMULAS = [
    b'<c r="D2"><f>2*4</f><v>8</v></c>',
    b'<c r="D2"><f t="shared" si="0"/><v>8</v></c>',
    b'<c r="D2"><f\n>2*4</f><v>8</v></c>',
    b"<c\tr='D2' t=\"n\"><f/><v>8</v></c>",
    b'<x:c xmlns:x="http://schemas.openxmlformats.org/spreadsheetml/2006/main" r="D2"><x:f>8</x:f></x:c>',
]


@pytest.mark.parametrize("formula", FORMULAS)
@pytest.mark.parametrize("padding", [0, 1, 3_000_000], ids=["short", "odd", "long"])
def test_a_formula_is_found_however_it_is_written(formula: bytes, padding: int) -> None:
    tables: dict[str, list[list[Any]]] = copy.deepcopy(TABLES)
    buffer = io.BytesIO()
    with zipfile.ZipFile(io.BytesIO(workbook(tables))) as source:
        files = {name: source.read(name) for name in source.namelist()}
    sheet = files["xl/worksheets/sheet4.xml"]  # energy
    comment = b"<!--" + b" " * padding + b"-->"
    cell = sheet.index(b'<c r="D2"')
    end = sheet.index(b"</c>", cell) + 4
    files["xl/worksheets/sheet4.xml"] = sheet[:cell] + comment + formula + sheet[end:]
    with zipfile.ZipFile(buffer, "w", zipfile.ZIP_DEFLATED) as archive:
        for name, content in files.items():
            archive.writestr(name, content)
    with pytest.raises(SheetError, match="formula") as caught:
        read_workbook(buffer.getvalue(), "plant.xlsx")
    finding = caught.value.findings[0]
    assert (finding.sheet, finding.row, finding.path) == ("energy", 2, "amount")
