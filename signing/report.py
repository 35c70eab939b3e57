"""What a verification found: numbered steps, each with an outcome, and one verdict over all.

The numbers, identifiers and reason codes are a public contract (README.md lists them); the verifier
page for browsers uses the same.
"""

from collections.abc import Container, Mapping
from datetime import UTC, datetime
from functools import lru_cache
from typing import Final, Literal, NamedTuple, Protocol

from signing.json_value import JsonValue

Outcome = Literal["passed", "failed", "warning", "not_checked"]
Verdict = Literal["valid", "valid_with_warnings", "invalid", "cannot_tell"]

# The steps in the order in which they are made; a step's number is its place, counted from 1.
STEPS: Final = (
    "parse",
    "format",
    "algorithm",
    "issuer_found",
    "issuer_trusted",
    "signature",
    "validity",
    "schema",
    "identifier",
    "version",
    "status",
    "log_inclusion",
    "factory_certificate",
    "footprint_study",
)
_NUMBERS: Final = {step: number for number, step in enumerate(STEPS, start=1)}

# Without these nothing can be claimed about a credential: not checked means "cannot tell".
# issuer_trusted and status have rules of their own, see `verdict_over`.
_INDISPENSABLE: Final = frozenset(
    {"parse", "format", "algorithm", "issuer_found", "signature", "validity"}
)


class CheckOutcome(Protocol):
    """What a check hands back; `Finding` and `StepResult` both are one."""

    @property
    def outcome(self) -> Outcome:
        """Whether the check passed, failed, warns, or could not be made."""

    @property
    def reason_code(self) -> str:
        """Stable snake-case code for machines."""

    @property
    def message(self) -> str:
        """One sentence for people."""


class Finding(NamedTuple):
    """Outcome of one check before it has a place in a report."""

    outcome: Outcome
    reason_code: str
    message: str


NOT_REACHED: Final = Finding("not_checked", "earlier_step_failed", "an earlier step failed")


class StepResult(NamedTuple):
    """Outcome of one numbered step.

    Attributes:
        number: Place in `STEPS`, counted from 1.
        step: Identifier from `STEPS`.
        outcome: Whether the step passed, failed, warns, or could not be made.
        reason_code: Stable snake-case code for machines.
        message: One sentence for people.
    """

    number: int
    step: str
    outcome: Outcome
    reason_code: str
    message: str

    def to_document(self) -> dict[str, JsonValue]:
        """This step as JSON."""
        return {
            "number": self.number,
            "step": self.step,
            "outcome": self.outcome,
            "reasonCode": self.reason_code,
            "message": self.message,
        }


class VerificationReport(NamedTuple):
    """All steps of one verification and the verdict over them.

    Attributes:
        verdict: One word over all steps, see `verdict_over`.
        steps: Exactly one result for each of `STEPS`, in order.
        credential: The payload as it was signed; ``None`` unless its signature was right, so that
            nobody shows content which nobody vouches for.
        checked_at: The instant for which validity and status were judged.
    """

    verdict: Verdict
    steps: tuple[StepResult, ...]
    credential: Mapping[str, JsonValue] | None
    checked_at: datetime

    @property
    def failed_step(self) -> StepResult | None:
        """The first step that failed, or ``None``."""
        return next((step for step in self.steps if step.outcome == "failed"), None)

    @property
    def undecided_step(self) -> StepResult | None:
        """The first step without which nothing can be claimed and that could not be made."""
        return next((step for step in self.steps if _is_undecided(step)), None)

    def step(self, name: str) -> StepResult:
        """The result of the step with this identifier.

        Raises:
            KeyError: There is no such step.
        """
        return self.steps[_NUMBERS[name] - 1]

    def to_document(self) -> dict[str, JsonValue]:
        """The report as JSON, without the credential itself."""
        failed = self.failed_step
        return {
            "verdict": self.verdict,
            "checkedAt": self.checked_at.astimezone(UTC).isoformat().replace("+00:00", "Z"),
            "failedStep": failed.step if failed else None,
            "steps": [step.to_document() for step in self.steps],
        }


# In a shipment nearly all passports have the same findings: then their steps are one object, which
# saves time when they are made and when they travel between processes.
@lru_cache(maxsize=4096)
def numbered(findings: tuple[Finding, ...]) -> tuple[Verdict, tuple[StepResult, ...]]:
    """The verdict over findings, one for each of `STEPS`, and the findings in their places."""
    steps = tuple(map(step_result, STEPS, findings))
    return verdict_over(steps), steps


@lru_cache(maxsize=4096)
def step_result(step: str, finding: Finding) -> StepResult:
    """A finding in its numbered place."""
    return StepResult(_NUMBERS[step], step, finding.outcome, finding.reason_code, finding.message)


def verdict_over(steps: tuple[StepResult, ...]) -> Verdict:
    """One verdict over all steps; every doubt counts against the credential.

    1. A failed step: ``invalid``.
    2. No signature checked, or a status list that the credential names was not at hand:
       ``cannot_tell``.
    3. A warning, or no trust list to say who the issuer is: ``valid_with_warnings``.
    4. Otherwise ``valid``. Steps for which the caller brought no evidence (no scanned link, no log
       proof, no certificate) remain visible as ``not_checked`` and do not change the verdict.
    """
    outcomes = {step.outcome for step in steps}
    if "failed" in outcomes:
        return "invalid"
    unchecked = [step for step in steps if step.outcome == "not_checked"]
    if any(_is_undecided(step) for step in unchecked):
        return "cannot_tell"
    if "warning" in outcomes or any(step.step == "issuer_trusted" for step in unchecked):
        return "valid_with_warnings"
    return "valid"


def _is_undecided(step: StepResult) -> bool:
    if step.outcome != "not_checked":
        return False
    harmless = _NOTHING_NAMED.get(step.step)
    return step.step in _INDISPENSABLE or (
        harmless is not None and step.reason_code not in harmless
    )


# A status list that a credential names and that was not at hand, or good for nothing, is a doubt.
# These say that it names none.
_NOTHING_NAMED: Final[Mapping[str, Container[str]]] = {
    "status": {"no_status_entry"},
    "version": {"no_version_evidence", "server_not_asked", "schema_violated"},
}
