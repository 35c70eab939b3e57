"""Plots: nothing is cut off, nothing overlaps, and behind each stands the same as a table."""

import math
from datetime import date

import pytest
from hypothesis import given
from hypothesis import strategies as st

from api.pages.bar_plots import axis_labels, bar_plot, column_plot, short_number, span_plot
from api.pages.plots import FONT, WIDTH, Plot, PlotRect, PlotText, text_width, ticks, wrapped
from api.pages.trend_plots import Series, Step, line_plot, waterfall_plot

LONG = "化成工序能量回馈 直流母线回收 改造项目、涵盖全部化成柜与老化房 and the heat recovery of both halls"
TODAY = date(2026, 11, 22)


def texts(plot: Plot) -> list[PlotText]:
    """Return the texts of a plot."""
    return [shape for shape in plot.shapes if isinstance(shape, PlotText)]


def boxes(plot: Plot) -> list[tuple[float, float, float, float]]:
    """Return left, top, right and bottom of each text."""
    found = []
    for text in texts(plot):
        width = text_width(text.text)
        left = {"start": 0.0, "middle": width / 2, "end": width}[text.anchor]
        x = text.x - left
        found.append((x, text.y - FONT * 0.8, x + width, text.y + FONT * 0.2))
    return found


def plots() -> list[Plot]:
    """Return one of each kind, with long names in two scripts."""
    months = [f"{2024 + n // 12}-{n % 12 + 1:02}" for n in range(24)]
    return [
        bar_plot("a", "Bars", "t", [(LONG, 12.0), ("short", 1e9), ("none", 0.0), (LONG, 3.5)]),
        bar_plot("g", "Credits", "t", [(LONG, -12.0), ("short", 30.0)]),
        column_plot("b", "Columns", "kWh", [(m, n * 1e6) for n, m in enumerate(months)]),
        line_plot("c", "Lines", "kg", months, [Series(LONG * n, (1.0,) * 24) for n in range(1, 4)]),
        waterfall_plot(
            "d",
            "Fall",
            "t",
            [
                Step("Gross 2020", 100.0, is_level=True),
                Step(LONG, -30.0),
                Step("All else", 5.0),
                Step("Gross 2024", 75.0, is_level=True),
            ],
        ),
        span_plot(
            "e",
            "Time",
            [
                (LONG, date(2024, 1, 1), date(2026, 1, 1), "expired"),
                (LONG, None, None, "granted, no period stated"),
            ],
            TODAY,
        ),
    ]


@pytest.mark.parametrize("plot", plots(), ids=lambda plot: plot.anchor)
def test_no_text_leaves_the_drawing_or_meets_another(plot: Plot) -> None:
    found = boxes(plot)
    for left, _top, right, bottom in found:
        assert left >= -4
        assert right <= WIDTH + 4
        assert bottom <= plot.height + 1
    for number, one in enumerate(found):
        for other in found[number + 1 :]:
            apart = one[2] <= other[0] or other[2] <= one[0]
            above = one[3] <= other[1] + 0.5 or other[3] <= one[1] + 0.5
            assert apart or above, (texts(plot)[number].text, one, other)


@pytest.mark.parametrize("plot", plots(), ids=lambda plot: plot.anchor)
def test_each_name_stands_whole_in_drawing_description_and_table(plot: Plot) -> None:
    drawn = "".join(text.text for text in texts(plot)).replace(" ", "")
    behind = " ".join((*plot.head, *(cell for row in plot.rows for cell in row)))
    if plot.anchor != "b":
        assert LONG.replace(" ", "") in drawn
        assert LONG in plot.description
        assert LONG in behind
    assert len({len(row) for row in plot.rows} | {len(plot.head)}) == 1


@given(st.text(max_size=200), st.floats(30, 400))
def test_a_wrapped_text_loses_nothing_but_spaces(text: str, width: float) -> None:
    lines = wrapped(text, width)
    assert "".join("".join(lines).split()) == "".join(text.split())
    for line in lines:
        assert text_width(line) <= width or len(line) == 1


@given(st.floats(1e-6, 1e15), st.integers(1, 6))
def test_an_axis_holds_what_is_drawn_on_it(top: float, count: int) -> None:
    axis = ticks(top, count=count)
    assert axis[0] <= 0
    assert axis[-1] >= top * (1 - 1e-9)
    assert len(axis) <= 3 * count + 3


def test_a_plot_of_nothing_and_of_zeros_is_drawn_without_width() -> None:
    assert bar_plot("a", "t", "u", []).shapes == ()
    zeros = bar_plot("a", "t", "u", [("x", 0.0), ("y", math.nan)])
    assert [s.width for s in zeros.shapes if isinstance(s, PlotRect)] == [0.0, 0.0]
    assert column_plot("a", "t", "u", [("2024-01", None)]).rows == (("2024-01", "not metered"),)
    assert axis_labels([], 0, 10, 0) == []
    assert short_number(2500.0, [0, 2500.0, 10_000.0]) == "2.5 k"


def test_a_waterfall_goes_from_level_to_level_and_offsets_are_no_step() -> None:
    steps = [
        Step("Gross 2020", 100.0, is_level=True),
        Step("Measure", -30.0),
        Step("All else", 5.0),
        Step("Gross 2024", 75.0, is_level=True),
    ]
    plot = waterfall_plot("w", "Fall", "t", steps)
    bars = [s for s in plot.shapes if isinstance(s, PlotRect)]
    scale = bars[0].width / 100
    assert bars[1].x == pytest.approx(70 * scale)
    assert bars[1].width == pytest.approx(30 * scale)
    assert bars[2].x == pytest.approx(70 * scale)
    assert bars[3].width == pytest.approx(75 * scale)
    assert [row[2] for row in plot.rows] == ["100", "70.0", "75.0", "75.0"]
