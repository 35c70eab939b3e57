"""Speed of the footprint engine, each figure beside something measured in the same run.

The system has 60 activities, 272 exchanges and 4 gases. One BLAS thread: `make bench BENCH=lca`.
"""

from __future__ import annotations

import io
import re
import time
import warnings
import zipfile
from collections.abc import Callable, Iterator
from typing import Any

import numpy as np
import openpyxl
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

Measure = dict[str, Any]

GASES = (
    "carbon_dioxide_fossil",
    "methane_fossil",
    "dinitrogen_monoxide",
    "sulfur_hexafluoride",
)


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


def inventory_document(activities: int = 60, exchanges: int = 272) -> dict[str, Any]:
    """Return a random acyclic inventory of this size, with uncertainty on every amount."""
    rng = np.random.default_rng(1)
    rows: list[list[dict[str, Any]]] = [[] for _ in range(activities)]
    common = {"unit": "kg", "origin": "secondary", "gsd": 1.1}
    for provider in range(1, activities):
        rows[int(rng.integers(0, provider))].append(_taken(provider, 0.3, common))
    for index in range(exchanges - activities + 1):
        taker = int(rng.integers(0, activities))
        if index % 3 == 0 and taker < activities - 1:
            provider = int(rng.integers(taker + 1, activities))
            rows[taker].append(_taken(provider, float(rng.uniform(0.01, 0.2)), common))
        else:
            flow = GASES[index % 4]
            amount = float(rng.uniform(1e-4, 1))
            kind = {"kind": "biosphere", "flow": flow, "process": "cell_assembly"}
            rows[taker].append({**kind, "amount": amount, **common})
    return {
        "format": "voltpass-inventory/1",
        "title": "a random plant",
        "screening": True,
        "product": {
            "category": "ev",
            "chemistry": "LFP",
            "mass_kg": 400,
            "capacity_kwh": 60,
            "usable_energy_kwh": 60,
            "service_life": {
                "vehicle_class": "M1",
                "warranty_years": 8,
                "warranty_evidence": "benchmark",
            },
        },
        "plant": {
            "facility_id": "bench",
            "country": "CN",
            "period": {"from": "2024-01-01", "to": "2024-12-31"},
            "production_kwh": 1e9,
        },
        "activities": [
            {
                "id": f"a{i}",
                "name": f"activity {i}",
                "output": {"amount": 1, "unit": "kg"},
                "exchanges": row,
            }
            for i, row in enumerate(rows)
        ],
        "demand": {"activity": "a0", "amount": 400, "unit": "kg"},
    }


def _taken(provider: int, amount: float, common: dict[str, Any]) -> dict[str, Any]:
    kind = {"kind": "technosphere", "activity": f"a{provider}", "process": "other_materials"}
    return {**kind, "amount": amount, **common}


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


_TEXT_IN_CELL = re.compile(rb'<c r="(\w+)" t="inlineStr"><is><t>(.*?)</t></is></c>')


def texts_apart(data: bytes) -> bytes:
    """Return a workbook of openpyxl with its texts in `sharedStrings.xml`."""
    texts: dict[bytes, int] = {}

    def numbered(cell: re.Match[bytes]) -> bytes:
        return b'<c r="%s" t="s"><v>%d</v></c>' % (cell[1], texts.setdefault(cell[2], len(texts)))

    with zipfile.ZipFile(io.BytesIO(data)) as archive:
        files = {name: archive.read(name) for name in archive.namelist()}
    for name, content in files.items():
        if name.startswith("xl/worksheets/"):
            plain = _TEXT_IN_CELL.sub(numbered, content)
            files[name] = re.sub(rb'<c r="\w+" t="inlineStr" />', b"", plain)
    files["xl/sharedStrings.xml"] = b'<sst xmlns="%s">%s</sst>' % (
        b"http://schemas.openxmlformats.org/spreadsheetml/2006/main",
        b"".join(b"<si><t>%s</t></si>" % text for text in texts),
    )
    files["xl/_rels/workbook.xml.rels"] = files["xl/_rels/workbook.xml.rels"].replace(
        b"</Relationships>",
        b'<Relationship Id="rIdTexts" Target="sharedStrings.xml" Type="http://schemas.openxmlformats'
        b'.org/officeDocument/2006/relationships/sharedStrings"/></Relationships>',
    )
    buffer = io.BytesIO()
    with zipfile.ZipFile(buffer, "w", zipfile.ZIP_DEFLATED) as archive:
        for name, content in files.items():
            archive.writestr(name, content)
    return buffer.getvalue()


def workbook(rows: int) -> bytes:
    """Return an inventory workbook with a bill of materials of so many rows."""
    document = inventory_document()
    book = openpyxl.Workbook()
    book.remove(book.worksheets[0])
    settings = book.create_sheet("settings")
    settings.append(["field", "value"])
    settings.append(["screening", "yes"])
    for path, value in _leaves({k: v for k, v in document.items() if k not in _LISTS}):
        settings.append([path, value])
    activities = book.create_sheet("activities")
    activities.append(["id", "name", "output_amount", "output_unit"])
    for i in range(20):
        activities.append([f"a{i}", f"activity {i}", 1, "kg"])
    materials = book.create_sheet("bill_of_materials")
    header = ["activity", "factor", "from_activity", "amount", "unit", "process", "origin"]
    materials.append([*header, "evidence", "name"])
    factors = ("mat.li2co3.greet24", "mat.graphite.nat", "mat.mnso4.hi")
    for i in range(rows):
        if i < 19:
            source = ["", f"a{i + 1}"]
            taker = f"a{i // 2}"
        else:
            source = [factors[i % 3], ""]
            taker = f"a{i % 20}"
        place = ["kg", "cathode_active_material", "company_specific", f"scale {i}", f"part {i}"]
        materials.append([taker, *source, 0.1 + i / 1000, *place])
    buffer = io.BytesIO()
    book.save(buffer)
    return buffer.getvalue()


_LISTS = {"activities", "format", "screening"}


def _leaves(document: dict[str, Any], path: str = "") -> Iterator[tuple[str, Any]]:
    for key, value in document.items():
        place = f"{path}.{key}" if path else key
        if isinstance(value, dict):
            yield from _leaves(value, place)
        else:
            yield place, value


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
