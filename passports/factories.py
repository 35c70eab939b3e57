"""Factories and their metered energy.

A factory outside the Union is manufacturer's facility, named by its place (Annex VI, Part A, point 3).
Energy is recorded as metered, with its source; nothing is netted off and nothing is added here.
"""

from collections.abc import Mapping
from datetime import date, datetime
from enum import StrEnum
from typing import Annotated, Final, Self

from pydantic import Field, model_validator

from lca.errors import LcaError
from lca.units import convert
from passports.documents import (
    CountryCode,
    Document,
    Name,
    NonNegativeNumber,
    PastDate,
    PositiveNumber,
    RuleError,
    Slug,
    Text,
)
from passports.energy.instrument_claims import claim_instruments
from passports.errors import IdentifierConflictError, RecordNotFoundError
from passports.operators import get_operator
from passports.store import EnergyPeriodRow, FacilityRow, RowExistsError, Store, Transaction


class FacilityCreate(Document):
    """A factory as its operator registers it.

    `grid_region` is the ISO 3166-2 code of the grid's region, for example CN-SC.
    """

    id: Slug
    name: Name
    place: Name
    country: CountryCode
    grid_region: Annotated[str, Field(pattern=r"^[A-Z]{2}(-[A-Z0-9]{1,3})?$")]
    sector: Name | None = None
    capacity_gwh_per_year: PositiveNumber | None = None
    source: Text | None = None
    note: Text | None = None

    @model_validator(mode="after")
    def _region_lies_in_country(self) -> Self:
        if not self.grid_region.startswith(self.country):
            raise RuleError(
                f"grid region {self.grid_region} does not lie in {self.country}",
                "Give the region of the grid that supplies the factory.",
            )
        return self


class Facility(FacilityCreate):
    """A factory as it stands in the store."""

    operator_id: str
    created_at: datetime


class EnergyCarrier(StrEnum):
    """What is metered."""

    ELECTRICITY = "electricity"
    NATURAL_GAS = "natural_gas"
    HEAT = "heat"


REFERENCE_UNIT: Final[Mapping[EnergyCarrier, str]] = {
    EnergyCarrier.ELECTRICITY: "kWh",
    EnergyCarrier.NATURAL_GAS: "MJ",  # net calorific value
    EnergyCarrier.HEAT: "MJ heat",
}


class SupplyArrangement(StrEnum):
    """How electricity reaches the plant."""

    GRID = "grid"
    DIRECT_LINE = "direct_line"
    ON_SITE = "on_site"


class InstrumentCertificate(Document):
    """A certificate of origin that backs a contract."""

    id: Name
    kwh: PositiveNumber
    vintage_year: Annotated[int, Field(ge=2000, le=2100)]
    retired_on: PastDate | None = None


class ElectricityContract(Document):
    """Electricity bought from the grid under a contract that names its generation."""

    technology: Name
    factor: Name
    kwh: PositiveNumber
    certificates: list[InstrumentCertificate] = Field(default_factory=list)
    evidence: Text


class EnergyReading(Document):
    """One meter, or several summed, over the period."""

    carrier: EnergyCarrier
    quantity: NonNegativeNumber
    unit: Name
    arrangement: SupplyArrangement | None = None
    technology: Name | None = None
    factor: Name | None = None
    contract: ElectricityContract | None = None
    meter: Name | None = None
    evidence: Text

    @model_validator(mode="after")
    def _electricity_says_how_it_comes(self) -> Self:
        try:
            reference_quantity = convert(self.quantity, self.unit, REFERENCE_UNIT[self.carrier])
        except LcaError as error:
            raise RuleError(error.findings[0].reason, error.findings[0].remedy) from None
        if self.carrier is not EnergyCarrier.ELECTRICITY:
            if self.arrangement is not None or self.contract is not None:
                reason = f"only electricity has an arrangement or a contract, not {self.carrier}"
                raise RuleError(reason, "Remove both.")
            return self
        if self.arrangement is None:
            raise RuleError(
                "electricity without an arrangement", "Say grid, direct_line or on_site."
            )
        own = self.arrangement in {SupplyArrangement.DIRECT_LINE, SupplyArrangement.ON_SITE}
        if own and self.factor is None:
            raise RuleError(
                "own or directly connected generation without a factor",
                "Name the emission factor of its technology, e.g. power.cn.pv.cf.2024.",
            )
        if self.contract is not None and self.arrangement is not SupplyArrangement.GRID:
            raise RuleError("only grid electricity has a contract", "Remove the contract.")
        if self.contract is not None and self.contract.kwh > reference_quantity * (1 + 1e-9):
            raise RuleError(
                f"the contract covers {self.contract.kwh:,.0f} kWh of {reference_quantity:,.0f} kWh bought",
                "A contract cannot cover more than was bought.",
            )
        return self


class OffsetEntry(Document):
    """Carbon credits: listed, never subtracted (Annex II, point 7)."""

    id: Name
    registry: Name | None = None
    quantity_t: NonNegativeNumber
    vintage_year: Annotated[int, Field(ge=1990, le=2100)] | None = None
    note: Text | None = None


class EnergyPeriodCreate(Document):
    """Metered energy and production of a factory over a period, both days included.

    `production_kwh` is the rated energy of the batteries made in it.
    """

    period_from: PastDate
    period_to: PastDate
    production_kwh: PositiveNumber
    readings: Annotated[list[EnergyReading], Field(min_length=1)]
    offsets: list[OffsetEntry] = Field(default_factory=list)
    source: Text
    assumptions: list[Text] = Field(default_factory=list)

    @model_validator(mode="after")
    def _ends_after_it_begins(self) -> Self:
        if self.period_to < self.period_from:
            raise RuleError("the period ends before it begins", "Give its first and its last day.")
        return self


class EnergyPeriod(EnergyPeriodCreate):
    """A metered period as it stands in the store.

    `closed_version` says which version of a period closed from readings it is; None where it was stated.
    """

    operator_id: str
    facility_id: str
    created_at: datetime
    closed_version: int | None = None

    def total(self, carrier: EnergyCarrier) -> float:
        """Return what was metered of a carrier in the period, in its reference unit."""
        unit = REFERENCE_UNIT[carrier]
        return sum(convert(r.quantity, r.unit, unit) for r in self.readings if r.carrier is carrier)

    def own_electricity_kwh(self) -> float:
        """Return the electricity that was generated on site or came by a direct line."""
        own = {SupplyArrangement.ON_SITE, SupplyArrangement.DIRECT_LINE}
        return sum(
            convert(r.quantity, r.unit, "kWh") for r in self.readings if r.arrangement in own
        )


def register_facility(
    store: Store, operator_id: str, request: FacilityCreate, now: datetime
) -> Facility:
    """Register a factory of an operator.

    Raises:
        RecordNotFoundError: there is no such operator.
        IdentifierConflictError: if the operator has a facility with this identifier.
    """
    facility = Facility(**request.model_dump(), operator_id=operator_id, created_at=now)
    row = FacilityRow(
        operator_id=operator_id,
        id=facility.id,
        name=facility.name,
        country=facility.country,
        created_at=now,
        document=facility.model_dump_json().encode(),
    )
    try:
        with store.transaction() as transaction:
            get_operator(transaction, operator_id)
            transaction.facilities.add(row)
    except RowExistsError:
        raise IdentifierConflictError("id", facility.id, "Choose another identifier.") from None
    return facility


def get_facility(transaction: Transaction, operator_id: str, facility_id: str) -> Facility:
    """Return a facility of an operator.

    Raises:
        RecordNotFoundError: if there is none with this identifier.
    """
    row = transaction.facilities.get(operator_id, facility_id)
    if row is None:
        remedy = "Register it: voltpass facility add FILE, or POST /v1/facilities."
        raise RecordNotFoundError("facility", facility_id, remedy)
    return Facility.model_validate_json(row.document)


def list_facilities(transaction: Transaction, operator_id: str | None = None) -> list[Facility]:
    """Return the facilities of one operator, or of all."""
    rows = transaction.facilities.all(operator_id)
    return [Facility.model_validate_json(row.document) for row in rows]


def record_energy(
    store: Store, operator_id: str, facility_id: str, request: EnergyPeriodCreate, now: datetime
) -> EnergyPeriod:
    """Record the metered energy of a period.

    Raises:
        RecordNotFoundError: there is no such facility.
        IdentifierConflictError: the period shares a day with one that is recorded, or a certificate of
            a contract is used already, by whomever.
    """
    period = EnergyPeriod(
        **request.model_dump(), operator_id=operator_id, facility_id=facility_id, created_at=now
    )
    with store.transaction() as transaction:
        transaction.operators.lock(operator_id)  # two that overlap cannot both look first
        get_facility(transaction, operator_id, facility_id)
        add_period(transaction, period, now)
    return period


def add_period(transaction: Transaction, period: EnergyPeriod, now: datetime) -> None:
    """Insert a period beside those that are there, and claim the certificates of its contracts.

    Raises:
        IdentifierConflictError: it shares a day with another one, or a certificate is used already.
    """
    operator_id, facility_id = period.operator_id, period.facility_id
    other = transaction.energy_periods.overlapping(
        operator_id, facility_id, period.period_from, period.period_to
    )
    if other is not None:
        days = f"{period.period_from} to {period.period_to}"
        remedy = f"{other.period_from} to {other.period_to} is recorded; give other days."
        raise IdentifierConflictError("period", days, remedy)
    transaction.energy_periods.add(
        EnergyPeriodRow(
            operator_id=operator_id,
            facility_id=facility_id,
            period_from=period.period_from,
            period_to=period.period_to,
            created_at=now,
            document=period.model_dump_json().encode(),
        )
    )
    claim_certificates(transaction, period, certificate_ids(period), now)


def claim_certificates(
    transaction: Transaction, period: EnergyPeriod, ids: list[str], now: datetime
) -> None:
    """Claim certificates of a period's contracts, once on the whole server.

    Raises:
        IdentifierConflictError: one is used already, by whomever, also at this very moment.
    """
    facility = (period.operator_id, period.facility_id)
    claim_instruments(transaction, facility, ids, f"period:{period.period_from}", now)


def certificate_ids(period: EnergyPeriodCreate) -> list[str]:
    """Return the certificates of origin that a period's contracts name."""
    contracts = [reading.contract for reading in period.readings if reading.contract is not None]
    return [certificate.id for contract in contracts for certificate in contract.certificates]


def energy_periods(
    transaction: Transaction, operator_id: str, facility_id: str
) -> list[EnergyPeriod]:
    """Return the recorded periods of a facility, oldest first."""
    rows = transaction.energy_periods.of(operator_id, facility_id)
    return [EnergyPeriod.model_validate_json(row.document) for row in rows]


def how_to_record_energy(facility_id: str) -> str:
    """Return what to do about a factory without a metered period."""
    return (
        f"Record it: voltpass facility energy {facility_id} FILE, or"
        f" POST /v1/facilities/{facility_id}/energy."
    )


def find_energy_period(
    transaction: Transaction, operator_id: str, facility_id: str, period_from: date | None
) -> EnergyPeriod:
    """Return the period that begins on a day, or the newest one.

    Raises:
        RecordNotFoundError: if none is recorded.
    """
    periods = energy_periods(transaction, operator_id, facility_id)
    chosen = [p for p in periods if period_from in {None, p.period_from}]
    if not chosen:
        wanted = f"{facility_id}, from {period_from or 'any day'}"
        remedy = how_to_record_energy(facility_id)
        raise RecordNotFoundError("metered period", wanted, remedy)
    return chosen[-1]
