"""When two names of a certificate of origin or of a credit are one: however they are typed.

A certificate that is written with an invisible character, another dash, full-width or lookalike letters
is the same certificate, and counts once.
"""

from __future__ import annotations

import unicodedata
from typing import Final

# Capitals of other scripts that are drawn as Latin ones (Unicode Technical Standard 39, confusables.txt).
_LOOKALIKES: Final = str.maketrans(
    "\u0391\u0392\u0395\u0396\u0397\u0399\u039a\u039c\u039d\u039f\u03a1\u03a4\u03a5\u03a7\u03f9"
    "\u0410\u0412\u0415\u041a\u041c\u041d\u041e\u0420\u0421\u0422\u0425\u0405\u0406\u0408\u04ae",
    "ABEZHIKMNOPTYXCABEKMHOPCTXSIJY",
)


def instrument_key(name: str) -> str:
    """Return what names of one certificate or credit have in common.

    Case, blanks, what cannot be seen, the kind of dash, the width of characters (NFKC), the script of
    digits and lookalike capitals make no other name.
    """
    folded = unicodedata.normalize("NFKC", name).upper()
    drawn = "".join(map(_sign, folded)).translate(_LOOKALIKES)
    return unicodedata.normalize("NFC", drawn)  # what a blank kept apart has come together


def _sign(character: str) -> str:
    category = unicodedata.category(character)
    if category == "Nd":
        return str(unicodedata.decimal(character))
    if category == "Pd" or character in "\u2212\u02d7":  # minus signs, drawn as a dash
        return "-"
    # Blanks, and what is not drawn: controls, formats, variation selectors, the Hangul fillers.
    is_drawn = not category.startswith(("Z", "C")) and not character.isspace()
    return character if is_drawn and character not in _NOT_DRAWN else ""


_NOT_DRAWN: Final = frozenset(
    [
        *map(chr, range(0xFE00, 0xFE10)),
        *map(chr, range(0xE0100, 0xE01F0)),
        *"\u034f\u115f\u1160\u3164",
    ]
)
