"""Meter readings: taken in from files and plant systems, faults named, nothing lost."""

import io
import itertools
import json
from datetime import UTC, datetime, timedelta, timezone
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from openpyxl import Workbook

from passports.energy.meter_files import read_meter_file
from passports.energy.meter_readings import (
    DeliveryReport,
    MeterCreate,
    MeterDelivery,
    ReadingCreate,
    deliver_readings,
)
from passports.errors import InvalidInputError, RecordNotFoundError
from tests.worlds import FACILITY, MAKER, NOW, World

START = datetime(2026, 3, 1, tzinfo=UTC)
QUARTER = timedelta(minutes=15)
METER = MeterCreate.model_validate(
    {
        "id": "main",
        "carrier": "electricity",
        "unit": "kWh",
        "arrangement": "grid",
        "line": "coating",
    }
)


def reading(number: int, quantity: float, step: timedelta = QUARTER, **more: Any) -> ReadingCreate:
    """Return the reading of the so-many-th step since the start."""
    fields: dict[str, Any] = {
        "meter": "main",
        "starts_at": START + number * step,
        "ends_at": START + (number + 1) * step,
        "quantity": quantity,
    }
    return ReadingCreate(**{**fields, **more})


def deliver(
    world: World, *readings: ReadingCreate, confirmed: bool = False, meter: MeterCreate = METER
) -> DeliveryReport:
    """Deliver readings of the main meter."""
    delivery = MeterDelivery(
        meters=[meter], readings=list(readings), confirmed=confirmed, source="plant system"
    )
    return deliver_readings(world.store, MAKER, FACILITY, delivery, NOW)


def total(world: World) -> float:
    """Return what counts of the main meter."""
    with world.store.reading() as transaction:
        rows = transaction.meter_readings.of((MAKER, FACILITY, "main"))
        return sum(row.quantity for row in rows if row.state == "accepted")


def reasons(findings: list[Any]) -> str:
    """Return all reasons as one text."""
    return "; ".join(finding.reason for finding in findings)


def test_a_day_of_quarter_hours_is_taken_in_and_sums_up(world: World) -> None:
    report = deliver(world, *(reading(n, 25.0) for n in range(96)))

    assert (report.accepted, report.refused, report.questioned, report.gaps) == (96, [], [], [])
    assert total(world) == 96 * 25


@pytest.mark.parametrize("step", [QUARTER, timedelta(hours=1), timedelta(days=1), timedelta(31)])
def test_any_resolution_is_taken(sqlite_world: World, step: timedelta) -> None:
    assert deliver(sqlite_world, *(reading(n, 5.0, step) for n in range(4))).accepted == 4


def test_the_same_readings_again_change_nothing(world: World) -> None:
    deliver(world, *(reading(n, 25.0) for n in range(8)))
    again = deliver(world, *(reading(n, 25.0) for n in range(10)))

    assert (again.accepted, again.repeated) == (2, 8)
    assert total(world) == 250


def test_an_overlap_is_refused_with_the_reading_it_meets(world: World) -> None:
    deliver(world, *(reading(n, 25.0) for n in range(8)))
    report = deliver(world, reading(1, 26.0), reading(0, 100.0, timedelta(hours=1)))

    assert report.accepted == 0
    assert "overlaps a reading of 25" in reasons(report.refused)
    assert len(report.refused) == 2
    assert total(world) == 200


def test_an_overlap_inside_one_delivery_is_refused(sqlite_world: World) -> None:
    hour = timedelta(hours=1)
    report = deliver(sqlite_world, reading(0, 25.0), reading(0, 90.0, hour), reading(9, 1.0))

    assert report.accepted == 2
    assert "overlaps" in reasons(report.refused)


def test_a_gap_is_reported_and_nothing_is_put_in_its_place(world: World) -> None:
    report = deliver(world, reading(0, 25.0), reading(1, 25.0), reading(5, 25.0))

    assert len(report.gaps) == 1
    assert "00:30:00+00:00 to 2026-03-01T01:15:00" in report.gaps[0].field
    assert total(world) == 75


def test_a_negative_reading_is_refused_and_kept_with_its_delivery(world: World) -> None:
    report = deliver(world, reading(0, 25.0), reading(1, -3.0))

    assert "less than nothing" in reasons(report.refused)
    with world.store.reading() as transaction:
        kept = json.loads(transaction.meter_imports.of(MAKER, FACILITY)[0].document)
    assert [r["quantity"] for r in kept["delivery"]["readings"]] == [25.0, -3.0]
    assert kept["report"]["refused"][0]["value"] == "-3"


def test_a_jump_by_a_thousand_is_asked_about_and_does_not_count(world: World) -> None:
    deliver(world, *(reading(n, 25.0) for n in range(8)))
    report = deliver(world, reading(8, 25_000.0))

    assert report.accepted == 0
    assert "1e+03 times" in reasons(report.questioned)
    assert total(world) == 200


def test_a_questioned_reading_counts_once_it_is_confirmed(world: World) -> None:
    deliver(world, *(reading(n, 25.0) for n in range(8)))
    deliver(world, reading(8, 25_000.0))
    assert deliver(world, reading(8, 25_000.0)).repeated == 1
    assert deliver(world, reading(8, 25_000.0), confirmed=True).accepted == 1
    assert total(world) == 25_200


def test_a_questioned_reading_is_replaced_by_the_corrected_one(world: World) -> None:
    deliver(world, *(reading(n, 25.0) for n in range(8)))
    deliver(world, reading(8, 25_000.0))
    assert deliver(world, reading(8, 25.0)).accepted == 1
    assert total(world) == 225


def test_kwh_typed_as_mwh_are_asked_about_too(sqlite_world: World) -> None:
    deliver(sqlite_world, *(reading(n, 25.0) for n in range(8)))

    assert len(deliver(sqlite_world, reading(8, 0.025)).questioned) == 1


def test_a_register_is_counted_by_its_differences_and_one_that_runs_backwards_is_refused(
    world: World,
) -> None:
    register = METER.model_copy(update={"counts_up": True, "unit": "MWh"})
    states = [100.0, 101.0, 102.5, 90.0, 103.0]
    report = deliver(
        world,
        *(reading(n, state, starts_at=None) for n, state in enumerate(states)),
        meter=register,
    )

    assert report.accepted == 3
    assert "runs backwards: 102.5, then 90 MWh" in reasons(report.refused)
    assert total(world) == pytest.approx(3000)


@pytest.mark.parametrize(
    ("changes", "said"),
    [
        ({"ends_at": START}, "ends before it begins"),
        ({"ends_at": NOW + timedelta(days=3)}, "future"),
        ({"starts_at": None}, "does not say when it begins"),
        ({"meter": "other"}, "no such meter"),
    ],
)
def test_a_reading_that_cannot_be_is_refused_with_its_reason(
    sqlite_world: World, changes: dict[str, Any], said: str
) -> None:
    report = deliver(sqlite_world, reading(0, 5.0, **changes))

    assert said in reasons(report.refused)
    assert report.accepted == 0


def test_a_delivery_for_an_unknown_factory_is_refused(sqlite_world: World) -> None:
    delivery = MeterDelivery(meters=[METER], readings=[reading(0, 1.0)], source="x")
    with pytest.raises(RecordNotFoundError):
        deliver_readings(sqlite_world.store, MAKER, "elsewhere", delivery, NOW)


CSV = """meter,starts_at,ends_at,quantity,carrier,unit,arrangement,line
m1,2026-03-01T00:00,2026-03-01T01:00,1.2,electricity,MWh,grid,coating
m1,2026-03-01T01:00,2026-03-01T02:00,1.3,,,,
m1,2026-03-01T02:00,yesterday,1.3,,,,
m1,2026-03-01T03:00,2026-03-01T04:00,plenty,,,,
"""


def test_a_csv_file_is_read_in_its_time_zone_and_bad_rows_are_named(world: World) -> None:
    zone = timezone(timedelta(hours=8))
    file = read_meter_file(CSV.encode(), "meters.csv", zone)
    assert file.delivery is not None
    report = deliver_readings(world.store, MAKER, FACILITY, file.delivery, NOW, file.unreadable)

    assert report.accepted == 2
    assert [(f.line, f.field) for f in report.refused] == [(4, "ends_at"), (5, "quantity")]
    with world.store.reading() as transaction:
        rows = transaction.meter_readings.of((MAKER, FACILITY, "m1"))
    assert [row.quantity for row in rows] == [1200, 1300]
    assert rows[0].starts_at == datetime(2026, 2, 28, 16, tzinfo=UTC)


def test_an_xlsx_file_gives_the_same_as_its_csv() -> None:
    book = Workbook()
    sheet = book.active
    assert sheet is not None
    for row in CSV.splitlines():
        sheet.append(row.split(","))
    data = io.BytesIO()
    book.save(data)
    as_xlsx = read_meter_file(data.getvalue(), "meters", UTC)
    as_csv = read_meter_file(CSV.encode(), "meters", UTC)

    assert as_xlsx.delivery == as_csv.delivery
    assert [f.line for f in as_xlsx.unreadable] == [f.line for f in as_csv.unreadable]


@pytest.mark.parametrize(
    ("data", "said"),
    [
        (b"", "columns are missing"),
        (b"meter,ends_at\n", "quantity"),
        (b"meter,ends_at,quantity\n", "no readings"),
        (b"meter,ends_at,quantity,colour\n", "not known"),
        (b"\xff\xfe\x00", "not UTF-16"),
        (b"PK\x03\x04 no workbook", "damaged workbook"),
    ],
)
def test_a_file_that_is_no_meter_file_is_refused(data: bytes, said: str) -> None:
    with pytest.raises(InvalidInputError, match=said):
        read_meter_file(data, "x", UTC)


@settings(
    max_examples=15,
    suppress_health_check=[HealthCheck.function_scoped_fixture],
    deadline=None,
)
@given(st.lists(st.integers(0, 40), min_size=1, max_size=30))
def test_whatever_is_delivered_each_moment_counts_once(
    sqlite_world: World, numbers: list[int]
) -> None:
    report = deliver(sqlite_world, *(reading(n, 10.0) for n in numbers))

    assert report.accepted + report.repeated + len(report.refused) == len(numbers)
    with sqlite_world.store.reading() as transaction:
        rows = transaction.meter_readings.of((MAKER, FACILITY, "main"))
    assert len({row.starts_at for row in rows}) == len(rows)
    for before, after in itertools.pairwise(rows):
        assert before.ends_at <= after.starts_at
