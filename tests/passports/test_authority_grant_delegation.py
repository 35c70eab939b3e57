"""Grants passed on: a part of the whole, no longer than it, ended with it, seen by who granted it."""

from datetime import timedelta
from typing import Any

import pytest

from passports.authority.grant_delegation import GrantDelegation, pass_on
from passports.authority.grants import (
    AccessGrant,
    AccessGrantCreate,
    Revocation,
    active_grants,
    give_grant,
    list_grants,
    revoke_grant,
)
from passports.documents import read_document
from passports.errors import AccessDeniedError, InvalidInputError, RecordNotFoundError
from passports.operators import EconomicOperator, get_operator
from tests.worlds import AUTHORITY, IMPORTER, MAKER, MODEL, NOW, RIVAL, World

UNTIL = NOW + timedelta(days=30)
REASON = Revocation(reason="an emergency")


def operator(world: World, name: str) -> EconomicOperator:
    """Return an operator."""
    with world.store.reading() as reading:
        return get_operator(reading, name)


def give(world: World, **changes: Any) -> AccessGrant:
    """Have the maker grant the importer its model, to be passed on."""
    fields = {
        "grantee": IMPORTER,
        "grantee_kind": "organisation",
        "purpose": "repair",
        "models": [MODEL],
        "expires_at": UNTIL.isoformat(),
        "may_be_passed_on": True,
    }
    request = read_document(AccessGrantCreate, {**fields, **changes}, "the grant")
    return give_grant(world.store, MAKER, request, NOW)


def part(world: World, whole: AccessGrant, by: str = IMPORTER, **changes: Any) -> AccessGrant:
    """Pass a part on to the rival, for a battery by default."""
    fields = {
        "grantee": RIVAL,
        "grantee_kind": "organisation",
        "models": [MODEL],
        "expires_at": UNTIL.isoformat(),
    }
    request = read_document(GrantDelegation, {**fields, **changes}, "the part")
    return pass_on(world.store, operator(world, by), whole.id, request, NOW)


def opens(world: World, reader: str, battery: str | None = None, days: float = 0) -> bool:
    """Tell whether the reader has a legitimate interest in the maker's model or battery."""
    at = NOW + timedelta(days=days)
    with world.store.reading() as reading:
        return bool(active_grants(reading, MAKER, reader, MODEL, battery, at))


def test_a_part_opens_what_it_names_to_whom_it_was_passed_on(world: World) -> None:
    first, second = world.issue("SN-1", "SN-2").passports
    one = part(world, give(world), models=[], batteries=[first.id])
    assert (one.purpose, one.passed_on_by, one.operator_id) == ("repair", IMPORTER, MAKER)
    assert opens(world, RIVAL, first.id)
    assert not opens(world, RIVAL, second.id)
    assert not opens(world, RIVAL)


@pytest.mark.parametrize("who", [MAKER, AUTHORITY])
def test_a_part_ends_when_the_whole_is_revoked(world: World, who: str) -> None:
    whole = give(world)
    part(world, whole)
    assert opens(world, RIVAL)
    revoke_grant(world.store, operator(world, who), whole.id, REASON, NOW)
    assert not opens(world, IMPORTER)
    assert not opens(world, RIVAL)


@pytest.mark.parametrize("who", [MAKER, AUTHORITY, IMPORTER])
def test_a_part_is_ended_alone_by_who_granted_or_passed_it_on(world: World, who: str) -> None:
    one = part(world, give(world))
    with pytest.raises(AccessDeniedError):
        revoke_grant(world.store, operator(world, RIVAL), one.id, REASON, NOW)
    revoke_grant(world.store, operator(world, who), one.id, REASON, NOW)
    assert opens(world, IMPORTER)
    assert not opens(world, RIVAL)


def test_a_part_of_a_part_ends_with_each_of_those_above(world: World) -> None:
    for above in range(3):
        grants = [give(world)]
        grants.append(part(world, grants[0], may_be_passed_on=True))
        grants.append(part(world, grants[1], by=RIVAL, grantee=AUTHORITY))
        assert opens(world, AUTHORITY)
        revoke_grant(world.store, operator(world, MAKER), grants[above].id, REASON, NOW)
        assert not opens(world, AUTHORITY)


def test_a_grant_is_passed_on_twice_at_most(world: World) -> None:
    second = part(world, give(world), may_be_passed_on=True)
    third = part(world, second, by=RIVAL, grantee=AUTHORITY, may_be_passed_on=True)
    with pytest.raises(AccessDeniedError, match="not passed on"):
        part(world, third, by=AUTHORITY, grantee=IMPORTER)


def test_a_part_is_neither_larger_nor_longer_than_the_whole(world: World) -> None:
    [passport] = world.issue("SN-1").passports
    whole = give(world, models=[], batteries=[passport.id])
    later = (UNTIL + timedelta(seconds=1)).isoformat()
    cases: list[tuple[dict[str, Any], str]] = [
        ({"models": [MODEL]}, "models[0]"),
        ({"models": [], "batteries": ["other"]}, "batteries[0]"),
        ({"models": [], "batteries": [passport.id], "expires_at": later}, "expires_at"),
        ({"models": [], "batteries": [passport.id], "expires_at": NOW.isoformat()}, "expires_at"),
        ({"models": [], "batteries": [passport.id], "grantee": MAKER}, "grantee"),
        ({"models": [], "batteries": [passport.id], "grantee": IMPORTER}, "grantee"),
    ]
    for changes, field in cases:
        with pytest.raises(InvalidInputError) as caught:
            part(world, whole, **changes)
        assert [f.field for f in caught.value.findings] == [field]
    with pytest.raises(InvalidInputError):
        part(world, whole, purpose="purchase")


def test_only_the_grantee_passes_on_and_only_what_may_be(world: World) -> None:
    whole = give(world)
    for who in (MAKER, RIVAL, AUTHORITY):
        with pytest.raises(RecordNotFoundError):
            part(world, whole, by=who)
    with pytest.raises(AccessDeniedError):
        part(world, give(world, may_be_passed_on=False))
    revoke_grant(world.store, operator(world, MAKER), whole.id, REASON, NOW)
    with pytest.raises(AccessDeniedError):
        part(world, whole)


def test_who_granted_and_who_passed_on_see_the_part(world: World) -> None:
    one = part(world, give(world))
    with world.store.reading() as reading:
        for who in (MAKER, IMPORTER, RIVAL):
            assert one.id in {grant.id for grant in list_grants(reading, who)}
        assert [g.id for g in list_grants(reading, RIVAL)] == [one.id]
