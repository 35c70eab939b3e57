"""Step 13: the factory certificates that a passport cites.

None has an effect on the footprint; one that was suspended or withdrawn, that has expired since or is
about to, is a warning.
"""

import hashlib
from collections.abc import Mapping
from datetime import date
from typing import Final

from passports.certification.certificate_evidence import SignedCertificate, running_out, status_of
from passports.verification.claims import CertificateClaims, SubjectClaims
from passports.verification.findings import worst
from signing.report import Finding

_UNSIGNED: Final = "unsigned evidence, uploaded by the maker, document as cited"


class CertificateChecks:
    """Holds passports against the certificates at hand: bytes, facility, period, signature, status."""

    def __init__(
        self,
        documents: Mapping[str, bytes],
        signed: Mapping[str, SignedCertificate],
        at: date | None,
    ) -> None:
        """Begin with documents and examined certificates, by URL, and the day of the check."""
        self._documents = documents
        self._signed = signed
        self._at = at
        self._digests: dict[str, str] = {}

    def check(self, subject: SubjectClaims) -> Finding:
        """Check all certificates that a passport cites."""
        if not subject.factoryCertificates:
            return Finding("passed", "no_certificate_cited", "no factory certificate is cited")
        return worst([self._check(subject, cited) for cited in subject.factoryCertificates])

    def _check(self, subject: SubjectClaims, certificate: CertificateClaims) -> Finding:
        name = certificate.scheme
        if certificate.facility != subject.manufacturingFacility.id:
            message = f"{name} names another facility than {subject.manufacturingFacility.id}"
            return Finding("failed", "certificate_facility_mismatch", message)
        made_on, start, end = subject.manufacturedOn, certificate.validFrom, certificate.validTo
        unstated = start is None or end is None  # nobody can then say that it covers a day
        outside = (start is not None and made_on < start) or (end is not None and made_on > end)
        if (outside or unstated) and certificate.coverage == "covered":
            message = f"{name} is said to cover {made_on}, which its period does not"
            return Finding("failed", "certificate_period_mismatch", message)
        if certificate.document not in self._documents:
            message = f"the document of {name} is not at hand"
            return Finding("not_checked", "certificate_not_at_hand", message)
        if self._sha256(certificate.document) != certificate.documentSha256:
            message = f"the document of {name} is not the one that was cited (SHA-256 differs)"
            return Finding("failed", "certificate_hash_mismatch", message)
        found = self._check_standing(certificate)
        return _also_running_out(certificate, found, self._at)

    def _sha256(self, url: str) -> str:
        """The hash of a document, made once: all passports of a batch cite the same ones."""
        if url not in self._digests:
            self._digests[url] = hashlib.sha256(self._documents[url]).hexdigest()
        return self._digests[url]

    def _check_standing(self, certificate: CertificateClaims) -> Finding:
        """Check signature and status of a certificate whose document is the one that was cited."""
        standing = self._signed.get(certificate.document)
        if standing is not None:
            return _check_signed(certificate, standing)
        said = f"{_coverage_stated(certificate)} ({_UNSIGNED})"
        changed = status_of(self._documents, certificate.status)
        if changed is not None:
            return Finding("warning", changed.reason_code, f"{said}, and {changed.message}")
        return Finding("warning", "certificate_unsigned", said)


def _coverage_stated(certificate: CertificateClaims, *, vouched_for: bool = False) -> str:
    """Say whether a certificate covers the battery: only a certifier who is believed makes it a fact."""
    name = certificate.scheme
    if certificate.coverage == "cannot_tell":
        return f"{name} does not tell whether it covers this battery"
    if certificate.coverage == "not_covered":
        return f"{name}: this battery is not covered"
    return f"{name} {'covers' if vouched_for else 'states that it covers'} this battery"


def _also_running_out(certificate: CertificateClaims, found: Finding, at: date | None) -> Finding:
    """Add to what was found that the certificate has expired since, or is about to."""
    late = running_out((certificate.validFrom, certificate.validTo), at)
    if late is None or found.outcome == "failed":
        return found
    code, said = late
    # That it was suspended or withdrawn weighs more than that its days are over.
    graver = found.reason_code in {"certificate_suspended", "certificate_withdrawn"}
    return Finding("warning", found.reason_code if graver else code, f"{found.message}, and {said}")


def _check_signed(certificate: CertificateClaims, standing: SignedCertificate) -> Finding:
    if standing.facility != certificate.facility:
        message = (
            f"{certificate.scheme} was signed for {standing.facility}, "
            f"it is cited for {certificate.facility}"
        )
        return Finding("failed", "certificate_facility_mismatch", message)
    found = standing.finding
    said = _coverage_stated(certificate, vouched_for=found.outcome == "passed")
    return Finding(found.outcome, found.reason_code, f"{said}: {found.message}")
