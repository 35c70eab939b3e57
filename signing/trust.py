"""The trust list: who may issue what, signed by a key that is kept offline.

A did:web proves a domain name. That the domain is a battery manufacturer's, that a laboratory may
certify factories, that a log is the log: somebody has to say so, and a verifier has to choose whom
to believe. A trust list is that statement in one signed document; its root key is the trust anchor.
"""

import base64
import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Final, Literal, TypeAlias, get_args

from signing.canonical import JsonValue, canonicalize, parse_strict
from signing.certificate_chain import TrustAnchor, read_der
from signing.did_web import (
    PublicKeyEntry,
    VerificationKey,
    retirement_document,
    retirement_of,
)
from signing.errors import KeyUnavailableError, MalformedDocumentError
from signing.instants import format_instant, parse_instant
from signing.jws import encode_header, sign_compact, verify_compact
from signing.keys.signing_key import SigningKey
from signing.keys.verifying_key import from_jwk
from signing.numbers import whole_number

Role: TypeAlias = Literal["manufacturer", "certifier", "platform", "log", "witness"]
TRUST_LIST_TYP: Final = "trust-list+jwt"
_ROLES: Final[tuple[Role, ...]] = get_args(Role)
_VERSION: Final = 1
# GS1 General Specifications section 1.4.2: a company prefix has 4 to 12 digits. One of no digits
# would fit every number.
_GS1_PREFIX: Final = re.compile(r"[0-9]{4,12}")


@dataclass(frozen=True, slots=True)
class TrustEntry:
    """One issuer in one role.

    Attributes:
        issuer: The issuer's DID; for a log or a witness, its origin or name in signed notes.
        names: What people call it.
        role: What it may act as.
        scope: Types of credentials it may issue; empty for all that its role issues.
        gs1_prefixes: GS1 company prefixes that are its own; empty where it does not use GS1
            numbers.
        keys: The keys it may use; empty leaves that to its DID document.
        valid_from: From when what it issues is trusted.
        valid_until: Until when; ``None`` for no end.
        anchors: Authorities whose certificates (``x5c``) vouch for further keys of its own.
    """

    issuer: str
    names: tuple[str, ...]
    role: Role
    scope: tuple[str, ...]
    gs1_prefixes: tuple[str, ...]
    keys: tuple[VerificationKey, ...]
    valid_from: datetime
    valid_until: datetime | None = None
    anchors: tuple[TrustAnchor, ...] = ()

    def allows_type(self, types: Sequence[str]) -> bool:
        """Whether a credential of these types is within the issuer's scope."""
        return not self.scope or any(item in self.scope for item in types)

    def allows_gtin(self, gtin: str) -> bool:
        """Whether a GTIN-14 begins, after its indicator digit, with a prefix of the issuer's."""
        return not self.gs1_prefixes or gtin[1:].startswith(self.gs1_prefixes)

    def holds_at(self, instant: datetime) -> bool:
        """Whether what was issued at this instant is trusted."""
        return self.valid_from <= instant and (
            self.valid_until is None or instant <= self.valid_until
        )


@dataclass(frozen=True, slots=True)
class TrustList:
    """Whom a verifier believes, and until when the list itself should be used.

    Attributes:
        issued_at: When the list was made.
        valid_until: When it should be replaced by a newer one.
        entries: The issuers; one issuer may stand in several roles.
    """

    issued_at: datetime
    valid_until: datetime
    entries: tuple[TrustEntry, ...]

    def find(self, issuer: str, role: Role) -> TrustEntry | None:
        """The entry of an issuer in a role."""
        return next(
            (entry for entry in self.entries if entry.issuer == issuer and entry.role == role), None
        )

    def in_role(self, role: Role) -> tuple[TrustEntry, ...]:
        """All entries with this role."""
        return tuple(entry for entry in self.entries if entry.role == role)

    @classmethod
    def parse(cls, document: JsonValue) -> "TrustList":
        """Read the document; unknown members are ignored.

        Raises:
            MalformedDocumentError: Something is missing or not what it should be.
        """
        if not isinstance(document, dict) or whole_number(document.get("version")) != _VERSION:
            raise MalformedDocumentError("not_a_trust_list", "not version 1", field="version")
        entries = document.get("entries")
        if not isinstance(entries, list):
            raise MalformedDocumentError("not_a_trust_list", "not an array", field="entries")
        return cls(
            parse_instant(document.get("issuedAt"), "issuedAt"),
            parse_instant(document.get("validUntil"), "validUntil"),
            tuple(_entry(entry, f"entries[{place}]") for place, entry in enumerate(entries)),
        )

    def to_document(self) -> dict[str, JsonValue]:
        """The list as JSON."""
        return {
            "version": _VERSION,
            "issuedAt": format_instant(self.issued_at),
            "validUntil": format_instant(self.valid_until),
            "entries": [_entry_document(entry) for entry in self.entries],
        }

    def sign(self, key: SigningKey) -> bytes:
        """The list as a compact JWS of type ``trust-list+jwt``, for ``trust-list.jwt``.

        Raises:
            KeyUnavailableError: The key cannot be used, or signs with an algorithm that JWS does
                not have.
        """
        if key.algorithm == "ML-DSA-44":
            raise KeyUnavailableError(key.kid, "wrong_algorithm", "use an ES256 or Ed25519 key")
        header = encode_header({"alg": key.algorithm, "typ": TRUST_LIST_TYP, "kid": key.kid})
        return sign_compact(header, canonicalize(self.to_document()), key)

    @classmethod
    def verify(
        cls, data: bytes, roots: Sequence[Mapping[str, JsonValue] | Mapping[str, str]]
    ) -> "TrustList":
        """Read a signed list and believe it because a root key signed it.

        Whether the list is too old is for the verification of a credential to say: an old list
        still tells more than none.

        Args:
            data: Compact JWS.
            roots: Public keys (JWK) that may sign trust lists.

        Raises:
            MalformedDocumentError: Not a trust list.
            UntrustedKeyError: Signed by none of the roots.
            InvalidSignatureError: The signature does not fit.
        """
        keys = [from_jwk(root, "root") for root in roots]
        jws, _ = verify_compact(data, keys, typ=TRUST_LIST_TYP, step="issuer_trusted")
        return cls.parse(parse_strict(jws.payload_bytes))


def trusted_key(entry: PublicKeyEntry) -> VerificationKey:
    """A key for `TrustEntry.keys` from what its owner publishes.

    Raises:
        MalformedDocumentError: Not a public key of a known type.
    """
    key = from_jwk(entry.jwk)
    return VerificationKey(key.thumbprint, key, *retirement_of(retirement_document(entry)))


def _entry(document: JsonValue, field: str) -> TrustEntry:
    if not isinstance(document, dict):
        raise MalformedDocumentError("not_a_trust_list", "not an object", field=field)
    issuer, role, keys = document.get("issuer"), document.get("role"), document.get("keys", [])
    if not isinstance(issuer, str):
        raise MalformedDocumentError("not_a_trust_list", "not text", field=f"{field}.issuer")
    known = next((name for name in _ROLES if name == role), None)
    if known is None:
        raise MalformedDocumentError("unknown_role", f"not one of {_ROLES}", field=f"{field}.role")
    if not isinstance(keys, list):
        raise MalformedDocumentError("not_a_trust_list", "not an array", field=f"{field}.keys")
    until = document.get("validUntil")
    return TrustEntry(
        issuer,
        _texts(document, "names", field),
        known,
        _texts(document, "scope", field),
        _prefixes(document, field),
        tuple(_key(key, f"{field}.keys[{place}]") for place, key in enumerate(keys)),
        parse_instant(document.get("validFrom"), f"{field}.validFrom"),
        None if until is None else parse_instant(until, f"{field}.validUntil"),
        _anchors(document, field),
    )


def _anchors(document: Mapping[str, JsonValue], field: str) -> tuple[TrustAnchor, ...]:
    anchors = document.get("anchors", [])
    if not isinstance(anchors, list):
        raise MalformedDocumentError("not_a_trust_list", "not an array", field=f"{field}.anchors")
    found = []
    for place, anchor in enumerate(anchors):
        where = f"{field}.anchors[{place}]"
        named = anchor.get("organizationIdentifier") if isinstance(anchor, dict) else None
        if not isinstance(anchor, dict) or not isinstance(named, str) or not named:
            raise MalformedDocumentError("not_a_trust_list", "names no organisation", field=where)
        found.append(TrustAnchor(read_der(anchor.get("certificate"), where), named))
    return tuple(found)


def _texts(document: Mapping[str, JsonValue], member: str, field: str) -> tuple[str, ...]:
    values = document.get(member, [])
    if isinstance(values, list):
        texts = tuple(value for value in values if isinstance(value, str))
        if len(texts) == len(values):
            return texts
    raise MalformedDocumentError("not_a_trust_list", "not texts", field=f"{field}.{member}")


def _prefixes(document: Mapping[str, JsonValue], field: str) -> tuple[str, ...]:
    prefixes = _texts(document, "gs1Prefixes", field)
    if not all(_GS1_PREFIX.fullmatch(prefix) for prefix in prefixes):
        raise MalformedDocumentError("not_a_gs1_prefix", "not 4 to 12 digits", field=field)
    return prefixes


def _key(document: JsonValue, field: str) -> VerificationKey:
    jwk = document.get("jwk") if isinstance(document, dict) else None
    if not isinstance(document, dict) or not isinstance(jwk, dict):
        raise MalformedDocumentError("not_a_trust_list", "no jwk", field=field)
    key = from_jwk(jwk, field)
    return VerificationKey(key.thumbprint, key, *retirement_of(document))


def _entry_document(entry: TrustEntry) -> dict[str, JsonValue]:
    document: dict[str, JsonValue] = {
        "issuer": entry.issuer,
        "names": list(entry.names),
        "role": entry.role,
        "scope": list(entry.scope),
        "gs1Prefixes": list(entry.gs1_prefixes),
        "keys": [_key_document(key) for key in entry.keys],
        "validFrom": format_instant(entry.valid_from),
    }
    if entry.valid_until is not None:
        document["validUntil"] = format_instant(entry.valid_until)
    if entry.anchors:
        document["anchors"] = [
            {
                "certificate": base64.b64encode(anchor.certificate).decode("ascii"),
                "organizationIdentifier": anchor.organisation_identifier,
            }
            for anchor in entry.anchors
        ]
    return document


def _key_document(key: VerificationKey) -> dict[str, JsonValue]:
    return {"jwk": dict(key.key.jwk), **retirement_document(key)}
