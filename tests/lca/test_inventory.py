"""What an inventory document may not be: each bad input is refused with its path and a remedy."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import jsonschema
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from lca.errors import InventoryError, LcaError
from lca.inventory import inventory_schema, parse_inventory

PACK = (Path(__file__).parent / "assets" / "lfp_pack.json").read_text(encoding="utf-8")

Document = dict[str, Any]
Step = str | int

BAD: list[tuple[str, tuple[Step, ...], object, str]] = [
    ("negative mass", ("product", "mass_kg"), -1, "product.mass_kg"),
    ("mass as text", ("product", "mass_kg"), "419.87", "product.mass_kg"),
    ("truth for a number", ("product", "mass_kg"), True, "product.mass_kg"),
    ("ten to the four hundred", ("product", "mass_kg"), 10**400, "product.mass_kg"),
    ("not a number", ("product", "mass_kg"), float("nan"), "product.mass_kg"),
    ("infinite", ("plant", "production_kwh"), float("inf"), "plant.production_kwh"),
    ("unknown category", ("product", "category"), "car", "product.category"),
    ("usable above capacity", ("product", "usable_energy_kwh"), 61, "product.usable_energy_kwh"),
    (
        "share over one",
        ("product", "service_life", "warranty_capacity_share"),
        70,
        "product.service_life.warranty_capacity_share",
    ),
    ("country in words", ("plant", "country"), "China", "plant.country"),
    ("period backwards", ("plant", "period", "to"), "2023-01-01", "plant.period.to"),
    ("no such day", ("plant", "period", "from"), "2024-02-30", "plant.period.from"),
    ("wrong format", ("format",), "voltpass-inventory/2", "format"),
    ("unknown demand", ("demand", "activity"), "packs", "demand.activity"),
    ("demand of another dimension", ("demand", "unit"), "kg", "demand.unit"),
    (
        "unknown unit",
        ("activities", 0, "exchanges", 0, "unit"),
        "kwh",
        "activities[0].exchanges[0].unit",
    ),
    (
        "kWh delivered for kWh of capacity",
        ("activities", 0, "exchanges", 0, "unit"),
        "kWh delivered",
        "activities[0].exchanges[0].unit",
    ),
    (
        "unknown activity",
        ("activities", 0, "exchanges", 0, "activity"),
        "cell",
        "activities[0].exchanges[0].activity",
    ),
    (
        "negative input",
        ("activities", 0, "exchanges", 0, "amount"),
        -60,
        "activities[0].exchanges[0].amount",
    ),
    (
        "electricity from elsewhere",
        ("activities", 1, "exchanges", 0, "electricity"),
        "grid",
        "activities[1].exchanges[0].electricity",
    ),
    ("a misspelt field", ("activities", 0, "exchangs"), [], "activities[0].exchangs"),
    (
        "company-specific without evidence",
        ("activities", 0, "exchanges", 1, "origin"),
        "company_specific",
        "activities[0].exchanges[1].evidence",
    ),
    (
        "more under contract than bought",
        ("electricity", "supply", 0, "contract", "kwh"),
        9e10,
        "electricity.supply[0].contract.kwh",
    ),
    (
        "metered period too short",
        ("electricity", "period"),
        {"from": "2024-01-01", "to": "2024-06-30"},
        "electricity.period",
    ),
]


@pytest.mark.parametrize(
    ("path", "value", "expected"), [case[1:] for case in BAD], ids=[case[0] for case in BAD]
)
def test_one_wrong_field_is_refused_by_its_path(
    pack: Document, path: tuple[Step, ...], value: object, expected: str
) -> None:
    put(pack, path, value)
    with pytest.raises(InventoryError) as caught:
        parse_inventory(pack)
    assert [finding.path for finding in caught.value.findings] == [expected]
    assert all(finding.reason and finding.remedy for finding in caught.value.findings)


def test_all_findings_come_at_once(pack: Document) -> None:
    put(pack, ("product", "mass_kg"), -1)
    put(pack, ("plant", "country"), "China")
    del pack["demand"]["unit"]
    with pytest.raises(InventoryError) as caught:
        parse_inventory(pack)
    paths = {finding.path for finding in caught.value.findings}
    assert paths == {"product.mass_kg", "plant.country", "demand.unit"}


def test_a_certificate_used_twice_is_refused(pack: Document) -> None:
    contract = pack["electricity"]["supply"][0]["contract"]
    one = {"id": "gec-1", "kwh": 1e9, "vintage_year": 2024, "retired_on": "2025-01-01"}
    contract["certificates"] = [one, dict(one)]
    with pytest.raises(InventoryError, match="counts once"):
        parse_inventory(pack)


def test_two_activities_of_one_name_are_refused(pack: Document) -> None:
    pack["activities"].append(dict(pack["activities"][1]))
    with pytest.raises(InventoryError, match="identifier given twice"):
        parse_inventory(pack)


@pytest.mark.parametrize(
    "data",
    [
        b"",
        b"[]",
        b"{",
        b'{"format": NaN}',
        b'{"a": 1, "a": 2}',
        b"\xff\xfe",
        b"[" * 100_000,
        b'{"title": ' + b"9" * 5000 + b"}",
    ],
    ids=["empty", "list", "cut", "nan", "twice", "not utf-8", "deep", "huge integer"],
)
def test_bytes_that_are_no_inventory_are_refused(data: bytes) -> None:
    with pytest.raises(InventoryError):
        parse_inventory(data)


def test_what_json_does_not_take_is_named_by_its_path(pack: Document) -> None:
    text = json.dumps(pack)
    exchange = json.dumps(pack["activities"][0]["exchanges"][1])
    bad = exchange.replace('"amount": ', '"amount": NaN, "amount": ')
    worse = exchange.replace('"amount": ', f'"amount": {"9" * 5000}, "x": ')
    with pytest.raises(InventoryError) as caught:
        parse_inventory(text.replace(exchange, f"{bad}, {worse}").encode())
    found = [(finding.path, finding.reason.split(" ")[0]) for finding in caught.value.findings]
    assert found == [
        ("activities[0].exchanges[1].amount", "field"),
        ("activities[0].exchanges[2].amount", "is"),
    ]


@pytest.mark.parametrize("constant", ["NaN", "Infinity", "-Infinity"])
def test_a_constant_that_is_no_number_is_named_by_its_path(pack: Document, constant: str) -> None:
    pack["activities"][0]["exchanges"][1]["amount"] = float(constant.lower())
    pack["product"]["mass_kg"] = float(constant.lower())
    with pytest.raises(InventoryError) as caught:
        parse_inventory(json.dumps(pack).encode())
    found = [(finding.path, finding.value) for finding in caught.value.findings]
    assert found == [
        ("product.mass_kg", constant),
        ("activities[0].exchanges[1].amount", constant),
    ]


def test_the_example_fits_the_published_schema(pack: Document) -> None:
    schema = inventory_schema()
    jsonschema.Draft202012Validator.check_schema(schema)
    jsonschema.Draft202012Validator(schema).validate(pack)


SCHEMA_BLIND = {
    "ten to the four hundred",  # JSON Schema knows no largest number
    "not a number",
    "infinite",
    "usable above capacity",  # relations between fields
    "period backwards",
    "no such day",
    "unknown demand",
    "demand of another dimension",
    "unknown unit",
    "kWh delivered for kWh of capacity",
    "unknown activity",
    "negative input",
    "company-specific without evidence",
    "more under contract than bought",
    "metered period too short",
}


@pytest.mark.parametrize(
    ("path", "value"),
    [case[1:3] for case in BAD if case[0] not in SCHEMA_BLIND],
    ids=[case[0] for case in BAD if case[0] not in SCHEMA_BLIND],
)
def test_the_schema_refuses_what_the_reader_refuses(
    pack: Document, path: tuple[Step, ...], value: object
) -> None:
    put(pack, path, value)
    with pytest.raises(jsonschema.ValidationError):
        jsonschema.Draft202012Validator(inventory_schema()).validate(pack)


_values = st.one_of(
    st.none(),
    st.booleans(),
    st.integers(),
    st.floats(),
    st.text(max_size=5),
    st.lists(st.integers(), max_size=2),
    st.dictionaries(st.text(max_size=3), st.integers(), max_size=2),
)


@settings(max_examples=150, deadline=None)
@given(st.data())
def test_whatever_stands_in_a_field_only_a_named_error_comes_out(data: st.DataObject) -> None:
    document = json.loads(PACK)
    place: Any = document
    path: list[Step] = []
    while True:
        keys: list[Any] = list(place) if isinstance(place, dict) else list(range(len(place)))
        key = data.draw(st.sampled_from(keys))
        path.append(key)
        if isinstance(place[key], dict | list) and place[key] and data.draw(st.booleans()):
            place = place[key]
            continue
        place[key] = data.draw(_values)
        break
    try:
        parse_inventory(document)
    except LcaError as error:
        assert error.findings  # noqa: PT017 - either outcome is right; no other error is


def put(document: Document, path: tuple[Step, ...], value: object) -> None:
    place: Any = document
    for step in path[:-1]:
        place = place[step]
    place[path[-1]] = value
