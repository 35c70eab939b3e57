"""Data quality: how well the factors represent what they stand for, and how much is measured.

The rating is kept apart from the uncertainty: a score is a judgement of representativeness, a
spread is a property of the value.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final

from lca.activities import DataOrigin
from lca.emission_factors import Scores
from lca.footprint import Footprint

LEVELS: Final = ((1.5, "excellent"), (2.0, "very good"), (3.0, "good"), (4.0, "fair"))
"""Upper bounds of the PEF 2021 quality levels; above the last one the level is poor."""

PRIMARY_DATA_DEFINITION: Final = (
    "share of the absolute kg CO2e whose activity data are company-specific; for a supplier "
    "footprint, the share its supplier states"
)


@dataclass(frozen=True, slots=True)
class DataQuality:
    """A rating of the whole footprint.

    Attributes:
        rating: From 1 (best) to 5; None where no factor is scored.
        rated_share: Share of the (absolute) emissions whose factor is scored.
    """

    rating: float | None
    scores: Scores | None
    rated_share: float
    primary_data_share: float
    formula: str

    @property
    def level(self) -> str | None:
        """The rating in words."""
        if self.rating is None:
            return None
        return next((name for bound, name in LEVELS if self.rating <= bound), "poor")

    def to_document(self) -> dict[str, object]:
        """Return it as JSON-able data."""
        scores = self.scores
        return {
            "rating": self.rating,
            "level": self.level,
            "formula": self.formula,
            "technological": None if scores is None else scores.technological,
            "temporal": None if scores is None else scores.temporal,
            "geographical": None if scores is None else scores.geographical,
            "rated_share": self.rated_share,
            "primary_data_share": self.primary_data_share,
            "primary_data_definition": PRIMARY_DATA_DEFINITION,
        }


def mean_scores(scores: Sequence[Scores], weights: Sequence[float]) -> Scores:
    """Return the weighted mean of each of the three scores; the weights sum to more than zero."""
    total = math.fsum(weights)
    pairs = list(zip(scores, weights, strict=True))
    return Scores(
        math.fsum(score.technological * weight for score, weight in pairs) / total,
        math.fsum(score.temporal * weight for score, weight in pairs) / total,
        math.fsum(score.geographical * weight for score, weight in pairs) / total,
    )


def rating_of(scores: Scores) -> float:
    """Return the arithmetic mean of the three scores: (4 + 3 + 3) / 3 = 3.33."""
    return (scores.technological + scores.temporal + scores.geographical) / 3


def data_quality(footprint: Footprint) -> DataQuality:
    """Return the data-quality rating and the primary-data share of a footprint."""
    scores: list[Scores] = []
    weights: list[float] = []
    everything = primary = 0.0
    pairs = zip(footprint.system.burdens, footprint.contributions.tolist(), strict=True)
    for burden, kg in pairs:
        weight = abs(kg)
        everything += weight
        record = burden.record
        if record is not None and record.scores is not None:
            scores.append(record.scores)
            weights.append(weight)
        if record is not None and record.primary_data_share is not None:
            primary += weight * record.primary_data_share
        elif burden.exchange.origin is DataOrigin.COMPANY_SPECIFIC:
            primary += weight
    rated = math.fsum(weights)
    mean = mean_scores(scores, weights) if rated > 0 else None
    return DataQuality(
        rating=None if mean is None else rating_of(mean),
        scores=mean,
        rated_share=rated / everything if everything else 0.0,
        primary_data_share=primary / everything if everything else 0.0,
        formula=footprint.system.ruleset.data_quality_formula,
    )
