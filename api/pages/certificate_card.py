"""Factory certificates on a page: what they say, each check of them, no effect on the footprint."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Final

from api.pages import words
from api.pages.figures import day
from api.pages.languages import gettext, language, message
from api.pages.reading import rows, text, web_address
from passports.certification.certificate_schemes import certificate_schemes
from passports.certification.certificates import FactoryCertificate
from passports.certification.coverage import CertificateCheck, coverage
from passports.identifiers import PublicAddress

_EVIDENCE: Final[Mapping[str, str]] = {
    "signed credential": message("signed credential"),
    "unsigned document": message("unsigned document"),
    "unsigned press_report": message("unsigned press report"),
}


@dataclass(frozen=True)
class CheckView:
    """One check of a certificate; `is_ours` where it was made here now, and not by who issued a passport."""

    title: str
    outcome: str
    outcome_word: str
    explanation: str | None
    is_ours: bool = False


@dataclass(frozen=True)
class CertificateView:
    """A certificate, its checks and their sum."""

    scheme: str
    scheme_title: str
    holder: str | None
    issuer: str | None
    period: str
    evidence: str | None
    tone: str
    coverage: str
    checks: tuple[CheckView, ...]
    document: str | None
    document_sha256: str | None
    source: str | None = None
    note: str | None = None


def certificates_of_claims(subject: Mapping[str, object]) -> list[CertificateView]:
    """Return the certificates that a passport cites."""
    return [_of_claims(claims) for claims in rows(subject, "factoryCertificates")]


def _of_claims(claims: Mapping[str, object]) -> CertificateView:
    scheme = text(claims, "scheme") or gettext("a scheme that is not stated")
    tone, said = _coverage(text(claims, "coverage"), text(claims, "evidence"))
    return CertificateView(
        scheme=scheme,
        scheme_title=_scheme_title(scheme),
        holder=text(claims, "holder"),
        issuer=text(claims, "issuer"),
        period=_period(text(claims, "validFrom"), text(claims, "validTo")),
        evidence=_evidence(text(claims, "evidence")),
        tone=tone,
        coverage=said,
        checks=tuple(
            _check(text(row, "id") or "", text(row, "outcome") or "", text(row, "explanation"))
            for row in rows(claims, "checks")
        ),
        document=web_address(text(claims, "document")),
        document_sha256=text(claims, "documentSha256"),
    )


def certificate_of_record(
    certificate: FactoryCertificate, checks: Sequence[CertificateCheck], address: PublicAddress
) -> CertificateView:
    """Return the view of a registered certificate and the checks that were made of it."""
    tone, said = _coverage(coverage(checks), certificate.evidence_said)
    return CertificateView(
        scheme=certificate.scheme,
        scheme_title=_scheme_title(certificate.scheme),
        holder=certificate.holder,
        issuer=certificate.issuer,
        period=_period(
            str(certificate.valid_from) if certificate.valid_from else None,
            str(certificate.valid_to) if certificate.valid_to else None,
        ),
        evidence=_evidence(certificate.evidence_said),
        tone=tone,
        coverage=said,
        checks=tuple(
            replace(_check(check.id, check.outcome, check.explanation), is_ours=True)
            for check in checks
        ),
        document=address.certificate(certificate.id),
        document_sha256=certificate.document_sha256,
        source=certificate.source,
        note=certificate.note,
    )


def coverage_words(scheme: str, covered: str | None, evidence: str | None) -> str:
    """Return a certificate's scheme and coverage in few words, for a table."""
    said = _coverage(covered, evidence)[1]
    begun = said if language().capitalises_nouns else said[:1].lower() + said[1:]
    return f"{scheme}: {begun}"


def _coverage(covered: str | None, evidence: str | None) -> tuple[str, str]:
    """Return tone and words: what nobody signed states that it covers, and no more."""
    if covered == "covered" and not (evidence or "").startswith("signed"):
        covered = "covered_unsigned"
    tone, said = words.COVERAGES.get(covered or "", words.COVERAGES["cannot_tell"])
    return tone, gettext(said)


def _evidence(said: str | None) -> str | None:
    """Return the words for what a certificate rests on; what is unknown here as it was stated."""
    if said is None:
        return None
    return gettext(_EVIDENCE[said]) if said in _EVIDENCE else words.readable(said)


def _check(identifier: str, outcome: str, explanation: str | None) -> CheckView:
    known = outcome if outcome in words.OUTCOMES else "cannot_tell"
    said = None if explanation is None else words.capitalised(explanation)
    title = words.CERTIFICATE_CHECKS.get(identifier, words.readable(identifier))
    return CheckView(title, known, words.OUTCOMES[known], said)


def _scheme_title(scheme: str) -> str:
    known = certificate_schemes().get(scheme)
    return known.title if known else scheme


def _period(valid_from: str | None, valid_to: str | None) -> str:
    if valid_from is None and valid_to is None:
        return gettext("no period of validity stated")
    start = day(valid_from) if valid_from else gettext("a day not stated")
    end = day(valid_to) if valid_to else gettext("a day not stated")
    return gettext("%(start)s to %(end)s", start=start, end=end)
