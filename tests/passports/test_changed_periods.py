"""What happens after: later readings, new versions of a period, deliveries and production withdrawn."""

import random
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from datetime import date

import pytest

from passports.energy.closed_periods import (
    closed_periods,
    recompute_period,
    reopen_period,
)
from passports.energy.energy_ledger import AllocationCreate, AllocationTarget, allocate, open_lots
from passports.energy.ledger_balance import balance
from passports.energy.meter_imports import meter_imports, withdraw_import
from passports.energy.meter_sums import monthly_energy
from passports.energy.production import (
    all_production,
    withdraw_production,
)
from passports.errors import (
    IdentifierConflictError,
    InvalidInputError,
    OverAllocationError,
    RecordNotFoundError,
)
from tests.passports.period_world import (
    EACH,
    PV,
    close,
    deliver,
    full,
    in_force,
    make,
    series,
)
from tests.worlds import FACILITY, MAKER, NOW, World


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
