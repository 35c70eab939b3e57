"""Operators, their signing keys and their DID documents."""

from pathlib import Path

import pytest

from passports.documents import read_document
from passports.errors import IdentifierConflictError, InvalidInputError, RecordNotFoundError
from passports.keyring import Keyring, public_key_entries
from passports.operators import (
    EconomicOperatorCreate,
    get_operator,
    list_operators,
    register_operator,
)
from passports.resolve import did_document
from signing.did_web import verification_keys
from signing.errors import KeyUnavailableError
from tests.worlds import ADDRESS, AUTHORITY, IMPORTER, MAKER, NOW, RIVAL, World


def request(operator_id: str, **changes: object) -> EconomicOperatorCreate:
    """Return a valid registration, with changes."""
    fields = {"id": operator_id, "name": "New", "roles": ["manufacturer"], "country": "DE"}
    return read_document(EconomicOperatorCreate, {**fields, **changes}, "the operator")


def test_a_registered_operator_is_read_back_with_its_did(world: World) -> None:
    made = register_operator(world.store, world.keyring, ADDRESS, request("new"), NOW)
    assert made.did == "did:web:id.example.com:operators:new"
    with world.store.reading() as reading:
        assert get_operator(reading, "new") == made
        ids = [operator.id for operator in list_operators(reading)]
    assert ids == [AUTHORITY, IMPORTER, MAKER, "new", RIVAL]


def test_an_operator_is_registered_once_and_the_first_one_stays(world: World) -> None:
    with pytest.raises(IdentifierConflictError) as caught:
        register_operator(world.store, world.keyring, ADDRESS, request(MAKER), NOW)
    assert caught.value.findings[0].field == "id"
    with world.store.reading() as reading:
        assert get_operator(reading, MAKER).country == "CN"
        assert len(reading.signing_keys.of(MAKER)) == 1


def test_an_unknown_operator_is_not_found(world: World) -> None:
    with world.store.reading() as reading, pytest.raises(RecordNotFoundError, match="nobody"):
        get_operator(reading, "nobody")


@pytest.mark.parametrize(
    ("field", "value"),
    [
        ("roles", []),
        ("roles", ["king"]),
        ("gs1_prefixes", ["123"]),
        ("gs1_prefixes", ["٣٣٣٣"]),
        ("gln", "9520123456780"),
        ("country", "XYZ"),
        ("id", "With Space"),
    ],
)
def test_a_wrong_field_of_an_operator_is_named(field: str, value: object) -> None:
    with pytest.raises(InvalidInputError) as caught:
        request("new", **{field: value})
    assert caught.value.findings[0].field.partition("[")[0] == field


def test_the_did_document_holds_the_key_with_which_the_operator_signs(world: World) -> None:
    document = did_document(world.store, MAKER)
    assert document["id"] == "did:web:id.example.com:operators:maker"
    with world.store.reading() as reading:
        key = world.keyring.current(reading, MAKER)
    published = verification_keys(document, document["id"])
    assert any(method.id.endswith(f"#{key.kid}") for method in published)
    assert {method.key.thumbprint for method in published} == {key.kid}


def test_a_retired_key_stays_published_and_is_not_used_any_more(world: World) -> None:
    with world.store.transaction() as transaction:
        (row,) = transaction.signing_keys.of(MAKER)
        row.retired_at = NOW
        transaction.signing_keys.add(row)
        with pytest.raises(KeyUnavailableError, match="no signing key in use"):
            world.keyring.current(transaction, MAKER)
        new = world.keyring.create(transaction, MAKER, NOW)
    with world.store.reading() as reading:
        assert world.keyring.current(reading, MAKER).kid == new.kid
        entries = public_key_entries(reading, MAKER)
    assert sorted(entry.expires is None for entry in entries) == [False, True]
    document = did_document(world.store, MAKER)
    published = verification_keys(document, document["id"])
    assert len({method.key.thumbprint for method in published}) == 2


def test_the_store_knows_nothing_secret_of_a_signing_key(sqlite_world: World) -> None:
    with sqlite_world.store.reading() as reading:
        (row,) = reading.signing_keys.of(MAKER)
    assert "d" not in row.public_jwk
    assert '"d"' not in Path(row.uri.removeprefix("file:")).read_text("utf-8")


def test_a_key_is_opened_anew_by_another_process_with_its_passphrase(sqlite_world: World) -> None:
    another = Keyring(sqlite_world.keyring.directory, b"for tests")
    with sqlite_world.store.reading() as reading:
        key = another.current(reading, MAKER)
        assert key.kid == sqlite_world.keyring.current(reading, MAKER).kid
        assert another.current(reading, MAKER) is key  # opened once


def test_a_wrong_passphrase_opens_no_key(sqlite_world: World) -> None:
    stranger = Keyring(sqlite_world.keyring.directory, b"guessed")
    with sqlite_world.store.reading() as reading, pytest.raises(KeyUnavailableError):
        stranger.current(reading, MAKER)


def test_a_keyring_does_not_print_its_passphrase(keyring: Keyring) -> None:
    assert "for tests" not in repr(keyring)


def test_the_log_has_two_keys_that_are_made_once(keyring: Keyring) -> None:
    first = keyring.log_signers("id.example.com/log")
    again = Keyring(keyring.directory, b"for tests").log_signers("id.example.com/log")
    assert [s.verifier.text for s in first.signers] == [s.verifier.text for s in again.signers]
    assert len(first.signers) == 2
