"""Operators' data: corrected as versions, with a reason."""

from typing import Any, Final

from fastapi import Response

from api.authentication import CallerDep, JsonCallerDep, VoltpassDep
from api.routes.router import Router
from passports.authority.operator_changes import (
    OperatorChange,
    change_operator,
    operator_versions,
)
from passports.documents import utc_now

router = Router(prefix="/v1", tags=["operators"])
_NEVER: Final = "no-store"


@router.patch("/operators/{operator_id}")
def patch_operator(
    voltpass: VoltpassDep, caller: JsonCallerDep, operator_id: str, request: OperatorChange
) -> dict[str, Any]:
    """Correct an operator's data: the next version; what was signed keeps what it said.

    An operator corrects its own address, trade name, web address and note; name and country are
    corrected by the platform. What is left out stays; `null` takes away what may be missing.
    """
    now = utc_now()
    made = change_operator(voltpass.store, caller, operator_id, request, now)
    voltpass.write_trust_list(now)
    return made.to_document()


@router.get("/operators/{operator_id}/versions")
def get_operator_versions(
    voltpass: VoltpassDep, caller: CallerDep, response: Response, operator_id: str
) -> dict[str, Any]:
    """The versions of an operator's data, oldest first; for itself and for the platform."""
    response.headers["Cache-Control"] = _NEVER
    versions = operator_versions(voltpass.store, caller, operator_id)
    return {"operator": operator_id, "versions": [v.to_document() for v in versions]}
