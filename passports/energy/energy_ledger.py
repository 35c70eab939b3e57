"""The energy ledger: each metered or certified kWh is given to production once.

Double entry in whole watt-hours. A lot comes in as a booking from `source:…` to `unallocated:…`; giving
it to a period, a line or a batch books it from there to the target. The lines of a booking sum to zero,
so energy in is always what was given out plus what was not. A lot's row is locked while it changes, and
the database itself refuses a lot that gives out more than it holds.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date, datetime
from enum import StrEnum
from typing import Annotated, Any, Final, Self
from uuid import uuid4

from pydantic import Field, model_validator

from lca.units import convert
from passports.documents import Day, Document, Name, PositiveNumber, RuleError, Slug, Text
from passports.dossier import CERTIFICATES_OF_ORIGIN, InstrumentKind
from passports.energy.instrument_claims import LEDGER, claim_instruments
from passports.energy.ledger_bookings import WH_PER_KWH, book, booking_document, watt_hours
from passports.errors import (
    Finding,
    InvalidInputError,
    OverAllocationError,
    RecordNotFoundError,
)
from passports.factories import (
    EnergyCarrier,
    EnergyPeriod,
    EnergyReading,
    InstrumentCertificate,
    SupplyArrangement,
    energy_periods,
    how_to_record_energy,
)
from passports.store import (
    EnergyLotRow,
    Store,
    Transaction,
)

_KWH: Final[Mapping[EnergyCarrier, str]] = {
    EnergyCarrier.ELECTRICITY: "kWh",
    EnergyCarrier.NATURAL_GAS: "kWh fuel",
    EnergyCarrier.HEAT: "kWh heat",
}
METERED: Final = "metered"
CERTIFIED: Final = "certified"


class TargetKind(StrEnum):
    """What energy is given to."""

    PERIOD = "period"
    LINE = "line"
    BATCH = "batch"


class AllocationTarget(Document):
    """What an amount is for: a period (its first day), a line, or a batch."""

    kind: TargetKind
    id: Name


class AllocationCreate(Document):
    """Energy of a lot to be given to production; `study_id` names the footprint that uses it."""

    lot_id: Slug
    kwh: PositiveNumber
    target: AllocationTarget
    study_id: Name | None = None
    note: Text | None = None


class CertifiedLotCreate(Document):
    """Certified energy: a retired certificate of origin, or a contract, that backs metered energy."""

    instrument: InstrumentKind
    instrument_id: Name
    kwh: PositiveNumber
    vintage_year: Annotated[int, Field(ge=2000, le=2100)]
    retired_on: Day | None = None
    beneficiary: Name | None = None
    backs_lot_id: Slug
    evidence: Text

    @model_validator(mode="after")
    def _is_retired(self) -> Self:
        if self.instrument in CERTIFICATES_OF_ORIGIN and self.retired_on is None:
            raise RuleError(
                "a certificate of origin that is not retired", "Give the day of its retirement."
            )
        return self


@dataclass(frozen=True)
class EnergyLot:
    """A lot as it stands: what it held, what of it is given out, in kWh."""

    id: str
    operator_id: str
    facility_id: str
    kind: str
    carrier: str
    source: str
    period_from: date
    period_to: date
    quantity_wh: int
    allocated_wh: int
    backed_wh: int
    backs_lot_id: str | None

    @property
    def unallocated_wh(self) -> int:
        """What is left to give."""
        return self.quantity_wh - self.allocated_wh

    def to_document(self) -> dict[str, Any]:
        """Return the lot as plain JSON data, amounts in kWh."""
        return {
            "id": self.id,
            "kind": self.kind,
            "carrier": self.carrier,
            "source": self.source,
            "period": {"from": str(self.period_from), "to": str(self.period_to)},
            "kwh": self.quantity_wh / WH_PER_KWH,
            "allocated_kwh": self.allocated_wh / WH_PER_KWH,
            "unallocated_kwh": self.unallocated_wh / WH_PER_KWH,
            "backed_by_certificates_kwh": self.backed_wh / WH_PER_KWH,
            "backs_lot_id": self.backs_lot_id,
        }


def open_lots(store: Store, operator_id: str, facility_id: str, now: datetime) -> list[EnergyLot]:
    """Book what the recorded periods of a factory metered; what is booked already stays as it is.

    Raises:
        RecordNotFoundError: no metered period is recorded.
        IdentifierConflictError: a certificate that a period names is used elsewhere on this server.
    """
    with store.transaction() as transaction:
        transaction.operators.lock(operator_id)
        periods = energy_periods(transaction, operator_id, facility_id)
        if not periods:
            remedy = how_to_record_energy(facility_id)
            raise RecordNotFoundError("metered period", facility_id, remedy)
        for period in periods:
            _book_period(transaction, period, now)
        return lots_of(transaction, operator_id, facility_id)


def metered_lot_id(period: EnergyPeriod, number: int) -> str:
    """Return the identifier of the lot of a period's reading, counted from 1."""
    return f"{period.facility_id[:40]}-{period.period_from:%Y%m%d}-{number}"


def metered_wh(reading: EnergyReading) -> int:
    """Return what was metered as whole watt-hours."""
    return watt_hours(convert(reading.quantity, reading.unit, _KWH[reading.carrier]))


def _book_period(transaction: Transaction, period: EnergyPeriod, now: datetime) -> None:
    for number, reading in enumerate(period.readings, start=1):
        lot_id = metered_lot_id(period, number)
        if transaction.energy_lots.get(period.operator_id, lot_id) is not None:
            continue
        lot = EnergyLotRow(
            operator_id=period.operator_id,
            id=lot_id,
            facility_id=period.facility_id,
            kind=METERED,
            carrier=reading.carrier.value,
            source=reading.arrangement.value if reading.arrangement else "delivered",
            period_from=period.period_from,
            period_to=period.period_to,
            quantity_wh=metered_wh(reading),
            allocated_wh=0,
            backed_wh=0,
            created_at=now,
            document=reading.model_dump_json().encode(),
        )
        _take_in(transaction, lot, now)
        if reading.contract is not None:
            for certificate in reading.contract.certificates:
                _book_contract(transaction, lot, certificate, now)


def _book_contract(
    transaction: Transaction, lot: EnergyLotRow, certificate: InstrumentCertificate, now: datetime
) -> None:
    """Take in a certificate of a contract; the period claimed it when it was recorded.

    What is not retired, or of another year, backs nothing (as `lca.electricity.evidenced_kwh`).
    """
    in_period = lot.period_from.year <= certificate.vintage_year <= lot.period_to.year
    amount = min(watt_hours(certificate.kwh), lot.quantity_wh - lot.backed_wh)
    if certificate.retired_on is not None and in_period and amount > 0:
        document = certificate.model_dump_json().encode()
        _back(transaction, lot, "contract", amount, document, now)


def _take_in(transaction: Transaction, lot: EnergyLotRow, now: datetime) -> None:
    transaction.energy_lots.add(lot)
    accounts = (f"source:{lot.kind}:{lot.source}", f"unallocated:{lot.id}")
    book(transaction, lot, "intake", ("lot", lot.id), accounts, lot.quantity_wh, now)


def add_certified_lot(
    store: Store, operator_id: str, facility_id: str, request: CertifiedLotCreate, now: datetime
) -> EnergyLot:
    """Book certified energy against the metered energy that it backs.

    Raises:
        RecordNotFoundError: there is no such lot of the factory.
        InvalidInputError: the lot is not bought from the grid, or the vintage lies outside its period.
        OverAllocationError: certificates would cover more than was bought.
        IdentifierConflictError: the instrument is used already, by whomever.
    """
    with store.transaction() as transaction:
        backed = _lock_lot(transaction, operator_id, facility_id, request.backs_lot_id)
        _check_backing(backed, request)
        amount = watt_hours(request.kwh)
        if backed.backed_wh + amount > backed.quantity_wh:
            left = backed.quantity_wh - backed.backed_wh
            raise _over("kwh", amount, left, f"certificates cover at most what {backed.id} bought")
        ids = [request.instrument_id]
        claim_instruments(transaction, (operator_id, facility_id), ids, LEDGER, now)
        document = request.model_dump_json().encode()
        return _lot(_back(transaction, backed, request.instrument.value, amount, document, now))


def _check_backing(backed: EnergyLotRow, request: CertifiedLotCreate) -> None:
    if backed.kind != METERED or backed.source != SupplyArrangement.GRID.value:
        reason = (
            f"{backed.id} is {backed.kind} {backed.source}; certificates back what the grid gave"
        )
        finding = Finding("backs_lot_id", backed.id, reason, "Name a metered lot from the grid.")
        raise InvalidInputError([finding], "the certified energy")
    if not backed.period_from.year <= request.vintage_year <= backed.period_to.year:
        reason = f"the energy was used from {backed.period_from} to {backed.period_to}"
        remedy = "A certificate backs energy of its own year."
        finding = Finding("vintage_year", str(request.vintage_year), reason, remedy)
        raise InvalidInputError([finding], "the certified energy")


def _back(
    transaction: Transaction,
    backed: EnergyLotRow,
    source: str,
    amount: int,
    document: bytes,
    now: datetime,
) -> EnergyLotRow:
    """Take certified energy in, beside the metered lot that it backs."""
    backed.backed_wh += amount
    transaction.energy_lots.update(backed)
    lot = EnergyLotRow(
        operator_id=backed.operator_id,
        id=f"cert-{uuid4()}",
        facility_id=backed.facility_id,
        kind=CERTIFIED,
        carrier=backed.carrier,
        source=source,
        period_from=backed.period_from,
        period_to=backed.period_to,
        quantity_wh=amount,
        allocated_wh=0,
        backed_wh=0,
        backs_lot_id=backed.id,
        created_at=now,
        document=document,
    )
    _take_in(transaction, lot, now)
    return lot


def allocate(
    store: Store, operator_id: str, facility_id: str, request: AllocationCreate, now: datetime
) -> dict[str, Any]:
    """Give energy of a lot to production and return the booking.

    Raises:
        RecordNotFoundError: there is no such lot, batch or study of the factory.
        OverAllocationError: the lot has not that much left, or certified energy would exceed the
            metered energy that the target was given.
    """
    with store.transaction() as transaction:
        # What a target was given comes from several lots: two allocations cannot both look first.
        transaction.operators.lock(operator_id)
        lot = _lock_lot(transaction, operator_id, facility_id, request.lot_id)
        _check_uses(transaction, operator_id, facility_id, request)
        amount = watt_hours(request.kwh)
        left = lot.quantity_wh - lot.allocated_wh
        if amount > left:
            raise _over("kwh", amount, left, f"{lot.id} has not that much left")
        if lot.kind == CERTIFIED:
            _check_certified(transaction, lot, request.target, amount)
        lot.allocated_wh += amount
        transaction.energy_lots.update(lot)
        target = f"{lot.kind}:{request.target.kind.value}:{request.target.id}"
        accounts = (f"unallocated:{lot.id}", target)
        place = (request.target.kind.value, request.target.id)
        row = book(transaction, lot, "allocation", place, accounts, amount, now, request.study_id)
    return booking_document(row)


def _check_uses(
    transaction: Transaction, operator_id: str, facility_id: str, request: AllocationCreate
) -> None:
    if request.target.kind is TargetKind.BATCH:
        batch = transaction.batches.get(operator_id, request.target.id)
        if batch is None or batch.facility_id != facility_id:
            raise RecordNotFoundError("batch", request.target.id)
    if request.study_id is not None:
        study = transaction.studies.by_id(request.study_id)
        if study is None or (study.operator_id, study.facility_id) != (operator_id, facility_id):
            raise RecordNotFoundError("footprint study", request.study_id)


def _check_certified(
    transaction: Transaction, lot: EnergyLotRow, target: AllocationTarget, amount: int
) -> None:
    balances = transaction.energy_transfers.balances(lot.operator_id, lot.facility_id)
    name = f"{target.kind.value}:{target.id}"
    metered, certified = balances.get(f"metered:{name}", 0), balances.get(f"certified:{name}", 0)
    if certified + amount > metered:
        reason = f"{name} was given {_kwh(metered)} of metered energy"
        raise _over("kwh", amount, metered - certified, reason)


def _over(field: str, amount: int, left: int, reason: str) -> OverAllocationError:
    value = _kwh(amount)
    remedy = f"At most {_kwh(max(left, 0))} are left."
    return OverAllocationError(f"{value}: {reason}", [Finding(field, value, reason, remedy)])


def _kwh(wh: int) -> str:
    text = f"{wh / WH_PER_KWH:.3f}".rstrip("0").rstrip(".")
    return f"{text} kWh"


def _lock_lot(
    transaction: Transaction, operator_id: str, facility_id: str, lot_id: str
) -> EnergyLotRow:
    row = transaction.energy_lots.lock(operator_id, lot_id)
    if row is None or row.facility_id != facility_id:
        remedy = "Listed by: voltpass facility ledger FACILITY, or GET /v1/facilities/{id}/ledger."
        raise RecordNotFoundError("energy lot", lot_id, remedy)
    return row


def _lot(row: EnergyLotRow) -> EnergyLot:
    names = EnergyLot.__dataclass_fields__
    return EnergyLot(**{name: getattr(row, name) for name in names})


def lots_of(transaction: Transaction, operator_id: str, facility_id: str) -> list[EnergyLot]:
    """Return the lots of a factory, by period."""
    return [_lot(row) for row in transaction.energy_lots.of(operator_id, facility_id)]
