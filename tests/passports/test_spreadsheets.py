"""One reader of spreadsheets behind container lists, meter files and files of batteries."""

import io
import zipfile

import pytest

from passports import shipment_list
from passports.errors import InvalidInputError
from passports.shipment_list import ShipmentEntry, read_shipment
from passports.spreadsheets import csv_rows, decode_text, delimiter_of, open_workbook, workbook_rows
from tests.lca.test_workbook_extent import with_cell
from tests.lca.test_workbook_texts import citing
from tests.passports.bulk_files import workbook
from tests.worlds import GTIN

LINK = f"https://id.example.com/01/{GTIN}/21/A"
WHAT = "the file"


def named(entries: list[ShipmentEntry]) -> list[tuple[int, str | None]]:
    """Return line and serial of each entry."""
    return [(e.line, e.identifier.serial if e.identifier else None) for e in entries]


@pytest.mark.parametrize(
    ("data", "found"),
    [
        (f"link\n{LINK}\n\n{LINK}2\n".encode(), [(2, "A"), (4, "A2")]),
        (f"{LINK}\nnonsense\n".encode(), [(1, "A"), (2, None)]),
        (f"gtin;serial\n{GTIN[1:]};A\n".encode(), [(2, "A")]),
        (f"\ufeffGTIN,Serial\r\n{GTIN},A\r\n".encode(), [(2, "A")]),
        (f"serial\tgtin\nA\t{GTIN}\n".encode("utf-16"), [(2, "A")]),
        (
            workbook([["gtin", "serial"], [int(GTIN), "A"], [], [int(GTIN), "B"]]),
            [(2, "A"), (4, "B")],
        ),
        (workbook([[], ["note", "link"], [None, LINK]]), [(3, "A")]),
    ],
)
def test_container_lists_are_read_as_they_are_written(
    data: bytes, found: list[tuple[int, str | None]]
) -> None:
    assert named(read_shipment(data)) == found


@pytest.mark.parametrize(
    ("data", "reason"),
    [
        ("link\nGröße\n".encode("latin-1"), "is not UTF-8"),
        (b"link\nA\x00\n", "NUL"),
        (b'link,x\n"A\n', "not readable"),
        (b"PK\x03\x04 nothing", "damaged"),
        (b"link\n", "names no batteries"),
    ],
)
def test_what_is_no_container_list_is_refused(data: bytes, reason: str) -> None:
    with pytest.raises(InvalidInputError, match=reason):
        read_shipment(data)


def test_a_workbook_that_unpacks_to_too_much_is_not_opened(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(shipment_list, "MAX_UNPACKED_BYTES", 100)
    data = io.BytesIO()
    with zipfile.ZipFile(data, "w", zipfile.ZIP_DEFLATED) as archive:
        archive.writestr("xl/worksheets/sheet1.xml", b"0" * 101)
    with pytest.raises(InvalidInputError, match="unpacks to 101 bytes"):
        read_shipment(data.getvalue())


def test_formulas_are_refused_where_a_reader_asks_for_it() -> None:
    data = workbook([["link"], ["=A1"]])
    assert next(workbook_rows(open_workbook(data, WHAT), 0, WHAT)) == (1, ["link"])
    with pytest.raises(InvalidInputError, match="cell A2"):
        open_workbook(data, WHAT, refuse_formulas=True)


@pytest.mark.parametrize(
    ("header", "delimiter"),
    [("a,b", ","), ("a;b", ";"), ('"a,b,c";d', ";"), ("a\tb", "\t"), ("a|b", "|"), ("a", ",")],
)
def test_the_separator_is_what_the_header_has_most_of_outside_of_quotes(
    header: str, delimiter: str
) -> None:
    assert delimiter_of(header) == delimiter


def test_a_mark_of_the_encoding_goes_before_what_was_said() -> None:
    assert decode_text("\ufeffä".encode(), WHAT) == "ä"
    assert decode_text("ä".encode("utf-16"), WHAT, "gb18030") == "ä"
    assert decode_text("序".encode("gb18030"), WHAT, "gb18030") == "序"
    with pytest.raises(InvalidInputError, match="is not GB18030"):
        decode_text(b"\x81", WHAT, "gb18030")


def test_rows_carry_the_line_on_which_they_begin() -> None:
    assert [line for line, _ in csv_rows('a\n"b\nc"\n\nd\n', ",", WHAT)] == [1, 2, 4, 5]


@pytest.mark.parametrize("place", ["XFD1048576", "A999999999"])
def test_a_cell_far_from_the_others_is_refused_before_room_is_made_for_it(place: str) -> None:
    with pytest.raises(InvalidInputError, match="a sheet spans"):
        open_workbook(with_cell(place), "the list")


@pytest.mark.parametrize(
    ("data", "reason"),
    [
        (b"link\n" + b"\n" * 15_000_000, "15000001 lines"),
        (b"\r\n" * 30_000, "60000 lines"),
        (b"https://id.example.com/" + b"0" * 15_000_000, "a line has 15000023 characters"),
        (b"link\n" + b"x\n" * 10_001, "more than 10000 rows"),
    ],
)
def test_a_list_that_is_none_is_refused_before_it_takes_room(data: bytes, reason: str) -> None:
    with pytest.raises(InvalidInputError, match=reason):
        read_shipment(data)


def test_a_full_container_with_empty_lines_between_is_read() -> None:
    assert len(read_shipment(b"x\r\n\r\n" * 10_000)) == 10_000


def test_a_container_list_of_few_bytes_does_not_become_gigabytes() -> None:
    table = f"<si><t>link</t></si><si><t>{'A' * (1 << 20)}</t></si>"
    data = citing(table, ["<v>0</v>", *["<v>1</v>"] * 5000])
    assert len(data) < 100_000
    with pytest.raises(InvalidInputError, match="the texts of its cells come to"):
        read_shipment(data)
