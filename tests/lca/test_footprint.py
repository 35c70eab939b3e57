"""The whole line on the example inventory: from document to total, stages and columns."""

from __future__ import annotations

import json
import math
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from lca.datasets import Dataset
from lca.documents import iterate_texts
from lca.errors import (
    BoundaryMismatchError,
    IncompleteInventoryError,
    InventoryError,
    MissingFactorError,
    UnitMismatchError,
)
from lca.footprint import Footprint, compute_footprint
from lca.inventory import parse_inventory
from lca.rulesets import load_ruleset, ruleset_ids

Document = dict[str, Any]


def footprint(document: Document, dataset: Dataset, ruleset: str = "da-2024") -> Footprint:
    return compute_footprint(parse_inventory(document), load_ruleset(ruleset), dataset)


def test_the_lfp_pack_stands_where_published_figures_put_it(
    pack: Document, dataset: Dataset
) -> None:
    result = footprint(pack, dataset).to_document()
    stages: dict[str, Any] = {stage["stage"]: stage for stage in _items(result, "stages")}
    materials = stages["raw_material_acquisition"]["kg_co2e_per_battery"] / 60
    production = stages["main_production"]["kg_co2e_per_battery"] / 60
    assert materials == pytest.approx(42.504, abs=0.001)
    assert production == pytest.approx(13.9925, abs=0.001)
    assert 53 <= materials + production <= 75


def test_the_denominator_decides_between_the_two_drafts(pack: Document, dataset: Dataset) -> None:
    by_cycles = footprint(pack, dataset, "da-2024")
    by_distance = footprint(pack, dataset, "jrc-2023")
    assert by_cycles.system.functional_unit.total_energy.amount == 60 * 60 * 8
    assert by_distance.system.functional_unit.total_energy.amount == 160_000 * 0.15
    assert by_cycles.total == pytest.approx(by_distance.total, rel=1e-12)


def test_contributions_sum_to_total_and_stages(pack: Document, dataset: Dataset) -> None:
    result = footprint(pack, dataset).to_document()
    contributions = _items(result, "contributions")
    total = result["kg_co2e_per_battery"]
    assert math.fsum(c["kg_co2e_per_battery"] for c in contributions) == pytest.approx(
        total, rel=1e-12
    )
    assert math.fsum(c["share"] for c in contributions) == pytest.approx(1, rel=1e-12)
    assessed = [s["kg_co2e_per_battery"] for s in _items(result, "stages") if s["assessed"]]
    assert math.fsum(assessed) == pytest.approx(total, rel=1e-12)


def test_a_stage_without_data_is_not_assessed_and_the_total_is_partial(
    pack: Document, dataset: Dataset
) -> None:
    pack["gaps"] = [gap for gap in pack["gaps"] if gap["stage"] != "end_of_life"]
    result = footprint(pack, dataset).to_document()
    end = _items(result, "stages")[3]
    assert result["partial"] is True
    assert result["not_assessed"] == ["end_of_life"]
    assert end["kg_co2e_per_battery"] is None
    assert end["share"] is None
    assert end["reason"]


def test_a_contract_changes_nothing_under_da_2024(pack: Document, dataset: Dataset) -> None:
    with_contract = footprint(pack, dataset)
    del pack["electricity"]["supply"][0]["contract"]
    assert footprint(pack, dataset).total == with_contract.total


def test_a_contract_counts_under_jrc_2023_only_with_retired_certificates(
    pack: Document, dataset: Dataset
) -> None:
    bare = footprint(pack, dataset, "jrc-2023")
    assert any("last resort" in warning for warning in bare.system.warnings)
    contract = pack["electricity"]["supply"][0]["contract"]
    contract["certificates"] = [
        {"id": "gec-1", "kwh": 8.33e10, "vintage_year": 2024, "retired_on": "2025-02-01"}
    ]
    evidenced = footprint(pack, dataset, "jrc-2023")
    saved = bare.total - evidenced.total
    assert saved == pytest.approx(499.8 * (0.5777 - 0.0141), rel=1e-9)


@pytest.mark.parametrize(
    "certificate",
    [
        {"id": "gec-1", "kwh": 8.33e10, "vintage_year": 2022, "retired_on": "2025-02-01"},
        {"id": "gec-1", "kwh": 8.33e10, "vintage_year": 2024, "retired_on": None},
    ],
    ids=["wrong vintage", "not retired"],
)
def test_a_certificate_without_its_criteria_does_not_count(
    pack: Document, dataset: Dataset, certificate: Document
) -> None:
    bare = footprint(pack, dataset, "jrc-2023").total
    pack["electricity"]["supply"][0]["contract"]["certificates"] = [certificate]
    assert footprint(pack, dataset, "jrc-2023").total == bare


def test_the_three_columns_print_their_boundary(pack: Document, dataset: Dataset) -> None:
    columns: Any = footprint(pack, dataset).to_document()["electricity_columns"]
    assert columns["cfb"]["boundary"] == "lca"
    assert columns["cfb"]["kg_co2e_per_battery"] == pytest.approx(499.8 * 0.5777)
    assert columns["location_based"]["boundary"] == "direct_co2"
    assert columns["location_based"]["kg_co2e_per_battery"] == pytest.approx(499.8 * 0.1564)
    assert columns["contract_based"]["kg_co2e_per_battery"] == 0
    assert any("without evidence" in text for text in columns["contract_based"]["warnings"])


def test_a_plant_of_three_supplies_matches_a_calculation_by_hand(
    pack: Document, dataset: Dataset
) -> None:
    """12 GWh grid + 5 GWh contracted wind + 3 GWh on-site PV + gas for 1 GWh of cells."""
    pack["electricity"]["supply"] = [
        {
            "arrangement": "grid",
            "kwh": 17e6,
            "contract": {"technology": "wind", "factor": "power.cn.wind.cf.2024", "kwh": 5e6},
        },
        {"arrangement": "on_site", "technology": "pv", "factor": "power.cn.pv.cf.2024", "kwh": 3e6},
    ]
    pack["electricity"]["factors"]["grid_location"] = "grid.cn.avg.co2.2023"
    pack["activities"][1]["exchanges"][0]["amount"] = 20.0
    columns: Any = footprint(pack, dataset).to_document()["electricity_columns"]
    per_kwh = "kg_co2e_per_kwh_capacity"
    assert columns["cfb"][per_kwh] == pytest.approx(17 * 0.5777 + 3 * 0.052, rel=1e-12)
    assert columns["cfb"][per_kwh] == pytest.approx(9.977, abs=5e-4)
    assert columns["contract_based"][per_kwh] == pytest.approx(7.315, abs=5e-4)


def test_offsets_are_listed_and_change_nothing(pack: Document, dataset: Dataset) -> None:
    listed = footprint(pack, dataset).to_document()
    pack["offsets"] = []
    without = footprint(pack, dataset).to_document()
    assert listed["kg_co2e_per_battery"] == without["kg_co2e_per_battery"]
    offsets: Any = listed["offsets"]
    assert offsets["listed_t"] == 10.0
    assert offsets["note"] == "listed, never subtracted"


def test_no_field_is_called_net(pack: Document, dataset: Dataset) -> None:
    result = footprint(pack, dataset).to_document()
    assert not [key for key in _keys(result) if key.lower().split("_").count("net")]


@pytest.mark.parametrize("ruleset", ruleset_ids())
def test_every_result_says_that_no_method_is_binding(
    pack: Document, dataset: Dataset, ruleset: str
) -> None:
    pack["product"]["service_life"]["declared_cycles"] = 3000
    result = footprint(pack, dataset, ruleset).to_document()
    named: Any = result["ruleset"]
    assert named["id"] == ruleset
    assert named["binding"] is False
    assert named["performance_class"] is None
    assert any("No method" in text or "not verified" in text for text in iterate_texts(result))


def test_the_result_is_json_and_its_hash_follows_its_content(
    pack: Document, dataset: Dataset
) -> None:
    first = footprint(pack, dataset).to_document()
    again = footprint(pack, dataset).to_document()
    assert json.loads(json.dumps(first, allow_nan=False)) == first
    assert first["content_sha256"] == again["content_sha256"]
    pack["product"]["mass_kg"] = 420.0
    assert footprint(pack, dataset).content_sha256 != first["content_sha256"]


def test_a_missing_factor_is_an_error_that_names_candidates(
    pack: Document, dataset: Dataset
) -> None:
    pack["activities"][0]["exchanges"][1]["factor"] = "mat.greet24.pack.lfp.car30"
    with pytest.raises(MissingFactorError) as caught:
        footprint(pack, dataset)
    assert caught.value.findings[0].path == "activities[0].exchanges[1].factor"
    assert "mat.greet24.pack.lfp.car300" in caught.value.candidates["mat.greet24.pack.lfp.car30"]


@pytest.mark.parametrize(
    "factor", ["mat.nf.lipf6", "mat.niso4.cpcd21", "power.unece.coal", "mat.lfp_cam.cpcd25"]
)
def test_a_refused_factor_says_why(pack: Document, dataset: Dataset, factor: str) -> None:
    pack["activities"][0]["exchanges"][1]["factor"] = factor
    with pytest.raises(MissingFactorError) as caught:
        footprint(pack, dataset)
    assert caught.value.findings[0].reason == dataset.refusals[factor].reason


@pytest.mark.parametrize(
    ("path", "factor"),
    [
        (("electricity", "factors", "national_mix"), "grid.cn.avg.co2.2023"),
        (("electricity", "factors", "grid_location"), "grid.cn.cf.2024"),
        (("electricity", "factors", "residual"), "grid.cn.cf.2024"),
        (("activities", 1, "exchanges", 1, "factor"), "fuel.ipcc.natural_gas.co2"),
        (("activities", 1, "exchanges", 2, "factor"), "fuel.ipcc.natural_gas.combustion"),
        (("activities", 0, "exchanges", 2, "factor"), "mat.greet24.pack.lfp.car300"),
    ],
)
def test_a_factor_of_another_boundary_is_refused(
    pack: Document, dataset: Dataset, path: tuple[str | int, ...], factor: str
) -> None:
    place: Any = pack
    for step in path[:-1]:
        place = place[step]
    place[path[-1]] = factor
    with pytest.raises(BoundaryMismatchError):
        footprint(pack, dataset)


def test_fuel_energy_is_not_electricity(pack: Document, dataset: Dataset) -> None:
    pack["activities"][1]["exchanges"][1]["unit"] = "kWh"
    with pytest.raises(UnitMismatchError, match="fuel_energy"):
        footprint(pack, dataset)


def test_direct_emissions_without_fuel_supply_need_a_declared_gap(
    pack: Document, dataset: Dataset
) -> None:
    pack["gaps"] = [gap for gap in pack["gaps"] if gap["stage"] != "distribution"]
    with pytest.raises(InventoryError, match="without the supply"):
        footprint(pack, dataset)


def test_defaults_for_the_five_components_need_the_word_screening(
    pack: Document, dataset: Dataset
) -> None:
    pack["screening"] = False
    with pytest.raises(IncompleteInventoryError) as caught:
        footprint(pack, dataset)
    named = {finding.value for finding in caught.value.findings}
    assert {"separator", "electrolyte", "cell_casing", "pack_materials"} <= named


def test_a_screening_study_says_that_it_is_no_declaration(pack: Document, dataset: Dataset) -> None:
    assert any("not eligible" in text for text in footprint(pack, dataset).system.warnings)


def test_the_document_from_bytes_and_from_memory_is_the_same(
    asset: Callable[[str], Path], pack: Document
) -> None:
    assert (
        parse_inventory(asset("lfp_pack.json").read_bytes()).sha256 == parse_inventory(pack).sha256
    )


def _items(document: Document, key: str) -> list[Any]:
    return list(document[key])


def _keys(value: Any) -> list[str]:
    if isinstance(value, dict):
        return [*value, *(key for item in value.values() for key in _keys(item))]
    if isinstance(value, list):
        return [key for item in value for key in _keys(item)]
    return []
