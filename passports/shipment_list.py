"""Reading a container list: XLSX, CSV, or GS1 links one a line."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from itertools import islice
from typing import Final

from passports.errors import Finding, InvalidInputError, shorten
from passports.identifiers import (
    UniqueProductIdentifier,
    check_gtin,
    check_serial,
    host_of_link,
    parse_digital_link,
)
from passports.spreadsheets import (
    XLSX_MAGIC,
    csv_rows,
    decode_text,
    delimiter_of,
    open_workbook,
    workbook_rows,
)

MAX_ROWS: Final = 10_000
# With as many empty lines, and line breaks of two characters.
MAX_LINES: Final = 4 * MAX_ROWS
MAX_LINE: Final = 16 * 1024
# ISO/IEC 18004:2015, table 7: version 40-L holds 2,953 bytes.
MAX_LINK: Final = 2_953
MAX_BYTES: Final = 16 * 1024 * 1024
MAX_UNPACKED_BYTES: Final = 256 * 1024 * 1024
_WHAT: Final = "the container list"


@dataclass(frozen=True)
class ShipmentEntry:
    """One row of a container list: its line, what stood there, and the battery that it names.

    `host` is where the row's link leads; None where it gives GTIN and serial.
    """

    line: int
    text: str
    identifier: UniqueProductIdentifier | None
    reason: str = ""
    host: str | None = None


def read_shipment(data: bytes) -> list[ShipmentEntry]:
    """Read a container list: XLSX, CSV (columns link, or gtin and serial), or one link a line.

    Raises:
        InvalidInputError: not readable, empty, or more than 10,000 rows.
    """
    if len(data) > MAX_BYTES:
        raise _refused(f"it has {len(data)} bytes, at most {MAX_BYTES} are read", "Split it.")
    table = _workbook(data) if data.startswith(XLSX_MAGIC) else _text_table(data)
    # One row more than may be, and a heading: what comes after is not even looked at.
    rows = list(islice(((line, cells) for line, cells in table if any(cells)), MAX_ROWS + 2))
    header = [cell.strip().lower() for cell in rows[0][1]] if rows else []
    named = "link" in header or {"gtin", "serial"} <= set(header)
    body = rows[1:] if named else rows
    if not body:
        raise _refused("it names no batteries", "One battery a row.")
    if len(body) > MAX_ROWS:
        raise _refused(f"it has more than {MAX_ROWS} rows", "Split it.")
    return [_entry(line, cells, header if named else ["link"]) for line, cells in body]


def _refused(reason: str, remedy: str) -> InvalidInputError:
    return InvalidInputError([Finding("file", "", reason, remedy)], _WHAT)


def _workbook(data: bytes) -> Iterable[tuple[int, list[str]]]:
    book = open_workbook(data, _WHAT, max_unpacked_bytes=MAX_UNPACKED_BYTES)
    rows = workbook_rows(book, 0, _WHAT)
    return ((line, [_cell(cell) for cell in row]) for line, row in rows)


def _cell(value: object) -> str:
    # A spreadsheet keeps a GTIN typed as a number as 9520123456788.0, without its leading zero.
    if isinstance(value, float) and value.is_integer():
        return str(int(value))
    return str(value).strip() if value is not None else ""


def _text_table(data: bytes) -> Iterable[tuple[int, list[str]]]:
    text = decode_text(data, _WHAT)
    _refuse_shapeless(text)
    first = text.partition("\n")[0]
    if not {"link", "gtin"} & {c.strip().lower() for c in first.split(delimiter_of(first))}:
        return [(n, [line.strip()]) for n, line in enumerate(text.splitlines(), start=1)]
    rows = csv_rows(text, delimiter_of(first), _WHAT)
    return ((line, [cell.strip() for cell in row]) for line, row in rows)


def _refuse_shapeless(text: str) -> None:
    """Refuse what is mostly empty, or one endless line, before it takes time and room."""
    lines = text.count("\n") + text.count("\r")
    if lines > MAX_LINES:
        raise _refused(
            f"it has {lines} lines, at most {MAX_LINES} are read", "Leave out empty ones."
        )
    longest = max(map(len, text.splitlines()), default=0)
    if longest > MAX_LINE:
        reason = f"a line has {longest} characters, at most {MAX_LINE} are read"
        raise _refused(reason, "One battery a line.")


def _entry(line: int, cells: Sequence[str], header: Sequence[str]) -> ShipmentEntry:
    named = dict(zip(header, cells, strict=False))
    text = named.get("link") or f"{named.get('gtin', '')}/{named.get('serial', '')}"
    try:
        if named.get("link"):
            if len(text) > MAX_LINK:
                reason = f"no QR code holds a link of {len(text)} characters"
                return ShipmentEntry(line, shorten(text), None, reason)
            return ShipmentEntry(line, text, parse_digital_link(text), host=host_of_link(text))
        gtin, serial = named.get("gtin", "").zfill(14), named.get("serial", "")
        wrong = check_gtin(gtin) or check_serial(serial)
        if wrong is not None:
            return ShipmentEntry(line, shorten(text), None, str(wrong))
        return ShipmentEntry(line, text, UniqueProductIdentifier(gtin, serial))
    except InvalidInputError as error:
        return ShipmentEntry(line, shorten(text), None, error.message)
