"""Acceptances of responsibility: who answers for what another issues says so beforehand, signed."""

from typing import Any, Final

from fastapi import Response, status

from api.authentication import AuthorisingDep, CallerDep, VoltpassDep
from api.routes.router import Router
from passports.authority.acceptances import (
    AcceptanceCreate,
    accept_responsibility,
    end_acceptance,
    list_acceptances,
)
from passports.authority.grants import Revocation
from passports.documents import utc_now

router = Router(prefix="/v1", tags=["authority"])
CREATED: Final = status.HTTP_201_CREATED


@router.post("/responsibility-acceptances", status_code=CREATED)
def post_responsibility_acceptance(
    voltpass: VoltpassDep, caller: AuthorisingDep, request: AcceptanceCreate
) -> dict[str, Any]:
    """Accept to answer for the passports that a maker issues, signed with the caller's key here."""
    store, keyring, address = voltpass.store, voltpass.keyring, voltpass.address
    return accept_responsibility(store, keyring, address, caller, request, utc_now())


@router.get("/responsibility-acceptances")
def get_responsibility_acceptances(
    voltpass: VoltpassDep, caller: CallerDep, response: Response
) -> dict[str, Any]:
    """The acceptances that the caller gave or was given, with their statements as signed."""
    response.headers.update({"Cache-Control": "no-store", "Vary": "Authorization"})
    with voltpass.store.reading() as reading:
        return {"acceptances": list(list_acceptances(reading, caller.id, utc_now()))}


@router.post("/responsibility-acceptances/{acceptance_id}/end")
def post_responsibility_acceptance_end(
    voltpass: VoltpassDep, caller: AuthorisingDep, acceptance_id: str, request: Revocation
) -> dict[str, Any]:
    """End an acceptance at once; what was issued under it stays as it is."""
    return end_acceptance(voltpass.store, caller, acceptance_id, request, utc_now())
