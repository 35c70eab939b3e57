"""Recycled content (Article 8) from the evidence that allows R1 above zero: one number, not two."""

from __future__ import annotations

import json
from typing import Any

import pytest

from lca.audit import verify_bundle, write_bundle
from lca.datasets import Dataset
from lca.errors import InventoryError
from lca.footprint import Footprint, compute_footprint
from lca.inventory import parse_inventory
from lca.rulesets import load_ruleset
from lca.sharing import shared_document
from lca.sheets import read_csv_sheets
from lca.study import study_html
from lca.workbook import example_sheets

Document = dict[str, Any]


def compute(document: Document, dataset: Dataset) -> Footprint:
    return compute_footprint(parse_inventory(document), load_ruleset("da-2024"), dataset)


@pytest.fixture
def nickel(pack: Document) -> Document:
    """Nickel under the formula, its recovered shares from two lots."""
    pack["gaps"] = [gap for gap in pack["gaps"] if gap["stage"] != "end_of_life"]
    pack["circular"] = [
        {
            "id": "nickel of the cathode",
            "material": "nickel",
            "mass_kg": 10.0,
            "factors": {
                "virgin": "mat.nickel_metal.hi",
                "recycled_input": "mat.nickel_metal.lo",
                "disposal": "mat.mnso4.hi",
            },
        }
    ]
    pack["recycled_content"] = [
        lot(6.0, pre=0.6, post=0.4, evidence="custody 1"),
        lot(4.0, pre=0.0, post=0.6, evidence="custody 2"),
    ]
    return pack


def lot(mass: float, *, pre: float, post: float, evidence: str | None) -> Document:
    return {
        "metal": "nickel",
        "mass_kg": mass,
        "pre_consumer_kg": pre,
        "post_consumer_kg": post,
        "evidence": evidence,
    }


def test_r1_is_the_share_that_the_lots_have_evidence_for(
    nickel: Document, dataset: Dataset
) -> None:
    by_lots = compute(nickel, dataset)
    del nickel["recycled_content"]
    nickel["circular"][0].update(parameters={"R1": 0.16}, evidence={"R1": "custody 1; custody 2"})
    by_hand = compute(nickel, dataset)
    assert by_lots.contributions == pytest.approx(by_hand.contributions, rel=1e-12)
    assert any("R1=0.16," in text for text in by_lots.system.warnings)


def test_pre_and_post_consumer_stand_apart_by_model_plant_and_year(
    nickel: Document, dataset: Dataset
) -> None:
    content: Any = compute(nickel, dataset).to_document()["recycled_content"]
    assert (content["model"], content["facility_id"], content["year"]) == (
        nickel["title"],
        "example-plant",
        2024,
    )
    (share,) = content["shares"]
    assert share["pre_consumer_share"] == pytest.approx(0.06)
    assert share["post_consumer_share"] == pytest.approx(0.10)
    assert share["evidence"] == ["custody 1", "custody 2"]
    assert "class" not in json.dumps(content)


def test_the_public_version_has_the_shares_without_masses_and_suppliers(
    nickel: Document, dataset: Dataset
) -> None:
    footprint = compute(nickel, dataset)
    public: Any = shared_document(footprint, public=True)
    (share,) = public["recycled_content"]["shares"]
    assert share["recycled_share"] == pytest.approx(0.16)
    assert "custody" not in json.dumps(public)
    assert "custody 2" in study_html(footprint, public=False)
    page = study_html(footprint, public=True)
    assert "custody" not in page
    assert "10.00%" in page


def test_without_lots_nothing_is_said_of_recycled_content(pack: Document, dataset: Dataset) -> None:
    assert "recycled_content" not in compute(pack, dataset).to_document()


def test_a_bundle_with_lots_recomputes(nickel: Document, dataset: Dataset) -> None:
    footprint = compute(nickel, dataset)
    report = verify_bundle(write_bundle(footprint))
    assert report.kg_co2e_per_kwh == footprint.kg_co2e_per_kwh


@pytest.mark.parametrize(
    ("change", "path", "reason"),
    [
        ({"evidence": None}, "recycled_content[0].evidence", "traceability"),
        ({"pre_consumer_kg": 7.0}, "recycled_content[0]", "more is recovered"),
        ({"mass_kg": -1}, "recycled_content[0].mass_kg", "between 0"),
        ({"metal": "gold"}, "recycled_content[0].metal", "none of the known"),
        ({"share": 0.1}, "recycled_content[0].share", "unknown field"),
    ],
)
def test_a_lot_that_cannot_be_is_refused(
    nickel: Document, change: Document, path: str, reason: str
) -> None:
    nickel["recycled_content"][0].update(change)
    with pytest.raises(InventoryError, match=reason) as caught:
        parse_inventory(nickel)
    assert caught.value.findings[0].path == path


def test_r1_beside_the_lots_is_refused(nickel: Document) -> None:
    nickel["circular"][0].update(parameters={"R1": 0.2}, evidence={"R1": "custody 3"})
    with pytest.raises(InventoryError, match="one number, not two"):
        parse_inventory(nickel)


def test_lots_of_two_years_are_refused(nickel: Document) -> None:
    nickel["plant"]["period"]["from"] = "2023-07-01"
    with pytest.raises(InventoryError, match="by calendar year"):
        parse_inventory(nickel)


def test_lots_come_from_a_sheet_too() -> None:
    files = {
        f"{name}.csv": "\n".join(
            ",".join(f'"{cell}"' if "," in cell else cell for cell in row) for row in rows
        ).encode()
        for name, rows in example_sheets().items()
    }
    header = "metal,mass_kg,pre_consumer_kg,post_consumer_kg,evidence"
    files["recycled_content.csv"] = f"{header}\nlithium,5,0.1,0.2,custody 9".encode()
    (found,) = read_csv_sheets(files).inventory().recycled_content
    assert (found.metal, found.mass_kg, found.evidence) == ("lithium", 5.0, "custody 9")
