"""Own factors as CSV: id, name, value or gases, gwp_basis, per, region, period, optional others.

`gases` is written like `carbon_dioxide_fossil=4.96;methane_fossil=0.0346`, kg per unit. The columns
are those of `data/emission_factors/*.csv`; boundary and source come with the import.
"""

from __future__ import annotations

import csv
import io
from collections.abc import Mapping

from lca.datasets import load_shipped_dataset
from lca.emission_factors import FactorRecord
from lca.errors import FactorImportError, Finding, shown
from lca.importers.records import Draft, Imported, ImportTerms, number_of, record_of_draft

_REQUIRED = ("id", "name", "per", "region", "period")


def read_csv_rows(data: bytes, terms: ImportTerms) -> Imported:
    """Return the factors of a CSV file.

    Raises:
        FactorImportError: Not UTF-8, or a column is missing.
    """
    try:
        rows = list(csv.DictReader(io.StringIO(data.decode("utf-8-sig")), strict=True))
    except (UnicodeDecodeError, csv.Error) as error:
        finding = Finding("file", shown(str(error)), "is not CSV in UTF-8", "save it as that")
        raise FactorImportError([finding]) from None
    columns = set(rows[0]) if rows else set()
    missing = [name for name in _REQUIRED if name not in columns]
    if missing or not columns & {"value", "gases"}:
        named = ", ".join(missing) or "value or gases"
        raise FactorImportError([Finding("header", named, "column is missing", "add it")])
    records: list[FactorRecord] = []
    refused: list[Finding] = []
    seen: set[str] = set()
    for line, row in enumerate(rows, start=2):
        found = _record(row, terms, f"row {line}")
        if isinstance(found, FactorRecord) and found.id in seen:
            reason = "two factors for one identifier"
            found = Finding(f"row {line}", found.id, reason, "rename one of them")
        if isinstance(found, Finding):
            refused.append(found)
            continue
        seen.add(found.id)
        records.append(found)
    return Imported(tuple(records), tuple(refused))


def _record(row: Mapping[str, str | None], terms: ImportTerms, path: str) -> FactorRecord | Finding:
    known = load_shipped_dataset().characterisation("ef-3.1")
    gases: dict[str, float] = {}
    for part in filter(None, (row.get("gases") or "").split(";")):
        flow, _, amount = part.partition("=")
        if flow.strip() not in known:
            return Finding(path, shown(flow), "no such elementary flow", "see the README")
        gases[flow.strip()] = number_of(amount)
    value = row.get("value")
    if bool(value) == bool(gases):
        return Finding(path, shown(value or ""), "give either a value or gases", "clear one")
    if row.get("boundary") not in {None, "", "lca"}:
        reason = "only life-cycle factors are imported"
        return Finding(path, shown(row["boundary"]), reason, "leave the row out")
    draft = Draft(
        id=row["id"] or "",
        name=row["name"] or "",
        per=row["per"] or "",
        region=row["region"] or "",
        period=row["period"] or "",
        value=number_of(value) if value else None,
        gases=gases,
        gwp_basis="per gas" if gases else row.get("gwp_basis") or "not stated",
        caution=row.get("caution") or "",
    )
    return record_of_draft(draft, terms, path)
