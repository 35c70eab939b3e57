"""Attribute data in the store: versions, signed credentials, grants, the access log's chain, fsck."""

import hashlib
from datetime import datetime, timedelta
from typing import Any, Final

import pytest
from jsonschema import Draft202012Validator
from sqlalchemy import text

from lca.datasets import load_shipped_dataset
from passports.access import Audience, access_to
from passports.access_log import FIRST, inspect_log
from passports.attributes.completeness import State, model_report, passport_report
from passports.attributes.data import AttributeChange, Writer, find_subject, write_attributes
from passports.attributes.schemas import attribute_schema
from passports.attributes.sources import SOURCES
from passports.attributes.table import CATEGORIES, Granularity, attributes, get_profile
from passports.attributes.view import (
    batch_sheet,
    model_sheet,
    passport_sheet,
    restricted_presentation,
    view,
)
from passports.authority.grants import AccessGrantCreate, Revocation, give_grant, revoke_grant
from passports.errors import (
    AccessDeniedError,
    Finding,
    InvalidInputError,
    NotAuthenticatedError,
    RecordNotFoundError,
)
from passports.fsck.whole import check_store
from passports.key_changes import rotate_key
from passports.models import BatteryModelCreate, register_model
from passports.operators import EconomicOperator, get_operator
from passports.resolve import did_document
from signing.evidence import Evidence
from signing.verify import examine
from tests.passports import test_authority_authorisations as authorisations
from tests.passports.test_store import at_once
from tests.worlds import (
    ADDRESS,
    AUTHORITY,
    IMPORTER,
    MAKER,
    MODEL,
    NOW,
    RIVAL,
    World,
    demo_input,
)

DATASET: Final = load_shipped_dataset()
COMPLETE: Final = {a.id: a.example for a in attributes().values() if a.is_given}


def write(
    world: World,
    level: Granularity,
    subject_id: str,
    values: dict[str, Any],
    *,
    at: datetime = NOW,
    replace: bool = False,
) -> Any:
    """Write values of a subject."""
    with world.store.reading() as reading:
        subject = find_subject(reading, MAKER, level, subject_id)
    change = AttributeChange(values=values, reason="a test")
    return write_attributes(
        world.store, world.keyring, ADDRESS, subject, change, at, replace=replace
    )


def fill(world: World, *levels: Granularity, passport: str = "") -> None:
    """Give every attribute of these levels."""
    subjects = {Granularity.MODEL: MODEL, Granularity.BATCH: "b-1", Granularity.ITEM: passport}
    for level in levels:
        values = {n: v for n, v in COMPLETE.items() if attributes()[n].granularity is level}
        write(world, level, subjects[level], values)


def operator(world: World, name: str) -> EconomicOperator:
    """Return an operator."""
    with world.store.reading() as reading:
        return get_operator(reading, name)


def grant(world: World, **changes: Any) -> Any:
    """Grant the importer an interest."""
    fields: dict[str, Any] = {
        "grantee": IMPORTER,
        "grantee_kind": "organisation",
        "purpose": "repair",
        "models": [MODEL],
        "expires_at": NOW + timedelta(days=10),
    }
    return give_grant(world.store, MAKER, AccessGrantCreate(**{**fields, **changes}), NOW)


def test_a_complete_battery_is_complete_and_fits_its_schema(world: World) -> None:
    fill(world, Granularity.MODEL, Granularity.BATCH)
    passport = world.issue("SN-1").passports[0].id
    fill(world, Granularity.ITEM, passport=passport)
    with world.store.reading() as reading:
        report = passport_report(reading, passport, None, NOW.date())
        sheet = passport_sheet(reading, passport)
    assert report.missing == []
    profile = get_profile("voluntary-footprint")
    values = {
        e.attribute.id: e.value for e in sheet.elements if profile.shows(e.attribute.id, "ev")
    }
    schema = attribute_schema(ADDRESS, "voluntary-footprint", "ev")
    errors = [e.message for e in Draft202012Validator(schema).iter_errors(values)]
    assert errors == []


def test_a_models_report_needs_no_passport(world: World) -> None:
    with world.store.reading() as reading:
        before = model_report(reading, MAKER, MODEL, "ec-2027-02", NOW.date())
    fill(world, Granularity.MODEL)
    with world.store.reading() as reading:
        after = model_report(reading, MAKER, MODEL, "ec-2027-02", NOW.date(), "b-1")
    assert len(before.missing) > len(after.missing)
    states = {row.attribute.id: row.state for row in after.rows}
    assert states["due_diligence_report"] is State.WITHHELD
    assert states["manufacturing_place"] is State.COMES_LATER
    assert states["recycled_nickel_pre_consumer_percent"] is State.NOT_ASKED
    assert after.to_document()["counts"]["missing"] == len(after.missing)


def test_a_models_report_looks_at_no_batch_of_another_model(world: World) -> None:
    other = {**demo_input("model.json"), "id": "other", "gtin": "09520123000004"}
    register_model(world.store, MAKER, BatteryModelCreate(**other), NOW)
    world.issue("SN-1")
    with world.store.reading() as reading:
        assert model_report(reading, MAKER, MODEL, "ec-2027-02", NOW.date(), "b-1").rows
        with pytest.raises(RecordNotFoundError):
            model_report(reading, MAKER, "other", "ec-2027-02", NOW.date(), "b-1")


def test_every_record_has_its_source_and_every_source_its_attribute() -> None:
    assert {a.record for a in attributes().values() if a.record} == set(SOURCES)


def test_what_the_records_say_is_of_the_attributes_types(world: World) -> None:
    passport = world.issue("SN-1").passports[0].id
    with world.store.reading() as reading:
        sheet = passport_sheet(reading, passport)
        assert batch_sheet(reading, MAKER, "b-1").elements
    found = {e.attribute.id: e.value for e in sheet.elements}
    assert found["passport_id"] == f"urn:uuid:{passport}"
    assert [row["ruleset"] for row in found["carbon_footprint_per_kwh"]] == ["da-2024", "jrc-2023"]
    # The studies leave a stage out: a share of a part would say something untrue.
    assert not [name for name in found if name.startswith("footprint_share")]
    for element in sheet.elements:
        read, findings = element.attribute.value_type.read(element.value, "value")
        assert not findings, element.attribute.id
        assert read == element.value


def test_shares_of_a_whole_footprint_are_of_its_sum() -> None:
    stages = ("raw_material_acquisition", "main_production", "distribution", "end_of_life")
    rows = [{"stage": s, "kgCo2ePerKwh": v} for s, v in zip(stages, (6, 3, 2, -1), strict=True)]
    study = {"ruleset": "r", "partial": False, "kgCo2ePerKwh": 10, "stages": rows}
    names = ("raw_materials", "manufacturing", "distribution", "end_of_life")
    shares = [SOURCES[f"footprint_share_{name}"]({"carbonFootprint": [study]}) for name in names]
    assert [share[0]["value"] for share in shares] == [60, 30, 20, -10]


def presentation(world: World, reader: str | None, passport: str, level: Granularity) -> bytes:
    """Return what a reader gets of a restricted credential."""
    who = None if reader is None else operator(world, reader)
    return restricted_presentation(
        world.store, who, lambda t: passport_sheet(t, passport), level, NOW
    )


@pytest.mark.parametrize("level", [Granularity.MODEL, Granularity.ITEM])
def test_a_presentation_verifies_like_any_credential(world: World, level: Granularity) -> None:
    passport = world.issue("SN-1").passports[0].id
    fill(world, Granularity.MODEL)
    fill(world, Granularity.ITEM, passport=passport)
    rotate_key(world.store, world.keyring, ADDRESS, MAKER, NOW + timedelta(days=1))
    grant(world)
    released = presentation(world, IMPORTER, passport, level)
    document = did_document(world.store, MAKER)
    evidence = Evidence(did_documents={document["id"]: document}, trust_list=world.trust_list())
    report = examine(released, evidence, at=NOW)
    outcomes = {step.step: step.outcome for step in report.steps}
    for step in ("parse", "format", "algorithm", "issuer_found", "issuer_trusted", "signature"):
        assert outcomes[step] == "passed", report
    place = released.index(b".") + 20
    tampered = released[:place] + bytes([released[place] ^ 1]) + released[place + 1 :]
    assert examine(tampered, evidence, at=NOW).verdict == "invalid"


def test_the_public_and_strangers_are_refused_in_the_same_words_whatever_there_is(
    world: World,
) -> None:
    passport = world.issue("SN-1").passports[0].id
    said = []
    for filled in (False, True):
        if filled:
            fill(world, Granularity.ITEM, passport=passport)
        with pytest.raises(NotAuthenticatedError) as public:
            presentation(world, None, passport, Granularity.ITEM)
        with pytest.raises(AccessDeniedError) as stranger:
            presentation(world, RIVAL, passport, Granularity.ITEM)
        with pytest.raises(AccessDeniedError) as authority:  # point 4 is not for authorities
            presentation(world, AUTHORITY, passport, Granularity.ITEM)
        said.append([caught.value.message for caught in (public, stranger, authority)])
    assert said[0] == said[1]


def audiences(world: World, reader: str, passport: str, at: datetime) -> set[Audience]:
    """Return as whom a reader stands before a battery."""
    with world.store.reading() as reading:
        sheet = passport_sheet(reading, passport)
        who = get_operator(reading, reader)
        return set(access_to(reading, who, sheet.subject, sheet.model_id, at).audiences)


def test_a_grant_holds_until_its_end_and_for_its_scope_only(world: World) -> None:
    first, second = (p.id for p in world.issue("SN-1", "SN-2").passports)
    given = grant(world, models=[], batteries=[first])
    own = {Audience.PUBLIC, Audience.RESPONSIBLE}  # the importer is responsible for both
    interested = {*own, Audience.LEGITIMATE_INTEREST}
    assert audiences(world, IMPORTER, first, NOW) == interested
    assert audiences(world, IMPORTER, second, NOW) == own
    assert audiences(world, RIVAL, first, NOW) == {Audience.PUBLIC}
    before, end = given.expires_at - timedelta(seconds=1), given.expires_at
    assert audiences(world, IMPORTER, first, before) == interested
    assert audiences(world, IMPORTER, first, end) == own
    revoke_grant(world.store, operator(world, MAKER), given.id, Revocation(reason="r"), NOW)
    assert audiences(world, IMPORTER, first, NOW) == own


@pytest.mark.parametrize(
    ("changes", "kind"),
    [
        ({"expires_at": NOW}, InvalidInputError),
        ({"expires_at": NOW + timedelta(days=4000)}, InvalidInputError),
        ({"grantee": "nobody"}, RecordNotFoundError),
        ({"models": ["none"]}, RecordNotFoundError),
        ({"batteries": ["none"]}, RecordNotFoundError),
    ],
)
def test_a_grant_that_cannot_be_is_refused(
    sqlite_world: World, changes: dict[str, Any], kind: type[Exception]
) -> None:
    with pytest.raises(kind):
        grant(sqlite_world, **changes)


def test_a_value_with_control_characters_forges_no_mark_of_a_template(
    sqlite_world: World,
) -> None:
    mark = "\x00serial\x00"
    for name, example in COMPLETE.items():
        for value in poisoned(example, mark):
            found, findings = attributes()[name].value_type.read(value, name)
            assert found is None, (name, value)
            assert findings


def poisoned(value: Any, mark: str) -> list[Any]:
    """Return copies of a value, each with the mark at the end of one of its texts."""
    if isinstance(value, str):
        return [value + mark]
    if isinstance(value, list):
        return [[p] for p in poisoned(value[0], mark)]
    if isinstance(value, dict):
        return [{**value, k: p} for k, inner in value.items() for p in poisoned(inner, mark)]
    return []


def read_by(world: World, name: str, passport: str) -> dict[str, Any]:
    """Read a battery's attributes as an operator."""
    who = operator(world, name)
    return view(world.store, who, lambda t: passport_sheet(t, passport), NOW)


def test_of_readers_at_the_same_moment_each_has_its_place_in_the_chain(world: World) -> None:
    passport = world.issue("SN-1").passports[0].id
    fill(world, Granularity.MODEL)
    results = at_once(*[lambda: read_by(world, AUTHORITY, passport) for _ in range(4)])
    assert all(isinstance(result, dict) for result in results), results
    with world.store.reading() as reading:
        page = inspect_log(reading, get_operator(reading, MAKER), None, 0)
    entries = page["entries"]
    assert [entry["sequence"] for entry in entries] == [1, 2, 3, 4]
    links = [FIRST, *(entry["sha256"] for entry in entries)]
    assert [entry["previous"] for entry in entries] == links[:-1]


def test_two_changes_at_once_are_two_versions_and_none_is_lost(world: World) -> None:
    names = ("cell_count", "original_power_w", "nominal_voltage_v", "cycle_life_c_rate")
    results = at_once(
        *[lambda name=name: write(world, Granularity.MODEL, MODEL, {name: 5}) for name in names]
    )
    assert sorted(result.version for result in results) == [1, 2, 3, 4]  # type: ignore[attr-defined]
    with world.store.reading() as reading:
        given = {e.attribute.id for e in model_sheet(reading, MAKER, MODEL).elements if e.by}
    assert given == set(names)


def sql(world: World, statement: str, **values: Any) -> None:
    """Change the database behind the store's back."""
    with world.store.engine.begin() as connection:
        assert connection.execute(text(statement), values).rowcount


DEFECTS: Final[dict[str, tuple[str, str, str]]] = {
    "a value": (
        "UPDATE attribute_version SET document = X'7b7d' WHERE version = 1",
        "attribute data",
        "not what their SHA-256 says",
    ),
    "a version that is gone": (
        "DELETE FROM attribute_version WHERE level = 'batch' AND version = 1",
        "attribute data",
        "version 1 is missing",
    ),
    "who wrote a version": (
        "UPDATE attribute_version SET actor = 'importer' WHERE level = 'batch' AND version = 2",
        "attribute data",
        "given by somebody else",
    ),
    "a credential that is gone": (
        "DELETE FROM restricted_credential WHERE level = 'model'",
        "attribute data",
        "credential is missing",
    ),
    "a credential": (
        "UPDATE restricted_credential SET credential = X'612e622e637e' WHERE level = 'model'",
        "attribute data",
        "not what its SHA-256 says",
    ),
    "an entry": (
        "UPDATE access_entry SET document = X'7b7d' WHERE sequence = 2",
        "access log",
        "entry 2 is not what its SHA-256 says",
    ),
    "an entry that is gone": (
        "DELETE FROM access_entry WHERE sequence = 2",
        "access log",
        "entry 2 is missing",
    ),
    "the time of an entry": (
        "UPDATE access_entry SET read_at = '2020-01-01 00:00:00' WHERE sequence = 2",
        "access log",
        "columns of entry 2",
    ),
}


@pytest.mark.parametrize("name", DEFECTS)
def test_fsck_names_each_defect(sqlite_world: World, name: str) -> None:
    world = sqlite_world
    passport = world.issue("SN-1").passports[0].id
    fill(world, Granularity.MODEL, Granularity.BATCH)
    fill(world, Granularity.ITEM, passport=passport)
    write(world, Granularity.BATCH, "b-1", {"recycled_nickel_pre_consumer_percent": 9.0})
    for _ in range(3):
        read_by(world, AUTHORITY, passport)
    report = check_store(world.store, DATASET, NOW)
    assert not report.faults
    # Each reading stands in the logs of the issuer and of who is responsible.
    assert (report.checked["attribute_versions"], report.checked["access_log"]) == (4, 2 * 3)
    statement, kind, reason = DEFECTS[name]
    sql(world, statement)
    faults = check_store(world.store, DATASET, NOW).faults
    assert any(f.kind == kind and reason in f.reason for f in faults), faults


def test_fsck_asks_for_the_authorisation_of_who_wrote_for_another(sqlite_world: World) -> None:
    world = sqlite_world
    world.issue("SN-1")
    authorisations.give(world)
    with world.store.reading() as reading:
        subject = find_subject(reading, MAKER, Granularity.BATCH, "b-1")
    given = {"recycled_nickel_pre_consumer_percent": 9.0}
    change = AttributeChange(values=given, reason="a test")
    who = Writer(MAKER, IMPORTER)
    write_attributes(
        world.store, world.keyring, ADDRESS, subject, change, NOW, replace=False, writer=who
    )
    assert check_store(world.store, DATASET, NOW).faults == ()
    sql(world, "DELETE FROM authorisation")
    [fault] = check_store(world.store, DATASET, NOW).faults
    assert (fault.kind, fault.id) == ("attribute data", f"{MAKER}/batch/b-1/1")
    assert "given by somebody else" in fault.reason


def test_an_entry_rewritten_with_its_hash_breaks_the_chain_after_it(sqlite_world: World) -> None:
    world = sqlite_world
    passport = world.issue("SN-1").passports[0].id
    fill(world, Granularity.MODEL)
    for _ in range(3):
        read_by(world, AUTHORITY, passport)
    with world.store.transaction() as transaction:
        row = transaction.access_entries.get(MAKER, 2)
        assert row is not None
        row.document = row.document.replace(AUTHORITY.encode(), b"nobody")
        row.sha256 = hashlib.sha256(row.document).hexdigest()
        transaction.access_entries.add(row)
    (fault,) = check_store(world.store, DATASET, NOW).faults
    assert fault.reason == "entry 3 does not follow the entry before it"


def test_values_that_make_too_large_a_credential_are_refused_and_nothing_is_kept(
    sqlite_world: World,
) -> None:
    many = [{"name": f"{'x' * 190}{n}", "location": "y" * 200} for n in range(1000)]
    with pytest.raises(InvalidInputError) as caught:
        write(sqlite_world, Granularity.MODEL, MODEL, {"detailed_composition": many})
    assert isinstance(caught.value.findings[0], Finding)
    with sqlite_world.store.reading() as reading:
        assert list(reading.attribute_versions.all()) == []


@pytest.mark.parametrize("category", CATEGORIES)
def test_every_category_has_a_model_and_a_passport_under_every_profile(
    sqlite_world: World, category: str
) -> None:
    industrial = category in {"industrial", "stationary"}
    fields = {
        **demo_input("model.json"),
        "id": f"m-{category}",
        "gtin": "09520123000004",
        "category": "industrial" if industrial else category,
        "stationary": category == "stationary",
    }
    register_model(sqlite_world.store, MAKER, BatteryModelCreate(**fields), NOW)
    issued = sqlite_world.issue("C-1", id="c-1", model_id=f"m-{category}", profile="ec-2027-02")
    with sqlite_world.store.reading() as reading:
        sheet = passport_sheet(reading, issued.passports[0].id)
    assert (sheet.category, sheet.profile.id) == (category, "ec-2027-02")


def test_only_an_industrial_battery_is_stationary(sqlite_world: World) -> None:
    fields = {**demo_input("model.json"), "id": "s", "gtin": "09520123000004", "stationary": True}
    with pytest.raises(InvalidInputError) as caught:
        register_model(sqlite_world.store, MAKER, BatteryModelCreate(**fields), NOW)
    assert caught.value.findings[0].field == "stationary"
