"""What is asked for its newest row alone reads that row alone, however many there are."""

from collections.abc import Callable, Iterator
from contextlib import contextmanager

import pytest
from sqlalchemy import event
from sqlmodel import SQLModel

from passports.access import PUBLIC_ACCESS
from passports.access_log import append_entry, record_read
from passports.attributes.table import Granularity
from passports.attributes.versions import Subject
from passports.store import AccessEntryRow, PassportRow, Transaction
from tests.worlds import GTIN, MAKER, MODEL, NOW, World

MANY = 40


@contextmanager
def counted(table: type[SQLModel]) -> Iterator[list[object]]:
    """Collect the rows of a table that come from the database meanwhile."""
    read: list[object] = []

    def note(row: object, _context: object) -> None:
        read.append(row)

    event.listen(table, "load", note)
    try:
        yield read
    finally:
        event.remove(table, "load", note)


def versions_of(world: World, number: int) -> str:
    """Store that many versions of a passport."""
    issued = world.issue("SN-1").passports[0]
    with world.store.reading() as reading:
        first = reading.passports.by_id(issued.id)
    assert first is not None
    said = first.model_dump()
    rows = [{**said, "version": n, "log_index": n} for n in range(2, number + 1)]
    with world.store.transaction() as transaction:
        transaction.passports.add_many(rows)
    return issued.id


READS: dict[str, Callable[[Transaction, str], PassportRow | None]] = {
    "by identifier": lambda reading, passport_id: reading.passports.by_id(passport_id),
    "by product": lambda reading, _: reading.passports.newest(GTIN, "SN-1"),
    "at an instant": lambda reading, passport_id: reading.passport_versions.at(passport_id, NOW),
}


@pytest.mark.parametrize("asked", READS)
def test_a_passport_of_many_versions_is_read_by_its_newest_alone(world: World, asked: str) -> None:
    passport_id = versions_of(world, MANY)
    with counted(PassportRow) as read, world.store.reading() as reading:
        newest = READS[asked](reading, passport_id)
    assert newest is not None
    assert newest.version == MANY
    assert read == [newest]


def test_an_entry_is_chained_to_the_last_one_without_reading_the_log(world: World) -> None:
    with world.store.transaction() as transaction:
        for _ in range(MANY):
            append_entry(transaction, MAKER, {}, NOW)
    with counted(AccessEntryRow) as read:
        subject = Subject(Granularity.MODEL, MAKER, MODEL)
        record_read(world.store, PUBLIC_ACCESS, subject, ["accidents"], "json", NOW)
    assert [getattr(row, "sequence", None) for row in read] == [MANY]
