"""API keys: made once, shown once, stored as a hash, of one operator, narrowed, expiring, rotated.

A key reads `vp.{operator}.{key id}.{secret}`. The secret has 256 random bits, so one SHA-256 suffices
at rest; a slow hash serves secrets that people choose.
"""

import hashlib
import hmac
import re
import secrets
from collections.abc import Collection, Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Annotated, Final

from pydantic import Field

from passports.authority.callers import Caller
from passports.authority.roles import Action
from passports.authority.terms import DEFAULT_OVERLAP_HOURS
from passports.documents import Document, Name
from passports.errors import (
    AccessDeniedError,
    Finding,
    InvalidInputError,
    NotAuthenticatedError,
    RecordNotFoundError,
)
from passports.operators import get_operator
from passports.store import ApiKeyRow, Store, Transaction

_PREFIX: Final = "vp"
# What a key can look like; nothing else is looked up (a database takes neither NUL nor surrogates).
_TOKEN: Final = re.compile(
    rf"{_PREFIX}\.([a-z0-9-]{{1,64}})\.([0-9a-f]{{1,64}})\.([A-Za-z0-9_-]{{1,128}})"
)
_SECRET_BYTES: Final = 32
MAX_DAYS: Final = 3650
# Ours: so long both keys are good while programs change over.
MAX_OVERLAP_HOURS: Final = 24 * 30


class ApiKeyCreate(Document):
    """A key as it is asked for: `actions` narrows what it may do; without, it may what its operator may.

    Without `days` it lasts as long as the key with which it is asked for.
    """

    label: Name
    days: Annotated[int, Field(ge=1, le=MAX_DAYS)] | None = None
    actions: Annotated[list[Action], Field(min_length=1, max_length=len(Action))] | None = None


class ApiKeyRotation(Document):
    """How a key is replaced: for how long the old one stays good, for how long the new one will be.

    Without `days` the new one ends when the old one would have.
    """

    overlap_hours: Annotated[int, Field(ge=0, le=MAX_OVERLAP_HOURS)] = DEFAULT_OVERLAP_HOURS
    days: Annotated[int, Field(ge=1, le=MAX_DAYS)] | None = None


@dataclass(frozen=True)
class NewApiKey:
    """A key at the only moment when its secret is known."""

    id: str
    operator_id: str
    label: str
    expires_at: datetime | None
    token: str = field(repr=False)
    actions: tuple[Action, ...] | None = None


def create_api_key(
    transaction: Transaction,
    operator_id: str,
    label: str,
    now: datetime,
    days: int | None = None,
    actions: Collection[Action] | None = None,
    ends_at: datetime | None = None,
) -> NewApiKey:
    """Make a key for an operator, valid for `days` days, else until `ends_at` or without end.

    It is for all actions, or for some.

    Raises:
        RecordNotFoundError: there is no such operator.
        InvalidInputError: `days` is not between 1 and ten years.
    """
    get_operator(transaction, operator_id)
    if days is not None and not 1 <= days <= MAX_DAYS:
        reason = f"a key is valid for 1 to {MAX_DAYS} days"
        raise InvalidInputError([Finding("days", str(days), reason, "Choose a number of days.")])
    kept = None if actions is None else tuple(sorted(set(actions)))
    key_id, secret = secrets.token_hex(6), secrets.token_urlsafe(_SECRET_BYTES)
    expires_at = now + timedelta(days=days) if days is not None else ends_at
    transaction.api_keys.add(
        ApiKeyRow(
            operator_id=operator_id,
            id=key_id,
            secret_sha256=_hash(secret),
            label=label,
            created_at=now,
            expires_at=expires_at,
            actions=None if kept is None else [action.value for action in kept],
        )
    )
    token = f"{_PREFIX}.{operator_id}.{key_id}.{secret}"
    return NewApiKey(key_id, operator_id, label, expires_at, token, kept)


def create_key_as(store: Store, caller: Caller, request: ApiKeyCreate, now: datetime) -> NewApiKey:
    """Make a further key for the caller; a key makes none that may more than it may itself, or longer.

    Raises:
        AccessDeniedError: an action is asked for that the caller's own key is not for, or a later end.
    """
    _require_within(caller, request.actions)
    _require_end(caller, _end(request.days, caller.ends_at, now))
    with store.transaction() as transaction:
        return create_api_key(
            transaction,
            caller.id,
            request.label,
            now,
            request.days,
            request.actions,
            caller.ends_at,
        )


def _end(days: int | None, otherwise: datetime | None, now: datetime) -> datetime | None:
    return otherwise if days is None else now + timedelta(days=days)


def _require_end(caller: Caller, ends_at: datetime | None) -> None:
    if caller.ends_at is None or (ends_at is not None and ends_at <= caller.ends_at):
        return
    asked = ends_at.isoformat() if ends_at is not None else ""
    reason = f"this key ends at {caller.ends_at.isoformat()}, and the one asked for would not"
    remedy = "Choose fewer days, or ask with a key that lasts longer."
    finding = Finding("days", asked, reason, remedy)
    raise AccessDeniedError("A key makes no key that outlasts it.", [finding])


def _require_within(caller: Caller, actions: Collection[Action] | None) -> None:
    if caller.narrowed_to is None:
        return
    if actions is None:
        reason = "this key is narrowed, and the one asked for is not"
        finding = Finding("actions", "", reason, "Name actions that this key may do.")
        raise AccessDeniedError("A key makes no key that may more.", [finding])
    beyond = sorted(set(actions) - caller.narrowed_to)
    if beyond:
        reason = "this key is not for this"
        findings = [Finding("actions", action, reason, "Leave it out.") for action in beyond]
        raise AccessDeniedError("A key makes no key that may more.", findings)


def rotate_api_key(
    transaction: Transaction,
    operator_id: str,
    key_id: str,
    request: ApiKeyRotation,
    now: datetime,
) -> NewApiKey:
    """Make a key for the same actions in place of another, which stays good for the overlap only.

    Raises:
        RecordNotFoundError: there is no such key.
        InvalidInputError: it has expired, was revoked or was replaced before.
    """
    transaction.operators.lock(operator_id)  # of two rotations one comes first
    row = _row(transaction, operator_id, key_id)
    has_ended = row.expires_at is not None and row.expires_at <= now
    if row.revoked_at is not None or has_ended or row.replaced_by is not None:
        reason = "it is not in use any more"
        remedy = "Rotate the key that is, or make a new one."
        raise InvalidInputError([Finding("key_id", key_id, reason, remedy)], "the API key")
    actions = _actions(row)
    new = create_api_key(
        transaction, operator_id, row.label, now, request.days, actions, row.expires_at
    )
    ends_at = now + timedelta(hours=request.overlap_hours)
    row.expires_at = min(ends_at, row.expires_at) if row.expires_at is not None else ends_at
    row.replaced_by = new.id
    transaction.api_keys.add(row)
    return new


def rotate_key_as(
    store: Store, caller: Caller, key_id: str, request: ApiKeyRotation, now: datetime
) -> NewApiKey:
    """Rotate a key of the caller's.

    Raises:
        AccessDeniedError: that key may more than the one with which it is asked for, or the new one
            would outlast it.
        RecordNotFoundError: the caller has no such key.
        InvalidInputError: it is not in use any more.
    """
    with store.transaction() as transaction:
        transaction.operators.lock(caller.id)  # before the key is read
        row = _row(transaction, caller.id, key_id)
        if key_id != caller.credential_id:
            _require_within(caller, _actions(row))
        _require_end(caller, _end(request.days, row.expires_at, now))
        return rotate_api_key(transaction, caller.id, key_id, request, now)


def list_api_keys(transaction: Transaction, operator_id: str) -> Sequence[dict[str, object]]:
    """Return what may be shown of an operator's keys: everything but their secrets."""
    return [
        {
            "id": row.id,
            "label": row.label,
            "actions": row.actions,
            "created_at": row.created_at,
            "expires_at": row.expires_at,
            "revoked_at": row.revoked_at,
            "replaced_by": row.replaced_by,
        }
        for row in transaction.api_keys.of(operator_id)
    ]


def _row(transaction: Transaction, operator_id: str, key_id: str) -> ApiKeyRow:
    row = transaction.api_keys.get(operator_id, key_id)
    if row is None:
        raise RecordNotFoundError("API key", key_id)
    return row


def _actions(row: ApiKeyRow) -> list[Action] | None:
    # An action that a newer version no longer knows lets nobody do anything.
    known = {action.value for action in Action}
    return None if row.actions is None else [Action(a) for a in row.actions if a in known]


def revoke_api_key(transaction: Transaction, operator_id: str, key_id: str, now: datetime) -> None:
    """Make a key useless from now on.

    Raises:
        RecordNotFoundError: there is no such key.
    """
    transaction.operators.lock(operator_id)  # a rotation at the same moment comes before or after
    row = _row(transaction, operator_id, key_id)
    if row.revoked_at is None:
        row.revoked_at = now
        transaction.api_keys.add(row)


def authenticate(store: Store, token: str, now: datetime) -> Caller:
    """Return the operator whose key this is, narrowed to what the key lets it do.

    Raises:
        NotAuthenticatedError: malformed, unknown, expired or revoked; which of them is not told.
    """
    refused = NotAuthenticatedError("The API key is not valid (unknown, expired or revoked).")
    found = _TOKEN.fullmatch(token)
    if found is None:
        raise refused
    operator_id, key_id, secret = found.groups()
    with store.reading() as reading:
        row = reading.api_keys.get(operator_id, key_id)
        known = row.secret_sha256 if row is not None else _hash("")
        fits = hmac.compare_digest(known, _hash(secret))
        if row is None or not fits or not is_good(row, now):
            raise refused
        return Caller.of(get_operator(reading, operator_id), key_id, _actions(row), row.expires_at)


def is_good(row: ApiKeyRow, now: datetime) -> bool:
    """Tell whether a key is neither revoked nor expired."""
    return row.revoked_at is None and (row.expires_at is None or row.expires_at > now)


def _hash(secret: str) -> str:
    return hashlib.sha256(secret.encode()).hexdigest()


def caller_of_key(
    transaction: Transaction, operator_id: str, key_id: str, now: datetime
) -> Caller | None:
    """Return the operator as it calls with one of its keys, or None where the key is good no more."""
    row = transaction.api_keys.get(operator_id, key_id)
    if row is None or not is_good(row, now):
        return None
    return Caller.of(get_operator(transaction, operator_id), key_id, _actions(row), row.expires_at)
