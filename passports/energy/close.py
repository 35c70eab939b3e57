"""Closing a metered period from its readings: summed by the database, traceable to each delivery.

What footprints and the ledger use is the `EnergyPeriod` that comes out. Readings that arrive later do not
change it: a correction is a new version with its reason, and the version before stays as it was.
"""

from collections.abc import Sequence
from datetime import datetime
from typing import Any

import orjson

from passports.documents import read_document
from passports.energy.ledger_corrections import correct_lots
from passports.energy.metered_time import MeteredTime, metered_time
from passports.energy.meters import Meter, meters_of
from passports.energy.period_documents import (
    QUANTITY_DECIMALS,
    ClosedPeriod,
    MeterSupply,
    MeterTotal,
    PeriodClose,
)
from passports.energy.plant_time import bounds
from passports.energy.production import Production, production_in
from passports.errors import (
    Finding,
    IdentifierConflictError,
    InvalidInputError,
)
from passports.factories import (
    REFERENCE_UNIT,
    EnergyCarrier,
    EnergyPeriod,
    EnergyReading,
    SupplyArrangement,
    add_period,
    certificate_ids,
    claim_certificates,
    find_energy_period,
    get_facility,
)
from passports.plurals import counted, noun
from passports.store import ClosedPeriodRow, MeterSum, Store, StudyFilter, Transaction


def close_period(
    store: Store, operator_id: str, facility_id: str, request: PeriodClose, now: datetime
) -> ClosedPeriod:
    """Close a period from its readings, or a new version of one that is closed.

    Raises:
        RecordNotFoundError: there is no such facility.
        InvalidInputError: the time is not over or not fully metered, nothing was made, a reading lies
            across an edge, or a supply lacks what it needs.
        IdentifierConflictError: the period is closed and no reason is given, shares a day with another
            one, or a certificate of a contract is used already.
        OverAllocationError: the ledger has given out more than the new version metered.
    """
    with store.transaction() as transaction:
        transaction.operators.lock(operator_id)
        get_facility(transaction, operator_id, facility_id)
        return _Closing(transaction, (operator_id, facility_id), request, now).close()


_Supply = tuple[str, str | None, str | None, str | None, str | None]
"""Carrier, arrangement, technology, factor, contract as JSON: what makes one reading of a period."""


class _Closing:
    """The closing of one period."""

    def __init__(
        self,
        transaction: Transaction,
        facility: tuple[str, str],
        request: PeriodClose,
        now: datetime,
    ) -> None:
        self._transaction = transaction
        self._facility = facility
        self._request = request
        self._now = now
        self._meters = {meter.id: meter for meter in meters_of(transaction, *facility)}
        self._versions = transaction.metering.closed.versions(facility, request.period_from)

    def close(self) -> ClosedPeriod:
        """Check, sum, write down."""
        request = self._request
        if request.period_to < request.period_from:
            raise _refuse("period_to", "the period ends before it begins", "Check both days.")
        since, until = bounds(request.period_from, request.period_to, request.timezone)
        if until > self._now:
            remedy = f"Close it after {until.isoformat()}."
            raise _refuse("period_to", "the period is not over", remedy)
        self._check_correction()
        metered = metered_time(
            self._transaction, self._facility, list(self._meters.values()), since, until
        )
        self._check_time(metered)
        made = self._production()
        closed = self._closed(metered, made)
        row = self._row(closed, since, until)
        self._transaction.metering.closed.add(row)
        closed.deliveries = self._transaction.metering.closed.keep_imports(row, since, until)
        self._put_in_force(closed)
        row.document = closed.model_dump_json().encode()
        self._transaction.metering.closed.update(row)
        return closed

    def _check_correction(self) -> None:
        request = self._request
        if not self._versions:
            return
        newest = self._versions[-1]
        days = f"{request.period_from} to {newest.period_to}"
        if newest.period_to != request.period_to:
            remedy = f"{days} is closed; a correction has the same days."
            raise IdentifierConflictError("period", f"{days}", remedy)
        if request.reason is None:
            remedy = "It is closed; give a reason, and a new version corrects it."
            raise IdentifierConflictError("period", days, remedy)

    def _check_time(self, metered: MeteredTime) -> None:
        if not self._meters:
            raise _refuse("meters", "no meter is known here", "Deliver readings first.")
        strange = [name for name in self._request.supplies if name not in self._meters]
        findings = [
            Finding(f"supplies.{name}", name, "there is no such meter here", "Check its name.")
            for name in strange
        ]
        findings += self._without_factor()
        findings += metered.blocking
        if self._request.gaps_stated is None:
            findings += metered.missing
        if findings:
            raise InvalidInputError(findings, "the period")

    def _without_factor(self) -> list[Finding]:
        """Name the meters of own or directly connected generation whose factor is not given."""
        own = {SupplyArrangement.ON_SITE, SupplyArrangement.DIRECT_LINE}
        given = {name for name, supply in self._request.supplies.items() if supply.factor}
        remedy = "Name technology and factor, e.g. pv and power.cn.pv.cf.2024."
        return [
            Finding(
                f"supplies.{meter.id}.factor", "", f"{meter.arrangement} without a factor", remedy
            )
            for meter in self._meters.values()
            if meter.arrangement in own and meter.part_of is None and meter.id not in given
        ]

    def _production(self) -> list[Production]:
        request = self._request
        days = (request.period_from, request.period_to)
        made = production_in(self._transaction, *self._facility, *days)
        if not made:
            remedy = (
                "Register it: voltpass facility production FACILITY FILE, or"
                " POST /v1/facilities/{id}/production."
            )
            raise _refuse("production", "nothing is registered as made in the period", remedy)
        across = [m for m in made if m.period_from < days[0] or m.period_to > days[1]]
        if across:
            one = across[0]
            reason = f"{one.period_from} to {one.period_to} reaches beyond the period"
            raise _refuse("production", reason, "Register it by the days of the period.", one.kwh)
        return made

    def _closed(self, metered: MeteredTime, made: list[Production]) -> ClosedPeriod:
        version = len(self._versions) + 1
        operator_id, facility_id = self._facility
        request = self._request
        totals = [_total(meter, metered.sums.get(meter.id)) for meter in self._meters.values()]
        gaps = [f"{gap.field}: {gap.reason}" for gap in metered.missing]
        return ClosedPeriod(
            operator_id=operator_id,
            facility_id=facility_id,
            period_from=request.period_from,
            period_to=request.period_to,
            timezone=request.timezone,
            version=version,
            reason=request.reason,
            closed_at=self._now,
            reopened_at=None,
            reopened_reason=None,
            period=self._period(totals, made, version, gaps),
            meters=totals,
            production=made,
            deliveries=0,
            gaps_stated=request.gaps_stated if gaps else None,
            gaps=gaps,
            notes=_doubts(totals),
            studies_of_earlier_version=self._studies() if self._versions else [],
        )

    def _period(
        self,
        totals: Sequence[MeterTotal],
        made: Sequence[Production],
        version: int,
        gaps: list[str],
    ) -> EnergyPeriod:
        """Return what footprints and the ledger use: one reading a supply, sub-meters in their mains."""
        request = self._request
        stated = [f"Not metered, as stated: {request.gaps_stated}"] if gaps else []
        document = {
            "period_from": request.period_from,
            "period_to": request.period_to,
            "production_kwh": sum(m.kwh for m in made),
            "readings": self._readings(totals),
            "offsets": request.offsets,
            "source": f"closed from meter readings, version {version}",
            "assumptions": [*request.assumptions, *stated],
            "operator_id": self._facility[0],
            "facility_id": self._facility[1],
            "created_at": self._now,
            "closed_version": version,
        }
        return read_document(EnergyPeriod, document, "the period")

    def _readings(self, totals: Sequence[MeterTotal]) -> list[dict[str, Any]]:
        """Return the mains by supply, those of the version before in its order: the ledger counts by place.

        Meters and lines are confidential; what is published of a period names neither.
        """
        groups: dict[_Supply, list[MeterTotal]] = {key: [] for key in self._supplies_before()}
        for total in sorted(totals, key=lambda t: (t.carrier, t.arrangement or "", t.meter)):
            if total.part_of is None:
                given = self._request.supplies.get(total.meter, MeterSupply())
                key = _supply_key(total.carrier, total.arrangement, given)
                groups.setdefault(key, []).append(total)
        return [_reading(key, group) for key, group in groups.items()]

    def _supplies_before(self) -> list[_Supply]:
        if not self._versions:
            return []
        older = ClosedPeriod.model_validate_json(self._versions[-1].document)
        return [
            _supply_key(
                reading.carrier.value,
                reading.arrangement.value if reading.arrangement else None,
                reading,
            )
            for reading in older.period.readings
        ]

    def _row(self, closed: ClosedPeriod, since: datetime, until: datetime) -> ClosedPeriodRow:
        return ClosedPeriodRow(
            operator_id=closed.operator_id,
            facility_id=closed.facility_id,
            period_from=closed.period_from,
            version=closed.version,
            period_to=closed.period_to,
            starts_at=since,
            ends_at=until,
            closed_at=self._now,
            document=b"",
        )

    def _put_in_force(self, closed: ClosedPeriod) -> None:
        """Give the period to footprints and ledger; a correction takes the place of the version before."""
        period = closed.period
        if not self._versions:
            add_period(self._transaction, period, self._now)
            return
        older = find_energy_period(self._transaction, *self._facility, closed.period_from)
        known = set(certificate_ids(older))
        fresh = [name for name in certificate_ids(period) if name not in known]
        claim_certificates(self._transaction, period, fresh, self._now)
        self._transaction.energy_periods.replace(
            (*self._facility, closed.period_from), period.model_dump_json().encode()
        )
        correct_lots(self._transaction, period, self._now)

    def _studies(self) -> list[str]:
        wanted = StudyFilter(operator_id=self._facility[0], facility_id=self._facility[1])
        first = f'"period":{{"from":"{self._request.period_from}"'.encode()
        rows = self._transaction.studies.search(wanted)
        return [study.id for study, *_ in rows if first in study.inventory]


def _supply_key(
    carrier: str, arrangement: str | None, supply: MeterSupply | EnergyReading
) -> _Supply:
    contract = supply.contract.model_dump_json() if supply.contract else None
    return carrier, arrangement, supply.technology, supply.factor, contract


def _reading(key: _Supply, group: Sequence[MeterTotal]) -> dict[str, Any]:
    carrier, arrangement, technology, factor, contract = key
    count, meters = sum(total.readings for total in group), len(group)
    return {
        "carrier": carrier,
        "quantity": round(sum(total.quantity for total in group), QUANTITY_DECIMALS),
        "unit": REFERENCE_UNIT[EnergyCarrier(carrier)],
        "arrangement": arrangement,
        "technology": technology,
        "factor": factor,
        "contract": orjson.loads(contract) if contract and group else None,
        "evidence": f"{count:,} {noun(count, 'readings')} of {counted(meters, 'meters')}",
    }


def _total(meter: Meter, found: MeterSum | None) -> MeterTotal:
    return MeterTotal(
        meter=meter.id,
        carrier=meter.carrier.value,
        arrangement=meter.arrangement.value if meter.arrangement else None,
        line=meter.line,
        part_of=meter.part_of,
        quantity=round(found.quantity, QUANTITY_DECIMALS) if found else 0.0,
        unit=REFERENCE_UNIT[meter.carrier],
        readings=found.readings if found else 0,
    )


def _doubts(totals: Sequence[MeterTotal]) -> list[str]:
    """Say where sub-meters count more than the meter before them."""
    notes = []
    for main in totals:
        parts = [total.quantity for total in totals if total.part_of == main.meter]
        if sum(parts) > main.quantity * (1 + 1e-6):
            said = f"the meters behind {main.meter} count {sum(parts):,.0f} {main.unit}"
            notes.append(f"{said}, more than its own {main.quantity:,.0f}; the main meter counts")
    return notes


def _refuse(field: str, reason: str, remedy: str, value: object = "") -> InvalidInputError:
    return InvalidInputError([Finding(field, str(value), reason, remedy)], "the period")
