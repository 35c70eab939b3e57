"""Revoking restricted credentials of models."""

from typing import Any

from fastapi import Response

from api.authentication import ManufacturerDep, VoltpassDep
from api.routes.router import Router
from passports.authority.grants import Revocation
from passports.documents import utc_now
from passports.restricted_revocation import revoke_model_restricted

router = Router(prefix="/v1", tags=["attributes"])


@router.post("/battery-models/{model_id}/restricted/revocation")
def post_restricted_revocation(
    voltpass: VoltpassDep,
    caller: ManufacturerDep,
    response: Response,
    model_id: str,
    request: Revocation,
) -> dict[str, Any]:
    """Revoke the restricted credential of an own model for good; what is written later has a new one."""
    response.headers.update({"Cache-Control": "no-store", "Vary": "Authorization"})
    return revoke_model_restricted(
        voltpass.store,
        voltpass.keyring,
        voltpass.address,
        caller.id,
        model_id,
        request.reason,
        utc_now(),
    )
