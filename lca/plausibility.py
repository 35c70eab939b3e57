"""Plausible bands: a factor far outside what all sources say needs a reason to be used.

The bands are wide on purpose. They catch a wrong unit, a factor per item taken for one per kg, and
outliers such as 74.6 kg CO2e per kg of nickel sulfate, which stands in one public collection.
"""

from __future__ import annotations

import csv
import math
from collections.abc import Mapping
from dataclasses import dataclass
from functools import cache
from importlib import resources

from lca.emission_factors import FactorRecord, characterised
from lca.errors import Finding
from lca.units import find_unit


@dataclass(frozen=True, slots=True)
class PlausibleBand:
    """Lowest and highest plausible kg CO2e per unit, for factors of a kind."""

    id_prefix: str
    name_contains: str
    per: str
    low: float
    high: float
    reason: str

    def concerns(self, record: FactorRecord) -> bool:
        """Return whether the band is about this factor."""
        return (
            find_unit(self.per).dimension == record.dimension
            and record.id.startswith(self.id_prefix)
            and self.name_contains in f"{record.id} {record.name}".lower()
        )


@cache
def plausible_bands() -> tuple[PlausibleBand, ...]:
    """Return all bands; the first that concerns a factor counts."""
    file = resources.files("lca.data").joinpath("plausibility_bands.csv")
    with file.open(encoding="utf-8") as lines:
        return tuple(
            PlausibleBand(
                id_prefix=row["id_prefix"],
                name_contains=row["name_contains"],
                per=row["per"],
                low=float(row["low"]),
                high=float(row["high"]),
                reason=row["reason"],
            )
            for row in csv.DictReader(lines)
        )


def implausible(record: FactorRecord, characterisation: Mapping[str, float]) -> Finding | None:
    """Return why a factor is implausible, or None where it is not or no band concerns it."""
    band = next((band for band in plausible_bands() if band.concerns(record)), None)
    if band is None:
        return None
    value = characterised(record, characterisation) * find_unit(band.per).per_reference
    if math.isfinite(value) and band.low <= value <= band.high:
        return None
    return Finding(
        record.id,
        f"{value:g} kg CO2e/{band.per}",
        f"is outside the plausible band of {band.low:g} to {band.high:g} ({band.reason})",
        "check unit and source, or override it with a reason, which is then printed",
    )
