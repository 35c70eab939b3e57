"""Legitimate interests: granted, listed, ended; and who has read what."""

from typing import Annotated, Any

from fastapi import Query, status

from api.authentication import CallerDep, JsonCallerDep, ManufacturerDep, VoltpassDep
from api.routes.router import Router
from passports.access_log import inspect_log
from passports.authority.grant_delegation import GrantDelegation, pass_on
from passports.authority.grants import (
    AccessGrant,
    AccessGrantCreate,
    Revocation,
    give_grant,
    list_grants,
    revoke_grant,
)
from passports.documents import utc_now

router = Router(prefix="/v1", tags=["access"])


@router.post("/grants", status_code=status.HTTP_201_CREATED)
def post_grant(
    voltpass: VoltpassDep, caller: ManufacturerDep, request: AccessGrantCreate
) -> AccessGrant:
    """Grant a registered operator a legitimate interest in own models or batteries, until a day."""
    return give_grant(voltpass.store, caller.id, request, utc_now())


@router.post("/grants/{grant_id}/delegation", status_code=status.HTTP_201_CREATED)
def post_grant_delegation(
    voltpass: VoltpassDep, caller: JsonCallerDep, grant_id: str, request: GrantDelegation
) -> AccessGrant:
    """Pass a part of a grant that the caller got on to another operator, no longer than it lasts itself."""
    return pass_on(voltpass.store, caller, grant_id, request, utc_now())


@router.post("/grants/{grant_id}/revocation")
def post_grant_revocation(
    voltpass: VoltpassDep, caller: JsonCallerDep, grant_id: str, request: Revocation
) -> AccessGrant:
    """End a grant at once: by who granted it, or by market surveillance in an emergency."""
    return revoke_grant(voltpass.store, caller, grant_id, request, utc_now())


@router.get("/grants")
def get_grants(voltpass: VoltpassDep, caller: CallerDep) -> dict[str, list[AccessGrant]]:
    """The grants that the caller gave or got, ended ones too."""
    with voltpass.store.reading() as reading:
        return {"grants": list(list_grants(reading, caller.id))}


@router.get("/access-log")
def get_access_log(
    voltpass: VoltpassDep,
    caller: CallerDep,
    operator: str | None = None,
    after: Annotated[int, Query(ge=0, le=2**53 - 1)] = 0,
) -> dict[str, Any]:
    """Who read which restricted attributes of the caller's; authorities name another operator."""
    with voltpass.store.reading() as reading:
        return inspect_log(reading, caller, operator, after)
