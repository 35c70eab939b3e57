"""Calls for another operator: header `Voltpass-Acting-For` names it, an authorisation has to cover the call.

An authorisation for some models covers calls whose models are known before they are carried out: from the
address (a model, a passport, a batch) or from the body of what is issued or computed. Any other is refused.
"""

from collections.abc import Mapping
from datetime import datetime
from typing import Annotated, Any

from fastapi import Depends, Request

from api.route_actions import action_of
from passports.authority.authorisations import act_for
from passports.authority.callers import Caller
from passports.dpp.identifiers import row_of_dpp
from passports.errors import (
    AccessDeniedError,
    Finding,
    InvalidInputError,
    RecordNotFoundError,
    shorten,
)
from passports.identifiers import check_slug
from passports.store import PassportRow, Store, Transaction

HEADER = "Voltpass-Acting-For"
# The calls that do to the model which their body names all that they do. Any other could name one and
# do something to another.
_NAMING_THEIR_MODEL = frozenset({"post_batch", "post_footprints"})


async def body_model(request: Request) -> str | None:
    """Return the model that the body of a call for another names, as the route will read it."""
    name = getattr(request.scope.get("route"), "name", "")
    if HEADER not in request.headers or name not in _NAMING_THEIR_MODEL:
        return None
    try:
        body: Any = await request.json()
    except (ValueError, RecursionError):
        return None  # the route refuses it
    named = body.get("model_id") if isinstance(body, dict) else None
    return named.strip() if isinstance(named, str) else None


BodyModel = Annotated[str | None, Depends(body_model)]


def acting(
    store: Store, request: Request, agent: Caller, named: str | None, now: datetime
) -> Caller:
    """Return who calls: the agent itself, or the operator for which the header says that it acts.

    Raises:
        InvalidInputError: the header names no operator.
        AccessDeniedError: no authorisation covers the call.
    """
    given = request.headers.getlist(HEADER)
    if not given:
        return agent
    principal = given[0].strip()
    wrong = check_slug(principal, HEADER)
    if wrong is not None or len(given) > 1:
        reason = wrong.reason if wrong is not None else "it is there twice"
        finding = Finding(HEADER, shorten(principal), reason, "Name one operator.")
        raise InvalidInputError([finding], "the header")
    if principal == agent.id:
        return agent
    action = action_of(request)
    if action is None:
        reason = "this call is not made for another"
        finding = Finding(HEADER, principal, reason, "Have the operator make it itself.")
        raise AccessDeniedError("You may not act for this operator here.", [finding])
    models = _models(store, request, principal, named)
    what = shorten(f"{request.method} {request.url.path}", 200)
    return act_for(store, agent, principal, action, models, what, now)


def _models(
    store: Store, request: Request, principal: str, named: str | None
) -> frozenset[str] | None:
    """Return the models that a call is about; None where it is about none, or that is not known."""
    # Models are named by each operator for itself: another's of the same name is another model.
    if request.query_params.getlist("operator") not in ([], [principal]):
        return None
    found = {named} if named else set()
    parameters = request.path_params
    if "model_id" in parameters:
        found.add(parameters["model_id"])
    with store.reading() as reading:
        if {"passport_id", "dppId"} & set(parameters):
            row = _passport(reading, parameters)
            is_own = row is not None and row.operator_id == principal
            batch = reading.batches.get(principal, row.batch_id) if row and is_own else None
            if batch is None:
                return None
            found.add(batch.model_id)
        if "batch_id" in parameters:
            batch = reading.batches.get(principal, parameters["batch_id"])
            if batch is None:
                return None  # not issued yet: of which model it will be, nobody knows
            found.add(batch.model_id)
    return frozenset(found) or None


def _passport(reading: Transaction, parameters: Mapping[str, str]) -> PassportRow | None:
    if "passport_id" in parameters:
        return reading.passports.by_id(parameters["passport_id"])
    try:
        return row_of_dpp(reading, parameters["dppId"])
    except RecordNotFoundError:
        return None
