"""The footprint: one result object, complete, with every contribution; nothing is ever netted off.

(1) bind the inventory to ruleset and dataset (`product_system`, refuses what must be refused)
(2) solve for the level of each activity (`solve`)
(3) contribution of each burden = level x quantity x intensity
(4) stages and total are sums of contributions
(5) refuse what is impossible, and say what is implausible (`doubts`)
"""

from __future__ import annotations

import math
from dataclasses import dataclass, field
from functools import cached_property
from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray

from lca.activities import Inventory
from lca.datasets import Dataset
from lca.product_system import ProductSystem, build_product_system
from lca.rulesets import STAGES, LifeCycleStage, Ruleset
from lca.solve import solve

if TYPE_CHECKING:
    from lca.doubts import Doubt

_STAGE_COUNT = len(STAGES)


@dataclass(frozen=True)
class Footprint:
    """What one battery of this model from this plant emits, under one ruleset.

    Attributes:
        levels: How much of each activity one battery needs, shape (activities,).
        contributions: kg CO2e per battery of each burden, shape (burdens,).
        stage_totals: kg CO2e per battery of each stage in `rulesets.STAGES`, shape (4,). Zero for
            a stage that was not assessed: ask `stage_kg_co2e` for the difference.
        total: Sum of the contributions, kg CO2e per battery.
    """

    system: ProductSystem
    levels: NDArray[np.float64] = field(repr=False)
    contributions: NDArray[np.float64] = field(repr=False)
    stage_totals: NDArray[np.float64] = field(repr=False)
    total: float

    @property
    def kg_co2e_per_battery(self) -> float:
        """Total per battery."""
        return self.total

    @property
    def kg_co2e_per_kwh(self) -> float:
        """Total per kWh of the functional unit, the energy delivered over the service life."""
        return self.total / self.system.functional_unit.total_energy.amount

    @property
    def kg_co2e_per_kwh_capacity(self) -> float:
        """Total per kWh of capacity: information only."""
        return self.total / self.system.inventory.product.capacity_kwh

    @property
    def partial(self) -> bool:
        """Whether a stage is missing in whole or in part."""
        return not all(state.complete for state in self.system.stage_states)

    def stage_kg_co2e(self, stage: LifeCycleStage) -> float | None:
        """Return a stage's kg CO2e per battery, or None where it was not assessed."""
        index = STAGES.index(stage)
        if not self.system.stage_states[index].assessed:
            return None
        return float(self.stage_totals[index])

    @cached_property
    def doubts(self) -> tuple[Doubt, ...]:
        """What of it is implausible; it is computed all the same."""
        from lca.doubts import doubts  # noqa: PLC0415 - it reads Footprint

        return tuple(doubts(self))

    @property
    def warnings(self) -> tuple[str, ...]:
        """Everything its reader is to be warned of, what is implausible first."""
        return (*(doubt.text() for doubt in self.doubts), *self.system.warnings)

    @cached_property
    def _document(self) -> dict[str, object]:
        from lca.footprint_document import footprint_document  # noqa: PLC0415 - it reads Footprint

        return footprint_document(self)

    def to_document(self) -> dict[str, object]:
        """Return the result as JSON-able data ("voltpass-footprint/1")."""
        return dict(self._document)

    @property
    def content_sha256(self) -> str:
        """Hash of the document's canonical bytes, without this hash and what is implausible in it."""
        return str(self._document["content_sha256"])


def compute_footprint(inventory: Inventory, ruleset: Ruleset, dataset: Dataset) -> Footprint:
    """Return the footprint of one battery.

    Raises:
        LcaError: One of its subclasses, see `build_product_system`, `solve` and `check_possible`.
    """
    from lca.doubts import check_possible  # noqa: PLC0415 - it reads Footprint

    footprint = evaluate(build_product_system(inventory, ruleset, dataset))
    check_possible(footprint)
    return footprint


def evaluate(system: ProductSystem) -> Footprint:
    """Return the footprint of a validated system.

    Raises:
        UnsolvableSystemError: The linear system has no sensible solution.
    """
    levels = solve(system.linear, system.demanded, system.demand)
    contributions = levels[system.takers] * system.weights
    sums = np.bincount(system.stages, weights=contributions, minlength=_STAGE_COUNT)
    stage_totals = np.asarray(sums, dtype=np.float64)
    return Footprint(system, levels, contributions, stage_totals, math.fsum(contributions))
