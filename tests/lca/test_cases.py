"""Published results that can be recomputed, each to its stated tolerance."""

from __future__ import annotations

import csv
import json
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from lca.datasets import Dataset
from lca.emission_factors import characterised
from lca.end_of_life import CircularParameters, circular_terms
from lca.functional_unit import functional_unit
from lca.inventory import parse_inventory
from lca.rulesets import load_ruleset
from lca.solve import linear_system, solve
from lca.units import convert

Document = dict[str, Any]


def load(reference: Path, name: str) -> Document:
    document: Document = json.loads((reference / "cases" / name).read_text(encoding="utf-8"))
    return document


def expected(case: Document) -> dict[str, Any]:
    return {item["name"]: item for item in case["expected"]}


def test_greet_pack_assembly_is_reproduced(reference: Path, dataset: Dataset) -> None:
    case = load(reference, "B_greet2024_pack_per_kwh.json")
    wanted = expected(case)
    flows = dataset.characterisation("ef-3.1")
    assembly = dataset.factor("batt.greet24.assembly")
    value = characterised(assembly, flows)
    assert value == pytest.approx(wanted["assembly"]["value"], rel=wanted["assembly"]["rel_tol"])
    gases = case["inputs"]["assembly_g_per_kwh"]
    assert assembly.gases["methane_fossil"] * flows["methane_fossil"] * 1000 == pytest.approx(
        gases["CH4"] * 29.8, rel=1e-12
    )
    for name, item in wanted.items():
        if name.startswith("total|"):
            materials = case["inputs"]["materials_kg_per_kwh"][name.removeprefix("total|")]
            assert materials + value == pytest.approx(item["value"], rel=item["rel_tol"])


def test_greet_materials_are_reproduced_with_total_co2_and_recharacterised_without_biogenic(
    reference: Path, dataset: Dataset
) -> None:
    """Published totals count biogenic uptake; EF 3.1 does not, and counts CF4 and C2F6."""
    flows = dataset.characterisation("ef-3.1")
    with (reference / "greet2024_pack_materials.csv").open(encoding="utf-8") as lines:
        rows = list(csv.DictReader(lines))
    assert len(rows) == 35
    for row in rows:
        vehicle, distance = row["vehicle"].lower(), row["range"].removesuffix("mile")
        record = dataset.factor(f"mat.greet24.pack.{row['chemistry'].lower()}.{vehicle}{distance}")
        gases = record.gases
        published = (
            gases["carbon_dioxide_fossil"]
            + gases["carbon_dioxide_non_fossil"]
            + gases["methane_fossil"] * 29.8
            + gases["dinitrogen_monoxide"] * 273
        )
        # the source rounds CO2 to 0.1 g, fossil and biogenic apart
        assert published * 1000 == pytest.approx(float(row["published_gwp_g_per_kg"]), abs=0.11)
        fluorinated = (
            gases["methane_tetrafluoro_r_14"] * 7380 + gases["ethane_hexafluoro_hfc_116"] * 12400
        )
        by_ef = published - gases["carbon_dioxide_non_fossil"] + fluorinated
        assert characterised(record, flows) == pytest.approx(by_ef, rel=1e-12)


def test_the_lfp_pack_of_300_miles_is_six_kilograms_a_kilogram(dataset: Dataset) -> None:
    record = dataset.factor("mat.greet24.pack.lfp.car300")
    value = characterised(record, dataset.characterisation("ef-3.1"))
    assert value == pytest.approx(6.0739, abs=5e-5)


def test_greet_lithium_carbonate_is_reproduced(reference: Path, dataset: Dataset) -> None:
    case = load(reference, "C_greet2024_li2co3_recycling.json")
    wanted = expected(case)
    flows = dataset.characterisation("ef-3.1")
    record = dataset.factor("mat.li2co3.greet24")
    grams_per_tonne = characterised(record, flows) * 1e6
    assert grams_per_tonne == pytest.approx(
        wanted["li2co3"]["value"], rel=wanted["li2co3"]["rel_tol"]
    )
    for name, gas in (("li2co3.ch4", "methane_fossil"), ("li2co3.n2o", "dinitrogen_monoxide")):
        part = record.gases[gas] * flows[gas] * 1e6
        assert part == pytest.approx(wanted[name]["value"], rel=wanted[name]["rel_tol"])


def test_greet_recycling_totals_are_reproduced(reference: Path) -> None:
    case = load(reference, "C_greet2024_li2co3_recycling.json")
    wanted = expected(case)
    for chemistry, gases in case["inputs"]["recycling_gco2e_per_t"].items():
        item = wanted[f"recycling|{chemistry}"]
        assert sum(gases.values()) == pytest.approx(item["value"], rel=item["rel_tol"])


def test_petrol_per_energy_becomes_petrol_per_gallon(reference: Path, dataset: Dataset) -> None:
    """112,194 Btu a gallon: the energy content the source implies; mmBtu and MJ are converted."""
    case = load(reference, "C_greet2024_li2co3_recycling.json")
    wanted = expected(case)
    flows = dataset.characterisation("ef-3.1")
    mj_per_gallon = convert(0.112194, "mmBtu", "MJ")
    per_mmbtu = case["inputs"]["petrol"]["g_per_mmbtu"]
    for gas, flow in (("CH4", "methane_fossil"), ("N2O", "dinitrogen_monoxide")):
        per_mj = per_mmbtu[gas] / convert(1.0, "mmBtu", "MJ")
        value = per_mj * mj_per_gallon * flows[flow]
        item = wanted[f"petrol.{gas}.gco2e_per_gal"]
        assert value == pytest.approx(item["value"], rel=item["rel_tol"])


def test_heijungs_and_suh_two_processes(reference: Path) -> None:
    """Process 1: 10 kWh from 2 l of fuel; process 2: 100 l of fuel. Demand: 1,000 kWh."""
    case = load(reference, "E_heijungs_suh.json")
    wanted = expected(case)
    system = linear_system(["electricity", "fuel"], [(1, 0, 2 / 10)])
    levels = solve(system, 0, float(case["f"][1]))
    scaling = levels / np.array([10.0, 100.0])
    assert scaling.tolist() == pytest.approx(wanted["s"]["value"], rel=wanted["s"]["rel_tol"])
    flows = np.array(case["Bm"]) @ scaling
    assert flows.tolist() == pytest.approx(wanted["g"]["value"], rel=wanted["g"]["rel_tol"])


def test_the_two_denominators(reference: Path, pack: Document) -> None:
    case = load(reference, "H_functional_unit.json")
    wanted = expected(case)
    pack["product"].update(capacity_kwh=23.5, usable_energy_kwh=23.5)
    inventory = parse_inventory(pack)
    kg = case["inputs"]["absolute_kg"]
    for ruleset, key in (("jrc-2023", "jrc2023"), ("da-2024", "da2024")):
        energy = functional_unit(inventory, load_ruleset(ruleset)).total_energy.amount
        assert energy == pytest.approx(wanted[f"E_{key}"]["value"], rel=1e-12)
        assert kg / energy == pytest.approx(wanted[f"per_kwh_{key}"]["value"], rel=1e-9)


def test_the_circular_footprint_formula(reference: Path) -> None:
    case = load(reference, "I_cff_analytic.json")
    wanted = expected(case)
    given = case["inputs"]
    terms = circular_terms(
        CircularParameters(
            a=given["A"],
            b=given["B"],
            r1=given["R1"],
            r2=given["R2"],
            r3=given["R3"],
            qsin_qp=given["Qsin_Qp"],
            qsout_qp=given["Qsout_Qp"],
            lhv_mj_per_kg=given["LHV"],
            xer_heat=given["XERheat"],
            xer_electricity=given["XERelec"],
        )
    )
    burdens = {
        "virgin": given["Ev"],
        "recycled_input": given["Erec"],
        "recycling_output": given["ErecEoL"],
        "substituted_virgin": given["Evstar"],
        "energy_recovery": given["EER"],
        "substituted_heat": given["ESEheat"],
        "substituted_electricity": given["ESEelec"],
        "disposal": given["ED"],
    }
    by_term = {term.burden: term.coefficient * burdens[term.burden] for term in terms}
    material = sum(
        by_term[name]
        for name in ("virgin", "recycled_input", "recycling_output", "substituted_virgin")
    )
    energy = by_term["energy_recovery"] + by_term["substituted_heat"]
    assert material == pytest.approx(wanted["material"]["value"], rel=1e-12)
    assert energy == pytest.approx(wanted["energy"]["value"], rel=1e-12)
    assert by_term["disposal"] == pytest.approx(wanted["disposal"]["value"], rel=1e-12)
