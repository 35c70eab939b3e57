"""Restricted credentials (SD-JWT VC): one a model for Annex XIII points 2 and 3, one a battery for point 4.

Signed once, when the data are written, and stored as signed with all disclosures. What goes out holds
only the disclosures that `access.may_read` allows; the signature stays right.
"""

import hashlib
from collections.abc import Mapping
from datetime import datetime
from typing import Any, Final

from passports.attribute_versions import AttributeVersion
from passports.attributes import AccessPoint, Granularity, attributes, with_unit
from passports.errors import Finding, InvalidInputError
from passports.identifiers import PublicAddress
from passports.keyring import Keyring
from passports.models import get_model
from passports.operators import get_operator
from passports.store import RestrictedCredentialRow, Transaction
from signing.errors import MalformedDocumentError
from signing.selective_disclosure import Path, decode_presentation, issue

MEDIA_TYPE: Final = "application/dc+sd-jwt"  # SD-JWT VC, section 3.1
# The types of these credentials, in a name space of our own (RFC 9901 asks for a collision-resistant name).
TYPES: Final[Mapping[Granularity, str]] = {
    Granularity.MODEL: "urn:voltpass:vct:battery-model-restricted:1",
    Granularity.ITEM: "urn:voltpass:vct:battery-item-restricted:1",
}
CLAIM: Final = "attributes"


def sign_restricted(
    transaction: Transaction, keyring: Keyring, address: PublicAddress, version: AttributeVersion
) -> None:
    """Sign what of a version is restricted, with the key of the operator that wrote it, and store it.

    A batch has no restricted attributes (`attributes.py` checks that), so it has no such credential.

    Raises:
        KeyUnavailableError: the operator's key cannot be opened.
        InvalidInputError: the data are too large for a credential that verifiers take.
    """
    subject = version.subject
    if subject.level not in TYPES:
        return
    claims = _claims(transaction, address, version)
    selective: list[Path] = [(CLAIM, name) for name in claims[CLAIM]]
    key = keyring.current(transaction, subject.operator_id)
    try:
        credential = issue(claims, selective, key)
        decode_presentation(credential)  # nothing is stored that a verifier would refuse
    except MalformedDocumentError as error:
        finding = Finding("values", "", error.message, "Link to documents instead of long lists.")
        raise InvalidInputError([finding], "the attribute data") from None
    transaction.restricted_credentials.add(
        RestrictedCredentialRow(
            operator_id=subject.operator_id,
            level=subject.level.value,
            subject_id=subject.id,
            version=version.version,
            signed_at=version.recorded_at,
            credential=credential,
            sha256=hashlib.sha256(credential).hexdigest(),
        )
    )


def _claims(
    transaction: Transaction, address: PublicAddress, version: AttributeVersion
) -> dict[str, Any]:
    subject = version.subject
    operator = get_operator(transaction, subject.operator_id)
    if subject.level is Granularity.MODEL:
        about = f"{address.base_url}/01/{get_model(transaction, operator.id, subject.id).gtin}"
    else:
        about = f"urn:uuid:{subject.id}"
    return {
        "iss": operator.did,
        "vct": TYPES[subject.level],
        "iat": _seconds(version.recorded_at),
        "sub": about,
        "granularity": subject.level.value,
        "version": version.version,
        CLAIM: restricted_values(version),
    }


def _seconds(instant: datetime) -> int:
    return int(instant.timestamp())


def restricted_values(version: AttributeVersion) -> dict[str, dict[str, Any]]:
    """Return the restricted values of a version with their units, as they are signed."""
    return {
        name: with_unit(name, given.value)
        for name, given in version.values.items()
        if attributes()[name].access_point is not AccessPoint.PUBLIC
    }
