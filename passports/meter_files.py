"""Meter readings from CSV and XLSX: one reading a row, each bad row named by its line.

Columns: meter, ends_at, quantity, and, where they apply, starts_at, carrier, unit, arrangement, line.
A meter is described by the first row that names its carrier. Instants are ISO 8601; those without an
offset stand in the time zone that is given. MWh, GJ and the other units of `lca.units` are understood.
"""

import csv
import io
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import date, datetime, tzinfo
from typing import Any, Final

import python_calamine
from pydantic import ValidationError

from passports.documents import findings_of
from passports.errors import Finding, InvalidInputError, shorten
from passports.meter_readings import MAX_READINGS, MeterCreate, MeterDelivery, ReadingCreate

MAX_BYTES: Final = 32 * 1024 * 1024
_NEEDED: Final = ("meter", "ends_at", "quantity")
_KNOWN: Final = (
    *_NEEDED,
    "starts_at",
    "carrier",
    "unit",
    "arrangement",
    "line",
    "part_of",
    "counts_up",
)


@dataclass
class MeterFile:
    """What a file holds: readings, meters that it describes, and rows that are no readings."""

    delivery: MeterDelivery | None
    unreadable: list[Finding] = field(default_factory=list)


def read_meter_file(
    data: bytes, source: str, zone: tzinfo, *, confirmed: bool = False
) -> MeterFile:
    """Read a CSV or XLSX file of readings.

    Raises:
        InvalidInputError: it is neither, too large, or its header lacks a column.
    """
    if len(data) > MAX_BYTES:
        raise _refuse("file", f"{len(data)} bytes; at most {MAX_BYTES} are read", "Split it.")
    rows = _xlsx(data) if data[:4] == b"PK\x03\x04" else _csv(data)
    file = MeterFile(None)
    meters: dict[str, MeterCreate] = {}
    readings: list[ReadingCreate] = []
    for line, row in rows:
        if len(readings) + len(file.unreadable) >= MAX_READINGS:
            raise _refuse("file", f"more than {MAX_READINGS} readings", "Split it.")
        try:
            meter = _meter(row)
            reading = ReadingCreate(**_reading(row, zone), line=line)
        except ValidationError as error:
            found = findings_of(error.errors(include_url=False))[0]
            file.unreadable.append(
                Finding(found.field, found.value, found.reason, found.remedy, line)
            )
            continue
        if meter is not None:
            meters.setdefault(meter.id, meter)
        readings.append(reading)
    if readings:
        file.delivery = MeterDelivery(
            meters=list(meters.values()), readings=readings, confirmed=confirmed, source=source
        )
    elif not file.unreadable:
        raise _refuse("file", "it holds no readings", "One reading a row.")
    return file


def _refuse(where: str, reason: str, remedy: str) -> InvalidInputError:
    return InvalidInputError([Finding(where, "", reason, remedy)], "the meter file")


def _csv(data: bytes) -> Iterator[tuple[int, Mapping[str, object]]]:
    try:
        text = data.decode("utf-8-sig")
    except UnicodeDecodeError as error:
        remedy = "Save the file as CSV in UTF-8."
        raise _refuse("file", f"byte {error.start} is not UTF-8", remedy) from None
    delimiter = ";" if ";" in text.split("\n", 1)[0] else ","
    reader = csv.reader(io.StringIO(text), delimiter=delimiter, strict=True)
    try:
        names = _header(next(reader, []))
        for row in reader:
            if any(cell.strip() for cell in row):
                yield reader.line_num, dict(zip(names, row, strict=False))
    except csv.Error as error:
        raise _refuse("file", f"not readable: {error}", "Save it as CSV in UTF-8.") from None


def _xlsx(data: bytes) -> Iterator[tuple[int, Mapping[str, object]]]:
    try:
        book = python_calamine.CalamineWorkbook.from_filelike(io.BytesIO(data))
        sheet = book.get_sheet_by_index(0).to_python(skip_empty_area=False)
    except Exception as error:  # noqa: BLE001 # calamine raises many kinds, panics among them
        kind = type(error).__name__
        raise _refuse("file", f"no readable XLSX workbook ({kind})", "Save it anew.") from None
    names = _header(sheet[0] if sheet else [])
    for number, row in enumerate(sheet[1:], start=2):
        if any(cell != "" for cell in row):
            yield number, dict(zip(names, row, strict=False))


def _header(cells: Sequence[object]) -> list[str]:
    names = [str(cell).strip().lower() for cell in cells]
    missing = [name for name in _NEEDED if name not in names]
    strange = [name for i, name in enumerate(names) if name not in _KNOWN or name in names[:i]]
    if missing or strange:
        reason = (
            f"columns are missing: {', '.join(missing)}" if missing else "a column is not known"
        )
        finding = Finding(
            "header",
            shorten(", ".join(strange or names)),
            reason,
            f"Known: {', '.join(_KNOWN)}.",
            1,
        )
        raise InvalidInputError([finding], "the meter file")
    return names


def _meter(row: Mapping[str, object]) -> MeterCreate | None:
    fields = {
        name: _text(row.get(name))
        for name in ("carrier", "unit", "arrangement", "line", "part_of", "counts_up")
        if _text(row.get(name))
    }
    if "carrier" not in fields:
        return None
    fields.setdefault("unit", "kWh" if fields["carrier"] == "electricity" else "MJ")
    return MeterCreate(id=_text(row.get("meter")), **fields)  # type: ignore[arg-type] # pydantic reads


def _reading(row: Mapping[str, object], zone: tzinfo) -> dict[str, Any]:
    quantity = row.get("quantity")
    if isinstance(quantity, str):
        quantity = quantity.strip()
    return {
        "meter": _text(row.get("meter")),
        "starts_at": _instant(row.get("starts_at"), zone),
        "ends_at": _instant(row.get("ends_at"), zone),
        "quantity": quantity,
    }


def _text(value: object) -> str:
    return "" if value is None else str(value).strip()


def _instant(value: object, zone: tzinfo) -> object:
    """Return an instant with its zone; what is none is left to be refused with its line."""
    if isinstance(value, str):
        text = value.strip()
        if not text:
            return None
        try:
            value = datetime.fromisoformat(text)
        except ValueError:
            return text
    elif isinstance(value, date) and not isinstance(value, datetime):
        value = datetime(value.year, value.month, value.day, tzinfo=zone)
    if isinstance(value, datetime) and value.tzinfo is None:
        return value.replace(tzinfo=zone)
    return value
