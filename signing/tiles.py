"""A log as static files: the layout of C2SP tlog-tiles (c2sp.org/tlog-tiles).

A tile is 256 hashes side by side; the hashes in a tile of level L each cover 256^L leaves. Full
tiles never change. All proofs can be made from tiles, so a log needs no other index, and any web
server or CDN can publish it.
"""

from collections.abc import Callable, Iterator, Sequence
from typing import Final

from signing.errors import InvalidInclusionError
from signing.merkle import HASH_BYTES, CompleteSubtrees, node_hash

TILE_WIDTH: Final = 256
_HEIGHT: Final = 8  # levels of the tree in one tile
_MAX_ENTRY: Final = 0xFFFF


def index_path(index: int) -> str:
    """The index in groups of three digits, all but the last with an ``x`` in front."""
    digits = str(index)
    digits = digits.zfill(-(-len(digits) // 3) * 3)
    groups = [digits[place : place + 3] for place in range(0, len(digits), 3)]
    return "/".join([*(f"x{group}" for group in groups[:-1]), groups[-1]])


def tile_path(level: int, index: int, width: int = TILE_WIDTH) -> str:
    """Where a tile is published, below the log's prefix."""
    partial = "" if width == TILE_WIDTH else f".p/{width}"
    return f"tile/{level}/{index_path(index)}{partial}"


def entries_path(index: int, width: int = TILE_WIDTH) -> str:
    """Where a bundle of entries is published, below the log's prefix."""
    partial = "" if width == TILE_WIDTH else f".p/{width}"
    return f"tile/entries/{index_path(index)}{partial}"


def tile_width(level: int, index: int, size: int) -> int:
    """How many hashes a tile has in a tree of this size; 0 where there is none."""
    return max(0, min(TILE_WIDTH, (size >> _HEIGHT * level) - index * TILE_WIDTH))


def tiles_for_growth(old_size: int, size: int) -> Iterator[tuple[int, int, int]]:
    """Level, index and width of each tile that must be written when a log has grown."""
    level = 0
    while size >> _HEIGHT * level:
        old_hashes, hashes = old_size >> _HEIGHT * level, size >> _HEIGHT * level
        if hashes > old_hashes:
            for index in range(old_hashes // TILE_WIDTH, (hashes - 1) // TILE_WIDTH + 1):
                yield level, index, tile_width(level, index, size)
        level += 1


def tile(tree: CompleteSubtrees, level: int, index: int, width: int = TILE_WIDTH) -> bytes:
    """The content of a tile."""
    first = index * TILE_WIDTH
    return b"".join(tree.node(level * _HEIGHT, place) for place in range(first, first + width))


def entry_bundle(entries: Sequence[bytes]) -> bytes:
    """The content of a bundle of entries: each with its length in two bytes before it.

    Raises:
        InvalidInclusionError: An entry is longer than two bytes can say.
    """
    if any(len(entry) > _MAX_ENTRY for entry in entries):
        raise InvalidInclusionError("log_inclusion", "entry_too_long", "more than 65,535 bytes")
    return b"".join(len(entry).to_bytes(2) + entry for entry in entries)


def entries_of(bundle: bytes) -> list[bytes]:
    """The entries in a bundle.

    Raises:
        InvalidInclusionError: The bundle ends within an entry.
    """
    entries, place = [], 0
    while place < len(bundle):
        end = place + 2 + int.from_bytes(bundle[place : place + 2])
        if end > len(bundle) or place + 2 > len(bundle):
            raise InvalidInclusionError("log_inclusion", "bundle_cut_off", "the bundle is cut off")
        entries.append(bundle[place + 2 : end])
        place = end
    return entries


class TiledTree:
    """Complete subtrees read from tiles; the proofs of `signing.merkle` work on it."""

    def __init__(self, size: int, read: Callable[[str], bytes]) -> None:
        """A tree whose tiles are read when they are needed, and kept.

        Args:
            size: Number of leaves, from a verified checkpoint.
            read: Gives the content at a path from `tile_path`.
        """
        self.size = size
        self._read = read
        self._tiles: dict[tuple[int, int], bytes] = {}

    def node(self, level: int, index: int) -> bytes:
        """The hash of a complete subtree.

        Raises:
            InvalidInclusionError: A tile has not the length that the size of the log requires.
        """
        tile_level, height = divmod(level, _HEIGHT)
        if height == 0:
            content = self._tile(tile_level, index // TILE_WIDTH)
            place = index % TILE_WIDTH * HASH_BYTES
            return content[place : place + HASH_BYTES]
        return node_hash(self.node(level - 1, 2 * index), self.node(level - 1, 2 * index + 1))

    def _tile(self, level: int, index: int) -> bytes:
        if (level, index) not in self._tiles:
            width = tile_width(level, index, self.size)
            content = self._read(tile_path(level, index, width))
            if len(content) != width * HASH_BYTES:
                raise InvalidInclusionError("log_inclusion", "tile_length", "tile of another width")
            self._tiles[level, index] = content
        return self._tiles[level, index]
