"""Sessions of people at the pages: begun with an API key, ended by time, by signing out, or with the key.

A browser holds `{operator}.{secret}` in its cookie; the store holds the SHA-256 of the secret. The token
that forms carry against cross-site requests is made of the secret, so it needs no place of its own.
"""

import hashlib
import hmac
import re
import secrets
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Final

from passports.authority.api_keys import caller_of_key
from passports.authority.callers import Caller
from passports.store import SessionRow, Store

# Ours: a working day; who works longer signs in again.
LASTS: Final = timedelta(hours=8)
_KEPT: Final = timedelta(days=30)  # then an ended session's row is deleted
_TOKEN: Final = re.compile(r"([a-z0-9-]{1,64})\.([A-Za-z0-9_-]{43})")
_CSRF_CONTEXT: Final = b"voltpass form"


@dataclass(frozen=True)
class Session:
    """A session that is good now."""

    caller: Caller
    expires_at: datetime
    token: str = field(repr=False)
    csrf: str = field(repr=False)

    def is_form_of_it(self, given: str) -> bool:
        """Tell whether a form was sent by one of this session's own pages."""
        return hmac.compare_digest(self.csrf.encode(), given.encode("utf-8", "replace"))


def begin_session(store: Store, caller: Caller, now: datetime) -> Session:
    """Begin a session for who has just shown an API key; its secret is random, and shown this once."""
    secret = secrets.token_urlsafe(32)
    expires_at = now + LASTS
    with store.transaction() as transaction:
        transaction.sessions.forget(now - _KEPT)
        transaction.sessions.add(
            SessionRow(
                operator_id=caller.id,
                secret_sha256=_hash(secret),
                api_key_id=caller.credential_id,
                created_at=now,
                expires_at=expires_at,
            )
        )
    return Session(caller, expires_at, f"{caller.id}.{secret}", _csrf(secret))


def find_session(store: Store, token: str, now: datetime) -> Session | None:
    """Return the session of a cookie, or None: unknown, over, signed out, or its key is good no more."""
    found = _TOKEN.fullmatch(token)
    if found is None:
        return None
    operator_id, secret = found.groups()
    with store.reading() as reading:
        row = reading.sessions.get(operator_id, _hash(secret))
        if row is None or row.ended_at is not None or row.expires_at <= now:
            return None
        caller = caller_of_key(reading, operator_id, row.api_key_id, now)
    if caller is None:
        return None
    return Session(caller, row.expires_at, token, _csrf(secret))


def end_session(store: Store, session: Session, now: datetime) -> None:
    """Sign out: the cookie is good for nothing any more, wherever it is kept."""
    operator_id, _, secret = session.token.partition(".")
    with store.transaction() as transaction:
        row = transaction.sessions.get(operator_id, _hash(secret))
        if row is not None and row.ended_at is None:
            row.ended_at = now
            transaction.sessions.add(row)


def _hash(secret: str) -> str:
    return hashlib.sha256(secret.encode()).hexdigest()


def _csrf(secret: str) -> str:
    return hmac.new(secret.encode(), _CSRF_CONTEXT, hashlib.sha256).hexdigest()
