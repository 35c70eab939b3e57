"""Properties that hold for any inventory: order, scale, zero, sums, co-products."""

from __future__ import annotations

import copy
import json
import math
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from lca.batches import batch_weights, footprints_of_batches
from lca.datasets import Dataset, load_shipped_dataset
from lca.errors import InventoryError
from lca.footprint import Footprint, compute_footprint
from lca.inventory import inventory_schema, parse_inventory
from lca.plain_exchanges import plain_exchange
from lca.rulesets import load_ruleset
from tests.exhaustively import drawn

PACK = (Path(__file__).parent / "assets" / "lfp_pack.json").read_text(encoding="utf-8")
Document = dict[str, Any]

FACTORS = ("mat.graphite.nat", "mat.li2co3.greet24", "mat.mnso4.hi")
PROCESSES = ("anode_active_material", "cell_assembly", "recycling")

exchanges = st.lists(
    st.tuples(
        st.sampled_from(FACTORS),
        st.floats(0, 1000),
        st.sampled_from(PROCESSES),
        st.sampled_from(("technosphere", "substitution")),
    ),
    min_size=1,
    max_size=12,
)


def document_of(rows: list[tuple[str, float, str, str]]) -> Document:
    document: Document = json.loads(PACK)
    document["gaps"] = [gap for gap in document["gaps"] if gap["stage"] != "end_of_life"]
    document["product"]["mass_kg"] += sum(
        amount for _, amount, _, _ in rows
    )  # what goes in is in it
    document["activities"][0]["exchanges"] += [
        {
            "kind": kind,
            "factor": factor,
            "amount": amount,
            "unit": "kg",
            "process": process,
            "origin": "secondary",
        }
        for factor, amount, process, kind in rows
    ]
    return document


def compute(document: Document) -> Footprint:
    inventory = parse_inventory(document)
    return compute_footprint(inventory, load_ruleset("da-2024"), load_shipped_dataset())


@settings(max_examples=40, deadline=None)
@given(exchanges)
def test_contributions_and_stages_sum_to_the_total(rows: list[Any]) -> None:
    footprint = compute(document_of(rows))
    scale = float(np.abs(footprint.contributions).sum())
    assert math.fsum(footprint.contributions) == pytest.approx(footprint.total, abs=1e-12 * scale)
    assert math.fsum(footprint.stage_totals) == pytest.approx(footprint.total, abs=1e-12 * scale)


@settings(max_examples=40, deadline=None)
@given(exchanges, st.randoms())
def test_the_order_of_rows_and_activities_changes_nothing(rows: list[Any], random: Any) -> None:
    document = document_of(rows)
    shuffled = copy.deepcopy(document)
    random.shuffle(shuffled["activities"][0]["exchanges"])
    shuffled["activities"].reverse()
    straight, other = compute(document), compute(shuffled)
    scale = float(np.abs(straight.contributions).sum())
    assert other.total == pytest.approx(straight.total, abs=1e-12 * scale)
    assert other.stage_totals.tolist() == pytest.approx(
        straight.stage_totals.tolist(), abs=1e-12 * scale
    )


@settings(max_examples=30, deadline=None)
@given(exchanges)
def test_an_exchange_of_nothing_changes_nothing(rows: list[Any]) -> None:
    with_zero = document_of([*rows, ("mat.graphite.nat", 0.0, "recycling", "technosphere")])
    without = document_of(rows)
    if any(row[2] == "recycling" for row in rows):
        assert compute(with_zero).total == compute(without).total


@settings(max_examples=30, deadline=None)
@given(exchanges, st.floats(0.01, 100))
def test_scaling_every_input_scales_the_footprint(rows: list[Any], factor: float) -> None:
    document = document_of(rows)
    scaled = copy.deepcopy(document)
    scaled["product"]["mass_kg"] *= factor
    for exchange in scaled["activities"][0]["exchanges"]:
        exchange["amount"] *= factor
    one, many = compute(document), compute(scaled)
    scale = float(np.abs(many.contributions).sum())
    assert many.total == pytest.approx(one.total * factor, abs=1e-11 * scale)


@settings(max_examples=30, deadline=None)
@given(st.floats(0.01, 100))
def test_scaling_an_output_scales_its_inputs_down(factor: float) -> None:
    document = json.loads(PACK)
    base = compute(document).stage_totals[1]
    document["activities"][1]["output"]["amount"] = factor
    assert compute(document).stage_totals[1] == pytest.approx(base / factor, rel=1e-12)


def test_a_million_batches_agree_with_single_footprints(pack: Document) -> None:
    footprint = compute(pack)
    weights = batch_weights(footprint.system)
    relative = np.random.default_rng(1).uniform(0.5, 1.5, (50, weights.shape[0]))
    found = footprints_of_batches(relative, weights)
    assert found.shape == (50, 5)
    for row, result in zip(relative, found, strict=True):
        changed = copy.deepcopy(pack)
        places = [burden.exchange.path for burden in footprint.system.burdens]
        for path, multiple in zip(places, row.tolist(), strict=True):
            activity, exchange = (int(part.split("]")[0]) for part in path.split("[")[1:])
            changed["activities"][activity]["exchanges"][exchange]["amount"] *= multiple
        alone = compute(changed)
        assert result[-1] == pytest.approx(alone.total, rel=1e-12)
        assert result[:4].tolist() == pytest.approx(alone.stage_totals.tolist(), rel=1e-12)


@pytest.mark.parametrize(
    ("prices", "share", "key"),
    [
        ((None, None), 0.8, "by mass"),
        ((2.0, 1.0), 0.8, "by mass"),
        ((30.0, 1.0), 0.8 * 30 / (0.8 * 30 + 0.2), "by economic"),
        ((1.0, 0.0), 1.0, "by economic"),
    ],
)
def test_a_co_product_takes_its_share(
    pack: Document, prices: tuple[float | None, float | None], share: float, key: str
) -> None:
    base = compute(pack).stage_totals[1]
    cells = pack["activities"][1]
    cells["output"].update(mass_kg=8.0, price_per_kg=prices[0])
    cells["co_products"] = [{"name": "by-product", "mass_kg": 2.0, "price_per_kg": prices[1]}]
    footprint = compute(pack)
    assert footprint.stage_totals[1] == pytest.approx(base * share, rel=1e-12)
    assert any(key in text for text in footprint.system.warnings)


def test_prices_of_some_products_only_are_refused(pack: Document) -> None:
    cells = pack["activities"][1]
    cells["output"].update(mass_kg=8.0, price_per_kg=3.0)
    cells["co_products"] = [{"name": "by-product", "mass_kg": 2.0}]
    with pytest.raises(InventoryError, match="some of the products"):
        compute(pack)


_texts = st.one_of(
    st.sampled_from(["", " ", "kg", "plant", "technosphere", "biosphere", "secondary", "x"]),
    st.sampled_from(["company_specific", "substitution"]),
    st.none(),
    st.integers(-1, 2),
)
_exchange_documents = st.fixed_dictionaries(
    {
        "kind": st.sampled_from(["technosphere", "biosphere", "substitution", "x", 1]),
        "amount": st.one_of(st.floats(), st.integers(-1, 10**19), st.booleans(), st.none()),
        "unit": _texts,
        "process": _texts,
        "origin": st.sampled_from(["company_specific", "secondary", "x", None]),
    },
    optional={
        "activity": _texts,
        "factor": _texts,
        "flow": _texts,
        "electricity": _texts,
        "name": _texts,
        "evidence": _texts,
        "gsd": st.one_of(st.floats(), st.none()),
        "colour": _texts,
    },
)


@drawn(_exchange_documents, test=100, soak=1000, limits=settings(deadline=None))
def test_the_quick_reader_accepts_nothing_that_the_slow_one_refuses(exchange: Document) -> None:
    from lca.documents import DocumentReader  # noqa: PLC0415 - one use
    from lca.inventory import _exchange_with_findings  # noqa: PLC0415 - the reader under test

    quick = plain_exchange(exchange, "here")
    if quick is None:
        return
    reader = DocumentReader(exchange, "here")
    assert _exchange_with_findings(reader) == quick
    assert reader.findings == []


def test_the_schema_knows_every_field_of_the_reader(dataset: Dataset) -> None:
    """Each property of an exchange in the schema is a field of the record, and the reverse."""
    from lca.activities import Exchange  # noqa: PLC0415 - one use

    definitions: Any = inventory_schema()["$defs"]
    assert set(definitions["exchange"]["properties"]) - {"note"} == set(Exchange._fields) - {"path"}
