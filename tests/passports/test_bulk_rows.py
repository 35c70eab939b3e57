"""Cells of files of batteries: what is wrong with one is named, and what a spreadsheet made of it."""

import json
from datetime import date, datetime

import pytest

from passports.attributes.table import Granularity
from passports.bulk import read_table, rejects_file
from passports.bulk.report import MAX_FINDINGS
from passports.errors import InvalidInputError
from tests.passports.bulk_files import (
    SECOND_GTIN,
    as_csv,
    as_file,
    battery,
    register,
    stored,
    subject,
    told,
)
from tests.worlds import GTIN, MAKER, World

LATE = datetime(2026, 11, 2, 23, 59)  # noqa: DTZ001 # a spreadsheet knows no zones


BAD_CELLS: list[tuple[dict[str, object], str, str, str]] = [
    ({"serial": "A" * 21}, "serial", "this one has 21", "Shorten"),
    ({"serial": "Ä-1"}, "serial", "'Ä'", "letters, digits"),
    ({"serial": "A\u2011 1"}, "serial", "' ' '\u2011'", "letters, digits"),
    ({"serial": ""}, "serial", "it is empty", "Fill it in"),
    ({"serial": "12345.0"}, "serial", "as a spreadsheet writes it", "may have been 12345."),
    ({"serial": "1.2E+05"}, "serial", "as a spreadsheet writes it", "may have been 120000."),
    ({"manufactured_on": "2026-11-24"}, "manufactured_on", "in the future", "that exist"),
    ({"manufactured_on": "2.11.2026"}, "manufactured_on", "YYYY-MM-DD", "2026-11-02, if"),
    ({"manufactured_on": "46328"}, "manufactured_on", "YYYY-MM-DD", "this is 2026-11-02"),
    ({"manufactured_on": "2026-02-30"}, "manufactured_on", "no such day", "February 2026 has 28"),
    ({"batch_id": "B-1/2026"}, "batch_id", "1 to 64", "For example b-1-2026."),
    ({"batch_id": "-"}, "batch_id", "1 to 64", "catl-xinjin"),
    ({"model_id": "lfp-06"}, "model_id", "no model", "Did you mean lfp-60?"),
    ({"model_id": "zzz"}, "model_id", "no model", "yours: lfp-60"),
    ({"facility_id": "plnt"}, "facility_id", "no facility", "Did you mean plant?"),
    ({"responsible_operator_id": "nobody"}, "responsible_operator_id", "no operator", "registered"),
    ({"profile": "ec-2099"}, "profile", "no such profile", "ec-2027-02"),
    ({"gtin": "9520123456789"}, "gtin", "check digit is 9, and 8", "09520123456788, if"),
    ({"gtin": "95201234567"}, "gtin", "8, 12, 13 or 14", "all digits"),
    ({"gtin": "09520999777772", "model_id": ""}, "gtin", "another operator (rival)", "your own"),
    ({"gtin": SECOND_GTIN, "model_id": ""}, "gtin", "no model of yours", "Did you mean 0952"),
    ({"gtin": "04012345000009"}, "gtin", "no model of yours", "Register it first; yours: 0952"),
    ({"cycle_count": "many"}, "cycle_count", "not a number", "decimal point"),
    ({"cycle_count": "1.5"}, "cycle_count", "integer", "Give"),
    ({"cycle_count": "-1"}, "cycle_count", "greater than or equal to 0", "Give"),
    ({"battery_status": "new"}, "battery_status", "none of original", "Choose"),
]


@pytest.mark.parametrize(("changes", "field", "reason", "fix"), BAD_CELLS)
def test_a_bad_cell_is_named_with_line_column_value_reason_and_suggested_fix(
    sqlite_world: World, changes: dict[str, object], field: str, reason: str, fix: str
) -> None:
    data = as_csv([battery("OK-1"), {**battery("A-1"), **changes}])
    done = register(sqlite_world, data, dry_run=True)
    (finding,) = done.report.findings
    assert (finding.line, finding.field, finding.column) == (3, field, field)
    assert reason in finding.reason
    assert fix in finding.remedy
    assert done.report.passed == 1


@pytest.mark.parametrize(
    ("value", "field", "fix"),
    [
        (12345, "serial", "it may have been 12345."),
        (1.5, "serial", "it may have been 1.5."),
        (True, "serial", "Format the column as text"),
        (date(2024, 12, 1), "serial", "Format the column as text"),
        (20261102, "batch_id", "it may have been 20261102."),
        (46328, "manufactured_on", "As a spreadsheet counts days this is 2026-11-02"),
        (True, "manufactured_on", "Write it as"),
    ],
)
def test_what_a_spreadsheet_has_made_of_a_cell_is_refused_with_what_it_may_have_been(
    sqlite_world: World, value: object, field: str, fix: str
) -> None:
    row = {**battery("A-1"), field: value}
    done = register(sqlite_world, as_file("xlsx", [row]), dry_run=True)
    (finding,) = done.report.findings
    assert finding.field == field
    assert fix in finding.remedy


def test_dates_and_gtins_of_a_spreadsheet_are_read_as_what_they_are(sqlite_world: World) -> None:
    rows = [
        battery("A-1", model_id="", gtin=9520123456788, manufactured_on=date(2026, 11, 2)),
        battery("A-2", gtin="9520123456788", manufactured_on=LATE),
        battery("A-3", gtin=f" {GTIN} "),
    ]
    assert register(sqlite_world, as_file("xlsx", rows)).report.registered == 3
    assert {subject(r)["manufacturedOn"] for r in stored(sqlite_world).values()} == {"2026-11-02"}


def test_everything_that_is_wrong_is_said_at_once_in_the_order_of_the_file(
    sqlite_world: World,
) -> None:
    bad = battery("Ä", batch_id="B", model_id="x", facility_id="y", manufactured_on="2027-01-01")
    done = register(sqlite_world, as_csv([bad, battery("A 1"), bad]), dry_run=True)
    lines = [finding.line for finding in done.report.findings]
    assert lines == sorted(lines, key=lambda line: line or 0)
    assert [finding.field for finding in done.report.findings if finding.line == 2] == [
        "serial",
        "batch_id",
        "manufactured_on",
        "model_id",
        "facility_id",
    ]
    assert done.report.findings_total == 11


def test_findings_are_capped_and_the_rest_is_counted(sqlite_world: World) -> None:
    rows = [battery(f"A {number}") for number in range(MAX_FINDINGS + 5)]
    report = register(sqlite_world, as_csv(rows), dry_run=True).report
    document = report.to_document()
    assert len(document["findings"]) == MAX_FINDINGS
    assert (document["findings_total"], document["findings_left_out"]) == (MAX_FINDINGS + 5, 5)


def test_a_ragged_line_is_refused_and_kept_for_mending(sqlite_world: World) -> None:
    data = as_csv([battery("A-1")]) + b"A-2,b-1\n"
    done = register(sqlite_world, data, partial=True)
    assert told(done) == [(3, "line", "the line has 2 cells, the header has 6")]
    rejects = rejects_file(read_table(data), done.refused).data
    assert rejects.decode().splitlines()[1].startswith('A-2,b-1,"line: the line has 2 cells')
    ((_, field, _),) = told(register(sqlite_world, rejects, dry_run=True))
    assert field == "line"  # still, and never as another row


def test_columns_of_attributes_become_the_first_version_of_each_batterys_data(
    world: World,
) -> None:
    rows = [
        battery(
            "A-1", cycle_count="0", present_rated_capacity_ah="161.5", battery_status="original"
        ),
        battery("A-2", cycle_count="3"),
        battery("A-3"),
    ]
    done = register(world, as_csv(rows))
    by_serial = {row.serial: passport.id for row, passport in done.passports}
    with world.store.reading() as reading:
        for serial, values in (
            (
                "A-1",
                {
                    "cycle_count": 0,
                    "present_rated_capacity_ah": 161.5,
                    "battery_status": "original",
                },
            ),
            ("A-2", {"cycle_count": 3}),
        ):
            row = reading.attribute_versions.newest(MAKER, Granularity.ITEM, by_serial[serial])
            assert row is not None
            given = json.loads(row.document)["values"]
            assert {name: value["value"] for name, value in given.items()} == values
            signed = reading.restricted_credentials.newest(MAKER, "item", by_serial[serial])
            assert signed is not None
        assert reading.attribute_versions.newest(MAKER, "item", by_serial["A-3"]) is None
    assert register(world, as_csv(rows)).report.present == 3


def test_an_attribute_that_is_no_batterys_own_is_refused_with_the_way_to_give_it(
    sqlite_world: World,
) -> None:
    with pytest.raises(InvalidInputError) as caught:
        register(sqlite_world, as_csv([battery("A-1", temperature_c="20")]))
    (finding,) = caught.value.findings
    assert finding.value == "temperature_c"
    assert "measurements" in finding.reason
