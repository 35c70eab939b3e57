"""The rules one by one: service life, electricity, requirements, bad factors and flows."""

from __future__ import annotations

import dataclasses
import pickle
from pathlib import Path
from typing import Any

import pytest

import lca.errors
from lca.datasets import Dataset
from lca.errors import (
    ImplausibleFactorError,
    IncompleteInventoryError,
    InventoryError,
    LcaError,
    MissingFactorError,
    UnitMismatchError,
)
from lca.footprint import Footprint, compute_footprint
from lca.inventory import parse_inventory
from lca.rulesets import LifeCycleStage, load_ruleset
from lca.units import Electricity, Mass, quantity

Document = dict[str, Any]


def compute(document: Document, dataset: Dataset, ruleset: str = "da-2024") -> Footprint:
    return compute_footprint(parse_inventory(document), load_ruleset(ruleset), dataset)


def years(document: Document, dataset: Dataset) -> float:
    value = compute(document, dataset).system.functional_unit.inputs["years"]
    assert isinstance(value, float)
    return value


@pytest.mark.parametrize(
    ("life", "expected"),
    [
        ({}, 8.0),
        ({"warranty_distance_km": 100_000}, 5.0),
        ({"warranty_distance_km": 400_000}, 8.0),
        ({"warranty_years": None, "warranty_distance_km": 120_000}, 6.0),
        ({"warranty_years": None}, 5.0),
        ({"warranty_capacity_share": 0.6}, 5.0),
        ({"warranty_capacity_share": None}, 8.0),
    ],
    ids=[
        "years",
        "km first",
        "years first",
        "km only",
        "none",
        "guarantees too little",
        "unstated",
    ],
)
def test_the_warranty_becomes_years(
    pack: Document, dataset: Dataset, life: Document, expected: float
) -> None:
    pack["product"]["service_life"].update(life)
    assert years(pack, dataset) == pytest.approx(expected, rel=1e-12)


@pytest.mark.parametrize(
    ("ruleset", "life", "field"),
    [
        ("da-2024", {"vehicle_class": None}, "vehicle_class"),
        ("da-2024", {"vehicle_class": "T5"}, "vehicle_class"),
        ("da-2024", {"warranty_evidence": None}, "warranty_evidence"),
        (
            "da-2024",
            {"vehicle_class": "M3", "warranty_distance_km": 500_000},
            "warranty_distance_km",
        ),
        ("jrc-2023", {"distance_km": None}, "distance_km"),
        ("jrc-2023", {"consumption_kwh_per_km": None}, "consumption_kwh_per_km"),
        ("cfb-ind-draft", {}, "declared_cycles"),
    ],
)
def test_a_service_life_that_lacks_an_input_is_refused(
    pack: Document, dataset: Dataset, ruleset: str, life: Document, field: str
) -> None:
    pack["product"]["service_life"].update(life)
    with pytest.raises(IncompleteInventoryError) as caught:
        compute(pack, dataset, ruleset)
    assert caught.value.findings[0].path == f"product.service_life.{field}"


def test_industrial_batteries_are_counted_by_declared_cycles(
    pack: Document, dataset: Dataset
) -> None:
    pack["product"]["service_life"]["declared_cycles"] = 6000
    footprint = compute(pack, dataset, "cfb-ind-draft")
    assert footprint.kg_co2e_per_kwh == pytest.approx(footprint.total / (60 * 6000), rel=1e-12)


def test_the_national_mix_must_be_given_and_of_the_country(
    pack: Document, dataset: Dataset
) -> None:
    pack["plant"]["country"] = "DE"
    with pytest.raises(InventoryError, match="the plant is in DE"):
        compute(pack, dataset)
    pack["electricity"]["factors"]["national_mix"] = None
    with pytest.raises(InventoryError, match="national consumption mix"):
        compute(pack, dataset)


def test_a_mix_whose_country_cannot_be_told_is_taken_with_a_warning(
    pack: Document, dataset: Dataset
) -> None:
    pack["electricity"]["factors"]["national_mix"] = "grid.ember.chn"
    footprint = compute(pack, dataset)
    assert any("was not checked" in text for text in footprint.system.warnings)
    assert any("not a consumption mix" in text for text in footprint.system.warnings)


def test_a_regional_mix_is_no_national_mix(pack: Document, dataset: Dataset) -> None:
    record = dataclasses.replace(
        dataset.factor("grid.cn.cf.2024"), id="own.sichuan", region="CN-SC", value=0.2
    )
    pack["electricity"]["factors"]["national_mix"] = "own.sichuan"
    with pytest.raises(InventoryError, match="regional mix"):
        compute(pack, dataset.with_factors("own", "1", [record]))


def test_a_location_factor_of_another_region_is_named(pack: Document, dataset: Dataset) -> None:
    pack["electricity"]["factors"]["grid_location"] = "grid.cn-sd.co2.2023"
    columns: Any = compute(pack, dataset).to_document()["electricity_columns"]
    assert any("CN-SC" in text for text in columns["location_based"]["warnings"])


def test_a_residual_life_cycle_factor_is_taken_before_the_last_resort(
    pack: Document, dataset: Dataset
) -> None:
    pack["electricity"]["factors"]["residual_lca"] = "power.cn.coal.cf.2024"
    footprint = compute(pack, dataset, "jrc-2023")
    assert footprint.system.mix is not None
    assert footprint.system.mix.kg_co2e_per_kwh == pytest.approx(0.924)
    assert not any("last resort" in text for text in footprint.system.warnings)


def test_columns_that_lack_a_factor_say_so_and_are_not_zero(
    pack: Document, dataset: Dataset
) -> None:
    pack["electricity"]["factors"].update(grid_location=None, residual=None)
    pack["electricity"]["supply"][0]["contract"]["kwh"] = 1e10
    columns: Any = compute(pack, dataset).to_document()["electricity_columns"]
    for name in ("location_based", "contract_based"):
        assert columns[name]["kg_co2e_per_battery"] is None
        assert "not computed" in columns[name]["basis"]


@pytest.mark.parametrize("arrangement", ["on_site", "direct_line"])
def test_generation_that_burns_fuel_has_no_known_direct_factor(
    pack: Document, dataset: Dataset, arrangement: str
) -> None:
    pack["electricity"]["supply"] = [
        {
            "arrangement": arrangement,
            "technology": "gas",
            "factor": "power.cn.gas.cf.2024",
            "kwh": 8.33e10,
        }
    ]
    footprint = compute(pack, dataset)
    columns: Any = footprint.to_document()["electricity_columns"]
    assert columns["cfb"]["kg_co2e_per_kwh_electricity"] == pytest.approx(0.4503)
    assert columns["location_based"]["kg_co2e_per_battery"] is None
    assert columns["contract_based"]["kg_co2e_per_battery"] is None


def test_a_contract_for_gas_power_has_no_zero_either(pack: Document, dataset: Dataset) -> None:
    contract = pack["electricity"]["supply"][0]["contract"]
    contract.update(technology="gas", factor="power.cn.gas.cf.2024")
    columns: Any = compute(pack, dataset).to_document()["electricity_columns"]
    assert columns["contract_based"]["kg_co2e_per_battery"] is None


def test_an_evidenced_contract_is_counted_without_a_warning(
    pack: Document, dataset: Dataset
) -> None:
    pack["electricity"]["supply"][0]["contract"]["certificates"] = [
        {"id": "gec-1", "kwh": 8.33e10, "vintage_year": 2024, "retired_on": "2025-02-01"}
    ]
    columns: Any = compute(pack, dataset).to_document()["electricity_columns"]
    assert not any("without evidence" in text for text in columns["contract_based"]["warnings"])


@pytest.mark.parametrize(
    ("change", "reason"),
    [
        ({"arrangement": "on_site"}, "needs a technology"),
        ({"factor": "power.cn.pv.cf.2024"}, "no factor of its own"),
        ({"kwh": 0, "contract": None}, "no kWh were metered"),
    ],
)
def test_a_supply_that_contradicts_itself_is_refused(
    pack: Document, change: Document, reason: str
) -> None:
    pack["electricity"]["supply"][0].update(change)
    with pytest.raises(InventoryError, match=reason):
        parse_inventory(pack)


def test_plant_electricity_without_meters_is_refused(pack: Document) -> None:
    del pack["electricity"]
    with pytest.raises(InventoryError, match="no metered electricity"):
        parse_inventory(pack)


def test_an_offset_listed_twice_is_refused(pack: Document) -> None:
    pack["offsets"].append(dict(pack["offsets"][0]))
    with pytest.raises(InventoryError, match="listed twice"):
        parse_inventory(pack)


def biosphere(flow: str, amount: float, unit: str = "kg") -> Document:
    return {
        "kind": "biosphere",
        "flow": flow,
        "amount": amount,
        "unit": unit,
        "process": "cell_assembly",
        "origin": "secondary",
    }


def test_an_elementary_flow_is_characterised_by_the_ruleset(
    pack: Document, dataset: Dataset
) -> None:
    base = compute(pack, dataset).total
    pack["activities"][1]["exchanges"].append(biosphere("methane_non_fossil", 2.0, "g"))
    assert compute(pack, dataset).total - base == pytest.approx(60 * 0.002 * 27, rel=1e-9)


def test_an_unknown_flow_names_its_neighbours(pack: Document, dataset: Dataset) -> None:
    pack["activities"][1]["exchanges"].append(biosphere("methane_fosil", 2.0))
    with pytest.raises(MissingFactorError, match="methane_fossil"):
        compute(pack, dataset)


def test_a_flow_is_a_mass(pack: Document, dataset: Dataset) -> None:
    pack["activities"][1]["exchanges"].append(biosphere("methane_fossil", 2.0, "m3"))
    with pytest.raises(UnitMismatchError, match="mass"):
        compute(pack, dataset)


def test_an_unknown_process_names_the_known_ones(pack: Document, dataset: Dataset) -> None:
    pack["activities"][0]["exchanges"][1]["process"] = "packing"
    with pytest.raises(InventoryError, match="pack_assembly"):
        compute(pack, dataset)


def test_a_stage_cannot_be_missing_and_present(pack: Document, dataset: Dataset) -> None:
    pack["gaps"].append({"stage": "main_production", "reason": "no data"})
    with pytest.raises(InventoryError, match="has exchanges"):
        compute(pack, dataset)


@pytest.fixture
def outlier(dataset: Dataset) -> Dataset:
    record = dataclasses.replace(
        dataset.factor("mat.nickel_sulfate.hi"), id="own.niso4", name="NiSO4", value=74.6
    )
    return dataset.with_factors("own", "1", [record])


def test_an_outlier_needs_a_reason_and_the_reason_is_printed(
    pack: Document, outlier: Dataset
) -> None:
    exchange = {
        "kind": "technosphere",
        "factor": "own.niso4",
        "amount": 1.0,
        "unit": "kg",
        "process": "cathode_active_material",
        "origin": "secondary",
    }
    pack["activities"][0]["exchanges"].append(exchange)
    with pytest.raises(ImplausibleFactorError, match=r"74\.6"):
        compute(pack, outlier)
    exchange["plausibility_override"] = "measured by the supplier, report 12"
    footprint = compute(pack, outlier)
    assert any("report 12" in text for text in footprint.system.warnings)
    second = dict(exchange)
    del second["plausibility_override"]
    pack["activities"][0]["exchanges"].append(second)
    with pytest.raises(ImplausibleFactorError):
        compute(pack, outlier)


def test_a_component_the_battery_does_not_have_is_declared(
    pack: Document, dataset: Dataset
) -> None:
    for activity in pack["activities"]:
        for exchange in activity["exchanges"]:
            exchange.update(origin="company_specific", evidence="plant records")
    materials = pack["activities"][0]["exchanges"][1]
    materials["process"] = "other_materials"
    for process in ("anode_active_material", "cathode_active_material", "electrolyte"):
        row = {**materials, "factor": "mat.graphite.nat", "amount": 1.0, "process": process}
        pack["activities"][0]["exchanges"].append(row)
    casing = {**materials, "factor": "mat.graphite.nat", "amount": 1.0, "process": "cell_casing"}
    pack["activities"][0]["exchanges"].append(casing)
    pack["screening"] = False
    with pytest.raises(IncompleteInventoryError) as caught:
        compute(pack, dataset)
    assert [finding.value for finding in caught.value.findings] == ["separator"]
    pack["absent_components"] = [{"process": "separator", "reason": "solid electrolyte"}]
    footprint = compute(pack, dataset)
    assert not any("not eligible" in text for text in footprint.system.warnings)


def test_a_stage_is_none_where_it_was_not_assessed(pack: Document, dataset: Dataset) -> None:
    footprint = compute(pack, dataset)
    assert footprint.stage_kg_co2e(LifeCycleStage.END_OF_LIFE) is None
    assert footprint.stage_kg_co2e(LifeCycleStage.DISTRIBUTION) == pytest.approx(162.775, abs=1e-3)
    assert footprint.kg_co2e_per_battery == footprint.total


def test_a_demand_by_capacity_is_one_battery(pack: Document, dataset: Dataset) -> None:
    base = compute(pack, dataset).total
    pack["demand"]["amount"] = 12
    assert compute(pack, dataset).total == pytest.approx(base, rel=1e-12)
    pack["activities"][0]["output"]["unit"] = "kWh capacity"
    pack["activities"][0]["output"]["amount"] = 60
    pack["demand"].update(amount=60, unit="kWh capacity")
    assert compute(pack, dataset).total == pytest.approx(base, rel=1e-12)


def test_quantities_say_what_they_are() -> None:
    amount = quantity(2.0, "MWh", Electricity)
    assert amount.into("kWh") == 2000
    assert (amount + quantity(500, "kWh", Electricity)).into("MWh") == 2.5
    assert (amount * 3).amount == 6000
    with pytest.raises(UnitMismatchError):
        amount.into("kg")
    with pytest.raises(UnitMismatchError):
        quantity(1.0, "kWh", Mass)
    with pytest.raises(UnitMismatchError):
        quantity(float("nan"), "kg", Mass)


def test_every_error_of_the_package_derives_from_its_base_and_survives_pickling() -> None:
    finding = lca.errors.Finding("a", "b", "c", "d", file="f", sheet="s", row=3)
    for name in dir(lca.errors):
        kind = getattr(lca.errors, name)
        if isinstance(kind, type) and issubclass(kind, Exception):
            assert issubclass(kind, LcaError)
            error = pickle.loads(pickle.dumps(kind([finding])))
            assert error.findings == (finding,)
    assert str(finding) == "f, sheet s, row 3, a (b): c; d"
    assert lca.errors.shown(10**5000) == "an integer of more than 80 digits"


def test_the_readme_names_every_data_file_and_ruleset_exists() -> None:
    folder = Path(lca.errors.__file__).parent
    readme = (folder / "README.md").read_text(encoding="utf-8")
    for file in [*(folder / "data").glob("*.csv"), *(folder / "data").glob("*.json")]:
        assert file.name in readme, file.name
    for file in (folder / "data" / "emission_factors").glob("*.csv"):
        assert file.name in readme or file.stem == "electricity_world_direct", file.name
