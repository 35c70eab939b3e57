"""Diagrams: well-formed, true to the numbers, and silent about what is confidential."""

from __future__ import annotations

import copy
import itertools
import math
from typing import Any
from xml.etree import ElementTree as ET

import pytest

from lca.charts import (
    label_lines,
    sankey_data,
    sankey_drawing,
    sankey_svg,
    waterfall_data,
    waterfall_svg,
)
from lca.datasets import Dataset
from lca.footprint import Footprint, compute_footprint
from lca.inventory import parse_inventory
from lca.rulesets import load_ruleset
from lca.svg import Text

Document = dict[str, Any]


def compute(document: Document, dataset: Dataset) -> Footprint:
    return compute_footprint(parse_inventory(document), load_ruleset("da-2024"), dataset)


def test_the_links_of_the_sankey_sum_to_the_total(pack: Document, dataset: Dataset) -> None:
    footprint = compute(pack, dataset)
    data: Any = sankey_data(footprint)
    into = [link["kg_co2e_per_battery"] for link in data["links"] if link["target"] == "battery"]
    assert math.fsum(into) == pytest.approx(footprint.total, rel=1e-12)
    first = [k["kg_co2e_per_battery"] for k in data["links"] if k["target"] != "battery"]
    assert math.fsum(first) == pytest.approx(footprint.total, rel=1e-12)


def test_many_contributors_are_drawn_together_and_none_is_lost(
    pack: Document, dataset: Dataset
) -> None:
    for index in range(30):
        pack["activities"][0]["exchanges"].append(
            {
                "kind": "technosphere",
                "factor": "mat.graphite.nat",
                "amount": 1 + index,
                "unit": "kg",
                "process": "anode_active_material",
                "origin": "secondary",
                "name": f"part {index}",
            }
        )
    footprint = compute(pack, dataset)
    data: Any = sankey_data(footprint)
    assert len(data["links"]) < 20
    into = [link["kg_co2e_per_battery"] for link in data["links"] if link["target"] == "battery"]
    assert math.fsum(into) == pytest.approx(footprint.total, rel=1e-12)


def test_the_steps_of_the_waterfall_end_at_the_total(pack: Document, dataset: Dataset) -> None:
    footprint = compute(pack, dataset)
    data: Any = waterfall_data(footprint)
    last = data["steps"][-1]
    assert last["kg_co2e_per_battery"] is None
    assert last["from"] == pytest.approx(footprint.total, rel=1e-12)


def test_both_diagrams_are_well_formed_and_escape_what_people_typed(
    pack: Document, dataset: Dataset
) -> None:
    pack["title"] = 'pack <script>alert("x")</script> & co'
    pack["activities"][0]["exchanges"][1]["name"] = "<b>materials</b>"
    footprint = compute(pack, dataset)
    for svg in (sankey_svg(footprint), waterfall_svg(footprint)):
        root = ET.fromstring(svg)
        assert root.tag.endswith("svg")
        assert "<script" not in svg
        assert "<b>" not in svg
    assert "not assessed" in waterfall_svg(footprint)


def test_a_public_diagram_does_not_name_confidential_inputs(
    pack: Document, dataset: Dataset
) -> None:
    pack["activities"][0]["exchanges"][1].update(name="secret recipe", confidential=True)
    footprint = compute(pack, dataset)
    assert "secret recipe" in sankey_svg(footprint)
    assert "secret recipe" not in sankey_svg(footprint, public=True)


@pytest.mark.parametrize(
    "name",
    [
        "short",
        "Cathode active material, lithium iron phosphate, from Hunan, by rail and lorry to the plant",
        "磷酸铁锂正极活性材料湖南产地经铁路与公路运输至工厂并在涂布工序使用的部分",
        "x" * 95,
    ],
)
def test_a_long_name_stands_whole_on_lines_that_fit(name: str) -> None:
    lines = label_lines(name)
    assert "".join("".join(lines).split()) == "".join(name.split())
    assert all(len(line) <= 40 for line in lines)


def test_names_of_the_sankey_are_not_cut_off_and_do_not_meet(
    pack: Document, dataset: Dataset
) -> None:
    long = "Cathode active material, lithium iron phosphate, from Hunan, by rail to the plant in Xinjin"
    changed: Any = copy.deepcopy(dict(pack))
    for exchange in changed["activities"][0]["exchanges"]:
        exchange["name"] = f"{long} {exchange.get('factor')}"
    footprint = compute_footprint(parse_inventory(changed), load_ruleset("da-2024"), dataset)
    texts = [s for s in sankey_drawing(footprint).shapes if isinstance(s, Text) and s.x == 292]
    assert "…" not in "".join(text.text for text in texts)
    assert "Xinjin" in "".join(text.text for text in texts)
    baselines = sorted(text.y for text in texts)
    assert all(b - a >= 12 for a, b in itertools.pairwise(baselines))
