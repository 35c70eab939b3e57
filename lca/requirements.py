"""What a ruleset requires of an inventory beyond its form: company-specific data, and all stages.

A stage without data is `not assessed`; it makes the total partial and is never zero.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass

from lca.activities import DataOrigin, Exchange, Inventory
from lca.errors import Finding, IncompleteInventoryError, InventoryError
from lca.rulesets import STAGES, LifeCycleStage, Ruleset
from lca.terms import Burden

NOT_ELIGIBLE = "screening study: not eligible as a declaration under Article 7"


@dataclass(frozen=True, slots=True)
class StageState:
    """Whether a stage was assessed, and if not or not wholly, why.

    Attributes:
        reason: None where the stage is assessed in full.
    """

    stage: LifeCycleStage
    assessed: bool
    reason: str | None

    @property
    def complete(self) -> bool:
        """Whether the stage was assessed in full."""
        return self.assessed and self.reason is None


def stage_states(inventory: Inventory, burdens: Sequence[Burden]) -> tuple[StageState, ...]:
    """Return the state of each of the four stages.

    Raises:
        InventoryError: A stage is declared not assessed, and has data.
    """
    with_data = {burden.stage for burden in burdens}
    findings: list[Finding] = []
    states: list[StageState] = []
    for stage in STAGES:
        gaps = [gap for gap in inventory.gaps if gap.stage is stage]
        reasons = "; ".join(gap.reason for gap in gaps)
        whole = any(not gap.partial for gap in gaps)
        if stage in with_data and whole:
            reason = "is declared not assessed, and has exchanges"
            findings.append(Finding("gaps", stage.value, reason, 'add "partial": true'))
        if stage in with_data:
            states.append(StageState(stage, assessed=True, reason=reasons or None))
        else:
            reason = reasons or "no data in the inventory, and no reason is given"
            states.append(StageState(stage, assessed=False, reason=reason))
    if findings:
        raise InventoryError(findings)
    return tuple(states)


def check_company_specific(inventory: Inventory, ruleset: Ruleset) -> list[str]:
    """Return the warnings of a screening study; refuse defaults in any other.

    Annex II point 5 of Regulation (EU) 2023/1542: no default activity data for anode, cathode,
    electrolyte, separator and cell casing. An aggregate of pack materials hides them, so it is for
    screening only.

    Raises:
        IncompleteInventoryError: Defaults stand where the ruleset wants the company's own data.
    """
    findings = [*_defaults(inventory, ruleset), *_absent(inventory, ruleset)]
    if not findings:
        return []
    if not inventory.screening:
        raise IncompleteInventoryError(findings)
    named = ", ".join(sorted({finding.value for finding in findings}))
    warnings = [f"{NOT_ELIGIBLE}; not company-specific or not itemised under {ruleset.id}: {named}"]
    used = {process for _, process, _ in inventory.uses}
    for aggregate in sorted(used & ruleset.company_specific.aggregates):
        stage = ruleset.stage_map[aggregate]
        elsewhere = [
            component
            for component in ruleset.company_specific.components
            if ruleset.stage_map[component] is not stage
        ]
        if elsewhere:
            warnings.append(
                f"{aggregate} stands wholly in {stage.value}, though {ruleset.id} counts "
                f"{', '.join(elsewhere)} elsewhere: the split between stages is not the ruleset's"
            )
    return warnings


def _defaults(inventory: Inventory, ruleset: Ruleset) -> Iterator[Finding]:
    required = ruleset.company_specific
    remedy = 'give measured amounts with evidence, or declare "screening": true'
    if not any(
        process in required.aggregates
        or (process in required.processes and origin is DataOrigin.SECONDARY)
        for _, process, origin in inventory.uses
    ):
        return
    for exchange in _exchanges(inventory):
        path = f"{exchange.path}.origin"
        if exchange.process in required.aggregates:
            reason = f"{ruleset.id}: an aggregate hides components that must be company-specific"
            itemise = 'itemise the components, or declare "screening": true'
            yield Finding(path, exchange.process, reason, itemise)
        elif exchange.process in required.processes and exchange.origin is DataOrigin.SECONDARY:
            reason = f"{ruleset.id} admits no default activity data for this process"
            yield Finding(path, exchange.process, reason, remedy)


def _absent(inventory: Inventory, ruleset: Ruleset) -> Iterator[Finding]:
    present = {process for _, process, _ in inventory.uses}
    present |= {component.process for component in inventory.absent_components}
    for component in ruleset.company_specific.components:
        if component not in present:
            reason = f"{ruleset.id} requires it, and no exchange has this process"
            remedy = "add its exchanges, or list it in absent_components with a reason"
            yield Finding("activities", component, reason, remedy)


def _exchanges(inventory: Inventory) -> Iterator[Exchange]:
    for activity in inventory.activities:
        yield from activity.exchanges
