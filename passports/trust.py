"""The trust list of this server: which operators may issue battery passports, under which prefixes.

A verifier believes a trust list because a root key signed it that the verifier chose. The root key of
a production trust list belongs offline, with whoever answers for it; the one made here serves a
server's own community, and the demonstration.
"""

from collections.abc import Mapping, Sequence
from datetime import datetime, timedelta
from typing import Final

from passports.authority.roles import roles
from passports.certification.certificate_reading import CREDENTIAL_TYPE as CERTIFICATE_TYPE
from passports.credential_type import CREDENTIAL_TYPE, RECEIPT_TYPE
from passports.identifiers import PublicAddress
from passports.keyring import Keyring, public_key_entries
from passports.operators import EconomicOperator, list_operators
from passports.restricted import TYPES as RESTRICTED_TYPES
from passports.store import Store, Transaction
from signing.did_web import PublicKeyEntry
from signing.keys import SigningKey
from signing.trust import Role, TrustEntry, TrustList, trusted_key

# What each role may issue; an operator with both roles stands on the list twice.
_SCOPES: Final[Mapping[Role, tuple[str, ...]]] = {
    "manufacturer": (CREDENTIAL_TYPE, *RESTRICTED_TYPES.values()),
    "certifier": (CERTIFICATE_TYPE,),
    "platform": (RECEIPT_TYPE,),
}
LIFETIME: Final = timedelta(days=90)  # when a verifier should fetch a newer list; our choice


def build_trust_list(
    store: Store, keyring: Keyring, address: PublicAddress, now: datetime
) -> TrustList:
    """Return the list of all manufacturers and certifiers registered here, of the log, and of this server.

    Who is kept here from an archive stands on it if a pinned trust list vouched for it; whose keys were
    taken on first use does not: this server's signature is no statement about them.
    """
    with store.reading() as reading:
        unpinned = {row.operator_id for row in reading.continuity.all() if row.trust == "first_use"}
        kept_logs = [log for log in reading.kept_logs.all() if log.trust == "pinned"]
        entries = [
            _entry(reading, operator, role)
            for operator in list_operators(reading)
            for role in _SCOPES
            if role in {roles()[known].trusted_as for known in operator.roles}
            and operator.id not in unpinned
        ]
    logs = {log.origin: list(log.keys) for log in kept_logs}
    if address.log_origin not in logs:
        signers = keyring.log_signers(address.log_origin).signers
        logs[address.log_origin] = [dict(signer.key.public_jwk) for signer in signers]
    since = min((e.valid_from for e in entries), default=now)
    entries += [log_entry(origin, keys, since) for origin, keys in logs.items()]
    return TrustList(issued_at=now, valid_until=now + LIFETIME, entries=tuple(entries))


def sign_trust_list(
    store: Store, keyring: Keyring, address: PublicAddress, root_key: SigningKey, now: datetime
) -> bytes:
    """Return the trust list, signed by the root key."""
    return build_trust_list(store, keyring, address, now).sign(root_key)


def log_entry(origin: str, keys: Sequence[Mapping[str, str]], since: datetime) -> TrustEntry:
    """Return the entry of a log with these public keys.

    Raises:
        MalformedDocumentError: one of them is no public key.
    """
    return TrustEntry(
        issuer=origin,
        names=(f"transparency log of {origin}",),
        role="log",
        scope=(),
        gs1_prefixes=(),
        keys=tuple(trusted_key(PublicKeyEntry(jwk=dict(key))) for key in keys),
        valid_from=since,
    )


def _entry(transaction: Transaction, operator: EconomicOperator, role: Role) -> TrustEntry:
    keys = [trusted_key(entry) for entry in public_key_entries(transaction, operator.id)]
    return TrustEntry(
        issuer=operator.did,
        names=(operator.name,),
        role=role,
        # Lists of their own need no scope; with it they could keep lists for others, and clear bits there.
        scope=_SCOPES[role],
        gs1_prefixes=tuple(operator.gs1_prefixes),
        keys=tuple(keys),
        valid_from=operator.created_at,
    )
