"""How far a sheet of an XLSX workbook extends, before a reader makes room for all of it.

Readers keep a sheet as a whole rectangle: one cell at XFD1048576 beside one at A1 makes 17 thousand
million cells of it, and no memory is left, not even for an error. So the places of cells are looked
at first (ISO/IEC 29500-1, 18.3.1.4: attribute `r`).
"""

from __future__ import annotations

import re
import zipfile
from collections.abc import Iterable, Iterator
from typing import Final

import numpy as np

from lca.workbook_formulas import sheet_files, sheet_pieces

MAXIMUM_CELLS: Final = 5_000_000
"""Cells of the rectangle that a sheet spans, empty ones included."""

_LONGEST_WORD: Final = 16
_PLACE = re.compile(rb"""(?<![\w:.-])r\s*=\s*["']([A-Za-z]{0,9})([0-9]{1,12})["']""")


def sheets_too_large(archive: zipfile.ZipFile) -> Iterator[tuple[str, int, int]]:
    """Yield name, rows and columns of the sheet files that span more cells than are read."""
    for name in sheet_files(archive):
        if any(map(may_reach_far, sheet_pieces(archive, name))):
            rows, columns = extent(sheet_pieces(archive, name))
            if rows * columns > MAXIMUM_CELLS:
                yield name, rows, columns


def extent(pieces: Iterable[bytes]) -> tuple[int, int]:
    """Return rows and columns of the rectangle up to the farthest place that is written out."""
    rows = columns = 0
    for text in pieces:
        for letters, digits in _PLACE.findall(text):
            rows, columns = max(rows, int(digits)), max(columns, _column(letters))
    return rows, columns


def may_reach_far(text: bytes) -> bool:
    """Tell whether a place beyond row 99,999 or column Z may be in a text; quick, never wrongly no.

    Looks for a quote, two letters or more and a digit; and for six digits after a quote or letter.
    """
    signs = np.frombuffer(text + b" " * _LONGEST_WORD, np.uint8)
    letter = signs > ord("@")  # and a few signs beside letters: that is as safe, and quicker
    digit = (signs - 48) < 10  # noqa: PLR2004 - 0 to 9, unsigned
    opening = signs == ord('"')
    if b"'" in text:
        opening |= signs == ord("'")
    pairs = digit[1:] & digit[:-1]
    sixes = pairs[:-4] & pairs[2:-2] & pairs[4:]
    if (sixes[1:] & (opening | letter)[: len(sixes) - 1]).any():
        return True
    two = (
        opening[:-_LONGEST_WORD]
        & letter[1:][: -_LONGEST_WORD + 1]
        & letter[2:][: -_LONGEST_WORD + 2]
    )
    words = np.flatnonzero(two)
    words = words[~(letter[words + 9] & opening[words + 10])]  # "inlineStr": no digit at its end
    for length in range(3, _LONGEST_WORD):
        if not len(words):
            return False
        after = words + length
        if digit[after].any():
            return True
        words = words[letter[after]]
    return bool(len(words))


def _column(letters: bytes) -> int:
    """Return the number of a column: A is 1, Z is 26, AA is 27."""
    number = 0
    for letter in letters.upper():
        number = number * 26 + letter - 64
    return number
