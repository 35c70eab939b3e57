"""Verifiable Credentials 2.0 as ``application/vc+jwt`` (W3C VC-JOSE-COSE section 3.1.1, ES256).

The payload is the credential itself, byte for byte as it was given: it is neither wrapped nor
written anew. Some libraries of others (did-jwt) want an ``iss`` in the payload too; whoever builds
the payload decides that.
"""

from collections.abc import Mapping
from typing import Final, NamedTuple

from signing.canonical import JsonValue, parse_strict
from signing.errors import KeyUnavailableError, MalformedDocumentError
from signing.jws import encode_header, sign_compact, split_compact
from signing.keys.signing_key import SealingKey, SigningKey

VC_JWT: Final = "vc+jwt"


class CredentialSigner:
    """Signs credentials of one issuer with one key; the header is written once.

    Example:
        >>> key = open_key("file:maker.key", b"passphrase")
        >>> signer = CredentialSigner(key, "did:web:maker.example")
        >>> signer.sign(canonicalize(passport))
    """

    def __init__(
        self, key: SigningKey, issuer_did: str, *, certificate_chain: tuple[str, ...] = ()
    ) -> None:
        """Prepare the header.

        Args:
            key: A key for ES256.
            issuer_did: The issuer's DID; its document must list the key.
            certificate_chain: The ``x5c`` header (RFC 7515 section 4.1.6), where somebody vouches for
                the key by certificates; a remote seal brings its own.

        Raises:
            KeyUnavailableError: The key signs with another algorithm.
        """
        if key.algorithm != "ES256":
            raise KeyUnavailableError(key.kid, "wrong_algorithm", "credentials need an ES256 key")
        header: dict[str, JsonValue] = {
            "alg": "ES256",
            "typ": VC_JWT,
            "cty": "vc",
            "kid": f"{issuer_did}#{key.kid}",
            "iss": issuer_did,
        }
        chain = key.certificate_chain if isinstance(key, SealingKey) else certificate_chain
        if chain:
            header["x5c"] = list(chain)
        self._key = key
        self._header = encode_header(header)
        self.issuer_did: Final = issuer_did

    @property
    def kid(self) -> str:
        """The DID URL of the key, as it stands in the header."""
        return f"{self.issuer_did}#{self._key.kid}"

    def sign(self, payload: bytes) -> bytes:
        """Sign a credential.

        Args:
            payload: The credential as JSON, best from `signing.canonical.canonicalize`.

        Returns:
            The compact JWS, ASCII.

        Raises:
            KeyUnavailableError: The key cannot be used now.
        """
        return sign_compact(self._header, payload, self._key)


class DecodedCredential(NamedTuple):
    """A credential taken apart, but not verified: nothing in it may be believed yet.

    Attributes:
        header: The protected header.
        payload: The credential, parsed strictly.
        payload_bytes: The credential as it was signed.
        signing_input: The bytes over which the signature was made.
        signature: The 64 bytes of the signature.
        header_bytes: The header as it stood; equal ones have equal headers.
    """

    header: Mapping[str, JsonValue]
    payload: Mapping[str, JsonValue]
    payload_bytes: bytes
    signing_input: bytes
    signature: bytes
    header_bytes: bytes


def decode(credential: bytes) -> DecodedCredential:
    """Take a credential apart **without verifying it**.

    Raises:
        MalformedDocumentError: Not a compact JWS around a strict JSON object.
    """
    jws = split_compact(credential)
    payload = parse_strict(jws.payload_bytes)
    if not isinstance(payload, dict):
        raise MalformedDocumentError("not_an_object", "not a JSON object", field="payload")
    header, payload_bytes, signing_input, signature, header_bytes = jws
    return DecodedCredential(header, payload, payload_bytes, signing_input, signature, header_bytes)


def issuer_of(payload: Mapping[str, JsonValue]) -> str | None:
    """The issuer's identifier: VCDM 2.0 section 4.7 allows text, or an object with an ``id``."""
    issuer = payload.get("issuer")
    if isinstance(issuer, dict):
        issuer = issuer.get("id")
    return issuer if isinstance(issuer, str) else None


def types_of(payload: Mapping[str, JsonValue]) -> tuple[str, ...]:
    """The credential's types: VCDM 2.0 section 4.5 allows one text or an array of texts."""
    types = payload.get("type")
    if isinstance(types, str):
        return (types,)
    if isinstance(types, list):
        return tuple(item for item in types if isinstance(item, str))
    return ()


def subjects_of(payload: Mapping[str, JsonValue]) -> tuple[Mapping[str, JsonValue], ...]:
    """The credential's subjects: VCDM 2.0 section 4.8 allows one object or several."""
    subject = payload.get("credentialSubject")
    if isinstance(subject, dict):
        return (subject,)
    items = subject if isinstance(subject, list) else []
    return tuple([item for item in items if isinstance(item, dict)])
