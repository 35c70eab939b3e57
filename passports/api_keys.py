"""API keys: made once, shown once, stored as a hash, scoped to one operator.

A key reads `vp.{operator}.{key id}.{secret}`. The secret has 256 random bits, so one SHA-256 suffices
at rest; a slow hash serves secrets that people choose.
"""

import hashlib
import hmac
import re
import secrets
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Final

from passports.errors import Finding, InvalidInputError, NotAuthenticatedError, RecordNotFoundError
from passports.operators import EconomicOperator, get_operator
from passports.store import ApiKeyRow, Store, Transaction

_PREFIX: Final = "vp"
# What a key can look like; nothing else is looked up (a database takes neither NUL nor surrogates).
_TOKEN: Final = re.compile(
    rf"{_PREFIX}\.([a-z0-9-]{{1,64}})\.([0-9a-f]{{1,64}})\.([A-Za-z0-9_-]{{1,128}})"
)
_SECRET_BYTES: Final = 32
MAX_DAYS: Final = 3650


@dataclass(frozen=True)
class NewApiKey:
    """A key at the only moment when its secret is known."""

    id: str
    operator_id: str
    label: str
    expires_at: datetime | None
    token: str = field(repr=False)


def create_api_key(
    transaction: Transaction,
    operator_id: str,
    label: str,
    now: datetime,
    days: int | None = None,
) -> NewApiKey:
    """Make a key for an operator, valid for `days` days or without end.

    Raises:
        RecordNotFoundError: there is no such operator.
        InvalidInputError: `days` is not between 1 and ten years.
    """
    get_operator(transaction, operator_id)
    if days is not None and not 1 <= days <= MAX_DAYS:
        reason = f"a key is valid for 1 to {MAX_DAYS} days"
        raise InvalidInputError([Finding("days", str(days), reason, "Choose a number of days.")])
    key_id, secret = secrets.token_hex(6), secrets.token_urlsafe(_SECRET_BYTES)
    expires_at = now + timedelta(days=days) if days is not None else None
    transaction.api_keys.add(
        ApiKeyRow(
            operator_id=operator_id,
            id=key_id,
            secret_sha256=_hash(secret),
            label=label,
            created_at=now,
            expires_at=expires_at,
        )
    )
    token = f"{_PREFIX}.{operator_id}.{key_id}.{secret}"
    return NewApiKey(key_id, operator_id, label, expires_at, token)


def revoke_api_key(transaction: Transaction, operator_id: str, key_id: str, now: datetime) -> None:
    """Make a key useless from now on.

    Raises:
        RecordNotFoundError: there is no such key.
    """
    row = transaction.api_keys.get(operator_id, key_id)
    if row is None:
        raise RecordNotFoundError("API key", key_id)
    row.revoked_at = now
    transaction.api_keys.add(row)


def authenticate(store: Store, token: str, now: datetime) -> EconomicOperator:
    """Return the operator whose key this is.

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
        if row is None or not fits or row.revoked_at is not None:
            raise refused
        if row.expires_at is not None and row.expires_at <= now:
            raise refused
        return get_operator(reading, operator_id)


def _hash(secret: str) -> str:
    return hashlib.sha256(secret.encode()).hexdigest()
