"""The rotation drill and the compromise drill, end to end."""

from dataclasses import replace
from datetime import timedelta

import pytest

from api.verifying_alone import Subject, verify_online
from passports.errors import InvalidInputError, RecordNotFoundError
from passports.identifiers import UniqueProductIdentifier
from passports.key_changes import revoke_key, rotate_key
from passports.keyring import Keyring, public_key_entries
from passports.resolve import OwnRecords, evidence_from_store, find_passport
from passports.trust import build_trust_list
from passports.verification.checks import BatteryEvidence
from passports.verification.passport import verify_passport
from signing.report import VerificationReport
from tests.worlds import GTIN, MAKER, NOW, World

LATER = NOW + timedelta(seconds=1)


@pytest.fixture
def own_keys(world: World, tmp_path_factory: pytest.TempPathFactory) -> World:
    """The world with a keyring object of its own: these tests make keys."""
    keyring = Keyring(world.keyring.directory, world.keyring.passphrase)
    keyring._opened.update(world.keyring._opened)
    return replace(world, keyring=keyring)


def verified(world: World, serial: str) -> VerificationReport:
    credential = find_passport(world.store, UniqueProductIdentifier(GTIN, serial)).credential
    records = OwnRecords(world.store, world.keyring, world.address, lambda: NOW)
    evidence = evidence_from_store(records, [credential])
    trust_list = build_trust_list(world.store, world.keyring, world.address, NOW)
    return verify_passport(credential, evidence, trust_list, BatteryEvidence(), NOW)


def verified_online(world: World, serial: str) -> VerificationReport:
    identifier = UniqueProductIdentifier(GTIN, serial)
    credential = find_passport(world.store, identifier).credential
    records = OwnRecords(world.store, world.keyring, world.address, lambda: NOW)
    trust_list = build_trust_list(world.store, world.keyring, world.address, NOW)
    subject = Subject(credential, world.address.digital_link(identifier))
    return verify_online(subject, records, trust_list, NOW)


def kids(world: World) -> list[str]:
    with world.store.reading() as reading:
        return [row.kid for row in reading.signing_keys.of(MAKER)]


def test_after_a_rotation_old_and_new_passports_are_valid(own_keys: World) -> None:
    world = own_keys
    world.issue("OLD-1")
    change = rotate_key(world.store, world.keyring, world.address, MAKER, LATER)
    world.issue("NEW-1", id="b-2")

    assert kids(world) == [change.old_kid, change.new_kid]
    for serial in ("OLD-1", "NEW-1"):
        assert verified(world, serial).verdict == "valid_with_warnings", serial
    with world.store.reading() as reading:
        old, new = public_key_entries(reading, MAKER)
    assert old.expires == LATER
    assert new.expires is None


def test_after_a_compromise_only_what_stood_in_the_log_before_is_believed(own_keys: World) -> None:
    world = own_keys
    world.issue("BEFORE-1")
    world.issue("AFTER-1", id="b-2")
    compromised = kids(world)[0]

    change = revoke_key(world.store, world.keyring, world.address, MAKER, compromised, 1, NOW)
    world.issue("ANEW-1", id="b-3")

    assert change.revoked_from_log_index == 1
    assert verified(world, "BEFORE-1").verdict == "valid_with_warnings"
    assert verified(world, "ANEW-1").verdict == "valid_with_warnings"
    after = verified(world, "AFTER-1")
    assert after.verdict == "invalid"
    assert after.failed_step is not None
    assert after.failed_step.step == "signature"
    # A stranger, who fetches nothing for a signature that does not count, comes to the same.
    verdicts = {s: verified_online(world, s).verdict for s in ("BEFORE-1", "AFTER-1", "ANEW-1")}
    assert verdicts == {
        "BEFORE-1": "valid_with_warnings",
        "AFTER-1": "invalid",
        "ANEW-1": "valid_with_warnings",
    }


def test_a_revocation_never_moves_to_a_later_index(own_keys: World) -> None:
    world = own_keys
    world.issue("A-1", "A-2")
    kid = kids(world)[0]
    revoke_key(world.store, world.keyring, world.address, MAKER, kid, 1, NOW)

    with pytest.raises(InvalidInputError, match="never to a later"):
        revoke_key(world.store, world.keyring, world.address, MAKER, kid, 2, NOW)
    revoke_key(world.store, world.keyring, world.address, MAKER, kid, 0, NOW)


def test_an_index_beyond_the_log_and_an_unknown_key_are_refused(own_keys: World) -> None:
    world = own_keys
    with pytest.raises(InvalidInputError, match="0 entries"):
        revoke_key(world.store, world.keyring, world.address, MAKER, kids(world)[0], 5, NOW)
    with pytest.raises(RecordNotFoundError):
        revoke_key(world.store, world.keyring, world.address, MAKER, "no-such-key", None, NOW)
