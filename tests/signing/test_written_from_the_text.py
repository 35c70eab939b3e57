"""signing/README.md lets a stranger write a verifier: one did, and it gives the same steps and reasons."""

import gzip
import json
import zlib
from collections.abc import Mapping
from datetime import timedelta
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from signing import base64url
from signing.canonical import canonicalize, parse_strict
from signing.data_integrity import add_proof
from signing.did_web import PublicKeyEntry
from signing.errors import MalformedDocumentError
from signing.instants import format_instant
from signing.jws import sign_compact
from signing.report import VerificationReport
from signing.status_list import status_entry
from signing.trust import TrustList
from signing.verify import examine
from tests.signing.log_world import (
    COSIGNER,
    CREDENTIAL,
    LOG,
    LOG_PQ,
    ORIGIN,
    PROOF,
    compromised,
    log_entries,
    logged,
)
from tests.signing.rfc_9901 import RFC_9901_SD_JWT
from tests.signing.test_verify import NAMES, evidence_from, read
from tests.signing.world import (
    AT,
    INDEX,
    MAKER,
    MAKER_KEY,
    REVOCATION,
    ROOT_KEY,
    STRANGER,
    STRANGER_KEY,
    did_document,
    entry,
    p256,
    passport,
    signed,
    status_list,
    trust_list,
)
from tests.signing.written_from_the_text import encodings, examination, keys, steps

KID = f"{MAKER}#{MAKER_KEY.kid}"
HEADER = {"alg": "ES256", "cty": "vc", "iss": MAKER, "kid": KID, "typ": "vc+jwt"}
SECOND = p256("second")


def stranger_s(changes: Mapping[str, Any]) -> examination.Evidence:
    """The evidence of an asset, read by the verifier that was written from the text."""
    found = {**read("_evidence"), **changes}
    trusted, proof = found["trustList"], found.get("logProof")
    return examination.Evidence(
        encodings.instant(found["at"]),
        keys.read_trust_list(trusted.encode(), found["trustRoots"]) if trusted else None,
        found["didDocuments"],
        {url: text.encode() for url, text in found["statusLists"].items()},
        None if proof is None else proof.encode(),
        found["expectedIdentifier"],
    )


def results_of(report: VerificationReport) -> dict[str, tuple[str, str]]:
    return {step.step: (step.outcome, step.reason_code) for step in report.steps}


def assert_agreed(credential: bytes, **changes: Any) -> str:
    known, at = evidence_from(changes)
    report = examine(credential, known, at=at)
    found = steps.examine(credential, stranger_s(changes))
    assert found == results_of(report)
    assert steps.verdict_over(found) == report.verdict
    return report.verdict


def trusting(*entries: Any, **changes: Any) -> str:
    return trust_list(*entries, **changes).sign(ROOT_KEY).decode()


def with_list(data: bytes) -> dict[str, Any]:
    return {"statusLists": {**read("_evidence")["statusLists"], REVOCATION: data.decode()}}


def jws(header: Mapping[str, Any], payload: Any, key: Any = MAKER_KEY) -> bytes:
    """Under any header, over any bytes."""
    data = payload if isinstance(payload, bytes) else json.dumps(payload).encode()
    shown = {name: value for name, value in header.items() if value is not ...}
    return sign_compact(base64url.encode(json.dumps(shown).encode()) + b".", data, key)


@pytest.mark.parametrize("name", NAMES)
def test_the_assets(name: str) -> None:
    asset = read(name)
    verdict = assert_agreed(asset["credential"].encode(), **asset["evidence"])
    assert verdict == asset["expected"]["verdict"]


def each(member: str, *values: Any) -> list[dict[str, Any]]:
    """One change for each value of one member; `...` takes it away."""
    return [{member: value} for value in values]


HEADERS: tuple[dict[str, Any], ...] = (
    *each("typ", "VC+JWT", "application/vc+jwt", "vc+ld+jwt", "JWT", ..., None),
    *each("cty", "VC", "application/vc", None, ..., "vc+ld"),
    *each("alg", "none", "es256", "EdDSA", None, ..., ["ES256"]),
    *each("kid", ..., None, "", MAKER, f"#{MAKER_KEY.kid}", MAKER_KEY.kid, 1),
    *each("iss", ..., None, "", STRANGER, 1),
    *({name: None} for name in ("jku", "jwk", "x5u", "crit", "b64", "zip", "x5t", "nonce")),
    {"x5c": ["nonsense"]},
    {"alg": "none", "jku": "x"},
)


@pytest.mark.parametrize("changes", HEADERS, ids=str)
def test_any_header(changes: dict[str, Any]) -> None:
    credential = jws({**HEADER, **changes}, passport())
    assert_agreed(credential)
    assert_agreed(credential, didDocuments={})
    assert_agreed(credential, didDocuments={}, trustList=None)


LATE, DAY = int(AT.timestamp()) + 301, 86_400
INSTANTS = (
    "2027-02-18T00:00:00", "2027-02-18T00:00:00z", "2027-02-18t00:00:00Z", "2027-02-29T00:00:00Z",
    "2027-02-18T00:00:00.123456789Z", "2027-02-18T00:00:00.1234567890Z", "2027-02-18T24:00:00Z",
    "2027-02-18T00:00:60Z", "2027-02-18T00:00:00+14:00", "2027-02-18T00:00:00+0100", "2027-02-18",
    "2027-03-01T12:05:00Z", "2027-03-01T12:05:01Z", "0001-01-01T00:00:00+01:00", 1, None,
)  # fmt: skip
PAYLOADS: tuple[dict[str, Any], ...] = (
    *each("validFrom", *INSTANTS),
    *each("validUntil", *INSTANTS),
    {"validUntil": "2027-03-01T11:59:59Z"},
    {"validUntil": "2027-03-01T12:00:00Z"},
    {"validFrom": None, "nbf": LATE},
    {"validFrom": None, "nbf": LATE - 1},
    {"validFrom": None, "iat": LATE},
    {"validFrom": None, "nbf": LATE - DAY, "iat": LATE},
    {"nbf": LATE},
    *({"validFrom": None, **iat} for iat in each("iat", "x", True, 1.5, -1, 95_617_584_000)),
    *({"validUntil": None, **exp} for exp in each("exp", 1, LATE, "x", 1.5)),
    {"exp": 1},
    *each("credentialSubject", {}, [], [{}], [1], "x", [[]], [1, {"id": "x"}]),
    *each("issuer", {"id": MAKER}, {"id": 1}, "", 1, [MAKER], STRANGER),
    *each("@context", "https://www.w3.org/ns/credentials/v2", [], {}, ["x"]),
    *each("type", "VerifiableCredential", ["VerifiableCredential"], [1], {}),
    {"iss": STRANGER},
    {"id": 1},
)


@pytest.mark.parametrize("changes", PAYLOADS, ids=str)
def test_any_payload(changes: dict[str, Any]) -> None:
    credential = jws(HEADER, passport(**changes))
    assert_agreed(credential)
    assert_agreed(credential, expectedIdentifier=None)
    assert_agreed(add_proof_to(passport(**changes)))


def add_proof_to(document: Any, **changes: Any) -> bytes:
    secured = add_proof(document, MAKER_KEY, MAKER, AT)
    proof: Any = secured["proof"]
    shown = {name: value for name, value in {**proof, **changes}.items() if value is not ...}
    return json.dumps({**secured, "proof": shown}).encode()


@pytest.mark.parametrize(
    "changes",
    [
        *each("proofValue", ..., 1, "z", "z0", "u" + "A" * 86, "z1111"),
        *each("type", ..., "x"),
        *each("cryptosuite", ..., "x", "eddsa-jcs-2022", ["ecdsa-jcs-2019"]),
        *each("proofPurpose", ..., "authentication"),
        *each("@context", ..., None, []),
        *each("verificationMethod", ..., 1, "", KID, f"{STRANGER}#x"),
        {"expires": None},
    ],
    ids=str,
)
def test_any_proof(changes: dict[str, Any]) -> None:
    assert_agreed(add_proof_to(passport(), **changes))


ENTRY: Any = status_entry(REVOCATION, "revocation", INDEX)


@pytest.mark.parametrize(
    "entries",
    [
        None, [], "x", 5, ["x"], {}, ENTRY, [ENTRY, ENTRY], [ENTRY, {"type": "x"}],
        *({**ENTRY, "type": value} for value in ("x", [ENTRY["type"]], None)),
        *({**ENTRY, "statusListIndex": value} for value in (
            5, "-1", "05", "", " 5", "\uff15", "131071", "131072", "99999999", "123456789", None,
        )),
        *({**ENTRY, "statusPurpose": value} for value in ("message", "suspension", 1, None)),
        *({**ENTRY, "statusListCredential": value} for value in ("https://x", 1, None)),
    ],
    ids=str,
)  # fmt: skip
def test_any_status_entry(entries: Any) -> None:
    assert_agreed(signed(passport(credentialStatus=entries)))
    assert_agreed(signed(passport(credentialStatus=entries)), statusLists={})


def bitstring(data: bytes | None = None, header: Any = HEADER, **changes: Any) -> bytes:
    bits = "u" + base64url.encode(gzip.compress(bytes(16_384)) if data is None else data).decode()
    subject = {"statusPurpose": "revocation", "encodedList": bits}
    document = passport(
        id=REVOCATION,
        type=["VerifiableCredential", "BitstringStatusListCredential"],
        credentialSubject={**subject, **changes.pop("subject", {})},
        credentialStatus=None,
    )
    return jws(header, {**document, **changes})


LISTS: Mapping[str, bytes] = {
    "good": bitstring(),
    "short": bitstring(gzip.compress(bytes(16_383))),
    "two MiB": bitstring(gzip.compress(bytes(2**21))),
    "beyond two MiB": bitstring(gzip.compress(bytes(2**21 + 1))),
    "a tail": bitstring(gzip.compress(bytes(16_384)) + b"x"),
    "two streams": bitstring(gzip.compress(bytes(8_192)) * 2),
    "cut off": bitstring(gzip.compress(bytes(16_384))[:-3]),
    "zlib": bitstring(zlib.compress(bytes(16_384))),
    "not multibase": bitstring(subject={"encodedList": "x"}),
    "not base64url": bitstring(subject={"encodedList": "u$"}),
    "two purposes": bitstring(subject={"statusPurpose": ["suspension", "revocation"]}),
    "no purpose": bitstring(subject={"statusPurpose": None}),
    "no list": bitstring(type=["VerifiableCredential"]),
    "elsewhere": bitstring(id="https://x"),
    "no day": bitstring(validUntil="x"),
    "undated": bitstring(validFrom=None),
    "stale": bitstring(validUntil="2027-03-01T11:59:59Z"),
    "another algorithm": bitstring(header={**HEADER, "alg": "none"}),
    "nonsense": b"x",
    "a restricted credential": RFC_9901_SD_JWT,
}


@pytest.mark.parametrize("name", LISTS)
def test_any_status_list(name: str) -> None:
    listed = with_list(LISTS[name])
    assert_agreed(signed(passport()), **listed)
    retired = PublicKeyEntry(MAKER_KEY.public_jwk, expires=AT - timedelta(days=1))
    assert_agreed(signed(passport()), didDocuments={MAKER: did_document(MAKER, retired)}, **listed)


def test_lists_of_others_and_of_those_who_are_trusted_no_more() -> None:
    theirs = with_list(status_list(key=STRANGER_KEY, did=STRANGER))
    scopes: Any = ((), ("x",), ("BitstringStatusListCredential",))
    verdicts = [
        assert_agreed(
            signed(passport()),
            trustList=trusting(entry(), entry(STRANGER, STRANGER_KEY, scope=scope)),
            **theirs,
        )
        for scope in scopes
    ]
    assert verdicts == ["invalid", "invalid", "valid"]
    assert_agreed(signed(passport()), didDocuments={}, trustList=None, **theirs)
    assert_agreed(signed(passport()), trustList=trusting(entry(valid_until=AT - timedelta(days=5))))


DOCUMENT: Any = did_document()
METHOD = DOCUMENT["verificationMethod"][0]
ENDS: tuple[dict[str, Any], ...] = (
    {"expires": format_instant(AT - timedelta(days=30))},
    {"expires": passport()["validFrom"]},
    *each("expires", "x", None),
    *each("revoked", format_instant(AT), "2040-01-01T00:00:00Z", "x", True),
    *({"revoked": format_instant(AT), "revokedFromLogIndex": index} for index in (
        100, 101, 0, "101", True, -1, 101.0, None,
    )),
    *({"revoked": format_instant(AT), "revokedFromLogIndex": 101, "revokedInLog": log} for log in (
        ORIGIN, "another", 1, None,
    )),
)  # fmt: skip


@pytest.mark.parametrize(
    "changes",
    [
        *ENDS,
        {"controller": STRANGER},
        {"controller": ...},
        {"id": f"#{MAKER_KEY.kid}"},
        {"id": f"{MAKER}#other"},
        {"publicKeyMultibase": "z"},
        {"publicKeyJwk": ..., "publicKeyMultibase": "z"},
        *(
            {"publicKeyJwk": {**METHOD["publicKeyJwk"], **jwk}}
            for jwk in (
                {"d": "x"}, {"use": "enc"}, {"use": "sig"}, {"key_ops": ["sign"]}, {"alg": None},
                {"key_ops": ["verify"]}, {"alg": "EdDSA"}, {"x": "AA"}, {"crv": "P-384"}, {"y": 1},
            )
        ),
    ],
    ids=str,
)  # fmt: skip
def test_any_key_of_a_document(changes: dict[str, Any]) -> None:
    method = {name: value for name, value in {**METHOD, **changes}.items() if value is not ...}
    other: Any = did_document(MAKER, PublicKeyEntry(SECOND.public_jwk))
    methods = [method, *other["verificationMethod"]]
    known = {
        "trustList": trusting(entry(keys=()), *log_entries()),
        "logProof": PROOF.to_bytes().decode(),
    }
    for named in ([KID], [method], ["#" + MAKER_KEY.kid], [], KID):
        document = {"id": MAKER, "verificationMethod": methods, "assertionMethod": named}
        assert_agreed(CREDENTIAL, didDocuments={MAKER: document}, **known)


@pytest.mark.parametrize("listed", ENDS, ids=str)
def test_any_end_of_a_key_in_the_trust_list(listed: dict[str, Any]) -> None:
    document = json.loads(json.dumps(trust_list(entry(), *log_entries()).to_document()))
    document["entries"][0]["keys"][0] |= listed
    header = {"alg": "Ed25519", "typ": "trust-list+jwt", "kid": ROOT_KEY.kid}
    text = jws(header, document, ROOT_KEY).decode()
    changes = {"trustList": text, "logProof": PROOF.to_bytes().decode()}
    try:
        TrustList.verify(text.encode(), read("_evidence")["trustRoots"])
    except MalformedDocumentError:
        with pytest.raises(encodings.RefusedError):
            stranger_s(changes)
        return
    assert_agreed(CREDENTIAL, **changes)
    assert_agreed(CREDENTIAL, didDocuments={}, **changes)
    assert_agreed(CREDENTIAL, didDocuments={MAKER: compromised(101)}, **changes)


PROOF_TEXT = PROOF.to_bytes().decode()
PROOFS: Mapping[str, str] = {
    "good": PROOF_TEXT,
    "the log alone": logged(LOG).to_bytes().decode(),
    "the log twice": logged(LOG, LOG_PQ).to_bytes().decode(),
    "no log": logged(COSIGNER).to_bytes().decode(),
    "a witness": logged(LOG, COSIGNER).to_bytes().decode(),
    "one leaf": logged(before=0, after=0).to_bytes().decode(),
    "the last leaf": logged(after=0).to_bytes().decode(),
    "extra": PROOF_TEXT.replace("index", "extra $\nindex"),
    "another version": PROOF_TEXT.replace("@v1", "@v2"),
    "not base64": PROOF_TEXT.replace("=\n", "\n", 1),
    "an extension line": PROOF_TEXT.replace("\n\n—", "\nmore\n\n—"),
    "a name with a plus": PROOF_TEXT + "— a+b AAAAAAA=\n",
    "an unknown key": PROOF_TEXT + "— a AAAAAAA=\n",
    "a short signature": PROOF_TEXT + "— a AAAA\n",
    "no line break": PROOF_TEXT[:-1],
    "another line break": PROOF_TEXT + "\n",
    "no signature": PROOF_TEXT.partition("—")[0],
    "nothing": "",
    **{f"index {n}": PROOF_TEXT.replace("index 100", f"index {n}") for n in (99, "0100", 130, -1)},
    "a hash too few": PROOF_TEXT.replace(PROOF_TEXT.split("\n")[2] + "\n", "", 1),
    "a hash too many": PROOF_TEXT.replace("\n\n", "\n" + "A" * 43 + "=\n\n", 1),
    "63 hashes": PROOF_TEXT.replace("\n\n", ("\n" + "A" * 43 + "=") * 63 + "\n\n", 1),
}


@pytest.mark.parametrize("name", PROOFS)
def test_any_proof_of_a_log(name: str) -> None:
    for entries in (log_entries(), log_entries(witness=False), ()):
        listed = {"trustList": trusting(entry(), *entries), "logProof": PROOFS[name]}
        assert_agreed(CREDENTIAL, **listed)
        assert_agreed(CREDENTIAL, didDocuments={MAKER: compromised(101, None)}, **listed)


TEXTS = st.text(st.characters(exclude_categories=["Cs"]), max_size=3)
NUMBERS = st.integers() | st.floats()
VALUES = st.recursive(
    st.none() | st.booleans() | NUMBERS | TEXTS,
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(TEXTS, inner, max_size=3),
    max_leaves=6,
)
PARTS = ('{"a":', "[", "]", "}", ",", '"x"', "1", "-0", "1e400", "1E2", ".5", "null", "\\ud800")


@given(VALUES, st.lists(st.sampled_from(PARTS), max_size=6))
def test_both_read_the_same_json(value: Any, parts: list[str]) -> None:
    for document in ("".join(parts).encode(), json.dumps(value, ensure_ascii=False).encode()):
        try:
            expected = canonicalize(parse_strict(document)).decode()
        except MalformedDocumentError:
            with pytest.raises(encodings.RefusedError):
                encodings.strict_json(document)
        else:
            assert encodings.canonical(encodings.strict_json(document)) == expected
