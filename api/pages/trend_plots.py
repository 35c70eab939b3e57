"""Plots of change: lines over time, one a series, and the waterfall from a gross baseline to gross now."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final

from api.pages.bar_plots import axis_labels, short_number, value_room
from api.pages.figures import figure
from api.pages.languages import gettext
from api.pages.plots import (
    LINE,
    WIDTH,
    Plot,
    PlotLine,
    PlotPath,
    PlotRect,
    PlotText,
    Shape,
    label_lines,
    mark,
    polyline,
    ticks,
)

_LEFT: Final = 50.0
_HEIGHT: Final = 190.0
_BAR: Final = 14.0
_BETWEEN: Final = 10.0


@dataclass(frozen=True)
class Series:
    """A named line: a value for each place on the axis, None where there is none."""

    name: str
    values: tuple[float | None, ...]


def line_plot(
    anchor: str,
    title: str,
    unit: str,
    labels: Sequence[str],
    series: Sequence[Series],
    note: str | None = None,
) -> Plot:
    """Return lines over time; each has a mark and a dash of its own, so that print tells them apart."""
    values = [value for line in series for value in line.values if value is not None]
    axis = ticks(max([0.0, *values]), min([0.0, *values]))
    scale = _HEIGHT / ((axis[-1] - axis[0]) or 1.0)
    floor = _HEIGHT + 14
    step = (WIDTH - _LEFT) / max(len(labels), 1)
    shapes: list[Shape] = []
    for tick in axis:
        y = floor - (tick - axis[0]) * scale
        shapes.append(PlotLine(_LEFT, y, WIDTH, y, "axis" if tick == 0 else "grid"))
        shapes.append(PlotText(_LEFT - 6, y + 4, short_number(tick, axis), "end", "tick"))
    shapes += axis_labels(labels, _LEFT, step, floor + LINE)
    y = floor + LINE + 10
    for number, line in enumerate(series):
        points = [
            (_LEFT + (place + 0.5) * step, floor - (value - axis[0]) * scale)
            for place, value in enumerate(line.values)
            if value is not None
        ]
        css = f"line line-{number % 5 + 1}"
        if len(points) > 1:
            shapes.append(PlotPath(polyline(points), css))
        shapes += [PlotPath(mark(number, *point), f"series-{number % 5 + 1}") for point in points]
        shapes.append(PlotLine(0, y + 9, 26, y + 9, css))
        shapes.append(PlotPath(mark(number, 13, y + 9), f"series-{number % 5 + 1}"))
        lines = label_lines(line.name, y, WIDTH - 36, 36)
        shapes += lines
        y += LINE * len(lines) + 4
    table = tuple(
        (label, *(_cell(line.values[place]) for line in series))
        for place, label in enumerate(labels)
    )
    said = "; ".join(_said(line, labels) for line in series)
    return Plot(
        anchor,
        title,
        unit,
        f"{said}.",
        y + 4,
        tuple(shapes),
        (gettext("When"), *(line.name for line in series)),
        table,
        note,
    )


def _cell(value: float | None) -> str:
    return gettext("not stated") if value is None else figure(value)


def _said(line: Series, labels: Sequence[str]) -> str:
    pairs = zip(labels, line.values, strict=True)
    listed = ", ".join(f"{label} {figure(value)}" for label, value in pairs if value is not None)
    said = listed or gettext("no value")
    return f"{line.name}: {said}"


@dataclass(frozen=True)
class Step:
    """A step of a waterfall: a level that stands from zero, or a change from the level before."""

    name: str
    value: float
    is_level: bool = False


def waterfall_plot(
    anchor: str, title: str, unit: str, steps: Sequence[Step], note: str | None = None
) -> Plot:
    """Return a waterfall: levels as bars from zero, changes as bars that hang between them."""
    spans = _spans(steps)
    low = min([0.0, *(min(span) for span in spans)])
    high = max([0.0, *(max(span) for span in spans)])
    room = value_room([step.value for step in steps])
    scale = (WIDTH - room) / (high - low) if high > low else 0.0
    shapes: list[Shape] = []
    y, tail = 0.0, None
    for step, (begin, end) in zip(steps, spans, strict=True):
        lines = label_lines(step.name, y)
        shapes += lines
        y += LINE * len(lines) + 3
        left, right = ((min(begin, end) - low) * scale, (max(begin, end) - low) * scale)
        if tail is not None:
            shapes.append(PlotLine(tail[0], tail[1], tail[0], y, "link"))
        css = "series-1" if step.is_level else "series-3" if step.value <= 0 else "series-2"
        shapes.append(PlotRect(left, y, max(right - left, 1.0), _BAR, css))
        sign = "" if step.is_level or step.value <= 0 else "+"
        said = f"{sign}{figure(step.value)}"
        shapes.append(PlotText(right + 6, y + 12, said, css="value"))
        tail = ((end - low) * scale, y + _BAR)
        y += _BAR + _BETWEEN
    table = tuple(
        (step.name, figure(step.value), figure(max(span, key=abs) if step.is_level else span[1]))
        for step, span in zip(steps, spans, strict=True)
    )
    listed = "; ".join(f"{name}: {value}" for name, value, _ in table)
    head = (gettext("Step"), unit, gettext("Level after it"))
    return Plot(anchor, title, unit, f"{listed}.", y, tuple(shapes), head, table, note)


def _spans(steps: Sequence[Step]) -> list[tuple[float, float]]:
    """Return where each step begins and ends."""
    spans, level = [], 0.0
    for step in steps:
        if step.is_level:
            spans.append((0.0, step.value))
            level = step.value
        else:
            spans.append((level, level + step.value))
            level += step.value
    return spans
