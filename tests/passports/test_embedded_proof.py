"""The passport as JSON with an embedded proof."""

import orjson
import pytest
from sqlalchemy import text

from passports.embedded_proof import with_embedded_proof
from passports.errors import StoreIntegrityError
from passports.identifiers import UniqueProductIdentifier
from passports.resolve import OwnRecords, StoredPassport, evidence_from_store, find_passport
from passports.trust import build_trust_list
from passports.verification.checks import BatteryEvidence
from passports.verification.passport import verify_passport
from signing.base64url import decode as decode64
from signing.base64url import encode as encode64
from tests.worlds import GTIN, NOW, World


@pytest.fixture
def stored(sqlite_world: World) -> StoredPassport:
    sqlite_world.issue("A-1")
    return find_passport(sqlite_world.store, UniqueProductIdentifier(GTIN, "A-1"))


def test_it_says_the_same_and_verifies(sqlite_world: World, stored: StoredPassport) -> None:
    world = sqlite_world
    secured = with_embedded_proof(world.store, world.keyring, stored, NOW)

    document = orjson.loads(secured)
    assert document.pop("proof")["cryptosuite"] == "ecdsa-jcs-2019"
    assert document == stored.payload()

    records = OwnRecords(world.store, world.keyring, world.address, lambda: NOW)
    evidence = evidence_from_store(records, [secured])
    trust_list = build_trust_list(world.store, world.keyring, world.address, NOW)
    report = verify_passport(secured, evidence, trust_list, BatteryEvidence(), NOW)
    assert report.step("signature").outcome == "passed"
    assert report.step("log_inclusion").outcome == "not_checked"
    assert report.verdict == "valid_with_warnings"

    changed = secured.replace(b'"chemistry":"LFP"', b'"chemistry":"NCA"')
    refused = verify_passport(changed, evidence, trust_list, BatteryEvidence(), NOW)
    assert refused.failed_step is not None
    assert refused.failed_step.step == "signature"


def test_what_was_changed_in_the_database_is_never_signed(
    sqlite_world: World, stored: StoredPassport
) -> None:
    world = sqlite_world
    header, payload, signature = stored.credential.split(b".")
    content = decode64(payload, "payload").replace(b'"chemistry":"LFP"', b'"chemistry":"NCA"')
    forged = b".".join((header, encode64(content), signature))
    with world.store.engine.begin() as connection:
        connection.execute(text("UPDATE passport SET credential = :c"), {"c": forged})

    altered = find_passport(world.store, UniqueProductIdentifier(GTIN, "A-1"))
    with pytest.raises(StoreIntegrityError, match="not what its issuer signed"):
        with_embedded_proof(world.store, world.keyring, altered, NOW)
