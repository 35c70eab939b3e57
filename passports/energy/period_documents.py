"""The documents of periods closed from readings: what is asked for, and what comes out."""

from datetime import date, datetime
from typing import Annotated, Final

from pydantic import BaseModel, Field

from passports.documents import Document, Name, PastDate, Slug, Text
from passports.energy.plant_time import ZoneName
from passports.energy.production import Production
from passports.factories import ElectricityContract, EnergyPeriod, OffsetEntry

QUANTITY_DECIMALS: Final = 6
"""Of a kWh or MJ: finer than any meter, coarser than the order in which floats are summed."""


class MeterSupply(Document):
    """What a meter cannot know of its supply: technology, factor, contract."""

    technology: Name | None = None
    factor: Name | None = None
    contract: ElectricityContract | None = None


class PeriodClose(Document):
    """What is to be closed: days of the plant, both included.

    `gaps_stated` says why time is not metered; without it gaps forbid to close. `reason` is needed where
    the period is closed already: it says what the new version corrects.
    """

    period_from: PastDate
    period_to: PastDate
    timezone: ZoneName = "+00:00"
    supplies: dict[Slug, MeterSupply] = Field(default_factory=dict)
    gaps_stated: Annotated[Text, Field(min_length=1)] | None = None
    reason: Annotated[Text, Field(min_length=1)] | None = None
    offsets: list[OffsetEntry] = Field(default_factory=list)
    assumptions: list[Text] = Field(default_factory=list)


class PeriodReopening(Document):
    """Why a closed period is opened again, so that deliveries it rests on can be withdrawn."""

    reason: Annotated[Text, Field(min_length=1)]


class MeterTotal(BaseModel):
    """What one meter counted in a closed period."""

    meter: str
    carrier: str
    arrangement: str | None
    line: str | None
    part_of: str | None
    quantity: float
    unit: str
    readings: int


class ClosedPeriod(BaseModel):
    """A version of a closed period: its sums, what they rest on, and what was not metered."""

    operator_id: str
    facility_id: str
    period_from: date
    period_to: date
    timezone: str
    version: int
    reason: str | None
    closed_at: datetime
    reopened_at: datetime | None
    reopened_reason: str | None
    period: EnergyPeriod
    meters: list[MeterTotal]
    production: list[Production]
    deliveries: int
    gaps_stated: str | None
    gaps: list[str]
    notes: list[str]
    studies_of_earlier_version: Annotated[
        list[str], Field(description="footprint studies computed from an earlier version")
    ]
