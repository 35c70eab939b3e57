"""Plots as SVG that prints and reads aloud: title and description inside, the same as a table behind.

A plot is a list of a few shapes, drawn with presentation attributes and classes only, so that a strict
Content-Security-Policy holds. It is as wide as a phone's screen wants it, and labels stand on lines of
their own, wrapped: nothing is cut off, in whatever script it is written.
"""

import math
import unicodedata
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final

WIDTH: Final = 360.0
FONT: Final = 13.0
LINE: Final = 17.0
_LATIN: Final = (
    0.58  # of the font's size: what a letter takes on the average, rather more than less
)
_NEVER_FIRST: Final = frozenset({"Po", "Pe", "Pf", "Zs"})  # categories of characters, on a line
_WIDE: Final = 1.04  # a Chinese, Japanese or Korean character


@dataclass(frozen=True)
class PlotText:
    """A line of text at its baseline."""

    x: float
    y: float
    text: str
    anchor: str = "start"
    css: str = "label"


@dataclass(frozen=True)
class PlotRect:
    """A filled box; `css` names its colour."""

    x: float
    y: float
    width: float
    height: float
    css: str


@dataclass(frozen=True)
class PlotLine:
    """A straight line: an axis, a grid line, a connection."""

    x1: float
    y1: float
    x2: float
    y2: float
    css: str = "grid"


@dataclass(frozen=True)
class PlotPath:
    """A polygon or a line through points, as SVG path data."""

    d: str
    css: str


Shape = PlotText | PlotRect | PlotLine | PlotPath


@dataclass(frozen=True)
class Plot:
    """A drawing, its title, what it shows in words, and the table behind it."""

    anchor: str
    title: str
    unit: str
    description: str
    height: float
    shapes: tuple[Shape, ...]
    head: tuple[str, ...]
    rows: tuple[tuple[str, ...], ...]
    note: str | None = None

    @property
    def drawn(self) -> list[tuple[str, Shape]]:
        """Each shape with its kind, for the template."""
        return [(type(shape).__name__.removeprefix("Plot").lower(), shape) for shape in self.shapes]


def text_width(text: str, size: float = FONT) -> float:
    """Return about how wide a text is drawn."""
    return size * sum(
        _WIDE if unicodedata.east_asian_width(c) in {"W", "F"} else _LATIN for c in text
    )


def wrapped(text: str, width: float, size: float = FONT) -> list[str]:
    """Return a text in lines that fit a width: broken at spaces, between Chinese characters, or hard."""
    lines, line = [], ""
    for piece in _pieces(text):
        if line and text_width(line + piece.rstrip(), size) > width:
            lines.append(line.rstrip())
            line = ""
        line += piece if line else piece.lstrip()
        while text_width(line.rstrip(), size) > width:
            keep = max(_fitting(line, width, size), 1)
            lines.append(line[:keep])
            line = line[keep:]
    if line.strip() or not lines:
        lines.append(line.rstrip())
    return lines


def _pieces(text: str) -> list[str]:
    """Split a text where a line may end: after a space or a hyphen, around a wide character."""
    pieces, piece, ended = [], "", False
    for character in text:
        wide = unicodedata.east_asian_width(character) in {"W", "F"}
        if piece and (ended or wide) and unicodedata.category(character) not in _NEVER_FIRST:
            pieces.append(piece)
            piece = ""
        piece += character
        ended = wide or character in " -/"
    return [*pieces, piece] if piece else pieces


def _fitting(text: str, width: float, size: float) -> int:
    return next((n for n in range(len(text), 0, -1) if text_width(text[:n], size) <= width), 1)


def label_lines(text: str, y: float, width: float = WIDTH, x: float = 0.0) -> list[PlotText]:
    """Return a label as lines of text, the first with its baseline one line below `y`."""
    return [
        PlotText(x, y + LINE * (number + 1) - 4, line)
        for number, line in enumerate(wrapped(text, width))
    ]


def ticks(top: float, bottom: float = 0.0, count: int = 4) -> list[float]:
    """Return round numbers from about `bottom` to at least `top`, for an axis."""
    extent = top - bottom
    if not 0 < extent < math.inf:
        return [bottom, bottom + 1.0]
    rough = extent / count
    power = 10.0 ** math.floor(math.log10(rough))
    step = next(power * nice for nice in (1, 2, 2.5, 5, 10) if power * nice >= rough * 0.999)
    first = math.floor(bottom / step)
    last = math.ceil(top / step - 1e-9)
    return [round(number * step, 12) for number in range(first, last + 1)]


def polyline(points: Sequence[tuple[float, float]]) -> str:
    """Return SVG path data of a line through points."""
    return "M" + "L".join(f"{x:.1f} {y:.1f}" for x, y in points)


_MARKS: Final = 5


def mark(number: int, x: float, y: float, size: float = 5.0) -> str:
    """Return SVG path data of the mark of a series: square, diamond, triangle, cross, circle-like."""
    r = size
    kind = number % _MARKS
    if kind == 0:
        corners = [(x - r, y - r), (x + r, y - r), (x + r, y + r), (x - r, y + r)]
    elif kind == 1:
        corners = [(x, y - 1.3 * r), (x + 1.3 * r, y), (x, y + 1.3 * r), (x - 1.3 * r, y)]
    elif kind == 2:  # noqa: PLR2004 # the third
        corners = [(x, y - 1.2 * r), (x + 1.2 * r, y + r), (x - 1.2 * r, y + r)]
    elif kind == 3:  # noqa: PLR2004 # the fourth
        corners = [(x - r, y - r), (x + r, y - r), (x, y), (x + r, y + r), (x - r, y + r), (x, y)]
    else:
        turns = [n * math.tau / 12 for n in range(12)]
        corners = [(x + r * math.cos(t), y + r * math.sin(t)) for t in turns]
    return polyline(corners) + "Z"
