"""Factory certificates ("zero-carbon factory", carbon neutrality) as they are registered and kept.

A certificate speaks of a site and a period; EU law gives it no effect on a battery's footprint
(Annex II, point 7 of Regulation (EU) 2023/1542: offsets stay outside). What a certificate covers is told by
`coverage`.
"""

import base64
import binascii
import hashlib
from datetime import date, datetime
from enum import StrEnum
from typing import Annotated, Final, Literal, Protocol, Self
from uuid import uuid4

from pydantic import AfterValidator, EncodedBytes, EncoderProtocol, Field, model_validator

from passports.certification.certificate_life import (
    CertificateChange,
    CertificateEvent,
)
from passports.certification.certificate_schemes import CertificateScheme, certificate_schemes
from passports.documents import Day, Document, Name, Number, RuleError, Slug, Text, read_day
from passports.errors import Finding, InvalidInputError, RecordNotFoundError
from passports.factories import get_facility
from passports.store import CertificateRow, Store, Transaction


class CertificateEvidence(StrEnum):
    """What the statement rests on."""

    DOCUMENT = "document"
    PRESS_REPORT = "press_report"
    CREDENTIAL = "credential"  # signed by a certifier, see passports/certification/certify.py


class CertificateScope(StrEnum):
    """What the certificate speaks of."""

    FACILITY = "facility"
    ORGANISATION = "organisation"


class _StrictBase64(EncoderProtocol):
    """Base64 (RFC 4648, section 4) in which nothing but line breaks is passed over."""

    @classmethod
    def decode(cls, data: bytes) -> bytes:
        """Return the bytes; a character too many would change the document that is hashed."""
        try:
            return base64.b64decode(b"".join(data.split()), validate=True)
        except binascii.Error:
            raise RuleError("this is not base64", "Send the bytes as base64.") from None

    @classmethod
    def encode(cls, value: bytes) -> bytes:
        """Return the base64 of the bytes."""
        return base64.b64encode(value)

    @classmethod
    def get_json_format(cls) -> Literal["base64"]:
        """Name the format for JSON Schema."""
        return "base64"


_FIRST_DAY: Final = {len("YYYY"): "-01-01", len("YYYY-MM"): "-01"}


def _to_the_day_month_or_year(value: str) -> str:
    read_day(value + _FIRST_DAY.get(len(value), ""))
    return value


class _Graded(Protocol):
    """What every certificate states or leaves open: scheme, days, grades."""

    @property
    def scheme(self) -> str: ...
    @property
    def valid_from(self) -> date | None: ...
    @property
    def valid_to(self) -> date | None: ...
    @property
    def stars(self) -> int | None: ...
    @property
    def score(self) -> float | None: ...
    @property
    def type(self) -> str | None: ...


def check_against_scheme(certificate: _Graded) -> CertificateScheme:
    """Return the scheme of a certificate that fits it.

    Raises:
        RuleError: the scheme is not known, the days are the wrong way round, or a grade is none of it.
    """
    scheme = certificate_schemes().get(certificate.scheme)
    if scheme is None:
        known = ", ".join(certificate_schemes())
        raise RuleError(f"the scheme {certificate.scheme!r} is not known", f"Known are {known}.")
    start, end = certificate.valid_from, certificate.valid_to
    if start and end and end < start:
        raise RuleError("it ends before it begins", "Check both dates.")
    stars, score, kind = certificate.stars, certificate.score, certificate.type
    if stars is not None and scheme.max_stars and stars > scheme.max_stars:
        raise RuleError(f"{scheme.id} gives at most {scheme.max_stars} stars", "Check it.")
    if score is not None and scheme.max_score and score > scheme.max_score:
        raise RuleError(f"{scheme.id} gives at most {scheme.max_score:g} points", "Check it.")
    if score is not None and scheme.min_score and score < scheme.min_score:
        raise RuleError(f"{scheme.id} gives at least {scheme.min_score:g} points", "Check it.")
    if kind is not None and scheme.types and kind not in scheme.types:
        raise RuleError(f"{scheme.id} knows the types {', '.join(scheme.types)}", "Check it.")
    return scheme


class FactoryCertificateCreate(Document):
    """A certificate as it is registered: what was read off it, and the document itself.

    Fields that the document does not state stay empty; nothing is assumed in their place.
    """

    facility_id: Slug
    scheme: Name
    certified: bool
    holder: Name
    issuer: Name | None = None
    number: Name | None = None
    valid_from: Day | None = None
    valid_to: Day | None = None
    issued_on: (
        Annotated[
            str,
            Field(pattern=r"^\d{4}(-\d{2}){0,2}$"),
            AfterValidator(_to_the_day_month_or_year),
        ]
        | None
    ) = None
    scope: CertificateScope | None = None
    type: Name | None = None
    stars: Annotated[int, Field(ge=1, le=10)] | None = None
    score: Annotated[Number, Field(ge=0)] | None = None
    evidence: CertificateEvidence
    source: Text
    note: Text | None = None
    document: Annotated[bytes, EncodedBytes(encoder=_StrictBase64)]
    media_type: Name = "application/pdf"

    @model_validator(mode="after")
    def _fits_its_scheme(self) -> Self:
        check_against_scheme(self)
        return self


class FactoryCertificate(Document):
    """A certificate as it stands in the store, without its document's bytes."""

    id: str
    operator_id: str
    facility_id: str
    scheme: str
    certified: bool
    holder: str
    issuer: str | None
    number: str | None
    valid_from: date | None
    valid_to: date | None
    issued_on: str | None
    scope: CertificateScope | None
    type: str | None
    stars: int | None
    score: float | None
    evidence: CertificateEvidence
    source: str
    note: str | None
    media_type: str
    document_sha256: str
    created_at: datetime
    certifier_id: str | None = None

    @property
    def evidence_said(self) -> str:
        """The kind of evidence, with whether a certifier signed it."""
        signed = self.evidence is CertificateEvidence.CREDENTIAL
        return f"{'signed' if signed else 'unsigned'} {self.evidence.value}"


def register_certificate(
    store: Store, operator_id: str, request: FactoryCertificateCreate, now: datetime
) -> FactoryCertificate:
    """Record a certificate of a facility as unsigned evidence, with the hash of its document.

    Raises:
        RecordNotFoundError: there is no such facility.
        InvalidInputError: the document is empty.
    """
    if request.evidence is CertificateEvidence.CREDENTIAL:
        reason = "a signed certificate is issued by its certifier, not uploaded"
        remedy = "Say document or press_report; a certifier calls certificate issue."
        raise InvalidInputError([Finding("evidence", "credential", reason, remedy)], "it")
    if not request.document:
        reason = "the document is empty"
        finding = Finding("document", "", reason, "Send the certificate's bytes as base64.")
        raise InvalidInputError([finding], "the certificate")
    certificate = FactoryCertificate(
        **request.model_dump(exclude={"document"}),
        id=str(uuid4()),
        operator_id=operator_id,
        document_sha256=hashlib.sha256(request.document).hexdigest(),
        created_at=now,
    )
    with store.transaction() as transaction:
        get_facility(transaction, operator_id, request.facility_id)
        transaction.certificates.add(
            CertificateRow(
                operator_id=operator_id,
                id=certificate.id,
                facility_id=certificate.facility_id,
                scheme=certificate.scheme,
                created_at=now,
                claims=certificate.model_dump_json().encode(),
                document=request.document,
                sha256=certificate.document_sha256,
            )
        )
    return certificate


def get_certificate(
    transaction: Transaction, certificate_id: str
) -> tuple[FactoryCertificate, bytes]:
    """Return a certificate and the exact bytes of its document.

    Raises:
        RecordNotFoundError: if there is none with this identifier.
    """
    row = transaction.certificates.by_id(certificate_id)
    if row is None:
        raise RecordNotFoundError("certificate", certificate_id)
    return FactoryCertificate.model_validate_json(row.claims), row.document


def certificates_of(
    transaction: Transaction, operator_id: str, facility_id: str
) -> list[FactoryCertificate]:
    """Return the certificates of a facility, oldest first."""
    rows = transaction.certificates.of(operator_id, facility_id)
    return [FactoryCertificate.model_validate_json(row.claims) for row in rows]


def events_of(transaction: Transaction, certificate: FactoryCertificate) -> list[CertificateEvent]:
    """Return what happened to a certificate since it was granted, oldest first."""
    rows = transaction.certificate_events.of(certificate.operator_id, certificate.id)
    return [
        CertificateEvent(CertificateChange(r.status), r.reason, r.by_operator_id, r.at)
        for r in rows
    ]
