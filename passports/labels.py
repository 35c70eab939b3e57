"""Labels as SVG in millimetres: the QR code and the words of Annex VI, Part A that are at hand.

What a label must say: Annex VI, Part A (points 1 to 10) and Art. 13(4) (separate collection symbol).
Points without data are left out here; the completeness of a passport is another matter's table.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date
from functools import cache
from textwrap import wrap
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
# Where the lines of the parties begin below the first line, and how far apart they and the parties stand.
_PARTIES_MM: Final = 25.6
_LINE_MM: Final = 3.2
_GAP_MM: Final = 0.9
# Letters that fit beside the code and the symbol of separate collection, which is 11 mm wide.
_NAME_WIDTH: Final = 44
_ADDRESS_WIDTH: Final = 54
_CATEGORY_NAMES: Final = {
    "ev": "EV battery",
    "lmt": "LMT battery",
    "industrial": "Industrial battery",
}


def _wrapped(text: str, width: int) -> list[str]:
    # What fits stands there as it was given, spaces and all.
    return [text] if 0 < len(text) <= width else wrap(text, width)


@dataclass(frozen=True)
class LabelParty:
    """Who made a battery or answers for it: Annex VI, Part A (1); Art. 38(7) and 41(3).

    Attributes:
        role: What it is to the battery, where the label has to say it apart from the maker.
        name: Its name.
        trade_name: Its registered trade name or trade mark.
        address: Its postal address.
    """

    role: str
    name: str
    trade_name: str = ""
    address: str = ""

    def to_lines(self) -> Sequence[tuple[str, float]]:
        """Return what stands on the label, line by line, each with its size in mm."""
        named = f"{self.name} ({self.trade_name})" if self.trade_name else self.name
        titled = f"{self.role}: {named}" if self.role else named
        return [
            *((line, 2.6) for line in _wrapped(titled, _NAME_WIDTH)),
            *((line, 2.2) for line in _wrapped(self.address, _ADDRESS_WIDTH)),
        ]


@dataclass(frozen=True)
class LabelContent:
    """What one label says."""

    link: str
    model: BatteryModel
    serial: str
    parties: Sequence["LabelParty"]
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
    rows = data_carrier.label_modules(content.link)
    seal = data_carrier.seal_modules(content.seal) if content.seal is not None else []
    seal_mm = len(seal) * SEAL_MODULE_MM
    size_mm = len(rows) * MODULE_MM
    return _template().render(
        content=content,
        modules=len(rows),
        dark=_dark(rows),
        size_mm=size_mm,
        seal_modules=len(seal),
        seal_dark=_dark(seal),
        seal_mm=seal_mm,
        text_mm=WIDTH_MM,
        width_mm=WIDTH_MM + (seal_mm + 2 if seal else 0),
        lines=label_lines(content),
        height_mm=label_height_mm(content, len(rows)),
    )


def label_lines(content: LabelContent) -> list[tuple[str, float, float, bool]]:
    """Return the lines of a label: text, size, place below the first line (in mm), whether it is bold."""
    model = content.model
    category = _CATEGORY_NAMES[model.category.value]
    figures = f"{model.capacity_kwh:g} kWh · {model.mass_kg:.1f} kg"
    lines = [
        (model.name, 3.6, 0.0, True),
        (f"{category} · {model.chemistry} · {figures}", 2.6, 4.2, False),
        (f"Model {model.id}", 2.6, 9.2, False),
        (f"GTIN {model.gtin}", 2.6, 13.0, False),
        (f"S/N {content.serial}", 2.6, 16.8, True),
        (f"Made {content.manufactured_on:%m/%Y} at {content.place}", 2.6, 20.6, False),
    ]
    place_mm = _PARTIES_MM
    for party in content.parties:
        for text, size in party.to_lines():
            lines.append((text, size, round(place_mm, 1), False))
            place_mm += _LINE_MM
        place_mm += _GAP_MM
    return lines


def label_height_mm(content: LabelContent, code_modules: int) -> float:
    """Return how tall a label is: its code of so many modules or its lines decide."""
    return round(max(44, code_modules * MODULE_MM + 8, label_lines(content)[-1][2] + 12), 1)


@cache
def _template() -> Template:
    environment = Environment(
        loader=PackageLoader("passports", "templates"), autoescape=True, undefined=StrictUndefined
    )
    return environment.get_template("label.svg")
