"""Photovoltaics: energy against capacity, capacity against modules, storage against both.

Full-load hours are energy over capacity. The ranges in `data/solar_yield.csv` are screening ranges of
ours, set wide: what lies outside wants an explanation, what lies inside is not proven.
"""

import csv
from collections.abc import Mapping
from dataclasses import dataclass
from functools import cache
from importlib import resources
from types import MappingProxyType
from typing import Final

from passports.claim_checks.claims import ClaimCheck, ClaimResult, FactoryClaims, number

# Crystalline modules on sale in 2015 to 2023 (watts): our screening range.
MODULE_W: Final = (250.0, 750.0)


@dataclass(frozen=True)
class SolarYield:
    """Full-load hours a year that a fixed installation of a region may reach."""

    region: str
    low_h: float
    high_h: float


@cache
def solar_yields() -> Mapping[str, SolarYield]:
    """Return the screening ranges by region. One row in the CSV adds one."""
    table = resources.files("passports.data").joinpath("solar_yield.csv")
    with table.open("r", encoding="utf-8") as file:
        rows = (
            SolarYield(row["region"], float(row["low_h"]), float(row["high_h"]))
            for row in csv.DictReader(file)
        )
        return MappingProxyType({row.region: row for row in rows})


def check_full_load_hours(claims: FactoryClaims) -> list[ClaimCheck]:
    """Hold the energy of a photovoltaic installation against its capacity."""
    energy, capacity = claims.one("energy-generated", "pv"), claims.one("pv-capacity", "pv")
    if energy is None or capacity is None or capacity.value <= 0:
        return []
    hours = energy.value / capacity.value
    expected = solar_yields().get(claims.facility.grid_region) or solar_yields().get(
        claims.facility.grid_region[:2]
    )
    said = (
        f"{number(energy.value, 1)} MWh from {capacity.value:g} MW are {number(hours)} full-load "
        "hours a year"
    )
    result, rest = _judge(hours, expected, is_bound=energy.is_bound)
    inputs = (energy.as_input(), capacity.as_input())
    return [
        ClaimCheck(
            "full_load_hours",
            energy.figure.what,
            inputs,
            result,
            f"{said}; {rest}",
            {"full_load_hours": hours},
        )
    ]


def _judge(hours: float, expected: SolarYield | None, *, is_bound: bool) -> tuple[ClaimResult, str]:
    if expected is None:
        return ClaimResult.CANNOT_TELL, "no range for this place is known here"
    place = f"{expected.region}: {number(expected.low_h)} to {number(expected.high_h)}"
    if hours > expected.high_h:
        said = f"more than the place allows ({place}); check capacity, energy and year"
        return ClaimResult.IMPLAUSIBLE, said
    if hours < expected.low_h and not is_bound:
        said = (
            f"less than usual ({place}): the capacity may have been built in the year, or curtailed"
        )
        return ClaimResult.CANNOT_TELL, said
    return ClaimResult.CONSISTENT, f"usual for the place ({place})"


def check_module_power(claims: FactoryClaims) -> list[ClaimCheck]:
    """Hold the capacity of a photovoltaic installation against the number of its modules."""
    modules, capacity = claims.one("pv-modules"), claims.one("pv-capacity", "pv")
    if modules is None or capacity is None or modules.value <= 0:
        return []
    watts = capacity.value * 1e6 / modules.value
    low, high = MODULE_W
    fits = low <= watts <= high
    said = f"{capacity.value:g} MW over {number(modules.value)} modules are {number(watts)} W each"
    result = ClaimResult.CONSISTENT if fits else ClaimResult.IMPLAUSIBLE
    rest = "usual modules" if fits else f"modules have {low:g} to {high:g} W"
    inputs = (capacity.as_input(), modules.as_input())
    return [
        ClaimCheck(
            "module_power",
            capacity.figure.what,
            inputs,
            result,
            f"{said}; {rest}",
            {"watts": watts},
        )
    ]
