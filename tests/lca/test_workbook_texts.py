"""Workbooks whose cells cite long texts many times: refused before a reader writes them out."""

from __future__ import annotations

import io
import zipfile

import pytest
import python_calamine
from hypothesis import given
from hypothesis import strategies as st

from lca.errors import SheetError
from lca.sheets import read_workbook
from lca.workbook_texts import sheets_too_long

_MAIN = 'xmlns="http://schemas.openxmlformats.org/spreadsheetml/2006/main"'
_RELATIONSHIPS = "http://schemas.openxmlformats.org/package/2006/relationships"
_KINDS = "http://schemas.openxmlformats.org/officeDocument/2006/relationships"
_PARTS = {
    "_rels/.rels": f'<Relationships xmlns="{_RELATIONSHIPS}"><Relationship Id="r1"'
    f' Type="{_KINDS}/officeDocument" Target="xl/workbook.xml"/></Relationships>',
    "xl/workbook.xml": f'<workbook {_MAIN} xmlns:r="{_KINDS}"><sheets>'
    '<sheet name="list" sheetId="1" r:id="r1"/></sheets></workbook>',
    "xl/_rels/workbook.xml.rels": f'<Relationships xmlns="{_RELATIONSHIPS}"><Relationship Id="r1"'
    f' Type="{_KINDS}/worksheet" Target="worksheets/sheet1.xml"/><Relationship Id="r2"'
    f' Type="{_KINDS}/sharedStrings" Target="sharedStrings.xml"/></Relationships>',
}


def citing(table: str, cells: list[str], name: str = "xl/sharedStrings.xml") -> bytes:
    """Return a workbook of one column with these values under the shared texts of `table`."""
    rows = "".join(
        f'<row r="{at}"><c r="A{at}" t="s">{cell}</c></row>' for at, cell in enumerate(cells, 1)
    )
    sheet = f"<worksheet {_MAIN}><sheetData>{rows}</sheetData></worksheet>"
    buffer = io.BytesIO()
    with zipfile.ZipFile(buffer, "w", zipfile.ZIP_DEFLATED) as archive:
        for part, text in _PARTS.items():
            archive.writestr(part, f'<?xml version="1.0"?>{text}')
        archive.writestr("xl/worksheets/sheet1.xml", sheet)
        archive.writestr(name, f"<sst {_MAIN}>{table}</sst>")
    return buffer.getvalue()


def too_long(data: bytes, maximum_bytes: int) -> list[tuple[str, int]]:
    """Return what `sheets_too_long` says of a workbook."""
    with zipfile.ZipFile(io.BytesIO(data)) as archive:
        return list(sheets_too_long(archive, maximum_bytes))


SHORT, LONG = "<si><t>link</t></si>", f"<si><t>{'A' * 1000}</t></si>"
ONE = "<v>1</v>"


@pytest.mark.parametrize(
    ("table", "cells", "name"),
    [
        (SHORT + LONG, ["<v>0</v>", *[ONE] * 50], "xl/sharedStrings.xml"),
        (SHORT + LONG, [ONE] * 50, "xl/SHAREDSTRINGS.XML"),
        ("<si/>" + LONG, [ONE] * 50, "xl/sharedStrings.xml"),
        (f"<si {' ' * 500}/>{LONG}{SHORT}", [ONE] * 50, "xl/sharedStrings.xml"),
        (f"<!-- </si> -->{SHORT}{LONG}{SHORT * 3}", [ONE] * 50, "xl/sharedStrings.xml"),
        (SHORT + LONG, ["<v>&#49;</v>"] * 50, "xl/sharedStrings.xml"),
        (SHORT + LONG, ["<v><!-- -->1</v>"] * 50, "xl/sharedStrings.xml"),
        (SHORT + LONG, ["<v> 1</v>"] * 50, "xl/sharedStrings.xml"),
    ],
)
def test_a_long_text_that_many_cells_cite_is_too_long_however_it_is_written(
    table: str, cells: list[str], name: str
) -> None:
    found = too_long(citing(table, cells, name), 40_000)
    assert [sheet for sheet, _ in found] == ["xl/worksheets/sheet1.xml"]


def test_short_texts_beside_a_long_one_are_not_too_long() -> None:
    assert too_long(citing(SHORT + LONG, ["<v>0</v>"] * 1000 + [ONE]), 200_000) == []


@given(
    st.lists(st.text("ab<&é", max_size=20), min_size=1, max_size=6),
    st.lists(st.integers(0, 5), min_size=1, max_size=30),
)
def test_no_reader_makes_more_of_a_sheet_than_it_is_said_to_hold(
    texts: list[str], cited: list[int]
) -> None:
    written = [t.replace("&", "&amp;").replace("<", "&lt;") for t in texts]
    table = "".join(f"<si><t>{t}</t></si>" if t else "<si/>" for t in written)
    data = citing(table, [f"<v>{number % len(texts)}</v>" for number in cited])
    book = python_calamine.CalamineWorkbook.from_filelike(io.BytesIO(data))
    rows = book.get_sheet_by_index(0).to_python()
    made = sum(len(str(cell).encode()) for row in rows for cell in row)

    assert made <= sum(size for _, size in too_long(data, 0))


def test_an_inventory_with_such_cells_is_refused_unread() -> None:
    table = f"<si><t>id</t></si><si><t>{'A' * (1 << 20)}</t></si>"
    data = citing(table, ["<v>0</v>", *["<v> 1</v>"] * 200])
    with pytest.raises(SheetError, match="is larger than 100 MiB"):
        read_workbook(data, "plant.xlsx")
