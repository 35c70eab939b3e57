"""The log of what is issued: it grows, its tiles and proofs fit its head, and nothing before changes."""

import base64
import hashlib
from pathlib import Path

import pytest
from sqlalchemy import text

from passports.errors import InvalidInputError, RecordNotFoundError, StaleCheckpointError
from passports.keyring import Keyring
from passports.log import (
    add_cosignatures,
    append,
    checkpoint,
    entry_at,
    log_size,
    parse_tile_path,
    prove_consistency,
    prove_inclusion,
    prove_many,
    read_tile,
    recomputed_root,
    witness_request,
)
from passports.store import Transaction
from signing.errors import KeyUnavailableError
from signing.merkle import MerkleTree, leaf_hash, verify_consistency, verify_inclusion
from signing.signed_note import split_note
from signing.tiles import TILE_WIDTH
from signing.transparency_log import Checkpoint, LogProof, log_entry, open_checkpoint
from tests.worlds import ADDRESS, NOW, World


def entries(count: int, start: int = 0) -> list[bytes]:
    """Return entries of a log."""
    return [hashlib.sha256(str(start + number).encode()).digest() for number in range(count)]


def write(world: World, *parts: int) -> MerkleTree:
    """Append entries in parts; return a tree over the same, kept in memory."""
    tree = MerkleTree()
    log = world.keyring.log_signers(ADDRESS.log_origin)
    for part in parts:
        made = entries(part, len(tree))
        with world.store.transaction() as transaction:
            assert append(transaction, log, made, NOW) == len(tree)
        for entry in made:
            tree.append(entry)
    return tree


def head(reading: Transaction) -> Checkpoint:
    """Return the head of the log."""
    return Checkpoint.parse(split_note(checkpoint(reading))[0])


@pytest.mark.parametrize("parts", [(1,), (3, 1), (255, 2), (256,), (300, 300), (1, 255, 256, 1)])
def test_the_head_is_the_root_over_all_entries(world: World, parts: tuple[int, ...]) -> None:
    tree = write(world, *parts)
    with world.store.reading() as reading:
        found = head(reading)
    assert (found.origin, found.size, found.root) == ("id.example.com/log", len(tree), tree.root())
    again = recomputed_root(world.store)
    assert again is not None
    assert again[:2] == (len(tree), tree.root())


def test_the_head_is_signed_by_both_keys(sqlite_world: World) -> None:
    write(sqlite_world, 2)
    signers = sqlite_world.keyring.log_signers(ADDRESS.log_origin).signers
    with sqlite_world.store.reading() as reading:
        note = checkpoint(reading)
    open_checkpoint(note, [signer.verifier for signer in signers])
    key_ids = {signature.key_id for signature in split_note(note)[1]}
    assert key_ids == {signer.verifier.key_id for signer in signers}


def test_another_key_does_not_carry_the_log_on(world: World, tmp_path: Path) -> None:
    """A second server without the first one's keys, or a folder of keys that was lost."""
    tree = write(world, 2)
    elsewhere = Keyring(tmp_path, b"another").log_signers(ADDRESS.log_origin)
    with (
        pytest.raises(KeyUnavailableError, match=r"not the key of this log.*log-ed25519\.json"),
        world.store.transaction() as transaction,
    ):
        append(transaction, elsewhere, entries(1, 2), NOW)
    with world.store.transaction() as transaction:
        assert head(transaction).size == log_size(transaction) == 2
        append(transaction, world.keyring.log_signers(ADDRESS.log_origin), entries(1, 2), NOW)
        assert log_size(transaction) == len(tree) + 1


def test_a_head_that_was_damaged_is_not_carried_on(sqlite_world: World) -> None:
    write(sqlite_world, 2)
    log = sqlite_world.keyring.log_signers(ADDRESS.log_origin)
    with sqlite_world.store.engine.begin() as connection:
        connection.execute(text("UPDATE log_state SET checkpoint = :nonsense"), {"nonsense": b"x"})
    with (
        pytest.raises(KeyUnavailableError, match="not the key of this log"),
        sqlite_world.store.transaction() as transaction,
    ):
        append(transaction, log, entries(1, 2), NOW)


def test_every_leaf_has_a_proof_and_no_other_leaf_has_it(sqlite_world: World) -> None:
    tree = write(sqlite_world, 300)
    with sqlite_world.store.reading() as reading:
        for index in (0, 1, 127, 255, 256, 299):
            proof = LogProof.parse(prove_inclusion(reading, index))
            leaf = leaf_hash(entries(300)[index])
            verify_inclusion(leaf, index, 300, list(proof.hashes), tree.root())
            assert proof.index == index
        for wrong in (-1, 300, 10**9):
            with pytest.raises(RecordNotFoundError):
                prove_inclusion(reading, wrong)


def test_an_old_head_is_the_beginning_of_the_new_one(sqlite_world: World) -> None:
    old = write(sqlite_world, 200).root()
    log = sqlite_world.keyring.log_signers(ADDRESS.log_origin)
    with sqlite_world.store.transaction() as transaction:
        append(transaction, log, entries(200, 200), NOW)
    with sqlite_world.store.reading() as reading:
        proof = prove_consistency(reading, 200)
        verify_consistency(200, 400, proof, old, head(reading).root)
        with pytest.raises(RecordNotFoundError):
            prove_consistency(reading, 401)


def test_tiles_hold_the_hashes_and_no_more_than_there_are(world: World) -> None:
    write(world, 300)
    hashes = b"".join(leaf_hash(entry) for entry in entries(300))
    with world.store.reading() as reading:
        assert read_tile(reading, 0, 0, TILE_WIDTH) == hashes[: TILE_WIDTH * 32]
        assert read_tile(reading, 0, 1, 44) == hashes[TILE_WIDTH * 32 :]
        assert len(read_tile(reading, 1, 0, 1)) == 32
        assert entries(1)[0] in read_tile(reading, None, 0, 1)
        for level, index, width in ((0, 1, 45), (0, 2, 1), (0, 0, 0), (0, 0, 257), (9, 0, 1)):
            with pytest.raises(RecordNotFoundError):
                read_tile(reading, level, index, width)


def test_before_the_first_entry_there_is_no_head(world: World) -> None:
    with world.store.reading() as reading:
        with pytest.raises(RecordNotFoundError):
            checkpoint(reading)
        with pytest.raises(RecordNotFoundError):
            prove_inclusion(reading, 0)
        with pytest.raises(RecordNotFoundError):
            prove_consistency(reading, 1)
        assert entry_at(reading, 0) is None
    assert recomputed_root(world.store) is None


def test_many_proofs_at_once_are_the_proofs_one_by_one(world: World) -> None:
    with world.store.reading() as reading:
        assert (log_size(reading), prove_many(reading, [])) == (0, [])
        with pytest.raises(RecordNotFoundError):
            prove_many(reading, [0])
    write(world, 300)
    wanted = [0, 255, 256, 299, 0]
    with world.store.reading() as reading:
        assert prove_many(reading, wanted) == [prove_inclusion(reading, i) for i in wanted]
        assert log_size(reading) == 300
        with pytest.raises(RecordNotFoundError):
            prove_many(reading, [0, 300])


def test_a_witness_is_asked_with_the_proof_from_what_it_knows(sqlite_world: World) -> None:
    write(sqlite_world, 3, 2)
    with sqlite_world.store.reading() as reading:
        first, later = witness_request(reading, 0), witness_request(reading, 3)
        assert first == b"old 0\n\n" + checkpoint(reading)
        lines = later.partition(b"\n\n")[0].decode().split("\n")
        proof = [base64.b64decode(line) for line in lines[1:]]
        assert lines[0] == "old 3"
        assert proof == prove_consistency(reading, 3)


def test_a_cosignature_is_kept_beside_the_logs_own_and_comes_too_late_for_another_head(
    sqlite_world: World,
) -> None:
    write(sqlite_world, 2)
    key_line = "\N{EM DASH} witness.example " + base64.b64encode(bytes(76)).decode() + "\n"
    with sqlite_world.store.transaction() as transaction:
        request = witness_request(transaction, 0)
        with pytest.raises(InvalidInputError):
            add_cosignatures(transaction, request, "thank you", NOW)
        add_cosignatures(transaction, request, key_line, NOW)
    with sqlite_world.store.reading() as reading:
        names = [signature.name for signature in split_note(checkpoint(reading))[1]]
    assert names == ["id.example.com/log", "id.example.com/log", "witness.example"]
    with (
        sqlite_world.store.transaction() as transaction,
        pytest.raises(StaleCheckpointError),
    ):
        add_cosignatures(transaction, request, key_line, NOW)


def test_what_is_issued_is_logged_by_its_hash(world: World) -> None:
    world.issue("A-1", "A-2")
    with world.store.reading() as reading:
        for row in reading.passports.page():
            assert entry_at(reading, row.log_index) == log_entry(row.credential)
        assert entry_at(reading, 2) is None


@pytest.mark.parametrize(
    ("path", "expected"),
    [
        ("tile/0/000", (0, 0, 256)),
        ("tile/0/x001/067", (0, 1067, 256)),
        ("tile/63/x001/x234/067", (63, 1234067, 256)),
        ("tile/entries/000.p/5", (None, 0, 5)),
        ("tile/1/000.p/255", (1, 0, 255)),
    ],
)
def test_paths_of_tiles_are_read(path: str, expected: tuple[int | None, int, int]) -> None:
    assert parse_tile_path(path) == expected


@pytest.mark.parametrize(
    "path",
    [
        "",
        "tile",
        "tile/64/000",
        "tile/0/00",
        "tile/0/1000",
        "tile/-1/000",
        "tile/0/000.p/0",
        "tile/0/0x0",
        "x/0/000",
    ],
)
def test_other_paths_are_not_found(path: str) -> None:
    with pytest.raises(RecordNotFoundError):
        parse_tile_path(path)
