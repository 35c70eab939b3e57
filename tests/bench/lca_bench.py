"""Speed of the footprint engine, each figure beside something measured in the same run.

The system has 60 activities, 272 exchanges and 4 gases. One BLAS thread: `make bench BENCH=lca`.
"""

from __future__ import annotations

import io
import time
import warnings
from collections.abc import Callable, Iterator
from typing import Any

import numpy as np
import python_calamine
from scipy.sparse.linalg import splu

from lca.batches import batch_weights, footprints_of_batches
from lca.datasets import load_shipped_dataset
from lca.footprint import compute_footprint, evaluate
from lca.inventory import parse_inventory
from lca.product_system import ProductSystem, build_product_system
from lca.reading import read_inventory
from lca.rulesets import load_ruleset
from lca.solve import linear_system, solve
from lca.uncertainty import monte_carlo
from tests.bench.lca_inputs import inventory_document, texts_apart, workbook

Measure = dict[str, Any]


def run() -> Iterator[Measure]:
    """Yield one measure after the other."""
    warnings.simplefilter("ignore")
    yield from one_footprint()
    yield from ten_thousand_draws()
    yield from a_million_batches()
    yield from growth()
    yield from workbook_to_result()


def median_seconds(
    call: Callable[[], object], repeats: int, clock: Callable[[], float] = time.perf_counter
) -> float:
    """Return the median time of a call, after one that is not counted."""
    call()
    times = []
    for _ in range(repeats):
        start = clock()
        call()
        times.append(clock() - start)
    return float(np.median(times))


def alternating(
    first: Callable[[], object],
    second: Callable[[], object],
    repeats: int,
    clock: Callable[[], float] = time.perf_counter,
) -> tuple[float, float]:
    """Return the median time of two calls, measured in turn so that noise hits both."""
    first()
    second()
    times: tuple[list[float], list[float]] = ([], [])
    for _ in range(repeats):
        for call, into in ((first, times[0]), (second, times[1])):
            start = clock()
            call()
            into.append(clock() - start)
    return float(np.median(times[0])), float(np.median(times[1]))


def bound() -> ProductSystem:
    """Return the random plant as a validated system."""
    inventory = parse_inventory(inventory_document())
    return build_product_system(inventory, load_ruleset("da-2024"), load_shipped_dataset())


def dense(system: ProductSystem) -> tuple[Any, Any]:
    """Return the same system as a dense matrix and its demand."""
    matrix = np.eye(system.linear.size)
    for provider, consumer, amount in system.linear.edges:
        matrix[provider, consumer] -= amount
    demand = np.zeros(system.linear.size)
    demand[system.demanded] = system.demand
    return matrix, demand


def one_footprint() -> Iterator[Measure]:
    """From a validated inventory to stages and contributions, beside a bare dense solve."""
    system = bound()
    matrix, demand = dense(system)
    ours, bare = alternating(
        lambda: evaluate(system), lambda: np.linalg.solve(matrix, demand), 3000
    )
    yield measure(
        "one footprint, validated inventory to stages and contributions",
        ours * 1e6,
        "us",
        ("numpy dense solve of the same system", bare * 1e6),
        (6.0, "lower", ours / bare),
    )
    document, ruleset = inventory_document(), load_ruleset("da-2024")
    dataset = load_shipped_dataset()
    whole = median_seconds(
        lambda: compute_footprint(parse_inventory(document), ruleset, dataset),
        60,
        time.process_time,
    )
    yield measure(
        "one footprint, JSON document to stages and contributions (all checks)",
        whole * 1e6,
        "us",
        ("numpy dense solve of the same system", bare * 1e6),
        (400.0, "lower", whole / bare),
    )


def ten_thousand_draws() -> Iterator[Measure]:
    """10,000 draws of all 272 amounts, beside bw2calc with SuperLU (500 draws, scaled)."""
    system = bound()
    footprint = evaluate(system)
    ours = median_seconds(lambda: monte_carlo(footprint, 10_000, 1), 5)
    theirs = brightway_seconds(system, 500) * 20
    yield measure(
        "Monte Carlo, 10,000 draws of 272 uncertain amounts",
        ours,
        "s",
        ("bw2calc with SuperLU, 500 draws times 20", theirs),
        (150.0, "higher", theirs / ours),
    )


def brightway_seconds(system: ProductSystem, draws: int) -> float:
    """Return how long bw2calc takes for draws of the same system, lognormal on all amounts."""
    import bw2calc  # noqa: PLC0415 - it warns when imported
    import bw_processing  # noqa: PLC0415 - as above

    package = bw_processing.create_datapackage()
    index, uncertain = bw_processing.INDICES_DTYPE, bw_processing.UNCERTAINTY_DTYPE
    size = system.linear.size
    cells = [(i, i) for i in range(size)] + [(p, c) for p, c, _ in system.linear.edges]
    amounts = [1.0] * size + [amount for _, _, amount in system.linear.edges]
    spread = _lognormal(np.array(amounts), uncertain)
    spread["uncertainty_type"][:size] = 1  # an activity's own output is exact
    spread["loc"][:size] = 1.0
    package.add_persistent_vector(
        matrix="technosphere_matrix",
        name="technosphere",
        indices_array=np.array(cells, dtype=index),
        data_array=np.array(amounts),
        distributions_array=spread,
        flip_array=np.array([False] * size + [True] * len(system.linear.edges)),
    )
    flows = [(size + k, int(taker)) for k, taker in enumerate(system.takers)]
    package.add_persistent_vector(
        matrix="biosphere_matrix",
        name="biosphere",
        indices_array=np.array(flows, dtype=index),
        data_array=system.quantities,
        distributions_array=_lognormal(system.quantities, uncertain),
    )
    package.add_persistent_vector(
        matrix="characterization_matrix",
        name="characterisation",
        indices_array=np.array([(row, row) for row, _ in flows], dtype=index),
        data_array=system.intensities,
    )
    calculation = bw2calc.LCA(
        demand={system.demanded: system.demand}, data_objs=[package], use_distributions=True
    )
    calculation.lci()
    calculation.lcia()
    start = time.perf_counter()
    for _ in range(draws):
        next(calculation)
    return time.perf_counter() - start


def _lognormal(amounts: Any, kind: Any) -> Any:
    """Return amounts as lognormal distributions of stats_arrays (type 2), spread 1.1."""
    rows = np.zeros(len(amounts), dtype=kind)
    rows["uncertainty_type"] = 2
    rows["loc"] = np.log(amounts)
    rows["scale"] = np.log(1.1)
    for bound_name in ("shape", "minimum", "maximum"):
        rows[bound_name] = np.nan
    return rows


def a_million_batches() -> Iterator[Measure]:
    """1,000,000 batches of one plant, four stages and total, beside the bare product."""
    system = bound()
    weights = batch_weights(system)
    rng = np.random.default_rng(2)
    scaled = rng.uniform(0.9, 1.1, (1_000_000, 20))
    inputs = np.ascontiguousarray(weights[:20])
    ours, bare = alternating(
        lambda: footprints_of_batches(scaled, inputs), lambda: scaled @ inputs, 7
    )
    yield measure(
        "1,000,000 batches of one plant, 20 inputs, stages and total",
        ours,
        "s",
        ("numpy matrix product of the same shape", bare),
        (1.5, "lower", ours / bare),
    )


def growth() -> Iterator[Measure]:
    """The solve of 60, 600 and 6,000 activities, beside scipy's sparse LU."""
    previous: tuple[float, float] | None = None
    for size, repeats in ((60, 300), (600, 60), (6000, 9)):
        rng = np.random.default_rng(size)
        edges = [
            (int(rng.integers(consumer + 1, min(size, consumer + 400))), consumer, 0.1)
            for consumer in range(size - 1)
            for _ in range(4)
        ]
        system = linear_system([str(i) for i in range(size)], edges)
        matrix = system.matrix()
        demand = np.zeros(size)
        demand[0] = 1.0
        ours, theirs = alternating(
            lambda: solve(system, 0, 1.0),  # noqa: B023 - called inside the loop
            lambda: splu(matrix).solve(demand),  # noqa: B023 - as above
            repeats,
            time.process_time,
        )
        yield measure(
            f"solve of {size} activities",
            ours * 1e6,
            "us",
            ("scipy splu and solve", theirs * 1e6),
            (1.0, "lower", ours / theirs),
        )
        if previous is not None:
            grown, reference = ours / previous[0], theirs / previous[1]
            yield measure(
                f"growth from {size // 10} to {size} activities",
                grown,
                "times",
                ("growth of scipy splu", reference),
                (1.0, "lower", grown / reference),
            )
        previous = (ours, theirs)


def workbook_to_result() -> Iterator[Measure]:
    """An XLSX of 500 rows to a result, beside reading the file with python-calamine.

    Once with its texts in a table of their own, as Excel and LibreOffice write them, and once with
    each text in its cell, as openpyxl does. CPU time of one thread: the disk is not asked.
    """
    ruleset, dataset = load_ruleset("da-2024"), load_shipped_dataset()
    in_cells = workbook(500)
    for data, writer in ((texts_apart(in_cells), ", texts in a table"), (in_cells, "")):

        def read(data: bytes = data) -> object:
            book = python_calamine.CalamineWorkbook.from_filelike(io.BytesIO(data))
            return [book.get_sheet_by_name(name).to_python() for name in book.sheet_names]

        def compute(data: bytes = data) -> object:
            return compute_footprint(read_inventory(data, "bench.xlsx").inventory, ruleset, dataset)

        ours, bare = alternating(compute, read, 120, time.process_time)
        yield measure(
            f"XLSX of 500 rows to a result{writer}",
            ours * 1e3,
            "ms",
            ("reading the file with python-calamine", bare * 1e3),
            (2.0, "lower", ours / bare),
        )


def measure(
    name: str,
    value: float,
    unit: str,
    reference: tuple[str, float],
    goal: tuple[float, str, float],
) -> Measure:
    """Return one line of the benchmark."""
    wanted, better, ratio = goal
    return {
        "name": name,
        "value": round(value, 6),
        "unit": unit,
        "reference": reference[0],
        "reference_value": round(reference[1], 6),
        "ratio": round(ratio, 4),
        "goal": wanted,
        "better": better,
    }
