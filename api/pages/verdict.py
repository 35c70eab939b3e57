"""A verification report in plain words: what was checked, what is doubtful, what was not checked."""

from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import Final

from api.pages import words
from api.pages.figures import day
from api.pages.languages import ENGLISH, comma, gettext, language, message, pgettext
from api.pages.plain_words import lines_of, told
from api.pages.reading import child, text
from api.pages.reason_words import explanation
from signing.report import StepResult, VerificationReport

ENDED: Final = "ended"
_ENDED_WORD: Final = message("ended")
# Steps that judge several things, such as certificates, and say something of each.
_OF_SEVERAL: Final = frozenset({"factory_certificate", "footprint_study"})
# What a passport's end looks like to the checks: a lawful end (Art. 77(8)), not a fault.
_OF_AN_END: Final = frozenset({("version", "passport_ceased"), ("status", "revoked")})


@dataclass(frozen=True)
class StepView:
    """One numbered step as a person reads it.

    Attributes:
        lines: What the check said, in its own words, which are English.
        explained: What its reason means, in the page's language, where that is another one.
    """

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
    explained: str | None = None

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
            reasons.setdefault(step.explained or step.message, []).append(step.title)
        return list(reasons.items())

    @property
    def tally(self) -> str:
        """The outcomes in numbers, as a sentence."""
        counts = [
            (len(self.those("passed")), pgettext("counted", "passed")),
            (len(self.those("failed")), pgettext("counted", "failed")),
            (len(self.those("warning")), pgettext("counted", "with a reservation")),
            (len(self.those("not_checked")), pgettext("counted", "not checked")),
            (len(self.those(ENDED)), pgettext("counted", "telling of its end")),
        ]
        listed = comma().join(f"{n} {what}" for n, what in counts if n)
        return gettext("%(number)s checks: %(listed)s", number=len(self.steps), listed=listed)


def view_verdict(
    report: VerificationReport, checked_at: str, *, checked_online: bool
) -> VerdictView:
    """Put a report into words; a passport whose battery was recycled has ended, it has not failed."""
    said = words.VERDICTS.get(report.verdict, words.VERDICTS["cannot_tell"])
    how = (
        gettext("with the issuer's keys, status and evidence as published at that moment")
        if checked_online
        else gettext("with the evidence that was at hand, without asking the issuer")
    )
    view = VerdictView(
        id=report.verdict,
        title=gettext(said.title),
        sentence=gettext(said.sentence),
        tone=said.tone,
        how=how,
        checked_at=checked_at,
        steps=tuple(_view_steps(report.steps, _profile(report))),
        signed_content=report.credential is not None,
    )
    return _ended(view, _ended_on(report)) if _has_ended(view) else view


def _ended_on(report: VerificationReport) -> str | None:
    subject = child(report.credential or {}, "credentialSubject")
    ended = text(child(subject, "ceased"), "at")
    return None if ended is None else day(ended)


def _profile(report: VerificationReport) -> str | None:
    return text(child(report.credential or {}, "credentialSubject"), "profile")


def _has_ended(view: VerdictView) -> bool:
    failed = {(step.id, step.reason_code) for step in view.those("failed")}
    return view.signed_content and ("version", "passport_ceased") in failed <= _OF_AN_END


def _ended(view: VerdictView, when: str | None) -> VerdictView:
    steps = tuple(
        replace(step, outcome=ENDED, outcome_word=gettext(_ENDED_WORD))
        if step.outcome == "failed"
        else step
        for step in view.steps
    )
    sentence = (
        gettext("The battery was recycled, and its passport ended. That is not a fault.")
        if when is None
        else gettext(
            "The battery was recycled, and its passport ended on %(day)s. That is not a fault.",
            day=when,
        )
    )
    return replace(
        view,
        title=gettext("Ended: recycled"),
        sentence=sentence,
        tone=ENDED,
        steps=steps,
    )


def _view_steps(steps: Sequence[StepResult], profile: str | None) -> list[StepView]:
    return [_view_step(step, profile) for step in steps]


def _view_step(step: StepResult, profile: str | None) -> StepView:
    known = words.STEPS.get(step.step)
    said = words.capitalised(told(step.message))
    lines = tuple(words.capitalised(line) for line in lines_of(step.message))
    explained = _explained(step, known)
    says = gettext(known.passed) if known and step.outcome == "passed" else explained or said
    if step.step == "schema" and step.outcome == "passed" and profile is not None:
        says = gettext("%(says)s (profile %(profile)s)", says=says, profile=profile)
    return StepView(
        number=step.number,
        id=step.step,
        title=gettext(known.title) if known else words.readable(step.step),
        asks=gettext(known.asks) if known else "",
        outcome=step.outcome,
        outcome_word=words.OUTCOMES[step.outcome],
        says=says,
        message=said,
        reason_code=step.reason_code,
        lines=lines if step.step in _OF_SEVERAL else (said,),
        explained=explained,
    )


def _explained(step: StepResult, known: words.StepWords | None) -> str | None:
    """Return what a step's reason means; in English the check's own words say it, and more exactly."""
    if language().code == ENGLISH:
        return None
    if known is not None and step.outcome == "passed":
        return gettext(known.passed)
    return explanation(step.step, step.outcome, step.reason_code)
