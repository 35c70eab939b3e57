"""What moves the result most: each input's pull, and what part of the spread it brings."""

from __future__ import annotations

import math

from lca.footprint import Footprint
from lca.uncertainty import uncertain_inputs


def sensitivity_table(footprint: Footprint, limit: int = 20) -> list[dict[str, object]]:
    """Return the inputs with the largest pull on the total, largest first.

    Each row: `input` (a factor's identifier or an exchange's path), `name`, `kind` (factor or
    amount), `share` (relative change of the total for a relative change of the input),
    `kg_co2e_per_ten_percent` (per battery), `gsd`, and `variance_share` of the delta-method
    variance.
    """
    inputs = uncertain_inputs(footprint)
    names = _names(footprint)
    variance = math.fsum(
        (item.sensitivity * math.log(item.gsd)) ** 2 for item in inputs if item.gsd is not None
    )
    rows: list[dict[str, object]] = []
    for item in inputs[:limit]:
        own = None if item.gsd is None else (item.sensitivity * math.log(item.gsd)) ** 2
        rows.append(
            {
                "input": item.label,
                "name": names.get(item.label, item.label),
                "kind": item.kind,
                "share": item.sensitivity / footprint.total if footprint.total else None,
                "kg_co2e_per_ten_percent": item.sensitivity * 0.1,
                "gsd": item.gsd,
                "variance_share": own / variance if own is not None and variance else None,
            }
        )
    return rows


def _names(footprint: Footprint) -> dict[str, str]:
    """Return what people call each factor and each exchange."""
    system = footprint.system
    exchanges = [*(burden.exchange for burden in system.burdens), *system.edge_exchanges]
    names = {
        item.path: item.name or item.activity or item.factor or item.flow or "plant electricity"
        for item in exchanges
    }
    names.update((b.factor_id, b.record.name) for b in system.burdens if b.record is not None)
    return names
