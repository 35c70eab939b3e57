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
