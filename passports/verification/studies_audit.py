"""Auditing the studies that a bundle of passports brings with their inventories: each computed anew, twice.

Where `recomputation` says whether the published result follows, this says it as an audit does: the inventory
goes through the engine, what comes out through the independent solver of `lca.audit`, and every figure is
held against the study that passports cite by its hash.
"""

import hashlib
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Any, Final

import orjson

from lca.audit import verify_bundle as verify_audit_bundle
from lca.audit import write_bundle as write_audit_bundle
from lca.credits import check_credits
from lca.errors import LcaError
from lca.footprint import compute_footprint
from lca.inventory import parse_inventory
from lca.rulesets import load_ruleset, ruleset_ids
from lca.sharing import shared_document
from passports.errors import EvidenceUnavailableError, Finding
from passports.footprints import translate
from passports.result_agreement import first_difference
from passports.verification.bundle import Bundle
from passports.verification.claims import PassportClaims, StudyClaims, read_claims
from passports.verification.collection import payload_of
from passports.verification.study_checks import StudyChecks

if TYPE_CHECKING:
    from lca.datasets import Dataset


_AGAINST_THE_STUDY: Final = "every figure of the study"
_AS_CITED: Final = "the study is the one that passports cite, and they repeat its figures"
_SIGNATURES: Final = "signatures of the passports: voltpass verify checks them"


@dataclass(frozen=True)
class StudyAudit:
    """What came of the audit of one study.

    Attributes:
        study: Its address, by which passports cite it.
        sha256: The hash of its bytes, by which they fix it.
        agrees: Whether it follows from its inputs; None where that cannot be told here.
        kg_co2e_per_kwh: What it states.
        checked: What was recomputed and agreed.
        not_checked: What could not be, and why.
        findings: Where it differs.
    """

    study: str
    sha256: str
    agrees: bool | None
    kg_co2e_per_kwh: float | None
    checked: tuple[str, ...] = ()
    not_checked: tuple[str, ...] = ()
    findings: tuple[Finding, ...] = ()

    def to_document(self) -> dict[str, Any]:
        """Return what came of it as JSON-able data."""
        return {
            "study": self.study,
            "sha256": self.sha256,
            "agrees": self.agrees,
            "kg_co2e_per_kwh": self.kg_co2e_per_kwh,
            "checked": list(self.checked),
            "not_checked": list(self.not_checked),
            "findings": [finding.to_document() for finding in self.findings],
        }


def audit_studies(bundle: Bundle, dataset: "Dataset") -> list[StudyAudit]:
    """Audit each study of a bundle from the inventory that came with it.

    Raises:
        EvidenceUnavailableError: the bundle has no inventories.
    """
    if not bundle.inventories or not bundle.evidence.studies:
        reason = "this bundle of passports has no inventories, from which studies are recomputed"
        remedy = "Ask the maker for one: voltpass passport bundle ID --with-inventories -o FILE."
        raise EvidenceUnavailableError(reason, [Finding("bundle", "", reason, remedy)])
    studies = bundle.evidence.studies
    cited = list(_cited(bundle))
    checks = StudyChecks(studies, {})
    audits = [
        _as_cited(_audited(url, data, bundle.inventories.get(url), dataset), cited, checks)
        for url, data in studies.items()
    ]
    absent = {study.study: study for study in cited if study.study not in studies}
    return [*audits, *map(_absent, absent.values())]


def _cited(bundle: Bundle) -> Iterator[StudyClaims]:
    """Yield each study as each passport cites it; who signed that is not asked here."""
    for credential in bundle.credentials:
        claims = read_claims(payload_of(credential))
        if isinstance(claims, PassportClaims):
            yield from claims.credentialSubject.carbonFootprint


def _absent(study: StudyClaims) -> StudyAudit:
    missing = ("passports cite it, and it is not in the bundle",)
    return StudyAudit(study.study, study.studySha256, None, study.kgCo2ePerKwh, not_checked=missing)


def _as_cited(audit: StudyAudit, cited: Iterable[StudyClaims], checks: StudyChecks) -> StudyAudit:
    """Hold a study that follows from its inputs against the passports that cite it."""
    if audit.agrees is not True:
        return audit
    mine = [study for study in cited if study.study == audit.study]
    if not mine:
        nobody = (*audit.not_checked, "no passport in the bundle cites it")
        return replace(audit, agrees=None, not_checked=nobody)
    failed = next((f for f in map(checks.check_study, mine) if f.outcome == "failed"), None)
    if failed is not None:
        remedy = "Ask the maker which of the two it stands by."
        finding = Finding("study", audit.study, failed.message, remedy)
        return replace(audit, agrees=False, checked=(), findings=(finding,))
    said = (*audit.not_checked, _SIGNATURES)
    return replace(audit, checked=(*audit.checked, _AS_CITED), not_checked=said)


def _audited(url: str, data: bytes, inventory: bytes | None, dataset: "Dataset") -> StudyAudit:
    digest = hashlib.sha256(data).hexdigest()
    try:
        stored = orjson.loads(data)
        stated = float(stored["kg_co2e_per_kwh"])
        fingerprint, ruleset = stored["dataset"]["fingerprint"], stored["ruleset"]["id"]
        version = stored["ruleset"]["version"]
    except (ValueError, KeyError, TypeError):
        reason = "the study is not laid out as one"
        finding = Finding("study", url, reason, "Ask for the bundle again.")
        return StudyAudit(url, digest, agrees=False, kg_co2e_per_kwh=None, findings=(finding,))
    if inventory is None:
        missing = ("its inventory is not in the bundle",)
        return StudyAudit(url, digest, None, stated, not_checked=missing)
    if fingerprint != dataset.fingerprint:
        other = ("it was computed from another version of the factors than the one shipped here",)
        return StudyAudit(url, digest, None, stated, not_checked=other)
    if ruleset in ruleset_ids() and version != load_ruleset(ruleset).version:
        other = ("it was computed by another version of the ruleset than the one shipped here",)
        return StudyAudit(url, digest, None, stated, not_checked=other)
    return _recomputed(StudyAudit(url, digest, None, stated), stored, ruleset, inventory, dataset)


def _recomputed(
    audit: StudyAudit,
    stored: Mapping[str, Any],
    ruleset: str,
    inventory: bytes,
    dataset: "Dataset",
) -> StudyAudit:
    stated = audit.kg_co2e_per_kwh
    try:
        anew = compute_footprint(parse_inventory(inventory), load_ruleset(ruleset), dataset)
        check_credits(anew)
        report = verify_audit_bundle(write_audit_bundle(anew, withhold_licensed=True))
    except LcaError as error:
        findings = tuple(translate(error).findings)
        return StudyAudit(audit.study, audit.sha256, False, stated, findings=findings)
    document = shared_document(anew, public=True)
    path = first_difference(stored, document)
    if path is None and stored["ruleset"] != document["ruleset"]:
        path = "ruleset"  # its name, or whether it is law
    if path is not None:
        reason = "the study states another figure than its inputs give"
        finding = Finding(path, audit.study, reason, "Ask the maker which of the two it stands by.")
        return StudyAudit(audit.study, audit.sha256, False, stated, findings=(finding,))
    checked = (*report.checked, _AGAINST_THE_STUDY)
    return StudyAudit(audit.study, audit.sha256, True, stated, checked, report.not_checked)
