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
from signing.credentials import subjects_of
from signing.errors import (
    ExpiredError,
    InvalidInclusionError,
    InvalidSignatureError,
    MalformedDocumentError,
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
    step_result,
    verdict_over,
)
from signing.status_check import StatusEntry, check_refresh, check_status, status_entries

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
_NOT_REACHED: Final = Finding("not_checked", "earlier_step_failed", "an earlier step failed")
_NO_CHECK: Final = Finding("not_checked", "no_check", "no check was supplied for this step")
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
) -> list[VerificationReport]:
    """Examine many credentials, each with its evidence; step by step, which is faster than one by one.

    Args:
        credentials: The credentials, each with the evidence for it.
        at: As for `examine`.
        domain_checks: As for `examine`.
    """
    examinations = [Examination(credential, evidence, at) for credential, evidence in credentials]
    for check in _AUTHENTICITY:
        for examination in examinations:
            _make(check, examination)
    return [_report(examination, at, domain_checks) for examination in examinations]


def _make(check: Callable[[Examination], Finding], examination: Examination) -> None:
    if examination.is_stopped:
        examination.findings.append(_NOT_REACHED)
        return
    finding = check(examination)
    examination.findings.append(finding)
    # An issuer that is not trusted still has a signature that can be looked at.
    if finding.outcome == "failed" and check is not Examination.issuer_trusted:
        examination.is_stopped = True


def _report(
    examination: Examination, at: datetime, domain_checks: Mapping[str, DomainCheck]
) -> VerificationReport:
    believed = examination.signing_key is not None
    content = _content(examination, at, domain_checks) if believed else _NOTHING_BELIEVED
    steps = tuple(map(step_result, STEPS, (*examination.findings, *content)))
    payload = examination.payload if believed else None
    return VerificationReport(verdict_over(steps), steps, payload, at)


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


# Steps 1 to 6, in order.
_AUTHENTICITY: Final[tuple[Callable[[Examination], Finding], ...]] = (
    Examination.parse,
    Examination.format,
    Examination.algorithm,
    Examination.issuer_found,
    Examination.issuer_trusted,
    Examination.signature,
)
_NOTHING_BELIEVED: Final = (_NOT_BELIEVED,) * (len(STEPS) - len(_AUTHENTICITY))


def _content(
    examination: Examination, at: datetime, domain_checks: Mapping[str, DomainCheck]
) -> tuple[CheckOutcome, ...]:
    """Steps 7 to 14; each is made, whatever the others find."""
    payload, issuer, evidence = examination.payload, examination.issuer, examination.evidence

    def domain(step: str) -> CheckOutcome:
        check = domain_checks.get(step)
        if check is None:
            return _NO_CHECK
        try:
            return check(payload)
        except Exception as error:  # noqa: BLE001 - foreign code on foreign content: a crash refuses
            return Finding("failed", "check_crashed", f"the check ended in {type(error).__name__}")

    entries, status = _status_entries(payload)
    return (
        examination.validity(),
        domain("schema"),
        _worse(_identifier(examination, evidence), domain("identifier")),
        _worse(check_refresh(entries, issuer, evidence, at), domain("version")),
        status or check_status(entries, issuer, evidence, at),
        examination.inclusion().finding,
        domain("factory_certificate"),
        domain("footprint_study"),
    )


def _status_entries(
    payload: Mapping[str, JsonValue],
) -> tuple[tuple[StatusEntry, ...], Finding | None]:
    """The status entries, or why step 11 fails on them."""
    try:
        return status_entries(payload), None
    except MalformedDocumentError as error:
        return (), Finding("failed", error.reason, str(error))


def _worse(own: Finding, domain: CheckOutcome) -> CheckOutcome:
    """The worse of two outcomes; where one could not be made, the other."""
    return domain if _SEVERITY[domain.outcome] < _SEVERITY[own.outcome] else own


def _identifier(examination: Examination, evidence: Evidence) -> Finding:
    """Step 9: the scanned link is the credential's subject, and its GS1 prefix the issuer's."""
    entry = examination.entry
    identifiers = [subject.get("id") for subject in subjects_of(examination.payload)]
    for identifier in identifiers if entry and entry.gs1_prefixes else ():
        gtin = _GTIN.search(identifier) if isinstance(identifier, str) else None
        if gtin and entry and not entry.allows_gtin(gtin[1]):
            return Finding(
                "failed", "gs1_prefix_of_another", f"GTIN {gtin[1]} is not of the issuer's prefix"
            )
    expected = evidence.expected_identifier
    if expected is None:
        return Finding("not_checked", "no_link_scanned", "no link to compare with")
    if expected in (*identifiers, examination.payload.get("id")):
        return Finding("passed", "identifier_matches", "is about what was scanned")
    return Finding("failed", "identifier_differs", "is about another thing than what was scanned")
