"""What must hold between the fields of an inventory, whatever the ruleset and the dataset."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Iterator

from lca.activities import Arrangement, Inventory, Supply
from lca.errors import Finding, LcaError
from lca.instrument_names import instrument_key
from lca.recycled_content import recycled_shares
from lca.units import convert, units

_ROUNDING = 1e-9
"""Relative slack of a comparison of two metered sums."""


def check_inventory(inventory: Inventory) -> Iterator[Finding]:
    """Yield what contradicts itself in an inventory whose fields are all well-formed."""
    for check in CHECKS:
        yield from check(inventory)


def _unique_identifiers(inventory: Inventory) -> Iterator[Finding]:
    counted = Counter(activity.id for activity in inventory.activities)
    for id_, number in counted.items():
        if number > 1:
            yield Finding("activities", id_, "identifier given twice", "rename one activity")
    if not inventory.activities:
        yield Finding("activities", "", "there is no activity", "declare at least one")


def _known_activities(inventory: Inventory) -> Iterator[Finding]:
    known = {activity.id: activity for activity in inventory.activities}
    remedy = f"known: {', '.join(sorted(known))}"
    known_units = units()
    demanded = known.get(inventory.demand_activity)
    if demanded is None:
        yield Finding("demand.activity", inventory.demand_activity, "no such activity", remedy)
    else:
        yield from _unit(inventory.demand.unit, demanded.output.unit, "demand.unit")
    for activity in inventory.activities:
        for exchange in activity.exchanges:
            if exchange.activity is None:
                if exchange.unit not in known_units:
                    yield from _unit(exchange.unit, "kg", f"{exchange.path}.unit")
                continue
            provider = known.get(exchange.activity)
            path = f"{exchange.path}.activity"
            if provider is None:
                yield Finding(path, exchange.activity, "no such activity", remedy)
            else:
                yield from _unit(exchange.unit, provider.output.unit, f"{exchange.path}.unit")


def _unit(unit: str, expected: str, path: str) -> Iterator[Finding]:
    try:
        convert(1.0, unit, expected, path)
    except LcaError as error:
        yield from error.findings


def _battery(inventory: Inventory) -> Iterator[Finding]:
    product = inventory.product
    if product.usable_energy_kwh > product.capacity_kwh * (1 + _ROUNDING):
        reason = f"is above the capacity of {product.capacity_kwh:g} kWh"
        value = f"{product.usable_energy_kwh:g}"
        yield Finding("product.usable_energy_kwh", value, reason, "check both")


def _metered_electricity(inventory: Inventory) -> Iterator[Finding]:
    used = [
        exchange
        for activity in inventory.activities
        for exchange in activity.exchanges
        if exchange.electricity is not None
    ]
    for exchange in used:
        yield from _unit(exchange.unit, "kWh", f"{exchange.path}.unit")
    if used and inventory.electricity is None:
        path = f"{used[0].path}.electricity"
        yield Finding(path, "plant", "no metered electricity is given", "add `electricity`")
    if inventory.electricity is None:
        return
    metered = inventory.electricity.period
    if metered is not None and not metered.covers(inventory.plant.period):
        value = f"{metered.first_on} to {metered.last_on}"
        reason = "the metered period does not cover the production period"
        remedy = f"meter {inventory.plant.period.first_on} to {inventory.plant.period.last_on}"
        yield Finding("electricity.period", value, reason, remedy)
    if inventory.electricity.kwh <= 0:
        yield Finding("electricity.supply", "", "no kWh were metered", "give metered kWh")
    for supply in inventory.electricity.supply:
        yield from _supply(supply)


def _supply(supply: Supply) -> Iterator[Finding]:
    if supply.arrangement is Arrangement.GRID:
        if supply.factor is not None:
            reason = "grid electricity has no factor of its own"
            yield Finding(f"{supply.path}.factor", supply.factor, reason, "use factors.*")
    else:
        for name in ("technology", "factor"):
            if getattr(supply, name) is None:
                reason = f"{supply.arrangement.value} generation needs a {name}"
                yield Finding(f"{supply.path}.{name}", "", reason, f"add {name}")
        if supply.contract is not None:
            reason = "a contract is for electricity from the grid"
            yield Finding(f"{supply.path}.contract", "", reason, "make the arrangement grid")
    contract = supply.contract
    if contract is not None and contract.kwh > supply.kwh * (1 + _ROUNDING):
        reason = f"is more than the {supply.kwh:g} kWh bought"
        value = f"{contract.kwh:g}"
        yield Finding(f"{supply.path}.contract.kwh", value, reason, "allocate what was bought")


def _certificates_used_once(inventory: Inventory) -> Iterator[Finding]:
    if inventory.electricity is None:
        return
    seen: dict[str, str] = {}
    for supply in inventory.electricity.supply:
        if supply.contract is None:
            continue
        for index, certificate in enumerate(supply.contract.certificates):
            path = f"{supply.path}.contract.certificates[{index}].id"
            key = instrument_key(certificate.id)
            if key in seen:
                reason = f"is used already at {seen[key]}"
                yield Finding(path, certificate.id, reason, "a certificate counts once")
            seen.setdefault(key, path)


def _offsets_listed_once(inventory: Inventory) -> Iterator[Finding]:
    counted = Counter((offset.registry, instrument_key(offset.id)) for offset in inventory.offsets)
    for (registry, id_), number in counted.items():
        if number > 1:
            reason = f"credit of {registry} listed twice"
            yield Finding("offsets", id_, reason, "list it once")


def _recycled_content(inventory: Inventory) -> Iterator[Finding]:
    """Yield what is wrong with the lots of Article 8, and each second statement of R1."""
    try:
        shares = {share.metal for share in recycled_shares(inventory.recycled_content)}
    except LcaError as error:
        yield from error.findings
        return
    period = inventory.plant.period
    if shares and period.first_on.year != period.last_on.year:
        reason = "recycled content is declared by calendar year (Article 8)"
        value = f"{period.first_on} to {period.last_on}"
        yield Finding("plant.period", value, reason, "make one inventory a year")
    for material in inventory.circular:
        if material.material in shares and "R1" in material.parameters:
            path = f"{material.path}.parameters.R1"
            value = f"{material.parameters['R1']:g}"
            reason = "R1 comes from the lots in recycled_content"
            yield Finding(path, value, reason, "remove it: there is one number, not two")


CHECKS: tuple[Callable[[Inventory], Iterator[Finding]], ...] = (
    _unique_identifiers,
    _known_activities,
    _battery,
    _metered_electricity,
    _certificates_used_once,
    _offsets_listed_once,
    _recycled_content,
)
