"""Calls for another operator: header `Voltpass-Acting-For` names it, an authorisation has to cover the call.

An authorisation for some models covers calls whose models are known before they are carried out: from the
address (a model, a passport, a batch) or from the body of what is issued or computed, or that names the
passport which takes another's place. Any other is refused.
"""

from collections.abc import Mapping
from dataclasses import dataclass
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
# The calls that also change a second passport, which their body names.
_NAMING_A_SUCCESSOR = frozenset({"patch_passport", "post_life_cycle"})
_PASSPORTS = frozenset({"passport_id", "dppId"})  # how addresses call a passport


@dataclass(frozen=True)
class BodyNames:
    """What the body of a call for another says that it is about, as the route will read it."""

    model_id: str | None = None
    successor_id: str | None = None


async def body_names(request: Request) -> BodyNames:
    """Return what the body of a call for another names, as far as the call does something to it."""
    name = getattr(request.scope.get("route"), "name", "")
    if HEADER not in request.headers or name not in _NAMING_THEIR_MODEL | _NAMING_A_SUCCESSOR:
        return BodyNames()
    try:
        body: Any = await request.json()
    except (ValueError, RecursionError):
        return BodyNames()  # the route refuses it
    if not isinstance(body, dict):
        return BodyNames()
    if name in _NAMING_THEIR_MODEL:
        return BodyNames(model_id=_text(body.get("model_id")))
    return BodyNames(successor_id=_text(body.get("successor_id")))


def _text(value: object) -> str | None:
    return value.strip() if isinstance(value, str) else None


BodyNamesDep = Annotated[BodyNames, Depends(body_names)]


def acting(
    store: Store, request: Request, agent: Caller, named: BodyNames, now: datetime
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
    store: Store, request: Request, principal: str, named: BodyNames
) -> frozenset[str] | None:
    """Return the models that a call is about; None where it is about none, or that is not known."""
    # Models are named by each operator for itself: another's of the same name is another model.
    if request.query_params.getlist("operator") not in ([], [principal]):
        return None
    found = {named.model_id} if named.model_id else set()
    parameters = request.path_params
    if "model_id" in parameters:
        found.add(parameters["model_id"])
    with store.reading() as reading:
        passports = [_passport(reading, parameters)] if _PASSPORTS & set(parameters) else []
        if named.successor_id is not None:
            passports.append(reading.passports.by_id(named.successor_id))
        for row in passports:
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
