"""Status lists: revocation reaches verification; lists are signed anew, fill up, and follow another."""

from datetime import timedelta

import pytest

from passports import status_lists
from passports.errors import RecordNotFoundError
from passports.status_lists import (
    LIFETIME,
    allocate_indices,
    publish_status_list,
    sign_all_lists,
)
from passports.store import StatusListRow
from signing.credentials import CredentialSigner, decode
from signing.status_list import MIN_LENGTH, StatusList
from tests.revoking import revoke_passport
from tests.worlds import ADDRESS, MAKER, NOW, RIVAL, World


def only_list(world: World) -> StatusListRow:
    """Return the maker's one list of revocations."""
    with world.store.reading() as reading:
        (row,) = (r for r in reading.status_lists.of(MAKER) if r.purpose == "revocation")
    return row


def published_bits(credential: bytes) -> StatusList:
    """Return the bits of a signed list."""
    subject = decode(credential).payload["credentialSubject"]
    assert isinstance(subject, dict)
    return StatusList.decode(subject["encodedList"])


def test_a_revocation_reaches_the_verification_and_no_other_passport(world: World) -> None:
    issued = world.issue("A-1", "A-2")
    before = world.credential("A-1")
    assert world.verify(before).step("status").outcome == "passed"

    revoked = revoke_passport(
        world.store, world.keyring, ADDRESS, MAKER, issued.passports[0].id, NOW
    )
    assert revoked.serial == "A-1"
    status = world.verify(world.credential("A-1")).step("status")
    assert (status.outcome, status.reason_code) == ("failed", "revoked")
    assert world.verify(world.credential("A-2")).step("status").outcome == "passed"
    assert world.credential("A-1") == before  # what was signed never changes
    assert int.from_bytes(only_list(world).bits).bit_count() == 1


def test_a_revocation_twice_is_one(world: World) -> None:
    passport = world.issue("A-1").passports[0].id
    for _ in range(2):
        revoke_passport(world.store, world.keyring, ADDRESS, MAKER, passport, NOW)
    assert int.from_bytes(only_list(world).bits).bit_count() == 1


@pytest.mark.parametrize("operator", [MAKER, RIVAL])
def test_only_its_issuer_revokes_a_passport(world: World, operator: str) -> None:
    passport = world.issue("A-1").passports[0].id
    wanted = passport if operator == RIVAL else "none"
    with pytest.raises(RecordNotFoundError):
        revoke_passport(world.store, world.keyring, ADDRESS, operator, wanted, NOW)
    assert world.verify(world.credential("A-1")).step("status").outcome == "passed"


def publish(world: World, at_share: float) -> bytes:
    """Ask for the maker's list after a share of its life."""
    at = NOW + LIFETIME * at_share
    return publish_status_list(world.store, world.keyring, ADDRESS, MAKER, "revocation-1", at)


def test_a_list_is_signed_anew_after_half_its_life_and_not_before(world: World) -> None:
    world.issue("A-1")
    first = publish(world, 0)
    assert publish(world, 0.49) == first
    second = publish(world, 0.5)
    assert second != first
    payload = decode(second).payload
    assert payload["validFrom"] == "2026-11-23T00:00:00Z"
    assert payload["validUntil"] == "2026-11-24T00:00:00Z"
    assert publish(world, 0.6) == second
    assert published_bits(second) == published_bits(first)


def test_whoever_comes_late_finds_a_list_that_is_valid(sqlite_world: World) -> None:
    sqlite_world.issue("A-1")
    later = NOW + timedelta(days=30)
    report = sqlite_world.verify(sqlite_world.credential("A-1"), at=later)
    assert report.step("status").outcome == "passed"


def test_all_lists_are_signed_with_the_key_in_use(sqlite_world: World) -> None:
    world = sqlite_world
    world.issue("A-1")
    old = only_list(world).credential
    with world.store.transaction() as transaction:
        (row,) = transaction.signing_keys.of(MAKER)
        row.retired_at = NOW
        transaction.signing_keys.add(row)
        key = world.keyring.create(transaction, MAKER, NOW)
        sign_all_lists(transaction, world.keyring, ADDRESS, MAKER, NOW)
    assert str(decode(only_list(world).credential).header["kid"]).endswith(key.kid)
    assert decode(old).header["kid"] != decode(only_list(world).credential).header["kid"]


@pytest.mark.parametrize("list_id", ["revocation-2", "\0", ""])
def test_an_unknown_list_is_not_found(world: World, list_id: str) -> None:
    world.issue("A-1")
    with pytest.raises(RecordNotFoundError):
        publish_status_list(world.store, world.keyring, ADDRESS, MAKER, list_id, NOW)


def allocate(world: World, count: int) -> tuple[str, set[int]]:
    """Give out indices of the maker's lists."""
    with world.store.transaction() as transaction:
        key = world.keyring.current(transaction, MAKER)
        signer = CredentialSigner(key, "did:web:id.example.com:operators:maker")
        indices = allocate_indices(transaction, signer, ADDRESS, MAKER, count, NOW)
    return indices.list_id, set(indices.values)


def test_indices_are_given_out_once_and_marked(world: World) -> None:
    name, first = allocate(world, 300)
    again, second = allocate(world, 300)
    assert name == again == "revocation-1"
    assert len(first) == len(second) == 300
    assert not first & second
    given_out = StatusList.from_bytes(only_list(world).given_out)
    assert all(given_out.get(index) for index in first | second)
    assert int.from_bytes(only_list(world).given_out).bit_count() == 600
    assert len(given_out) == MIN_LENGTH


def test_a_list_that_is_full_is_followed_by_a_new_one(
    world: World, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(status_lists, "_FULLEST", 0.01)
    room = int(MIN_LENGTH * 0.01)
    assert allocate(world, 100)[0] == "revocation-1"
    assert allocate(world, room - 110)[0] == "revocation-1"
    assert allocate(world, 11)[0] == "revocation-2"
    assert allocate(world, 10)[0] == "revocation-1"  # what is left is used
    assert allocate(world, 1)[0] == "revocation-2"


def test_a_batch_too_large_for_any_list_gets_one_of_twice_its_size(sqlite_world: World) -> None:
    count = MIN_LENGTH
    name, values = allocate(sqlite_world, count)
    assert name == "revocation-1"
    assert len(values) == count
    assert len(only_list(sqlite_world).bits) * 8 == 2 * count
    assert len(published_bits(only_list(sqlite_world).credential)) == 2 * count
