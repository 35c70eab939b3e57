"""Revoking a passport, for tests of what follows from it."""

from datetime import datetime

from passports.identifiers import PublicAddress
from passports.keyring import Keyring
from passports.life.withdrawal import ChangedStatus, StatusChange, Withdrawing, change_status
from passports.store import Store


def revoke_passport(
    store: Store,
    keyring: Keyring,
    address: PublicAddress,
    operator_id: str,
    passport_id: str,
    now: datetime,
) -> ChangedStatus:
    """Revoke a passport for a reason that does not matter."""
    said = Withdrawing(operator_id, "made for a test", now)
    return change_status(store, keyring, address, passport_id, StatusChange.REVOKED, said)
