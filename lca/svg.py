"""A few lines that write SVG: elements with escaped text, no scripts, nothing external."""

from __future__ import annotations

from collections.abc import Mapping
from html import escape
from typing import Final

PALETTE: Final = ("#1b6ca8", "#c1571a", "#3a7d44", "#7a4f9a", "#8c8c8c")
"""Four stages and a rest; tells apart in print and for the colour-blind."""

FONT: Final = "font-family:system-ui,sans-serif;font-size:13px"

_NAMESPACE: Final = "http://www.w3.org/2000/svg"


class Drawing:
    """A drawing of a fixed size to which elements are added."""

    def __init__(self, width: int, height: int, title: str, description: str) -> None:
        self.width = width
        self.height = height
        self._parts = [
            f'<svg xmlns="{_NAMESPACE}" viewBox="0 0 {width} {height}" width="{width}"',
            f'height="{height}" role="img" style="{FONT}">',
            f"<title>{escape(title)}</title><desc>{escape(description)}</desc>",
            f'<rect width="{width}" height="{height}" fill="#fff"/>',
        ]

    def element(self, name: str, attributes: Mapping[str, float | str], text: str = "") -> None:
        """Add an element; attribute names use `_` for `-`."""
        written = "".join(
            f' {key.replace("_", "-")}="{_attribute(value)}"' for key, value in attributes.items()
        )
        body = f">{escape(text)}</{name}>" if text else "/>"
        self._parts.append(f"<{name}{written}{body}")

    def text(self, x: float, y: float, text: str, *, anchor: str = "start", **more: str) -> None:
        """Add a line of text."""
        attributes: dict[str, float | str] = {"x": x, "y": y, "text_anchor": anchor, **more}
        self.element("text", attributes, text)

    def box(self, place: tuple[float, float, float, float], fill: str, tip: str) -> None:
        """Add a box at x, y, width, height with a tooltip."""
        x, y, width, height = (_attribute(value) for value in place)
        shape = f'<rect x="{x}" y="{y}" width="{width}" height="{height}" fill="{fill}">'
        self._parts.append(f"{shape}<title>{escape(tip)}</title></rect>")

    def ribbon(self, path: str, fill: str, tip: str) -> None:
        """Add a filled path with a tooltip."""
        shape = f'<path d="{path}" fill="{fill}" fill-opacity="0.45">'
        self._parts.append(f"{shape}<title>{escape(tip)}</title></path>")

    def finish(self) -> str:
        """Return the SVG document."""
        return "\n".join([*self._parts, "</svg>"])


def _attribute(value: float | str) -> str:
    return escape(value) if isinstance(value, str) else f"{value:.2f}".rstrip("0").rstrip(".")
