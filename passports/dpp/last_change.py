"""When what one reader sees of a passport changed last.

A version is made for what is not for the public, too: its instant would tell the public when.
"""

from datetime import datetime

import orjson

from passports.attributes.table import attributes
from passports.attributes.view import Visible, is_readable
from passports.authority.responsibility import is_writer
from passports.life.lifecycle import FIRST_STATUS, STATUS_ATTRIBUTE
from passports.life.version_making import content_of, payload_of
from passports.store import PassportRow, Transaction


def last_change(transaction: Transaction, row: PassportRow, seen: Visible) -> datetime:
    """Return the instant of the last version up to `row` in which a reader sees that something changed.

    Who may change the passport is told of each: it has to know for which version it makes a change.
    """
    reader_id = seen.access.reader_id
    if reader_id is not None and is_writer(transaction, row, reader_id):
        return row.issued_at
    while row.version > 1:
        before = transaction.passport_versions.numbered(row.id, row.version - 1)
        if before is None or _differs(row, before) or _shows(transaction, row, seen):
            break
        row = before
    return row.issued_at


def _differs(row: PassportRow, before: PassportRow) -> bool:
    said, said_before = (payload_of(r)["credentialSubject"] for r in (row, before))
    return content_of(said) != content_of(said_before)


def _shows(transaction: Transaction, row: PassportRow, seen: Visible) -> bool:
    """Tell whether a version was made for a value that the reader may see."""
    change = transaction.passport_changes.get(row.operator_id, row.id, row.version)
    if change is None:  # a public archive leaves changes out
        return False
    earlier = transaction.passport_changes.get(row.operator_id, row.id, row.version - 1)
    status = earlier.life_cycle_status if earlier is not None else FIRST_STATUS
    names = set(orjson.loads(change.document)["values"])
    if change.life_cycle_status != status:
        names.add(STATUS_ATTRIBUTE)
    known = (attributes()[name] for name in names if name in attributes())
    return any(is_readable(seen.access, seen.sheet, a, change.actor_id) for a in known)
