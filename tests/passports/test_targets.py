"""Targets against what was metered, years out of periods or meters, and what the README says of them."""

from datetime import UTC, datetime
from typing import Any

import pytest

from passports.energy.energy_view import energy_view
from passports.energy.meter_readings import MeterDelivery, deliver_readings
from passports.energy.production import ProductionCreate, register_production
from passports.energy.targets import (
    METRICS,
    TargetCreate,
    hold_targets,
    register_target,
    targets_of,
)
from passports.energy.terms import TargetMetric
from passports.energy.year_sums import year_sums
from passports.errors import RecordNotFoundError
from passports.factories import EnergyPeriod
from tests.paths import ROOT
from tests.worlds import FACILITY, MAKER, MODEL, NOW, World


def period(first: str, last: str, kwh: float, made: float, **changes: Any) -> EnergyPeriod:
    """Return a period with a tenth of its electricity generated on site."""
    document = {
        "period_from": first,
        "period_to": last,
        "production_kwh": made,
        "readings": [
            {
                "carrier": "electricity",
                "quantity": kwh * share,
                "unit": "kWh",
                "arrangement": arrangement,
                "factor": None if arrangement == "grid" else "power.cn.pv.cf.2024",
                "evidence": "meter",
            }
            for arrangement, share in (("grid", 0.9), ("on_site", 0.1))
        ],
        "source": "a test",
        "operator_id": MAKER,
        "facility_id": FACILITY,
        "created_at": NOW,
        **changes,
    }
    return EnergyPeriod.model_validate(document)


def test_periods_of_a_year_are_one_year_and_one_across_new_year_is_none() -> None:
    years = year_sums(
        [
            period("2024-01-01", "2024-06-30", 1000, 100),
            period("2024-07-01", "2024-12-31", 2000, 300),
            period("2025-12-01", "2026-01-31", 9000, 1),
        ]
    )
    assert [(y.year, y.covers, y.basis) for y in years] == [
        (2024, "2024-01-01 to 2024-12-31", "periods")
    ]
    assert years[0].intensity("electricity") == 7.5
    assert years[0].intensity("heat") is None
    assert years[0].own_kwh == pytest.approx(300)


def standing(world: World, metric: str, year: int, value: float, now: datetime = NOW) -> str:
    """Register a target and return how it stands."""
    request = TargetCreate.model_validate({"metric": metric, "year": year, "value": value})
    register_target(world.store, MAKER, FACILITY, request, NOW)
    years = year_sums([period("2024-01-01", "2024-12-31", 3000, 400)])
    with world.store.reading() as reading:
        found = hold_targets(targets_of(reading, MAKER, FACILITY), years, now)
    return next(row.outcome for row in found if (row.metric, row.year) == (metric, year))


@pytest.mark.parametrize(
    ("metric", "value", "outcome"),
    [
        ("electricity_kwh", 3000, "reached"),
        ("electricity_kwh", 2999, "missed"),
        ("electricity_kwh_per_kwh_made", 7.5, "reached"),
        ("own_electricity_share", 0.1, "reached"),
        ("own_electricity_share", 0.11, "missed"),
        ("production_kwh", 401, "missed"),
        ("heat_mj", 1, "not metered"),
    ],
)
def test_a_target_is_reached_or_missed_once_its_year_is_over(
    world: World, metric: str, value: float, outcome: str
) -> None:
    assert standing(world, metric, 2024, value) == outcome
    early = datetime(2024, 12, 31, tzinfo=UTC)
    if outcome != "not metered":
        assert standing(world, metric, 2024, value, early) == "running"


def test_a_later_target_stands_in_the_place_of_the_earlier(world: World) -> None:
    assert standing(world, "electricity_kwh", 2024, 1) == "missed"
    assert standing(world, "electricity_kwh", 2024, 5000) == "reached"
    with world.store.reading() as reading:
        assert [(t.version, t.value) for t in targets_of(reading, MAKER, FACILITY)] == [(2, 5000)]
    request = TargetCreate(metric=TargetMetric.HEAT_MJ, year=2024, value=1)
    with pytest.raises(RecordNotFoundError):
        register_target(world.store, MAKER, "elsewhere", request, NOW)


def test_a_year_without_periods_is_drawn_from_the_meters_and_says_so(world: World) -> None:
    meters = [
        {"id": "a", "carrier": "electricity", "unit": "MWh", "arrangement": "grid"},
        {"id": "b", "carrier": "electricity", "unit": "MWh", "arrangement": "grid", "part_of": "a"},
        {"id": "gas", "carrier": "natural_gas", "unit": "GJ"},
    ]
    readings = [
        {
            "meter": name,
            "starts_at": f"2026-0{month}-01T00:00:00Z",
            "ends_at": f"2026-0{month + 1}-01T00:00:00Z",
            "quantity": quantity,
        }
        for name, quantity in (("a", 10), ("b", 4), ("gas", 36))
        for month in (1, 2)
    ]
    delivery = {"meters": meters, "readings": readings, "source": "x"}
    deliver_readings(world.store, MAKER, FACILITY, MeterDelivery.model_validate(delivery), NOW)
    made = {"period_from": "2026-01-01", "period_to": "2026-02-28", "kwh": 4000, "source": "x"}
    request = ProductionCreate.model_validate({**made, "model_id": MODEL})
    register_production(world.store, MAKER, FACILITY, request, NOW)
    from lca.datasets import load_shipped_dataset  # noqa: PLC0415 # beside its only use

    with world.store.reading() as reading:
        view = energy_view(reading, load_shipped_dataset(), MAKER, FACILITY, NOW)
    year = view.years[-1]
    assert (year.year, year.basis, year.covers) == (2026, "meters", "2026-01 to 2026-02")
    assert dict(year.quantities) == {"electricity": 20_000, "natural_gas": 72_000}
    assert year.intensity("electricity") == 5
    assert year.made_by_model == {MODEL: 4000}
    shares = {c.name: (round(c.kwh), round(c.share, 3)) for c in view.consumers}
    assert shares == {
        "gas": (20_000, 0.5),
        "a, not behind a sub-meter": (12_000, 0.3),
        "b": (8_000, 0.2),
    }


def test_the_readme_names_every_metric() -> None:
    readme = (ROOT / "passports" / "README.md").read_text(encoding="utf-8")
    assert set(METRICS) == set(TargetMetric)
    for metric in TargetMetric:
        assert f"`{metric.value}`" in readme
