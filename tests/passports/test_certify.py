"""Certificates as credentials: signed by a certifier, cited by passports, changed without touching either."""

import json
from datetime import date, timedelta
from pathlib import Path
from typing import Any

import jsonschema
import pytest
from sqlalchemy import text

from lca.datasets import load_shipped_dataset
from passports.certification.certificate_life import (
    CertificateChange,
    CertificateStatus,
    standing_on,
)
from passports.certification.certificates import (
    FactoryCertificate,
    certificates_of,
    get_certificate,
)
from passports.certification.certify import (
    CertificateChangeCreate,
    CertificateIssue,
    ChangedCertificate,
    certificate_log_proof,
    certificate_status,
    change_certificate,
    issue_certificate,
)
from passports.documents import read_document
from passports.errors import (
    AccessDeniedError,
    IdentifierConflictError,
    InvalidInputError,
    RecordNotFoundError,
)
from passports.fsck.whole import check_store
from passports.identifiers import UniqueProductIdentifier
from passports.operators import EconomicOperatorCreate, register_operator
from passports.resolve import OwnRecords, evidence_from_store, find_passport
from passports.trust import build_trust_list
from passports.verification.checks import BatteryEvidence
from passports.verification.passport import verify_passport
from signing.credentials import decode
from signing.evidence import Evidence
from signing.report import StepResult
from signing.verify import examine
from tests.worlds import ADDRESS, FACILITY, GTIN, MAKER, NOW, RIVAL, World, certificate_of

CERTIFIER = "certifier"


def with_certifier(world: World) -> World:
    """Register a certifier."""
    register_operator(
        world.store,
        world.keyring,
        ADDRESS,
        EconomicOperatorCreate(
            id=CERTIFIER, name="The certifier", roles=["certifier"], country="DE"
        ),
        NOW,
    )
    return world


def request(**changes: Any) -> CertificateIssue:
    """Return a certificate as the certifier issues it, with changes."""
    fields: dict[str, Any] = {
        "operator_id": MAKER,
        "facility_id": FACILITY,
        "scheme": "T/CECA-G 0171-2022",
        "valid_from": "2024-07-01",
        "valid_to": "2027-06-30",
        "type": "I",
        "stars": 5,
        "score": 91.29,
    }
    return read_document(CertificateIssue, {**fields, **changes}, "the certificate")


def issue(world: World, **changes: Any) -> FactoryCertificate:
    """Issue a certificate."""
    return issue_certificate(
        world.store, world.keyring, ADDRESS, CERTIFIER, request(**changes), NOW
    )


def change(world: World, certificate_id: str, what: str, by: str = CERTIFIER) -> ChangedCertificate:
    """Change a certificate's status."""
    return change_certificate(
        world.store,
        world.keyring,
        ADDRESS,
        by,
        certificate_id,
        CertificateChangeCreate(change=CertificateChange(what), reason="an audit"),
        NOW + timedelta(minutes=1),
    )


def step_13(world: World, serial: str = "SN-1") -> StepResult:
    """Verify a battery's passport and return what step 13 found."""
    stored = find_passport(world.store, UniqueProductIdentifier(GTIN, serial))
    at = NOW + timedelta(minutes=2)
    records = OwnRecords(world.store, world.keyring, ADDRESS, lambda: at)
    evidence = evidence_from_store(records, [stored.credential])
    trust_list = build_trust_list(world.store, world.keyring, ADDRESS, NOW)
    report = verify_passport(stored.credential, evidence, trust_list, BatteryEvidence(), at)
    assert report.verdict in {"valid", "valid_with_warnings"}
    return next(step for step in report.steps if step.step == "factory_certificate")


def test_a_certifier_issues_a_credential_of_the_untp_shape(
    sqlite_world: World, shared: Path
) -> None:
    certificate = issue(with_certifier(sqlite_world))
    with sqlite_world.store.reading() as reading:
        document = get_certificate(reading, certificate.id)[1]
    payload = dict(decode(document).payload)
    schema = json.loads((shared / "schemas" / "untp" / "untp-dcc-schema.json").read_text("utf-8"))

    jsonschema.Draft202012Validator(schema).validate(payload)
    assert payload["validFrom"] == "2026-11-22T12:00:00Z"
    assert payload["validUntil"] == "2027-06-30T23:59:59Z"
    subject = payload["credentialSubject"]
    assert isinstance(subject, dict)
    assert subject["factoryCertificate"]["effectOnFootprint"] == "none"
    assert certificate.evidence.value == "credential"


def test_step_13_passes_for_a_signed_certificate_and_warns_of_an_unsigned_one(
    sqlite_world: World,
) -> None:
    issue(with_certifier(sqlite_world))
    sqlite_world.issue("SN-1")
    found = step_13(sqlite_world)

    assert found.outcome == "warning"  # the world's own certificate is unsigned
    assert "signed by its certifier, not suspended or withdrawn" in found.message
    assert "unsigned evidence" in found.message


@pytest.mark.parametrize(
    ("what", "word"), [("suspended", "was suspended"), ("withdrawn", "was withdrawn")]
)
def test_a_change_reaches_the_passport_as_a_warning_and_touches_no_signed_byte(
    world: World, what: str, word: str
) -> None:
    certificate = issue(with_certifier(world))
    world.issue("SN-1")
    before = find_passport(world.store, UniqueProductIdentifier(GTIN, "SN-1")).credential
    changed = change(world, certificate.id, what)

    assert word in step_13(world).message
    assert step_13(world).outcome == "warning"
    assert find_passport(world.store, UniqueProductIdentifier(GTIN, "SN-1")).credential == before
    assert changed.standing.status.value == what
    assert [(c.batch_id, c.at_issue, c.now) for c in changed.citations] == [
        ("b-1", "covered", "not_covered")
    ]
    assert what in changed.citations[0].reasons[0]


def test_a_reinstated_certificate_stands_again(sqlite_world: World) -> None:
    certificate = issue(with_certifier(sqlite_world))
    sqlite_world.issue("SN-1")
    change(sqlite_world, certificate.id, "suspended")
    changed = change(sqlite_world, certificate.id, "reinstated")

    assert changed.standing.status is CertificateStatus.VALID
    assert changed.citations[0].now == "covered"
    assert "not suspended or withdrawn" in step_13(sqlite_world).message


def test_an_unsigned_certificate_that_its_uploader_withdraws_is_a_warning_too(
    sqlite_world: World,
) -> None:
    sqlite_world.issue("SN-1")
    uploaded = certificate_of(sqlite_world.store)
    change(sqlite_world, uploaded.id, "withdrawn", MAKER)

    assert step_13(sqlite_world).reason_code == "certificate_withdrawn"
    assert step_13(sqlite_world).outcome == "warning"


def test_a_batch_outside_the_period_is_not_covered_and_says_so(sqlite_world: World) -> None:
    certificate = issue(with_certifier(sqlite_world), valid_from="2025-01-01")
    sqlite_world.issue("SN-1")
    stored = find_passport(sqlite_world.store, UniqueProductIdentifier(GTIN, "SN-1"))
    cited = next(
        c
        for c in stored.payload()["credentialSubject"]["factoryCertificates"]
        if c["evidence"] == "signed credential"
    )

    assert cited["coverage"] == "not_covered"
    period = next(check for check in cited["checks"] if check["id"] == "period")
    assert "production was 2024-12-02" in period["explanation"]
    assert cited["effectOnFootprint"] == "none"
    citations = certificate_status(sqlite_world.store, certificate.id, NOW).citations
    assert [c.at_issue for c in citations] == ["not_covered"]


def test_a_withdrawn_certificate_covers_no_batch_that_is_issued_afterwards(
    sqlite_world: World,
) -> None:
    certificate = issue(with_certifier(sqlite_world))
    change(sqlite_world, certificate.id, "withdrawn")
    sqlite_world.issue("SN-1")

    assert certificate_status(sqlite_world.store, certificate.id, NOW).citations[0].at_issue == (
        "not_covered"
    )


def test_a_certificate_signed_for_another_facility_or_tampered_with_fails_step_13(
    sqlite_world: World,
) -> None:
    certificate = issue(with_certifier(sqlite_world))
    sqlite_world.issue("SN-1")
    stored = find_passport(sqlite_world.store, UniqueProductIdentifier(GTIN, "SN-1"))
    records = OwnRecords(sqlite_world.store, sqlite_world.keyring, ADDRESS, lambda: NOW)
    evidence = evidence_from_store(records, [stored.credential])
    url = ADDRESS.certificate(certificate.id)
    document = evidence.documents[url]
    head, payload, signature = document.split(b".")
    evidence.documents[url] = b".".join((head, payload, signature[::-1]))
    report = verify_passport(stored.credential, evidence, None, BatteryEvidence(), NOW)

    step = next(s for s in report.steps if s.step == "factory_certificate")
    assert (step.outcome, step.reason_code) == ("failed", "certificate_hash_mismatch")


def test_a_signer_that_no_trust_list_names_as_certifier_is_a_warning(sqlite_world: World) -> None:
    issue(with_certifier(sqlite_world))
    sqlite_world.issue("SN-1")
    stored = find_passport(sqlite_world.store, UniqueProductIdentifier(GTIN, "SN-1"))
    records = OwnRecords(sqlite_world.store, sqlite_world.keyring, ADDRESS, lambda: NOW)
    evidence = evidence_from_store(records, [stored.credential])
    report = verify_passport(stored.credential, evidence, None, BatteryEvidence(), NOW)

    step = next(s for s in report.steps if s.step == "factory_certificate")
    assert step.outcome == "warning"
    assert "no trust list here names its signer" in step.message


def test_only_a_certifier_issues_and_nobody_for_their_own_factory(sqlite_world: World) -> None:
    for caller in (RIVAL, MAKER):
        with pytest.raises(AccessDeniedError):
            issue_certificate(
                sqlite_world.store, sqlite_world.keyring, ADDRESS, caller, request(), NOW
            )
    with pytest.raises(RecordNotFoundError):
        issue(with_certifier(sqlite_world), facility_id="elsewhere")


def test_only_who_issued_it_changes_it_and_a_withdrawal_is_for_good(world: World) -> None:
    certificate = issue(with_certifier(world))
    with pytest.raises(AccessDeniedError):
        change(world, certificate.id, "withdrawn", MAKER)
    with pytest.raises(IdentifierConflictError):
        change(world, certificate.id, "reinstated")
    change(world, certificate.id, "withdrawn")
    for what in ("withdrawn", "suspended", "reinstated"):
        with pytest.raises(IdentifierConflictError):
            change(world, certificate.id, what)


@pytest.mark.parametrize(
    ("changes", "said"),
    [
        ({"type": None}, "stars without a type"),
        ({"score": 100.5}, "at most 100 points"),
        ({"stars": 6}, "at most 5 stars"),
        ({"type": "III"}, "knows the types I, II"),
        ({"valid_to": "2024-01-01"}, "ends before it begins"),
        ({"scheme": "GREENEST"}, "is not known"),
        ({"valid_to": None}, "not a date"),
    ],
)
def test_a_certificate_that_breaks_a_rule_of_its_scheme_is_refused(
    changes: dict[str, Any], said: str
) -> None:
    with pytest.raises(InvalidInputError, match=said):
        request(**changes)


@pytest.mark.parametrize(
    ("day", "expected"),
    [
        ("2024-06-30", "planned"),
        ("2024-07-01", "valid"),
        ("2027-04-30", "valid"),
        ("2027-05-01", "expiring"),
        ("2027-06-30", "expiring"),
        ("2027-07-01", "expired"),
    ],
)
def test_the_days_of_a_certificate_decide_where_it_stands(day: str, expected: str) -> None:
    standing = standing_on(
        date.fromisoformat(day),
        certified=True,
        period=(date(2024, 7, 1), date(2027, 6, 30)),
    )
    assert standing.status.value == expected


def test_a_certificate_without_a_period_and_one_that_is_planned_say_so() -> None:
    nothing = (None, None)
    today = date(2026, 1, 1)

    assert standing_on(today, certified=True, period=nothing).status.value == "not_stated"
    assert standing_on(today, certified=False, period=nothing).status.value == "planned"


def test_the_store_holds_what_was_signed(sqlite_world: World) -> None:
    certificate = issue(with_certifier(sqlite_world))
    with sqlite_world.store.reading() as reading:
        kept = {c.id: c for c in certificates_of(reading, MAKER, FACILITY)}
    assert kept[certificate.id] == certificate


def test_a_certificate_that_was_signed_here_is_a_leaf_of_the_log(world: World) -> None:
    with_certifier(world)
    certificate = issue_certificate(world.store, world.keyring, ADDRESS, CERTIFIER, request(), NOW)
    with world.store.reading() as reading:
        document = get_certificate(reading, certificate.id)[1]
    cited = decode(document).payload["transparencyLog"]
    assert isinstance(cited, dict)
    proof = world.records()(str(cited["proof"]))
    trust_list = build_trust_list(world.store, world.keyring, ADDRESS, NOW)
    evidence = Evidence(trust_list=trust_list, log_proof=proof, role="certifier")
    step = examine(document, evidence, at=NOW).step("log_inclusion")
    assert (step.outcome, step.reason_code) == ("passed", "included")


def test_a_document_that_was_only_uploaded_is_no_leaf(world: World) -> None:
    uploaded = certificate_of(world.store)
    with pytest.raises(RecordNotFoundError):
        certificate_log_proof(world.store, uploaded.id)


def test_fsck_names_a_certificate_whose_leaf_is_another_s(sqlite_world: World) -> None:
    world = with_certifier(sqlite_world)
    world.issue("SN-1")
    issue_certificate(world.store, world.keyring, ADDRESS, CERTIFIER, request(), NOW)
    dataset = load_shipped_dataset()
    assert not check_store(world.store, dataset, NOW).faults
    with world.store.engine.begin() as connection:
        connection.execute(text("UPDATE certificate SET log_index = 0"))
    fault = check_store(world.store, dataset, NOW).faults[0]
    assert (fault.kind, "the log's entry 0" in fault.reason) == ("certificate", True)
