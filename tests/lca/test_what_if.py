"""What-if tables: each change does what it says, and impossible ones are refused."""

from __future__ import annotations

from typing import Any

import pytest

from lca.comparison import compare_footprints
from lca.datasets import Dataset
from lca.errors import LcaError, MissingFactorError, ScenarioError
from lca.footprint import compute_footprint
from lca.inventory import parse_inventory
from lca.rulesets import load_ruleset
from lca.what_if import what_if

Document = dict[str, Any]


def table(pack: Document, dataset: Dataset, *scenarios: str) -> list[Any]:
    return list(what_if(parse_inventory(pack), load_ruleset("da-2024"), dataset, scenarios))


def test_another_grid_moves_only_the_electricity(pack: Document, dataset: Dataset) -> None:
    base, other = table(pack, dataset, "grid=grid.cn.cf.2023")
    change = other["kg_co2e_per_battery"] - base["kg_co2e_per_battery"]
    assert change == pytest.approx(499.8 * (0.6205 - 0.5777), rel=1e-9)


def test_direct_hydropower_counts_where_a_contract_does_not(
    pack: Document, dataset: Dataset
) -> None:
    base, other = table(pack, dataset, "direct=hydro:power.cn.hydro.cf.2024")
    change = other["kg_co2e_per_battery"] - base["kg_co2e_per_battery"]
    assert change == pytest.approx(499.8 * (0.0141 - 0.5777), rel=1e-9)


def test_on_site_generation_replaces_its_share(pack: Document, dataset: Dataset) -> None:
    base, other = table(pack, dataset, "on-site=pv:power.cn.pv.cf.2024:0.3")
    change = other["kg_co2e_per_battery"] - base["kg_co2e_per_battery"]
    assert change == pytest.approx(499.8 * 0.3 * (0.052 - 0.5777), rel=1e-9)


def test_a_longer_warranty_lowers_the_footprint_linearly(pack: Document, dataset: Dataset) -> None:
    base, other = table(pack, dataset, "warranty=16")
    assert other["kg_co2e_per_kwh"] == pytest.approx(base["kg_co2e_per_kwh"] / 2, rel=1e-12)


def test_another_chemistry_keeps_the_energy(pack: Document, dataset: Dataset) -> None:
    base, other = table(pack, dataset, "chemistry=NMC811")
    mass = 419.87 * 142.9 / 197.7
    lfp = 419.87 * 6.0739
    nmc = mass * (8.5488 + 0.0466846 * 29.8 + 0.0002551 * 273 + 3.3755e-6 * 7380 + 5.264e-7 * 12400)
    change = other["kg_co2e_per_battery"] - base["kg_co2e_per_battery"]
    assert change == pytest.approx(nmc - lfp, abs=0.1)


def test_changes_combine_and_the_ruleset_is_one_of_them(pack: Document, dataset: Dataset) -> None:
    rows = table(pack, dataset, "ruleset=jrc-2023+amount:activities[0].exchanges[1]=0")
    assert rows[1]["ruleset"] == "jrc-2023"
    assert rows[1]["kg_co2e_per_battery"] < rows[0]["kg_co2e_per_battery"] / 2


@pytest.mark.parametrize(
    "scenario",
    [
        "",
        "grid",
        "colour=green",
        "warranty=long",
        "chemistry=",
        "factor:nothing=grid.cn.cf.2024",
        "amount:activities[9].exchanges[0]=1",
        "amount:pack=1",
        "on-site=pv:power.cn.pv.cf.2024:1.3",
        "warranty=-1",
        "ruleset=eu-2030",
    ],
)
def test_a_senseless_question_is_refused(pack: Document, dataset: Dataset, scenario: str) -> None:
    with pytest.raises(LcaError) as caught:
        table(pack, dataset, scenario)
    assert caught.value.findings[0].remedy


@pytest.mark.parametrize(
    "scenario", ["direct=power.cn.hydro.cf.2024", "on-site=pv:0.3", "on-site=0.3"]
)
def test_a_scenario_without_its_technology_is_told_how_it_is_written(
    pack: Document, dataset: Dataset, scenario: str
) -> None:
    with pytest.raises(ScenarioError, match=r"write (direct|on-site)=TECHNOLOGY:FACTOR"):
        table(pack, dataset, scenario)


def test_an_unknown_factor_is_refused(pack: Document, dataset: Dataset) -> None:
    with pytest.raises(MissingFactorError):
        table(pack, dataset, "grid=grid.cn.cf.2030")


def test_too_many_questions_are_refused(pack: Document, dataset: Dataset) -> None:
    with pytest.raises(ScenarioError, match="at most"):
        table(pack, dataset, *["warranty=9"] * 201)


def test_a_question_leaves_the_inventory_as_it_was(pack: Document, dataset: Dataset) -> None:
    inventory = parse_inventory(pack)
    before = inventory.sha256
    what_if(inventory, load_ruleset("da-2024"), dataset, ["warranty=10", "chemistry=NCA"])
    assert parse_inventory(pack).sha256 == before


def test_a_comparison_says_when_it_may_not_be_made(pack: Document, dataset: Dataset) -> None:
    inventory = parse_inventory(pack)
    by_da = compute_footprint(inventory, load_ruleset("da-2024"), dataset)
    by_jrc = compute_footprint(inventory, load_ruleset("jrc-2023"), dataset)
    same: Any = compare_footprints([by_da, by_da])
    assert same["comparable"] is True
    assert same["rows"][1]["change_percent"] == 0
    mixed: Any = compare_footprints([by_da, by_jrc])
    assert mixed["comparable"] is False
    assert "different rulesets" in mixed["reasons"][0]
