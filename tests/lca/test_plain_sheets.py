"""Sheets read straight from their bytes: the same cells as calamine reads, or none at all."""

from __future__ import annotations

import io
import zipfile
from collections.abc import Sequence

import openpyxl
import pytest
import python_calamine
from hypothesis import strategies as st

from lca.archives import ARCHIVE_FAULTS
from lca.plain_sheets import PlainSheet, PlainWorkbook
from lca.reading import read_inventory
from lca.workbook import write_workbook
from lca.workbook_formulas import has_formula
from tests.bench.lca_inputs import texts_apart
from tests.exhaustively import drawn
from tests.lca.test_sheets import TABLES, workbook

SHEET = "xl/worksheets/sheet1.xml"
TEXTS = "xl/sharedStrings.xml"
HEAD = (
    '<?xml version="1.0" encoding="UTF-8" standalone="yes"?>\r\n<worksheet xmlns="http://schemas.'
    'openxmlformats.org/spreadsheetml/2006/main"><dimension ref="A1:C3"/><sheetData>'
)
ROWS = (
    '<row r="1" spans="1:3"><c r="A1" s="1" t="s"><v>0</v></c><c r="B1" t="s"><v>1</v></c>'
    '<c r="C1" t="inlineStr"><is><t>R&amp;D</t></is></c></row>'
    '<row r="2" spans="1:3"><c r="A2"><v>1.5E-5</v></c><c r="C2" t="n"><v>-3</v></c></row>'
    '<row r="3"><c r="A3" s="1"/><c r="B3" t="inlineStr"><is><t>é</t></is></c></row>'
)
TAIL = '</sheetData><pageMargins left="0.7"/></worksheet>'
SHARED = '<sst><si><t>ab</t></si><si><t xml:space="preserve"> b </t></si></sst>'


def book_of(rows: str = ROWS, head: str = HEAD, tail: str = TAIL, shared: str = SHARED) -> bytes:
    """Return a workbook whose one sheet and table of texts are written so."""
    made = openpyxl.Workbook()
    made.worksheets[0].append(["a text"])
    buffer = io.BytesIO()
    made.save(buffer)
    ours = {SHEET: f"{head}{rows}{tail}".encode(), TEXTS: shared.encode()}
    out = io.BytesIO()
    with zipfile.ZipFile(buffer) as source, zipfile.ZipFile(out, "w") as archive:
        for name in {**dict.fromkeys(source.namelist()), **dict.fromkeys(ours)}:
            archive.writestr(name, ours.get(name) or source.read(name))
    return out.getvalue()


def plain(data: bytes) -> dict[str, PlainSheet | None]:
    """Return the sheets that are read straight."""
    with zipfile.ZipFile(io.BytesIO(data)) as archive:
        return dict(PlainWorkbook(archive).sheets)


def calamine(data: bytes) -> dict[str, list[list[object]]]:
    """Return the sheets as calamine reads them, from A1 on."""
    book = python_calamine.CalamineWorkbook.from_filelike(io.BytesIO(data))
    return {
        name: [list(row) for row in book.get_sheet_by_name(name).to_python(skip_empty_area=False)]
        for name in book.sheet_names
    }


def filled(table: Sequence[Sequence[object]]) -> dict[tuple[int, int], object]:
    """Return the cells of a table that are not empty, by row and column."""
    return {
        (row, column): cell
        for row, cells in enumerate(table)
        for column, cell in enumerate(cells)
        if cell != ""
    }


def only(data: bytes) -> PlainSheet | None:
    (sheet,) = plain(data).values()
    return sheet


CELLS = st.one_of(
    st.none(),
    st.floats(allow_nan=False, allow_infinity=False),
    st.integers(-(10**9), 10**9),
    st.text(st.sampled_from("aZ09 &<>'\"|;_x=é\n€"), max_size=6),
    st.sampled_from(["kg", "a0", "_x000D_", " left", "right ", "=1+1", "<f>", 'r="XFD9"']),
)


@drawn(st.lists(st.lists(CELLS, max_size=6), max_size=8), st.booleans(), test=30, soak=300)
def test_what_is_read_straight_is_what_calamine_reads(
    rows: list[list[object]], apart: bool
) -> None:
    book = openpyxl.Workbook()
    for row, cells in enumerate(rows, start=1):
        for column, cell in enumerate(cells, start=1):
            place = book.worksheets[0].cell(row, column)
            place.value = cell  # type: ignore[assignment]
            place.data_type = "s" if isinstance(cell, str) else place.data_type
    buffer = io.BytesIO()
    book.save(buffer)
    data = texts_apart(buffer.getvalue()) if apart else buffer.getvalue()
    sheet = only(data)
    if sheet is not None:
        assert filled(sheet.table) == filled(calamine(data)["Sheet"])


def test_the_forms_that_are_written_most_are_read_straight() -> None:
    for data in (workbook(TABLES), texts_apart(workbook(TABLES)), write_workbook(example=True)):
        read = plain(data)
        by_hand = calamine(data)
        assert list(read) == list(by_hand)
        straight = [name for name, sheet in read.items() if sheet is not None]
        assert "bill_of_materials" in straight
        assert len(straight) > len(read) / 2
        for name, sheet in read.items():
            assert sheet is None or filled(sheet.table) == filled(by_hand[name])


def test_a_sheet_as_excel_writes_it_is_read_straight() -> None:
    data = book_of()
    sheet = only(data)
    assert sheet is not None
    table = [["ab", " b ", "R&D"], [1.5e-5, "", -3.0], ["", "é", ""]]
    assert [list(row) for row in sheet.table] == table == calamine(data)["Sheet"]


@pytest.mark.parametrize(
    ("old", "new"),
    [
        ("<v>-3</v>", "<f>1-4</f><v>-3</v>"),
        ("<v>-3</v>", "<x:f>1-4</x:f><v>-3</v>"),
        ('<c r="C2"', '<!-- --><c r="C2"'),
        ('<c r="C2"', '<c r="XFD2"'),
        ('<c r="C2"', '<c r="C1048576"'),
        ('<c r="C2"', '<c r="A2"'),
        ('<c r="C2"', "<c"),
        ('<row r="3"', '<row r="900000"'),
        ('<row r="3"', '<row r="2"'),
        ("<v>1</v>", "<v>2</v>"),
        ("<v>1</v>", "<v>01</v>"),
        ("<v>-3</v>", "<v>1_000</v>"),
        ('t="n"', 't="b"'),
        ('t="n"', 't="e"'),
        ("R&amp;D", "R&#38;D"),
        ("R&amp;D", "R&own;D"),
        ("R&amp;D", " R "),
        ("R&amp;D", "R_x000D_D"),
        ("R&amp;D", "<![CDATA[R]]>"),
        ('encoding="UTF-8"', 'encoding="UTF-16"'),
        ("<worksheet", '<!DOCTYPE a [<!ENTITY own "x">]><worksheet'),
        ("<pageMargins", "<f>1</f><pageMargins"),
        ("<sheetData>", '<sheetData x="1">'),
        ("<si><t>ab</t></si>", "<si><r><t>a</t></r><r><t>b</t></r></si>"),
        ("<si><t>ab</t></si>", "<!-- --><si><t>ab</t></si>"),
    ],
)
def test_what_is_written_otherwise_goes_the_slow_way(old: str, new: str) -> None:
    parts = [part.replace(old, new, 1) for part in (ROWS, HEAD, TAIL, SHARED)]
    assert parts != [ROWS, HEAD, TAIL, SHARED]
    assert only(book_of(*parts)) is None


PIECES = (
    *("<f>1</f>", "<!--", "-->", "<![CDATA[", "]]>", "</sheetData>", "<sheetData>", "</row>"),
    *('<c r="B2"><v>9</v></c>', '<c r="XFD9"/>', "&amp;", "&#65;", " ", "\r", "<", ">", '"', "0"),
    *('<row r="4"/>', '<row r="4"><c r="A4"><v>7</v></c></row>', ' t="str"', "<v>1</v>", "_x0041_"),
)


@drawn(
    st.sampled_from(PIECES),
    st.integers(0, len(HEAD + ROWS + TAIL)),
    st.integers(0, 12),
    test=30,
    soak=300,
)
def test_a_sheet_that_was_tampered_with_is_never_read_otherwise_than_calamine_does(
    piece: str, at: int, dropped: int
) -> None:
    whole = HEAD + ROWS + TAIL
    text = whole[:at] + piece + whole[at + dropped :]
    data = book_of(text, "", "")
    sheet = only(data)
    if sheet is None:
        return
    assert not has_formula(text.encode())
    try:
        expected = calamine(data)["Sheet"]
    except python_calamine.CalamineError:
        return  # broken elsewhere in the file, where no cell is
    assert filled(sheet.table) == filled(expected)


@pytest.mark.parametrize("cut", ["xl/workbook.xml", "xl/_rels/workbook.xml.rels", SHEET])
def test_a_workbook_without_one_of_its_parts_is_not_read_straight(cut: str) -> None:
    out = io.BytesIO()
    with (
        zipfile.ZipFile(io.BytesIO(workbook(TABLES))) as source,
        zipfile.ZipFile(out, "w") as archive,
    ):
        for name in source.namelist():
            if name != cut:
                archive.writestr(name, source.read(name))
    sheets = plain(out.getvalue())
    assert not sheets or None in sheets.values()


def test_days_beside_plain_sheets_are_read_as_days() -> None:
    book = openpyxl.load_workbook(io.BytesIO(workbook(TABLES)))
    notes = book.create_sheet("_notes")
    notes.append(["seen"])
    notes["A2"] = 45000
    notes["A2"].number_format = "yyyy-mm-dd"
    buffer = io.BytesIO()
    book.save(buffer)
    data = buffer.getvalue()
    sheets = plain(data)
    assert sheets["_notes"] is None
    assert sheets["bill_of_materials"] is not None
    assert (
        read_inventory(data, "plant.xlsx").inventory
        == read_inventory(workbook(TABLES), "plant.xlsx").inventory
    )


def test_faults_of_an_archive_are_those_that_readers_expect() -> None:
    data = bytearray(workbook(TABLES))
    middle = data.find(b"xl/worksheets/sheet3.xml") + 60
    data[middle : middle + 40] = bytes(40)
    with pytest.raises(ARCHIVE_FAULTS):
        plain(bytes(data))
