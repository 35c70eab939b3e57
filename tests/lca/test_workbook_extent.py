"""Workbooks whose cells stand far apart: refused before anything makes room for them."""

from __future__ import annotations

import io
import zipfile

import openpyxl
import pytest
from hypothesis import given
from hypothesis import strategies as st

from lca.errors import SheetError
from lca.reading import read_inventory
from lca.sheets import read_workbook
from lca.workbook import write_workbook
from lca.workbook_extent import extent, may_reach_far
from tests.lca.test_sheets import TABLES, workbook


def with_cell(place: str, quote: str = '"') -> bytes:
    """Return the workbook of the tests with one more cell in its third sheet."""
    buffer = io.BytesIO()
    cell = f"<c r={quote}{place}{quote}><v>1</v></c></row></sheetData>".encode()
    with (
        zipfile.ZipFile(io.BytesIO(workbook(TABLES))) as source,
        zipfile.ZipFile(buffer, "w", zipfile.ZIP_DEFLATED) as archive,
    ):
        for name in source.namelist():
            text = source.read(name)
            if name == "xl/worksheets/sheet3.xml":
                text = text.replace(b"</row></sheetData>", cell)
            archive.writestr(name, text)
    return buffer.getvalue()


@pytest.mark.parametrize(
    "place", ["XFD1048576", "A999999999", "ZZ99999", "INLIN99", "xfd999", "AAAAA99"]
)
@pytest.mark.parametrize("quote", ['"', "'"])
def test_a_cell_far_from_the_others_is_refused_unread(place: str, quote: str) -> None:
    data = with_cell(place, quote)
    for read in (read_workbook, read_inventory):
        with pytest.raises(SheetError, match="far from the others") as caught:
            read(data, "plant.xlsx")
        assert caught.value.findings[0].file == "plant.xlsx"


def test_the_template_and_a_wide_sheet_are_near() -> None:
    read_inventory(write_workbook(example=True), "plant.xlsx")
    book = openpyxl.load_workbook(io.BytesIO(workbook(TABLES)))
    book.create_sheet("_wide").append(list(range(200)))
    buffer = io.BytesIO()
    book.save(buffer)
    read_workbook(buffer.getvalue(), "plant.xlsx")


LETTERS = "ABCXYZabz"


@given(
    st.text(LETTERS, max_size=8),
    st.integers(1, 10**9),
    st.text(' <c r="inlineStr">019AZ', max_size=60),
    st.integers(0, 60),
)
def test_no_far_place_is_missed(letters: str, row: int, around: str, where: int) -> None:
    cell = f'<c r="{letters}{row}"/>'
    text = f"{around[:where]}{cell}{around[where:]}".encode()
    far = len(letters) > 1 or row > 99_999
    assert not far or may_reach_far(text)
    rows, columns = extent([text])
    if letters:
        assert rows >= row
        assert columns >= sum(
            (ord(c) - 64) * 26**i for i, c in enumerate(reversed(letters.upper()))
        )


def _moved(book: bytes, folder: str) -> bytes:
    """Return a workbook whose sheets lie in another folder, linked from where they are."""
    moved = io.BytesIO()
    with zipfile.ZipFile(io.BytesIO(book)) as old, zipfile.ZipFile(moved, "w") as new:
        for name in old.namelist():
            text = old.read(name)
            if name == "xl/_rels/workbook.xml.rels":
                text = text.replace(b"worksheets/sheet", folder.encode() + b"/Sheet")
            new.writestr(name.replace("xl/worksheets/sheet", f"xl/{folder}/sheet"), text)
    return moved.getvalue()


@pytest.mark.parametrize("folder", ["worksheets", "theme", "elsewhere/deep", "worksheets/Under"])
def test_sheets_are_found_wherever_the_workbook_links_them(folder: str) -> None:
    far = _moved(with_cell("XFD1048576"), folder)
    with pytest.raises(SheetError, match="far from the others"):
        read_workbook(far, "plant.xlsx")
    near = _moved(workbook(TABLES), folder)
    assert (
        read_workbook(near, "plant.xlsx").document
        == read_workbook(workbook(TABLES), "plant.xlsx").document
    )


def test_a_formula_does_not_open_a_workbook_that_is_too_wide() -> None:
    buffer = io.BytesIO()
    with (
        zipfile.ZipFile(io.BytesIO(with_cell("XFD1048576"))) as source,
        zipfile.ZipFile(buffer, "w") as archive,
    ):
        for name in source.namelist():
            text = source.read(name)
            if name == "xl/worksheets/sheet1.xml":
                text = text.replace(b"<v>", b"<f>1+1</f><v>", 1).replace(
                    b"<is>", b"<f>1+1</f><is>", 1
                )
            archive.writestr(name, text)
    with pytest.raises(SheetError, match="far from the others"):
        read_workbook(buffer.getvalue(), "plant.xlsx")
