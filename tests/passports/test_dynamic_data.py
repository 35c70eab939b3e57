"""Dynamic data: append-only, idempotent, implausible values named, shown to the audience of point 4 only."""

import io
import json
from datetime import datetime, timedelta
from typing import Any, Final

import pytest
from openpyxl import Workbook

from passports.attributes.table import AccessPoint, Behaviour, Granularity, attributes
from passports.attributes.view import passport_sheet, restricted_presentation, view
from passports.dynamic.data import (
    DynamicDataCreate,
    DynamicDataReport,
    MeasurementCreate,
    Recording,
    import_dynamic_data,
    record_dynamic_data,
)
from passports.dynamic.rules import directions, is_measured
from passports.errors import InvalidInputError
from passports.operators import get_operator
from passports.store import DynamicRecordRow
from signing.selective_disclosure import decode_presentation
from tests.worlds import ADDRESS, GTIN, IMPORTER, MAKER, NOW, RIVAL, World

LATER: Final = NOW + timedelta(days=400)
DAY: Final = "2027-03-01T12:00:00Z"


def send(world: World, data: bytes | str, actor: str = MAKER, **options: Any) -> DynamicDataReport:
    """Import an export of a battery management system."""
    content = data.encode() if isinstance(data, str) else data
    recording = Recording(actor, LATER, **options)
    return import_dynamic_data(world.store, world.keyring, ADDRESS, content, recording)


def export(*rows: str, columns: str = "cycle_count") -> str:
    """Return an export as CSV of the one model's batteries."""
    lines = [f"serial,gtin,measured_at,{columns}"]
    return "\n".join(lines + [row.replace(",", f",{GTIN},", 1) for row in rows])


def recorded(world: World) -> list[tuple[str, datetime, Any, str]]:
    """Return (attribute, time, value, flags) of all that is recorded."""
    with world.store.reading() as reading:
        rows: list[DynamicRecordRow] = []
        for passport in reading.passports.page():
            rows += reading.dynamic_records.of(passport.operator_id, passport.id)
    return [(r.attribute_id, r.measured_at, json.loads(r.value), r.flags) for r in rows]


def refusals(caught: pytest.ExceptionInfo[InvalidInputError]) -> list[tuple[int | None, str]]:
    """Return (line, field) of what was refused."""
    return [(finding.line, finding.field) for finding in caught.value.findings]


def own_view(world: World, passport_id: str, reader: str | None = MAKER) -> dict[str, Any]:
    """Return a battery's attributes as somebody sees them."""
    operator = None
    if reader is not None:
        with world.store.reading() as reading:
            operator = get_operator(reading, reader)
    shown = view(world.store, operator, lambda t: passport_sheet(t, passport_id), LATER)
    found: dict[str, Any] = shown["attributes"]
    return found


def test_what_was_measured_last_is_the_attribute_and_in_the_restricted_credential(
    world: World,
) -> None:
    passport = world.issue("SN-1").passports[0]
    rows = [f"SN-1,2027-03-0{day}T00:00:00Z,{80 + day},21.5" for day in (1, 2, 3)]

    report = send(world, export(*rows, columns="cycle_count,temperature_c"))

    assert (report.rows, report.recorded, report.passports) == (3, 6, 1)
    shown = own_view(world, passport.id)
    assert shown["cycle_count"]["value"] == 83
    assert [item["value"] for item in shown["temperature_c"]["value"]] == [21.5, 21.5, 21.5]
    with world.store.reading() as reading:
        maker = get_operator(reading, MAKER)
    token = restricted_presentation(
        world.store, maker, lambda t: passport_sheet(t, passport.id), Granularity.ITEM, LATER
    )
    claims: Any = decode_presentation(token).payload["attributes"]
    assert claims["cycle_count"]["value"] == 83


def test_the_public_sees_nothing_of_it(world: World) -> None:
    passport = world.issue("SN-1").passports[0]
    before = world.credential()
    send(world, export(f"SN-1,{DAY},4711"))
    assert "cycle_count" not in own_view(world, passport.id, None)
    assert world.credential() == before


def test_the_same_file_again_and_the_same_values_again_change_nothing(world: World) -> None:
    world.issue("SN-1", "SN-2")
    data = export(f"SN-1,{DAY},80", f"SN-2,{DAY},90")
    assert send(world, data).recorded == 2
    again = send(world, data)
    assert (again.repeated, again.recorded) == (True, 0)
    other_file = send(world, data + "\n")
    assert (other_file.repeated, other_file.recorded, other_file.duplicates) == (False, 0, 2)
    assert len(recorded(world)) == 2


def test_values_that_come_late_are_kept_and_do_not_become_the_newest(world: World) -> None:
    passport = world.issue("SN-1").passports[0]
    send(world, export("SN-1,2027-03-05T00:00:00Z,90"))
    report = send(world, export("SN-1,2027-03-01T00:00:00Z,80", "SN-1,2027-02-01T00:00:00Z,70"))
    assert (report.recorded, report.out_of_order) == (2, 2)
    assert own_view(world, passport.id)["cycle_count"]["value"] == 90
    assert [value for _, _, value, _ in recorded(world)] == [70, 80, 90]


@pytest.mark.parametrize(
    ("column", "value"),
    [
        ("state_of_certified_energy_percent", "100.5"),
        ("state_of_charge_percent", "-1"),
        ("cycle_count", "-1"),
        ("cycle_count", "many"),
        ("cycle_count", "12.5"),
        ("cycle_count", "nan"),
        ("temperature_c", "-300"),
        ("battery_status", "waste"),
        ("mass_kg", "12"),
        ("no_such_thing", "1"),
    ],
)
def test_an_impossible_value_is_refused_with_its_line_and_the_whole_file_with_it(
    sqlite_world: World, column: str, value: str
) -> None:
    sqlite_world.issue("SN-1")
    data = export(f"SN-1,{DAY},80,", f"SN-1,2027-03-02T00:00:00Z,,{value}")
    data = data.replace("cycle_count", f"overcharge_count,{column}", 1)
    with pytest.raises(InvalidInputError) as caught:
        send(sqlite_world, data)
    [(line, field)] = refusals(caught)
    assert (line, field) == (3, column if column != "no_such_thing" else "column")
    assert recorded(sqlite_world) == []


@pytest.mark.parametrize(
    ("row", "field"),
    [
        ("SN-1,2029-01-01T00:00:00Z,80", "measured_at"),
        ("SN-1,2024-12-01T00:00:00Z,80", "measured_at"),
        ("SN-1,2027-03-01T00:00:00,80", "measured_at"),
        ("SN-1,yesterday,80", "measured_at"),
        ("SN-9,2027-03-01T00:00:00Z,80", "serial"),
        ("SN-1,2027-03-01T00:00:00Z,", "row"),
    ],
)
def test_a_row_of_no_battery_or_no_possible_time_is_refused(
    sqlite_world: World, row: str, field: str
) -> None:
    sqlite_world.issue("SN-1")
    with pytest.raises(InvalidInputError) as caught:
        send(sqlite_world, export(row))
    assert refusals(caught) == [(2, field)]


def test_partial_takes_what_is_good_and_names_the_rest(world: World) -> None:
    world.issue("SN-1")
    data = export(f"SN-1,{DAY},80", f"SN-9,{DAY},80", "SN-1,2027-03-02T00:00:00Z,-5")
    report = send(world, data, partial=True)
    assert report.recorded == 1
    assert sorted((f.line, f.field) for f in report.refused) == [(3, "serial"), (4, "cycle_count")]
    assert not send(world, data, partial=True).repeated  # what was refused may be good by now


def test_another_value_at_the_same_instant_is_refused(world: World) -> None:
    world.issue("SN-1")
    send(world, export(f"SN-1,{DAY},80"))
    with pytest.raises(InvalidInputError):
        send(world, export(f"SN-1,{DAY},81"))
    assert [value for _, _, value, _ in recorded(world)] == [80]


def test_a_count_that_falls_is_kept_and_flagged_wherever_it_stands_in_time(world: World) -> None:
    world.issue("SN-1")
    send(world, export("SN-1,2027-03-01T00:00:00Z,80", "SN-1,2027-03-09T00:00:00Z,90"))
    report = send(
        world,
        export(
            "SN-1,2027-03-10T00:00:00Z,12",
            "SN-1,2027-03-05T00:00:00Z,95",
            "SN-1,2027-03-06T00:00:00Z,96",
            "SN-1,2027-03-03T00:00:00Z,85",
        ),
    )
    assert sorted(f.line or 0 for f in report.flagged) == [2, 3, 4]
    flagged = [value for _, _, value, flags in recorded(world) if flags]
    assert flagged == [95, 96, 12]


def test_only_who_is_responsible_sends_values_of_a_battery(world: World) -> None:
    world.issue("SN-1")
    with pytest.raises(InvalidInputError) as caught:
        send(world, export(f"SN-1,{DAY},80"), RIVAL)
    assert "80" not in str(caught.value.findings)
    assert send(world, export(f"SN-1,{DAY},80"), IMPORTER).recorded == 1


def test_csv_ndjson_and_xlsx_say_the_same(sqlite_world: World) -> None:
    world = sqlite_world
    passport = world.issue("SN-1", "77").passports[0]
    book = Workbook()
    sheet = book.active
    assert sheet is not None
    sheet.append(["passport_id", "measured_at", "cycle_count", "accidents"])
    sheet.append([passport.id, "2027-03-02T00:00:00Z", 81, "rear impact"])
    stream = io.BytesIO()
    book.save(stream)
    member = {"link": passport.link, "measured_at": "2027-03-03T00:00:00Z", "cycle_count": 82}
    files = [
        export(f"SN-1,{DAY},80").encode(),
        stream.getvalue(),
        json.dumps(member).encode() + b"\n",
    ]
    assert [send(world, data).recorded for data in files] == [1, 2, 1]
    assert [value for name, _, value, _ in recorded(world) if name == "cycle_count"] == [80, 81, 82]
    [event] = own_view(world, passport.id)["accidents"]["value"]
    assert event == {"at": "2027-03-02T00:00:00Z", "description": "rear impact"}
    by_serial_alone = f"serial,measured_at,cycle_count\n77,{DAY},5"
    assert send(world, by_serial_alone, gtin=GTIN).recorded == 1


@pytest.mark.parametrize(
    "data",
    [
        b"",
        b"serial,cycle_count\nSN-1,3",
        b"measured_at,cycle_count\n2027-03-01T12:00:00Z,3",
        b"serial,serial,measured_at\nSN-1,SN-1,2027-03-01T12:00:00Z",
        b'{"serial": "SN-1"',
        b'{"serial": "SN-1"}\n[1]',
        b"PK\x03\x04 no workbook",
        b"\xff\xfe\x00",
        b'serial,measured_at,cycle_count\n"SN-1,3,4',
    ],
)
def test_a_file_that_cannot_be_read_is_refused(sqlite_world: World, data: bytes) -> None:
    sqlite_world.issue("SN-1")
    with pytest.raises(InvalidInputError):
        send(sqlite_world, data)


def test_single_readings_come_in_by_passport(world: World) -> None:
    passport = world.issue("SN-1").passports[0]
    request = DynamicDataCreate(
        readings=[
            MeasurementCreate(measured_at=DAY, values={"cycle_count": 80, "temperature_c": 20})
        ]
    )
    for new, same in ((2, 0), (0, 2)):
        report = record_dynamic_data(
            world.store, world.keyring, ADDRESS, passport.id, request, Recording(MAKER, LATER)
        )
        assert (report.recorded, report.duplicates) == (new, same)


def test_an_import_that_is_cut_off_leaves_nothing_behind(world: World) -> None:
    world.issue("SN-1", "SN-2")
    rows = [f"SN-{n},{DAY},80" for n in (1, 2)]

    def cut(_done: int, _whole: int) -> None:
        raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        send(world, export(*rows), progress=cut)
    assert recorded(world) == []
    assert send(world, export(*rows)).recorded == 2


def test_every_rule_is_about_an_attribute_that_is_measured() -> None:
    assert all(is_measured(attributes()[name]) for name in directions())
    for attribute in attributes().values():
        if is_measured(attribute):
            assert attribute.access_point is AccessPoint.INDIVIDUAL_BATTERY
            assert attribute.behaviour is Behaviour.DYNAMIC


def test_what_is_refused_is_named_as_it_was_written_in_the_order_of_the_file(
    sqlite_world: World,
) -> None:
    world = sqlite_world
    world.issue("SN-1")
    send(world, export(f"SN-1,{DAY},80"))
    rows = (
        f"SN-1,{DAY},81",
        "SN-1,yesterday,82",
        f"SN-9,{DAY},83",
        "SN-1,2027-03-02T00:00:00Z,many",
        "SN-1,2020-01-01T00:00:00Z,84",
        f"SN-8,{DAY},-5",
    )
    named = [
        (2, "81"),
        (3, "yesterday"),
        (4, "SN-9"),
        (5, "many"),
        (6, "2020-01-01T00:00:00Z"),
        (7, "SN-8"),
        (7, "-5"),
    ]
    with pytest.raises(InvalidInputError) as caught:
        send(world, export(*rows))
    assert [(f.line, f.value) for f in caught.value.findings] == named
    report = send(world, export(*rows), partial=True)
    assert [(f.line, f.value) for f in report.refused] == named
    without_model = f"serial,measured_at,cycle_count\nSN-1,{DAY},1\n"
    [finding] = send(world, without_model, partial=True).refused
    assert finding.value == "SN-1"
