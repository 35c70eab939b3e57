"""Who calls: an API key as bearer token, scoped to one operator. Reading in public needs none."""

from collections.abc import Callable
from typing import Annotated

from fastapi import Depends, HTTPException, Request
from fastapi.security import HTTPAuthorizationCredentials, HTTPBearer

from api.wiring import Voltpass
from passports.api_keys import authenticate
from passports.documents import utc_now
from passports.errors import AccessDeniedError, Finding, NotAuthenticatedError
from passports.operators import EconomicOperator
from passports.roles import Action, roles_with

_bearer = HTTPBearer(auto_error=False, description="API key: vp.{operator}.{key}.{secret}")


def running(request: Request) -> Voltpass:
    """Return the running voltpass."""
    voltpass = request.app.state.voltpass
    if not isinstance(voltpass, Voltpass):
        raise TypeError("the app was made without wiring")
    return voltpass


VoltpassDep = Annotated[Voltpass, Depends(running)]


def calling_operator(
    voltpass: VoltpassDep,
    credentials: Annotated[HTTPAuthorizationCredentials | None, Depends(_bearer)],
) -> EconomicOperator:
    """Return the operator whose key came with the call.

    Raises:
        NotAuthenticatedError: no key, or one that is not valid.
    """
    if credentials is None:
        finding = Finding(
            "Authorization", "", "no API key came with the call", "Send Authorization: Bearer vp.…"
        )
        raise NotAuthenticatedError("This call needs an API key.", [finding])
    return authenticate(voltpass.store, credentials.credentials, utc_now())


CallerDep = Annotated[EconomicOperator, Depends(calling_operator)]


def reading_operator(
    voltpass: VoltpassDep,
    credentials: Annotated[HTTPAuthorizationCredentials | None, Depends(_bearer)],
) -> EconomicOperator | None:
    """Return who reads: the operator of a key that came along, or None for the public.

    Raises:
        NotAuthenticatedError: a key came that is not valid; it is not passed over.
    """
    if credentials is None:
        return None
    return authenticate(voltpass.store, credentials.credentials, utc_now())


ReaderDep = Annotated[EconomicOperator | None, Depends(reading_operator)]


def require_action(operator: EconomicOperator, action: Action) -> None:
    """Let an operator pass that one of its roles lets do this.

    Raises:
        AccessDeniedError: none of its roles does.
    """
    if not operator.may(action):
        wanted = " or ".join(roles_with(action))
        finding = Finding(
            "Authorization", operator.id, f"this call is for the role {wanted}", "Use such a key."
        )
        raise AccessDeniedError(f"{operator.name} is not {wanted}.", [finding])


def require_json(request: Request) -> None:
    """Let a body pass that is said to be JSON.

    Raises:
        HTTPException: 415 for any other media type, or none.
    """
    media_type = request.headers.get("content-type", "").partition(";")[0].strip().lower()
    kind, _, subtype = media_type.partition("/")
    if kind != "application" or not (subtype == "json" or subtype.endswith("+json")):
        raise HTTPException(415)


def _writing_as(action: Action) -> Callable[..., EconomicOperator]:
    """Return the dependency of calls that write: key first, then role, then what kind of body."""

    def calling(request: Request, caller: CallerDep) -> EconomicOperator:
        require_action(caller, action)
        require_json(request)
        return caller

    return calling


def _calling_with_json(request: Request, caller: CallerDep) -> EconomicOperator:
    require_json(request)
    return caller


JsonCallerDep = Annotated[EconomicOperator, Depends(_calling_with_json)]
# Only manufacturers stand on the trust list (table of roles): what others would issue, nobody would believe.
ManufacturerDep = Annotated[EconomicOperator, Depends(_writing_as(Action.ISSUE))]
PlatformDep = Annotated[EconomicOperator, Depends(_writing_as(Action.OPERATORS))]
