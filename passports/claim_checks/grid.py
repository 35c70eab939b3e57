"""The published CO2 factors of grids that a claim can be held against.

Direct CO2 only (China: Ministry of Ecology and Environment and National Bureau of Statistics, for 2021
to 2023), because reductions of factories are claimed that way; never a life-cycle factor.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from types import MappingProxyType
from typing import Final

from lca.datasets import Dataset
from lca.emission_factors import Boundary

# Wide grids by province, as the notices of the ministry divide the country since the factors of 2021.
_WIDE_GRIDS: Final[Mapping[str, tuple[str, ...]]] = MappingProxyType(
    {
        "CN-North": ("CN-BJ", "CN-TJ", "CN-HE", "CN-SX", "CN-SD", "CN-NM"),
        "CN-Northeast": ("CN-LN", "CN-JL", "CN-HL"),
        "CN-East": ("CN-SH", "CN-JS", "CN-ZJ", "CN-AH", "CN-FJ"),
        "CN-Central": ("CN-JX", "CN-HA", "CN-HB", "CN-HN"),
        "CN-Northwest": ("CN-SN", "CN-GS", "CN-QH", "CN-NX", "CN-XJ"),
        "CN-South": ("CN-GD", "CN-GX", "CN-YN", "CN-GZ", "CN-HI"),
        "CN-Southwest": ("CN-CQ", "CN-SC"),
    }
)
# Power from fossil fuels is nobody's consumption mix: it is no average that a claim could use.
_NO_MIX = "grid.cn.fossil."


@dataclass(frozen=True, order=True)
class GridFactor:
    """A published CO2 factor of a grid, t/MWh (which is kg/kWh)."""

    id: str
    name: str
    region: str
    year: str
    t_per_mwh: float


@dataclass(frozen=True)
class GridFactors:
    """Factors for one grid region.

    Attributes:
        own: Of the region itself, by year; of the country where the region is not known.
        around: Of the wide grid around the region and of the country's average.
        averages: Of the country and all its wide grids: no consumption mix lies above them.
    """

    region: str
    own: tuple[GridFactor, ...]
    around: tuple[GridFactor, ...]
    averages: tuple[GridFactor, ...]

    @property
    def low(self) -> float:
        """The lowest own factor."""
        return min(factor.t_per_mwh for factor in self.own)

    @property
    def high(self) -> float:
        """The highest own factor."""
        return max(factor.t_per_mwh for factor in self.own)

    @property
    def years(self) -> str:
        """The years of the own factors, for a sentence."""
        years = sorted({factor.year for factor in self.own})
        return years[0] if len(years) == 1 else f"{years[0]} to {years[-1]}"


def grid_factors(dataset: Dataset, grid_region: str) -> GridFactors:
    """Return the published CO2 factors of a grid region and of its country; may be empty."""
    country = grid_region[:2]
    rows = tuple(
        sorted(
            GridFactor(record.id, record.name, record.region, record.period, record.value)
            for record in dataset.factors.values()
            if record.boundary is Boundary.DIRECT_CO2
            and record.per == "kWh"
            and record.value is not None
            and record.id.startswith("grid.")
            and record.region.partition("-")[0] == country
        )
    )
    averages = tuple(row for row in rows if _is_wide(row.region) and not row.id.startswith(_NO_MIX))
    mean = f"grid.{country.lower()}.avg."
    own = tuple(row for row in rows if row.region == grid_region and grid_region != country)
    own = own or tuple(row for row in rows if row.id.startswith(mean))
    wide = {name for name, members in _WIDE_GRIDS.items() if grid_region in members}
    around = tuple(row for row in rows if row.region in wide or row.id.startswith(mean))
    return GridFactors(grid_region, own, around, averages)


def _is_wide(region: str) -> bool:
    """Tell whether a region is a country or a grid of several provinces (CN, CN-Central)."""
    part = region.partition("-")[2]
    return not part or not part.isupper()
