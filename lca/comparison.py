"""Several footprints side by side, and whether they may be compared at all."""

from __future__ import annotations

from collections.abc import Sequence

from lca.footprint import Footprint
from lca.rulesets import STAGES


def compare_footprints(footprints: Sequence[Footprint]) -> dict[str, object]:
    """Return a table with one row a footprint, the first being what the others differ from.

    `comparable` is false, with reasons, where ruleset, dataset, or assessed stages differ.
    """
    rows: list[dict[str, object]] = []
    for footprint in footprints:
        change = footprint.kg_co2e_per_kwh - footprints[0].kg_co2e_per_kwh
        reference = footprints[0].kg_co2e_per_kwh
        rows.append(
            {
                "title": footprint.system.inventory.title,
                "facility_id": footprint.system.inventory.plant.facility_id,
                "ruleset": footprint.system.ruleset.id,
                "kg_co2e_per_kwh": footprint.kg_co2e_per_kwh,
                "kg_co2e_per_kwh_capacity": footprint.kg_co2e_per_kwh_capacity,
                "kg_co2e_per_battery": footprint.total,
                "partial": footprint.partial,
                "stages_kg_co2e_per_battery": {
                    stage.value: footprint.stage_kg_co2e(stage) for stage in STAGES
                },
                "change_kg_co2e_per_kwh": change,
                "change_percent": 100 * change / reference if reference else None,
                "content_sha256": footprint.content_sha256,
                "implausible": [doubt.text() for doubt in footprint.doubts],
            }
        )
    reasons = _obstacles(footprints)
    return {"comparable": not reasons, "reasons": reasons, "rows": rows}


def _obstacles(footprints: Sequence[Footprint]) -> list[str]:
    reasons: list[str] = []
    rulesets = sorted({footprint.system.ruleset.id for footprint in footprints})
    if len(rulesets) > 1:
        reasons.append(f"different rulesets: {', '.join(rulesets)}")
    datasets = {footprint.system.dataset.fingerprint for footprint in footprints}
    if len(datasets) > 1:
        reasons.append("different datasets")
    assessed = {
        tuple(state.complete for state in footprint.system.stage_states) for footprint in footprints
    }
    if len(assessed) > 1:
        reasons.append("different stages are assessed in full")
    if len({footprint.system.inventory.screening for footprint in footprints}) > 1:
        reasons.append("a screening study beside one with company-specific data")
    return reasons
