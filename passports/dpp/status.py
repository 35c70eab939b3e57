"""The status of a digital product passport (EN 18223, Table 1), from what is recorded of it."""

from typing import Any

from passports.dpp.document import DppStatus
from passports.life.version_making import payload_of
from passports.life.withdrawal import PassportState, state_of
from passports.store import PassportRow, Transaction


def status_of(transaction: Transaction, row: PassportRow, *, is_newest: bool) -> DppStatus:
    """Return the status of one version of a passport.

    `archived`: a newer version follows, or the battery was recycled and the passport ceased (Art. 77(8)).
    `invalid`: revoked. `inactive`: suspended, or another passport stands in its place (Art. 77(7)). Else
    `active`. What Annex XIII, 4(c) calls the status of the battery is another matter, and not for the public.
    """
    subject: Any = payload_of(row)["credentialSubject"]
    if "ceased" in subject or not is_newest:
        return DppStatus.ARCHIVED
    state = state_of(transaction, row)
    if state is PassportState.REVOKED:
        return DppStatus.INVALID
    if state is PassportState.SUSPENDED or "succeededBy" in subject:
        return DppStatus.INACTIVE
    return DppStatus.ACTIVE


def has_ceased(row: PassportRow) -> bool:
    """Tell whether a version is a tombstone: of the passport only remains that there was one."""
    return "ceased" in payload_of(row)["credentialSubject"]
