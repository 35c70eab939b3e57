"""Versions of a passport: every change is a new one, signed, logged and kept for good.

A version says which one it follows (by SHA-256), who made it, when, and what for; its reason and what
of it is restricted stand in a document that it commits to by a salted hash. Nothing is overwritten.
"""

from collections.abc import Sequence
from datetime import datetime
from typing import Any

from passports.authority.responsibility import is_writer, responsible_of
from passports.errors import AccessDeniedError, Finding, RecordNotFoundError
from passports.identifiers import PublicAddress
from passports.keyring import Keyring
from passports.life.merge_patch import merge_patch
from passports.life.version_documents import (
    ChangeKind,
    PassportChange,
    PassportVersion,
    acting_of,
    reason_of,
)
from passports.life.version_making import Making
from passports.life.version_steps import new_version_in
from passports.operators import get_operator
from passports.resolve import StoredPassport
from passports.store import Store, Transaction
from signing.instants import format_instant

__all__ = [
    "ChangeKind",
    "PassportChange",
    "PassportVersion",
    "difference",
    "get_version",
    "is_writer",
    "list_versions",
    "new_version",
    "new_version_in",
    "responsible_of",
    "version_at",
]


def new_version(
    store: Store,
    keyring: Keyring,
    address: PublicAddress,
    actor_id: str,
    passport_id: str,
    change: PassportChange,
    now: datetime,
    acting_id: str | None = None,
) -> StoredPassport:
    """Make the next version of a passport, in one transaction; what changes nothing makes none.

    Also without any value: what was written since for its model and batch comes into it. `acting_id`
    is who acts for the actor by its written authorisation.

    Raises:
        RecordNotFoundError: there is no such passport, operator or successor.
        AccessDeniedError: the actor is not responsible for the passport, or lacks the role.
        InvalidInputError: an attribute is unknown, belongs elsewhere, or a value is not of its type.
        IllegalTransitionError: the life cycle does not go this way, or the passport has ended.
        StaleVersionError: there is a newer version than the one that the change was made for.
        KeyUnavailableError: the issuing operator's key cannot be opened; nothing is written.
    """
    with store.transaction() as transaction:
        actor = get_operator(transaction, actor_id)
        _refuse_one_sided(transaction, passport_id, change)
        making = Making(transaction, keyring, address, actor, now, acting_id)
        return new_version_in(making, passport_id, change)


def _refuse_one_sided(transaction: Transaction, passport_id: str, change: PassportChange) -> None:
    """Let no change name another responsible operator: that takes both signatures (`transfers`)."""
    row = transaction.passports.by_id(passport_id)
    if row is None or change.responsible_operator_id in {None, responsible_of(row)}:
        return
    reason = "responsibility passes to another operator only when that operator has signed for it"
    remedy = "Offer it: voltpass operator offer-transfer, or POST /v1/transfers."
    named = str(change.responsible_operator_id)
    finding = Finding("responsible_operator_id", named, reason, remedy)
    raise AccessDeniedError("Responsibility is not given away by one side.", [finding])


def list_versions(store: Store, passport_id: str) -> Sequence[PassportVersion]:
    """Return all versions of a passport, oldest first.

    Raises:
        RecordNotFoundError: there is no such passport.
    """
    with store.reading() as reading:
        rows = reading.passport_versions.of(passport_id)
        changes = {change.version: change for change in reading.passport_changes.of(passport_id)}
    if not rows:
        raise RecordNotFoundError("passport", passport_id)
    found = []
    for row in rows:
        change = changes.get(row.version)
        found.append(
            PassportVersion(
                passport_id=row.id,
                version=row.version,
                actor=change.actor_id if change is not None else row.operator_id,
                reason=reason_of(change.document) if change is not None else "",
                kind=ChangeKind(change.kind) if change is not None else ChangeKind.ISSUED,
                issued_at=row.issued_at,
                sha256=row.sha256,
                log_index=row.log_index,
                acting=acting_of(change.document) if change is not None else None,
            )
        )
    return found


def get_version(store: Store, passport_id: str, number: int) -> StoredPassport:
    """Return one version of a passport as it was signed.

    Raises:
        RecordNotFoundError: there is no such version.
    """
    with store.reading() as reading:
        row = reading.passport_versions.numbered(passport_id, number)
    if row is None:
        raise RecordNotFoundError("version of a passport", f"{passport_id}/{number}")
    return StoredPassport(row.id, row.version, row.credential, row.sha256)


def version_at(store: Store, passport_id: str, at: datetime) -> StoredPassport:
    """Return the version of a passport that was the newest at an instant.

    Raises:
        RecordNotFoundError: there was none yet, or there is no such passport.
    """
    with store.reading() as reading:
        row = reading.passport_versions.at(passport_id, at)
        if row is None and reading.passports.by_id(passport_id) is None:
            raise RecordNotFoundError("passport", passport_id)
    if row is None:
        wanted, remedy = format_instant(at), "Ask for a later time."
        reason = "there was no version of this passport yet"
        raise RecordNotFoundError("version", wanted, remedy, field="at", reason=reason)
    return StoredPassport(row.id, row.version, row.credential, row.sha256)


def difference(older: StoredPassport, newer: StoredPassport) -> dict[str, Any]:
    """Return the merge patch (RFC 7396) that makes of one version's subject the other's."""
    return merge_patch(
        dict(older.payload()["credentialSubject"]), dict(newer.payload()["credentialSubject"])
    )
