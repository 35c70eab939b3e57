"""A store with something in most tables, to be damaged cell by cell."""

import sqlite3
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import timedelta
from typing import Any

from lca.datasets import load_shipped_dataset
from passports.access_anchors import anchor_access_logs
from passports.access_log import append_entry
from passports.authority.callers import Caller
from passports.authority.grants import AccessGrantCreate, give_grant
from passports.authority.operator_changes import OperatorChange, change_operator
from passports.authority.terms import GranteeKind, Purpose
from passports.energy.energy_ledger import open_lots
from passports.fsck.faults import Fault
from passports.fsck.whole import check_store
from passports.key_changes import revoke_key, rotate_key
from passports.life.withdrawal import ReasonClass, StatusChange, Withdrawing, change_status
from passports.operators import get_operator
from passports.token_status import publish_token_status_list
from tests.passports import test_authority_authorisations as authorisations
from tests.passports import test_certify as certify
from tests.passports import test_dynamic_data as dynamic
from tests.passports.period_world import close, full
from tests.passports.restricted_world import give_restricted
from tests.passports.test_authority_transfers import TAKER, scene_of
from tests.worlds import ADDRESS, FACILITY, IMPORTER, MAKER, NOW, World

DATASET = load_shipped_dataset()
AFTER = NOW + timedelta(days=401)


def filled(world: World) -> World:
    """Do a bit of everything in a world."""
    store, keyring = world.store, world.keyring
    certify.with_certifier(world)
    certificate = certify.issue(world)
    scene = scene_of(world)
    certify.change(world, certificate.id, "suspended")
    give_restricted(world, scene.passports[0])
    scene.accept(scene.offer(passports=scene.passports[:1]))
    full(world)
    close(world)
    open_lots(store, MAKER, FACILITY, NOW)
    dynamic.send(world, dynamic.export("SN-1,2027-03-01T00:00:00Z,81"), TAKER)
    authorisations.give(world)
    authorisations.act(world)
    later = NOW + timedelta(days=2)
    rotate_key(store, keyring, ADDRESS, IMPORTER, later)
    with store.reading() as reading:
        [old, _new] = reading.signing_keys.of(IMPORTER)
    revoke_key(store, keyring, ADDRESS, IMPORTER, old.kid, None, later)
    models, kind = ["lfp-60"], next(iter(GranteeKind))
    grant = AccessGrantCreate(
        grantee=TAKER,
        grantee_kind=kind,
        purpose=Purpose.REPAIR,
        expires_at=AFTER + timedelta(days=9),
        models=models,
    )
    give_grant(store, MAKER, grant, later)
    for number, change in enumerate((StatusChange.REVOKED, StatusChange.SUSPENDED)):
        said = Withdrawing(MAKER, "a defect", AFTER, IMPORTER, ReasonClass.INQUIRY)
        change_status(store, keyring, ADDRESS, scene.passports[1 - number], change, said)
    correct(world)
    publish_token_status_list(store, keyring, ADDRESS, MAKER, "revocation-1", AFTER)
    with store.transaction() as transaction:
        append_entry(transaction, MAKER, {"reader": "somebody", "attributes": []}, AFTER)
    anchor_access_logs(store, keyring, ADDRESS, AFTER)
    return world


def correct(world: World) -> None:
    """Correct the maker's data twice."""
    with world.store.reading() as reading:
        maker = Caller.of(get_operator(reading, MAKER), "key")
    for days, address in enumerate(("2 New Road", "3 New Road")):
        change = OperatorChange(reason="moved", postal_address=address)
        change_operator(world.store, maker, MAKER, change, AFTER + timedelta(days=days))


def faults(world: World) -> tuple[Fault, ...]:
    """Return what fsck finds, with the log's keys."""
    verifiers = world.keyring.log_verifiers(ADDRESS.log_origin)
    return check_store(world.store, DATASET, AFTER, log_verifiers=verifiers).faults


@dataclass(frozen=True)
class Cell:
    """A cell of a database: its table, row and column."""

    table: str
    row: int
    column: str


class Damaged:
    """A database whose cells are spoilt one at a time, behind the back of the program."""

    def __init__(self, world: World) -> None:
        path = world.store.url.removeprefix("sqlite:///")
        self._connection = sqlite3.connect(path, isolation_level=None)

    def close(self) -> None:
        """Let go of the database."""
        self._connection.close()

    def cells(self, table: str, column: str, most: int) -> list[Cell]:
        """Return cells of a column that hold something, first and last rows first."""
        query = f'SELECT rowid FROM "{table}" WHERE "{column}" IS NOT NULL ORDER BY rowid'
        rows = [row for (row,) in self._connection.execute(query)]
        return [
            Cell(table, row, column) for row in dict.fromkeys([*rows[:1], *rows[-1:], *rows][:most])
        ]

    def value(self, cell: Cell) -> Any:
        """Return what a cell holds."""
        query = f'SELECT "{cell.column}" FROM "{cell.table}" WHERE rowid = ?'
        return self._connection.execute(query, (cell.row,)).fetchone()[0]

    @contextmanager
    def spoilt(self, cell: Cell, value: Any) -> Iterator[bool]:
        """Put a value into a cell, and the old one back at the end; yields whether the table takes it."""
        before = self.value(cell)
        query = f'SELECT 1 FROM "{cell.table}" WHERE rowid = ?'
        statement = f'UPDATE "{cell.table}" SET "{cell.column}" = ? WHERE rowid = ?'  # as above
        try:
            self._connection.execute(statement, (value, cell.row))
        except (sqlite3.IntegrityError, OverflowError):  # a key that is taken, a number too large
            yield False
            return
        # SQLite's own number of a row is the column itself, where that is a whole number and the key.
        moved = self._connection.execute(query, (cell.row,)).fetchone() is None
        try:
            yield True
        finally:
            self._connection.execute(statement, (before, value if moved else cell.row))


def flipped(value: Any, place: int, bit: int) -> Any:
    """Return a value with one bit of one byte, one character or the number changed."""
    if isinstance(value, bytes):
        at = place % len(value)
        return value[:at] + bytes([value[at] ^ 1 << bit]) + value[at + 1 :]
    if isinstance(value, str):
        at = place % len(value)
        other = "1" if value[at] != "1" else "2"
        return value[:at] + other + value[at + 1 :]
    if isinstance(value, int):
        return value ^ 1 << bit
    return value * (1 + 2.0**-bit)
