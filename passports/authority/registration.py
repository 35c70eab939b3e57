"""Registering an operator with its signing key and its first API key: all of it or nothing."""

from datetime import datetime

from passports.authority.api_keys import NewApiKey, create_api_key
from passports.identifiers import PublicAddress
from passports.keyring import Keyring
from passports.operators import (
    EconomicOperator,
    EconomicOperatorCreate,
    add_operator,
    identifier_taken,
)
from passports.store import RowExistsError, Store


def register_with_key(
    store: Store,
    keyring: Keyring,
    address: PublicAddress,
    request: EconomicOperatorCreate,
    now: datetime,
) -> tuple[EconomicOperator, NewApiKey]:
    """Register an operator, make its signing key and its first API key, in one transaction.

    Raises:
        IdentifierConflictError: if the identifier or the GLN is taken; nothing is written.
    """
    try:
        with store.transaction() as transaction:
            operator = add_operator(transaction, keyring, address, request, now)
            return operator, create_api_key(transaction, operator.id, "first key", now)
    except RowExistsError:
        raise identifier_taken(request) from None
