"""Verification as numbered steps with a verdict, without any input or output of its own.

`examine` says what every step found, on any input. `verify` is for code that must not go on with
something that is not valid: it raises. README.md lists the steps, the reason codes and the rule for
the verdict.
"""

import re
from collections.abc import Callable, Mapping, Sequence
from datetime import datetime
from types import MappingProxyType
from typing import Final, TypeAlias

from signing.canonical import JsonValue
from signing.content import Content
from signing.envelope import Judgement
from signing.errors import (
    ExpiredError,
    InvalidInclusionError,
    InvalidSignatureError,
    RevokedError,
    SuspendedError,
    UntrustedKeyError,
    VerificationError,
)
from signing.evidence import Evidence
from signing.examination import Examination
from signing.report import (
    STEPS,
    CheckOutcome,
    Finding,
    Outcome,
    StepResult,
    Verdict,
    VerificationReport,
    numbered,
)
from signing.status_check import check_refresh, check_status
from signing.trust import TrustEntry

__all__ = [
    "STEPS",
    "CheckOutcome",
    "DomainCheck",
    "Evidence",
    "Finding",
    "Outcome",
    "StepResult",
    "Verdict",
    "VerificationReport",
    "examine",
    "examine_all",
    "verify",
]

# A check that needs to know what the credential is about. It gets the payload, whose signature has
# been checked, and is asked only then.
DomainCheck: TypeAlias = Callable[[Mapping[str, JsonValue]], CheckOutcome]

# GS1 Digital Link URI syntax 1.4 section 4.2: primary key 01, a GTIN in its 14-digit form.
_GTIN: Final = re.compile(r"/01/([0-9]{14})(?![0-9])")
_NO_CHECKS: Final[Mapping[str, DomainCheck]] = MappingProxyType({})
_NOT_BELIEVED: Final = Finding(
    "not_checked", "signature_not_verified", "not looked at, because the signature was not verified"
)
_NO_CHECK: Final = Finding("not_checked", "no_check", "no check was supplied for this step")
# Step by step, each step's code stays in the processor's cache; what was parsed should fit there too.
_GROUP: Final = 64
_NO_LINK: Final = Finding("not_checked", "no_link_scanned", "no link to compare with")
_MATCHES: Final = Finding("passed", "identifier_matches", "is about what was scanned")
_DIFFERS: Final = Finding(
    "failed", "identifier_differs", "is about another thing than what was scanned"
)
_SEVERITY: Final = {"failed": 0, "warning": 1, "passed": 2, "not_checked": 3}
_ERRORS: Final[Mapping[str, type[VerificationError]]] = MappingProxyType(
    {
        "issuer_trusted": UntrustedKeyError,
        "signature": InvalidSignatureError,
        "log_inclusion": InvalidInclusionError,
    }
)
_ERRORS_BY_REASON: Final[Mapping[str, type[VerificationError]]] = MappingProxyType(
    {"expired": ExpiredError, "revoked": RevokedError, "suspended": SuspendedError}
)


def examine(
    credential: bytes,
    evidence: Evidence,
    *,
    at: datetime,
    domain_checks: Mapping[str, DomainCheck] = _NO_CHECKS,
) -> VerificationReport:
    """Make every step that the evidence allows and say what each found; never raises, on any bytes.

    Args:
        credential: The credential as it was received, compact vc+jwt.
        evidence: What is at hand; nothing is fetched.
        at: The instant for which validity and status are judged; aware of its time zone.
        domain_checks: By step: what only somebody can check who knows what the credential is about.
            Where a step also has a check of its own here (identifier, version), the worse outcome
            stands.
    """
    return examine_all([(credential, evidence)], at=at, domain_checks=domain_checks)[0]


def examine_all(
    credentials: Sequence[tuple[bytes, Evidence]],
    *,
    at: datetime,
    domain_checks: Mapping[str, DomainCheck] = _NO_CHECKS,
    keep_payloads: bool = True,
) -> list[VerificationReport]:
    """Examine many credentials, each with its evidence; step by step, which is faster than one by one.

    Args:
        credentials: The credentials, each with the evidence for it.
        at: As for `examine`.
        domain_checks: As for `examine`.
        keep_payloads: Whether the reports carry the ``credential``; letting go of what is not needed
            saves a fifth of the time.
    """
    checks = dict(domain_checks)
    reports: list[VerificationReport] = []
    for start in range(0, len(credentials), _GROUP):
        group = [
            Examination(*item, at, keep_payload=keep_payloads or bool(checks))
            for item in credentials[start : start + _GROUP]
        ]
        for examination in group:
            examination.open()
        for examination in group:
            examination.check_signature()
        reports += [_report(examination, at, checks, keep_payloads) for examination in group]
    return reports


def _report(
    examination: Examination,
    at: datetime,
    domain_checks: Mapping[str, DomainCheck],
    keep_payload: bool,
) -> VerificationReport:
    judgement = examination.judgement
    if judgement is None or examination.signing_key is None:
        return VerificationReport(*numbered((*examination.findings, *_NOTHING_BELIEVED)), None, at)
    content = _content(examination, judgement, at, domain_checks)
    verdict, steps = numbered((*examination.findings, *content))
    return VerificationReport(verdict, steps, examination.payload if keep_payload else None, at)


def verify(
    credential: bytes,
    evidence: Evidence,
    *,
    at: datetime,
    domain_checks: Mapping[str, DomainCheck] = _NO_CHECKS,
) -> VerificationReport:
    """Like `examine`, but returns only for a credential that is valid, with or without warnings.

    Raises:
        VerificationError: A step failed, or what is needed to tell was not at hand. Whatever the
            bytes are, it is this class or a subclass: `UntrustedKeyError`, `InvalidSignatureError`,
            `ExpiredError`, `RevokedError`, `SuspendedError`, `InvalidInclusionError`. Its ``step``
            says where, its ``report`` all that was found.
    """
    report = examine(credential, evidence, at=at, domain_checks=domain_checks)
    refused = report.failed_step or report.undecided_step
    if refused is None:
        return report
    error = _ERRORS_BY_REASON.get(refused.reason_code) or _ERRORS.get(refused.step)
    raise (error or VerificationError)(refused.step, refused.reason_code, refused.message, report)


_NOTHING_BELIEVED: Final = (_NOT_BELIEVED,) * (len(STEPS) - STEPS.index("validity"))


def _content(
    examination: Examination,
    judgement: Judgement,
    at: datetime,
    domain_checks: Mapping[str, DomainCheck],
) -> tuple[Finding, ...]:
    """Steps 7 to 14; each is made, whatever the others find."""
    content, evidence = examination.content, examination.evidence
    validity = examination.validity(judgement)
    identifier = _identifier(content, judgement.entry, evidence)
    version = check_refresh(content.entries, judgement.issuer, evidence, at)
    status = content.status or check_status(content.entries, judgement.issuer, evidence, at)
    inclusion = examination.inclusion().finding
    if not domain_checks:
        schema = certificate = study = _NO_CHECK
        return validity, schema, identifier, version, status, inclusion, certificate, study

    def domain(step: str) -> Finding:
        check = domain_checks.get(step)
        return _NO_CHECK if check is None else _ask(check, examination.payload)

    return (
        validity,
        domain("schema"),
        _worse(identifier, domain("identifier")),
        _worse(version, domain("version")),
        status,
        inclusion,
        domain("factory_certificate"),
        domain("footprint_study"),
    )


def _ask(check: DomainCheck, payload: Mapping[str, JsonValue]) -> Finding:
    """What a domain's check found."""
    try:
        found = check(payload)
        return Finding(found.outcome, found.reason_code, found.message)
    except Exception as error:  # noqa: BLE001 - foreign code on foreign content: a crash refuses
        return Finding("failed", "check_crashed", f"the check ended in {type(error).__name__}")


def _worse(own: Finding, domain: Finding) -> Finding:
    """The worse of two outcomes; where one could not be made, the other."""
    return domain if _SEVERITY[domain.outcome] < _SEVERITY[own.outcome] else own


def _identifier(content: Content, entry: TrustEntry | None, evidence: Evidence) -> Finding:
    """Step 9: the scanned link is what it is about, and no GTIN in it is under another's GS1 prefix."""
    named = (*content.subjects, content.identifier)
    for identifier in named if entry and entry.gs1_prefixes else ():
        gtin = _GTIN.search(identifier) if isinstance(identifier, str) else None
        if gtin and entry and not entry.allows_gtin(gtin[1]):
            return Finding(
                "failed", "gs1_prefix_of_another", f"GTIN {gtin[1]} is not of the issuer's prefix"
            )
    expected = evidence.expected_identifier
    if expected is None:
        return _NO_LINK
    return _MATCHES if expected in named else _DIFFERS
