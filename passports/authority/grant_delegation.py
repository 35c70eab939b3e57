"""Passing a grant on: a grantee lets another have a part of what it may read, and no more than that.

A part has the purpose of the whole, no other models or batteries, and no later end; it ends with the
whole. The operator that granted the whole sees every part and can end each.
"""

import secrets
from datetime import datetime
from typing import Final

from passports.authority.grants import AccessGrant, GrantScope, read_grant, stands
from passports.errors import AccessDeniedError, Finding, InvalidInputError, RecordNotFoundError
from passports.operators import EconomicOperator, get_operator
from passports.store import AccessGrantRow, Store, Transaction

MAX_DEPTH: Final = (
    3  # ours: whole, part, part of a part; the granting operator has to keep an overview
)


class GrantDelegation(GrantScope):
    """A part of a grant as it is passed on."""


def pass_on(
    store: Store,
    caller: EconomicOperator,
    grant_id: str,
    request: GrantDelegation,
    now: datetime,
) -> AccessGrant:
    """Pass a part of a grant that the caller got on to another operator.

    Raises:
        RecordNotFoundError: the caller got no such grant, or the other is not registered.
        AccessDeniedError: the grant may not be passed on, or has ended.
        InvalidInputError: the part is larger or longer than the whole.
    """
    with store.transaction() as transaction:
        row = transaction.access_grants.by_id(grant_id)
        if row is None or row.grantee_id != caller.id:
            raise RecordNotFoundError("grant to you", grant_id)
        transaction.operators.lock(row.operator_id)
        whole = read_grant(row)
        _check_open(transaction, whole, now)
        findings = _beyond(transaction, whole, request, now)
        if findings:
            raise InvalidInputError(findings, "the part of the grant")
        get_operator(transaction, request.grantee)
        part = AccessGrant(
            **request.model_dump(),
            purpose=whole.purpose,
            id=secrets.token_hex(12),
            operator_id=whole.operator_id,
            granted_at=now,
            parent_id=whole.id,
            passed_on_by=caller.id,
        )
        transaction.access_grants.add(
            AccessGrantRow(
                operator_id=part.operator_id,
                id=part.id,
                grantee_id=part.grantee,
                expires_at=part.expires_at,
                document=part.model_dump_json().encode(),
            )
        )
    return part


def _check_open(transaction: Transaction, whole: AccessGrant, now: datetime) -> None:
    reason = None
    if not whole.may_be_passed_on:
        reason = "it was granted to you alone"
    elif (
        whole.revoked_at is not None
        or whole.expires_at <= now
        or not stands(transaction, whole, now)
    ):
        reason = "it has ended"
    elif _depth(transaction, whole) >= MAX_DEPTH:
        reason = f"it was passed on {MAX_DEPTH - 1} times already"
    if reason is not None:
        finding = Finding("grant_id", whole.id, reason, "Ask the operator that granted it.")
        raise AccessDeniedError("This grant is not passed on.", [finding])


def _depth(transaction: Transaction, grant: AccessGrant) -> int:
    depth = 1
    while grant.parent_id is not None:
        row = transaction.access_grants.get(grant.operator_id, grant.parent_id)
        if row is None:
            return MAX_DEPTH
        grant, depth = read_grant(row), depth + 1
    return depth


def _beyond(
    transaction: Transaction, whole: AccessGrant, request: GrantDelegation, now: datetime
) -> list[Finding]:
    """Return what of a part is no part of the whole."""
    remedy = "Pass on a part of what you were granted."
    findings = []
    if not now < request.expires_at <= whole.expires_at:
        reason = f"a part ends between now and {whole.expires_at.isoformat()}, when the whole ends"
        findings.append(Finding("expires_at", str(request.expires_at), reason, remedy))
    if request.grantee in {whole.grantee, whole.operator_id}:
        reason = "it has access already"
        findings.append(Finding("grantee", request.grantee, reason, "Name another."))
    reason = "it is not in the grant"
    for place, model_id in enumerate(request.models):
        if model_id not in whole.models:
            findings.append(Finding(f"models[{place}]", model_id, reason, remedy))
    for place, battery in enumerate(request.batteries):
        if battery not in whole.batteries and _model_of(transaction, whole, battery) is None:
            findings.append(Finding(f"batteries[{place}]", battery, reason, remedy))
    return findings


def _model_of(transaction: Transaction, whole: AccessGrant, passport_id: str) -> str | None:
    """Return a battery's model, where the whole is for that model of the operator that granted it."""
    row = transaction.passports.by_id(passport_id)
    if row is None or row.operator_id != whole.operator_id:
        return None
    batch = transaction.batches.get(row.operator_id, row.batch_id)
    return batch.model_id if batch is not None and batch.model_id in whole.models else None
