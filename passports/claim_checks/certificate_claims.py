"""Certificates against what they are said to show: granted, for whom, by whom, for when, with what grade."""

from passports.certification.certificate_schemes import PROGRAMME_OWNER, certificate_schemes
from passports.certification.certificates import (
    CertificateEvidence,
    CertificateScope,
    FactoryCertificate,
)
from passports.claim_checks.claims import ClaimCheck, ClaimInput, ClaimResult, FactoryClaims


def check_certificates(claims: FactoryClaims) -> list[ClaimCheck]:
    """Make the checks of each certificate; one that was not granted gets the first only."""
    checks = []
    for certificate in claims.certificates:
        checks.append(_granted(certificate))
        if certificate.certified:
            checks += [_scheme(certificate), _period(certificate)]
            if certificate_schemes()[certificate.scheme].state != "not known":
                checks += [_scope(certificate), _issuer(certificate)]
            grading = _grading(certificate)
            if grading is not None:
                checks.append(grading)
    return checks


def _check(
    name: str,
    certificate: FactoryCertificate,
    result: ClaimResult,
    explanation: str,
    **values: object,
) -> ClaimCheck:
    inputs = tuple(
        ClaimInput(field, str(value)) for field, value in values.items() if value is not None
    )
    return ClaimCheck(name, certificate.scheme, inputs, result, explanation)


def _granted(certificate: FactoryCertificate) -> ClaimCheck:
    name = "certificate_granted"
    if not certificate.certified:
        said = "planned or pending when it was reported: it certifies nothing"
        return _check(name, certificate, ClaimResult.CERTIFIES_NOTHING, said, certified="no")
    said = f"reported as granted to {certificate.holder}"
    if certificate.evidence is CertificateEvidence.CREDENTIAL:
        said = f"signed by {certificate.certifier_id} for {certificate.holder}"
        return _check(name, certificate, ClaimResult.CONSISTENT, said, certified="yes")
    kind = "a press report" if certificate.evidence.value == "press_report" else "a document"
    said += f"; the evidence is {kind} without a certifier's signature"
    return _check(name, certificate, ClaimResult.CANNOT_TELL, said, certified="yes")


def _scheme(certificate: FactoryCertificate) -> ClaimCheck:
    name, scheme = "certificate_scheme", certificate_schemes()[certificate.scheme]
    note = certificate.note or ""
    if "scheme not named" in note or scheme.state == "not known":
        said = f"the source does not name the scheme; taken down as {scheme.id}"
        return _check(name, certificate, ClaimResult.CANNOT_TELL, said, note=certificate.note)
    issued = certificate.issued_on
    if issued and scheme.in_force_from and issued < str(scheme.in_force_from)[: len(issued)]:
        said = f"granted {issued}, before {scheme.id} was in force ({scheme.in_force_from})"
        return _check(name, certificate, ClaimResult.INCONSISTENT, said, issued_on=issued)
    said = f"{scheme.title} certifies {scheme.certifies}"
    if scheme.state == "withdrawn":
        said += f"; it was withdrawn on {scheme.withdrawn_on}, {scheme.successor} succeeds it"
    return _check(name, certificate, ClaimResult.CONSISTENT, said, issued_on=issued)


def _scope(certificate: FactoryCertificate) -> ClaimCheck:
    name, scheme = "certificate_scope", certificate_schemes()[certificate.scheme]
    scope = certificate.scope.value if certificate.scope else None
    if certificate.scope is CertificateScope.ORGANISATION:
        said = (
            f"it speaks of the organisation ({certificate.holder}"
            + (f"; {certificate.note}" if certificate.note else "")
            + "): a company's certificate does not certify the plant"
        )
        return _check(name, certificate, ClaimResult.INCONSISTENT, said, scope=scope)
    if certificate.scope is CertificateScope.FACILITY:
        said = "it speaks of the facility"
        return _check(name, certificate, ClaimResult.CONSISTENT, said, scope=scope)
    if scheme.granted_to == "facility":
        said = f"{scheme.id} is granted to a facility; which processes are inside is not stated"
        return _check(name, certificate, ClaimResult.CONSISTENT, said, granted_to="facility")
    said = f"{scheme.id} is granted to {scheme.granted_to}; which of them, the source does not say"
    return _check(name, certificate, ClaimResult.CANNOT_TELL, said, granted_to=scheme.granted_to)


def _period(certificate: FactoryCertificate) -> ClaimCheck:
    name, scheme = "certificate_period", certificate_schemes()[certificate.scheme]
    start, end = certificate.valid_from, certificate.valid_to
    if start is not None and end is not None:
        days = (end - start).days + 1
        months = scheme.validity_months
        if months is not None and days > months * 31:
            said = f"{start} to {end} is longer than the {months} months of {scheme.id}"
            return _check(name, certificate, ClaimResult.INCONSISTENT, said, start=start, end=end)
        said = f"it holds from {start} to {end}"
        return _check(name, certificate, ClaimResult.CONSISTENT, said, start=start, end=end)
    issued = certificate.issued_on
    said = "no period of validity is stated" + (f"; granted {issued}" if issued else "")
    if scheme.validity_months:
        said += f"; {scheme.id} speaks of a period of up to {scheme.validity_months} months"
    return _check(
        name,
        certificate,
        ClaimResult.CANNOT_TELL,
        f"{said}: no battery can be tied to it",
        issued_on=issued,
    )


def _issuer(certificate: FactoryCertificate) -> ClaimCheck:
    name, scheme = "certificate_issuer", certificate_schemes()[certificate.scheme]
    issuer = certificate.issuer
    if issuer is None:
        said = f"who granted it is not stated; {scheme.id} is granted by a {scheme.issuing_role}"
        return _check(name, certificate, ClaimResult.CANNOT_TELL, said)
    if scheme.issuing_role == PROGRAMME_OWNER and issuer in scheme.source:
        said = f"{issuer} owns the programme"
        return _check(name, certificate, ClaimResult.CONSISTENT, said, issuer=issuer)
    if certificate.evidence is CertificateEvidence.CREDENTIAL:
        said = f"{issuer} signed it in the role of a certifier"
        return _check(name, certificate, ClaimResult.CONSISTENT, said, issuer=issuer)
    said = f"{issuer} is named; that it may act as {scheme.issuing_role} is not evidenced here"
    return _check(name, certificate, ClaimResult.CANNOT_TELL, said, issuer=issuer)


def _grading(certificate: FactoryCertificate) -> ClaimCheck | None:
    name, scheme = "certificate_grading", certificate_schemes()[certificate.scheme]
    values = {"type": certificate.type, "stars": certificate.stars, "score": certificate.score}
    if not scheme.types:
        return None
    if certificate.stars is None and certificate.type is None:
        said = f"{scheme.id} grades by type and stars; neither is stated"
        return _check(name, certificate, ClaimResult.CANNOT_TELL, said, **values)
    if certificate.type is None:
        said = f"{certificate.stars} stars without a type; {scheme.id} has {' and '.join(scheme.types)}"
        return _check(name, certificate, ClaimResult.CANNOT_TELL, said, **values)
    score = "no score published"
    if certificate.score is not None:
        score = f"score {certificate.score:g} of {scheme.max_score:g}"
    said = (
        f"type {certificate.type}, {certificate.stars} of {scheme.max_stars} stars, {score}: within "
        "the scheme's scale"
    )
    return _check(name, certificate, ClaimResult.CONSISTENT, said, **values)
