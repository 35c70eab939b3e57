"""The functional unit: 1 kWh of the total energy a battery provides over its service life.

Two draft methods give a different denominator for the same pack, so the ruleset decides, and every
input is printed beside the result. kWh delivered never stands for kWh of capacity.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from types import MappingProxyType

from lca.activities import Inventory, ServiceLife
from lca.errors import Finding, IncompleteInventoryError
from lca.rulesets import EnergyFormula, Ruleset, WarrantyRule
from lca.units import DeliveredEnergy, Quantity

_LIFE = "product.service_life"


@dataclass(frozen=True, slots=True)
class FunctionalUnit:
    """The denominator and how it came about.

    Attributes:
        total_energy: kWh delivered over the service life (kWh of capacity where the ruleset's
            declared unit is capacity; the formula says so).
    """

    total_energy: Quantity[DeliveredEnergy]
    formula: str
    text: str
    inputs: Mapping[str, float | str]
    warnings: tuple[str, ...]

    def to_document(self) -> dict[str, object]:
        """Return it as JSON-able data."""
        return {
            "total_energy_kwh": self.total_energy.amount,
            "formula": self.formula,
            "text": self.text,
            "inputs": dict(self.inputs),
        }


def functional_unit(inventory: Inventory, ruleset: Ruleset) -> FunctionalUnit:
    """Return the denominator that the ruleset prescribes for this battery.

    Raises:
        IncompleteInventoryError: An input that the formula needs is missing or not evidenced.
    """
    inputs, warnings = FORMULAS[ruleset.formula](inventory, ruleset)
    energy = 1.0
    for key, value in inputs.items():
        if isinstance(value, float) and not key.startswith("given_"):
            energy *= value
    return FunctionalUnit(
        total_energy=Quantity(energy, DeliveredEnergy),
        formula=ruleset.formula.value,
        text=ruleset.formula_text,
        inputs=MappingProxyType(inputs),
        warnings=tuple(warnings),
    )


_Inputs = tuple[dict[str, float | str], list[str]]


def _cycles_and_years(inventory: Inventory, ruleset: Ruleset) -> _Inputs:
    """Usable energy x cycles a year x years: section 2 of the draft delegated act of 2024."""
    life = inventory.product.service_life
    vehicle = life.vehicle_class
    if vehicle is None or vehicle not in ruleset.cycles_per_year:
        known = ", ".join(sorted(ruleset.cycles_per_year))
        raise _lacks("vehicle_class", vehicle or "", "no cycles a year are known for it", known)
    if ruleset.warranty is None:
        raise _lacks("warranty_years", "", f"{ruleset.id} has no warranty rule", "other ruleset")
    years, given, warnings = _years(life, ruleset.warranty, ruleset)
    inputs: dict[str, float | str] = {
        "usable_energy_kwh": inventory.product.usable_energy_kwh,
        "cycles_per_year": float(ruleset.cycles_per_year[vehicle]),
        "years": years,
        "vehicle_class": vehicle,
        **given,
    }
    return inputs, warnings


def _years(
    life: ServiceLife, rule: WarrantyRule, ruleset: Ruleset
) -> tuple[float, dict[str, float | str], list[str]]:
    given: dict[str, float | str] = {}
    warnings: list[str] = []
    candidates: list[float] = []
    share = life.warranty_capacity_share
    if life.warranty_years is not None:
        given["given_warranty_years"] = life.warranty_years
        candidates.append(life.warranty_years)
    if life.warranty_distance_km is not None:
        given["given_warranty_distance_km"] = life.warranty_distance_km
        per_year = rule.km_per_year.get(life.vehicle_class or "")
        if per_year is None:
            reason = f"no km a year are known for vehicle class {life.vehicle_class}"
            raise _lacks("warranty_distance_km", "", reason, "give the warranty in years")
        given["given_km_per_year"] = per_year
        candidates.append(life.warranty_distance_km / per_year)
    if share is not None and share < rule.minimum_capacity_share:
        warnings.append(
            f"the warranty guarantees {share:.0%} of the capacity, below "
            f"{rule.minimum_capacity_share:.0%}: it does not count"
        )
        candidates = []
    if not candidates:
        warnings.append(
            f"no warranty that counts: {ruleset.id} takes {rule.default_years:g} years (its "
            "default as digested; the wording of the draft was not verified)"
        )
        return rule.default_years, given, warnings
    if rule.evidence_required and life.warranty_evidence is None:
        raise _lacks("warranty_evidence", "", "the warranty lengthens the service life", "name it")
    if share is None:
        warnings.append("the capacity that the warranty guarantees is not stated (70 % is needed)")
    given["warranty_evidence"] = life.warranty_evidence or ""
    return min(candidates), given, warnings


def _distance(inventory: Inventory, ruleset: Ruleset) -> _Inputs:
    """Distance x consumption: JRC CFB-EV draft of June 2023."""
    life = inventory.product.service_life
    if life.distance_km is None:
        raise _lacks("distance_km", "", f"{ruleset.id} needs the distance", "give km")
    if life.consumption_kwh_per_km is None:
        raise _lacks("consumption_kwh_per_km", "", f"{ruleset.id} needs it", "give kWh per km")
    inputs: dict[str, float | str] = {
        "distance_km": life.distance_km,
        "consumption_kwh_per_km": life.consumption_kwh_per_km,
    }
    return inputs, []


def _declared_cycles(inventory: Inventory, ruleset: Ruleset) -> _Inputs:
    """Usable energy x declared cycle life: JRC CFB-IND report of April 2025, repetitive use."""
    life = inventory.product.service_life
    if life.declared_cycles is None:
        reason = f"{ruleset.id} needs the declared cycle life (Article 10)"
        raise _lacks("declared_cycles", "", reason, "give the number of cycles")
    inputs: dict[str, float | str] = {
        "usable_energy_kwh": inventory.product.usable_energy_kwh,
        "declared_cycles": life.declared_cycles,
    }
    return inputs, ["fade over the declared cycles is not deducted: the formula was not verified"]


def _capacity(inventory: Inventory, ruleset: Ruleset) -> _Inputs:
    """Declared unit: 1 kWh of capacity (ISO 14067, partial footprint)."""
    warning = f"{ruleset.id}: per kWh of capacity, not per kWh delivered; not comparable with those"
    return {"capacity_kwh": inventory.product.capacity_kwh}, [warning]


FORMULAS: Mapping[EnergyFormula, Callable[[Inventory, Ruleset], _Inputs]] = MappingProxyType(
    {
        EnergyFormula.CYCLES_AND_YEARS: _cycles_and_years,
        EnergyFormula.DISTANCE: _distance,
        EnergyFormula.DECLARED_CYCLES: _declared_cycles,
        EnergyFormula.CAPACITY: _capacity,
    }
)


def _lacks(name: str, value: str, reason: str, remedy: str) -> IncompleteInventoryError:
    return IncompleteInventoryError([Finding(f"{_LIFE}.{name}", value, reason, remedy)])
