"""One way in for a file of any accepted kind: JSON document, XLSX workbook, or zip of CSV sheets."""

from __future__ import annotations

import io
import zipfile
from dataclasses import dataclass

from lca.activities import Inventory
from lca.emission_factors import FactorRecord
from lca.errors import Finding, SheetError, shown
from lca.inventory import parse_inventory
from lca.sheets import MAXIMUM_UNPACKED_BYTES, SheetInput, read_csv_sheets, read_workbook


@dataclass(frozen=True, slots=True)
class ReadInventory:
    """An inventory, and the supplier footprints that came with it."""

    inventory: Inventory
    factors: tuple[FactorRecord, ...]


def read_inventory(data: bytes, file: str) -> ReadInventory:
    """Return the inventory in a file; what kind of file it is is seen from its content.

    Raises:
        InventoryError: It cannot be read, or something in it is wrong. Findings of sheets name
            file, sheet, row and column.
    """
    if data[:2] != b"PK":
        return ReadInventory(parse_inventory(data), ())
    sheets = _of_archive(data, file)
    return ReadInventory(sheets.inventory(), sheets.factors)


def _of_archive(data: bytes, file: str) -> SheetInput:
    try:
        with zipfile.ZipFile(io.BytesIO(data)) as archive:
            names = archive.namelist()
            if any(name.startswith("xl/") for name in names):
                return read_workbook(data, file)
            unpacked = sum(entry.file_size for entry in archive.infolist())
            if unpacked > MAXIMUM_UNPACKED_BYTES:
                reason = f"is larger than {MAXIMUM_UNPACKED_BYTES // 1024 // 1024} MiB unpacked"
                raise SheetError([Finding("file", str(unpacked), reason, "split it", file=file)])
            sheets = {
                name.rpartition("/")[2]: archive.read(name)
                for name in names
                if name.endswith(".csv")
            }
    except (zipfile.BadZipFile, RuntimeError, NotImplementedError) as error:
        remedy = "send JSON, XLSX, or a zip of CSV sheets"
        finding = Finding("file", shown(str(error)), "cannot be read", remedy, file=file)
        raise SheetError([finding]) from None
    return read_csv_sheets(sheets, file)
