"""Restricted credentials while their passport is suspended: all three verifiers agree."""

import zlib
from typing import Any

import pytest

from signing.status_list import status_entry
from signing.verify import examine
from tests.signing.page import run, steps_of
from tests.signing.test_restricted_and_seals_from_the_text import (
    CLAIMS,
    GOOD,
    TRUSTED,
    restricted,
    token_list,
)
from tests.signing.test_verify import evidence_from, read
from tests.signing.test_written_from_the_text import assert_agreed
from tests.signing.world import REVOCATION, SUSPENSION, status_list

INDEX, TOKEN = 9, f"{REVOCATION}/token"
STATUS = {"status_list": {"idx": INDEX, "uri": TOKEN}}
ENTRIES = [
    status_entry(REVOCATION, "revocation", INDEX),
    status_entry(SUSPENSION, "suspension", INDEX),
]
OLD = restricted(GOOD, status=STATUS)
NEW = restricted(GOOD, status=STATUS, credentialStatus=ENTRIES)
SET = zlib.compress(b"\0\2" + bytes(16_382))  # bit 9, least significant first


def published(*, revoked: bool = False, suspended: bool = False) -> dict[str, str]:
    """What a server publishes of the battery's passport: the token's one bit is for both."""
    is_invalid = revoked or suspended
    token = token_list(SET if is_invalid else None, sub=TOKEN)
    lists = {
        TOKEN: token,
        REVOCATION: status_list(set_bits=(INDEX,) if revoked else ()),
        SUSPENSION: status_list(SUSPENSION, "suspension", set_bits=(INDEX,) if suspended else ()),
    }
    return {url: data.decode() for url, data in lists.items()}


CASES: dict[str, tuple[bytes, dict[str, str], str]] = {
    "new, in force": (NEW, published(), "not_withdrawn"),
    "new, suspended": (NEW, published(suspended=True), "suspended"),
    "new, revoked": (NEW, published(revoked=True), "revoked"),
    "new, suspended and revoked": (NEW, published(revoked=True, suspended=True), "revoked"),
    "new, without its suspensions": (
        NEW,
        {url: text for url, text in published().items() if url != SUSPENSION},
        "status_list_missing",
    ),
    "old, in force": (OLD, published(), "not_withdrawn"),
    "old, suspended": (OLD, published(suspended=True), "revoked"),
    "old, revoked": (OLD, published(revoked=True), "revoked"),
}


@pytest.mark.parametrize("name", CASES)
def test_each_verifier_says_how_the_passport_stands(name: str) -> None:
    credential, lists, reason = CASES[name]
    known: dict[str, Any] = {"trustList": TRUSTED, "statusLists": lists, "expectedIdentifier": None}
    verdict = assert_agreed(credential, **known)
    held, at = evidence_from(known)
    report = examine(credential, held, at=at)
    step = report.step("status")
    assert step.reason_code == reason
    assert (verdict == "valid") is (reason == "not_withdrawn")
    if reason in {"revoked", "suspended"}:
        assert verdict == "invalid"
        # One bit tells nobody which of the two it is, and no verifier pretends that it does.
        assert step.message.startswith("revoked or suspended" if credential is OLD else reason)


def test_the_page_says_the_same() -> None:
    base = read("_evidence")
    known = {"trustList": TRUSTED, "expectedIdentifier": None}
    sent: list[dict[str, Any]] = [
        {"credential": one.decode(), "evidence": {**base, **known, "statusLists": lists}}
        for one, lists, _reason in CASES.values()
    ]
    for name, task, result in zip(CASES, sent, run(sent), strict=True):
        held, at = evidence_from(task["evidence"])
        report = examine(task["credential"].encode(), held, at=at)
        assert (result["verdict"], result["steps"]) == (report.verdict, steps_of(report)), name


def test_the_claims_of_an_old_credential_have_no_entries_of_their_own() -> None:
    assert "credentialStatus" not in CLAIMS
