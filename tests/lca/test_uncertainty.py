"""Spread, quality and sensitivity: checked against closed forms and against each other."""

from __future__ import annotations

import dataclasses
import math
from typing import Any

import numpy as np
import pytest

from lca.data_quality import data_quality, mean_scores, rating_of
from lca.datasets import Dataset
from lca.emission_factors import Scores
from lca.errors import ScenarioError, UnsolvableSystemError
from lca.footprint import Footprint, compute_footprint
from lca.inventory import parse_inventory
from lca.rulesets import load_ruleset
from lca.sensitivity import sensitivity_table
from lca.uncertainty import delta_uncertainty, monte_carlo, uncertain_inputs

Document = dict[str, Any]


def compute(document: Document, dataset: Dataset) -> Footprint:
    return compute_footprint(parse_inventory(document), load_ruleset("da-2024"), dataset)


def with_spread(dataset: Dataset, factor_id: str, gsd: float) -> Dataset:
    record = dataclasses.replace(dataset.factor(factor_id), gsd=gsd)
    return dataclasses.replace(dataset, factors={**dataset.factors, factor_id: record})


def test_one_uncertain_factor_gives_the_closed_form(pack: Document, dataset: Dataset) -> None:
    gsd = 1.3
    spread = with_spread(dataset, "mat.greet24.pack.lfp.car300", gsd)
    footprint = compute(pack, spread)
    materials = float(footprint.stage_totals[0])
    delta = delta_uncertainty(footprint)
    assert delta.standard_deviation == pytest.approx(materials * math.log(gsd), rel=1e-12)
    drawn = monte_carlo(footprint, 40_000, 7).draws
    mean = materials * math.exp(math.log(gsd) ** 2 / 2) + footprint.total - materials
    assert float(drawn.mean()) == pytest.approx(mean, rel=0.005)
    assert float(np.median(drawn)) == pytest.approx(footprint.total, rel=0.005)


def test_a_factor_used_twice_is_drawn_once(pack: Document, dataset: Dataset) -> None:
    """Two halves of one factor spread like the whole, not like two independent halves."""
    spread = with_spread(dataset, "mat.greet24.pack.lfp.car300", 1.3)
    whole = delta_uncertainty(compute(pack, spread)).standard_deviation
    half = dict(pack["activities"][0]["exchanges"][1], amount=419.87 / 2)
    pack["activities"][0]["exchanges"][1:2] = [half, dict(half)]
    footprint = compute(pack, spread)
    assert delta_uncertainty(footprint).standard_deviation == pytest.approx(whole, rel=1e-12)
    spread_drawn = float(np.log(monte_carlo(footprint, 20_000, 1).draws).std())
    assert spread_drawn == pytest.approx(whole / footprint.total, rel=0.05)


def test_the_amount_of_an_intermediate_product_is_uncertain_too(
    pack: Document, dataset: Dataset
) -> None:
    pack["activities"][0]["exchanges"][0]["gsd"] = 1.1
    footprint = compute(pack, dataset)
    production = float(footprint.stage_totals[1])
    delta = delta_uncertainty(footprint)
    assert delta.standard_deviation == pytest.approx(production * math.log(1.1), rel=1e-12)
    drawn = monte_carlo(footprint, 20_000, 3).draws
    assert float(drawn.std()) == pytest.approx(delta.standard_deviation, rel=0.05)


def test_a_loop_is_drawn_as_a_loop(pack: Document, dataset: Dataset) -> None:
    pack["activities"][1]["exchanges"].append(
        {
            "kind": "technosphere",
            "activity": "pack",
            "amount": 0.002,
            "unit": "piece",
            "process": "production_waste",
            "origin": "secondary",
            "gsd": 1.2,
        }
    )
    footprint = compute(pack, dataset)
    assert not footprint.system.linear.order
    delta = delta_uncertainty(footprint)
    drawn = monte_carlo(footprint, 4_000, 3).draws
    assert float(drawn.std()) == pytest.approx(delta.standard_deviation, rel=0.1)


@pytest.mark.parametrize("provider", ["pack", "cells"], ids=["a loop", "own use"])
def test_a_spread_that_breaks_a_loop_is_refused(
    pack: Document, dataset: Dataset, provider: str
) -> None:
    unit = {"pack": "piece", "cells": "kWh capacity"}[provider]
    amount = {"pack": 0.012, "cells": 0.7}[provider]
    pack["activities"][1]["exchanges"].append(
        {
            "kind": "technosphere",
            "activity": provider,
            "amount": amount,
            "unit": unit,
            "process": "production_waste",
            "origin": "secondary",
            "gsd": 2.0,
        }
    )
    footprint = compute(pack, dataset)
    with pytest.raises(UnsolvableSystemError, match="spread is too wide"):
        monte_carlo(footprint, 2_000, 1)


def test_a_seed_gives_the_same_draws_again(pack: Document, dataset: Dataset) -> None:
    footprint = compute(pack, dataset)
    one = monte_carlo(footprint, 3_000, 11, assumed_gsd=1.2)
    again = monte_carlo(footprint, 3_000, 11, assumed_gsd=1.2)
    other = monte_carlo(footprint, 3_000, 12, assumed_gsd=1.2)
    assert one.draws.tolist() == again.draws.tolist()
    assert one.draws.tolist() != other.draws.tolist()
    document: Any = one.to_document()
    assert document["seed"] == 11
    points = list(document["percentiles_kg_co2e_per_battery"].values())
    assert points == sorted(points)


def test_without_any_known_spread_every_draw_is_the_total(pack: Document, dataset: Dataset) -> None:
    footprint = compute(pack, dataset)
    drawn = monte_carlo(footprint, 10, 1).draws
    assert drawn.tolist() == pytest.approx([footprint.total] * 10, rel=1e-12)
    delta = delta_uncertainty(footprint)
    assert delta.covered_share == 0
    assert "mat.greet24.pack.lfp.car300" in delta.without_spread


@pytest.mark.parametrize(
    ("draws", "seed", "gsd"), [(1, 1, None), (10**7, 1, None), (10, -1, None), (10, 1, 0.5)]
)
def test_senseless_draws_are_refused(
    pack: Document, dataset: Dataset, draws: int, seed: int, gsd: float | None
) -> None:
    with pytest.raises(ScenarioError):
        monte_carlo(compute(pack, dataset), draws, seed, assumed_gsd=gsd)


def test_sensitivities_are_derivatives(pack: Document, dataset: Dataset) -> None:
    """Raise each amount by one per mille and compare with what the sensitivity foretells."""
    footprint = compute(pack, dataset)
    inputs = {item.label: item for item in uncertain_inputs(footprint) if item.kind == "amount"}
    for i, activity in enumerate(pack["activities"]):
        for j, exchange in enumerate(activity["exchanges"]):
            old = exchange["amount"]
            exchange["amount"] = old * 1.001
            change = compute(pack, dataset).total - footprint.total
            exchange["amount"] = old
            foretold = inputs[f"activities[{i}].exchanges[{j}]"].sensitivity * 0.001
            assert change == pytest.approx(foretold, rel=1e-6)


def test_the_sensitivity_table_is_sorted_and_the_variance_shares_sum_to_one(
    pack: Document, dataset: Dataset
) -> None:
    spread = with_spread(dataset, "mat.greet24.pack.lfp.car300", 1.3)
    pack["activities"][1]["exchanges"][0]["gsd"] = 1.05
    rows: list[Any] = sensitivity_table(compute(pack, spread), limit=100)
    pulls = [abs(row["kg_co2e_per_ten_percent"]) for row in rows]
    assert pulls == sorted(pulls, reverse=True)
    shares = [row["variance_share"] for row in rows if row["variance_share"] is not None]
    assert math.fsum(shares) == pytest.approx(1, rel=1e-12)


def test_the_rating_is_the_mean_of_three() -> None:
    assert rating_of(Scores(4, 3, 3)) == pytest.approx(10 / 3, rel=1e-12)
    mixed = mean_scores([Scores(4, 3, 3), Scores(1, 1, 1)], [3.0, 1.0])
    assert rating_of(mixed) == pytest.approx((3.25 + 2.5 + 2.5) / 3, rel=1e-12)


def test_the_primary_share_follows_origin_and_supplier(pack: Document, dataset: Dataset) -> None:
    footprint = compute(pack, dataset)
    assert data_quality(footprint).primary_data_share == 0
    exchange = pack["activities"][0]["exchanges"][1]
    exchange.update(origin="company_specific", evidence="bill of materials")
    measured = compute(pack, dataset)
    share = float(measured.stage_totals[0]) / measured.total
    assert data_quality(measured).primary_data_share == pytest.approx(share, rel=1e-12)
    record = dataclasses.replace(
        dataset.factor("mat.greet24.pack.lfp.car300"), primary_data_share=0.25
    )
    supplied = dataclasses.replace(dataset, factors={**dataset.factors, record.id: record})
    stated = data_quality(compute(pack, supplied))
    assert stated.primary_data_share == pytest.approx(share * 0.25, rel=1e-12)
    assert stated.rated_share == pytest.approx(1, rel=1e-12)
    assert stated.level in {"good", "fair"}
