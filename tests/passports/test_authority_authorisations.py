"""Written authorisations: what they cover, when they end, what cannot be lent, and that acts are recorded."""

from datetime import timedelta
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from passports.authority.authorisations import (
    Authorisation,
    AuthorisationCreate,
    act_for,
    broken_acts,
    give_authorisation,
    list_acts,
    list_authorisations,
    revoke_authorisation,
)
from passports.authority.callers import Caller
from passports.authority.grants import Revocation
from passports.authority.roles import Action
from passports.authority.terms import LENDABLE
from passports.documents import read_document
from passports.errors import AccessDeniedError, InvalidInputError, RecordNotFoundError
from passports.operators import EconomicOperatorCreate, get_operator, register_operator
from tests.worlds import ADDRESS, AUTHORITY, IMPORTER, MAKER, MODEL, NOW, RIVAL, World

REASON = Revocation(reason="the contract ended")
UNTIL = NOW + timedelta(days=30)


def request(**changes: Any) -> AuthorisationCreate:
    """Return an authorisation of the importer to issue, with changes."""
    fields = {
        "agent": IMPORTER,
        "actions": ["issue", "attributes"],
        "valid_until": UNTIL.isoformat(),
        "document_title": "Mandate of 2026-11-01",
        "document_sha256": "ab" * 32,
    }
    return read_document(AuthorisationCreate, {**fields, **changes}, "the authorisation")


def caller(world: World, name: str, *narrowed: Action) -> Caller:
    """Return an operator as it calls."""
    with world.store.reading() as reading:
        return Caller.of(get_operator(reading, name), "key", narrowed or None)


def give(world: World, **changes: Any) -> Authorisation:
    """Have the maker authorise the importer."""
    return give_authorisation(world.store, caller(world, MAKER), request(**changes), NOW)


def act(
    world: World,
    by: str = IMPORTER,
    action: Action = Action.ISSUE,
    models: set[str] | None = None,
    days: float = 0,
    *narrowed: Action,
) -> Caller:
    """Act for the maker."""
    at = NOW + timedelta(days=days)
    agent = caller(world, by, *narrowed)
    return act_for(world.store, agent, MAKER, action, models, "POST /v1/batches", at)


def test_an_authorised_operator_acts_as_the_other_for_what_was_lent_and_no_more(
    world: World,
) -> None:
    authorisation = give(world)
    acting = act(world)
    assert (acting.id, acting.actor_id, acting.acting_id) == (MAKER, IMPORTER, IMPORTER)
    assert acting.authorisation_id == authorisation.id
    assert acting.actions == {Action.ISSUE, Action.ATTRIBUTES}
    assert not acting.may(Action.KEYS)
    for action in set(Action) - {Action.ISSUE, Action.ATTRIBUTES}:
        with pytest.raises(AccessDeniedError):
            act(world, action=action)


@pytest.mark.parametrize("who", [RIVAL, AUTHORITY])
def test_nobody_else_acts_under_it(world: World, who: str) -> None:
    give(world)
    with pytest.raises(AccessDeniedError):
        act(world, who)
    with world.store.reading() as reading:
        assert list_acts(reading, MAKER, 0)["acts"] == []


def test_it_holds_from_its_beginning_to_its_end(world: World) -> None:
    give(world, valid_from=(NOW + timedelta(days=10)).isoformat())
    for days, is_allowed in ((9.99, False), (10, True), (29.99, True), (30, False)):
        if is_allowed:
            assert act(world, days=days).id == MAKER
        else:
            with pytest.raises(AccessDeniedError):
                act(world, days=days)


@pytest.mark.parametrize("who", [MAKER, IMPORTER])
def test_either_side_ends_it_at_once(world: World, who: str) -> None:
    authorisation = give(world)
    with pytest.raises(RecordNotFoundError):
        revoke_authorisation(world.store, caller(world, RIVAL), authorisation.id, REASON, NOW)
    ended = revoke_authorisation(world.store, caller(world, who), authorisation.id, REASON, NOW)
    assert (ended.revoked_by, ended.revocation_reason) == (who, REASON.reason)
    with pytest.raises(AccessDeniedError):
        act(world)
    again = revoke_authorisation(world.store, caller(world, MAKER), authorisation.id, REASON, UNTIL)
    assert again.revoked_at == NOW  # the first end stands


def test_one_for_some_models_covers_these_and_nothing_without_a_model(world: World) -> None:
    give(world, models=[MODEL])
    assert act(world, models={MODEL}).id == MAKER
    for models in (None, set(), {"other"}, {MODEL, "other"}):
        with pytest.raises(AccessDeniedError):
            act(world, models=models)


@given(
    actions=st.sets(st.sampled_from(sorted(LENDABLE)), min_size=1),
    models=st.none() | st.sets(st.sampled_from("abc"), min_size=1),
    asked=st.sampled_from(sorted(Action)),
    about=st.none() | st.sets(st.sampled_from("abcd")),
)
def test_covering_is_both_the_action_and_every_model(
    actions: set[Action], models: set[str] | None, asked: Action, about: set[str] | None
) -> None:
    fields = request(actions=sorted(actions), models=sorted(models) if models else None)
    authorisation = Authorisation(**fields.model_dump(), id="x", operator_id=MAKER, given_at=NOW)
    within = models is None or (bool(about) and (about or set()) <= models)
    assert authorisation.covers(asked, about) is (asked in actions and within)


@pytest.mark.parametrize("action", sorted(set(Action) - LENDABLE))
def test_authority_and_offices_are_never_lent(action: Action) -> None:
    with pytest.raises(InvalidInputError, match="cannot be done for another"):
        request(actions=["issue", action.value])


def test_nobody_lends_what_it_may_not_do_itself(world: World) -> None:
    for who, narrowed in ((AUTHORITY, ()), (MAKER, (Action.ISSUE, Action.ATTRIBUTES))):
        with pytest.raises(AccessDeniedError, match="not for this operator, or not for this key"):
            give_authorisation(world.store, caller(world, who, *narrowed), request(), NOW)
    giver = caller(world, MAKER, Action.READ, Action.AUTHORISATIONS)
    with pytest.raises(AccessDeniedError, match="no more than there is"):
        give_authorisation(world.store, giver, request(), NOW)


def test_the_eyes_of_an_authority_are_not_lent(sqlite_world: World) -> None:
    world = sqlite_world
    body = EconomicOperatorCreate(id="body", name="B", roles=["notified_body"], country="DE")
    register_operator(world.store, world.keyring, ADDRESS, body, NOW)
    for actions in (["read"], ["grants", "read"]):
        with pytest.raises(AccessDeniedError, match="no more than there is"):
            give_authorisation(world.store, caller(world, "body"), request(actions=actions), NOW)
    # Nor when the role came after the authorisation.
    give(world, actions=["read", "issue"])
    with world.store.transaction() as transaction:
        row = transaction.operators.get(MAKER)
        assert row is not None
        row.document = row.document.replace(b'["manufacturer"]', b'["manufacturer","commission"]')
        transaction.operators.add(row)
    assert act(world, action=Action.ISSUE).actions == {Action.ISSUE}
    with pytest.raises(AccessDeniedError):
        act(world, action=Action.READ)


def test_a_narrowed_key_acts_for_another_within_its_narrowing(world: World) -> None:
    give(world)
    assert act(world, IMPORTER, Action.ISSUE, None, 0, Action.ISSUE).id == MAKER
    with pytest.raises(AccessDeniedError):
        act(world, IMPORTER, Action.ISSUE, None, 0, Action.READ, Action.ATTRIBUTES)


@pytest.mark.parametrize(
    ("changes", "field"),
    [
        ({"valid_until": NOW.isoformat()}, "valid_until"),
        ({"valid_until": (NOW + timedelta(days=4000)).isoformat()}, "valid_until"),
        ({"valid_from": UNTIL.isoformat()}, "valid_from"),
        ({"agent": MAKER}, "agent"),
    ],
)
def test_wrong_dates_and_oneself_are_refused(
    world: World, changes: dict[str, Any], field: str
) -> None:
    with pytest.raises(InvalidInputError) as caught:
        give(world, **changes)
    assert caught.value.findings[0].field == field


@pytest.mark.parametrize(
    "changes",
    [
        {"actions": []},
        {"actions": ["rule"]},
        {"models": []},
        {"document_sha256": "x"},
        {"document_title": ""},
        {"valid_until": "2027-01-01T00:00:00"},
        {"valid_until": 7},
        {"unheard_of": 1},
    ],
)
def test_a_malformed_authorisation_is_refused(changes: dict[str, Any]) -> None:
    with pytest.raises(InvalidInputError):
        request(**changes)


@pytest.mark.parametrize("changes", [{"agent": "nobody"}, {"models": ["none"]}])
def test_what_is_not_registered_is_not_found(world: World, changes: dict[str, Any]) -> None:
    with pytest.raises(RecordNotFoundError):
        give(world, **changes)


def test_every_act_is_recorded_in_a_chain_that_shows_tampering(world: World) -> None:
    authorisation = give(world)
    for days in range(3):
        act(world, days=days)
    with world.store.reading() as reading:
        page = list_acts(reading, MAKER, 0)
        assert list(broken_acts(reading, MAKER)) == []
        assert [a.id for a in list_authorisations(reading, IMPORTER)] == [authorisation.id]
    assert [a["sequence"] for a in page["acts"]] == [1, 2, 3]
    first = page["acts"][0]
    assert (first["actor"], first["authorisation"]) == (IMPORTER, authorisation.id)
    assert (first["action"], first["call"]) == ("issue", "POST /v1/batches")

    with world.store.transaction() as transaction:
        row = transaction.acts.page(MAKER, 0, 9)[1]
        row.document = row.document.replace(IMPORTER.encode(), b"nobodyyy")
        transaction.acts.add(row)
    with world.store.reading() as reading:
        assert list(broken_acts(reading, MAKER)) == ["act 2 is not what its SHA-256 says"]
