"""Labels as SVG in millimetres: the QR code and the words of Annex VI, Part A that are at hand.

What a label must say: Annex VI, Part A (points 1 to 10) and Art. 13(4) (separate collection symbol).
Points without data are left out here; the completeness of a passport is another matter's table.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date
from functools import cache
from typing import Final

from jinja2 import Environment, PackageLoader, StrictUndefined, Template

from passports import data_carrier
from passports.models import BatteryModel

# Module width for hand-held readers; 0.4 mm is within GS1's 0.396-0.990 mm for 2D codes on products
# (GS1 General Specifications, symbol specification table 1). The law names no size.
MODULE_MM: Final = 0.5
# The seal is optional and larger; the same table's smallest module that is a round figure.
SEAL_MODULE_MM: Final = 0.4
WIDTH_MM: Final = 100
_CATEGORY_NAMES: Final = {
    "ev": "EV battery",
    "lmt": "LMT battery",
    "industrial": "Industrial battery",
}


@dataclass(frozen=True)
class LabelContent:
    """What one label says."""

    link: str
    model: BatteryModel
    serial: str
    manufacturer: str
    manufacturer_address: str
    place: str
    manufactured_on: date
    seal: str | None = None


def _dark(rows: Sequence[Sequence[bool]]) -> str:
    """The dark modules of a symbol as an SVG path."""
    return "".join(
        f"M{x} {y}h1v1h-1z" for y, row in enumerate(rows) for x, module in enumerate(row) if module
    )


def draw_label(content: LabelContent) -> str:
    """Draw one label, 100 mm wide, or wider by an offline seal, as a self-contained SVG document."""
    rows = data_carrier.modules(content.link)
    seal = data_carrier.seal_modules(content.seal) if content.seal is not None else []
    seal_mm = len(seal) * SEAL_MODULE_MM
    size_mm = len(rows) * MODULE_MM
    return _template().render(
        content=content,
        category=_CATEGORY_NAMES[content.model.category.value],
        modules=len(rows),
        dark=_dark(rows),
        size_mm=size_mm,
        seal_modules=len(seal),
        seal_dark=_dark(seal),
        seal_mm=seal_mm,
        text_mm=WIDTH_MM,
        width_mm=WIDTH_MM + (seal_mm + 2 if seal else 0),
        height_mm=max(size_mm + 8, 44),
    )


@cache
def _template() -> Template:
    environment = Environment(
        loader=PackageLoader("passports", "templates"), autoescape=True, undefined=StrictUndefined
    )
    return environment.get_template("label.svg")
