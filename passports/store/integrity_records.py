"""Rows as they lie in the database, for `fsck`: what cannot be read, and what rests on nothing.

SQLite keeps whatever is written into a column, and a file can rot; PostgreSQL keeps its types itself.
"""

import math
import re
from collections.abc import Callable, Iterator, Mapping, Sequence
from datetime import date, datetime
from functools import cache, cached_property
from typing import Any, Final, TypeVar

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
    Select,
    Table,
    and_,
    cast,
    func,
    select,
    type_coerce,
)
from sqlalchemy.exc import DBAPIError, SQLAlchemyError
from sqlalchemy.types import NullType, TypeDecorator
from sqlmodel import Session, SQLModel
from sqlmodel import select as rows_of

from passports.store.every_table import METADATA
from passports.store.records import can_be_stored
from passports.store.row_lines import key_of
from passports.store.tables import UtcDateTime

# As SQLAlchemy writes them; `fromisoformat` takes more forms than these.
_INSTANT: Final = re.compile(r"\d{4}-\d\d-\d\d \d\d:\d\d:\d\d\.\d{6}", re.ASCII)
_DAY: Final = re.compile(r"\d{4}-\d\d-\d\d", re.ASCII)

FEW: Final = 500  # so many rows are read at once, and kept for as long as a view of the store lasts
Row = TypeVar("Row", bound=SQLModel)
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
        self._few: dict[type[SQLModel], Sequence[SQLModel]] = {}
        self._by_key: dict[type[SQLModel], Mapping[tuple[object, ...], SQLModel] | None] = {}

    @property
    def tables(self) -> Sequence[Table]:
        """All tables of the store, those first on which others rest."""
        return METADATA.sorted_tables

    @cached_property
    def _sizes(self) -> Mapping[str, int]:
        """How many rows each table has, counted no further than one more than `FEW`, in one question."""
        connection = self._session.connection()
        quoted = connection.dialect.identifier_preparer.quote
        names = [table.name for table in self.tables]
        counts = (
            f"(SELECT count(*) FROM (SELECT 1 FROM {quoted(name)} LIMIT {FEW + 1}) AS few)"  # noqa: S608 # names of ours
            for name in names
        )
        try:
            with self._session.begin_nested():
                found = connection.exec_driver_sql(f"SELECT {', '.join(counts)}").one()
        except DBAPIError:
            return {}  # of a table whose file is broken; each is asked for itself then
        return dict(zip(names, found, strict=True))

    def is_empty(self, table: str) -> bool:
        """Tell whether a table has no row: most have none, and what asks for rows is long."""
        return self._sizes.get(table) == 0

    def few(self, table: type[Row], *, is_kept: bool) -> Sequence[Row] | None:
        """Return all rows of a table in the order of its key; None where they are many.

        `is_kept` has them read once for as long as this view of the store lasts.
        """
        if table in self._few:
            return self._few[table]  # type: ignore[return-value] # rows of that table
        size = self._sizes.get(str(table.__tablename__), FEW + 1)
        if size == 0 or size > FEW:
            return None if size else ()
        rows = self._session.exec(_in_order(table)).all()
        if is_kept:
            self._few[table] = rows
        return rows  # type: ignore[no-any-return] # as above

    def at(self, table: type[Row], *key: object) -> Row | None:
        """Return the row under a key, or None; rows of a small table are read once, and all of them."""
        if table not in self._by_key:
            self._by_key[table] = self._keyed(table)
        rows = self._by_key[table]
        if rows is not None:
            return rows.get(key)  # type: ignore[return-value] # as above
        return self._session.get(table, key) if can_be_stored(*key) else None

    def _keyed(self, table: type[Row]) -> Mapping[tuple[object, ...], SQLModel] | None:
        names = key_of(table)
        try:
            rows = self.few(table, is_kept=True)
        except (SQLAlchemyError, ValueError, TypeError):
            return None  # one of them cannot be read; the others can, each by itself
        if rows is None:
            return None
        return {tuple(getattr(row, name) for name in names): row for row in rows}

    def has_failed(self) -> bool:
        """Tell whether a statement failed, after which PostgreSQL answers nothing in its transaction."""
        driver = self._session.connection().connection.driver_connection
        status = getattr(getattr(driver, "info", None), "transaction_status", None)
        return getattr(status, "name", None) == "INERROR"

    def examined(self, table: Table) -> Iterator[tuple[str, str | None]]:
        """Yield the key of each row with the column that cannot be read, or None."""
        keys = [column for column in table.columns if column.primary_key]
        is_sqlite = self._session.get_bind().dialect.name == "sqlite"
        columns = list(table.columns) if is_sqlite else keys
        statement = _all_as_they_lie(table) if is_sqlite else _all_keys(table)
        for row in self._session.connection().execute(statement):
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
        query = _dangling(table, tuple(columns.items()), target)
        for row in self._session.connection().execute(query):
            yield tuple(str(value) for value in row)


# Statements are made once: to make one anew takes several times as long as to run it on a small table.


@cache
def _in_order(table: type[SQLModel]) -> Any:  # noqa: ANN401 # a statement of SQL
    columns = METADATA.tables[str(table.__tablename__)].columns
    return rows_of(table).order_by(*(column for column in columns if column.primary_key))


@cache
def _all_keys(table: Table) -> Select[Any]:
    return select(*(column for column in table.columns if column.primary_key))


@cache
def _all_as_they_lie(table: Table) -> Select[Any]:
    return select(*(_as_it_lies(column) for column in table.columns))


@cache
def _dangling(table: Table, columns: tuple[tuple[str, str], ...], target: Table) -> Select[Any]:
    other = target.alias("other")
    pairs = [(table.columns[own], other.columns[name]) for own, name in columns]
    joined = table.outerjoin(other, and_(*(own == there for own, there in pairs)))
    query = select(*(own for own, _ in pairs)).select_from(joined)
    query = query.where(pairs[0][1].is_(None), *(own.is_not(None) for own, _ in pairs))
    return query.distinct()


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
