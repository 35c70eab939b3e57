"""Credentials in which a reader of other versions or parts would see something else: nobody guesses."""

from datetime import UTC, datetime
from typing import Any, Final

import pytest

from signing.canonical import JsonValue, canonicalize
from signing.data_integrity import add_proof
from signing.seal import sign_seal, to_text
from signing.seal_report import examine_seal
from signing.status_list import status_entry
from signing.verify import examine
from tests.signing.page import run, steps_of
from tests.signing.test_seal import SEAL
from tests.signing.test_verify import evidence_from, read
from tests.signing.test_written_from_the_text import assert_agreed
from tests.signing.world import (
    AT,
    INDEX,
    MAKER,
    MAKER_KEY,
    REFRESH,
    REVOCATION,
    REVOKED,
    SUPERSEDED,
    evidence,
    passport,
    signed,
)

NOT_SET: Final = status_entry(REVOCATION, "revocation", INDEX)
SET: Final = status_entry(REVOCATION, "revocation", REVOKED)
NEWER: Final = status_entry(REFRESH, "refresh", SUPERSEDED)


def listed(*entries: JsonValue) -> bytes:
    return signed(passport(credentialStatus=list(entries)))


def sized(size: JsonValue, entry: Any = NOT_SET, **more: JsonValue) -> dict[str, JsonValue]:
    return {**entry, "statusSize": size, **more}


def secured(**changes: Any) -> bytes:
    return canonicalize(add_proof(passport(**changes), MAKER_KEY, MAKER, AT))


# What each is, and the reasons of steps 2 and 11 with the verdict.
CASES: Final[dict[str, tuple[bytes, str, str, str]]] = {
    "one bit": (listed(sized(1)), "vcdm_2", "not_withdrawn", "valid"),
    "one bit, written 1.0": (listed(sized(1.0)), "vcdm_2", "not_withdrawn", "valid"),
    "one bit that is set": (listed(sized(1, SET)), "vcdm_2", "revoked", "invalid"),
    "two bits": (listed(sized(2)), "vcdm_2", "status_purpose", "cannot_tell"),
    "no bits": (listed(sized(0)), "vcdm_2", "status_purpose", "cannot_tell"),
    "null bits": (listed(sized(None)), "vcdm_2", "status_purpose", "cannot_tell"),
    "true bits": (listed(sized(True)), "vcdm_2", "status_purpose", "cannot_tell"),
    "bits as text": (listed(sized("1")), "vcdm_2", "status_purpose", "cannot_tell"),
    "two bits beside one": (
        listed(NOT_SET, sized(2)), "vcdm_2", "status_purpose", "cannot_tell",
    ),
    "two bits beside one that is set": (listed(SET, sized(2)), "vcdm_2", "revoked", "invalid"),
    "two bits of newer versions": (
        listed(NOT_SET, sized(2, NEWER)), "vcdm_2", "status_purpose", "cannot_tell",
    ),
    "messages in two bits": (
        listed(NOT_SET, sized(2, statusPurpose="message")), "vcdm_2", "not_withdrawn", "valid",
    ),
    "vc in a vc+jwt": (
        signed(passport(vc=passport())), "not_vcdm_2", "signature_not_verified", "invalid",
    ),
    "vp in a vc+jwt": (
        signed({**passport(), "vp": None}), "not_vcdm_2", "signature_not_verified", "invalid",
    ),
    # There are no claims of a JWT in it.
    "vc beside an embedded proof": (secured(vc="x"), "vcdm_2", "not_withdrawn", "valid"),
}  # fmt: skip


def test_who_verifies_tells_what_he_cannot_read_and_all_tell_the_same() -> None:
    base = read("_evidence")
    tasks = [{"credential": case[0].decode(), "evidence": base} for case in CASES.values()]
    for (name, (credential, *wanted)), found in zip(CASES.items(), run(tasks), strict=True):
        known, at = evidence_from(base)
        report = examine(credential, known, at=at)
        reasons = [report.step(step).reason_code for step in ("format", "status")]
        assert [*reasons, report.verdict] == wanted, name
        assert (found["verdict"], found["steps"]) == (report.verdict, steps_of(report)), name
        assert assert_agreed(credential) == report.verdict, name


@pytest.mark.parametrize(
    "at", [datetime(1, 1, 1, tzinfo=UTC), datetime(9999, 12, 31, 23, 59, 59, tzinfo=UTC)]
)
def test_a_clock_at_the_end_of_time_gives_a_verdict(at: datetime) -> None:
    known = evidence()
    report = examine(signed(passport()), known, at=at)
    assert report.verdict == "invalid"
    seal = examine_seal(to_text(sign_seal(SEAL, MAKER_KEY)), known, at=at, domain_checks={})
    assert seal.verdict == "invalid"
