"""A battery's restricted credential follows its passport: suspended, reinstated, revoked; old ones too."""

from collections.abc import Mapping
from datetime import datetime, timedelta

import pytest
from sqlalchemy import text

from lca.datasets import load_shipped_dataset
from passports import restricted
from passports.attributes.table import Granularity
from passports.fsck.whole import check_store
from passports.life.withdrawal import StatusChange, Withdrawing, change_status
from passports.token_status import publish_token_status_list
from signing.credentials import decode
from signing.status_list import StatusList
from tests.passports.restricted_world import give_restricted
from tests.passports.test_restricted import LEVELS, presented, verified
from tests.worlds import ADDRESS, MAKER, NOW, World

DATASET = load_shipped_dataset()
LIST = "revocation-1"


def say(world: World, passport: str, change: StatusChange, at: datetime = NOW) -> None:
    said = Withdrawing(MAKER, "a defect", at)
    change_status(world.store, world.keyring, ADDRESS, passport, change, said)


def token_of(world: World, at: datetime = NOW) -> bytes:
    return publish_token_status_list(world.store, world.keyring, ADDRESS, MAKER, LIST, at)


def set_bits(token: bytes) -> int:
    bits = StatusList.decode_token(decode(token).payload["status_list"])
    return int.from_bytes(bits.to_bytes()).bit_count()


def status_of(world: World, credential: bytes) -> tuple[str, str]:
    report = verified(world, credential)
    return report.verdict, report.step("status").reason_code


def faults(world: World) -> list[str]:
    return [fault.reason for fault in check_store(world.store, DATASET, NOW).faults]


def test_it_is_suspended_and_reinstated_and_revoked_with_its_passport(world: World) -> None:
    passport, other = (issued.id for issued in world.issue("SN-1", "SN-2").passports)
    give_restricted(world, passport)
    give_restricted(world, other)
    model, item = (presented(world, passport, level) for level in LEVELS)
    beside = presented(world, other, Granularity.ITEM)

    for change, expected in (
        (StatusChange.SUSPENDED, ("invalid", "suspended")),
        (StatusChange.REINSTATED, ("valid", "not_withdrawn")),
        (StatusChange.SUSPENDED, ("invalid", "suspended")),
        (StatusChange.REVOKED, ("invalid", "revoked")),
    ):
        say(world, passport, change)
        assert status_of(world, item) == expected
        assert status_of(world, model)[0] == status_of(world, beside)[0] == "valid"
        token_of(world)
        assert faults(world) == []


def test_one_that_was_signed_before_suspensions_were_told_follows_them_by_its_one_bit(
    world: World, monkeypatch: pytest.MonkeyPatch
) -> None:
    passport = world.issue("SN-1", "SN-2").passports[0].id

    def told_nothing(*_: object) -> Mapping[str, object]:
        return {}

    with monkeypatch.context() as before:
        before.setattr(restricted, "_told_apart", told_nothing)
        give_restricted(world, passport)
    item = presented(world, passport, Granularity.ITEM)
    assert status_of(world, item) == ("valid", "not_withdrawn")
    say(world, passport, StatusChange.SUSPENDED)
    assert status_of(world, item) == ("invalid", "revoked")
    message = verified(world, item).step("status").message
    assert message.startswith("revoked or suspended by its issuer")
    say(world, passport, StatusChange.REINSTATED)
    assert status_of(world, item) == ("valid", "not_withdrawn")
    assert faults(world) == []


def test_the_token_is_signed_anew_with_each_change_and_not_in_between(world: World) -> None:
    passport = world.issue("SN-1", "SN-2").passports[0].id
    first = token_of(world)
    assert set_bits(first) == 0
    later = NOW + timedelta(minutes=1)
    say(world, passport, StatusChange.SUSPENDED, later)
    suspended = token_of(world, later)
    assert set_bits(suspended) == 1
    issued_at = decode(suspended).payload["iat"]
    assert issued_at == int(later.timestamp())
    assert token_of(world, later) == suspended
    say(world, passport, StatusChange.REINSTATED, later)
    assert set_bits(token_of(world, later)) == 0


def test_a_token_from_before_suspensions_were_told_is_made_anew_and_is_no_fault(
    sqlite_world: World,
) -> None:
    world = sqlite_world
    passport = world.issue("SN-1", "SN-2").passports[0].id
    old = token_of(world)
    say(world, passport, StatusChange.SUSPENDED)
    with world.store.engine.begin() as connection:  # as a version of before left it
        query = "UPDATE status_list SET token = :token, token_of = :of WHERE id = :id"
        connection.execute(text(query), {"token": old, "of": "0" * 64, "id": LIST})
    assert faults(world) == []
    assert set_bits(token_of(world)) == 1
    with world.store.engine.begin() as connection:  # one that claims to be of the list as it is
        query = "UPDATE status_list SET token = :token WHERE id = :id"
        connection.execute(text(query), {"token": old, "id": LIST})
    assert faults(world) == ["its token says other bits"]
