"""Reads a dataset's CSV files and refuses whatever contradicts itself.

A factor row fails to load when its source is unknown, its unit is, it carries both gases and an
aggregate (or neither), a gas is not characterised, or its identifier occurs twice.
"""

from __future__ import annotations

import csv
import io
import math
from collections.abc import Iterator, Mapping
from functools import cache
from importlib import resources
from importlib.resources.abc import Traversable
from types import MappingProxyType

from lca.datasets import Dataset, Refusal
from lca.emission_factors import NORMAL_97_5, Boundary, FactorRecord, Scores
from lca.errors import DatasetError, Finding, shown
from lca.units import units

SHIPPED_ID = "voltpass-open"
SHIPPED_VERSION = "2026.11"


@cache
def read_shipped_dataset() -> Dataset:
    """Return the shipped dataset.

    Raises:
        DatasetError: A file contradicts itself; names file, row and column.
    """
    return read_dataset(resources.files("lca.data"), SHIPPED_ID, SHIPPED_VERSION)


def read_dataset(folder: Traversable, id_: str, version: str) -> Dataset:
    """Return the dataset in a folder laid out like `lca/data`.

    Raises:
        DatasetError: A file contradicts itself; names file, row and column.
    """
    sources = {row["id"]: row for _, row in _rows(folder.joinpath("sources.csv"))}
    sets = _characterisation_sets(folder.joinpath("characterisation_factors.csv"))
    factors: dict[str, FactorRecord] = {}
    files = folder.joinpath("emission_factors").iterdir()
    for file in sorted(files, key=lambda entry: entry.name):
        if not file.name.endswith(".csv"):
            continue
        for line, row in _rows(file):
            record = read_factor_row(row, file.name.removesuffix(".csv"), sources, file.name, line)
            if record.id in factors:
                raise _wrong(file.name, line, "id", record.id, "two factors for one identifier")
            for flow in record.gases:
                if flow not in sets["ef-3.1"]:
                    raise _wrong(file.name, line, "gases", flow, "not characterised in ef-3.1")
            factors[record.id] = record
    refusals = {
        row["id"]: Refusal(**{key: row[key] for key in Refusal.__slots__})
        for _, row in _rows(folder.joinpath("refusals.csv"))
    }
    for both in sorted(factors.keys() & refusals.keys()):
        raise _wrong("refusals.csv", 0, "id", both, "is given as a factor and as a refusal")
    return Dataset(id_, version, MappingProxyType(factors), MappingProxyType(refusals), sets)


def read_factor_row(
    row: Mapping[str, str],
    group: str,
    sources: Mapping[str, Mapping[str, str]],
    file: str,
    line: int,
) -> FactorRecord:
    """Return one row as a record.

    Raises:
        DatasetError: The row contradicts itself; names file, row and column.
    """
    source = sources.get(row["source"])
    if source is None:
        raise _wrong(file, line, "source", row["source"], "is not in sources.csv")
    if row["per"] not in units():
        raise _wrong(file, line, "per", row["per"], "is not in units.csv")
    if bool(row["value"]) == bool(row["gases"]):
        raise _wrong(file, line, "value", row["value"], "give either a value or gases")
    if row["boundary"] not in set(Boundary):
        raise _wrong(file, line, "boundary", row["boundary"], "is no boundary")
    if not row["region"] or not row["period"]:
        raise _wrong(file, line, "region", row["region"], "region and period are needed")
    return FactorRecord(
        id=row["id"],
        name=row["name"],
        value=_number(row["value"], file, line, "value") if row["value"] else None,
        gases=MappingProxyType(dict(_gases(row["gases"], file, line))),
        gwp_basis=row["gwp_basis"],
        per=row["per"],
        region=row["region"],
        period=row["period"],
        boundary=Boundary(row["boundary"]),
        group=group,
        source=row["source"],
        citation=source["citation"],
        licence=source["licence"],
        redistributable=source["redistributable"] == "yes",
        scores=_scores(row, file, line),
        gsd=_spread(row, file, line),
        caution=row["caution"],
        note=row["note"],
    )


def _gases(text: str, file: str, line: int) -> Iterator[tuple[str, float]]:
    for part in filter(None, text.split(";")):
        flow, _, amount = part.partition("=")
        yield flow, _number(amount, file, line, f"gases.{flow}")


def _scores(row: Mapping[str, str], file: str, line: int) -> Scores | None:
    if not row["ter"]:
        return None
    values = [_number(row[key], file, line, key) for key in ("ter", "tir", "ger")]
    for key, value in zip(("ter", "tir", "ger"), values, strict=True):
        if not 1 <= value <= 5:  # noqa: PLR2004 - PEF scores run from 1 to 5
            raise _wrong(file, line, key, row[key], "a score lies between 1 and 5")
    return Scores(*values)


def _spread(row: Mapping[str, str], file: str, line: int) -> float | None:
    if not row["low"]:
        return None
    low = _number(row["low"], file, line, "low")
    high = _number(row["high"], file, line, "high")
    if not 0 < low <= high:
        raise _wrong(file, line, "low", row["low"], "a range runs from a positive low to a high")
    return math.exp(math.log(high / low) / (2 * NORMAL_97_5))


def _characterisation_sets(file: Traversable) -> Mapping[str, Mapping[str, float]]:
    sets: dict[str, dict[str, float]] = {}
    for line, row in _rows(file):
        flows = sets.setdefault(row["method"], {})
        if row["flow"] in flows:
            raise _wrong(file.name, line, "flow", row["flow"], "occurs twice in its method")
        flows[row["flow"]] = _number(row["kg_co2e_per_kg"], file.name, line, "kg_co2e_per_kg")
    return MappingProxyType({name: MappingProxyType(flows) for name, flows in sets.items()})


def _rows(file: Traversable) -> Iterator[tuple[int, dict[str, str]]]:
    reader = csv.DictReader(io.StringIO(file.read_text(encoding="utf-8")))
    for row in reader:
        yield reader.line_num, row


def _number(text: str, file: str, line: int, column: str) -> float:
    try:
        value = float(text)
    except ValueError:
        value = math.nan
    if not math.isfinite(value):
        raise _wrong(file, line, column, text, "is not a finite number")
    return value


def _wrong(file: str, line: int, column: str, value: str, reason: str) -> DatasetError:
    remedy = "correct the row"
    return DatasetError([Finding(column, shown(value), reason, remedy, file=file, row=line)])
