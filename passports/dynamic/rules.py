"""What a battery's measured values are held to: which attributes are measured, and which way they run.

Bounds are those of the table of attributes (state of health over 100 % is refused). A counter that
falls is taken and flagged, not refused: management systems are exchanged, and nothing that was recorded
before can be taken back.
"""

import csv
import io
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from functools import cache
from importlib import resources
from types import MappingProxyType
from typing import Any, Final

from passports.attributes.table import (
    AccessPoint,
    Attribute,
    Behaviour,
    attributes,
    unknown_attribute,
)
from passports.attributes.types import MAX_ITEMS
from passports.documents import RuleError
from passports.dynamic.files import MEASURED_AT, RawRow, shown
from passports.errors import Finding, shorten
from passports.life.lifecycle import STATUS_ATTRIBUTE
from signing.instants import format_instant

# A battery's clock may run ahead of ours by so much; our choice.
CLOCK_SKEW: Final = timedelta(minutes=5)
RUNS_BACK: Final = "runs_back"
_MEASUREMENTS, _EVENTS = "measurements", "events"
# How many of a list an attribute shows; all of them stay recorded. Events are not left out.
_SHOWN: Final[Mapping[str, int]] = MappingProxyType({_MEASUREMENTS: 50, _EVENTS: MAX_ITEMS})


@cache
def directions() -> Mapping[str, tuple[int, str]]:
    """Return which way attributes run (1 up, -1 down) and why, from `data/dynamic_rules.csv`."""
    table = resources.files("passports.data").joinpath("dynamic_rules.csv")
    rows = csv.DictReader(io.StringIO(table.read_text(encoding="utf-8")), strict=True)
    signs = {"up": 1, "down": -1}
    return MappingProxyType({r["attribute"]: (signs[r["runs"]], r["reason"]) for r in rows})


def is_measured(attribute: Attribute) -> bool:
    """Tell whether values of an attribute come in as dynamic data: Annex XIII, 4(b) and (d).

    A battery's status (4(c)) is dynamic too, but nobody measures it.
    """
    return (
        attribute.access_point is AccessPoint.INDIVIDUAL_BATTERY
        and attribute.behaviour is Behaviour.DYNAMIC
        and attribute.is_given
        and attribute.id != STATUS_ATTRIBUTE
    )


@dataclass(frozen=True)
class Reading:
    """One value of one attribute, measured at an instant."""

    attribute: Attribute
    measured_at: datetime
    value: Any


def read_readings(row: RawRow, now: datetime) -> tuple[list[Reading], list[Finding]]:
    """Return the readings of a row, and everything that is wrong with it, as the sender wrote it."""
    try:
        at = _instant(row.measured_at, now)
    except RuleError as error:
        wrong = Finding(MEASURED_AT, shown(row.measured_at), error.reason, error.remedy, row.line)
        return [], [wrong]
    readings: list[Reading] = []
    findings: list[Finding] = []
    for name, value in row.values.items():
        attribute = attributes().get(name)
        if attribute is None or not is_measured(attribute):
            findings.append(_not_measured(name, attribute, value, row.line))
            continue
        found, wrong_values = _value(attribute, value, at, is_typed=row.is_typed)
        findings += [
            Finding(name, shown(value), f.reason, f.remedy, row.line) for f in wrong_values
        ]
        if not wrong_values:
            readings.append(Reading(attribute, at, found))
    if not readings and not findings:
        reason, remedy = "it says no value", f"Give attributes beside {MEASURED_AT}."
        findings.append(Finding("row", "", reason, remedy, row.line))
    return readings, findings


def _not_measured(name: str, attribute: Attribute | None, value: object, line: int) -> Finding:
    if attribute is None:
        found = unknown_attribute(name, "column")
        return Finding(found.field, found.value, found.reason, found.remedy, line)
    reason = "it is no measured value of a battery (Annex XIII, 4(b) and (d))"
    remedy = "Leave it out; voltpass passport schema and GET /v1/attributes say what is."
    return Finding(name, shown(value), reason, remedy, line)


def _instant(value: object, now: datetime) -> datetime:
    remedy = "Write it as 2027-03-01T12:00:00Z."
    try:
        at = value if isinstance(value, datetime) else datetime.fromisoformat(str(value))
        at = at.astimezone(UTC) if at.tzinfo is not None else at
    except (ValueError, OverflowError):
        raise RuleError("this is no instant", remedy) from None
    if at.tzinfo is None:
        raise RuleError("the instant has no time zone", remedy)
    if at > now + CLOCK_SKEW:
        raise RuleError("it lies in the future", "Check the clock of the management system.")
    return at


def _value(
    attribute: Attribute, value: object, at: datetime, *, is_typed: bool
) -> tuple[Any, list[Finding]]:
    """Return a value as it is stored; one measurement or one event of attributes that are lists."""
    if attribute.type == _EVENTS:
        given: Any = [{"at": format_instant(at), "description": value}]
    elif attribute.type == _MEASUREMENTS:
        given = [{"at": format_instant(at), "value": _number(value, is_typed=is_typed)}]
    else:
        given = _number(value, is_typed=is_typed)
        whole = isinstance(given, float) and given.is_integer()
        # A spreadsheet knows no integers.
        given = int(given) if whole and attribute.type == "integer" else given
    found, findings = attribute.value_type.read(given, attribute.id)
    if findings or not is_list(attribute):
        return found, findings
    return found[0]["description" if attribute.type == _EVENTS else "value"], []


def _number(value: object, *, is_typed: bool) -> object:
    """Return a text of a CSV file as the number that it writes, or as it is, to be refused."""
    if is_typed or not isinstance(value, str):
        return value
    try:
        return int(value) if value.lstrip("+-").isdigit() else float(value)
    except ValueError:
        return shorten(value)


def runs_back(attribute_id: str, earlier: Any, later: Any) -> bool:  # noqa: ANN401 # any JSON
    """Tell whether a value goes where such values do not go."""
    sign = directions().get(attribute_id, (0, ""))[0]
    if not sign or not isinstance(earlier, int | float) or not isinstance(later, int | float):
        return False
    return (later - earlier) * sign < 0


def is_list(attribute: Attribute) -> bool:
    """Tell whether an attribute shows several readings, and not only the newest."""
    return attribute.type in _SHOWN


def as_given(attribute: Attribute, readings: Sequence[Reading], before: object) -> Any:  # noqa: ANN401 # the table's types
    """Return what a battery's attribute says after readings: the newest value, or the last of a list.

    Args:
        attribute: Which attribute.
        readings: The new ones, oldest first; at least one.
        before: What it says now, or None.
    """
    if not is_list(attribute):
        return readings[-1].value
    member = "description" if attribute.type == _EVENTS else "value"
    items = before if isinstance(before, list) else []
    known = {(item["at"], str(item[member])): item for item in items}
    for reading in readings:
        stamp = format_instant(reading.measured_at)
        known.setdefault((stamp, str(reading.value)), {"at": stamp, member: reading.value})
    return sorted(known.values(), key=lambda item: str(item["at"]))[-_SHOWN[attribute.type] :]
