"""Pages for operators: sign in with an API key, see what is one's own, revoke a key, sign out."""

from typing import Annotated

from fastapi import Form, Request
from fastapi.responses import HTMLResponse, RedirectResponse, Response

from api.authentication import VoltpassDep
from api.pages import render
from api.pages.account_view import AccountView
from api.pages.figures import day, instant
from api.routes.router import Router
from api.sessions import (
    NO_STORE,
    forget_session,
    form_token,
    require_own_form,
    require_session_form,
    session_of,
    set_form,
    set_session,
)
from api.wiring import Voltpass
from passports.authority.api_keys import authenticate, revoke_api_key
from passports.authority.operator_identifiers import identifiers_of, shown
from passports.authority.roles import Action, roles
from passports.authority.sessions import Session, begin_session, end_session
from passports.batches import list_batches
from passports.documents import utc_now
from passports.errors import NotAuthenticatedError
from passports.factories import list_facilities
from passports.models import list_models
from passports.store import Transaction

router = Router(include_in_schema=False, default_response_class=HTMLResponse)
_SHOWN = 50
_SEE_OTHER = 303
Field = Annotated[str, Form(max_length=400)]


def _redirect(target: str) -> RedirectResponse:
    return RedirectResponse(target, status_code=_SEE_OTHER, headers=NO_STORE)


def _sign_in_page(voltpass: Voltpass, refusal: str | None, status: int) -> Response:
    token = form_token()
    html = render.sign_in_page(form=token, refusal=refusal)
    response = HTMLResponse(html, status_code=status, headers=NO_STORE)
    set_form(voltpass, response, token)
    return response


@router.get("/sign-in")
def get_sign_in(voltpass: VoltpassDep, request: Request) -> Response:
    """The form; who is signed in goes to the own page."""
    if session_of(voltpass, request) is not None:
        return _redirect("/account")
    return _sign_in_page(voltpass, None, 200)


@router.post("/sign-in")
def post_sign_in(
    voltpass: VoltpassDep, request: Request, api_key: Field = "", form: Field = ""
) -> Response:
    """Begin a session with an API key; the one that was there before ends."""
    require_own_form(voltpass, request, form)
    now = utc_now()
    try:
        caller = authenticate(voltpass.store, api_key.strip(), now)
    except NotAuthenticatedError as error:
        return _sign_in_page(voltpass, error.message, 401)
    before = session_of(voltpass, request)
    if before is not None:
        end_session(voltpass.store, before, now)
    response = _redirect("/account")
    set_session(voltpass, response, begin_session(voltpass.store, caller, now))
    return response


@router.post("/sign-out")
def post_sign_out(voltpass: VoltpassDep, request: Request, csrf: Field = "") -> Response:
    """End the session, here and wherever its cookie is kept."""
    session = session_of(voltpass, request)
    if session is not None:
        require_session_form(voltpass, request, session, csrf)
        end_session(voltpass.store, session, utc_now())
    response = _redirect("/")
    forget_session(voltpass, response)
    return response


@router.get("/account")
def get_account(voltpass: VoltpassDep, request: Request) -> Response:
    """The operator's own page: identifiers, models, batches, keys."""
    session = session_of(voltpass, request)
    if session is None:
        return _redirect("/sign-in")
    with voltpass.store.reading() as reading:
        view = _view(reading, session)
    return HTMLResponse(render.account_page(view), headers=NO_STORE)


@router.post("/account/keys/{key_id}/revoke")
def post_account_key_revocation(
    voltpass: VoltpassDep, request: Request, key_id: str, csrf: Field = ""
) -> Response:
    """Make one of the own keys useless; revoking the key of this session ends the session."""
    session = session_of(voltpass, request)
    if session is None:
        return _redirect("/sign-in")
    require_session_form(voltpass, request, session, csrf)
    session.caller.require(Action.KEYS)
    with voltpass.store.transaction() as transaction:
        revoke_api_key(transaction, session.caller.id, key_id, utc_now())
    return _redirect("/account")


def _view(reading: Transaction, session: Session) -> AccountView:
    caller = session.caller
    reads, manages = caller.may(Action.READ), caller.may(Action.KEYS)
    return AccountView(
        name=caller.name,
        id=caller.id,
        did=caller.did,
        country=caller.country,
        roles=tuple(roles()[role].title for role in caller.roles),
        csrf=session.csrf,
        signed_in_until=instant(session.expires_at),
        identifiers=tuple(shown(row) for row in identifiers_of(reading, caller.id)),
        facilities=_facilities(reading, caller.id) if reads else None,
        models=_models(reading, caller.id) if reads else None,
        batches=_batches(reading, caller.id) if reads else None,
        keys=_keys(reading, caller.id) if manages else None,
    )


def _facilities(reading: Transaction, operator_id: str) -> tuple[dict[str, object], ...]:
    rows = list_facilities(reading, operator_id)[:_SHOWN]
    return tuple(
        {"id": f.id, "name": f.name, "energy": f"/facilities/{operator_id}/{f.id}/energy"}
        for f in rows
    )


def _models(reading: Transaction, operator_id: str) -> tuple[dict[str, object], ...]:
    models = list_models(reading, operator_id)[:_SHOWN]
    return tuple({"id": m.id, "name": m.name, "gtin": m.gtin} for m in models)


def _batches(reading: Transaction, operator_id: str) -> tuple[dict[str, object], ...]:
    return tuple(
        {"id": b.id, "model": b.model_id, "size": b.size, "issued": day(b.issued_at)}
        for b in list_batches(reading, operator_id)[:_SHOWN]
    )


def _keys(reading: Transaction, operator_id: str) -> tuple[dict[str, object], ...]:
    now = utc_now()
    found = []
    for row in reading.api_keys.of(operator_id):
        ended = row.revoked_at is not None or (row.expires_at is not None and row.expires_at <= now)
        until = day(row.expires_at) if row.expires_at is not None else "without end"
        found.append(
            {
                "id": row.id,
                "label": row.label,
                "may": ", ".join(row.actions)
                if row.actions is not None
                else "all its roles let it",
                "until": "revoked" if row.revoked_at is not None else until,
                "in_use": not ended,
            }
        )
    return tuple(found)
