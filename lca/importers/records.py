"""What all importers share: the terms of an import, its result, units, gases, safe XML."""

from __future__ import annotations

import csv
import math
import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from functools import cache
from importlib import resources
from types import MappingProxyType
from typing import Final
from xml.etree import ElementTree as ET

from lca.datasets import load_shipped_dataset
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

_HALOGEN = r"(?:fluor|chlor|brom)o"
_ALKANE = r"(?:methane|ethane|propane|butane|pentane|hexane|ethene|ethylene|propene)"
_GREENHOUSE: Final = re.compile(
    r"carbon dioxide|nitrous oxide|dinitrogen (?:mon)?oxide|nitrogen\(i\) oxide"
    r"|(?<!non-)(?<!non )(?<!non)methane|sul(?:f|ph)ur hexafluoride|sul(?:f|ph)uryl fluoride"
    r"|nitrogen (?:tri)?fluoride|\b(?:h?cfc|hfc|hfe|hcc|pfc|pfpmie|halon|sf6|nf3|cf4|co2|ch4|n2o)\b"
    rf"|fluoro[\w,. -]*{_ALKANE}|{_ALKANE}[\w,. -]*{_HALOGEN}|{_HALOGEN}[\w,. -]*{_ALKANE}"
)
"""A flow with such a name may be a greenhouse gas: one that the method does not know is refused.

Methane and its halogenated relatives, the other gases of the Kyoto Protocol, and the codes of
refrigerants; fluorides, fluorspar and volatile organic compounds without methane are none.
"""

_LANGUAGE: Final = "{http://www.w3.org/XML/1998/namespace}lang"
_NEGLIGIBLE: Final = 1e-3
"""Share of a data set's result that gases without a factor may have, if all were the worst one."""


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
    """Return elementary flows by name: those of the method's own table, and other nomenclatures'."""
    folder = resources.files("lca.data")
    with folder.joinpath("characterisation_factors.csv").open(encoding="utf-8") as lines:
        names = {row["name"].lower(): row["flow"] for row in csv.DictReader(lines)}
    with folder.joinpath("flow_names.csv").open(encoding="utf-8") as lines:
        names.update((row["alias"], row["flow"]) for row in csv.DictReader(lines))
    return MappingProxyType(names)


class GasCollector:
    """Sums greenhouse gases of a data set by elementary flow; notes names it does not know."""

    def __init__(self) -> None:
        self.gases: dict[str, float] = {}
        self.unknown: dict[str, float] = {}
        self.nameless = 0

    @staticmethod
    def may_matter(name: str) -> bool:
        """Tell whether a flow of this name is, or may be, a greenhouse gas."""
        plain = " ".join(name.lower().split())
        return plain in _flow_names() or _GREENHOUSE.search(plain) is not None

    def add(self, name: str, amount: float, unit: str = "kg") -> None:
        """Add so much of a named flow per unit of product; other substances are left aside."""
        plain = " ".join(name.lower().split())
        self.nameless += not plain
        flow = _flow_names().get(plain)
        if flow is None and not _GREENHOUSE.search(plain):
            return
        known = units().get(unit)
        if known is None or known.dimension != "mass":
            self.unknown[f"{name} in {unit or 'no unit'}"] = math.inf
        elif flow is not None:
            self.gases[flow] = self.gases.get(flow, 0.0) + amount * known.per_reference
        elif amount:
            mass = abs(amount) * known.per_reference
            self.unknown[name] = self.unknown.get(name, 0.0) + mass

    def finding(self, path: str, flows: Mapping[str, float]) -> Finding | None:
        """Return why the data set is refused: a gas without a factor that may matter.

        A gas matters unless the result would change by less than a thousandth if it were as strong
        as the strongest gas of the method; then `caution` names it.
        """
        if self.nameless:
            reason = "flows have no name: any of them may be a greenhouse gas"
            return Finding(path, f"{self.nameless} flows", reason, "import the whole package")
        if not self.unknown:
            return None
        total = abs(sum(amount * flows.get(flow, 0.0) for flow, amount in self.gases.items()))
        if sum(self.unknown.values()) * max(flows.values()) <= _NEGLIGIBLE * total:
            return None
        names = ", ".join(sorted(self.unknown)[:5])
        reason = "may be a greenhouse gas, and no elementary flow in kg here has that name"
        return Finding(path, names, reason, "give its origin or usual name in the file, or use CSV")

    def caution(self) -> str:
        """Return which gases were left out because they cannot matter; empty where none was."""
        if not self.unknown:
            return ""
        return f"left out, under {_NEGLIGIBLE:.1%} in any case: {', '.join(sorted(self.unknown))}"


def parse_xml(data: bytes) -> ET.Element:
    """Return the root of an XML file, its tags without their namespaces.

    Document types, and with them entities, are refused.

    Raises:
        FactorImportError: Not XML, or XML with a document type.
    """
    if b"<!DOCTYPE" in data[:100_000].upper() or b"<!ENTITY" in data.upper():
        finding = Finding("file", "<!DOCTYPE", "document types are not read", "remove it")
        raise FactorImportError([finding])
    try:
        root = ET.fromstring(data)  # noqa: S314 - no document type, so no entity to expand
    except (ET.ParseError, ValueError, LookupError) as error:
        reason = "is not XML"
        raise FactorImportError([Finding("file", shown(str(error)), reason, "check it")]) from None
    for element in root.iter():
        element.tag = element.tag.rpartition("}")[2]
    return root


def text_of(element: ET.Element | None, path: str) -> str:
    """Return the text at a path: in English where it is given in several languages."""
    found = [] if element is None else element.findall(path)
    english = [item for item in found if item.get(_LANGUAGE, "en").startswith("en")]
    texts = ("".join(item.itertext()).strip() for item in [*english, *found])
    return next(filter(None, texts), "")


def number_of(text: str | None) -> float:
    """Return a decimal number, NaN where there is none."""
    try:
        return float(text or "")
    except ValueError:
        return math.nan


def flows_of_method() -> Mapping[str, float]:
    """Return kg CO2e per kg of each flow by EF 3.1: how much a gas may matter."""
    return load_shipped_dataset().characterisation("ef-3.1")


def identifier_of(text: str) -> str:
    """Return a name as an identifier: lower case, words joined by `_`."""
    kept = "".join(char if char.isalnum() else " " for char in text.lower())
    return "_".join(kept.split())[:80]
