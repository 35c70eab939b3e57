"""Plausible ranges of what an inventory says, and of what follows from it: one row each, with its source.

The bands of `plausibility` are about emission factors; these are about amounts. A range is wide on
purpose: outside it stands what nobody has published of a battery, which is as a rule a wrong unit.
"""

from __future__ import annotations

import csv
import math
from collections.abc import Mapping
from dataclasses import dataclass
from functools import cache, lru_cache
from importlib import resources
from types import MappingProxyType
from typing import Final

from lca.activities import Product

FILE: Final = "plausible_ranges.csv"


@dataclass(frozen=True, slots=True)
class PlausibleRange:
    """From where to where a quantity is plausible, both ends included.

    Attributes:
        low: Minus infinity where nothing is too little.
        impossible_above: Above it the quantity contradicts itself or physics; infinity where nothing does.
        categories: Battery categories it is for; empty for all.
        chemistries: How names of chemistries begin that it is for, in any case; empty for all.
        vehicle_classes: Vehicle classes it is for; empty for all.
        check: What to look at where a value lies outside.
        source: Who says so, or `derived` and from what.
        where: Page, quotation or derivation of both ends.
    """

    quantity: str
    unit: str
    categories: tuple[str, ...]
    chemistries: tuple[str, ...]
    vehicle_classes: tuple[str, ...]
    low: float
    high: float
    impossible_above: float
    check: str
    source: str
    where: str

    def concerns(self, category: str, chemistry: str, vehicle_class: str | None) -> bool:
        """Return whether the range is for a battery of this kind."""
        named = chemistry.strip().casefold()
        return (
            (not self.categories or category in self.categories)
            and (not self.vehicle_classes or vehicle_class in self.vehicle_classes)
            and (
                not self.chemistries or named.startswith(tuple(map(str.casefold, self.chemistries)))
            )
        )

    def holds(self, value: float, *, low_counts: bool = True) -> bool:
        """Return whether a value lies inside; a number that is none lies nowhere."""
        return value <= self.high and (value >= self.low or not low_counts)

    @property
    def applies_to(self) -> str:
        """What it is for, in words."""
        parts = (*self.categories, *self.chemistries, *self.vehicle_classes)
        return ", ".join(parts) or "any battery"

    @property
    def text(self) -> str:
        """The range in words; its unit is that of the value before it."""
        if self.low == -math.inf:
            return f"range up to {said(self.high)}"
        return f"range of {said(self.low)} to {said(self.high)}"


def said(value: float) -> str:
    """Return a number for a sentence: all digits of large ones, five of others."""
    return f"{value:,.0f}" if 1e4 <= abs(value) < 1e15 else f"{value:,.5g}"  # noqa: PLR2004 - readable


@cache
def plausible_ranges() -> Mapping[str, tuple[PlausibleRange, ...]]:
    """Return all ranges by quantity; of those of one quantity the first that concerns a battery counts."""
    ranges: dict[str, tuple[PlausibleRange, ...]] = {}
    file = resources.files("lca.data").joinpath(FILE)
    with file.open(encoding="utf-8") as lines:
        for row in csv.DictReader(lines):
            ranges[row["quantity"]] = (*ranges.get(row["quantity"], ()), _range(row))
    return MappingProxyType(ranges)


def plausible_range(quantity: str, product: Product) -> PlausibleRange | None:
    """Return the range of a quantity for a battery, or None where none is for it."""
    vehicle = product.service_life.vehicle_class
    return _first(quantity, product.category, product.chemistry, vehicle)


@lru_cache(maxsize=4096)
def _first(
    quantity: str, category: str, chemistry: str, vehicle_class: str | None
) -> PlausibleRange | None:
    ranges = plausible_ranges()[quantity]
    return next(
        (item for item in ranges if item.concerns(category, chemistry, vehicle_class)), None
    )


def _range(row: Mapping[str, str]) -> PlausibleRange:
    return PlausibleRange(
        quantity=row["quantity"],
        unit=row["unit"],
        categories=_listed(row["category"]),
        chemistries=_listed(row["chemistry"]),
        vehicle_classes=_listed(row["vehicle_class"]),
        low=float(row["low"] or -math.inf),
        high=float(row["high"]),
        impossible_above=float(row["impossible_above"] or math.inf),
        check=row["check"],
        source=row["source"],
        where=row["where"],
    )


def _listed(cell: str) -> tuple[str, ...]:
    return tuple(filter(None, cell.split("|")))
