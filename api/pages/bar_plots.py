"""Plots of bars: values side by side, a value each month or year, spans of time."""

import math
from collections.abc import Sequence
from datetime import date
from typing import Final

from api.pages.figures import day, figure, in_signs
from api.pages.languages import gettext, pgettext
from api.pages.plots import (
    FONT,
    LINE,
    WIDTH,
    Plot,
    PlotLine,
    PlotRect,
    PlotText,
    Shape,
    label_lines,
    text_width,
    ticks,
)

_BAR: Final = 14.0
_BETWEEN: Final = 10.0
_ROOM: Final = 60.0  # at least, for the value at the end of a bar
_APART: Final = 8.0  # between two labels of an axis
_PLOT_HEIGHT: Final = 190.0
_AXIS_LEFT: Final = 50.0


def bar_plot(
    anchor: str, title: str, unit: str, rows: Sequence[tuple[str, float]], note: str | None = None
) -> Plot:
    """Return named values as bars from zero; a credit lies left of it."""
    values = [value for _, value in rows if math.isfinite(value)]
    low, high = min([0.0, *values]), max([0.0, *values])
    room = value_room([value for _, value in rows])
    scale = (WIDTH - room) / (high - low) if high > low else 0.0
    zero = -low * scale
    shapes: list[Shape] = []
    y = 0.0
    for label, value in rows:
        lines = label_lines(label, y)
        y += LINE * len(lines) + 3
        width = abs(value) * scale if math.isfinite(value) else 0.0
        x = zero if value >= 0 else zero - width
        shapes += lines
        shapes.append(PlotRect(x, y, width, _BAR, "series-1"))
        shapes.append(PlotText(max(zero, x + width) + 6, y + 12, figure(value), css="value"))
        y += _BAR + _BETWEEN
    listed = "; ".join(f"{label}: {figure(value)}" for label, value in rows)
    table = tuple((label, figure(value)) for label, value in rows)
    head = (gettext("What"), unit)
    return Plot(anchor, title, unit, f"{listed}.", y, tuple(shapes), head, table, note)


def value_room(values: Sequence[float]) -> float:
    """Return the room that the largest of some values takes behind its bar."""
    return max([_ROOM, *(text_width(f"+{figure(value)}") + 10 for value in values)])


def column_plot(
    anchor: str,
    title: str,
    unit: str,
    rows: Sequence[tuple[str, float | None]],
    note: str | None = None,
    head: str | None = None,
) -> Plot:
    """Return a value for each month or year as columns from zero; None is a time without a value."""
    top = max((value for _, value in rows if value is not None), default=0.0)
    axis = ticks(top)
    scale = _PLOT_HEIGHT / (axis[-1] or 1.0)
    floor = _PLOT_HEIGHT + 14
    shapes: list[Shape] = []
    for tick in axis:
        y = floor - tick * scale
        shapes.append(PlotLine(_AXIS_LEFT, y, WIDTH, y, "axis" if tick == 0 else "grid"))
        shapes.append(PlotText(_AXIS_LEFT - 6, y + 4, short_number(tick, axis), "end", "tick"))
    step = (WIDTH - _AXIS_LEFT) / max(len(rows), 1)
    width = min(step * 0.72, 46.0)
    for number, (_, value) in enumerate(rows):
        if value is not None:
            middle = _AXIS_LEFT + (number + 0.5) * step
            tall = value * scale
            shapes.append(PlotRect(middle - width / 2, floor - tall, width, tall, "series-1"))
    shapes += axis_labels([label for label, _ in rows], _AXIS_LEFT, step, floor + LINE)
    said = [
        (label, gettext("not metered") if value is None else figure(value)) for label, value in rows
    ]
    listed = "; ".join(f"{label}: {value}" for label, value in said)
    height = floor + LINE + 8
    return Plot(
        anchor,
        title,
        unit,
        f"{listed}.",
        height,
        tuple(shapes),
        (head or gettext("Month"), unit),
        tuple(said),
        note,
    )


def axis_labels(labels: Sequence[str], left: float, step: float, y: float) -> list[PlotText]:
    """Return labels under an axis, so many of them that none meets its neighbour."""
    shown: list[PlotText] = []
    end = -math.inf
    for number, label in enumerate(labels):
        half = text_width(label, FONT) / 2
        x = min(max(left + (number + 0.5) * step, half), WIDTH - half)
        if x - half >= end + _APART:
            shown.append(PlotText(x, y, label, "middle", "tick"))
            end = x + half
    return shown


_STEPS: Final = ((1e9, "G"), (1e6, "M"), (1e3, "k"))


def short_number(value: float, axis: Sequence[float]) -> str:
    """Return a round number in few characters, all of an axis in thousands, millions or as they are."""
    top = max(map(abs, axis), default=0.0)
    size, letter = next(((s, f" {w}") for s, w in _STEPS if top >= s * 2), (1.0, ""))
    return in_signs(f"{value / size:g}{letter}") if value else "0"


Span = tuple[str, date | None, date | None, str]


def span_plot(anchor: str, title: str, rows: Sequence[Span], today: date) -> Plot:
    """Return a timeline: label, first and last day (None where not stated) and words for each row."""
    stated = [d for _, first, last, _ in rows for d in (first, last) if d is not None]
    low = date(min([today, *stated]).year, 1, 1)
    high = date(max([today, *stated]).year + 1, 1, 1)
    scale = WIDTH / (high - low).days

    def at(when: date) -> float:
        return (when - low).days * scale

    shapes: list[Shape] = []
    y = 4.0
    for label, first, last, words in rows:
        lines = label_lines(f"{label}: {words}", y)
        shapes += lines
        y += LINE * len(lines) + 3
        if first is not None and last is not None:
            shapes.append(PlotRect(at(first), y, max(at(last) - at(first), 2.0), _BAR, "series-1"))
            y += _BAR
        y += _BETWEEN
    years = list(range(low.year, high.year + 1))
    every = max(1, math.ceil(44 / (WIDTH / max(len(years) - 1, 1))))
    under: list[Shape] = [PlotLine(0, y, WIDTH, y, "axis")]
    for year in years[::every]:
        x = at(date(year, 1, 1))
        under.append(PlotLine(x, 0, x, y, "grid"))
        anchored = "start" if x == 0 else "end" if x >= WIDTH - 1 else "middle"
        under.append(PlotText(x, y + LINE, str(year), anchored, "tick"))
    shapes.append(PlotLine(at(today), 0, at(today), y, "today"))
    side = "end" if at(today) > WIDTH / 2 else "start"
    shapes.append(
        PlotText(at(today), y + 2 * LINE, gettext("today, %(day)s", day=day(today)), side, "tick")
    )
    table = tuple(
        (label, str(first or gettext("not stated")), str(last or gettext("not stated")), words)
        for label, first, last, words in rows
    )
    listed = "; ".join(f"{label}: {words}" for label, _, _, words in rows)
    head = (
        gettext("Certificate"),
        pgettext("day", "From"),
        pgettext("day", "To"),
        gettext("Standing"),
    )
    height = y + 2 * LINE + 6
    return Plot(
        anchor, title, gettext("dates"), f"{listed}.", height, (*under, *shapes), head, table
    )
