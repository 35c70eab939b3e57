"""Reading battery units from CSV: every bad line is named, nothing is guessed."""

from datetime import date

import pytest
from hypothesis import given
from hypothesis import strategies as st

from passports.batches import (
    MAX_CSV_BYTES,
    MAX_UNITS,
    BatchCreate,
    BatteryUnit,
    get_batch,
    list_batches,
    read_units_csv,
)
from passports.documents import read_document
from passports.errors import Finding, InvalidBatchError, InvalidInputError, RecordNotFoundError
from tests.worlds import MAKER, RIVAL, World


def units(text: str) -> list[tuple[str, date | None, int | None]]:
    """Return what is read from a CSV file: serial, day, line."""
    return [(u.serial, u.manufactured_on, u.line) for u in read_units_csv(text.encode())]


def findings(data: bytes | str) -> list[Finding]:
    """Return the findings about a CSV file that cannot be read."""
    with pytest.raises(InvalidBatchError) as caught:
        read_units_csv(data.encode() if isinstance(data, str) else data)
    return list(caught.value.findings)


def test_a_file_with_header_commas_and_days_is_read() -> None:
    assert units("serial,manufactured_on\nA-1,2024-12-02\nA-2,\n") == [
        ("A-1", date(2024, 12, 2), 2),
        ("A-2", None, 3),
    ]


@pytest.mark.parametrize(
    "text",
    [
        "serial\nA-1\n",
        "\ufeffserial\r\nA-1\r\n",
        "serial;manufactured_on\nA-1;\n",
        "manufactured_on,serial\n,A-1",
        " serial \n A-1 \n",
        '"serial"\n"A-1"\n',
        "serial\nA-1\n\n\n",
    ],
)
def test_spreadsheets_ways_to_write_the_same_file_are_read_alike(text: str) -> None:
    assert units(text) == [("A-1", None, 2)]


def test_serials_with_separators_and_quotes_survive_when_quoted() -> None:
    assert [u[0] for u in units('serial\n"A,1"\n"B""2"\n"C;3"\n')] == ["A,1", 'B"2', "C;3"]


def test_empty_lines_are_passed_over_and_counted() -> None:
    assert units("serial\n\nA-1\n\n\nA-2\n") == [("A-1", None, 3), ("A-2", None, 6)]


@pytest.mark.parametrize(
    ("text", "line", "field", "value", "reason"),
    [
        ("", 1, "header", "", "there is no column serial"),
        ("A-1\nA-2\n", 1, "header", "A-1", "there is no column serial"),
        ("serial,colour\nA,red\n", 1, "header", "colour", "not known"),
        ("serial,serial\nA,B\n", 1, "header", "serial", "there twice"),
        ("serial\n", None, "file", "", "it holds no units"),
        ("serial,manufactured_on\nA\n", 2, "line", "", "another number of cells"),
        ("serial\nA,B\n", 2, "line", "", "another number of cells"),
        ("serial,manufactured_on\nA,02.12.2024\n", 2, "manufactured_on", "02.12.2024", "date"),
        ("serial,manufactured_on\nA,20241202\n", 2, "manufactured_on", "20241202", "date"),
        ("serial,manufactured_on\nA,2024-02-30\n", 2, "manufactured_on", "2024-02-30", "no such"),
        ('serial\n"A\n', 2, "file", "", "not readable"),
        ('serial\n"A"B\n', 2, "file", "", "not readable"),
        ("serial\rA\rB", 1, "file", "", "not readable"),
    ],
)
def test_what_cannot_be_read_is_named(
    text: str, line: int | None, field: str, value: str, reason: str
) -> None:
    (finding,) = findings(text)
    assert (finding.line or 0, finding.field, finding.value) == (line or 0, field, value)
    assert reason in finding.reason
    assert finding.remedy


def test_all_bad_lines_are_named_at_once() -> None:
    found = findings("serial,manufactured_on\nA,tomorrow\nB\nC,2024-12-02\nD,2024-99-99\n")
    assert [f.line for f in found] == [2, 3, 5]


def test_a_file_that_is_not_utf_8_is_refused_with_the_place() -> None:
    (finding,) = findings("serial\nGröße\n".encode("latin-1"))
    assert "byte 9 is not UTF-8" in finding.reason


def test_a_file_that_is_too_large_is_refused_unread() -> None:
    (finding,) = findings(b"x" * (MAX_CSV_BYTES + 1))
    assert str(MAX_CSV_BYTES) in finding.reason


def test_one_row_more_than_a_batch_may_have_is_refused() -> None:
    rows = "\n".join(map(str, range(MAX_UNITS + 1)))
    (finding,) = findings(f"serial\n{rows}\n")
    assert MAX_UNITS == 100_000
    assert finding.reason == "more than 100000 units in one batch"
    assert finding.line == 100_002


def test_rows_that_cannot_be_read_count_and_findings_are_bounded(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr("passports.batches.MAX_UNITS", 10)
    assert len(units("serial\n" + "S\n" * 10)) == 10
    found = findings("serial\n" + "S,x\n" * 1000)
    assert len(found) == 11
    assert (found[-1].field, found[-1].line) == ("file", 12)


@given(st.binary(max_size=200) | st.text().map(lambda text: f"serial\n{text}".encode()))
def test_any_bytes_are_read_or_refused_with_findings_that_can_be_sent(data: bytes) -> None:
    try:
        read = read_units_csv(data)
    except InvalidBatchError as error:
        for finding in error.findings:
            assert str(finding).encode()
    else:
        assert all(unit.line is not None and unit.line > 1 for unit in read)


def test_a_unit_of_a_json_document_has_no_line() -> None:
    assert BatteryUnit(serial="A").line is None


@pytest.mark.parametrize(
    ("changes", "field"),
    [
        ({"units": []}, "units"),
        ({"units": [{"serial": "A", "colour": "red"}]}, "units[0].colour"),
        ({"units": [{"serial": 5}]}, "units[0].serial"),
        ({"manufactured_on": 20241202}, "manufactured_on"),
        ({"id": "B 1"}, "id"),
    ],
)
def test_a_wrong_field_of_a_batch_is_named(changes: dict[str, object], field: str) -> None:
    fields = {
        "id": "b-1",
        "model_id": "m",
        "facility_id": "f",
        "manufactured_on": "2024-12-02",
        "units": [{"serial": "A"}],
    }
    with pytest.raises(InvalidInputError) as caught:
        read_document(BatchCreate, {**fields, **changes}, "the batch")
    assert [f.field for f in caught.value.findings] == [field]


def test_an_issued_batch_is_read_back_with_its_days_and_size(world: World) -> None:
    days = [date(2024, 12, 5), None, date(2024, 11, 1)]
    request = [BatteryUnit(serial=f"S-{i}", manufactured_on=day) for i, day in enumerate(days)]
    batch = world.issue(units=request).batch
    assert (batch.manufactured_from, batch.manufactured_to) == (days[2], days[0])
    assert batch.size == 3
    world.issue("T-1", id="b-2")
    with world.store.reading() as reading:
        assert get_batch(reading, MAKER, "b-1") == batch
        assert {b.id for b in list_batches(reading, MAKER)} == {"b-1", "b-2"}
        assert list_batches(reading, RIVAL) == []
        assert len(list_batches(reading)) == 2
        with pytest.raises(RecordNotFoundError):
            get_batch(reading, RIVAL, "b-1")
