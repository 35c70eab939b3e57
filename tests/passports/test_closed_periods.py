"""Periods closed from readings: summed, traceable, kept; corrected by a new version; deliveries withdrawn."""

import random
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from datetime import UTC, date, datetime, timedelta
from typing import Any

import pytest

from passports.energy.closed_periods import (
    ClosedPeriod,
    PeriodClose,
    close_period,
    closed_periods,
    recompute_period,
    reopen_period,
)
from passports.energy.energy_ledger import AllocationCreate, AllocationTarget, allocate, open_lots
from passports.energy.ledger_balance import balance
from passports.energy.meter_imports import meter_imports, withdraw_import
from passports.energy.meter_readings import DeliveryReport, MeterDelivery, deliver_readings
from passports.energy.meter_sums import monthly_energy
from passports.energy.production import (
    ProductionCreate,
    all_production,
    register_production,
    withdraw_production,
)
from passports.errors import (
    IdentifierConflictError,
    InvalidInputError,
    OverAllocationError,
    RecordNotFoundError,
)
from passports.factories import energy_periods
from passports.footprints import FootprintRequest, compute_studies
from tests.worlds import FACILITY, MAKER, MODEL, NOW, World, inventory

FIRST = datetime(2026, 2, 28, 16, tzinfo=UTC)  # midnight of 1 March in China
QUARTER = timedelta(minutes=15)
PV = "power.cn.pv.cf.2024"
METERS: list[dict[str, Any]] = [
    {"id": "main", "carrier": "electricity", "unit": "kWh", "arrangement": "grid"},
    {"id": "coat", "carrier": "electricity", "unit": "kWh", "arrangement": "grid"}
    | {"part_of": "main", "line": "coating 涂布"},
    {"id": "pv", "carrier": "electricity", "unit": "MWh", "arrangement": "on_site"},
    {"id": "gas", "carrier": "natural_gas", "unit": "GJ"},
]
EACH = {"main": 100.0, "coat": 40.0, "pv": 0.02, "gas": 0.3}


def series(meter: str, first: int, count: int, **changes: Any) -> list[dict[str, Any]]:
    """Return quarter-hour readings of a meter."""
    return [
        {
            "meter": meter,
            "starts_at": FIRST + n * QUARTER,
            "ends_at": FIRST + (n + 1) * QUARTER,
            "quantity": EACH[meter],
            **changes,
        }
        for n in range(first, first + count)
    ]


def deliver(world: World, *readings: dict[str, Any], **changes: Any) -> DeliveryReport:
    """Deliver readings."""
    document = {"meters": METERS, "readings": list(readings), "source": "EMS", **changes}
    delivery = MeterDelivery.model_validate(document)
    return deliver_readings(world.store, MAKER, FACILITY, delivery, NOW)


def make(world: World, kwh: float = 10_000, **changes: Any) -> str:
    """Register what was made on the two days."""
    fields = {"period_from": "2026-03-01", "period_to": "2026-03-02", "kwh": kwh, "source": "MES"}
    request = ProductionCreate.model_validate({**fields, "model_id": MODEL, **changes})
    return register_production(world.store, MAKER, FACILITY, request, NOW).id


def close(world: World, **changes: Any) -> ClosedPeriod:
    """Close the two days."""
    fields: dict[str, Any] = {
        "period_from": "2026-03-01",
        "period_to": "2026-03-02",
        "timezone": "+08:00",
        "supplies": {"pv": {"technology": "pv", "factor": PV}},
    }
    request = PeriodClose.model_validate({**fields, **changes})
    return close_period(world.store, MAKER, FACILITY, request, NOW)


def full(world: World) -> list[str]:
    """Deliver all of the two days, one delivery a meter, and register what was made."""
    make(world)
    return [deliver(world, *series(name, 0, 192)).id for name in EACH]


def in_force(world: World) -> Any:
    """Return the period that footprints use."""
    with world.store.reading() as reading:
        return energy_periods(reading, MAKER, FACILITY)[-1]


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
    assert any("wait for an answer" in finding.reason for finding in refused.value.findings)


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


def test_later_readings_change_no_closed_period(world: World) -> None:
    make(world)
    for name in ("coat", "pv", "gas"):
        deliver(world, *series(name, 0, 192))
    deliver(world, *series("main", 0, 191))
    closed = close(world, gaps_stated="read too late")
    report = deliver(world, *series("main", 191, 1))

    assert report.accepted == 1
    assert "is closed (version 1)" in report.late[0].reason
    assert in_force(world) == closed.period

    with pytest.raises(IdentifierConflictError, match="already taken") as refused:
        close(world)
    assert "give a reason" in refused.value.findings[0].remedy
    corrected = close(world, reason="the last quarter came in later")
    assert (corrected.version, corrected.reason) == (2, "the last quarter came in later")
    assert in_force(world).readings[0].quantity == 19_200
    with world.store.reading() as reading:
        versions = closed_periods(reading, MAKER, FACILITY)
        for number in (1, 2):
            assert recompute_period(reading, MAKER, FACILITY, date(2026, 3, 1), number) == {}
    assert [v.period.readings[0].quantity for v in versions] == [19_100, 19_200]


def test_a_delivery_is_withdrawn_and_nothing_of_it_is_lost(world: World) -> None:
    make(world)
    wrong = deliver(world, *series("main", 0, 192, quantity=130.0)).id
    taken = withdraw_import(world.store, MAKER, FACILITY, wrong, "read off another meter", NOW)
    assert taken == 192
    with world.store.reading() as reading:
        assert monthly_energy(reading, MAKER, FACILITY) == []
        row = meter_imports(reading, MAKER, FACILITY)[0]
    assert (row.standing, row.withdrawn_reason) == (0, "read off another meter")
    assert (row.accepted, row.source) == (192, "EMS")

    assert deliver(world, *series("main", 0, 192)).accepted == 192
    with world.store.reading() as reading:
        assert sum(m.quantity for m in monthly_energy(reading, MAKER, FACILITY)) == 19_200
    with pytest.raises(IdentifierConflictError):
        withdraw_import(world.store, MAKER, FACILITY, wrong, "again", NOW)
    with pytest.raises(RecordNotFoundError):
        withdraw_import(world.store, MAKER, FACILITY, "none", "x", NOW)


def test_a_delivery_that_a_closed_period_rests_on_stays_until_that_is_reopened(
    world: World,
) -> None:
    deliveries = full(world)
    first = close(world)
    with pytest.raises(IdentifierConflictError) as refused:
        withdraw_import(world.store, MAKER, FACILITY, deliveries[0], "wrong", NOW)
    assert "reopen" in refused.value.findings[0].remedy

    reopened = reopen_period(world.store, MAKER, FACILITY, date(2026, 3, 1), "wrong meter", NOW)
    assert reopened.reopened_reason == "wrong meter"
    withdraw_import(world.store, MAKER, FACILITY, deliveries[0], "wrong meter", NOW)
    deliver(world, *series("main", 0, 192, quantity=90.0))
    assert in_force(world) == first.period  # until the next version is closed
    second = close(world, reason="wrong meter")
    assert second.period.readings[0].quantity == 17_280
    with world.store.reading() as reading:
        # The first version still adds up, out of what was set aside.
        for number in (1, 2):
            assert recompute_period(reading, MAKER, FACILITY, date(2026, 3, 1), number) == {}
    reopen_period(world.store, MAKER, FACILITY, date(2026, 3, 1), "a", NOW)
    with pytest.raises(IdentifierConflictError):
        reopen_period(world.store, MAKER, FACILITY, date(2026, 3, 1), "b", NOW)


def test_a_correction_carries_the_ledger_along_and_it_closes(world: World) -> None:
    deliveries = full(world)
    close(world)
    open_lots(world.store, MAKER, FACILITY, NOW)
    lot = f"{FACILITY}-20260301-1"
    target = AllocationTarget.model_validate({"kind": "line", "id": "coating"})
    wanted = AllocationCreate(lot_id=lot, kwh=18_000, target=target)
    allocate(world.store, MAKER, FACILITY, wanted, NOW)
    reopen_period(world.store, MAKER, FACILITY, date(2026, 3, 1), "wrong", NOW)
    withdraw_import(world.store, MAKER, FACILITY, deliveries[0], "wrong", NOW)
    deliver(world, *series("main", 0, 192, quantity=90.0))

    with pytest.raises(OverAllocationError, match="given to production already"):
        close(world, reason="less was metered")
    assert in_force(world).closed_version == 1

    for row in _standing(world, "main"):
        withdraw_import(world.store, MAKER, FACILITY, row, "again", NOW)
    deliver(world, *series("main", 0, 192, quantity=95.0))
    close(world, reason="less was metered")
    with world.store.reading() as reading:
        found = balance(reading, MAKER, FACILITY)
    assert found.closes
    assert {one.id: one.unallocated_wh for one in found.lots}[lot] == 240_000


def _standing(world: World, meter: str) -> list[str]:
    with world.store.reading() as reading:
        rows = reading.meter_readings.of((MAKER, FACILITY, meter))
    return list({row.import_id for row in rows})


def test_production_is_registered_once_and_withdrawn_with_a_reason(world: World) -> None:
    first = make(world)
    with pytest.raises(IdentifierConflictError):
        make(world, period_from="2026-03-02")
    make(world, line="2")
    withdraw_production(world.store, MAKER, FACILITY, first, "counted twice")
    with pytest.raises(IdentifierConflictError):
        withdraw_production(world.store, MAKER, FACILITY, first, "counted twice")
    with pytest.raises(RecordNotFoundError):
        withdraw_production(world.store, MAKER, FACILITY, "none", "x")
    with pytest.raises(RecordNotFoundError):
        make(world, model_id="no-such-model")
    make(world, kwh=9_000)
    with world.store.reading() as reading:
        rows = all_production(reading, MAKER, FACILITY)
    assert sorted((r.kwh, r.withdrawn_reason) for r in rows if r.id == first) == [
        (10_000, "counted twice")
    ]
    for name in EACH:
        deliver(world, *series(name, 0, 192))
    assert close(world).period.production_kwh == 19_000
    with pytest.raises(IdentifierConflictError, match="taken"):
        withdraw_production(world.store, MAKER, FACILITY, rows[-1].id, "too late")


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


def test_whatever_is_delivered_and_withdrawn_the_sums_are_those_of_the_readings(
    world: World,
) -> None:
    chance = random.Random(7)  # for a test
    known: list[str] = []
    for _ in range(25):
        if known and chance.random() < 0.3:
            number = chance.randrange(len(known))
            withdraw_import(world.store, MAKER, FACILITY, known.pop(number), "chance", NOW)
            continue
        name, first = chance.choice(list(EACH)), chance.randrange(3000)
        quantity = EACH[name] * chance.uniform(0.5, 2)
        rows = series(name, first, chance.randrange(1, 40), quantity=quantity)
        known.append(deliver(world, *rows).id)
    with world.store.reading() as reading:
        kept = {
            (row.meter_id, row.month, row.state): (row.quantity, row.readings)
            for row in reading.metering.months.of((MAKER, FACILITY))
        }
        anew: dict[tuple[str, str, str], tuple[float, int]] = {}
        for name in EACH:
            for row in reading.meter_readings.of((MAKER, FACILITY, name)):
                key = (name, f"{row.starts_at:%Y-%m}", row.state)
                total, count = anew.get(key, (0.0, 0))
                anew[key] = (total + row.quantity, count + 1)
    assert kept.keys() == anew.keys()
    for key, (total, count) in anew.items():
        assert kept[key][0] == pytest.approx(total)
        assert kept[key][1] == count


def test_a_contract_is_closed_with_the_meter_it_covers_and_its_certificate_used_once(
    world: World,
) -> None:
    full(world)
    contract = {
        "technology": "hydro",
        "factor": "power.cn.hydro.cf.2024",
        "kwh": 5_000,
        "certificates": [
            {"id": "GEC-77", "kwh": 5_000, "vintage_year": 2026, "retired_on": "2026-03-05"}
        ],
        "evidence": "contract 12",
    }
    supplies = {"pv": {"technology": "pv", "factor": PV}, "main": {"contract": contract}}
    first = close(world, supplies=supplies)
    assert first.period.readings[0].contract is not None
    open_lots(world.store, MAKER, FACILITY, NOW)
    again = close(world, supplies=supplies, reason="only to see that it is not claimed twice")
    assert [r.evidence for r in again.period.readings] == [
        r.evidence for r in first.period.readings
    ]
    with pytest.raises(OverAllocationError, match="backed by certificates"):
        close(world, reason="the contract was another plant's")
    too_much = {**contract, "kwh": 50_000, "certificates": []}
    with pytest.raises(InvalidInputError, match="covers 50,000 kWh"):
        close(world, supplies={**supplies, "main": {"contract": too_much}}, reason="x")


def test_whatever_happens_at_the_same_moment_sums_and_ledger_agree(world: World) -> None:
    """Allocations, corrections and withdrawals at once: nothing is counted that was withdrawn."""
    deliveries = full(world)
    close(world)
    open_lots(world.store, MAKER, FACILITY, NOW)
    target = AllocationTarget.model_validate({"kind": "line", "id": "coating"})
    lot = f"{FACILITY}-20260301-1"

    def allocating() -> None:
        wanted = AllocationCreate(lot_id=lot, kwh=3_000, target=target)
        allocate(world.store, MAKER, FACILITY, wanted, NOW)

    def correcting() -> None:
        close(world, reason="at the same moment", gaps_stated="whatever is missing")

    def withdrawing() -> None:
        withdraw_import(world.store, MAKER, FACILITY, deliveries[1], "at the same moment", NOW)

    def reopening() -> None:
        reopen_period(world.store, MAKER, FACILITY, date(2026, 3, 1), "at the same moment", NOW)

    def trying(act: Callable[[], None]) -> bool:
        try:
            act()
        except (IdentifierConflictError, InvalidInputError, OverAllocationError):
            return False
        return True

    acts = [allocating] * 8 + [reopening, withdrawing, correcting] * 2
    with ThreadPoolExecutor(6) as threads:
        done = list(threads.map(trying, acts))
    assert sum(done[:8]) == 6  # 19,200 kWh give 3,000 six times
    with world.store.reading() as reading:
        assert balance(reading, MAKER, FACILITY).closes
        versions = closed_periods(reading, MAKER, FACILITY)
        for version in versions:
            day, number = version.period_from, version.version
            assert recompute_period(reading, MAKER, FACILITY, day, number) == {}
        newest = versions[-1]
        withdrawn = {r.id for r in meter_imports(reading, MAKER, FACILITY) if r.withdrawn_at}
        used = dict(
            reading.metering.closed.imports(reading.metering.closed.of((MAKER, FACILITY))[-1])
        )
    assert in_force(world).closed_version == newest.version
    assert newest.reopened_at is not None or not withdrawn & set(used)


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
