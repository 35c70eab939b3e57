"""The study page, supersession and recycled shares."""

from __future__ import annotations

import dataclasses
import html.parser
from typing import Any

import pytest

from lca.datasets import Dataset
from lca.errors import IncompleteInventoryError
from lca.footprint import Footprint, compute_footprint
from lca.inventory import parse_inventory
from lca.recycled_content import MetalLot, recycled_shares
from lca.rulesets import load_ruleset
from lca.study import study_html
from lca.supersession import study_key, supersession

Document = dict[str, Any]


def compute(document: Document, dataset: Dataset, ruleset: str = "da-2024") -> Footprint:
    return compute_footprint(parse_inventory(document), load_ruleset(ruleset), dataset)


class Balance(html.parser.HTMLParser):
    """Checks that elements close in order."""

    def __init__(self) -> None:
        super().__init__()
        self.open: list[str] = []

    def handle_starttag(self, tag: str, attrs: object) -> None:
        if tag != "meta":
            self.open.append(tag)

    def handle_startendtag(self, tag: str, attrs: object) -> None:
        """An element that closes itself leaves nothing open."""

    def handle_endtag(self, tag: str) -> None:
        assert self.open.pop() == tag


@pytest.mark.parametrize("public", [True, False])
def test_the_page_is_well_formed_and_says_what_it_must(
    pack: Document, dataset: Dataset, public: bool
) -> None:
    page = study_html(compute(pack, dataset), public=public)
    balance = Balance()
    balance.feed(page)
    assert balance.open == []
    for text in (
        "Not binding",
        "not eligible as a declaration",
        "not assessed",
        "listed, never subtracted",
        "OGL v3.0",
        "Partial total",
    ):
        assert text.lower() in page.lower()


def test_what_people_typed_is_escaped(pack: Document, dataset: Dataset) -> None:
    pack["title"] = "<script>alert(1)</script>"
    pack["gaps"][0]["reason"] = "<img src=x onerror=alert(1)>"
    page = study_html(compute(pack, dataset), public=True)
    assert "<script" not in page
    assert "<img" not in page


def test_the_public_page_hides_confidential_rows_and_keeps_their_sum(
    pack: Document, dataset: Dataset
) -> None:
    exchange = pack["activities"][0]["exchanges"][1]
    exchange.update(
        name="secret recipe",
        confidential=True,
        origin="company_specific",
        evidence="secret ledger",
    )
    footprint = compute(pack, dataset)
    private, public = study_html(footprint, public=False), study_html(footprint, public=True)
    assert "secret recipe" in private
    assert "secret ledger" in private
    assert "secret" not in public
    assert f"{footprint.contributions[0]:,.3f}" in public


def test_licensed_values_stand_in_no_page(pack: Document, dataset: Dataset) -> None:
    record = dataset.factor("mat.greet24.pack.lfp.car300")
    licensed = dataclasses.replace(record, redistributable=False)
    own = dataclasses.replace(dataset, factors={**dataset.factors, record.id: licensed})
    for public in (True, False):
        page = study_html(compute(pack, own), public=public)
        assert "419.9 kg" not in page
        assert "confidential or licensed inputs" in page


def test_a_changed_bill_of_materials_supersedes(pack: Document, dataset: Dataset) -> None:
    old = compute(pack, dataset)
    pack["activities"][0]["exchanges"][1]["amount"] = 500.0
    found = supersession(old, compute(pack, dataset))
    assert found.superseded
    assert found.reasons == ("the bill of materials or a process changed",)
    assert found.new_declaration


def test_a_changed_energy_mix_supersedes(pack: Document, dataset: Dataset) -> None:
    old = compute(pack, dataset)
    pack["electricity"]["supply"].append(
        {
            "arrangement": "on_site",
            "technology": "pv",
            "factor": "power.cn.pv.cf.2024",
            "kwh": 3e10,
        }
    )
    found = supersession(old, compute(pack, dataset))
    assert found.superseded
    assert found.reasons == ("the energy mix changed",)
    assert not found.new_declaration


def test_more_of_the_same_supersedes_nothing(pack: Document, dataset: Dataset) -> None:
    old = compute(pack, dataset)
    pack["electricity"]["supply"][0]["kwh"] *= 2
    pack["electricity"]["supply"][0]["contract"]["kwh"] *= 2
    pack["title"] = "another title"
    new = compute(pack, dataset)
    assert study_key(old) == study_key(new)
    assert not supersession(old, new).superseded


def test_another_plant_has_its_own_study(pack: Document, dataset: Dataset) -> None:
    old = compute(pack, dataset)
    pack["plant"]["facility_id"] = "second-plant"
    assert not supersession(old, compute(pack, dataset)).superseded


def test_recycled_shares_keep_pre_and_post_consumer_apart() -> None:
    lots = [
        MetalLot("lithium", 6.0, 0.6, 0.3, "certificate 1"),
        MetalLot("lithium", 4.0, 0.0, 0.0, None),
        MetalLot("nickel", 10.0, 0.0, 1.6, "certificate 2"),
    ]
    lithium, nickel = recycled_shares(lots)
    assert lithium.pre_consumer == pytest.approx(0.06)
    assert lithium.post_consumer == pytest.approx(0.03)
    assert nickel.total == pytest.approx(0.16)
    document: Any = lithium.to_document()
    assert document["minimum_shares"] == {"2031-08-18": 0.06, "2036-08-18": 0.12}


@pytest.mark.parametrize(
    ("lot", "reason"),
    [
        (MetalLot("lithium", 6.0, 0.6, 0.0, None), "evidence"),
        (MetalLot("lithium", 6.0, 4.0, 3.0, "x"), "more is recovered"),
        (MetalLot("gold", 6.0, 0.0, 0.0, None), "not declared"),
        (MetalLot("nickel", -6.0, 0.0, 0.0, None), "a number from 0"),
        (MetalLot("nickel", float("nan"), 0.0, 0.0, None), "a number from 0"),
    ],
)
def test_a_recycled_share_that_cannot_be_is_refused(lot: MetalLot, reason: str) -> None:
    with pytest.raises(IncompleteInventoryError, match=reason):
        recycled_shares([lot])
