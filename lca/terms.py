"""Turns each exchange into a term of the linear system: an edge to an activity, or a burden.

A burden is where kg CO2e enter: an emission factor, an elementary flow, or a part of the plant's
electricity mix. Every rule about boundaries and units is enforced here; findings are collected.
"""

from __future__ import annotations

import difflib
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field
from functools import partial
from operator import itemgetter
from typing import NamedTuple, cast

from lca.activities import Activity, Exchange, ExchangeKind, Inventory
from lca.allocation import allocated_share
from lca.datasets import Dataset
from lca.electricity import ElectricityMix
from lca.emission_factors import (
    Boundary,
    FactorRecord,
    LifeCycle,
    characterised,
    mixed_boundaries,
)
from lca.errors import (
    BoundaryMismatchError,
    Finding,
    ImplausibleFactorError,
    InventoryError,
    LcaError,
    MissingFactorError,
    UnitMismatchError,
)
from lca.plausibility import implausible
from lca.rulesets import LifeCycleStage, Ruleset
from lca.units import convert

_Use = tuple[str | None, str, str, ExchangeKind]
_use: Callable[[Exchange], _Use] = itemgetter(
    *map(Exchange._fields.index, ("factor", "unit", "process", "kind"))
)
"""Factor, unit, process and kind of an exchange: exchanges alike in these are worth alike."""

_SUPPLY_GROUPS = frozenset({"fuels", "transport", "heat"})
"""Groups of factors that supply what a direct emission burns."""


class Burden(NamedTuple):
    """One place where kg CO2e enter.

    Attributes:
        activity: Index of the activity that takes it.
        quantity: Reference units per unit of that activity's product; negative for a credit.
        intensity: kg CO2e per reference unit.
        factor_id: The emission factor; for an elementary flow, its identifier.
        part: Which part of a mix or of the Circular Footprint Formula it is.
    """

    exchange: Exchange
    activity: int
    stage: LifeCycleStage
    quantity: float
    reference_unit: str
    intensity: float
    factor_id: str
    record: FactorRecord | None
    part: str | None = None


class _Settled(NamedTuple):
    """A factor in a unit, for a process, that was found to be right: what an amount is worth."""

    stage: LifeCycleStage
    multiplier: float
    unit: str
    intensity: float
    record: FactorRecord


@dataclass
class Terms:
    """What the exchanges of an inventory became, and what is wrong with them."""

    dataset: Dataset
    flows: Mapping[str, float]
    burdens: list[Burden] = field(default_factory=list)
    edges: list[tuple[int, int, float]] = field(default_factory=list)
    edge_exchanges: list[Exchange] = field(default_factory=list)
    has_substitution: bool = False
    missing: list[tuple[str, str]] = field(default_factory=list)
    findings: dict[type[LcaError], list[Finding]] = field(default_factory=dict)
    warnings: list[str] = field(default_factory=list)
    settled: dict[_Use, _Settled] = field(default_factory=dict)
    _valued: dict[str, tuple[float, str, Finding | None]] = field(default_factory=dict)

    def valued(self, record: FactorRecord) -> tuple[float, str, Finding | None]:
        """Return a factor's intensity, its reference unit, and why it is implausible, once each."""
        known = self._valued.get(record.id)
        if known is None:
            intensity = characterised(record, self.flows)
            known = (intensity, reference_unit(record.dimension), implausible(record, self.flows))
            self._valued[record.id] = known
        return known

    def refuse(self, kind: type[LcaError], *findings: Finding) -> None:
        """Add findings of one kind."""
        self.findings.setdefault(kind, []).extend(findings)

    def check(self) -> None:
        """Raise the first kind of error that was found, with all its findings.

        Raises:
            MissingFactorError: Factors or flows are unknown.
            BoundaryMismatchError: A factor's boundary does not fit.
            UnitMismatchError: A unit does not fit its factor.
            ImplausibleFactorError: A factor is outside its plausible band.
            InventoryError: Anything else.
        """
        if self.missing:
            raise self.dataset.missing(self.missing)
        for kind in (
            MissingFactorError,
            BoundaryMismatchError,
            UnitMismatchError,
            ImplausibleFactorError,
            InventoryError,
        ):
            if self.findings.get(kind):
                raise kind(self.findings[kind])


class _Place(NamedTuple):
    """Where an exchange stands: its taker, its stage, and the share per unit of product."""

    exchange: Exchange
    taker: int
    stage: LifeCycleStage
    share: float

    def burden(
        self,
        quantity: float,
        unit: str,
        intensity: float,
        factor_id: str,
        record: FactorRecord | None,
    ) -> Burden:
        amount = quantity * self.share
        return Burden(
            self.exchange, self.taker, self.stage, amount, unit, intensity, factor_id, record
        )


def collect_terms(
    inventory: Inventory,
    ruleset: Ruleset,
    dataset: Dataset,
    mix: ElectricityMix[LifeCycle] | None,
) -> Terms:
    """Return all edges and burdens of an inventory under a ruleset; findings are in the result."""
    terms = Terms(dataset, dataset.characterisation(ruleset.characterisation))
    index = {activity.id: i for i, activity in enumerate(inventory.activities)}
    made = cast("Callable[[object], Burden]", partial(tuple.__new__, Burden))
    settled, burdens = terms.settled, terms.burdens
    for taker, activity in enumerate(inventory.activities):
        share = 1.0 / (activity.output.amount / _allocated(terms, activity, ruleset))
        for item, use in zip(activity.exchanges, map(_use, activity.exchanges), strict=True):
            known = settled.get(use)
            if known is None:
                _unsettled(terms, _Taking(inventory, ruleset, mix, index), item, taker, share)
                continue
            stage, multiplier, unit, intensity, record = known
            amount = item.amount * multiplier * share
            burdens.append(
                made((item, taker, stage, amount, unit, intensity, item.factor, record, None))
            )
    terms.refuse(InventoryError, *_unsupplied(inventory, ruleset, dataset))
    return terms


class _Taking(NamedTuple):
    """What an exchange is looked up in."""

    inventory: Inventory
    ruleset: Ruleset
    mix: ElectricityMix[LifeCycle] | None
    places: Mapping[str, int]


def _unsettled(terms: Terms, within: _Taking, exchange: Exchange, taker: int, share: float) -> None:
    """Add what becomes of an exchange whose like was not seen before."""
    stage = within.ruleset.stage_map.get(exchange.process)
    if stage is None:
        terms.refuse(InventoryError, _unknown_process(exchange, within.ruleset))
        return
    sign = -1.0 if exchange.kind is ExchangeKind.SUBSTITUTION else 1.0
    place = _Place(exchange, taker, stage, sign * share)
    if exchange.activity is not None:
        provider = within.places[exchange.activity]
        unit = within.inventory.activities[provider].output.unit
        amount = convert(exchange.amount, exchange.unit, unit)
        terms.edges.append((provider, taker, amount * place.share))
        terms.edge_exchanges.append(exchange)
        terms.has_substitution |= sign < 0
    elif exchange.flow is not None:
        _flow(terms, place, exchange.flow)
    elif exchange.factor is not None:
        _factor(terms, place, exchange.factor)
    elif within.mix is not None:
        _electricity(terms, place, within.mix)


def _allocated(terms: Terms, activity: Activity, ruleset: Ruleset) -> float:
    """Return the share of an activity that its main product carries; say so where it is not all."""
    if not activity.products:
        return 1.0
    found = allocated_share(activity.products, ruleset, activity.path)
    ratio = "unknown" if found.price_ratio is None else f"{found.price_ratio:g}"
    terms.warnings.append(
        f"{activity.id}: {found.share:.2%} allocated to the main product by {found.key} "
        f"(price ratio {ratio}, {ruleset.id} allocates by value above "
        f"{ruleset.economic_allocation_above:g})"
    )
    return found.share


def _flow(terms: Terms, place: _Place, flow: str) -> None:
    if flow not in terms.flows:
        near = difflib.get_close_matches(flow, terms.flows, 5, 0.4)
        remedy = f"nearest: {', '.join(near)}; none is taken for you" if near else "none is near"
        path = f"{place.exchange.path}.flow"
        finding = Finding(path, flow, "no such elementary flow", remedy)
        terms.refuse(MissingFactorError, finding)
        return
    quantity = _converted(terms, place.exchange, "kg")
    if quantity is not None:
        terms.burdens.append(place.burden(quantity, "kg", terms.flows[flow], flow, None))


def _factor(terms: Terms, place: _Place, factor_id: str) -> None:
    exchange = place.exchange
    record = terms.dataset.factors.get(factor_id)
    if record is None:
        terms.missing.append((f"{exchange.path}.factor", factor_id))
        return
    biosphere = exchange.kind is ExchangeKind.BIOSPHERE
    expected = Boundary.DIRECT_GHG if biosphere else Boundary.LCA
    if record.boundary is not expected:
        path = f"{exchange.path}.factor"
        error = mixed_boundaries(expected, record.boundary, path, factor_id)
        terms.refuse(BoundaryMismatchError, *error.findings)
        return
    intensity, unit, doubt = terms.valued(record)
    if doubt is not None:
        _check_plausible(terms, exchange, record, doubt)
    quantity = _converted(terms, exchange, unit)
    if quantity is not None:
        terms.burdens.append(place.burden(quantity, unit, intensity, factor_id, record))
        if doubt is None:
            multiplier = convert(1.0, exchange.unit, unit)
            if exchange.kind is ExchangeKind.SUBSTITUTION:
                multiplier = -multiplier
            terms.settled[_use(exchange)] = _Settled(
                place.stage, multiplier, unit, intensity, record
            )


def _check_plausible(
    terms: Terms, exchange: Exchange, record: FactorRecord, finding: Finding
) -> None:
    if exchange.plausibility_override:
        terms.warnings.append(
            f"{exchange.path}: {record.id} {finding.reason}; overridden by the inventory: "
            f"{exchange.plausibility_override}"
        )
        return
    terms.refuse(ImplausibleFactorError, finding)


def _electricity(terms: Terms, place: _Place, mix: ElectricityMix[LifeCycle]) -> None:
    kwh = convert(place.exchange.amount, place.exchange.unit, "kWh")
    for part in mix.parts:
        if part.kwh == 0 or part.factor_id is None:
            continue
        record = terms.dataset.factor(part.factor_id)
        quantity = kwh * part.kwh / mix.kwh
        intensity = part.emission.kg_co2e / part.kwh
        burden = place.burden(quantity, "kWh", intensity, part.factor_id, record)
        terms.burdens.append(burden._replace(part=part.label))


def _converted(terms: Terms, exchange: Exchange, unit: str) -> float | None:
    try:
        return convert(exchange.amount, exchange.unit, unit, f"{exchange.path}.unit")
    except LcaError as error:
        terms.refuse(UnitMismatchError, *error.findings)
        return None


def _unknown_process(exchange: Exchange, ruleset: Ruleset) -> Finding:
    known = ", ".join(sorted(ruleset.stage_map))
    path = f"{exchange.path}.process"
    return Finding(path, exchange.process, f"{ruleset.id} has no stage for it", f"known: {known}")


def _unsupplied(inventory: Inventory, ruleset: Ruleset, dataset: Dataset) -> Iterator[Finding]:
    """Yield direct emissions whose fuel comes from nowhere and for which no gap is declared."""
    if not any(kind is ExchangeKind.BIOSPHERE for kind, _, _ in inventory.uses):
        return
    declared = {gap.stage for gap in inventory.gaps}
    for activity in inventory.activities:
        for exchange in activity.exchanges:
            if exchange.kind is not ExchangeKind.BIOSPHERE or exchange.factor is None:
                continue
            stage = ruleset.stage_map.get(exchange.process)
            if stage in declared or _has_supply(activity, exchange.process, dataset):
                continue
            reason = (
                "direct emissions without the supply of what is burnt: no life-cycle supply of "
                f"process {exchange.process} in this activity"
            )
            remedy = "add the upstream supply, or declare a partial gap of the stage"
            yield Finding(f"{exchange.path}.factor", exchange.factor, reason, remedy)


def _has_supply(activity: Activity, process: str, dataset: Dataset) -> bool:
    for exchange in activity.exchanges:
        if exchange.kind is not ExchangeKind.TECHNOSPHERE or exchange.process != process:
            continue
        record = dataset.factors.get(exchange.factor or "")
        if exchange.activity is not None or (record and record.group in _SUPPLY_GROUPS):
            return True
    return False


def reference_unit(dimension: str) -> str:
    """Return the unit in which amounts of a dimension are computed."""
    return REFERENCE_UNITS[dimension]


REFERENCE_UNITS: Mapping[str, str] = {
    "mass": "kg",
    "electricity": "kWh",
    "fuel_energy": "MJ",
    "heat": "MJ heat",
    "battery_capacity": "kWh capacity",
    "delivered_energy": "kWh delivered",
    "transport_work": "tkm",
    "volume": "m3",
    "length": "km",
    "area": "m2",
    "time": "h",
    "item": "piece",
    "carbon": "kg CO2e",
}
