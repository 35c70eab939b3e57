"""The Merkle tree of RFC 6962 section 2.1 over SHA-256: append, root, inclusion and consistency proofs.

Everything is computed from the hashes of *complete* subtrees, which never change once they exist:
``node(level, index)`` covers the leaves from ``index * 2**level`` on, ``2**level`` of them. A tree
in memory has them in lists, a log on disk in tiles (`signing.tiles`); the proofs do not care.
"""

import hashlib
from collections.abc import Iterable, Sequence
from typing import Final, Protocol

from signing.errors import InvalidInclusionError

HASH_BYTES: Final = 32
# RFC 6962 section 2.1: the prefixes keep leaves and nodes apart.
_LEAF: Final = b"\x00"
_NODE: Final = b"\x01"
EMPTY_ROOT: Final = hashlib.sha256().digest()

_sha256 = hashlib.sha256


def leaf_hash(entry: bytes) -> bytes:
    """The hash of a leaf with this content."""
    return _sha256(_LEAF + entry).digest()


def node_hash(left: bytes, right: bytes) -> bytes:
    """The hash of a node over two subtrees."""
    return _sha256(_NODE + left + right).digest()


class CompleteSubtrees(Protocol):
    """Where the hashes of complete subtrees can be looked up."""

    def node(self, level: int, index: int) -> bytes:
        """The hash over leaves ``index * 2**level`` to ``(index + 1) * 2**level``, all present."""


class MerkleTree:
    """A tree in memory: two hashes of 32 bytes for each leaf."""

    def __init__(self, leaf_hashes: Iterable[bytes] = ()) -> None:
        """A tree over leaves in order.

        Args:
            leaf_hashes: From `leaf_hash`.
        """
        self._levels: list[list[bytes]] = [[]]
        for leaf in leaf_hashes:
            self.append_hash(leaf)

    def __len__(self) -> int:
        return len(self._levels[0])

    def append(self, entry: bytes) -> int:
        """Append a leaf with this content.

        Returns:
            Its index.
        """
        return self.append_hash(_sha256(_LEAF + entry).digest())

    def append_hash(self, leaf: bytes) -> int:
        """Append a leaf with this hash.

        Returns:
            Its index.
        """
        nodes = self._levels[0]
        index = len(nodes)
        nodes.append(leaf)
        # As many complete subtrees end here as the new size has zeros at its end.
        level, size = 1, index + 1
        while not size & 1:
            joined = _sha256(_NODE + nodes[-2] + nodes[-1]).digest()
            if level == len(self._levels):
                self._levels.append([])
            nodes = self._levels[level]
            nodes.append(joined)
            level, size = level + 1, size >> 1
        return index

    def node(self, level: int, index: int) -> bytes:
        """The hash of a complete subtree."""
        return self._levels[level][index]

    def root(self, size: int | None = None) -> bytes:
        """The root over the first ``size`` leaves, by default all."""
        return root(self, len(self) if size is None else size)

    def inclusion_proof(self, index: int, size: int | None = None) -> list[bytes]:
        """See `inclusion_proof`."""
        return inclusion_proof(self, index, len(self) if size is None else size)

    def consistency_proof(self, old_size: int, size: int | None = None) -> list[bytes]:
        """See `consistency_proof`."""
        return consistency_proof(self, old_size, len(self) if size is None else size)


class Frontier:
    """The right edge of a tree: enough to append and to know the root, in at most 64 hashes.

    Attributes:
        size: Number of leaves.
        edge: The hashes of the complete subtrees that make up the tree, largest first; there are as
            many as ``size`` has ones in binary. With ``size`` this is the whole state to be stored.
    """

    def __init__(self, size: int = 0, edge: Sequence[bytes] = ()) -> None:
        if size < 0 or len(edge) != size.bit_count():
            raise InvalidInclusionError("log_inclusion", "frontier", "edge and size do not fit")
        self.size = size
        self.edge = list(edge)

    def append_hash(self, leaf: bytes) -> int:
        """Append a leaf with this hash.

        Returns:
            Its index.
        """
        size = self.size
        while size & 1:
            leaf = node_hash(self.edge.pop(), leaf)
            size >>= 1
        self.edge.append(leaf)
        self.size += 1
        return self.size - 1

    def root(self) -> bytes:
        """The root over all leaves."""
        return _joined(self.edge) if self.edge else EMPTY_ROOT


def _joined(subtrees: Sequence[bytes]) -> bytes:
    """The root over complete subtrees, largest first."""
    *rest, joined = subtrees
    for subtree in reversed(rest):
        joined = node_hash(subtree, joined)
    return joined


def _range(tree: CompleteSubtrees, start: int, end: int) -> bytes:
    """The tree hash over leaves start to end; start is where a subtree of that size may begin."""
    subtrees = []
    while start < end:
        level = (end - start).bit_length() - 1
        subtrees.append(tree.node(level, start >> level))
        start += 1 << level
    return _joined(subtrees)


def root(tree: CompleteSubtrees, size: int) -> bytes:
    """The root over the first ``size`` leaves (RFC 6962 section 2.1)."""
    return _range(tree, 0, size) if size else EMPTY_ROOT


def inclusion_proof(tree: CompleteSubtrees, index: int, size: int) -> list[bytes]:
    """The audit path of a leaf in the tree of the first ``size`` leaves (RFC 6962 section 2.1.1).

    Raises:
        InvalidInclusionError: There is no such leaf.
    """
    if not 0 <= index < size:
        raise InvalidInclusionError("log_inclusion", "no_such_leaf", f"no leaf {index} of {size}")
    proof = []
    place, last, level = index, size - 1, 0
    while last:
        if place & 1:
            proof.append(tree.node(level, place - 1))
        elif place + 1 < last:
            proof.append(tree.node(level, place + 1))
        elif place + 1 == last:
            # The right neighbour is the edge of the tree and may be incomplete.
            proof.append(_range(tree, last << level, size))
        place, last, level = place >> 1, last >> 1, level + 1
    return proof


def consistency_proof(tree: CompleteSubtrees, old_size: int, size: int) -> list[bytes]:
    """That the first ``old_size`` leaves are still the same (RFC 6962 section 2.1.2).

    Raises:
        InvalidInclusionError: The old tree is not smaller or equal.
    """
    if not 0 <= old_size <= size:
        raise InvalidInclusionError("log_inclusion", "no_such_size", f"{old_size} of {size}")
    proof: list[bytes] = []
    if old_size in {0, size}:
        return proof
    start, end, is_whole = 0, size, True
    while old_size != end:
        split = start + (1 << (end - start - 1).bit_length() - 1)
        if old_size <= split:
            proof.append(_range(tree, split, end))
            end = split
        else:
            proof.append(_range(tree, start, split))
            start, is_whole = split, False
    if not is_whole:
        proof.append(_range(tree, start, end))
    return proof[::-1]


def root_from_inclusion(leaf: bytes, index: int, size: int, proof: Sequence[bytes]) -> bytes:
    """The root to which an audit path leads (RFC 9162 section 2.1.3.2).

    Args:
        leaf: The hash of the leaf.
        index: Its place.
        size: Number of leaves of the tree.
        proof: The audit path.

    Raises:
        InvalidInclusionError: The path has not the length that index and size require.
    """
    if not 0 <= index < size:
        raise InvalidInclusionError("log_inclusion", "no_such_leaf", f"no leaf {index} of {size}")
    place, last, joined = index, size - 1, leaf
    path = iter(proof)
    try:
        while last:
            if place & 1:
                joined = node_hash(next(path), joined)
            elif place < last:
                joined = node_hash(joined, next(path))
            place, last = place >> 1, last >> 1
    except StopIteration:
        raise InvalidInclusionError("log_inclusion", "proof_too_short", "too short") from None
    if next(path, None) is not None:
        raise InvalidInclusionError("log_inclusion", "proof_too_long", "too long")
    return joined


def verify_inclusion(
    leaf: bytes, index: int, size: int, proof: Sequence[bytes], expected_root: bytes
) -> None:
    """Check that a leaf is in a tree.

    Raises:
        InvalidInclusionError: It is not, or the proof does not show it.
    """
    if root_from_inclusion(leaf, index, size, proof) != expected_root:
        raise InvalidInclusionError(
            "log_inclusion", "root_differs", "the proof leads to another root"
        )


def verify_consistency(
    old_size: int, size: int, proof: Sequence[bytes], old_root: bytes, new_root: bytes
) -> None:
    """Check that a tree only grew (RFC 9162 section 2.1.4.2).

    Raises:
        InvalidInclusionError: It did not, or the proof does not show it.
    """
    if not 0 <= old_size <= size:
        raise InvalidInclusionError("log_inclusion", "log_shrank", f"{size} after {old_size}")
    if old_size in {0, size}:
        expected_old = EMPTY_ROOT if old_size == 0 else new_root
        if proof or old_root != expected_old:
            raise InvalidInclusionError("log_inclusion", "root_differs", "the old root differs")
        return
    # A tree that is one complete subtree is a node of the new one and is not repeated in the proof.
    hashes = [old_root, *proof] if old_size & (old_size - 1) == 0 else list(proof)
    if _joined_both(old_size - 1, size - 1, hashes) != (old_root, new_root):
        raise InvalidInclusionError("log_inclusion", "root_differs", "leads to other roots")


def _joined_both(place: int, last: int, hashes: list[bytes]) -> tuple[bytes, bytes]:
    """The roots of the old and the new tree, from the nodes they have in common."""
    while place & 1:
        place, last = place >> 1, last >> 1
    path = iter(hashes)
    try:
        old = new = next(path)
        while last:
            if place & 1:
                node = next(path)
                old, new = node_hash(node, old), node_hash(node, new)
            elif place < last:
                new = node_hash(new, next(path))
            place, last = place >> 1, last >> 1
    except StopIteration:
        raise InvalidInclusionError("log_inclusion", "proof_too_short", "too short") from None
    if next(path, None) is not None:
        raise InvalidInclusionError("log_inclusion", "proof_too_long", "too long")
    return old, new
