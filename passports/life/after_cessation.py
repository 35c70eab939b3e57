"""Who reads earlier versions of a passport that has ceased to exist (Art. 77(8)).

With its battery recycled the passport ceases: its tombstone says which battery it was and who was
responsible, and to the public nothing else is told, by whatever address. The signed versions are kept
for those who have to account for them: authorities, and who answers for the passport.
"""

from passports.authority.roles import roles
from passports.errors import PassportCeasedError
from passports.life.versions import is_writer
from passports.operators import EconomicOperator
from passports.resolve import StoredPassport, passport_by_id
from passports.store import Store, Transaction

_AUTHORITY = "authority"


def is_open_to_all(store: Store, version: StoredPassport) -> bool:
    """Tell whether the public reads this version: the passport exists, or this is its tombstone."""
    return version.has_ceased or not passport_by_id(store, version.id).has_ceased


def require_readable(
    store: Store, reader: EconomicOperator | None, version: StoredPassport
) -> bool:
    """Let a version pass that a reader may see; return whether everybody may.

    Raises:
        PassportCeasedError: the passport has ceased to exist and the reader is of the public.
    """
    if is_open_to_all(store, version):
        return True
    with store.reading() as reading:
        require_accountable(reading, reader, version.id)
    return False


def require_accountable(
    transaction: Transaction, reader: EconomicOperator | None, passport_id: str
) -> None:
    """Let a reader pass to whom earlier versions of a passport that has ceased are told.

    Raises:
        PassportCeasedError: it is neither an authority nor answers for the passport.
    """
    row = transaction.passports.by_id(passport_id)
    if reader is not None and row is not None:
        is_authority = any(roles()[role].audience == _AUTHORITY for role in reader.roles)
        if is_authority or is_writer(transaction, row, reader.id):
            return
    raise PassportCeasedError(passport_id)
