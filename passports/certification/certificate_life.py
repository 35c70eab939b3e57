"""The life of a factory certificate: planned, valid, expiring, expired, suspended, withdrawn.

Days decide the first four; suspension, reinstatement and withdrawal are events that are added and never
taken away. Nothing here touches what was signed: a passport that cites a certificate learns of its state
when it is verified.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from enum import StrEnum
from typing import Any, Final

EXPIRING_WITHIN: Final = timedelta(days=60)  # our choice: time enough to ask for the next one


class CertificateStatus(StrEnum):
    """Where a certificate stands."""

    PLANNED = "planned"
    VALID = "valid"
    EXPIRING = "expiring"
    EXPIRED = "expired"
    SUSPENDED = "suspended"
    WITHDRAWN = "withdrawn"
    NOT_STATED = "not_stated"  # granted, for a period that its source does not state


class CertificateChange(StrEnum):
    """What can happen to a certificate."""

    SUSPENDED = "suspended"
    REINSTATED = "reinstated"
    WITHDRAWN = "withdrawn"


@dataclass(frozen=True)
class CertificateEvent:
    """One thing that happened to a certificate."""

    change: CertificateChange
    reason: str
    by_operator_id: str
    at: datetime

    def to_document(self) -> dict[str, str]:
        """Return the event as plain JSON data."""
        return {
            "change": self.change.value,
            "reason": self.reason,
            "by": self.by_operator_id,
            "at": self.at.isoformat(),
        }


@dataclass(frozen=True)
class CertificateStanding:
    """The state of a certificate on a day, and why."""

    status: CertificateStatus
    explanation: str
    on: date

    @property
    def is_in_doubt(self) -> bool:
        """Tell whether it must not be relied upon: never granted, suspended or withdrawn."""
        return self.status in {
            CertificateStatus.PLANNED,
            CertificateStatus.SUSPENDED,
            CertificateStatus.WITHDRAWN,
        }

    def to_document(self) -> dict[str, Any]:
        """Return the standing as plain JSON data."""
        return {"status": self.status.value, "explanation": self.explanation, "on": str(self.on)}


def standing_on(
    day: date,
    *,
    certified: bool,
    period: tuple[date | None, date | None],
    events: Sequence[CertificateEvent] = (),
) -> CertificateStanding:
    """Return where a certificate stands on a day; `period` is its first and last day, as stated."""
    last = events[-1] if events else None
    if last is not None and last.change is not CertificateChange.REINSTATED:
        status = CertificateStatus(last.change.value)
        said = f"{status.value} on {last.at.date()} by {last.by_operator_id}: {last.reason}"
        return CertificateStanding(status, said, day)
    if not certified:
        said = "planned or pending: it certifies nothing yet"
        return CertificateStanding(CertificateStatus.PLANNED, said, day)
    return _by_days(day, *period)


def _by_days(day: date, start: date | None, end: date | None) -> CertificateStanding:
    if start is not None and day < start:
        said = f"it begins on {start}"
        return CertificateStanding(CertificateStatus.PLANNED, said, day)
    if end is None:
        said = "its source states no last day"
        return CertificateStanding(CertificateStatus.NOT_STATED, said, day)
    if day > end:
        return CertificateStanding(CertificateStatus.EXPIRED, f"it ended on {end}", day)
    if end - day <= EXPIRING_WITHIN:
        return CertificateStanding(CertificateStatus.EXPIRING, f"it ends on {end}", day)
    return CertificateStanding(CertificateStatus.VALID, f"it holds until {end}", day)


def check_change(
    events: Sequence[CertificateEvent], change: CertificateChange
) -> tuple[str, str] | None:
    """Return reason and remedy why a change cannot follow what happened before, or None."""
    last = events[-1].change if events else None
    if last is CertificateChange.WITHDRAWN:
        return "it was withdrawn; that is for good", "Issue a new certificate."
    if change is CertificateChange.REINSTATED and last is not CertificateChange.SUSPENDED:
        return "it is not suspended", "Only a suspended certificate can be reinstated."
    if change is last:
        return f"it is {change.value} already", "Nothing has to be done."
    return None
