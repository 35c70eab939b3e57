"""What is impossible is refused by its field, with value, reason and remedy."""

from __future__ import annotations

import json
from contextlib import suppress
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from lca.audit import verify_bundle, write_bundle
from lca.datasets import Dataset, load_shipped_dataset
from lca.errors import AuditError, InventoryError, LcaError
from lca.footprint import compute_footprint, evaluate
from lca.inventory import parse_inventory
from lca.product_system import build_product_system
from lca.rulesets import load_ruleset
from tests.lca.conftest import ASSETS
from tests.lca.spoilt_packs import MATERIALS, Document, at, circular, compute, doubted, materials


def test_kilograms_typed_as_grams_are_refused_by_row_with_what_to_look_at(
    pack: Document, dataset: Dataset
) -> None:
    at(pack, MATERIALS)["amount"] = 419870
    with pytest.raises(InventoryError) as caught:
        compute(pack, dataset)
    [finding] = caught.value.findings
    assert finding.path == "activities[0].exchanges[1].amount"
    assert "419,870 kg a battery" in finding.value
    assert "1,000 times the mass of the battery, impossible above 10" in finding.reason
    assert "no waste or co-product is declared" in finding.reason
    assert "in g typed as kg" in finding.remedy


@pytest.mark.parametrize(
    "waste",
    [
        {"kind": "technosphere", "process": "production_waste"},
        {"kind": "substitution", "process": "other_materials"},
    ],
)
def test_what_is_lost_by_declaration_is_doubted_and_not_refused(
    pack: Document, dataset: Dataset, waste: Document
) -> None:
    at(pack, MATERIALS)["amount"] = 5000
    with pytest.raises(InventoryError):
        compute(pack, dataset)
    scrap = {"factor": "mat.mnso4.hi", "amount": 4580, "unit": "kg", "origin": "secondary"}
    pack["activities"][0]["exchanges"].append({**scrap, **waste})
    assert doubted(pack, dataset) >= {"bill_of_materials_mass"}


def test_a_yield_of_a_tenth_is_the_last_that_is_possible(pack: Document, dataset: Dataset) -> None:
    materials(pack, 10 * (1 - 1e-9))
    assert "bill_of_materials_mass" in doubted(pack, dataset)
    materials(pack, 10 * (1 + 1e-9))
    with pytest.raises(InventoryError, match="impossible"):
        compute(pack, dataset)


def test_a_capacity_in_watt_hours_is_more_than_hydrogen_holds(
    pack: Document, dataset: Dataset
) -> None:
    pack["product"].update(capacity_kwh=60000, usable_energy_kwh=60000)
    with pytest.raises(InventoryError) as caught:
        compute(pack, dataset)
    [finding] = caught.value.findings
    assert finding.path == "product.capacity_kwh"
    assert finding.value == "60,000 kWh in 419.87 kg"
    assert "142,901 Wh per kg, impossible above 32,700" in finding.reason
    assert "kWh, not Wh" in finding.remedy


def test_materials_under_the_circular_formula_are_not_ten_times_the_battery(
    pack: Document, dataset: Dataset
) -> None:
    circular(pack, 10.1)
    with pytest.raises(InventoryError, match=r"circular_formula_mass is 10\.1 times"):
        compute(pack, dataset)


@pytest.mark.parametrize(
    ("parameters", "said"),
    [
        ({"R2": 0.6, "R3": 0.5}, "R2 and R3 together exceed 1"),
        ({"XER_heat": 0.7, "XER_electricity": 0.4}, "XER_heat and XER_electricity together"),
        ({"R2": -0.1}, "a share lies between 0 and 1"),
        ({"LHV_MJ_per_kg": -30}, "a share lies between 0 and 1"),
    ],
)
def test_shares_of_one_whole_are_no_more_than_it(
    pack: Document, dataset: Dataset, parameters: Document, said: str
) -> None:
    circular(pack, 0.1)
    evidence = dict.fromkeys(parameters, "report 1")
    pack["circular"][0].update(parameters=parameters, evidence=evidence)
    with pytest.raises(InventoryError, match=said):
        compute(pack, dataset)


def test_shares_are_added_to_those_of_the_ruleset(pack: Document, dataset: Dataset) -> None:
    circular(pack, 0.1)
    pack["circular"][0].update(parameters={"R3": 0.5}, evidence={"R3": "report 1"})
    ruleset = load_ruleset("iso-14067")
    own = {**ruleset.end_of_life, "R2": 0.9}
    changed = type(ruleset)(**{**_fields(ruleset), "end_of_life": own})
    with pytest.raises(InventoryError, match="R2 and R3 together exceed 1"):
        compute_footprint(parse_inventory(pack), changed, dataset)


def _fields(ruleset: Any) -> Document:
    return {name: getattr(ruleset, name) for name in ruleset.__dataclass_fields__}


@pytest.mark.parametrize(
    ("path", "key"),
    [
        (MATERIALS, "amount"),
        (("product",), "mass_kg"),
        (("product",), "capacity_kwh"),
        (("product", "service_life"), "warranty_years"),
        (("plant",), "production_kwh"),
        (("electricity", "supply", 0), "kwh"),
        (("offsets", 0), "quantity_t"),
    ],
)
def test_a_negative_amount_is_refused_by_its_field(
    pack: Document, path: tuple[str | int, ...], key: str
) -> None:
    at(pack, path)[key] = -1
    with pytest.raises(InventoryError, match=key):
        parse_inventory(pack)


def test_an_audit_refuses_what_is_impossible(pack: Document, dataset: Dataset) -> None:
    at(pack, MATERIALS)["amount"] = 419870
    ruleset = load_ruleset("da-2024")
    unchecked = evaluate(build_product_system(parse_inventory(pack), ruleset, dataset))
    with pytest.raises(AuditError, match="impossible above 10"):
        verify_bundle(write_bundle(unchecked))


POSITIVE = st.floats(min_value=5e-324, max_value=1e18)


@settings(max_examples=60, deadline=None)
@given(mass_kg=POSITIVE, kwh=POSITIVE, kg=POSITIVE, made=POSITIVE, years=POSITIVE, metered=POSITIVE)
def test_whatever_the_numbers_a_footprint_is_refused_or_told_in_numbers(
    mass_kg: float, kwh: float, kg: float, made: float, years: float, metered: float
) -> None:
    pack: Document = json.loads((ASSETS / "lfp_pack.json").read_text(encoding="utf-8"))
    pack["product"].update(mass_kg=mass_kg, capacity_kwh=kwh, usable_energy_kwh=kwh)
    pack["product"]["service_life"]["warranty_years"] = years
    at(pack, MATERIALS)["amount"] = kg
    pack["plant"]["production_kwh"] = made
    pack["electricity"]["supply"] = [{"arrangement": "grid", "kwh": metered}]
    with suppress(LcaError):  # refused, with findings: nothing else may come of it
        document = compute(pack, load_shipped_dataset(), "da-2024").to_document()
        assert json.dumps(document, allow_nan=False, default=dict)
