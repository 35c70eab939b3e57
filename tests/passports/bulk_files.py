"""Files of batteries for tests: the same rows as CSV, XLSX, NDJSON and JSON."""

import csv
import io
import json
from collections.abc import Sequence
from typing import Any

from openpyxl import Workbook

from passports.bulk import (
    MappingRecipeCreate,
    ReadingOptions,
    Registration,
    Registry,
    read_table,
    register_batteries,
)
from passports.documents import read_document
from passports.store import PassportRow
from signing.credentials import decode
from tests.worlds import FACILITY, IMPORTER, MAKER, MODEL, NOW, World

COLUMNS = (
    "serial",
    "batch_id",
    "model_id",
    "facility_id",
    "responsible_operator_id",
    "manufactured_on",
)
SECOND_GTIN = "09520123000004"
KINDS = ("csv", "xlsx", "ndjson", "json")


def battery(serial: object = "A-1", **changes: object) -> dict[str, object]:
    """Return one good row, with changes."""
    row: dict[str, object] = {
        "serial": serial,
        "batch_id": "b-1",
        "model_id": MODEL,
        "facility_id": FACILITY,
        "responsible_operator_id": IMPORTER,
        "manufactured_on": "2026-11-02",
    }
    return {**row, **changes}


def headings_of(rows: Sequence[dict[str, object]]) -> list[str]:
    """Return all keys, in their order."""
    return list(dict.fromkeys(name for row in rows for name in row))


def as_csv(rows: Sequence[dict[str, object]], delimiter: str = ",") -> bytes:
    """Write rows as CSV."""
    text = io.StringIO(newline="")
    writer = csv.DictWriter(text, headings_of(rows), restval="", delimiter=delimiter)
    writer.writeheader()
    writer.writerows(rows)
    return text.getvalue().encode()


def as_xlsx(rows: Sequence[dict[str, object]]) -> bytes:
    """Write rows as a workbook; a text that begins with = stays a text."""
    names = headings_of(rows)
    return workbook([names, *[[row.get(name) for name in names] for row in rows]], as_text=True)


def workbook(
    *sheets: Sequence[Sequence[Any]], merge: str | None = None, as_text: bool = False
) -> bytes:
    """Write sheets as a workbook; `as_text` keeps = in the first column from being a formula."""
    book = Workbook()
    book.remove(book.active)  # type: ignore[arg-type] # a fresh workbook has one
    for rows in sheets:
        sheet = book.create_sheet()
        for row in rows:
            sheet.append(list(row))
        for cell in sheet["A"] if as_text else ():
            cell.data_type = "s" if cell.data_type == "f" else cell.data_type
        if merge:
            sheet.merge_cells(merge)
    data = io.BytesIO()
    book.save(data)
    return data.getvalue()


def as_file(kind: str, rows: Sequence[dict[str, object]]) -> bytes:
    """Write rows in one of the four formats."""
    if kind == "csv":
        return as_csv(rows)
    if kind == "xlsx":
        return as_xlsx(rows)
    lines = [json.dumps(row) for row in rows]
    return ("\n".join(lines) if kind == "ndjson" else f"[{', '.join(lines)}]").encode()


def recipe(**fields: Any) -> MappingRecipeCreate:
    """Return a recipe."""
    return read_document(MappingRecipeCreate, fields, "the recipe")


def register(
    world: World,
    data: bytes,
    mapping: MappingRecipeCreate | None = None,
    operator: str = MAKER,
    **options: Any,
) -> Registration:
    """Register a file in a world, at its moment."""
    chosen = mapping or recipe()
    table = read_table(data, ReadingOptions(chosen.encoding, chosen.sheet, chosen.header_line))
    registry = Registry(world.store, world.keyring, world.address, operator)
    return register_batteries(registry, table, chosen, NOW, **options)


def told(done: Registration) -> list[tuple[int | None, str, str]]:
    """Return line, field and reason of each finding."""
    return [(f.line, f.field, f.reason) for f in done.report.findings]


def stored(world: World) -> dict[str, PassportRow]:
    """Return all passports by serial."""
    with world.store.reading() as reading:
        return {row.serial: row for row in reading.passports.page(limit=100_000)}


def subject(row: PassportRow) -> dict[str, Any]:
    """Return what a passport says."""
    found = decode(row.credential).payload["credentialSubject"]
    assert isinstance(found, dict)
    return found
