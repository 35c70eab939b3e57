"""The verifier's job is to refuse: each defect at its own step."""

import json
from collections.abc import Mapping
from dataclasses import replace
from datetime import UTC, datetime, timedelta, timezone
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from signing.canonical import canonicalize
from signing.credentials import decode
from signing.did_web import PublicKeyEntry
from signing.errors import (
    ExpiredError,
    InvalidSignatureError,
    MalformedDocumentError,
    RevokedError,
    SigningError,
    SuspendedError,
    UntrustedKeyError,
    VerificationError,
)
from signing.instants import format_instant, parse_instant
from signing.keys.software_key import P256Key
from signing.report import STEPS, Finding, StepResult
from signing.status_list import status_entry
from signing.trust import TrustList
from signing.verify import Evidence, examine, verify
from tests.signing import envelope_assets, make_assets
from tests.signing.world import (
    ASSETS,
    AT,
    LINK,
    MAKER,
    MAKER_KEY,
    REFRESH,
    REVOCATION,
    REVOKED,
    ROOT_KEY,
    STRANGER,
    STRANGER_KEY,
    SUPERSEDED,
    SUSPENDED,
    did_document,
    entry,
    evidence,
    p256,
    passport,
    signed,
    status_list,
    trust_list,
)

FOLDER = ASSETS / "credentials"
NAMES = sorted(path.stem for path in FOLDER.glob("[a-z]*.json"))
GOOD = signed(passport())
EVIDENCE = evidence()


def read(name: str) -> Any:
    return json.loads((FOLDER / f"{name}.json").read_text("utf-8"))


def evidence_from(changes: Mapping[str, Any]) -> tuple[Evidence, datetime]:
    document = {**read("_evidence"), **changes}
    trusted = document["trustList"]
    return (
        Evidence(
            did_documents=document["didDocuments"],
            trust_list=trusted and TrustList.verify(trusted.encode(), document["trustRoots"]),
            status_lists={url: text.encode() for url, text in document["statusLists"].items()},
            expected_identifier=document["expectedIdentifier"],
            log_proof=document["logProof"].encode() if "logProof" in document else None,
        ),
        parse_instant(document["at"], "at"),
    )


@pytest.mark.parametrize("name", NAMES)
def test_every_asset_gets_its_verdict_at_its_step_for_its_reason(name: str) -> None:
    asset = read(name)
    known, at = evidence_from(asset["evidence"])
    expected = asset["expected"]

    report = examine(asset["credential"].encode(), known, at=at)

    assert report.verdict == expected["verdict"]
    failed = report.failed_step
    assert (failed.step if failed else None) == (
        expected["step"] if expected["verdict"] == "invalid" else None
    )
    assert report.step(expected["step"] or "status").reason_code == expected["reasonCode"]
    if report.step("signature").outcome != "passed":
        assert report.credential is None
        assert all(step.outcome == "not_checked" for step in report.steps[6:])
    if expected["verdict"] == "invalid":
        with pytest.raises(VerificationError) as refused:
            verify(asset["credential"].encode(), known, at=at)
        assert refused.value.step == expected["step"]
        assert refused.value.reason == expected["reasonCode"]


def test_the_assets_are_what_their_script_makes() -> None:
    made = make_assets.files()
    assert {path.name for path in FOLDER.iterdir()} == set(made)
    for name, content in made.items():
        assert (FOLDER / name).read_text("utf-8") == content, name


def test_a_good_passport_is_valid_and_says_what_was_not_checked() -> None:
    report = verify(GOOD, EVIDENCE, at=AT)

    assert report.verdict == "valid"
    assert report.failed_step is None
    assert report.credential == passport()
    assert [step.step for step in report.steps] == list(STEPS)
    assert [step.number for step in report.steps] == list(range(1, 15))
    assert {step.step for step in report.steps if step.outcome == "not_checked"} == {
        "schema",
        "log_inclusion",
        "factory_certificate",
        "footprint_study",
    }
    assert "2.0 hours old" in report.step("status").message


def test_a_report_is_plain_json() -> None:
    document = examine(signed(passport(REVOKED)), EVIDENCE, at=AT).to_document()
    assert document["verdict"] == "invalid"
    assert document["failedStep"] == "status"
    assert document["checkedAt"] == "2027-03-01T12:00:00Z"
    assert json.loads(canonicalize(document)) == document


def test_a_credential_that_is_too_large_is_refused_before_it_is_read() -> None:
    report = examine(b"A" * 2_000_000, EVIDENCE, at=AT)
    assert report.step("parse").reason_code == "too_large"
    huge_header = b"A" * 20_000 + b".AAAA.AAAA"
    assert examine(huge_header, EVIDENCE, at=AT).step("parse").reason_code == "too_large"


@pytest.mark.parametrize(
    ("credential", "error", "at"),
    [
        (signed(passport(REVOKED)), RevokedError, AT),
        (signed(passport(SUSPENDED)), SuspendedError, AT),
        (GOOD, ExpiredError, AT + timedelta(days=9000)),
        (GOOD[:-6] + b"AAAAAA"[:5] + b"Q", InvalidSignatureError, AT),
        (signed(passport(issuer=STRANGER), STRANGER_KEY, STRANGER), UntrustedKeyError, AT),
        (b"", VerificationError, AT),
    ],
)
def test_verify_raises_the_error_that_fits(
    credential: bytes, error: type[VerificationError], at: datetime
) -> None:
    with pytest.raises(error) as refused:
        verify(credential, EVIDENCE, at=at)
    assert refused.value.report is not None
    assert refused.value.report.verdict == "invalid"
    assert isinstance(refused.value, SigningError)


def test_verify_raises_when_it_cannot_tell() -> None:
    with pytest.raises(VerificationError) as refused:
        verify(GOOD, Evidence(), at=AT)
    assert (refused.value.step, refused.value.reason) == ("issuer_found", "did_document_missing")
    with pytest.raises(VerificationError) as refused:
        verify(GOOD, evidence(status_lists={}), at=AT)
    assert refused.value.reason == "status_list_missing"


def test_warnings_do_not_raise() -> None:
    assert verify(signed(passport(SUPERSEDED)), EVIDENCE, at=AT).verdict == "valid_with_warnings"


def test_a_domain_check_decides_its_step_and_sees_only_what_was_signed() -> None:
    seen: list[Any] = []

    def schema(payload: Any) -> Finding:
        seen.append(payload)
        return Finding("failed", "category_unknown", "no such category")

    checks = {"schema": schema}
    report = examine(GOOD, EVIDENCE, at=AT, domain_checks=checks)
    made = StepResult(8, "schema", "failed", "category_unknown", "no such category")
    assert report.step("schema") == made
    assert report.verdict == "invalid"
    assert seen == [passport()]
    with pytest.raises(VerificationError, match="no such category"):
        verify(GOOD, EVIDENCE, at=AT, domain_checks=checks)

    examine(GOOD[:-6] + b"AAAAAA"[:5] + b"Q", EVIDENCE, at=AT, domain_checks=checks)
    assert len(seen) == 2  # never for a signature that is wrong


def test_a_domain_check_that_crashes_refuses() -> None:
    def crash(_: Any) -> Finding:
        raise KeyError("category")

    report = examine(GOOD, EVIDENCE, at=AT, domain_checks={"footprint_study": crash})
    assert report.step("footprint_study").reason_code == "check_crashed"
    assert report.verdict == "invalid"


@pytest.mark.parametrize(
    ("outcome", "expected"),
    [("passed", "passed"), ("warning", "warning"), ("failed", "failed"), ("not_checked", "passed")],
)
def test_where_two_check_one_step_the_worse_outcome_stands(outcome: Any, expected: str) -> None:
    checks = {"identifier": lambda _: Finding(outcome, "domain", "domain")}
    report = examine(GOOD, EVIDENCE, at=AT, domain_checks=checks)
    assert report.step("identifier").outcome == expected
    wrong = replace(EVIDENCE, expected_identifier="https://other.example/")
    report = examine(GOOD, wrong, at=AT, domain_checks=checks)
    assert report.step("identifier").outcome == "failed"


def test_an_untrusted_issuer_still_has_its_signature_checked() -> None:
    report = examine(signed(passport(issuer=STRANGER), STRANGER_KEY, STRANGER), EVIDENCE, at=AT)
    assert report.step("issuer_trusted").outcome == "failed"
    assert report.step("signature").outcome == "passed"
    assert report.step("status").outcome == "failed"  # the lists are the maker's


def test_nothing_is_claimed_about_a_credential_whose_issuer_nobody_knows() -> None:
    report = examine(GOOD, Evidence(), at=AT)
    assert report.verdict == "cannot_tell"
    assert report.credential is None
    assert report.step("signature").reason_code == "no_trusted_key"


def test_a_credential_without_status_is_valid_and_says_so() -> None:
    bare = passport(credentialStatus=None, validUntil=None, validFrom=None)
    report = examine(signed(bare), replace(EVIDENCE, expected_identifier=None), at=AT)
    assert report.verdict == "valid"
    assert report.step("status").reason_code == "no_status_entry"
    assert report.step("version").reason_code == "no_version_evidence"
    assert report.step("identifier").reason_code == "no_link_scanned"


def test_the_credentials_own_id_is_also_what_may_be_scanned() -> None:
    known = replace(EVIDENCE, expected_identifier=f"{LINK}?version=1")
    assert examine(GOOD, known, at=AT).step("identifier").outcome == "passed"


def test_a_single_status_entry_need_not_be_an_array() -> None:
    document = passport(credentialStatus=status_entry(REVOCATION, "revocation", REVOKED))
    assert examine(signed(document), EVIDENCE, at=AT).step("status").reason_code == "revoked"


def test_a_refresh_list_that_is_missing_or_too_short_says_so() -> None:
    without = {REVOCATION: EVIDENCE.status_lists[REVOCATION]}
    entries = [status_entry(REVOCATION, "revocation", 1), status_entry(REFRESH, "refresh", 1)]
    one = signed(passport(credentialStatus=entries))
    report = examine(one, evidence(status_lists=without), at=AT)
    assert report.step("version").reason_code == "status_list_missing"
    assert report.verdict == "cannot_tell"
    far = signed(passport(credentialStatus=[status_entry(REFRESH, "refresh", 131_072)]))
    assert examine(far, EVIDENCE, at=AT).step("version").outcome == "failed"


def test_a_delegated_status_list_is_accepted_when_the_trust_list_says_so() -> None:
    keeper = entry(STRANGER, STRANGER_KEY, scope=("BitstringStatusListCredential",))
    lists = {
        REVOCATION: status_list(key=STRANGER_KEY, did=STRANGER),
    }
    document = passport(credentialStatus=[status_entry(REVOCATION, "revocation", 5)])
    known = evidence(status_lists=lists, trust_list=trust_list(entry(), keeper))
    assert examine(signed(document), known, at=AT).verdict == "valid"
    known = evidence(status_lists=lists, trust_list=trust_list(entry(), replace(keeper, scope=())))
    assert examine(signed(document), known, at=AT).step("status").outcome == "failed"


def test_a_status_list_whose_keys_are_unknown_is_not_checked() -> None:
    lists = {REVOCATION: status_list(key=STRANGER_KEY, did=STRANGER)}
    document = passport(credentialStatus=[status_entry(REVOCATION, "revocation", 5)])
    known = Evidence({MAKER: did_document()}, trust_list=None, status_lists=lists)
    report = examine(signed(document), known, at=AT)
    assert report.step("status").reason_code == "status_list_keys_missing"
    assert report.verdict == "cannot_tell"


def test_a_status_list_may_serve_several_purposes_and_carry_no_dates() -> None:
    document = json.loads(canonicalize(decode(status_list()).payload))
    document["credentialSubject"]["statusPurpose"] = ["revocation", "suspension"]
    del document["validFrom"], document["validUntil"]
    entries = [status_entry(REVOCATION, purpose, 5) for purpose in ("revocation", "suspension")]
    known = evidence(status_lists={REVOCATION: signed(document)})
    report = examine(signed(passport(credentialStatus=entries)), known, at=AT)
    assert "without a date" in report.step("status").message
    assert report.verdict == "valid"


def test_a_key_that_was_rotated_still_verifies_what_it_signed_before() -> None:
    retired = PublicKeyEntry(MAKER_KEY.public_jwk, expires=AT - timedelta(days=1))
    known = evidence(did_documents={MAKER: did_document(MAKER, retired)})
    lists = examine(GOOD, known, at=AT)
    assert lists.step("validity").outcome == "passed"


def test_the_earlier_end_of_a_key_counts() -> None:
    until = AT - timedelta(days=60)
    keys = tuple(replace(key, expires=until) for key in entry().keys)
    known = evidence(trust_list=trust_list(entry(keys=keys)))
    assert examine(GOOD, known, at=AT).step("validity").reason_code == "key_retired"
    undated = signed(passport(validFrom=None, credentialStatus=None))
    assert examine(undated, known, at=AT).step("validity").reason_code == "key_retired"


def test_trust_is_judged_by_the_instant_of_issue() -> None:
    bad_date = signed(passport(validFrom="yesterday"))
    report = examine(bad_date, EVIDENCE, at=AT)
    assert report.step("issuer_trusted").reason_code == "not_an_instant"
    assert report.step("validity").outcome == "failed"
    endless = evidence(trust_list=trust_list(entry(valid_until=None, names=())))
    assert examine(GOOD, endless, at=AT).step("issuer_trusted").outcome == "passed"


def test_allowed_algorithms_can_only_shrink_the_list() -> None:
    none = replace(EVIDENCE, allowed_algorithms=frozenset())
    assert examine(GOOD, none, at=AT).step("algorithm").outcome == "failed"
    wide = replace(EVIDENCE, allowed_algorithms=frozenset({"none", "HS256", "RS256", "ES256"}))
    text = envelope_assets.algorithm_assets()["alg_none"].credential
    assert examine(text.encode(), wide, at=AT).step("algorithm").outcome == "failed"
    assert examine(GOOD, wide, at=AT).verdict == "valid"


def test_an_instant_in_any_zone_is_the_same_instant() -> None:
    zone = timezone(timedelta(hours=9))
    assert parse_instant("2027-03-01T21:00:00+09:00", "x") == AT
    assert format_instant(AT.astimezone(zone)) == "2027-03-01T12:00:00Z"
    assert parse_instant("2027-03-01T12:00:00.5Z", "x") == AT.replace(microsecond=500_000)
    with pytest.raises(MalformedDocumentError):
        format_instant(datetime(2027, 3, 1))  # noqa: DTZ001 - the point of the test
    report = examine(GOOD, EVIDENCE, at=AT.astimezone(zone))
    assert report.to_document()["checkedAt"] == format_instant(AT)


@given(st.datetimes(timezones=st.just(UTC)).map(lambda instant: instant.replace(microsecond=0)))
def test_instants_there_and_back(instant: datetime) -> None:
    assert parse_instant(format_instant(instant), "x") == instant


@pytest.mark.parametrize("text", ["9999-12-31T23:59:59-00:01", "0001-01-01T00:00:00+00:01"])
def test_an_instant_outside_of_the_calendar_is_none(text: str) -> None:
    with pytest.raises(MalformedDocumentError, match="not a date and time"):
        parse_instant(text, "x")
    inside = parse_instant(f"{text[:19]}Z", "x")
    assert format_instant(inside) == f"{text[:19]}Z"


def test_a_trust_list_of_the_maker_alone_is_enough_offline() -> None:
    signed_list = trust_list().sign(ROOT_KEY)
    known = evidence(
        did_documents={}, trust_list=TrustList.verify(signed_list, [ROOT_KEY.public_jwk])
    )
    assert verify(GOOD, known, at=AT).verdict == "valid"


def test_the_rotation_drill_end_to_end() -> None:
    """A new key takes over: what the old one signed stays valid, and it signs nothing more."""
    old, new = p256("maker"), p256("maker-2028")
    rotated = AT - timedelta(days=1)
    document = did_document(
        MAKER, PublicKeyEntry(new.public_jwk), PublicKeyEntry(old.public_jwk, expires=rotated)
    )
    lists = {
        url: status_list(url, purpose, key=new)
        for url, purpose in ((REVOCATION, "revocation"), (REFRESH, "refresh"))
    }
    known = evidence(
        did_documents={MAKER: document},
        trust_list=trust_list(entry(keys=())),
        status_lists=lists,
    )
    status = [status_entry(REVOCATION, "revocation", 5), status_entry(REFRESH, "refresh", 5)]

    def verdict(key: P256Key, issued: str) -> str:
        credential = signed(passport(credentialStatus=status, validFrom=issued), key)
        return examine(credential, known, at=AT).verdict

    assert verdict(old, "2027-02-18T00:00:00Z") == "valid"
    assert verdict(new, "2027-03-01T00:00:00Z") == "valid"
    assert verdict(old, "2027-03-01T00:00:00Z") == "invalid"
