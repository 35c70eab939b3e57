"""Metered readings as time series: taken in from files and plant energy systems, checked, never lost.

A delivery is kept as it came. Each of its readings is accepted, repeated (it was there already),
questioned (it jumps against the meter's own history and waits for an answer) or refused, with the
reason. Only accepted readings count. Quantities are stored in the reference unit of the carrier.
"""

from collections.abc import Sequence
from datetime import datetime
from uuid import uuid4

import orjson

from passports.energy.meter_taking import ACCEPTED, JUMP, QUESTIONED, Taking
from passports.energy.meters import (
    MAX_READINGS,
    DeliveryReport,
    Meter,
    MeterCreate,
    MeterDelivery,
    ReadingCreate,
    get_meter,
    meters_of,
)
from passports.errors import Finding
from passports.factories import get_facility
from passports.store import MeterImportRow, MeterRow, Store, Transaction

__all__ = [
    "ACCEPTED",
    "JUMP",
    "MAX_READINGS",
    "QUESTIONED",
    "DeliveryReport",
    "Meter",
    "MeterCreate",
    "MeterDelivery",
    "ReadingCreate",
    "deliver_readings",
    "get_meter",
    "meters_of",
]


def deliver_readings(
    store: Store,
    operator_id: str,
    facility_id: str,
    delivery: MeterDelivery,
    now: datetime,
    unreadable: Sequence[Finding] = (),
) -> DeliveryReport:
    """Take in a delivery: what is right is stored, all of it is kept, the report says what became of it.

    `unreadable` is what a file held that is no reading; it is kept among the refused.

    Raises:
        RecordNotFoundError: there is no such facility.
    """
    report = DeliveryReport(id=str(uuid4()), refused=list(unreadable))
    with store.transaction() as transaction:
        # Deliveries about one meter come one after the other.
        transaction.operators.lock(operator_id)
        get_facility(transaction, operator_id, facility_id)
        row = MeterImportRow(
            operator_id=operator_id,
            facility_id=facility_id,
            id=report.id,
            created_at=now,
            document=b"",
        )
        transaction.meter_imports.add(row)
        meters = _meters(transaction, (operator_id, facility_id), delivery, report, now)
        by_meter: dict[str, list[ReadingCreate]] = {}
        for reading in delivery.readings:
            by_meter.setdefault(reading.meter, []).append(reading)
        for name, readings in by_meter.items():
            if name not in meters:
                report.refused += [_unknown(name, reading) for reading in readings]
                continue
            key = (operator_id, facility_id, name)
            taking = Taking(transaction, key, meters[name], report, now)
            span = taking.take(readings, confirmed=delivery.confirmed)
            if span is not None:
                transaction.metering.months.refresh(key, *span)
                _say_what_is_late(transaction, key, span, report)
        row.document = _kept(delivery, report)
        transaction.meter_imports.add(row)
    return report


def _unknown(name: str, reading: ReadingCreate) -> Finding:
    remedy = (
        "Describe it by carrier, unit and arrangement: in a CSV or XLSX as columns of its first row,"
        " in JSON under `meters`."
    )
    return Finding("meter", name, "there is no such meter here", remedy, reading.line)


def _kept(delivery: MeterDelivery, report: DeliveryReport) -> bytes:
    """Return a delivery as it came, with its report."""
    whole = orjson.Fragment(delivery.model_dump_json().encode())
    return orjson.dumps({"delivery": whole, "report": report.to_document()})


def _say_what_is_late(
    transaction: Transaction,
    meter: tuple[str, str, str],
    span: tuple[datetime, datetime],
    report: DeliveryReport,
) -> None:
    """Say which closed periods the readings reach into: they stay as they are."""
    newest = {row.period_from: row for row in transaction.metering.closed.of(meter[:2])}
    for row in newest.values():
        if row.reopened_at is None and span[0] < row.ends_at and span[1] > row.starts_at:
            reason = f"{row.period_from} to {row.period_to} is closed (version {row.version})"
            remedy = "It stays as it is; close it again with a reason to count them in."
            report.late.append(Finding(meter[2], "", reason, remedy))


def _meters(
    transaction: Transaction,
    facility: tuple[str, str],
    delivery: MeterDelivery,
    report: DeliveryReport,
    now: datetime,
) -> dict[str, Meter]:
    """Return the factory's meters, new ones registered; a known one is not described anew."""
    known = {meter.id: meter for meter in meters_of(transaction, *facility)}
    for request in delivery.meters:
        if request.id in known:
            continue
        before = known.get(request.part_of) if request.part_of else None
        if request.part_of and (before is None or before.carrier is not request.carrier):
            reason = "there is no meter of this carrier before it"
            remedy = "Describe the meter that it is a part of first."
            report.refused.append(Finding(f"meters.{request.id}", request.part_of, reason, remedy))
            continue
        meter = Meter(**request.model_dump(), created_at=now)
        transaction.meters.add(
            MeterRow(
                operator_id=facility[0],
                facility_id=facility[1],
                id=meter.id,
                carrier=meter.carrier.value,
                created_at=now,
                document=meter.model_dump_json().encode(),
            )
        )
        known[meter.id] = meter
    return known
