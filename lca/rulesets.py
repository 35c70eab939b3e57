"""Rulesets are data: one JSON file in `data/rulesets/` fixes everything a method decides.

No method for the carbon footprint of batteries is binding yet; each file says what it is, of which
date, and in which legal state. To add one: one file, and a row of expected values in the tests.
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass
from enum import StrEnum
from functools import cache
from importlib import resources
from types import MappingProxyType
from typing import Final

from lca.documents import DocumentReader
from lca.emission_factors import sha256_of
from lca.errors import Finding, RulesetError, UnknownRulesetError, shown

RULESET_FORMAT: Final = "voltpass-ruleset/1"


class LifeCycleStage(StrEnum):
    """The four stages of Annex II point 4 of Regulation (EU) 2023/1542."""

    RAW_MATERIAL_ACQUISITION = "raw_material_acquisition"
    MAIN_PRODUCTION = "main_production"
    DISTRIBUTION = "distribution"
    END_OF_LIFE = "end_of_life"


STAGES: Final = tuple(LifeCycleStage)


class ElectricityRule(StrEnum):
    """How a ruleset values electricity taken from the grid."""

    NATIONAL_CONSUMPTION_MIX = "national_consumption_mix"
    CONTRACT_HIERARCHY = "contract_hierarchy"


class EnergyFormula(StrEnum):
    """How a ruleset computes the denominator, the energy delivered over the service life."""

    CYCLES_AND_YEARS = "usable_energy_x_cycles_x_years"
    DISTANCE = "distance_x_consumption"
    DECLARED_CYCLES = "usable_energy_x_declared_cycles"
    CAPACITY = "capacity"


@dataclass(frozen=True, slots=True)
class WarrantyRule:
    """How a commercial warranty becomes years of operation."""

    default_years: float
    minimum_capacity_share: float
    km_per_year: Mapping[str, float]
    evidence_required: bool


@dataclass(frozen=True, slots=True)
class CompanySpecific:
    """What must be measured at the company.

    Attributes:
        components: Processes that must be present, or declared absent with a reason.
        processes: Processes whose amounts may not be defaults.
        aggregates: Processes that hide those components, so allowed for screening only.
    """

    components: tuple[str, ...]
    processes: frozenset[str]
    aggregates: frozenset[str]


@dataclass(frozen=True, slots=True)
class Ruleset:
    """One method, as its file states it. `document` is the whole file."""

    id: str
    title: str
    version: str
    document: Mapping[str, object]
    formula: EnergyFormula
    formula_text: str
    cycles_per_year: Mapping[str, float]
    warranty: WarrantyRule | None
    stage_map: Mapping[str, LifeCycleStage]
    electricity_rule: ElectricityRule
    electricity_text: str
    characterisation: str
    end_of_life: Mapping[str, object]
    cut_off_share: float
    economic_allocation_above: float
    company_specific: CompanySpecific
    data_quality_formula: str
    content_hash: str

    @property
    def legal_state(self) -> Mapping[str, object]:
        """Status, document and dates; `binding` is false for every ruleset that ships."""
        state = self.document["legal_state"]
        return state if isinstance(state, dict) else {}

    def to_reference(self) -> dict[str, object]:
        """Return what a result says of its method."""
        return {
            "id": self.id,
            "title": self.title,
            "version": self.version,
            "legal_state": dict(self.legal_state),
            "binding": bool(self.legal_state.get("binding")),
            "characterisation": self.characterisation,
            "electricity_rule": self.electricity_rule.value,
            "electricity_text": self.electricity_text,
            "excluded": self.document["excluded"],
            "performance_class": None,
            "maximum_threshold": None,
            "content_sha256": self.content_hash,
        }


@cache
def _files() -> Mapping[str, Mapping[str, object]]:
    """Return every shipped ruleset document by identifier."""
    documents: dict[str, Mapping[str, object]] = {}
    folder = resources.files("lca.data").joinpath("rulesets")
    for file in sorted(folder.iterdir(), key=lambda entry: entry.name):
        if file.name.endswith(".json"):
            document = json.loads(file.read_text(encoding="utf-8"))
            documents[document["id"]] = document
    return MappingProxyType(documents)


def ruleset_ids() -> tuple[str, ...]:
    """Return the identifiers of all shipped rulesets, sorted."""
    return tuple(_files())


@cache
def load_ruleset(ruleset_id: str) -> Ruleset:
    """Return a shipped ruleset by identifier or alias.

    Raises:
        UnknownRulesetError: There is none; names those there are.
        RulesetError: The file is not a ruleset.
    """
    documents = _files()
    for id_, document in documents.items():
        aliases = document.get("aliases", [])
        if ruleset_id == id_ or (isinstance(aliases, list) and ruleset_id in aliases):
            return read_ruleset(document)
    known = ", ".join(ruleset_ids())
    finding = Finding("ruleset", shown(ruleset_id), "no such ruleset", f"known: {known}")
    raise UnknownRulesetError([finding])


def read_ruleset(document: Mapping[str, object]) -> Ruleset:
    """Return a ruleset from its document.

    Raises:
        RulesetError: The document is not a ruleset; the findings name what is wrong.
    """
    reader = DocumentReader(document)
    reader.constant("format", RULESET_FORMAT)
    unit = reader.child("functional_unit")
    electricity = reader.child("electricity")
    company = reader.child("company_specific")
    stage_map = {
        process: LifeCycleStage(str(stage))
        for process, stage in reader.mapping("stage_map").items()
    }
    ruleset = Ruleset(
        id=reader.text("id"),
        title=reader.text("title"),
        version=reader.text("version"),
        document=MappingProxyType(dict(document)),
        formula=EnergyFormula(unit.choice("formula", [item.value for item in EnergyFormula])),
        formula_text=unit.text("text"),
        cycles_per_year=unit.numbers("cycles_per_year"),
        warranty=_warranty(unit),
        stage_map=MappingProxyType(stage_map),
        electricity_rule=ElectricityRule(
            electricity.choice("rule", [item.value for item in ElectricityRule])
        ),
        electricity_text=electricity.text("text"),
        characterisation=reader.text("characterisation"),
        end_of_life=MappingProxyType(dict(reader.mapping("end_of_life"))),
        cut_off_share=reader.child("cut_off").number("mass_share", minimum=0, maximum=1),
        economic_allocation_above=reader.child("allocation").positive(
            "economic_when_price_ratio_above"
        ),
        company_specific=CompanySpecific(
            components=tuple(company.texts("components")),
            processes=frozenset(company.texts("processes")),
            aggregates=frozenset(company.texts("aggregates")),
        ),
        data_quality_formula=reader.child("data_quality").text("formula"),
        content_hash=sha256_of(dict(document)),
    )
    if reader.findings:
        raise RulesetError(reader.findings)
    return ruleset


def _warranty(unit: DocumentReader) -> WarrantyRule | None:
    if not unit.has("warranty"):
        return None
    rule = unit.child("warranty")
    return WarrantyRule(
        default_years=rule.number("default_years", minimum=0),
        minimum_capacity_share=rule.number("minimum_capacity_share", minimum=0, maximum=1),
        km_per_year=rule.numbers("km_per_year"),
        evidence_required=rule.flag("evidence_required"),
    )
