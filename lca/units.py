"""Units and their dimensions, from one table; quantities whose dimension mypy can see.

kWh of electricity, kWh of fuel, kWh of battery capacity and kWh delivered over a service life are
four dimensions here: none converts into another. Conversion happens once, at the edge; the engine
computes in reference units.
"""

from __future__ import annotations

import csv
import math
from collections.abc import Mapping
from dataclasses import dataclass
from functools import cache
from importlib import resources
from types import MappingProxyType
from typing import Generic, TypeVar

from lca.errors import Finding, UnitMismatchError, UnknownUnitError, shown


class Dimension:
    """A kind of quantity; the subclasses exist for the type checker and carry the table's name."""

    name = ""


class Mass(Dimension):
    """Reference unit kg."""

    name = "mass"


class Electricity(Dimension):
    """Reference unit kWh."""

    name = "electricity"


class FuelEnergy(Dimension):
    """Energy in fuel by net calorific value, reference unit MJ."""

    name = "fuel_energy"


class BatteryCapacity(Dimension):
    """Energy a battery can hold, reference unit kWh capacity."""

    name = "battery_capacity"


class DeliveredEnergy(Dimension):
    """Energy a battery delivers over its service life, reference unit kWh delivered."""

    name = "delivered_energy"


class TransportWork(Dimension):
    """Reference unit tkm."""

    name = "transport_work"


class Carbon(Dimension):
    """Climate change, reference unit kg CO2e."""

    name = "carbon"


D = TypeVar("D", bound=Dimension)


@dataclass(frozen=True, slots=True)
class Unit:
    """A row of the table of units: `per_reference` reference units make one of this."""

    id: str
    dimension: str
    per_reference: float


@dataclass(frozen=True, slots=True)
class Quantity(Generic[D]):
    """An amount in the reference unit of dimension `D`. Two dimensions do not add."""

    amount: float
    dimension: type[D]

    def __add__(self, other: Quantity[D]) -> Quantity[D]:
        if other.dimension is not self.dimension:
            raise _mismatch(self.dimension.name, other.dimension.name, "a sum")
        return Quantity(self.amount + other.amount, self.dimension)

    def __mul__(self, number: float) -> Quantity[D]:
        return Quantity(self.amount * number, self.dimension)

    def into(self, unit_id: str) -> float:
        """Return the amount in another unit of the same dimension.

        Raises:
            UnknownUnitError: No such unit.
            UnitMismatchError: The unit has another dimension.
        """
        unit = find_unit(unit_id)
        if unit.dimension != self.dimension.name:
            raise _mismatch(unit.dimension, self.dimension.name, unit_id)
        return self.amount / unit.per_reference


@cache
def units() -> Mapping[str, Unit]:
    """Return all units by identifier and alias."""
    table: dict[str, Unit] = {}
    with resources.files("lca.data").joinpath("units.csv").open(encoding="utf-8") as lines:
        for row in csv.DictReader(lines):
            unit = Unit(row["id"], row["dimension"], float(row["per_reference"]))
            for name in (unit.id, *filter(None, row["aliases"].split("|"))):
                table[name] = unit
    return MappingProxyType(table)


def find_unit(unit_id: str, path: str = "unit") -> Unit:
    """Return the unit of this name.

    Raises:
        UnknownUnitError: The table has no such unit; names those that look like it.
    """
    unit = units().get(unit_id)
    if unit is None:
        lowered = unit_id.lower()
        near = sorted({u.id for name, u in units().items() if name.lower() == lowered})
        remedy = f"did you mean {', '.join(near)}?" if near else f"known: {', '.join(unit_ids())}"
        raise UnknownUnitError([Finding(path, shown(unit_id), "unknown unit", remedy)])
    return unit


def unit_ids() -> tuple[str, ...]:
    """Return the identifiers of all units, sorted, without aliases."""
    return tuple(sorted({unit.id for unit in units().values()}))


def quantity(amount: float, unit_id: str, dimension: type[D]) -> Quantity[D]:
    """Return `amount` of a unit as a quantity of the expected dimension.

    Raises:
        UnknownUnitError: No such unit.
        UnitMismatchError: The unit has another dimension, or the amount is not a finite number.
    """
    unit = find_unit(unit_id)
    if unit.dimension != dimension.name:
        raise _mismatch(unit.dimension, dimension.name, unit_id)
    if not math.isfinite(amount):
        finding = Finding("amount", shown(amount), "not a finite number", "give a number")
        raise UnitMismatchError([finding])
    return Quantity(amount * unit.per_reference, dimension)


def convert(amount: float, from_unit: str, to_unit: str, path: str = "unit") -> float:
    """Return `amount` of one unit in another of the same dimension.

    Raises:
        UnknownUnitError: One of the units is not in the table.
        UnitMismatchError: Their dimensions differ.
    """
    if from_unit == to_unit and from_unit in units():
        return amount
    source, target = find_unit(from_unit, path), find_unit(to_unit, path)
    if source.dimension != target.dimension:
        raise _mismatch(source.dimension, target.dimension, from_unit, path)
    return amount * source.per_reference / target.per_reference


def _mismatch(found: str, expected: str, value: str, path: str = "unit") -> UnitMismatchError:
    reason = f"has the dimension {found}, {expected} is needed here"
    remedy = f"use a unit of {expected}: {', '.join(_units_of(expected)) or 'none is known'}"
    return UnitMismatchError([Finding(path, value, reason, remedy)])


def _units_of(dimension: str) -> list[str]:
    return sorted({unit.id for unit in units().values() if unit.dimension == dimension})
