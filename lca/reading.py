"""One way in for inputs of any accepted kind: JSON document, XLSX workbook, CSV sheets or a zip of them.

Whatever is wrong with an input later on, such as a factor that nobody has, is said with its file,
sheet, row and column too.
"""

from __future__ import annotations

import io
import zipfile
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field, replace

from lca.activities import Inventory
from lca.archives import ARCHIVE_FAULTS
from lca.datasets import Dataset
from lca.emission_factors import FactorRecord
from lca.errors import Finding, LcaError, SheetError, shown
from lca.inventory import parse_inventory
from lca.sheets import (
    MAXIMUM_UNPACKED_BYTES,
    SheetInput,
    check_workbook,
    read_checked_workbook,
    read_csv_sheets,
)


@dataclass(frozen=True, slots=True)
class ReadInventory:
    """An inventory, the supplier footprints that came with it, and where it came from."""

    inventory: Inventory
    factors: tuple[FactorRecord, ...]
    file: str = ""
    sheets: SheetInput | None = field(default=None, repr=False)

    def dataset(self, base: Dataset) -> Dataset:
        """Return a dataset with the supplier footprints beside it.

        Raises:
            DatasetError: An identifier is taken already.
        """
        if not self.factors:
            return base
        with self.located():
            return base.with_factors("supplier-sheet", self.inventory.title, self.factors)

    @contextmanager
    def located(self) -> Iterator[None]:
        """Let errors about this inventory that are raised inside say file, sheet, row and column.

        Raises:
            LcaError: What was raised, with its place.
        """
        try:
            yield
        except LcaError as error:
            raise error.placed(self._place) from None

    def place(self, path: str) -> str:
        """Return where a field stands: file, sheet, row and column, as far as there are such."""
        found = self._place(Finding(path, "", "", ""))
        sheet = f"sheet {found.sheet}" if found.sheet else None
        row = f"row {found.row}" if found.row else None
        return ", ".join(filter(None, (found.file, sheet, row, found.path)))

    def _place(self, finding: Finding) -> Finding:
        found = finding if self.sheets is None else self.sheets.located([finding])[0]
        return replace(found, file=found.file or self.file or None)


def read_inventory(data: bytes, file: str) -> ReadInventory:
    """Return the inventory in a file; what kind of file it is is seen from its content.

    Raises:
        InventoryError: It cannot be read, or something in it is wrong. Findings of sheets name
            file, sheet, row and column.
    """
    if data[:2] == b"PK":
        return _of_sheets(_of_archive(data, file), file)
    try:
        return ReadInventory(parse_inventory(data), (), file)
    except LcaError as error:
        raise error.placed(lambda finding: replace(finding, file=file)) from None


def read_inventory_folder(files: Mapping[str, bytes], folder: str) -> ReadInventory:
    """Return the inventory in CSV files named like the sheets.

    Raises:
        SheetError: It cannot be read, or something in it is wrong.
    """
    return _of_sheets(read_csv_sheets(files, folder), folder)


def _of_sheets(sheets: SheetInput, file: str) -> ReadInventory:
    try:
        inventory = sheets.inventory()
    except LcaError as error:
        raise error.placed(lambda finding: replace(finding, file=finding.file or file)) from None
    return ReadInventory(inventory, sheets.factors, file, sheets)


def _of_archive(data: bytes, file: str) -> SheetInput:
    try:
        with zipfile.ZipFile(io.BytesIO(data)) as archive:
            names = archive.namelist()
            is_workbook = any(name.startswith("xl/") for name in names)
            plain = check_workbook(archive, data, file) if is_workbook else {}
            sheets = {} if is_workbook else _csv_sheets(archive, names, file)
    except ARCHIVE_FAULTS as error:
        remedy = "send JSON, XLSX, or a zip of CSV sheets"
        finding = Finding("file", shown(str(error)), "cannot be read", remedy, file=file)
        raise SheetError([finding]) from None
    if is_workbook:
        return read_checked_workbook(data, file, plain)
    return read_csv_sheets(sheets, file)


def _csv_sheets(archive: zipfile.ZipFile, names: Sequence[str], file: str) -> dict[str, bytes]:
    unpacked = sum(entry.file_size for entry in archive.infolist())
    if unpacked > MAXIMUM_UNPACKED_BYTES:
        reason = f"is larger than {MAXIMUM_UNPACKED_BYTES // 1024 // 1024} MiB unpacked"
        raise SheetError([Finding("file", str(unpacked), reason, "split it", file=file)])
    csv_files = (name for name in names if name.endswith(".csv"))
    return {name.rpartition("/")[2]: archive.read(name) for name in csv_files}
