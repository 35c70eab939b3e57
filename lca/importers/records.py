"""What all importers share: the terms of an import, its result, units, gases, safe XML."""

from __future__ import annotations

import csv
import math
from collections.abc import Mapping
from dataclasses import dataclass, field
from functools import cache
from importlib import resources
from types import MappingProxyType
from typing import Final
from xml.etree import ElementTree as ET

from lca.emission_factors import Boundary, FactorRecord, Scores
from lca.errors import FactorImportError, Finding, shown
from lca.units import units

PACT_UNITS: Final[Mapping[str, str]] = MappingProxyType(
    {
        "liter": "L",
        "kilogram": "kg",
        "cubic meter": "m3",
        "kilowatt hour": "kWh",
        "megajoule": "MJ",
        "ton kilometer": "tkm",
        "square meter": "m2",
        "piece": "piece",
        "hour": "h",
    }
)
"""Declared units of PACT 3 and Catena-X PCF 9; a data volume has no place in a battery."""

_GREENHOUSE: Final = ("carbon dioxide", "methane", "nitrous", "dinitrogen", "fluor", "hfc", "cfc")
"""A flow whose name holds one of these may be a greenhouse gas: unknown, it is refused."""


@dataclass(frozen=True, slots=True)
class ImportTerms:
    """Under which terms the user has a file.

    Attributes:
        prefix: Goes before each identifier, so that it cannot meet a shipped one.
        overrides: Reasons, by identifier, to accept a factor outside its plausible band.
    """

    licence: str
    source: str
    prefix: str = "own"
    redistributable: bool = False
    group: str = "materials"
    overrides: Mapping[str, str] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class Imported:
    """Factors of a file, what was refused in it, and the file's SHA-256."""

    records: tuple[FactorRecord, ...]
    refused: tuple[Finding, ...]
    warnings: tuple[str, ...] = ()
    sha256: str = ""


@dataclass(frozen=True, slots=True)
class Draft:
    """A factor as read, before the checks that all formats share."""

    id: str
    name: str
    per: str
    region: str
    period: str
    value: float | None = None
    gases: Mapping[str, float] = field(default_factory=dict)
    gwp_basis: str = "per gas"
    scores: Scores | None = None
    primary_data_share: float | None = None
    caution: str = ""
    evidence: str = ""
    citation: str = ""


def record_of_draft(draft: Draft, terms: ImportTerms, path: str) -> FactorRecord | Finding:
    """Return the record, or why the draft is refused."""
    if draft.per not in units():
        return Finding(path, shown(draft.per), "unknown unit", "convert it before the import")
    numbers = [*draft.gases.values(), *([] if draft.value is None else [draft.value])]
    if not numbers or not all(math.isfinite(number) for number in numbers):
        return Finding(path, shown(draft.name), "has no finite value", "a missing value is not 0")
    if not draft.region or not draft.period:
        return Finding(path, shown(draft.name), "has no region or period", "add them")
    return FactorRecord(
        id=f"{terms.prefix}.{draft.id}",
        name=draft.name,
        value=draft.value,
        gases=MappingProxyType(dict(draft.gases)),
        gwp_basis=draft.gwp_basis,
        per=draft.per,
        region=draft.region,
        period=draft.period,
        boundary=Boundary.LCA,
        group=terms.group,
        source=terms.source,
        citation=draft.citation or terms.source,
        licence=terms.licence,
        redistributable=terms.redistributable,
        scores=draft.scores,
        caution=draft.caution,
        primary_data_share=draft.primary_data_share,
        evidence=draft.evidence,
    )


@cache
def _flow_names() -> Mapping[str, str]:
    with resources.files("lca.data").joinpath("flow_names.csv").open(encoding="utf-8") as lines:
        return MappingProxyType({row["alias"]: row["flow"] for row in csv.DictReader(lines)})


class GasCollector:
    """Sums greenhouse gases of a data set by elementary flow; notes names it does not know."""

    def __init__(self) -> None:
        self.gases: dict[str, float] = {}
        self.unknown: list[str] = []

    def add(self, name: str, amount: float) -> None:
        """Add so many kg of a named flow; other substances are left aside."""
        plain = " ".join(name.lower().split())
        flow = _flow_names().get(plain)
        if flow is not None:
            self.gases[flow] = self.gases.get(flow, 0.0) + amount
        elif amount and any(part in plain for part in _GREENHOUSE):
            self.unknown.append(name)

    def finding(self, path: str) -> Finding | None:
        """Return why the data set is refused, if a greenhouse gas has no known name."""
        if not self.unknown:
            return None
        names = ", ".join(sorted(set(self.unknown))[:5])
        reason = "may be a greenhouse gas, and no elementary flow here has that name"
        return Finding(path, names, reason, "add it to flow_names.csv")


def parse_xml(data: bytes) -> ET.Element:
    """Return the root of an XML file; document types, and with them entities, are refused.

    Raises:
        FactorImportError: Not XML, or XML with a document type.
    """
    if b"<!DOCTYPE" in data[:100_000].upper() or b"<!ENTITY" in data.upper():
        finding = Finding("file", "<!DOCTYPE", "document types are not read", "remove it")
        raise FactorImportError([finding])
    try:
        return ET.fromstring(data)  # noqa: S314 - no document type, so no entity to expand
    except (ET.ParseError, ValueError, LookupError) as error:
        reason = "is not XML"
        raise FactorImportError([Finding("file", shown(str(error)), reason, "check it")]) from None


def number_of(text: str | None) -> float:
    """Return a decimal number, NaN where there is none."""
    try:
        return float(text or "")
    except ValueError:
        return math.nan


def identifier_of(text: str) -> str:
    """Return a name as an identifier: lower case, words joined by `_`."""
    kept = "".join(char if char.isalnum() else " " for char in text.lower())
    return "_".join(kept.split())[:80]
