"""A drawing of a few shapes, kept as such, and written as SVG: escaped, no scripts, nothing external."""

from __future__ import annotations

from dataclasses import dataclass
from html import escape
from typing import Final

PALETTE: Final = ("#1b6ca8", "#c1571a", "#3a7d44", "#7a4f9a", "#8c8c8c")
"""Four stages and a rest; tells apart in print and for the colour-blind."""

FONT: Final = "font-family:system-ui,sans-serif;font-size:13px"
FONT_SIZE: Final = 13

RIBBON_OPACITY: Final = 0.45

_NAMESPACE: Final = "http://www.w3.org/2000/svg"


@dataclass(frozen=True, slots=True)
class Text:
    """A line of text at its baseline."""

    x: float
    y: float
    text: str
    anchor: str = "start"
    bold: bool = False
    italic: bool = False
    fill: str = "#000000"


@dataclass(frozen=True, slots=True)
class Box:
    """A filled box with a tooltip."""

    x: float
    y: float
    width: float
    height: float
    fill: str
    tip: str


@dataclass(frozen=True, slots=True)
class Ribbon:
    """A band of constant height that bends from one point to another, with a tooltip."""

    start: tuple[float, float]
    end: tuple[float, float]
    tall: float
    fill: str
    tip: str


@dataclass(frozen=True, slots=True)
class Line:
    """A horizontal line."""

    x1: float
    x2: float
    y: float


Shape = Text | Box | Ribbon | Line


class Drawing:
    """A drawing of a fixed size to which shapes are added; y grows downwards."""

    def __init__(self, width: int, height: int, title: str, description: str) -> None:
        self.width = width
        self.height = height
        self.title = title
        self.description = description
        self.shapes: list[Shape] = []

    def add(self, *shapes: Shape) -> None:
        """Add shapes, the later ones above."""
        self.shapes.extend(shapes)

    def finish(self) -> str:
        """Return the drawing as an SVG document."""
        return "\n".join(
            [
                f'<svg xmlns="{_NAMESPACE}" viewBox="0 0 {self.width} {self.height}"',
                f'width="{self.width}" height="{self.height}" role="img" style="{FONT}">',
                f"<title>{escape(self.title)}</title><desc>{escape(self.description)}</desc>",
                f'<rect width="{self.width}" height="{self.height}" fill="#fff"/>',
                *map(_svg, self.shapes),
                "</svg>",
            ]
        )


def _svg(shape: Shape) -> str:
    match shape:
        case Text():
            style = ' font-weight="600"' if shape.bold else ""
            style += ' font-style="italic"' if shape.italic else ""
            place = f'x="{_number(shape.x)}" y="{_number(shape.y)}" text-anchor="{shape.anchor}"'
            return f'<text {place} fill="{shape.fill}"{style}>{escape(shape.text)}</text>'
        case Box():
            place = f'x="{_number(shape.x)}" y="{_number(shape.y)}"'
            size = f'width="{_number(shape.width)}" height="{_number(shape.height)}"'
            tip = f"<title>{escape(shape.tip)}</title>"
            return f'<rect {place} {size} fill="{shape.fill}">{tip}</rect>'
        case Ribbon():
            tip = f"<title>{escape(shape.tip)}</title>"
            style = f'fill="{shape.fill}" fill-opacity="{RIBBON_OPACITY}"'
            return f'<path d="{_ribbon(shape)}" {style}>{tip}</path>'
        case Line():
            ends = f'x1="{_number(shape.x1)}" x2="{_number(shape.x2)}"'
            return f'<line {ends} y1="{_number(shape.y)}" y2="{_number(shape.y)}" stroke="#333"/>'


def _ribbon(ribbon: Ribbon) -> str:
    (x0, y0), (x1, y1), tall = ribbon.start, ribbon.end, ribbon.tall
    middle = (x0 + x1) / 2
    return (
        f"M{x0:.1f},{y0:.2f} C{middle:.1f},{y0:.2f} {middle:.1f},{y1:.2f} {x1:.1f},{y1:.2f} "
        f"L{x1:.1f},{y1 + tall:.2f} C{middle:.1f},{y1 + tall:.2f} {middle:.1f},{y0 + tall:.2f} "
        f"{x0:.1f},{y0 + tall:.2f} Z"
    )


def _number(value: float) -> str:
    return f"{value:.2f}".rstrip("0").rstrip(".")
