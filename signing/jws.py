"""JSON Web Signature, compact serialisation (RFC 7515 section 7.1), and the headers accepted."""

from collections.abc import Collection, Mapping
from functools import lru_cache
from types import MappingProxyType
from typing import Final, NamedTuple

from signing import base64url
from signing.canonical import MAX_BYTES, JsonValue, canonicalize, parse_strict
from signing.errors import InvalidSignatureError, MalformedDocumentError, UntrustedKeyError
from signing.keys.signing_key import SigningKey
from signing.keys.verifying_key import KEY_TYPE_OF_ALGORITHM, VerifyingKey

# Headers by which a sender would choose the key or the rules by which he is judged (RFC 7515
# section 4.1: jku, jwk, x5u, crit; RFC 7797: b64; RFC 7516: zip). An x5c may stand there; it
# decides nothing.
FORBIDDEN_HEADERS: Final = frozenset({"jku", "jwk", "x5u", "crit", "b64", "zip"})
SIGNATURE_BYTES: Final = 64
_MAX_HEADER: Final = 16 * 1024  # an x5c chain of three certificates takes about 6 KiB
_MAX_COMPACT: Final = MAX_BYTES * 4 // 3 + 2 * _MAX_HEADER


class CompactJws(NamedTuple):
    """A compact JWS, taken apart but not verified.

    Attributes:
        header: The protected header.
        payload_bytes: What was signed, exactly.
        signing_input: The bytes over which the signature was made.
        signature: The signature, decoded.
        header_bytes: The protected header as it stood, encoded.
    """

    header: Mapping[str, JsonValue]
    payload_bytes: bytes
    signing_input: bytes
    signature: bytes
    header_bytes: bytes


def encode_header(header: Mapping[str, JsonValue]) -> bytes:
    """The first part of a compact JWS and its dot; made once for many signatures."""
    return base64url.encode(canonicalize(dict(header))) + b"."


def sign_compact(encoded_header: bytes, payload: bytes, key: SigningKey) -> bytes:
    """Sign a payload under a header from `encode_header`.

    Raises:
        KeyUnavailableError: The key cannot be used now.
    """
    signing_input = encoded_header + base64url.encode(payload)
    return signing_input + b"." + base64url.encode(key.sign(signing_input))


def split_compact(data: bytes) -> CompactJws:
    """Take a compact JWS apart without believing any of it.

    Raises:
        MalformedDocumentError: Not three parts of base64url with a JSON object in front.
    """
    if len(data) > _MAX_COMPACT:
        raise MalformedDocumentError("too_large", f"more than {_MAX_COMPACT} bytes")
    middle, end = data.find(b"."), data.rfind(b".")
    if data.find(b".", middle + 1) != end or middle == end:
        raise MalformedDocumentError("not_compact_jws", "not three parts separated by dots")
    header_bytes = data[:middle]
    return CompactJws(
        _header(header_bytes),
        base64url.decode(data[middle + 1 : end], "payload"),
        data[:end],
        base64url.decode(data[end + 1 :], "signature"),
        header_bytes,
    )


# All passports of an issuer begin with the same bytes.
@lru_cache(maxsize=256)
def _header(text: bytes) -> Mapping[str, JsonValue]:
    if len(text) > _MAX_HEADER:
        raise MalformedDocumentError("too_large", f"more than {_MAX_HEADER} bytes", field="header")
    header = parse_strict(base64url.decode(text, "header"))
    if not isinstance(header, dict):
        raise MalformedDocumentError("not_an_object", "not a JSON object", field="header")
    return MappingProxyType(header)


def refused_header(header: Mapping[str, JsonValue], allowed: Collection[str]) -> str | None:
    """Why a header must not be followed, as a reason code; ``None`` when it may.

    Args:
        header: The protected header.
        allowed: The algorithms accepted, of those in `KEY_TYPE_OF_ALGORITHM`.
    """
    algorithm = header.get("alg")
    if (
        not isinstance(algorithm, str)
        or algorithm not in allowed
        or algorithm not in KEY_TYPE_OF_ALGORITHM
    ):
        return "algorithm_not_allowed"
    if not FORBIDDEN_HEADERS.isdisjoint(header):
        return "header_not_allowed"
    return None


def verify_compact(
    data: bytes, keys: Collection[VerifyingKey], *, typ: str, step: str
) -> tuple[CompactJws, VerifyingKey]:
    """Verify a compact JWS of our own kinds, signed by one of some keys and named by thumbprint.

    Args:
        data: The JWS.
        keys: Who may have signed it.
        typ: The one accepted type.
        step: Identifier of the step this belongs to, for the error.

    Raises:
        MalformedDocumentError: Not such a JWS.
        UntrustedKeyError: Signed by none of the keys.
        InvalidSignatureError: The signature does not fit.
    """
    jws = split_compact(data)
    if jws.header.get("typ") != typ:
        raise MalformedDocumentError("typ_unknown", f"not of type {typ}", field="typ")
    reason = refused_header(jws.header, KEY_TYPE_OF_ALGORITHM)
    if reason:
        raise MalformedDocumentError(reason, "header not accepted", field="header")
    key = next((key for key in keys if key.thumbprint == jws.header.get("kid")), None)
    if key is None:
        raise UntrustedKeyError(step, "key_not_trusted", "signed by a key which is not trusted")
    if KEY_TYPE_OF_ALGORITHM[str(jws.header["alg"])] != key.key_type:
        raise InvalidSignatureError(step, "key_type_mismatch", "the key is of another type")
    try:
        key.verify(jws.signature, jws.signing_input)
    except InvalidSignatureError as error:
        raise InvalidSignatureError(step, error.reason, error.message) from None
    return jws, key
