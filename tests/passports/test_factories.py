"""Factories and their metered energy, as metered."""

from datetime import date
from typing import Any

import pytest

from passports.documents import read_document
from passports.errors import (
    Finding,
    IdentifierConflictError,
    InvalidInputError,
    RecordNotFoundError,
)
from passports.factories import (
    EnergyCarrier,
    EnergyPeriod,
    EnergyPeriodCreate,
    FacilityCreate,
    energy_periods,
    find_energy_period,
    get_facility,
    list_facilities,
    record_energy,
    register_facility,
)
from tests.worlds import FACILITY, MAKER, NOW, RIVAL, World

GRID = {
    "carrier": "electricity",
    "quantity": 10,
    "unit": "MWh",
    "arrangement": "grid",
    "evidence": "bill",
}
GAS = {"carrier": "natural_gas", "quantity": 3.6, "unit": "GJ", "evidence": "bill"}
CONTRACT = {"technology": "hydro", "factor": "power.cn.hydro.cf.2024", "evidence": "contract"}


def facility(**changes: Any) -> FacilityCreate:
    """Return a valid factory, with changes."""
    fields = {"id": "new", "name": "New", "place": "Jinan", "country": "CN", "grid_region": "CN-SD"}
    return read_document(FacilityCreate, {**fields, **changes}, "the facility")


def period(first: str, last: str, *readings: dict[str, Any], **changes: Any) -> EnergyPeriodCreate:
    """Return a metered period, with changes."""
    fields: dict[str, Any] = {
        "period_from": first,
        "period_to": last,
        "production_kwh": 1000,
        "readings": list(readings) or [GRID],
        "source": "made for a test",
    }
    return read_document(EnergyPeriodCreate, {**fields, **changes}, "the period")


def record(world: World, first: str, last: str, *readings: dict[str, Any]) -> EnergyPeriod:
    """Record a metered period of the world's factory."""
    return record_energy(world.store, MAKER, FACILITY, period(first, last, *readings), NOW)


def reading_finding(**changes: Any) -> Finding:
    """Return the one finding about a reading with these changes."""
    with pytest.raises(InvalidInputError) as caught:
        period("2023-01-01", "2023-12-31", {**GRID, **changes})
    (finding,) = caught.value.findings
    assert finding.field.startswith("readings[0]")
    return finding


def test_a_registered_factory_is_read_back(world: World) -> None:
    made = register_facility(world.store, MAKER, facility(), NOW)
    with world.store.reading() as reading:
        assert get_facility(reading, MAKER, "new") == made
        assert [f.id for f in list_facilities(reading, MAKER)] == ["new", FACILITY]
        assert list_facilities(reading, RIVAL) == []
        assert len(list_facilities(reading)) == 2


def test_a_factory_is_registered_once(world: World) -> None:
    with pytest.raises(IdentifierConflictError):
        register_facility(world.store, MAKER, facility(id=FACILITY), NOW)
    register_facility(world.store, RIVAL, facility(id=FACILITY), NOW)  # its own namespace


def test_a_factory_of_an_unknown_operator_is_refused_by_the_operators_name(world: World) -> None:
    with pytest.raises(RecordNotFoundError, match="nobody"):
        register_facility(world.store, "nobody", facility(), NOW)


def test_a_factory_belongs_to_its_operator_alone(world: World) -> None:
    with world.store.reading() as reading, pytest.raises(RecordNotFoundError):
        get_facility(reading, RIVAL, FACILITY)


@pytest.mark.parametrize("region", ["DE", "CN-", "cn-sd", "CNSD", "CN-ABCD"])
def test_a_grid_region_lies_in_its_country_and_has_a_code(region: str) -> None:
    with pytest.raises(InvalidInputError):
        facility(grid_region=region)


def test_a_region_outside_of_the_country_says_so() -> None:
    with pytest.raises(InvalidInputError, match="DE-BY does not lie in CN"):
        facility(grid_region="DE-BY")


def test_a_period_is_recorded_as_metered(world: World) -> None:
    made = record(world, "2023-01-01", "2023-12-31", GRID, GAS)
    assert made.total(EnergyCarrier.ELECTRICITY) == pytest.approx(10_000)
    assert made.total(EnergyCarrier.NATURAL_GAS) == pytest.approx(3600)
    assert made.total(EnergyCarrier.HEAT) == 0
    with world.store.reading() as reading:
        assert find_energy_period(reading, MAKER, FACILITY, date(2023, 1, 1)) == made
        firsts = [p.period_from.year for p in energy_periods(reading, MAKER, FACILITY)]
    assert firsts == [2023, 2024]


def test_the_same_electricity_in_kwh_and_in_mwh_is_the_same(sqlite_world: World) -> None:
    made = record(
        sqlite_world, "2023-01-01", "2023-06-30", {**GRID, "quantity": 5000, "unit": "kWh"}
    )
    other = record(sqlite_world, "2023-07-01", "2023-12-31", {**GRID, "quantity": 5})
    carrier = EnergyCarrier.ELECTRICITY
    assert made.total(carrier) == pytest.approx(other.total(carrier))


@pytest.mark.parametrize(
    ("first", "last"),
    [
        ("2024-01-01", "2024-12-31"),
        ("2023-12-31", "2024-01-01"),
        ("2024-12-31", "2025-01-31"),
        ("2024-03-01", "2024-03-31"),
        ("2023-01-01", "2025-12-31"),
    ],
)
def test_periods_that_share_a_day_are_refused(world: World, first: str, last: str) -> None:
    with pytest.raises(IdentifierConflictError) as caught:
        record(world, first, last)
    assert "2024-01-01 to 2024-12-31 is recorded" in caught.value.findings[0].remedy


def test_periods_that_touch_are_allowed_and_so_is_one_day(world: World) -> None:
    record(world, "2023-12-31", "2023-12-31")
    record(world, "2025-01-01", "2025-01-31")


def test_the_newest_period_counts_where_none_is_named(world: World) -> None:
    record(world, "2023-01-01", "2023-12-31")
    with world.store.reading() as reading:
        assert find_energy_period(reading, MAKER, FACILITY, None).period_from.year == 2024
        with pytest.raises(RecordNotFoundError, match="2022"):
            find_energy_period(reading, MAKER, FACILITY, date(2022, 1, 1))


def test_energy_of_an_unknown_factory_is_refused(world: World) -> None:
    with pytest.raises(RecordNotFoundError):
        record_energy(world.store, RIVAL, FACILITY, period("2023-01-01", "2023-12-31"), NOW)


def test_a_period_that_ends_before_it_begins_is_refused() -> None:
    with pytest.raises(InvalidInputError, match="ends before it begins"):
        period("2023-12-31", "2023-01-01")


@pytest.mark.parametrize(
    ("carrier", "unit"),
    [("electricity", "kg"), ("electricity", "m3"), ("natural_gas", "kg"), ("heat", "furlong")],
)
def test_a_unit_that_does_not_measure_the_carrier_is_refused(carrier: str, unit: str) -> None:
    arrangement = "grid" if carrier == "electricity" else None
    finding = reading_finding(carrier=carrier, unit=unit, arrangement=arrangement)
    assert finding.reason
    assert finding.remedy


def test_electricity_says_how_it_comes() -> None:
    assert reading_finding(arrangement=None).reason == "electricity without an arrangement"


@pytest.mark.parametrize("arrangement", ["on_site", "direct_line"])
def test_own_generation_names_its_factor(arrangement: str) -> None:
    assert "without a factor" in reading_finding(arrangement=arrangement).reason


def test_only_grid_electricity_has_a_contract() -> None:
    contract = {**CONTRACT, "kwh": 1}
    factor = "power.cn.pv.cf.2024"
    finding = reading_finding(arrangement="on_site", factor=factor, contract=contract)
    assert finding.reason == "only grid electricity has a contract"


def test_gas_has_neither_arrangement_nor_contract() -> None:
    for given in ({"arrangement": "grid"}, {"contract": {**CONTRACT, "kwh": 1}}):
        finding = reading_finding(**{**GAS, "arrangement": None, **given})
        assert "only electricity has an arrangement or a contract" in finding.reason


def test_a_contract_over_more_than_was_bought_is_refused_in_the_same_unit() -> None:
    fits = {**CONTRACT, "kwh": 10_000}
    period("2023-01-01", "2023-12-31", {**GRID, "contract": fits})
    finding = reading_finding(contract={**CONTRACT, "kwh": 10_001})
    assert finding.reason == "the contract covers 10,001 kWh of 10,000 kWh bought"


def test_a_period_without_readings_or_production_is_refused() -> None:
    wrong: list[dict[str, Any]] = [{"readings": []}, {"production_kwh": 0}]
    for changes in wrong:
        with pytest.raises(InvalidInputError):
            period("2023-01-01", "2023-12-31", **changes)
