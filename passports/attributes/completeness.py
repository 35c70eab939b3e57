"""Completeness: what is missing for a category, a profile and a day; of a model, also before issuing.

A model's report looks at what the model and, where one is named, a batch have; what comes with each
battery is listed as such. A battery's report looks at everything. The report is for who answers for the
data: that something is missing can itself be restricted.
"""

from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date
from enum import StrEnum
from typing import Any, Final

from passports.attributes.table import (
    AccessPoint,
    Attribute,
    Granularity,
    Profile,
    Requirement,
    attributes,
    get_profile,
)
from passports.attributes.versions import Subject, newest_version
from passports.attributes.view import Sheet, model_sheet, passport_sheet
from passports.errors import AccessDeniedError, Finding, RecordNotFoundError
from passports.operators import EconomicOperator
from passports.store import Transaction


class State(StrEnum):
    """How it stands with one attribute."""

    PRESENT = "present"
    MISSING = "missing"
    TO_BE_JUDGED = "to_be_judged"
    NOT_GIVEN = "not_given"
    COMES_LATER = "comes_later"
    WITHHELD = "withheld"
    NOT_ASKED = "not_asked"


@dataclass(frozen=True)
class CompletenessRow:
    """One attribute: what is asked, whether it is there, and where it would be written."""

    attribute: Attribute
    requirement: Requirement
    state: State

    def to_document(self) -> dict[str, Any]:
        """Return the row as plain JSON data."""
        attribute = self.attribute
        return {
            "attribute": attribute.id,
            "title": attribute.title,
            "ec_data_points": list(attribute.ec_points),
            "legal_reference": attribute.legal_reference,
            "requirement": self.requirement.value,
            "state": self.state.value,
            "recorded_at": attribute.granularity.value,
            "by": "attributes" if attribute.is_given else "records",
        }


@dataclass(frozen=True)
class CompletenessFigure:
    """How many of the attributes that are asked for are given; `later` come with each battery."""

    given: int
    asked: int
    later: int
    asked_from: date

    def to_document(self) -> dict[str, Any]:
        """Return the figure as plain JSON data."""
        numbers = {"given": self.given, "asked": self.asked, "comes_later": self.later}
        return {**numbers, "asked_from": str(self.asked_from)}


@dataclass(frozen=True)
class CompletenessReport:
    """All attributes of a subject under a profile, on a day."""

    subject: Subject
    category: str
    profile: Profile
    on: date
    rows: Sequence[CompletenessRow]

    @property
    def missing(self) -> list[CompletenessRow]:
        """What is mandatory and not there."""
        return [row for row in self.rows if row.state is State.MISSING]

    def lacks(self, *, public_only: bool = False) -> dict[str, Any]:
        """Return the figure, and by identifier what is mandatory and not there, as plain JSON data.

        Args:
            public_only: Of public attributes alone, as for `figure`.
        """
        missing = [
            row.attribute.id
            for row in self.missing
            if not public_only or row.attribute.access_point is AccessPoint.PUBLIC
        ]
        figure = self.figure(public_only=public_only).to_document()
        return {**figure, "public_only": public_only, "missing": missing}

    def figure(self, *, public_only: bool = False) -> CompletenessFigure:
        """Return how many mandatory attributes are given.

        Args:
            public_only: Count public ones alone: that a restricted one is missing is restricted, too.
        """
        states = [
            row.state
            for row in self.rows
            if row.requirement is Requirement.MANDATORY
            and (not public_only or row.attribute.access_point is AccessPoint.PUBLIC)
        ]
        return CompletenessFigure(
            states.count(State.PRESENT),
            len(states),
            states.count(State.COMES_LATER),
            self.profile.applies_from,
        )

    def to_document(self) -> dict[str, Any]:
        """Return the report as plain JSON data."""
        counts = Counter(row.state.value for row in self.rows)
        return {
            "level": self.subject.level.value,
            "id": self.subject.id,
            "operator": self.subject.operator_id,
            "category": self.category,
            "profile": self.profile.id,
            "on": str(self.on),
            "asked_from": str(self.profile.applies_from),
            "asked_on_that_day": self.on >= self.profile.applies_from,
            "complete": not self.missing,
            "counts": {state.value: counts[state.value] for state in State},
            "rows": [row.to_document() for row in self.rows],
        }


_WHERE_ABSENT: Final = {
    Requirement.MANDATORY: State.MISSING,
    Requirement.IF_APPLICABLE: State.TO_BE_JUDGED,
    Requirement.OPTIONAL: State.NOT_GIVEN,
    Requirement.NOT_DISPLAYED: State.NOT_ASKED,
    Requirement.NOT_TO_BE_FILLED: State.NOT_ASKED,
}


def _report(
    sheet: Sheet, profile: Profile, on: date, present: set[str], levels: set[Granularity]
) -> CompletenessReport:
    rows = []
    for attribute in attributes().values():
        requirement = profile.requirement(attribute.id, sheet.category)
        state = _WHERE_ABSENT[requirement]
        if attribute.id in present:
            state = State.PRESENT if requirement.is_shown else State.WITHHELD
        elif attribute.granularity not in levels and requirement.is_shown:
            state = State.COMES_LATER
        rows.append(CompletenessRow(attribute, requirement, state))
    return CompletenessReport(sheet.subject, sheet.category, profile, on, tuple(rows))


def model_report(
    transaction: Transaction,
    operator_id: str,
    model_id: str,
    profile_id: str,
    on: date,
    batch_id: str | None = None,
) -> CompletenessReport:
    """Return what is missing of a model, and of a batch that is named, issued or not.

    Raises:
        RecordNotFoundError: there is no such model or profile, or the batch was issued of another model.
    """
    profile = get_profile(profile_id)
    sheet = model_sheet(transaction, operator_id, model_id, profile_id)
    present = {element.attribute.id for element in sheet.elements}
    levels = {Granularity.MODEL}
    if batch_id is not None:
        issued = transaction.batches.get(operator_id, batch_id)
        if issued is not None and issued.model_id != model_id:
            remedy = "Name a batch of this model."
            raise RecordNotFoundError(f"batch of {model_id}", batch_id, remedy)
        subject = Subject(Granularity.BATCH, operator_id, batch_id)
        version = newest_version(transaction, subject)
        given = set(version.values) if version is not None else set()
        recorded = {
            a.id
            for a in attributes().values()
            if a.granularity is Granularity.BATCH and not a.is_given
        }
        # What records say of a batch is there as soon as it is issued; nobody can forget to give it.
        report = _report(sheet, profile, on, present | given, {*levels, Granularity.BATCH})
        rows = [
            CompletenessRow(row.attribute, row.requirement, State.COMES_LATER)
            if row.attribute.id in recorded and row.requirement.is_shown
            else row
            for row in report.rows
        ]
        return CompletenessReport(report.subject, report.category, profile, on, tuple(rows))
    return _report(sheet, profile, on, present, levels)


def passport_report(
    transaction: Transaction, passport_id: str, profile_id: str | None, on: date
) -> CompletenessReport:
    """Return what is missing of a battery, under its passport's own profile or another.

    Raises:
        RecordNotFoundError: there is no such passport or profile.
    """
    sheet = passport_sheet(transaction, passport_id)
    profile = get_profile(profile_id) if profile_id is not None else sheet.profile
    present = {element.attribute.id for element in sheet.elements}
    return _report(sheet, profile, on, present, set(Granularity))


def require_owner(caller: EconomicOperator, report: CompletenessReport) -> None:
    """Let the operator pass whose data are reported on.

    Raises:
        AccessDeniedError: it is another.
    """
    if caller.id != report.subject.operator_id:
        reason = "the report is for the operator that writes the data"
        finding = Finding("Authorization", caller.id, reason, "Use the issuer's key.")
        raise AccessDeniedError("This report is not yours.", [finding])
