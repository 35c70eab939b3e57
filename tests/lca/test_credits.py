"""Credits: they answer what is emitted, are named, and never make a footprint of nothing or less."""

from __future__ import annotations

from typing import Any

import pytest

from lca.audit import verify_bundle, write_bundle
from lca.credits import check_credits
from lca.datasets import Dataset
from lca.errors import AuditError, InventoryError
from lca.footprint import Footprint, compute_footprint
from lca.inventory import parse_inventory
from lca.rulesets import load_ruleset

Document = dict[str, Any]
CREDIT: Document = {
    "kind": "substitution",
    "factor": "mat.graphite.nat",
    "amount": 1.0,
    "unit": "kg",
    "process": "anode_active_material",
    "origin": "secondary",
}


def computed(pack: Document, dataset: Dataset, *rows: Document) -> Footprint:
    """Return the footprint of the pack with more exchanges."""
    pack["activities"][0]["exchanges"] += rows
    return compute_footprint(parse_inventory(pack), load_ruleset("da-2024"), dataset)


def test_a_footprint_without_credits_names_none(pack: Document, dataset: Dataset) -> None:
    footprint = computed(pack, dataset)
    check_credits(footprint)
    assert not any("as credits" in warning for warning in footprint.system.warnings)


def test_a_credit_is_named(pack: Document, dataset: Dataset) -> None:
    plain = computed(pack, dataset).total
    footprint = computed(pack, dataset, CREDIT)
    check_credits(footprint)
    assert footprint.total < plain
    [warning] = [text for text in footprint.system.warnings if "as credits" in text]
    assert footprint.system.burdens[-1].exchange.path in warning or "exchanges[" in warning


@pytest.mark.parametrize("kg", [1e5, 1e9])
def test_credits_that_outweigh_what_is_emitted_are_refused(
    pack: Document, dataset: Dataset, kg: float
) -> None:
    footprint = computed(pack, dataset, {**CREDIT, "amount": kg})
    with pytest.raises(InventoryError, match="outweigh"):
        check_credits(footprint)
    with pytest.raises(AuditError, match="outweigh"):
        verify_bundle(write_bundle(footprint))


def test_a_battery_that_emits_nothing_is_refused(pack: Document, dataset: Dataset) -> None:
    for activity in pack["activities"]:
        for exchange in activity["exchanges"]:
            exchange["amount"] = 0
    with pytest.raises(InventoryError, match="more than nothing"):
        check_credits(computed(pack, dataset))


@pytest.mark.parametrize(
    "provider",
    [
        {"factor": "fuel.ipcc.natural_gas.combustion", "unit": "MJ"},
        {"flow": "carbon_dioxide_fossil", "unit": "kg"},
    ],
)
def test_an_emission_is_not_taken_back_by_a_negative_amount(
    pack: Document, dataset: Dataset, provider: Document
) -> None:
    row = {
        "kind": "biosphere",
        "amount": -50,
        "process": "cell_assembly",
        "origin": "secondary",
        **provider,
    }
    with pytest.raises(InventoryError, match="must lie between 0"):
        computed(pack, dataset, row)
