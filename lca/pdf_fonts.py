"""Fonts of the PDF, chosen letter by letter, so that a name in any script is there or visibly is not.

Latin, Greek and Cyrillic letters come from Roboto (Apache License 2.0, package font-roboto), of which
the letters in use are embedded. Chinese, Japanese and Korean ones come from the fonts that PDF readers
have for the Adobe character collections (ISO 32000-1, 9.7.3): the text is in the file, the glyphs are
the reader's. What none of them has is written as its code point, e.g. [U+0E17]: never dropped, never
a blank box.
"""

from __future__ import annotations

import io
from collections.abc import Iterator
from functools import cache
from importlib import resources
from itertools import groupby
from typing import Final

from reportlab.pdfbase import pdfmetrics
from reportlab.pdfbase.cidfonts import UnicodeCIDFont
from reportlab.pdfbase.ttfonts import TTFont

PLAIN: Final = "Roboto-Regular"
BOLD: Final = "Roboto-Bold"
ITALIC: Final = "Roboto-Italic"

_EAST_ASIAN: Final = (
    ("gbk", "STSong-Light"),
    ("shift_jis", "HeiseiMin-W3"),
    ("euc_kr", "HYSMyeongJo-Medium"),
)
"""Character sets and the fonts that cover them: Adobe-GB1, Adobe-Japan1, Adobe-Korea1."""


@cache
def european_letters() -> frozenset[int]:
    """Register all fonts with reportlab, and return the code points of the embedded one."""
    folder = resources.files("font_roboto") / "files"
    for name in (PLAIN, BOLD, ITALIC):
        data = io.BytesIO(folder.joinpath(f"{name}.ttf").read_bytes())
        pdfmetrics.registerFont(TTFont(name, data))
    for _, name in _EAST_ASIAN:
        pdfmetrics.registerFont(UnicodeCIDFont(name))
    return frozenset(pdfmetrics.getFont(PLAIN).face.charToGlyph)  # type: ignore[attr-defined] # a TTFont


def font_runs(text: str, font: str = PLAIN) -> Iterator[tuple[str, str]]:
    """Yield (font, text) runs of a text; letters that no font has stand as [U+...]."""
    european = european_letters()
    letters = (_letter(char, font, european) for char in text)
    for name, run in groupby(letters, key=lambda letter: letter[0]):
        yield name, "".join(part for _, part in run)


def _letter(char: str, font: str, european: frozenset[int]) -> tuple[str, str]:
    if char in "\t\n\r":
        return font, " "
    if ord(char) in european and char.isprintable():
        return font, char
    if char.isprintable():
        for encoding, name in _EAST_ASIAN:
            try:
                char.encode(encoding)
            except UnicodeEncodeError:
                continue  # a letter that this font does not have
            return name, char
    return font, f"[U+{ord(char):04X}]"
