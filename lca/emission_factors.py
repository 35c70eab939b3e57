"""Emission factors: kg CO2e per unit of an activity, with a boundary that the type checker sees.

A factor counts either the CO2 of a chimney (`direct_co2`), all greenhouse gases of a chimney
(`direct_ghg`), or a product's life cycle up to its delivery (`lca`). The three are different types:
`Emission[LifeCycle] + Emission[DirectCo2]` is refused by mypy and, for data read at run time, by a
`BoundaryMismatchError`. Mixing them is the commonest error of the field: China's electricity CO2
factor of 2023 (0.5306) and its life-cycle factor (0.6205) differ by 17 %.
"""

from __future__ import annotations

import hashlib
import json
import math
from collections.abc import Mapping
from dataclasses import dataclass
from enum import StrEnum
from typing import Final, Generic, TypeVar

from lca.errors import BoundaryMismatchError, Finding, UnitMismatchError
from lca.units import Dimension, Quantity, find_unit

NORMAL_97_5: Final = 1.959963984540054
"""The 97.5 % point of the standard normal distribution: a range low to high is read as 95 %."""


class Boundary(StrEnum):
    """What a factor counts."""

    DIRECT_CO2 = "direct_co2"
    DIRECT_GHG = "direct_ghg"
    LCA = "lca"


class SystemBoundary:
    """A boundary as a type; the subclasses exist for the type checker."""

    kind: Boundary


class DirectCo2(SystemBoundary):
    """CO2 from the chimney only: ISO 14064-1 scope accounting, never a product footprint."""

    kind = Boundary.DIRECT_CO2


class DirectGhg(SystemBoundary):
    """All gases from the chimney or exhaust: the direct emissions of an activity."""

    kind = Boundary.DIRECT_GHG


class LifeCycle(SystemBoundary):
    """Cradle to delivery, upstream included: the only boundary that a supply may have."""

    kind = Boundary.LCA


B = TypeVar("B", bound=SystemBoundary)
D = TypeVar("D", bound=Dimension)


@dataclass(frozen=True, slots=True)
class Emission(Generic[B]):
    """An amount in kg CO2e (kg CO2 for `direct_co2`) inside one boundary."""

    kg_co2e: float
    boundary: type[B]

    def __add__(self, other: Emission[B]) -> Emission[B]:
        if other.boundary is not self.boundary:
            raise mixed_boundaries(self.boundary.kind, other.boundary.kind, "sum")
        return Emission(self.kg_co2e + other.kg_co2e, self.boundary)


@dataclass(frozen=True, slots=True)
class Scores:
    """Representativeness of a factor, 1 (best) to 5: technology, time, geography (PEF)."""

    technological: float
    temporal: float
    geographical: float


@dataclass(frozen=True, slots=True)
class FactorRecord:
    """One row of a dataset, as it stands in the file.

    Attributes:
        value: kg CO2e per unit, where the source gives an aggregate; else None.
        gases: kg of each elementary flow per unit, where the source gives gases; else empty.
        gwp_basis: For an aggregate, the characterisation its source used.
        per: Unit of the denominator.
        gsd: Geometric standard deviation, where a spread is known.
        caution: A warning that goes with every use.
    """

    id: str
    name: str
    value: float | None
    gases: Mapping[str, float]
    gwp_basis: str
    per: str
    region: str
    period: str
    boundary: Boundary
    group: str
    source: str
    citation: str
    licence: str
    redistributable: bool
    scores: Scores | None = None
    gsd: float | None = None
    caution: str = ""
    note: str = ""
    primary_data_share: float | None = None
    evidence: str = ""

    @property
    def unit(self) -> str:
        """The unit as people write it: kg CO2e/kWh."""
        numerator = "kg CO2" if self.boundary is Boundary.DIRECT_CO2 else "kg CO2e"
        return f"{numerator}/{self.per}"

    @property
    def dimension(self) -> str:
        """Dimension of the denominator."""
        return find_unit(self.per).dimension

    @property
    def content_hash(self) -> str:
        """SHA-256 over everything that gives the factor its meaning."""
        return hashlib.sha256(canonical_json(self.to_document())).hexdigest()

    def to_document(self) -> dict[str, object]:
        """Return the row as JSON-able data."""
        scores = self.scores
        return {
            "id": self.id,
            "name": self.name,
            "value": self.value,
            "gases": dict(sorted(self.gases.items())),
            "gwp_basis": self.gwp_basis,
            "unit": self.unit,
            "per": self.per,
            "region": self.region,
            "period": self.period,
            "boundary": self.boundary.value,
            "group": self.group,
            "source": self.source,
            "citation": self.citation,
            "licence": self.licence,
            "redistributable": self.redistributable,
            "scores": None
            if scores is None
            else {
                "technological": scores.technological,
                "temporal": scores.temporal,
                "geographical": scores.geographical,
            },
            "gsd": self.gsd,
            "caution": self.caution,
            "note": self.note,
            "primary_data_share": self.primary_data_share,
            "evidence": self.evidence,
        }


@dataclass(frozen=True, slots=True)
class EmissionFactor(Generic[B, D]):
    """A characterised factor: so many kg CO2e, inside `B`, per reference unit of `D`."""

    record: FactorRecord
    kg_co2e_per_reference_unit: float
    boundary: type[B]
    dimension: type[D]

    def times(self, amount: Quantity[D]) -> Emission[B]:
        """Return what `amount` emits.

        Raises:
            UnitMismatchError: The quantity has another dimension than the factor's denominator.
        """
        if amount.dimension is not self.dimension:
            reason = f"{amount.dimension.name} was given, the factor is per {self.record.per}"
            raise UnitMismatchError(
                [Finding(self.record.id, amount.dimension.name, reason, "use a matching unit")]
            )
        return Emission(amount.amount * self.kg_co2e_per_reference_unit, self.boundary)


def factor_for(
    record: FactorRecord,
    characterisation: Mapping[str, float],
    boundary: type[B],
    dimension: type[D],
) -> EmissionFactor[B, D]:
    """Return the record as a typed factor, after checking that it is what it is taken for.

    Raises:
        BoundaryMismatchError: The record has another boundary.
        UnitMismatchError: The record is per a unit of another dimension.
    """
    if record.boundary is not boundary.kind:
        raise mixed_boundaries(boundary.kind, record.boundary, record.id)
    if record.dimension != dimension.name:
        reason = f"is per {record.per} ({record.dimension}), {dimension.name} is needed"
        raise UnitMismatchError([Finding(record.id, record.per, reason, "choose another factor")])
    return EmissionFactor(record, characterised(record, characterisation), boundary, dimension)


def characterised(record: FactorRecord, characterisation: Mapping[str, float]) -> float:
    """Return kg CO2e per reference unit: gases by the characterisation set, else the aggregate."""
    per_reference = find_unit(record.per).per_reference
    if record.value is not None:
        return record.value / per_reference
    terms = (kg * characterisation[flow] for flow, kg in record.gases.items())
    return math.fsum(terms) / per_reference


def mixed_boundaries(
    expected: Boundary, found: Boundary, path: str, factor_id: str = ""
) -> BoundaryMismatchError:
    """Return the error for a factor of one boundary where another is summed."""
    reasons = {
        Boundary.DIRECT_CO2: "CO2 of combustion only, no upstream, no other gases",
        Boundary.DIRECT_GHG: "direct emissions only, no upstream",
        Boundary.LCA: "life cycle, upstream included",
    }
    return BoundaryMismatchError(
        [
            Finding(
                path,
                factor_id or found.value,
                f"a factor of boundary {found.value} ({reasons[found]}) cannot enter a sum of "
                f"{expected.value} ({reasons[expected]})",
                f"choose a factor whose boundary is {expected.value}",
            )
        ]
    )


def canonical_json(document: object) -> bytes:
    """Return the one byte sequence that stands for a JSON document: sorted keys, no spaces."""
    return json.dumps(
        document, sort_keys=True, separators=(",", ":"), ensure_ascii=False, allow_nan=False
    ).encode()


def sha256_of(document: object) -> str:
    """Return the hexadecimal SHA-256 of a JSON document's canonical bytes."""
    return hashlib.sha256(canonical_json(document)).hexdigest()
