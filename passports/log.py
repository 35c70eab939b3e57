"""The transparency log of everything that is issued here: it grows, and never changes.

A tree over the SHA-256 of each credential (RFC 6962), its head a signed checkpoint (C2SP), its hashes
kept as tiles, so that proofs need no other index. Whoever kept an old checkpoint can see that nothing
before it was rewritten; a compromised key is cut off at an index instead of voiding all it signed.
Leaves are hashes: the log tells nothing about a battery to somebody who does not have its passport.
"""

import base64
import re
from collections.abc import Sequence
from dataclasses import dataclass, replace
from datetime import datetime
from typing import Final

from passports.errors import (
    Finding,
    InvalidInputError,
    OperatorReadOnlyError,
    RecordNotFoundError,
    StaleCheckpointError,
)
from passports.store import LogStateRow, LogTileRow, Store, Transaction
from signing.errors import InvalidInclusionError, KeyUnavailableError, MalformedDocumentError
from signing.merkle import (
    HASH_BYTES,
    MerkleTree,
    consistency_proof,
    inclusion_proof,
    leaf_hash,
    root,
)
from signing.signed_note import NoteSigner, split_note
from signing.tiles import TILE_WIDTH, TiledTree, entry_bundle
from signing.transparency_log import Checkpoint, LogProof, open_checkpoint, sign_checkpoint

_STATE: Final = 1
_ENTRIES: Final = -1  # the level under which entries themselves are kept, see LogTileRow


@dataclass(frozen=True)
class LogSigners:
    """The log's name and its keys: Ed25519 first, cosigners (ML-DSA-44) after it."""

    origin: str
    signers: Sequence[NoteSigner]


def append(
    transaction: Transaction, log: LogSigners, entries: Sequence[bytes], now: datetime
) -> int:
    """Append entries (32 bytes each) and sign the new head; return the index of the first.

    Others who append wait until this transaction ends, so that indices have no gaps.

    Raises:
        OperatorReadOnlyError: a log of this name is kept here from an archive; it would fork.
        KeyUnavailableError: another key signed the log so far; two histories would have one name.
    """
    if transaction.kept_logs.get(log.origin) is not None:
        raise _kept(log.origin)
    state = transaction.log_state.lock()
    if state is None:
        state = LogStateRow(id=_STATE, size=0, checkpoint=b"", updated_at=now)
        transaction.log_state.add(state)
    elif not _is_signed_by(state.checkpoint, log):
        raise KeyUnavailableError("file:log-ed25519.json", "not_the_key_of_this_log", _OTHER_KEY)
    first = state.size
    _extend(transaction, _ENTRIES, first, entries)
    _extend(transaction, 0, first, [leaf_hash(entry) for entry in entries])
    state.size = first + len(entries)
    head = Checkpoint(log.origin, state.size, root(_tree(transaction, state.size), state.size))
    state.checkpoint = sign_checkpoint(head, log.signers, now)
    state.updated_at = now
    transaction.log_state.add(state)
    return first


_OTHER_KEY: Final = (
    "another one signed the log so far, and who pinned that would believe nothing any more; put the "
    "log's two key files (log-ed25519.json, log-ml-dsa-44.json) back into the folder of keys"
)


def _is_signed_by(head: bytes, log: LogSigners) -> bool:
    """Tell whether the log's first key is the one that signed a head, also under a former origin."""
    try:
        origin = Checkpoint.parse(split_note(head)[0]).origin
        open_checkpoint(head, [replace(log.signers[0].verifier, name=origin)])
    except (MalformedDocumentError, InvalidInclusionError):
        return False
    return True


def _kept(origin: str) -> OperatorReadOnlyError:
    reason = "a log of this name is kept here from an archive, and a second one would contradict it"
    remedy = "Issue under a VOLTPASS_PUBLIC_URL of your own; what is kept is served all the same."
    finding = Finding("VOLTPASS_PUBLIC_URL", origin, reason, remedy)
    return OperatorReadOnlyError("Nothing can be issued under this address here.", [finding])


def _extend(transaction: Transaction, level: int, size: int, hashes: Sequence[bytes]) -> None:
    """Write hashes after the first `size` of a level; full tiles give one hash of the next."""
    full: list[bytes] = []
    position = 0
    while position < len(hashes):
        index, filled = divmod(size + position, TILE_WIDTH)
        taken = hashes[position : position + TILE_WIDTH - filled]
        row = transaction.log_tiles.get(level, index)
        if row is None:
            row = LogTileRow(level=level, index=index, hashes=b"")
        row.hashes += b"".join(taken)
        transaction.log_tiles.add(row)
        position += len(taken)
        if filled + len(taken) == TILE_WIDTH and level != _ENTRIES:
            full.append(MerkleTree(split_hashes(row.hashes)).root())
    if full:
        _extend(transaction, level + 1, size // TILE_WIDTH, full)


def split_hashes(hashes: bytes) -> list[bytes]:
    """Return the hashes that stand side by side in a tile."""
    return [hashes[i : i + HASH_BYTES] for i in range(0, len(hashes), HASH_BYTES)]


_TILE_PATH: Final = re.compile(
    r"tile/(?:(?P<level>[0-9]|[1-5][0-9]|6[0-3])|entries)"
    r"/(?P<index>(?:x[0-9]{3}/){0,5}[0-9]{3})(?:\.p/(?P<width>[1-9][0-9]{0,2}))?"
)


def parse_tile_path(path: str) -> tuple[int | None, int, int]:
    """Return (level, index, width) of a path of C2SP tlog-tiles; level None is a bundle of entries.

    Raises:
        RecordNotFoundError: it is no such path.
    """
    found = _TILE_PATH.fullmatch(path)
    if found is None:
        raise RecordNotFoundError("tile", path)
    level = int(found["level"]) if found["level"] is not None else None
    index = int(found["index"].replace("x", "").replace("/", ""))
    return level, index, int(found["width"] or TILE_WIDTH)


class Remembered:
    """A tree whose hashes are computed once: proofs of neighbours share most of their path."""

    def __init__(self, tree: TiledTree) -> None:
        self._tree = tree
        self._nodes: dict[tuple[int, int], bytes] = {}

    def node(self, level: int, index: int) -> bytes:
        """Return the hash of a complete subtree."""
        if (level, index) not in self._nodes:
            self._nodes[level, index] = self._tree.node(level, index)
        return self._nodes[level, index]


def _tree(transaction: Transaction, size: int) -> TiledTree:
    return TiledTree(size, lambda path: read_tile(transaction, *parse_tile_path(path)))


def log_size(transaction: Transaction) -> int:
    """Return how many entries the log has."""
    state = transaction.log_state.get(_STATE)
    return state.size if state is not None else 0


def checkpoint(transaction: Transaction) -> bytes:
    """Return the signed head of the log.

    Raises:
        RecordNotFoundError: nothing was issued here yet.
    """
    state = transaction.log_state.get(_STATE)
    if state is None:
        raise RecordNotFoundError("checkpoint", "of the log", "Nothing was issued here yet.")
    return state.checkpoint


def prove_inclusion(transaction: Transaction, index: int) -> bytes:
    """Return the proof that the leaf `index` is in the log (c2sp.org/tlog-proof).

    Raises:
        RecordNotFoundError: there is no such leaf.
    """
    state = transaction.log_state.get(_STATE)
    size = state.size if state is not None else 0
    if state is None or not 0 <= index < size:
        raise RecordNotFoundError("log entry", str(index))
    path = inclusion_proof(_tree(transaction, size), index, size)
    return LogProof(index, tuple(path), state.checkpoint).to_bytes()


def prove_many(transaction: Transaction, indices: Sequence[int]) -> list[bytes]:
    """Return proofs for many leaves against one head; tiles are read once.

    Raises:
        RecordNotFoundError: one of the leaves is not in the log.
    """
    state = transaction.log_state.get(_STATE)
    if state is None:
        return [prove_inclusion(transaction, index) for index in indices]
    tree = Remembered(_tree(transaction, state.size))
    try:
        paths = [tuple(inclusion_proof(tree, index, state.size)) for index in indices]
    except InvalidInclusionError as error:
        raise RecordNotFoundError("log entry", error.message) from None
    return [
        LogProof(index, path, state.checkpoint).to_bytes()
        for index, path in zip(indices, paths, strict=True)
    ]


def prove_consistency(transaction: Transaction, old_size: int) -> list[bytes]:
    """Return the proof that the log of `old_size` leaves is the beginning of today's.

    Raises:
        RecordNotFoundError: the log never had this size.
    """
    state = transaction.log_state.get(_STATE)
    size = state.size if state is not None else 0
    try:
        return consistency_proof(_tree(transaction, size), old_size, size)
    except InvalidInclusionError:
        raise RecordNotFoundError("log size", str(old_size)) from None


def witness_request(transaction: Transaction, old_size: int) -> bytes:
    """Return what a witness is asked (c2sp.org/tlog-witness): old size, proof, newest head.

    Raises:
        RecordNotFoundError: nothing was issued yet, or the log never had that size.
    """
    note = checkpoint(transaction)
    proof = prove_consistency(transaction, old_size) if old_size else []
    lines = [f"old {old_size}", *(base64.b64encode(item).decode() for item in proof)]
    return ("\n".join(lines) + "\n\n").encode() + note


def add_cosignatures(
    transaction: Transaction, request: bytes, signatures: str, now: datetime
) -> None:
    """Add a witness's signature lines to the head that it was asked about, if it still is the newest.

    Raises:
        StaleCheckpointError: the log has grown since; ask again.
        InvalidInputError: the answer is not signature lines.
    """
    state = transaction.log_state.lock()
    asked = request.partition(b"\n\n")[2]
    if state is None or state.checkpoint != asked:
        raise StaleCheckpointError("The log has grown since the witness was asked.")
    note = state.checkpoint + signatures.encode()
    try:
        split_note(note)
    except MalformedDocumentError as error:
        reason = f"the witness's answer is not signature lines: {error}"
        raise InvalidInputError([Finding("answer", "", reason, "Check its address.")]) from None
    state.checkpoint = note
    state.updated_at = now
    transaction.log_state.add(state)


def read_tile(transaction: Transaction, level: int | None, index: int, width: int) -> bytes:
    """Return a published tile (C2SP tlog-tiles); `level` None means a bundle of entries.

    Raises:
        RecordNotFoundError: the log has no such tile, or not so many hashes in it.
    """
    row = transaction.log_tiles.get(_ENTRIES if level is None else level, index)
    if row is None or not 1 <= width <= TILE_WIDTH or len(row.hashes) < width * HASH_BYTES:
        raise RecordNotFoundError("tile", f"{level}/{index}/{width}")
    hashes = row.hashes[: width * HASH_BYTES]
    return entry_bundle(split_hashes(hashes)) if level is None else hashes


def entry_at(transaction: Transaction, index: int) -> bytes | None:
    """Return the entry at an index, or None."""
    row = transaction.log_tiles.get(_ENTRIES, index // TILE_WIDTH)
    place = index % TILE_WIDTH * HASH_BYTES
    entry = row.hashes[place : place + HASH_BYTES] if row is not None else b""
    return entry or None


def recomputed_root(store: Store) -> tuple[int, bytes, bytes] | None:
    """Compute the root anew from the entries alone; return (size, root, checkpoint), or None."""
    with store.reading() as reading:
        state = reading.log_state.get(_STATE)
        if state is None:
            return None
        tree = MerkleTree()
        for index in range(-(-state.size // TILE_WIDTH)):
            row = reading.log_tiles.get(_ENTRIES, index)
            for entry in split_hashes(row.hashes) if row is not None else []:
                tree.append(entry)
        return len(tree), tree.root(), state.checkpoint
