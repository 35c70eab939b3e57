"""Numbers as people read them, and the geometry of bars.

A number has the decimal sign of the page's language. Where that is a comma, thousands are set off by a
narrow space and never by a full stop, so that nobody can take one sign for the other; where it is a full
stop, by a comma. Days have their month in words, so that none can be taken for another.

Bars are SVG whose x and width are per cent of the drawing, so no style attribute is needed and a strict
Content-Security-Policy holds.
"""

import math
import re
import unicodedata
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, date, datetime
from typing import Final

from markupsafe import Markup, escape

from api.pages.languages import ENGLISH, gettext, language, message

NOT_STATED: Final = message("not stated")
_NARROW_SPACE: Final = "\N{NARROW NO-BREAK SPACE}"

# Above and below these, digits in full no longer help.
_LARGEST_IN_FULL: Final = 1e15
_SMALLEST_IN_FULL: Final = 1e-6


def figure(value: float | None, digits: int = 3) -> str:
    """Return a number with at least `digits` significant digits, thousands set off by commas."""
    if value is None or not math.isfinite(value):
        return gettext(NOT_STATED)
    size = abs(value)
    if size and not _SMALLEST_IN_FULL <= size < _LARGEST_IN_FULL:
        written = f"{value:.{digits}g}"
    else:
        whole_digits = math.floor(math.log10(size)) + 1 if size else 1
        decimals = max(0, digits - whole_digits) if size else 0
        written = f"{value:,.{decimals}f}"
    return in_signs(written)


def in_signs(written: str) -> str:
    """Return a number, written as English does, with the signs of the language that is spoken."""
    written = written.replace("-", "\N{MINUS SIGN}")
    sign = language().decimal_sign
    if sign == ".":
        return written
    return written.translate({ord(","): _NARROW_SPACE, ord("."): sign})


def plain(value: float | None) -> str:
    """Return a number as it was stated, without digits that nobody stated (for meter readings)."""
    if value is None or not math.isfinite(value):
        return gettext(NOT_STATED)
    if abs(value) >= _LARGEST_IN_FULL:
        return figure(value)
    return in_signs(f"{value:,.6f}".rstrip("0").rstrip("."))


def percent(share: float | None) -> str:
    """Return a share as per cent with one decimal."""
    if share is None or not math.isfinite(share):
        return "\N{EN DASH}"
    return in_signs(f"{100 * share:.1f} %")


def day(value: date | str | None) -> str:
    """Return a date, or an ISO text that begins with one, as 5 March 2026, as its language writes it."""
    if value is None:
        return gettext(NOT_STATED)
    if isinstance(value, str):
        try:
            value = date.fromisoformat(value[:10])
        except ValueError:
            return str(value)
    if language().code == ENGLISH:
        return f"{value.day} {value:%B %Y}"
    from babel.dates import format_date  # noqa: PLC0415 # read for pages in other languages only

    return format_date(value, "long", language().code)


def instant(value: datetime | None) -> str:
    """Return an instant in UTC, to the minute."""
    if value is None:
        return gettext(NOT_STATED)
    at = value.replace(tzinfo=UTC) if value.tzinfo is None else value.astimezone(UTC)
    return f"{day(at.date())}, {at:%H:%M} UTC"


# Zero-width joiner and non-joiner: scripts need them, and they cannot reorder or hide anything.
_NEEDED_FORMAT_CHARACTERS: Final = frozenset("\u200c\u200d")


def visible(value: object) -> object:
    """Return what an expression in a template shows: None named, invisible characters made visible.

    Control and format characters (Unicode categories Cc, Cf, Cs), above all the bidirectional
    overrides, let a text look like another one; they are shown by number.
    """
    if value is None:
        return gettext(NOT_STATED)
    if not isinstance(value, str) or isinstance(value, Markup):
        return value
    if value.isprintable():
        return value
    return "".join(_visible_character(c) for c in value)


def _visible_character(character: str) -> str:
    if character in "\n\t" or character in _NEEDED_FORMAT_CHARACTERS:
        return character
    if unicodedata.category(character) in {"Cc", "Cf", "Cs", "Co", "Cn"}:
        return f"[U+{ord(character):04X}]"
    return character


def coded(text: str) -> Markup:
    """Return a text in which what stands between backticks is code, as docstrings write it."""
    parts = re.split(r"`([^`]+)`", text)
    said = [
        Markup("<code>{}</code>").format(visible(part)) if place % 2 else escape(visible(part))
        for place, part in enumerate(parts)
    ]
    return Markup("").join(said)


def breakable(path: str) -> Markup:
    """Return a path that may be broken after its slashes."""
    return Markup("/<wbr>").join(path.split("/"))


@dataclass(frozen=True)
class Segment:
    """A piece of a bar: where it begins and how wide it is, both in per cent of the drawing."""

    name: str
    x: float
    width: float
    assessed: bool


@dataclass(frozen=True)
class Bar:
    """A stacked bar; `zero` is where nothing is, in per cent (credits lie left of it)."""

    segments: tuple[Segment, ...]
    zero: float


_NOT_ASSESSED_WIDTH: Final = 7.0  # per cent of the drawing: no value, so a width that means nothing

Span = tuple[float, float]


def span_of(bars: Sequence[Sequence[tuple[str, float | None]]]) -> Span:
    """Return the common scale of several bars: the lowest sum of credits, the highest of burdens."""
    low = min((sum(v for _, v in bar if v is not None and v < 0) for bar in bars), default=0.0)
    high = max((sum(v for _, v in bar if v is not None and v > 0) for bar in bars), default=0.0)
    return low, high


def stacked_bar(
    parts: Sequence[tuple[str, float | None]], span: Span | None = None, reserved: int | None = None
) -> Bar:
    """Return a bar of named values; a value of None is drawn as a block after the bar's end.

    Args:
        parts: Name and value of each piece, in order.
        span: Scale shared with other bars; its own without one.
        reserved: For how many blocks without a value the drawing keeps room; its own number
            without one.
    """
    low, high = span or span_of([parts])
    unknown = sum(value is None for _, value in parts)
    room = 100.0 - _NOT_ASSESSED_WIDTH * (unknown if reserved is None else reserved)
    extent = high - low
    drawable = 0 < extent < math.inf
    zero = -low / extent * room if drawable else 0.0
    right, left = zero, zero
    segments = []
    for name, value in parts:
        if value is None:
            continue
        width = abs(value) / extent * room if drawable else 0.0
        left -= width if value < 0 else 0.0
        segments.append(Segment(name, left if value < 0 else right, width, assessed=True))
        right += width if value > 0 else 0.0
    for name, value in parts:
        if value is None:
            segments.append(Segment(name, right + 0.5, _NOT_ASSESSED_WIDTH - 0.5, assessed=False))
            right += _NOT_ASSESSED_WIDTH
    return Bar(tuple(segments), zero)
