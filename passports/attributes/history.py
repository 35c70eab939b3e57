"""The versions of a model's or a battery's attributes, as far as one reader may see them.

A version holds all values that are given, also another operator's after responsibility has passed: each
is shown by the one decision of `access`, and the restricted ones are in the access log first.
"""

from collections.abc import Sequence
from datetime import datetime
from typing import Any

from passports.access import access_to, is_restricted
from passports.access_log import record_read
from passports.attributes.data import find_subject
from passports.attributes.table import Granularity, attributes
from passports.attributes.versions import AttributeVersion, Subject, all_versions
from passports.attributes.view import Sheet, is_readable, model_sheet, sheet_of_row
from passports.authority.responsibility import is_writer
from passports.operators import EconomicOperator
from passports.store import Store, Transaction


def version_history(
    store: Store, reader: EconomicOperator, level: Granularity, subject_id: str, now: datetime
) -> Sequence[dict[str, Any]]:
    """Return the versions of attribute data as plain JSON data, newest first.

    Who may write sees every version with its reason. Who issued a passport for which another is
    responsible by now sees the versions that it wrote itself.

    Raises:
        RecordNotFoundError: there is no such model or passport.
        AccessDeniedError: the reader neither issued the passport nor is responsible for it.
    """
    with store.reading() as reading:
        sheet, writes = _subject_of(reading, reader.id, level, subject_id)
        access = access_to(reading, reader, sheet.subject, sheet.model_id, now)
        versions = [
            version.showing(lambda name, g: is_readable(access, sheet, attributes()[name], g.by))
            for version in all_versions(reading, sheet.subject)
            if writes or _wrote(reader.id, version)
        ]
    names = {name for version in versions for name in version.values}
    restricted = [name for name in names if is_restricted(attributes()[name])]
    if restricted:
        record_read(store, access, sheet.subject, restricted, "versions", now)
    return [version.to_document() for version in versions]


def _subject_of(
    transaction: Transaction, reader_id: str, level: Granularity, subject_id: str
) -> tuple[Sheet, bool]:
    """Return what is known of a subject, and whether the reader may write to it."""
    row = transaction.passports.by_id(subject_id) if level is Granularity.ITEM else None
    if row is not None and row.operator_id == reader_id:
        return sheet_of_row(transaction, row), is_writer(transaction, row, reader_id)
    subject: Subject = find_subject(transaction, reader_id, level, subject_id)
    if row is not None:
        return sheet_of_row(transaction, row), True
    return model_sheet(transaction, subject.operator_id, subject.id), True


def _wrote(operator_id: str, version: AttributeVersion) -> bool:
    """Tell whether an operator wrote a version, by itself or by who acts for it."""
    written = (given.by for given in version.values.values() if given.version == version.version)
    return version.actor == operator_id or operator_id in written
