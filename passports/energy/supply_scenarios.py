"""What another supply of electricity would change in each of the three columns, factor by factor.

Drawn from the newest footprint study of the factory: the same kWh, valued anew. Nothing is netted off, and
the columns are not added to each other (see `lca.electricity`).
"""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import asdict, dataclass
from typing import Any, Final

from lca.activities import Inventory
from lca.datasets import Dataset
from lca.electricity import (
    ElectricityMix,
    contract_based_mix,
    life_cycle_mix,
    location_based_mix,
)
from lca.emission_factors import FactorRecord
from lca.errors import LcaError
from lca.inventory import parse_inventory
from lca.rulesets import Ruleset, load_ruleset
from lca.what_if import apply_scenario
from passports.energy.terms import PV_SHARE
from passports.footprints import FootprintStudy

_KG_PER_T: Final = 1000
_WORLD: Final = {"hydro": "power.ipcc.hydro", "pv": "power.ipcc.solar"}
"""World medians (IPCC AR5 WGIII, Annex III), where the country has no factor of its own here."""

Mix = Callable[[Inventory, Ruleset, Dataset], ElectricityMix[Any] | str]
COLUMNS: Final[Mapping[str, Mix]] = {
    "cfb": life_cycle_mix,
    "location_based": location_based_mix,
    "contract_based": contract_based_mix,
}


@dataclass(frozen=True)
class ColumnChange:
    """A column before and after: kg CO2e per kWh of electricity, and t CO2e over the period."""

    column: str
    boundary: str
    before_kg_per_kwh: float | None
    after_kg_per_kwh: float | None
    before_t: float | None
    after_t: float | None
    change_t: float | None
    reason: str | None


@dataclass(frozen=True)
class FactorUsed:
    """A factor that values a scenario, with where it comes from."""

    id: str
    name: str
    kg_co2e_per_kwh: float | None
    region: str
    period: str
    source: str


@dataclass(frozen=True)
class SupplyScenario:
    """Another supply: what it is, what it does to each column, what it rests on."""

    title: str
    written: str
    columns: tuple[ColumnChange, ...]
    factors: tuple[FactorUsed, ...]
    note: str

    def to_document(self) -> dict[str, Any]:
        """Return it as plain JSON data."""
        return asdict(self)


def supply_scenarios(
    study: FootprintStudy, dataset: Dataset, pv_share: float = PV_SHARE
) -> list[SupplyScenario]:
    """Return what direct hydropower, and on-site PV for a share of what is bought, would change."""
    inventory, ruleset = parse_inventory(study.inventory), load_ruleset(study.ruleset)
    hydro = power_factor(dataset, inventory.plant.country, "hydro")
    pv = power_factor(dataset, inventory.plant.country, "pv")
    asked = [
        (
            "All that is bought comes by a direct line from hydropower",
            f"direct=hydro:{hydro.id}",
            hydro,
        ),
        (
            f"{100 * pv_share:g} % of what is bought is generated on site by PV",
            f"on-site=pv:{pv.id}:{pv_share:g}",
            pv,
        ),
    ]
    return [_scenario(inventory, ruleset, dataset, *row) for row in asked]


def power_factor(dataset: Dataset, country: str, technology: str) -> FactorRecord:
    """Return the newest life-cycle factor of a technology in a country, else the world's median.

    Raises:
        MissingFactorError: the dataset has neither.
    """
    prefix = f"power.{country.lower()}.{technology}."
    own = [
        record
        for record in dataset.search(region=country, boundary="lca", limit=1000)
        if record.id.startswith(prefix)
    ]
    if own:
        return max(own, key=lambda record: record.period)
    return dataset.factor(_WORLD[technology])


def _scenario(
    inventory: Inventory,
    ruleset: Ruleset,
    dataset: Dataset,
    title: str,
    written: str,
    factor: FactorRecord,
) -> SupplyScenario:
    changed, _ = apply_scenario(inventory, ruleset, dataset, written)
    columns = [
        _change(name, mix, (inventory, changed), ruleset, dataset) for name, mix in COLUMNS.items()
    ]
    used = {factor.id: factor}
    for one in (inventory, changed):
        for mix in COLUMNS.values():
            for identifier in _factors_of(mix, one, ruleset, dataset):
                used[identifier] = dataset.factor(identifier)
    world = "" if factor.region == inventory.plant.country else " (world median, not the country's)"
    note = f"{inventory.plant.period.first_on} to {inventory.plant.period.last_on}, {ruleset.id}"
    return SupplyScenario(
        title, written, tuple(columns), tuple(map(_used, used.values())), f"{note}{world}"
    )


def _used(record: FactorRecord) -> FactorUsed:
    source = f"{record.citation or record.source}"
    return FactorUsed(record.id, record.name, record.value, record.region, record.period, source)


def _mix(
    mix: Mix, inventory: Inventory, ruleset: Ruleset, dataset: Dataset
) -> ElectricityMix[Any] | str:
    try:
        return mix(inventory, ruleset, dataset)
    except LcaError as error:
        return error.findings[0].reason


def _factors_of(
    mix: Mix, inventory: Inventory, ruleset: Ruleset, dataset: Dataset
) -> Sequence[str]:
    found = _mix(mix, inventory, ruleset, dataset)
    return [] if isinstance(found, str) else [p.factor_id for p in found.parts if p.factor_id]


def _change(
    name: str,
    mix: Mix,
    pair: tuple[Inventory, Inventory],
    ruleset: Ruleset,
    dataset: Dataset,
) -> ColumnChange:
    before, after = (_mix(mix, one, ruleset, dataset) for one in pair)
    if isinstance(before, str) or isinstance(after, str):
        reason = before if isinstance(before, str) else str(after)
        return ColumnChange(name, "", None, None, None, None, None, reason)
    was, will = before.kg_co2e_per_kwh, after.kg_co2e_per_kwh
    was_t, will_t = was * before.kwh / _KG_PER_T, will * after.kwh / _KG_PER_T
    boundary = before.boundary.kind.value
    return ColumnChange(name, boundary, was, will, was_t, will_t, will_t - was_t, None)
