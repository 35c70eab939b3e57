"""What goes into one battery by mass: the bill of materials, and what each activity in kg is made from.

What enters the battery is counted where it is put together. An activity whose product is weighed (a
cathode powder) enters with the mass of that product, not with that of the ore it came from.
"""

from __future__ import annotations

import math
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property
from typing import Final

import numpy as np

from lca.activities import ExchangeKind
from lca.footprint import Footprint
from lca.terms import Burden
from lca.units import find_unit

PARTS: Final = frozenset(
    {
        "anode_active_material",
        "cathode_active_material",
        "cell_casing",
        "current_collector_material",
        "electrolyte",
        "electronics",
        "housing_cooling",
        "other_materials",
        "pack_materials",
        "separator",
    }
)
"""Processes of what becomes part of a battery; fuels, transport, waste and mining are not among them."""

REACTANTS: Final = PARTS | {"precursor"}
"""Processes of what a weighed product is made from: not all of a precursor is in the battery."""

_COMBINED: Final = frozenset(
    {"pack_assembly", "module_assembly", "cell_assembly", "electrode_production"}
)
"""Processes by which one activity of an inventory passes on to the next what it has put together."""

_NO_PARTS: Final = frozenset({"fuels", "transport", "heat"})
"""Groups of factors that are in kg and still no material."""

WASTE: Final = "production_waste"
"""Process of what leaves a plant and is in no battery."""


@dataclass(frozen=True, slots=True)
class MassInput:
    """One input by mass.

    Attributes:
        kg: Per battery.
        burden: Its index, or None where it is the product of another activity.
    """

    path: str
    name: str
    kg: float
    burden: int | None


@dataclass(frozen=True)
class Masses:
    """The masses of a footprint, each kg per battery."""

    footprint: Footprint

    @cached_property
    def weighed(self) -> tuple[float | None, ...]:
        """Kg in one output unit of each activity, None where its product is not weighed."""
        found = (find_unit(item.output.unit) for item in self.footprint.system.inventory.activities)
        return tuple(unit.per_reference if unit.dimension == "mass" else None for unit in found)

    @cached_property
    def edges(self) -> Mapping[int, Sequence[int]]:
        """Indices of the edges by the activity that takes."""
        found: dict[int, list[int]] = {}
        for index, (_, taker, _) in enumerate(self.footprint.system.linear.edges):
            found.setdefault(taker, []).append(index)
        return found

    @cached_property
    def burdens(self) -> Mapping[int, Sequence[int]]:
        """Indices of the burdens by the activity that takes."""
        found: dict[int, list[int]] = {}
        for index, taker in enumerate(self.footprint.system.takers.tolist()):
            found.setdefault(taker, []).append(index)
        return found

    @cached_property
    def assembled(self) -> frozenset[int]:
        """Activities that put the battery together: the demanded one and all it takes unweighed."""
        system = self.footprint.system
        found, new = {system.demanded}, [system.demanded]
        while new:
            providers = {system.linear.edges[i][0] for i in self.edges.get(new.pop(), ())}
            unweighed = {i for i in providers if self.weighed[i] is None} - found
            found |= unweighed
            new.extend(unweighed)
        return frozenset(found)

    def may_exceed(self, kg: float) -> bool:
        """Return false where no more than so many kg go into the battery, whatever the units.

        First all amounts are taken for kg, then those of what puts the battery together: most
        inventories are done with so, and none is looked at row by row.
        """
        system, levels = self.footprint.system, self.footprint.levels.tolist()
        passed_on = math.fsum(
            abs(levels[taker] * amount * (self.weighed[provider] or 0.0))
            for provider, taker, amount in system.linear.edges
        )
        amounts = np.abs(self.footprint.levels[system.takers] * system.quantities)
        if float(amounts.sum()) + passed_on <= kg:
            return False
        is_taker = np.zeros(len(levels), dtype=np.bool_)
        is_taker[list(self.assembled)] = True
        return float(amounts @ is_taker[system.takers]) + passed_on > kg

    def inputs(self, takers: Iterable[int], processes: frozenset[str]) -> Iterator[MassInput]:
        """Yield what activities take by mass for some processes, but for what they take of each other."""
        wanted = frozenset(takers)
        levels, burdens = self.footprint.levels, self.footprint.system.burdens
        for taker in sorted(wanted):
            for index in self.burdens.get(taker, ()):
                burden = burdens[index]
                if _is_material(burden, processes):
                    name = burden.exchange.name or (burden.record.name if burden.record else "")
                    kg = float(levels[taker]) * burden.quantity
                    yield MassInput(burden.exchange.path, name, kg, index)
        yield from self._products(wanted)

    def _products(self, wanted: frozenset[int]) -> Iterator[MassInput]:
        """Yield the weighed products of other activities that some take."""
        system = self.footprint.system
        for taker in sorted(wanted):
            for index in self.edges.get(taker, ()):
                provider, _, amount = system.linear.edges[index]
                kg_each = self.weighed[provider]
                if provider not in wanted and kg_each is not None and amount > 0:
                    exchange = system.edge_exchanges[index]
                    kg = float(self.footprint.levels[taker]) * amount * kg_each
                    name = exchange.name or exchange.activity or ""
                    yield MassInput(exchange.path, name, kg, None)

    def all_weighed(self, takers: Iterable[int]) -> bool:
        """Return whether all parts that activities take are in kg: only then too little means something."""
        wanted = frozenset(takers)
        activities = self.footprint.system.inventory.activities
        return all(
            exchange.activity is not None or find_unit(exchange.unit).dimension == "mass"
            for index in wanted
            for exchange in activities[index].exchanges
            if exchange.process in REACTANTS | _COMBINED and exchange.electricity is None
            if exchange.kind is ExchangeKind.TECHNOSPHERE and not _is_energy(exchange.unit)
        )

    @property
    def is_loss_declared(self) -> bool:
        """Whether the inventory says that some of what goes in leaves as waste or as another product."""
        inventory = self.footprint.system.inventory
        kinds = {ExchangeKind.SUBSTITUTION}
        return any(kind in kinds or process == WASTE for kind, process, _ in inventory.uses) or any(
            activity.products for activity in inventory.activities
        )


def _is_material(burden: Burden, processes: frozenset[str]) -> bool:
    exchange, record = burden.exchange, burden.record
    return (
        burden.reference_unit == "kg"
        and exchange.process in processes
        and exchange.kind is ExchangeKind.TECHNOSPHERE
        and burden.part in {None, "cut-off"}
        and (record is None or record.group not in _NO_PARTS)
    )


def _is_energy(unit: str) -> bool:
    return find_unit(unit).dimension in {"electricity", "fuel_energy", "heat", "transport_work"}
