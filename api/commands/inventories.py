"""Reading what a footprint is computed from: an inventory in any accepted form, and own factors."""

from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, replace
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any, Final

import typer

from api.commands.console import read_file
from api.environment import EnvironmentFaultError
from lca.errors import Finding as LcaFinding
from lca.errors import InventoryError, LcaError
from passports.errors import Finding

if TYPE_CHECKING:
    from lca.datasets import Dataset
    from lca.footprint import Footprint
    from lca.reading import ReadInventory
    from lca.rulesets import Ruleset

LARGEST_INVENTORY_BYTES: Final = 64 * 1024 * 1024
"""A file above this is refused unread; an inventory of 500 rows takes about 30 kB."""

InventoryFile = Annotated[
    Path,
    typer.Argument(help="Inventory: .json, .xlsx, a zip or a folder of CSV sheets."),
]
OwnFactors = Annotated[
    list[Path] | None,
    typer.Option("--factors", help="Own factors (footprint import) beside the shipped ones."),
]


@dataclass(frozen=True)
class FootprintInput:
    """An inventory, and the factors it is computed with: shipped ones, own ones, those it brings."""

    read: "ReadInventory"
    dataset: "Dataset"

    def compute(self, ruleset: "Ruleset") -> "Footprint":
        """Compute the footprint; what is refused is named with file, sheet, row and column.

        Raises:
            LcaError: something in the inventory is refused.
        """
        from lca.footprint import compute_footprint

        with self.read.located():
            return compute_footprint(self.read.inventory, ruleset, self.dataset)

    def with_places(self, result: Mapping[str, Any]) -> dict[str, Any]:
        """Return a result whose implausible figures say where in the file they stand."""
        if not result.get("implausible"):
            return dict(result)
        placed = []
        for doubt in result["implausible"]:
            field = doubt["field"] or ""
            # What has no full stop is a figure of the whole, and stands in no one place.
            placed.append({**doubt, "place": self.read.place(field) if "." in field else None})
        return {**result, "implausible": placed}

    def what_if(self, ruleset: "Ruleset", scenarios: Sequence[str]) -> list[dict[str, Any]]:
        """Return the table of scenarios.

        Raises:
            LcaError: a scenario cannot be asked, or does not compute.
        """
        from lca.what_if import what_if

        return list(what_if(self.read.inventory, ruleset, self.dataset, scenarios))


def read_footprint_input(path: Path, base: "Dataset | None" = None) -> FootprintInput:
    """Read an inventory: JSON, XLSX, a zip of CSV sheets, or a folder of them.

    Raises:
        EnvironmentFaultError: there is no such file, or it cannot be read.
        LcaError: what is in it is refused; each finding names file, sheet, row and field.
    """
    from lca.datasets import load_shipped_dataset
    from lca.reading import read_inventory, read_inventory_folder

    dataset = load_shipped_dataset() if base is None else base
    if path.is_dir():
        files = {file.name: _bounded(file, "the sheet") for file in sorted(path.glob("*.csv"))}
        if not files:
            reason = "there are no CSV files in this folder"
            finding = Finding("file", str(path), reason, "One file a sheet, e.g. activities.csv.")
            raise EnvironmentFaultError(finding)
        read = read_inventory_folder(files, path.name)
    else:
        read = read_inventory(_bounded(path, "the inventory"), path.name)
    return FootprintInput(read, read.dataset(dataset))


def dataset_with(files: Sequence[Path] | None) -> "Dataset":
    """Return the shipped factors with those of the user's own files beside them.

    Raises:
        EnvironmentFaultError: a file cannot be read.
        DatasetError: it is no file of factors, or an identifier is taken already.
    """
    from lca.datasets import load_shipped_dataset
    from lca.own_factors import read_own_factors

    dataset = load_shipped_dataset()
    for file in files or ():
        data = read_file(file, "the file of factors")
        with in_file(file):
            dataset = dataset.with_factors(*read_own_factors(data))
    return dataset


@contextmanager
def in_file(path: Path) -> Iterator[None]:
    """Let findings that are made inside name the file.

    Raises:
        LcaError: what was raised, with the file in each finding.
    """
    try:
        yield
    except LcaError as error:
        raise error.placed(lambda finding: replace(finding, file=path.name)) from None


def _bounded(path: Path, what: str) -> bytes:
    try:
        size = path.stat().st_size
    except (OSError, ValueError):
        size = 0  # reading it says why
    if size > LARGEST_INVENTORY_BYTES:
        reason = f"is larger than {LARGEST_INVENTORY_BYTES // 1024 // 1024} MiB"
        finding = LcaFinding("file", f"{size} bytes", reason, "split it", file=path.name)
        raise InventoryError([finding])
    return read_file(path, what)
