"""Bookings of the energy ledger: two lines that sum to zero, and what is said of them."""

from datetime import datetime
from typing import Any, Final
from uuid import uuid4

import orjson

from passports.store import EnergyLotRow, EnergyPostingRow, EnergyTransferRow, Transaction

WH_PER_KWH: Final = 1000


def watt_hours(kwh: float) -> int:
    """Return whole watt-hours, in which the ledger counts."""
    return round(kwh * WH_PER_KWH)


def book(
    transaction: Transaction,
    lot: EnergyLotRow,
    kind: str,
    target: tuple[str, str],
    accounts: tuple[str, str],
    amount: int,
    now: datetime,
    study_id: str | None = None,
) -> EnergyTransferRow:
    """Book an amount from one account of a lot to another one."""
    transfer = EnergyTransferRow(
        operator_id=lot.operator_id,
        id=str(uuid4()),
        facility_id=lot.facility_id,
        lot_id=lot.id,
        kind=kind,
        target_kind=target[0],
        target_id=target[1],
        study_id=study_id,
        created_at=now,
        document=orjson.dumps({"from": accounts[0], "to": accounts[1], "wh": amount}),
    )
    transaction.energy_transfers.add(transfer)
    transaction.energy_transfers.post(
        [
            EnergyPostingRow(
                operator_id=lot.operator_id,
                transfer_id=transfer.id,
                line=line,
                facility_id=lot.facility_id,
                account=account,
                wh=wh,
            )
            for line, (account, wh) in enumerate(zip(accounts, (-amount, amount), strict=True))
        ]
    )
    return transfer


def booking_document(row: EnergyTransferRow) -> dict[str, Any]:
    """Return a booking as plain JSON data."""
    moved = orjson.loads(row.document)
    return {
        "id": row.id,
        "kind": row.kind,
        "lot_id": row.lot_id,
        "target": {"kind": row.target_kind, "id": row.target_id},
        "kwh": moved["wh"] / WH_PER_KWH,
        "from": moved["from"],
        "to": moved["to"],
        "study_id": row.study_id,
        "created_at": row.created_at.isoformat(),
    }
