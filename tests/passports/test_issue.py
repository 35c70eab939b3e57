"""Issuing: all or none, the signed bytes as stored, idempotent."""

import hashlib

import pytest

from passports.errors import IdentifierConflictError, InvalidBatchError
from passports.identifiers import UniqueProductIdentifier
from passports.resolve import find_passport
from signing.credentials import decode
from tests.worlds import GTIN, MAKER, World


def test_each_battery_of_a_batch_gets_a_passport_that_says_its_serial(world: World) -> None:
    issued = world.issue("A-1", "A-2", "A-3")

    assert issued.created
    assert [p.serial for p in issued.passports] == ["A-1", "A-2", "A-3"]
    for passport in issued.passports:
        stored = find_passport(world.store, UniqueProductIdentifier(GTIN, passport.serial))
        subject = decode(stored.credential).payload["credentialSubject"]
        assert isinstance(subject, dict)
        assert subject["serialNumber"] == passport.serial
        assert subject["id"] == passport.link
        assert stored.sha256 == hashlib.sha256(stored.credential).hexdigest()


def test_the_same_batch_again_creates_nothing(world: World) -> None:
    first = world.issue("A-1", "A-2")
    again = world.issue("A-1", "A-2")

    assert not again.created
    assert {p.id for p in again.passports} == {p.id for p in first.passports}


def test_a_batch_identifier_with_other_content_is_refused(world: World) -> None:
    world.issue("A-1")
    with pytest.raises(IdentifierConflictError, match="b-1"):
        world.issue("A-2")


def test_one_bad_unit_and_nothing_is_issued(world: World) -> None:
    with pytest.raises(InvalidBatchError) as caught:
        world.issue("GOOD-1", "not good", "GOOD-1")

    assert [(f.line, f.field) for f in caught.value.findings] == [(3, "serial"), (4, "serial")]
    with world.store.reading() as reading:
        assert reading.batches.all() == []
        assert list(reading.passports.of_batch(MAKER, "b-1")) == []
