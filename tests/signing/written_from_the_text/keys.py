"""README, sections 3 and 4: public keys, DID documents and the trust list."""

import hashlib
import re
from collections.abc import Iterable
from dataclasses import dataclass, replace
from datetime import datetime
from typing import Any

from cryptography.exceptions import InvalidSignature
from cryptography.hazmat.primitives.asymmetric import ec, ed25519
from cryptography.hazmat.primitives.asymmetric.utils import encode_dss_signature
from cryptography.hazmat.primitives.hashes import SHA256

from tests.signing.written_from_the_text.chain import Anchor, read_certificate
from tests.signing.written_from_the_text.encodings import (
    RefusedError,
    base64url,
    canonical,
    instant,
    multibase,
    strict_object,
    to_base64url,
    whole,
)

FORBIDDEN = {"jku", "jwk", "x5u", "crit", "b64", "zip"}
ALGORITHMS = {"P-256": ("ES256",), "Ed25519": ("EdDSA", "Ed25519")}
ROLES = ("manufacturer", "certifier", "platform", "log", "witness")


@dataclass(frozen=True)
class Key:
    """A public key, and what a document says of its end."""

    curve: str
    public: Any
    id: str = ""
    expires: datetime | None = None
    revoked: bool = False
    index: int | None = None
    log: str | None = None

    @property
    def thumbprint(self) -> str:
        """RFC 7638."""
        if self.curve == "ML-DSA-44":
            pub = to_base64url(self.public)
            members = {"alg": "ML-DSA-44", "kty": "AKP", "pub": pub}
        elif self.curve == "Ed25519":
            x = to_base64url(self.public.public_bytes_raw())
            members = {"crv": "Ed25519", "kty": "OKP", "x": x}
        else:
            point = self.public.public_numbers()
            x, y = (to_base64url(n.to_bytes(32, "big")) for n in (point.x, point.y))
            members = {"crv": "P-256", "kty": "EC", "x": x, "y": y}
        return to_base64url(hashlib.sha256(canonical(members).encode()).digest())

    def signs_with(self, algorithm: str) -> bool:
        return algorithm in ALGORITHMS.get(self.curve, ())

    def verifies(self, signature: bytes, message: bytes) -> bool:
        try:
            if self.curve == "Ed25519":
                self.public.verify(signature, message)
            else:
                r, s = (int.from_bytes(half, "big") for half in (signature[:32], signature[32:]))
                self.public.verify(encode_dss_signature(r, s), message, ec.ECDSA(SHA256()))
        except InvalidSignature:
            return False
        return len(signature) == 64


def _point(data: bytes) -> Key:
    return Key("P-256", ec.EllipticCurvePublicKey.from_encoded_point(ec.SECP256R1(), data))


def _edwards(data: bytes) -> Key:
    return Key("Ed25519", ed25519.Ed25519PublicKey.from_public_bytes(data))


def from_jwk(jwk: dict[str, Any]) -> Key:
    """Section 3.

    Raises:
        RefusedError: The key is not used.
        ValueError: Likewise.
    """
    operations = jwk.get("key_ops", ["verify"])
    if {"d", "k", "p", "q", "priv"} & set(jwk) or jwk.get("use", "sig") != "sig":
        raise RefusedError("not_used")
    if not isinstance(operations, list) or "verify" not in operations:
        raise RefusedError("not_used")
    kind = jwk.get("kty"), jwk.get("crv")
    if kind == ("EC", "P-256"):
        x, y = base64url(jwk.get("x")), base64url(jwk.get("y"))
        if len(x) != 32 or len(y) != 32:
            raise RefusedError("not_used")
        key = _point(b"\x04" + x + y)
    elif kind == ("OKP", "Ed25519"):
        key = _edwards(base64url(jwk.get("x")))
    elif jwk.get("kty") == "AKP" and jwk.get("alg") == "ML-DSA-44":
        return Key("ML-DSA-44", base64url(jwk.get("pub")))
    else:
        raise RefusedError("not_used")
    if jwk.get("alg") is not None and not key.signs_with(str(jwk["alg"])):
        raise RefusedError("not_used")
    return key


def _from_multikey(text: object) -> Key:
    data = multibase(text, "z")
    if data.startswith(b"\x80\x24"):
        return _point(data[2:])
    if data.startswith(b"\xed\x01"):
        return _edwards(data[2:])
    raise RefusedError("not_used")


def _retired(key: Key, key_id: str, stated: dict[str, Any]) -> Key:
    expires, revoked = stated.get("expires"), stated.get("revoked")
    index, log = stated.get("revokedFromLogIndex"), stated.get("revokedInLog")
    if index is not None and whole(index) < 0:
        raise RefusedError("not_used")
    if log is not None and not isinstance(log, str):
        raise RefusedError("not_used")
    return replace(
        key,
        id=key_id,
        expires=None if expires is None else instant(expires),
        revoked=revoked is not None and instant(revoked) is not None,
        index=None if index is None else whole(index),
        log=log,
    )


def _method(method: Any, did: str) -> Key | None:
    if not isinstance(method, dict) or method.get("controller", did) != did:
        return None
    key_id, jwk = method.get("id"), method.get("publicKeyJwk")
    if not isinstance(key_id, str):
        return None
    try:
        multikey = method.get("publicKeyMultibase")
        key = from_jwk(jwk) if isinstance(jwk, dict) else _from_multikey(multikey)
        return _retired(key, did + key_id if key_id.startswith("#") else key_id, method)
    except (RefusedError, ValueError):
        return None


def did_keys(document: dict[str, Any], did: str) -> list[Key]:
    if document.get("id") != did:
        raise RefusedError("did_document_of_another")
    asserted, methods = document.get("assertionMethod"), document.get("verificationMethod")
    asserted = asserted if isinstance(asserted, list) else []
    names = [text for text in asserted if isinstance(text, str)]
    named = {did + text if text.startswith("#") else text for text in names}
    found: dict[str, Key] = {}
    for method in methods if isinstance(methods, list) else []:
        key = _method(method, did)
        if key is not None and (key.id in named or key.revoked):
            found.setdefault(key.id, key)
    for method in asserted:
        key = _method(method, did)
        if key is not None:
            found.setdefault(key.id, key)
    return list(found.values())


def stricter(found: Key, listed: Key) -> Key:
    ends = [end for end in (found.expires, listed.expires) if end]
    word = listed if listed.revoked else found
    return replace(
        found,
        expires=min(ends, default=None),
        revoked=word.revoked,
        index=word.index,
        log=word.log,
    )


@dataclass(frozen=True)
class Entry:
    """One issuer in one role."""

    issuer: str
    role: str
    scope: list[str]
    prefixes: list[str]
    keys: list[Key]
    start: datetime
    end: datetime | None
    anchors: list[Anchor]

    def holds_at(self, at: datetime) -> bool:
        return self.start <= at and (self.end is None or at <= self.end)


@dataclass(frozen=True)
class TrustList:
    """Whom the verifier believes."""

    end: datetime
    entries: list[Entry]

    def entry(self, issuer: object, role: str) -> Entry | None:
        found = (e for e in self.entries if e.issuer == issuer and e.role == role)
        return next(found, None)


def read_trust_list(jws: bytes, roots: Iterable[dict[str, Any]]) -> TrustList:
    """Section 4.

    Raises:
        RefusedError: It breaks a rule.
        ValueError: Likewise.
        KeyError: Likewise.
    """
    parts = jws.decode("ascii").split(".")
    header, payload, signature = strict_object(base64url(parts[0])), parts[1], parts[2]
    key = next(k for k in map(from_jwk, roots) if k.thumbprint == header.get("kid"))
    good = header.get("typ") == "trust-list+jwt" and not FORBIDDEN & set(header) and len(parts) == 3
    if not good or not key.signs_with(str(header.get("alg"))):
        raise RefusedError("trust_list")
    if not key.verifies(base64url(signature), f"{parts[0]}.{payload}".encode()):
        raise RefusedError("trust_list")
    document = strict_object(base64url(payload))
    if whole(document.get("version")) != 1:
        raise RefusedError("trust_list")
    instant(document.get("issuedAt"))
    return TrustList(instant(document.get("validUntil")), [_entry(e) for e in document["entries"]])


def _texts(document: dict[str, Any], member: str) -> list[str]:
    texts = document.get(member, [])
    if not isinstance(texts, list) or not all(isinstance(text, str) for text in texts):
        raise RefusedError("trust_list")
    return texts


def _entry(document: dict[str, Any]) -> Entry:
    prefixes, end = _texts(document, "gs1Prefixes"), document.get("validUntil")
    _texts(document, "names")
    good = isinstance(document["issuer"], str) and document["role"] in ROLES
    if not good or not all(re.fullmatch("[0-9]{4,12}", prefix) for prefix in prefixes):
        raise RefusedError("trust_list")
    keys = [_retired(from_jwk(key["jwk"]), "", key) for key in document.get("keys", [])]
    return Entry(
        document["issuer"],
        document["role"],
        _texts(document, "scope"),
        prefixes,
        [replace(key, id=f"{document['issuer']}#{key.thumbprint}") for key in keys],
        instant(document.get("validFrom")),
        None if end is None else instant(end),
        [_anchor(anchor) for anchor in document.get("anchors", [])],
    )


def _anchor(anchor: dict[str, Any]) -> Anchor:
    organisation = anchor["organizationIdentifier"]
    if not isinstance(organisation, str) or not organisation:
        raise RefusedError("trust_list")
    return read_certificate(anchor["certificate"]), organisation
