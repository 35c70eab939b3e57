"""What `voltpass verify` prints: of one passport each step, of several one line each."""

from collections import Counter
from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Any, Final

from api.commands.terminal import out
from passports.errors import shorten
from passports.plurals import counted

if TYPE_CHECKING:
    from api.verifying_alone import Examined
    from signing.report import StepResult, VerificationReport

_MARKS: Final = {
    "passed": "[green]✓[/]",
    "failed": "[bold red]✗[/]",
    "warning": "[yellow]![/]",
}
_WORDS: Final = {
    "valid": "[bold green]VALID[/]",
    "valid_with_warnings": "[bold green]VALID[/], [yellow]with warnings[/]",
    "invalid": "[bold red]INVALID[/]",
    "cannot_tell": "[bold yellow]CANNOT TELL[/]",
}
# The steps of more are in the JSON form.
_DETAILED: Final = 20


def print_findings(found: "Sequence[Examined]", verdict: str, document: Mapping[str, Any]) -> None:
    """Print what was found, the verdict over all, and what to do where nobody is believed."""
    if len(found) == 1:
        _print_steps(found[0].report)
        _print_receipt(found[0].report)
    else:
        for number, examined in enumerate(found, start=1):
            _print_line(number, examined)
        _print_details(found)
    counts = Counter[str](examined.report.verdict for examined in found)
    told = ", ".join(f"{counts[word]} {_WORDS[word]}" for word in _WORDS if counts[word])
    is_receipt = len(found) == 1 and found[0].subject.receipt is not None
    subjects = counted(len(found), "receipts" if is_receipt else "passports")
    both = f" ({told})" if len(counts) > 1 else ""
    out.print(f"{subjects}: {_WORDS[verdict]}{both}", soft_wrap=True)
    if document["trustRoot"] is not None:
        root = f"believed under the root key {document['trustRoot']}"
        out.print(root, markup=False, soft_wrap=True)
    elif document["remedy"]:
        out.print(document["remedy"], markup=False, soft_wrap=True)


def _print_steps(report: "VerificationReport") -> None:
    for step in report.steps:
        mark = _MARKS.get(step.outcome, "[dim]·[/]")
        out.print(f" {mark} {step.number:2} {step.step:20}", end=" ")
        out.print(step.message, markup=False)


def _print_line(number: int, examined: "Examined") -> None:
    report, names = examined.report, examined.names()
    name = names["serial"] or names["passportId"] or "it does not say which battery it is of"
    said = "" if report.credential is not None else ", as it says itself"
    step = _decisive(report)
    why = f": step {step.number} {step.step}: {step.message}" if step is not None else ""
    out.print(f"{number:5} ", end="")
    out.print(f"{shorten(name)}{said}", end="  ", markup=False, soft_wrap=True)
    out.print(_WORDS[report.verdict], end="")
    out.print(shorten(why, 300), markup=False, soft_wrap=True)


def _decisive(report: "VerificationReport") -> "StepResult | None":
    """The step for which a passport is not simply valid."""
    doubts = (step for step in report.steps if step.outcome == "warning")
    decisive = report.failed_step or report.undecided_step or next(doubts, None)
    if decisive is None and report.verdict != "valid":
        return report.step("issuer_trusted")
    return decisive


def _print_details(found: "Sequence[Examined]") -> None:
    refused = [one for one in found if not one.report.verdict.startswith("valid")]
    for examined in refused[:_DETAILED]:
        names = examined.names()
        name = names["link"] or names["passportId"] or "a passport that cannot be read"
        out.print(f"\n{shorten(name, 200)}", markup=False, soft_wrap=True)
        _print_steps(examined.report)
    if len(refused) > _DETAILED:
        out.print(f"\nThe steps of {len(refused) - _DETAILED} more: --json")
    if refused:
        out.print("")


def _print_receipt(report: "VerificationReport") -> None:
    """Of a receipt, what was signed: a print is compared with it by eye."""
    subject = (report.credential or {}).get("credentialSubject")
    if not isinstance(subject, Mapping) or "rowsSha256" not in subject:
        return
    for name in ("server", "reference", "checkedAt", "counts", "listSha256", "rowsSha256"):
        out.print(f"   {name}: {shorten(subject.get(name), 300)}", markup=False, soft_wrap=True)
