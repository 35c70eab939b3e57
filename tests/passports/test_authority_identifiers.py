"""Identifiers of operators: check digits of every scheme, no duplicates, verified by somebody else."""

import string
from datetime import timedelta
from typing import Any, NoReturn

import pytest
from hypothesis import given
from hypothesis import strategies as st

from passports.authority.api_keys import authenticate
from passports.authority.identifier_schemes import IdentifierScheme, normalise, title_of
from passports.authority.operator_identifiers import (
    IdentifierVerification,
    OperatorIdentifierCreate,
    add_identifier,
    identifiers_of,
    shown,
    verify_identifier,
    withdraw_identifier,
)
from passports.authority.registration import register_with_key
from passports.documents import RuleError, read_document
from passports.errors import (
    AccessDeniedError,
    IdentifierConflictError,
    InvalidInputError,
    RecordNotFoundError,
)
from passports.operators import EconomicOperator, EconomicOperatorCreate, get_operator
from tests.worlds import ADDRESS, AUTHORITY, IMPORTER, MAKER, NOW, RIVAL, World

# Published examples: GS1 General Specifications, GLEIF's own LEI, customs' and tax offices' samples.
KNOWN = {
    IdentifierScheme.GLN: ["9520123456788", "9506000134352"],
    IdentifierScheme.LEI: ["506700GE1G29325QX363", "213800KUD8LAJWSQ9D15"],
    IdentifierScheme.EORI: ["DE1234567", "XI123456789000", "FR12345678901234"],
    IdentifierScheme.VAT: ["DE136695976", "ATU13585627", "EL094259216", "NL004495445B01"],
    IdentifierScheme.DID: [
        "did:web:example.com",
        "did:web:example.com%3A8443:a",
        "did:key:z6Mk",
    ],
}
WRONG = {
    IdentifierScheme.GLN: ["9520123456780", "952012345678", "952012345678٣", "", "abc"],
    IdentifierScheme.LEI: [
        "506700GE1G29325QX364",
        "506700GE1G29325QX36",
        "5" * 18 + "AA",
        "é" * 20,
    ],
    IdentifierScheme.EORI: ["CN1234567", "GB123456789000", "DE", "DE" + "1" * 16, "NO123", "D1234"],
    IdentifierScheme.VAT: [
        "DE136695978",
        "CN136695976",
        "136695976",
        "DE",
        "CHE107787577IVA",
        "٣٣",
    ],
    IdentifierScheme.DID: [
        "did:web",
        "did:Web:a",
        "did:web:a#key",
        "did:web:a/b",
        "did:web:a?x",
        "x",
    ],
}


@pytest.mark.parametrize(("scheme", "value"), [(s, v) for s in KNOWN for v in KNOWN[s]])
def test_published_examples_are_taken_as_they_are(scheme: IdentifierScheme, value: str) -> None:
    assert normalise(scheme, value) == value
    assert title_of(scheme)


@pytest.mark.parametrize(("scheme", "value"), [(s, v) for s in WRONG for v in WRONG[s]])
def test_what_breaks_a_schemes_rule_is_refused_with_a_remedy(
    scheme: IdentifierScheme, value: str
) -> None:
    with pytest.raises(RuleError) as caught:
        normalise(scheme, value)
    assert caught.value.reason
    assert caught.value.remedy


@given(
    scheme=st.sampled_from([IdentifierScheme.GLN, IdentifierScheme.LEI]),
    number=st.integers(0, 10),
    place=st.integers(0, 19),
    character=st.sampled_from(string.digits + string.ascii_uppercase),
)
def test_one_wrong_character_never_passes_where_there_are_check_digits(
    scheme: IdentifierScheme, number: int, place: int, character: str
) -> None:
    known = KNOWN[scheme][number % len(KNOWN[scheme])]
    place %= len(known)
    changed = known[:place] + character + known[place + 1 :]
    # MOD 97-10 promises it for a digit in a digit's place and a letter in a letter's.
    if changed == known or known[place].isdigit() != character.isdigit():
        return
    with pytest.raises(RuleError):
        normalise(scheme, changed)


@given(scheme=st.sampled_from(IdentifierScheme), text=st.text(max_size=40))
def test_any_text_is_taken_or_refused_and_what_is_taken_is_normal_already(
    scheme: IdentifierScheme, text: str
) -> None:
    try:
        normal = normalise(scheme, text)
    except RuleError:
        return
    assert normalise(scheme, normal) == normal


def test_one_number_has_one_spelling() -> None:
    assert normalise(IdentifierScheme.VAT, "gr 094259216") == "EL094259216"
    assert normalise(IdentifierScheme.VAT, "de 136,695 976") == "DE136695976"
    assert normalise(IdentifierScheme.LEI, "506700ge1g29325qx363") == "506700GE1G29325QX363"
    assert normalise(IdentifierScheme.EORI, "de 1234567") == "DE1234567"


def claim(scheme: IdentifierScheme, value: str) -> OperatorIdentifierCreate:
    """Return an identifier as an operator gives it."""
    return read_document(
        OperatorIdentifierCreate, {"scheme": scheme, "value": value}, "the identifier"
    )


LEI = claim(IdentifierScheme.LEI, "506700GE1G29325QX363")


def proof(**changes: object) -> IdentifierVerification:
    """Return how somebody verified one."""
    fields = {
        "method": "registry",
        "evidence": "https://search.gleif.org/, record of 2026-11-20",
        "checked_on": "2026-11-20",
    }
    return read_document(IdentifierVerification, {**fields, **changes}, "the verification")


def operator(world: World, name: str) -> EconomicOperator:
    """Return an operator of the world."""
    with world.store.reading() as reading:
        return get_operator(reading, name)


def test_a_claimed_identifier_is_shown_as_claimed_until_an_authority_verified_it(
    world: World,
) -> None:
    claimed = add_identifier(world.store, operator(world, MAKER), LEI, NOW)
    assert (claimed.verified, claimed.verified_by) == (False, None)
    assert shown(claimed)["standing"] == "claimed, not verified"

    authority = operator(world, AUTHORITY)
    later = NOW + timedelta(days=1)
    verified = verify_identifier(
        world.store, authority, MAKER, LEI.scheme, LEI.value, proof(), later
    )

    with world.store.reading() as reading:
        assert identifiers_of(reading, MAKER) == [verified]
    assert (verified.verified_by, verified.verified_at) == (AUTHORITY, later)
    assert "verified by authority on 2026-11-20 (registry)" in shown(verified)["standing"]
    assert "gleif" in str(verified.evidence)


@pytest.mark.parametrize("who", [MAKER, IMPORTER, RIVAL])
def test_no_operator_verifies_its_own_or_anothers_identifier(world: World, who: str) -> None:
    add_identifier(world.store, operator(world, MAKER), LEI, NOW)
    with pytest.raises(AccessDeniedError):
        verify_identifier(
            world.store, operator(world, who), MAKER, LEI.scheme, LEI.value, proof(), NOW
        )
    with world.store.reading() as reading:
        assert not identifiers_of(reading, MAKER)[0].verified


def test_an_authority_does_not_verify_its_own_identifier(world: World) -> None:
    authority = operator(world, AUTHORITY)
    add_identifier(world.store, authority, LEI, NOW)
    with pytest.raises(AccessDeniedError, match="of their own"):
        verify_identifier(world.store, authority, AUTHORITY, LEI.scheme, LEI.value, proof(), NOW)


def test_an_identifier_belongs_to_one_operator_however_it_is_spelt(world: World) -> None:
    add_identifier(world.store, operator(world, MAKER), LEI, NOW)
    again = add_identifier(world.store, operator(world, MAKER), LEI, NOW + timedelta(days=1))
    assert again.recorded_at == NOW
    other = claim(IdentifierScheme.LEI, "5067 00ge 1g29 325q x363")
    with pytest.raises(IdentifierConflictError) as caught:
        add_identifier(world.store, operator(world, RIVAL), other, NOW)
    assert MAKER not in str(caught.value.findings)  # whose it is, is not told


def test_an_operator_with_a_gln_that_is_taken_is_not_registered(world: World) -> None:
    fields: dict[str, Any] = {
        "name": "N",
        "roles": ["importer"],
        "country": "DE",
        "gln": "9506000134352",
    }
    first = EconomicOperatorCreate(id="first", **fields)
    register_with_key(world.store, world.keyring, ADDRESS, first, NOW)
    second = EconomicOperatorCreate(id="second", **fields)
    with pytest.raises(IdentifierConflictError) as caught:
        register_with_key(world.store, world.keyring, ADDRESS, second, NOW)
    assert caught.value.findings[0].field == "gln"
    with world.store.reading() as reading:
        assert reading.operators.get("second") is None
        assert [i.value for i in identifiers_of(reading, "first")] == ["9506000134352"]


def test_an_unverified_identifier_is_taken_back_a_verified_one_only_by_a_verifier(
    world: World,
) -> None:
    maker, authority = operator(world, MAKER), operator(world, AUTHORITY)
    add_identifier(world.store, maker, LEI, NOW)
    with pytest.raises(AccessDeniedError):
        withdraw_identifier(world.store, operator(world, RIVAL), MAKER, LEI.scheme, LEI.value)
    withdraw_identifier(world.store, maker, MAKER, LEI.scheme, LEI.value)
    add_identifier(world.store, operator(world, RIVAL), LEI, NOW)
    verify_identifier(world.store, authority, RIVAL, LEI.scheme, LEI.value, proof(), NOW)
    with pytest.raises(AccessDeniedError, match="stays"):
        withdraw_identifier(world.store, operator(world, RIVAL), RIVAL, LEI.scheme, LEI.value)
    withdraw_identifier(world.store, authority, RIVAL, LEI.scheme, LEI.value)
    with world.store.reading() as reading:
        assert identifiers_of(reading, RIVAL) == []


def test_what_is_not_there_is_not_found(world: World) -> None:
    authority = operator(world, AUTHORITY)
    with pytest.raises(RecordNotFoundError):
        verify_identifier(world.store, authority, MAKER, LEI.scheme, "x", proof(), NOW)
    with world.store.reading() as reading, pytest.raises(RecordNotFoundError):
        identifiers_of(reading, "nobody")


@pytest.mark.parametrize(
    ("changes", "field"),
    [
        ({"method": "document"}, "document"),
        ({"method": "trust me"}, "method"),
        ({"evidence": ""}, "evidence"),
        ({"checked_on": "2099-01-01"}, "checked_on"),
        ({"document_sha256": "ABC"}, "document_sha256"),
    ],
)
def test_a_verification_without_evidence_is_refused(changes: dict[str, object], field: str) -> None:
    with pytest.raises(InvalidInputError) as caught:
        proof(**changes)
    assert field in caught.value.findings[0].field


def test_registering_is_all_or_nothing_with_the_first_key(
    sqlite_world: World, monkeypatch: pytest.MonkeyPatch
) -> None:
    request = EconomicOperatorCreate(id="new", name="N", roles=["importer"], country="DE")

    def fault(*_: object) -> NoReturn:
        raise OSError("no randomness")

    monkeypatch.setattr("passports.authority.registration.create_api_key", fault)
    with pytest.raises(OSError, match="no randomness"):
        register_with_key(sqlite_world.store, sqlite_world.keyring, ADDRESS, request, NOW)
    with sqlite_world.store.reading() as reading:
        assert reading.operators.get("new") is None
        assert not reading.signing_keys.of("new")

    monkeypatch.undo()
    made, key = register_with_key(sqlite_world.store, sqlite_world.keyring, ADDRESS, request, NOW)
    assert authenticate(sqlite_world.store, key.token, NOW).id == made.id
