"""Status lists of an operator: where the bits of its passports stand, outside of what is signed.

Bits are given out at random within a list, so that an index does not tell when or in which order a
battery was made. A list is signed once a change, and anew when it is asked for after half its life.
"""

import secrets
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Final

from passports.errors import RecordNotFoundError
from passports.identifiers import PublicAddress
from passports.keyring import Keyring
from passports.operators import get_operator
from passports.store import StatusListRow, Store, Transaction
from signing.canonical import canonicalize
from signing.credentials import CredentialSigner
from signing.status_list import MIN_LENGTH, Purpose, StatusList, build_status_list_credential

PURPOSE: Final[Purpose] = "revocation"
_PURPOSES: Final[tuple[Purpose, ...]] = ("revocation", "suspension", "refresh")
# How long a verifier may go on with a copy. Not from a standard: a day is how old a revocation may
# stay unnoticed by somebody who caches; a verification always prints the age of the list it used.
LIFETIME: Final = timedelta(days=1)
_RANDOM: Final = secrets.SystemRandom()
# A list is given out up to this share, so that drawing a free index takes four tries at the most
# on average.
_FULLEST: Final = 0.75


@dataclass(frozen=True)
class StatusIndices:
    """Indices of one list, given out to the units of one batch in order."""

    list_id: str
    values: Sequence[int]


def allocate_indices(
    transaction: Transaction,
    signer: CredentialSigner,
    address: PublicAddress,
    operator_id: str,
    count: int,
    now: datetime,
    purpose: Purpose = PURPOSE,
) -> StatusIndices:
    """Give out `count` unused indices of one of the operator's lists; opens a list where needed."""
    lists = transaction.status_lists.of(operator_id, for_update=True)
    for row in (row for row in lists if row.purpose == purpose):
        room = len(row.given_out) * 8 * _FULLEST - int.from_bytes(row.given_out).bit_count()
        if room >= count:
            break
    else:
        row = _open_list(transaction, signer, address, operator_id, count, now, purpose)
    given_out = StatusList.from_bytes(row.given_out)
    values = _draw(given_out, count)
    row.given_out = given_out.to_bytes()
    transaction.status_lists.add(row)
    return StatusIndices(row.id, values)


def _draw(given_out: StatusList, count: int) -> list[int]:
    """Draw indices at random until `count` were free, and mark them."""
    values: list[int] = []
    length = len(given_out)
    while len(values) < count:
        index = _RANDOM.randrange(length)
        if not given_out.get(index):
            given_out.set(index)
            values.append(index)
    return values


def _open_list(
    transaction: Transaction,
    signer: CredentialSigner,
    address: PublicAddress,
    operator_id: str,
    count: int,
    now: datetime,
    purpose: Purpose,
) -> StatusListRow:
    number = len(transaction.status_lists.of(operator_id)) + 1
    empty = StatusList(max(MIN_LENGTH, -(-2 * count // 8) * 8))  # twice what is needed now
    row = StatusListRow(
        operator_id=operator_id,
        id=f"{purpose}-{number}",
        purpose=purpose,
        bits=empty.to_bytes(),
        given_out=empty.to_bytes(),
        credential=b"",
        updated_at=now,
    )
    _sign(transaction, row, signer, address, now)
    return row


def _sign(
    transaction: Transaction,
    row: StatusListRow,
    signer: CredentialSigner,
    address: PublicAddress,
    now: datetime,
) -> None:
    credential = build_status_list_credential(
        url=address.status_list(row.operator_id, row.id),
        issuer_did=get_operator(transaction, row.operator_id).did,
        purpose=_purpose(row),
        status_list=StatusList.from_bytes(row.bits),
        valid_from=now,
        valid_until=now + LIFETIME,
    )
    row.credential = signer.sign(canonicalize(credential))
    row.updated_at = now
    row.token_of = None  # its token is of what it was before
    transaction.status_lists.add(row)


def _purpose(row: StatusListRow) -> Purpose:
    return next((known for known in _PURPOSES if known == row.purpose), PURPOSE)


def set_status(
    transaction: Transaction,
    keyring: Keyring,
    address: PublicAddress,
    operator_id: str,
    place: tuple[str, int],
    *,
    to: bool,
    now: datetime,
) -> None:
    """Set one bit of one of an operator's lists (list, index) and sign the list anew.

    Raises:
        RecordNotFoundError: the operator has no such list.
    """
    set_statuses(transaction, keyring, address, operator_id, [place], to=to, now=now)


def set_statuses(
    transaction: Transaction,
    keyring: Keyring,
    address: PublicAddress,
    operator_id: str,
    places: Sequence[tuple[str, int]],
    *,
    to: bool,
    now: datetime,
) -> None:
    """Set bits of an operator's lists (list, index), and sign each of these lists anew, once.

    Raises:
        RecordNotFoundError: the operator has no such list.
    """
    if not places:
        return
    locked = {row.id: row for row in transaction.status_lists.of(operator_id, for_update=True)}
    changed: dict[str, StatusList] = {}
    for list_id, index in places:
        if list_id not in changed:
            if list_id not in locked:
                raise RecordNotFoundError("status list", f"{operator_id}/{list_id}")
            changed[list_id] = StatusList.from_bytes(locked[list_id].bits)
        changed[list_id].set(index, to=to)
    signer = _signer_of(transaction, keyring, operator_id)
    for list_id, bits in changed.items():
        locked[list_id].bits = bits.to_bytes()
        _sign(transaction, locked[list_id], signer, address, now)


def sign_list(
    transaction: Transaction,
    keyring: Keyring,
    address: PublicAddress,
    operator_id: str,
    list_id: str,
    now: datetime,
) -> None:
    """Sign one of an operator's lists anew with the bits that it has.

    Raises:
        RecordNotFoundError: the operator has no such list.
    """
    locked = {row.id: row for row in transaction.status_lists.of(operator_id, for_update=True)}
    if list_id not in locked:
        raise RecordNotFoundError("status list", f"{operator_id}/{list_id}")
    signer = _signer_of(transaction, keyring, operator_id)
    _sign(transaction, locked[list_id], signer, address, now)


def is_set(transaction: Transaction, operator_id: str, place: tuple[str, int]) -> bool:
    """Tell whether one bit of one of an operator's lists (list, index) is set."""
    row = transaction.status_lists.get(operator_id, place[0])
    return row is not None and StatusList.from_bytes(row.bits).get(place[1])


def _signer_of(transaction: Transaction, keyring: Keyring, operator_id: str) -> CredentialSigner:
    operator = get_operator(transaction, operator_id)
    return CredentialSigner(keyring.current(transaction, operator_id), operator.did)


def publish_status_list(
    store: Store,
    keyring: Keyring,
    address: PublicAddress,
    operator_id: str,
    list_id: str,
    now: datetime,
) -> bytes:
    """Return the signed list, signed anew where it has passed half its life.

    Raises:
        RecordNotFoundError: there is no such list.
    """
    with store.reading() as reading:
        row = reading.status_lists.get(operator_id, list_id)
        # Nobody signs in the name of an operator that is kept here or has ceased: its list ages, and a
        # verification says how old it is.
        is_final = reading.continuity.get(operator_id) is not None
    if row is None:
        raise RecordNotFoundError("status list", f"{operator_id}/{list_id}")
    if is_final or now - row.updated_at < LIFETIME / 2:
        return row.credential
    with store.transaction() as transaction:
        signer = _signer_of(transaction, keyring, operator_id)
        locked = transaction.status_lists.of(operator_id, for_update=True)
        fresh = next(r for r in locked if r.id == list_id)
        _sign(transaction, fresh, signer, address, now)
        return fresh.credential


def sign_all_lists(
    transaction: Transaction,
    keyring: Keyring,
    address: PublicAddress,
    operator_id: str,
    now: datetime,
) -> None:
    """Sign all lists of an operator anew, with the key that it uses now."""
    signer = _signer_of(transaction, keyring, operator_id)
    for row in transaction.status_lists.of(operator_id, for_update=True):
        _sign(transaction, row, signer, address, now)
