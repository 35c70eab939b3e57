"""Verification of passports: evidence collected, numbered steps made, tampering named at its step."""

import base64
from typing import Any

import orjson
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from passports.errors import EvidenceUnavailableError
from passports.trust import sign_trust_list
from passports.verification.checks import BatteryEvidence
from passports.verification.collection import (
    CollectedEvidence,
    collect_evidence,
    newest_version,
)
from passports.verification.passport import read_trust_list, verify_passport
from signing.credentials import decode
from signing.keys import create_key
from tests.passports.signed_payloads import LINK, payload_of, signed
from tests.worlds import ADDRESS, MAKER, NOW, RIVAL, World


def test_a_passport_as_issued_passes_every_step(world: World) -> None:
    world.issue()
    report = world.verify(world.credential(), scanned_link=LINK, newest_version=1)
    assert report.verdict == "valid_with_warnings"  # the factory certificate is unsigned
    outcomes = {step.step: step.outcome for step in report.steps}
    assert outcomes.pop("factory_certificate") == "warning"
    assert set(outcomes.values()) == {"passed"}, outcomes


def part(credential: bytes, number: int, change: bytes) -> bytes:
    """Return a credential with one of its three parts replaced."""
    parts = credential.split(b".")
    parts[number] = base64.urlsafe_b64encode(change).rstrip(b"=")
    return b".".join(parts)


def tampered(world: World) -> dict[str, bytes]:
    """Return tampered passports by the step that refuses them."""
    good = world.credential()
    payload = decode(good).payload_bytes
    header = orjson.loads(base64.urlsafe_b64decode(good.split(b".")[0] + b"=="))
    footprint = payload.replace(b'"kgCo2ePerKwh":0.1', b'"kgCo2ePerKwh":0.0')
    assert footprint != payload
    return {
        "parse": good.rpartition(b".")[0],
        "format": part(good, 0, orjson.dumps({**header, "typ": "JWT"})),
        "algorithm": part(good, 0, orjson.dumps({**header, "alg": "none"})),
        "issuer_found": part(good, 0, orjson.dumps({**header, "kid": header["kid"] + "x"})),
        "signature": part(good, 1, footprint),
    }


@pytest.mark.parametrize("step", ["parse", "format", "algorithm", "issuer_found", "signature"])
def test_a_tampered_passport_is_refused_at_its_step(sqlite_world: World, step: str) -> None:
    sqlite_world.issue()
    report = sqlite_world.verify(tampered(sqlite_world)[step], sqlite_world.evidence())
    assert report.verdict in {"invalid", "cannot_tell"}
    found = report.failed_step or report.undecided_step
    assert found is not None
    assert found.step == step
    assert report.credential is None


def honest(_document: dict[str, Any]) -> None:
    """Change nothing."""


def set_at(path: str, value: object) -> Any:
    """Return what sets a value of a payload."""

    def change(document: dict[str, Any]) -> None:
        target: Any = document
        *parents, last = [int(p) if p.isdigit() else p for p in path.split(".")]
        for name in parents:
            target = target[name]
        target[last] = value

    return change


@pytest.mark.parametrize(
    ("change", "step"),
    [
        (set_at("validFrom", "2030-01-01T00:00:00Z"), "validity"),
        (set_at("validUntil", "2026-01-01T00:00:00Z"), "validity"),
        (set_at("credentialSubject.model.category", "toy"), "schema"),
        (set_at("credentialSubject.serialNumber", "SN-2"), "identifier"),
        (set_at("credentialSubject.factoryCertificates.0.facility", "x"), "factory_certificate"),
        (
            set_at("credentialSubject.factoryCertificates.0.documentSha256", "0" * 64),
            "factory_certificate",
        ),
        (set_at("credentialSubject.carbonFootprint.0.kgCo2ePerKwh", 0.01), "footprint_study"),
        (set_at("credentialSubject.carbonFootprint.0.studySha256", "0" * 64), "footprint_study"),
    ],
)
def test_what_a_dishonest_maker_signs_is_refused_at_its_step(
    sqlite_world: World, change: Any, step: str
) -> None:
    world = sqlite_world
    world.issue()
    document = payload_of(world)
    change(document)
    report = world.verify(signed(world, document))
    assert report.step("signature").outcome == "passed"
    assert report.step(step).outcome == "failed", report.step(step)
    assert report.verdict == "invalid"


def test_a_rival_cannot_issue_under_the_makers_prefix(sqlite_world: World) -> None:
    world = sqlite_world
    world.issue()
    document = payload_of(world)
    document["issuer"]["id"] = f"did:web:id.example.com:operators:{RIVAL}"
    evidence = world.evidence()
    collect_evidence(signed(world, document, RIVAL), world.records(), evidence)
    report = world.verify(signed(world, document, RIVAL), evidence)
    assert report.step("signature").outcome == "passed"
    assert report.step("identifier").outcome == "failed"


def test_a_rival_cannot_sign_in_the_makers_name(sqlite_world: World) -> None:
    sqlite_world.issue()
    forged = signed(sqlite_world, payload_of(sqlite_world), RIVAL)
    report = sqlite_world.verify(forged)
    assert report.verdict in {"invalid", "cannot_tell"}


@pytest.mark.parametrize(
    ("kind", "step", "code"),
    [
        ("did_documents", "issuer_found", None),
        ("status_lists", "status", None),
        ("documents", "factory_certificate", "certificate_not_at_hand"),
        ("studies", "footprint_study", "study_not_at_hand"),
        ("log_proofs", "log_inclusion", None),
    ],
)
def test_missing_evidence_is_not_checked_and_says_why(
    sqlite_world: World, kind: str, step: str, code: str | None
) -> None:
    sqlite_world.issue()
    evidence = sqlite_world.evidence()
    getattr(evidence, kind).clear()
    battery = BatteryEvidence()
    report = verify_passport(sqlite_world.credential(), evidence, None, battery, NOW)
    found = report.step(step)
    assert found.outcome == "not_checked"
    assert found.reason_code == (code or found.reason_code)
    assert found.message


def test_without_a_trust_list_a_passport_is_never_simply_valid(sqlite_world: World) -> None:
    sqlite_world.issue()
    evidence = sqlite_world.evidence()
    report = verify_passport(sqlite_world.credential(), evidence, None, BatteryEvidence(), NOW)
    assert report.step("issuer_trusted").outcome == "not_checked"
    assert report.verdict != "valid"


@settings(
    suppress_health_check=[HealthCheck.function_scoped_fixture], max_examples=60, deadline=None
)
@given(data=st.binary() | st.text().map(str.encode) | st.binary().map(lambda b: b"e30.e30." + b))
def test_any_bytes_are_examined_and_nothing_is_raised(sqlite_world: World, data: bytes) -> None:
    evidence = CollectedEvidence()
    collect_evidence(data, sqlite_world.records(), evidence)
    report = verify_passport(data, evidence, sqlite_world.trust_list(), BatteryEvidence(), NOW)
    assert report.verdict in {"invalid", "cannot_tell"}
    assert len(report.steps) == 14
    assert newest_version(data, sqlite_world.records(), CollectedEvidence(believed=True)) is None


@settings(
    suppress_health_check=[HealthCheck.function_scoped_fixture], max_examples=40, deadline=None
)
@given(st.data())
def test_any_changed_byte_of_a_passport_is_refused(
    sqlite_world: World, data: st.DataObject
) -> None:
    world = sqlite_world
    with world.store.reading() as reading:
        issued = reading.batches.get(MAKER, "b-1") is not None
    if not issued:
        world.issue()
    good = world.credential()
    place = data.draw(st.integers(0, len(good) - 1))
    other = data.draw(st.integers(0, 255).filter(lambda byte: byte != good[place]))
    bad = good[:place] + bytes([other]) + good[place + 1 :]
    assert world.verify(bad, world.evidence()).verdict in {"invalid", "cannot_tell"}


def test_a_trust_list_is_believed_under_its_root_key_alone(sqlite_world: World) -> None:
    world = sqlite_world
    root = create_key(f"file:{world.keyring.directory / 'root.json'}", b"for tests")
    other = create_key(f"file:{world.keyring.directory / 'other.json'}", b"for tests")
    data = sign_trust_list(world.store, world.keyring, ADDRESS, root, NOW)
    read = read_trust_list(data + b"\n", [dict(other.public_jwk), dict(root.public_jwk)])
    assert {entry.issuer for entry in read.entries} == {
        "did:web:id.example.com:operators:maker",
        "did:web:id.example.com:operators:rival",
        "id.example.com/log",
    }
    maker = next(entry for entry in read.entries if entry.issuer.endswith("maker"))
    assert maker.gs1_prefixes == ("9520123",)
    for wrong, key in ((data, other), (data[:-4], root)):
        with pytest.raises(EvidenceUnavailableError, match="cannot be believed"):
            read_trust_list(wrong, [dict(key.public_jwk)])


def test_importers_and_authorities_may_not_issue_passports(sqlite_world: World) -> None:
    issuers = {entry.issuer for entry in sqlite_world.trust_list().entries}
    assert not any(issuer.endswith(("importer", "authority")) for issuer in issuers)


def test_no_maker_keeps_status_lists_for_others(sqlite_world: World) -> None:
    """With that in its scope it could sign a list under another's address and clear bits there."""
    entries = sqlite_world.trust_list().in_role("manufacturer")
    assert entries
    assert all("BitstringStatusListCredential" not in entry.scope for entry in entries)
    assert all(entry.scope for entry in entries)
