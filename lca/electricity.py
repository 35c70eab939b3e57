"""Metered electricity in three columns that are never added to each other.

`cfb` is the life-cycle mix the ruleset prescribes and the only one a footprint uses.
`location_based` and `contract_based` value the same kWh with direct CO2 factors, as the inventory
of an organisation by ISO 14064-1 does; they stand beside it. The boundary is in the type.
"""

from __future__ import annotations

import csv
import math
from collections.abc import Mapping
from dataclasses import dataclass, field
from functools import cache
from importlib import resources
from types import MappingProxyType
from typing import Generic, TypeVar

from lca.activities import Arrangement, Contract, ElectricitySupply, Inventory, Plant, Supply
from lca.datasets import Dataset
from lca.emission_factors import (
    DirectCo2,
    Emission,
    EmissionFactor,
    LifeCycle,
    SystemBoundary,
    factor_for,
)
from lca.errors import Finding, InventoryError
from lca.rulesets import ElectricityRule, Ruleset
from lca.units import Electricity, Quantity

B = TypeVar("B", bound=SystemBoundary)


@dataclass(frozen=True, slots=True)
class MixPart(Generic[B]):
    """So many kWh of one supply and what they emit.

    Attributes:
        factor_id: The factor that values them; None where a technology emits nothing directly.
    """

    label: str
    kwh: float
    emission: Emission[B]
    factor_id: str | None
    reason: str


@dataclass(frozen=True)
class ElectricityMix(Generic[B]):
    """A column: its parts, what they rest on, and what is to be said about them."""

    boundary: type[B]
    basis: str
    parts: tuple[MixPart[B], ...]
    warnings: tuple[str, ...] = field(default=())

    @property
    def kwh(self) -> float:
        """All kWh of the mix."""
        return math.fsum(part.kwh for part in self.parts)

    @property
    def kg_co2e_per_kwh(self) -> float:
        """Intensity of the mix."""
        total = Emission(0.0, self.boundary)
        for part in self.parts:
            total = total + part.emission
        return total.kg_co2e / self.kwh


@cache
def direct_co2_by_technology() -> Mapping[str, tuple[float, str]]:
    """Return direct kg CO2 per kWh of technologies that burn no fossil fuel, and why."""
    with resources.files("lca.data").joinpath("technologies.csv").open(encoding="utf-8") as lines:
        return MappingProxyType(
            {
                row["id"]: (float(row["direct_co2_kg_per_kwh"]), row["reason"])
                for row in csv.DictReader(lines)
            }
        )


def life_cycle_mix(
    inventory: Inventory, ruleset: Ruleset, dataset: Dataset
) -> ElectricityMix[LifeCycle]:
    """Return the `cfb` column: the mix the ruleset prescribes.

    da-2024: everything from the grid at the national average consumption mix; contracts have no
    effect. jrc-2023: evidenced contracts first, then the residual mix, and as the last resort,
    never silently, the national consumption mix.

    Raises:
        MissingFactorError: A factor is unknown or refused.
        BoundaryMismatchError: A factor is no life-cycle factor.
        InventoryError: The national mix is missing or that of another country.
    """
    supply = _needed(inventory)
    reader = _FactorReader(dataset, ruleset.characterisation)
    warnings: list[str] = []
    parts: list[MixPart[LifeCycle]] = []
    for item in supply.supply:
        if item.arrangement is not Arrangement.GRID:
            factor = reader.life_cycle(item.factor or "", f"{item.path}.factor")
            label = f"{item.arrangement.value} {item.technology}"
            parts.append(_part(label, item.kwh, factor, "own technology, life cycle"))
            continue
        counted = 0.0
        if ruleset.electricity_rule is ElectricityRule.CONTRACT_HIERARCHY and item.contract:
            counted, doubts = evidenced_kwh(item.contract, inventory.plant)
            warnings.extend(f"{item.path}.contract: {doubt}" for doubt in doubts)
            if counted > 0:
                factor = reader.life_cycle(item.contract.factor, f"{item.path}.contract.factor")
                label = f"contract {item.contract.technology}"
                parts.append(_part(label, counted, factor, "evidenced by retired certificates"))
        elif item.contract:
            warnings.append(
                f"{item.path}.contract: {written(item.contract.kwh)} kWh under contract have no effect "
                f"under {ruleset.id}"
            )
        rest = item.kwh - counted
        if rest > 0:
            part, doubts = _remainder(rest, inventory, ruleset, reader)
            parts.append(part)
            warnings.extend(doubts)
    _warn_of_period(parts, inventory.plant, dataset, warnings)
    return ElectricityMix(LifeCycle, ruleset.electricity_text, tuple(parts), tuple(warnings))


def written(amount: float) -> str:
    """Return an amount as people write it: thousands set off, no power of ten, at most three decimals."""
    return f"{amount:,.3f}".rstrip("0").rstrip(".")


def _remainder(
    kwh: float, inventory: Inventory, ruleset: Ruleset, reader: _FactorReader
) -> tuple[MixPart[LifeCycle], tuple[str, ...]]:
    supply = _needed(inventory)
    hierarchy = ruleset.electricity_rule is ElectricityRule.CONTRACT_HIERARCHY
    if hierarchy and supply.residual_lca:
        factor = reader.life_cycle(supply.residual_lca, "electricity.factors.residual_lca")
        return _part("grid, residual mix", kwh, factor, "residual mix, life cycle"), ()
    if supply.national_mix is None:
        path = "electricity.factors.national_mix"
        reason = f"{ruleset.id} values grid electricity at the national consumption mix"
        raise InventoryError([Finding(path, "", reason, "name a life-cycle factor of the country")])
    factor = reader.life_cycle(supply.national_mix, "electricity.factors.national_mix")
    doubts = _country_doubts(factor, inventory.plant)
    if hierarchy:
        said = (
            f"{written(kwh)} kWh from the grid without an evidenced contract: {inventory.plant.country} "
            "has no life-cycle residual factor here, so the ruleset's last resort was taken, the "
            f"national consumption mix ({factor.record.id})"
        )
        doubts = (*doubts, said)
    reason = "national average consumption mix, life cycle"
    return _part("grid, national mix", kwh, factor, reason), doubts


def check_electricity_factors(inventory: Inventory, ruleset: Ruleset, dataset: Dataset) -> None:
    """Refuse any electricity factor that does not fit its place, used or not.

    Raises:
        MissingFactorError: A factor is unknown or refused.
        BoundaryMismatchError: A factor has another boundary than its place.
        UnitMismatchError: A factor is not per unit of electricity.
    """
    supply = inventory.electricity
    if supply is None:
        return
    reader = _FactorReader(dataset, ruleset.characterisation)
    for name in ("national_mix", "residual_lca"):
        factor_id = getattr(supply, name)
        if factor_id is not None:
            reader.life_cycle(factor_id, f"electricity.factors.{name}")
    for name in ("grid_location", "residual"):
        factor_id = getattr(supply, name)
        if factor_id is not None:
            reader.direct(factor_id, f"electricity.factors.{name}")
    for item in supply.supply:
        if item.contract is not None:
            reader.life_cycle(item.contract.factor, f"{item.path}.contract.factor")


def evidenced_kwh(contract: Contract, plant: Plant) -> tuple[float, tuple[str, ...]]:
    """Return how many contracted kWh are evidenced, and why the others are not.

    A certificate counts when it has a vintage inside the production period and was retired (minimum
    criteria for contractual instruments, PEF 2021 section 4.4.2; JRC CFB-EV 2023).
    """
    doubts: list[str] = []
    evidenced = 0.0
    years = range(plant.period.first_on.year, plant.period.last_on.year + 1)
    for certificate in contract.certificates:
        if certificate.vintage_year not in years:
            doubts.append(f"certificate {certificate.id}: vintage {certificate.vintage_year}")
        elif certificate.retired_on is None:
            doubts.append(f"certificate {certificate.id}: not retired")
        else:
            evidenced += certificate.kwh
    counted = min(evidenced, contract.kwh)
    if counted < contract.kwh:
        doubts.append(
            f"{written(contract.kwh - counted)} of {written(contract.kwh)} contracted kWh have no valid "
            "instrument (retired certificate of the period) and do not count"
        )
    return counted, tuple(doubts)


def location_based_mix(
    inventory: Inventory, ruleset: Ruleset, dataset: Dataset
) -> ElectricityMix[DirectCo2] | str:
    """Return the column by grid location, or the reason why it cannot be computed.

    Raises:
        MissingFactorError: A factor is unknown or refused.
        BoundaryMismatchError: A factor is no direct CO2 factor.
    """
    supply = _needed(inventory)
    reader = _FactorReader(dataset, ruleset.characterisation)
    if supply.grid_location is None:
        return "electricity.factors.grid_location is not given"
    factor = reader.direct(supply.grid_location, "electricity.factors.grid_location")
    parts: list[MixPart[DirectCo2]] = []
    for item in supply.supply:
        if item.arrangement is Arrangement.GRID:
            parts.append(_part("grid", item.kwh, factor, "CO2 factor of the grid location"))
            continue
        own = _own_generation(item)
        if isinstance(own, str):
            return own
        parts.append(own)
    warnings: list[str] = []
    wanted = inventory.plant.grid_region
    if wanted is not None and factor.record.region != wanted:
        named = f"{factor.record.id} is of {factor.record.region}"
        warnings.append(f"{named}, the plant's grid region is {wanted}")
    _warn_of_period(parts, inventory.plant, dataset, warnings)
    basis = "grid CO2 factor of the plant's location; on-site and direct line 0 direct"
    return ElectricityMix(DirectCo2, basis, tuple(parts), tuple(warnings))


def contract_based_mix(
    inventory: Inventory, ruleset: Ruleset, dataset: Dataset
) -> ElectricityMix[DirectCo2] | str:
    """Return the column by contracts as reported, or the reason why it cannot be computed.

    Raises:
        MissingFactorError: A factor is unknown or refused.
        BoundaryMismatchError: A factor is no direct CO2 factor.
    """
    supply = _needed(inventory)
    reader = _FactorReader(dataset, ruleset.characterisation)
    warnings: list[str] = []
    parts: list[MixPart[DirectCo2]] = []
    for item in supply.supply:
        rest = item.kwh
        own = None if item.arrangement is Arrangement.GRID else _own_generation(item)
        if own is None and item.contract is not None:
            own = _technology_part(
                f"contract {item.contract.technology}", item.contract.kwh, item.contract.technology
            )
            warnings.extend(_reported_only(item, item.contract, inventory.plant))
        if isinstance(own, str):
            return own
        if own is not None:
            parts.append(own)
            rest = item.kwh - own.kwh
        if rest > 0:
            if supply.residual is None:
                return "electricity.factors.residual is not given"
            factor = reader.direct(supply.residual, "electricity.factors.residual")
            parts.append(_part("grid, residual mix", rest, factor, "residual CO2 factor"))
    _warn_of_period(parts, inventory.plant, dataset, warnings)
    basis = "contracted kWh as reported, the remainder at the residual CO2 factor"
    return ElectricityMix(DirectCo2, basis, tuple(parts), tuple(warnings))


def _reported_only(item: Supply, contract: Contract, plant: Plant) -> list[str]:
    counted, _ = evidenced_kwh(contract, plant)
    if counted >= contract.kwh:
        return []
    unproven = (
        f"{item.path}.contract: {written(contract.kwh - counted)} contracted kWh are counted as"
    )
    return [f"{unproven} reported, without evidence of a retired instrument"]


@dataclass(frozen=True, slots=True)
class _FactorReader:
    dataset: Dataset
    method: str

    def life_cycle(self, factor_id: str, path: str) -> EmissionFactor[LifeCycle, Electricity]:
        record = self.dataset.factor(factor_id, path)
        flows = self.dataset.characterisation(self.method)
        return factor_for(record, flows, LifeCycle, Electricity)

    def direct(self, factor_id: str, path: str) -> EmissionFactor[DirectCo2, Electricity]:
        record = self.dataset.factor(factor_id, path)
        flows = self.dataset.characterisation(self.method)
        return factor_for(record, flows, DirectCo2, Electricity)


def _part(
    label: str, kwh: float, factor: EmissionFactor[B, Electricity], reason: str
) -> MixPart[B]:
    emission = factor.times(Quantity(kwh, Electricity))
    return MixPart(label, kwh, emission, factor.record.id, reason)


def _own_generation(item: Supply) -> MixPart[DirectCo2] | str:
    label = f"{item.arrangement.value} {item.technology}"
    return _technology_part(label, item.kwh, item.technology or "")


def _technology_part(label: str, kwh: float, technology: str) -> MixPart[DirectCo2] | str:
    known = direct_co2_by_technology().get(technology)
    if known is None:
        return f"direct CO2 of the technology {technology!r} is not known"
    return MixPart(label, kwh, Emission(kwh * known[0], DirectCo2), None, known[1])


def _needed(inventory: Inventory) -> ElectricitySupply:
    if inventory.electricity is None:
        finding = Finding("electricity", "", "no metered electricity is given", "add `electricity`")
        raise InventoryError([finding])
    return inventory.electricity


def _country_doubts(
    factor: EmissionFactor[LifeCycle, Electricity], plant: Plant
) -> tuple[str, ...]:
    """Refuse the mix of another country or of a part of it; say so where it cannot be told."""
    region, country = factor.record.region, plant.country
    if region == country:
        return ()
    other = len(region) == len(country)
    if other or region.startswith(f"{country}-"):
        path = "electricity.factors.national_mix"
        what = f"the mix of {region}" if other else f"a regional mix ({region}), not a national one"
        reason = f"is {what}, the plant is in {country}"
        raise InventoryError([Finding(path, factor.record.id, reason, "use the plant's country")])
    return (f"{factor.record.id}: whether its region {region} is {country} was not checked",)


def _warn_of_period(
    parts: list[MixPart[B]], plant: Plant, dataset: Dataset, warnings: list[str]
) -> None:
    years = {str(plant.period.first_on.year), str(plant.period.last_on.year)}
    for factor_id in dict.fromkeys(part.factor_id for part in parts if part.factor_id):
        period = dataset.factor(factor_id).period
        if period not in years:
            said = f"{factor_id} is of {period}, production is of {', '.join(sorted(years))}"
            warnings.append(said)
