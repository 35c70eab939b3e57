"""What became of a file of batteries or of models: in words for people, as JSON, and as exit code."""

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Final

import typer
from rich.table import Table

from api.commands.console import EXIT_REFUSED, emit, out
from api.commands.rejects import refused_rows
from passports.errors import RegistrationRefusedError
from passports.plurals import counted

if TYPE_CHECKING:
    from passports.bulk import FileReport


_SHOWN: Final = 50  # findings on the screen; --json has up to a thousand


@dataclass(frozen=True)
class RegistrationWords:
    """What is done with the rows of a file.

    Attributes:
        registered: What is done: `issued`, `registered`.
        things: What comes of it, in the plural: `passports`, `models`.
        asked: What a dry run is about, in the plural.
    """

    registered: str
    things: str
    asked: str


@contextmanager
def refusal_shown(words: RegistrationWords, *, as_json: bool) -> Iterator[None]:
    """Show the report of a file that is refused as a whole, and end with its exit code."""
    from passports.bulk import FileReport

    try:
        yield
    except RegistrationRefusedError as error:
        report = error.report
        assert isinstance(report, FileReport)  # whoever raises it gives one
        _show(report, words, None, as_json=as_json, again="")
        raise typer.Exit(EXIT_REFUSED) from None


def end_with(
    report: "FileReport",
    words: RegistrationWords,
    rejects: Path | None,
    *,
    as_json: bool,
    again: str,
) -> None:
    """Show the report of a file that was registered, or tried; `again` says what to do with rejects.

    Raises:
        Exit: rows were refused.
    """
    _show(report, words, rejects, as_json=as_json, again=again)
    if not report.is_accepted:
        raise typer.Exit(EXIT_REFUSED)


def _show(
    report: "FileReport",
    words: RegistrationWords,
    rejects: Path | None,
    *,
    as_json: bool,
    again: str,
) -> None:
    document = {**report.to_document(), "rejects": str(rejects) if rejects else None}
    emit(document, as_json=as_json, text=lambda: _print(report, words, again))


def _print(report: "FileReport", words: RegistrationWords, again: str) -> None:
    columns = ", ".join(f"{heading} = {name}" for heading, name in report.columns.items())
    out.print(f"read as: {columns}", markup=False)
    if report.ignored:
        out.print(f"not read: {', '.join(report.ignored)}", markup=False)
    for line in _batches(report):
        out.print(line, markup=False)
    out.print(_verdict(report, words), markup=False)
    if report.findings:
        _print_findings(report)
    if again:
        out.print(again, markup=False)


def _batches(report: "FileReport") -> Iterator[str]:
    """Yield a line for each batch of a file of batteries."""
    from passports.bulk import RegistrationReport

    if not isinstance(report, RegistrationReport):
        return
    for batch in report.batches:
        state = "new" if batch.is_new else "issued before"
        counts = [f"{batch.passed} pass"]
        counts += [f"{batch.present} registered before"] if batch.present else []
        counts += [f"{batch.refused} refused"] if batch.refused else []
        yield f"batch {batch.id} ({state}): {', '.join(counts)}"


def _verdict(report: "FileReport", words: RegistrationWords) -> str:
    before = f"; {report.present} had been registered before" if report.present else ""
    refused = f"; {refused_rows(report.refused)}" if report.refused else ""
    if report.is_dry_run:
        asked = counted(report.rows, words.asked)
        return f"dry run: {report.passed} of {asked} would be {words.registered}{before}{refused}"
    if not report.is_carried_out:
        others = "; --partial --rejects FILE registers the others" if report.passed else ""
        refused = refused_rows(report.refused, report.rows)
        return f"nothing was {words.registered}: {refused}{others}"
    made = counted(report.registered, words.things)
    return f"{words.registered} {made} of {counted(report.rows, 'rows')}{before}{refused}"


def _print_findings(report: "FileReport") -> None:
    """Print what is wrong, line by line."""
    table = Table("line", "column", "value", "reason", "suggested fix", box=None, pad_edge=False)
    grouped = list(report.grouped())
    for lines, finding in grouped[:_SHOWN]:
        cells = (
            lines,
            finding.column or finding.field,
            finding.value,
            finding.reason,
            finding.remedy,
        )
        table.add_row(*(cell.replace("[", r"\[") for cell in cells))
    out.print(table, soft_wrap=False)
    shown = grouped[:_SHOWN]
    left = report.findings_total - sum(_count(lines) for lines, _finding in shown)
    if left > 0:
        more = counted(left, "more findings")
        out.print(f"and {more}; --json lists up to 1000, --rejects all", markup=False)


def _count(lines: str) -> int:
    first, _, last = lines.partition(" to ")
    return int(last or first) - int(first) + 1
