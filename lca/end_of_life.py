"""The Circular Footprint Formula of the PEF method, complete, per material.

    Material = (1-R1) Ev + R1 [A Erec + (1-A) Ev Qsin/Qp] + (1-A) R2 [ErecEoL - E*v Qsout/Qp]
    Energy   = (1-B) R3 [EER - LHV XER,heat ESE,heat - LHV XER,elec ESE,elec]
    Disposal = (1 - R2 - R3) ED

The first two material terms belong to raw material acquisition, the others to end of life. R1 above
zero needs evidence of traceability; R2 and R3 need evidence too, and are zero without a value.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, replace
from types import MappingProxyType
from typing import Final

from lca.activities import CircularMaterial, DataOrigin, Exchange, ExchangeKind, Inventory
from lca.datasets import Dataset
from lca.emission_factors import Boundary, characterised, mixed_boundaries
from lca.errors import BoundaryMismatchError, Finding, InventoryError, UnitMismatchError
from lca.recycled_content import recycled_shares
from lca.rulesets import LifeCycleStage, Ruleset
from lca.terms import Burden, reference_unit
from lca.units import find_unit

MJ_PER_KWH: Final = 3.6
"""Exact: 1 kWh = 3.6 MJ."""

COMPANY_PARAMETERS: Final = ("R1", "R2", "R3", "LHV_MJ_per_kg", "XER_heat", "XER_electricity")
"""Parameters that may be the company's own, each with evidence; the others are the ruleset's."""


@dataclass(frozen=True, slots=True)
class CircularParameters:
    """Parameters of the formula; shares are fractions, LHV is in MJ per kg."""

    a: float
    b: float
    r1: float
    r2: float
    r3: float
    qsin_qp: float
    qsout_qp: float
    lhv_mj_per_kg: float = 0.0
    xer_heat: float = 0.0
    xer_electricity: float = 0.0


@dataclass(frozen=True, slots=True)
class CircularTerm:
    """How many units of one burden the formula takes per kg of material, and in which stage."""

    burden: str
    coefficient: float
    per: str
    stage: LifeCycleStage


def circular_terms(p: CircularParameters) -> tuple[CircularTerm, ...]:
    """Return the formula as coefficients of its burdens, per kg of material in the battery."""
    raw, end = LifeCycleStage.RAW_MATERIAL_ACQUISITION, LifeCycleStage.END_OF_LIFE
    credited = (1 - p.a) * p.r2
    recovered = (1 - p.b) * p.r3
    heat = recovered * p.lhv_mj_per_kg * p.xer_heat
    electricity = recovered * p.lhv_mj_per_kg * p.xer_electricity / MJ_PER_KWH
    return (
        CircularTerm("virgin", (1 - p.r1) + p.r1 * (1 - p.a) * p.qsin_qp, "kg", raw),
        CircularTerm("recycled_input", p.r1 * p.a, "kg", raw),
        CircularTerm("recycling_output", credited, "kg", end),
        CircularTerm("substituted_virgin", -credited * p.qsout_qp, "kg", end),
        CircularTerm("energy_recovery", recovered, "kg", end),
        CircularTerm("substituted_heat", -heat, "MJ heat", end),
        CircularTerm("substituted_electricity", -electricity, "kWh", end),
        CircularTerm("disposal", 1 - p.r2 - p.r3, "kg", end),
    )


def circular_burdens(
    inventory: Inventory, ruleset: Ruleset, dataset: Dataset, demanded: int
) -> tuple[tuple[Burden, ...], tuple[str, ...]]:
    """Return the burdens of all materials under the formula, and what is to be said of them.

    Raises:
        InventoryError: A parameter is out of range, lacks evidence, or is not the company's.
        MissingFactorError: A factor is unknown or refused.
        BoundaryMismatchError: A factor is no life-cycle factor.
    """
    burdens: list[Burden] = []
    warnings: list[str] = []
    findings: list[Finding] = []
    output = inventory.activities[demanded].output
    place = (demanded, dataset, ruleset.characterisation)
    battery = output.amount if find_unit(output.unit).dimension == "item" else 1.0
    for material in _with_recycled_content(inventory):
        problems = list(_wrong_parameters(material, ruleset))
        findings.extend(problems)
        if problems:
            continue
        parameters = _parameters(material, ruleset)
        warnings.append(
            f"{material.id}: Circular Footprint Formula of {ruleset.id} with A={parameters.a:g}, "
            f"B={parameters.b:g}, R1={parameters.r1:g}, R2={parameters.r2:g}, "
            f"R3={parameters.r3:g}, Qsin/Qp={parameters.qsin_qp:g}, "
            f"Qsout/Qp={parameters.qsout_qp:g}"
        )
        for term in circular_terms(parameters):
            coefficient = term.coefficient
            if term.burden == "virgin" and material.virgin_counted:
                coefficient -= 1.0
            if coefficient == 0:
                continue
            if term.burden not in material.factors:
                path = f"{material.path}.factors.{term.burden}"
                reason = f"the formula takes {coefficient:g} {term.per} of it per kg"
                findings.append(Finding(path, "", reason, "name a life-cycle factor"))
                continue
            amount = coefficient * material.mass_kg / battery
            burdens.append(_burden(material, term, amount, place))
    if findings:
        raise InventoryError(findings)
    return tuple(burdens), tuple(warnings)


def _with_recycled_content(inventory: Inventory) -> Iterator[CircularMaterial]:
    """Yield the materials; R1 of a metal of Article 8 is the share that its lots have evidence for."""
    shares = {share.metal: share for share in recycled_shares(inventory.recycled_content)}
    for material in inventory.circular:
        share = shares.get(material.material)
        if share is None:
            yield material
            continue
        proof = "; ".join(share.evidence)
        yield replace(
            material,
            parameters={**material.parameters, "R1": min(share.total, 1.0)},
            evidence={**material.evidence, "R1": proof} if proof else material.evidence,
        )


def _wrong_parameters(material: CircularMaterial, ruleset: Ruleset) -> Iterator[Finding]:
    if material.material not in circular_materials(ruleset):
        known = ", ".join(sorted(circular_materials(ruleset)))
        path = f"{material.path}.material"
        yield Finding(path, material.material, f"{ruleset.id} does not know it", f"known: {known}")
    for name, value in material.parameters.items():
        path = f"{material.path}.parameters.{name}"
        if name not in COMPANY_PARAMETERS:
            reason = f"is fixed by {ruleset.id}"
            remedy = f"company values: {', '.join(COMPANY_PARAMETERS)}"
            yield Finding(path, f"{value:g}", reason, remedy)
        elif value < 0 or (value > 1 and name != "LHV_MJ_per_kg"):
            yield Finding(path, f"{value:g}", "a share lies between 0 and 1", "divide by 100?")
        elif value > 0 and name not in material.evidence:
            reason = "above zero needs evidence (R1: of traceability in the supply chain)"
            yield Finding(path, f"{value:g}", reason, f"add evidence.{name}")
    if material.material in circular_materials(ruleset):
        yield from _shares_above_one(material, _parameters(material, ruleset))


def _shares_above_one(material: CircularMaterial, p: CircularParameters) -> Iterator[Finding]:
    """Yield shares of one whole that are more than it, whoever states them: company or ruleset."""
    sums = {
        "R2": (p.r2 + p.r3, "R2 and R3 together exceed 1: no more is recovered than there is"),
        "XER_heat": (
            p.xer_heat + p.xer_electricity,
            "XER_heat and XER_electricity together exceed 1: no more energy leaves than there is",
        ),
    }
    for name, (share, reason) in sums.items():
        if share > 1 + 1e-12:
            path = f"{material.path}.parameters.{name}"
            yield Finding(path, f"{share:g}", reason, "check both, and the ruleset's own")


def circular_materials(ruleset: Ruleset) -> Mapping[str, object]:
    """Return the materials that a ruleset has parameters for."""
    materials = ruleset.end_of_life.get("materials")
    return materials if isinstance(materials, Mapping) else MappingProxyType({})


def _parameters(material: CircularMaterial, ruleset: Ruleset) -> CircularParameters:
    defaults = ruleset.end_of_life
    entry = circular_materials(ruleset)[material.material]
    own: Mapping[str, object] = entry if isinstance(entry, Mapping) else {}
    by_class = defaults["A"]
    allocation = by_class.get(own.get("class")) if isinstance(by_class, Mapping) else None

    def value(name: str) -> float:
        given = material.parameters.get(name, own.get(name, defaults.get(name, 0.0)))
        return float(given) if isinstance(given, int | float) else 0.0

    return CircularParameters(
        a=float(str(own.get("A", allocation))),
        b=value("B"),
        r1=value("R1"),
        r2=value("R2"),
        r3=value("R3"),
        qsin_qp=value("Qsin_Qp"),
        qsout_qp=value("Qsout_Qp"),
        lhv_mj_per_kg=value("LHV_MJ_per_kg"),
        xer_heat=value("XER_heat"),
        xer_electricity=value("XER_electricity"),
    )


def _burden(
    material: CircularMaterial, term: CircularTerm, amount: float, place: tuple[int, Dataset, str]
) -> Burden:
    demanded, dataset, method = place
    path = f"{material.path}.factors.{term.burden}"
    factor_id = material.factors[term.burden]
    record = dataset.factor(factor_id, path)
    if record.boundary is not Boundary.LCA:
        error = mixed_boundaries(Boundary.LCA, record.boundary, path, factor_id)
        raise BoundaryMismatchError(error.findings)
    unit = find_unit(term.per)
    if record.dimension != unit.dimension:
        reason = f"is per {record.per}, the formula needs it per {term.per}"
        raise UnitMismatchError([Finding(path, factor_id, reason, "choose another factor")])
    process = "recycling" if term.stage is LifeCycleStage.END_OF_LIFE else "other_materials"
    exchange = Exchange(
        path=path,
        kind=ExchangeKind.TECHNOSPHERE if amount > 0 else ExchangeKind.SUBSTITUTION,
        amount=abs(amount),
        unit=term.per,
        process=process,
        origin=DataOrigin.SECONDARY,
        factor=factor_id,
        name=f"{material.id}, {term.burden.replace('_', ' ')}",
        evidence=material.evidence.get("R1" if process == "other_materials" else "R2"),
    )
    return Burden(
        exchange=exchange,
        activity=demanded,
        stage=term.stage,
        quantity=amount * unit.per_reference,
        reference_unit=reference_unit(unit.dimension),
        intensity=characterised(record, dataset.characterisation(method)),
        factor_id=factor_id,
        record=record,
        part=term.burden,
    )
