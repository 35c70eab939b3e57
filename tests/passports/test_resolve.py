"""Resolving: from a public URL of this server to the bytes behind it, and no further."""

import hashlib

import orjson
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from passports.errors import EvidenceUnavailableError, RecordNotFoundError
from passports.keyring import Keyring
from passports.resolve import (
    OwnRecords,
    did_document,
    log_proof,
    passport_by_id,
    study_inventory,
    study_result,
)
from passports.status_lists import LIFETIME
from signing.transparency_log import LogProof
from tests.worlds import ADDRESS, GTIN, MAKER, NOW, World, certificate_of

BASE = ADDRESS.base_url


def study_id(world: World) -> str:
    """Return the identifier of a study."""
    with world.store.reading() as reading:
        return next(reading.studies.all()).id


def test_a_server_answers_for_all_that_it_publishes(world: World) -> None:
    passport = world.issue().passports[0]
    records = world.records()
    study = study_id(world)
    certificate = certificate_of(world.store)
    assert records(passport.link) == world.credential()
    assert records(f"{BASE}/v1/footprints/{study}") == study_result(world.store, study)
    document = records(f"{BASE}/v1/certificates/{certificate.id}/document")
    assert hashlib.sha256(document).hexdigest() == certificate.document_sha256
    did = orjson.loads(records(f"{BASE}/operators/{MAKER}/did.json"))
    assert did == did_document(world.store, MAKER)
    assert records(f"{BASE}/v1/status-lists/{MAKER}/revocation-1").count(b".") == 2
    proof = records(f"{BASE}/v1/passports/{passport.id}/log-proof")
    assert proof == log_proof(world.store, passport.id)
    assert LogProof.parse(proof).index == 0


@pytest.mark.parametrize(
    "url",
    [
        "",
        "https://id.example.com",
        f"http://id.example.com/01/{GTIN}/21/SN-1",
        f"https://id.example.com.evil.example/01/{GTIN}/21/SN-1",
        f"https://id.example.com@evil.example/01/{GTIN}/21/SN-1",
        f"https://other.example/01/{GTIN}/21/SN-1",
        f"{BASE}/01/{GTIN}/21/SN-9",
        f"{BASE}/01/{GTIN}/21/",
        f"{BASE}/01/nonsense",
        f"{BASE}/x/../01/{GTIN}/21/SN-1",
        f"{BASE}/operators/nobody/did.json",
        f"{BASE}/operators/{MAKER}",
        f"{BASE}/operators/{MAKER}/keys.json",
        f"{BASE}/v1/footprints/none",
        f"{BASE}/v1/certificates/none/document",
        f"{BASE}/v1/status-lists/{MAKER}/revocation-2",
        f"{BASE}/v1/passports/none/log-proof",
        f"{BASE}/v1/footprints/\0",
        f"{BASE}/v1/footprints/\ud800",
        f"{BASE}/",
    ],
)
def test_it_answers_for_nothing_else(world: World, url: str) -> None:
    world.issue()
    with pytest.raises(EvidenceUnavailableError) as caught:
        world.records()(url)
    assert str(caught.value).encode()
    assert caught.value.findings[0].field == "url"


@settings(
    suppress_health_check=[HealthCheck.function_scoped_fixture], max_examples=60, deadline=None
)
@given(
    st.lists(
        st.sampled_from(
            ["01", "21", GTIN, "v1", "operators", MAKER, "did.json", "status-lists", ""]
        )
        | st.text(st.characters(codec=None), max_size=5),
        max_size=6,
    )
)
def test_nonsense_under_our_address_is_answered_or_refused(
    sqlite_world: World, parts: list[str]
) -> None:
    try:
        assert sqlite_world.records()("/".join([BASE, *parts]))
    except EvidenceUnavailableError as error:
        found = str(error).encode()
        assert found


def test_a_list_that_is_due_and_cannot_be_signed_is_unavailable(sqlite_world: World) -> None:
    world = sqlite_world
    world.issue()
    stranger = Keyring(world.keyring.directory, b"guessed")
    url = f"{BASE}/v1/status-lists/{MAKER}/revocation-1"
    later = OwnRecords(world.store, stranger, ADDRESS, lambda: NOW + LIFETIME)
    with pytest.raises(EvidenceUnavailableError):
        later(url)
    assert OwnRecords(world.store, stranger, ADDRESS, lambda: NOW)(url)


def test_a_passport_is_found_by_its_identifier(world: World) -> None:
    passport = world.issue().passports[0]
    found = passport_by_id(world.store, passport.id)
    assert (found.id, found.version) == (passport.id, 1)
    assert found.credential == world.credential()
    assert found.payload()["id"] == f"urn:uuid:{passport.id}"


@pytest.mark.parametrize("identifier", ["none", "\0", "\ud800", ""])
def test_unknown_identifiers_are_not_found(world: World, identifier: str) -> None:
    for find in (passport_by_id, study_result, study_inventory, did_document, log_proof):
        with pytest.raises(RecordNotFoundError):
            find(world.store, identifier)


def test_the_inventory_of_a_study_is_the_one_it_was_computed_from(world: World) -> None:
    identifier = study_id(world)
    result = orjson.loads(study_result(world.store, identifier))
    inventory = orjson.loads(study_inventory(world.store, identifier))
    assert inventory["plant"]["facility_id"] == result["plant"]["facility_id"]
