"""What if: the same inventory with one thing changed, as a table beside the original.

A scenario is written `key=value`; several changes at once are joined by `+`:

    grid=FACTOR                  grid electricity by another life-cycle factor
    direct=TECHNOLOGY:FACTOR     everything from the grid comes by a direct line instead
    on-site=TECHNOLOGY:FACTOR:SHARE   that share of the grid electricity is generated on site
    chemistry=NMC811             the pack materials of another chemistry, same energy; the mass
                                 follows, transport work stays as declared
    warranty=YEARS               another warranty
    factor:OLD=NEW               one factor in place of another, everywhere
    amount:PATH=NUMBER           another amount, e.g. amount:activities[0].exchanges[1]=400
    ruleset=ID                   another ruleset
"""

from __future__ import annotations

import csv
import re
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from functools import cache
from importlib import resources
from types import MappingProxyType
from typing import Any, Final

from lca.activities import Inventory
from lca.datasets import Dataset
from lca.errors import Finding, ScenarioError
from lca.footprint import Footprint, compute_footprint
from lca.inventory import parse_inventory
from lca.rulesets import Ruleset, load_ruleset

MAXIMUM_SCENARIOS: Final = 200

_PACK: Final = "mat.greet24.pack."
_PATH: Final = re.compile(r"activities\[(\d+)\]\.exchanges\[(\d+)\]")

Document = dict[str, Any]


@dataclass(frozen=True, slots=True)
class Scenario:
    """A changed footprint beside the original."""

    name: str
    footprint: Footprint

    def row(self, base: Footprint) -> dict[str, object]:
        """Return a row of the table."""
        change = self.footprint.kg_co2e_per_kwh - base.kg_co2e_per_kwh
        before = set(base.warnings)
        reference = base.kg_co2e_per_kwh
        return {
            "scenario": self.name,
            "ruleset": self.footprint.system.ruleset.id,
            "kg_co2e_per_kwh": self.footprint.kg_co2e_per_kwh,
            "kg_co2e_per_kwh_capacity": self.footprint.kg_co2e_per_kwh_capacity,
            "kg_co2e_per_battery": self.footprint.total,
            "change_kg_co2e_per_kwh": change,
            "change_percent": 100 * change / reference if reference else None,
            "partial": self.footprint.partial,
            "warnings": [text for text in self.footprint.warnings if text not in before],
        }


@dataclass(frozen=True, slots=True)
class Change:
    """One change of a scenario: `key:subject=value`."""

    dataset: Dataset
    subject: str
    value: str


def what_if(
    inventory: Inventory, ruleset: Ruleset, dataset: Dataset, scenarios: Sequence[str]
) -> list[dict[str, object]]:
    """Return the original and each scenario as rows of a table.

    Raises:
        ScenarioError: A scenario is not written as one, or cannot be asked of this inventory.
        LcaError: A changed inventory is refused, for the reasons any inventory is.
    """
    if len(scenarios) > MAXIMUM_SCENARIOS:
        reason = f"at most {MAXIMUM_SCENARIOS} at a time"
        raise ScenarioError([Finding("what_if", str(len(scenarios)), reason, "ask for fewer")])
    base = compute_footprint(inventory, ruleset, dataset)
    rows = [Scenario("as declared", base).row(base)]
    for text in scenarios:
        changed, by = apply_scenario(inventory, ruleset, dataset, text)
        rows.append(Scenario(text, compute_footprint(changed, by, dataset)).row(base))
    return rows


def apply_scenario(
    inventory: Inventory, ruleset: Ruleset, dataset: Dataset, text: str
) -> tuple[Inventory, Ruleset]:
    """Return the inventory and the ruleset of a scenario.

    Raises:
        ScenarioError: It is not written as a scenario, or cannot be asked of this inventory.
        InventoryError: The changed inventory is refused.
    """
    document: Document = _plain(inventory.document)
    for part in text.split("+"):
        key, separator, value = part.strip().partition("=")
        kind, _, subject = key.partition(":")
        if not separator or not value or kind not in {*CHANGES, "ruleset"}:
            known = ", ".join([*CHANGES, "ruleset"])
            raise _refused(part, "is no scenario", f"write key=value; keys: {known}")
        if kind == "ruleset":
            ruleset = load_ruleset(value)
        else:
            CHANGES[kind](document, Change(dataset, subject, value))
    return parse_inventory(document), ruleset


def _plain(value: object) -> Any:  # noqa: ANN401 - JSON
    if isinstance(value, Mapping):
        return {key: _plain(item) for key, item in value.items()}
    if isinstance(value, list | tuple):
        return [_plain(item) for item in value]
    return value


def _grid(document: Document, change: Change) -> None:
    record = change.dataset.factor(change.value, "what_if.grid")
    _electricity(document)["factors"]["national_mix"] = change.value
    if len(record.region) == 2:  # noqa: PLR2004 - ISO 3166-1 alpha-2
        document["plant"]["country"] = record.region


def _direct(document: Document, change: Change) -> None:
    technology, _, factor = change.value.partition(":")
    if not factor:
        remedy = "write direct=TECHNOLOGY:FACTOR, e.g. direct=hydro:power.cn.hydro.cf.2024"
        raise _refused(f"direct={change.value}", "needs a technology and a factor", remedy)
    change.dataset.factor(factor, "what_if.direct")
    for supply in _electricity(document)["supply"]:
        if supply["arrangement"] == "grid":
            supply.pop("contract", None)
            supply.update(arrangement="direct_line", technology=technology, factor=factor)


def _on_site(document: Document, change: Change) -> None:
    technology, _, rest = change.value.partition(":")
    factor, _, text = rest.rpartition(":")
    if not factor:
        remedy = "write on-site=TECHNOLOGY:FACTOR:SHARE, e.g. on-site=pv:power.cn.pv.cf.2024:0.3"
        reason = "needs a technology, a factor and a share"
        raise _refused(f"on-site={change.value}", reason, remedy)
    change.dataset.factor(factor, "what_if.on-site")
    share = _number(text, change.value)
    if not 0 <= share <= 1:
        raise _refused(
            change.value, "the share lies between 0 and 1", "e.g. pv:power.cn.pv.cf.2024:0.3"
        )
    supplies = _electricity(document)["supply"]
    moved = 0.0
    for supply in supplies:
        if supply["arrangement"] == "grid":
            moved += supply["kwh"] * share
            supply["kwh"] *= 1 - share
            contract = supply.get("contract")
            if contract:
                contract["kwh"] = min(contract["kwh"], supply["kwh"])
    supplies.append(
        {"arrangement": "on_site", "technology": technology, "factor": factor, "kwh": moved}
    )


def _chemistry(document: Document, change: Change) -> None:
    energies = pack_specific_energy()
    for exchange in _exchanges(document):
        old = exchange.get("factor") or ""
        if not old.startswith(_PACK):
            continue
        new = f"{_PACK}{change.value.lower()}.{old.rpartition('.')[2]}"
        change.dataset.factor(new, "what_if.chemistry")
        ratio = energies[old] / energies[new]
        exchange["factor"] = new
        exchange["amount"] *= ratio
        document["product"].update(
            chemistry=change.value.upper(), mass_kg=document["product"]["mass_kg"] * ratio
        )
        return
    reason = "there are no pack materials by chemistry in this inventory"
    raise _refused(f"chemistry={change.value}", reason, "use factor:OLD=NEW")


def _warranty(document: Document, change: Change) -> None:
    life = document["product"]["service_life"]
    life["warranty_years"] = _number(change.value, change.value)
    life["warranty_distance_km"] = None
    life.setdefault("warranty_evidence", None)
    life["warranty_evidence"] = life["warranty_evidence"] or "what-if: no evidence"


def _factor(document: Document, change: Change) -> None:
    change.dataset.factor(change.value, "what_if.factor")
    found = [item for item in _exchanges(document) if item.get("factor") == change.subject]
    if not found:
        raise _refused(f"factor:{change.subject}", "no exchange uses it", "name a factor in use")
    for exchange in found:
        exchange["factor"] = change.value


def _amount(document: Document, change: Change) -> None:
    match = _PATH.fullmatch(change.subject)
    try:
        activity, exchange = (int(part) for part in match.groups()) if match else (-1, -1)
        place = document["activities"][activity]["exchanges"][exchange] if match else None
    except IndexError:
        place = None
    if place is None:
        remedy = "write amount:activities[0].exchanges[1]=400"
        raise _refused(f"amount:{change.subject}", "no such exchange", remedy)
    place["amount"] = _number(change.value, change.value)


CHANGES: Final[Mapping[str, Callable[[Document, Change], None]]] = MappingProxyType(
    {
        "grid": _grid,
        "direct": _direct,
        "on-site": _on_site,
        "chemistry": _chemistry,
        "warranty": _warranty,
        "factor": _factor,
        "amount": _amount,
    }
)


@cache
def pack_specific_energy() -> Mapping[str, float]:
    """Return Wh per kg of pack for each pack material factor (GREET 2024)."""
    file = resources.files("lca.data").joinpath("pack_specific_energy.csv")
    with file.open(encoding="utf-8") as lines:
        return MappingProxyType(
            {row["factor"]: float(row["wh_per_kg"]) for row in csv.DictReader(lines)}
        )


def _electricity(document: Document) -> Document:
    electricity = document.get("electricity")
    if not isinstance(electricity, dict):
        raise _refused("electricity", "the inventory has no metered electricity", "add it")
    return electricity


def _exchanges(document: Document) -> list[Document]:
    return [item for activity in document["activities"] for item in activity.get("exchanges") or []]


def _number(text: str, value: str) -> float:
    try:
        return float(text)
    except ValueError:
        raise _refused(value, "must be a number", "write a plain number") from None


def _refused(value: str, reason: str, remedy: str) -> ScenarioError:
    return ScenarioError([Finding("what_if", value, reason, remedy)])
