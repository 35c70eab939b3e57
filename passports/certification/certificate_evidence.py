"""What verification makes of a cited certificate beyond its hash: its certifier's signature, its status.

A certificate that was suspended or withdrawn, has run out since or is about to, is a warning for the
battery that cites it, never invalidity: what the passport says of the battery stays as signed, and the days
of manufacture decide whether it covers the battery.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date, datetime

from passports.certification.certificate_life import CertificateStatus, standing_on
from passports.certification.certificate_reading import facility_of, read_certificate
from signing.canonical import parse_strict
from signing.errors import SigningError
from signing.evidence import Evidence
from signing.report import Finding, StepResult
from signing.verify import examine

_SIGNATURE_STEPS = ("parse", "format", "algorithm", "issuer_found", "signature")


@dataclass(frozen=True)
class SignedCertificate:
    """A signed certificate, examined: its finding, and the facility that it names."""

    finding: Finding
    facility: str | None


def examine_certificates(
    documents: Mapping[str, bytes], evidence: Evidence, at: datetime
) -> dict[str, SignedCertificate]:
    """Examine those of the documents that are signed certificates, by URL.

    `evidence.role` is `certifier`: whom the trust list names in that role is believed.
    """
    found = {}
    for url, document in documents.items():
        payload = read_certificate(document)
        if payload is not None:
            report = examine(document.strip(), evidence, at=at)
            steps = {step.step: step for step in report.steps}
            found[url] = SignedCertificate(_finding(steps), facility_of(payload))
    return found


def _finding(steps: Mapping[str, StepResult]) -> Finding:
    for name in _SIGNATURE_STEPS:
        step = steps[name]
        if step.outcome == "failed":
            message = f"the certifier's signature does not hold ({step.message})"
            return Finding("failed", "certificate_signature_invalid", message)
        if step.outcome == "not_checked":
            message = f"the certifier's signature could not be checked ({step.message})"
            return Finding("warning", "certificate_signature_not_checked", message)
    status = steps["status"]
    if status.outcome == "failed":
        word = "suspended" if status.reason_code == "suspended" else "withdrawn"
        message = f"it was {word} by its certifier after it was cited"
        return Finding("warning", f"certificate_{word}", message)
    if steps["issuer_trusted"].outcome != "passed":
        message = "signed, but no trust list here names its signer as a certifier"
        return Finding("warning", "certificate_signer_not_trusted", message)
    if status.outcome == "not_checked":
        return Finding(
            "warning", "certificate_status_not_checked", "signed, its status is not known"
        )
    return Finding(
        "passed", "certificate_signed", "signed by its certifier, not suspended or withdrawn"
    )


_RUNNING_OUT = {
    CertificateStatus.EXPIRED: "has expired",
    CertificateStatus.EXPIRING: "expires soon",
}


def running_out(period: tuple[date | None, date | None], at: date | None) -> tuple[str, str] | None:
    """Return reason code and words where a certificate has expired on a day or is about to, or None."""
    if at is None:
        return None
    standing = standing_on(at, certified=True, period=period)
    said = _RUNNING_OUT.get(standing.status)
    if said is None:
        return None
    return f"certificate_{standing.status.value}", f"it {said} ({standing.explanation})"


def status_of(documents: Mapping[str, bytes], url: str | None) -> Finding | None:
    """Return a warning where the published status of a certificate says it no longer stands, or None."""
    data = documents.get(url) if url is not None else None
    if data is None:
        return None
    try:
        document = parse_strict(data)
    except SigningError:
        return None
    if not isinstance(document, dict):
        return None
    status = document.get("status")
    if status not in ("suspended", "withdrawn"):
        return None
    said = str(document.get("explanation", ""))[:200]
    return Finding(
        "warning", f"certificate_{status}", f"it was {status} after it was cited ({said})"
    )
