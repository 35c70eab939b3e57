"""Verification of passports: evidence collected, numbered steps made, tampering named at its step."""

import base64
from collections.abc import Mapping
from typing import Any

import orjson
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from passports.errors import EvidenceUnavailableError, InvalidInputError
from passports.trust import sign_trust_list
from passports.verification.checks import BatteryEvidence
from passports.verification.collection import (
    MAX_CITED,
    CollectedEvidence,
    cited_urls,
    collect_evidence,
    collect_from_strangers,
    fetch_passport,
    newest_version,
)
from passports.verification.fetch import MAX_FETCHES, FetchBudget, refused_fetch
from passports.verification.passport import read_trust_list, verify_passport
from signing.canonical import canonicalize
from signing.credentials import CredentialSigner, decode
from signing.keys import create_key
from tests.worlds import ADDRESS, GTIN, MAKER, NOW, RIVAL, World

LINK = f"https://id.example.com/01/{GTIN}/21/SN-1"


def signed(world: World, payload: Mapping[str, Any], operator: str = MAKER) -> bytes:
    """Sign a payload as an operator of the world does."""
    with world.store.reading() as reading:
        key = world.keyring.current(reading, operator)
    did = f"did:web:id.example.com:operators:{operator}"
    return CredentialSigner(key, did).sign(canonicalize(dict(payload)))


def payload_of(world: World, serial: str = "SN-1") -> dict[str, Any]:
    """Return what a passport says."""
    document: dict[str, Any] = orjson.loads(decode(world.credential(serial)).payload_bytes)
    return document


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


def test_all_that_a_passport_cites_is_collected(world: World) -> None:
    world.issue()
    evidence = world.evidence()
    assert evidence.unavailable == {}
    assert list(evidence.did_documents) == ["did:web:id.example.com:operators:maker"]
    cited = [cited_urls(payload_of(world, serial)) for serial in ("SN-1", "SN-2")]
    for kind in ("documents", "studies", "status_lists", "log_proofs"):
        found = getattr(evidence, kind)
        assert set(found) == {url for urls in cited for url in urls[kind]}
        assert found


def test_what_cannot_be_had_is_noted_with_its_reason(sqlite_world: World) -> None:
    sqlite_world.issue()
    evidence = CollectedEvidence()
    collect_evidence(sqlite_world.credential(), refused_fetch, evidence)
    cited = cited_urls(payload_of(sqlite_world))
    assert set(evidence.unavailable) == {
        "did:web:id.example.com:operators:maker",
        *[url for urls in cited.values() for url in urls],
    }
    assert all("the network is not used" in reason for reason in evidence.unavailable.values())
    report = verify_passport(
        sqlite_world.credential(), evidence, sqlite_world.trust_list(), BatteryEvidence(), NOW
    )
    assert report.step("footprint_study").outcome == "not_checked"


def test_what_was_had_already_is_not_fetched_again(sqlite_world: World) -> None:
    sqlite_world.issue()
    evidence = sqlite_world.evidence()
    collect_evidence(sqlite_world.credential(), refused_fetch, evidence)
    assert evidence.unavailable == {}


def test_a_stranger_cannot_make_us_fetch_without_end() -> None:
    asked: list[str] = []

    def fetch(url: str, accept: str = "*/*") -> bytes:
        asked.append(url + accept)
        return b"x"

    studies = [{"study": f"https://x.example/{number}"} for number in range(500)]
    payload = {"issuer": "did:web:x.example", "credentialSubject": {"carbonFootprint": studies}}
    credential = b".".join(
        base64.urlsafe_b64encode(piece).rstrip(b"=")
        for piece in (b'{"alg":"ES256"}', orjson.dumps(payload), bytes(64))
    )
    evidence = CollectedEvidence()
    collect_evidence(credential, fetch, evidence)
    assert len(asked) == MAX_CITED + 1
    assert len(evidence.unavailable) == 500 - MAX_CITED + 1  # and the DID document was none


class Stranger:
    """Answers for everything that a credential cites, and remembers what it was asked."""

    def __init__(self, world: World, certificate: bytes = b"x") -> None:
        self.asked: list[str] = []
        self._records = world.records()
        self._certificate = certificate

    def __call__(self, url: str, accept: str = "*/*") -> bytes:
        """Return a DID document of this server, or something made up."""
        self.asked.append(url)
        if url.endswith("did.json"):
            return self._records(url, accept)
        return self._certificate if "certificate" in url else b"x"


def citing(world: World, operator: str = MAKER, number: int = MAX_CITED) -> bytes:
    """Return a signed passport that cites as much as it can."""
    document = payload_of(world)
    document["issuer"]["id"] = f"did:web:id.example.com:operators:{operator}"
    status = document["credentialStatus"][0]
    lists = [f"https://x.example/list/{n}" for n in range(number)]
    document["credentialStatus"] = [{**status, "statusListCredential": url} for url in lists]
    subject = document["credentialSubject"]
    subject["factoryCertificates"] = [
        {**subject["factoryCertificates"][0], "document": f"https://x.example/certificate/{n}"}
        for n in range(number)
    ]
    subject["carbonFootprint"] = [
        {**subject["carbonFootprint"][0], "study": f"https://x.example/study/{n}"}
        for n in range(number)
    ]
    return signed(world, document, operator)


def test_one_verification_fetches_within_a_budget_and_says_where_it_ended(
    sqlite_world: World,
) -> None:
    sqlite_world.issue()
    credential = citing(sqlite_world)
    stranger, trust_list = Stranger(sqlite_world), sqlite_world.trust_list()
    evidence = collect_from_strangers(credential, stranger, trust_list, NOW)
    assert len(stranger.asked) == len(set(stranger.asked)) == MAX_FETCHES
    report = verify_passport(credential, evidence, trust_list, BatteryEvidence(), NOW)
    study = report.step("footprint_study")
    assert (study.outcome, study.reason_code) == ("not_checked", "fetch_budget_ended")
    assert study.message.endswith("the budget of this verification ended (40 fetches, 15 seconds)")
    assert report.step("signature").outcome == "passed"


def test_nothing_that_a_forged_passport_cites_is_fetched(sqlite_world: World) -> None:
    sqlite_world.issue()
    head, body, _ = citing(sqlite_world).split(b".")
    stranger = Stranger(sqlite_world)
    forged = b".".join((head, body, base64.urlsafe_b64encode(bytes(64)).rstrip(b"=")))
    evidence = collect_from_strangers(forged, stranger, sqlite_world.trust_list(), NOW)
    assert not evidence.believed
    assert newest_version(forged, stranger, evidence) is None
    assert stranger.asked == ["https://id.example.com/operators/maker/did.json"]


def test_what_a_certificate_cites_is_fetched_only_of_certifiers_of_the_trust_list(
    sqlite_world: World,
) -> None:
    sqlite_world.issue()
    lists = [f"https://y.example/{n}" for n in range(MAX_CITED)]
    certificate = {
        "type": ["VerifiableCredential", "FactoryCertificate"],
        "issuer": f"did:web:id.example.com:operators:{RIVAL}",
        "credentialStatus": [{"statusListCredential": url} for url in lists],
    }
    stranger = Stranger(sqlite_world, signed(sqlite_world, certificate, RIVAL))
    credential = citing(sqlite_world, number=1)
    rival = f"did:web:id.example.com:operators:{RIVAL}"
    for trusted in ((), (rival,)):
        stranger.asked.clear()
        evidence = CollectedEvidence()
        collect_evidence(credential, stranger, evidence, certifiers=trusted)
        of_rival = [url for url in stranger.asked if RIVAL in url or url in lists]
        assert len(of_rival) == (1 + MAX_CITED if trusted else 0)
    stranger.asked.clear()
    collect_from_strangers(credential, stranger, sqlite_world.trust_list(), NOW)
    assert not any(RIVAL in url or url in lists for url in stranger.asked)


def test_what_could_not_be_had_is_asked_for_once_however_many_passports_cite_it(
    sqlite_world: World,
) -> None:
    sqlite_world.issue()
    asked: list[str] = []

    def fetch(url: str, accept: str = "*/*") -> bytes:
        asked.append(url)
        return refused_fetch(url, accept)

    evidence = CollectedEvidence()
    for serial in ("SN-1", "SN-2"):
        credential = sqlite_world.credential(serial)
        collect_evidence(credential, fetch, evidence, with_log_proof=False)
    assert asked
    assert len(asked) == len(set(asked))


@pytest.mark.parametrize(
    ("did", "url"),
    [
        ("did:web:x.example:operators:m", "https://x.example/operators/m/did.json"),
        ("did:web:127.0.0.1%3A8000:operators:m", "http://127.0.0.1:8000/operators/m/did.json"),
        ("did:web:localhost", "http://localhost/.well-known/did.json"),
        ("did:web:localhost.example", "https://localhost.example/.well-known/did.json"),
    ],
)
def test_a_did_document_is_fetched_by_https_but_from_this_machine(did: str, url: str) -> None:
    asked: list[str] = []

    def fetch(url: str, accept: str = "*/*") -> bytes:
        asked.append(url)
        return b"{}" if accept else b""

    credential = b".".join(
        base64.urlsafe_b64encode(piece).rstrip(b"=")
        for piece in (b'{"alg":"ES256"}', orjson.dumps({"issuer": {"id": did}}), bytes(64))
    )
    collect_evidence(credential, fetch, CollectedEvidence())
    assert asked == [url]


@pytest.mark.parametrize("data", [b"", b"[]", b"7", b'{"a":1,"a":2}', b"\xff", b'{"a":1e999}'])
def test_a_malformed_did_document_is_unavailable_and_says_why(data: bytes) -> None:
    evidence = CollectedEvidence()
    evidence.add_did_document("did:web:x.example", data)
    assert evidence.did_documents == {}
    assert evidence.unavailable["did:web:x.example"]


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


def test_the_newest_version_is_asked_of_the_issuers_server(world: World) -> None:
    world.issue()
    known = collect_from_strangers(world.credential(), world.records(), world.trust_list(), NOW)
    assert newest_version(world.credential(), world.records(), known) == 1
    assert newest_version(world.credential(), refused_fetch, known) is None
    spent = CollectedEvidence(budget=FetchBudget(fetches=0), believed=True)
    assert newest_version(world.credential(), world.records(), spent) is None


@pytest.mark.parametrize("subject", [None, [], {}, {"id": 5}, {"id": "nonsense"}])
def test_no_version_is_told_where_there_is_no_link(sqlite_world: World, subject: object) -> None:
    credential = signed(sqlite_world, {"credentialSubject": subject})
    believed = CollectedEvidence(believed=True)
    assert newest_version(credential, sqlite_world.records(), believed) is None


def test_the_passport_behind_a_link_is_fetched_and_no_other_links_are(world: World) -> None:
    world.issue()
    assert fetch_passport(LINK, world.records()) == world.credential()
    with pytest.raises(InvalidInputError):
        fetch_passport("https://id.example.com/", world.records())
    with pytest.raises(EvidenceUnavailableError):
        fetch_passport(LINK.replace("SN-1", "SN-9"), world.records())


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
