"""Meters and what is delivered of them: the documents that come in, and the report that goes out."""

from dataclasses import dataclass, field
from datetime import datetime
from typing import Annotated, Any, Final, Self

from pydantic import Field, model_validator

from lca.errors import LcaError
from lca.units import convert
from passports.documents import Document, Instant, Name, Number, RuleError, Slug, Text
from passports.errors import Finding, RecordNotFoundError, shorten
from passports.factories import REFERENCE_UNIT, EnergyCarrier, SupplyArrangement
from passports.store import Transaction

MAX_READINGS: Final = 100_000


class MeterCreate(Document):
    """A meter: what it counts, in which unit, on which line or in which workshop.

    A meter behind another one names it in `part_of`: what it counts is in the other's sum already.
    """

    id: Slug
    carrier: EnergyCarrier
    unit: Name
    arrangement: SupplyArrangement | None = None
    line: Name | None = None
    part_of: Slug | None = None
    counts_up: Annotated[bool, Field(description="it shows a register, not intervals")] = False
    note: Text | None = None

    @model_validator(mode="after")
    def _unit_fits_its_carrier(self) -> Self:
        try:
            convert(1.0, self.unit, REFERENCE_UNIT[self.carrier])
        except LcaError as error:
            raise RuleError(error.findings[0].reason, error.findings[0].remedy) from None
        is_power = self.carrier is EnergyCarrier.ELECTRICITY
        if is_power and self.arrangement is None:
            raise RuleError("electricity without an arrangement", "Say grid, direct_line, on_site.")
        if self.part_of == self.id:
            raise RuleError("a meter is no part of itself", "Name the meter before it, or none.")
        return self


class Meter(MeterCreate):
    """A meter as it stands in the store."""

    created_at: datetime


class ReadingCreate(Document):
    """What a meter counted from one instant to another, in the meter's own unit.

    For a meter that counts up, `quantity` is what its register shows at `ends_at`, and `starts_at` is
    left out: the reading before says when it began.
    """

    meter: Slug
    starts_at: Instant | None = None
    ends_at: Instant
    quantity: Number
    line: Annotated[int | None, Field(description="line of the file it came from")] = None


class MeterDelivery(Document):
    """Readings as a file or a plant energy system delivers them.

    `meters` registers meters that are not known yet; `confirmed` answers the question about readings
    that jump: they are meant as they are.
    """

    meters: list[MeterCreate] = Field(default_factory=list)
    readings: Annotated[list[ReadingCreate], Field(min_length=1, max_length=MAX_READINGS)]
    confirmed: bool = False
    source: Text


@dataclass
class DeliveryReport:
    """What became of a delivery; every reading of it is counted once.

    Attributes:
        accepted: So many count.
        repeated: So many were there already.
        noted: So many states of registers from which the next one is counted.
        questioned: Those that jump, and wait for an answer.
        refused: Those that cannot be, and meters that are not described as they should.
        gaps: Where time is left out.
        late: Those of closed periods, which they do not change.
    """

    id: str
    accepted: int = 0
    repeated: int = 0
    noted: int = 0
    questioned: list[Finding] = field(default_factory=list)
    refused: list[Finding] = field(default_factory=list)
    gaps: list[Finding] = field(default_factory=list)
    late: list[Finding] = field(default_factory=list)

    def to_document(self) -> dict[str, Any]:
        """Return the report as plain JSON data."""
        counts = {name: getattr(self, name) for name in ("id", "accepted", "repeated", "noted")}
        lists = {
            name: [finding.to_document() for finding in getattr(self, name)]
            for name in ("questioned", "refused", "gaps", "late")
        }
        return {**counts, **lists}


def meters_of(transaction: Transaction, operator_id: str, facility_id: str) -> list[Meter]:
    """Return the meters of a factory."""
    rows = transaction.meters.of(operator_id, facility_id)
    return [Meter.model_validate_json(row.document) for row in rows]


def get_meter(transaction: Transaction, operator_id: str, facility_id: str, meter_id: str) -> Meter:
    """Return a meter of a factory.

    Raises:
        RecordNotFoundError: there is none with this identifier.
    """
    row = transaction.meters.get(operator_id, facility_id, meter_id)
    if row is None:
        raise RecordNotFoundError("meter", shorten(meter_id))
    return Meter.model_validate_json(row.document)
