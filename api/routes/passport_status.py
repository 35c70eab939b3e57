"""Passports suspended, reinstated and revoked, and how they stand."""

from typing import Any, Final

from fastapi import Response

from api.authentication import JsonCallerDep, ReaderDep, VoltpassDep
from api.routes.router import Router
from api.wiring import Voltpass
from passports.authority.callers import Caller
from passports.authority.responsibility import is_writer
from passports.documents import utc_now
from passports.life.withdrawal import (
    StatusChange,
    StatusReason,
    WithdrawalReason,
    Withdrawing,
    change_status,
    status_document,
)

router = Router(prefix="/v1", tags=["status"])
# As long as the signed list of the same bits: see `public.get_status_list`.
_PUBLIC: Final = "public, max-age=300"


def _change(
    voltpass: Voltpass,
    caller: Caller,
    passport_id: str,
    request: StatusReason,
    change: StatusChange,
) -> dict[str, Any]:
    of_class = request.reason_class if isinstance(request, WithdrawalReason) else None
    said = Withdrawing(caller.id, request.reason, utc_now(), caller.acting_id, of_class)
    return change_status(
        voltpass.store, voltpass.keyring, voltpass.address, passport_id, change, said
    ).to_document()


@router.post("/passports/{passport_id}/suspension")
def post_passport_suspension(
    voltpass: VoltpassDep, caller: JsonCallerDep, passport_id: str, request: WithdrawalReason
) -> dict[str, Any]:
    """Suspend a passport that the caller issued; of the reason only its class is public."""
    return _change(voltpass, caller, passport_id, request, StatusChange.SUSPENDED)


@router.post("/passports/{passport_id}/reinstatement")
def post_passport_reinstatement(
    voltpass: VoltpassDep, caller: JsonCallerDep, passport_id: str, request: StatusReason
) -> dict[str, Any]:
    """End the suspension of a passport that the caller issued; the reason is not public."""
    return _change(voltpass, caller, passport_id, request, StatusChange.REINSTATED)


@router.post("/passports/{passport_id}/revocation")
def post_passport_revocation(
    voltpass: VoltpassDep, caller: JsonCallerDep, passport_id: str, request: WithdrawalReason
) -> dict[str, Any]:
    """Revoke a passport that the caller issued, for good; of the reason only its class is public."""
    return _change(voltpass, caller, passport_id, request, StatusChange.REVOKED)


@router.get("/passports/{passport_id}/status")
def get_passport_status(
    voltpass: VoltpassDep, reader: ReaderDep, response: Response, passport_id: str
) -> dict[str, Any]:
    """How a passport stands and since when; who issued it or answers for it also sees the reasons."""
    knows = _knows_reasons(voltpass, reader, passport_id)
    response.headers["Cache-Control"] = "no-store" if knows else _PUBLIC
    response.headers["Vary"] = "Authorization"
    return status_document(voltpass.store, passport_id, with_reasons=knows)


def _knows_reasons(voltpass: Voltpass, reader: Caller | None, passport_id: str) -> bool:
    if reader is None:
        return False
    with voltpass.store.reading() as reading:
        row = reading.passports.by_id(passport_id)
        return row is not None and (
            row.operator_id == reader.id or is_writer(reading, row, reader.id)
        )
