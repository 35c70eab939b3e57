"""Reading a factory certificate that came as a credential; all that who verifies needs of certificates."""

from collections.abc import Mapping
from typing import Final

from signing.canonical import JsonValue
from signing.credentials import decode, types_of
from signing.errors import SigningError

CREDENTIAL_TYPE: Final = "FactoryCertificate"


def read_certificate(document: bytes) -> Mapping[str, JsonValue] | None:
    """Return the payload of a document that is a signed factory certificate, or None; not verified."""
    try:
        payload = decode(document.strip()).payload
    except SigningError:
        return None
    return payload if CREDENTIAL_TYPE in types_of(payload) else None


def facility_of(payload: Mapping[str, JsonValue]) -> str | None:
    """Return the facility that a signed certificate names, or None."""
    subject = payload.get("credentialSubject")
    own = subject.get("factoryCertificate") if isinstance(subject, dict) else None
    named = own.get("facility") if isinstance(own, dict) else None
    return named if isinstance(named, str) else None
