"""Versions of passports: each change is one, signed, logged, chained; nothing is overwritten."""

import json
from datetime import timedelta
from typing import Any, Final

import pytest
from hypothesis import given
from hypothesis import strategies as st
from sqlalchemy import text

from lca.datasets import load_shipped_dataset
from passports.attributes.data import AttributeChange, find_subject, write_attributes
from passports.attributes.table import Granularity
from passports.errors import AccessDeniedError, RecordNotFoundError, StaleVersionError
from passports.fsck.whole import check_store
from passports.life.merge_patch import apply_merge_patch, merge_patch
from passports.life.renewal import Renewal, batches_of_model, renew_passports
from passports.life.version_making import Making
from passports.life.versions import (
    ChangeKind,
    PassportChange,
    difference,
    get_version,
    list_versions,
    new_version,
    new_version_in,
    version_at,
)
from passports.operators import get_operator
from passports.resolve import StoredPassport, passport_by_id
from tests.revoking import revoke_passport
from tests.worlds import ADDRESS, IMPORTER, MAKER, MODEL, NOW, RIVAL, World

LATER = NOW + timedelta(days=30)
DATASET: Final = load_shipped_dataset()


def change(world: World, passport_id: str, actor: str = MAKER, **fields: Any) -> StoredPassport:
    """Make a change of a passport a month after it was issued."""
    request = PassportChange(**{"reason": "the workshop measured", **fields})
    if request.responsible_operator_id is not None:  # as a transfer does that both sides signed
        with world.store.transaction() as transaction:
            who = get_operator(transaction, actor)
            making = Making(transaction, world.keyring, ADDRESS, who, LATER)
            return new_version_in(making, passport_id, request)
    return new_version(world.store, world.keyring, ADDRESS, actor, passport_id, request, LATER)


def test_a_change_makes_the_next_version_and_leaves_the_first_as_it_was(world: World) -> None:
    passport = world.issue("SN-1").passports[0]
    first = passport_by_id(world.store, passport.id)

    second = change(world, passport.id, responsible_operator_id=RIVAL)

    assert (second.version, passport_by_id(world.store, passport.id)) == (2, second)
    assert get_version(world.store, passport.id, 1) == first
    subject = second.payload()["credentialSubject"]
    assert subject["responsibleOperator"]["id"] == RIVAL
    assert subject["versionStatement"]["previousSha256"] == first.sha256
    assert subject["versionStatement"]["actor"] == MAKER


def test_the_same_change_again_makes_no_version(world: World) -> None:
    passport = world.issue("SN-1").passports[0]
    once = change(world, passport.id, values={"cycle_count": 12})
    assert once.version == 2
    assert change(world, passport.id, values={"cycle_count": 12}) == once
    assert len(list_versions(world.store, passport.id)) == 2


def test_a_version_verifies_and_the_one_before_it_is_superseded_also_offline(world: World) -> None:
    passport = world.issue("SN-1").passports[0]
    first = passport_by_id(world.store, passport.id)
    second = change(world, passport.id, values={"cycle_count": 12})

    report = world.verify(second.credential, at=LATER, scanned_link=passport.link)
    steps = {step.step: step for step in report.steps}
    assert [s for s in report.steps if s.outcome == "failed"] == []
    assert (steps["version"].outcome, steps["log_inclusion"].outcome) == ("passed", "passed")

    old = {s.step: s for s in world.verify(first.credential, at=LATER).steps}
    assert (old["version"].outcome, old["version"].reason_code) == ("warning", "superseded")
    assert old["log_inclusion"].outcome == "passed"


def test_the_version_valid_at_a_time_can_be_read(world: World) -> None:
    passport = world.issue("SN-1").passports[0]
    change(world, passport.id, values={"cycle_count": 12})
    for at, number in ((NOW, 1), (LATER - timedelta(seconds=1), 1), (LATER, 2)):
        assert version_at(world.store, passport.id, at).version == number
    with pytest.raises(RecordNotFoundError) as early:
        version_at(world.store, passport.id, NOW - timedelta(seconds=1))
    assert (early.value.findings[0].field, early.value.kind) == ("at", "version")
    with pytest.raises(RecordNotFoundError) as unknown:
        version_at(world.store, "unheard-of", NOW)
    assert (unknown.value.findings[0].field, unknown.value.kind) == ("id", "passport")


def test_a_merge_patch_leads_from_one_version_to_the_other(world: World) -> None:
    passport = world.issue("SN-1").passports[0]
    change(world, passport.id, responsible_operator_id=RIVAL)
    old, new = (get_version(world.store, passport.id, number) for number in (1, 2))
    patch = difference(old, new)
    assert patch["responsibleOperator"]["id"] == RIVAL
    assert "model" not in patch
    before = old.payload()["credentialSubject"]
    assert apply_merge_patch(before, patch) == new.payload()["credentialSubject"]


def test_restricted_values_and_reasons_stay_out_of_the_public_bytes(world: World) -> None:
    passport = world.issue("SN-1").passports[0]
    second = change(world, passport.id, values={"cycle_count": 4711}, reason="it caught fire")
    text = str(second.payload())
    assert "4711" not in text
    assert "fire" not in text
    [_, version] = list_versions(world.store, passport.id)
    assert (version.reason, version.kind) == ("it caught fire", ChangeKind.DATA)
    assert "fire" not in str(version.to_document())


def test_only_who_is_responsible_or_issued_for_who_is_changes_a_passport(world: World) -> None:
    passport = world.issue("SN-1").passports[0]
    with pytest.raises(AccessDeniedError):
        change(world, passport.id, RIVAL, values={"cycle_count": 1})
    assert change(world, passport.id, IMPORTER, values={"cycle_count": 1}).version == 2
    assert change(world, passport.id, MAKER, responsible_operator_id=RIVAL).version == 3
    for former in (MAKER, IMPORTER):
        with pytest.raises(AccessDeniedError):
            change(world, passport.id, former, values={"cycle_count": 2})
    assert change(world, passport.id, RIVAL, values={"cycle_count": 2}).version == 4


def test_a_change_for_another_version_than_the_newest_is_refused(world: World) -> None:
    passport = world.issue("SN-1").passports[0]
    change(world, passport.id, values={"cycle_count": 1}, expected_version=1)
    with pytest.raises(StaleVersionError):
        change(world, passport.id, values={"cycle_count": 2}, expected_version=1)


def test_what_is_written_for_model_and_batch_after_issuing_is_signed_by_a_renewal(
    world: World,
) -> None:
    first, second, third = (p.id for p in world.issue("A", "B", "C").passports)
    revoke_passport(world.store, world.keyring, ADDRESS, MAKER, third, NOW)
    with world.store.reading() as reading:
        subject = find_subject(reading, MAKER, Granularity.MODEL, MODEL)
    request = AttributeChange(values={"extinguishing_agents": ["CO2"]}, reason="was missing")
    write_attributes(world.store, world.keyring, ADDRESS, subject, request, LATER, replace=False)

    def renew() -> Renewal:
        batches = batches_of_model(world.store, MAKER, MODEL)
        return renew_passports(
            world.store, world.keyring, ADDRESS, MAKER, batches, "model data", LATER
        )

    assert renew() == Renewal(renewed=2, unchanged=0, ended=1)
    assert renew() == Renewal(renewed=0, unchanged=2, ended=1)
    for passport in (first, second):
        stored = passport_by_id(world.store, passport)
        attributes = stored.payload()["credentialSubject"]["attributes"]
        assert attributes["extinguishing_agents"] == {"value": ["CO2"]}
        assert world.verify(stored.credential, at=LATER).step("signature").outcome == "passed"
    with pytest.raises(RecordNotFoundError):
        renew_passports(world.store, world.keyring, ADDRESS, MAKER, ["b-9"], "x", LATER)


JSON_OBJECTS: Final = st.dictionaries(
    st.sampled_from("abc"),
    st.recursive(
        st.booleans() | st.integers(0, 2) | st.sampled_from(["", "x"]) | st.just([1, None]),
        lambda inner: st.dictionaries(st.sampled_from("abc"), inner, max_size=3),
        max_leaves=8,
    ),
    max_size=3,
)


@given(JSON_OBJECTS, JSON_OBJECTS)
def test_a_merge_patch_applied_to_the_old_gives_the_new(
    old: dict[str, Any], new: dict[str, Any]
) -> None:
    patch = merge_patch(old, new)
    assert json.dumps(apply_merge_patch(old, patch), sort_keys=True) == json.dumps(
        new, sort_keys=True
    )
    assert (patch == {}) == (json.dumps(old, sort_keys=True) == json.dumps(new, sort_keys=True))


# RFC 7396, appendix A: all of its examples.
@pytest.mark.parametrize(
    ("original", "patch", "result"),
    [
        ({"a": "b"}, {"a": "c"}, {"a": "c"}),
        ({"a": "b"}, {"b": "c"}, {"a": "b", "b": "c"}),
        ({"a": "b"}, {"a": None}, {}),
        ({"a": "b", "b": "c"}, {"a": None}, {"b": "c"}),
        ({"a": ["b"]}, {"a": "c"}, {"a": "c"}),
        ({"a": "c"}, {"a": ["b"]}, {"a": ["b"]}),
        ({"a": {"b": "c"}}, {"a": {"b": "d", "c": None}}, {"a": {"b": "d"}}),
        ({"a": [{"b": "c"}]}, {"a": [1]}, {"a": [1]}),
        (["a", "b"], ["c", "d"], ["c", "d"]),
        ({"a": "b"}, ["c"], ["c"]),
        ({"a": "foo"}, None, None),
        ({"a": "foo"}, "bar", "bar"),
        ({"e": None}, {"a": 1}, {"e": None, "a": 1}),
        ([1, 2], {"a": "b", "c": None}, {"a": "b"}),
        ({}, {"a": {"bb": {"ccc": None}}}, {"a": {"bb": {}}}),
    ],
)
def test_the_examples_of_the_rfc_hold(original: Any, patch: Any, result: Any) -> None:
    assert apply_merge_patch(original, patch) == result


DEFECTS: Final = {
    "a version is taken out": (
        "DELETE FROM passport_change WHERE version = 2; DELETE FROM passport WHERE version = 2",
        "version 2 is missing",
    ),
    "a reason is changed": (
        "UPDATE passport_change SET document = :data WHERE version = 3",
        "its change is not what its SHA-256 says",
    ),
    "an actor is changed": (
        "UPDATE passport_change SET actor_id = 'rival' WHERE version = 3",
        "columns of its change differ",
    ),
    "a kind is changed": (
        "UPDATE passport_change SET kind = 'data' WHERE version = 3",
        "columns of its change differ",
    ),
    "a status is changed": (
        "UPDATE passport_change SET life_cycle_status = 'recycled' WHERE version = 3",
        "does not go from original to recycled",
    ),
    "a change is taken out": (
        "DELETE FROM passport_change WHERE version = 3",
        "why it was made is missing",
    ),
    "time runs back": (
        "UPDATE passport SET issued_at = '2001-01-01' WHERE version = 3",
        "older than the version before",
    ),
    "a succession is invented": (
        """INSERT INTO passport_succession
        SELECT operator_id, id, id, operator_id, issued_at FROM passport WHERE version = 1""",
        "does not say so",
    ),
}


@pytest.mark.parametrize("name", DEFECTS)
def test_fsck_names_what_is_wrong_in_a_chain_of_versions(sqlite_world: World, name: str) -> None:
    world = sqlite_world
    passport = world.issue("SN-1").passports[0].id
    change(world, passport, values={"cycle_count": 1})
    change(world, passport, life_cycle_status="waste")
    assert not check_store(world.store, DATASET, LATER).faults
    statement, reason = DEFECTS[name]
    with world.store.engine.begin() as connection:
        for part in statement.split(";"):
            given_data = {"data": b'{"reason":"nothing happened"}'} if ":data" in part else {}
            connection.execute(text(part), given_data)
    reasons = [fault.reason for fault in check_store(world.store, DATASET, LATER).faults]
    assert any(reason in found for found in reasons), reasons
