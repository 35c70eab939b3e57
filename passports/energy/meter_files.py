"""Meter readings from CSV and XLSX: one reading a row, each bad row named by its line.

Columns: meter, ends_at, quantity, and, where they apply, starts_at, carrier, unit, arrangement, line.
A meter is described by the first row that names its carrier. Instants are ISO 8601; those without an
offset stand in the time zone that is given. MWh, GJ and the other units of `lca.units` are understood.
"""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import date, datetime, tzinfo
from typing import Any, Final

from pydantic import ValidationError

from passports.documents import findings_of
from passports.energy.meter_readings import MAX_READINGS, MeterCreate, MeterDelivery, ReadingCreate
from passports.errors import Finding, InvalidInputError, shorten
from passports.spreadsheets import (
    XLSX_MAGIC,
    csv_rows,
    decode_text,
    delimiter_of,
    open_workbook,
    workbook_rows,
)

MAX_BYTES: Final = 32 * 1024 * 1024
_WHAT: Final = "the meter file"
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
    rows = _xlsx(data) if data.startswith(XLSX_MAGIC) else _csv(data)
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
    return InvalidInputError([Finding(where, "", reason, remedy)], _WHAT)


def _csv(data: bytes) -> Iterator[tuple[int, Mapping[str, object]]]:
    text = decode_text(data, _WHAT)
    rows = csv_rows(text, delimiter_of(text.partition("\n")[0]), _WHAT)
    names = _header(next(rows, (1, []))[1])
    for line, row in rows:
        if any(cell.strip() for cell in row):
            yield line, dict(zip(names, row, strict=False))


def _xlsx(data: bytes) -> Iterator[tuple[int, Mapping[str, object]]]:
    rows = workbook_rows(open_workbook(data, _WHAT), 0, _WHAT)
    names = _header(next(rows, (1, []))[1])
    for line, row in rows:
        if any(cell != "" for cell in row):
            yield line, dict(zip(names, row, strict=False))


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
        raise InvalidInputError([finding], _WHAT)
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
