"""Versions of passports: each change is one, signed, logged, chained; nothing is overwritten."""

from datetime import timedelta
from typing import Any

import pytest

from passports.errors import AccessDeniedError, RecordNotFoundError, StaleVersionError
from passports.merge_patch import apply_merge_patch
from passports.operators import get_operator
from passports.resolve import StoredPassport, passport_by_id
from passports.version_making import Making
from passports.versions import (
    ChangeKind,
    PassportChange,
    difference,
    get_version,
    list_versions,
    new_version,
    new_version_in,
    version_at,
)
from tests.worlds import ADDRESS, IMPORTER, MAKER, NOW, RIVAL, World

LATER = NOW + timedelta(days=30)


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
    with pytest.raises(RecordNotFoundError):
        version_at(world.store, passport.id, NOW - timedelta(seconds=1))


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
