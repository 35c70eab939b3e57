"""A certificate counts once, however its name is typed and whoever comes at the same moment."""

import json
import threading
from concurrent.futures import ThreadPoolExecutor
from datetime import date
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from lca.errors import InventoryError
from lca.instrument_names import instrument_key
from lca.inventory import parse_inventory
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
from passports.errors import IdentifierConflictError, OverAllocationError
from passports.factories import EnergyPeriodCreate, record_energy
from tests.worlds import FACILITY, MAKER, NOW, World

PERIOD: dict[str, Any] = {
    "production_kwh": 1000,
    "readings": [
        {
            "carrier": "electricity",
            "quantity": 10,
            "unit": "MWh",
            "arrangement": "grid",
            "evidence": "meter",
        }
    ],
    "source": "test",
}


def certify(world: World, lot: EnergyLot, name: str) -> EnergyLot:
    """Back a lot by 10 kWh of a certificate."""
    year = lot.period_from.year
    request = CertifiedLotCreate.model_validate(
        {
            "instrument": "GEC",
            "instrument_id": name,
            "kwh": 10,
            "vintage_year": year,
            "retired_on": date(year + 1, 1, 31),
            "backs_lot_id": lot.id,
            "evidence": "registry extract",
        }
    )
    return add_certified_lot(world.store, MAKER, FACILITY, request, NOW)


def grid_lots(world: World) -> list[EnergyLot]:
    """Return what the factory bought from the grid."""
    lots = open_lots(world.store, MAKER, FACILITY, NOW)
    return [lot for lot in lots if (lot.kind, lot.source) == ("metered", "grid")]


OTHER_NAMES = [
    "gec-2024-1",
    " GEC - 2024 - 1 ",
    "GEC-\u200b2024-1",
    "GEC-\u00ad2024-1\u200d",
    "GEC\u20102024\u20101",
    "GEC\u20112024\u22121",
    "GEC\u20132024\u20141",
    "\uff27\uff25\uff23-2024-1",
    "G\u0415\u0421-2024-1",
    "G\u0395C-\u0662\u0660\u0662\u0664-1",
    "GEC-2024-1\ufe0f\u2060",
    "GEC-2024-\u31641",
]


@pytest.mark.parametrize("name", OTHER_NAMES)
def test_a_certificate_counts_once_however_it_is_typed(sqlite_world: World, name: str) -> None:
    [lot] = grid_lots(sqlite_world)
    certify(sqlite_world, lot, "GEC-2024-1")
    with pytest.raises(IdentifierConflictError):
        certify(sqlite_world, lot, name)


@pytest.mark.parametrize("name", ["GEC-2024-2", "GEC-2024-11", "IREC-2024-1", "绿证-2024-1"])
def test_another_certificate_is_another(name: str) -> None:
    assert instrument_key(name) != instrument_key("GEC-2024-1")


@given(st.text(st.characters(min_codepoint=33, max_codepoint=126), min_size=1))
def test_names_that_were_claimed_before_keep_their_keys(name: str) -> None:
    assert instrument_key(name) == name.upper()


@given(st.text())
def test_a_key_is_its_own_key(name: str) -> None:
    assert instrument_key(instrument_key(name)) == instrument_key(name)


@pytest.mark.parametrize("name", [OTHER_NAMES[0], *OTHER_NAMES[4:8]])
def test_an_inventory_names_a_certificate_once_however_it_is_typed(
    sqlite_world: World, name: str
) -> None:
    with sqlite_world.store.reading() as reading:
        document: dict[str, Any] = json.loads(next(iter(reading.studies.all())).inventory)
    [supply] = [s for s in document["electricity"]["supply"] if s["arrangement"] == "grid"]
    certificate = {"kwh": 1, "vintage_year": 2024, "retired_on": "2025-01-31"}
    supply["contract"] = {
        "technology": "wind",
        "factor": "power.cn.wind.cf.2024",
        "kwh": 2,
        "certificates": [{"id": i, **certificate} for i in ("GEC-2024-1", name)],
        "evidence": "contract",
    }
    with pytest.raises(InventoryError, match="a certificate counts once"):
        parse_inventory(document)


def test_certificates_of_two_lots_cannot_both_cover_what_a_line_was_given(world: World) -> None:
    period = {**PERIOD, "period_from": "2023-01-01", "period_to": "2023-12-31"}
    record_energy(world.store, MAKER, FACILITY, EnergyPeriodCreate.model_validate(period), NOW)
    lots = grid_lots(world)
    assert len(lots) == 2

    def give(lot_id: str, line: str) -> object:
        target = AllocationTarget(kind=TargetKind.LINE, id=line)
        request = AllocationCreate(lot_id=lot_id, kwh=10, target=target)
        try:
            return allocate(world.store, MAKER, FACILITY, request, NOW)
        except OverAllocationError as error:
            return error

    for turn in range(6):
        line = f"line-{turn}"
        give(lots[0].id, line)
        ids = [certify(world, lot, f"C-{turn}-{at}").id for at, lot in enumerate(lots)]
        gate = threading.Barrier(2)

        def at_once(lot_id: str, gate: threading.Barrier = gate, line: str = line) -> object:
            gate.wait()
            return give(lot_id, line)

        with ThreadPoolExecutor(2) as pool:
            results = list(pool.map(at_once, ids))
        assert sum(isinstance(result, OverAllocationError) for result in results) == 1
