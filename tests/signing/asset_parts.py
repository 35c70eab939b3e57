"""What assets with one defect are put together from."""

import hashlib
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Any, Final

from cryptography.hazmat.primitives.asymmetric.ec import SECP256R1, derive_private_key

from signing import base64url
from signing.canonical import JsonValue, canonicalize
from signing.did_web import PublicKeyEntry
from signing.instants import format_instant
from signing.jws import encode_header, sign_compact
from signing.keys.signing_key import SigningKey
from tests.signing.world import (
    AT,
    LINK,
    MAKER,
    MAKER_KEY,
    REFRESH,
    REVOCATION,
    REVOKED,
    ROOT_KEY,
    STRANGER,
    STRANGER_KEY,
    SUPERSEDED,
    SUSPENDED,
    SUSPENSION,
    did_document,
    passport,
    signed,
    status_list,
    trust_list,
)

KID: Final = f"{MAKER}#{MAKER_KEY.kid}"
HEADER: Final[dict[str, JsonValue]] = {
    "alg": "ES256",
    "cty": "vc",
    "iss": MAKER,
    "kid": KID,
    "typ": "vc+jwt",
}
_LAST_OF_86: Final = (
    "AQgw"  # a signature of 64 bytes takes 86 characters; 4 bits of the last are unused
)


@dataclass(frozen=True)
class Asset:
    """One credential, what is changed in the evidence for it, and what must come out."""

    step: str | None
    reason: str
    verdict: str
    credential: str
    evidence: Mapping[str, Any] = field(default_factory=dict)

    def to_document(self) -> dict[str, Any]:
        return {
            "expected": {"verdict": self.verdict, "step": self.step, "reasonCode": self.reason},
            "evidence": dict(self.evidence),
            "credential": self.credential,
        }


def base_evidence() -> dict[str, Any]:
    """The evidence that all assets share."""
    return {
        "at": format_instant(AT),
        "didDocuments": {
            MAKER: did_document(),
            STRANGER: did_document(STRANGER, PublicKeyEntry(STRANGER_KEY.public_jwk)),
        },
        "trustList": trust_list().sign(ROOT_KEY).decode(),
        "trustRoots": [ROOT_KEY.public_jwk],
        "statusLists": status_lists(),
        "expectedIdentifier": LINK,
    }


def status_lists(**replaced: bytes) -> dict[str, str]:
    """The three lists of the maker, some of them replaced."""
    lists = {
        REVOCATION: replaced.get("revocation")
        or status_list(REVOCATION, "revocation", set_bits=(REVOKED,)),
        SUSPENSION: replaced.get("suspension")
        or status_list(SUSPENSION, "suspension", set_bits=(SUSPENDED,)),
        REFRESH: replaced.get("refresh") or status_list(REFRESH, "refresh", set_bits=(SUPERSEDED,)),
    }
    return {url: data.decode() for url, data in lists.items()}


def with_header(key: SigningKey = MAKER_KEY, **changes: JsonValue) -> str:
    """A passport under a changed header, signed all the same; ``None`` takes a member away."""
    header = {name: value for name, value in {**HEADER, **changes}.items() if value is not None}
    return sign_compact(encode_header(header), canonicalize(passport()), key).decode()


def raw(payload: bytes, header: bytes | None = None) -> str:
    """Any bytes as payload, and any as header, signed all the same."""
    start = (base64url.encode(header) + b".") if header is not None else encode_header(HEADER)
    return sign_compact(start, payload, MAKER_KEY).decode()


def good() -> str:
    return signed(passport()).decode()


def part(place: int, change: Callable[[str], str]) -> str:
    parts = good().split(".")
    parts[place] = change(parts[place])
    return ".".join(parts)


def flipped(text: str, place: int = 40) -> str:
    place %= len(text)
    return text[:place] + ("A" if text[place] != "A" else "B") + text[place + 1 :]


def unused_bits(signature: str) -> str:
    alphabet = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_"
    return signature[:-1] + alphabet[alphabet.index(signature[-1]) + 1]


def der() -> str:
    header, payload, signature = good().split(".")
    data = base64url.decode(signature.encode(), "signature")
    r, s = (int.from_bytes(part).to_bytes(33) for part in (data[:32], data[32:]))
    der = b"\x30\x46\x02\x21" + r + b"\x02\x21" + s
    return f"{header}.{payload}.{base64url.encode(der).decode()}"


def zero_signature() -> str:
    return part(2, lambda _: base64url.encode(bytes(64)).decode())


def hmac_with_public_key() -> str:
    """The classic: HS256 with the public key as the secret."""
    start = encode_header({**HEADER, "alg": "HS256"})
    signing_input = start + base64url.encode(canonicalize(passport()))
    key = derive_private_key(1, SECP256R1()).public_key()  # any public bytes serve
    mac = hashlib.sha256(str(key.public_numbers().x).encode() + signing_input).digest()
    return (signing_input + b"." + base64url.encode(mac + mac)).decode()


def lists(**replaced: bytes) -> dict[str, Any]:
    return {"statusLists": status_lists(**replaced)}


def trust(*entries: Any, **changes: Any) -> dict[str, Any]:
    return {"trustList": trust_list(*entries, **changes).sign(ROOT_KEY).decode()}


def documents(**documents: Any) -> dict[str, Any]:
    return {"didDocuments": {f"did:web:{name}.example": doc for name, doc in documents.items()}}


def status(*entries: JsonValue) -> str:
    return signed(passport(credentialStatus=list(entries))).decode()


def refused(step: str, reason: str, credential: str, evidence: Any = None) -> Asset:
    return Asset(step, reason, "invalid", credential, evidence or {})


def improved(payload: str) -> str:
    data = base64url.decode(payload.encode(), "payload")
    improved = data.replace(b'kg_co2e_per_kwh":61', b'kg_co2e_per_kwh":31')
    return base64url.encode(improved).decode()
