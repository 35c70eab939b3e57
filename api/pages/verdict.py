"""A verification report in plain words: what was checked, what is doubtful, what was not checked."""

from collections.abc import Sequence
from dataclasses import dataclass

from api.pages import words
from signing.report import StepResult, VerificationReport


@dataclass(frozen=True)
class StepView:
    """One numbered step as a person reads it."""

    number: int
    id: str
    title: str
    asks: str
    outcome: str
    outcome_word: str
    says: str
    message: str
    reason_code: str

    @property
    def is_open(self) -> bool:
        """Tell whether the step is shown unfolded: it holds something to know."""
        return self.outcome in {"failed", "warning"}


@dataclass(frozen=True)
class VerdictView:
    """The verdict strip.

    Attributes:
        signed_content: Whether the signature was right, so that the content may be shown as signed.
        how: How and when the check was made.
    """

    id: str
    title: str
    sentence: str
    tone: str
    how: str
    checked_at: str
    steps: tuple[StepView, ...]
    signed_content: bool

    def those(self, *outcomes: str) -> tuple[StepView, ...]:
        """Return the steps with one of these outcomes."""
        return tuple(step for step in self.steps if step.outcome in outcomes)

    @property
    def not_checked(self) -> list[tuple[str, list[str]]]:
        """Why steps were not made, each reason once, with the titles of its steps."""
        reasons: dict[str, list[str]] = {}
        for step in self.those("not_checked"):
            reasons.setdefault(step.message, []).append(step.title)
        return list(reasons.items())

    @property
    def tally(self) -> str:
        """The outcomes in numbers, as a sentence."""
        counts = [
            (len(self.those("passed")), "passed"),
            (len(self.those("failed")), "failed"),
            (len(self.those("warning")), "with a reservation"),
            (len(self.those("not_checked")), "not checked"),
        ]
        return f"{len(self.steps)} checks: " + ", ".join(f"{n} {what}" for n, what in counts if n)


def view_verdict(
    report: VerificationReport, checked_at: str, *, checked_online: bool
) -> VerdictView:
    """Put a report into words."""
    said = words.VERDICTS.get(report.verdict, words.VERDICTS["cannot_tell"])
    how = (
        "with the issuer's keys, status and evidence as published at that moment"
        if checked_online
        else "with the evidence that was at hand, without asking the issuer"
    )
    return VerdictView(
        id=report.verdict,
        title=said.title,
        sentence=said.sentence,
        tone=said.tone,
        how=how,
        checked_at=checked_at,
        steps=tuple(_view_steps(report.steps)),
        signed_content=report.credential is not None,
    )


def _view_steps(steps: Sequence[StepResult]) -> list[StepView]:
    views = []
    for step in steps:
        known = words.STEPS.get(step.step)
        title = known.title if known else words.readable(step.step)
        message = words.capitalised(step.message)
        views.append(
            StepView(
                number=step.number,
                id=step.step,
                title=title,
                asks=known.asks if known else "",
                outcome=step.outcome,
                outcome_word=words.OUTCOMES[step.outcome],
                says=known.passed if known and step.outcome == "passed" else message,
                message=message,
                reason_code=step.reason_code,
            )
        )
    return views
