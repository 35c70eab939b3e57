"""The product system: an inventory bound to a ruleset and a dataset, ready to be solved.

Everything that can be refused is refused here. What comes out computes without further checks, any
number of times: one footprint, ten thousand draws, a million batches.
"""

from __future__ import annotations

from dataclasses import dataclass, field

import numpy as np
from numpy.typing import NDArray

from lca.activities import Exchange, ExchangeKind, Inventory
from lca.cut_off import cut_off_burdens
from lca.datasets import Dataset
from lca.electricity import ElectricityMix, check_electricity_factors, life_cycle_mix
from lca.emission_factors import LifeCycle
from lca.end_of_life import circular_burdens
from lca.functional_unit import FunctionalUnit, functional_unit
from lca.requirements import StageState, check_company_specific, stage_states
from lca.rulesets import STAGES, Ruleset
from lca.solve import LinearSystem, linear_system
from lca.terms import Burden, collect_terms
from lca.units import find_unit

_STAGE_INDEX = {stage: index for index, stage in enumerate(STAGES)}


@dataclass(frozen=True)
class ProductSystem:
    """A validated inventory as arrays.

    Attributes:
        edge_exchanges: The exchange behind each edge of `linear`.
        demanded: Index of the demanded activity; `demand` is how much of it makes one battery.
        takers: Activity index of each burden, shape (burdens,).
        quantities: Reference units per unit of the taker's product, shape (burdens,).
        intensities: kg CO2e per reference unit, shape (burdens,).
        stages: Stage index of each burden in `rulesets.STAGES`, shape (burdens,).
    """

    inventory: Inventory
    ruleset: Ruleset
    dataset: Dataset
    functional_unit: FunctionalUnit
    mix: ElectricityMix[LifeCycle] | None
    linear: LinearSystem
    edge_exchanges: tuple[Exchange, ...]
    burdens: tuple[Burden, ...]
    demanded: int
    demand: float
    stage_states: tuple[StageState, ...]
    warnings: tuple[str, ...]
    takers: NDArray[np.intp] = field(repr=False)
    quantities: NDArray[np.float64] = field(repr=False)
    intensities: NDArray[np.float64] = field(repr=False)
    stages: NDArray[np.intp] = field(repr=False)
    weights: NDArray[np.float64] = field(repr=False)


def build_product_system(inventory: Inventory, ruleset: Ruleset, dataset: Dataset) -> ProductSystem:
    """Return the inventory bound to a ruleset and a dataset.

    Raises:
        MissingFactorError: A factor or flow is unknown or refused; candidates are named.
        BoundaryMismatchError: A factor's boundary does not fit where it is used.
        UnitMismatchError: A unit does not fit its factor.
        ImplausibleFactorError: A factor is outside its band and no reason overrides it.
        IncompleteInventoryError: Data are lacking that the ruleset requires.
        InventoryError: Anything else that the ruleset refuses.
    """
    unit = functional_unit(inventory, ruleset)
    check_electricity_factors(inventory, ruleset, dataset)
    mix = None if inventory.electricity is None else life_cycle_mix(inventory, ruleset, dataset)
    terms = collect_terms(inventory, ruleset, dataset, mix)
    terms.check()
    company_warnings = check_company_specific(inventory, ruleset)
    names = tuple(activity.id for activity in inventory.activities)
    demanded = names.index(inventory.demand_activity)
    cut_off, cut_off_warnings = cut_off_burdens(inventory, ruleset, terms.burdens)
    circular, circular_warnings = circular_burdens(inventory, ruleset, dataset, demanded)
    burdens = (*terms.burdens, *cut_off, *circular)
    demand = _demand(inventory)
    return ProductSystem(
        inventory=inventory,
        ruleset=ruleset,
        dataset=dataset,
        functional_unit=unit,
        mix=mix,
        linear=linear_system(names, terms.edges, has_substitution=terms.has_substitution),
        edge_exchanges=tuple(terms.edge_exchanges),
        burdens=burdens,
        demanded=demanded,
        demand=demand,
        stage_states=stage_states(inventory, burdens),
        warnings=(
            str(ruleset.legal_state.get("note", "")),
            *company_warnings,
            *unit.warnings,
            *(() if mix is None else mix.warnings),
            *terms.warnings,
            *cut_off_warnings,
            *circular_warnings,
            *_credit_warnings(inventory),
            *_factor_warnings(burdens, ruleset),
        ),
        **_arrays(burdens),
    )


def _demand(inventory: Inventory) -> float:
    """Return how much of the demanded product makes one battery, in its output unit."""
    output = next(a for a in inventory.activities if a.id == inventory.demand_activity).output
    unit, target = find_unit(inventory.demand.unit), find_unit(output.unit)
    if unit.dimension == "item":
        return 1.0 / target.per_reference
    return inventory.demand.amount * unit.per_reference / target.per_reference


def _arrays(burdens: tuple[Burden, ...]) -> dict[str, NDArray]:  # type: ignore[type-arg] # floats and integers
    _, takers, stages, amounts, _, worth, *_ = zip(*burdens, strict=True) if burdens else ((),) * 6
    quantities = np.array(amounts, dtype=np.float64)
    intensities = np.array(worth, dtype=np.float64)
    return {
        "takers": np.array(takers, dtype=np.intp),
        "quantities": quantities,
        "intensities": intensities,
        "stages": np.array([_STAGE_INDEX[stage] for stage in stages], dtype=np.intp),
        "weights": quantities * intensities,
    }


def _credit_warnings(inventory: Inventory) -> tuple[str, ...]:
    """Return a warning that names what is subtracted because it replaces something else."""
    if not any(kind is ExchangeKind.SUBSTITUTION for kind, _, _ in inventory.uses):
        return ()
    credited = ", ".join(
        exchange.path  # not its name, which can be confidential
        for activity in inventory.activities
        for exchange in activity.exchanges
        if exchange.kind is ExchangeKind.SUBSTITUTION
    )
    return (f"subtracted as credits for what they replace: {credited}",)


def _factor_warnings(burdens: tuple[Burden, ...], ruleset: Ruleset) -> list[str]:
    """Return each factor's caution, and what its characterisation means under this ruleset."""
    warnings: dict[str, None] = {}
    aggregates: dict[str, list[str]] = {}
    for record in {burden.factor_id: burden.record for burden in burdens}.values():
        if record is None:
            continue
        if record.caution:
            warnings[f"{record.id}: {record.caution}"] = None
        if record.value is not None and record.gwp_basis != ruleset.characterisation:
            listed = aggregates.setdefault(record.gwp_basis, [])
            if record.id not in listed:
                listed.append(record.id)
    for basis, ids in aggregates.items():
        warnings[
            f"aggregated in kg CO2e by their source (GWP basis {basis}), not recharacterised by "
            f"{ruleset.characterisation}: {', '.join(ids)}"
        ] = None
    return list(warnings)
