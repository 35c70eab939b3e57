"""Logs of other servers that are kept here: their head, tiles and proofs, as their server gave them out."""

from collections.abc import Iterator, Sequence

from passports.continuity import kept_log_of
from passports.errors import RecordNotFoundError
from passports.log import (
    Remembered,
    entry_at,
    parse_tile_path,
    prove_inclusion,
    prove_many,
    split_hashes,
)
from passports.store import KeptLogRow, KeptLogTileRow, Transaction
from signing.merkle import HASH_BYTES, MerkleTree, inclusion_proof
from signing.tiles import TILE_WIDTH, TiledTree, entry_bundle
from signing.transparency_log import LogProof

ENTRIES = -1


def kept_tile(
    transaction: Transaction, origin: str, level: int | None, index: int, width: int
) -> bytes:
    """Return a tile of a kept log, see `log.read_tile`.

    Raises:
        RecordNotFoundError: the log has no such tile, or not so many hashes in it.
    """
    key = (origin, ENTRIES if level is None else level, index)
    row = transaction.kept_log_tiles.get(*key)
    if row is None or not 1 <= width <= TILE_WIDTH or len(row.hashes) < width * HASH_BYTES:
        raise RecordNotFoundError("tile", f"{level}/{index}/{width}")
    hashes = row.hashes[: width * HASH_BYTES]
    return entry_bundle(split_hashes(hashes)) if level is None else hashes


def prove_kept(transaction: Transaction, log: KeptLogRow, index: int) -> bytes:
    """Return the proof that the leaf `index` is in a kept log (c2sp.org/tlog-proof).

    Raises:
        RecordNotFoundError: there is no such leaf.
    """
    if not 0 <= index < log.size:
        raise RecordNotFoundError("log entry", str(index))
    tree = Remembered(
        TiledTree(log.size, lambda p: kept_tile(transaction, log.origin, *parse_tile_path(p)))
    )
    path = inclusion_proof(tree, index, log.size)
    return LogProof(index, tuple(path), log.checkpoint).to_bytes()


def kept_entry(transaction: Transaction, origin: str, index: int) -> bytes | None:
    """Return the entry at an index of a kept log, or None."""
    row = transaction.kept_log_tiles.get(origin, ENTRIES, index // TILE_WIDTH)
    place = index % TILE_WIDTH * HASH_BYTES
    return (row.hashes[place : place + HASH_BYTES] if row is not None else b"") or None


def entry_of(transaction: Transaction, operator_id: str, index: int) -> bytes | None:
    """Return the entry at an index of the log in which an operator's credentials stand, or None."""
    kept = kept_log_of(transaction, operator_id)
    if kept is None:
        return entry_at(transaction, index)
    return kept_entry(transaction, kept.origin, index)


def proof_of(transaction: Transaction, operator_id: str, index: int) -> bytes:
    """Return the proof that an operator's credential is in the log in which it stands.

    Raises:
        RecordNotFoundError: there is no such leaf.
    """
    kept = kept_log_of(transaction, operator_id)
    if kept is None:
        return prove_inclusion(transaction, index)
    return prove_kept(transaction, kept, index)


def proofs_of(transaction: Transaction, places: Sequence[tuple[str, int]]) -> list[bytes]:
    """Return proofs for many credentials by (operator, index), see `proof_of`.

    Raises:
        RecordNotFoundError: one of them is in no log here.
    """
    operators = {operator_id for operator_id, _index in places}
    kept = {operator_id: kept_log_of(transaction, operator_id) for operator_id in operators}
    own = [index for operator_id, index in places if kept[operator_id] is None]
    of_own = iter(prove_many(transaction, own))
    proofs = []
    for operator_id, index in places:
        log = kept[operator_id]
        proofs.append(next(of_own) if log is None else prove_kept(transaction, log, index))
    return proofs


def kept_root(transaction: Transaction, log: KeptLogRow) -> tuple[int, bytes]:
    """Compute the root of a kept log anew from its entries alone; return (size, root)."""
    tree = MerkleTree()
    for row in _entry_rows(transaction, log):
        for entry in split_hashes(row.hashes):
            tree.append(entry)
    return len(tree), tree.root()


def _entry_rows(transaction: Transaction, log: KeptLogRow) -> Iterator[KeptLogTileRow]:
    for index in range(-(-log.size // TILE_WIDTH)):
        row = transaction.kept_log_tiles.get(log.origin, ENTRIES, index)
        if row is not None:
            yield row
