"""What `fsck` checks of every table alike: readable cells, references, columns as the document says."""

import hashlib
from collections.abc import Iterator, Mapping
from contextlib import suppress
from datetime import date, datetime
from types import MappingProxyType
from typing import Any, Final

import orjson

from passports.fsck.faults import Found
from passports.fsck.rows import all_rows, readable_rows
from passports.store import (
    AnyRow,
    FacilityDocumentRow,
    Gs1PrefixRow,
    OneView,
    OperatorRow,
    RegistryProofRow,
    RegistrySubmissionRow,
    Transaction,
    all_tables,
    key_of,
)

# Files as they came or went, under their SHA-256; what was signed has walks of its own.
_HASHED: Final[Mapping[type[AnyRow], str]] = MappingProxyType(
    {
        FacilityDocumentRow: "content",
        RegistrySubmissionRow: "document",
        RegistryProofRow: "document",
    }
)
# Documents as somebody else made them: what the columns say of them is checked where they are read.
_FOREIGN: Final = frozenset({"certificate", "registry_proof", "registry_submission"})


def check_records(store: OneView) -> Iterator[Found]:
    """Yield for each row of each table the first column that cannot be read, or None; then what dangles."""
    with store.reading() as reading:
        for table in reading.integrity.tables:
            if reading.integrity.is_empty(table.name):
                continue
            kind = table.name.replace("_", " ")
            for name, column in reading.integrity.examined(table):
                yield None if column is None else (kind, name, f"its {column} cannot be read")
            for columns, target in reading.integrity.references(table):
                for missing in reading.integrity.dangling(table, columns, target):
                    reason = f"the {target.name.replace('_', ' ')} that it belongs to is not here"
                    yield (kind, "/".join(missing), reason)


def check_columns(store: OneView) -> Iterator[Found]:
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
        said = document.get(name, document.get(name.removesuffix("_id"), value))
        if isinstance(said, str | int | float) and not _same(value, said):
            return f"its {name} differs from its document"
    return None


def check_hashes(store: OneView) -> Iterator[Found]:
    """Yield for each file that is kept as it came whether it is what its SHA-256 says."""
    with store.reading() as reading:
        for table, column in _HASHED.items():
            kind, keys = str(table.__tablename__).replace("_", " "), key_of(table)
            for row in readable_rows(reading, table):
                values = row.model_dump()
                is_whole = hashlib.sha256(values[column]).hexdigest() == values["sha256"]
                name = "/".join(str(values[key]) for key in keys)
                yield None if is_whole else (kind, name, "it is not what its SHA-256 says")


def check_prefixes(store: OneView) -> Iterator[Found]:
    """Yield for each GS1 company prefix whether its operator's data say that it is this operator's."""
    with store.reading() as reading:
        held: dict[str, object] = {}
        for operator in readable_rows(reading, OperatorRow):
            with suppress(ValueError, TypeError, AttributeError):  # `columns` names it
                held[operator.id] = orjson.loads(operator.document).get("gs1_prefixes")
        for row in all_rows(reading, Gs1PrefixRow):
            prefixes = held.get(row.operator_id)
            is_said = isinstance(prefixes, list) and row.prefix in prefixes
            fault = (
                "gs1 prefix",
                f"{row.operator_id}/{row.prefix}",
                "its operator does not say so",
            )
            yield None if is_said else fault


def _same(value: object, said: object) -> bool:
    try:
        if isinstance(value, datetime):
            return datetime.fromisoformat(str(said)) == value
        if isinstance(value, date):
            return date.fromisoformat(str(said)) == value
    except (ValueError, TypeError):
        return False
    return value == said
