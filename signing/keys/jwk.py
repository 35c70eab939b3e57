"""Public keys as JSON Web Keys (RFC 7517) and their thumbprints (RFC 7638)."""

import hashlib
import json
from typing import Final

from cryptography.hazmat.primitives.asymmetric.ec import EllipticCurvePublicKey
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PublicKey
from cryptography.hazmat.primitives.asymmetric.mldsa import MLDSA44PublicKey

from signing import base64url
from signing.errors import MalformedDocumentError

# The members that make the thumbprint: RFC 7638 section 3.2, RFC 8037 section 2, and for AKP
# draft-ietf-cose-dilithium section 6.
_THUMBPRINT_MEMBERS: Final = {
    "EC": ("crv", "kty", "x", "y"),
    "OKP": ("crv", "kty", "x"),
    "AKP": ("alg", "kty", "pub"),
}


def _text(data: bytes) -> str:
    return base64url.encode(data).decode("ascii")


def p256_jwk(public_key: EllipticCurvePublicKey) -> dict[str, str]:
    """A P-256 public key as JWK (RFC 7518 section 6.2)."""
    numbers = public_key.public_numbers()
    return {
        "kty": "EC",
        "crv": "P-256",
        "x": _text(numbers.x.to_bytes(32)),
        "y": _text(numbers.y.to_bytes(32)),
    }


def ed25519_jwk(public_key: Ed25519PublicKey) -> dict[str, str]:
    """An Ed25519 public key as JWK (RFC 8037 section 2)."""
    return {"kty": "OKP", "crv": "Ed25519", "x": _text(public_key.public_bytes_raw())}


def mldsa44_jwk(public_key: MLDSA44PublicKey) -> dict[str, str]:
    """An ML-DSA-44 public key as JWK (draft-ietf-cose-dilithium section 3)."""
    return {"kty": "AKP", "alg": "ML-DSA-44", "pub": _text(public_key.public_bytes_raw())}


def thumbprint(jwk: dict[str, str]) -> str:
    """RFC 7638 thumbprint with SHA-256, base64url.

    Raises:
        MalformedDocumentError: Not a JWK of a known type with text in its required members.
    """
    members = _THUMBPRINT_MEMBERS.get(jwk.get("kty", ""))
    if members is None or not all(isinstance(jwk.get(member), str) for member in members):
        raise MalformedDocumentError("not_a_jwk", "not a JSON Web Key of a known type")
    text = json.dumps({member: jwk[member] for member in members}, separators=(",", ":"))
    return _text(hashlib.sha256(text.encode()).digest())
