"""README, section 4: who vouches for a key by a chain of certificates."""

import base64
import binascii
import warnings
from collections.abc import Iterable, Sequence
from datetime import datetime
from typing import Any

from cryptography import x509
from cryptography.exceptions import InvalidSignature, UnsupportedAlgorithm
from cryptography.hazmat.primitives.asymmetric import ec, rsa

from tests.signing.written_from_the_text.encodings import RefusedError

Anchor = tuple[bytes, str]

FOR_SIGNING = {
    "2.5.29.37.0",
    "1.3.6.1.5.5.7.3.36",
    "1.3.6.1.4.1.311.10.3.12",
    "1.3.6.1.5.5.7.3.4",
    "1.3.6.1.5.5.7.3.2",
}
KNOWN = {
    *("2.5.29.14", "2.5.29.15", "2.5.29.17", "2.5.29.19", "2.5.29.30", "2.5.29.35", "2.5.29.37"),
    "1.3.6.1.5.5.7.1.1",
}


def read_certificate(text: object) -> bytes:
    """The DER of a certificate in base64."""
    try:
        if not isinstance(text, str):
            raise RefusedError("not_a_certificate")
        der = base64.b64decode(text, validate=True)
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            x509.load_der_x509_certificate(der)
    except (binascii.Error, ValueError, x509.InvalidVersion):
        raise RefusedError("not_a_certificate") from None
    return der


def _read(x5c: object) -> list[x509.Certificate]:
    if not isinstance(x5c, list) or not 1 <= len(x5c) <= 5:
        raise RefusedError("not_a_certificate")
    return [x509.load_der_x509_certificate(read_certificate(text)) for text in x5c]


def first_key(x5c: object) -> Any:
    """The P-256 key of the first certificate, or nothing."""
    try:
        key = _read(x5c)[0].public_key()
    except (RefusedError, ValueError, UnsupportedAlgorithm):
        return None
    is_p256 = isinstance(key, ec.EllipticCurvePublicKey) and isinstance(key.curve, ec.SECP256R1)
    return key if is_p256 else None


def vouched(x5c: object, key: Any, anchors: Iterable[Anchor], at: datetime) -> bool:
    """Whether an authority that is believed about one organisation vouches for the key."""
    try:
        own, *others = _read(x5c)
    except RefusedError:
        return False
    if own.public_key() != key:
        return False
    names = own.subject.get_attributes_for_oid(x509.ObjectIdentifier("2.5.4.97"))
    stated = {name.value for name in names}
    believed = [der for der, organisation in anchors if organisation in stated]
    return _is_for_signatures(own) and _leads(own, others, believed, at, authorities=0)


def _extension(certificate: x509.Certificate, kind: type[x509.ExtensionType]) -> Any:
    try:
        return certificate.extensions.get_extension_for_class(kind)
    except x509.ExtensionNotFound:
        return None


def _is_for_signatures(own: x509.Certificate) -> bool:
    basic, usage, purposes = (
        _extension(own, kind)
        for kind in (x509.BasicConstraints, x509.KeyUsage, x509.ExtendedKeyUsage)
    )
    if basic is not None and basic.value.ca:
        return False
    if usage and not (usage.value.digital_signature or usage.value.content_commitment):
        return False
    return not purposes or bool({item.dotted_string for item in purposes.value} & FOR_SIGNING)


def _leads(
    certificate: x509.Certificate,
    others: Sequence[x509.Certificate],
    believed: Sequence[bytes],
    at: datetime,
    *,
    authorities: int,
) -> bool:
    is_good = certificate.not_valid_before_utc <= at <= certificate.not_valid_after_utc
    critical = {item.oid.dotted_string for item in certificate.extensions if item.critical}
    if not is_good or critical - KNOWN or authorities > 5:
        return False
    anchors = [x509.load_der_x509_certificate(der) for der in believed]
    if authorities and certificate in anchors:
        return True
    return any(
        _certifies(issuer, certificate, authorities)
        and _leads(issuer, others, believed, at, authorities=authorities + 1)
        for issuer in (*anchors, *others)
    )


def _certifies(issuer: x509.Certificate, certificate: x509.Certificate, between: int) -> bool:
    basic, usage, purposes, authority = (
        _extension(issuer, kind)
        for kind in (
            x509.BasicConstraints,
            x509.KeyUsage,
            x509.ExtendedKeyUsage,
            x509.AuthorityKeyIdentifier,
        )
    )
    if basic is None or not basic.critical or not basic.value.ca:
        return False
    length = basic.value.path_length
    if length is not None and between > length:
        return False
    if usage is None or not usage.value.key_cert_sign:
        return False
    if purposes is not None:
        named = {item.dotted_string for item in purposes.value}
        if purposes.critical or not named & {"2.5.29.37.0", "1.3.6.1.5.5.7.3.2"}:
            return False
    if authority is not None and (authority.critical or authority.value.key_identifier is None):
        return False
    return _has_signed(issuer, certificate)


def _has_signed(issuer: x509.Certificate, certificate: x509.Certificate) -> bool:
    key = issuer.public_key()
    if isinstance(key, rsa.RSAPublicKey):
        if key.key_size < 2048 or _has_another_salt(certificate):
            return False
    elif not isinstance(key, ec.EllipticCurvePublicKey) or key.key_size not in (256, 384, 521):
        return False
    try:
        certificate.verify_directly_issued_by(issuer)
    except (ValueError, TypeError, InvalidSignature):
        return False
    return True


def _has_another_salt(certificate: x509.Certificate) -> bool:
    """RSASSA-PSS with a salt of another length than the hash."""
    parameters = certificate.signature_algorithm_parameters
    salt, algorithm = (
        getattr(parameters, "_salt_length", None),
        certificate.signature_hash_algorithm,
    )
    return isinstance(salt, int) and algorithm is not None and salt != algorithm.digest_size
