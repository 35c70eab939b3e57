"""Doubts: what of a footprint is implausible is said, and what is impossible is refused.

A doubt is a warning. It changes no figure and hides none; the maker may well be right. Its ranges are
in `data/plausible_ranges.csv`, and they are no part of a ruleset or of a dataset.
"""

from __future__ import annotations

import math
from collections.abc import Iterator
from dataclasses import dataclass
from functools import cache
from typing import Final

from lca.errors import Finding, InventoryError
from lca.footprint import Footprint
from lca.masses import Masses
from lca.measurements import (
    Measurement,
    bill_of_materials_mass,
    circular_formula_mass,
    measurements,
    specific_energy,
)
from lca.plausible_ranges import PlausibleRange, plausible_range, plausible_ranges, said

IMPLAUSIBLE: Final = "implausible"
"""Key of the doubts in a footprint document, and the first word of each among its warnings."""


@dataclass(frozen=True, slots=True)
class Doubt:
    """A quantity of a footprint that lies outside its plausible range."""

    measurement: Measurement
    range: PlausibleRange

    def text(self, *, value_shown: bool = True, place_shown: bool = True) -> str:
        """Return the warning; its value, or where it comes from, may have to be withheld."""
        found, range_ = self.measurement, self.range
        side = "above" if found.value > range_.high else "below"
        value = f"{said(found.value)} {range_.unit}" if value_shown else "a withheld value"
        place = f" at {found.field}" if place_shown else ""
        if found.largest is not None and place_shown:
            place += f" (largest input: {found.largest})"
        return (
            f"{IMPLAUSIBLE} {range_.quantity}: {value}{place}, {side} the plausible {range_.text}. "
            f"{range_.check} Computed as it stands. Source of the range: "
            f"{range_.source} ({range_.where})"
        )

    def to_document(
        self, *, value_shown: bool = True, place_shown: bool = True
    ) -> dict[str, object]:
        """Return it as JSON-able data."""
        low, value = self.range.low, self.measurement.value
        return {
            "quantity": self.range.quantity,
            "field": self.measurement.field if place_shown else None,
            "value": value if value_shown and math.isfinite(value) else None,
            "unit": self.range.unit,
            "low": low if math.isfinite(low) else None,
            "high": self.range.high,
            "applies_to": self.range.applies_to,
            "check": self.range.check,
            "source": self.range.source,
            "where": self.range.where,
            "text": self.text(value_shown=value_shown, place_shown=place_shown),
        }


def doubts(footprint: Footprint) -> Iterator[Doubt]:
    """Yield everything about a footprint that is implausible."""
    product = footprint.system.inventory.product
    for measurement in measurements(footprint):
        range_ = plausible_range(measurement.quantity, product)
        if range_ is not None and not range_.holds(
            measurement.value, low_counts=measurement.low_counts
        ):
            yield Doubt(measurement, range_)


def check_possible(footprint: Footprint) -> None:
    """Refuse what contradicts itself or physics, however it is meant.

    Raises:
        InventoryError: The battery holds more energy than any fuel of its mass; or many times its
            mass goes into it, and no word says where it goes; or the same of its materials at the end
            of life; or a figure is beyond all numbers.
    """
    findings = [
        *_unending(footprint),
        *_impossible(
            footprint,
            specific_energy(footprint),
            "not even hydrogen, burnt with oxygen from outside, holds more for its mass",
        ),
        *_impossible(
            footprint,
            circular_formula_mass(footprint),
            "what is under the formula is in the battery, or its production waste",
        ),
    ]
    masses = Masses(footprint)
    most_kg = _limit("bill_of_materials_mass") * footprint.system.inventory.product.mass_kg
    if masses.may_exceed(most_kg) and not masses.is_loss_declared:
        reason = "what goes in comes out, and no waste or co-product is declared"
        findings.extend(_impossible(footprint, bill_of_materials_mass(footprint), reason))
    if findings:
        raise InventoryError(findings)


@cache
def _limit(quantity: str) -> float:
    """Return what a quantity exceeds in no possible battery."""
    return min(item.impossible_above for item in plausible_ranges()[quantity])


def _unending(footprint: Footprint) -> Iterator[Finding]:
    """Yield figures that are no numbers any more: something is divided by next to nothing."""
    system = footprint.system
    divisors = {
        "product.service_life": system.functional_unit.total_energy.amount,
        "product.capacity_kwh": system.inventory.product.capacity_kwh,
    }
    for field, kwh in divisors.items():
        if kwh == 0 or not math.isfinite(footprint.total / kwh):
            reason = "the footprint per kWh of it is beyond all numbers"
            yield Finding(field, f"{kwh:g} kWh", reason, "check energies, amounts and their units")


def _impossible(
    footprint: Footprint, found: Iterator[Measurement], reason: str
) -> Iterator[Finding]:
    for item in found:
        range_ = plausible_range(item.quantity, footprint.system.inventory.product)
        if range_ is None or item.value <= range_.impossible_above:
            continue
        why = (
            f"{item.quantity} is {said(item.value)} {range_.unit}, impossible above "
            f"{said(range_.impossible_above)}: {reason}"
        )
        yield Finding(item.field, item.stated, why, range_.check)
