"""Rotation and compromise of an operator's signing key.

Rotation: a new key signs from now on; what the old one signed stays valid. Compromise: the old key is
revoked from an index of the transparency log on; what stands before it in the log stays valid, what
comes after, or is not in the log, is not believed any more.
"""

from dataclasses import dataclass
from datetime import datetime

from passports.errors import (
    Finding,
    IdentifierConflictError,
    InvalidInputError,
    RecordNotFoundError,
)
from passports.identifiers import PublicAddress
from passports.keyring import Keyring
from passports.log import log_size
from passports.operators import get_operator
from passports.plurals import counted
from passports.status_lists import sign_all_lists
from passports.store import RowExistsError, SigningKeyRow, Store, Transaction


@dataclass(frozen=True)
class KeyChange:
    """What a change of keys did."""

    operator_id: str
    old_kid: str
    new_kid: str
    revoked_from_log_index: int | None

    def to_document(self) -> dict[str, str | int | None]:
        """Return it as plain JSON data."""
        return {
            "operator": self.operator_id,
            "old_kid": self.old_kid,
            "new_kid": self.new_kid,
            "revoked_from_log_index": self.revoked_from_log_index,
        }


def rotate_key(
    store: Store,
    keyring: Keyring,
    address: PublicAddress,
    operator_id: str,
    now: datetime,
    uri: str | None = None,
) -> KeyChange:
    """Make a new key for an operator and retire the one in use; its status lists are signed anew.

    `uri` names where the new key lies, see `Keyring.create`; by default an encrypted file.

    Raises:
        RecordNotFoundError: there is no such operator.
        KeyUnavailableError: the new key can be neither made nor opened.
        IdentifierConflictError: the key at `uri` is, or was, this operator's already.
    """
    try:
        with store.transaction() as transaction:
            get_operator(transaction, operator_id)
            old = _in_use(transaction, operator_id)
            new_kid = _replace(transaction, keyring, address, old, now, uri)
    except RowExistsError:
        remedy = "A key that was retired does not come back; make a new one there."
        raise IdentifierConflictError("key", str(uri), remedy) from None
    return KeyChange(operator_id, old.kid, new_kid, None)


def revoke_key(
    store: Store,
    keyring: Keyring,
    address: PublicAddress,
    operator_id: str,
    kid: str,
    from_log_index: int | None,
    now: datetime,
) -> KeyChange:
    """Declare a key compromised from an index of the log on (by default: from now on).

    Raises:
        RecordNotFoundError: the operator has no such key.
        InvalidInputError: the index lies beyond the log, or the key is revoked from an earlier one.
    """
    with store.transaction() as transaction:
        row = transaction.signing_keys.get(operator_id, kid)
        if row is None:
            raise RecordNotFoundError("signing key", kid, "See voltpass keys list.")
        size = log_size(transaction)
        index = size if from_log_index is None else from_log_index
        _check_index(row, index, size)
        in_use = row.retired_at is None
        row.revoked_at = row.revoked_at or now
        row.revoked_from_log_index = index
        row.revoked_in_log = address.log_origin
        transaction.signing_keys.add(row)
        new_kid = (
            _replace(transaction, keyring, address, row, now)
            if in_use
            else _in_use(transaction, operator_id).kid
        )
    return KeyChange(operator_id, kid, new_kid, index)


def _check_index(row: SigningKeyRow, index: int, size: int) -> None:
    earlier = row.revoked_from_log_index
    if not 0 <= index <= size:
        reason, remedy = (
            f"the log has {counted(size, 'entries')}",
            f"Give an index from 0 to {size}.",
        )
    elif earlier is not None and index > earlier:
        reason = f"the key is revoked from index {earlier} on"
        remedy = "A revocation can be moved to an earlier index, never to a later one."
    else:
        return
    raise InvalidInputError([Finding("from_log_index", str(index), reason, remedy)])


def _in_use(transaction: Transaction, operator_id: str) -> SigningKeyRow:
    return next(r for r in transaction.signing_keys.of(operator_id) if r.retired_at is None)


def _replace(
    transaction: Transaction,
    keyring: Keyring,
    address: PublicAddress,
    old: SigningKeyRow,
    now: datetime,
    uri: str | None = None,
) -> str:
    new = keyring.create(transaction, old.operator_id, now, uri)
    old.retired_at = now
    transaction.signing_keys.add(old)
    sign_all_lists(transaction, keyring, address, old.operator_id, now)
    return new.kid
