"""Supplier footprints typed into a sheet become emission factors with provenance."""

from __future__ import annotations

from collections.abc import Sequence
from types import MappingProxyType

from lca.emission_factors import Boundary, FactorRecord
from lca.errors import Finding, shown
from lca.sheet_layout import Row
from lca.units import units


def supplier_factors(rows: Sequence[Row], findings: list[Finding]) -> tuple[FactorRecord, ...]:
    """Return the footprints of the sheet `supplier_footprints`; findings are appended."""
    records: list[FactorRecord] = []
    seen: set[object] = set()
    for row in rows:
        id_ = row.cells["id"]
        twice = ("id", "two factors for one identifier", "rename one of them")
        problem = twice if id_ in seen else _problem(row)
        seen.add(id_)
        if problem is not None:
            column, reason, remedy = problem
            findings.append(
                Finding(
                    column,
                    shown(row.cells.get(column, "")),
                    reason,
                    remedy,
                    file=row.file,
                    sheet=row.sheet,
                    row=row.row,
                )
            )
            continue
        records.append(_record(row))
    return tuple(records)


def _problem(row: Row) -> tuple[str, str, str] | None:
    cells = row.cells
    value = cells.get("kg_co2e")
    if not isinstance(value, int | float) or not abs(value) < 1e12:  # noqa: PLR2004 - a bound
        return "kg_co2e", "must be a finite number", "give kg CO2e per unit"
    if cells.get("per") not in units():
        return "per", "unknown unit", f"known: {', '.join(sorted(units()))}"
    share = cells.get("primary_data_percent", 0.0)
    if not isinstance(share, int | float) or not 0 <= share <= 100:  # noqa: PLR2004 - per cent
        return "primary_data_percent", "must lie between 0 and 100", "give per cent"
    return None


def _record(row: Row) -> FactorRecord:
    cells = row.cells
    share = cells.get("primary_data_percent")
    return FactorRecord(
        id=str(cells["id"]),
        name=str(cells["name"]),
        value=float(cells["kg_co2e"]),
        gases=MappingProxyType({}),
        gwp_basis=str(cells.get("gwp_basis", "not stated")),
        per=str(cells["per"]),
        region=str(cells["region"]),
        period=str(cells["period"]),
        boundary=Boundary.LCA,
        group="supplier_footprints",
        source=f"supplier:{cells['supplier']}",
        citation=f"declared by {cells['supplier']}",
        licence=str(cells.get("licence", "supplier's own terms")),
        redistributable=False,
        primary_data_share=None if share is None else float(share) / 100,
        evidence=str(cells["evidence"]),
    )
