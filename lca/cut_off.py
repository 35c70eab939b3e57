"""Cut-off: small masses may be left out, and are then counted as the worst thing beside them.

The draft rules, as digested: input flows below 1 % of the mass of a system component may be left
out; the missing mass is added to the input with the highest footprint. So leaving something out
never makes a battery look better than its worst input.
"""

from __future__ import annotations

from collections.abc import Sequence

from lca.activities import CutOff, DataOrigin, Exchange, ExchangeKind, Inventory
from lca.errors import Finding, InventoryError
from lca.rulesets import Ruleset
from lca.terms import Burden


def cut_off_burdens(
    inventory: Inventory, ruleset: Ruleset, burdens: Sequence[Burden]
) -> tuple[tuple[Burden, ...], tuple[str, ...]]:
    """Return the burdens that stand for masses left out, and a warning for each.

    Raises:
        InventoryError: More was left out than the ruleset admits, or nothing could stand for it.
    """
    findings: list[Finding] = []
    added: list[Burden] = []
    warnings: list[str] = []
    index = {activity.id: i for i, activity in enumerate(inventory.activities)}
    left_out_by_component: dict[str, float] = {}
    for left_out in inventory.cut_off:
        share = left_out.missing_mass_kg / left_out.component_mass_kg
        total = left_out_by_component.get(left_out.component, 0.0) + share
        left_out_by_component[left_out.component] = total
        finding = _refused(left_out, total, ruleset, index)
        worst = _worst(burdens, index.get(left_out.activity, -1))
        if finding is None and worst is None:
            reason = "the activity has no mass input that could stand for what was left out"
            finding = Finding(left_out.path, left_out.activity, reason, "add the input itself")
        if finding is not None or worst is None:
            findings.extend([] if finding is None else [finding])
            continue
        output = inventory.activities[worst.activity].output.amount
        added.append(_stand_in(left_out, worst, output))
        warnings.append(
            f"{left_out.component}: {left_out.missing_mass_kg:g} kg ({share:.2%}) left out "
            f"({left_out.reason}), counted as {worst.factor_id}"
        )
    if findings:
        raise InventoryError(findings)
    return tuple(added), tuple(warnings)


def _refused(
    left_out: CutOff, share: float, ruleset: Ruleset, index: dict[str, int]
) -> Finding | None:
    if left_out.activity not in index:
        remedy = f"known: {', '.join(sorted(index))}"
        path = f"{left_out.path}.activity"
        return Finding(path, left_out.activity, "no such activity", remedy)
    if share > ruleset.cut_off_share:
        reason = f"{share:.2%} of {left_out.component} left out, {ruleset.id} admits "
        reason += f"{ruleset.cut_off_share:.0%}"
        path = f"{left_out.path}.missing_mass_kg"
        return Finding(path, f"{left_out.missing_mass_kg:g}", reason, "add the missing inputs")
    return None


def _worst(burdens: Sequence[Burden], activity: int) -> Burden | None:
    """Return the mass input of an activity with the highest kg CO2e per kg."""
    candidates = [
        burden
        for burden in burdens
        if burden.activity == activity
        and burden.reference_unit == "kg"
        and burden.record is not None
        and burden.quantity > 0
    ]
    return max(candidates, key=lambda burden: burden.intensity, default=None)


def _stand_in(left_out: CutOff, worst: Burden, output_amount: float) -> Burden:
    exchange = Exchange(
        path=left_out.path,
        kind=ExchangeKind.TECHNOSPHERE,
        amount=left_out.missing_mass_kg,
        unit="kg",
        process=worst.exchange.process,
        origin=DataOrigin.SECONDARY,
        factor=worst.factor_id,
        name=f"cut-off of {left_out.component}",
    )
    return Burden(
        exchange=exchange,
        activity=worst.activity,
        stage=worst.stage,
        quantity=left_out.missing_mass_kg / output_amount,
        reference_unit="kg",
        intensity=worst.intensity,
        factor_id=worst.factor_id,
        record=worst.record,
        part="cut-off",
    )
