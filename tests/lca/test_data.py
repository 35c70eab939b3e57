"""The shipped data: complete, sourced, plausible, sorted; and unchanged unless on purpose."""

from __future__ import annotations

import csv
import json
import os
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

import lca.data
from lca.dataset_files import read_dataset
from lca.datasets import Dataset
from lca.emission_factors import (
    Boundary,
    DirectCo2,
    Emission,
    LifeCycle,
    characterised,
    factor_for,
)
from lca.errors import (
    BoundaryMismatchError,
    DatasetError,
    MissingFactorError,
    RulesetError,
    UnitMismatchError,
    UnknownRulesetError,
    UnknownUnitError,
)
from lca.footprint import compute_footprint
from lca.inventory import parse_inventory
from lca.plausibility import implausible
from lca.rulesets import load_ruleset, read_ruleset, ruleset_ids
from lca.units import Electricity, Mass, Quantity, convert, find_unit, quantity, unit_ids, units

Document = dict[str, Any]
DATA = Path(lca.data.__file__).parent
ASSETS = Path(__file__).parent / "assets"


def test_every_redistributable_row_of_the_reference_is_a_factor_or_a_refusal(
    reference: Path, dataset: Dataset
) -> None:
    with (reference / "factors.csv").open(encoding="utf-8") as lines:
        rows = [row for row in csv.DictReader(lines) if not row["id"].startswith("gwp.")]
    known = dataset.factors.keys() | dataset.refusals.keys()
    assert [row["id"] for row in rows if row["id"] not in known] == []
    for row in rows:
        if row["value"] == "NOT FOUND" or "no open licence" in row["licence"]:
            assert row["id"] in dataset.refusals
        record = dataset.factors.get(row["id"])
        if record is not None and record.value is not None:
            assert record.value == float(row["value"])


def test_every_characterisation_factor_of_the_reference_is_shipped(
    reference: Path, dataset: Dataset
) -> None:
    with (reference / "factors.csv").open(encoding="utf-8") as lines:
        rows = [row for row in csv.DictReader(lines) if row["id"].startswith("gwp.ef31.")]
    flows = dataset.characterisation("ef-3.1")
    assert len(rows) == 46
    for row in rows:
        assert flows[row["id"].removeprefix("gwp.ef31.")] == float(row["value"])


@pytest.mark.parametrize(
    ("flow", "value"),
    [
        ("methane_fossil", 29.8),
        ("methane_non_fossil", 27),
        ("dinitrogen_monoxide", 273),
        ("sulfur_hexafluoride", 25200),
        ("carbon_dioxide_non_fossil", 0),
        ("nitrogen_fluoride", 17400),
    ],
)
def test_ef_3_1_is_characterised_as_published(dataset: Dataset, flow: str, value: float) -> None:
    assert dataset.characterisation("ef-3.1")[flow] == value


def test_every_factor_is_sourced_plausible_and_scored(dataset: Dataset) -> None:
    flows = dataset.characterisation("ef-3.1")
    for record in dataset.factors.values():
        assert record.citation, record.id
        assert record.licence, record.id
        assert record.redistributable, record.id
        assert record.scores is not None, record.id
        assert implausible(record, flows) is None, record.id
        assert record.gwp_basis != "ef-3.1" or not record.value, record.id
        if record.boundary is Boundary.DIRECT_CO2:
            assert record.gwp_basis in {"CO2 only", "per gas"}, record.id


def test_the_files_are_sorted_and_end_their_lines_alike() -> None:
    for file in [*(DATA / "emission_factors").glob("*.csv"), DATA / "refusals.csv"]:
        data = file.read_bytes()
        assert b"\r" not in data
        with file.open(encoding="utf-8") as lines:
            ids = [row["id"] for row in csv.DictReader(lines)]
        assert ids == sorted(ids), file.name


def test_the_outlier_is_refused_with_its_reason(dataset: Dataset) -> None:
    with pytest.raises(MissingFactorError, match="outlier"):
        dataset.factor("mat.niso4.cpcd21")


def test_a_search_finds_and_never_substitutes(dataset: Dataset) -> None:
    hits = dataset.search("sichuan 2023")
    assert [record.id for record in hits] == ["grid.cn-sc.co2.2023"] or hits[0].region == "CN-SC"
    assert dataset.search("hydro", boundary="lca", region="CN")
    assert dataset.search("no such thing at all") == ()
    assert dataset.search_refusals("lipf6")[0].id == "mat.nf.lipf6"


def test_a_changed_value_changes_hash_and_fingerprint(dataset: Dataset) -> None:
    import dataclasses  # noqa: PLC0415 - one use

    record = dataset.factor("grid.cn.cf.2024")
    other = dataclasses.replace(record, value=0.5778)
    changed = dataclasses.replace(dataset, factors={**dataset.factors, record.id: other})
    assert other.content_hash != record.content_hash
    assert changed.fingerprint != dataset.fingerprint


HEADER = (
    "id,name,value,gases,gwp_basis,per,region,period,boundary,source,ter,tir,ger,low,high,"
    "caution,note\n"
)


@pytest.mark.parametrize(
    ("row", "reason"),
    [
        ("a,A,1,,x,kg,CN,2024,lca,nobody,,,,,,,", "sources.csv"),
        ("a,A,1,,x,kilo,CN,2024,lca,greet-2024,,,,,,,", "units.csv"),
        ("a,A,1,co2=1,x,kg,CN,2024,lca,greet-2024,,,,,,,", "either a value or gases"),
        ("a,A,,,x,kg,CN,2024,lca,greet-2024,,,,,,,", "either a value or gases"),
        ("a,A,,smoke=1,x,kg,CN,2024,lca,greet-2024,,,,,,,", "not characterised"),
        ("a,A,nan,,x,kg,CN,2024,lca,greet-2024,,,,,,,", "finite"),
        ("a,A,1,,x,kg,CN,2024,upstream,greet-2024,,,,,,,", "boundary"),
        ("a,A,1,,x,kg,,2024,lca,greet-2024,,,,,,,", "region"),
        ("a,A,1,,x,kg,CN,2024,lca,greet-2024,7,1,1,,,,", "between 1 and 5"),
        ("a,A,1,,x,kg,CN,2024,lca,greet-2024,,,,5,2,,", "range"),
        (
            "a,A,1,,x,kg,CN,2024,lca,greet-2024,,,,,,,\na,B,2,,x,kg,CN,2024,lca,greet-2024,,,,,,,",
            "two factors",
        ),
    ],
)
def test_a_dataset_that_contradicts_itself_does_not_load(
    tmp_path: Path, row: str, reason: str
) -> None:
    (tmp_path / "emission_factors").mkdir()
    (tmp_path / "emission_factors" / "own.csv").write_text(HEADER + row + "\n", encoding="utf-8")
    for name in ("sources.csv", "characterisation_factors.csv", "refusals.csv"):
        (tmp_path / name).write_bytes((DATA / name).read_bytes())
    with pytest.raises(DatasetError, match=reason) as caught:
        read_dataset(tmp_path, "own", "1")
    assert caught.value.findings[0].file == "own.csv"
    assert caught.value.findings[0].row


def test_two_boundaries_do_not_add() -> None:
    life_cycle, direct = Emission(1.0, LifeCycle), Emission(2.0, DirectCo2)
    assert (life_cycle + Emission(2.0, LifeCycle)).kg_co2e == 3.0
    with pytest.raises(BoundaryMismatchError):
        life_cycle + direct  # type: ignore[operator] # mypy refuses it too: that is the point


def test_a_mass_does_not_meet_an_electricity_factor(dataset: Dataset) -> None:
    flows = dataset.characterisation("ef-3.1")
    factor = factor_for(dataset.factor("grid.cn.cf.2024"), flows, LifeCycle, Electricity)
    assert factor.times(quantity(2, "MWh", Electricity)).kg_co2e == pytest.approx(1155.4)
    with pytest.raises(UnitMismatchError):
        factor.times(Quantity(1.0, Mass))  # type: ignore[arg-type] # as above
    with pytest.raises(UnitMismatchError):
        Quantity(1.0, Mass) + Quantity(1.0, Electricity)  # type: ignore[arg-type] # as above
    with pytest.raises(UnitMismatchError):
        factor_for(dataset.factor("grid.cn.cf.2024"), flows, LifeCycle, Mass)
    with pytest.raises(BoundaryMismatchError):
        factor_for(dataset.factor("grid.cn.cf.2024"), flows, DirectCo2, Electricity)


@given(st.sampled_from(unit_ids()), st.sampled_from(unit_ids()), st.floats(1e-6, 1e9))
def test_units_convert_there_and_back_or_not_at_all(one: str, other: str, amount: float) -> None:
    if find_unit(one).dimension == find_unit(other).dimension:
        assert convert(convert(amount, one, other), other, one) == pytest.approx(amount, rel=1e-12)
    else:
        with pytest.raises(UnitMismatchError):
            convert(amount, one, other)


@pytest.fixture(scope="module")
def pint() -> Any:
    """All units of pint: it takes a third of a second to read them."""
    import pint  # noqa: PLC0415 # as long as that

    return pint.UnitRegistry()


@pytest.mark.parametrize(
    ("ours", "theirs"),
    [
        ("kg", "kilogram"),
        ("t", "tonne"),
        ("lb", "pound"),
        ("MWh", "megawatt_hour"),
        ("kWh fuel", "kilowatt_hour"),
        ("gal", "gallon"),
        ("L", "liter"),
        ("TJ", "terajoule"),
        ("h", "hour"),
    ],
)
def test_the_table_of_units_agrees_with_pint(ours: str, theirs: str, pint: Any) -> None:
    references = {
        "mass": "kilogram",
        "electricity": "kilowatt_hour",
        "fuel_energy": "megajoule",
        "volume": "meter**3",
        "time": "hour",
    }
    unit = find_unit(ours)
    expected = pint.Quantity(1.0, theirs).to(references[unit.dimension]).magnitude
    assert unit.per_reference == pytest.approx(expected, rel=1e-12)


@pytest.mark.parametrize("unit", ["kwh", "", "kWh ", "KG", "Joule"])
def test_an_unknown_unit_is_refused_with_a_hint(unit: str) -> None:
    with pytest.raises(UnknownUnitError) as caught:
        find_unit(unit)
    assert caught.value.findings[0].remedy


def test_the_four_kinds_of_kilowatt_hours_are_four_dimensions() -> None:
    kinds = {
        units()[name].dimension for name in ("kWh", "kWh fuel", "kWh capacity", "kWh delivered")
    }
    assert len(kinds) == 4


@pytest.mark.parametrize("ruleset_id", ruleset_ids())
def test_no_ruleset_is_binding_or_prints_a_class(ruleset_id: str) -> None:
    ruleset = load_ruleset(ruleset_id)
    assert ruleset.legal_state["binding"] is False
    assert ruleset.document["performance_classes"] == []
    assert ruleset.document["maximum_threshold"] is None
    assert set(ruleset.company_specific.processes) <= set(ruleset.stage_map)
    assert ruleset.company_specific.aggregates <= set(ruleset.stage_map)


def test_active_materials_stand_in_the_stage_their_ruleset_says() -> None:
    stage = "cathode_active_material"
    assert load_ruleset("da-2024").stage_map[stage] == "raw_material_acquisition"
    assert load_ruleset("jrc-2023").stage_map[stage] == "main_production"


@pytest.mark.parametrize(
    ("vehicle", "cycles"),
    [("M1", 60), ("N1", 60), ("L", 20), ("M2", 250), ("M3", 250), ("N2", 250), ("N3", 250)],
)
def test_cycles_a_year_follow_the_vehicle_class(vehicle: str, cycles: int) -> None:
    assert load_ruleset("da-2024").cycles_per_year[vehicle] == cycles


def test_an_unknown_ruleset_names_those_there_are() -> None:
    with pytest.raises(UnknownRulesetError, match="da-2024"):
        load_ruleset("eu-2030")


def test_a_broken_ruleset_is_refused() -> None:
    document = dict(load_ruleset("da-2024").document)
    document["functional_unit"] = {"formula": "by feeling"}
    with pytest.raises(RulesetError) as caught:
        read_ruleset(document)
    assert "functional_unit.formula" in {finding.path for finding in caught.value.findings}


@pytest.mark.parametrize("ruleset_id", ["da-2024", "jrc-2023", "iso-14067", "miit-2026"])
def test_golden_footprints_have_not_moved(
    pack: Document, dataset: Dataset, ruleset_id: str
) -> None:
    """Rewritten only by `make golden`; the difference is read in review."""
    result: Any = compute_footprint(
        parse_inventory(pack), load_ruleset(ruleset_id), dataset
    ).to_document()
    found = {
        "kg_co2e_per_kwh": result["kg_co2e_per_kwh"],
        "kg_co2e_per_battery": result["kg_co2e_per_battery"],
        "stages": {row["stage"]: row["kg_co2e_per_battery"] for row in result["stages"]},
        "contributions": {
            f"{row['path']} {row['factor']}": row["kg_co2e_per_battery"]
            for row in result["contributions"]
        },
        "electricity_columns": {
            name: column["kg_co2e_per_battery"]
            for name, column in result["electricity_columns"].items()
        },
    }
    file = ASSETS / f"golden_lfp_pack_{ruleset_id}.json"
    if os.environ.get("VOLTPASS_GOLDEN") == "write":
        file.write_text(json.dumps(found, indent=1) + "\n", encoding="utf-8")
    golden = json.loads(file.read_text(encoding="utf-8"))
    assert _flat(found) == pytest.approx(_flat(golden), rel=1e-12)


def _flat(document: Any, path: str = "") -> dict[str, float]:
    if isinstance(document, dict):
        flat: dict[str, float] = {}
        for key, value in document.items():
            flat.update(_flat(value, f"{path}/{key}"))
        return flat
    return {path: -1.0 if document is None else float(document)}


def test_characterising_by_another_set_gives_another_value(dataset: Dataset) -> None:
    record = dataset.factor("fuel.ipcc.natural_gas.combustion")
    by_ef = characterised(record, dataset.characterisation("ef-3.1"))
    by_ar5 = characterised(record, dataset.characterisation("ar5"))
    assert by_ef * 1e6 == pytest.approx(56100 + 5 * 29.8 + 0.1 * 273)
    assert by_ar5 * 1e6 == pytest.approx(56100 + 5 * 28 + 0.1 * 265)


def test_an_unknown_characterisation_set_is_refused(dataset: Dataset) -> None:
    with pytest.raises(DatasetError, match="no such set"):
        dataset.characterisation("ef-4")
