"""Reading what a footprint is computed from: one JSON document, a workbook, or a folder of CSV."""

from dataclasses import dataclass
from pathlib import Path

from api.commands.console import read_file
from api.environment import EnvironmentFaultError
from lca.activities import Inventory
from lca.datasets import Dataset, load_shipped_dataset
from lca.inventory import parse_inventory
from lca.sheets import SheetInput, read_csv_sheets, read_workbook
from passports.errors import Finding


@dataclass(frozen=True)
class FootprintInput:
    """An inventory, and the factors it is computed with: the shipped ones and those it brings."""

    inventory: Inventory
    dataset: Dataset


def read_footprint_input(path: Path, dataset: Dataset | None = None) -> FootprintInput:
    """Read `.json`, `.xlsx`, or a folder of CSV files named like the sheets.

    Raises:
        EnvironmentFaultError: there is no such file, or it cannot be read.
        LcaError: what is in it is refused; each finding names file, sheet, row and field.
    """
    base = dataset or load_shipped_dataset()
    if path.is_dir():
        files = {file.name: read_file(file, "the sheet") for file in sorted(path.glob("*.csv"))}
        if not files:
            reason = "there are no CSV files in this folder"
            finding = Finding("file", str(path), reason, "One file a sheet, e.g. activities.csv.")
            raise EnvironmentFaultError(finding)
        return _of_sheets(read_csv_sheets(files, path.name), base)
    data = read_file(path, "the inventory")
    if path.suffix.lower() == ".xlsx":
        return _of_sheets(read_workbook(data, path.name), base)
    return FootprintInput(parse_inventory(data), base)


def _of_sheets(sheets: SheetInput, base: Dataset) -> FootprintInput:
    inventory = sheets.inventory()
    if not sheets.factors:
        return FootprintInput(inventory, base)
    own = base.with_factors("supplier-sheet", inventory.title, sheets.factors)
    return FootprintInput(inventory, own)
