"""Versions of attribute data as they are stored: append-only, each with actor, reason and time."""

import hashlib
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, replace
from datetime import datetime
from typing import Any, Self

import orjson

from passports.attributes.table import Granularity
from passports.store import AttributeVersionRow, Transaction
from signing.instants import format_instant


@dataclass(frozen=True)
class Subject:
    """Whose attributes: a model, a batch or a battery (by its passport's identifier) of an operator."""

    level: Granularity
    operator_id: str
    id: str


@dataclass(frozen=True)
class GivenValue:
    """A value as it is stored."""

    value: Any
    by: str
    at: str
    version: int


@dataclass(frozen=True)
class AttributeVersion:
    """One version of a subject's attribute data."""

    subject: Subject
    version: int
    actor: str
    reason: str
    recorded_at: datetime
    values: Mapping[str, GivenValue]

    def showing(self, is_shown: Callable[[str, GivenValue], bool]) -> Self:
        """Return it with some of its values only: it holds all that are given, by whomever."""
        shown = {name: given for name, given in self.values.items() if is_shown(name, given)}
        return replace(self, values=shown)

    def written_by(self, operator_id: str) -> Self:
        """Return it with the values that an operator has written itself."""
        return self.showing(lambda _name, given: given.by == operator_id)

    def to_document(self) -> dict[str, Any]:
        """Return it as plain JSON data, for who may see all of it."""
        return {
            "level": self.subject.level.value,
            "subject": self.subject.id,
            "version": self.version,
            "actor": self.actor,
            "reason": self.reason,
            "recorded_at": format_instant(self.recorded_at),
            "values": {name: given.value for name, given in self.values.items()},
        }


def newest_version(
    transaction: Transaction, subject: Subject, at: datetime | None = None
) -> AttributeVersion | None:
    """Return the newest version of a subject's data (the newest there was at an instant), or None."""
    row = transaction.attribute_versions.newest(
        subject.operator_id, subject.level.value, subject.id, at
    )
    return None if row is None else read_version(row)


def all_versions(transaction: Transaction, subject: Subject) -> Iterator[AttributeVersion]:
    """Yield every version of a subject's data, newest first."""
    for row in transaction.attribute_versions.versions(
        subject.operator_id, subject.level.value, subject.id
    ):
        yield read_version(row)


def add_version(transaction: Transaction, version: AttributeVersion) -> None:
    """Store a new version."""
    transaction.attribute_versions.add(_row(version))


def _row(version: AttributeVersion) -> AttributeVersionRow:
    values = {
        name: {"value": v.value, "by": v.by, "at": v.at, "version": v.version}
        for name, v in version.values.items()
    }
    document = orjson.dumps({"values": values})
    return AttributeVersionRow(
        operator_id=version.subject.operator_id,
        level=version.subject.level.value,
        subject_id=version.subject.id,
        version=version.version,
        actor=version.actor,
        reason=version.reason,
        recorded_at=version.recorded_at,
        document=document,
        sha256=hashlib.sha256(document).hexdigest(),
    )


def read_version(row: AttributeVersionRow) -> AttributeVersion:
    """Read a version as it was stored."""
    values = orjson.loads(row.document)["values"]
    return AttributeVersion(
        subject=Subject(Granularity(row.level), row.operator_id, row.subject_id),
        version=row.version,
        actor=row.actor,
        reason=row.reason,
        recorded_at=row.recorded_at,
        values={name: GivenValue(**given) for name, given in values.items()},
    )
