"""Chains of X.509 certificates in ``x5c`` (RFC 7515 section 4.1.6), for keys of electronic seals.

A chain says which organisation holds a key, and that a certification authority vouches for it. It counts
only where the trust list names that authority for that very organisation: authorities certify thousands.
"""

import base64
import warnings
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Final

from cryptography import x509
from cryptography.exceptions import UnsupportedAlgorithm
from cryptography.hazmat.primitives.asymmetric.ec import SECP256R1, EllipticCurvePublicKey
from cryptography.hazmat.primitives.serialization import Encoding, PublicFormat
from cryptography.utils import CryptographyDeprecationWarning
from cryptography.x509 import verification

from signing.errors import MalformedDocumentError
from signing.json_value import JsonValue
from signing.keys.jwk import p256_jwk
from signing.keys.verifying_key import VerifyingKey, from_jwk, subject_public_key_info

# ETSI EN 319 412-1 section 5.1.4: the registered identifier of a legal person, e.g. VATDE-123456789.
_ORGANISATION_IDENTIFIER: Final = x509.ObjectIdentifier("2.5.4.97")
# Where a certificate names purposes (RFC 5280 section 4.2.1.12), signing documents is one of these: any,
# document signing (RFC 9336), mail, Microsoft's document signing, client authentication. A server's
# certificate, or one for answers about revocation, seals no passport.
_SIGNING_PURPOSES: Final = {
    x509.ObjectIdentifier(text)
    for text in (
        "2.5.29.37.0",
        "1.3.6.1.5.5.7.3.36",
        "1.3.6.1.5.5.7.3.4",
        "1.3.6.1.4.1.311.10.3.12",
        "1.3.6.1.5.5.7.3.2",
    )
}
_MAX_CERTIFICATES: Final = 5
_MAX_CERTIFICATE_BYTES: Final = 8 * 1024


@dataclass(frozen=True, slots=True)
class TrustAnchor:
    """An authority that is believed about one organisation.

    Attributes:
        certificate: The authority's certificate, DER.
        organisation_identifier: The organisation's, as its certificates state it.
    """

    certificate: bytes
    organisation_identifier: str


def read_der(text: object, field: str) -> bytes:
    """A certificate in base64 (not base64url), as DER.

    Raises:
        MalformedDocumentError: Not a certificate.
    """
    malformed = MalformedDocumentError("not_a_certificate", "not DER in base64", field=field)
    if not isinstance(text, str) or len(text) > 2 * _MAX_CERTIFICATE_BYTES:
        raise malformed
    try:
        der = base64.b64decode(text, validate=True)
        _load(der)
    except Exception:  # noqa: BLE001 - a foreign parser on foreign bytes: an unknown version is no ValueError
        raise malformed from None
    return der


def _load(der: bytes) -> x509.Certificate:
    """Read a certificate in its one spelling.

    What RFC 5280 forbids and the library only warns of, such as a serial number of 0, is refused, and
    so are surplus bits after a signature, which the library passes over.
    """
    with warnings.catch_warnings():
        warnings.simplefilter("error", CryptographyDeprecationWarning)
        certificate = x509.load_der_x509_certificate(der)
    if not der.endswith(b"\0" + certificate.signature):
        raise ValueError
    return certificate


def _read_chain(x5c: JsonValue) -> list[x509.Certificate]:
    if not isinstance(x5c, list) or not 1 <= len(x5c) <= _MAX_CERTIFICATES:
        raise MalformedDocumentError("not_a_certificate", "not 1 to 5 certificates", field="x5c")
    return [x509.load_der_x509_certificate(read_der(text, "x5c")) for text in x5c]


def key_of_chain(x5c: JsonValue) -> VerifyingKey:
    """The P-256 key that a chain is about; nobody has vouched for it yet.

    Raises:
        MalformedDocumentError: No chain, or one about another kind of key.
    """
    leaf = _read_chain(x5c)[0]
    try:
        key = leaf.public_key()
    except (ValueError, UnsupportedAlgorithm):
        key = None
    if not isinstance(key, EllipticCurvePublicKey) or not isinstance(key.curve, SECP256R1):
        raise MalformedDocumentError("not_a_certificate", "not of a P-256 key", field="x5c")
    return from_jwk(p256_jwk(key))


def check_chain(
    x5c: JsonValue, key: VerifyingKey, anchors: Sequence[TrustAnchor], at: datetime
) -> None:
    """Check that an authority which is believed vouched for a key at an instant.

    Args:
        x5c: The header's member.
        key: The key that is to sign.
        anchors: Who is believed, about whom.
        at: When the chain had to be good: at the time of issue.

    Raises:
        MalformedDocumentError: No chain; its first certificate is of another key, of another
            organisation, or an authority's own; or it does not lead to an anchor.
    """
    try:
        _check_chain(x5c, key, anchors, at)
    except MalformedDocumentError:
        raise
    except Exception as error:  # noqa: BLE001 - a foreign parser on foreign bytes, which reads lazily
        reason = f"not to be read ({type(error).__name__})"
        raise MalformedDocumentError("not_a_certificate", reason, field="x5c") from None


def _check_chain(
    x5c: JsonValue, key: VerifyingKey, anchors: Sequence[TrustAnchor], at: datetime
) -> None:
    leaf, *intermediates = _read_chain(x5c)
    public = leaf.public_key().public_bytes(Encoding.DER, PublicFormat.SubjectPublicKeyInfo)
    if public != subject_public_key_info(key):
        raise MalformedDocumentError("certificate_of_another_key", "of another key", field="x5c")
    stated = {item.value for item in leaf.subject.get_attributes_for_oid(_ORGANISATION_IDENTIFIER)}
    believed = [anchor for anchor in anchors if anchor.organisation_identifier in stated]
    if not believed:
        reason = "of an organisation that the trust list does not name"
        raise MalformedDocumentError("certificate_of_another", reason, field="x5c")
    _refuse_authority(leaf)
    store = verification.Store(
        [x509.load_der_x509_certificate(anchor.certificate) for anchor in believed]
    )
    verifier = (
        verification.PolicyBuilder()
        .store(store)
        .time(at)
        .max_chain_depth(_MAX_CERTIFICATES)
        .extension_policies(
            ca_policy=verification.ExtensionPolicy.webpki_defaults_ca(),
            ee_policy=verification.ExtensionPolicy.permit_all(),
        )
        .build_client_verifier()
    )
    try:
        verifier.verify(leaf, intermediates)
    except verification.VerificationError as error:
        raise MalformedDocumentError("chain_not_trusted", str(error)[:200], field="x5c") from None


def _refuse_authority(leaf: x509.Certificate) -> None:
    """RFC 5280 sections 4.2.1.3, .9 and .12: for signatures, and no authority's own certificate."""
    try:
        constraints = leaf.extensions.get_extension_for_class(x509.BasicConstraints).value
    except x509.ExtensionNotFound:
        constraints = None
    try:
        usage = leaf.extensions.get_extension_for_class(x509.KeyUsage).value
    except x509.ExtensionNotFound:
        usage = None
    signs = usage is None or usage.digital_signature or usage.content_commitment
    try:
        purposes = set(leaf.extensions.get_extension_for_class(x509.ExtendedKeyUsage).value)
    except x509.ExtensionNotFound:
        purposes = _SIGNING_PURPOSES
    if not _SIGNING_PURPOSES.intersection(purposes):
        raise MalformedDocumentError("chain_not_trusted", "for other purposes", field="x5c")
    if (constraints is not None and constraints.ca) or not signs:
        raise MalformedDocumentError("chain_not_trusted", "not for signatures", field="x5c")
