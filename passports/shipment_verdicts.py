"""What is found of each row of a container list: a verdict, why, and which rows name the same battery.

A counterfeit has a copied serial: its label leads to a host of the copyist's, or the same label stands
twice. Both are doubts about the row, whatever the genuine passport's own verification found.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any, Final

from passports.errors import shorten
from passports.identifiers import PublicAddress, UniqueProductIdentifier, host_of_link
from passports.shipment_list import ShipmentEntry
from passports.store import PassportRow
from passports.verification.checks import led_elsewhere
from signing.report import VerificationReport

# Of a link that stands more often only the first lines are named; how often is said.
_LINES_NAMED: Final = 20

_Note = tuple[str, str]  # reason code and sentence


@dataclass(frozen=True)
class ShipmentVerdict:
    """What was found of one row.

    Attributes:
        line: Its line in the list.
        link: The row's link as it stood there, or its GTIN and serial.
        verdict: That of the passport's verification, at best `valid_with_warnings` where the row itself
            is doubtful; or `unknown` (no passport under this link here), or `unreadable` (no link).
        reason: Why, in words.
        failed_step: The first step that failed.
        duplicate_of_line: The first line with this battery, on lines that repeat it.
        passport_id: The passport that was found.
        sha256: Its hash.
        passport_link: The link in the passport that was found, the one its maker printed.
        reason_codes: Why, for machines.
        same_on_lines: The (first 20) lines that name this battery, where there are several.
    """

    line: int
    link: str
    verdict: str
    reason: str
    failed_step: str | None = None
    duplicate_of_line: int | None = None
    passport_id: str | None = None
    sha256: str | None = None
    passport_link: str | None = None
    reason_codes: Sequence[str] = ()
    same_on_lines: Sequence[int] = ()

    def to_document(self) -> dict[str, Any]:
        """Return the row as plain JSON data."""
        lists = {
            "reason_codes": list(self.reason_codes),
            "same_on_lines": list(self.same_on_lines),
        }
        return {**self.__dict__, **lists}  # texts and numbers only; asdict would copy each of them


class ShipmentVerdicts:
    """The verdicts over the rows of one list."""

    def __init__(
        self,
        entries: Sequence[ShipmentEntry],
        found: Mapping[UniqueProductIdentifier, PassportRow],
        reports: Mapping[UniqueProductIdentifier, VerificationReport],
        address: PublicAddress,
        kept: Mapping[str, str],
    ) -> None:
        """Begin with what was found of each battery; `kept`: base URLs of the operators kept here."""
        self._entries, self._found, self._reports = entries, found, reports
        self._address, self._kept = address, kept
        self._lines: dict[UniqueProductIdentifier, list[int]] = {}
        for entry in entries:
            if entry.identifier is not None:
                self._lines.setdefault(entry.identifier, []).append(entry.line)
        self._repeats = {one: _repeat(lines) for one, lines in self._lines.items() if lines[1:]}

    def rows(self) -> list[ShipmentVerdict]:
        """Return the verdict of each row, in order."""
        return [self._row(entry) for entry in self._entries]

    def counts(self, rows: Sequence[ShipmentVerdict]) -> dict[str, int]:
        """Return how many rows there are, how many batteries they name, and rows by verdict.

        `rows` = `distinct_links` + `duplicates` + `unreadable`; `distinct_links` = `known_here` +
        `not_known_here`.
        """
        known, distinct = len(self._found), len(self._lines)
        counts = {
            "rows": len(rows),
            "distinct_links": distinct,
            "duplicates": sum(map(len, self._lines.values())) - distinct,
            "known_here": known,
            "not_known_here": distinct - known,
        }
        for row in rows:
            counts[row.verdict] = counts.get(row.verdict, 0) + 1
        return counts

    def _row(self, entry: ShipmentEntry) -> ShipmentVerdict:
        identifier = entry.identifier
        if identifier is None:
            return ShipmentVerdict(
                entry.line, entry.text, "unreadable", entry.reason, reason_codes=("no_link",)
            )
        if identifier not in self._found:
            note = "not_issued_here", self._not_issued(entry)
            return self._verdict(entry, identifier, "unknown", [note])
        return self._known(entry, identifier, self._found[identifier])

    def _not_issued(self, entry: ShipmentEntry) -> str:
        host = entry.host
        reason = "no passport was issued here under this identifier"
        if host is None or host == host_of_link(self._address.base_url):
            return reason
        return f"{reason}; the label leads to {shorten(host)}"

    def _known(
        self, entry: ShipmentEntry, identifier: UniqueProductIdentifier, row: PassportRow
    ) -> ShipmentVerdict:
        report = self._reports[identifier]
        base_url = self._kept.get(row.operator_id, self._address.base_url)
        elsewhere = entry.host is not None and entry.host != host_of_link(base_url)
        notes = _decisive(report)
        if elsewhere:
            notes.append(led_elsewhere(entry.text, base_url))
        doubtful = elsewhere or identifier in self._repeats
        at_best = report.verdict == "valid" and doubtful
        verdict = "valid_with_warnings" if at_best else report.verdict
        failed = report.failed_step
        return replace(
            self._verdict(entry, identifier, verdict, notes, _doubts(report)),
            failed_step=failed.step if failed is not None else None,
            passport_id=row.id,
            sha256=row.sha256,
            passport_link=base_url + identifier.path,
        )

    def _verdict(
        self,
        entry: ShipmentEntry,
        identifier: UniqueProductIdentifier,
        verdict: str,
        notes: list[_Note],
        doubts: Sequence[_Note] = (),
    ) -> ShipmentVerdict:
        repeat = self._repeats.get(identifier)
        lines = self._lines[identifier]
        if repeat is not None:
            notes.append(repeat)
        notes += doubts
        return ShipmentVerdict(
            line=entry.line,
            link=entry.text,
            verdict=verdict,
            reason="; ".join(sentence for _, sentence in notes),
            duplicate_of_line=lines[0] if lines[0] != entry.line else None,
            reason_codes=tuple(code for code, _ in notes),
            same_on_lines=lines[:_LINES_NAMED] if repeat is not None else (),
        )


def _repeat(lines: Sequence[int]) -> _Note:
    named = ", ".join(map(str, lines[:_LINES_NAMED]))
    more = f" and {len(lines) - _LINES_NAMED} more" if len(lines) > _LINES_NAMED else ""
    sentence = (
        f"stands {len(lines)} times, on lines {named}{more}: scanned twice, or a copied label"
    )
    return "repeated", sentence


def _decisive(report: VerificationReport) -> list[_Note]:
    """The step that failed, or that could not be made and without which nothing can be told."""
    step = report.failed_step or report.undecided_step
    return [(step.reason_code, step.message)] if step is not None else []


def _doubts(report: VerificationReport) -> list[_Note]:
    """The warnings about a passport that is valid; they come last, for they are the longest."""
    if report.verdict != "valid_with_warnings":
        return []
    doubts = (step for step in report.steps if step.outcome == "warning")
    return [(step.reason_code, step.message) for step in doubts]
