"""API keys: hashed at rest, scoped to one operator, refused once expired or revoked."""

from datetime import timedelta
from pathlib import Path

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from passports.authority.api_keys import NewApiKey, authenticate, create_api_key, revoke_api_key
from passports.errors import InvalidInputError, NotAuthenticatedError, RecordNotFoundError
from tests.worlds import MAKER, NOW, RIVAL, World


def make(world: World, operator: str = MAKER, days: int | None = None) -> NewApiKey:
    """Make a key for an operator."""
    with world.store.transaction() as transaction:
        return create_api_key(transaction, operator, "press line 1", NOW, days)


def test_a_key_authenticates_its_own_operator(world: World) -> None:
    for operator in (MAKER, RIVAL):
        assert authenticate(world.store, make(world, operator).token, NOW).id == operator


def test_the_secret_occurs_nowhere_in_the_bytes_of_the_database(sqlite_world: World) -> None:
    key = make(sqlite_world)
    sqlite_world.store.close()
    path = Path(sqlite_world.store.url.removeprefix("sqlite:///"))
    written = b"".join(file.read_bytes() for file in path.parent.glob(f"{path.name}*"))
    secret = key.token.rpartition(".")[2]
    assert key.id.encode() in written
    assert secret.encode() not in written
    assert len(secret) >= 43


def test_a_key_does_not_print_its_secret(sqlite_world: World) -> None:
    key = make(sqlite_world)
    assert key.token.rpartition(".")[2] not in repr(key)


def test_every_key_is_another(sqlite_world: World) -> None:
    assert len({make(sqlite_world).token for _ in range(5)}) == 5


def test_a_key_is_good_until_the_instant_at_which_it_expires(world: World) -> None:
    key = make(world, days=1)
    last = NOW + timedelta(days=1)
    assert key.expires_at == last
    assert authenticate(world.store, key.token, last - timedelta(seconds=1)).id == MAKER
    with pytest.raises(NotAuthenticatedError):
        authenticate(world.store, key.token, last)


def test_a_key_without_end_is_good_after_years(sqlite_world: World) -> None:
    key = make(sqlite_world)
    assert authenticate(sqlite_world.store, key.token, NOW + timedelta(days=9999)).id == MAKER


def test_a_revoked_key_is_refused_and_others_stay_good(world: World) -> None:
    key, other = make(world), make(world)
    with world.store.transaction() as transaction:
        revoke_api_key(transaction, MAKER, key.id, NOW)
    with pytest.raises(NotAuthenticatedError):
        authenticate(world.store, key.token, NOW)
    assert authenticate(world.store, other.token, NOW).id == MAKER
    with world.store.reading() as reading:
        assert {row.id: row.revoked_at for row in reading.api_keys.of(MAKER)} == {
            key.id: NOW,
            other.id: None,
        }


def test_a_key_of_another_operator_cannot_be_revoked(world: World) -> None:
    key = make(world)
    with world.store.transaction() as transaction, pytest.raises(RecordNotFoundError):
        revoke_api_key(transaction, RIVAL, key.id, NOW)
    assert authenticate(world.store, key.token, NOW).id == MAKER


def test_a_token_with_another_operators_name_in_it_is_refused(world: World) -> None:
    _, operator, key_id, secret = make(world).token.split(".")
    assert operator == MAKER
    with pytest.raises(NotAuthenticatedError):
        authenticate(world.store, f"vp.{RIVAL}.{key_id}.{secret}", NOW)


def test_no_refusal_tells_why(sqlite_world: World) -> None:
    token = make(sqlite_world, days=1).token
    messages = set()
    for wrong, at in [
        (token[:-1] + ("A" if token[-1] != "A" else "B"), NOW),
        ("vp.nobody.0.x", NOW),
        ("", NOW),
        (token, NOW + timedelta(days=2)),
    ]:
        with pytest.raises(NotAuthenticatedError) as caught:
            authenticate(sqlite_world.store, wrong, at)
        messages.add(str(caught.value))
    assert len(messages) == 1


@settings(
    suppress_health_check=[HealthCheck.function_scoped_fixture], max_examples=60, deadline=None
)
@given(
    token=st.text(st.characters(codec=None))
    | st.lists(st.text(st.characters(codec=None), max_size=5), min_size=3, max_size=3).map(
        lambda parts: ".".join(["vp", *parts])
    )
)
def test_malformed_tokens_are_refused_and_nothing_else(world: World, token: str) -> None:
    with pytest.raises(NotAuthenticatedError):
        authenticate(world.store, token, NOW)


@pytest.mark.parametrize("days", [0, -1, 3651])
def test_a_key_is_valid_for_a_day_to_ten_years(sqlite_world: World, days: int) -> None:
    with pytest.raises(InvalidInputError, match="days"):
        make(sqlite_world, days=days)


def test_nobody_gets_a_key_who_is_not_registered(world: World) -> None:
    with pytest.raises(RecordNotFoundError):
        make(world, "nobody")
