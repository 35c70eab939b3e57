"""Written authorisations: one operator has another act for it, for some things, until a day (Art. 40, 77(4)).

The paper is elsewhere; its SHA-256 stands here. Who acts under an authorisation acts as the operator that
gave it, and every such call is written down before it is carried out: who, for whom, under which
authorisation, what. What decides about authority itself (keys, authorisations) is never lent.
"""

import hashlib
import secrets
from collections.abc import Collection, Iterable, Iterator
from datetime import datetime, timedelta
from typing import Annotated, Any, Final, Self

import orjson
from pydantic import Field, model_validator

from passports.authority.callers import Caller
from passports.authority.grants import Revocation
from passports.authority.roles import Action, actions_of, roles
from passports.authority.terms import LENDABLE
from passports.documents import Document, Instant, Name, RuleError, Slug, Text
from passports.errors import (
    AccessDeniedError,
    Finding,
    InvalidInputError,
    RecordNotFoundError,
)
from passports.models import get_model
from passports.operators import EconomicOperator, get_operator
from passports.store import ActRow, AuthorisationRow, Store, Transaction
from signing.instants import format_instant

# What an operator can have another do for it; the rest decides about authority, or is an office.
LONGEST: Final = timedelta(days=3653)  # ours: a mandate is looked at anew at least so often
MAX_MODELS: Final = 1000
FIRST: Final = "0" * 64  # what stands before the first act
PAGE: Final = 500


class AuthorisationCreate(Document):
    """An authorisation as it is given. Without `models` it is for all models, and for what has none."""

    agent: Slug
    actions: Annotated[list[Action], Field(min_length=1, max_length=len(Action))]
    models: Annotated[list[Slug], Field(min_length=1, max_length=MAX_MODELS)] | None = None
    valid_from: Instant | None = None
    valid_until: Instant
    document_title: Name
    document_sha256: Annotated[str, Field(pattern=r"^[0-9a-f]{64}$")]
    note: Text | None = None

    @model_validator(mode="after")
    def _lends_what_can_be_lent(self) -> Self:
        kept = sorted(set(self.actions) - LENDABLE)
        if kept:
            reason = f"{', '.join(kept)} cannot be done for another"
            raise RuleError(reason, f"Choose among {', '.join(sorted(LENDABLE))}.")
        return self


class Authorisation(AuthorisationCreate):
    """An authorisation as it stands in the store."""

    id: str
    operator_id: str
    given_at: datetime
    revoked_at: datetime | None = None
    revoked_by: str | None = None
    revocation_reason: str | None = None

    def is_in_force(self, at: datetime) -> bool:
        """Tell whether it holds at an instant."""
        begins = self.valid_from or self.given_at
        return self.revoked_at is None and begins <= at < self.valid_until

    def covers(self, action: Action, models: Collection[str] | None) -> bool:
        """Tell whether it is for an action on some models; None: for what is of no model."""
        if action not in self.actions:
            return False
        return self.models is None or (bool(models) and set(models or ()) <= set(self.models))


def give_authorisation(
    store: Store, caller: Caller, request: AuthorisationCreate, now: datetime
) -> Authorisation:
    """Authorise another operator to act for the caller.

    Raises:
        InvalidInputError: it ends in the past or too late, or is for the caller itself.
        AccessDeniedError: the caller may not do itself what it would have done for it.
        RecordNotFoundError: the other operator, or a model of the caller, is not registered.
    """
    if not now < request.valid_until <= now + LONGEST:
        reason = f"an authorisation ends between now and {(now + LONGEST).date()}"
        raise _invalid("valid_until", str(request.valid_until), reason)
    if request.valid_from is not None and request.valid_from >= request.valid_until:
        raise _invalid("valid_from", str(request.valid_from), "it begins after it has ended")
    if request.agent == caller.id:
        raise _invalid("agent", request.agent, "nobody needs an authorisation for itself")
    caller.require(Action.AUTHORISATIONS)
    beyond = sorted(set(request.actions) - (caller.actions & _lendable_by(caller)))
    if beyond:
        reason = "the caller may not do this itself, and can have nobody do it"
        findings = [Finding("actions", action, reason, "Leave it out.") for action in beyond]
        raise AccessDeniedError("An authorisation lends no more than there is.", findings)
    authorisation = Authorisation(
        **request.model_dump(), id=secrets.token_hex(12), operator_id=caller.id, given_at=now
    )
    with store.transaction() as transaction:
        get_operator(transaction, request.agent)
        for model_id in request.models or ():
            get_model(transaction, caller.id, model_id)
        transaction.authorisations.add(
            AuthorisationRow(
                operator_id=caller.id,
                id=authorisation.id,
                agent_id=request.agent,
                given_at=now,
                document=authorisation.model_dump_json().encode(),
            )
        )
    return authorisation


def _lendable_by(operator: EconomicOperator) -> frozenset[Action]:
    """Return what an operator's roles let it lend: an authority's eyes are its own (Art. 77(2)(b))."""
    is_public = all(roles()[name].audience == "public" for name in operator.roles)
    return LENDABLE if is_public else LENDABLE - {Action.READ}


def _invalid(field: str, value: str, reason: str) -> InvalidInputError:
    finding = Finding(field, value, reason, "Give another.")
    return InvalidInputError([finding], "the authorisation")


def revoke_authorisation(
    store: Store, caller: Caller, authorisation_id: str, request: Revocation, now: datetime
) -> Authorisation:
    """End an authorisation at once: by who gave it, or by who got it.

    Raises:
        RecordNotFoundError: the caller neither gave nor got such an authorisation.
    """
    with store.transaction() as transaction:
        row = transaction.authorisations.by_id(authorisation_id)
        if row is None or caller.id not in {row.operator_id, row.agent_id}:
            raise RecordNotFoundError("authorisation", authorisation_id)
        if row.revoked_at is None:
            row.revoked_at, row.revoked_by = now, caller.id
            row.revocation_reason = request.reason
            transaction.authorisations.add(row)
        return _read(row)


def list_authorisations(transaction: Transaction, operator_id: str) -> list[Authorisation]:
    """Return the authorisations that an operator gave or got, ended ones too, oldest first."""
    return [_read(row) for row in transaction.authorisations.of(operator_id)]


def _read(row: AuthorisationRow) -> Authorisation:
    ended = {
        "revoked_at": row.revoked_at,
        "revoked_by": row.revoked_by,
        "revocation_reason": row.revocation_reason,
    }
    return Authorisation.model_validate_json(row.document).model_copy(update=ended)


def act_for(
    store: Store,
    agent: Caller,
    principal_id: str,
    action: Action,
    models: Collection[str] | None,
    what: str,
    now: datetime,
) -> Caller:
    """Return the operator for whom another acts, and write down that it does.

    Args:
        store: The store.
        agent: Who calls.
        principal_id: For whom.
        action: What it is about to do.
        models: The models it is about to do it to; None for what is of no model.
        what: The call, for the record.
        now: The present.

    Raises:
        AccessDeniedError: no authorisation in force covers this, or the agent's own key does not.
    """
    with store.transaction() as transaction:
        found = [_read(row) for row in transaction.authorisations.between(principal_id, agent.id)]
        fitting = [a for a in found if a.is_in_force(now) and a.covers(action, models)]
        # A narrowed key may not do for another what it could not do for its own operator.
        if not fitting or (agent.narrowed_to is not None and action not in agent.narrowed_to):
            raise _not_authorised(agent, principal_id, action)
        principal = get_operator(transaction, principal_id)
        authorisation = fitting[0]
        can = actions_of(principal.roles) & _lendable_by(principal)
        lent = frozenset(authorisation.actions) & can
        if action not in lent:  # the principal itself lost the role since
            raise _not_authorised(agent, principal_id, action)
        record_act(transaction, principal_id, agent.id, authorisation.id, action, what, now)
    return Caller(
        **principal.model_dump(),
        actions=lent,
        credential_id=agent.credential_id,
        narrowed_to=lent,
        actor_id=agent.id,
        authorisation_id=authorisation.id,
    )


def _not_authorised(agent: Caller, principal_id: str, action: Action) -> AccessDeniedError:
    reason = f"no authorisation in force lets {agent.id} do this ({action.value}) for it"
    remedy = "Have it authorise you: voltpass operator authorise, or POST /v1/authorisations with its key."
    finding = Finding("Voltpass-Acting-For", principal_id, reason, remedy)
    return AccessDeniedError("You may not act for this operator here.", [finding])


def record_act(
    transaction: Transaction,
    operator_id: str,
    actor_id: str,
    authorisation_id: str,
    action: Action,
    what: str,
    now: datetime,
) -> None:
    """Write down that somebody is about to act for an operator; the entries are a chain of hashes."""
    transaction.operators.lock(operator_id)  # of two acts one comes first
    last = transaction.acts.last(operator_id)
    sequence = last.sequence + 1 if last is not None else 1
    document = orjson.dumps(
        {
            "operator": operator_id,
            "sequence": sequence,
            "acted_at": format_instant(now),
            "actor": actor_id,
            "authorisation": authorisation_id,
            "action": action.value,
            "call": what,
            "previous": last.sha256 if last is not None else FIRST,
        },
        option=orjson.OPT_SORT_KEYS,
    )
    transaction.acts.add(
        ActRow(
            operator_id=operator_id,
            sequence=sequence,
            acted_at=now,
            document=document,
            sha256=hashlib.sha256(document).hexdigest(),
        )
    )


def list_acts(transaction: Transaction, operator_id: str, after: int) -> dict[str, Any]:
    """Return a page of what others called for an operator, in order."""
    rows = transaction.acts.page(operator_id, after, PAGE)
    return {
        "operator": operator_id,
        "acts": [{**orjson.loads(row.document), "sha256": row.sha256} for row in rows],
        "next_after": rows[-1].sequence if len(rows) == PAGE else None,
    }


def broken_acts(transaction: Transaction, operator_id: str) -> Iterator[str]:
    """Yield what is wrong with the chain of an operator's acts."""
    yield from broken_acts_of(_chain(transaction, operator_id))


def _chain(transaction: Transaction, operator_id: str) -> Iterator[ActRow]:
    sequence = 0
    while rows := transaction.acts.page(operator_id, sequence, PAGE):
        yield from rows
        sequence = rows[-1].sequence


def broken_acts_of(chain: Iterable[ActRow]) -> Iterator[str]:
    """Yield what is wrong with a chain of acts."""
    previous, sequence = FIRST, 0
    for row in chain:
        said = orjson.loads(row.document)
        if hashlib.sha256(row.document).hexdigest() != row.sha256:
            yield f"act {row.sequence} is not what its SHA-256 says"
        elif said["previous"] != previous or row.sequence != sequence + 1:
            yield f"act {row.sequence} does not follow the act before it"
        previous, sequence = row.sha256, row.sequence
