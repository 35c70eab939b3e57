"""The energy ledger: closes to the watt-hour, spends nothing twice, not even at the same moment."""

import random
import threading
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from datetime import date
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from passports.dossier import (
    DossierCreate,
    DossierSite,
    EnergyInstrument,
    InstrumentKind,
    record_dossier,
)
from passports.energy.energy_ledger import (
    AllocationCreate,
    AllocationTarget,
    CertifiedLotCreate,
    EnergyLot,
    TargetKind,
    add_certified_lot,
    allocate,
    open_lots,
)
from passports.energy.ledger_balance import LedgerBalance, balance, uses_of_study
from passports.errors import (
    IdentifierConflictError,
    InvalidInputError,
    OverAllocationError,
    PassportError,
    RecordNotFoundError,
)
from passports.factories import (
    EnergyPeriodCreate,
    FacilityCreate,
    record_energy,
    register_facility,
)
from passports.footprints import current_studies
from tests.postgres_databases import PostgresDatabases
from tests.worlds import FACILITY, MAKER, MODEL, NOW, RIVAL, World

ANOTHER = "plant-2"


def grid_lot(world: World, facility: str = FACILITY, operator: str = MAKER) -> EnergyLot:
    """Open the lots of a factory and return what it bought from the grid."""
    lots = open_lots(world.store, operator, facility, NOW)
    return next(lot for lot in lots if (lot.kind, lot.source) == ("metered", "grid"))


def give(world: World, lot: EnergyLot, kwh: float, target: str = "line-1", **more: Any) -> Any:
    """Give energy of a lot to a line."""
    request = AllocationCreate(
        lot_id=lot.id, kwh=kwh, target=AllocationTarget(kind=TargetKind.LINE, id=target), **more
    )
    return allocate(world.store, lot.operator_id, lot.facility_id, request, NOW)


def certificate(lot: EnergyLot, kwh: float, **changes: Any) -> CertifiedLotCreate:
    """Return a retired certificate that backs a lot."""
    fields: dict[str, Any] = {
        "instrument": "GEC",
        "instrument_id": "GEC-2024-1",
        "kwh": kwh,
        "vintage_year": 2024,
        "retired_on": date(2025, 1, 31),
        "backs_lot_id": lot.id,
        "evidence": "registry extract",
    }
    return CertifiedLotCreate(**{**fields, **changes})


def balance_of(world: World, facility: str = FACILITY, operator: str = MAKER) -> LedgerBalance:
    """Return a factory's balance."""
    with world.store.reading() as reading:
        return balance(reading, operator, facility)


def second_factory(world: World, operator: str, *, certificates: list[str] | None = None) -> None:
    """Register another factory with 10 MWh from the grid."""
    register_facility(
        world.store,
        operator,
        FacilityCreate(id=ANOTHER, name="Second", place="P", country="CN", grid_region="CN-SC"),
        NOW,
    )
    reading: dict[str, Any] = {
        "carrier": "electricity",
        "quantity": 10,
        "unit": "MWh",
        "arrangement": "grid",
        "evidence": "meter",
    }
    if certificates is not None:
        reading["contract"] = {
            "technology": "wind",
            "factor": "power.cn.wind.cf.2024",
            "kwh": 10_000,
            "certificates": [
                {"id": name, "kwh": 1000, "vintage_year": 2024, "retired_on": "2025-01-31"}
                for name in certificates
            ],
            "evidence": "contract",
        }
    period = {
        "period_from": "2024-01-01",
        "period_to": "2024-12-31",
        "production_kwh": 1000,
        "readings": [reading],
        "source": "test",
    }
    record_energy(world.store, operator, ANOTHER, EnergyPeriodCreate.model_validate(period), NOW)


def test_what_was_metered_comes_in_once(world: World) -> None:
    first = open_lots(world.store, MAKER, FACILITY, NOW)
    again = open_lots(world.store, MAKER, FACILITY, NOW)

    assert first == again
    assert {(lot.carrier, lot.source) for lot in first} == {
        ("electricity", "grid"),
        ("natural_gas", "delivered"),
    }
    assert grid_lot(world).quantity_wh == 83_300_000_000
    assert balance_of(world).closes


def test_the_ledger_closes_after_giving_energy_to_lines(world: World) -> None:
    lot = grid_lot(world)
    give(world, lot, 1_000_000.5, "coating")
    give(world, lot, 2_000_000, "formation")

    found = balance_of(world)
    assert found.closes
    taken, given_out, left = found.totals_wh("metered")
    assert given_out == 3_000_000_500
    assert taken == given_out + left
    assert found.accounts["metered:line:coating"] == 1_000_000_500
    assert sum(found.accounts.values()) == 0


def test_more_than_is_left_is_refused_and_changes_nothing(world: World) -> None:
    lot = grid_lot(world)
    give(world, lot, 83_000_000)
    with pytest.raises(OverAllocationError, match="not that much left") as caught:
        give(world, lot, 300_000.001)

    assert "At most 300000 kWh are left" in caught.value.findings[0].remedy
    assert balance_of(world).closes
    give(world, lot, 300_000)


def test_each_allocation_is_traceable_to_the_footprint_that_used_it(world: World) -> None:
    with world.store.reading() as reading:
        study = current_studies(reading, MAKER, MODEL, FACILITY)[0]
    lot = grid_lot(world)
    booked = give(world, lot, 500, study_id=study.id)
    give(world, lot, 600)

    with world.store.reading() as reading:
        uses = uses_of_study(reading, MAKER, FACILITY, study.id)
    assert [use["id"] for use in uses] == [booked["id"]]
    assert uses[0]["kwh"] == 500


def test_a_batch_a_study_and_a_lot_have_to_exist(world: World) -> None:
    lot = grid_lot(world)
    for target, more in (
        ({"kind": "batch", "id": "b-9"}, {}),
        ({"kind": "line", "id": "l"}, {"study_id": "none"}),
        ({"kind": "line", "id": "l"}, {"lot_id": "none"}),
    ):
        request = AllocationCreate.model_validate(
            {"lot_id": lot.id, "kwh": 1, "target": target, **more}
        )
        with pytest.raises(RecordNotFoundError):
            allocate(world.store, MAKER, FACILITY, request, NOW)


def test_a_batch_that_was_issued_can_be_given_energy(world: World) -> None:
    world.issue("SN-1")
    lot = grid_lot(world)
    request = AllocationCreate(
        lot_id=lot.id, kwh=499.8, target=AllocationTarget(kind=TargetKind.BATCH, id="b-1")
    )
    allocate(world.store, MAKER, FACILITY, request, NOW)

    assert balance_of(world).accounts["metered:batch:b-1"] == 499_800


def test_certificates_cover_at_most_what_was_bought(world: World) -> None:
    lot = grid_lot(world)
    add_certified_lot(world.store, MAKER, FACILITY, certificate(lot, 83_000_000), NOW)
    more = certificate(lot, 300_001, instrument_id="GEC-2024-2")
    with pytest.raises(OverAllocationError, match="cover at most"):
        add_certified_lot(world.store, MAKER, FACILITY, more, NOW)

    assert balance_of(world).closes


def test_certified_energy_goes_only_where_metered_energy_went(world: World) -> None:
    lot = grid_lot(world)
    certified = add_certified_lot(world.store, MAKER, FACILITY, certificate(lot, 1000), NOW)
    with pytest.raises(OverAllocationError, match="0 kWh of metered"):
        give(world, certified, 1)
    give(world, lot, 600)
    give(world, certified, 600)
    with pytest.raises(OverAllocationError, match="600 kWh of metered"):
        give(world, certified, 1)
    assert balance_of(world).closes


@pytest.mark.parametrize("year", [2023, 2025])
def test_a_vintage_of_another_year_is_refused(sqlite_world: World, year: int) -> None:
    lot = grid_lot(sqlite_world)
    request = certificate(lot, 1, vintage_year=year)
    with pytest.raises(InvalidInputError, match="own year"):
        add_certified_lot(sqlite_world.store, MAKER, FACILITY, request, NOW)


def test_gas_and_own_generation_are_backed_by_no_certificate(sqlite_world: World) -> None:
    lots = open_lots(sqlite_world.store, MAKER, FACILITY, NOW)
    gas = next(lot for lot in lots if lot.carrier == "natural_gas")
    with pytest.raises(InvalidInputError, match="what the grid gave"):
        add_certified_lot(sqlite_world.store, MAKER, FACILITY, certificate(gas, 1), NOW)


def test_a_certificate_that_is_not_retired_is_refused() -> None:
    with pytest.raises(ValueError, match="not retired"):
        CertifiedLotCreate.model_validate(
            {
                "instrument": "GO",
                "instrument_id": "x",
                "kwh": 1,
                "vintage_year": 2024,
                "backs_lot_id": "l",
                "evidence": "e",
            }
        )


def test_a_certificate_is_used_once_by_whomever(world: World) -> None:
    second_factory(world, RIVAL)
    mine, theirs = grid_lot(world), grid_lot(world, ANOTHER, RIVAL)
    add_certified_lot(world.store, MAKER, FACILITY, certificate(mine, 100), NOW)
    for name in ("GEC-2024-1", "gec-2024-1 "):
        request = certificate(theirs, 100, instrument_id=name)
        with pytest.raises(IdentifierConflictError, match="GEC-2024-1"):
            add_certified_lot(world.store, RIVAL, ANOTHER, request, NOW)
    with pytest.raises(IdentifierConflictError, match="GEC-2024-1"):
        add_certified_lot(world.store, MAKER, FACILITY, certificate(mine, 100), NOW)
    assert balance_of(world).closes
    assert balance_of(world, ANOTHER, RIVAL).closes


def test_a_certificate_of_a_contract_cannot_be_used_by_another_operator(world: World) -> None:
    second_factory(world, MAKER, certificates=["C-1", "C-2"])
    with pytest.raises(IdentifierConflictError, match="C-2"):
        second_factory(world, RIVAL, certificates=["C-2"])


def test_certificates_of_a_contract_come_in_beside_the_energy_they_back(world: World) -> None:
    second_factory(world, MAKER, certificates=["C-1", "C-2"])
    lots = open_lots(world.store, MAKER, ANOTHER, NOW)

    assert [(lot.kind, lot.quantity_wh) for lot in lots if lot.kind == "certified"] == [
        ("certified", 1_000_000),
        ("certified", 1_000_000),
    ]
    assert balance_of(world, ANOTHER).closes


def test_a_gec_that_is_named_twice_is_refused(world: World) -> None:
    with pytest.raises(IdentifierConflictError, match="C-1") as caught:
        second_factory(world, MAKER, certificates=["C-1", "c-1"])
    assert "named twice" in caught.value.findings[0].remedy
    with pytest.raises(ValueError, match="used twice"):
        _dossier("G-1", "G-1")


def _dossier(*instrument_ids: str) -> DossierCreate:
    return DossierCreate(
        instruments=[
            EnergyInstrument(kind=InstrumentKind.GEC, id=name, volume_mwh=1, vintage_year=2024)
            for name in instrument_ids
        ],
        source="test",
    )


def test_what_one_dossier_lists_another_operator_cannot_use(world: World) -> None:
    second_factory(world, RIVAL)
    record_dossier(world.store, MAKER, FACILITY, _dossier("GEC-2024-1"), NOW)
    record_dossier(world.store, MAKER, FACILITY, _dossier("GEC-2024-1"), NOW)
    with pytest.raises(IdentifierConflictError):
        record_dossier(world.store, RIVAL, ANOTHER, _dossier("GEC-2024-1"), NOW)
    # Who listed it may go on to use it, once.
    add_certified_lot(world.store, MAKER, FACILITY, certificate(grid_lot(world), 1), NOW)


def test_a_factory_on_two_continents_is_refused(sqlite_world: World) -> None:
    request = DossierCreate(
        sites=[DossierSite(name="a", country="CN"), DossierSite(name="b", country="DE")],
        source="test",
    )
    with pytest.raises(InvalidInputError, match="lies in one country"):
        record_dossier(sqlite_world.store, MAKER, FACILITY, request, NOW)


def _at_once(count: int, act: Callable[[int], object]) -> list[object]:
    """Let so many threads act at the same moment; return what each got, its error included."""
    gate = threading.Barrier(count)

    def one(number: int) -> object:
        gate.wait()
        try:
            return act(number)
        except PassportError as error:
            return error

    with ThreadPoolExecutor(count) as pool:
        return list(pool.map(one, range(count)))


def test_allocations_at_the_same_moment_cannot_overspend(world: World) -> None:
    lot = grid_lot(world)
    share = lot.quantity_wh / 1000 / 5  # so five of them fit, and no more
    results = _at_once(10, lambda number: give(world, lot, share, f"line-{number}"))

    refused = [result for result in results if isinstance(result, OverAllocationError)]
    assert (len(results) - len(refused), len(refused)) == (5, 5)
    found = balance_of(world)
    assert found.closes
    assert found.totals_wh("metered")[1] == lot.quantity_wh


def test_one_certificate_at_the_same_moment_is_used_by_one_of_two_operators(world: World) -> None:
    second_factory(world, RIVAL)
    lots = [grid_lot(world), grid_lot(world, ANOTHER, RIVAL)]

    def use(number: int) -> object:
        lot = lots[number % 2]
        request = certificate(lot, 50)
        return add_certified_lot(world.store, lot.operator_id, lot.facility_id, request, NOW)

    results = _at_once(6, use)
    assert sum(isinstance(result, EnergyLot) for result in results) == 1
    assert sum(isinstance(result, IdentifierConflictError) for result in results) == 5
    assert balance_of(world).closes
    assert balance_of(world, ANOTHER, RIVAL).closes


@settings(
    max_examples=8, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture]
)
@given(
    amounts=st.lists(st.integers(1, 40_000_000), min_size=2, max_size=8),
    seed=st.integers(0, 2**16),
)
def test_whatever_is_asked_at_the_same_moment_the_ledger_closes(
    postgres_databases: PostgresDatabases, keyring: Any, amounts: list[int], seed: int
) -> None:
    world = World(postgres_databases.make(populated=True), keyring)
    lot = grid_lot(world)
    certified = add_certified_lot(world.store, MAKER, FACILITY, certificate(lot, 20_000_000), NOW)
    order = random.Random(seed)

    def act(number: int) -> object:
        source = certified if order.random() < 0.4 else lot
        return give(world, source, amounts[number], f"line-{number % 2}")

    results = _at_once(len(amounts), act)
    given_out = sum(r["kwh"] * 1000 for r in results if isinstance(r, dict))
    found = balance_of(world)
    assert found.closes, found.faults
    spent = found.totals_wh("metered")[1] + found.totals_wh("certified")[1]
    assert spent == given_out
    for lot_now in found.lots:
        assert 0 <= lot_now.allocated_wh <= lot_now.quantity_wh
    for line in ("line-0", "line-1"):
        metered = found.accounts.get(f"metered:line:{line}", 0)
        assert found.accounts.get(f"certified:line:{line}", 0) <= metered
    world.store.close()
