"""Verifying a passport: collect the evidence, then let `signing.verify` make its numbered steps.

The same function serves the link, a file, a picture, a bundle, the command line and the HTTP route;
only where the evidence comes from differs.
"""

import hashlib
from collections.abc import Mapping, Sequence
from dataclasses import replace
from datetime import datetime
from typing import Final

from passports.certification.certificate_evidence import SignedCertificate, examine_certificates
from passports.errors import EvidenceUnavailableError, Finding
from passports.verification.checks import BatteryEvidence, domain_checks
from passports.verification.collection import (
    CollectedEvidence,
    cited_urls,
    is_sd_jwt,
    is_secured,
    payload_of,
)
from passports.verification.restricted_checks import RESTRICTED_CHECKS
from signing.canonical import JsonValue
from signing.errors import SigningError
from signing.evidence import Evidence
from signing.report import VerificationReport
from signing.trust import TrustList
from signing.verify import examine


def signed_certificates(
    evidence: CollectedEvidence, trust_list: TrustList | None, at: datetime
) -> dict[str, SignedCertificate]:
    """Examine the signed factory certificates among what was collected, by URL."""
    of_certifiers = Evidence(
        did_documents=evidence.did_documents,
        trust_list=trust_list,
        status_lists=evidence.status_lists,
        role="certifier",
    )
    return examine_certificates(evidence.documents, of_certifiers, at)


def verify_passport(
    credential: bytes,
    evidence: CollectedEvidence,
    trust_list: TrustList | None,
    battery: BatteryEvidence,
    at: datetime,
) -> VerificationReport:
    """Make all numbered steps over one credential; never raises, whatever the bytes are."""
    whole = replace(
        battery,
        documents=evidence.documents,
        studies=evidence.studies,
        certificates=signed_certificates(evidence, trust_list, at),
        at=at.date(),
    )
    # The log holds the JWT; the same statement with an embedded proof is no leaf of it.
    cited = [] if is_secured(credential) else cited_urls(payload_of(credential))["log_proofs"]
    proofs = [evidence.log_proofs.get(url) for url in cited]
    report = examine(
        credential,
        Evidence(
            did_documents=evidence.did_documents,
            trust_list=trust_list,
            status_lists=evidence.status_lists,
            log_proof=proofs[0] if proofs else None,
        ),
        at=at,
        domain_checks=RESTRICTED_CHECKS if is_sd_jwt(credential) else domain_checks(whole),
    )
    return _with_budget(report, cited_urls(payload_of(credential)), evidence)


# Which step looks at what is cited.
_LOOKED_AT_BY: Final[Mapping[str, tuple[str, ...]]] = {
    "status": ("status_lists", "token_status_lists"),
    "version": ("status_lists", "token_status_lists"),
    "log_inclusion": ("log_proofs",),
    "factory_certificate": ("documents",),
    "footprint_study": ("studies",),
}


def _with_budget(
    report: VerificationReport, cited: Mapping[str, list[str]], evidence: CollectedEvidence
) -> VerificationReport:
    """Say of steps that could not be made because the budget of fetches had ended that this is why."""
    if evidence.budget is None or not evidence.over_budget:
        return report
    steps = []
    for step in report.steps:
        urls = {url for kind in _LOOKED_AT_BY.get(step.step, ()) for url in cited[kind]}
        if step.outcome == "not_checked" and urls & evidence.over_budget:
            message = f"{step.message}; {evidence.budget.ended}"
            steps.append(step._replace(reason_code="fetch_budget_ended", message=message))
        else:
            steps.append(step)
    return report._replace(steps=tuple(steps))


def read_trust_list(
    data: bytes, roots: Sequence[Mapping[str, JsonValue] | Mapping[str, str]]
) -> TrustList:
    """Read a signed trust list and believe it because one of `roots` signed it.

    Raises:
        EvidenceUnavailableError: it is malformed, or signed by another key.
    """
    try:
        return TrustList.verify(data.strip(), roots)
    except SigningError as error:
        digest = hashlib.sha256(data).hexdigest()[:12]
        finding = Finding(
            "trust_list", digest, str(error), "Take the list and its root key from whom you trust."
        )
        raise EvidenceUnavailableError("the trust list cannot be believed", [finding]) from error
