"""Verifiers written by others (in JavaScript) judge what we sign as we do; `make node` installs them."""

import json
import random
import shutil
import subprocess
from collections.abc import Mapping
from datetime import timedelta
from typing import Any, Final

import pytest

from passports.embedded_proof import with_embedded_proof
from passports.identifiers import UniqueProductIdentifier
from passports.resolve import find_passport
from signing import base64url
from signing.credentials import decode
from signing.data_integrity import add_proof
from signing.did_web import PublicKeyEntry
from signing.instants import format_instant
from signing.selective_disclosure import decode_presentation, release
from signing.verify import examine
from tests.paths import ROOT
from tests.revoking import revoke_passport
from tests.signing.test_selective_disclosure import CLAIMS, FULL, LIST, token_list
from tests.signing.test_verify import NAMES, evidence_from, read
from tests.signing.world import (
    AT,
    MAKER,
    REVOCATION,
    STRANGER,
    STRANGER_KEY,
    did_document,
    ed25519,
    passport,
    status_list,
)
from tests.worlds import GTIN, NOW, World
from tests.worlds import MAKER as MAKER_ID

FOLDER: Final = ROOT / "tests" / "signing" / "node"
LATER: Final = NOW + timedelta(hours=1)
ED25519: Final = ed25519("eddsa")
DOCUMENTS: Final = {
    MAKER: did_document(),
    STRANGER: did_document(STRANGER, PublicKeyEntry(STRANGER_KEY.public_jwk)),
}


def judge(*tasks: Mapping[str, Any]) -> list[dict[str, Any]]:
    """Let the others judge; each answer holds what they read, or why it was `refused`."""
    node = shutil.which("node")
    if node is None or not (FOLDER / "node_modules").is_dir():
        pytest.skip("the independent verifiers are not installed: make node")
    whole = [{"didDocuments": DOCUMENTS, "at": format_instant(AT), **task} for task in tasks]
    done = subprocess.run(
        [node, str(FOLDER / "verify.mjs")],
        input=json.dumps(whole).encode(),
        capture_output=True,
        check=False,
        timeout=60,
    )
    assert done.returncode == 0, done.stderr.decode()
    answers: list[dict[str, Any]] = json.loads(done.stdout)
    return answers


def jwt(credential: bytes, **evidence: Any) -> dict[str, Any]:
    return {"kind": "vc+jwt", "credential": credential.decode(), **evidence}


def secured(credential: Any, **evidence: Any) -> dict[str, Any]:
    return {"kind": "embedded proof", "credential": credential, **evidence}


def presentation(sd_jwt: bytes, *revoked: int, **evidence: Any) -> dict[str, Any]:
    lists = {LIST: token_list(*revoked).decode()}
    return {
        "kind": "presentation",
        "presentation": sd_jwt.decode(),
        "statusLists": lists,
        **evidence,
    }


def published(world: World) -> dict[str, Any]:
    """What a world publishes, as the others take it."""
    found = world.evidence(LATER)
    lists = {url: data.decode() for url, data in found.status_lists.items()}
    return {"didDocuments": found.did_documents, "statusLists": lists, "at": format_instant(LATER)}


def embedded(world: World) -> Any:
    stored = find_passport(world.store, UniqueProductIdentifier(GTIN, "SN-1"))
    return json.loads(with_embedded_proof(world.store, world.keyring, stored, NOW))


def tampered(credential: bytes) -> bytes:
    header, payload, signature = credential.split(b".")
    changed = base64url.decode(payload, "payload").replace(b'"SN-1"', b'"SN-7"')
    return b".".join([header, base64url.encode(changed), signature])


def test_jose_reads_an_issued_passport_by_the_key_in_its_makers_did_document(
    sqlite_world: World,
) -> None:
    sqlite_world.issue()
    credential, evidence = sqlite_world.credential(), published(sqlite_world)
    lists = [jwt(text.encode(), **evidence) for text in evidence["statusLists"].values()]
    good, bad, unknown, *rest = judge(
        jwt(credential, **evidence),
        jwt(tampered(credential), **evidence),
        jwt(credential, **evidence | {"didDocuments": {}}),
        *lists,
    )
    assert good["payload"] == decode(credential).payload
    assert bad == {"refused": "signature verification failed"}
    assert "no DID document" in unknown["refused"]
    assert rest
    assert all(answer["header"]["typ"] == "vc+jwt" for answer in rest)


# What we accept from issuers of older or barer habits (README section 2.1); these verifiers are strict.
BARER: Final = {
    "good_eddsa_without_kid",
    "good_legacy_typ",
    "good_offline_without_did_document",
    "good_without_kid",
    "kid_missing_and_signed_by_a_stranger",
}


def test_others_and_we_agree_on_the_signature_of_every_asset() -> None:
    base = read("_evidence")
    tasks: dict[str, dict[str, Any]] = {}
    ours: dict[str, str] = {}
    for name in sorted(set(NAMES) - BARER):
        item = read(name)
        credential, given = item["credential"], {**base, **item["evidence"]}
        known, at = evidence_from(given)
        step = examine(credential.encode(), known, at=at).step("signature")
        if step.reason_code not in {"signature_valid", "signature_invalid"} or "~" in credential:
            continue
        brought = {"didDocuments": dict(known.did_documents), "at": format_instant(at)}
        if credential.startswith("{"):
            brought["statusLists"] = given["statusLists"]
            tasks[name] = secured(json.loads(credential), **brought)
        else:
            tasks[name] = jwt(credential.encode(), **brought)
        ours[name] = step.outcome
    answers = zip(tasks, judge(*tasks.values()), strict=True)
    theirs = {name: "failed" if "refused" in answer else "passed" for name, answer in answers}
    assert theirs == ours
    assert list(ours.values()).count("failed") > 5


@pytest.mark.parametrize("withdrawn", [False, True])
def test_an_embedded_proof_and_its_status_are_read_by_digital_bazaar(
    sqlite_world: World, *, withdrawn: bool
) -> None:
    sqlite_world.issue()
    if withdrawn:
        stored = find_passport(sqlite_world.store, UniqueProductIdentifier(GTIN, "SN-1"))
        revoke_passport(
            sqlite_world.store, sqlite_world.keyring, sqlite_world.address, MAKER_ID, stored.id, NOW
        )
    (answer,) = judge(secured(embedded(sqlite_world), **published(sqlite_world)))
    assert answer["suites"] == ["ecdsa-jcs-2019"]
    assert answer["status"]["revocation"] is withdrawn


def test_a_changed_credential_or_proof_is_refused_by_digital_bazaar(sqlite_world: World) -> None:
    sqlite_world.issue()
    whole, evidence = embedded(sqlite_world), published(sqlite_world)
    subject, proof = whole["credentialSubject"], whole["proof"]
    stranger = {
        **proof,
        "verificationMethod": f"did:web:stranger.example#{proof['verificationMethod'].split('#')[1]}",
    }
    changed = [
        {**whole, "proof": stranger},
        {**whole, "credentialSubject": {**subject, "serialNumber": "SN-7"}},
        {**whole, "proof": {**proof, "created": format_instant(LATER)}},
        {**whole, "proof": {**proof, "proofPurpose": "authentication"}},
        {**whole, "more": 1},
    ]
    good, *refused = judge(*(secured(item, **evidence) for item in [whole, *changed]))
    assert "refused" not in good
    assert all(answer.keys() == {"refused"} for answer in refused)


def test_an_ed25519_proof_is_read_by_digital_bazaar() -> None:
    document = passport(credentialStatus=None)
    whole: Any = add_proof(document, ED25519, MAKER, AT - timedelta(days=5))
    changed = {**whole, "credentialSubject": {**whole["credentialSubject"], "category": "lmt"}}
    known = {MAKER: did_document(MAKER, PublicKeyEntry(ED25519.public_jwk))}
    good, bad = judge(secured(whole, didDocuments=known), secured(changed, didDocuments=known))
    assert good == {"suites": ["eddsa-jcs-2022"], "status": {}}
    assert bad == {"refused": "Invalid signature."}


def test_each_audience_reads_its_claims_with_the_sd_jwt_library() -> None:
    tiers = [
        release(FULL, lambda path: False),
        release(FULL, lambda path: path[0] == "dismantling"),
        FULL,
    ]
    for sd_jwt, answer in zip(tiers, judge(*map(presentation, tiers)), strict=True):
        assert answer == {"claims": decode_presentation(sd_jwt).payload, "typ": "dc+sd-jwt"}
    assert answer["claims"] == CLAIMS


def test_a_revoked_expired_or_changed_presentation_is_refused_by_the_sd_jwt_library() -> None:
    signature = FULL.split(b"~")[0]
    header, payload, rest = signature.split(b".")
    changed = base64url.decode(payload, "payload").replace(b"LFP-60", b"LFP-90")
    forged = b".".join([header, base64url.encode(changed), rest]) + b"~"
    revoked, expired, broken = judge(
        presentation(FULL, 7),
        presentation(FULL, at=format_instant(AT + timedelta(days=1000))),
        presentation(forged),
    )
    assert revoked == {"refused": "status 1"}
    assert "expired" in expired["refused"]
    assert "signature" in broken["refused"].lower()


def test_both_status_lists_have_the_same_bits_for_others() -> None:
    places = [*random.Random(5).sample(range(131_071), 600), 131_071]
    bits = status_list(REVOCATION, set_bits=tuple(places)).decode()
    tokens = token_list(*places).decode()
    expected = {"length": 131_072, "set": sorted(places)}
    assert judge({"kind": "bitstring", "list": bits}, {"kind": "token", "list": tokens}) == [
        expected,
        expected,
    ]
