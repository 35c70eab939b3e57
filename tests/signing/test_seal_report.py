"""The numbered steps over an offline seal: each defect at its step, and nothing ends in a crash."""

from collections.abc import Mapping
from dataclasses import replace
from datetime import timedelta
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from signing import cbor
from signing.did_web import PublicKeyEntry, build_document
from signing.evidence import Evidence
from signing.json_value import JsonValue
from signing.report import Finding, VerificationReport
from signing.seal import PREFIX, Seal, sign_seal, to_text
from signing.seal_report import examine_seal
from signing.trust import trusted_key
from tests.signing.test_certificate_chain import anchor
from tests.signing.test_seal import CREDENTIAL, DATA, SEAL
from tests.signing.world import (
    AT,
    MAKER,
    MAKER_KEY,
    STRANGER,
    STRANGER_KEY,
    entry,
    evidence,
    trust_list,
)

KNOWN = evidence(expected_identifier=None)
TEXT = to_text(DATA)


def examined(text: str = TEXT, known: Evidence = KNOWN, **changes: Any) -> VerificationReport:
    return examine_seal(text, known, at=changes.pop("at", AT), domain_checks=changes)


def test_a_seal_is_valid_with_the_reservation_that_its_status_is_not_known() -> None:
    report = examined()
    assert report.verdict == "valid_with_warnings"
    assert [s.step for s in report.steps if s.outcome == "warning"] == ["status"]
    assert report.credential is not None
    assert report.credential["facts"] == {"1": "LFP-60", "2": 61_250, "3": 94_567}
    assert report.step("signature").reason_code == "signature_valid"


def test_a_trust_list_that_names_the_key_is_enough() -> None:
    assert examined(known=replace(KNOWN, did_documents={})).verdict == "valid_with_warnings"


def sealed(key: Any = MAKER_KEY, **changes: Any) -> str:
    return to_text(sign_seal(replace(SEAL, **changes), key))


def with_key(**retirement: Any) -> Evidence:
    """Evidence in which the maker's key has come to an end."""
    public = PublicKeyEntry(MAKER_KEY.public_jwk, **retirement)
    listed = trust_list(entry(keys=(trusted_key(public),)))
    return replace(KNOWN, did_documents={MAKER: build_document(MAKER, [public])}, trust_list=listed)


DOCUMENT = KNOWN.did_documents[MAKER]
OF_STRANGER = (trusted_key(PublicKeyEntry(STRANGER_KEY.public_jwk)),)
LATE = AT + timedelta(days=9000)
CASES: Mapping[str, tuple[VerificationReport, str, str]] = {
    "no seal": (examined("VP1:"), "parse", "not_cbor"),
    "no base45": (examined("https://id.example"), "parse", "not_base45"),
    "another algorithm": (
        examined(to_text(DATA.replace(b"\xa2\x01\x26", b"\xa2\x01\x27"))),
        "algorithm",
        "algorithm_not_allowed",
    ),
    "a document of another": (
        examined(known=replace(KNOWN, did_documents={MAKER: KNOWN.did_documents[STRANGER]})),
        "issuer_found",
        "did_document_of_another",
    ),
    "no key of its issuer": (examined(sealed(STRANGER_KEY)), "issuer_found", "key_not_found"),
    "an issuer not on the list": (
        examined(known=replace(KNOWN, trust_list=trust_list(entry(STRANGER)))),
        "issuer_trusted",
        "issuer_not_trusted",
    ),
    "a key not on the list": (
        examined(known=replace(KNOWN, trust_list=trust_list(entry(keys=OF_STRANGER)))),
        "issuer_trusted",
        "key_not_trusted",
    ),
    "a key for which an anchor would have to vouch": (
        examined(known=replace(KNOWN, trust_list=trust_list(entry(keys=(), anchors=(anchor(),))))),
        "issuer_trusted",
        "key_not_trusted",
    ),
    "a key that its owner retired, and the trust list not": (
        examined(
            known=replace(
                with_key(expires=AT - timedelta(days=2)), trust_list=trust_list(entry(scope=()))
            )
        ),
        "validity",
        "key_retired",
    ),
    "a document without keys": (
        examined(known=replace(KNOWN, did_documents={MAKER: {"id": MAKER}})),
        "issuer_found",
        "key_not_found",
    ),
    "before the trust": (
        examined(sealed(issued_at=AT - timedelta(days=900))),
        "issuer_trusted",
        "trust_not_at_issue",
    ),
    "another signature": (
        examined(to_text(DATA[:-1] + bytes([DATA[-1] ^ 1]))),
        "signature",
        "signature_invalid",
    ),
    "a compromised key": (examined(known=with_key(revoked=AT)), "signature", "key_revoked"),
    "a retired key": (
        examined(known=with_key(expires=AT - timedelta(days=2))),
        "validity",
        "key_retired",
    ),
    "from the future": (
        examined(sealed(issued_at=AT + timedelta(days=1))),
        "validity",
        "not_yet_valid",
    ),
    "expired": (examined(at=LATE), "validity", "expired"),
    "a crash": (examined(schema=lambda _: 1 / 0), "schema", "check_crashed"),
    "a fact": (
        examined(identifier=lambda _: Finding("failed", "identifier_mismatch", "")),
        "identifier",
        "identifier_mismatch",
    ),
}


@pytest.mark.parametrize("name", CASES)
def test_each_defect_fails_at_its_step(name: str) -> None:
    report, step, reason = CASES[name]
    assert report.verdict == "invalid"
    assert report.failed_step is not None
    assert (report.failed_step.step, report.failed_step.reason_code) == (step, reason), report
    if report.failed_step.number <= 4:
        reached = [s.reason_code for s in report.steps[report.failed_step.number :]]
        assert (
            reached == ["earlier_step_failed"] * (len(reached) - 8) + ["signature_not_verified"] * 8
        )


@pytest.mark.parametrize(
    ("known", "at", "reason"),
    [
        (replace(KNOWN, trust_list=trust_list(entry(valid_until=AT))), LATE, "trust_ended"),
        (
            replace(KNOWN, trust_list=trust_list(valid_until=AT)),
            AT + timedelta(1),
            "trust_list_stale",
        ),
        (replace(KNOWN, trust_list=None), AT, "no_trust_list"),
        (replace(KNOWN, trust_list=trust_list(entry(names=()))), AT, "issuer_trusted"),
    ],
)
def test_what_is_known_of_the_issuer_is_told(known: Evidence, at: Any, reason: str) -> None:
    report = examined(sealed(expires_at=None), known, at=at)
    assert report.step("issuer_trusted").reason_code == reason
    assert report.verdict == "valid_with_warnings"


def test_without_any_key_nobody_can_tell_and_nothing_is_shown() -> None:
    report = examined(known=Evidence())
    assert (report.verdict, report.credential) == ("cannot_tell", None)
    assert report.step("issuer_found").reason_code == "did_document_missing"
    assert report.step("schema").reason_code == "signature_not_verified"


def test_facts_of_other_kinds_are_passed_over() -> None:
    seal = Seal(MAKER, AT, SEAL.credential_digest, None, {1: b"x", 2: "ok"})
    report = examined(to_text(sign_seal(seal, MAKER_KEY)))
    assert report.credential is not None
    assert report.credential["facts"] == {"2": "ok"}


@settings(max_examples=150, deadline=None)
@given(st.binary(max_size=60), st.integers(0, len(DATA) - 1), st.integers(0, 7))
def test_any_bytes_and_any_flipped_bit_are_refused(data: bytes, place: int, bit: int) -> None:
    assert examined(to_text(data)).verdict == "invalid"
    flipped = bytearray(DATA)
    flipped[place] ^= 1 << bit
    assert examined(to_text(bytes(flipped))).verdict in {"invalid", "cannot_tell"}


@given(st.text(max_size=40))
def test_any_text_gives_a_report(text: str) -> None:
    assert examined(PREFIX + text).verdict == "invalid"
    assert examined(text).verdict == "invalid"


def test_the_seal_is_about_the_credential_s_bytes() -> None:
    report = examined()
    assert report.credential is not None
    digest: JsonValue = report.credential["credentialSha256"]
    assert digest == SEAL.credential_digest.hex()
    assert len(CREDENTIAL) > len(DATA)
    assert cbor.decode(DATA) is not None
