"""What is implausible is said with range and source, what is impossible is refused; no figure moves."""

from __future__ import annotations

import csv
import math
from collections.abc import Mapping
from pathlib import Path
from typing import Any, Final

import pytest

import lca.plausible_ranges
from lca.audit import verify_bundle, write_bundle
from lca.comparison import compare_footprints
from lca.datasets import Dataset
from lca.doubts import doubts
from lca.emission_factors import sha256_of
from lca.errors import InventoryError
from lca.inventory import parse_inventory
from lca.measurements import measurements as measured
from lca.plausible_ranges import FILE, PlausibleRange, plausible_range, plausible_ranges
from lca.rulesets import load_ruleset
from lca.what_if import what_if
from tests.lca.spoilt_packs import (
    CHANGES,
    MATERIALS,
    RANGES,
    Document,
    at,
    compute,
    doubted,
    materials,
    powder,
)


def with_range(pack: Document, range_: PlausibleRange) -> Document:
    """Return the example as a battery that a range is for, and no earlier one of its quantity."""
    product = pack["product"]
    product["category"] = range_.categories[0] if range_.categories else "industrial"
    product["chemistry"] = range_.chemistries[0] if range_.chemistries else "a new one"
    classes = range_.vehicle_classes
    product["service_life"]["vehicle_class"] = classes[0] if classes else None
    return pack


def named(range_: PlausibleRange) -> str:
    return f"{range_.quantity} of {range_.applies_to}"


ENDS: Final = [
    pytest.param(range_, end, id=f"{named(range_)}, {end}")
    for range_ in RANGES
    for end in ("low", "high")
    if math.isfinite(getattr(range_, end))
    and (range_.quantity, end) != ("usable_share", "high")  # above the capacity it is refused
]


@pytest.mark.parametrize(("range_", "end"), ENDS)
def test_a_value_just_inside_its_range_is_not_doubted_and_just_outside_is(
    range_: PlausibleRange, end: str, pack: Document, dataset: Dataset
) -> None:
    document = with_range(pack, range_)
    outwards = 1e-6 if end == "high" else -1e-6
    bound: float = getattr(range_, end)
    change = CHANGES[range_.quantity]
    assert plausible_range(range_.quantity, parse_inventory(document).product) is range_
    changed = parse_inventory(document).document  # a copy of its own
    inside: Document = {**_plain(changed)}
    change(inside, bound * (1 - outwards))
    assert range_.quantity not in doubted(inside, dataset)
    outside: Document = {**_plain(changed)}
    change(outside, bound * (1 + outwards))
    assert range_.quantity in doubted(outside, dataset)


def _plain(value: Any) -> Any:
    if isinstance(value, Mapping):
        return {key: _plain(item) for key, item in value.items()}
    if isinstance(value, list | tuple):
        return [_plain(item) for item in value]
    return value


def test_every_range_is_measured_tested_and_has_its_source() -> None:
    assert set(plausible_ranges()) == set(CHANGES)
    for range_ in RANGES:
        assert range_.low < range_.high < range_.impossible_above, named(range_)
        assert range_.unit, named(range_)
        assert range_.check.endswith((".", "?")), named(range_)
        assert len(range_.source) > 6, named(range_)
        assert range_.where, named(range_)
        if range_.source in {"definition", "physics"} or range_.source.startswith("derived"):
            assert len(range_.where) > 30, named(range_)  # it says how


def test_a_range_for_any_battery_stands_after_those_for_some() -> None:
    for ranges in plausible_ranges().values():
        anybody = [range_.applies_to == "any battery" for range_ in ranges]
        assert anybody == sorted(anybody)
        assert sum(anybody) <= 1


def test_no_line_of_the_table_has_a_cell_too_many_or_too_few() -> None:
    file = Path(lca.plausible_ranges.__file__).parent / "data" / FILE
    with file.open(encoding="utf-8", newline="") as lines:
        header, *rows = csv.reader(lines)
    assert len(rows) == len(RANGES)
    assert {len(row) for row in rows} == {len(header)}


@pytest.mark.parametrize("ruleset", ["da-2024", "jrc-2023", "iso-14067", "miit-2026"])
def test_of_the_complete_example_nothing_is_doubted(
    pack: Document, dataset: Dataset, ruleset: str
) -> None:
    result = compute(pack, dataset, ruleset)
    assert not result.doubts
    assert "implausible" not in result.to_document()


@pytest.mark.parametrize(
    ("quantity", "value", "ruleset"),
    [
        ("warranty_years", 1000, "da-2024"),
        ("full_cycles", 1e9, "cfb-ind-draft"),
        ("emissions_per_capacity", 3, "iso-14067"),
        ("emissions_per_capacity", 30000, "iso-14067"),
        ("cell_production_electricity", 0.001, "da-2024"),
        ("cell_production_electricity", 50000, "da-2024"),
        ("bill_of_materials_mass", 0.001, "da-2024"),
        ("consumption_kwh_per_km", 15, "jrc-2023"),
    ],
)
def test_a_slip_is_named_and_the_number_is_computed_all_the_same(
    pack: Document, dataset: Dataset, quantity: str, value: float, ruleset: str
) -> None:
    CHANGES[quantity](pack, value)
    result = compute(pack, dataset, ruleset)
    [first] = [doubt for doubt in result.doubts if doubt.range.quantity == quantity]
    document: Any = result.to_document()
    assert document["warnings"][: len(result.doubts)] == [d.text() for d in result.doubts]
    assert document["implausible"] == [doubt.to_document() for doubt in result.doubts]
    text = first.text()
    for part in (quantity, first.range.source, first.range.where, first.range.check):
        assert part in text
    assert (
        document["kg_co2e_per_kwh"]
        == result.total / result.system.functional_unit.total_energy.amount
    )


def test_what_is_implausible_moves_neither_the_result_nor_its_hash(
    pack: Document, dataset: Dataset, monkeypatch: pytest.MonkeyPatch
) -> None:
    pack["product"]["service_life"]["warranty_years"] = 1000
    doubting = compute(pack, dataset, "da-2024")
    document = doubting.to_document()
    assert doubting.doubts
    texts = {doubt.text() for doubt in doubting.doubts}
    warnings: Any = document["warnings"]
    rest = {
        **{key: document[key] for key in document if key not in {"implausible", "content_sha256"}},
        "warnings": [text for text in warnings if text not in texts],
    }
    assert sha256_of(rest) == document["content_sha256"]
    monkeypatch.setattr("lca.doubts.measurements", lambda _: iter(()))
    trusting = compute(pack, dataset, "da-2024")
    assert not list(doubts(trusting))
    assert trusting.to_document() == {**rest, "content_sha256": document["content_sha256"]}


def test_an_audit_agrees_with_a_footprint_that_is_doubted(pack: Document, dataset: Dataset) -> None:
    pack["product"]["service_life"]["warranty_years"] = 1000
    result = compute(pack, dataset, "da-2024")
    report = verify_bundle(write_bundle(result))
    assert report.agrees is True
    assert report.implausible == tuple(doubt.text() for doubt in result.doubts)


def test_what_if_and_comparison_say_what_is_implausible(pack: Document, dataset: Dataset) -> None:
    inventory, ruleset = parse_inventory(pack), load_ruleset("da-2024")
    base, longer = what_if(inventory, ruleset, dataset, ["warranty=1000"])
    assert base["warnings"] == []
    assert any("implausible warranty_years" in text for text in _texts(longer["warnings"]))
    pack["product"]["service_life"]["warranty_years"] = 1000
    table: Any = compare_footprints([compute(pack, dataset, "da-2024")])
    assert "implausible warranty_years" in table["rows"][0]["implausible"][0]


def _texts(value: Any) -> list[str]:
    return [str(item) for item in value]


def test_nothing_too_light_is_said_of_a_bill_that_is_not_all_in_kg(
    pack: Document, dataset: Dataset
) -> None:
    materials(pack, 0.5)
    assert "bill_of_materials_mass" in doubted(pack, dataset)
    pack["gaps"].append(
        {"stage": "raw_material_acquisition", "reason": "no casing", "partial": True}
    )
    assert "bill_of_materials_mass" not in doubted(pack, dataset)


def test_a_weighed_product_enters_with_its_own_mass_and_not_with_that_of_its_ore(
    pack: Document, dataset: Dataset
) -> None:
    powder(pack, 9)
    taken = pack["activities"][0]["exchanges"][-1]
    taken.update(amount=119870, unit="g")
    at(pack, MATERIALS)["amount"] = 300
    assert doubted(pack, dataset) == set()
    taken.update(amount=119870, unit="kg")
    with pytest.raises(InventoryError, match="activities"):
        compute(pack, dataset)


def test_an_itemised_plant_with_scrap_and_weighed_powder_is_not_doubted(
    pack: Document, dataset: Dataset
) -> None:
    def taken(process: str, amount: float, unit: str = "kg", **provider: str) -> Document:
        common = {"kind": "technosphere", "origin": "secondary"}
        return {**common, "process": process, "amount": amount, "unit": unit, **provider}

    def made(name: str, amount: float, unit: str, *exchanges: Document) -> Document:
        output = {"amount": amount, "unit": unit}
        return {"id": name, "name": name, "output": output, "exchanges": list(exchanges)}

    ore, lithium, graphite = "mat.mnso4.hi", "mat.li2co3.greet24", "mat.graphite.nat"
    legs = pack["activities"][0]["exchanges"][2:]
    energy = pack["activities"][1]["exchanges"]
    pack["activities"] = [
        made(
            "pack",
            1,
            "piece",
            taken("pack_assembly", 60, "kWh capacity", activity="cells"),
            taken("housing_cooling", 90, factor=ore),
            taken("electronics", 15000, "g", factor=ore),
            *legs,
        ),
        made(
            "cells",
            0.92,  # of 1 kWh begun, 8 % is scrap
            "kWh capacity",
            taken("cell_assembly", 10, "m2", activity="electrodes"),
            taken("cell_casing", 0.8, factor=ore),
            taken("electrolyte", 0.9, factor=lithium),
            *energy,
        ),
        made(
            "electrodes",
            10,
            "m2",
            taken("cathode_active_material", 2.0, activity="powder"),
            taken("anode_active_material", 1.0, factor=graphite),
            taken("current_collector_material", 0.6, factor=ore),
            taken("plant_utilities", 1.5, factor=ore),  # a solvent, mostly recovered
        ),
        made(
            "powder",
            1,
            "kg",
            taken("precursor", 0.95, factor=ore),
            taken("cathode_active_material", 0.25, factor=lithium),
        ),
    ]
    assert doubted(pack, dataset) == set()
    [mass] = [m for m in measured(compute(pack, dataset)) if m.quantity == "bill_of_materials_mass"]
    by_hand = 90 + 15 + 60 / 0.92 * (0.8 + 0.9 + 2.0 + 1.0 + 0.6)
    assert mass.value == pytest.approx(by_hand / 419.87, rel=1e-12)
