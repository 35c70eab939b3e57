"""fsck finds what was changed of closed periods, sums and the ledger behind the program's back."""

import pytest
from sqlalchemy import text

from lca.datasets import load_shipped_dataset
from passports.energy.energy_ledger import open_lots
from passports.fsck.whole import check_store
from tests.passports.period_world import close, full
from tests.worlds import FACILITY, MAKER, NOW, World

SWAPPED = """UPDATE energy_period SET document = (
    SELECT document FROM energy_period WHERE period_from = '2024-01-01'
) WHERE period_from = '2026-03-01'"""


def faults(world: World) -> list[str]:
    """Return what is found about energy."""
    report = check_store(world.store, load_shipped_dataset(), NOW)
    assert report.checked["closed_periods"] == 1
    assert report.checked["energy"] == 1
    kinds = {"closed period", "energy"}
    return [f"{fault}" for fault in report.faults if set(kinds) & set(vars(fault).values())]


def closed(world: World) -> World:
    """Close a period and book it."""
    full(world)
    close(world)
    open_lots(world.store, MAKER, FACILITY, NOW)
    return world


def test_what_stands_as_it_was_written_has_no_fault(world: World) -> None:
    assert faults(closed(world)) == []


@pytest.mark.parametrize(
    ("statement", "said"),
    [
        ("UPDATE meter_reading SET quantity = 101 WHERE meter_id = 'main'", "do not add up"),
        ("DELETE FROM meter_month WHERE meter_id = 'coat'", "sums by month"),
        ("UPDATE energy_lot SET quantity_wh = quantity_wh + 1", "ledger does not close"),
        (SWAPPED, "use something else"),
    ],
)
def test_what_was_changed_behind_its_back_is_found(
    sqlite_world: World, statement: str, said: str
) -> None:
    closed(sqlite_world)
    with sqlite_world.store.engine.begin() as connection:
        connection.execute(text(statement))
    assert any(said in fault for fault in faults(sqlite_world))
