"""Solves the linear system of an inventory: how much of each activity one demand needs.

With coefficients `a[i, j]`, units of product i taken by one unit of product j, the levels x satisfy
`(I - a) x = f` (Heijungs and Suh 2002). A product tree is solved in order, consumers before their
providers. Loops (scrap that returns, recovered solvent) go to a sparse LU decomposition.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Final

import numpy as np
from numpy.typing import NDArray

from lca.errors import Finding, UnsolvableSystemError

if TYPE_CHECKING:
    from scipy.sparse import csc_array

RESIDUAL_LIMIT: Final = 1e-9
"""Largest relative residual of a solution; above it the system is singular in floating point."""


@dataclass(frozen=True)
class LinearSystem:
    """A technosphere in products per product.

    Attributes:
        names: One per activity, for messages.
        edges: (provider, consumer, units of the provider's product per unit of the consumer's).
        order: Activities with every consumer before its providers; empty where there is a loop.
        has_substitution: A credit may make a level negative.
    """

    names: tuple[str, ...]
    edges: tuple[tuple[int, int, float], ...]
    order: tuple[int, ...]
    providers: tuple[tuple[tuple[int, float], ...], ...]
    own_use: tuple[float, ...]
    has_substitution: bool

    @property
    def size(self) -> int:
        """Number of activities."""
        return len(self.names)

    def matrix(self) -> csc_array:
        """Return `I - a`, sparse."""
        from scipy.sparse import csc_array, eye_array  # noqa: PLC0415 # slow to load, for loops only

        rows = [provider for provider, _, _ in self.edges]
        columns = [consumer for _, consumer, _ in self.edges]
        values = [amount for _, _, amount in self.edges]
        taken = csc_array((values, (rows, columns)), shape=(self.size, self.size), dtype=np.float64)
        return csc_array(eye_array(self.size, format="csc") - taken)


def linear_system(
    names: Sequence[str],
    edges: Sequence[tuple[int, int, float]],
    *,
    has_substitution: bool = False,
) -> LinearSystem:
    """Return the system of these activities and exchanges, with its order where it has one."""
    providers: list[list[tuple[int, float]]] = [[] for _ in names]
    own_use = [0.0] * len(names)
    for provider, consumer, amount in edges:
        if provider == consumer:
            own_use[consumer] += amount
        else:
            providers[consumer].append((provider, amount))
    return LinearSystem(
        names=tuple(names),
        edges=tuple(edges),
        order=_order(providers),
        providers=tuple(tuple(items) for items in providers),
        own_use=tuple(own_use),
        has_substitution=has_substitution,
    )


def _order(providers: Sequence[Sequence[tuple[int, float]]]) -> tuple[int, ...]:
    """Return a topological order (Kahn 1962), or nothing where there is a loop."""
    waiting = [0] * len(providers)
    for items in providers:
        for provider, _ in items:
            waiting[provider] += 1
    ready = [index for index, count in enumerate(waiting) if count == 0]
    order: list[int] = []
    while ready:
        consumer = ready.pop()
        order.append(consumer)
        for provider, _ in providers[consumer]:
            waiting[provider] -= 1
            if waiting[provider] == 0:
                ready.append(provider)
    return tuple(order) if len(order) == len(providers) else ()


def solve(system: LinearSystem, demanded: int, amount: float) -> NDArray[np.float64]:
    """Return the level of each activity, in units of its product.

    Raises:
        UnsolvableSystemError: Singular, ill-conditioned, or a loop that needs more than it yields.
    """
    if system.order:
        return np.array(_solve_in_order(system, demanded, amount))
    return _solve_loops(system, demanded, amount)


def _solve_in_order(system: LinearSystem, demanded: int, amount: float) -> list[float]:
    levels = [0.0] * system.size
    levels[demanded] = amount
    providers, own_use = system.providers, system.own_use
    for consumer in system.order:
        level = levels[consumer]
        if level == 0.0:
            continue
        own = own_use[consumer]
        if own:
            if own >= 1:
                raise _unsolvable(system, [consumer], "uses as much of its product as it yields")
            level = levels[consumer] = level / (1.0 - own)
        for provider, taken in providers[consumer]:
            levels[provider] += taken * level
    return levels


def _solve_loops(system: LinearSystem, demanded: int, amount: float) -> NDArray[np.float64]:
    from scipy.sparse.linalg import splu  # noqa: PLC0415 # as above

    matrix = system.matrix()
    demand = np.zeros(system.size)
    demand[demanded] = amount
    try:
        levels = np.asarray(splu(matrix).solve(demand), dtype=np.float64)
    except RuntimeError as error:
        raise _unsolvable(system, _loop(system), "the system is singular") from error
    residual = float(np.abs(matrix @ levels - demand).max())
    if not math.isfinite(residual) or residual > RESIDUAL_LIMIT * abs(amount):
        raise _unsolvable(system, _loop(system), "the system has no stable solution")
    if not system.has_substitution and float(levels.min()) < 0:
        raise _unsolvable(system, _loop(system), "the loop needs more than it yields")
    return levels


def solve_adjoint(system: LinearSystem, burden: NDArray[np.float64]) -> NDArray[np.float64]:
    """Return kg CO2e per unit of each product, upstream included: `(I - a)^T y = burden`.

    Args:
        system: A system that `solve` has solved.
        burden: kg CO2e that enter per unit of each product, shape (activities,).
    """
    if not system.order:
        from scipy.sparse import csc_array  # noqa: PLC0415 # as above
        from scipy.sparse.linalg import splu  # noqa: PLC0415 # as above

        return np.asarray(splu(csc_array(system.matrix().T)).solve(burden), dtype=np.float64)
    costs = burden.tolist()
    for consumer in reversed(system.order):
        cost = costs[consumer] + math.fsum(
            taken * costs[provider] for provider, taken in system.providers[consumer]
        )
        costs[consumer] = cost / (1.0 - system.own_use[consumer])
    return np.array(costs)


def _loop(system: LinearSystem) -> list[int]:
    """Return activities of a loop, for the message: those no order reaches."""
    remaining = {i for i in range(system.size) if system.providers[i]}
    changed = True
    while changed:
        kept = {i for i in remaining if any(p in remaining for p, _ in system.providers[i])}
        changed = kept != remaining
        remaining = kept
    return sorted(remaining)


def _unsolvable(system: LinearSystem, members: Sequence[int], reason: str) -> UnsolvableSystemError:
    shown_names = ", ".join(system.names[index] for index in members[:10])
    remedy = "check amounts and units of the exchanges between these activities"
    return UnsolvableSystemError([Finding("activities", shown_names, reason, remedy)])
