"""Factory certificates: shown beside the footprint, each check with its reason."""

import base64
import hashlib
import json
from datetime import date
from importlib import resources
from typing import Any

import pytest

from passports.certification.certificate_schemes import certificate_schemes
from passports.certification.certificates import (
    CertificateEvidence,
    FactoryCertificate,
    FactoryCertificateCreate,
    certificates_of,
    get_certificate,
    register_certificate,
)
from passports.certification.coverage import CertificateCheck, check_certificate, coverage
from passports.documents import read_document
from passports.errors import Finding, InvalidInputError, RecordNotFoundError
from tests.worlds import FACILITY, MAKER, NOW, RIVAL, World, certificate_request

MADE_ON = [date(2024, 3, 1), date(2024, 9, 30)]


def certificate(**changes: Any) -> FactoryCertificate:
    """Return a certificate that covers its plant, as registered, with changes."""
    stored = {
        "id": "c",
        "operator_id": MAKER,
        "document_sha256": "0" * 64,
        "created_at": NOW,
    }
    fields = certificate_request(**changes).model_dump(exclude={"document"})
    return FactoryCertificate.model_validate({**fields, **stored})


def outcomes(found: FactoryCertificate, facility: str = FACILITY) -> dict[str, str]:
    """Return the outcome of each check over production in 2024."""
    checks = check_certificate(found, facility, MADE_ON)
    assert all(check.explanation for check in checks)
    return {check.id: check.outcome for check in checks}


def refused(**changes: Any) -> Finding:
    """Return the one finding about a registration with these changes."""
    document = base64.b64encode(b"paper").decode()
    fields = {
        "facility_id": FACILITY,
        "scheme": "T/CECA-G 0171-2022",
        "certified": True,
        "holder": "The plant",
        "evidence": "document",
        "source": "made for a test",
        "document": document,
    }
    with pytest.raises(InvalidInputError) as caught:
        read_document(FactoryCertificateCreate, {**fields, **changes}, "the certificate")
    (finding,) = caught.value.findings
    return finding


def test_the_exact_bytes_of_a_document_are_kept_under_their_hash(world: World) -> None:
    data = bytes(range(256)) * 10
    request = certificate_request(document=base64.encodebytes(data))
    made = register_certificate(world.store, MAKER, request, NOW)
    with world.store.reading() as reading:
        stored, document = get_certificate(reading, made.id)
        assert len(certificates_of(reading, MAKER, FACILITY)) == 2
        assert certificates_of(reading, RIVAL, FACILITY) == []
    assert document == data
    assert stored == made
    assert stored.document_sha256 == hashlib.sha256(data).hexdigest()


def test_a_certificate_of_an_unknown_factory_is_refused(world: World) -> None:
    with pytest.raises(RecordNotFoundError):
        register_certificate(world.store, RIVAL, certificate_request(), NOW)


@pytest.mark.parametrize("identifier", ["nothing", "\0", "\ud800"])
def test_an_unknown_certificate_is_not_found(world: World, identifier: str) -> None:
    with world.store.reading() as reading, pytest.raises(RecordNotFoundError):
        get_certificate(reading, identifier)


def test_an_empty_document_is_refused(world: World) -> None:
    with pytest.raises(InvalidInputError, match="the document is empty"):
        register_certificate(world.store, MAKER, certificate_request(document=b""), NOW)


@pytest.mark.parametrize("text", ["not base64!", "YQ", "Y=Q=", "YWJj\x00", "data:;base64,YWJj"])
def test_a_document_that_is_not_base64_is_refused_and_not_guessed(text: str) -> None:
    assert refused(document=text).field == "document"


@pytest.mark.parametrize(
    ("changes", "field"),
    [
        ({"scheme": "ISO 9999"}, "document"),
        ({"stars": 6}, "document"),
        ({"score": 100.5}, "document"),
        ({"score": -1}, "score"),
        ({"type": "III"}, "document"),
        ({"valid_from": "2025-01-01", "valid_to": "2024-01-01"}, "document"),
        ({"issued_on": "2024-13"}, "issued_on"),
        ({"issued_on": "2024-02-30"}, "issued_on"),
        ({"issued_on": "24"}, "issued_on"),
        ({"scope": "planet"}, "scope"),
        ({"evidence": "hearsay"}, "evidence"),
        ({"holder": "\x1b[2J"}, "holder"),
    ],
)
def test_what_its_scheme_does_not_give_is_refused(changes: dict[str, Any], field: str) -> None:
    finding = refused(**changes)
    assert finding.field == field
    assert finding.reason
    assert finding.remedy


@pytest.mark.parametrize("issued_on", ["2023", "2023-02", "2023-02-28"])
def test_a_day_a_month_or_a_year_of_issue_can_be_told(issued_on: str) -> None:
    assert certificate_request(issued_on=issued_on).issued_on == issued_on


def test_a_certificate_that_fits_passes_and_says_that_it_is_unsigned() -> None:
    found = outcomes(certificate(scheme="ISO14068-1"))
    assert found.pop("evidence") == "warning"
    assert set(found) >= {"certified", "facility", "period", "scope", "scheme"}
    assert set(found.values()) == {"passed"}


@pytest.mark.parametrize(
    ("changes", "check", "outcome"),
    [
        ({"certified": False}, "certified", "failed"),
        ({"issuer": None}, "certified", "passed"),
        ({"valid_from": None, "valid_to": None}, "period", "cannot_tell"),
        ({"valid_from": None}, "period", "cannot_tell"),
        ({"valid_to": None}, "period", "cannot_tell"),
        ({"valid_from": date(2024, 3, 2)}, "period", "failed"),
        ({"valid_to": date(2024, 9, 29)}, "period", "failed"),
        ({"valid_from": None, "valid_to": date(2024, 9, 29)}, "period", "failed"),
        ({"valid_from": date(2024, 3, 1), "valid_to": date(2024, 9, 30)}, "period", "passed"),
        ({"scope": None}, "scope", "cannot_tell"),
        ({"scope": "organisation"}, "scope", "failed"),
        ({"scheme": "PAS2060"}, "scheme", "warning"),
        ({"evidence": "press_report"}, "evidence", "warning"),
    ],
)
def test_each_check_says_what_it_found(changes: dict[str, Any], check: str, outcome: str) -> None:
    found = outcomes(certificate(**{"scheme": "ISO14068-1", **changes}))
    assert found[check] == outcome


def test_a_certificate_of_another_plant_does_not_cover_this_one() -> None:
    checks = check_certificate(certificate(), "another-plant", MADE_ON)
    assert {c.id: c.outcome for c in checks}["facility"] == "failed"
    assert coverage(checks) == "not_covered"


def test_without_a_date_of_production_the_period_cannot_be_told() -> None:
    period = next(c for c in check_certificate(certificate(), FACILITY, []) if c.id == "period")
    assert (period.outcome, period.explanation) == (
        "cannot_tell",
        "no date of production is at hand",
    )


def test_a_withdrawn_scheme_names_its_successor() -> None:
    checks = check_certificate(certificate(scheme="PAS2060"), FACILITY, MADE_ON)
    scheme = next(check for check in checks if check.id == "scheme")
    assert "withdrawn" in scheme.explanation
    assert "ISO14068-1 succeeds it" in scheme.explanation


def test_a_certificate_never_has_an_effect_on_the_footprint() -> None:
    effect = check_certificate(certificate(), FACILITY, MADE_ON)[-1]
    assert effect.to_document()["id"] == "effect_on_footprint"
    assert "not subtracted" in effect.explanation


@pytest.mark.parametrize(
    ("found", "verdict"),
    [
        (["passed", "warning"], "covered"),
        (["passed", "cannot_tell"], "cannot_tell"),
        (["cannot_tell", "failed", "passed"], "not_covered"),
    ],
)
def test_one_doubt_and_it_cannot_be_told_one_failure_and_it_is_not_covered(
    found: list[Any], verdict: str
) -> None:
    checks = [CertificateCheck("check", outcome, "because") for outcome in found]
    assert coverage(checks) == verdict


def test_every_certificate_of_the_reported_factories_can_be_registered() -> None:
    path = resources.files("passports.data").joinpath("zero_carbon_factories.json")
    data = json.loads(path.read_text("utf-8"))
    rows = [row for factory in data["factories"] for row in factory["certificates"]]
    assert len(rows) > 15
    assert set(data["schemes"]) <= set(certificate_schemes())
    for row in rows:
        if row["scheme"] is None:
            continue  # the press did not say; nothing is assumed in its place
        certificate_request(
            scheme=row["scheme"],
            certified=row["certified"],
            issuer=row["issuer"],
            issued_on=row.get("date"),
            stars=row.get("stars"),
            score=row.get("score"),
            type=row.get("type"),
            evidence=CertificateEvidence.PRESS_REPORT,
        )
