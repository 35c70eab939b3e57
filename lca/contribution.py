"""Who contributes most, in a table of its own."""

from __future__ import annotations

from typing import Any

from lca.footprint import Footprint


def top_contributors(footprint: Footprint, limit: int = 10) -> list[dict[str, Any]]:
    """Return the largest contributions, by absolute value, and the rest as one row.

    Each row: `name`, `stage`, `factor`, `kg_co2e_per_battery`, `share`; shares sum to one.
    """
    document: dict[str, Any] = footprint.to_document()
    rows = sorted(document["contributions"], key=lambda row: -abs(row["kg_co2e_per_battery"]))
    keys = ("name", "stage", "factor", "kg_co2e_per_battery", "share")
    table = [{key: row[key] for key in keys} for row in rows[:limit]]
    rest = sum(row["kg_co2e_per_battery"] for row in rows[limit:])
    if rows[limit:]:
        share = rest / footprint.total if footprint.total else None
        name = f"{len(rows) - limit} others"
        values = (name, None, None, rest, share)
        table.append(dict(zip(keys, values, strict=True)))
    return table
