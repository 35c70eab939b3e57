"""fsck of logs, status lists and keys: what an auditor damages by hand, what a compromise leaves sound."""

from collections.abc import Callable
from datetime import timedelta

import pytest
from sqlalchemy import text

from lca.datasets import load_shipped_dataset
from passports.fsck.faults import Fault
from passports.fsck.whole import check_store
from passports.key_changes import revoke_key, rotate_key
from passports.store import Store
from passports.token_status import publish_token_status_list
from tests.exhaustively import each_with_each
from tests.passports.archive_world import Second, written
from tests.worlds import ADDRESS, MAKER, NOW, World

DATASET = load_shipped_dataset()
LATER = NOW + timedelta(hours=1)


def faults(world: World, store: Store | None = None) -> tuple[Fault, ...]:
    """Return what fsck finds, with the log's keys."""
    verifiers = world.keyring.log_verifiers(ADDRESS.log_origin)
    return check_store(store or world.store, DATASET, LATER, log_verifiers=verifiers).faults


def spoil(store: Store, *statements: str, **values: object) -> None:
    """Change the database behind the store's back."""
    with store.engine.begin() as connection:
        for statement in statements:
            assert connection.execute(text(statement), values).rowcount


def hashes(store: Store, table: str, level: int) -> bytes:
    """Return the first tile of a level."""
    with store.engine.connect() as connection:
        query = f"SELECT hashes FROM {table} WHERE level = {level}"
        return bytes(connection.execute(text(query)).scalar_one())


def swapped_bit(data: bytes) -> bytes:
    """Return bytes with the first bit changed."""
    return bytes([data[0] ^ 1]) + data[1:]


def checkpoint(world: World, change: Callable[[bytes], bytes]) -> None:
    """Change the head of the log."""
    with world.store.transaction() as transaction:
        row = transaction.log_state.lock()
        assert row is not None
        row.checkpoint = change(row.checkpoint)
        assert row.checkpoint
        transaction.log_state.add(row)


def lines(note: bytes) -> list[bytes]:
    """Return the signature lines of a note."""
    return note.partition(b"\n\n")[2].splitlines(keepends=True)


def without_ml_dsa(note: bytes) -> bytes:
    """Name another in the line of the second signature."""
    line = lines(note)[1]
    return note.replace(line, line.replace(b"id.example", b"ie.example"))


def another_key_id(note: bytes) -> bytes:
    """Change the key identifier in the line of the second signature."""
    line = lines(note)[1]
    name, _, blob = line.rpartition(b" ")
    other = (b"B" if blob[:1] != b"B" else b"C") + blob[1:]
    return note.replace(line, name + b" " + other)


STATEMENTS = {
    "a leaf hash of level 0": ("", "tile 0/0"),
    "the head is gone": ("DELETE FROM log_state", "no head"),
    "one entry more": ("UPDATE log_state SET size = size + 1", "are on record"),
    "one entry less": (
        "UPDATE log_state SET size = size - 1",
        "1 entry is on record, and it is over 2",
    ),
    "the newest passport is gone": (
        "DELETE FROM passport WHERE log_index = (SELECT max(log_index) FROM passport)",
        "nothing that is here was logged",
    ),
    "the first passport is gone": (
        "DELETE FROM passport WHERE log_index = (SELECT min(log_index) FROM passport)",
        "nothing that is here was logged",
    ),
    "the purpose of a list": (
        "UPDATE status_list SET purpose = 'suspension' WHERE id = 'revocation-1'",
        "signed for revocation",
    ),
    "a name of a model": ("UPDATE battery_model SET category = 'lmt'", "its category differs"),
    "the size of a batch": ("UPDATE batch SET size = 3", "its size differs"),
    "the name of an operator": (
        "UPDATE operator SET name = 'Evil Maker' WHERE id = 'maker'",
        "its name differs",
    ),
    "the name of a key": (
        "UPDATE signing_key SET kid = 'x' WHERE operator_id = 'maker'",
        "another name than its thumbprint",
    ),
    "the place of a key": (
        "UPDATE signing_key SET uri = uri || 'x' WHERE operator_id = 'maker'",
        "its file is not where",
    ),
}


@pytest.mark.parametrize(
    ("databases", "name"),
    each_with_each(["sqlite", "postgresql"], list(STATEMENTS)),
    indirect=["databases"],
)
def test_what_an_auditor_damages_is_found(world: World, name: str) -> None:
    world.issue()
    assert faults(world) == ()
    statement, said = STATEMENTS[name]
    if statement:
        spoil(world.store, statement)
    else:
        tile = swapped_bit(hashes(world.store, "log_tile", 0))
        spoil(world.store, "UPDATE log_tile SET hashes = :tile WHERE level = 0", tile=tile)
    assert any(said in fault.reason for fault in faults(world)), faults(world)


def test_a_token_that_is_garbage_is_found(world: World) -> None:
    world.issue()
    publish_token_status_list(world.store, world.keyring, ADDRESS, MAKER, "revocation-1", NOW)
    assert faults(world) == ()
    garbage = "UPDATE status_list SET token = :token WHERE id = 'revocation-1'"
    spoil(world.store, garbage, token=b"garbage")
    [fault] = faults(world)
    assert (fault.kind, fault.id) == ("status list", f"{MAKER}/revocation-1")
    assert "token" in fault.reason


@pytest.mark.parametrize("change", [without_ml_dsa, another_key_id])
def test_a_signature_that_is_silently_gone_is_found(
    world: World, change: Callable[[bytes], bytes]
) -> None:
    world.issue()
    checkpoint(world, change)
    [fault] = faults(world)
    assert (fault.kind, fault.reason) == (
        "log head",
        "the signature of its ML-DSA-44 key is missing",
    )


def test_after_a_compromise_what_was_logged_before_the_cut_is_sound_and_the_rest_is_not(
    world: World,
) -> None:
    world.issue("SN-1", "SN-2")
    world.issue("T-1", id="b-2")
    with world.store.reading() as reading:
        [old] = reading.signing_keys.of(MAKER)
    rotate_key(world.store, world.keyring, ADDRESS, MAKER, LATER)
    revoke_key(world.store, world.keyring, ADDRESS, MAKER, old.kid, 3, LATER)
    assert faults(world) == ()
    revoke_key(world.store, world.keyring, ADDRESS, MAKER, old.kid, 2, LATER)
    [fault] = faults(world)
    assert (fault.kind, "compromised" in fault.reason) == ("passport", True)


@pytest.mark.parametrize(
    ("statement", "table"),
    [
        ("UPDATE operator SET document = '{' WHERE id = 'rival'", "operator"),
        ("UPDATE facility SET document = '{'", "facility"),
        ("UPDATE energy_period SET document = '{'", "energy period"),
        ("UPDATE operator SET created_at = '2026-11-22 22124:25.000000'", "operator"),
        ("UPDATE signing_key SET public_jwk = '{' WHERE operator_id = 'maker'", "signing key"),
        ("UPDATE passport SET issued_at = 'x'", "passport"),
        ("UPDATE operator SET name = CAST(x'ff41' AS TEXT) WHERE id = 'rival'", "operator"),
    ],
)
def test_what_cannot_be_read_is_a_fault_that_names_table_and_key(
    sqlite_world: World, statement: str, table: str
) -> None:
    sqlite_world.issue()
    spoil(sqlite_world.store, statement)
    found = faults(sqlite_world)
    assert any(fault.kind == table and fault.id != "-" for fault in found), found


def test_a_kept_log_is_checked_as_ones_own(first: World, spare: Second) -> None:
    spare.take(written(first, spare.folder.with_suffix(".zip")))
    assert faults(spare.world) == ()
    tile = swapped_bit(hashes(spare.store, "kept_log_tile", 0))
    spoil(spare.store, "UPDATE kept_log_tile SET hashes = :tile WHERE level = 0", tile=tile)
    [fault] = faults(spare.world)
    assert (fault.kind, "tile 0/0" in fault.reason) == ("log head", True)
