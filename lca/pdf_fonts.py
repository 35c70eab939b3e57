"""Fonts of the PDF, chosen letter by letter, so that a name in any script is there or visibly is not.

Latin letters come from Bitstream Vera, which ships with reportlab and is embedded. Chinese, Japanese
and Korean letters, Greek and Cyrillic among them, come from the fonts that PDF readers have for the
Adobe character collections (ISO 32000-1, 9.7.3): the text is in the file, the glyphs are the reader's.
What none of them has is written as its code point, e.g. [U+0E17]: never dropped, never a blank box.
"""

from __future__ import annotations

from collections.abc import Iterator
from functools import cache
from itertools import groupby
from pathlib import Path
from typing import Final

import reportlab
from reportlab.pdfbase import pdfmetrics
from reportlab.pdfbase.cidfonts import UnicodeCIDFont
from reportlab.pdfbase.ttfonts import TTFont

PLAIN: Final = "Vera"
BOLD: Final = "VeraBd"
ITALIC: Final = "VeraIt"

_EAST_ASIAN: Final = (
    ("gbk", "STSong-Light"),
    ("shift_jis", "HeiseiMin-W3"),
    ("euc_kr", "HYSMyeongJo-Medium"),
)
"""Character sets and the fonts that cover them: Adobe-GB1, Adobe-Japan1, Adobe-Korea1."""


@cache
def latin_letters() -> frozenset[int]:
    """Register all fonts with reportlab, and return the code points of the embedded one."""
    folder = Path(reportlab.__file__).parent / "fonts"
    for name in (PLAIN, BOLD, ITALIC):
        pdfmetrics.registerFont(TTFont(name, folder / f"{name}.ttf"))
    for _, name in _EAST_ASIAN:
        pdfmetrics.registerFont(UnicodeCIDFont(name))
    return frozenset(pdfmetrics.getFont(PLAIN).face.charToGlyph)  # type: ignore[attr-defined] # a TTFont


def font_runs(text: str, font: str = PLAIN) -> Iterator[tuple[str, str]]:
    """Yield (font, text) runs of a text; letters that no font has stand as [U+...]."""
    latin = latin_letters()
    letters = (_letter(char, font, latin) for char in text)
    for name, run in groupby(letters, key=lambda letter: letter[0]):
        yield name, "".join(part for _, part in run)


def _letter(char: str, font: str, latin: frozenset[int]) -> tuple[str, str]:
    if char in "\t\n\r":
        return font, " "
    if ord(char) in latin and char.isprintable():
        return font, char
    if char.isprintable():
        for encoding, name in _EAST_ASIAN:
            try:
                char.encode(encoding)
            except UnicodeEncodeError:
                continue
            return name, char
    return font, f"[U+{ord(char):04X}]"
