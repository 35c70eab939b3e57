"""Certifying: a certifier signs a factory certificate, and later suspends, reinstates or withdraws it.

What was signed never changes. A change is an event that is added, a bit in the certifier's status lists
for a signed certificate, and a new look at every batch that cites it.
"""

import hashlib
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Annotated, Any, Final, Self
from uuid import uuid4

from pydantic import Field, model_validator

from passports.authority.roles import Action
from passports.certification.certificate_credential import certificate_credential
from passports.certification.certificate_life import (
    CertificateChange,
    CertificateStanding,
    check_change,
    standing_on,
)
from passports.certification.certificates import (
    CertificateEvidence,
    CertificateScope,
    FactoryCertificate,
    check_against_scheme,
    events_of,
    get_certificate,
)
from passports.certification.citations import CitationFinding, recheck
from passports.documents import Day, Document, Name, Number, RuleError, Slug, Text
from passports.errors import (
    AccessDeniedError,
    Finding,
    IdentifierConflictError,
    RecordNotFoundError,
)
from passports.factories import get_facility
from passports.identifiers import PublicAddress
from passports.kept_logs import proof_of
from passports.keyring import Keyring
from passports.log import append
from passports.operators import EconomicOperator, get_operator
from passports.status_lists import allocate_indices, set_status
from passports.store import CertificateEventRow, CertificateRow, Store, Transaction
from signing.canonical import JsonValue, canonicalize
from signing.credentials import CredentialSigner, decode
from signing.status_list import Purpose, status_entry
from signing.transparency_log import log_entry

MEDIA_TYPE: Final = "application/vc+jwt"
_PURPOSES: Final[tuple[Purpose, ...]] = ("revocation", "suspension")


class CertificateIssue(Document):
    """A certificate as a certifier issues it: for one facility and one period, both days included."""

    operator_id: Slug
    facility_id: Slug
    scheme: Name
    valid_from: Day
    valid_to: Day
    type: Name | None = None
    stars: Annotated[int, Field(ge=1, le=10)] | None = None
    score: Annotated[Number, Field(ge=0)] | None = None
    number: Name | None = None
    source: Text = "issued by the certifier"
    note: Text | None = None

    @model_validator(mode="after")
    def _fits_its_scheme(self) -> Self:
        scheme = check_against_scheme(self)
        if scheme.types and self.stars is not None and self.type is None:
            reason = f"stars without a type; {scheme.id} has {' and '.join(scheme.types)}"
            raise RuleError(reason, "Give the type.")
        return self


@dataclass(frozen=True)
class ChangedCertificate:
    """A certificate after a change, and what it means for the batches that cite it."""

    certificate: FactoryCertificate
    standing: CertificateStanding
    citations: list[CitationFinding]

    def to_document(self) -> dict[str, Any]:
        """Return it as plain JSON data."""
        return {
            "id": self.certificate.id,
            "scheme": self.certificate.scheme,
            **self.standing.to_document(),
            "cited_by": [row.to_document() for row in self.citations],
        }


def issue_certificate(
    store: Store,
    keyring: Keyring,
    address: PublicAddress,
    certifier_id: str,
    request: CertificateIssue,
    now: datetime,
) -> FactoryCertificate:
    """Sign a certificate of a factory as its certifier and record it with the factory.

    Raises:
        AccessDeniedError: who calls is no certifier, or would certify a factory of its own.
        RecordNotFoundError: there is no such operator or facility.
        KeyUnavailableError: the certifier's signing key cannot be opened.
    """
    with store.transaction() as transaction:
        certifier = get_operator(transaction, certifier_id)
        _check_certifier(certifier, request)
        holder = get_operator(transaction, request.operator_id)
        facility = get_facility(transaction, request.operator_id, request.facility_id)
        transaction.operators.lock(certifier_id)  # its status lists are given out in order
        signer = CredentialSigner(keyring.current(transaction, certifier_id), certifier.did)
        claims: dict[str, Any] = {
            **request.model_dump(exclude={"operator_id"}),
            "id": str(uuid4()),
            "operator_id": request.operator_id,
        }
        entries = _status_entries(transaction, signer, address, certifier_id, now)
        credential = certificate_credential(
            address, certifier, holder, facility, claims, entries, now
        )
        document = signer.sign(canonicalize(credential))
        entry = log_entry(document)
        log_index = append(transaction, keyring.log_signers(address.log_origin), [entry], now)
        certificate = FactoryCertificate(
            **claims,
            certified=True,
            holder=f"{facility.name} of {holder.name}"[:200],
            issuer=certifier.name,
            issued_on=str(now.date()),
            scope=CertificateScope.FACILITY,
            evidence=CertificateEvidence.CREDENTIAL,
            media_type=MEDIA_TYPE,
            document_sha256=hashlib.sha256(document).hexdigest(),
            created_at=now,
            certifier_id=certifier_id,
        )
        transaction.certificates.add(_row(certificate, document, log_index))
    return certificate


def _check_certifier(certifier: EconomicOperator, request: CertificateIssue) -> None:
    if not certifier.may(Action.CERTIFY):
        reason = f"{certifier.id} has not the role certifier"
        finding = Finding("certifier", certifier.id, reason, "Upload it as unsigned evidence.")
        raise AccessDeniedError(reason, [finding])
    if certifier.id == request.operator_id:
        reason = "nobody certifies a factory of their own"
        finding = Finding("operator_id", certifier.id, reason, "Let another certifier issue it.")
        raise AccessDeniedError(reason, [finding])


def _status_entries(
    transaction: Transaction,
    signer: CredentialSigner,
    address: PublicAddress,
    certifier_id: str,
    now: datetime,
) -> list[dict[str, JsonValue]]:
    entries = []
    for purpose in _PURPOSES:
        given = allocate_indices(transaction, signer, address, certifier_id, 1, now, purpose)
        url = address.status_list(certifier_id, given.list_id)
        entries.append(status_entry(url, purpose, given.values[0]))
    return entries


def _row(certificate: FactoryCertificate, document: bytes, log_index: int) -> CertificateRow:
    return CertificateRow(
        operator_id=certificate.operator_id,
        id=certificate.id,
        facility_id=certificate.facility_id,
        scheme=certificate.scheme,
        created_at=certificate.created_at,
        claims=certificate.model_dump_json().encode(),
        document=document,
        sha256=certificate.document_sha256,
        log_index=log_index,
    )


def certificate_log_proof(store: Store, certificate_id: str) -> bytes:
    """Return the proof that a certificate which was signed here is in the log.

    Raises:
        RecordNotFoundError: there is no such certificate, or it was not signed here.
    """
    with store.reading() as reading:
        row = reading.certificates.by_id(certificate_id)
        if row is None or row.log_index is None:
            raise RecordNotFoundError("log proof of certificate", certificate_id)
        return proof_of(reading, row.operator_id, row.log_index)


class CertificateChangeCreate(Document):
    """Something that happens to a certificate, and why."""

    change: CertificateChange
    reason: Annotated[Text, Field(min_length=1)]


def change_certificate(
    store: Store,
    keyring: Keyring,
    address: PublicAddress,
    caller_id: str,
    certificate_id: str,
    request: CertificateChangeCreate,
    now: datetime,
) -> ChangedCertificate:
    """Suspend, reinstate or withdraw a certificate; only who issued it may, or who uploaded it.

    Raises:
        RecordNotFoundError: there is no such certificate.
        AccessDeniedError: somebody else issued it.
        IdentifierConflictError: the change cannot follow what happened before.
    """
    with store.transaction() as transaction:
        certificate, document = get_certificate(transaction, certificate_id)
        owner = certificate.certifier_id or certificate.operator_id
        if caller_id != owner:
            reason = f"{owner} issued it; nobody else can change its status"
            raise AccessDeniedError(reason, [Finding("certificate", certificate_id, reason, "")])
        transaction.operators.lock(owner)
        events = events_of(transaction, certificate)
        refused = check_change(events, request.change)
        if refused is not None:
            raise IdentifierConflictError("change", request.change.value, " ".join(refused))
        transaction.certificate_events.add(
            CertificateEventRow(
                operator_id=certificate.operator_id,
                certificate_id=certificate.id,
                number=len(events) + 1,
                status=request.change.value,
                reason=request.reason,
                by_operator_id=caller_id,
                at=now,
            )
        )
        if certificate.certifier_id is not None:
            _set_bits(transaction, keyring, address, caller_id, document, request.change, now)
        return _changed(transaction, certificate, now)


def _set_bits(
    transaction: Transaction,
    keyring: Keyring,
    address: PublicAddress,
    certifier_id: str,
    document: bytes,
    change: CertificateChange,
    now: datetime,
) -> None:
    entries = decode(document).payload["credentialStatus"]
    wanted = {
        CertificateChange.SUSPENDED: {"suspension": True},
        CertificateChange.REINSTATED: {"suspension": False},
        CertificateChange.WITHDRAWN: {"revocation": True},
    }[change]
    for entry in entries if isinstance(entries, list) else []:
        if not isinstance(entry, Mapping):
            continue
        to = wanted.get(str(entry["statusPurpose"]))
        if to is not None:
            list_id = str(entry["statusListCredential"]).rsplit("/", 1)[1]
            place = (list_id, int(str(entry["statusListIndex"])))
            set_status(transaction, keyring, address, certifier_id, place, to=to, now=now)


def certificate_status(store: Store, certificate_id: str, now: datetime) -> ChangedCertificate:
    """Return where a certificate stands now, and the batches that cite it.

    Raises:
        RecordNotFoundError: there is no such certificate.
    """
    with store.reading() as reading:
        return _changed(reading, get_certificate(reading, certificate_id)[0], now)


def _changed(
    transaction: Transaction, certificate: FactoryCertificate, now: datetime
) -> ChangedCertificate:
    standing = standing_on(
        now.date(),
        certified=certificate.certified,
        period=(certificate.valid_from, certificate.valid_to),
        events=events_of(transaction, certificate),
    )
    return ChangedCertificate(certificate, standing, recheck(transaction, certificate))


def status_document(store: Store, certificate_id: str, now: datetime) -> dict[str, Any]:
    """Return what is published of a certificate's status: standing and events, no batches.

    Raises:
        RecordNotFoundError: there is no such certificate.
    """
    with store.reading() as reading:
        certificate = get_certificate(reading, certificate_id)[0]
        events = events_of(reading, certificate)
    standing = standing_on(
        now.date(),
        certified=certificate.certified,
        period=(certificate.valid_from, certificate.valid_to),
        events=events,
    )
    return {
        "certificate": certificate.id,
        "documentSha256": certificate.document_sha256,
        **standing.to_document(),
        "events": [event.to_document() for event in events],
    }
