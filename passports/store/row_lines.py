"""Rows of the store as lines of JSON, there and back again, exactly.

A line is an object of all columns. Bytes are text where they are UTF-8, base64 otherwise, so that a
signed credential can be read with the eye. What comes in is held against the column's type.
"""

import base64
import binascii
from collections.abc import Callable, Mapping
from datetime import UTC, date, datetime
from typing import Any, Final, TypeAlias

import orjson
from sqlalchemy import JSON, BigInteger, Column, Date, Float, Integer, LargeBinary, String
from sqlalchemy.types import Boolean
from sqlmodel import SQLModel
from sqlmodel.sql.sqltypes import AutoString

from passports.store.errors import RowLineError
from passports.store.tables import UtcDateTime

AnyRow: TypeAlias = SQLModel  # a row of any table

# Columns that came after lines of their table were written to archives; without them nothing was said.
_LATER: Final[Mapping[str, frozenset[str]]] = {
    "passport_status_change": frozenset({"reason_class"}),
}


def columns_of(table: type[SQLModel]) -> Mapping[str, Column[Any]]:
    """Return the columns of a table by name."""
    return dict(SQLModel.metadata.tables[str(table.__tablename__)].columns)


def key_of(table: type[SQLModel]) -> list[str]:
    """Return the names of a table's primary key."""
    return [name for name, column in columns_of(table).items() if column.primary_key]


def all_tables() -> set[type[SQLModel]]:
    """Return every table of the store."""
    from passports.store.every_table import TABLE_MODULES  # noqa: PLC0415 # all only where needed

    found = (one for module in TABLE_MODULES for one in vars(module).values())
    rows = {one for one in found if isinstance(one, type) and issubclass(one, SQLModel)}
    return rows - {SQLModel}


def write_row(values: Mapping[str, Any]) -> bytes:
    """Write a row as one line."""
    plain = {name: _plain(value) for name, value in values.items()}
    return orjson.dumps(plain, option=orjson.OPT_SORT_KEYS) + b"\n"


def _plain(value: object) -> object:
    if isinstance(value, bytes):
        try:
            return {"utf8": value.decode("utf-8")}
        except UnicodeDecodeError:
            return {"base64": base64.b64encode(value).decode("ascii")}
    if isinstance(value, datetime):
        return value.astimezone(UTC).isoformat()
    return value.isoformat() if isinstance(value, date) else value


def read_row(table: type[SQLModel], line: bytes) -> dict[str, Any]:
    """Read a line as a row of a table.

    Raises:
        RowLineError: it is not one: a column is missing, unknown, or of another type.
    """
    try:
        document = orjson.loads(line)
    except orjson.JSONDecodeError:
        raise RowLineError("a line is not JSON") from None
    columns = columns_of(table)
    if isinstance(document, dict):
        document = {**dict.fromkeys(_LATER.get(str(table.__tablename__), ())), **document}
    if not isinstance(document, dict) or set(document) != set(columns):
        raise RowLineError(f"a line is not a row of {table.__tablename__}")
    return {name: _read(column, document[name]) for name, column in columns.items()}


def _read(column: "Column[Any]", value: object) -> object:
    if value is None and column.nullable:
        return None
    reader = next(r for kind, r in _READERS if isinstance(column.type, kind))
    try:
        read = reader(value)
    except (ValueError, TypeError, KeyError, AttributeError, OverflowError, binascii.Error):
        raise RowLineError(f"{column.name} is not of its type") from None
    length = getattr(column.type, "length", None)
    if isinstance(read, str) and (("\x00" in read) or (length and len(read) > length)):
        raise RowLineError(f"{column.name} is longer than it can be")
    return read


def _bytes(value: Any) -> bytes:  # noqa: ANN401 # JSON
    [(form, text)] = value.items()
    if form == "utf8":
        return str(text).encode("utf-8")
    return base64.b64decode(text, validate=True)


def _instant(value: Any) -> datetime:  # noqa: ANN401 # JSON
    instant = datetime.fromisoformat(value)
    if instant.tzinfo is None:
        raise ValueError
    return instant.astimezone(UTC)


def _exactly(*kinds: type) -> Callable[[Any], Any]:
    def read(value: Any) -> Any:  # noqa: ANN401 # JSON
        if type(value) not in kinds:
            raise TypeError
        return value

    return read


def _number(value: Any) -> float:  # noqa: ANN401 # JSON
    return float(_exactly(int, float)(value))


_MAX_INTEGER: Final = 2**63 - 1


def _integer(value: Any) -> int:  # noqa: ANN401 # JSON
    number: int = _exactly(int)(value)
    if abs(number) > _MAX_INTEGER:
        raise ValueError
    return number


# In this order: the first kind that a column's type is.
_READERS: Final[tuple[tuple[type, Callable[[Any], Any]], ...]] = (
    (UtcDateTime, _instant),
    (Date, date.fromisoformat),
    (LargeBinary, _bytes),
    (JSON, _exactly(dict, list)),
    (Boolean, _exactly(bool)),
    (Float, _number),
    (BigInteger, _integer),
    (Integer, _integer),
    (AutoString, _exactly(str)),
    (String, _exactly(str)),
)
