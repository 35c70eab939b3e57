"""Keys that are narrowed to some actions: held to them on every call there is, in its own table of routes."""

import json
import re
from collections.abc import Iterator
from datetime import timedelta

import pytest
from fastapi.dependencies.models import Dependant
from fastapi.routing import APIRoute
from starlette.routing import BaseRoute

from api.authentication import calling_operator, reading_operator
from api.route_actions import ACTIONS
from passports.authority.api_keys import (
    ApiKeyCreate,
    ApiKeyRotation,
    authenticate,
    create_api_key,
    create_key_as,
    rotate_api_key,
    rotate_key_as,
)
from passports.authority.roles import Action
from passports.documents import utc_now
from passports.errors import (
    AccessDeniedError,
    InvalidInputError,
    NotAuthenticatedError,
    RecordNotFoundError,
)
from tests.api.caller import JSON, Caller
from tests.worlds import IMPORTER, MAKER, NOW, RIVAL, World

NOT_FOR_THIS = b"this key or token is not for this call ("


def routes(found: list[BaseRoute]) -> Iterator[APIRoute]:
    """Yield all routes of an application, those of included routers too."""
    for route in found:
        if isinstance(route, APIRoute):
            yield route
        elif (included := getattr(route, "original_router", None)) is not None:
            yield from routes(included.routes)


def dependencies(dependant: Dependant) -> Iterator[object]:
    """Yield all that a route depends on."""
    yield dependant.call
    for inner in dependant.dependencies:
        yield from dependencies(inner)


def guarded(caller: Caller) -> list[tuple[str, str, str]]:
    """Return (name, method, path) of every route that asks who calls."""
    keys = {calling_operator, reading_operator}
    return [
        (route.name, method, route.path)
        for route in routes(caller.app.routes)
        if keys & set(dependencies(route.dependant))
        for method in sorted(route.methods or ())
    ]


def narrowed(caller: Caller, operator: str, *actions: Action) -> str:
    """Return a key of an operator that is for some actions only."""
    with caller.voltpass.store.transaction() as transaction:
        return create_api_key(transaction, operator, "narrow", utc_now(), None, actions).token


def call(caller: Caller, method: str, path: str, key: str, **headers: str) -> bytes:
    """Call a route with a key; return the body."""
    target = re.sub(r"\{[^}]*\}", "x", path)
    sent = {**JSON, "authorization": f"Bearer {key}", **headers}
    return caller.send(method, target, sent, b"{}").body


def test_there_are_routes_and_every_one_that_writes_has_its_action(issued: Caller) -> None:
    found = guarded(issued)
    assert len(found) > 35
    unnamed = {name for name, method, _ in found if method != "GET"} - set(ACTIONS)
    assert not unnamed, f"add to api/route_actions.py: {sorted(unnamed)}"
    assert set(ACTIONS) <= {route.name for route in routes(issued.app.routes)}


def test_a_narrowed_key_opens_the_calls_of_its_actions_and_no_other(issued: Caller) -> None:
    only = {action: narrowed(issued, MAKER, action) for action in Action}
    others = {a: narrowed(issued, MAKER, *(set(Action) - {a})) for a in Action}
    for name, method, path in guarded(issued):
        wanted = ACTIONS.get(name, Action.READ)
        assert NOT_FOR_THIS not in call(issued, method, path, only[wanted]), name
        assert NOT_FOR_THIS in call(issued, method, path, others[wanted]), name


def test_a_key_for_two_actions_opens_both(issued: Caller) -> None:
    key = narrowed(issued, MAKER, Action.READ, Action.ISSUE)
    assert NOT_FOR_THIS not in call(issued, "POST", "/v1/batches", key)
    assert NOT_FOR_THIS not in call(issued, "GET", "/v1/grants", key)
    assert NOT_FOR_THIS in call(issued, "POST", "/v1/battery-models", key)


def test_naming_an_action_lends_no_role(issued: Caller) -> None:
    key = narrowed(issued, IMPORTER, Action.ISSUE, Action.OPERATORS, Action.COMPARE)
    for method, path in (
        ("POST", "/v1/batches"),
        ("POST", "/v1/operators"),
        ("GET", "/v1/regulator/footprints"),
    ):
        answer = json.loads(call(issued, method, path, key))
        assert answer["status"] == 403, path


def test_a_refused_call_says_what_the_key_is_for_and_nothing_of_the_key(issued: Caller) -> None:
    key = narrowed(issued, MAKER, Action.READ)
    body = call(issued, "POST", "/v1/batches", key)
    finding = json.loads(body)["findings"][0]
    assert finding["remedy"] == "It is for: read. Use another."
    assert key.encode() not in body
    assert key.rpartition(".")[2].encode() not in body


def test_a_narrowed_key_makes_no_key_that_may_more(world: World) -> None:
    store = world.store
    with store.transaction() as transaction:
        key = create_api_key(transaction, MAKER, "k", NOW, None, [Action.KEYS, Action.READ])
        whole = create_api_key(transaction, MAKER, "all", NOW)
    caller = authenticate(store, key.token, NOW)

    for actions in (None, [Action.ISSUE], [Action.READ, Action.ISSUE]):
        with pytest.raises(AccessDeniedError):
            create_key_as(store, caller, ApiKeyCreate(label="x", actions=actions), NOW)
    with pytest.raises(AccessDeniedError):
        rotate_key_as(store, caller, whole.id, ApiKeyRotation(), NOW)
    less = create_key_as(store, caller, ApiKeyCreate(label="x", actions=[Action.READ]), NOW)
    assert authenticate(store, less.token, NOW).actions == {Action.READ}


def test_a_key_makes_no_key_that_outlasts_it(world: World) -> None:
    store, end = world.store, NOW + timedelta(days=10)
    with store.transaction() as transaction:
        key = create_api_key(transaction, MAKER, "k", NOW, 10)
        endless = create_api_key(transaction, MAKER, "all", NOW)
        other = create_api_key(transaction, MAKER, "l", NOW, 20)
    caller = authenticate(store, key.token, NOW)

    assert create_key_as(store, caller, ApiKeyCreate(label="x"), NOW).expires_at == end
    for days in (1, 10):
        made = create_key_as(store, caller, ApiKeyCreate(label="x", days=days), NOW)
        assert made.expires_at == NOW + timedelta(days=days)
    with pytest.raises(AccessDeniedError, match="outlasts"):
        create_key_as(store, caller, ApiKeyCreate(label="x", days=11), NOW)
    for key_id in (endless.id, other.id):
        with pytest.raises(AccessDeniedError, match="outlasts"):
            rotate_key_as(store, caller, key_id, ApiKeyRotation(), NOW)
    for key_id in (key.id, endless.id, other.id):
        with pytest.raises(AccessDeniedError, match="outlasts"):
            rotate_key_as(store, caller, key_id, ApiKeyRotation(days=11), NOW)

    new = rotate_key_as(store, caller, key.id, ApiKeyRotation(), NOW)
    again = authenticate(store, new.token, NOW + timedelta(days=9))
    newest = rotate_key_as(store, again, new.id, ApiKeyRotation(), NOW + timedelta(days=9))
    assert (new.expires_at, newest.expires_at) == (end, end)
    with pytest.raises(NotAuthenticatedError):
        authenticate(store, newest.token, end)


def test_a_key_without_end_makes_keys_of_any_term(world: World) -> None:
    with world.store.transaction() as transaction:
        endless = create_api_key(transaction, MAKER, "all", NOW)
        short = create_api_key(transaction, MAKER, "k", NOW, 1)
    caller = authenticate(world.store, endless.token, NOW)

    assert create_key_as(world.store, caller, ApiKeyCreate(label="x"), NOW).expires_at is None
    longer = rotate_key_as(world.store, caller, short.id, ApiKeyRotation(days=30), NOW)
    assert longer.expires_at == NOW + timedelta(days=30)
    new = rotate_key_as(world.store, caller, endless.id, ApiKeyRotation(), NOW)
    assert new.expires_at is None


def test_an_expiring_key_makes_none_without_end_by_http(everywhere: Caller) -> None:
    short = everywhere.post("/v1/keys", {"label": "short", "days": 1}, by=MAKER).json()
    headers = {**JSON, "authorization": f"Bearer {short['api_key']}"}
    made = everywhere.send("POST", "/v1/keys", headers, b'{"label": "forever"}')
    assert (made.status, made.json()["expires_at"]) == (201, short["expires_at"])
    refused = everywhere.send("POST", "/v1/keys", headers, b'{"label": "long", "days": 2}')
    assert (refused.status, refused.findings()[0]["field"]) == (403, "days")
    rotation = f"/v1/keys/{short['id']}/rotation"
    rotated = everywhere.send("POST", rotation, headers, b"{}")
    assert (rotated.status, rotated.json()["expires_at"]) == (201, short["expires_at"])


def test_a_key_is_rotated_with_an_overlap_in_which_both_are_good(world: World) -> None:
    with world.store.transaction() as transaction:
        old = create_api_key(transaction, MAKER, "press", NOW, None, [Action.ISSUE])
        new = rotate_api_key(transaction, MAKER, old.id, ApiKeyRotation(overlap_hours=2), NOW)

    assert new.token != old.token
    before, after = NOW + timedelta(hours=1, minutes=59), NOW + timedelta(hours=2)
    assert authenticate(world.store, old.token, before).actions == {Action.ISSUE}
    assert authenticate(world.store, new.token, before).actions == {Action.ISSUE}
    with pytest.raises(NotAuthenticatedError):
        authenticate(world.store, old.token, after)
    assert authenticate(world.store, new.token, after).id == MAKER


def test_a_rotation_never_prolongs_the_old_key(world: World) -> None:
    with world.store.transaction() as transaction:
        old = create_api_key(transaction, MAKER, "press", NOW, 1)
        rotate_api_key(transaction, MAKER, old.id, ApiKeyRotation(overlap_hours=720), NOW)
        row = transaction.api_keys.get(MAKER, old.id)
    assert row is not None
    assert row.expires_at == NOW + timedelta(days=1)


def test_a_key_out_of_use_is_not_rotated_nor_anothers(world: World) -> None:
    with world.store.transaction() as transaction:
        old = create_api_key(transaction, MAKER, "press", NOW, 1)
        rotate_api_key(transaction, MAKER, old.id, ApiKeyRotation(), NOW)
    for operator, at, error in (
        (MAKER, NOW, InvalidInputError),
        (MAKER, NOW + timedelta(days=2), InvalidInputError),
        (RIVAL, NOW, RecordNotFoundError),
    ):
        with world.store.transaction() as transaction, pytest.raises(error):
            rotate_api_key(transaction, operator, old.id, ApiKeyRotation(), at)


def test_a_key_whose_actions_are_not_known_any_more_may_do_nothing(sqlite_world: World) -> None:
    with sqlite_world.store.transaction() as transaction:
        key = create_api_key(transaction, MAKER, "k", NOW, None, [Action.READ])
        row = transaction.api_keys.get(MAKER, key.id)
        assert row is not None
        row.actions = ["an action of another version"]
        transaction.api_keys.add(row)
    assert authenticate(sqlite_world.store, key.token, NOW).actions == frozenset()
