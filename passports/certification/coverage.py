"""What a factory's certificate covers: each check says what it looked at, and all are summed up.

What the certificate does not state is "cannot tell", never a pass; whatever comes out, the certificate is
shown beside the footprint and never subtracted from it.
"""

from collections.abc import Sequence
from dataclasses import asdict, dataclass
from datetime import date
from typing import Literal

from passports.certification.certificate_life import CertificateEvent, standing_on
from passports.certification.certificate_schemes import certificate_schemes
from passports.certification.certificates import (
    CertificateEvidence,
    CertificateScope,
    FactoryCertificate,
)

Outcome = Literal["passed", "failed", "warning", "cannot_tell"]


@dataclass(frozen=True)
class CertificateCheck:
    """One check of a certificate: what was asked, what came out, and why."""

    id: str
    outcome: Outcome
    explanation: str

    def to_document(self) -> dict[str, str]:
        """Return the check as plain JSON data."""
        return asdict(self)


def check_certificate(
    certificate: FactoryCertificate,
    facility_id: str,
    produced_on: Sequence[date],
    events: Sequence[CertificateEvent] = (),
) -> list[CertificateCheck]:
    """Check a certificate against a facility and the days on which batteries were made there.

    `events` is what happened to it since it was granted.
    """
    return [
        _check_certified(certificate),
        _check_facility(certificate, facility_id),
        _check_period(certificate, produced_on),
        _check_scope(certificate),
        _check_scheme(certificate),
        _check_grading(certificate),
        _check_status(certificate, events),
        _check_evidence(certificate),
        CertificateCheck(
            "effect_on_footprint",
            "passed",
            "none: the certificate stands beside the footprint and is not subtracted from it",
        ),
    ]


def coverage(
    checks: Sequence[CertificateCheck],
) -> Literal["covered", "not_covered", "cannot_tell"]:
    """Sum the checks up: does the certificate cover what was made?"""
    outcomes = {check.outcome for check in checks}
    if "failed" in outcomes:
        return "not_covered"
    return "cannot_tell" if "cannot_tell" in outcomes else "covered"


def _check_certified(certificate: FactoryCertificate) -> CertificateCheck:
    if certificate.certified:
        issuer = certificate.issuer or "an issuer that is not stated"
        return CertificateCheck("certified", "passed", f"granted by {issuer} as stated")
    return CertificateCheck("certified", "failed", "planned or pending: it certifies nothing yet")


def _check_facility(certificate: FactoryCertificate, facility_id: str) -> CertificateCheck:
    if certificate.facility_id == facility_id:
        return CertificateCheck("facility", "passed", f"it names {certificate.holder}")
    explanation = f"it names {certificate.holder}, another facility than {facility_id}"
    return CertificateCheck("facility", "failed", explanation)


def _check_period(certificate: FactoryCertificate, produced_on: Sequence[date]) -> CertificateCheck:
    start, end = certificate.valid_from, certificate.valid_to
    if start is None and end is None:
        stated = f" (issued {certificate.issued_on})" if certificate.issued_on else ""
        explanation = f"the source states no period of validity{stated}"
        return CertificateCheck("period", "cannot_tell", explanation)
    if not produced_on:
        return CertificateCheck("period", "cannot_tell", "no date of production is at hand")
    first, last = min(produced_on), max(produced_on)
    span = f"{start or 'an unstated day'} to {end or 'an unstated day'}"
    if (start is not None and first < start) or (end is not None and last > end):
        explanation = f"it is valid from {span}; production was {first} to {last}"
        return CertificateCheck("period", "failed", explanation)
    if start is None or end is None:
        return CertificateCheck("period", "cannot_tell", f"only one end is stated: {span}")
    return CertificateCheck("period", "passed", f"production {first} to {last} lies in {span}")


def _check_scope(certificate: FactoryCertificate) -> CertificateCheck:
    scheme = certificate_schemes()[certificate.scheme]
    said = f"{scheme.id} certifies {scheme.certifies}, granted to {scheme.granted_to}"
    if certificate.scope is None:
        explanation = f"{said}; the source does not state the scope of this one"
        return CertificateCheck("scope", "cannot_tell", explanation)
    if certificate.scope is CertificateScope.ORGANISATION:
        explanation = f"{said}; this one speaks of the organisation, not of the plant"
        return CertificateCheck("scope", "failed", explanation)
    return CertificateCheck(
        "scope", "passed", f"{said}; it speaks of the facility, not the battery"
    )


def _check_scheme(certificate: FactoryCertificate) -> CertificateCheck:
    scheme = certificate_schemes()[certificate.scheme]
    if scheme.state == "in force":
        return CertificateCheck("scheme", "passed", f"{scheme.title} is in force")
    if not scheme.successor:
        return CertificateCheck("scheme", "cannot_tell", f"{scheme.title}: {scheme.state}")
    since = f" since {scheme.withdrawn_on}" if scheme.withdrawn_on else ""
    explanation = f"{scheme.title} is {scheme.state}{since}; {scheme.successor} succeeds it"
    return CertificateCheck("scheme", "warning", explanation)


def _check_grading(certificate: FactoryCertificate) -> CertificateCheck:
    scheme = certificate_schemes()[certificate.scheme]
    stated = {
        "type": certificate.type,
        "stars": certificate.stars,
        "score": None if certificate.score is None else f"{certificate.score:g}",
    }
    said = ", ".join(f"{name} {value}" for name, value in stated.items() if value is not None)
    if certificate.stars is not None and certificate.type is None and scheme.types:
        explanation = f"{said} without a type; {scheme.id} grades {' or '.join(scheme.types)}"
        return CertificateCheck("grading", "warning", explanation)
    if not scheme.max_stars and not scheme.types:
        foreign = f"{said} stated; {scheme.id} knows no grades" if said else "it knows no grades"
        return CertificateCheck("grading", "warning" if said else "passed", foreign)
    if not said:
        return CertificateCheck("grading", "warning", "no type, stars or score are stated")
    return CertificateCheck("grading", "passed", f"{said} are grades of {scheme.id}")


def _check_status(
    certificate: FactoryCertificate, events: Sequence[CertificateEvent]
) -> CertificateCheck:
    standing = standing_on(
        date.max,  # the days are the period's check; here only what happened counts
        certified=certificate.certified,
        period=(None, None),
        events=events,
    )
    if events and standing.is_in_doubt:
        return CertificateCheck("status", "failed", standing.explanation)
    return CertificateCheck("status", "passed", "no suspension or withdrawal is recorded")


def _check_evidence(certificate: FactoryCertificate) -> CertificateCheck:
    if certificate.evidence is CertificateEvidence.CREDENTIAL:
        explanation = f"signed by the certifier {certificate.certifier_id}; recorded by its SHA-256"
        return CertificateCheck("evidence", "passed", explanation)
    press = certificate.evidence is CertificateEvidence.PRESS_REPORT
    kind = "a press report" if press else "a document"
    explanation = (
        f"unsigned: {kind}, recorded by its SHA-256; no certifier's signature vouches for it"
    )
    return CertificateCheck("evidence", "warning", explanation)
