"""The page for browsers and Python agree about what a battery passport cites, defect by defect."""

import base64
import json
from collections.abc import Callable, Mapping
from typing import Any

import orjson

from passports.certification.certificate_life import CertificateChange
from passports.certification.certify import (
    CertificateChangeCreate,
    change_certificate,
    issue_certificate,
)
from passports.operators import get_operator
from passports.resolve import evidence_from_store
from passports.verification.checks import BatteryEvidence
from passports.verification.collection import CollectedEvidence
from passports.verification.passport import verify_passport
from signing.credentials import CredentialSigner, decode
from signing.instants import format_instant
from signing.keys.software_key import P256Key
from tests.passports.test_certify import CERTIFIER, request, with_certifier
from tests.signing.page import run
from tests.worlds import ADDRESS, MAKER, NOW, World

ROOT = P256Key.from_secret(bytes([9]) * 32)
Change = Callable[[Any, CollectedEvidence], None]


def subject(change: Callable[[Any], Any]) -> Change:
    """A change of what the passport says; it is signed anew."""

    def apply(payload: Any, _evidence: CollectedEvidence) -> None:
        change(payload["credentialSubject"])

    return apply


def first_certificate(**changes: Any) -> Change:
    return subject(lambda s: s["factoryCertificates"][0].update(changes))


def first_study(**changes: Any) -> Change:
    return subject(lambda s: s["carbonFootprint"][0].update(changes))


def spoil(kind: str) -> Change:
    def apply(_payload: Any, evidence: CollectedEvidence) -> None:
        files: dict[str, bytes] = getattr(evidence, kind)
        for url in files:
            files[url] += b" "

    return apply


def take_away(kind: str) -> Change:
    return lambda _payload, evidence: getattr(evidence, kind).clear()


CHANGES: Mapping[str, Change] = {
    "nothing": lambda _payload, _evidence: None,
    "no documents": take_away("documents"),
    "other documents": spoil("documents"),
    "no studies": take_away("studies"),
    "other studies": spoil("studies"),
    "another facility": first_certificate(facility="elsewhere"),
    "another period": first_certificate(validFrom="2030-01-01", validTo="2030-12-31"),
    "no period": first_certificate(validFrom=None),
    "not covered": first_certificate(validFrom=None, coverage="not_covered"),
    "no coverage": first_certificate(coverage="perhaps"),
    "no day": first_certificate(validFrom="soon"),
    "another figure": first_study(kgCo2ePerKwh=0.001),
    "another ruleset": first_study(ruleset="another"),
    "a whole study": first_study(partial=None),
    "a figure as text": first_study(kgCo2ePerKwh="many"),
    "no hash": first_study(studySha256="ABC"),
    "no certificates": subject(lambda s: s.update(factoryCertificates=[])),
    "no footprint": subject(lambda s: s.update(carbonFootprint=[])),
    "another category": subject(lambda s: s["model"].update(category="toy")),
    "no mass": subject(lambda s: s["model"].pop("massKg")),
    "a mass of nothing": subject(lambda s: s["model"].update(massKg=0)),
    "no version": subject(lambda s: s.update(passportVersion=0)),
    "no maker": subject(lambda s: s.pop("manufacturer")),
    "a model that is none": subject(lambda s: s.update(model=[])),
    "ceased": subject(lambda s: s.update(ceased={"at": format_instant(NOW)})),
    "succeeded": subject(lambda s: s.update(succeededBy=[{"id": "i", "link": "l"}])),
    "no passport": lambda payload, _evidence: payload.update(type=["VerifiableCredential"]),
}


def task(credential: bytes, evidence: CollectedEvidence, trusted: bytes) -> dict[str, Any]:
    def files(items: Mapping[str, bytes]) -> dict[str, str]:
        return {url: base64.b64encode(data).decode() for url, data in items.items()}

    return {
        "kind": "passport",
        "data": base64.b64encode(credential).decode(),
        "evidence": {
            "didDocuments": files(evidence.did_document_bytes),
            "statusLists": files(evidence.status_lists),
            "documents": files(evidence.documents),
            "studies": files(evidence.studies),
        },
        "trustList": trusted.decode(),
        "roots": [dict(ROOT.public_jwk)],
        "at": format_instant(NOW),
    }


def compare(world: World, made: Mapping[str, tuple[bytes, CollectedEvidence]]) -> dict[str, Any]:
    """Hold the page against Python; return the reason codes of each case by step."""
    trust_list = world.trust_list()
    trusted = trust_list.sign(ROOT)
    results = run([task(*case, trusted) for case in made.values()])
    codes = {}
    for (name, (credential, evidence)), result in zip(made.items(), results, strict=True):
        evidence.log_proofs.clear()
        report = verify_passport(credential, evidence, trust_list, BatteryEvidence(), NOW)
        steps = [[s.step, s.outcome, s.reason_code] for s in report.steps]
        differs = [pair for pair in zip(result["steps"], steps, strict=True) if pair[0] != pair[1]]
        assert (differs, result["verdict"]) == ([], report.verdict), name
        codes[name] = {s.step: s.reason_code for s in report.steps}
    return codes


def signed_anew(world: World, payload: Any) -> bytes:
    with world.store.reading() as reading:
        key = world.keyring.current(reading, MAKER)
        did = get_operator(reading, MAKER).did
    return CredentialSigner(key, did).sign(orjson.dumps(payload))


def test_the_page_and_python_agree_about_a_battery(sqlite_world: World) -> None:
    world = sqlite_world
    world.issue("SN-1")
    credential = world.credential("SN-1")
    made = {}
    for name, change in CHANGES.items():
        payload = json.loads(decode(credential).payload_bytes)
        # Collected from the passport as it was: what it cites after a change is what was at hand before.
        evidence = evidence_from_store(world.records(), [credential])
        change(payload, evidence)
        made[name] = (signed_anew(world, payload), evidence)
    codes = compare(world, made)
    seen = {code for case in codes.values() for code in case.values()}
    assert seen >= {
        *("schema_fits", "schema_violated", "not_a_passport", "passport_ceased", "succeeded"),
        *("certificate_expired", "certificate_not_at_hand", "certificate_hash_mismatch"),
        *("certificate_facility_mismatch", "certificate_period_mismatch", "no_certificate_cited"),
        *("study_fits", "study_not_at_hand", "study_hash_mismatch", "study_contradicts_passport"),
        "no_footprint_stated",
    }


def test_the_page_and_python_agree_about_a_certificate_that_a_certifier_signed(
    sqlite_world: World,
) -> None:
    world = with_certifier(sqlite_world)
    certificate = issue_certificate(world.store, world.keyring, ADDRESS, CERTIFIER, request(), NOW)
    world.issue("SN-1")
    payload = json.loads(decode(world.credential("SN-1")).payload_bytes)
    cited = payload["credentialSubject"]["factoryCertificates"]
    cited[:] = [row for row in cited if certificate.id in row["document"]]
    assert len(cited) == 1
    credential = signed_anew(world, payload)

    def now() -> tuple[bytes, CollectedEvidence]:
        return credential, evidence_from_store(world.records(), [credential])

    made = {"signed": now(), "no list": now(), "no keys": now()}
    made["no list"][1].status_lists.clear()
    for did in [did for did in made["no keys"][1].did_documents if CERTIFIER in did]:
        del made["no keys"][1].did_documents[did]
    change = CertificateChangeCreate(change=CertificateChange.SUSPENDED, reason="looked at again")
    change_certificate(world.store, world.keyring, ADDRESS, CERTIFIER, certificate.id, change, NOW)
    made["suspended"] = now()
    codes = compare(world, made)
    assert {name: case["factory_certificate"] for name, case in codes.items()} == {
        "signed": "certificate_signed",
        "no list": "certificate_status_not_checked",
        "no keys": "certificate_signed",  # the trust list names them
        "suspended": "certificate_suspended",
    }
