"""What `fsck` checks of logs: tiles anew from the entries, the head, its signatures, whose each leaf is."""

from collections.abc import Iterator, Mapping, Sequence
from itertools import pairwise
from typing import Final

from passports.fsck.faults import Found, Reason, reason_of
from passports.fsck.known import kept_verifiers
from passports.fsck.rows import all_rows, kept_log_of
from passports.log import split_hashes
from passports.plurals import are, counted
from passports.store import (
    KeptLogRow,
    KeptLogTileRow,
    LogStateRow,
    LogTileRow,
    OneView,
    Transaction,
)
from signing.errors import SigningError
from signing.merkle import HASH_BYTES, MerkleTree, leaf_hash
from signing.signed_note import NoteVerifier, split_note
from signing.tiles import TILE_WIDTH
from signing.transparency_log import Checkpoint, open_checkpoint

_ENTRIES: Final = -1  # the level of the entries themselves, see LogTileRow
Tiles = Mapping[tuple[int, int], bytes]


def check_log(store: OneView, verifiers: Sequence[NoteVerifier]) -> Iterator[Found]:
    """Yield for the head of this server's log what is wrong with it or the tiles below it, or None.

    Without `verifiers` the head is held against its entries, but its signatures are not.
    """
    with store.reading() as reading:
        states = list(all_rows(reading, LogStateRow))
        tiles = {(row.level, row.index): row.hashes for row in all_rows(reading, LogTileRow)}
    for state in states:
        reason = reason_of(lambda: _head(state.size, state.checkpoint, tiles, verifiers))  # noqa: B023 # called at once
        if state.id != 1:
            reason = f"it is filed under {state.id}, where nobody looks for it"
        yield None if reason is None else ("log head", "checkpoint", reason)
    if not states and tiles:
        yield ("log head", "checkpoint", "the log has entries, and no head")


def check_kept_logs(store: OneView) -> Iterator[Found]:
    """Yield for each log that is kept for others what is wrong with it, or None."""
    with store.reading() as reading:
        logs = list(all_rows(reading, KeptLogRow))
        tiles: dict[str, dict[tuple[int, int], bytes]] = {log.origin: {} for log in logs}
        homeless = set()
        for row in all_rows(reading, KeptLogTileRow):
            if row.origin not in tiles:
                homeless.add(row.origin)
            tiles.setdefault(row.origin, {})[row.level, row.index] = row.hashes
    for log in logs:
        verifiers = kept_verifiers(log)
        reason = reason_of(
            lambda: _head(log.size, log.checkpoint, tiles[log.origin], verifiers)  # noqa: B023 # called at once
        )
        if reason is None and len(verifiers) != len(log.keys):
            reason = "a key of it cannot be read"
        elif (
            reason is None and Checkpoint.parse(split_note(log.checkpoint)[0]).origin != log.origin
        ):
            reason = "its head is of another log"
        yield None if reason is None else ("log head", log.origin, reason)
    for origin in sorted(homeless):
        yield ("log head", origin, "tiles of it are kept, and no head")


def _head(size: int, note: bytes, tiles: Tiles, verifiers: Sequence[NoteVerifier]) -> Reason:
    try:
        head = Checkpoint.parse(split_note(note)[0])
        if verifiers:
            signers = set(open_checkpoint(note, verifiers).signers)
            missing = [v for v in verifiers if (v.name, v.kind) not in signers]
            if missing:
                kind = missing[0].key.key_type
                return f"the signature of its {kind} key is missing"
    except SigningError as error:
        return str(error)
    return _tree(head, size, tiles)


def _tree(head: Checkpoint, size: int, tiles: Tiles) -> Reason:
    entries = _level(tiles, _ENTRIES)
    if entries is None:
        return "its entries have a gap"
    tree = MerkleTree(leaf_hash(entry) for entry in entries)
    if (head.size, head.root) != (len(tree), tree.root()):
        return f"its root over {head.size} leaves is not the root of the {counted(len(tree), 'entries')}"
    if size != head.size:
        return f"{counted(size, 'entries')} {are(size)} on record, and it is over {head.size}"
    return _tiles_above(entries, tiles)


def _tiles_above(entries: Sequence[bytes], tiles: Tiles) -> Reason:
    """Make every tile anew and hold it against the one that is stored: proofs are served from these."""
    level, hashes = 0, [leaf_hash(entry) for entry in entries]
    expected = {(_ENTRIES, index): data for index, data in _tiled(entries)}
    while hashes:
        expected |= {(level, index): data for index, data in _tiled(hashes)}
        full = len(hashes) // TILE_WIDTH
        starts = range(0, full * TILE_WIDTH, TILE_WIDTH)
        hashes = [MerkleTree(hashes[at : at + TILE_WIDTH]).root() for at in starts]
        level += 1
    for level, index in sorted(expected.keys() | tiles.keys()):
        if tiles.get((level, index)) != expected.get((level, index)):
            return f"its tile {level}/{index} is not what its entries make"
    return None


def _tiled(hashes: Sequence[bytes]) -> Iterator[tuple[int, bytes]]:
    for index, start in enumerate(range(0, len(hashes), TILE_WIDTH)):
        yield index, b"".join(hashes[start : start + TILE_WIDTH])


def _level(tiles: Tiles, level: int) -> list[bytes] | None:
    """Return all hashes of a level in their order, or None if one is missing or cut."""
    indices = sorted(index for of, index in tiles if of == level)
    data = [tiles[level, index] for index in indices]
    full = TILE_WIDTH * HASH_BYTES
    whole = indices == list(range(len(indices))) and all(len(d) == full for d, _ in pairwise(data))
    if not whole or any(len(d) % HASH_BYTES or not 0 < len(d) <= full for d in data):
        return None
    return [entry for d in data for entry in split_hashes(d)]


def check_leaves(store: OneView) -> Iterator[Found]:
    """Yield for each leaf of this server's log whether exactly one thing here was logged with it."""
    with store.reading() as reading:
        owned = _owned(reading, sum(state.size for state in all_rows(reading, LogStateRow)))
    for index, count in enumerate(owned):
        reason = None
        if count == 0:
            reason = "nothing that is here was logged with it: a record or an anchor was taken away"
        elif count > 1:
            reason = f"{count} things here say that they were logged with it"
        yield None if reason is None else ("log leaf", str(index), reason)


def _owned(reading: Transaction, size: int) -> bytearray:
    """Return of how many things here each leaf is; what is kept for another has a log that came with it."""
    leaves = list(reading.access_anchors.anchored_leaves())
    for operator_id, index in reading.access_anchors.leaves():
        if kept_log_of(reading, operator_id) is None:
            leaves.append(index)
    owned = bytearray(size)
    for index in leaves:
        if 0 <= index < size:
            owned[index] = min(owned[index] + 1, 255)
    return owned
