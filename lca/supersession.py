"""When a new study is due: a changed bill of materials or energy mix makes the old one superseded.

Annex II of Regulation (EU) 2023/1542: a change in the bill of materials or the energy mix of a model
requires a new calculation. A study is keyed by what it was computed from; this module says what
changed between two of them, and whether the old one still stands.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

from lca.activities import Inventory
from lca.emission_factors import sha256_of
from lca.footprint import Footprint

NEW_DECLARATION_ABOVE: float = 0.10
"""A rise of the footprint above this needs a new declaration (draft rules as digested)."""


@dataclass(frozen=True, slots=True)
class StudyKey:
    """Hashes of what a footprint rests on; equal keys mean the same study."""

    facility_id: str
    product: str
    bill_of_materials: str
    energy_mix: str
    service_life: str
    ruleset: str
    dataset: str

    def to_document(self) -> dict[str, str]:
        """Return it as JSON-able data."""
        return {name: getattr(self, name) for name in self.__slots__}


@dataclass(frozen=True, slots=True)
class Supersession:
    """What changed from one study to the next.

    Attributes:
        superseded: Whether the old study no longer stands.
        reasons: What changed, in words.
        new_declaration: The footprint rose so far that a new declaration is needed.
    """

    superseded: bool
    reasons: tuple[str, ...]
    change: float
    new_declaration: bool


_REASONS: Mapping[str, str] = {
    "bill_of_materials": "the bill of materials or a process changed",
    "energy_mix": "the energy mix changed",
    "service_life": "the service life or its evidence changed",
    "product": "the product data changed",
    "ruleset": "another ruleset or version",
    "dataset": "another dataset or version",
}


def study_key(footprint: Footprint) -> StudyKey:
    """Return the key of a footprint."""
    system = footprint.system
    inventory = system.inventory
    product = dict(_mapping(inventory, "product"))
    life = product.pop("service_life", {})
    circular = inventory.document.get("circular")
    recycled = inventory.document.get("recycled_content")
    parts = [inventory.document["activities"], inventory.document["demand"], circular]
    return StudyKey(
        facility_id=inventory.plant.facility_id,
        product=sha256_of(product),
        bill_of_materials=sha256_of([*parts, recycled] if recycled else parts),
        energy_mix=sha256_of(_energy_mix(inventory)),
        service_life=sha256_of(life),
        ruleset=system.ruleset.content_hash,
        dataset=system.dataset.fingerprint,
    )


def supersession(old: Footprint, new: Footprint) -> Supersession:
    """Return whether the new study makes the old one superseded, and why."""
    before, after = study_key(old), study_key(new)
    reasons = [
        text for name, text in _REASONS.items() if getattr(before, name) != getattr(after, name)
    ]
    reference = old.kg_co2e_per_kwh
    change = (new.kg_co2e_per_kwh - reference) / reference if reference else 0.0
    same_plant = before.facility_id == after.facility_id
    if not same_plant:
        reasons = ["another plant: its study stands beside the old one"]
    return Supersession(
        superseded=same_plant and bool(reasons),
        reasons=tuple(reasons),
        change=change,
        new_declaration=same_plant and change > NEW_DECLARATION_ABOVE,
    )


def _energy_mix(inventory: Inventory) -> object:
    """Return shares and factors of the metered supply: more of the same is the same mix."""
    supply = inventory.electricity
    if supply is None:
        return None
    total = supply.kwh
    return [
        [supply.national_mix, supply.grid_location, supply.residual, supply.residual_lca],
        [
            [
                item.arrangement.value,
                round(item.kwh / total, 9),
                item.technology,
                item.factor,
                None
                if item.contract is None
                else [item.contract.technology, round(item.contract.kwh / total, 9)],
            ]
            for item in supply.supply
        ],
    ]


def _mapping(inventory: Inventory, key: str) -> Mapping[str, object]:
    value = inventory.document[key]
    return value if isinstance(value, Mapping) else {}
