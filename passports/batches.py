"""Batches: which batteries of a model were made where and when, read from CSV or JSON."""

import csv
import io
from datetime import date, datetime
from typing import Annotated, Final, Self

from pydantic import AfterValidator, Field, PrivateAttr

from passports.attributes.table import DEFAULT_PROFILE, profile_ids
from passports.documents import Day, Document, RuleError, Slug, read_day
from passports.errors import Finding, InvalidBatchError, RecordNotFoundError, shorten
from passports.store import PassportRow, Transaction

MAX_UNITS: Final = 100_000
MAX_CSV_BYTES: Final = 16 * 1024 * 1024
_COLUMNS: Final = ("serial", "manufactured_on")


class BatteryUnit(Document):
    """One battery: its serial number, and its own day of manufacture where that differs.

    `line` is where it stands in the file it was read from, if it was read from one.
    """

    serial: str
    manufactured_on: Day | None = None
    _line: int | None = PrivateAttr(default=None)

    @property
    def line(self) -> int | None:
        """The line of the file, counted from 1 with its header."""
        return self._line

    @classmethod
    def on_line(cls, line: int, serial: str, manufactured_on: date | None) -> Self:
        """Return a unit that was read from this line of a file."""
        unit = cls(serial=serial, manufactured_on=manufactured_on)
        unit._line = line
        return unit


def _known_profile(value: str) -> str:
    known = ", ".join(profile_ids())
    if value not in profile_ids():
        raise RuleError("there is no such profile", f"Choose one of {known}.")
    return value


class BatchCreate(Document):
    """A batch as it is handed in for issuing.

    `manufactured_on` holds for every unit that does not bring its own. `responsible_operator_id` is
    who places the batteries on the Union market (Art. 77(4)); it is needed where the maker is abroad.
    `profile` says what the passports show, see `passports/attributes/table.py`.
    """

    id: Slug
    model_id: Slug
    facility_id: Slug
    responsible_operator_id: Slug | None = None
    manufactured_on: Day
    profile: Annotated[str, AfterValidator(_known_profile)] = DEFAULT_PROFILE
    units: Annotated[list[BatteryUnit], Field(min_length=1, max_length=MAX_UNITS)]


class Batch(Document):
    """A batch as it stands in the store; `acting_id` is who issued it for its operator, if another did."""

    id: str
    operator_id: str
    model_id: str
    facility_id: str
    responsible_operator_id: str | None
    manufactured_from: date
    manufactured_to: date
    size: int
    issued_at: datetime
    profile: str = DEFAULT_PROFILE
    acting_id: str | None = None


def read_units_csv(data: bytes) -> list[BatteryUnit]:
    """Read battery units from CSV (UTF-8, header `serial[,manufactured_on]`, comma or semicolon).

    Raises:
        InvalidBatchError: with line, column, value and reason of everything that cannot be read.
    """
    text = _decode(data)
    dialect_delimiter = ";" if ";" in text.split("\n", 1)[0] else ","
    reader = csv.DictReader(io.StringIO(text), delimiter=dialect_delimiter, strict=True)
    findings: list[Finding] = []
    units: list[BatteryUnit] = []
    try:
        _check_header([name.strip() for name in reader.fieldnames or []])
        for count, row in enumerate(reader, start=1):
            if count > MAX_UNITS:  # readable ones or not: findings are bounded, too
                reason = f"more than {MAX_UNITS} units in one batch"
                findings.append(Finding("file", "", reason, "Split it.", reader.line_num))
                break
            unit = _read_row(reader.line_num, row, findings)
            if unit is not None:
                units.append(unit)
    except csv.Error as error:
        remedy = "Save it as CSV in UTF-8."
        line = (
            reader.reader.line_num
        )  # DictReader's own count stands at the last line that was read
        findings.append(Finding("file", "", f"not readable: {error}", remedy, line))
    if not units and not findings:
        findings.append(Finding("file", "", "it holds no units", "One battery a line."))
    if findings:
        raise InvalidBatchError(findings, "the batch file")
    return units


def _decode(data: bytes) -> str:
    if len(data) > MAX_CSV_BYTES:
        reason = f"the file has {len(data)} bytes, at most {MAX_CSV_BYTES} are read"
        raise InvalidBatchError([Finding("file", "", reason, "Split it.")], "the batch file")
    try:
        return data.decode("utf-8-sig")
    except UnicodeDecodeError as error:
        reason = f"byte {error.start} is not UTF-8"
        finding = Finding("file", "", reason, "Save the file as CSV in UTF-8.")
        raise InvalidBatchError([finding], "the batch file") from None


def _check_header(names: list[str]) -> None:
    strange = [n for i, n in enumerate(names) if n not in _COLUMNS or n in names[:i]]
    if "serial" in names and not strange:
        return
    missing = "serial" not in names
    reason = "there is no column serial" if missing else "this column is not known, or there twice"
    value = shorten(", ".join(strange or names))
    remedy = f"The header reads {','.join(_COLUMNS)}; the second column may be missing."
    raise InvalidBatchError([Finding("header", value, reason, remedy, 1)], "the batch file")


def _read_row(line: int, row: dict[str, str | None], findings: list[Finding]) -> BatteryUnit | None:
    if None in row or None in row.values():
        reason = "the line has another number of cells than the header"
        findings.append(Finding("line", "", reason, "Check its separators.", line))
        return None
    cells = {(name or "").strip(): (cell or "").strip() for name, cell in row.items()}
    day = cells.get("manufactured_on", "")
    try:
        manufactured_on = read_day(day) if day else None
    except RuleError as error:
        reason, remedy = error.reason, error.remedy
        findings.append(Finding("manufactured_on", shorten(day), reason, remedy, line))
        return None
    # Not judged here: the gates of issuing judge every unit, wherever it came from.
    return BatteryUnit.on_line(line, cells["serial"], manufactured_on)


def get_batch(transaction: Transaction, operator_id: str, batch_id: str) -> Batch:
    """Return a batch of an operator.

    Raises:
        RecordNotFoundError: if there is none with this identifier.
    """
    row = transaction.batches.get(operator_id, batch_id)
    if row is None:
        raise RecordNotFoundError("batch", batch_id)
    return Batch.model_validate_json(row.document)


def newest_passports(
    transaction: Transaction, operator_id: str, batch_id: str
) -> list[PassportRow]:
    """Return the newest version of each passport of a batch, by serial.

    Raises:
        RecordNotFoundError: the operator has no such batch.
    """
    get_batch(transaction, operator_id, batch_id)
    rows = transaction.passports.of_batch(operator_id, batch_id)  # versions of one in their order
    return list({row.id: row for row in rows}.values())


def list_batches(transaction: Transaction, operator_id: str | None = None) -> list[Batch]:
    """Return the batches of one operator, or of all, newest first."""
    rows = transaction.batches.all(operator_id)
    return [Batch.model_validate_json(row.document) for row in rows]
