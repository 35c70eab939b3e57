"""The complete example, changed so that one quantity of it has a wanted value."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any, Final

from lca.datasets import Dataset
from lca.footprint import Footprint, compute_footprint
from lca.inventory import parse_inventory
from lca.plausible_ranges import plausible_ranges
from lca.rulesets import load_ruleset

Document = dict[str, Any]
Change = Callable[[Document, float], None]

RANGES: Final = [item for ranges in plausible_ranges().values() for item in ranges]
MATERIALS: Final = ("activities", 0, "exchanges", 1)
ELECTRICITY: Final = ("activities", 1, "exchanges", 0)
METERED: Final = 8.33
CARBON: Final = "carbon_dioxide_fossil"


def compute(document: Document, dataset: Dataset, ruleset: str = "iso-14067") -> Footprint:
    return compute_footprint(parse_inventory(document), load_ruleset(ruleset), dataset)


def doubted(document: Document, dataset: Dataset, ruleset: str = "iso-14067") -> set[str]:
    """Return the quantities that are implausible."""
    return {doubt.range.quantity for doubt in compute(document, dataset, ruleset).doubts}


def at(document: Document, path: tuple[str | int, ...]) -> Document:
    place: Any = document
    for key in path:
        place = place[key]
    found: Document = place
    return found


def life(name: str) -> Change:
    return lambda pack, value: pack["product"]["service_life"].__setitem__(name, value)


def specific_energy(pack: Document, value: float) -> None:
    pack["product"]["mass_kg"] = pack["product"]["capacity_kwh"] * 1000 / value


def mass(pack: Document, value: float) -> None:
    pack["product"]["mass_kg"] = value
    at(pack, MATERIALS)["amount"] = value


def materials(pack: Document, value: float) -> None:
    at(pack, MATERIALS)["amount"] = value * pack["product"]["mass_kg"]


def powder(pack: Document, value: float) -> None:
    """Make cathode powder from so many kg of precursor per kg."""
    common = {"kind": "technosphere", "process": "cathode_active_material", "origin": "secondary"}
    taken = {**common, "activity": "powder", "amount": 1, "unit": "kg"}
    pack["activities"][0]["exchanges"].append(taken)
    made = {**common, "factor": "mat.mnso4.hi", "amount": value * 1000, "unit": "g"}
    output = {"amount": 1, "unit": "kg"}
    powder = {"id": "powder", "name": "powder", "output": output, "exchanges": [made]}
    pack["activities"].append(powder)


def circular(pack: Document, value: float) -> None:
    pack["gaps"] = [gap for gap in pack["gaps"] if gap["stage"] != "end_of_life"]
    copper = {"id": "copper", "material": "copper", "virgin_counted": True}
    factors = {"disposal": "mat.mnso4.hi"}
    kg = value * pack["product"]["mass_kg"]
    pack["circular"] = [{**copper, "mass_kg": kg, "factors": factors}]


def electricity(pack: Document, value: float) -> None:
    at(pack, ELECTRICITY)["amount"] = value


def electricity_of_packs(pack: Document, value: float) -> None:
    at(pack, ELECTRICITY).update(amount=value, process="pack_assembly")


def metered(pack: Document, value: float) -> None:
    pack["plant"]["production_kwh"] = pack["electricity"]["supply"][0]["kwh"] / value


def metered_of_packs(pack: Document, value: float) -> None:
    electricity_of_packs(pack, METERED)
    metered(pack, value)


def gas(pack: Document, value: float) -> None:
    for exchange in pack["activities"][1]["exchanges"][1:]:
        exchange["amount"] = value


def far(pack: Document, value: float) -> None:
    lorry, ship = pack["activities"][0]["exchanges"][2:]
    lorry["amount"], ship["amount"] = value * pack["product"]["mass_kg"] / 1000, 0


def emits(pack: Document, value: float) -> None:
    """Let the battery emit so many kg CO2e per kWh of capacity, half of them from materials."""
    half = value * pack["product"]["capacity_kwh"] / 2
    common = {"kind": "biosphere", "flow": CARBON, "unit": "kg", "origin": "secondary"}
    pack["activities"] = pack["activities"][:1]
    pack["activities"][0]["exchanges"] = [
        {**common, "amount": half, "process": process}
        for process in ("pack_materials", "cell_assembly")
    ]
    pack["gaps"] = [gap for gap in pack["gaps"] if gap["stage"] == "end_of_life"]


CHANGES: Final[Mapping[str, Change]] = {
    "warranty_years": life("warranty_years"),
    "warranty_distance_km": life("warranty_distance_km"),
    "distance_km": life("distance_km"),
    "consumption_kwh_per_km": life("consumption_kwh_per_km"),
    "full_cycles": life("declared_cycles"),
    "specific_energy": specific_energy,
    "usable_share": lambda pack, share: pack["product"].update(usable_energy_kwh=60 * share),
    "mass_kg": mass,
    "demand_per_battery": lambda pack, value: pack["demand"].update(amount=value),
    "bill_of_materials_mass": materials,
    "input_mass_per_output_mass": powder,
    "circular_formula_mass": circular,
    "cell_production_electricity": electricity,
    "pack_assembly_electricity": electricity_of_packs,
    "metered_electricity_of_cell_plant": metered,
    "metered_electricity_of_pack_plant": metered_of_packs,
    "electricity_taken_of_metered": lambda pack, value: electricity(pack, value * METERED),
    "production_fuel_and_heat": gas,
    "distribution_distance_km": far,
    "emissions_per_capacity": emits,
}
"""How the complete example is changed so that a quantity has a value."""
