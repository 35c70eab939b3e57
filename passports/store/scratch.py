"""Stores that are thrown away: an archive is laid out in one, to be checked as a whole.

An engine compiles each statement once, and to check a store takes hundreds of them. So the engine of a
store that was thrown away serves the next one, on another file.
"""

from collections.abc import Iterator
from contextlib import contextmanager
from functools import cache
from pathlib import Path
from typing import Any, Final

from sqlalchemy import create_mock_engine, event, make_url
from sqlalchemy.schema import ExecutableDDLElement

from passports.store.every_table import METADATA
from passports.store.store import Store

_spare: Final[list["_ScratchStore"]] = []


class _ScratchStore(Store):
    """A store on an SQLite file that can be exchanged for another."""

    def __init__(self, path: Path) -> None:
        super().__init__(f"sqlite:///{path}")
        self._path = path
        event.listen(self._engine, "do_connect", self._connect)
        event.listen(self._engine, "connect", _hurry)

    def move_to(self, path: Path) -> None:
        """Serve another file from now on."""
        self.url, self._path = f"sqlite:///{path}", path

    def _connect(self, dialect: Any, _record: object, _given: object, options: Any) -> Any:  # noqa: ANN401 # SQLAlchemy's
        return dialect.connect(str(self._path), **options)

    def lay_out(self) -> None:
        """Create all tables at once."""
        with self._writing.begin() as connection:
            for statement in _layout():
                connection.exec_driver_sql(statement)


@contextmanager
def scratch_store(path: Path) -> Iterator[Store]:
    """Give out an empty store with all tables, for as long as the block takes; the file stays."""
    store = _spare.pop() if _spare else _ScratchStore(path)
    store.move_to(path)
    try:
        store.lay_out()
        yield store
    finally:
        store.close()
        _spare.append(store)


def _hurry(connection: Any, _record: object) -> None:  # noqa: ANN401 # SQLite's
    # After a power cut it is laid out anew.
    connection.execute("PRAGMA synchronous=OFF").close()


@cache
def _layout() -> tuple[str, ...]:
    statements: list[str] = []
    dialect = make_url("sqlite://").get_dialect()()

    def keep(statement: ExecutableDDLElement, *_: object, **__: object) -> None:
        statements.append(str(statement.compile(dialect=dialect)))

    METADATA.create_all(create_mock_engine("sqlite://", keep), checkfirst=False)
    return tuple(statements)
