"""What may be said in the Union about neutrality that rests on offsets.

Directive (EU) 2024/825 adds point 4c to Annex I of Directive 2005/29/EC: to claim, based on the
offsetting of greenhouse gas emissions, that a product has a neutral, reduced or positive impact on the
environment is unfair in all circumstances. It applies from 27 September 2026. Recital 12 leaves room to
speak of investments in credit projects, as long as that does not mislead. Not legal advice.
"""

from datetime import date
from typing import Final

from passports.certification.certificate_schemes import certificate_schemes
from passports.claim_checks.claims import ClaimCheck, ClaimInput, ClaimResult, FactoryClaims

APPLIES_FROM: Final = date(2026, 9, 27)  # Directive (EU) 2024/825, Art. 4
_RULE: Final = "Directive (EU) 2024/825 (Annex I, point 4c of Directive 2005/29/EC)"
MAY_BE_SAID: Final = (
    "May be said: which scheme, granted by whom, for which site and period, and how many credits were "
    "bought, beside the gross footprint."
)
MAY_NOT_BE_SAID: Final = (
    "May not be said of a battery or any other product: neutral, zero-carbon, compensated, or reduced, "
    "where that rests on credits."
)


def check_eu_claims(claims: FactoryClaims) -> list[ClaimCheck]:
    """Mark neutrality that rests on offsets, and say what may be said of it."""
    checks = [
        _check(certificate.scheme, claims.on)
        for certificate in claims.certificates
        if certificate.certified
    ]
    if not claims.certificates and (claims.of("offset") or claims.dossier.offsets):
        checks.append(_restricted("offsets", claims.on))
    return list({check.about: check for check in checks}.values())


def _check(scheme_id: str, on: date) -> ClaimCheck:
    scheme = certificate_schemes()[scheme_id]
    if scheme.offsets_count == "yes":
        return _restricted(scheme_id, on)
    if scheme.offsets_count == "no":
        said = f"offsets do not count towards {scheme_id}. {MAY_BE_SAID}"
        return _result(scheme_id, ClaimResult.CONSISTENT, said)
    said = (
        f"whether offsets count towards {scheme_id} is not stated; until that is known, treat it as if "
        f"they did. {MAY_BE_SAID} {MAY_NOT_BE_SAID}"
    )
    return _result(scheme_id, ClaimResult.CANNOT_TELL, said)


def _restricted(about: str, on: date) -> ClaimCheck:
    since = "applies since" if on >= APPLIES_FROM else "will apply from"
    said = (
        f"offsets count towards {about}: {_RULE} {since} {APPLIES_FROM.day} September "
        f"{APPLIES_FROM.year}. {MAY_BE_SAID} {MAY_NOT_BE_SAID}"
    )
    return _result(about, ClaimResult.RESTRICTED, said)


def _result(about: str, result: ClaimResult, explanation: str) -> ClaimCheck:
    inputs = (ClaimInput("offsets count", certificate_offsets(about)),)
    return ClaimCheck("eu_claim", about, inputs, result, explanation)


def certificate_offsets(about: str) -> str:
    """Return what the table says of offsets in a scheme; `yes` for offsets without a scheme."""
    scheme = certificate_schemes().get(about)
    return scheme.offsets_count if scheme else "yes"
