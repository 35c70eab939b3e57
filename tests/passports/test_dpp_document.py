"""Digital product passports by EN 18223: elements there and back, header, versions in time."""

import json
from concurrent.futures import ThreadPoolExecutor
from datetime import timedelta
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from passports.access_log import broken_links
from passports.attributes.data import AttributeChange, find_subject, write_attributes
from passports.attributes.table import Attribute, Granularity, attributes
from passports.dpp.change import Editing
from passports.dpp.data_elements import COLLECTION, MULTI, OBJECT_TYPES, RESOURCE, compress, expand
from passports.dpp.document import HEADER, LINKS, Representation
from passports.dpp.identifiers import dpp_id, row_of_dpp
from passports.dpp.instants import read_instant
from passports.dpp.read import Reading
from passports.errors import (
    IllegalTransitionError,
    InvalidInputError,
    PassportCeasedError,
    RecordNotFoundError,
    StaleVersionError,
)
from passports.life.versions import PassportChange, new_version
from passports.operators import EconomicOperator, get_operator
from tests.revoking import revoke_passport
from tests.worlds import ADDRESS, AUTHORITY, GTIN, IMPORTER, MAKER, MODEL, NOW, RIVAL, World

LATER = NOW + timedelta(hours=1)
ALL = list(attributes().values())


def operator(world: World, name: str | None) -> EconomicOperator | None:
    """Return a registered operator, or None for the public."""
    if name is None:
        return None
    with world.store.reading() as reading:
        return get_operator(reading, name)


def reading(
    world: World,
    by: str | None = None,
    form: Representation = Representation.COMPRESSED,
    **changes: Any,
) -> Reading:
    """Return a way to read as somebody."""
    now = changes.get("now", LATER)
    return Reading(world.store, world.address, operator(world, by), form, now)


def editing(world: World, by: str = MAKER, **changes: Any) -> Editing:
    """Return a way to change passports as somebody."""
    actor = operator(world, by)
    assert actor is not None
    form = changes.get("form", Representation.COMPRESSED)
    now = changes.get("now", LATER)
    return Editing(world.store, world.keyring, world.address, actor, form, "a test", now)


def issued(world: World) -> str:
    """Issue a battery's passport; return its identifier."""
    return world.issue("SN-1").passports[0].id


@pytest.mark.parametrize("attribute", ALL, ids=lambda a: a.id)
def test_every_attribute_is_an_element_and_the_element_is_its_value_again(
    attribute: Attribute,
) -> None:
    element = expand(attribute.id, attribute.example)
    assert element["elementId"] == attribute.id
    assert element["objectType"] in OBJECT_TYPES
    assert compress(element, attribute.id) == attribute.example
    assert compress(json.loads(json.dumps(element)), attribute.id) == attribute.example


def test_no_attribute_is_named_like_a_member_of_the_header() -> None:
    assert not set(HEADER) & set(attributes())
    assert not {"elements", "@context", *LINKS} & set(attributes())


SCALARS = st.text(max_size=8) | st.integers() | st.floats(allow_nan=False) | st.booleans()
NAMES = st.text(min_size=1, max_size=6)
VALUES = st.recursive(
    SCALARS | st.lists(SCALARS, max_size=4),
    lambda inner: (
        st.dictionaries(NAMES, inner, max_size=4)
        | st.lists(st.dictionaries(NAMES, inner, max_size=3), max_size=3)
    ),
    max_leaves=12,
)


@given(VALUES)
def test_expanding_loses_nothing(value: Any) -> None:
    assert compress(expand("x", value), "x") == value


def test_a_linked_document_is_a_related_resource() -> None:
    document = {
        "url": "https://x.example/a.pdf",
        "sha256": "0" * 64,
        "media_type": "application/pdf",
    }
    element = expand("manual", document)
    assert element["objectType"] == RESOURCE
    assert element["contentType"] == "application/pdf"
    several = expand("manuals", [document, document])
    assert several["objectType"] == MULTI
    assert [group[0]["objectType"] for group in several["value"]] == [RESOURCE, RESOURCE]
    assert compress(several, "manuals") == [document, document]


@pytest.mark.parametrize(
    ("element", "field"),
    [
        ("text", "x"),
        ([], "x"),
        ({"objectType": "Other", "value": 1}, "x.objectType"),
        ({"objectType": ["Other"], "value": 1}, "x.objectType"),
        ({"objectType": MULTI, "value": "no list"}, "x"),
        ({"objectType": MULTI, "value": [["no element"]]}, "x.value[0][0].elementId"),
        ({"objectType": COLLECTION, "elements": [{"value": 1}]}, "x.elements[0].elementId"),
        ({"elementId": "x"}, "x"),
        (
            {
                "objectType": COLLECTION,
                "elements": [{"elementId": "a", "value": 1}, {"elementId": "a", "value": 2}],
            },
            "x.elements[1].elementId",
        ),
    ],
)
def test_what_is_no_element_is_refused_by_its_place(element: Any, field: str) -> None:
    with pytest.raises(InvalidInputError) as refused:
        compress(element, "x")
    [finding] = refused.value.findings
    assert finding.field == field
    assert finding.reason
    assert finding.remedy


def test_the_header_says_whose_passport_it_is(sqlite_world: World) -> None:
    passport = issued(sqlite_world)
    document = reading(sqlite_world).by_id(passport)
    assert {name: document[name] for name in HEADER} == {
        "digitalProductPassportId": f"urn:uuid:{passport}",
        "uniqueProductIdentifier": f"{ADDRESS.base_url}/01/{GTIN}/21/SN-1",
        "granularity": "item",
        "dppSchemaVersion": "EN 18223:2026",
        "dppStatus": "active",
        "lastUpdate": "2026-11-22T12:00:00Z",
        "lastUpdated": "2026-11-22T12:00:00Z",
        "economicOperatorId": "did:web:id.example.com:operators:importer",
        "facilityId": f"{ADDRESS.base_url}/facilities/maker/plant",
        "contentSpecificationIds": [f"{ADDRESS.base_url}/v1/schemas/voluntary-footprint/ev"],
    }
    assert document["mass_kg"] > 0
    assert list(document)[: len(HEADER)] == list(HEADER)


def test_both_representations_say_the_same(sqlite_world: World) -> None:
    passport = issued(sqlite_world)
    compressed = reading(sqlite_world).by_id(passport)
    full = reading(sqlite_world, form=Representation.FULL).by_id(passport)
    assert {n: full[n] for n in HEADER} == {n: compressed[n] for n in HEADER}
    values = {e["elementId"]: compress(e, e["elementId"]) for e in full["elements"]}
    assert values == {n: v for n, v in compressed.items() if n not in HEADER}
    for element in full["elements"]:
        attribute = attributes()[element["elementId"]]
        assert element["dictionaryReference"].endswith(f"/v1/attributes#{attribute.id}")
        assert element["granularity"] == attribute.granularity.value


def test_a_passport_is_found_by_every_name_it_has(world: World) -> None:
    passport = issued(world)
    link = f"https://id.gs1.org/01/{GTIN}/21/SN-1"  # the host says nothing about the product
    names = [passport, passport.upper(), dpp_id(passport), f"URN:UUID:{passport}", link]
    found = [reading(world).by_id(name) for name in names]
    assert all(document == found[0] for document in found)
    assert reading(world).by_product(link) == found[0]


@pytest.mark.parametrize(
    "name",
    [
        "",
        "x",
        "urn:uuid:",
        "urn:uuid:00000000-0000-4000-8000-000000000000",
        "https://",
        "https://id.example.com/01/1/21/1",
        f"https://id.example.com/01/{GTIN}/21/another",
        "http://[::1",
        "\ud800",
        "a" * 10_000,
        f"https://id.example.com/01/{GTIN}/21/" + "a" * 1000,
    ],
)
def test_a_name_that_nothing_has_is_not_found(sqlite_world: World, name: str) -> None:
    issued(sqlite_world)
    with sqlite_world.store.reading() as transaction, pytest.raises(RecordNotFoundError):
        row_of_dpp(transaction, name)


def test_a_version_is_read_as_it_stood_at_a_time(world: World) -> None:
    passport = issued(world)
    with world.store.reading() as transaction:
        model = find_subject(transaction, MAKER, Granularity.MODEL, MODEL)
    first = AttributeChange(values={"rated_capacity_ah": 100.0}, reason="first")
    steps = [NOW + timedelta(minutes=m) for m in (10, 20, 30)]
    store, keyring, address = world.store, world.keyring, world.address
    write_attributes(store, keyring, address, model, first, steps[0], replace=False)
    change = PassportChange(reason="counted", values={"cycle_count": 7})
    new_version(store, keyring, address, MAKER, passport, change, steps[1])
    second = AttributeChange(values={"rated_capacity_ah": 90.0}, reason="second")
    write_attributes(store, keyring, address, model, second, steps[2], replace=False)

    by_maker = reading(world, MAKER)
    instants = [NOW, *steps]
    found = [by_maker.by_date(passport, at + timedelta(minutes=5)) for at in instants]
    assert [f.get("rated_capacity_ah") for f in found] == [None, 100.0, 100.0, 90.0]
    assert [f.get("cycle_count") for f in found] == [None, None, 7, 7]
    assert [f["dppStatus"] for f in found] == ["archived", "archived", "active", "active"]
    assert [f["lastUpdated"][14:16] for f in found] == ["00", "10", "20", "30"]
    assert by_maker.by_date(passport, LATER) == by_maker.by_id(passport)
    with pytest.raises(RecordNotFoundError):
        by_maker.by_date(passport, NOW - timedelta(seconds=1))
    with pytest.raises(InvalidInputError):
        by_maker.by_date(passport, LATER + timedelta(seconds=1))


def test_the_time_of_a_hidden_change_is_hidden(sqlite_world: World) -> None:
    passport = issued(sqlite_world)
    with sqlite_world.store.reading() as transaction:
        model = find_subject(transaction, MAKER, Granularity.MODEL, MODEL)
    hidden = AttributeChange(values={"cell_count": 80}, reason="point 2")
    store, keyring, address = sqlite_world.store, sqlite_world.keyring, sqlite_world.address
    before = reading(sqlite_world).by_id(passport)
    at = NOW + timedelta(minutes=30)
    write_attributes(store, keyring, address, model, hidden, at, replace=False)
    assert reading(sqlite_world).by_id(passport) == before
    assert reading(sqlite_world, AUTHORITY).by_id(passport)["lastUpdated"].endswith("T12:30:00Z")


def test_the_status_follows_the_passport(sqlite_world: World) -> None:
    one, two = (p.id for p in sqlite_world.issue("SN-1", "SN-2").passports)
    store, keyring, address = sqlite_world.store, sqlite_world.keyring, sqlite_world.address
    revoke_passport(store, keyring, address, MAKER, one, LATER)
    assert reading(sqlite_world).by_id(one)["dppStatus"] == "invalid"
    successor = sqlite_world.issue("SN-3", id="b-2").passports[0].id
    change = PassportChange(reason="n", life_cycle_status="repurposed", successor_id=successor)
    new_version(store, keyring, address, MAKER, two, change, LATER)
    for form in Representation:
        old = reading(sqlite_world, form=form).by_id(two)
        new = reading(sqlite_world, form=form).by_id(successor)
        assert (old["dppStatus"], new["dppStatus"]) == ("inactive", "active")
        if form is Representation.FULL:  # each names the other, for everybody
            linked = {
                e["elementId"]: compress(e, "x") for e in (*old["elements"], *new["elements"])
            }
        else:
            linked = {**old, **new}
        assert [other["id"] for other in linked["succeededBy"]] == [dpp_id(successor)]
        assert [other["id"] for other in linked["predecessors"]] == [dpp_id(two)]
        link = reading(sqlite_world, form=form).element(two, "$.succeededBy[0].link")
        assert link["value"].endswith("/21/SN-3")
    # Sent back as it was read, it changes nothing; otherwise it is refused.
    whole = reading(sqlite_world, MAKER).by_id(successor)
    assert editing(sqlite_world).update(successor, whole) == whole
    for links in (None, [], [{"id": "urn:uuid:1"}]):
        with pytest.raises(InvalidInputError) as refused:
            editing(sqlite_world).update(successor, {**whole, "predecessors": links})
        assert [f.field for f in refused.value.findings] == ["predecessors"]


def test_the_end_leaves_a_tombstone_and_what_was_before(world: World) -> None:
    passport = issued(world)
    editing(world).update(passport, {"cycle_count": 3})
    before = reading(world, MAKER).by_id(passport)
    assert before["cycle_count"] == 3
    end = LATER + timedelta(minutes=1)
    editing(world, now=end).delete(passport)
    tombstone = reading(world, MAKER, now=end).by_id(passport)
    assert tombstone["dppStatus"] == "archived"
    assert tombstone["lastUpdated"] == "2026-11-22T13:01:00Z"
    assert not {"cycle_count", "carbon_footprint_per_kwh"} & set(tombstone)
    assert reading(world, MAKER, now=end).by_date(passport, LATER)["cycle_count"] == 3
    assert reading(world, AUTHORITY, now=end).by_date(passport, LATER)["dppStatus"] == "archived"
    for stranger in (None, RIVAL):
        with pytest.raises(PassportCeasedError):
            reading(world, stranger, now=end).by_date(passport, LATER)
    assert reading(world, now=end).by_date(passport, end) == reading(world, now=end).by_id(passport)
    editing(world, now=end).delete(passport)  # once more: it stays as it is
    assert reading(world, MAKER, now=end).by_id(passport) == tombstone
    with world.store.reading() as transaction:
        versions = transaction.passport_versions.of(passport)
    assert len(versions) == 4  # issued, counted, waste, recycled


def test_of_changes_at_the_same_moment_none_is_lost(world: World) -> None:
    passport = issued(world)
    names = ["deep_discharge_count", "overcharge_count", "minutes_above_boundary", "cycle_count"]

    def change(name: str) -> bool:
        element = {"elementId": name, "value": 7}
        try:
            editing(world).update_element(passport, f"$.{name}", element, in_place=True)
        except (StaleVersionError, IllegalTransitionError):
            return False
        return True

    with ThreadPoolExecutor(len(names)) as pool:
        taken = list(pool.map(change, names))
    assert any(taken)
    found = reading(world, MAKER).by_id(passport)
    assert [found.get(name) == 7 for name in names] == taken
    with world.store.reading() as transaction:
        assert len(transaction.passport_versions.of(passport)) == 1 + sum(taken)


def test_restricted_reads_are_in_the_access_log_by_element(sqlite_world: World) -> None:
    passport = issued(sqlite_world)
    editing(sqlite_world).update(passport, {"cycle_count": 3, "remaining_capacity_ah": 90.0})

    def logged() -> list[tuple[str, list[str], str]]:
        with sqlite_world.store.reading() as transaction:
            rows = transaction.access_entries.page(MAKER, 0, 100)
            assert not [w for w in broken_links(transaction, MAKER) if w is not None]
        entries = [json.loads(row.document) for row in rows]
        return [(e["reader"], e["attributes"], e["form"]) for e in entries]

    both = ["cycle_count", "remaining_capacity_ah"]
    assert logged() == [(MAKER, both, "en-18222")]  # the answer to the change
    reading(sqlite_world).by_id(passport)
    reading(sqlite_world, IMPORTER).by_id(passport)
    by_maker = reading(sqlite_world, MAKER)
    by_maker.element(passport, "$.mass_kg")
    by_maker.element(passport, "$.granularity")
    assert len(logged()) == 1  # nothing restricted went out
    by_maker.element(passport, "$.cycle_count")
    assert logged()[1:] == [(MAKER, ["cycle_count"], "en-18222")]
    by_maker.element(passport, "$[?@==3]")  # a search tells something about all it went through
    assert logged()[2:] == [(MAKER, both, "en-18222")]
    with pytest.raises(RecordNotFoundError):
        by_maker.element(passport, "$[?@==4]")  # that nothing is found tells something, too
    with pytest.raises(InvalidInputError):
        by_maker.element(passport, "$[?@>=3]")
    assert logged()[3:] == [(MAKER, both, "en-18222")] * 2


@pytest.mark.parametrize(
    "text",
    [
        *("2027-02-18", "2027-02-18T12:00:00", "2027-02-30T12:00:00Z", "2027-02-18T12:00:00 01:00"),
        *(
            "0001-01-01T00:00:00+14:00",
            "now",
            "",
            None,
            1,
            "2027-02-18T25:00:00Z",
            "\uff12027-02-18T12:00:00Z",
        ),
    ],
)
def test_what_is_no_instant_is_refused(text: Any) -> None:
    with pytest.raises(InvalidInputError):
        read_instant(text, "date")


def test_an_instant_is_one_in_every_zone() -> None:
    written = ("2027-02-18T12:00:00Z", "2027-02-18T13:00:00+01:00", "2027-02-18T12:00:00.000Z")
    assert len({read_instant(text, "date") for text in written}) == 1
