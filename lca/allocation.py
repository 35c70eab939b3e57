"""Allocation: what share of an activity's burden its main product carries, beside co-products.

Subdivision comes first and is the inventory's own affair. Then by mass; by value where the prices
per kg differ by more than the ruleset's ratio (10 in the draft rules as digested, 4 in the Battery
Pass rulebook), for then mass would put the burden on what nobody produces on purpose.
"""

from __future__ import annotations

import math
from dataclasses import dataclass

from lca.activities import CoProduct
from lca.errors import Finding, InventoryError
from lca.rulesets import Ruleset


@dataclass(frozen=True, slots=True)
class AllocatedShare:
    """Share of the main product, and the key it was found by: `mass` or `economic`."""

    share: float
    key: str
    price_ratio: float | None


def allocated_share(products: tuple[CoProduct, ...], ruleset: Ruleset, path: str) -> AllocatedShare:
    """Return the share of the first product among all products of one activity.

    Args:
        products: The main product first, then its co-products.
        ruleset: Says from which price ratio on the value decides.
        path: Of the activity, for messages.

    Raises:
        InventoryError: The prices are needed and not all of them are known.
    """
    prices = [product.price_per_kg for product in products]
    known = [price for price in prices if price is not None]
    if len(known) not in {0, len(prices)}:
        reason = "prices are known for some of the products only"
        finding = Finding(f"{path}.co_products", "", reason, "give all prices per kg, or none")
        raise InventoryError([finding])
    ratio = max(known) / min(known) if known and min(known) > 0 else None
    if known and (ratio is None or ratio > ruleset.economic_allocation_above):
        values = [p.mass_kg * (p.price_per_kg or 0.0) for p in products]
        return AllocatedShare(values[0] / math.fsum(values), "economic", ratio)
    masses = [product.mass_kg for product in products]
    return AllocatedShare(masses[0] / math.fsum(masses), "mass", ratio)
