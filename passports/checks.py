"""What a battery passport's verification asks beyond its signature: steps 8, 9, 10, 13 and 14.

`signing.verify` makes the steps that any credential has; these know batteries. Each returns a finding
and looks only at what it was given: nothing is fetched here.
"""

import hashlib
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import date
from functools import partial
from typing import Annotated, Any, Final, Literal

from pydantic import BaseModel, ConfigDict, Field, ValidationError

from passports.certification.certificate_evidence import SignedCertificate, running_out, status_of
from passports.credential_type import CREDENTIAL_TYPE
from passports.documents import findings_of
from passports.errors import InvalidInputError
from passports.identifiers import UniqueProductIdentifier, parse_digital_link
from signing.canonical import JsonValue
from signing.report import Finding, Outcome

_NO_CERTIFICATES: Final[Mapping[str, SignedCertificate]] = {}
DomainCheck = Callable[[Mapping[str, JsonValue]], Finding]

NonEmpty = Annotated[str, Field(min_length=1)]
Sha256 = Annotated[str, Field(pattern=r"^[0-9a-f]{64}$")]


class _Claims(BaseModel):
    """Claims may say more than this; what is named must be there and be of its kind."""

    model_config = ConfigDict(extra="allow", allow_inf_nan=False)


class _ModelClaims(_Claims):
    id: NonEmpty
    gtin: NonEmpty
    name: NonEmpty
    category: Literal["ev", "lmt", "industrial"]
    chemistry: NonEmpty
    massKg: Annotated[float, Field(gt=0)]  # noqa: N815 # the credential's own spelling
    capacityKwh: Annotated[float, Field(gt=0)]  # noqa: N815 # as above


class _StudyClaims(_Claims):
    ruleset: NonEmpty
    kgCo2ePerKwh: float  # noqa: N815 # the credential's own spelling
    kgCo2ePerBattery: float  # noqa: N815 # as above
    partial: bool
    study: NonEmpty
    studySha256: Sha256  # noqa: N815 # as above


class _RulesetOfResult(_Claims):
    id: NonEmpty


class _Result(_Claims):
    """What a passport repeats of the engine's result."""

    ruleset: _RulesetOfResult
    kg_co2e_per_kwh: float
    kg_co2e_per_battery: float
    partial: bool


class _CertificateClaims(_Claims):
    scheme: NonEmpty
    facility: NonEmpty
    validFrom: date | None  # noqa: N815 # the credential's own spelling
    validTo: date | None  # noqa: N815 # as above
    coverage: Literal["covered", "not_covered", "cannot_tell"]
    document: NonEmpty
    documentSha256: Sha256  # noqa: N815 # as above
    status: NonEmpty | None = None


class _OperatorClaims(_Claims):
    id: NonEmpty
    name: NonEmpty


class _Ceased(_Claims):
    at: NonEmpty


class _Reference(_Claims):
    id: NonEmpty
    link: NonEmpty


class _Subject(_Claims):
    id: NonEmpty
    granularity: Literal["item"]
    passportVersion: Annotated[int, Field(ge=1)]  # noqa: N815 # the credential's own spelling
    serialNumber: NonEmpty  # noqa: N815 # as above
    manufacturedOn: date  # noqa: N815 # as above
    batch: NonEmpty
    model: _ModelClaims
    manufacturer: _OperatorClaims
    responsibleOperator: _OperatorClaims  # noqa: N815 # as above
    manufacturingFacility: _OperatorClaims  # noqa: N815 # as above
    carbonFootprint: list[_StudyClaims]  # noqa: N815 # as above
    factoryCertificates: list[_CertificateClaims]  # noqa: N815 # as above
    ceased: _Ceased | None = None
    succeededBy: list[_Reference] = []  # noqa: N815 # as above


class _Credential(_Claims):
    type: list[str]
    credentialSubject: _Subject  # noqa: N815 # the credential's own spelling


@dataclass(frozen=True)
class BatteryEvidence:
    """What is at hand beside the evidence that any credential needs.

    Attributes:
        scanned_link: The link that was read off the battery, if one was.
        documents: Exact bytes of certificates' documents and of their status, by URL.
        certificates: Signed certificates among the documents, examined, by URL.
        studies: Exact bytes of footprint results, by URL.
        recomputed: Per study URL, whether a recomputation gave the same result, where one was made.
        newest_version: The newest version number that the issuer's server tells, if it was asked.
        at: The day of the check; it tells which certificates have run out since.
    """

    scanned_link: str | None = None
    documents: Mapping[str, bytes] = field(default_factory=dict)
    studies: Mapping[str, bytes] = field(default_factory=dict)
    recomputed: Mapping[str, bool] = field(default_factory=dict)
    newest_version: int | None = None
    certificates: Mapping[str, SignedCertificate] = field(default_factory=dict)
    at: date | None = None


def domain_checks(evidence: BatteryEvidence) -> dict[str, DomainCheck]:
    """Return the checks for `signing.verify`, by step."""
    return {
        "schema": check_schema,
        # Partials of functions, not lambdas: they travel to other processes.
        "identifier": partial(check_identifier, scanned_link=evidence.scanned_link),
        "version": partial(check_version, newest=evidence.newest_version),
        "factory_certificate": partial(
            check_certificates,
            documents=evidence.documents,
            signed=evidence.certificates,
            at=evidence.at,
        ),
        "footprint_study": partial(check_studies, evidence=evidence),
    }


_SHOWN_FINDINGS: Final = 3


def check_schema(payload: Mapping[str, JsonValue]) -> Finding:
    """Step 8: all that a battery passport must say is there, for a category that is known."""
    try:
        credential = _Credential.model_validate(payload)
    except ValidationError as error:
        found = findings_of(error.errors(include_url=False))
        text = "; ".join(f"{f.field}: {f.reason}" for f in found[:_SHOWN_FINDINGS])
        return Finding("failed", "schema_violated", text)
    if CREDENTIAL_TYPE not in credential.type:
        return Finding("failed", "not_a_passport", f"its type is not {CREDENTIAL_TYPE}")
    category = credential.credentialSubject.model.category
    return Finding("passed", "schema_fits", f"a battery passport of category {category}")


def _subject(payload: Mapping[str, JsonValue]) -> _Subject | None:
    try:
        return _Credential.model_validate(payload).credentialSubject
    except ValidationError:
        return None


_NO_SUBJECT: Final = Finding(
    "not_checked", "schema_violated", "the passport cannot be read, see step 8"
)


def check_identifier(payload: Mapping[str, JsonValue], scanned_link: str | None) -> Finding:
    """Step 9: the link in the passport names its own GTIN and serial, and is the one scanned."""
    subject = _subject(payload)
    if subject is None:
        return _NO_SUBJECT
    try:
        named = UniqueProductIdentifier(subject.model.gtin, subject.serialNumber)
        linked = parse_digital_link(subject.id)
        scanned = parse_digital_link(scanned_link) if scanned_link is not None else None
    except InvalidInputError as error:
        return Finding("failed", "identifier_malformed", error.message)
    if named != linked:
        message = f"the passport's link names {linked.serial}, its data name {named.serial}"
        return Finding("failed", "identifier_contradicts_itself", message)
    if scanned is None:
        return Finding("not_checked", "no_scanned_link", "no scanned link to compare with")
    if scanned != named:
        message = (
            f"scanned was {scanned.gtin}/{scanned.serial}, this is {named.gtin}/{named.serial}"
        )
        return Finding("failed", "identifier_mismatch", message)
    return Finding(
        "passed", "identifier_matches", f"it is the battery that was scanned ({named.serial})"
    )


def check_version(payload: Mapping[str, JsonValue], newest: int | None) -> Finding:
    """Step 10: no newer version of this passport is known."""
    subject = _subject(payload)
    if subject is None:
        return _NO_SUBJECT
    if subject.ceased is not None:
        message = f"this passport ceased to exist at {subject.ceased.at}: its battery was recycled"
        return Finding("failed", "passport_ceased", message)
    if subject.succeededBy:
        links = ", ".join(other.link for other in subject.succeededBy)
        message = f"another passport stands in the place of this one: {links}"
        return Finding("warning", "succeeded", message)
    if newest is None:
        return Finding(
            "not_checked", "server_not_asked", "only the issuer's server knows of newer versions"
        )
    if subject.passportVersion < newest:
        message = f"this is version {subject.passportVersion}, the newest is {newest}"
        return Finding("warning", "superseded", message)
    return Finding("passed", "current", f"version {subject.passportVersion} is the newest")


def check_certificates(
    payload: Mapping[str, JsonValue],
    documents: Mapping[str, bytes],
    signed: Mapping[str, SignedCertificate] = _NO_CERTIFICATES,
    at: date | None = None,
) -> Finding:
    """Step 13: each cited certificate's bytes, facility, period, signature and status.

    None has an effect on the footprint; one that was suspended or withdrawn, that has expired since or
    is about to, is a warning.
    """
    subject = _subject(payload)
    if subject is None:
        return _NO_SUBJECT
    if not subject.factoryCertificates:
        return Finding("passed", "no_certificate_cited", "no factory certificate is cited")
    findings = [
        _check_certificate(subject, c, documents, signed, at) for c in subject.factoryCertificates
    ]
    return _worst(findings)


def _check_certificate(
    subject: _Subject,
    certificate: _CertificateClaims,
    documents: Mapping[str, bytes],
    signed: Mapping[str, SignedCertificate],
    at: date | None,
) -> Finding:
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
    document = documents.get(certificate.document)
    if document is None:
        message = f"the document of {name} is not at hand"
        return Finding("not_checked", "certificate_not_at_hand", message)
    if hashlib.sha256(document).hexdigest() != certificate.documentSha256:
        message = f"the document of {name} is not the one that was cited (SHA-256 differs)"
        return Finding("failed", "certificate_hash_mismatch", message)
    found = _check_standing(certificate, documents, signed.get(certificate.document))
    return _also_running_out(certificate, found, at)


def _also_running_out(certificate: _CertificateClaims, found: Finding, at: date | None) -> Finding:
    """Add to what was found that the certificate has expired since, or is about to."""
    late = running_out((certificate.validFrom, certificate.validTo), at)
    if late is None or found.outcome == "failed":
        return found
    code, said = late
    # That it was suspended or withdrawn weighs more than that its days are over.
    graver = found.reason_code in {"certificate_suspended", "certificate_withdrawn"}
    return Finding("warning", found.reason_code if graver else code, f"{found.message}; {said}")


def _check_standing(
    certificate: _CertificateClaims,
    documents: Mapping[str, bytes],
    standing: SignedCertificate | None,
) -> Finding:
    """Check signature and status of a certificate whose document is the one that was cited."""
    name, covers = (
        certificate.scheme,
        f"covers this battery: {certificate.coverage.replace('_', ' ')}",
    )
    if standing is not None:
        return _check_signed(name, certificate, standing, covers)
    changed = status_of(documents, certificate.status)
    if changed is not None:
        message = f"{name}: unsigned evidence; {changed.message}; {covers} when it was issued"
        return Finding("warning", changed.reason_code, message)
    message = f"{name}: document as cited; unsigned evidence; {covers}"
    return Finding("warning", "certificate_unsigned", message)


def _check_signed(
    name: str, certificate: _CertificateClaims, standing: SignedCertificate, covers: str
) -> Finding:
    if standing.facility != certificate.facility:
        message = (
            f"{name} was signed for {standing.facility}, it is cited for {certificate.facility}"
        )
        return Finding("failed", "certificate_facility_mismatch", message)
    found = standing.finding
    return Finding(found.outcome, found.reason_code, f"{name}: {found.message}; {covers}")


def check_studies(payload: Mapping[str, JsonValue], evidence: BatteryEvidence) -> Finding:
    """Step 14: each cited study is the one that was cited, and recomputes where its inputs are at hand."""
    subject = _subject(payload)
    if subject is None:
        return _NO_SUBJECT
    if not subject.carbonFootprint:
        return Finding("passed", "no_footprint_stated", "no carbon footprint is stated")
    return _worst([_check_study(study, evidence) for study in subject.carbonFootprint])


def _check_study(study: _StudyClaims, evidence: BatteryEvidence) -> Finding:
    result = evidence.studies.get(study.study)
    if result is None:
        message = f"the study by {study.ruleset} is not at hand"
        return Finding("not_checked", "study_not_at_hand", message)
    if hashlib.sha256(result).hexdigest() != study.studySha256:
        message = f"the study by {study.ruleset} is not the one that was cited (SHA-256 differs)"
        return Finding("failed", "study_hash_mismatch", message)
    differs = _contradiction(study, result)
    if differs is not None:
        message = f"the study by {study.ruleset} says another {differs} than the passport"
        return Finding("failed", "study_contradicts_passport", message)
    anew = evidence.recomputed.get(study.study)
    if anew is False:
        message = f"the study by {study.ruleset} does not recompute"
        return Finding("failed", "study_does_not_recompute", message)
    how = "recomputed with the same result" if anew else "as cited; not recomputed here"
    return Finding("passed", "study_fits", f"the study by {study.ruleset}: {how}")


def _contradiction(study: _StudyClaims, result: bytes) -> str | None:
    """Return what the cited result says otherwise: an issuer can cite one figure and print another."""
    try:
        found = _Result.model_validate_json(result)
    except ValidationError:
        return "thing: it is no result of a footprint"
    pairs = {
        "ruleset": (study.ruleset, found.ruleset.id),
        "kg CO2e per kWh": (study.kgCo2ePerKwh, found.kg_co2e_per_kwh),
        "kg CO2e per battery": (study.kgCo2ePerBattery, found.kg_co2e_per_battery),
        "completeness": (study.partial, found.partial),
    }
    return next((name for name, (said, cited) in pairs.items() if said != cited), None)


_SEVERITY: Final[Mapping[Outcome, int]] = {"failed": 3, "not_checked": 2, "warning": 1, "passed": 0}


def _worst(findings: Sequence[Finding]) -> Finding:
    worst = max(findings, key=lambda finding: _SEVERITY[finding.outcome])
    if len(findings) == 1:
        return worst
    messages = "; ".join(dict.fromkeys(finding.message for finding in findings))
    return Finding(worst.outcome, worst.reason_code, messages)


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
