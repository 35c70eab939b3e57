"""What a battery passport's verification asks beyond its signature: steps 8, 9, 10, 13 and 14.

`signing.verify` makes the steps that any credential has; these know batteries. Each returns a finding
and looks only at what it was given: nothing is fetched here.
"""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from datetime import date
from typing import Final

from passports.certification.certificate_evidence import SignedCertificate
from passports.credential_type import CREDENTIAL_TYPE
from passports.errors import InvalidInputError, shorten
from passports.identifiers import UniqueProductIdentifier, host_of_link, parse_digital_link
from passports.verification.certificate_checks import CertificateChecks
from passports.verification.claims import PassportClaims, SubjectClaims, read_claims
from passports.verification.study_checks import StudyChecks
from signing.canonical import JsonValue
from signing.report import Finding

DomainCheck = Callable[[Mapping[str, JsonValue]], Finding]
_SubjectCheck = Callable[[SubjectClaims], Finding]

_NO_SUBJECT: Final = Finding(
    "not_checked", "schema_violated", "the passport cannot be read, see step 8"
)


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
    """Return the checks for `signing.verify`, by step; of use for one passport or for a whole shipment."""
    checks = BatteryChecks(evidence)
    return {
        "schema": checks.schema,
        "identifier": checks.identifier,
        "version": checks.version,
        "factory_certificate": checks.factory_certificate,
        "footprint_study": checks.footprint_study,
    }


def led_elsewhere(link: str, passport_link: str) -> tuple[str, str]:
    """Return reason code and sentence of a label whose host is not that of the passport's own link."""
    said, own = shorten(host_of_link(link)), host_of_link(passport_link)
    return "link_of_another_host", f"the label leads to {said}, not to {own}"


class BatteryChecks:
    """The checks of one verification; a payload is read once for all of them.

    A payload must not be changed between two checks.
    """

    def __init__(self, evidence: BatteryEvidence) -> None:
        """Begin with what is at hand."""
        self._evidence = evidence
        self._certificates = CertificateChecks(
            evidence.documents, evidence.certificates, evidence.at
        )
        self._studies = StudyChecks(evidence.studies, evidence.recomputed)
        # Nearly all the time of a check goes into this reading.
        self._last: tuple[Mapping[str, JsonValue], PassportClaims | Finding] | None = None

    def schema(self, payload: Mapping[str, JsonValue]) -> Finding:
        """Step 8: all that a battery passport must say is there, for a category that is known."""
        claims = self._claims(payload)
        if isinstance(claims, Finding):
            return claims
        if CREDENTIAL_TYPE not in claims.type:
            return Finding("failed", "not_a_passport", f"its type is not {CREDENTIAL_TYPE}")
        category = claims.credentialSubject.model.category
        return Finding("passed", "schema_fits", f"a battery passport of category {category}")

    def identifier(self, payload: Mapping[str, JsonValue]) -> Finding:
        """Step 9: the link in the passport names its own GTIN and serial, and is the one scanned.

        A label that leads to another host than the signed link is a doubt: so do labels copied from a
        genuine battery onto another, with a page of the copyist's behind them.
        """
        return self._ask(payload, self._check_identifier)

    def version(self, payload: Mapping[str, JsonValue]) -> Finding:
        """Step 10: no newer version of this passport is known."""
        return self._ask(payload, self._check_version)

    def factory_certificate(self, payload: Mapping[str, JsonValue]) -> Finding:
        """Step 13: see `certificate_checks`."""
        return self._ask(payload, self._certificates.check)

    def footprint_study(self, payload: Mapping[str, JsonValue]) -> Finding:
        """Step 14: see `study_checks`."""
        return self._ask(payload, self._studies.check)

    def _claims(self, payload: Mapping[str, JsonValue]) -> PassportClaims | Finding:
        last = self._last
        if last is None or last[0] is not payload:
            self._last = last = payload, read_claims(payload)
        return last[1]

    def _ask(self, payload: Mapping[str, JsonValue], check: _SubjectCheck) -> Finding:
        claims = self._claims(payload)
        return _NO_SUBJECT if isinstance(claims, Finding) else check(claims.credentialSubject)

    def _check_identifier(self, subject: SubjectClaims) -> Finding:
        link = self._evidence.scanned_link
        try:
            named = UniqueProductIdentifier(subject.model.gtin, subject.serialNumber)
            linked = parse_digital_link(subject.id)
            scanned = parse_digital_link(link) if link is not None else None
        except InvalidInputError as error:
            return Finding("failed", "identifier_malformed", error.message)
        if named != linked:
            message = f"the passport's link names {linked.serial}, its data name {named.serial}"
            return Finding("failed", "identifier_contradicts_itself", message)
        if link is None or scanned is None:
            return Finding("not_checked", "no_scanned_link", "no scanned link to compare with")
        if scanned != named:
            message = (
                f"scanned was {scanned.gtin}/{scanned.serial}, this is {named.gtin}/{named.serial}"
            )
            return Finding("failed", "identifier_mismatch", message)
        if host_of_link(link) != host_of_link(subject.id):
            return Finding("warning", *led_elsewhere(link, subject.id))
        message = f"it is the battery that was scanned ({named.serial})"
        return Finding("passed", "identifier_matches", message)

    def _check_version(self, subject: SubjectClaims) -> Finding:
        newest = self._evidence.newest_version
        if subject.ceased is not None:
            message = (
                f"this passport ceased to exist at {subject.ceased.at}: its battery was recycled"
            )
            return Finding("failed", "passport_ceased", message)
        if subject.succeededBy:
            links = ", ".join(other.link for other in subject.succeededBy)
            message = f"another passport stands in the place of this one: {links}"
            return Finding("warning", "succeeded", message)
        if newest is None:
            message = "only the issuer's server knows of newer versions"
            return Finding("not_checked", "server_not_asked", message)
        if subject.passportVersion < newest:
            message = f"this is version {subject.passportVersion}, the newest is {newest}"
            return Finding("warning", "superseded", message)
        return Finding("passed", "current", f"version {subject.passportVersion} is the newest")
