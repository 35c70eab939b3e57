"""The tie between batches and certificates: written down at issue, looked at again when one changes."""

from dataclasses import dataclass
from datetime import datetime

from passports.batches import Batch, get_batch
from passports.certification.certificates import FactoryCertificate, certificates_of, events_of
from passports.certification.coverage import check_certificate, coverage
from passports.store import CertificateCitationRow, Transaction


@dataclass(frozen=True)
class CitationFinding:
    """A batch that cites a certificate: what held at issue, and what holds now, with the reasons."""

    batch_id: str
    size: int
    at_issue: str
    now: str
    reasons: tuple[str, ...]

    def to_document(self) -> dict[str, object]:
        """Return it as plain JSON data."""
        return {
            "batch_id": self.batch_id,
            "passports": self.size,
            "coverage_at_issue": self.at_issue,
            "coverage_now": self.now,
            "reasons": list(self.reasons),
        }


def record_citations(transaction: Transaction, batch: Batch, now: datetime) -> None:
    """Write down which certificates the passports of a batch cite, and what was found of each.

    What was written down when the first units of the batch were issued stays as it is.
    """
    days = [batch.manufactured_from, batch.manufactured_to]
    for certificate in certificates_of(transaction, batch.operator_id, batch.facility_id):
        key = (batch.operator_id, certificate.id, batch.id)
        if transaction.certificate_citations.get(*key) is not None:
            continue
        events = events_of(transaction, certificate)
        checks = check_certificate(certificate, batch.facility_id, days, events)
        transaction.certificate_citations.add(
            CertificateCitationRow(
                operator_id=batch.operator_id,
                certificate_id=certificate.id,
                batch_id=batch.id,
                coverage=coverage(checks),
                cited_at=now,
            )
        )


def recheck(transaction: Transaction, certificate: FactoryCertificate) -> list[CitationFinding]:
    """Hold every batch that cites a certificate against the certificate as it stands now."""
    events = events_of(transaction, certificate)
    found = []
    for row in transaction.certificate_citations.of(certificate.operator_id, certificate.id):
        batch = get_batch(transaction, row.operator_id, row.batch_id)
        days = [batch.manufactured_from, batch.manufactured_to]
        checks = check_certificate(certificate, batch.facility_id, days, events)
        reasons = tuple(
            f"{check.id}: {check.explanation}" for check in checks if check.outcome == "failed"
        )
        found.append(CitationFinding(batch.id, batch.size, row.coverage, coverage(checks), reasons))
    return found
