"""Idempotency keys: a call that is repeated under the same key is answered as the first time.

After draft-ietf-httpapi-idempotency-key-header: the key belongs to the caller; the same key with
another request is refused.
"""

import hashlib
import re
from collections.abc import Callable
from datetime import datetime
from typing import Final

from passports.errors import Finding, IdentifierConflictError, InvalidInputError, shorten
from passports.store import IdempotencyKeyRow, RowExistsError, Store

_KEY: Final = re.compile(r"[\x21-\x7e]{1,128}")


def once(
    store: Store,
    operator_id: str,
    key: str | None,
    request: bytes,
    now: datetime,
    work: Callable[[], bytes],
) -> bytes:
    """Do `work` and keep its answer under the key; or return the answer that is kept.

    Raises:
        InvalidInputError: the key is not 1 to 128 printable ASCII characters.
        IdentifierConflictError: the key was used for another request.
    """
    if key is None:
        return work()
    if not _KEY.fullmatch(key):
        reason = "an Idempotency-Key has 1 to 128 printable ASCII characters"
        raise InvalidInputError(
            [Finding("Idempotency-Key", shorten(key), reason, "A UUID serves well.")]
        )
    digest = hashlib.sha256(request).hexdigest()
    kept = _kept(store, operator_id, key, digest)
    if kept is not None:
        return kept
    answer = work()
    row = IdempotencyKeyRow(
        operator_id=operator_id, key=key, request_sha256=digest, created_at=now, answer=answer
    )
    try:
        with store.transaction() as transaction:
            transaction.idempotency_keys.add(row)
    except RowExistsError:  # another call with the same key was faster; its answer counts
        return _kept(store, operator_id, key, digest) or answer
    return answer


def _kept(store: Store, operator_id: str, key: str, digest: str) -> bytes | None:
    with store.reading() as reading:
        row = reading.idempotency_keys.get(operator_id, key)
    if row is None:
        return None
    if row.request_sha256 != digest:
        remedy = "It was used for another request; use a new key."
        raise IdentifierConflictError("Idempotency-Key", key, remedy)
    return row.answer
