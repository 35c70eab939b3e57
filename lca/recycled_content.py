"""Recycled shares by Article 8 of Regulation (EU) 2023/1542, from the evidence behind R1.

Cobalt, lithium and nickel in active materials, lead in the battery; per model, plant and year;
recovered from manufacturing waste (pre-consumer) and from post-consumer waste, apart. The act that
fixes the calculation had not been adopted (evidence to 9 October 2026): the shares are plain mass
shares, and the minimum shares of 2031 and 2036 are printed beside them, not judged.
"""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from types import MappingProxyType
from typing import Final

from lca.errors import Finding, IncompleteInventoryError

METALS: Final = ("cobalt", "lead", "lithium", "nickel")

MINIMUM_SHARES: Final[Mapping[str, Mapping[str, float]]] = MappingProxyType(
    {
        "2031-08-18": MappingProxyType(
            {"cobalt": 0.16, "lead": 0.85, "lithium": 0.06, "nickel": 0.06}
        ),
        "2036-08-18": MappingProxyType(
            {"cobalt": 0.26, "lead": 0.85, "lithium": 0.12, "nickel": 0.15}
        ),
    }
)
"""Article 8(2) and (3): minimum shares from these days."""


@dataclass(frozen=True, slots=True)
class MetalLot:
    """A delivery of one metal that went into one model at one plant in one year.

    Attributes:
        pre_consumer_kg: Recovered from battery manufacturing waste; of `mass_kg`.
        post_consumer_kg: Recovered from post-consumer waste; of `mass_kg`.
        evidence: Chain of custody; needed where anything is recovered.
    """

    metal: str
    mass_kg: float
    pre_consumer_kg: float
    post_consumer_kg: float
    evidence: str | None


@dataclass(frozen=True, slots=True)
class RecycledShare:
    """Shares of one metal, fractions of its mass."""

    metal: str
    mass_kg: float
    pre_consumer: float
    post_consumer: float
    evidence: tuple[str, ...]

    @property
    def total(self) -> float:
        """Both shares together: this is what R1 of the Circular Footprint Formula may be."""
        return self.pre_consumer + self.post_consumer

    def to_document(self) -> dict[str, object]:
        """Return it as JSON-able data."""
        return {
            "metal": self.metal,
            "mass_kg": self.mass_kg,
            "pre_consumer_share": self.pre_consumer,
            "post_consumer_share": self.post_consumer,
            "recycled_share": self.total,
            "evidence": list(self.evidence),
            "minimum_shares": {day: shares[self.metal] for day, shares in MINIMUM_SHARES.items()},
        }


def recycled_shares(lots: Sequence[MetalLot]) -> tuple[RecycledShare, ...]:
    """Return the shares of each metal in these lots, which are of one model, plant and year.

    Raises:
        IncompleteInventoryError: A mass is not sensible, or recovered metal lacks evidence.
    """
    findings = [
        finding
        for index, lot in enumerate(lots)
        for finding in _problems(lot, f"recycled_content[{index}]")
    ]
    if findings:
        raise IncompleteInventoryError(findings)
    shares: list[RecycledShare] = []
    for metal in METALS:
        mine = [lot for lot in lots if lot.metal == metal]
        mass = math.fsum(lot.mass_kg for lot in mine)
        if mass > 0:
            shares.append(
                RecycledShare(
                    metal,
                    mass,
                    math.fsum(lot.pre_consumer_kg for lot in mine) / mass,
                    math.fsum(lot.post_consumer_kg for lot in mine) / mass,
                    tuple(sorted({lot.evidence for lot in mine if lot.evidence})),
                )
            )
    return tuple(shares)


def _problems(lot: MetalLot, path: str) -> list[Finding]:
    findings: list[Finding] = []
    if lot.metal not in METALS:
        known = f"Article 8 names {', '.join(METALS)}"
        findings.append(Finding(f"{path}.metal", lot.metal, "is not declared", known))
    masses = (lot.mass_kg, lot.pre_consumer_kg, lot.post_consumer_kg)
    if not all(math.isfinite(mass) and mass >= 0 for mass in masses):
        findings.append(Finding(path, str(masses), "a mass is a number from 0", "check it"))
        return findings
    recovered = lot.pre_consumer_kg + lot.post_consumer_kg
    if recovered > lot.mass_kg * (1 + 1e-12):
        value = f"{recovered:g} of {lot.mass_kg:g} kg"
        findings.append(Finding(path, value, "more is recovered than there is", "check it"))
    if recovered > 0 and not (lot.evidence or "").strip():
        reason = "recovered metal needs evidence of traceability"
        findings.append(Finding(f"{path}.evidence", "", reason, "name the chain of custody"))
    return findings
