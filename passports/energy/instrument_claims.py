"""Certificates of origin and credits: each is used once, across all operators of the server.

A factory may list one in its dossier and then use it; nobody else may do either. Used means: named by a
metered period's contract, or booked in the energy ledger.
"""

from collections import Counter
from collections.abc import Sequence
from datetime import datetime
from typing import Final

from lca.instrument_names import instrument_key
from passports import store as tables  # a class that is asked for by name is made then
from passports.errors import IdentifierConflictError
from passports.store import InstrumentTakenError, Transaction

LISTED: Final = "dossier"
LEDGER: Final = "ledger"


def claim_key(instrument_id: str) -> str:
    """Return the name under which an instrument is claimed: no way of typing it makes another one."""
    return instrument_key(instrument_id)


def claim_instruments(
    transaction: Transaction,
    facility: tuple[str, str],
    instrument_ids: Sequence[str],
    used_in: str,
    now: datetime,
) -> None:
    """Record that a factory (operator, facility) lists or uses certificates of origin or credits.

    Raises:
        IdentifierConflictError: one is claimed by another factory of this server, or used before.
    """
    keys = [claim_key(instrument_id) for instrument_id in instrument_ids]
    doubled = [key for key, count in Counter(keys).items() if count > 1]
    if doubled:
        raise _conflict(doubled[0], "It is named twice; a certificate counts once.")
    for key in keys:
        row = transaction.instrument_claims.get(key)
        if row is None:
            _claim(transaction, facility, key, used_in, now)
            continue
        _check_claim(row, facility, used_in)
        if used_in != LISTED:
            row.used_in = used_in
            transaction.instrument_claims.update(row)


def _claim(
    transaction: Transaction, facility: tuple[str, str], key: str, used_in: str, now: datetime
) -> None:
    try:
        transaction.instrument_claims.add(
            tables.InstrumentClaimRow(
                instrument_id=key,
                operator_id=facility[0],
                facility_id=facility[1],
                used_in=used_in,
                claimed_at=now,
            )
        )
    except InstrumentTakenError:  # of two operators at once, the other one was first
        raise _conflict(key, "Somebody else has used it just now; it is used once.") from None


def _check_claim(row: "tables.InstrumentClaimRow", facility: tuple[str, str], used_in: str) -> None:
    if (row.operator_id, row.facility_id) != facility:
        whose = "another factory of yours" if row.operator_id == facility[0] else "somebody else"
        remedy = f"It was claimed by {whose}; a certificate is retired once, for one."
        raise _conflict(row.instrument_id, remedy)
    if LISTED not in {row.used_in, used_in}:
        remedy = f"It was used in {row.used_in}; a certificate is used once."
        raise _conflict(row.instrument_id, remedy)


def _conflict(key: str, remedy: str) -> IdentifierConflictError:
    return IdentifierConflictError("instrument", key, remedy)
