"""Bar charts as SVG that prints and reads aloud: every chart has its table behind it.

Drawn with presentation attributes only, so that a strict Content-Security-Policy holds.
"""

import math
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final

from api.pages.figures import figure

_LEFT: Final = 230.0
_WIDTH: Final = 340.0
_ROW: Final = 26.0


@dataclass(frozen=True)
class DrawnBar:
    """One bar: its place in the drawing, its label, and its value in words."""

    label: str
    value: str
    x: float
    y: float
    width: float
    text_x: float


@dataclass(frozen=True)
class BarChart:
    """A chart with the table behind it; `empty` says why there is nothing to draw."""

    anchor: str
    title: str
    unit: str
    summary: str
    height: float
    bars: tuple[DrawnBar, ...]
    note: str | None = None


def bar_chart(
    anchor: str, title: str, unit: str, rows: Sequence[tuple[str, float]], note: str | None = None
) -> BarChart:
    """Return a chart of named values, each from zero."""
    top = max((value for _, value in rows if math.isfinite(value)), default=0.0)
    bars = []
    for number, (label, value) in enumerate(rows):
        width = max(value, 0.0) / top * _WIDTH if top > 0 else 0.0
        bars.append(
            DrawnBar(label, figure(value), _LEFT, 6 + number * _ROW, width, _LEFT + width + 6)
        )
    listed = "; ".join(f"{bar.label}: {bar.value}" for bar in bars)
    return BarChart(
        anchor, title, unit, f"{title}, {unit}. {listed}", len(rows) * _ROW + 6, tuple(bars), note
    )


def span_chart(
    anchor: str, title: str, rows: Sequence[tuple[str, int | None, int | None, str]]
) -> BarChart:
    """Return a timeline: label, first and last day (as ordinals; None where not stated), and words."""
    days = [day for _, start, end, _ in rows for day in (start, end) if day is not None]
    low, high = min(days, default=0), max(days, default=1)
    extent = max(high - low, 1)
    bars = []
    for number, (label, start, end, words) in enumerate(rows):
        begin = _LEFT + ((start if start is not None else low) - low) / extent * _WIDTH
        finish = _LEFT + ((end if end is not None else low) - low) / extent * _WIDTH
        stated = start is not None and end is not None
        width = max(finish - begin, 2.0) if stated else 0.0
        x = begin if stated else _LEFT
        bars.append(DrawnBar(label, words, x, 6 + number * _ROW, width, x + width + 6))
    listed = "; ".join(f"{bar.label}: {bar.value}" for bar in bars)
    height = len(rows) * _ROW + 6
    return BarChart(anchor, title, "days", f"{title}. {listed}", height, tuple(bars))
