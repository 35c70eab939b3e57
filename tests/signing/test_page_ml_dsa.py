"""Cosignatures in ML-DSA-44: the page finds the same as Python, in browsers with and without it."""

import base64
from collections.abc import Mapping
from dataclasses import replace
from datetime import timedelta
from typing import Any, Final, NamedTuple

import pytest

from signing.report import VerificationReport
from signing.signed_note import NoteSigner
from signing.transparency_log import cosignature
from signing.trust import TrustEntry
from signing.verify import examine
from tests.signing.log_world import (
    COSIGNER,
    COSIGNER_PQ,
    CREDENTIAL,
    HEAD,
    LOG,
    LOG_PQ,
    WITNESS,
    log_entries,
    logged,
)
from tests.signing.page import run, steps_of
from tests.signing.test_verify import evidence_from, read
from tests.signing.world import AT, ROOT_KEY, entry, trust_list

DAY: Final = timedelta(days=1)
LOG_ENTRY, WITNESS_ENTRY = log_entries()
OLD_LOG = replace(LOG_ENTRY, valid_until=AT - DAY)
OLD_WITNESS = replace(WITNESS_ENTRY, valid_until=AT - DAY)


def of_kind(listed: TrustEntry, kind: str) -> TrustEntry:
    return replace(listed, keys=tuple(key for key in listed.keys if key.key.key_type == kind))


def spoilt(text: str, name: str) -> str:
    """The proof with a wrong ML-DSA-44 signature, the longest line of that signer."""
    lines = text.split("\n")
    line = max((line for line in lines if line.startswith(f"\u2014 {name} ")), key=len)
    start, _, signature = line.rpartition(" ")
    data = bytearray(base64.b64decode(signature))
    data[-1] ^= 1
    return text.replace(line, f"{start} {base64.b64encode(data).decode()}")


def cut(name: str) -> str:
    """The proof with an ML-DSA-44 signature of which only the key's id and the time are left."""
    lines = logged().to_bytes().decode().split("\n")
    at = max(
        range(len(lines)), key=lambda at: len(lines[at]) * lines[at].startswith(f"\u2014 {name} ")
    )
    start, _, signature = lines[at].rpartition(" ")
    lines[at] = f"{start} {base64.b64encode(base64.b64decode(signature)[:12]).decode()}"
    return "\n".join(lines)


def swapped(signer: NoteSigner) -> str:
    """The proof with a signer's signature over another head of the same log."""
    other = cosignature(replace(HEAD, size=HEAD.size + 1), signer, AT)
    return logged(LOG).to_bytes().decode() + other


def proof(*signers: Any, wrong: str = "", at: Any = AT) -> str:
    text = logged(*signers, at=at).to_bytes().decode()
    return spoilt(text, wrong) if wrong else text


class Case(NamedTuple):
    """A proof under a trust list; what step 12 and the verdict are."""

    proof: str
    entries: tuple[TrustEntry, ...]
    expected: tuple[str, str, str]


GOOD: Final = ("passed", "included", "valid")
WRONG: Final = ("failed", "checkpoint_signature", "invalid")
ENDED: Final = ("warning", "log_trust_ended", "valid_with_warnings")
ALONE: Final = ("warning", "not_witnessed", "valid_with_warnings")
BOTH: Final = (LOG_ENTRY, WITNESS_ENTRY)

CASES: Final[Mapping[str, Case]] = {
    "all have signed": Case(proof(), BOTH, GOOD),
    "the log in both ways": Case(proof(LOG, LOG_PQ, COSIGNER), BOTH, GOOD),
    "no ML-DSA-44 at all": Case(proof(LOG, COSIGNER), BOTH, GOOD),
    "nobody asks for a witness": Case(proof(), (LOG_ENTRY,), GOOD),
    "no witness has signed": Case(proof(LOG), BOTH, ALONE),
    "a witness known by ML-DSA-44 alone that has not signed": Case(
        proof(LOG, COSIGNER), (LOG_ENTRY, of_kind(WITNESS_ENTRY, "ML-DSA-44")), ALONE
    ),
    "a witness by ML-DSA-44 alone": Case(proof(LOG, COSIGNER_PQ), BOTH, GOOD),
    "a witness known by ML-DSA-44 alone": Case(
        proof(), (LOG_ENTRY, of_kind(WITNESS_ENTRY, "ML-DSA-44")), GOOD
    ),
    # A wrong one of a known key refuses the head, whoever else has signed it.
    "a wrong one of the witness alone": Case(proof(LOG, COSIGNER_PQ, wrong=WITNESS), BOTH, WRONG),
    "a wrong one beside a right one": Case(proof(wrong=WITNESS), BOTH, WRONG),
    "a wrong one of the log": Case(proof(LOG, LOG_PQ, COSIGNER, wrong=LOG.name), BOTH, WRONG),
    "a wrong one of a key that is not known": Case(
        proof(LOG, LOG_PQ, COSIGNER, COSIGNER_PQ, wrong=WITNESS),
        (LOG_ENTRY, of_kind(WITNESS_ENTRY, "Ed25519")),
        GOOD,
    ),
    "one over another head": Case(swapped(COSIGNER_PQ), BOTH, WRONG),
    "one of an empty signature": Case(cut(WITNESS), BOTH, WRONG),
    # Trust that ended is asked at the times that they state.
    "a witness no longer trusted": Case(proof(LOG, COSIGNER_PQ), (LOG_ENTRY, OLD_WITNESS), ENDED),
    "a log trusted when its witness signed": Case(
        proof(LOG, COSIGNER_PQ, at=AT - 2 * DAY), (OLD_LOG, WITNESS_ENTRY), GOOD
    ),
    # Without ML-DSA-44 not even the log's own Ed25519 would be missed.
    "the log by ML-DSA-44 alone": Case(
        proof(LOG_PQ, COSIGNER, COSIGNER_PQ), BOTH, ("failed", "log_unknown", "invalid")
    ),
}


def tasks() -> list[dict[str, Any]]:
    """Each case, as a task for the page."""
    base = read("_evidence")
    made = []
    for case in CASES.values():
        listed = trust_list(entry(), *case.entries).sign(ROOT_KEY).decode()
        evidence = {**base, "trustList": listed, "logProof": case.proof}
        made.append({"credential": CREDENTIAL.decode(), "evidence": evidence})
    return made


@pytest.fixture(scope="module")
def judged() -> dict[str, tuple[VerificationReport, dict[str, Any]]]:
    """Each case, by Python and by the page."""
    found = {}
    for name, task, result in zip(CASES, tasks(), run(tasks()), strict=True):
        known, at = evidence_from(task["evidence"])
        found[name] = (examine(CREDENTIAL, known, at=at), result)
    return found


@pytest.mark.parametrize("name", CASES)
def test_python_and_the_page_find_the_same_of_cosignatures_in_ml_dsa_44(
    name: str, judged: Mapping[str, tuple[VerificationReport, dict[str, Any]]]
) -> None:
    case, (report, result) = CASES[name], judged[name]
    found = report.step("log_inclusion")
    assert (found.outcome, found.reason_code, report.verdict) == case.expected
    assert (result["verdict"], result["steps"]) == (report.verdict, steps_of(report))
