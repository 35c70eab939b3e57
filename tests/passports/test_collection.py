"""Evidence that a passport cites: collected within a budget, and only from whom it may come."""

import base64

import orjson
import pytest

from passports.errors import EvidenceUnavailableError, InvalidInputError
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
from passports.verification.passport import verify_passport
from tests.passports.signed_payloads import LINK, payload_of, signed
from tests.worlds import MAKER, NOW, RIVAL, World


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
