"""Periods closed from readings: summed, traceable, and refused where something is missing."""

from datetime import date, timedelta
from typing import Any

import pytest

from passports.energy.closed_periods import (
    recompute_period,
    reopen_period,
)
from passports.energy.energy_ledger import open_lots
from passports.energy.meter_imports import meter_imports
from passports.energy.meter_sums import monthly_energy
from passports.errors import (
    InvalidInputError,
    RecordNotFoundError,
)
from passports.footprints import FootprintRequest, compute_studies
from tests.passports.period_world import (
    EACH,
    FIRST,
    METERS,
    QUARTER,
    close,
    deliver,
    full,
    in_force,
    make,
    series,
)
from tests.worlds import FACILITY, MAKER, MODEL, NOW, World, inventory


def test_a_period_is_closed_from_its_readings_by_carrier_and_arrangement(world: World) -> None:
    deliveries = full(world)
    closed = close(world)

    amounts = [(r.carrier, r.arrangement, r.quantity, r.evidence) for r in closed.period.readings]
    assert amounts == [
        ("electricity", "grid", 19_200.0, "192 readings of 1 meter"),
        ("electricity", "on_site", 3_840.0, "192 readings of 1 meter"),
        ("natural_gas", None, 57_600.0, "192 readings of 1 meter"),
    ]
    by_meter = {total.meter: total for total in closed.meters}
    assert by_meter["coat"].quantity == 7_680.0
    assert by_meter["coat"].line == "coating 涂布"
    assert (closed.version, closed.deliveries, closed.gaps) == (1, 4, [])
    assert in_force(world) == closed.period
    with world.store.reading() as reading:
        rows = meter_imports(reading, MAKER, FACILITY)
        assert recompute_period(reading, MAKER, FACILITY, closed.period_from, 1) == {}
    assert {row.id: row.used_by for row in rows} == {id_: ["2026-03-01"] for id_ in deliveries}


def test_footprints_and_ledger_use_the_closed_period(world: World) -> None:
    full(world)
    close(world)
    request = FootprintRequest(
        model_id=MODEL,
        facility_id=FACILITY,
        rulesets=["da-2024"],
        energy_period_from=date(2026, 3, 1),
        inventory=inventory(),
    )
    study = compute_studies(world.store, _dataset(), MAKER, request, NOW)[0]
    supply = study.inventory["electricity"]["supply"]
    assert [(row["arrangement"], row["kwh"]) for row in supply] == [
        ("grid", 19_200),
        ("on_site", 3_840),
    ]
    lots = {lot.id: lot.quantity_wh for lot in open_lots(world.store, MAKER, FACILITY, NOW)}
    assert lots[f"{FACILITY}-20260301-1"] == 19_200_000

    again = close(world, reason="nothing changed, only to see")
    assert again.studies_of_earlier_version == [study.id]


def _dataset() -> Any:
    from lca.datasets import load_shipped_dataset  # noqa: PLC0415 # beside its only use

    return load_shipped_dataset()


@pytest.mark.parametrize("left_out", [0, 100, 191])
def test_a_gap_forbids_to_close_until_it_is_stated(sqlite_world: World, left_out: int) -> None:
    make(sqlite_world)
    for name in ("main", "coat", "pv", "gas"):
        rows = series(name, 0, 192)
        deliver(sqlite_world, *(r for n, r in enumerate(rows) if (name, n) != ("main", left_out)))
    with pytest.raises(InvalidInputError) as refused:
        close(sqlite_world)
    finding = refused.value.findings[0]
    gap = FIRST + left_out * QUARTER
    assert finding.field == f"main, {gap.isoformat()} to {(gap + QUARTER).isoformat()}"
    assert finding.reason == "nothing was metered"

    closed = close(sqlite_world, gaps_stated="the meter was changed")
    assert closed.gaps == [f"{finding.field}: nothing was metered"]
    assert closed.period.readings[0].quantity == 19_100
    assert closed.period.assumptions == ["Not metered, as stated: the meter was changed"]


def test_a_meter_without_any_reading_is_a_gap(sqlite_world: World) -> None:
    make(sqlite_world)
    deliver(sqlite_world, *series("main", 0, 192))
    with pytest.raises(InvalidInputError) as refused:
        close(sqlite_world)
    assert {f.field.partition(",")[0] for f in refused.value.findings} == {"coat", "pv", "gas"}


def test_a_reading_across_the_edge_cannot_be_cut(sqlite_world: World) -> None:
    full(sqlite_world)
    begin = FIRST - timedelta(hours=1)
    deliver(sqlite_world, {"meter": "main", "starts_at": begin, "ends_at": FIRST, "quantity": 300})
    with pytest.raises(InvalidInputError, match="across the edge"):
        close(sqlite_world, timezone="+08:30", gaps_stated="x")


def test_a_questioned_reading_forbids_to_close(sqlite_world: World) -> None:
    full(sqlite_world)
    make(sqlite_world, line="2", kwh=1)
    later = series("main", 192, 96)
    later[5]["quantity"] = 100_000
    deliver(sqlite_world, *later, *(r for n in ("coat", "pv", "gas") for r in series(n, 192, 96)))
    make(sqlite_world, line="3", kwh=1, period_from="2026-03-03", period_to="2026-03-03")
    with pytest.raises(InvalidInputError) as refused:
        close(sqlite_world, period_to="2026-03-03")
    said = "1 reading waits for an answer and does not count"
    assert any(finding.reason == said for finding in refused.value.findings)


@pytest.mark.parametrize(
    ("changes", "said"),
    [
        ({"period_to": "2026-02-27"}, "ends before it begins"),
        ({"period_to": "2026-11-22"}, "not over"),
        ({"supplies": {"elsewhere": {}}}, "no such meter"),
        ({"supplies": {}}, "without a factor"),
        ({"period_from": "2026-03-02"}, "reaches beyond"),
    ],
)
def test_a_period_that_cannot_be_closed_says_why(
    sqlite_world: World, changes: dict[str, Any], said: str
) -> None:
    full(sqlite_world)
    with pytest.raises(InvalidInputError, match=said):
        close(sqlite_world, **changes)


def test_nothing_made_closes_nothing(sqlite_world: World) -> None:
    for name in EACH:
        deliver(sqlite_world, *series(name, 0, 192))
    with pytest.raises(InvalidInputError, match="nothing is registered as made"):
        close(sqlite_world)
    with pytest.raises(RecordNotFoundError):
        reopen_period(sqlite_world.store, MAKER, FACILITY, date(2026, 3, 1), "x", NOW)


def test_days_are_those_of_the_plant(sqlite_world: World) -> None:
    full(sqlite_world)
    named = close(sqlite_world, timezone="Asia/Shanghai")
    assert named.period.readings[0].quantity == 19_200
    with pytest.raises(ValueError, match="no time zone"):
        close(sqlite_world, timezone="Mars/Olympus")


def test_sub_meters_that_count_more_than_their_main_are_said(sqlite_world: World) -> None:
    make(sqlite_world)
    for name in ("main", "pv", "gas"):
        deliver(sqlite_world, *series(name, 0, 192))
    deliver(sqlite_world, *series("coat", 0, 192, quantity=140.0))
    assert "more than its own 19,200" in close(sqlite_world).notes[0]


def test_a_meter_behind_an_unknown_one_is_refused(sqlite_world: World) -> None:
    stray = {**METERS[1], "id": "stray", "part_of": "nowhere"}
    report = deliver(sqlite_world, *series("main", 0, 1), meters=[*METERS, stray])
    assert report.refused[0].field == "meters.stray"
    with pytest.raises(ValueError, match="no part of itself"):
        deliver(sqlite_world, *series("main", 0, 1), meters=[{**METERS[0], "part_of": "main"}])


def test_a_register_that_is_posted_state_by_state_counts(world: World) -> None:
    meter = {**METERS[0], "id": "reg", "counts_up": True}
    shown = [(0, 1000.0), (1, 1100.0), (2, 1250.0)]
    state: dict[str, Any] = {}
    for number, value in shown:
        state = {"meter": "reg", "ends_at": FIRST + number * QUARTER, "quantity": value}
        report = deliver(world, state, meters=[meter])
        assert (report.noted, report.accepted) == ((1, 0) if number == 0 else (0, 1))
    again = deliver(world, state, meters=[meter])
    assert again.repeated == 1
    back = {**state, "ends_at": FIRST + 3 * QUARTER, "quantity": 1200.0}
    assert "runs backwards" in deliver(world, back, meters=[meter]).refused[0].reason
    with world.store.reading() as reading:
        assert sum(m.quantity for m in monthly_energy(reading, MAKER, FACILITY)) == 250


@pytest.mark.parametrize("per_day", [96, 24, 1, 0.5], ids=["quarter", "hour", "day", "whole"])
def test_every_resolution_closes_to_the_same_period(sqlite_world: World, per_day: float) -> None:
    make(sqlite_world)
    count, length = int(2 * per_day), timedelta(days=1) / per_day
    meters = [METERS[0], METERS[3]]
    for meter, whole in (("main", 19_200.0), ("gas", 57.6)):
        rows = [
            {
                "meter": meter,
                "starts_at": FIRST + n * length,
                "ends_at": FIRST + (n + 1) * length,
                "quantity": whole / count,
            }
            for n in range(count)
        ]
        assert deliver(sqlite_world, *rows, meters=meters).accepted == count
    closed = close(sqlite_world, supplies={})
    assert [r.quantity for r in closed.period.readings] == pytest.approx([19_200, 57_600])
    assert closed.gaps == []
