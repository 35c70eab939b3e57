"""What of a battery's life a reader may see: its status, its measured values; each read is logged first."""

from collections.abc import Sequence
from datetime import datetime
from typing import Any

import orjson

from passports.access import Access, access_to, refuse
from passports.access_log import record_read
from passports.attributes.table import Attribute, attributes, with_unit
from passports.attributes.view import Sheet, is_readable, passport_sheet
from passports.dynamic.rules import is_measured
from passports.errors import RecordNotFoundError
from passports.life.lifecycle import STATUS_ATTRIBUTE, current_status
from passports.life.transitions import transitions
from passports.operators import EconomicOperator
from passports.store import DynamicRecordRow, Store
from signing.instants import format_instant

MAX_VALUES = 10_000


def measured_attribute(attribute_id: str) -> Attribute:
    """Return an attribute whose values are measured.

    Raises:
        RecordNotFoundError: there is none with this identifier.
    """
    attribute = attributes().get(attribute_id)
    if attribute is None or not is_measured(attribute):
        remedy = "Listed by: voltpass passport schema CATEGORY, or GET /v1/attributes."
        raise RecordNotFoundError("measured attribute", attribute_id, remedy)
    return attribute


def measured_series(
    store: Store,
    reader: EconomicOperator | None,
    passport_id: str,
    attribute_id: str | None,
    now: datetime,
) -> dict[str, Any]:
    """Return a battery's measured values as plain JSON data, oldest first, as far as a reader may see them.

    Raises:
        RecordNotFoundError: there is no such passport or attribute.
        NotAuthenticatedError: the public asks.
        AccessDeniedError: the reader belongs to no audience that sees any of it.
    """
    wanted = [measured_attribute(attribute_id)] if attribute_id is not None else _all_measured()
    with store.reading() as reading:
        sheet = passport_sheet(reading, passport_id)
        access = access_to(reading, reader, sheet.subject, sheet.model_id, now)
        if not any(_may(access, sheet, attribute) for attribute in wanted):
            refuse(access, "Measured data of a battery")
        rows = reading.dynamic_records.of(sheet.subject.operator_id, passport_id, attribute_id)
    shown = [
        row
        for row in rows
        if is_readable(access, sheet, attributes()[row.attribute_id], row.actor_id)
    ]
    shown = shown[-MAX_VALUES:]
    names = sorted({row.attribute_id for row in shown})
    record_read(store, access, sheet.subject, names, "measured series", now)
    return {"passport": passport_id, "series": {name: _series(name, shown) for name in names}}


def _all_measured() -> list[Attribute]:
    return [attribute for attribute in attributes().values() if is_measured(attribute)]


def _may(access: Access, sheet: Sheet, attribute: Attribute) -> bool:
    return is_readable(access, sheet, attribute, access.reader_id)


def _series(name: str, rows: Sequence[DynamicRecordRow]) -> list[dict[str, Any]]:
    return [
        {
            "measured_at": format_instant(row.measured_at),
            **with_unit(name, orjson.loads(row.value)),
            **({"flags": row.flags.split(",")} if row.flags else {}),
        }
        for row in rows
        if row.attribute_id == name
    ]


def life_cycle_of(
    store: Store, reader: EconomicOperator | None, passport_id: str, now: datetime
) -> dict[str, Any]:
    """Return a battery's status (Annex XIII, 4(c)) and where its life can go, for who may see it.

    Raises:
        RecordNotFoundError: there is no such passport.
        NotAuthenticatedError: the public asks.
        AccessDeniedError: the reader belongs to no audience that sees it.
    """
    attribute = attributes()[STATUS_ATTRIBUTE]
    with store.reading() as reading:
        sheet = passport_sheet(reading, passport_id)
        access = access_to(reading, reader, sheet.subject, sheet.model_id, now)
        if not _may(access, sheet, attribute):
            refuse(access, "A battery's status")
        status = current_status(reading, sheet.subject.operator_id, passport_id)
        changes = reading.passport_changes.of(passport_id)
    record_read(store, access, sheet.subject, [STATUS_ATTRIBUTE], "life cycle", now)
    history: list[dict[str, Any]] = []
    for change in changes:
        if not history or history[-1]["status"] != change.life_cycle_status:
            at = format_instant(change.recorded_at)
            history.append(
                {"status": change.life_cycle_status, "since": at, "version": change.version}
            )
    ways = [t.to_document() for (before, _), t in transitions().items() if before == status]
    return {"passport": passport_id, "status": status, "history": history, "next": ways}
