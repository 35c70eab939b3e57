"""A view of a store: all its readings are of one instant, and one that fails spoils no later one."""

import pytest
from sqlalchemy import text
from sqlalchemy.exc import DBAPIError

from lca.datasets import load_shipped_dataset
from passports.errors import StoreUnavailableError
from passports.fsck.rows import all_rows
from passports.fsck.whole import check_store
from passports.store import BatchRow, OneView, OperatorRow, PassportRow, Transaction
from tests.worlds import NOW, World


def count(reading: Transaction) -> int:
    """Count the passports of a view."""
    return len(list(all_rows(reading, PassportRow)))


def fail(reading: Transaction) -> None:
    """Ask for what no database has."""
    reading.integrity._session.connection().execute(text("SELECT * FROM no_such_table"))


def test_readings_of_a_view_are_of_one_instant_whatever_is_written_meanwhile(world: World) -> None:
    world.issue("SN-1")
    with OneView(world.store) as view:
        with view.reading() as reading:
            assert count(reading) == 1
        world.issue("SN-2", id="b-2")
        with view.reading() as reading:
            assert (count(reading), len(list(all_rows(reading, BatchRow)))) == (1, 1)
    with OneView(world.store) as view, view.reading() as reading:
        assert count(reading) == 2


def test_a_store_in_which_is_issued_while_it_is_checked_is_sound(world: World) -> None:
    world.issue("SN-1")
    begun: list[str] = []

    def issue_meanwhile(kind: str, _count: int) -> None:
        if kind not in begun:
            begun.append(kind)
            if len(begun) in {3, 8}:
                world.issue(f"SN-1{len(begun)}", id=f"b-{len(begun)}")

    report = check_store(world.store, load_shipped_dataset(), NOW, issue_meanwhile)
    assert len(begun) > 8
    assert (report.faults, report.checked["passports"]) == ((), 1)


def test_after_a_statement_that_failed_unseen_the_next_reading_answers(world: World) -> None:
    with OneView(world.store) as view:
        with view.reading() as reading, pytest.raises(DBAPIError):
            fail(reading)
        with view.reading() as reading:
            assert list(all_rows(reading, OperatorRow))


def test_a_reading_that_ended_in_an_error_ends_the_view_and_the_next_begins_one(
    world: World,
) -> None:
    with OneView(world.store) as view:
        with pytest.raises((DBAPIError, StoreUnavailableError)), view.reading() as reading:
            fail(reading)
        world.issue("SN-1")
        with view.reading() as reading:
            assert count(reading) == 1
