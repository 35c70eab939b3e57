"""The footprint as a JSON document ("voltpass-footprint/1"). No field of it is called net."""

from __future__ import annotations

from lca.data_quality import data_quality
from lca.doubts import IMPLAUSIBLE
from lca.electricity import ElectricityMix, contract_based_mix, location_based_mix
from lca.emission_factors import Boundary, DirectCo2, LifeCycle, sha256_of
from lca.footprint import Footprint
from lca.provenance import FOOTPRINT_FORMAT, software
from lca.recycled_content import recycled_shares
from lca.rulesets import STAGES
from lca.terms import Burden
from lca.uncertainty import delta_uncertainty

OFFSETS_NOTE = "listed, never subtracted"
RECYCLED_NOTE = (
    "plain mass shares from the lots with evidence; the act that fixes their calculation had not been"
    " adopted; R1 of the Circular Footprint Formula is the sum of both shares"
)


def footprint_document(footprint: Footprint) -> dict[str, object]:
    """Return the whole result as JSON-able data, with a hash over all but what is implausible in it."""
    system = footprint.system
    inventory = system.inventory
    states = system.stage_states
    document: dict[str, object] = {
        "format": FOOTPRINT_FORMAT,
        "title": inventory.title,
        "ruleset": system.ruleset.to_reference(),
        "dataset": system.dataset.to_reference(),
        "software": dict(software()),
        "product": inventory.document["product"],
        "plant": inventory.document["plant"],
        "screening": inventory.screening,
        "functional_unit": system.functional_unit.to_document(),
        "kg_co2e_per_kwh": footprint.kg_co2e_per_kwh,
        "kg_co2e_per_kwh_capacity": footprint.kg_co2e_per_kwh_capacity,
        "kg_co2e_per_battery": footprint.total,
        "partial": footprint.partial,
        "not_assessed": [state.stage.value for state in states if not state.assessed],
        "incomplete": [
            {"stage": state.stage.value, "reason": state.reason}
            for state in states
            if state.assessed and state.reason
        ],
        "stages": [_stage(footprint, index) for index in range(len(STAGES))],
        "contributions": [
            _contribution(footprint, burden, float(kg))
            for burden, kg in zip(system.burdens, footprint.contributions, strict=True)
        ],
        "electricity_columns": electricity_columns(footprint),
        "offsets": _offsets(footprint),
        "data_quality": data_quality(footprint).to_document(),
        "uncertainty": delta_uncertainty(footprint).to_document(),
        "warnings": list(dict.fromkeys(filter(None, system.warnings))),
        "assumptions": list(inventory.assumptions),
        "inventory_sha256": inventory.sha256,
    }
    if inventory.recycled_content:
        document["recycled_content"] = _recycled_content(footprint)
    document["content_sha256"] = sha256_of(document)
    return _doubted(footprint, document)


def _doubted(footprint: Footprint, document: dict[str, object]) -> dict[str, object]:
    """Return the document with what is implausible, first among its warnings and row by row.

    It is said after the hash: another range changes what is said of a result, not the result.
    """
    if not footprint.doubts:
        return document
    warnings = list(dict.fromkeys(filter(None, footprint.warnings)))
    told = [doubt.to_document() for doubt in footprint.doubts]
    return {**document, "warnings": warnings, IMPLAUSIBLE: told}


def _recycled_content(footprint: Footprint) -> dict[str, object]:
    """Return the shares of Article 8: by model, plant and year, pre- and post-consumer apart."""
    inventory = footprint.system.inventory
    return {
        "model": inventory.title,
        "facility_id": inventory.plant.facility_id,
        "year": inventory.plant.period.first_on.year,
        "shares": [share.to_document() for share in recycled_shares(inventory.recycled_content)],
        "note": RECYCLED_NOTE,
    }


def _stage(footprint: Footprint, index: int) -> dict[str, object]:
    state = footprint.system.stage_states[index]
    energy = footprint.system.functional_unit.total_energy.amount
    kg = float(footprint.stage_totals[index]) if state.assessed else None
    return {
        "stage": state.stage.value,
        "assessed": state.assessed,
        "complete": state.complete,
        "kg_co2e_per_battery": kg,
        "kg_co2e_per_kwh": None if kg is None else kg / energy,
        "share": None if kg is None or not footprint.total else kg / footprint.total,
        "reason": state.reason,
    }


def _contribution(footprint: Footprint, burden: Burden, kg: float) -> dict[str, object]:
    exchange, record = burden.exchange, burden.record
    system = footprint.system
    return {
        "path": exchange.path,
        "activity": system.linear.names[burden.activity],
        "name": exchange.name or (record.name if record else burden.factor_id),
        "part": burden.part,
        "kind": exchange.kind.value,
        "process": exchange.process,
        "stage": burden.stage.value,
        "factor": burden.factor_id,
        "factor_sha256": record.content_hash if record else None,
        "boundary": record.boundary.value if record else Boundary.DIRECT_GHG.value,
        "amount_per_battery": float(footprint.levels[burden.activity]) * burden.quantity,
        "unit": burden.reference_unit,
        "kg_co2e_per_unit": burden.intensity,
        "origin": exchange.origin.value,
        "evidence": exchange.evidence,
        "confidential": exchange.confidential,
        "redistributable": record.redistributable if record else True,
        "kg_co2e_per_battery": kg,
        "share": kg / footprint.total if footprint.total else None,
    }


def electricity_columns(footprint: Footprint) -> dict[str, object]:
    """Return the three columns. They differ in boundary and are never added."""
    system = footprint.system
    mix = system.mix
    if mix is None:
        return {}
    kwh = sum(
        float(footprint.levels[burden.activity]) * burden.quantity
        for burden in system.burdens
        if burden.exchange.electricity is not None
    )
    arguments = (system.inventory, system.ruleset, system.dataset)
    return {
        "cfb": _column(footprint, mix, kwh),
        "location_based": _column(footprint, location_based_mix(*arguments), kwh),
        "contract_based": _column(footprint, contract_based_mix(*arguments), kwh),
    }


def _column(
    footprint: Footprint,
    mix: ElectricityMix[LifeCycle] | ElectricityMix[DirectCo2] | str,
    kwh: float,
) -> dict[str, object]:
    capacity = footprint.system.inventory.product.capacity_kwh
    if isinstance(mix, str):
        return {
            "boundary": Boundary.DIRECT_CO2.value,
            "kg_co2e_per_battery": None,
            "kg_co2e_per_kwh_capacity": None,
            "kg_co2e_per_kwh_electricity": None,
            "kwh_per_battery": kwh,
            "basis": f"not computed: {mix}",
            "parts": [],
            "warnings": [mix],
        }
    intensity = mix.kg_co2e_per_kwh
    return {
        "boundary": mix.boundary.kind.value,
        "kg_co2e_per_battery": intensity * kwh,
        "kg_co2e_per_kwh_capacity": intensity * kwh / capacity,
        "kg_co2e_per_kwh_electricity": intensity,
        "kwh_per_battery": kwh,
        "basis": mix.basis,
        "parts": [
            {
                "label": part.label,
                "kwh": part.kwh,
                "kg_co2e_per_kwh": part.emission.kg_co2e / part.kwh if part.kwh else 0.0,
                "factor": part.factor_id,
                "reason": part.reason,
            }
            for part in mix.parts
        ],
        "warnings": list(mix.warnings),
    }


def _offsets(footprint: Footprint) -> dict[str, object]:
    offsets = footprint.system.inventory.offsets
    return {
        "entries": [
            {
                "id": offset.id,
                "registry": offset.registry,
                "quantity_t": offset.quantity_t,
                "vintage_year": offset.vintage_year,
                "note": offset.note,
            }
            for offset in offsets
        ],
        "listed_t": float(sum(offset.quantity_t for offset in offsets)),
        "note": OFFSETS_NOTE,
    }
