"""What `fsck` checks of every table alike: readable cells, references, columns as the document says."""

from collections.abc import Iterator, Mapping
from datetime import date, datetime
from typing import Any, Final

import orjson

from passports.fsck.faults import Found
from passports.fsck.rows import all_rows
from passports.store import AnyRow, Store, Transaction, all_tables, foreign_keys, key_of

# Documents as somebody else made them: what the columns say of them is checked where they are read.
_FOREIGN: Final = frozenset({"certificate", "registry_proof", "registry_submission"})


def check_records(store: Store) -> Iterator[Found]:
    """Yield for each row of each table the first column that cannot be read, or None; then what dangles."""
    with store.reading() as reading:
        for table in reading.integrity.tables:
            kind = table.name.replace("_", " ")
            for name, column in reading.integrity.examined(table):
                yield None if column is None else (kind, name, f"its {column} cannot be read")
            for columns, target in foreign_keys(table):
                for missing in reading.integrity.dangling(table, columns, target):
                    reason = f"the {target.name.replace('_', ' ')} that it belongs to is not here"
                    yield (kind, "/".join(missing), reason)


def check_columns(store: Store) -> Iterator[Found]:
    """Yield for each row that repeats members of its document in columns whether they agree."""
    tables = sorted(all_tables(), key=lambda table: str(table.__tablename__))
    with store.reading() as reading:
        for table in tables:
            name = str(table.__tablename__)
            if "document" in table.model_fields and name not in _FOREIGN:
                yield from _of_table(reading, table, name.replace("_", " "))


def _of_table(reading: Transaction, table: type[AnyRow], kind: str) -> Iterator[Found]:
    keys = key_of(table)
    try:
        for row in all_rows(reading, table):
            values = row.model_dump()
            reason = _differs(table, values)
            name = "/".join(str(values[key]) for key in keys)
            yield None if reason is None else (kind, name, reason)
    except (ValueError, TypeError):
        return  # a cell that cannot be read, which `check_records` names


def _differs(table: type[AnyRow], values: Mapping[str, Any]) -> str | None:
    if not values["document"]:
        return None  # of deliveries and closed periods that are being written
    try:
        document = orjson.loads(values["document"])
    except ValueError:
        return "its document cannot be read"
    for name, value in values.items():
        is_said_later = not table.model_fields[name].is_required()
        if name == "document" or is_said_later or not isinstance(document, dict):
            continue
        if name in document and not _same(value, document[name]):
            return f"its {name} differs from its document"
    return None


def _same(value: object, said: object) -> bool:
    try:
        if isinstance(value, datetime):
            return datetime.fromisoformat(str(said)) == value
        if isinstance(value, date):
            return date.fromisoformat(str(said)) == value
    except (ValueError, TypeError):
        return False
    return value == said
