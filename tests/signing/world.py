"""A small world for the tests of signing: a maker, a stranger, a root, and what they signed.

All keys come from fixed secrets, and ES256 is deterministic (RFC 6979), so every asset can be made
again, byte for byte.
"""

import hashlib
import json
from collections.abc import Mapping
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest

from signing.canonical import JsonValue, canonicalize
from signing.credentials import CredentialSigner
from signing.did_web import PublicKeyEntry, build_document
from signing.keys.software_key import Ed25519Key, P256Key
from signing.status_list import StatusList, build_status_list_credential, status_entry
from signing.trust import Role, TrustEntry, TrustList, trusted_key
from signing.verify import Evidence
from tests.paths import SHARED

ASSETS = Path(__file__).parent / "assets"

MAKER = "did:web:maker.example"
STRANGER = "did:web:stranger.example"
CERTIFIER = "did:web:laboratory.example"
AT = datetime(2027, 3, 1, 12, 0, tzinfo=UTC)
ISSUED = "2027-02-18T00:00:00Z"
GTIN = "09520123456788"
LINK = f"https://id.maker.example/01/{GTIN}/21/BP-0001"
REVOCATION = "https://maker.example/status/revocation/1"
SUSPENSION = "https://maker.example/status/suspension/1"
REFRESH = "https://maker.example/status/refresh/1"
INDEX, REVOKED, SUSPENDED, SUPERSEDED = 94_567, 11, 12, 13


def secret(name: str) -> bytes:
    """32 bytes that everybody can compute: never a secret, so never a key for anything real."""
    return hashlib.sha256(f"voltpass test key {name}".encode()).digest()


def p256(name: str) -> P256Key:
    return P256Key.from_secret(secret(name))


def ed25519(name: str) -> Ed25519Key:
    return Ed25519Key.from_secret(secret(name))


MAKER_KEY, STRANGER_KEY, ROOT_KEY = p256("maker"), p256("stranger"), ed25519("root")
CERTIFIER_KEY = p256("certifier")


def vectors(path: str) -> Any:
    """Third-party vectors; where the folder is absent, the test is skipped."""
    file = SHARED / "schemas" / path
    if not file.exists():
        pytest.skip(f"third-party vectors are not at hand: {path}")
    return json.loads(file.read_bytes()) if file.suffix == ".json" else file.read_text("utf-8")


def passport(index: int = INDEX, **changes: JsonValue) -> dict[str, JsonValue]:
    """A battery passport with its three status entries; ``None`` takes a member away."""
    document: dict[str, JsonValue] = {
        "@context": ["https://www.w3.org/ns/credentials/v2"],
        "id": f"{LINK}?version=1",
        "type": ["VerifiableCredential", "DigitalBatteryPassport"],
        "issuer": MAKER,
        "validFrom": ISSUED,
        "validUntil": "2042-02-18T00:00:00Z",
        "credentialSubject": {
            "id": LINK,
            "category": "ev",
            "ratedCapacity_Ah": 150.5,
            "carbonFootprint_kg_co2e_per_kwh": 61.0,
            "manufacturer": "Größe & Söhne",
        },
        "credentialStatus": [
            status_entry(REVOCATION, "revocation", index),
            status_entry(SUSPENSION, "suspension", index),
            status_entry(REFRESH, "refresh", index),
        ],
    }
    document.update(changes)
    return {member: value for member, value in document.items() if value is not None}


def signed(document: JsonValue, key: P256Key = MAKER_KEY, did: str = MAKER) -> bytes:
    return CredentialSigner(key, did).sign(canonicalize(document))


def status_list(
    url: str = REVOCATION,
    purpose: Any = "revocation",
    *,
    set_bits: tuple[int, ...] = (),
    key: P256Key = MAKER_KEY,
    did: str = MAKER,
    valid_from: datetime = AT - timedelta(hours=2),
) -> bytes:
    bits = StatusList()
    for index in set_bits:
        bits.set(index)
    document = build_status_list_credential(
        url=url,
        issuer_did=did,
        purpose=purpose,
        status_list=bits,
        valid_from=valid_from,
        valid_until=valid_from + timedelta(days=1),
    )
    return signed(document, key, did)


def entry(
    issuer: str = MAKER, key: P256Key = MAKER_KEY, role: Role = "manufacturer", **changes: Any
) -> TrustEntry:
    made = TrustEntry(
        issuer,
        ("Maker of Batteries",),
        role,
        ("DigitalBatteryPassport",),
        ("952012345",),
        (trusted_key(PublicKeyEntry(key.public_jwk)),),
        AT - timedelta(days=365),
        AT + timedelta(days=3650),
    )
    return replace(made, **changes)


def trust_list(*entries: TrustEntry, valid_until: datetime = AT + timedelta(days=90)) -> TrustList:
    return TrustList(AT - timedelta(days=1), valid_until, entries or (entry(),))


def did_document(did: str = MAKER, *entries: PublicKeyEntry) -> Mapping[str, JsonValue]:
    return build_document(did, entries or (PublicKeyEntry(MAKER_KEY.public_jwk),))


def evidence(**changes: Any) -> Evidence:
    made = Evidence(
        did_documents={
            MAKER: did_document(),
            STRANGER: did_document(STRANGER, PublicKeyEntry(STRANGER_KEY.public_jwk)),
        },
        trust_list=trust_list(),
        status_lists={
            REVOCATION: status_list(REVOCATION, "revocation", set_bits=(REVOKED,)),
            SUSPENSION: status_list(SUSPENSION, "suspension", set_bits=(SUSPENDED,)),
            REFRESH: status_list(REFRESH, "refresh", set_bits=(SUPERSEDED,)),
        },
        expected_identifier=LINK,
    )
    return replace(made, **changes)
