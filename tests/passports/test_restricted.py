"""Restricted credentials beyond their content: status, place in the log, and how they verify."""

import hashlib
from datetime import timedelta
from typing import Any

import pytest
from sqlalchemy import text

from lca.datasets import load_shipped_dataset
from passports.attributes.data import AttributeChange, find_subject, write_attributes
from passports.attributes.table import Granularity
from passports.attributes.view import passport_sheet, restricted_presentation
from passports.errors import RecordNotFoundError
from passports.fsck.whole import check_store
from passports.log import entry_at
from passports.operators import get_operator
from passports.resolve import evidence_from_store
from passports.restricted import restricted_log_proof
from passports.restricted_types import CLAIM, TYPES
from passports.status_lists import LIFETIME, publish_status_list
from passports.store import RestrictedCredentialRow
from passports.token_status import publish_token_status_list
from passports.verification.checks import BatteryEvidence
from passports.verification.collection import CollectedEvidence
from passports.verification.passport import verify_passport
from passports.verification.restricted_checks import RESTRICTED_CHECKS
from signing.credentials import decode
from signing.report import VerificationReport
from signing.selective_disclosure import decode_presentation
from signing.status_list import StatusList
from tests.passports.restricted_world import give_restricted, telltales
from tests.revoking import revoke_passport
from tests.worlds import ADDRESS, MAKER, MODEL, NOW, World

LEVELS = (Granularity.MODEL, Granularity.ITEM)


def presented(world: World, passport: str, level: Granularity, by: str = MAKER) -> bytes:
    with world.store.reading() as reading:
        reader = get_operator(reading, by)
    return restricted_presentation(
        world.store, reader, lambda t: passport_sheet(t, passport), level, NOW
    )


def verified(
    world: World, credential: bytes, evidence: CollectedEvidence | None = None
) -> VerificationReport:
    found = evidence or evidence_from_store(world.records(), [credential])
    return verify_passport(credential, found, world.trust_list(), BatteryEvidence(), NOW)


def row_of(world: World, level: Granularity, subject: str) -> RestrictedCredentialRow:
    with world.store.reading() as reading:
        row = reading.restricted_credentials.newest(MAKER, level.value, subject)
    assert row is not None
    return row


@pytest.fixture
def passport(world: World) -> str:
    issued = world.issue("SN-1", "SN-2").passports[0].id
    give_restricted(world, issued)
    return issued


@pytest.mark.parametrize("level", LEVELS)
def test_a_restricted_credential_is_valid_by_what_is_published_of_it(
    world: World, passport: str, level: Granularity
) -> None:
    report = verified(world, presented(world, passport, level))
    assert report.verdict == "valid", report
    codes = {step.step: step.reason_code for step in report.steps}
    assert (codes["status"], codes["log_inclusion"]) == ("not_withdrawn", "included")
    assert (codes["schema"], codes["format"]) == ("schema_fits", "sd_jwt_vc")


def test_a_revoked_passport_takes_its_battery_s_restricted_data_along_and_not_its_model_s(
    world: World, passport: str
) -> None:
    item, model = (presented(world, passport, level) for level in reversed(LEVELS))
    revoke_passport(world.store, world.keyring, ADDRESS, MAKER, passport, NOW)
    assert verified(world, item).step("status").reason_code == "revoked"
    assert verified(world, item).verdict == "invalid"
    assert verified(world, model).verdict == "valid"


def test_without_its_list_nobody_can_tell(world: World, passport: str) -> None:
    credential = presented(world, passport, Granularity.ITEM)
    evidence = evidence_from_store(world.records(), [credential])
    evidence.status_lists.clear()
    report = verified(world, credential, evidence)
    assert (report.verdict, report.step("status").reason_code) == (
        "cannot_tell",
        "status_list_missing",
    )


def test_whoever_is_shown_less_finds_the_same_leaf_and_the_leaf_tells_nothing(
    world: World, passport: str
) -> None:
    whole = row_of(world, Granularity.ITEM, passport)
    shown = presented(world, passport, Granularity.ITEM)
    assert shown.partition(b"~")[0] == whole.credential.partition(b"~")[0]
    assert whole.log_index is not None
    with world.store.reading() as reading:
        entry = entry_at(reading, whole.log_index)
    assert entry == hashlib.sha256(shown.partition(b"~")[0]).digest()
    signed = bytes(decode(shown.partition(b"~")[0]).payload_bytes)
    assert not [word for word in telltales() if word.encode() in signed]


def test_a_proof_is_found_by_a_number_that_nobody_guesses(world: World, passport: str) -> None:
    row = row_of(world, Granularity.MODEL, MODEL)
    assert row.credential_id is not None
    assert restricted_log_proof(world.store, row.credential_id).startswith(b"c2sp.org/tlog-proof")
    for unknown in ("", "1", "\x00", passport):
        with pytest.raises(RecordNotFoundError):
            restricted_log_proof(world.store, unknown)


def test_all_versions_of_a_subject_share_a_bit_and_are_leaves_of_their_own(
    world: World, passport: str
) -> None:
    first = row_of(world, Granularity.MODEL, MODEL)
    take_one_away(world)
    second = row_of(world, Granularity.MODEL, MODEL)
    assert second.version == first.version + 1
    assert (second.status_list_id, second.status_list_index) == (
        first.status_list_id,
        first.status_list_index,
    )
    assert second.log_index != first.log_index
    of_passport = row_of(world, Granularity.ITEM, passport)
    with world.store.reading() as reading:
        stored = reading.passports.by_id(passport)
    assert stored is not None
    assert (of_passport.status_list_id, of_passport.status_list_index) == (
        stored.status_list_id,
        stored.status_list_index,
    )


def take_one_away(world: World) -> None:
    """Take one restricted value of the model away."""
    with world.store.reading() as reading:
        subject = find_subject(reading, MAKER, Granularity.MODEL, MODEL)
        names = decode_presentation(row_of(world, Granularity.MODEL, MODEL).credential).payload[
            CLAIM
        ]
    assert isinstance(names, dict)
    change = AttributeChange(values={min(names): None}, reason="was wrong")
    write_attributes(world.store, world.keyring, ADDRESS, subject, change, NOW, replace=False)


# --- the lists ---------------------------------------------------------------------------------


def token(world: World, list_id: str = "revocation-1", at_share: float = 0) -> bytes:
    at = NOW + LIFETIME * at_share
    return publish_token_status_list(world.store, world.keyring, ADDRESS, MAKER, list_id, at)


def test_both_forms_of_a_list_have_the_same_bits(world: World, passport: str) -> None:
    revoke_passport(world.store, world.keyring, ADDRESS, MAKER, passport, NOW)
    bitstring = publish_status_list(world.store, world.keyring, ADDRESS, MAKER, "revocation-1", NOW)
    subject = decode(bitstring).payload["credentialSubject"]
    assert isinstance(subject, dict)
    decoded = decode(token(world))
    claims = decoded.payload
    assert decoded.header["typ"] == "statuslist+jwt"
    assert claims["sub"] == f"{ADDRESS.base_url}/v1/status-lists/{MAKER}/revocation-1/token"
    bits = StatusList.decode_token(claims["status_list"])
    assert bits == StatusList.decode(subject["encodedList"])
    assert int.from_bytes(bits.to_bytes()).bit_count() == 1


def test_a_token_list_is_signed_once_a_change_or_half_a_life(world: World, passport: str) -> None:
    first = token(world)
    assert token(world, at_share=0.49) == first
    anew = token(world, at_share=0.5)
    assert anew != first
    revoke_passport(world.store, world.keyring, ADDRESS, MAKER, passport, NOW + timedelta(hours=13))
    assert token(world, at_share=0.55) not in {first, anew}


@pytest.mark.parametrize("list_id", ["refresh-2", "none", "\x00"])
def test_only_revocations_are_a_token_list(world: World, passport: str, list_id: str) -> None:
    assert passport
    with pytest.raises(RecordNotFoundError):
        token(world, list_id)


# --- what is refused ---------------------------------------------------------------------------

GOOD: dict[str, Any] = {
    "vct": TYPES[Granularity.ITEM],
    "granularity": "item",
    "version": 1,
    "sub": "urn:uuid:1",
    CLAIM: {},
}


@pytest.mark.parametrize(
    ("change", "step"),
    [
        ({"vct": "urn:another"}, "schema"),
        ({"vct": None}, "schema"),
        ({"granularity": "model"}, "schema"),
        ({"version": 0}, "schema"),
        ({"version": True}, "schema"),
        ({CLAIM: []}, "schema"),
        ({CLAIM: {"no_such_attribute": 1}}, "schema"),
        ({CLAIM: {"battery_category": "ev"}}, "schema"),
        ({"sub": None}, "identifier"),
    ],
)
def test_what_is_no_restricted_data_is_refused(change: dict[str, Any], step: str) -> None:
    assert RESTRICTED_CHECKS[step](GOOD).outcome != "failed"
    assert RESTRICTED_CHECKS[step]({**GOOD, **change}).outcome == "failed"


DEFECTS = {
    "another leaf": ("log_index = 0", "the log's entry 0 is not of its restricted credential"),
    "another bit": ("status_list_index = status_list_index + 1", "is not the one that was given"),
    "no leaf": ("log_index = NULL", "in which it has no place"),
}


@pytest.mark.parametrize("name", DEFECTS)
def test_fsck_names_a_leaf_or_a_status_that_is_another_s(sqlite_world: World, name: str) -> None:
    world = sqlite_world
    give_restricted(world, world.issue("SN-1").passports[0].id)
    dataset = load_shipped_dataset()
    assert not check_store(world.store, dataset, NOW).faults
    change, reason = DEFECTS[name]
    with world.store.engine.begin() as connection:
        connection.execute(text(f"UPDATE restricted_credential SET {change}"))
    faults = check_store(world.store, dataset, NOW).faults
    assert any(reason in fault.reason for fault in faults), faults


def test_fsck_names_a_bit_that_was_never_given_out(sqlite_world: World) -> None:
    world = sqlite_world
    give_restricted(world)
    with world.store.engine.begin() as connection:
        connection.execute(text("UPDATE status_list SET given_out = zeroblob(length(given_out))"))
    faults = check_store(world.store, load_shipped_dataset(), NOW).faults
    assert any("never given out" in fault.reason for fault in faults), faults
