"""What lowers a footprint: credits for what a co-product or a recovered material replaces.

A credit answers an emission that the system has. Above that it is an offset under another name, and the
carbon footprint knows none (Annex II of Regulation (EU) 2023/1542, point 4, refers to the Product
Environmental Footprint, which counts no offsets): no stage but the end of life, where the Circular Footprint
Formula gives credits, and no battery as a whole emits less than nothing.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Final

from lca.errors import Finding, InventoryError
from lca.footprint import Footprint
from lca.rulesets import STAGES, LifeCycleStage

_REMEDY: Final = "check kind, sign and unit of the exchanges that are credited"
_ROUNDING: Final = 1e-9


def check_credits(footprint: Footprint) -> None:
    """Refuse a result in which credits outweigh what is emitted, or nothing is emitted at all.

    Raises:
        InventoryError: A stage before the end of life is negative, or the total is not above zero.
    """
    findings = list(_outweighed(footprint))
    if findings:
        raise InventoryError(findings)


def _outweighed(footprint: Footprint) -> Iterator[Finding]:
    emitted = float(abs(footprint.contributions).sum())
    for stage, kg in zip(STAGES, footprint.stage_totals.tolist(), strict=True):
        if stage is not LifeCycleStage.END_OF_LIFE and kg < -_ROUNDING * emitted:
            reason = "credits outweigh what this stage emits"
            yield Finding(f"stages.{stage.value}", f"{kg:.6g} kg CO2e", reason, _REMEDY)
    if footprint.total <= 0:
        value = f"{footprint.total:.6g} kg CO2e"
        yield Finding("total", value, "a battery emits more than nothing", _REMEDY)
