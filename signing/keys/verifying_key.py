"""Public keys of others: read strictly, bound to one algorithm, and used to refuse.

Only P-256 (ES256) and Ed25519 (EdDSA, RFC 8037, and Ed25519, RFC 9864) verify credentials;
ML-DSA-44 verifies cosignatures on checkpoints of the log.
"""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from functools import lru_cache
from typing import Final, Literal, TypeAlias

from cryptography.exceptions import InvalidSignature
from cryptography.hazmat.primitives.asymmetric.ec import (
    ECDSA,
    SECP256R1,
    EllipticCurvePublicKey,
)
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PublicKey
from cryptography.hazmat.primitives.asymmetric.mldsa import MLDSA44PublicKey
from cryptography.hazmat.primitives.hashes import SHA256
from cryptography.hazmat.primitives.serialization import Encoding, PublicFormat

from signing import base64url, multibase
from signing.errors import InvalidSignatureError, MalformedDocumentError
from signing.json_value import JsonValue
from signing.keys.jwk import ed25519_jwk, mldsa44_jwk, p256_jwk, thumbprint

KeyType: TypeAlias = Literal["P-256", "Ed25519", "ML-DSA-44"]

# Which key a JWS algorithm may be used with: the allow list of the whole package.
KEY_TYPE_OF_ALGORITHM: Final[Mapping[str, KeyType]] = {
    "ES256": "P-256",
    "EdDSA": "Ed25519",
    "Ed25519": "Ed25519",
}

_ES256: Final = ECDSA(SHA256())
_ES256_SIGNATURE_BYTES: Final = 64
_COORDINATE_BYTES: Final = 32  # RFC 7518 section 6.2.1.2
# Multicodec prefixes (unsigned varints of 0x1200 p256-pub and 0xed ed25519-pub).
_P256_MULTICODEC: Final = b"\x80\x24"
_ED25519_MULTICODEC: Final = b"\xed\x01"
_PRIVATE_MEMBERS: Final = frozenset({"d", "k", "p", "q", "priv"})


@dataclass(frozen=True, slots=True)
class VerifyingKey:
    """A public key together with the only kind of signature it is used for.

    Attributes:
        key_type: ``P-256``, ``Ed25519`` or ``ML-DSA-44``.
        thumbprint: RFC 7638 thumbprint; equal keys have equal thumbprints, however they were
            written.
        jwk: The key as JSON Web Key.
    """

    key_type: KeyType
    thumbprint: str
    jwk: Mapping[str, str]
    _verify: Callable[[bytes, bytes], None]

    def verify(self, signature: bytes, data: bytes) -> None:
        """Check a signature.

        Args:
            signature: For P-256 the 64 bytes r || s, for Ed25519 the 64 bytes of RFC 8032.
            data: What was signed.

        Raises:
            InvalidSignatureError: It is not a signature of this key over these bytes.
        """
        try:
            self._verify(signature, data)
        except (InvalidSignature, ValueError, OverflowError):
            raise InvalidSignatureError(
                "signature", "signature_invalid", "the signature does not fit these bytes"
            ) from None

    def __reduce__(self) -> tuple[Callable[..., "VerifyingKey"], tuple[dict[str, str]]]:
        """Travels to another process as its JWK."""
        return from_jwk, (dict(self.jwk),)

    @property
    def multikey(self) -> str:
        """The key as Multikey text (Controlled Identifiers 1.0 section 2.2.2)."""
        point = base64url.decode(self.jwk["x"].encode(), "x")
        if self.key_type == "Ed25519":
            return multibase.encode_base58btc(_ED25519_MULTICODEC + point)
        y = base64url.decode(self.jwk["y"].encode(), "y")
        return multibase.encode_base58btc(_P256_MULTICODEC + bytes([2 + (y[-1] & 1)]) + point)


def from_jwk(jwk: Mapping[str, JsonValue], field: str = "publicKeyJwk") -> VerifyingKey:
    """Read a public JSON Web Key.

    Raises:
        MalformedDocumentError: Neither a P-256, an Ed25519 nor an ML-DSA-44 key, a key that
            contradicts itself, or a private key that should never have been published.
    """
    if not _PRIVATE_MEMBERS.isdisjoint(jwk):
        raise MalformedDocumentError("private_key_published", "holds a private key", field=field)
    operations = jwk.get("key_ops", ["verify"])
    if (
        jwk.get("use", "sig") != "sig"
        or not isinstance(operations, list)
        or "verify" not in operations
    ):
        raise MalformedDocumentError("key_not_for_signatures", "not for signatures", field=field)
    curve = jwk.get("crv")
    if jwk.get("kty") == "EC" and curve == "P-256":
        key = _p256(_coordinate(jwk, "x", field), _coordinate(jwk, "y", field))
    elif jwk.get("kty") == "OKP" and curve == "Ed25519":
        key = _ed25519(_coordinate(jwk, "x", field))
    elif jwk.get("kty") == "AKP" and jwk.get("alg") == "ML-DSA-44":
        return _mldsa44(_coordinate(jwk, "pub", field))
    else:
        raise MalformedDocumentError("unknown_key_type", "neither P-256 nor Ed25519", field=field)
    algorithm = jwk.get("alg")
    if algorithm is not None and KEY_TYPE_OF_ALGORITHM.get(str(algorithm)) != key.key_type:
        raise MalformedDocumentError("key_contradicts_itself", "alg is another's", field=field)
    return key


def from_multikey(text: object, field: str = "publicKeyMultibase") -> VerifyingKey:
    """Read a Multikey.

    Raises:
        MalformedDocumentError: Not a P-256 or Ed25519 public key.
    """
    data = multibase.decode_base58btc(text, field)
    if data.startswith(_ED25519_MULTICODEC):
        return _ed25519(data[len(_ED25519_MULTICODEC) :])
    if data.startswith(_P256_MULTICODEC):
        point = data[len(_P256_MULTICODEC) :]
        try:
            public_key = EllipticCurvePublicKey.from_encoded_point(SECP256R1(), point)
        except ValueError:
            raise MalformedDocumentError("not_a_point", "no point of P-256", field=field) from None
        jwk = p256_jwk(public_key)
        return _p256(_coordinate(jwk, "x", field), _coordinate(jwk, "y", field))
    raise MalformedDocumentError("unknown_key_type", "neither P-256 nor Ed25519", field=field)


def _coordinate(jwk: Mapping[str, JsonValue], member: str, field: str) -> bytes:
    value = jwk.get(member)
    if not isinstance(value, str) or not value.isascii():
        raise MalformedDocumentError("not_a_jwk", f"{member} is missing", field=field)
    return base64url.decode(value.encode("ascii"), f"{field}.{member}")


# Finding the point on the curve costs more than half a verification, and issuers have few keys.
@lru_cache(maxsize=1024)
def _p256(x: bytes, y: bytes) -> VerifyingKey:
    if len(x) != _COORDINATE_BYTES or len(y) != _COORDINATE_BYTES:
        raise MalformedDocumentError("not_a_point", "not coordinates of 32 bytes")
    try:
        public_key = EllipticCurvePublicKey.from_encoded_point(SECP256R1(), b"\x04" + x + y)
    except ValueError:
        raise MalformedDocumentError("not_a_point", "no point of P-256") from None

    def verify(signature: bytes, data: bytes) -> None:
        if len(signature) != _ES256_SIGNATURE_BYTES:
            raise ValueError
        r, s = _der_integer(signature[:32]), _der_integer(signature[32:])
        public_key.verify(b"\x30%c%b%b" % (len(r) + len(s), r, s), data, _ES256)

    jwk = p256_jwk(public_key)
    return VerifyingKey("P-256", thumbprint(jwk), jwk, verify)


def _der_integer(value: bytes) -> bytes:
    """A positive integer as DER (X.690 section 8.3); the library takes twice as long for a signature."""
    digits = value.lstrip(b"\0")
    if not digits or digits[0] & 0x80:
        digits = b"\0" + digits  # otherwise zero would have no byte, and this one would be negative
    return b"\x02%c%b" % (len(digits), digits)


@lru_cache(maxsize=1024)
def _ed25519(x: bytes) -> VerifyingKey:
    try:
        public_key = Ed25519PublicKey.from_public_bytes(x)
    except ValueError:
        raise MalformedDocumentError("not_a_point", "no Ed25519 public key") from None
    jwk = ed25519_jwk(public_key)
    return VerifyingKey("Ed25519", thumbprint(jwk), jwk, public_key.verify)


@lru_cache(maxsize=64)
def _mldsa44(pub: bytes) -> VerifyingKey:
    try:
        public_key = MLDSA44PublicKey.from_public_bytes(pub)
    except ValueError:
        raise MalformedDocumentError("not_a_point", "no ML-DSA-44 public key") from None
    jwk = mldsa44_jwk(public_key)
    return VerifyingKey("ML-DSA-44", thumbprint(jwk), jwk, public_key.verify)


def subject_public_key_info(key: VerifyingKey) -> bytes:
    """The key as DER SubjectPublicKeyInfo, to compare it with a certificate's."""
    point = base64url.decode(key.jwk["x"].encode(), "x")
    if key.key_type == "Ed25519":
        ed25519 = Ed25519PublicKey.from_public_bytes(point)
        return ed25519.public_bytes(Encoding.DER, PublicFormat.SubjectPublicKeyInfo)
    point += base64url.decode(key.jwk["y"].encode(), "y")
    p256 = EllipticCurvePublicKey.from_encoded_point(SECP256R1(), b"\x04" + point)
    return p256.public_bytes(Encoding.DER, PublicFormat.SubjectPublicKeyInfo)
