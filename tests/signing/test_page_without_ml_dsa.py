"""What the page says where only ML-DSA-44, which browsers do not have, would tell: each difference."""

import base64
from collections.abc import Mapping
from dataclasses import replace
from datetime import timedelta
from typing import Any, Final, NamedTuple

import pytest

from signing.report import VerificationReport
from signing.trust import TrustEntry
from signing.verify import examine
from tests.signing.log_world import (
    COSIGNER,
    COSIGNER_PQ,
    CREDENTIAL,
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
NOT_CHECKED: Final = "not checked: this browser cannot"
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


def proof(*signers: Any, wrong: str = "", at: Any = AT) -> str:
    text = logged(*signers, at=at).to_bytes().decode()
    return spoilt(text, wrong) if wrong else text


class Difference(NamedTuple):
    """A proof under a trust list; what step 12 and the verdict are for Python and for the page."""

    proof: str
    entries: tuple[TrustEntry, ...]
    python: tuple[str, str, str]
    page: tuple[str, str, str]
    is_told: bool = True


GOOD: Final = ("passed", "included", "valid")
UNCHECKED: Final = ("warning", "witness_not_checked", "valid_with_warnings")
WRONG: Final = ("failed", "checkpoint_signature", "invalid")
ENDED: Final = ("warning", "log_trust_ended", "valid_with_warnings")
ALONE: Final = ("warning", "not_witnessed", "valid_with_warnings")
BOTH: Final = (LOG_ENTRY, WITNESS_ENTRY)

CASES: Final[Mapping[str, Difference]] = {
    # Nothing differs but the words: somebody whom the page can check has signed, too.
    "all have signed": Difference(proof(), BOTH, GOOD, GOOD),
    "the log in both ways": Difference(proof(LOG, LOG_PQ, COSIGNER), BOTH, GOOD, GOOD),
    "no ML-DSA-44 at all": Difference(proof(LOG, COSIGNER), BOTH, GOOD, GOOD, is_told=False),
    "nobody asks for a witness": Difference(proof(), (LOG_ENTRY,), GOOD, GOOD),
    "no witness has signed": Difference(proof(LOG), BOTH, ALONE, ALONE, is_told=False),
    "a witness known by ML-DSA-44 alone that has not signed": Difference(
        proof(LOG, COSIGNER),
        (LOG_ENTRY, of_kind(WITNESS_ENTRY, "ML-DSA-44")),
        ALONE,
        ALONE,
        is_told=False,
    ),
    # A right signature that the page cannot check is a warning.
    "a witness by ML-DSA-44 alone": Difference(proof(LOG, COSIGNER_PQ), BOTH, GOOD, UNCHECKED),
    "a witness known by ML-DSA-44 alone": Difference(
        proof(), (LOG_ENTRY, of_kind(WITNESS_ENTRY, "ML-DSA-44")), GOOD, UNCHECKED
    ),
    # A wrong one refuses for Python; the page cannot know, and says that it did not look.
    "a wrong one of the witness alone": Difference(
        proof(LOG, COSIGNER_PQ, wrong=WITNESS), BOTH, WRONG, UNCHECKED
    ),
    "a wrong one beside a right one": Difference(proof(wrong=WITNESS), BOTH, WRONG, GOOD),
    "a wrong one of the log": Difference(
        proof(LOG, LOG_PQ, COSIGNER, wrong=LOG.name), BOTH, WRONG, GOOD
    ),
    # Trust that ended is asked of those whose signatures were checked, and at the times they state.
    "a witness no longer trusted": Difference(
        proof(LOG, COSIGNER_PQ), (LOG_ENTRY, OLD_WITNESS), ENDED, UNCHECKED
    ),
    "a log trusted when its witness signed": Difference(
        proof(LOG, COSIGNER_PQ, at=AT - 2 * DAY),
        (OLD_LOG, WITNESS_ENTRY),
        GOOD,
        ENDED,
    ),
}


@pytest.fixture(scope="module")
def judged() -> dict[str, tuple[VerificationReport, dict[str, Any]]]:
    """Each case, by Python and by the page."""
    base = read("_evidence")
    tasks: list[dict[str, Any]] = []
    for case in CASES.values():
        listed = trust_list(entry(), *case.entries).sign(ROOT_KEY).decode()
        evidence = {**base, "trustList": listed, "logProof": case.proof}
        tasks.append({"credential": CREDENTIAL.decode(), "evidence": evidence})
    found = {}
    for name, task, result in zip(CASES, tasks, run(tasks), strict=True):
        known, at = evidence_from(task["evidence"])
        found[name] = (examine(CREDENTIAL, known, at=at), result)
    return found


@pytest.mark.parametrize("name", CASES)
def test_step_12_differs_as_it_is_written_down_and_no_other_step_does(
    name: str, judged: Mapping[str, tuple[VerificationReport, dict[str, Any]]]
) -> None:
    case, (report, result) = CASES[name], judged[name]
    python, page = steps_of(report), result["steps"]
    place = [step for step, *_ in python].index("log_inclusion")
    assert (*python[place][1:], report.verdict) == case.python
    assert (*page[place][1:], result["verdict"]) == case.page
    assert [*page[:place], *page[place + 1 :]] == [*python[:place], *python[place + 1 :]]
    assert (NOT_CHECKED in result["messages"][place]) is case.is_told
    assert NOT_CHECKED not in report.step("log_inclusion").message


def test_the_page_never_calls_more_valid_than_a_list_without_these_keys_would() -> None:
    """For the page it is as if these keys were not listed; but for a warning where that leaves no witness."""
    base = read("_evidence")
    for name, case in CASES.items():
        without = [of_kind(listed, "Ed25519") for listed in case.entries]
        listed = trust_list(entry(), *without).sign(ROOT_KEY).decode()
        known, at = evidence_from({**base, "trustList": listed, "logProof": case.proof})
        step = examine(CREDENTIAL, known, at=at).step("log_inclusion")
        assert case.page[:2] in {(step.outcome, step.reason_code), UNCHECKED[:2], ALONE[:2]}, name
        assert (case.page[0] == "passed") <= (step.outcome == "passed"), name
