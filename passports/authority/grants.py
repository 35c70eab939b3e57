"""Grants: who has a legitimate interest in which batteries, for what, until when (Art. 77(2)(c), (9)).

Who has a model grants for it, who answers for a passport grants for its battery; a grant opens a
battery's data as long as its giver answers for the battery (`access`). The act that will say who
qualifies (Art. 77(9)) is not adopted, so nobody has an interest by default. A grant ends by its date,
or at once by revocation: by who granted it, or by market surveillance in an emergency. It is never
deleted.
"""

import secrets
from collections.abc import Sequence
from datetime import datetime, timedelta
from typing import Annotated, Final, Self

from pydantic import Field, model_validator

from passports.authority.responsibility import is_writer
from passports.authority.roles import Action
from passports.authority.terms import GranteeKind, Purpose
from passports.documents import Document, Instant, Name, Printable, RuleError, Slug
from passports.errors import AccessDeniedError, Finding, InvalidInputError, RecordNotFoundError
from passports.models import get_model
from passports.operators import EconomicOperator, get_operator
from passports.store import AccessGrantRow, Store, Transaction

# Ours: an interest is looked at anew at least so often. The law names no term.
LONGEST: Final = timedelta(days=3653)
MAX_SCOPE: Final = 1000


class GrantScope(Document):
    """To whom what is opened, and until when: what a grant and a part of one have in common."""

    grantee: Slug
    grantee_kind: GranteeKind
    models: Annotated[list[Slug], Field(max_length=MAX_SCOPE)] = Field(default_factory=list)
    batteries: Annotated[list[Name], Field(max_length=MAX_SCOPE)] = Field(default_factory=list)
    expires_at: Instant
    may_be_passed_on: bool = False

    @model_validator(mode="after")
    def _has_a_scope(self) -> Self:
        if not self.models and not self.batteries:
            raise RuleError("it names neither models nor batteries", "Name at least one of them.")
        return self


class AccessGrantCreate(GrantScope):
    """A grant as it is given: `models` by their identifiers, `batteries` by those of their passports.

    `may_be_passed_on` lets the grantee pass a part of it on, see `grant_delegation`.
    """

    purpose: Purpose


class AccessGrant(AccessGrantCreate):
    """A grant as it stands in the store; one that was passed on names the grant of which it is a part."""

    id: str
    operator_id: str
    granted_at: datetime
    parent_id: str | None = None
    passed_on_by: str | None = None
    revoked_at: datetime | None = None
    revoked_by: str | None = None
    revocation_reason: str | None = None

    def holds(self, model_id: str, battery_id: str | None, at: datetime) -> bool:
        """Tell whether the grant opens a model's or a battery's data at an instant."""
        if self.revoked_at is not None or self.expires_at <= at:
            return False
        return model_id in self.models or (battery_id is not None and battery_id in self.batteries)


class Revocation(Document):
    """Why a grant ends before its time."""

    reason: Annotated[str, Field(min_length=1, max_length=500), Printable]


def give_grant(
    store: Store, operator_id: str, request: AccessGrantCreate, now: datetime
) -> AccessGrant:
    """Grant another operator a legitimate interest in own models, or in batteries one answers for.

    Raises:
        InvalidInputError: it expires in the past or later than ten years from now, or is for the caller.
        RecordNotFoundError: grantee, model or passport is not registered here as the caller's.
    """
    if request.grantee == operator_id:
        reason = "nobody grants itself an interest"
        finding = Finding("grantee", operator_id, reason, "Name another operator.")
        raise InvalidInputError([finding], "the grant")
    if not now < request.expires_at <= now + LONGEST:
        reason = f"a grant ends between now and {(now + LONGEST).date()}"
        finding = Finding("expires_at", str(request.expires_at), reason, "Choose such an instant.")
        raise InvalidInputError([finding], "the grant")
    grant = AccessGrant(
        **request.model_dump(),
        id=secrets.token_hex(12),
        operator_id=operator_id,
        granted_at=now,
    )
    with store.transaction() as transaction:
        get_operator(transaction, request.grantee)
        for model_id in request.models:
            get_model(transaction, operator_id, model_id)
        for passport_id in request.batteries:
            row = transaction.passports.by_id(passport_id)
            if row is None or not is_writer(transaction, row, operator_id):
                remedy = "Grant access to what you answer for."
                raise RecordNotFoundError("passport", passport_id, remedy)
        transaction.access_grants.add(
            AccessGrantRow(
                operator_id=operator_id,
                id=grant.id,
                grantee_id=grant.grantee,
                expires_at=grant.expires_at,
                document=grant.model_dump_json().encode(),
            )
        )
    return grant


def revoke_grant(
    store: Store, caller: EconomicOperator, grant_id: str, request: Revocation, now: datetime
) -> AccessGrant:
    """End a grant at once: by who granted it or passed it on, by market surveillance in an emergency.

    What was passed on of it ends with it.

    Raises:
        RecordNotFoundError: there is no such grant that the caller may know of.
        AccessDeniedError: it was granted to the caller, who cannot end it.
    """
    with store.transaction() as transaction:
        row = transaction.access_grants.by_id(grant_id)
        is_supervisor = caller.may(Action.SUPERVISE)
        givers = {row.operator_id, read_grant(row).passed_on_by} if row is not None else set()
        if row is None or not (caller.id in {*givers, row.grantee_id} or is_supervisor):
            raise RecordNotFoundError("grant", grant_id)
        if caller.id not in givers and not is_supervisor:
            reason = "only who granted it, or market surveillance, ends a grant"
            finding = Finding("Authorization", caller.id, reason, "Ask the granting operator.")
            raise AccessDeniedError("This grant is not yours to end.", [finding])
        if row.revoked_at is None:
            row.revoked_at, row.revoked_by = now, caller.id
            row.revocation_reason = request.reason
            transaction.access_grants.add(row)
        return read_grant(row)


def read_grant(row: AccessGrantRow) -> AccessGrant:
    """Return a grant as it stands in the store."""
    grant = AccessGrant.model_validate_json(row.document)
    ended = {
        "revoked_at": row.revoked_at,
        "revoked_by": row.revoked_by,
        "revocation_reason": row.revocation_reason,
    }
    return grant.model_copy(update=ended)


def active_grants(
    transaction: Transaction,
    operator_id: str,
    reader_id: str,
    model_id: str,
    battery_id: str | None,
    at: datetime,
) -> list[AccessGrant]:
    """Return the grants of an operator that open a model or battery to a reader at an instant."""
    rows = transaction.access_grants.between(operator_id, reader_id)
    return [
        grant
        for row in rows
        if (grant := read_grant(row)).holds(model_id, battery_id, at)
        and stands(transaction, grant, at)
    ]


def stands(transaction: Transaction, grant: AccessGrant, at: datetime) -> bool:
    """Tell whether every grant of which this one is a part, of a part, is still in force."""
    while grant.parent_id is not None:
        row = transaction.access_grants.get(grant.operator_id, grant.parent_id)
        if row is None:
            return False
        grant = read_grant(row)
        if grant.revoked_at is not None or grant.expires_at <= at:
            return False
    return True


def list_grants(transaction: Transaction, operator_id: str) -> Sequence[AccessGrant]:
    """Return the grants that an operator gave, got or passed on, ended ones too."""
    given = transaction.access_grants.given_by(operator_id)
    got = transaction.access_grants.given_to(operator_id)
    found = {row.id: read_grant(row) for row in (*given, *got)}
    for owner in {grant.operator_id for grant in found.values() if grant.may_be_passed_on}:
        others = map(read_grant, transaction.access_grants.given_by(owner))
        found |= {grant.id: grant for grant in others if grant.passed_on_by == operator_id}
    return [found[grant_id] for grant_id in sorted(found)]
