"""Rows as they lie in the database, for `fsck`: what cannot be read, and what rests on nothing.

SQLite keeps whatever is written into a column, and a file can rot; PostgreSQL keeps its types itself.
"""

import math
import re
from collections.abc import Callable, Iterator, Mapping, Sequence
from datetime import date, datetime
from typing import Any, Final

import orjson
from sqlalchemy import (
    JSON,
    Boolean,
    Column,
    Date,
    Float,
    ForeignKeyConstraint,
    Integer,
    LargeBinary,
    Table,
    and_,
    cast,
    func,
    select,
    type_coerce,
)
from sqlalchemy.types import NullType, TypeDecorator
from sqlmodel import Session

from passports.store.every_table import METADATA
from passports.store.tables import UtcDateTime

# As SQLAlchemy writes them; `fromisoformat` takes more forms than these.
_INSTANT: Final = re.compile(r"\d{4}-\d\d-\d\d \d\d:\d\d:\d\d\.\d{6}", re.ASCII)
_DAY: Final = re.compile(r"\d{4}-\d\d-\d\d", re.ASCII)

_OPERATOR: Final = "operator"
_OF_PASSPORT: Final = {"operator_id": "operator_id", "passport_id": "id"}
# What the database itself holds to no other table: the row can come before the other, or has versions.
_REFERENCES: Final[tuple[tuple[str, Mapping[str, str], str], ...]] = (
    ("authorisation", {"agent_id": "id"}, _OPERATOR),
    ("access_grant", {"grantee_id": "id"}, _OPERATOR),
    ("transfer", {"taker_id": "id"}, _OPERATOR),
    ("responsibility_acceptance", {"maker_id": "id"}, _OPERATOR),
    ("dynamic_record", _OF_PASSPORT, "passport"),
    ("passport_status_change", _OF_PASSPORT, "passport"),
)


class IntegrityRecords:
    """Rows of any table, without believing that they are what the table says."""

    def __init__(self, session: Session) -> None:
        self._session = session

    @property
    def tables(self) -> Sequence[Table]:
        """All tables of the store, those first on which others rest."""
        return METADATA.sorted_tables

    def is_empty(self, table: str) -> bool:
        """Tell whether a table has no row: most have none, and what asks for rows is long."""
        connection = self._session.connection()
        name = connection.dialect.identifier_preparer.quote(table)
        return connection.exec_driver_sql(f"SELECT 1 FROM {name} LIMIT 1").first() is None  # noqa: S608 # a name of ours

    def examined(self, table: Table) -> Iterator[tuple[str, str | None]]:
        """Yield the key of each row with the column that cannot be read, or None."""
        keys = [column for column in table.columns if column.primary_key]
        is_sqlite = self._session.get_bind().dialect.name == "sqlite"
        columns = list(table.columns) if is_sqlite else keys
        chosen = [_as_it_lies(column) if is_sqlite else column for column in columns]
        for row in self._session.connection().execute(select(*chosen)):
            values = dict(zip((column.name for column in columns), row, strict=True))
            name = "/".join(_shown(values[column.name]) for column in keys)
            broken = (c.name for c in columns if is_sqlite and not _is_readable(c, values[c.name]))
            yield name, next(broken, None)

    def references(self, table: Table) -> Iterator[tuple[Mapping[str, str], Table]]:
        """Yield columns of a table with those that they name, and of which table these are."""
        for constraint in table.constraints:
            if isinstance(constraint, ForeignKeyConstraint):
                pairs = {e.parent.name: e.column.name for e in constraint.elements}
                yield pairs, constraint.referred_table
        for of, columns, target in _REFERENCES:
            if of == table.name:
                yield columns, METADATA.tables[target]

    def dangling(
        self, table: Table, columns: Mapping[str, str], target: Table
    ) -> Iterator[tuple[str, ...]]:
        """Yield what rows of a table say in these columns, where `target` has no such row."""
        pairs = [(table.columns[own], target.columns[name]) for own, name in columns.items()]
        if table is target:
            other = target.alias("other")
            pairs = [(table.columns[own], other.columns[name]) for own, name in columns.items()]
        else:
            other = target
        joined = table.outerjoin(other, and_(*(own == there for own, there in pairs)))
        query = select(*(own for own, _ in pairs)).select_from(joined)
        query = query.where(pairs[0][1].is_(None), *(own.is_not(None) for own, _ in pairs))
        for row in self._session.connection().execute(query.distinct()):
            yield tuple(str(value) for value in row)


def _as_it_lies(column: Column[Any]) -> Any:  # noqa: ANN401 # an expression of SQL
    """Return an expression that gives a value without converting it: text as its bytes."""
    if isinstance(column.type, Integer | Float | Boolean | LargeBinary):
        return type_coerce(column, NullType())
    return func.iif(
        func.typeof(column) == "text", cast(column, LargeBinary), type_coerce(column, NullType())
    )


def _shown(value: object) -> str:
    return value.decode("utf-8", "replace") if isinstance(value, bytes) else str(value)


def _is_readable(column: Column[Any], value: object) -> bool:
    if value is None:
        return bool(column.nullable)
    kind: Any = column.type
    if isinstance(kind, TypeDecorator):
        kind = UtcDateTime if isinstance(kind, UtcDateTime) else kind.impl_instance
    for of, test in _TESTS.items():
        if kind is of or isinstance(kind, of):
            return test(value)
    return isinstance(value, bytes) and _is_text(value)


def _is_text(value: bytes) -> bool:
    try:
        value.decode("utf-8")
    except UnicodeDecodeError:
        return False
    return True


def _reads(read: Callable[[str], object], form: re.Pattern[str]) -> Callable[[Any], bool]:
    def test(value: object) -> bool:
        if (
            not isinstance(value, bytes)
            or not _is_text(value)
            or not form.fullmatch(value.decode())
        ):
            return False
        try:
            read(value.decode())
        except ValueError:
            return False
        return True

    return test


def _is_json(value: object) -> bool:
    try:
        orjson.loads(value)  # type: ignore[arg-type] # of another type it raises, too
    except ValueError:
        return False
    return True


_TESTS: Final[Mapping[type, Callable[[Any], bool]]] = {
    UtcDateTime: _reads(datetime.fromisoformat, _INSTANT),
    Date: _reads(date.fromisoformat, _DAY),
    JSON: _is_json,
    Boolean: lambda value: isinstance(value, int) and value in {0, 1},
    Integer: lambda value: isinstance(value, int),
    Float: lambda value: isinstance(value, int | float) and math.isfinite(value),
    LargeBinary: lambda value: isinstance(value, bytes),
}
