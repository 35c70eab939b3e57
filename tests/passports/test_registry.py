"""The outbox of the EU registry against a registry double over real HTTP."""

import json
from dataclasses import replace
from datetime import datetime, timedelta
from hashlib import sha256

import pytest

from passports.errors import (
    InvalidInputError,
    RecordNotFoundError,
    RegistryHeldBackError,
)
from passports.identifiers import PublicAddress, parse_digital_link
from passports.registry.client import HttpRegistry
from passports.registry.file import RegistryRules, identifier_fault
from passports.registry.outbox import enrol, list_proofs, outbox_status, send, send_refused_again
from passports.resolve import find_passport
from tests.passports.registry_double import RegistryDouble
from tests.passports.registry_world import (
    LINK,
    Clock,
    enrolled,
    registry_of,
    sending,
    status,
)
from tests.passports.restricted_world import give_restricted, telltales
from tests.revoking import revoke_passport
from tests.worlds import ADDRESS, GTIN, IMPORTER, MAKER, NOW, World


@pytest.fixture
def world(sqlite_world: World) -> World:
    """A world on SQLite; what depends on the database asks for `everywhere`."""
    return sqlite_world


# --- What is sent ---


def test_each_passport_is_registered_once_in_files_of_a_hundred_and_its_proof_is_kept(
    everywhere: World, clock: Clock
) -> None:
    with registry_of(everywhere.store, clock) as double:
        _register_105(everywhere, double, clock)


def _register_105(world: World, double: RegistryDouble, clock: Clock) -> None:
    enrolled(world).issue(*[f"SN-{n}" for n in range(105)])
    assert status(world, clock)["ready"] == 105
    told: list[tuple[int, int]] = []
    sent = sending(world, double, clock, progress=lambda done, total: told.append((done, total)))
    assert (sent.files, sent.registered, sent.refused) == (2, 105, 0)
    assert [len(file["requests"]) for file in double.files] == [100, 5]
    assert set(double.times_registered.values()) == {1}
    assert told[-1] == (105, 105)
    proofs = list_proofs(world.store, MAKER, clock())
    assert len(proofs) == 105
    for proof in proofs[:10]:
        said = json.loads(proof["proof"])
        link = parse_digital_link(said["uniqueProductIdentifier"])
        stored = find_passport(world.store, link)
        assert proof["passport_sha256"] == stored.sha256 == said["dppVersionHash"]
        assert proof["proof_sha256"] == sha256(proof["proof"].encode()).hexdigest()
        assert proof["downloadable_until"] == "2027-02-20T12:00:00Z"  # 90 days after 22 November
    again = sending(world, double, clock)
    assert (again.files, again.registered) == (0, 0)
    assert len(double.files) == 2
    assert status(world, clock) | {"guide": ""} == {
        "operator": MAKER,
        "guide": "",
        "ready": 0,
        "held_back": 0,
        "held_back_examples": [],
        "on_the_way": 0,
        "registered": 105,
        "without_proof": 0,
        "refused": [],
    }


def test_a_request_says_what_the_standard_names_and_the_token_goes_along(
    world: World, double: RegistryDouble, clock: Clock
) -> None:
    issued = enrolled(world).issue("SN-1").passports[0]
    sending(world, double, clock)
    [file] = double.files
    assert file["fileName"].replace("-", "").replace(".", "").isalnum()
    assert file["productGroup"] == "batteries"
    [request] = file["requests"]
    assert request == {
        "uniqueProductIdentifier": LINK + "SN-1",
        "digitalProductPassportId": f"urn:uuid:{issued.id}",
        "granularity": "item",
        "modelIdentifier": f"https://id.example.com/01/{GTIN}",
        "batchIdentifier": "b-1",
        "uniqueEconomicOperatorIdentifier": "did:web:id.example.com:operators:importer",
        "dppVersion": 1,
        "dppVersionHash": find_passport(world.store, parse_digital_link(LINK + "SN-1")).sha256,
    }
    assert double.tokens == {"Bearer the-token"}


def test_no_restricted_value_is_in_a_file(sqlite_world: World, clock: Clock) -> None:
    world = enrolled(sqlite_world)
    give_restricted(world, world.issue("SN-1").passports[0].id)
    world.issue("SN-2", id="b-2")
    with registry_of(world.store, clock) as double:
        assert sending(world, double, clock).registered == 2
    sent = double.bodies[0].decode()
    assert not [text for text in telltales() if text in sent]


# --- What is held back ---


@pytest.mark.parametrize(
    ("url", "is_open", "named"),
    [
        ("http://127.0.0.1:1", False, ["VOLTPASS_REGISTRY_BATTERIES"]),
        ("", True, ["VOLTPASS_REGISTRY_BATTERIES", "VOLTPASS_REGISTRY_URL"]),
    ],
)
def test_nothing_is_sent_until_batteries_can_be_registered(
    sqlite_world: World, clock: Clock, url: str, is_open: bool, named: list[str]
) -> None:
    enrolled(sqlite_world).issue("SN-1")
    registry = HttpRegistry(url, "") if url else None
    with pytest.raises(RegistryHeldBackError) as refused:
        send(sqlite_world.store, registry, MAKER, clock, batteries_open=is_open)
    assert [finding.field for finding in refused.value.findings] == named
    assert "semantic catalogue" in refused.value.findings[0].reason
    assert status(sqlite_world, clock)["on_the_way"] == 0


def test_an_http_identifier_is_never_sent(sqlite_world: World, clock: Clock) -> None:
    world = replace(enrolled(sqlite_world), address=PublicAddress("http://127.0.0.1:8000"))
    world.issue("SN-1")
    with registry_of(world.store, clock) as double:
        sent = sending(world, double, clock)
    assert (sent.files, double.files) == (0, [])
    found = status(world, clock)
    assert (found["ready"], found["held_back"]) == (0, 1)
    assert "https identifiers only" in found["held_back_examples"][0]["reason"]


def test_who_the_registry_has_not_verified_is_not_registered_nor_registers_for_others(
    world: World, double: RegistryDouble, clock: Clock
) -> None:
    world.issue("SN-1")
    for verified, missing in (((), IMPORTER), ((IMPORTER,), MAKER)):
        if verified:
            enrolled(world, *verified)
        assert sending(world, double, clock).files == 0
        example = status(world, clock)["held_back_examples"][0]
        assert (example["field"], example["value"]) == ("operator", missing)
    enrolled(world, MAKER)
    clock.at = NOW + timedelta(days=366)  # both verifications have ended
    assert sending(world, double, clock).files == 0
    clock.at = NOW
    assert sending(world, double, clock).registered == 1


def test_a_revoked_passport_is_not_registered(
    world: World, double: RegistryDouble, clock: Clock
) -> None:
    issued = enrolled(world).issue("SN-1", "SN-2")
    revoke_passport(world.store, world.keyring, ADDRESS, MAKER, issued.passports[0].id, NOW)
    assert sending(world, double, clock).registered == 1
    assert list(double.registrations) == [LINK + "SN-2"]
    assert status(world, clock)["held_back_examples"][0]["reason"] == "the passport is revoked"


def test_what_is_held_back_does_not_stand_in_the_way_of_the_rest(
    world: World, double: RegistryDouble, clock: Clock
) -> None:
    issued = enrolled(world).issue(*[f"SN-{n}" for n in range(12)])
    for passport in issued.passports[::2]:
        revoke_passport(world.store, world.keyring, ADDRESS, MAKER, passport.id, NOW)
    rules = RegistryRules(entries_a_file=4)
    assert sending(world, double, clock, rules=rules).registered == 6
    assert [len(file["requests"]) for file in double.files] == [4, 2]


@pytest.mark.parametrize(
    ("until", "evidence", "field"),
    [
        (NOW, "x", "until"),
        (NOW + timedelta(days=1100), "x", "until"),
        (NOW + timedelta(days=1), "  ", "evidence"),
    ],
)
def test_an_enrolment_ends_within_three_years_and_shows_something(
    sqlite_world: World, until: datetime, evidence: str, field: str
) -> None:
    with pytest.raises(InvalidInputError) as refused:
        enrol(sqlite_world.store, MAKER, until, evidence, NOW)
    assert [finding.field for finding in refused.value.findings] == [field]


def test_an_operator_that_is_not_registered_is_named(sqlite_world: World, clock: Clock) -> None:
    for call in (
        lambda: enrol(sqlite_world.store, "nobody", NOW + timedelta(days=1), "x", NOW),
        lambda: outbox_status(sqlite_world.store, "nobody", NOW),
        lambda: list_proofs(sqlite_world.store, "nobody", NOW),
        lambda: send_refused_again(sqlite_world.store, "nobody"),
        lambda: send(
            sqlite_world.store, HttpRegistry("http://x", ""), "nobody", clock, batteries_open=True
        ),
    ):
        with pytest.raises(RecordNotFoundError):
            call()


def test_the_longest_identifier_is_a_rule_that_can_be_set() -> None:
    rules = RegistryRules(identifier_max_length=50)
    assert identifier_fault(LINK + "S", rules) is None
    fault = identifier_fault(LINK + "S" * 20, rules)
    assert fault is not None
    assert "50" in fault.reason
