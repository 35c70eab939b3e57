"""How long the texts of a sheet become when each is written out where a cell cites it.

XLSX keeps a text once and cells cite it by number (ISO/IEC 29500-1, 18.4.8), and a reader makes a copy for
each cell: a text of a megabyte that five thousand cells cite is a file of some kilobytes and needs five
gigabytes. So what cells cite is added up before a reader is given the workbook.
"""

from __future__ import annotations

import re
import zipfile
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Final

import numpy as np
from numpy.typing import NDArray

from lca.workbook_formulas import sheet_files, sheet_pieces

_PREFIX = rb"(?:[\w.-]{1,40}:)?"
_ITEM_ENDS = re.compile(rb"<" + _PREFIX + rb"si(?:\s[^<>]*)?/>|</" + _PREFIX + rb"si\s*>")
_ITEM_BEGINS = re.compile(rb"[<:]si[\s/>]")
_CITED = re.compile(rb"<" + _PREFIX + rb"v>([0-9]{1,9})</")
_TABLE: Final = "xl/sharedstrings.xml"


def sheets_too_long(archive: zipfile.ZipFile, maximum_bytes: int) -> Iterator[tuple[str, int]]:
    """Yield name and bytes of the sheet files whose cited texts, written out, exceed a limit.

    The bytes are at least those that a reader makes, so nothing that is too long is passed over.
    """
    texts = _shared_texts(archive)
    if texts is None:
        return
    for name in sheet_files(archive):
        cells = sum(_values(text) for text in sheet_pieces(archive, name))
        if cells * texts.longest <= maximum_bytes:
            continue
        written = sum(texts.cited(text) for text in sheet_pieces(archive, name))
        if written > maximum_bytes:
            yield name, written


@dataclass(frozen=True)
class _SharedTexts:
    """Lengths of the shared texts in bytes, by number; `is_plain` where their numbers are certain."""

    lengths: NDArray[np.int64]
    longest: int
    is_plain: bool

    def cited(self, text: bytes) -> int:
        """Return the bytes that a piece of a sheet cites.

        What is not plainly a number counts as the longest text.
        """
        found = _CITED.findall(text) if self.is_plain else []
        numbers = np.array(list(map(int, found)), dtype=np.int64)
        known = numbers[numbers < len(self.lengths)]
        return int(self.lengths[known].sum()) + (_values(text) - len(found)) * self.longest


def _values(text: bytes) -> int:
    """Return how many values of cells a piece of a sheet has, or more."""
    return text.count(b"<v") + text.count(b":v")


def _shared_texts(archive: zipfile.ZipFile) -> _SharedTexts | None:
    """Return the lengths of the shared texts; None where there are none.

    Readers find the table whatever the case and the slashes of its name.
    """
    members = archive.infolist()  # of two of one name both count
    tables = [m for m in members if m.filename.lower().replace("\\", "/").endswith(_TABLE)]
    if not tables:
        return None
    table = b"".join(archive.read(member) for member in tables)
    ends = [0, *(item.end() for item in _ITEM_ENDS.finditer(table)), len(table)]
    lengths = np.array(ends[1:], dtype=np.int64) - np.array(ends[:-1], dtype=np.int64)
    is_plain = (
        len(tables) == 1
        and b"<!" not in table
        and len(_ITEM_BEGINS.findall(table)) == len(ends) - 2
    )
    return _SharedTexts(lengths, int(lengths.max(initial=0)), is_plain)
