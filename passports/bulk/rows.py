"""Cells of a row as what they mean: identifiers, days, attribute values; what cannot be read is said.

A spreadsheet changes what is typed into it: a serial becomes a number and loses its zeros, or a date. Such
cells are refused with what they may have been, and never turned back by guess.
"""

import re
from collections.abc import Callable, Iterator
from datetime import date, datetime
from decimal import Decimal
from typing import Any, Final

from passports.attributes.table import attributes, profile_ids
from passports.bulk.column_names import FIELDS
from passports.bulk.files import SourceRow, SourceTable
from passports.bulk.mapping import ColumnPlan
from passports.bulk.report import BatteryRow, RowFinding
from passports.bulk.transforms import (
    DATE_FORMATS,
    ISO_DATE,
    read_date,
    read_decimal,
    spreadsheet_day,
    why_no_day,
)
from passports.documents import RuleError
from passports.errors import Finding, shorten
from passports.identifiers import check_gtin, check_serial, check_slug, gs1_check_digit
from passports.validate import check_made_on

_SPREADSHEET_NUMBER: Final = re.compile(r"[0-9]+\.0+|[0-9](\.[0-9]+)?[Ee]\+[0-9]{2,3}", re.ASCII)
_GTIN_LENGTHS: Final = frozenset({8, 12, 13, 14})  # GS1 General Specifications, section 3.3.2
_GTIN_14: Final = 14
_AS_TEXT: Final = "Format the column as text and fill it in again"
_CACHED: Final = 100_000
_NEEDED: Final = frozenset({"batch_id", "serial", "manufactured_on", "facility_id"})


class RowReader:
    """Reads rows of one file by one plan; cells that stand in many rows are read once."""

    def __init__(self, table: SourceTable, plan: ColumnPlan, today: date) -> None:
        self._table = table
        self._plan = plan
        self._today = today
        self._readers: dict[str, Callable[[str, object], Any]] = {
            "batch_id": read_slug,
            "model_id": read_slug,
            "facility_id": read_slug,
            "responsible_operator_id": read_slug,
            "gtin": read_gtin,
            "serial": self._serial,
            "manufactured_on": self._day,
            "profile": self._profile,
        }
        self._seen: dict[tuple[str, type, object], Any] = {}

    def rows(self) -> Iterator[BatteryRow]:
        """Yield every row as it reads, with what is wrong with its cells."""
        names = tuple(self._plan.fields())
        for source in self._table.rows:
            yield self._row(source, names)

    def _row(self, source: SourceRow, names: tuple[str, ...]) -> BatteryRow:
        row = BatteryRow(source)
        if source.fault is not None:
            row.findings.append(RowFinding.of(source.fault, source.line, ""))
            return row
        given: dict[str, Any] = {}
        for name in names:
            cell = self._plan.cell(source, name)
            try:
                value = self._value(name, cell)
            except RuleError as error:
                row.findings.append(self._finding(name, cell, error, source.line))
                continue
            if value is None:
                continue
            if name in FIELDS:
                setattr(row, name, value)
            else:
                given[name] = value
        row.attributes = given
        self._check_complete(row)
        return row

    def _finding(self, name: str, cell: object, error: RuleError, line: int) -> RowFinding:
        heading = shorten(self._plan.headings.get(name, ""))
        return RowFinding(name, shown_cell(cell), error.reason, error.remedy, line, heading)

    def column(self, name: str) -> str:
        """Return the heading of a field's column, fit to be shown; empty for a constant."""
        return shorten(self._plan.headings.get(name, ""))

    def _check_complete(self, row: BatteryRow) -> None:
        wrong = {finding.field for finding in row.findings}
        for name in _NEEDED:
            if not getattr(row, name) and name not in wrong:
                row.findings.append(self._missing(name, row.line))
        if not (row.model_id or row.gtin) and not wrong & {"model_id", "gtin"}:
            name = "model_id" if "model_id" in self._plan.fields() else "gtin"
            row.findings.append(self._missing(name, row.line))

    def _missing(self, name: str, line: int) -> RowFinding:
        return RowFinding(name, "", "it is empty", "Fill it in.", line, self.column(name))

    def _value(self, name: str, cell: object) -> Any:  # noqa: ANN401 # a field has a type of its own
        if cell is None or cell == "":
            return None
        try:
            key = (name, type(cell), cell)
            if key in self._seen:
                return self._seen[key]
        except TypeError:  # a list or an object
            raise RuleError("it is a list or an object", "Give one value.") from None
        if isinstance(cell, str):
            changed = self._plan.changed(name, cell.strip())
            value = self._read(name, changed) if changed else None
        else:
            value = self._read(name, cell)
        if name != "serial" and len(self._seen) < _CACHED:
            self._seen[key] = value
        return value

    def _read(self, name: str, cell: object) -> Any:  # noqa: ANN401 # as above
        reader = self._readers.get(name, self._attribute)
        return reader(name, cell)

    # What each field takes

    def _serial(self, name: str, cell: object) -> str:
        text = read_text(name, cell)
        if _SPREADSHEET_NUMBER.fullmatch(text):
            meant = shorten(f"{Decimal(text):f}".partition(".")[0], 40)
            reason = "this is a number as a spreadsheet writes it; leading zeros and last digits are lost"
            raise RuleError(reason, f"{_AS_TEXT}; it may have been {meant}.")
        _rule(check_serial(text))
        return text

    def _day(self, _name: str, cell: object) -> date:
        found: date | None = None
        style = self._plan.date_format
        if isinstance(cell, datetime):
            found = cell.date()  # as it is written there; a spreadsheet knows no zones
        elif isinstance(cell, date):
            found = cell
        elif isinstance(cell, (str, float, int)) and not isinstance(cell, bool):
            text = str(cell)
            found = read_date(text, style or ISO_DATE) or read_date(text, ISO_DATE)
            if found is None:
                raise _no_date(text, style or ISO_DATE)
        else:
            raise RuleError("this is not a date", f"Write it as {style or ISO_DATE}.")
        wrong = check_made_on(found, self._today)
        _rule(wrong)
        return found

    def _profile(self, name: str, cell: object) -> str:
        text = read_text(name, cell)
        if text not in profile_ids():
            known = ", ".join(profile_ids())
            raise RuleError("there is no such profile", f"Choose one of {known}.")
        return text

    def _attribute(self, name: str, cell: object) -> Any:  # noqa: ANN401 # the table's types
        attribute = attributes()[name]
        value: object = cell
        if attribute.type in {"number", "integer"} and isinstance(cell, str):
            number = read_decimal(cell)
            value = int(number) if number == number.to_integral_value() else float(number)
        elif attribute.type == "integer" and isinstance(cell, float) and cell.is_integer():
            value = int(cell)
        elif attribute.type == "month" and isinstance(cell, date):
            value = f"{cell:%Y-%m}"
        if attribute.type == "number" and isinstance(value, int) and not isinstance(value, bool):
            value = float(value)
        read, findings = attribute.value_type.read(value, name)
        _rule(findings[0] if findings else None)
        return read


def read_slug(name: str, cell: object) -> str:
    """Read an identifier of a record.

    Raises:
        RuleError: it is none; the remedy names one that it may have been.
    """
    text = read_text(name, cell)
    wrong = check_slug(text)
    if wrong is not None:
        meant = re.sub(r"[^a-z0-9]+", "-", text.lower()).strip("-")[:64].strip("-")
        remedy = f"For example {meant}." if meant else wrong.remedy
        raise RuleError(wrong.reason, remedy)
    return text


def read_gtin(name: str, cell: object) -> str:
    """Read a GTIN of any length as one of 14 digits.

    Raises:
        RuleError: it is none.
    """
    # A GTIN begins with zeros only to fill it up to 14 digits, so as a number it loses nothing.
    if isinstance(cell, float) and cell.is_integer():
        cell = int(cell)
    is_number = isinstance(cell, int) and not isinstance(cell, bool)
    text = str(cell) if is_number else read_text(name, cell).replace(" ", "")
    lengths = range(1, _GTIN_14 + 1) if is_number else _GTIN_LENGTHS
    if not (text.isascii() and text.isdigit()) or len(text) not in lengths:
        raise RuleError("a GTIN has 8, 12, 13 or 14 digits", "Give all digits, as text.")
    gtin = text.zfill(_GTIN_14)
    wrong = check_gtin(gtin)
    if wrong is not None:
        right = gtin[:-1] + gs1_check_digit(gtin[:-1])
        remedy = f"{right}, if only its last digit is wrong; else check all digits."
        raise RuleError(wrong.reason, remedy)
    return gtin


def shown_cell(cell: object) -> str:
    """Return a cell as a person sees it in the file."""
    if cell is None:
        return ""
    if isinstance(cell, float) and cell.is_integer():
        return shorten(f"{cell:.0f}")
    return shorten(str(cell) if isinstance(cell, date) else cell)


def _rule(finding: Finding | None) -> None:
    if finding is not None:
        raise RuleError(finding.reason, finding.remedy)


def read_text(name: str, cell: object) -> str:
    """Read a text; what a spreadsheet has made of one is refused.

    Raises:
        RuleError: it is a number, a truth value, a date, a list or an object.
    """
    if isinstance(cell, str):
        return cell
    if isinstance(cell, bool):
        raise RuleError("this is a truth value, not a text", f"{_AS_TEXT}.")
    if isinstance(cell, (int, float)):
        is_whole = isinstance(cell, float) and cell.is_integer()
        meant = shorten(str(int(cell)) if is_whole else str(cell), 40)
        reason = "the cell holds a number, not a text; leading zeros are lost"
        raise RuleError(reason, f"{_AS_TEXT}; it may have been {meant}.")
    if isinstance(cell, date):
        reason = "a spreadsheet has turned it into a date"
        raise RuleError(reason, f"{_AS_TEXT}.")
    raise RuleError(f"this is no text for {name}", f"{_AS_TEXT}.")


def _no_date(text: str, style: str) -> RuleError:
    """Return the error for what is no date in this style, with what it would be in others."""
    reason = f"this is not a date as {style}"
    day = spreadsheet_day(text)
    if day is not None:
        remedy = f"As a spreadsheet counts days this is {day}: format the column as a date."
        return RuleError(reason, remedy)
    for other in DATE_FORMATS:
        found = read_date(text, other)
        if found is not None:
            return RuleError(reason, f"{found}, if it is written {other}: name that date format.")
    why = why_no_day(text, style) or why_no_day(text, ISO_DATE)
    return (
        RuleError("there is no such day", why)
        if why
        else RuleError(reason, f"Write it as {style}.")
    )
