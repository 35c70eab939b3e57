"""A verification report in plain words: what was checked, what is doubtful, what was not checked."""

from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import Final

from api.pages import words
from api.pages.figures import day
from api.pages.plain_words import lines_of, told
from api.pages.reading import child, text
from signing.report import StepResult, VerificationReport

ENDED: Final = "ended"
# Steps that judge several things, such as certificates, and say something of each.
_OF_SEVERAL: Final = frozenset({"factory_certificate", "footprint_study"})
# What a passport's end looks like to the checks: a lawful end (Art. 77(8)), not a fault.
_OF_AN_END: Final = frozenset({("version", "passport_ceased"), ("status", "revoked")})


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
    lines: tuple[str, ...]

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
            (len(self.those(ENDED)), "telling of its end"),
        ]
        return f"{len(self.steps)} checks: " + ", ".join(f"{n} {what}" for n, what in counts if n)


def view_verdict(
    report: VerificationReport, checked_at: str, *, checked_online: bool
) -> VerdictView:
    """Put a report into words; a passport whose battery was recycled has ended, it has not failed."""
    said = words.VERDICTS.get(report.verdict, words.VERDICTS["cannot_tell"])
    how = (
        "with the issuer's keys, status and evidence as published at that moment"
        if checked_online
        else "with the evidence that was at hand, without asking the issuer"
    )
    view = VerdictView(
        id=report.verdict,
        title=said.title,
        sentence=said.sentence,
        tone=said.tone,
        how=how,
        checked_at=checked_at,
        steps=tuple(_view_steps(report.steps, _profile(report))),
        signed_content=report.credential is not None,
    )
    return _ended(view, _ended_on(report)) if _has_ended(view) else view


def _ended_on(report: VerificationReport) -> str:
    subject = child(report.credential or {}, "credentialSubject")
    ended = text(child(subject, "ceased"), "at")
    return "" if ended is None else f" on {day(ended)}"


def _profile(report: VerificationReport) -> str | None:
    return text(child(report.credential or {}, "credentialSubject"), "profile")


def _has_ended(view: VerdictView) -> bool:
    failed = {(step.id, step.reason_code) for step in view.those("failed")}
    return view.signed_content and ("version", "passport_ceased") in failed <= _OF_AN_END


def _ended(view: VerdictView, when: str) -> VerdictView:
    steps = tuple(
        replace(step, outcome=ENDED, outcome_word=ENDED) if step.outcome == "failed" else step
        for step in view.steps
    )
    return replace(
        view,
        title="Ended: recycled",
        sentence=f"The battery was recycled, and its passport ended{when}. That is not a fault.",
        tone=ENDED,
        steps=steps,
    )


def _view_steps(steps: Sequence[StepResult], profile: str | None) -> list[StepView]:
    views = []
    for step in steps:
        known = words.STEPS.get(step.step)
        title = known.title if known else words.readable(step.step)
        message = words.capitalised(told(step.message))
        lines = tuple(words.capitalised(line) for line in lines_of(step.message))
        says = known.passed if known and step.outcome == "passed" else message
        if step.step == "schema" and step.outcome == "passed" and profile is not None:
            says = f"{says} (profile {profile})"
        views.append(
            StepView(
                number=step.number,
                id=step.step,
                title=title,
                asks=known.asks if known else "",
                outcome=step.outcome,
                outcome_word=words.OUTCOMES[step.outcome],
                says=says,
                message=message,
                reason_code=step.reason_code,
                lines=lines if step.step in _OF_SEVERAL else (message,),
            )
        )
    return views
