"""What a claim check is given, and what it hands back."""

import csv
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import date
from enum import StrEnum
from functools import cache, cached_property
from importlib import resources
from types import MappingProxyType
from typing import Any

from passports.certification.certificates import FactoryCertificate
from passports.claim_checks.grid import GridFactors
from passports.dossier import DossierCreate, ReportedFigure
from passports.factories import EnergyPeriod, FacilityCreate


class ClaimResult(StrEnum):
    """What a check found.

    `restricted` is about what may be said in the Union, `certifies_nothing` about a certificate that
    was not granted; the others are about arithmetic and evidence.
    """

    CONSISTENT = "consistent"
    INCONSISTENT = "inconsistent"
    IMPLAUSIBLE = "implausible"
    CANNOT_TELL = "cannot_tell"
    CERTIFIES_NOTHING = "certifies_nothing"
    RESTRICTED = "restricted"


@dataclass(frozen=True)
class ClaimInput:
    """One number or text that a check looked at; `name` is the source's own wording."""

    name: str
    value: float | str
    unit: str = ""

    def to_document(self) -> dict[str, float | str]:
        """Return the input as plain JSON data."""
        return {"name": self.name, "value": self.value, "unit": self.unit}


@dataclass(frozen=True)
class ClaimCheck:
    """One check of a factory's claims.

    Attributes:
        id: The kind of check, stable for machines.
        about: What in this factory it is about.
        computed: Numbers that the check worked out, by name; unrounded.
    """

    id: str
    about: str
    inputs: tuple[ClaimInput, ...]
    result: ClaimResult
    explanation: str
    computed: Mapping[str, float] = field(default_factory=dict)

    def to_document(self) -> dict[str, Any]:
        """Return the check as plain JSON data."""
        return {
            "id": self.id,
            "about": self.about,
            "inputs": [row.to_document() for row in self.inputs],
            "result": self.result.value,
            "explanation": self.explanation,
            "computed": dict(self.computed),
        }


@dataclass(frozen=True)
class FigureTerm:
    """What a known wording is about."""

    kind: str
    topic: str


@cache
def figure_terms() -> Mapping[str, FigureTerm]:
    """Return the known wordings of figures. One row in the CSV adds one."""
    table = resources.files("passports.data").joinpath("claim_terms.csv")
    with table.open("r", encoding="utf-8") as file:
        return MappingProxyType(
            {row["what"]: FigureTerm(row["kind"], row["topic"]) for row in csv.DictReader(file)}
        )


@dataclass(frozen=True)
class Claim:
    """A reported figure with what it is about; kind and topic are empty where nobody knows."""

    figure: ReportedFigure
    kind: str
    topic: str

    @property
    def value(self) -> float:
        """The figure's value as reported."""
        return self.figure.value

    @property
    def is_bound(self) -> bool:
        """Tell whether it is stated as `at least` or `at most`."""
        return self.figure.bound in {"at least", "at most"}

    def as_input(self) -> ClaimInput:
        """Return it as an input of a check, a bound said with its name."""
        bound = f"{self.figure.bound} " if self.is_bound else ""
        return ClaimInput(self.figure.what, self.value, f"{bound}{self.figure.unit}")


@dataclass(frozen=True)
class FactoryClaims:
    """All that is known of a factory's claims; `on` is the day of the check."""

    facility: FacilityCreate
    dossier: DossierCreate
    certificates: Sequence[FactoryCertificate]
    grid: GridFactors
    on: date
    periods: Sequence[EnergyPeriod] = ()

    @cached_property
    def claims(self) -> tuple[Claim, ...]:
        """The reported figures, and those that the dossier's measures state, in order."""
        figures = [*self.dossier.figures, *self._figures_of_measures()]
        return tuple(_claim(figure) for figure in figures)

    def _figures_of_measures(self) -> list[ReportedFigure]:
        found = []
        for number, measure in enumerate(self.dossier.measures, start=1):
            topic = f"measure-{number}"
            stated = (
                ("energy-saved", "electricity saved by", measure.energy_saved_mwh, "MWh"),
                ("reduction", "reduction from", measure.reduction_t_co2e, "tCO2e"),
            )
            found += [
                ReportedFigure(
                    what=f"{words} {measure.name}"[:200],
                    value=value,
                    unit=unit,
                    year=measure.year,
                    kind=kind,
                    topic=topic,
                )
                for kind, words, value, unit in stated
                if value is not None
            ]
        return found

    def of(self, kind: str, topic: str | None = None) -> list[Claim]:
        """Return the claims of a kind, and of a topic where one is named."""
        return [c for c in self.claims if c.kind == kind and topic in {None, c.topic}]

    def one(self, kind: str, topic: str | None = None) -> Claim | None:
        """Return the first claim of a kind and topic, or None."""
        return next(iter(self.of(kind, topic)), None)


def _claim(figure: ReportedFigure) -> Claim:
    term = figure_terms().get(figure.what)
    kind = figure.kind or (term.kind if term else "")
    topic = figure.topic or (term.topic if term else "")
    return Claim(figure, kind, topic)


def number(value: float, digits: int = 0) -> str:
    """Return a number for a sentence, thousands set off by commas."""
    return f"{value:,.{digits}f}"


def percent(share: float, digits: int = 1) -> str:
    """Return a share as per cent for a sentence."""
    return f"{100 * share:.{digits}f} %"
