"""The status of a digital product passport (EN 18223, Table 1), from what is recorded of it."""

from passports.dpp.document import DppStatus
from passports.life.version_making import payload_of
from passports.status_lists import is_set
from passports.store import PassportRow, Transaction


def status_of(transaction: Transaction, row: PassportRow) -> DppStatus:
    """Return the status of one version of a passport.

    `archived`: a newer version follows, or the battery was recycled and the passport ceased (Art. 77(8)).
    `invalid`: revoked. `inactive`: another passport stands in its place (Art. 77(7)). Else `active`. What
    Annex XIII, 4(c) calls the status of the battery is another matter, and not for the public.
    """
    if has_ceased(row):
        return DppStatus.ARCHIVED
    newest = transaction.passports.by_id(row.id)
    if newest is not None and newest.version != row.version:
        return DppStatus.ARCHIVED
    if is_set(transaction, row.operator_id, (row.status_list_id, row.status_list_index)):
        return DppStatus.INVALID
    if "succeededBy" in payload_of(row)["credentialSubject"]:
        return DppStatus.INACTIVE
    return DppStatus.ACTIVE


def has_ceased(row: PassportRow) -> bool:
    """Tell whether a version is a tombstone: of the passport only remains that there was one."""
    return "ceased" in payload_of(row)["credentialSubject"]
