"""Credentials, DID documents and trust lists as documents: written, read, refused."""

import json
from dataclasses import replace
from typing import Any

import pytest

from signing.canonical import canonicalize
from signing.credentials import CredentialSigner, decode, issuer_of, subjects_of, types_of
from signing.did_web import (
    PublicKeyEntry,
    build_document,
    build_jwks,
    did_from_url,
    document_url,
    verification_keys,
)
from signing.errors import (
    InvalidSignatureError,
    KeyUnavailableError,
    MalformedDocumentError,
    UntrustedKeyError,
)
from signing.jws import encode_header, sign_compact
from signing.keys.software_key import MlDsa44Key
from signing.keys.verifying_key import from_jwk
from signing.trust import TrustList
from tests.signing.world import (
    AT,
    MAKER,
    MAKER_KEY,
    ROOT_KEY,
    STRANGER_KEY,
    ed25519,
    entry,
    p256,
    passport,
    signed,
    trust_list,
)

# --- credentials -----------------------------------------------------------------------------


def test_a_credential_carries_exactly_the_bytes_that_were_signed() -> None:
    payload = b'{ "b":1,\n"a":2 }'
    signer = CredentialSigner(MAKER_KEY, MAKER)
    decoded = decode(signer.sign(payload))

    assert decoded.payload_bytes == payload
    assert decoded.payload == {"a": 2, "b": 1}
    assert decoded.header == {
        "alg": "ES256",
        "typ": "vc+jwt",
        "cty": "vc",
        "iss": MAKER,
        "kid": f"{MAKER}#{MAKER_KEY.kid}",
    }
    assert signer.kid == decoded.header["kid"]
    from_jwk(MAKER_KEY.public_jwk).verify(decoded.signature, decoded.signing_input)


def test_a_seal_carries_its_certificates() -> None:
    signer = CredentialSigner(MAKER_KEY, MAKER, certificate_chain=("AAAA", "BBBB"))
    assert decode(signer.sign(b"{}")).header["x5c"] == ["AAAA", "BBBB"]


def test_credentials_are_not_signed_with_the_key_of_a_log() -> None:
    with pytest.raises(KeyUnavailableError) as refused:
        CredentialSigner(ed25519("log"), MAKER)
    assert refused.value.reason == "wrong_algorithm"


def test_issuer_types_and_subjects_are_read_in_both_spellings() -> None:
    assert issuer_of({"issuer": {"id": MAKER, "name": "x"}}) == MAKER
    assert issuer_of({"issuer": ["x"]}) is None
    assert types_of({"type": "A"}) == ("A",)
    assert types_of({"type": ["A", 1, "B"]}) == ("A", "B")
    assert types_of({}) == ()
    assert subjects_of({"credentialSubject": [{"id": "a"}, 1, {"id": "b"}]}) == (
        {"id": "a"},
        {"id": "b"},
    )


# --- did:web ---------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("url", "did", "document"),
    [
        # The examples of the did:web method specification, section 2.5.
        (
            "https://w3c-ccg.github.io",
            "did:web:w3c-ccg.github.io",
            "https://w3c-ccg.github.io/.well-known/did.json",
        ),
        (
            "https://w3c-ccg.github.io/user/alice",
            "did:web:w3c-ccg.github.io:user:alice",
            "https://w3c-ccg.github.io/user/alice/did.json",
        ),
        (
            "https://example.com:3000/user/alice/",
            "did:web:example.com%3A3000:user:alice",
            "https://example.com:3000/user/alice/did.json",
        ),
        (
            "http://127.0.0.1:8000",
            "did:web:127.0.0.1%3A8000",
            "https://127.0.0.1:8000/.well-known/did.json",
        ),
        ("http://localhost/x", "did:web:localhost:x", "https://localhost/x/did.json"),
        (
            "https://XN--BCHER-KVA.example",
            "did:web:xn--bcher-kva.example",
            "https://xn--bcher-kva.example/.well-known/did.json",
        ),
    ],
)
def test_a_url_and_its_did_and_its_document(url: str, did: str, document: str) -> None:
    assert did_from_url(url) == did
    assert document_url(did) == document


@pytest.mark.parametrize(
    "url",
    [
        "http://example.com",
        "ftp://example.com",
        "example.com",
        "https://",
        "https://user@example.com",
        "https://example.com?x=1",
        "https://example.com#x",
        "https://exa mple.com",
        "https://bücher.example",
        "https://[::1]/",
        "https://[::1/",
        "https://example.com:99999",
        "https://-a.example",
        "https://example.com/a:b",
        "https://example.com/ä",
    ],
)
def test_a_url_that_can_be_no_did_is_refused(url: str) -> None:
    with pytest.raises(MalformedDocumentError):
        did_from_url(url)


@pytest.mark.parametrize(
    "did",
    [
        "",
        "did:key:z6Mk",
        "did:web:",
        "did:web:..",
        "did:web:a..b",
        "did:web:example.com/x",
        "did:web:example.com%2Fx",
        "did:web:example.com:..:x",
        "did:web:example.com:%2e%2E",
        "did:web:example.com#x",
        "did:web:Example.com",
        "did:web:example.com%3A123456",
        "did:web:user%40example.com",
    ],
)
def test_a_did_that_leads_elsewhere_is_refused(did: str) -> None:
    with pytest.raises(MalformedDocumentError):
        document_url(did)


def test_every_key_stands_twice_in_the_document_and_both_are_the_same_key() -> None:
    document = build_document(MAKER, [PublicKeyEntry(MAKER_KEY.public_jwk)])
    keys = verification_keys(document, MAKER)
    assert [key.id for key in keys] == document["assertionMethod"]
    assert {key.key.thumbprint for key in keys} == {MAKER_KEY.kid}
    methods: Any = document["verificationMethod"]
    assert [method["type"] for method in methods] == ["JsonWebKey", "Multikey"]
    assert methods[0]["publicKeyJwk"]["kid"] == MAKER_KEY.kid


def test_retired_keys_stay_and_a_compromised_one_is_not_for_assertions() -> None:
    old = PublicKeyEntry(p256("old").public_jwk, expires=AT)
    stolen = PublicKeyEntry(p256("stolen").public_jwk, revoked=AT, revoked_from_log_index=41)
    document = build_document(
        MAKER,
        [PublicKeyEntry(MAKER_KEY.public_jwk), old, stolen, PublicKeyEntry(ROOT_KEY.public_jwk)],
    )
    keys = {key.key.thumbprint: key for key in verification_keys(document, MAKER)}
    assert keys[p256("old").kid].expires == AT
    assert keys[p256("stolen").kid].revoked == AT
    assert keys[p256("stolen").kid].revoked_from_log_index == 41
    assert not any(p256("stolen").kid in str(item) for item in document["assertionMethod"])  # type: ignore[union-attr]

    jwks: Any = build_jwks(
        [PublicKeyEntry(MAKER_KEY.public_jwk), old, stolen, PublicKeyEntry(ROOT_KEY.public_jwk)]
    )
    assert [key["kid"] for key in jwks["keys"]] == [MAKER_KEY.kid, p256("old").kid, ROOT_KEY.kid]
    assert [key["alg"] for key in jwks["keys"]] == ["ES256", "ES256", "Ed25519"]


def test_documents_of_others_are_read_generously_and_believed_narrowly() -> None:
    good = {"id": "#a", "type": "JsonWebKey2020", "publicKeyJwk": MAKER_KEY.public_jwk}
    document: dict[str, Any] = {
        "id": MAKER,
        "verificationMethod": [
            good,
            {**good, "id": "#unused"},
            {**good, "id": "#other", "controller": "did:web:other.example"},
            {**good, "id": 5},
            {"id": "#rsa", "publicKeyJwk": {"kty": "RSA", "n": "AQAB"}},
            {"id": "#none"},
            {**good, "id": "#bad-date", "expires": "soon"},
            {**good, "id": "#bad-index", "revokedFromLogIndex": True},
            "text",
        ],
        "assertionMethod": [
            "#a",
            f"{MAKER}#other",
            "#rsa",
            "#none",
            "#bad-date",
            "#bad-index",
            {"id": f"{MAKER}#embedded", "publicKeyJwk": STRANGER_KEY.public_jwk},
            {"id": f"{MAKER}#broken", "publicKeyJwk": {}},
            7,
        ],
    }
    assert [key.id for key in verification_keys(document, MAKER)] == [
        f"{MAKER}#a",
        f"{MAKER}#embedded",
    ]
    assert verification_keys({"id": MAKER, "verificationMethod": "x"}, MAKER) == ()
    with pytest.raises(MalformedDocumentError):
        verification_keys(document, "did:web:other.example")


# --- trust list ------------------------------------------------------------------------------


def test_a_trust_list_comes_back_as_it_was_signed() -> None:
    stolen = replace(entry().keys[0], expires=AT, revoked=AT, revoked_from_log_index=7)
    made = trust_list(
        entry(), entry(role="log", keys=(stolen,), valid_until=None), entry(role="witness", keys=())
    )
    for root in (ROOT_KEY, MAKER_KEY):
        read = TrustList.verify(made.sign(root), [STRANGER_KEY.public_jwk, root.public_jwk])
        assert read == made
    assert [item.role for item in made.in_role("log")] == ["log"]
    assert made.find(MAKER, "manufacturer") == made.entries[0]
    assert made.find(MAKER, "certifier") is None


def test_a_trust_list_of_somebody_else_is_refused() -> None:
    data = trust_list().sign(ROOT_KEY)
    with pytest.raises(UntrustedKeyError):
        TrustList.verify(data, [STRANGER_KEY.public_jwk])
    with pytest.raises(UntrustedKeyError):
        TrustList.verify(data, [])
    with pytest.raises(InvalidSignatureError):
        TrustList.verify(data[:-4] + b"AAAA", [ROOT_KEY.public_jwk])
    with pytest.raises(MalformedDocumentError, match="typ"):
        TrustList.verify(signed(passport()), [MAKER_KEY.public_jwk])
    with pytest.raises(KeyUnavailableError):
        trust_list().sign(MlDsa44Key.generate())


def test_a_trust_list_under_a_wrong_algorithm_is_refused() -> None:
    payload = canonicalize(trust_list().to_document())
    for alg, error in (("none", MalformedDocumentError), ("ES256", InvalidSignatureError)):
        header = encode_header({"alg": alg, "typ": "trust-list+jwt", "kid": ROOT_KEY.kid})
        with pytest.raises(error):
            TrustList.verify(sign_compact(header, payload, ROOT_KEY), [ROOT_KEY.public_jwk])


def changed(**changes: Any) -> Any:
    document = json.loads(canonicalize(trust_list().to_document()))
    document["entries"][0].update(changes)
    return document


@pytest.mark.parametrize(
    "document",
    [
        None,
        [],
        {},
        {**changed(), "version": 2},
        {**changed(), "entries": {}},
        {**changed(), "entries": ["x"]},
        {**changed(), "issuedAt": "today"},
        {**changed(), "validUntil": None},
        changed(issuer=None),
        changed(role="king"),
        changed(names="Maker"),
        changed(scope=[1]),
        changed(gs1Prefixes=[""]),
        changed(gs1Prefixes=["952x"]),
        changed(keys={}),
        changed(keys=["x"]),
        changed(keys=[{"jwk": {"kty": "RSA"}}]),
        changed(keys=[{"jwk": {**MAKER_KEY.public_jwk, "d": "AAAA"}}]),
        changed(keys=[{"jwk": dict(MAKER_KEY.public_jwk), "revokedFromLogIndex": -1}]),
        changed(keys=[{"jwk": dict(MAKER_KEY.public_jwk), "revokedInLog": 1}]),
        changed(validFrom="2027"),
        changed(validUntil="2027"),
    ],
)
def test_a_trust_list_that_is_none_is_refused(document: Any) -> None:
    with pytest.raises(MalformedDocumentError):
        TrustList.parse(document)


def test_a_gtin_belongs_to_who_owns_its_prefix() -> None:
    owner = entry(gs1_prefixes=("952012345", "4012345"))
    assert owner.allows_gtin("09520123456788")
    assert owner.allows_gtin("14012345000009")
    assert not owner.allows_gtin("09521123456788")
    assert entry(gs1_prefixes=()).allows_gtin("09521123456788")
