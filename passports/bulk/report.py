"""What became of a file of batteries or of models: counts, and row by row what is wrong with it."""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import date
from typing import Any, Final

from passports.bulk.files import SourceRow
from passports.errors import Finding

MAX_FINDINGS: Final = 1000
"""Findings that a report lists; the others are counted."""


@dataclass(frozen=True)
class RowFinding(Finding):
    """One thing that is wrong with a row; `column` is its heading in the file, empty for a constant."""

    column: str = ""

    @classmethod
    def of(cls, finding: Finding, line: int, column: str) -> "RowFinding":
        """Return a finding of the gates, at its place in the file."""
        return cls(finding.field, finding.value, finding.reason, finding.remedy, line, column)


@dataclass(slots=True)
class BatteryRow:
    """One row of the file as it was read; `findings` grow as it is judged.

    `is_present` says that this very battery has its passport already.
    """

    source: SourceRow
    batch_id: str = ""
    model_id: str = ""
    gtin: str = ""
    serial: str = ""
    manufactured_on: date | None = None
    facility_id: str = ""
    responsible_operator_id: str = ""
    profile: str = ""
    attributes: Mapping[str, Any] = field(default_factory=dict)
    findings: list[RowFinding] = field(default_factory=list)
    is_present: bool = False

    @property
    def line(self) -> int:
        """The line of the file."""
        return self.source.line


@dataclass
class BatchCount:
    """How many rows of one batch pass, were registered before, or are refused."""

    id: str
    model_id: str
    facility_id: str
    is_new: bool
    profile: str = ""
    passed: int = 0
    present: int = 0
    refused: int = 0

    def to_document(self) -> dict[str, Any]:
        """Return it as plain JSON data."""
        return {
            "id": self.id,
            "model_id": self.model_id,
            "facility_id": self.facility_id,
            "new": self.is_new,
            "passed": self.passed,
            "already_registered": self.present,
            "refused": self.refused,
        }


@dataclass(frozen=True)
class FileReport:
    """What became of the rows of a file.

    Attributes:
        is_dry_run: Nothing was registered, whatever the counts say.
        is_partial: The rows that pass are registered although others are refused.
        passed: Rows that pass every gate and are not registered yet.
        present: Rows of which exactly this is registered already.
        refused: Rows with findings.
        columns: Which column was read as which field.
        ignored: Columns that were not read, as was asked.
    """

    is_dry_run: bool
    is_partial: bool
    rows: int
    passed: int
    present: int
    refused: int
    columns: Mapping[str, str]
    ignored: Sequence[str]
    findings: Sequence[RowFinding]
    findings_total: int

    @property
    def is_accepted(self) -> bool:
        """Tell whether every row passed."""
        return self.refused == 0

    @property
    def is_carried_out(self) -> bool:
        """Tell whether the rows that pass are registered (or would be, if this were no dry run)."""
        return self.is_accepted or self.is_partial

    @property
    def registered(self) -> int:
        """How many rows were registered."""
        return self.passed if self.is_carried_out and not self.is_dry_run else 0

    def to_document(self) -> dict[str, Any]:
        """Return the report as plain JSON data."""
        return {
            "dry_run": self.is_dry_run,
            "partial": self.is_partial,
            "accepted": self.is_accepted,
            "rows": self.rows,
            "passed": self.passed,
            "registered": self.registered,
            "already_registered": self.present,
            "refused": self.refused,
            "columns": dict(self.columns),
            "ignored": list(self.ignored),
            "findings": [finding.to_document() for finding in self.findings],
            "findings_total": self.findings_total,
            "findings_left_out": self.findings_total - len(self.findings),
        }

    def grouped(self) -> Iterator[tuple[str, RowFinding]]:
        """Yield findings with their lines; neighbours that differ in nothing else are one."""
        start: RowFinding | None = None
        last = 0
        for finding in self.findings:
            if start is not None and _alike(start, finding):
                last = finding.line or 0
                continue
            if start is not None:
                yield _lines(start.line or 0, last), start
            start, last = finding, finding.line or 0
        if start is not None:
            yield _lines(start.line or 0, last), start


@dataclass(frozen=True)
class RegistrationReport(FileReport):
    """What became of a file of batteries."""

    batches: Sequence[BatchCount]

    def to_document(self) -> dict[str, Any]:
        """Return the report as plain JSON data."""
        return {
            **super().to_document(),
            "batches": [batch.to_document() for batch in self.batches],
        }


@dataclass(frozen=True)
class ModelsReport(FileReport):
    """What became of a file of battery models; `models` are those that passed or were there before."""

    models: Sequence[Mapping[str, Any]]

    def to_document(self) -> dict[str, Any]:
        """Return the report as plain JSON data."""
        return {**super().to_document(), "models": [dict(model) for model in self.models]}


def _alike(one: RowFinding, other: RowFinding) -> bool:
    return (one.column, one.field, one.value, one.reason) == (
        other.column,
        other.field,
        other.value,
        other.reason,
    )


def _lines(first: int, last: int) -> str:
    return str(first) if first == last else f"{first} to {last}"
