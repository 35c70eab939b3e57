"""did:web: an issuer's keys under its own domain name (W3C CCG did:web method, DID Core 1.0).

A DID document says which keys a domain uses, and nothing about whether its owner makes batteries;
that is what `signing.trust` is for. did:web keeps no history, so a retired key never leaves the
document: it stays with ``expires`` (rotated) or ``revoked`` (compromised), as Controlled
Identifiers 1.0 section 2.2 defines them. A compromised key also leaves ``assertionMethod``, so
that verifiers which know no log refuse all that it signed; those that know the log still accept
what was logged before ``revokedFromLogIndex``.
"""

import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Final
from urllib.parse import unquote, urlsplit

from signing.canonical import JsonValue
from signing.errors import MalformedDocumentError
from signing.instants import format_instant, parse_instant
from signing.keys.verifying_key import VerifyingKey, from_jwk, from_multikey
from signing.numbers import whole_number

_LOOPBACK: Final = frozenset({"localhost", "127.0.0.1"})
_HOST: Final = re.compile(
    r"(?=.{1,253}$)(?:[a-z0-9](?:[a-z0-9-]{0,61}[a-z0-9])?\.)*[a-z0-9](?:[a-z0-9-]{0,61}[a-z0-9])?"
)
_SEGMENT: Final = r"(?:[A-Za-z0-9._~-]|%[0-9A-Fa-f]{2})+"
_DID: Final = re.compile(rf"did:web:([a-z0-9.-]+(?:%3[Aa][0-9]{{1,5}})?)((?::{_SEGMENT})*)")
_CONTEXT: Final = ("https://www.w3.org/ns/did/v1", "https://www.w3.org/ns/cid/v1")


@dataclass(frozen=True, slots=True)
class PublicKeyEntry:
    """A public key as its owner publishes it.

    Attributes:
        jwk: The public key.
        expires: Since when the key has been rotated out; what it signed before stays valid.
        revoked: Since when the key has been known to be compromised.
        revoked_from_log_index: For a compromised key, the first log index that is not trusted.
        revoked_in_log: The origin of the log that this index is about.
    """

    jwk: Mapping[str, JsonValue] | Mapping[str, str]
    expires: datetime | None = None
    revoked: datetime | None = None
    revoked_from_log_index: int | None = None
    revoked_in_log: str | None = None


@dataclass(frozen=True, slots=True)
class VerificationKey:
    """A public key as a DID document or a trust list of others gives it.

    Attributes:
        id: DID URL of the verification method.
        key: The key itself.
        expires: See `PublicKeyEntry`.
        revoked: See `PublicKeyEntry`.
        revoked_from_log_index: See `PublicKeyEntry`.
        revoked_in_log: See `PublicKeyEntry`.
    """

    id: str
    key: VerifyingKey
    expires: datetime | None = None
    revoked: datetime | None = None
    revoked_from_log_index: int | None = None
    revoked_in_log: str | None = None


def did_from_url(url: str) -> str:
    """The did:web of what is served at a URL.

    Args:
        url: ``https://host[:port][/path]``. Plain http only for this machine itself, for trying
            out.

    Raises:
        MalformedDocumentError: Not such a URL; internationalised names must be given in their
            ASCII form.
    """
    try:
        parts = urlsplit(url)
        host, port = parts.hostname or "", parts.port
    except ValueError:
        raise MalformedDocumentError("not_a_url", "not a URL", field="url") from None
    if parts.scheme != "https" and not (parts.scheme == "http" and host in _LOOPBACK):
        raise MalformedDocumentError("not_https", "did:web is served over https", field="url")
    if parts.username is not None or parts.query or parts.fragment or not _HOST.fullmatch(host):
        raise MalformedDocumentError("not_a_did_url", "not a host and a path alone", field="url")
    segments = [segment for segment in parts.path.split("/") if segment]
    did = ":".join(["did:web", host if port is None else f"{host}%3A{port}", *segments])
    if ":" in parts.path or not _DID.fullmatch(did):
        raise MalformedDocumentError(
            "not_a_did_url", "the path cannot be part of a DID", field="url"
        )
    return did


def document_url(did: str) -> str:
    """Where the document of a did:web is served; always https.

    Raises:
        MalformedDocumentError: Not a did:web.
    """
    match = _DID.fullmatch(did)
    host, _, port = unquote(match[1]).partition(":") if match else ("", "", "")
    if match is None or not _HOST.fullmatch(host):
        raise MalformedDocumentError("not_did_web", "not a did:web", field="did")
    path = match[2].replace(":", "/") or "/.well-known"
    if any(unquote(segment) in {".", ".."} for segment in path.split("/")):
        raise MalformedDocumentError("not_did_web", "the path leads elsewhere", field="did")
    return f"https://{host}{':' + port if port else ''}{path}/did.json"


def build_document(did: str, keys: Sequence[PublicKeyEntry]) -> dict[str, JsonValue]:
    """The DID document of an issuer, with all keys it ever had.

    Each key stands twice, as ``JsonWebKey`` under its thumbprint (the ``kid`` of credentials) and
    as ``Multikey`` (what Data Integrity proofs refer to).

    Raises:
        MalformedDocumentError: Not a did:web, or not a public key of a known type.
    """
    document_url(did)
    methods: list[JsonValue] = []
    assertions: list[JsonValue] = []
    for entry in keys:
        key = from_jwk(entry.jwk)
        pair = _methods(did, key, retirement_document(entry))
        methods.extend(pair)
        if entry.revoked is None:
            assertions.extend(method["id"] for method in pair)
    return {
        "@context": list(_CONTEXT),
        "id": did,
        "verificationMethod": methods,
        "assertionMethod": assertions,
    }


def _methods(
    did: str, key: VerifyingKey, retirement: dict[str, JsonValue]
) -> tuple[dict[str, JsonValue], dict[str, JsonValue]]:
    jwk = {
        **key.jwk,
        "kid": key.thumbprint,
        "alg": "ES256" if key.key_type == "P-256" else "Ed25519",
    }
    as_jwk: dict[str, JsonValue] = {
        "id": f"{did}#{key.thumbprint}",
        "type": "JsonWebKey",
        "publicKeyJwk": jwk,
    }
    as_multikey: dict[str, JsonValue] = {
        "id": f"{did}#{key.multikey}",
        "type": "Multikey",
        "publicKeyMultibase": key.multikey,
    }
    return (
        {**as_jwk, "controller": did, **retirement},
        {**as_multikey, "controller": did, **retirement},
    )


def retirement_document(entry: "PublicKeyEntry | VerificationKey") -> dict[str, JsonValue]:
    """The members by which documents say that a key is retired."""
    retirement: dict[str, JsonValue] = {}
    if entry.expires is not None:
        retirement["expires"] = format_instant(entry.expires)
    if entry.revoked is not None:
        retirement["revoked"] = format_instant(entry.revoked)
    if entry.revoked_from_log_index is not None:
        retirement["revokedFromLogIndex"] = entry.revoked_from_log_index
    if entry.revoked_in_log is not None:
        retirement["revokedInLog"] = entry.revoked_in_log
    return retirement


def build_jwks(keys: Sequence[PublicKeyEntry]) -> dict[str, JsonValue]:
    """The JSON Web Key Set (RFC 7517 section 5) of the keys that are not compromised.

    Raises:
        MalformedDocumentError: Not a public key of a known type.
    """
    usable = [from_jwk(entry.jwk) for entry in keys if entry.revoked is None]
    return {
        "keys": [
            {
                **key.jwk,
                "kid": key.thumbprint,
                "use": "sig",
                "alg": "ES256" if key.key_type == "P-256" else "Ed25519",
            }
            for key in usable
        ]
    }


def verification_keys(document: Mapping[str, JsonValue], did: str) -> tuple[VerificationKey, ...]:
    """The keys with which a DID's owner makes assertions, and those that were revoked.

    Methods of other types, of other controllers, or with a key that cannot be read are left out:
    they verify nothing here.

    Raises:
        MalformedDocumentError: The document is another DID's.
    """
    if document.get("id") != did:
        raise MalformedDocumentError("did_document_of_another", f"not of {did}", field="id")
    assertions = _items(document.get("assertionMethod"))
    named = {_absolute(item, did) for item in assertions if isinstance(item, str)}
    embedded = [item for item in assertions if isinstance(item, dict)]
    found: dict[str, VerificationKey] = {}
    for method in _items(document.get("verificationMethod")):
        if isinstance(method, dict):
            key = _verification_key(method, did)
            if key is not None and (key.id in named or key.revoked is not None):
                found.setdefault(key.id, key)
    for method in embedded:
        key = _verification_key(method, did)
        if key is not None:
            found.setdefault(key.id, key)
    return tuple(found.values())


def retirement_of(
    source: Mapping[str, JsonValue],
) -> tuple[datetime | None, datetime | None, int | None, str | None]:
    """``expires``, ``revoked``, ``revokedFromLogIndex``, ``revokedInLog`` of a key, where they stand.

    Raises:
        MalformedDocumentError: One of them is not an instant, or not an index.
    """
    expires, revoked, stated = (
        source.get(name) for name in ("expires", "revoked", "revokedFromLogIndex")
    )
    index = whole_number(stated)
    if stated is not None and (index is None or index < 0):
        raise MalformedDocumentError("not_an_index", "not a log index", field="revokedFromLogIndex")
    origin = source.get("revokedInLog")
    if origin is not None and not isinstance(origin, str):
        raise MalformedDocumentError("not_an_origin", "not text", field="revokedInLog")
    return (
        None if expires is None else parse_instant(expires, "expires"),
        None if revoked is None else parse_instant(revoked, "revoked"),
        index,
        origin,
    )


def _verification_key(method: Mapping[str, JsonValue], did: str) -> VerificationKey | None:
    identifier = method.get("id")
    if not isinstance(identifier, str) or method.get("controller", did) != did:
        return None
    try:
        jwk = method.get("publicKeyJwk")
        key = (
            from_jwk(jwk)
            if isinstance(jwk, dict)
            else from_multikey(method.get("publicKeyMultibase"))
        )
        return VerificationKey(_absolute(identifier, did), key, *retirement_of(method))
    except MalformedDocumentError:
        return None


def _absolute(identifier: str, did: str) -> str:
    return did + identifier if identifier.startswith("#") else identifier


def _items(value: JsonValue) -> Iterator[JsonValue] | list[JsonValue]:
    return value if isinstance(value, list) else []
