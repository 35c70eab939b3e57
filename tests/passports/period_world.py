"""Two days of a plant with four meters, to be delivered, made and closed."""

from datetime import UTC, datetime, timedelta
from typing import Any

from passports.energy.close import close_period
from passports.energy.meter_readings import DeliveryReport, MeterDelivery, deliver_readings
from passports.energy.period_documents import ClosedPeriod, PeriodClose
from passports.energy.production import (
    ProductionCreate,
    register_production,
)
from passports.factories import energy_periods
from tests.worlds import FACILITY, MAKER, MODEL, NOW, World

FIRST = datetime(2026, 2, 28, 16, tzinfo=UTC)  # midnight of 1 March in China
QUARTER = timedelta(minutes=15)
PV = "power.cn.pv.cf.2024"
METERS: list[dict[str, Any]] = [
    {"id": "main", "carrier": "electricity", "unit": "kWh", "arrangement": "grid"},
    {"id": "coat", "carrier": "electricity", "unit": "kWh", "arrangement": "grid"}
    | {"part_of": "main", "line": "coating 涂布"},
    {"id": "pv", "carrier": "electricity", "unit": "MWh", "arrangement": "on_site"},
    {"id": "gas", "carrier": "natural_gas", "unit": "GJ"},
]
EACH = {"main": 100.0, "coat": 40.0, "pv": 0.02, "gas": 0.3}


def series(meter: str, first: int, count: int, **changes: Any) -> list[dict[str, Any]]:
    """Return quarter-hour readings of a meter."""
    return [
        {
            "meter": meter,
            "starts_at": FIRST + n * QUARTER,
            "ends_at": FIRST + (n + 1) * QUARTER,
            "quantity": EACH[meter],
            **changes,
        }
        for n in range(first, first + count)
    ]


def deliver(world: World, *readings: dict[str, Any], **changes: Any) -> DeliveryReport:
    """Deliver readings."""
    document = {"meters": METERS, "readings": list(readings), "source": "EMS", **changes}
    delivery = MeterDelivery.model_validate(document)
    return deliver_readings(world.store, MAKER, FACILITY, delivery, NOW)


def make(world: World, kwh: float = 10_000, **changes: Any) -> str:
    """Register what was made on the two days."""
    fields = {"period_from": "2026-03-01", "period_to": "2026-03-02", "kwh": kwh, "source": "MES"}
    request = ProductionCreate.model_validate({**fields, "model_id": MODEL, **changes})
    return register_production(world.store, MAKER, FACILITY, request, NOW).id


def close(world: World, **changes: Any) -> ClosedPeriod:
    """Close the two days."""
    fields: dict[str, Any] = {
        "period_from": "2026-03-01",
        "period_to": "2026-03-02",
        "timezone": "+08:00",
        "supplies": {"pv": {"technology": "pv", "factor": PV}},
    }
    request = PeriodClose.model_validate({**fields, **changes})
    return close_period(world.store, MAKER, FACILITY, request, NOW)


def full(world: World) -> list[str]:
    """Deliver all of the two days, one delivery a meter, and register what was made."""
    make(world)
    return [deliver(world, *series(name, 0, 192)).id for name in EACH]


def in_force(world: World) -> Any:
    """Return the period that footprints use."""
    with world.store.reading() as reading:
        return energy_periods(reading, MAKER, FACILITY)[-1]
