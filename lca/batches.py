"""A million batches of one plant: per-plant totals are linear in the activity data.

The structure of a plant (which activity takes what) is solved once; each batch then is one row of
relative amounts, and all footprints are one matrix product.
"""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from lca.footprint import evaluate
from lca.product_system import ProductSystem
from lca.rulesets import STAGES


def batch_weights(system: ProductSystem) -> NDArray[np.float64]:
    """Return kg CO2e per battery of each burden by stage, and in total.

    Returns:
        Shape (burdens, 5): the four stages of `rulesets.STAGES`, then their sum.
    """
    contributions = evaluate(system).contributions
    weights = np.zeros((contributions.size, len(STAGES) + 1))
    weights[np.arange(contributions.size), system.stages] = contributions
    weights[:, -1] = contributions
    return weights


def footprints_of_batches(
    relative_amounts: NDArray[np.float64], weights: NDArray[np.float64]
) -> NDArray[np.float64]:
    """Return kg CO2e per battery of each batch by stage, and in total.

    Args:
        relative_amounts: Amount of each burden in each batch, as a multiple of the inventory's,
            shape (batches, burdens).
        weights: From `batch_weights`, shape (burdens, 5).

    Returns:
        Shape (batches, 5): the four stages of `rulesets.STAGES`, then their sum.
    """
    return relative_amounts @ weights
