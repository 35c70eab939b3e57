"""The solver against hand calculation, a dense solve, and brightway on random systems."""

from __future__ import annotations

import math
import warnings
from collections.abc import Iterator

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from numpy.typing import NDArray

from lca.errors import UnsolvableSystemError
from lca.solve import linear_system, solve

Edges = list[tuple[int, int, float]]


def test_a_chain_is_solved_by_hand() -> None:
    system = linear_system(["pack", "cell", "foil"], [(1, 0, 60.0), (2, 1, 0.5), (2, 0, 4.0)])
    assert system.order
    assert solve(system, 0, 2.0).tolist() == [2.0, 120.0, 68.0]


def test_the_order_of_the_rows_does_not_matter() -> None:
    edges: Edges = [(1, 0, 60.0), (2, 1, 0.5), (3, 2, 0.1), (3, 0, 4.0), (2, 0, 1.0)]
    forward = solve(linear_system("abcd", edges), 0, 1.0)
    backward = solve(linear_system("abcd", edges[::-1]), 0, 1.0)
    assert forward.tolist() == pytest.approx(backward.tolist(), rel=1e-14)


def test_scrap_that_returns_is_solved_as_a_loop() -> None:
    """A unit of cells needs 1 of slurry; 0.2 of cells returns as input of slurry: 1 / (1 - 0.2)."""
    system = linear_system(["cells", "slurry"], [(1, 0, 1.0), (0, 1, 0.2)])
    assert not system.order
    assert solve(system, 0, 1.0).tolist() == pytest.approx([1.25, 1.25], rel=1e-14)


def test_own_use_is_divided_out() -> None:
    system = linear_system(["power", "coal"], [(0, 0, 0.05), (1, 0, 0.4)])
    assert solve(system, 0, 1.0).tolist() == pytest.approx([1 / 0.95, 0.4 / 0.95], rel=1e-14)


@pytest.mark.parametrize(
    ("edges", "reason"),
    [
        ([(1, 0, 2.0), (0, 1, 0.5)], "singular|no stable"),
        ([(1, 0, 2.0), (0, 1, 1.5)], "needs more than it yields"),
        ([(0, 0, 1.0)], "as much of its product"),
        ([(1, 0, 1.0), (1, 1, 1.7)], "as much of its product"),
    ],
    ids=["singular", "a loop that grows", "eats itself", "a provider eats itself"],
)
def test_a_system_without_a_sensible_solution_is_refused(edges: Edges, reason: str) -> None:
    with pytest.raises(UnsolvableSystemError, match=reason) as caught:
        solve(linear_system(["first", "second"], edges), 0, 1.0)
    assert "first" in caught.value.findings[0].value or "second" in caught.value.findings[0].value


def test_a_long_chain_does_not_exhaust_the_stack() -> None:
    n = 20_000
    system = linear_system([str(i) for i in range(n)], [(i + 1, i, 1.0) for i in range(n - 1)])
    assert solve(system, 0, 1.0)[-1] == 1.0


def random_system(
    seed: int, *, cyclic: bool, size: int = 0
) -> tuple[int, Edges, NDArray[np.float64]]:
    """Return size, edges and burden per unit of a random system whose loops stay below one."""
    rng = np.random.default_rng(seed)
    n = size or int(rng.integers(2, 40))
    edges: Edges = []
    for consumer in range(n):
        for provider in rng.choice(n, size=min(n, int(rng.integers(0, 5))), replace=False).tolist():
            if cyclic and provider != consumer:
                edges.append((provider, consumer, float(rng.uniform(0.01, 0.2))))
            elif provider > consumer:
                edges.append((provider, consumer, float(10 ** rng.uniform(-2, 1))))
    return n, edges, rng.lognormal(0, 1, n)


def dense(n: int, edges: Edges) -> NDArray[np.float64]:
    matrix = np.eye(n)
    for provider, consumer, amount in edges:
        matrix[provider, consumer] -= amount
    return matrix


@pytest.mark.parametrize("cyclic", [False, True], ids=["acyclic", "cyclic"])
def test_two_hundred_random_systems_agree_with_a_dense_solve(cyclic: bool) -> None:
    for seed in range(200):
        n, edges, burden = random_system(seed, cyclic=cyclic)
        demand = np.zeros(n)
        demand[0] = 3.0
        expected = np.linalg.solve(dense(n, edges), demand)
        found = solve(linear_system([str(i) for i in range(n)], edges), 0, 3.0)
        assert float(burden @ found) == pytest.approx(float(burden @ expected), rel=1e-12), seed


@pytest.mark.parametrize("cyclic", [False, True], ids=["acyclic", "cyclic"])
def test_two_hundred_random_systems_agree_with_brightway(cyclic: bool) -> None:
    """To 1e-7: brightway keeps its matrices in float32, so the coefficients are float32 numbers."""
    size = 12
    systems: list[tuple[Edges, NDArray[np.float64]]] = []
    for seed in range(1000, 1200):
        _n, drawn, burden = random_system(seed, cyclic=cyclic, size=size)
        edges = [(provider, taker, float(np.float32(a))) for provider, taker, a in drawn]
        systems.append((edges, burden.astype(np.float32).astype(np.float64)))
    names = [str(i) for i in range(size)]
    for seed, ((edges, burden), expected) in enumerate(
        zip(systems, brightway_scores(size, systems, 3.0), strict=True), start=1000
    ):
        found = solve(linear_system(names, edges), 0, 3.0)
        assert float(burden @ found) == pytest.approx(expected, rel=1e-7), seed


def brightway_scores(
    n: int, systems: list[tuple[Edges, NDArray[np.float64]]], amount: float
) -> Iterator[float]:
    """Yield bw2calc's score of each system; they stand beside each other in one pair of matrices."""
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        import bw2calc  # noqa: PLC0415 - it warns when imported
        import bw_processing  # noqa: PLC0415 - as above

    kind = bw_processing.INDICES_DTYPE
    package = bw_processing.create_datapackage()
    whole = n * len(systems)
    taken = [
        (first + provider, first + taker, value)
        for first, (edges, _burden) in zip(range(0, whole, n), systems, strict=True)
        for provider, taker, value in edges
    ]
    cells = [(i, i) for i in range(whole)] + [(provider, taker) for provider, taker, _ in taken]
    package.add_persistent_vector(
        matrix="technosphere_matrix",
        name="technosphere",
        indices_array=np.array(cells, dtype=kind),
        data_array=np.array([1.0] * whole + [value for _, _, value in taken]),
        flip_array=np.array([False] * whole + [True] * len(taken)),
    )
    package.add_persistent_vector(
        matrix="biosphere_matrix",
        name="biosphere",
        indices_array=np.array([(whole, i) for i in range(whole)], dtype=kind),
        data_array=np.concatenate([burden for _edges, burden in systems]),
    )
    package.add_persistent_vector(
        matrix="characterization_matrix",
        name="characterisation",
        indices_array=np.array([(whole, whole)], dtype=kind),
        data_array=np.array([1.0]),
    )
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        calculation = bw2calc.LCA(demand={0: amount}, data_objs=[package])
        calculation.lci(factorize=True)
        calculation.lcia()
        for first in range(0, whole, n):
            calculation.lci(demand={first: amount})
            calculation.lcia()
            yield float(calculation.score)


@settings(max_examples=60, deadline=None)
@given(st.integers(0, 10**6), st.booleans(), st.floats(1e-6, 1e6))
def test_the_result_scales_with_the_demand(seed: int, cyclic: bool, amount: float) -> None:
    n, edges, burden = random_system(seed, cyclic=cyclic)
    system = linear_system([str(i) for i in range(n)], edges)
    one, many = solve(system, 0, 1.0), solve(system, 0, amount)
    assert float(burden @ many) == pytest.approx(float(burden @ one) * amount, rel=1e-12)


@settings(max_examples=60, deadline=None)
@given(st.integers(0, 10**6), st.booleans())
def test_permuting_the_activities_changes_nothing(seed: int, cyclic: bool) -> None:
    n, edges, burden = random_system(seed, cyclic=cyclic)
    place = np.random.default_rng(seed + 1).permutation(n)
    moved = [(int(place[p]), int(place[c]), a) for p, c, a in edges]
    names = [str(i) for i in range(n)]
    straight = solve(linear_system(names, edges), 0, 1.0)
    permuted = solve(linear_system(names, moved), int(place[0]), 1.0)
    assert permuted[place].tolist() == pytest.approx(straight.tolist(), rel=1e-11, abs=1e-300)
    assert math.isfinite(float(burden @ permuted[place]))
