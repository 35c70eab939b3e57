"""Who calls: an API key or an OpenID Connect token as bearer. Reading in public needs none."""

from collections.abc import Awaitable, Callable
from typing import Annotated, Final

from fastapi import Depends, HTTPException, Request
from fastapi.concurrency import run_in_threadpool
from fastapi.security import HTTPAuthorizationCredentials, HTTPBearer

from api.acting import BodyNames, BodyNamesDep, acting
from api.openid import looks_like_a_token
from api.route_actions import action_of
from api.wiring import Voltpass
from passports.authority.api_keys import authenticate
from passports.authority.callers import Caller
from passports.authority.roles import Action, roles_with
from passports.documents import utc_now
from passports.errors import AccessDeniedError, Finding, NotAuthenticatedError
from passports.operators import EconomicOperator

_CALLER: Final = "voltpass.caller"  # of the request's scope
_bearer = HTTPBearer(
    auto_error=False,
    description="API key (vp.{operator}.{key}.{secret}), or a token of a configured issuer",
)


def running(request: Request) -> Voltpass:
    """Return the running voltpass."""
    voltpass = request.app.state.voltpass
    if not isinstance(voltpass, Voltpass):
        raise TypeError("the app was made without wiring")
    return voltpass


async def _running(request: Request) -> Voltpass:
    # There is nothing to wait for, but what is not async is carried to a thread and back.
    return running(request)


VoltpassDep = Annotated[Voltpass, Depends(_running)]


def _authenticated(voltpass: Voltpass, token: str) -> Caller:
    """Return whose API key or token this is.

    Raises:
        NotAuthenticatedError: nobody's, or it is not valid any more.
    """
    if looks_like_a_token(token) and voltpass.openid.issuers:
        return voltpass.openid.authenticate(voltpass.store, token, utc_now())
    return authenticate(voltpass.store, token, utc_now())


def _known(
    voltpass: Voltpass, request: Request, credentials: HTTPAuthorizationCredentials | None
) -> Caller:
    """Return whose key or token came with a call; it is looked up once a call.

    Raises:
        NotAuthenticatedError: no key or token, or one that is not valid.
    """
    if credentials is None:
        finding = Finding(
            "Authorization", "", "no API key came with the call", "Send Authorization: Bearer vp.…"
        )
        raise NotAuthenticatedError("This call needs an API key.", [finding])
    known: Caller | None = request.scope.get(_CALLER)
    if known is None:
        known = request.scope[_CALLER] = _authenticated(voltpass, credentials.credentials)
    return known


async def know_caller(request: Request) -> None:
    """Find out whose call this is before anything of its body is read.

    Raises:
        NotAuthenticatedError: no key or token, or one that is not valid.
    """
    credentials = await _bearer(request)
    await run_in_threadpool(_known, running(request), request, credentials)


def calling_operator(
    request: Request,
    voltpass: VoltpassDep,
    credentials: Annotated[HTTPAuthorizationCredentials | None, Depends(_bearer)],
    named: BodyNamesDep,
) -> Caller:
    """Return the operator whose key or token came with the call, or for which its holder acts.

    Raises:
        NotAuthenticatedError: no key or token, or one that is not valid.
        AccessDeniedError: it is narrowed to other calls, or no authorisation covers this one.
    """
    caller = _known(voltpass, request, credentials)
    acted = acting(voltpass.store, request, caller, named, utc_now())
    _require_within(acted, action_of(request))
    return acted


def _require_within(caller: Caller, action: Action | None) -> None:
    if caller.narrowed_to is None or action in caller.narrowed_to:
        return
    reason = f"this key or token is not for this call ({action.value if action else 'not named'})"
    remedy = f"It is for: {', '.join(sorted(caller.narrowed_to)) or 'nothing'}. Use another."
    finding = Finding("Authorization", caller.id, reason, remedy)
    raise AccessDeniedError("This key or token is not for this call.", [finding])


CallerDep = Annotated[Caller, Depends(calling_operator)]


def reading_operator(
    request: Request,
    voltpass: VoltpassDep,
    credentials: Annotated[HTTPAuthorizationCredentials | None, Depends(_bearer)],
) -> Caller | None:
    """Return who reads: the operator of a key or token that came along, or None for the public.

    Raises:
        NotAuthenticatedError: a key or token came that is not valid; it is not passed over.
        AccessDeniedError: it is narrowed to other calls, or no authorisation covers this one.
    """
    if credentials is None:
        return None
    return calling_operator(request, voltpass, credentials, BodyNames())


ReaderDep = Annotated[Caller | None, Depends(reading_operator)]


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


def _writing_as(action: Action) -> Callable[..., Awaitable[Caller]]:
    """Return the dependency of calls that write: key first, then role, then what kind of body."""

    async def calling(request: Request, caller: CallerDep) -> Caller:
        require_action(caller, action_of(request) or action)
        require_json(request)
        return caller

    return calling


async def _calling_with_json(request: Request, caller: CallerDep) -> Caller:
    require_json(request)
    return caller


JsonCallerDep = Annotated[Caller, Depends(_calling_with_json)]
# Only manufacturers stand on the trust list (table of roles): what others would issue, nobody would believe.
ManufacturerDep = Annotated[Caller, Depends(_writing_as(Action.ISSUE))]
AuthorisingDep = Annotated[Caller, Depends(_writing_as(Action.AUTHORISATIONS))]
PlatformDep = Annotated[Caller, Depends(_writing_as(Action.OPERATORS))]
