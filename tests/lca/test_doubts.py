"""What is implausible is said with range and source, what is impossible is refused; no figure moves."""

from __future__ import annotations

import csv
import json
import math
from collections.abc import Callable, Mapping
from contextlib import suppress
from pathlib import Path
from typing import Any, Final

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

import lca.plausible_ranges
from lca.audit import verify_bundle, write_bundle
from lca.comparison import compare_footprints
from lca.datasets import Dataset, load_shipped_dataset
from lca.doubts import doubts
from lca.emission_factors import sha256_of
from lca.errors import AuditError, InventoryError, LcaError
from lca.footprint import Footprint, compute_footprint, evaluate
from lca.inventory import parse_inventory
from lca.plausible_ranges import FILE, PlausibleRange, plausible_range, plausible_ranges
from lca.product_system import build_product_system
from lca.rulesets import load_ruleset
from lca.what_if import what_if
from tests.lca.conftest import ASSETS

Document = dict[str, Any]
Change = Callable[[Document, float], None]

RANGES: Final = [item for ranges in plausible_ranges().values() for item in ranges]
MATERIALS: Final = ("activities", 0, "exchanges", 1)
ELECTRICITY: Final = ("activities", 1, "exchanges", 0)
METERED: Final = 8.33
CARBON: Final = "carbon_dioxide_fossil"


def compute(document: Document, dataset: Dataset, ruleset: str = "iso-14067") -> Footprint:
    return compute_footprint(parse_inventory(document), load_ruleset(ruleset), dataset)


def doubted(document: Document, dataset: Dataset, ruleset: str = "iso-14067") -> set[str]:
    """Return the quantities that are implausible."""
    return {doubt.range.quantity for doubt in compute(document, dataset, ruleset).doubts}


def at(document: Document, path: tuple[str | int, ...]) -> Document:
    place: Any = document
    for key in path:
        place = place[key]
    found: Document = place
    return found


def life(name: str) -> Change:
    return lambda pack, value: pack["product"]["service_life"].__setitem__(name, value)


def specific_energy(pack: Document, value: float) -> None:
    pack["product"]["mass_kg"] = pack["product"]["capacity_kwh"] * 1000 / value


def mass(pack: Document, value: float) -> None:
    pack["product"]["mass_kg"] = value
    at(pack, MATERIALS)["amount"] = value


def materials(pack: Document, value: float) -> None:
    at(pack, MATERIALS)["amount"] = value * pack["product"]["mass_kg"]


def powder(pack: Document, value: float) -> None:
    """Make cathode powder from so many kg of precursor per kg."""
    common = {"kind": "technosphere", "process": "cathode_active_material", "origin": "secondary"}
    taken = {**common, "activity": "powder", "amount": 1, "unit": "kg"}
    pack["activities"][0]["exchanges"].append(taken)
    made = {**common, "factor": "mat.mnso4.hi", "amount": value * 1000, "unit": "g"}
    output = {"amount": 1, "unit": "kg"}
    powder = {"id": "powder", "name": "powder", "output": output, "exchanges": [made]}
    pack["activities"].append(powder)


def circular(pack: Document, value: float) -> None:
    pack["gaps"] = [gap for gap in pack["gaps"] if gap["stage"] != "end_of_life"]
    copper = {"id": "copper", "material": "copper", "virgin_counted": True}
    factors = {"disposal": "mat.mnso4.hi"}
    kg = value * pack["product"]["mass_kg"]
    pack["circular"] = [{**copper, "mass_kg": kg, "factors": factors}]


def electricity(pack: Document, value: float) -> None:
    at(pack, ELECTRICITY)["amount"] = value


def electricity_of_packs(pack: Document, value: float) -> None:
    at(pack, ELECTRICITY).update(amount=value, process="pack_assembly")


def metered(pack: Document, value: float) -> None:
    pack["plant"]["production_kwh"] = pack["electricity"]["supply"][0]["kwh"] / value


def metered_of_packs(pack: Document, value: float) -> None:
    electricity_of_packs(pack, METERED)
    metered(pack, value)


def gas(pack: Document, value: float) -> None:
    for exchange in pack["activities"][1]["exchanges"][1:]:
        exchange["amount"] = value


def far(pack: Document, value: float) -> None:
    lorry, ship = pack["activities"][0]["exchanges"][2:]
    lorry["amount"], ship["amount"] = value * pack["product"]["mass_kg"] / 1000, 0


def emits(pack: Document, value: float) -> None:
    """Let the battery emit so many kg CO2e per kWh of capacity, half of them from materials."""
    half = value * pack["product"]["capacity_kwh"] / 2
    common = {"kind": "biosphere", "flow": CARBON, "unit": "kg", "origin": "secondary"}
    pack["activities"] = pack["activities"][:1]
    pack["activities"][0]["exchanges"] = [
        {**common, "amount": half, "process": process}
        for process in ("pack_materials", "cell_assembly")
    ]
    pack["gaps"] = [gap for gap in pack["gaps"] if gap["stage"] == "end_of_life"]


CHANGES: Final[Mapping[str, Change]] = {
    "warranty_years": life("warranty_years"),
    "warranty_distance_km": life("warranty_distance_km"),
    "distance_km": life("distance_km"),
    "consumption_kwh_per_km": life("consumption_kwh_per_km"),
    "full_cycles": life("declared_cycles"),
    "specific_energy": specific_energy,
    "usable_share": lambda pack, share: pack["product"].update(usable_energy_kwh=60 * share),
    "mass_kg": mass,
    "demand_per_battery": lambda pack, value: pack["demand"].update(amount=value),
    "bill_of_materials_mass": materials,
    "input_mass_per_output_mass": powder,
    "circular_formula_mass": circular,
    "cell_production_electricity": electricity,
    "pack_assembly_electricity": electricity_of_packs,
    "metered_electricity_of_cell_plant": metered,
    "metered_electricity_of_pack_plant": metered_of_packs,
    "electricity_taken_of_metered": lambda pack, value: electricity(pack, value * METERED),
    "production_fuel_and_heat": gas,
    "distribution_distance_km": far,
    "emissions_per_capacity": emits,
}
"""How the complete example is changed so that a quantity has a value."""


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


def test_kilograms_typed_as_grams_are_refused_by_row_with_what_to_look_at(
    pack: Document, dataset: Dataset
) -> None:
    at(pack, MATERIALS)["amount"] = 419870
    with pytest.raises(InventoryError) as caught:
        compute(pack, dataset)
    [finding] = caught.value.findings
    assert finding.path == "activities[0].exchanges[1].amount"
    assert "419,870 kg a battery" in finding.value
    assert "1,000 times the mass of the battery, impossible above 10" in finding.reason
    assert "no waste or co-product is declared" in finding.reason
    assert "in g typed as kg" in finding.remedy


@pytest.mark.parametrize(
    "waste",
    [
        {"kind": "technosphere", "process": "production_waste"},
        {"kind": "substitution", "process": "other_materials"},
    ],
)
def test_what_is_lost_by_declaration_is_doubted_and_not_refused(
    pack: Document, dataset: Dataset, waste: Document
) -> None:
    at(pack, MATERIALS)["amount"] = 5000
    with pytest.raises(InventoryError):
        compute(pack, dataset)
    scrap = {"factor": "mat.mnso4.hi", "amount": 4580, "unit": "kg", "origin": "secondary"}
    pack["activities"][0]["exchanges"].append({**scrap, **waste})
    assert doubted(pack, dataset) >= {"bill_of_materials_mass"}


def test_a_yield_of_a_tenth_is_the_last_that_is_possible(pack: Document, dataset: Dataset) -> None:
    materials(pack, 10 * (1 - 1e-9))
    assert "bill_of_materials_mass" in doubted(pack, dataset)
    materials(pack, 10 * (1 + 1e-9))
    with pytest.raises(InventoryError, match="impossible"):
        compute(pack, dataset)


def test_a_capacity_in_watt_hours_is_more_than_hydrogen_holds(
    pack: Document, dataset: Dataset
) -> None:
    pack["product"].update(capacity_kwh=60000, usable_energy_kwh=60000)
    with pytest.raises(InventoryError) as caught:
        compute(pack, dataset)
    [finding] = caught.value.findings
    assert finding.path == "product.capacity_kwh"
    assert finding.value == "60,000 kWh in 419.87 kg"
    assert "142,901 Wh per kg, impossible above 32,700" in finding.reason
    assert "kWh, not Wh" in finding.remedy


def test_materials_under_the_circular_formula_are_not_ten_times_the_battery(
    pack: Document, dataset: Dataset
) -> None:
    circular(pack, 10.1)
    with pytest.raises(InventoryError, match=r"circular_formula_mass is 10\.1 times"):
        compute(pack, dataset)


@pytest.mark.parametrize(
    ("parameters", "said"),
    [
        ({"R2": 0.6, "R3": 0.5}, "R2 and R3 together exceed 1"),
        ({"XER_heat": 0.7, "XER_electricity": 0.4}, "XER_heat and XER_electricity together"),
        ({"R2": -0.1}, "a share lies between 0 and 1"),
        ({"LHV_MJ_per_kg": -30}, "a share lies between 0 and 1"),
    ],
)
def test_shares_of_one_whole_are_no_more_than_it(
    pack: Document, dataset: Dataset, parameters: Document, said: str
) -> None:
    circular(pack, 0.1)
    evidence = dict.fromkeys(parameters, "report 1")
    pack["circular"][0].update(parameters=parameters, evidence=evidence)
    with pytest.raises(InventoryError, match=said):
        compute(pack, dataset)


def test_shares_are_added_to_those_of_the_ruleset(pack: Document, dataset: Dataset) -> None:
    circular(pack, 0.1)
    pack["circular"][0].update(parameters={"R3": 0.5}, evidence={"R3": "report 1"})
    ruleset = load_ruleset("iso-14067")
    own = {**ruleset.end_of_life, "R2": 0.9}
    changed = type(ruleset)(**{**_fields(ruleset), "end_of_life": own})
    with pytest.raises(InventoryError, match="R2 and R3 together exceed 1"):
        compute_footprint(parse_inventory(pack), changed, dataset)


def _fields(ruleset: Any) -> Document:
    return {name: getattr(ruleset, name) for name in ruleset.__dataclass_fields__}


@pytest.mark.parametrize(
    ("path", "key"),
    [
        (MATERIALS, "amount"),
        (("product",), "mass_kg"),
        (("product",), "capacity_kwh"),
        (("product", "service_life"), "warranty_years"),
        (("plant",), "production_kwh"),
        (("electricity", "supply", 0), "kwh"),
        (("offsets", 0), "quantity_t"),
    ],
)
def test_a_negative_amount_is_refused_by_its_field(
    pack: Document, path: tuple[str | int, ...], key: str
) -> None:
    at(pack, path)[key] = -1
    with pytest.raises(InventoryError, match=key):
        parse_inventory(pack)


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


def test_an_audit_refuses_what_is_impossible(pack: Document, dataset: Dataset) -> None:
    at(pack, MATERIALS)["amount"] = 419870
    ruleset = load_ruleset("da-2024")
    unchecked = evaluate(build_product_system(parse_inventory(pack), ruleset, dataset))
    with pytest.raises(AuditError, match="impossible above 10"):
        verify_bundle(write_bundle(unchecked))


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


POSITIVE = st.floats(min_value=5e-324, max_value=1e18)


@settings(max_examples=60, deadline=None)
@given(mass_kg=POSITIVE, kwh=POSITIVE, kg=POSITIVE, made=POSITIVE, years=POSITIVE, metered=POSITIVE)
def test_whatever_the_numbers_a_footprint_is_refused_or_told_in_numbers(
    mass_kg: float, kwh: float, kg: float, made: float, years: float, metered: float
) -> None:
    pack: Document = json.loads((ASSETS / "lfp_pack.json").read_text(encoding="utf-8"))
    pack["product"].update(mass_kg=mass_kg, capacity_kwh=kwh, usable_energy_kwh=kwh)
    pack["product"]["service_life"]["warranty_years"] = years
    at(pack, MATERIALS)["amount"] = kg
    pack["plant"]["production_kwh"] = made
    pack["electricity"]["supply"] = [{"arrangement": "grid", "kwh": metered}]
    with suppress(LcaError):  # refused, with findings: nothing else may come of it
        document = compute(pack, load_shipped_dataset(), "da-2024").to_document()
        assert json.dumps(document, allow_nan=False, default=dict)
