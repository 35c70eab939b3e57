"""The footprint document as it may be given to others.

It holds no licensed values, and in its public version no confidential rows either. What is left out
stands in sums by stage.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, Final

from lca.audit import licensed_factors
from lca.footprint import Footprint

_TELLING: Final = ("amount_per_battery", "kg_co2e_per_unit", "kg_co2e_per_battery", "share")
"""Fields from which a licensed value, or a confidential amount, could be computed."""


def shared_document(footprint: Footprint, *, public: bool) -> dict[str, object]:
    """Return the footprint document without what may not leave.

    Args:
        footprint: The result.
        public: Leave out confidential rows too, and every amount and evidence.

    Returns:
        The document of `Footprint.to_document`, where contributions that are left out have nulls
        and `withheld: true`, and `withheld_by_stage` holds their sums.
    """
    document: dict[str, Any] = footprint.to_document()
    licensed = licensed_factors(footprint)
    withheld: dict[str, float] = {}
    rows: list[dict[str, Any]] = []
    for item in document["contributions"]:
        hidden = item["factor"] in licensed or (public and item["confidential"])
        row = dict(item, withheld=hidden)
        if hidden:
            stage = item["stage"]
            withheld[stage] = withheld.get(stage, 0.0) + item["kg_co2e_per_battery"]
            row.update(dict.fromkeys(_TELLING))
        if hidden and public:
            row.update(name="confidential or licensed input", factor=None, evidence=None)
        elif public:
            row.update(amount_per_battery=None, evidence=None)
        rows.append(row)
    columns = {
        name: _column(column, licensed) for name, column in document["electricity_columns"].items()
    }
    return {
        **document,
        "contributions": rows,
        "withheld_by_stage": withheld,
        "electricity_columns": columns,
        "public": public,
    }


def _column(column: dict[str, Any], licensed: Mapping[str, str]) -> dict[str, Any]:
    """Return a column; one with a licensed factor keeps its sum only."""
    if not any(part["factor"] in licensed for part in column["parts"]):
        return column
    hidden = dict.fromkeys(("kg_co2e_per_kwh_electricity", "kwh_per_battery"))
    return {**column, **hidden, "parts": []}
