"""The Circular Footprint Formula inside a footprint, and the cut-off rule."""

from __future__ import annotations

import math
from typing import Any

import pytest

from lca.charts import sankey_svg
from lca.datasets import Dataset
from lca.errors import BoundaryMismatchError, InventoryError, UnitMismatchError
from lca.footprint import Footprint, compute_footprint
from lca.inventory import parse_inventory
from lca.rulesets import load_ruleset

Document = dict[str, Any]

VIRGIN, RECYCLED, DISPOSAL = "mat.nickel_metal.hi", "mat.nickel_metal.lo", "mat.mnso4.hi"
EV, EREC, ED = 30.73, 1.75, 3.507


def compute(document: Document, dataset: Dataset) -> Footprint:
    return compute_footprint(parse_inventory(document), load_ruleset("da-2024"), dataset)


@pytest.fixture
def nickel(pack: Document) -> Document:
    """Ten kilograms of nickel with every term of the formula in use."""
    pack["gaps"] = [gap for gap in pack["gaps"] if gap["stage"] != "end_of_life"]
    pack["circular"] = [
        {
            "id": "nickel of the cathode",
            "material": "nickel",
            "mass_kg": 10.0,
            "factors": {
                "virgin": VIRGIN,
                "recycled_input": RECYCLED,
                "recycling_output": RECYCLED,
                "substituted_virgin": VIRGIN,
                "energy_recovery": RECYCLED,
                "substituted_electricity": "grid.cn.cf.2024",
                "disposal": DISPOSAL,
            },
            "parameters": {
                "R1": 0.16,
                "R2": 0.9,
                "R3": 0.05,
                "LHV_MJ_per_kg": 36,
                "XER_electricity": 0.2,
            },
            "evidence": {
                "R1": "chain of custody certificate",
                "R2": "recycler's record",
                "R3": "recycler's record",
                "LHV_MJ_per_kg": "laboratory",
                "XER_electricity": "plant record",
            },
        }
    ]
    return pack


def test_all_terms_stand_in_their_stage(pack: Document, nickel: Document, dataset: Dataset) -> None:
    with_nickel = compute(nickel, dataset)
    without: Document = {key: value for key, value in nickel.items() if key != "circular"}
    base = compute(without, dataset)
    added = with_nickel.stage_totals - base.stage_totals
    a, r1, r2, r3 = 0.2, 0.16, 0.9, 0.05
    raw = (1 - r1) * EV + r1 * (a * EREC + (1 - a) * EV)
    recycling = (1 - a) * r2 * (EREC - EV)
    energy = r3 * (EREC - 36 * 0.2 / 3.6 * 0.5777)
    disposal = (1 - r2 - r3) * ED
    assert added[0] == pytest.approx(10 * raw, rel=1e-12)
    assert added[3] == pytest.approx(10 * (recycling + energy + disposal), rel=1e-12)
    assert added[3] < 0
    total = math.fsum(with_nickel.contributions)
    assert total == pytest.approx(with_nickel.total, rel=1e-12)


def test_the_diagram_says_which_stage_has_credits_that_it_does_not_draw(
    nickel: Document, dataset: Dataset
) -> None:
    svg = sankey_svg(compute(nickel, dataset))
    assert "End of life, 15.2 kg CO2e before credits" in svg
    assert "Credits, not drawn: -221.8 kg CO2e" in svg
    assert "Production, 839.6 kg CO2e<" in svg


def test_virgin_material_that_is_counted_already_is_not_counted_twice(
    nickel: Document, dataset: Dataset
) -> None:
    whole = compute(nickel, dataset)
    nickel["circular"][0]["virgin_counted"] = True
    nickel["activities"][0]["exchanges"].append(
        {
            "kind": "technosphere",
            "factor": VIRGIN,
            "amount": 10,
            "unit": "kg",
            "process": "other_materials",
            "origin": "secondary",
        }
    )
    assert compute(nickel, dataset).total == pytest.approx(whole.total, rel=1e-12)


def test_recycled_content_without_evidence_is_refused(nickel: Document, dataset: Dataset) -> None:
    del nickel["circular"][0]["evidence"]["R1"]
    with pytest.raises(InventoryError, match="traceability"):
        compute(nickel, dataset)


@pytest.mark.parametrize(
    ("name", "value", "reason"),
    [
        ("R1", 16, "between 0 and 1"),
        ("R2", -0.1, "between 0 and 1"),
        ("R2", 0.97, "together exceed 1"),
        ("A", 0.8, "is fixed by"),
        ("B", 1, "is fixed by"),
    ],
)
def test_a_parameter_out_of_its_rule_is_refused(
    nickel: Document, dataset: Dataset, name: str, value: float, reason: str
) -> None:
    nickel["circular"][0]["parameters"][name] = value
    nickel["circular"][0]["evidence"][name] = "some record"
    with pytest.raises(InventoryError, match=reason):
        compute(nickel, dataset)


def test_a_term_without_its_factor_is_refused_and_never_zero(
    nickel: Document, dataset: Dataset
) -> None:
    del nickel["circular"][0]["factors"]["disposal"]
    with pytest.raises(InventoryError, match="the formula takes"):
        compute(nickel, dataset)


def test_without_parameters_the_defaults_count_no_recycling(
    nickel: Document, dataset: Dataset
) -> None:
    material = nickel["circular"][0]
    material["parameters"], material["evidence"] = {}, {}
    material["factors"] = {"virgin": VIRGIN, "disposal": DISPOSAL}
    result = compute(nickel, dataset)
    assert result.stage_totals[3] == pytest.approx(10 * ED, rel=1e-12)


def test_a_direct_factor_has_no_place_in_the_formula(nickel: Document, dataset: Dataset) -> None:
    nickel["circular"][0]["factors"]["disposal"] = "defra24.coal_ind.kg"
    with pytest.raises(BoundaryMismatchError):
        compute(nickel, dataset)


def test_a_factor_per_another_unit_has_no_place_in_the_formula(
    nickel: Document, dataset: Dataset
) -> None:
    nickel["circular"][0]["factors"]["disposal"] = "grid.cn.cf.2024"
    with pytest.raises(UnitMismatchError):
        compute(nickel, dataset)


def test_an_unknown_material_is_refused(nickel: Document, dataset: Dataset) -> None:
    nickel["circular"][0]["material"] = "unobtainium"
    with pytest.raises(InventoryError, match="does not know it"):
        compute(nickel, dataset)


@pytest.fixture
def cut(pack: Document) -> Document:
    """A pack whose smallest parts, half a kilogram, were left out."""
    pack["cut_off"] = [
        {
            "activity": "pack",
            "component": "pack",
            "missing_mass_kg": 0.5,
            "component_mass_kg": 419.87,
            "reason": "screws and labels",
        }
    ]
    return pack


def test_what_is_left_out_counts_as_the_worst_input(cut: Document, dataset: Dataset) -> None:
    base = compute({key: value for key, value in cut.items() if key != "cut_off"}, dataset)
    result = compute(cut, dataset)
    assert result.total - base.total == pytest.approx(0.5 * 6.0739, rel=1e-4)
    assert any("screws and labels" in text for text in result.system.warnings)


def test_more_than_one_per_cent_may_not_be_left_out(cut: Document, dataset: Dataset) -> None:
    cut["cut_off"].append(dict(cut["cut_off"][0], missing_mass_kg=4.0))
    with pytest.raises(InventoryError, match="admits 1%"):
        compute(cut, dataset)


def test_an_activity_without_masses_has_nothing_to_stand_in(
    cut: Document, dataset: Dataset
) -> None:
    cut["cut_off"][0]["activity"] = "cells"
    with pytest.raises(InventoryError, match="could stand for"):
        compute(cut, dataset)
