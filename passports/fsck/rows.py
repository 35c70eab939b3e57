"""All rows of a table, as `fsck` walks them."""

from collections.abc import Iterator
from typing import TypeVar

from passports.store import AnyRow, Transaction

Row = TypeVar("Row", bound=AnyRow)
_PAGE = 500


def all_rows(reading: Transaction, table: type[Row]) -> Iterator[Row]:
    """Yield the rows of a table in the order of its key."""
    if reading.integrity.is_empty(str(table.__tablename__)):
        return  # as most are; on PostgreSQL a page is asked for in three messages
    for rows in reading.archive.pages(table, {}, _PAGE):
        for row in rows:
            assert isinstance(row, table)  # for the types: pages are of any table
            yield row


def readable_rows(reading: Transaction, table: type[Row]) -> Iterator[Row]:
    """Yield the rows of a table up to one that cannot be read, which `records` names."""
    try:
        yield from all_rows(reading, table)
    except Exception:  # noqa: BLE001 # damaged cells end in errors of every kind
        return
