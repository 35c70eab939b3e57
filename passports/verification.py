"""Verifying a passport: collect the evidence, then let `signing.verify` make its numbered steps.

The same function serves the link, a file, a picture, a bundle, the command line and the HTTP route;
only where the evidence comes from differs.
"""

import hashlib
from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import datetime
from typing import Any, Final
from urllib.parse import urlsplit

from passports.certification.certificate_evidence import SignedCertificate, examine_certificates
from passports.certification.certificate_reading import read_certificate
from passports.checks import BatteryEvidence, cited_urls, domain_checks
from passports.errors import EvidenceUnavailableError, Finding, InvalidInputError
from passports.fetch import Fetch, FetchBudget, is_loopback
from passports.identifiers import parse_digital_link
from passports.restricted_checks import RESTRICTED_CHECKS
from signing.canonical import JsonValue, parse_strict
from signing.credentials import decode, issuer_of
from signing.data_integrity import decode_secured
from signing.did_web import document_url
from signing.errors import SigningError
from signing.evidence import Evidence
from signing.report import VerificationReport
from signing.selective_disclosure import decode_presentation
from signing.trust import TrustList
from signing.verify import examine

CREDENTIAL_MEDIA_TYPE: Final = "application/vc+jwt"
# A credential that is not yet verified decides what is fetched: so many of a kind, not more.
MAX_CITED: Final = 20


@dataclass
class CollectedEvidence:
    """Everything that was fetched or found for a set of credentials, by URL or DID.

    `unavailable` tells what was wanted and could not be had, with the reason; it is not asked for again.
    `budget` bounds what is fetched from strangers, and `over_budget` tells what it did not reach to.
    """

    did_documents: dict[str, Mapping[str, JsonValue]] = field(default_factory=dict)
    did_document_bytes: dict[str, bytes] = field(default_factory=dict)
    status_lists: dict[str, bytes] = field(default_factory=dict)
    documents: dict[str, bytes] = field(default_factory=dict)
    studies: dict[str, bytes] = field(default_factory=dict)
    log_proofs: dict[str, bytes] = field(default_factory=dict)
    unavailable: dict[str, str] = field(default_factory=dict)
    budget: FetchBudget | None = None
    over_budget: set[str] = field(default_factory=set)

    def may_fetch(self, cited: str) -> bool:
        """Tell whether a URL or DID is to be fetched: at most once, and within the budget."""
        if cited in self.unavailable:
            return False
        if self.budget is None or self.budget.spend():
            return True
        self.unavailable[cited] = self.budget.ended
        self.over_budget.add(cited)
        return False

    def add_did_document(self, did: str, data: bytes) -> None:
        """Read a DID document strictly and keep it; a malformed one is kept as unavailable."""
        try:
            document = parse_strict(data)
        except SigningError as error:
            self.unavailable[did] = str(error)
            return
        if not isinstance(document, dict):
            self.unavailable[did] = "the DID document is not a JSON object"
            return
        self.did_documents[did] = document
        self.did_document_bytes[did] = data


def fetch_passport(link: str, fetch: Fetch) -> bytes:
    """Fetch the credential behind a printed link.

    Raises:
        InvalidInputError: this is no battery's link.
        EvidenceUnavailableError: it cannot be fetched.
    """
    parse_digital_link(link)
    return fetch(link, CREDENTIAL_MEDIA_TYPE).strip()


def collect_from_strangers(
    credential: bytes, fetch: Fetch, trust_list: TrustList | None, at: datetime
) -> CollectedEvidence:
    """Fetch what somebody's credential cites, within a budget and once its signature is verified.

    What an unverified credential cites would not be looked at. Of certificates that are not signed by a
    certifier of the trust list, nothing that they cite in turn is fetched.
    """
    evidence = CollectedEvidence(budget=FetchBudget())
    collect_issuer(_issuer(_payload(credential)), fetch, evidence)
    known = Evidence(did_documents=evidence.did_documents, trust_list=trust_list)
    if examine(credential, known, at=at).step("signature").outcome == "passed":
        certifiers = trust_list.in_role("certifier") if trust_list is not None else ()
        trusted = frozenset(entry.issuer for entry in certifiers)
        collect_evidence(credential, fetch, evidence, certifiers=trusted)
    return evidence


def collect_evidence(
    credential: bytes,
    fetch: Fetch,
    into: CollectedEvidence,
    *,
    with_log_proof: bool = True,
    certifiers: Collection[str] | None = None,
) -> None:
    """Fetch what a credential cites: its issuer's DID document, status list, certificates, studies.

    What cannot be had is noted, not raised: the verification says what it could not check.

    Args:
        credential: Its bytes.
        fetch: What gets them; each URL is asked for once.
        into: Where they are kept.
        with_log_proof: Whether the proof of the log is wanted.
        certifiers: The DIDs whose certificates' own citations are fetched too; by default all.
    """
    payload = _payload(credential)
    collect_issuer(_issuer(payload), fetch, into)
    cited = cited_urls(payload)
    wanted = [
        (into.status_lists, cited["status_lists"], CREDENTIAL_MEDIA_TYPE),
        (into.status_lists, cited["token_status_lists"], STATUS_JWT_MEDIA_TYPE),
        (into.documents, cited["documents"], "*/*"),
        (into.studies, cited["studies"], RESULT_MEDIA_TYPE),
        (into.log_proofs, cited["log_proofs"] if with_log_proof else [], "text/plain"),
    ]
    for target, urls, accept in wanted:
        for url in urls[:MAX_CITED]:
            _fetch_into(target, url, accept, fetch, into)
        for url in urls[MAX_CITED:]:
            into.unavailable[url] = f"more than {MAX_CITED} are cited; this one was not fetched"
    for url in cited["documents"][:MAX_CITED]:
        _collect_of_certificate(into.documents.get(url), fetch, into, certifiers)


def collect_issuer(did: str | None, fetch: Fetch, into: CollectedEvidence) -> None:
    """Fetch an issuer's DID document, where one is named and it is not at hand."""
    if did is not None and did not in into.did_documents and into.may_fetch(did):
        _fetch_did_document(did, fetch, into)


def _collect_of_certificate(
    document: bytes | None,
    fetch: Fetch,
    into: CollectedEvidence,
    certifiers: Collection[str] | None,
) -> None:
    """Fetch what a signed certificate cites itself: its certifier's DID document and status lists."""
    payload = read_certificate(document) if document is not None else None
    if payload is None:
        return
    did = issuer_of(payload)
    if certifiers is not None and did not in certifiers:
        return
    collect_issuer(did, fetch, into)
    for url in cited_urls(payload)["status_lists"][:MAX_CITED]:
        _fetch_into(into.status_lists, url, CREDENTIAL_MEDIA_TYPE, fetch, into)


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


# The exact bytes of a result, whose hash a passport cites (GET /v1/footprints/{id} by Accept).
RESULT_MEDIA_TYPE: Final = "application/vnd.voltpass.footprint+json"


# Draft-ietf-oauth-status-list, section 8.1.
STATUS_JWT_MEDIA_TYPE: Final = "application/statuslist+jwt"


def _is_secured(credential: bytes) -> bool:
    """Tell whether a credential is JSON with an embedded proof, not a JWT."""
    return credential.lstrip().startswith(b"{")


def is_sd_jwt(credential: bytes) -> bool:
    """Tell whether a credential is an SD-JWT: what was signed, and disclosures after tildes."""
    return b"~" in credential and not _is_secured(credential)


def _issuer(payload: Mapping[str, Any]) -> str | None:
    """The issuer of a VCDM credential, or of an SD-JWT VC."""
    iss = payload.get("iss")
    return issuer_of(payload) or (iss if isinstance(iss, str) else None)


def _payload(credential: bytes) -> Mapping[str, Any]:
    try:
        if is_sd_jwt(credential):
            return decode_presentation(credential).payload
        read = decode_secured if _is_secured(credential) else decode
        return read(credential).payload
    except SigningError:
        return {}


def _fetch_into(
    target: dict[str, bytes], url: str, accept: str, fetch: Fetch, into: CollectedEvidence
) -> None:
    if url in target or not into.may_fetch(url):
        return
    try:
        target[url] = fetch(url, accept)
    except EvidenceUnavailableError as error:
        into.unavailable[url] = error.message


def _fetch_did_document(did: str, fetch: Fetch, into: CollectedEvidence) -> None:
    try:
        url = document_url(did)
        if is_loopback(urlsplit(url).hostname):
            url = url.replace("https://", "http://", 1)  # this very machine, see passports/fetch.py
        into.add_did_document(did, fetch(url, "application/did+json, application/json"))
    except EvidenceUnavailableError as error:
        into.unavailable[did] = error.message
    except (SigningError, ValueError) as error:
        into.unavailable[did] = str(error)


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
    cited = [] if _is_secured(credential) else cited_urls(_payload(credential))["log_proofs"]
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
    return _with_budget(report, cited_urls(_payload(credential)), evidence)


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
    return replace(report, steps=tuple(steps))


def newest_version(credential: bytes, fetch: Fetch) -> int | None:
    """Ask the issuer's server which version of this passport is the newest, or None."""
    subject = _payload(credential).get("credentialSubject")
    link = subject.get("id") if isinstance(subject, Mapping) else None
    if not isinstance(link, str):
        return None
    try:
        newest = _payload(fetch_passport(link, fetch)).get("credentialSubject")
    except (EvidenceUnavailableError, InvalidInputError):
        return None
    version = newest.get("passportVersion") if isinstance(newest, Mapping) else None
    return version if isinstance(version, int) else None


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
