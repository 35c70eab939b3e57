"""Bytes on their way to other processes: in memory that all map; a pipe would keep both sides busy."""

import mmap
import os
from collections.abc import Iterable
from pathlib import Path
from tempfile import NamedTemporaryFile
from typing import Final, NamedTuple
from uuid import uuid4

_OPEN, _CLOSED = b"\1", b"\0"  # the first byte
SLOT_BYTES: Final = 2 << 20


class Spooled(NamedTuple):
    """Where parts of bytes stand; travels to whoever is to read them.

    Attributes:
        path: The file.
        start: Their place in it, in bytes.
        lengths: Of each part, in bytes.
    """

    path: str
    start: int
    lengths: tuple[int, ...]

    def read(self) -> list[bytes]:
        """The parts as they were put in.

        Raises:
            OSError: Nobody wants to know any more.
        """
        mapped = _mapped(self.path)
        if mapped[:1] != _OPEN:
            raise OSError(f"{self.path} was closed")
        parts = []
        end = self.start
        for length in self.lengths:
            start, end = end, end + length
            parts.append(mapped[start:end])
        return parts


class Spool:
    """Slots of equal size in a temporary file; gone when it is closed."""

    def __init__(self, common: bytes, slots: int) -> None:
        """Make the file.

        Args:
            common: What all readers need; it stays.
            slots: How many there are to be.

        Raises:
            OSError: There is no place for temporary files, or not enough.
        """
        # A name that was never used before: readers know a file by it.
        self._file = NamedTemporaryFile(prefix=f"voltpass-{uuid4()}-")  # noqa: SIM115 - see `close`
        self._file.write(_OPEN + common)
        self._file.flush()
        # A disk that is full is told here, and not by a signal when the memory is first touched.
        os.posix_fallocate(self._file.fileno(), 0, 1 + len(common) + slots * SLOT_BYTES)
        self._mapped = mmap.mmap(self._file.fileno(), 0)
        self._first_slot = 1 + len(common)
        self.common: Final = Spooled(self._file.name, 1, (len(common),))

    def put(self, slot: int, parts: Iterable[bytes]) -> Spooled:
        """Fill a slot that nobody reads any more, with as many of the parts as it holds."""
        first = end = self._first_slot + slot * SLOT_BYTES
        limit = first + SLOT_BYTES
        lengths = []
        for part in parts:
            start, end = end, end + len(part)
            if end > limit:
                break
            self._mapped[start:end] = part
            lengths.append(len(part))
        return Spooled(self._file.name, first, tuple(lengths))

    def close(self) -> None:
        """Let go of the file; from now on nobody reads it, even who has mapped it."""
        self._mapped[:1] = _CLOSED
        self._mapped.close()
        self._file.close()


# The last one only.
_maps: Final[dict[str, mmap.mmap]] = {}


def _mapped(path: str) -> mmap.mmap:
    known = _maps.get(path)
    if known is None:
        with Path(path).open("rb") as file:
            known = mmap.mmap(file.fileno(), 0, access=mmap.ACCESS_READ)
        _maps.clear()
        _maps[path] = known
    return known
