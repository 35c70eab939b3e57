"""Errors of the footprint engine. All derive from `LcaError`, carry data, and name a remedy.

An error holds one or more `Finding`; each says where (a path into the document, or file, sheet and
row), what was found there, why it is refused, and what would help.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable
from dataclasses import dataclass
from typing import Self

_SHOWN = 80
"""Characters of an offending value that are repeated in a message."""


@dataclass(frozen=True, slots=True)
class Finding:
    """One thing that is wrong with an input.

    Attributes:
        path: Where, e.g. `activities[2].exchanges[0].amount`, or a column of a sheet.
        value: What stood there, shortened.
        reason: Why it cannot be used.
        remedy: What to do about it.
        file: Name of the file, where there is one.
        sheet: Name of the sheet, where there is one.
        row: Row number as a spreadsheet shows it (the first row is 1).
    """

    path: str
    value: str
    reason: str
    remedy: str
    file: str | None = None
    sheet: str | None = None
    row: int | None = None

    def __str__(self) -> str:
        place = ", ".join(
            part
            for part in (
                self.file,
                f"sheet {self.sheet}" if self.sheet else None,
                f"row {self.row}" if self.row else None,
                self.path,
            )
            if part
        )
        found = f" ({self.value})" if self.value else ""
        return f"{place}{found}: {self.reason}; {self.remedy}"


def shown(value: object) -> str:
    """Return a value as it may stand in a finding: on one line and short."""
    if isinstance(value, int) and abs(value) >= 10**_SHOWN:
        return "an integer of more than 80 digits"
    text = value if isinstance(value, str) else repr(value)
    flat = " ".join(text.split())
    return flat if len(flat) <= _SHOWN else f"{flat[: _SHOWN - 1]}…"


class LcaError(Exception):
    """Base of all errors of this package.

    Attributes:
        findings: At least one finding.
    """

    def __init__(self, findings: Iterable[Finding]) -> None:
        self.findings: tuple[Finding, ...] = tuple(findings)
        super().__init__(" | ".join(str(finding) for finding in self.findings))

    def placed(self, place: Callable[[Finding], Finding]) -> Self:
        """Return the same error whose findings say where they are in a file."""
        other = type(self)(place(finding) for finding in self.findings)
        for name, value in vars(self).items():
            if name != "findings":
                setattr(other, name, value)
        return other

    def __reduce__(self) -> tuple[type[LcaError], tuple[tuple[Finding, ...]]]:
        return type(self), (self.findings,)


class InventoryError(LcaError):
    """The inventory document cannot be read as one. Nothing of it was taken over."""


class SheetError(InventoryError):
    """A spreadsheet or CSV file cannot be read as an inventory."""


class IncompleteInventoryError(LcaError):
    """The inventory lacks data that its ruleset requires, such as company-specific data."""


class DatasetError(LcaError):
    """A dataset's files contradict themselves: names the file and the row."""


class FactorImportError(LcaError):
    """A foreign file cannot be taken over as emission factors."""


class UnknownActivityError(LcaError):
    """An exchange names an activity that the inventory does not contain."""


class UnknownUnitError(LcaError):
    """A unit is not in the table of units."""


class UnitMismatchError(LcaError):
    """Two units that must have the same dimension do not."""


class BoundaryMismatchError(LcaError):
    """Two system boundaries would meet in one sum (`direct_co2`, `direct_ghg`, `lca`)."""


class MissingFactorError(LcaError):
    """No such factor, or one that may not be used. The nearest candidates are named, none is taken.

    Attributes:
        candidates: Identifiers of similar factors, best first, by the identifier that was missed.
    """

    def __init__(
        self, findings: Iterable[Finding], candidates: dict[str, tuple[str, ...]] | None = None
    ) -> None:
        super().__init__(findings)
        self.candidates = candidates or {}


class ImplausibleFactorError(LcaError):
    """A factor lies outside the plausible band of its kind and no reason overrides it."""


class LicenceError(LcaError):
    """A licensed value would leave in an export."""


class UnknownRulesetError(LcaError):
    """No ruleset has this identifier."""


class RulesetError(LcaError):
    """A ruleset file is not a ruleset."""


class UnsolvableSystemError(LcaError):
    """The linear system has no solution, or more than one, or one that makes no sense."""


class ScenarioError(LcaError):
    """A what-if question cannot be asked of this inventory."""


class AuditError(LcaError):
    """An audit bundle does not recompute to what it states. The findings name each difference."""
