"""A seal small enough for a second QR code: checked without any network, from the label alone.

A CBOR Web Token (RFC 8392) in COSE_Sign1 (RFC 9052) with ES256: who issued it, when, the SHA-256 of the
passport's credential, and a few facts. About 200 bytes; as text in base45 (RFC 9285) it uses the
alphanumeric mode of QR codes.
"""

import hashlib
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import Final, NamedTuple

from signing import base64url, cbor
from signing.cbor import CborValue, Tagged
from signing.did_web import VerificationKey
from signing.errors import (
    ExpiredError,
    InvalidSignatureError,
    KeyUnavailableError,
    MalformedDocumentError,
    UntrustedKeyError,
)
from signing.keys.signing_key import SigningKey

PREFIX: Final = "VP1:"
_CWT, _SIGN1 = 61, 18  # tags: RFC 8392 section 6, RFC 9052 section 4.2
_ALG, _KID, _ES256 = 1, 4, -7  # RFC 9052 section 3.1, RFC 9053 section 2.1
_ISS, _EXP, _IAT = 1, 4, 6  # RFC 8392 section 3.1
# Keys below -65536 are for private use (RFC 8392 section 9.1).
_DIGEST: Final = -70_001
_FACTS: Final = -70_002
_KID_BYTES: Final = 8
_PARTS: Final = 4
_MAX_BYTES: Final = 2048  # more does not fit into a QR code
_MAX_SECONDS: Final = 95_617_584_000  # year 5000
_ALPHABET: Final = "0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZ $%*+-./:"
_BASE45: Final = {character: value for value, character in enumerate(_ALPHABET)}


@dataclass(frozen=True, slots=True)
class Seal:
    """What a seal says.

    Attributes:
        issuer: DID of who issued it.
        issued_at: When.
        credential_digest: SHA-256 of the credential's bytes.
        expires_at: Until when it should be used.
        facts: A few facts by number; what the numbers mean is its issuer's and reader's agreement.
    """

    issuer: str
    issued_at: datetime
    credential_digest: bytes
    expires_at: datetime | None = None
    facts: Mapping[int, CborValue] = field(default_factory=dict)


def _kid(thumbprint: str) -> bytes:
    return base64url.decode(thumbprint.encode(), "kid")[:_KID_BYTES]


def _to_be_signed(protected: bytes, payload: bytes) -> bytes:
    """RFC 9052 section 4.4, without external data."""
    return cbor.encode(["Signature1", protected, b"", payload])


def sign_seal(seal: Seal, key: SigningKey) -> bytes:
    """The seal as COSE_Sign1 bytes.

    Raises:
        KeyUnavailableError: The key signs with another algorithm, or cannot be used.
    """
    if key.algorithm != "ES256":
        raise KeyUnavailableError(key.kid, "wrong_algorithm", "a seal needs an ES256 key")
    claims: dict[int, CborValue] = {
        _ISS: seal.issuer,
        _IAT: int(seal.issued_at.timestamp()),
        _DIGEST: seal.credential_digest,
    }
    if seal.expires_at is not None:
        claims[_EXP] = int(seal.expires_at.timestamp())
    if seal.facts:
        claims[_FACTS] = dict(seal.facts)
    protected = cbor.encode({_ALG: _ES256, _KID: _kid(key.kid)})
    payload = cbor.encode(claims)
    signature = key.sign(_to_be_signed(protected, payload))
    return cbor.encode(Tagged(_CWT, Tagged(_SIGN1, [protected, {}, payload, signature])))


def open_seal(data: bytes, keys: Mapping[str, Sequence[VerificationKey]], *, at: datetime) -> Seal:
    """Believe a seal because a known issuer signed it.

    A key that was compromised verifies no seal: there is no log proof on a label.

    Args:
        data: From `sign_seal`.
        keys: Keys of known issuers by DID.
        at: Now.

    Raises:
        MalformedDocumentError: Not a seal.
        UntrustedKeyError: The issuer or its key is not known, or was compromised.
        InvalidSignatureError: The signature does not fit.
        ExpiredError: Used too late.
    """
    signed = read_seal(data)
    seal = signed.seal
    candidates = [
        known.key
        for known in keys.get(seal.issuer, ())
        if signed.may_be_of(known)
        and known.revoked is None
        and (known.expires is None or seal.issued_at <= known.expires)
    ]
    if not candidates:
        raise UntrustedKeyError("issuer_trusted", "key_not_trusted", f"no key of {seal.issuer}")
    candidates[0].verify(signed.signature, signed.signed)
    if seal.expires_at is not None and seal.expires_at < at:
        raise ExpiredError("validity", "expired", "the seal was for a shorter time")
    return seal


class SignedSeal(NamedTuple):
    """A seal taken apart, but not verified: nothing in it may be believed yet.

    Attributes:
        seal: What it says.
        kid: The first bytes of the thumbprint of the key.
        signed: The bytes over which the signature was made.
        signature: The signature.
    """

    seal: Seal
    kid: CborValue
    signed: bytes
    signature: bytes

    def may_be_of(self, key: VerificationKey) -> bool:
        """Whether the seal names this key."""
        return key.key.key_type == "P-256" and _kid(key.key.thumbprint) == self.kid


def read_seal(data: bytes) -> SignedSeal:
    """Take a seal apart **without verifying it**.

    Raises:
        MalformedDocumentError: Not a seal, or not of ES256.
    """
    protected, payload, signature = _split(data)
    header = cbor.decode(protected)
    if not isinstance(header, dict) or header.get(_ALG) != _ES256 or set(header) != {_ALG, _KID}:
        raise MalformedDocumentError("algorithm_not_allowed", "not ES256 with a key identifier")
    seal = _claims(cbor.decode(payload))
    return SignedSeal(seal, header[_KID], _to_be_signed(protected, payload), signature)


def _split(data: bytes) -> tuple[bytes, bytes, bytes]:
    if len(data) > _MAX_BYTES:
        raise MalformedDocumentError("too_large", f"more than {_MAX_BYTES} bytes")
    outer = cbor.decode(data)
    inner = outer.value if isinstance(outer, Tagged) and outer.tag == _CWT else outer
    parts = inner.value if isinstance(inner, Tagged) and inner.tag == _SIGN1 else None
    if isinstance(parts, list) and len(parts) == _PARTS and parts[1] == {}:
        protected, _, payload, signature = parts
        if (
            isinstance(protected, bytes)
            and isinstance(payload, bytes)
            and isinstance(signature, bytes)
        ):
            return protected, payload, signature
    raise MalformedDocumentError("not_a_seal", "not COSE_Sign1 without unprotected headers")


def _claims(claims: CborValue) -> Seal:
    if not isinstance(claims, dict):
        raise MalformedDocumentError("not_a_seal", "no claims")
    issuer, digest, facts = claims.get(_ISS), claims.get(_DIGEST), claims.get(_FACTS, {})
    if (
        not isinstance(issuer, str)
        or not isinstance(digest, bytes)
        or len(digest) != hashlib.sha256().digest_size
        or not isinstance(facts, dict)
    ):
        raise MalformedDocumentError("not_a_seal", "issuer or digest is missing")
    issued = _instant(claims.get(_IAT))
    expires = claims.get(_EXP)
    return Seal(issuer, issued, digest, None if expires is None else _instant(expires), facts)


def _instant(seconds: CborValue | None) -> datetime:
    if isinstance(seconds, int) and 0 <= seconds < _MAX_SECONDS:
        return datetime.fromtimestamp(seconds, UTC)
    raise MalformedDocumentError("not_an_instant", "not seconds since 1970")


def check_credential(seal: Seal, credential: bytes) -> None:
    """Check that a seal is about these bytes.

    Raises:
        InvalidSignatureError: It is about another credential.
    """
    if hashlib.sha256(credential).digest() != seal.credential_digest:
        raise InvalidSignatureError(
            "signature", "digest_differs", "the seal is about another credential"
        )


def to_text(data: bytes) -> str:
    """The seal as text for a QR code: a prefix and base45 (RFC 9285)."""
    text = [PREFIX]
    for place in range(0, len(data) - 1, 2):
        high, low = divmod(data[place] * 256 + data[place + 1], 45 * 45)
        text.append(_ALPHABET[low % 45] + _ALPHABET[low // 45] + _ALPHABET[high])
    if len(data) % 2:
        text.append(_ALPHABET[data[-1] % 45] + _ALPHABET[data[-1] // 45])
    return "".join(text)


def from_text(text: str) -> bytes:
    """Read the text of a QR code.

    Raises:
        MalformedDocumentError: Not such a text.
    """
    body = text.removeprefix(PREFIX)
    values = [_BASE45.get(character, -1) for character in body]
    if body == text or -1 in values or len(values) % 3 == 1 or len(values) > 2 * _MAX_BYTES:
        raise MalformedDocumentError("not_base45", f"not {PREFIX} and base45")
    data = bytearray()
    for place in range(0, len(values), 3):
        group = values[place : place + 3]
        number = sum(value * 45**power for power, value in enumerate(group))
        length = len(group) - 1
        if number >= 1 << 8 * length:
            raise MalformedDocumentError("not_base45", "a group beyond its bytes")
        data += number.to_bytes(length)
    return bytes(data)
