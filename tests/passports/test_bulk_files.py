"""Reading files of batteries: four formats, and every way in which a file can be no such file."""

import io
import zipfile
from datetime import date

import pytest
from hypothesis import given
from hypothesis import strategies as st

from passports.bulk import ReadingOptions, SourceTable, files, read_table
from passports.errors import Finding, InvalidInputError
from tests.passports.bulk_files import KINDS, as_csv, as_file, battery, workbook

ROWS = [battery("A-1"), battery("A-2")]


def refused(data: bytes | str, **options: object) -> list[Finding]:
    """Return the findings about a file that cannot be read."""
    raw = data.encode() if isinstance(data, str) else data
    with pytest.raises(InvalidInputError) as caught:
        read_table(raw, ReadingOptions(**options))  # type: ignore[arg-type] # a test's own
    assert all(finding.remedy for finding in caught.value.findings)
    return list(caught.value.findings)


def cells(table: SourceTable) -> list[list[object]]:
    """Return the cells of all rows."""
    return [list(row.cells) for row in table.rows]


@pytest.mark.parametrize("kind", KINDS)
def test_the_same_rows_are_read_alike_from_every_format(kind: str) -> None:
    table = read_table(as_file(kind, ROWS))
    assert table.kind == kind
    assert table.headings == tuple(ROWS[0])
    assert cells(table) == [list(row.values()) for row in ROWS]
    assert [row.line for row in table.rows] == {"json": [1, 2], "ndjson": [1, 2]}.get(kind, [2, 3])


@pytest.mark.parametrize(
    ("text", "headings", "found"),
    [
        ("serial;day\nA;1\n", ("serial", "day"), [["A", "1"]]),
        ("serial\tday\nA\t1\n", ("serial", "day"), [["A", "1"]]),
        ("\ufeffserial,day\r\nA,1\r\n", ("serial", "day"), [["A", "1"]]),
        ("serial,day\rA,1\r", ("serial", "day"), [["A", "1"]]),
        ("\n\nserial,day\n\n , \nA,1\n\n", ("serial", "day"), [["A", "1"]]),
        ("serial,day,,\nA,1,,\n", ("serial", "day"), [["A", "1"]]),
        ('"a ""serial""","day, made"\nA,1\n', ('a "serial"', "day, made"), [["A", "1"]]),
        ('serial,day\n"A\nB",1\n', ("serial", "day"), [["A\nB", "1"]]),
    ],
)
def test_the_ways_spreadsheets_write_csv_are_read(
    text: str, headings: tuple[str, ...], found: list[list[object]]
) -> None:
    table = read_table(text.encode())
    assert table.headings == headings
    assert cells(table) == found


def test_lines_are_counted_as_a_person_counts_them() -> None:
    table = read_table(b'serial,note\n\nA,"two\nlines"\n\n\nB,x\n')
    assert [row.line for row in table.rows] == [3, 7]


@pytest.mark.parametrize("encoding", ["utf-16", "utf-16-le", "gb18030", "cp1252"])
def test_other_encodings_are_read_where_they_are_marked_or_named(encoding: str) -> None:
    heading = {"gb18030": "序列号"}.get(encoding, "Große Seriennummer")
    text = f"{heading},day\nA,1\n"
    marked = "\ufeff" + text if encoding == "utf-16-le" else text
    named = None if encoding.startswith("utf-16") else encoding
    table = read_table(marked.encode(encoding), ReadingOptions(encoding=named))
    assert table.headings == (heading, "day")


@pytest.mark.parametrize(
    ("encoding", "text", "word"),
    [("gb18030", "序列号,批次\nA,1\n", "序列号"), ("cp1252", "Größe,x\nA,1\n", "Größe")],
)
def test_an_encoding_that_is_not_named_is_refused_and_the_likely_one_is_said(
    encoding: str, text: str, word: str
) -> None:
    (finding,) = refused(text.encode(encoding))
    assert "is not UTF-8" in finding.reason
    assert finding.line == 1
    assert f"in {encoding} '{word}," in finding.remedy


@pytest.mark.parametrize(
    ("data", "line", "reason"),
    [
        (b"", None, "it is empty"),
        (b"\n \n", None, "it is empty"),
        (b"serial,day\n", None, "no rows"),
        (b"serial,day\n , \n", None, "no rows"),
        (b"serial\nA\x00\n", 2, "NUL"),
        (b'serial\n"A\n', 2, "not readable"),
        (b"[]", None, "no rows"),
        (b'{"batteries": []}', None, "no rows"),
        (b"[1]", 1, "no object"),
        (b'[{"serial": "A"}', 1, "comma or the end"),
        (b'[{"serial": "A"}]\nx', 1, "something follows"),
        (b'[\n{"serial": "A"},\n{"serial": A}]', 3, "not well-formed"),
        (b'{"serial": "A"}\n{"serial"}', 2, "not well-formed"),
        (b'{"serial": "A"} {"serial": "B"}', 1, "one object a line"),
        (b'{"serial": "A", "serial": "B"}', 1, "stands there twice"),
        (b'{"x": NaN}', 1, "is no number"),
        (b'{"x": ' + b"[" * 100_000, 1, "nested too deeply"),
        (b'{"x": ' + b"9" * 5000 + b"}", 1, "not well-formed"),
        (b"PK\x03\x04 nothing", None, "damaged"),
        (b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1", None, "old kind"),
    ],
)
def test_what_is_no_file_of_batteries_is_said(data: bytes, line: int | None, reason: str) -> None:
    (finding,) = refused(data)
    assert reason in f"{finding.reason} {finding.remedy}"
    assert finding.line == line


def test_a_line_with_too_few_or_too_many_cells_is_a_fault_of_that_line_alone() -> None:
    table = read_table(b"serial,day\nA,1\nB\nC,1,2\nD,1,\n")
    faults = [row.fault.reason if row.fault else None for row in table.rows]
    assert faults == [
        None,
        "the line has 1 cell, the header has 2",
        "the line has 3 cells, the header has 2",
        None,
    ]


def test_two_columns_with_one_heading_are_refused() -> None:
    (finding,) = refused("serial,day,serial\nA,1,B\n")
    assert (finding.value, finding.line) == ("serial", 1)


def test_a_column_with_values_and_no_heading_is_refused_with_its_place() -> None:
    (finding,) = refused("serial,,day\nA,,1\nB,x,1\n")
    assert "column B has values (line 3)" in finding.reason


def test_a_title_above_the_header_is_noticed_and_can_be_passed_over() -> None:
    sheet = [["Production of November"], ["serial", "day"], ["A", "1"]]
    (finding,) = refused(workbook(sheet))
    assert "no heading" in finding.reason
    assert read_table(workbook(sheet), ReadingOptions(header_line=2)).headings == ("serial", "day")


def test_a_merged_header_is_refused_and_its_cells_are_named() -> None:
    rows = [["serial", None, "day"], ["A", None, "1"]]
    (finding,) = refused(workbook(rows, merge="A1:B1"))
    assert "A1:B1 are merged" in finding.reason


def test_several_sheets_with_rows_have_to_be_told_apart() -> None:
    two = workbook([["serial"], ["A"]], [["serial"], ["B"]])
    (finding,) = refused(two)
    assert "2 sheets have rows: Sheet, Sheet1" in finding.reason
    assert cells(read_table(two, ReadingOptions(sheet="Sheet1"))) == [["B"]]
    (finding,) = refused(two, sheet="Other")
    assert "It has Sheet, Sheet1" in finding.remedy
    assert cells(read_table(workbook([["serial"], ["A"]], []))) == [["A"]]


def test_a_formula_is_refused_with_its_cell() -> None:
    (finding,) = refused(workbook([["serial", "day"], ["A", "=TODAY()"]]))
    assert (finding.field, finding.line) == ("cell B2", 2)


def test_a_sheet_that_does_not_begin_at_its_corner_keeps_columns_and_lines() -> None:
    table = read_table(workbook([[], [], [None, "serial", "day"], [None, "A", date(2026, 11, 2)]]))
    assert table.headings == ("", "serial", "day")
    assert [(row.line, list(row.cells)) for row in table.rows] == [
        (4, ["", "A", date(2026, 11, 2)])
    ]


def test_a_workbook_that_unpacks_to_too_much_is_refused_unread(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(files, "MAX_UNPACKED_BYTES", 10_000)
    data = io.BytesIO()
    with zipfile.ZipFile(data, "w", zipfile.ZIP_DEFLATED) as archive:
        archive.writestr("xl/worksheets/sheet1.xml", b"0" * 10_001)
    (finding,) = refused(data.getvalue())
    assert "unpacks to 10001 bytes" in finding.reason


@pytest.mark.parametrize("kind", KINDS)
def test_one_row_more_than_a_million_is_refused(kind: str, monkeypatch: pytest.MonkeyPatch) -> None:
    assert files.MAX_ROWS == 1_000_000
    monkeypatch.setattr(files, "MAX_ROWS", 5)
    rows = [battery(f"A-{number}") for number in range(6)]
    assert len(read_table(as_file(kind, rows[:5])).rows) == 5
    (finding,) = refused(as_file(kind, rows))
    assert "more than 5" in finding.reason


def test_a_json_document_may_name_its_list() -> None:
    table = read_table(b'{"batteries": [\n{"serial": "A"},\n\n{"serial": "B", "day": 1}\n]}')
    assert table.headings == ("serial", "day")
    assert [(row.line, list(row.cells)) for row in table.rows] == [(1, ["A", ""]), (2, ["B", 1])]


@given(
    st.binary(max_size=200)
    | st.text().map(lambda text: f"serial,day\n{text}".encode())
    | st.text().map(lambda text: f'{{"serial": {text}'.encode())
    | st.binary(max_size=60).map(lambda tail: as_csv(ROWS) + tail)
)
def test_any_bytes_are_read_or_refused_with_findings_that_can_be_sent(data: bytes) -> None:
    try:
        table = read_table(data)
    except InvalidInputError as error:
        for finding in error.findings:
            assert str(finding).encode()
    else:
        assert table.rows
        assert all(row.line >= 1 for row in table.rows)
