"""Restricted credentials (SD-JWT VC): one a model for Annex XIII points 2 and 3, one a battery for point 4.

Signed once, when the data are written, and stored as signed with all disclosures. What goes out holds
only the disclosures that `access.may_read` allows; the signature stays right.

A battery's credential shares the bits for revocation and suspension of its passport, a model's has one
for revocation of its own; both are leaves of the log. The leaf is the hash of what the issuer signed,
without the disclosures.
"""

import hashlib
from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import Any, Final
from uuid import uuid4

from passports.attributes.table import AccessPoint, Granularity, attributes, with_unit
from passports.attributes.versions import AttributeVersion, Subject
from passports.errors import Finding, InvalidInputError, RecordNotFoundError
from passports.identifiers import PublicAddress
from passports.kept_logs import proof_of
from passports.keyring import Keyring
from passports.life.version_making import payload_of
from passports.log import append
from passports.models import get_model
from passports.operators import get_operator
from passports.restricted_types import CLAIM, MEDIA_TYPE, TYPES
from passports.status_lists import allocate_indices, is_set
from passports.store import RestrictedCredentialRow, Store, Transaction
from signing.canonical import JsonValue
from signing.credentials import CredentialSigner
from signing.errors import MalformedDocumentError
from signing.selective_disclosure import Path, decode_presentation, issue
from signing.status_list import token_status_claim
from signing.transparency_log import log_entry

_WITHDRAWING: Final = ("revocation", "suspension")

__all__ = ["CLAIM", "MEDIA_TYPE", "TYPES", "restricted_values", "sign_all_restricted"]


def sign_restricted(
    transaction: Transaction, keyring: Keyring, address: PublicAddress, version: AttributeVersion
) -> None:
    """Sign what of a version is restricted; see `sign_all_restricted`."""
    sign_all_restricted(transaction, keyring, address, [version])


def sign_all_restricted(
    transaction: Transaction,
    keyring: Keyring,
    address: PublicAddress,
    versions: Sequence[AttributeVersion],
) -> None:
    """Sign what of each version is restricted, with the key of its operator; store it, and log it.

    A batch has no restricted attributes (`attributes.py` checks that), so it has no such credential.

    Raises:
        KeyUnavailableError: an operator's key cannot be opened.
        InvalidInputError: the data are too large for a credential that verifiers take.
    """
    rows = [
        _signed(transaction, keyring, address, version)
        for version in versions
        if version.subject.level in TYPES
    ]
    if not rows:
        return
    log = keyring.log_signers(address.log_origin)
    entries = [log_entry(row.credential) for row in rows]
    first = append(transaction, log, entries, rows[-1].signed_at)
    for index, row in enumerate(rows, start=first):
        row.log_index = index
        transaction.restricted_credentials.add(row)


def _signed(
    transaction: Transaction, keyring: Keyring, address: PublicAddress, version: AttributeVersion
) -> RestrictedCredentialRow:
    subject, credential_id = version.subject, str(uuid4())
    key = keyring.current(transaction, subject.operator_id)
    signer = CredentialSigner(key, get_operator(transaction, subject.operator_id).did)
    list_id, index = _status_place(transaction, signer, address, subject, version.recorded_at)
    claims = {
        **_claims(transaction, address, version),
        "jti": f"urn:uuid:{credential_id}",
        "status": token_status_claim(
            address.token_status_list(subject.operator_id, list_id), index
        ),
        **_told_apart(transaction, subject),
        "transparencyLog": {
            "origin": address.log_origin,
            "proof": address.restricted_log_proof(credential_id),
        },
    }
    selective: list[Path] = [(CLAIM, name) for name in claims[CLAIM]]
    try:
        credential = issue(claims, selective, key)
        decode_presentation(credential)  # nothing is stored that a verifier would refuse
    except MalformedDocumentError as error:
        finding = Finding("values", "", error.message, "Link to documents instead of long lists.")
        raise InvalidInputError([finding], "the attribute data") from None
    return RestrictedCredentialRow(
        operator_id=subject.operator_id,
        level=subject.level.value,
        subject_id=subject.id,
        version=version.version,
        signed_at=version.recorded_at,
        credential=credential,
        sha256=hashlib.sha256(credential).hexdigest(),
        credential_id=credential_id,
        status_list_id=list_id,
        status_list_index=index,
    )


def _status_place(
    transaction: Transaction,
    signer: CredentialSigner,
    address: PublicAddress,
    subject: Subject,
    now: datetime,
) -> tuple[str, int]:
    """Return list and index of a subject's revocation bit; its versions share one until it is set."""
    owner = subject.operator_id
    passport = (
        transaction.passports.by_id(subject.id) if subject.level is Granularity.ITEM else None
    )
    if passport is not None:
        return passport.status_list_id, passport.status_list_index
    before = transaction.restricted_credentials.newest(owner, subject.level.value, subject.id)
    if before is not None and before.status_list_id is not None:
        assert before.status_list_index is not None  # the two are written together
        place = (before.status_list_id, before.status_list_index)
        if not is_set(transaction, owner, place):  # a revoked credential is revoked for good
            return place
    given = allocate_indices(transaction, signer, address, owner, 1, now)
    return given.list_id, given.values[0]


def _told_apart(transaction: Transaction, subject: Subject) -> dict[str, JsonValue]:
    """Return the passport's own entries for revocation and suspension, which tell the two apart.

    The `status` claim beside them is for who reads Token Status Lists alone, where one bit says both.
    A passport from before there were suspensions has no such entry, and its battery's credential none.
    """
    passport = (
        transaction.passports.by_id(subject.id) if subject.level is Granularity.ITEM else None
    )
    status = payload_of(passport)["credentialStatus"] if passport is not None else None
    entries = status if isinstance(status, list) else []
    told = [entry for entry in entries if entry["statusPurpose"] in _WITHDRAWING]
    return {"credentialStatus": told} if len(told) == len(_WITHDRAWING) else {}


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


def restricted_values(version: AttributeVersion) -> Mapping[str, dict[str, Any]]:
    """Return the restricted values of a version with their units, as they are signed."""
    return {
        name: with_unit(name, given.value)
        for name, given in version.values.items()
        if attributes()[name].access_point is not AccessPoint.PUBLIC
    }


def restricted_log_proof(store: Store, credential_id: str) -> bytes:
    """Return the proof that a restricted credential is in the log; it tells nothing of its content.

    Raises:
        RecordNotFoundError: there is no such credential, or it is from before they were logged.
    """
    with store.reading() as reading:
        row = reading.restricted_credentials.by_id(credential_id)
        if row is None or row.log_index is None:
            raise RecordNotFoundError("restricted credential", credential_id)
        return proof_of(reading, row.operator_id, row.log_index)
