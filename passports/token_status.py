"""A revocation list of an operator as a Token Status List, for those who hold SD-JWT.

One bit says VALID or INVALID (draft-ietf-oauth-status-list section 7.1), and an SD-JWT names one list. So
the bit is set while a passport is revoked *or suspended*, and cleared again when it is reinstated: also
credentials that were signed before there were suspensions follow them, and no verifier has to be renewed.

Signed when it is asked for first after the list itself was signed, so once a change or half a life; in
between it is served as it was stored.
"""

import hashlib
from datetime import datetime
from typing import Final

from passports.errors import RecordNotFoundError
from passports.identifiers import PublicAddress
from passports.keyring import Keyring
from passports.operators import get_operator
from passports.status_lists import LIFETIME, PURPOSE, publish_status_list
from passports.store import Store
from signing.status_list import StatusList, build_token_status_list, sign_token_status_list

# Before suspensions were told here, the hash was that of the list alone: such tokens are made anew.
_RULE: Final = b"revoked or suspended\n"


def token_basis(credential: bytes) -> str:
    """Return what a token is made of, as a hash: the signed list, and the rule by which it is read."""
    return hashlib.sha256(_RULE + credential).hexdigest()


def publish_token_status_list(
    store: Store,
    keyring: Keyring,
    address: PublicAddress,
    operator_id: str,
    list_id: str,
    now: datetime,
) -> bytes:
    """Return a revocation list as a signed Token Status List of one bit each.

    Raises:
        RecordNotFoundError: there is no such list, or it is of a purpose that such a list cannot say.
        KeyUnavailableError: it is to be signed, and the operator's key cannot be opened.
    """
    credential = publish_status_list(store, keyring, address, operator_id, list_id, now)
    basis = token_basis(credential)
    with store.reading() as reading:
        row = reading.status_lists.get(operator_id, list_id)
        is_final = reading.continuity.get(operator_id) is not None  # see publish_status_list
    if row is None or row.purpose != PURPOSE:
        raise RecordNotFoundError("token status list", f"{operator_id}/{list_id}")
    if row.token is not None and (is_final or row.token_of == basis):
        return row.token
    with store.transaction() as transaction:
        locked = transaction.status_lists.of(operator_id, for_update=True)
        row = next(r for r in locked if r.id == list_id)
        bits = StatusList.from_bytes(row.bits)
        for index in transaction.status_changes.suspended_in(operator_id, list_id):
            bits.set(index)
        issuer_did = get_operator(transaction, operator_id).did
        claims = build_token_status_list(
            url=address.token_status_list(operator_id, list_id),
            issuer_did=issuer_did,
            status_list=bits,
            issued_at=row.updated_at,
            valid_until=row.updated_at + LIFETIME,
        )
        key = keyring.current(transaction, operator_id)
        row.token = sign_token_status_list(claims, key, issuer_did)
        row.token_of = token_basis(row.credential)
        transaction.status_lists.add(row)
        return row.token
