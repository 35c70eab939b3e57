"""Collecting what a verification looks at: what a credential cites, fetched or read from a bundle."""

from collections.abc import Collection, Mapping
from dataclasses import dataclass, field, replace
from datetime import datetime
from typing import Any, Final
from urllib.parse import urlsplit

import orjson

from passports.certification.certificate_reading import read_certificate
from passports.errors import EvidenceUnavailableError, InvalidInputError
from passports.identifiers import parse_digital_link
from passports.verification.fetch import Fetch, FetchBudget
from passports.verification.loopback import is_loopback
from signing import base64url
from signing.canonical import JsonValue, parse_strict
from signing.credentials import decode, issuer_of
from signing.data_integrity import decode_secured
from signing.did_web import document_url
from signing.errors import SigningError
from signing.evidence import Evidence
from signing.selective_disclosure import decode_presentation
from signing.trust import TrustList
from signing.verify import examine

# The exact bytes of a result, whose hash a passport cites (GET /v1/footprints/{id} by Accept).
RESULT_MEDIA_TYPE: Final = "application/vnd.voltpass.footprint+json"


# Draft-ietf-oauth-status-list, section 8.1.
STATUS_JWT_MEDIA_TYPE: Final = "application/statuslist+jwt"
CREDENTIAL_MEDIA_TYPE: Final = "application/vc+jwt"
# A credential that is not yet verified decides what is fetched: so many of a kind, not more.
MAX_CITED: Final = 20


@dataclass
class CollectedEvidence:
    """Everything that was fetched or found for a set of credentials, by URL or DID.

    `unavailable` tells what was wanted and could not be had, with the reason; it is not asked for again.
    `budget` bounds what is fetched from strangers, and `over_budget` tells what it did not reach to.
    `looked_into` are the documents whose own citations were fetched. `believed` tells, after
    `collect_from_strangers`, whether the signature of the credential was right.
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
    looked_into: set[str] = field(default_factory=set, compare=False)
    believed: bool = field(default=False, compare=False)

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
    payload = payload_of(credential)
    collect_issuer(_issuer(payload), fetch, evidence)
    known = Evidence(did_documents=evidence.did_documents, trust_list=trust_list)
    signature = examine(credential, known, at=at).step("signature")
    if signature.reason_code == "key_revoked":
        # The signature fits, and its key was compromised: the log tells whether it was made before.
        proofs = [_log_proof(url, fetch, evidence) for url in cited_urls(payload)["log_proofs"][:1]]
        known = replace(known, log_proof=proofs[0] if proofs else None)
        signature = examine(credential, known, at=at).step("signature")
    if signature.outcome == "passed":
        evidence.believed = True
        certifiers = trust_list.in_role("certifier") if trust_list is not None else ()
        trusted = frozenset(entry.issuer for entry in certifiers)
        collect_cited(payload, fetch, evidence, certifiers=trusted)
    return evidence


def _log_proof(url: str, fetch: Fetch, into: CollectedEvidence) -> bytes | None:
    _fetch_into(into.log_proofs, url, "text/plain", fetch, into)
    return into.log_proofs.get(url)


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
    collect_cited(
        payload_of(credential), fetch, into, with_log_proof=with_log_proof, certifiers=certifiers
    )


def collect_cited(
    payload: Mapping[str, Any],
    fetch: Fetch,
    into: CollectedEvidence,
    *,
    with_log_proof: bool = True,
    certifiers: Collection[str] | None = None,
) -> None:
    """Fetch what a payload cites; for the rest see `collect_evidence`."""
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
        if url not in into.looked_into:
            into.looked_into.add(url)
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


def is_secured(credential: bytes) -> bool:
    """Tell whether a credential is JSON with an embedded proof, not a JWT."""
    return credential.lstrip().startswith(b"{")


def is_sd_jwt(credential: bytes) -> bool:
    """Tell whether a credential is an SD-JWT: what was signed, and disclosures after tildes."""
    return b"~" in credential and not is_secured(credential)


def _issuer(payload: Mapping[str, Any]) -> str | None:
    """The issuer of a VCDM credential, or of an SD-JWT VC."""
    iss = payload.get("iss")
    return issuer_of(payload) or (iss if isinstance(iss, str) else None)


def payload_of(credential: bytes) -> Mapping[str, Any]:
    """Read what a credential of any form says, unverified; nothing where it cannot be read."""
    try:
        if is_sd_jwt(credential):
            return decode_presentation(credential).payload
        read = decode_secured if is_secured(credential) else decode
        return read(credential).payload
    except SigningError:
        return {}


def stored_payload(credential: bytes) -> Mapping[str, Any]:
    """Read what a vc+jwt of this server's own store says, unverified and quickly.

    It was strict JSON when it was signed; a verification reads it strictly again. Nothing where the
    store was tampered with so that it cannot be read.
    """
    try:
        _header, body, _signature = credential.split(b".")
        payload = orjson.loads(base64url.decode(body, "payload"))
    except (SigningError, ValueError):
        return {}
    return payload if isinstance(payload, dict) else {}


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
            url = url.replace("https://", "http://", 1)  # this very machine, see fetch.py
        into.add_did_document(did, fetch(url, "application/did+json, application/json"))
    except EvidenceUnavailableError as error:
        into.unavailable[did] = error.message
    except (SigningError, ValueError) as error:
        into.unavailable[did] = str(error)


def newest_version(credential: bytes, fetch: Fetch, known: CollectedEvidence) -> int | None:
    """Ask the issuer's server which version of this passport is the newest, or None.

    A credential that is not believed is not followed; the question counts on the budget of fetches.
    """
    subject = payload_of(credential).get("credentialSubject")
    link = subject.get("id") if isinstance(subject, Mapping) else None
    if not isinstance(link, str) or not known.believed or not known.may_fetch(link):
        return None
    try:
        newest = payload_of(fetch_passport(link, fetch)).get("credentialSubject")
    except (EvidenceUnavailableError, InvalidInputError):
        return None
    version = newest.get("passportVersion") if isinstance(newest, Mapping) else None
    return version if isinstance(version, int) else None


def cited_urls(payload: Mapping[str, Any]) -> dict[str, list[str]]:
    """Return the URLs that a passport cites: documents, studies, status lists, log proofs."""
    subject = payload.get("credentialSubject")
    subject = subject if isinstance(subject, Mapping) else {}
    status = payload.get("status")
    token = status if isinstance(status, Mapping) else {}
    return {
        "documents": [
            url
            for member in ("document", "status")
            for url in _texts(subject.get("factoryCertificates"), member)
        ],
        "studies": _texts(subject.get("carbonFootprint"), "study"),
        "status_lists": _texts(payload.get("credentialStatus"), "statusListCredential"),
        "token_status_lists": _texts(token.get("status_list"), "uri"),
        "log_proofs": _texts(payload.get("transparencyLog"), "proof"),
    }


def _texts(items: object, member: str) -> list[str]:
    rows = items if isinstance(items, list) else [items]
    found = [row.get(member) for row in rows if isinstance(row, Mapping)]
    return list(dict.fromkeys(text for text in found if isinstance(text, str)))
