"""The words of this room that a caller chooses among; they stand alone: naming them needs no store."""

from enum import StrEnum
from typing import Final

PV_SHARE: Final = 0.3  # of the electricity bought: an example to start from, the caller chooses


class TargetMetric(StrEnum):
    """What can be aimed at."""

    ELECTRICITY_KWH = "electricity_kwh"
    NATURAL_GAS_MJ = "natural_gas_mj"
    HEAT_MJ = "heat_mj"
    ELECTRICITY_PER_KWH = "electricity_kwh_per_kwh_made"
    NATURAL_GAS_PER_KWH = "natural_gas_mj_per_kwh_made"
    OWN_SHARE = "own_electricity_share"
    PRODUCTION_KWH = "production_kwh"
