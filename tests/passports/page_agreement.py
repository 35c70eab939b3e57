"""Passports of a small world, as tasks for the page and for Python: what differs between the two, and why."""

import base64
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field, replace
from typing import Any, Final

from passports.verification.checks import BatteryEvidence
from passports.verification.collection import CollectedEvidence
from passports.verification.passport import verify_passport
from signing.canonical import canonicalize
from signing.instants import format_instant
from signing.report import VerificationReport
from signing.trust import TrustList
from tests.passports.test_checks import DOCUMENT, PAPER_URL, PASSPORT, RESULT, STUDY_URL
from tests.signing.log_world import log_entries
from tests.signing.page import run, steps_of
from tests.signing.world import (
    AT,
    CERTIFIER,
    CERTIFIER_KEY,
    MAKER,
    ROOT_KEY,
    did_document,
    entry,
    signed,
    trust_list,
)

# All that the page may say otherwise than Python, by step and Python's reason code.
ALLOWED: Final[Mapping[tuple[str, str], tuple[str, str]]] = {
    # The page has no engine: where the inventory is at hand, Python computes the study anew.
    ("footprint_study", "study_fits"): ("not_checked", "study_not_recomputed"),
    ("footprint_study", "study_does_not_recompute"): ("not_checked", "study_not_recomputed"),
}

ISSUERS: Final = trust_list(
    entry(scope=("BatteryPassport",)),
    entry(CERTIFIER, CERTIFIER_KEY, "certifier", scope=(), gs1_prefixes=()),
    *log_entries(),
)


@dataclass(frozen=True)
class Case:
    """A credential with all that is at hand for it."""

    credential: bytes
    documents: Mapping[str, bytes] = field(default_factory=lambda: {PAPER_URL: DOCUMENT})
    studies: Mapping[str, bytes] = field(default_factory=lambda: {STUDY_URL: RESULT})
    status_lists: Mapping[str, bytes] = field(default_factory=dict)
    log_proofs: Mapping[str, bytes] = field(default_factory=dict)
    did_documents: Mapping[str, Any] = field(default_factory=lambda: {MAKER: did_document()})
    issuers: TrustList | None = ISSUERS
    link: str | None = None
    recomputed: Mapping[str, bool] = field(default_factory=dict)

    def by_python(self) -> VerificationReport:
        """What Python finds."""
        evidence = CollectedEvidence(
            documents=dict(self.documents),
            studies=dict(self.studies),
            status_lists=dict(self.status_lists),
            log_proofs=dict(self.log_proofs),
        )
        for did, document in self.did_documents.items():
            evidence.add_did_document(did, canonicalize(document))
        battery = BatteryEvidence(scanned_link=self.link, recomputed=self.recomputed)
        return verify_passport(self.credential, evidence, self.issuers, battery, AT)

    def task(self) -> dict[str, Any]:
        """The same for the page."""
        dids = {did: canonicalize(document) for did, document in self.did_documents.items()}
        kinds = {
            "documents": self.documents,
            "studies": self.studies,
            "statusLists": self.status_lists,
            "logProofs": self.log_proofs,
            "didDocuments": dids,
            "inventories": dict.fromkeys(self.recomputed, b"{}"),
        }
        return {
            "kind": "passport",
            "data": text(self.credential),
            "evidence": {
                kind: {name: text(data) for name, data in items.items()}
                for kind, items in kinds.items()
            },
            **believing(self.issuers),
            "link": self.link,
        }


def text(data: bytes) -> str:
    return base64.b64encode(data).decode()


def believing(issuers: TrustList | None) -> dict[str, Any]:
    """What every task needs: whom to believe, and when."""
    return {
        "trustList": None if issuers is None else issuers.sign(ROOT_KEY).decode(),
        "roots": [dict(ROOT_KEY.public_jwk)],
        "at": format_instant(AT),
    }


def payload(document: Mapping[str, Any] = PASSPORT, **changes: Any) -> dict[str, Any]:
    """A battery passport to be signed; it names no list of status and no log, unless that is given."""
    bare = {k: v for k, v in document.items() if k not in {"credentialStatus", "transparencyLog"}}
    return {
        "@context": ["https://www.w3.org/ns/credentials/v2"],
        "issuer": MAKER,
        "validFrom": "2027-02-18T00:00:00Z",
        **bare,
        **changes,
    }


def passport_case(document: Mapping[str, Any] = PASSPORT, **changes: Any) -> Case:
    """The passport of a document, signed by the maker."""
    return replace(Case(signed(payload(document))), **changes)


def permitted(report: VerificationReport, found: list[list[str]]) -> list[list[str]]:
    """Python's steps, with what the page may say instead where it says just that."""
    return [
        [step.step, *ALLOWED[step.step, step.reason_code]]
        if seen[1:] == list(ALLOWED.get((step.step, step.reason_code), ()))
        else own
        for step, own, seen in zip(report.steps, steps_of(report), found, strict=True)
    ]


def assert_alike(cases: Mapping[str, Case]) -> dict[str, VerificationReport]:
    """Let both verify every case; each step, its reason and the verdict are the same."""
    reports = {name: case.by_python() for name, case in cases.items()}
    results = run([case.task() for case in cases.values()])
    for (name, report), result in zip(reports.items(), results, strict=True):
        expected = permitted(report, result["steps"])
        assert result["steps"] == expected, name
        if expected == steps_of(report):
            assert result["verdict"] == report.verdict, name
    return reports


def reasons(reports: Iterable[VerificationReport], step: str) -> set[str]:
    """What was found in a step, over many."""
    return {report.step(step).reason_code for report in reports}
