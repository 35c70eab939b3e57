"""What an inventory consists of: activities and exchanges of one model, plant and period.

These are plain frozen records; `inventory` reads them from JSON and `sheets` from spreadsheets.
They hold what was declared. Whether a ruleset and a dataset can work with it is
decided in `system`.
"""

from __future__ import annotations

import datetime as dt
from collections.abc import Mapping
from dataclasses import dataclass, field
from enum import StrEnum
from functools import cached_property
from itertools import chain
from operator import attrgetter
from typing import NamedTuple

from lca.emission_factors import sha256_of
from lca.recycled_content import MetalLot
from lca.rulesets import LifeCycleStage


class ExchangeKind(StrEnum):
    """What an exchange is between; production is the activity's own output."""

    TECHNOSPHERE = "technosphere"
    BIOSPHERE = "biosphere"
    SUBSTITUTION = "substitution"


class DataOrigin(StrEnum):
    """Whether an amount was measured at the company or taken from literature or a database."""

    COMPANY_SPECIFIC = "company_specific"
    SECONDARY = "secondary"


class Arrangement(StrEnum):
    """How a plant comes by electricity."""

    GRID = "grid"
    ON_SITE = "on_site"
    DIRECT_LINE = "direct_line"


@dataclass(frozen=True, slots=True)
class Amount:
    """A number with the name of its unit, as declared."""

    amount: float
    unit: str


class Exchange(NamedTuple):
    """One flow into or out of an activity. Exactly one of the four providers is set.

    Attributes:
        activity: Identifier of the activity that provides it.
        factor: Identifier of the emission factor that provides it.
        flow: Identifier of the elementary flow.
        electricity: `plant`: the plant's metered mix.
        process: What it is for; the ruleset maps it to a stage.
        gsd: Geometric standard deviation of the amount, where known.
    """

    path: str
    kind: ExchangeKind
    amount: float
    unit: str
    process: str
    origin: DataOrigin
    activity: str | None = None
    factor: str | None = None
    flow: str | None = None
    electricity: str | None = None
    name: str | None = None
    evidence: str | None = None
    gsd: float | None = None
    plausibility_override: str | None = None
    confidential: bool = False


@dataclass(frozen=True, slots=True)
class CoProduct:
    """A product of an activity with several: its mass and, where known, its price per kg."""

    name: str
    mass_kg: float
    price_per_kg: float | None


@dataclass(frozen=True, slots=True)
class Activity:
    """A unit process: its output and what it takes.

    Attributes:
        products: Empty, or the main product and its co-products, among which it is allocated.
    """

    id: str
    name: str
    output: Amount
    exchanges: tuple[Exchange, ...]
    path: str
    products: tuple[CoProduct, ...] = ()


@dataclass(frozen=True, slots=True)
class ServiceLife:
    """What the denominator is computed from; which of it is needed depends on the ruleset."""

    vehicle_class: str | None
    warranty_years: float | None
    warranty_distance_km: float | None
    warranty_capacity_share: float | None
    warranty_evidence: str | None
    distance_km: float | None
    consumption_kwh_per_km: float | None
    declared_cycles: float | None


@dataclass(frozen=True, slots=True)
class Product:
    """The battery model."""

    category: str
    chemistry: str
    mass_kg: float
    capacity_kwh: float
    usable_energy_kwh: float
    service_life: ServiceLife


@dataclass(frozen=True, slots=True)
class Period:
    """Days from first to last, both included."""

    first_on: dt.date
    last_on: dt.date

    def covers(self, other: Period) -> bool:
        """Return whether the other period lies inside this one."""
        return self.first_on <= other.first_on and other.last_on <= self.last_on


@dataclass(frozen=True, slots=True)
class Plant:
    """The plant, and the period whose data were averaged."""

    facility_id: str
    country: str
    grid_region: str | None
    period: Period
    production_kwh: float


@dataclass(frozen=True, slots=True)
class Certificate:
    """An energy attribute certificate, e.g. a guarantee of origin or a green certificate."""

    id: str
    kwh: float
    vintage_year: int
    retired_on: dt.date | None


@dataclass(frozen=True, slots=True)
class Contract:
    """A contract for a named supply of electricity taken through the grid."""

    technology: str
    factor: str
    kwh: float
    certificates: tuple[Certificate, ...]
    evidence: str | None


@dataclass(frozen=True, slots=True)
class Supply:
    """Metered electricity that came in one way."""

    arrangement: Arrangement
    kwh: float
    technology: str | None
    factor: str | None
    contract: Contract | None
    evidence: str | None
    path: str


@dataclass(frozen=True, slots=True)
class ElectricitySupply:
    """All metered electricity of the period, and the factors that value it.

    Attributes:
        period: The metered period, where it is not the plant's; it must cover that.
    """

    period: Period | None
    national_mix: str | None
    grid_location: str | None
    residual: str | None
    residual_lca: str | None
    supply: tuple[Supply, ...]

    @property
    def kwh(self) -> float:
        """All metered kWh."""
        return sum(item.kwh for item in self.supply)


@dataclass(frozen=True, slots=True)
class Offset:
    """A carbon credit: listed, never subtracted. None where nothing was published."""

    id: str
    registry: str | None
    quantity_t: float
    vintage_year: int | None
    note: str | None


@dataclass(frozen=True, slots=True)
class Gap:
    """A stage, or a part of one, for which no data are at hand, and why."""

    stage: LifeCycleStage
    reason: str
    partial: bool


@dataclass(frozen=True, slots=True)
class AbsentComponent:
    """A component that this battery does not have, such as the separator of a solid-state cell."""

    process: str
    reason: str


@dataclass(frozen=True, slots=True)
class CutOff:
    """Mass of a component that was left out of the inventory, and why."""

    activity: str
    component: str
    missing_mass_kg: float
    component_mass_kg: float
    reason: str
    path: str


@dataclass(frozen=True, slots=True)
class CircularMaterial:
    """One material under the Circular Footprint Formula.

    Attributes:
        factors: Factor identifiers by term: `virgin`, `recycled_input`, `recycling_output`,
            `substituted_virgin`, `energy_recovery`, `substituted_heat`, `substituted_electricity`,
            `disposal`.
        parameters: Company values of R1, R2, R3, LHV_MJ_per_kg, XER_heat, XER_electricity; the
            others are the ruleset's.
        evidence: Evidence by parameter.
        virgin_counted: The virgin burden is already an exchange of the inventory; only the
            difference to the formula is added.
    """

    id: str
    material: str
    mass_kg: float
    factors: Mapping[str, str]
    parameters: Mapping[str, float]
    evidence: Mapping[str, str]
    virgin_counted: bool
    path: str


@dataclass(frozen=True)
class Inventory:
    """Everything declared about one battery model from one plant.

    Attributes:
        screening: Declared as a screening study: aggregates and defaults are admitted, and the
            result says that it is not eligible as a declaration under Article 7.
        document: The document it was read from.
    """

    title: str
    product: Product
    plant: Plant
    electricity: ElectricitySupply | None
    activities: tuple[Activity, ...]
    demand: Amount
    demand_activity: str
    offsets: tuple[Offset, ...]
    gaps: tuple[Gap, ...]
    assumptions: tuple[str, ...]
    absent_components: tuple[AbsentComponent, ...]
    cut_off: tuple[CutOff, ...]
    circular: tuple[CircularMaterial, ...]
    screening: bool
    document: Mapping[str, object] = field(repr=False)
    recycled_content: tuple[MetalLot, ...] = ()

    @cached_property
    def uses(self) -> frozenset[tuple[ExchangeKind, str, DataOrigin]]:
        """Kind, process and origin of all exchanges, each combination once."""
        exchanges = chain.from_iterable(activity.exchanges for activity in self.activities)
        return frozenset(map(attrgetter("kind", "process", "origin"), exchanges))

    @cached_property
    def sha256(self) -> str:
        """Hash of the document's canonical bytes."""
        return sha256_of(dict(self.document))
