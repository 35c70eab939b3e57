"""The trust list of this server: which operators may issue battery passports, under which prefixes.

A verifier believes a trust list because a root key signed it that the verifier chose. The root key of
a production trust list belongs offline, with whoever answers for it; the one made here serves a
server's own community, and the demonstration.
"""

from datetime import datetime, timedelta
from typing import Final

from passports.credential import CREDENTIAL_TYPE
from passports.keyring import public_key_entries
from passports.operators import EconomicOperator, OperatorRole, list_operators
from passports.store import Store, Transaction
from signing.keys import SigningKey
from signing.trust import TrustEntry, TrustList, trusted_key

LIFETIME: Final = timedelta(days=90)  # when a verifier should fetch a newer list; our choice


def build_trust_list(store: Store, now: datetime) -> TrustList:
    """Return the list of all manufacturers registered here, with their keys and GS1 prefixes."""
    with store.reading() as reading:
        entries = [
            _entry(reading, operator)
            for operator in list_operators(reading)
            if OperatorRole.MANUFACTURER in operator.roles
        ]
    return TrustList(issued_at=now, valid_until=now + LIFETIME, entries=tuple(entries))


def sign_trust_list(store: Store, root_key: SigningKey, now: datetime) -> bytes:
    """Return the trust list, signed by the root key."""
    return build_trust_list(store, now).sign(root_key)


def _entry(transaction: Transaction, operator: EconomicOperator) -> TrustEntry:
    keys = [trusted_key(entry) for entry in public_key_entries(transaction, operator.id)]
    return TrustEntry(
        issuer=operator.did,
        names=(operator.name,),
        role="manufacturer",
        scope=(CREDENTIAL_TYPE, "BitstringStatusListCredential"),
        gs1_prefixes=tuple(operator.gs1_prefixes),
        keys=tuple(keys),
        valid_from=operator.created_at,
    )
