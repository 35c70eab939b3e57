"""What can be measured of a footprint, and held against the ranges of `plausible_ranges`.

Each function yields measurements; none changes the footprint. All amounts are per battery, so that a
unit that slipped anywhere on the way shows.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass
from typing import Final

from lca.activities import ExchangeKind
from lca.footprint import Footprint
from lca.masses import PARTS, REACTANTS, Masses, MassInput
from lca.plausible_ranges import said
from lca.rulesets import EnergyFormula, LifeCycleStage
from lca.units import find_unit

_LIFE: Final = "product.service_life"
_CELLS: Final = frozenset({"cell_assembly", "electrode_production"})
_MADE: Final = (LifeCycleStage.RAW_MATERIAL_ACQUISITION, LifeCycleStage.MAIN_PRODUCTION)


@dataclass(frozen=True, slots=True)
class Measurement:
    """One quantity of a footprint.

    Attributes:
        quantity: Which ranges it is held against.
        field: Where in the inventory it comes from, e.g. the amount of the largest input.
        burdens: Indices of the burdens whose amounts it tells something about.
        products: Whether it tells something about amounts that activities pass on to each other.
        largest: Name of the largest input in it, where it is a sum of several.
        stated: What stands at `field`, or what comes of it per battery; for refusals.
        low_counts: Whether too little means something; not where a part of it is not given.
    """

    quantity: str
    value: float
    field: str
    burdens: tuple[int, ...] = ()
    largest: str | None = None
    stated: str = ""
    low_counts: bool = True
    products: bool = False


Measuring = Callable[[Footprint], Iterator[Measurement]]


def measurements(footprint: Footprint) -> Iterator[Measurement]:
    """Yield everything that can be measured of a footprint."""
    for measure in MEASURES:
        yield from measure(footprint)


def _service_life(footprint: Footprint) -> Iterator[Measurement]:
    life = footprint.system.inventory.product.service_life
    for name in ("warranty_years", "warranty_distance_km", "distance_km", "consumption_kwh_per_km"):
        value: float | None = getattr(life, name)
        if value is not None:
            yield Measurement(name, value, f"{_LIFE}.{name}")
    cycles = life.declared_cycles
    unit = footprint.system.functional_unit
    if unit.formula != EnergyFormula.CAPACITY.value:
        usable = footprint.system.inventory.product.usable_energy_kwh
        yield Measurement("full_cycles", unit.total_energy.amount / usable, _LIFE)
    if cycles is not None and unit.formula != EnergyFormula.DECLARED_CYCLES.value:
        yield Measurement("full_cycles", cycles, f"{_LIFE}.declared_cycles")


def specific_energy(footprint: Footprint) -> Iterator[Measurement]:
    """Yield the battery's Wh per kg."""
    product = footprint.system.inventory.product
    value = product.capacity_kwh / product.mass_kg * 1000
    stated = f"{said(product.capacity_kwh)} kWh in {said(product.mass_kg)} kg"
    yield Measurement("specific_energy", value, "product.capacity_kwh", stated=stated)


def _battery(footprint: Footprint) -> Iterator[Measurement]:
    inventory = footprint.system.inventory
    product, demand = inventory.product, inventory.demand
    yield Measurement("mass_kg", product.mass_kg, "product.mass_kg")
    share = product.usable_energy_kwh / product.capacity_kwh
    yield Measurement("usable_share", share, "product.usable_energy_kwh")
    unit = find_unit(demand.unit)
    one = {"mass": product.mass_kg, "battery_capacity": product.capacity_kwh, "item": 1.0}
    if unit.dimension in one:
        share = demand.amount * unit.per_reference / one[unit.dimension]
        yield Measurement("demand_per_battery", share, "demand.amount")


def bill_of_materials_mass(footprint: Footprint) -> Iterator[Measurement]:
    """Yield how many times the battery's own mass goes into it."""
    masses = Masses(footprint)
    inputs = list(masses.inputs(masses.assembled, PARTS))
    whole = not any(
        gap.stage is LifeCycleStage.RAW_MATERIAL_ACQUISITION
        for gap in footprint.system.inventory.gaps
    )
    yield from _by_mass(
        "bill_of_materials_mass",
        inputs,
        footprint.system.inventory.product.mass_kg,
        low_counts=whole and masses.all_weighed(masses.assembled),
    )


def _reacting_masses(footprint: Footprint) -> Iterator[Measurement]:
    masses = Masses(footprint)
    for index, kg_each in enumerate(masses.weighed):
        made = float(footprint.levels[index]) * (kg_each or 0.0)
        if index not in masses.assembled and made > 0:
            inputs = list(masses.inputs((index,), REACTANTS))
            low_counts = masses.all_weighed((index,))
            yield from _by_mass("input_mass_per_output_mass", inputs, made, low_counts=low_counts)


def _by_mass(
    quantity: str, inputs: Sequence[MassInput], of_kg: float, *, low_counts: bool
) -> Iterator[Measurement]:
    if not inputs:
        return
    heaviest = max(inputs, key=lambda item: item.kg)
    yield Measurement(
        quantity,
        math.fsum(item.kg for item in inputs) / of_kg,
        f"{heaviest.path}.amount",
        tuple(item.burden for item in inputs if item.burden is not None),
        heaviest.name,
        f"{heaviest.name}, {said(heaviest.kg)} kg a battery",
        low_counts,
        any(item.burden is None for item in inputs),
    )


def circular_formula_mass(footprint: Footprint) -> Iterator[Measurement]:
    """Yield how many times the battery's own mass is under the Circular Footprint Formula."""
    inventory = footprint.system.inventory
    if inventory.circular:
        heaviest = max(inventory.circular, key=lambda material: material.mass_kg)
        kg = math.fsum(material.mass_kg for material in inventory.circular)
        share = kg / inventory.product.mass_kg
        field = f"{heaviest.path}.mass_kg"
        stated = f"{heaviest.id}, {said(heaviest.mass_kg)} kg"
        yield Measurement("circular_formula_mass", share, field, (), heaviest.id, stated)


def _electricity(footprint: Footprint) -> Iterator[Measurement]:
    system = footprint.system
    burdens = enumerate(system.burdens)
    taken = [(i, b) for i, b in burdens if b.exchange.electricity is not None and b.quantity > 0]
    if not taken:
        return
    kind = "cell" if any(b.exchange.process in _CELLS for _, b in taken) else "pack"
    named = {"cell": "cell_production_electricity", "pack": "pack_assembly_electricity"}
    used = _summed(footprint, [i for i, _ in taken])
    capacity = system.inventory.product.capacity_kwh
    indices = tuple(i for i, _ in taken)
    field, largest = _largest(footprint, indices)
    yield Measurement(named[kind], used / capacity, field, indices, largest)
    supply = system.inventory.electricity
    if supply is not None:
        metered = supply.kwh / system.inventory.plant.production_kwh
        yield Measurement(
            f"metered_electricity_of_{kind}_plant", metered, "plant.production_kwh", indices
        )
        if metered > 0:  # it may be too little for a number
            share = used / capacity / metered
            yield Measurement("electricity_taken_of_metered", share, field, indices, largest)


def _fuel_and_heat(footprint: Footprint) -> Iterator[Measurement]:
    """Yield MJ per kWh made; burnt fuel and its supply are the same MJ twice, so the larger counts."""
    system = footprint.system
    found = [
        index
        for index, burden in enumerate(system.burdens)
        if burden.stage is LifeCycleStage.MAIN_PRODUCTION
        and burden.reference_unit in {"MJ", "MJ heat"}
        and burden.part is None
    ]
    yield from _larger_kind(
        footprint, "production_fuel_and_heat", found, system.inventory.product.capacity_kwh
    )


def _distribution(footprint: Footprint) -> Iterator[Measurement]:
    """Yield how many km the battery travels; a direct factor and its fuel's supply are the same tkm."""
    found = [
        index
        for index, burden in enumerate(footprint.system.burdens)
        if burden.stage is LifeCycleStage.DISTRIBUTION and burden.reference_unit == "tkm"
    ]
    kg = footprint.system.inventory.product.mass_kg
    yield from _larger_kind(footprint, "distribution_distance_km", found, kg, scale=1000)


def _larger_kind(
    footprint: Footprint, quantity: str, found: Sequence[int], per: float, scale: float = 1
) -> Iterator[Measurement]:
    burdens = footprint.system.burdens
    kinds = [
        tuple(i for i in found if burdens[i].exchange.kind is kind)
        for kind in (ExchangeKind.TECHNOSPHERE, ExchangeKind.BIOSPHERE)
    ]
    larger = max(kinds, key=lambda indices: _summed(footprint, indices))
    if larger:
        field, largest = _largest(footprint, larger)
        value = _summed(footprint, larger) / per * scale
        yield Measurement(quantity, value, field, tuple(found), largest)


def _result(footprint: Footprint) -> Iterator[Measurement]:
    made = [state for state in footprint.system.stage_states if state.stage in _MADE]
    low_counts = all(state.complete for state in made)
    value = footprint.kg_co2e_per_kwh_capacity
    field = "kg_co2e_per_kwh_capacity"
    yield Measurement("emissions_per_capacity", value, field, low_counts=low_counts)


def _amount(footprint: Footprint, index: int) -> float:
    burden = footprint.system.burdens[index]
    return float(footprint.levels[burden.activity]) * burden.quantity


def _summed(footprint: Footprint, indices: Iterable[int]) -> float:
    return math.fsum(_amount(footprint, index) for index in indices)


def _largest(footprint: Footprint, indices: Sequence[int]) -> tuple[str, str]:
    """Return field and name of the largest input."""
    index = max(indices, key=lambda i: _amount(footprint, i))
    burden = footprint.system.burdens[index]
    name = burden.record.name if burden.record is not None else burden.factor_id
    return f"{burden.exchange.path}.amount", burden.exchange.name or name


MEASURES: Final[tuple[Measuring, ...]] = (
    _service_life,
    specific_energy,
    _battery,
    bill_of_materials_mass,
    _reacting_masses,
    circular_formula_mass,
    _electricity,
    _fuel_and_heat,
    _distribution,
    _result,
)
