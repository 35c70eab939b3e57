"""Uncertainty: the delta method with every result, seeded Monte Carlo on demand.

Factors and amounts are lognormal, their stated value is the median, their spread is a geometric
standard deviation (GSD). One factor drawn is drawn once for all its uses, so shared factors are
correlated. No draft of the method prescribes an interval: it is informative, and it covers only
inputs whose spread is known; the share that is covered is always printed.
"""

from __future__ import annotations

import math
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Final

import numpy as np
from numpy.typing import NDArray

from lca.emission_factors import NORMAL_97_5
from lca.errors import Finding, ScenarioError, UnsolvableSystemError
from lca.footprint import Footprint
from lca.product_system import ProductSystem
from lca.solve import solve_adjoint

PERCENTILES: Final = (2.5, 5.0, 25.0, 50.0, 75.0, 95.0, 97.5)
PERCENTILE_DEFINITION: Final = "linear interpolation between order statistics (numpy 'linear')"
MAXIMUM_DRAWS: Final = 1_000_000
_CHUNK: Final = 2_500
"""Draws computed at a time. Part of what a seed means: changing it changes the draws."""

_DENSE_NUMBERS: Final = 4_000_000
"""Numbers in the dense matrices that are held at once while loops are drawn: 32 MB."""


@dataclass(frozen=True, slots=True)
class UncertainInput:
    """Something that is not exactly known: a factor, or the amount of an exchange.

    Attributes:
        burdens: Indices of the burdens it scales.
        edges: Indices of the technosphere edges it scales.
        sensitivity: kg CO2e per battery that a relative change of one brings (dT / d ln value).
        gsd: Geometric standard deviation; None where no spread is known.
    """

    label: str
    kind: str
    burdens: tuple[int, ...]
    edges: tuple[int, ...]
    sensitivity: float
    gsd: float | None


def uncertain_inputs(footprint: Footprint) -> tuple[UncertainInput, ...]:
    """Return every factor and every amount, with its sensitivity, largest first."""
    system = footprint.system
    by_factor: dict[str, list[int]] = {}
    by_exchange: dict[str, list[int]] = {}
    for index, burden in enumerate(system.burdens):
        if burden.record is not None:
            by_factor.setdefault(burden.factor_id, []).append(index)
        by_exchange.setdefault(burden.exchange.path, []).append(index)
    inputs = [_factor(footprint, id_, indices) for id_, indices in by_factor.items()]
    inputs += [_amount(footprint, indices) for indices in by_exchange.values()]
    inputs += _edges(footprint)
    return tuple(sorted(inputs, key=lambda item: -abs(item.sensitivity)))


def _factor(footprint: Footprint, factor_id: str, indices: list[int]) -> UncertainInput:
    record = footprint.system.burdens[indices[0]].record
    gsd = None if record is None else record.gsd
    total = math.fsum(footprint.contributions[indices])
    return UncertainInput(factor_id, "factor", tuple(indices), (), total, gsd)


def _amount(footprint: Footprint, indices: list[int]) -> UncertainInput:
    exchange = footprint.system.burdens[indices[0]].exchange
    total = math.fsum(footprint.contributions[indices])
    return UncertainInput(exchange.path, "amount", tuple(indices), (), total, exchange.gsd)


def _edges(footprint: Footprint) -> Iterator[UncertainInput]:
    system = footprint.system
    if not system.linear.edges:
        return
    direct = np.bincount(system.takers, weights=system.weights, minlength=system.linear.size)
    costs = solve_adjoint(system.linear, np.asarray(direct, dtype=np.float64))
    pairs = zip(system.linear.edges, system.edge_exchanges, strict=True)
    for index, ((provider, consumer, amount), exchange) in enumerate(pairs):
        sensitivity = float(costs[provider] * amount * footprint.levels[consumer])
        yield UncertainInput(exchange.path, "amount", (), (index,), sensitivity, exchange.gsd)


@dataclass(frozen=True, slots=True)
class DeltaUncertainty:
    """First-order spread of the total.

    Attributes:
        standard_deviation: kg CO2e per battery.
        low: 2.5 % point of a lognormal with that spread, kg CO2e per battery; None if undefined.
        covered_share: Share of the (absolute) emissions whose factor has a known spread.
    """

    standard_deviation: float
    low: float | None
    high: float | None
    covered_share: float
    without_spread: tuple[str, ...]

    def to_document(self) -> dict[str, object]:
        """Return it as JSON-able data."""
        return {
            "method": "delta, lognormal inputs, correlated by shared factor",
            "standard_deviation_kg_co2e_per_battery": self.standard_deviation,
            "low_kg_co2e_per_battery": self.low,
            "high_kg_co2e_per_battery": self.high,
            "interval": "95 %",
            "covered_share": self.covered_share,
            "factors_without_spread": list(self.without_spread),
            "note": (
                "informative: not part of any draft method; inputs without a known spread are taken"
                " as exact"
            ),
        }


def delta_uncertainty(footprint: Footprint) -> DeltaUncertainty:
    """Return the spread of the total to first order."""
    variance = 0.0
    unknown: list[str] = []
    for item in uncertain_inputs(footprint):
        if item.gsd is not None:
            variance += (item.sensitivity * math.log(item.gsd)) ** 2
        elif item.kind == "factor":
            unknown.append(item.label)
    absolute = np.abs(footprint.contributions)
    known = math.fsum(
        value
        for value, burden in zip(absolute.tolist(), footprint.system.burdens, strict=True)
        if burden.record is not None and burden.record.gsd is not None
    )
    everything = math.fsum(absolute)
    deviation = math.sqrt(variance)
    low = high = None
    if footprint.total > 0:
        spread = math.exp(NORMAL_97_5 * deviation / footprint.total)
        low, high = footprint.total / spread, footprint.total * spread
    share = known / everything if everything else 0.0
    return DeltaUncertainty(deviation, low, high, share, tuple(unknown))


@dataclass(frozen=True)
class MonteCarlo:
    """Draws of the total, kg CO2e per battery, in the order they were drawn."""

    draws: NDArray[np.float64]
    seed: int
    assumed_gsd: float | None
    inputs_drawn: int
    total_energy_kwh: float

    def to_document(self) -> dict[str, object]:
        """Return the summary as JSON-able data."""
        points = np.percentile(self.draws, PERCENTILES, method="linear")
        per_battery = dict(zip(map(str, PERCENTILES), points.tolist(), strict=True))
        return {
            "method": "Monte Carlo, lognormal inputs, correlated by shared factor",
            "draws": int(self.draws.size),
            "seed": self.seed,
            "generator": "numpy PCG64",
            "inputs_drawn": self.inputs_drawn,
            "assumed_gsd_where_unknown": self.assumed_gsd,
            "percentile_definition": PERCENTILE_DEFINITION,
            "mean_kg_co2e_per_battery": float(self.draws.mean()),
            "standard_deviation_kg_co2e_per_battery": float(self.draws.std(ddof=1)),
            "percentiles_kg_co2e_per_battery": per_battery,
            "percentiles_kg_co2e_per_kwh": {
                key: value / self.total_energy_kwh for key, value in per_battery.items()
            },
            "note": "informative: not part of any draft method",
        }


def monte_carlo(
    footprint: Footprint, draws: int, seed: int, *, assumed_gsd: float | None = None
) -> MonteCarlo:
    """Return `draws` totals with every input of known spread drawn anew each time.

    Args:
        footprint: The result whose inputs vary.
        draws: How many, from 2 to `MAXIMUM_DRAWS`.
        seed: The same seed gives the same draws.
        assumed_gsd: Spread of inputs whose own is unknown; None takes those as exact.

    Raises:
        ScenarioError: `draws`, `seed` or `assumed_gsd` is out of range.
        UnsolvableSystemError: A draw makes a loop need more than it yields.
    """
    _check(draws, seed, assumed_gsd)
    inputs = [
        (item, math.log(item.gsd if item.gsd is not None else assumed_gsd or 1.0))
        for item in sorted(uncertain_inputs(footprint), key=lambda item: (item.kind, item.label))
        if item.gsd is not None or assumed_gsd is not None
    ]
    generator = np.random.default_rng(seed)
    plan = _Plan.of(footprint.system, inputs)
    totals = np.empty(draws)
    for first in range(0, draws, _CHUNK):
        count = min(_CHUNK, draws - first)
        normal = generator.standard_normal((len(inputs), _CHUNK))[:, :count]
        totals[first : first + count] = plan.totals(normal)
    energy = footprint.system.functional_unit.total_energy.amount
    return MonteCarlo(totals, seed, assumed_gsd, len(inputs), energy)


def _check(draws: int, seed: int, assumed_gsd: float | None) -> None:
    if not 2 <= draws <= MAXIMUM_DRAWS:  # noqa: PLR2004 - a spread needs two
        reason = f"must lie between 2 and {MAXIMUM_DRAWS}"
        raise ScenarioError([Finding("draws", str(draws), reason, "ask for 10000")])
    if not 0 <= seed < 2**63:
        raise ScenarioError([Finding("seed", str(seed), "must be a positive integer", "e.g. 1")])
    if assumed_gsd is not None and not 1 <= assumed_gsd <= 100:  # noqa: PLR2004 - as inventories
        reason = "must lie between 1 and 100"
        raise ScenarioError([Finding("assumed_gsd", str(assumed_gsd), reason, "e.g. 1.2")])


@dataclass(frozen=True)
class _Plan:
    """How drawn inputs become totals; rows are activities or burdens, columns are draws."""

    system: ProductSystem
    log_spreads: NDArray[np.float64]
    inputs_of_burden: tuple[tuple[int, ...], ...]
    inputs_of_edge: Mapping[int, tuple[int, ...]]

    @classmethod
    def of(cls, system: ProductSystem, inputs: list[tuple[UncertainInput, float]]) -> _Plan:
        of_burden: list[list[int]] = [[] for _ in system.burdens]
        of_edge: dict[int, tuple[int, ...]] = {}
        for row, (item, _) in enumerate(inputs):
            for burden in item.burdens:
                of_burden[burden].append(row)
            for edge in item.edges:
                of_edge[edge] = (row,)
        spreads = np.array([log_spread for _, log_spread in inputs]).reshape(-1, 1)
        return cls(system, spreads, tuple(map(tuple, of_burden)), of_edge)

    def totals(self, normal: NDArray[np.float64]) -> NDArray[np.float64]:
        """Return one total per column of standard normal draws."""
        multipliers = np.exp(normal * self.log_spreads)
        levels = self._levels(multipliers)
        total = np.zeros(normal.shape[1])
        for index, rows in enumerate(self.inputs_of_burden):
            term = levels[int(self.system.takers[index])] * float(self.system.weights[index])
            for row in rows:
                term = term * multipliers[row]
            total += term
        return total

    def _levels(self, multipliers: NDArray[np.float64]) -> NDArray[np.float64]:
        """Return the level of each activity, shape (activities, draws)."""
        linear = self.system.linear
        count = multipliers.shape[1]
        if not linear.order:
            return self._levels_of_loops(multipliers)
        levels = np.zeros((linear.size, count))
        levels[self.system.demanded] = self.system.demand
        taken = self._edges_by_consumer()
        for consumer in linear.order:
            own = np.zeros(count)
            inputs = []
            for index, provider, amount in taken.get(consumer, ()):
                drawn = amount * self._drawn(index, multipliers)
                if provider == consumer:
                    own = own + drawn
                else:
                    inputs.append((provider, drawn))
            if own.any():
                levels[consumer] /= 1.0 - own
                self._check_loops(levels[consumer])
            for provider, drawn in inputs:
                levels[provider] += drawn * levels[consumer]
        return levels

    def _drawn(self, edge: int, multipliers: NDArray[np.float64]) -> NDArray[np.float64]:
        rows = self.inputs_of_edge.get(edge)
        return np.ones(multipliers.shape[1]) if rows is None else multipliers[rows[0]]

    def _edges_by_consumer(self) -> dict[int, list[tuple[int, int, float]]]:
        taken: dict[int, list[tuple[int, int, float]]] = {}
        for index, (provider, consumer, amount) in enumerate(self.system.linear.edges):
            taken.setdefault(consumer, []).append((index, provider, amount))
        return taken

    def _levels_of_loops(self, multipliers: NDArray[np.float64]) -> NDArray[np.float64]:
        linear = self.system.linear
        count = multipliers.shape[1]
        levels = np.empty((linear.size, count))
        step = max(1, _DENSE_NUMBERS // linear.size**2)
        for first in range(0, count, step):
            part = multipliers[:, first : first + step]
            matrices = np.repeat(np.eye(linear.size)[None], part.shape[1], axis=0)
            for index, (provider, consumer, amount) in enumerate(linear.edges):
                matrices[:, provider, consumer] -= amount * self._drawn(index, part)
            demand = np.zeros((part.shape[1], linear.size, 1))
            demand[:, self.system.demanded, 0] = self.system.demand
            levels[:, first : first + step] = np.linalg.solve(matrices, demand)[:, :, 0].T
        self._check_loops(levels)
        return levels

    def _check_loops(self, levels: NDArray[np.float64]) -> None:
        """Refuse draws in which a loop needs more than it yields."""
        if not self.system.linear.has_substitution and float(levels.min(initial=0.0)) < 0:
            reason = "a draw makes a loop need more than it yields: the spread is too wide for it"
            finding = Finding("gsd", "", reason, "narrow the spread of the amounts in the loop")
            raise UnsolvableSystemError([finding])
