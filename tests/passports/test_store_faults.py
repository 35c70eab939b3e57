"""A database that goes away, and one that is current already."""

from pathlib import Path

import pytest
from sqlalchemy import text

from passports.errors import StoreUnavailableError
from passports.store import Store
from tests.worlds import MAKER, World


def test_a_database_that_does_not_answer_is_said_without_its_secrets() -> None:
    store = Store("postgresql+psycopg://user:hidden-password@127.0.0.1:1/none")
    for opening in (store.reading, store.transaction):
        with pytest.raises(StoreUnavailableError) as caught, opening() as opened:
            opened.operators.all()
        assert "hidden-password" not in str(caught.value)


def test_a_table_that_is_gone_shows_as_an_unavailable_database(sqlite_world: World) -> None:
    with sqlite_world.store.engine.begin() as connection:
        connection.execute(text("ALTER TABLE operator RENAME TO elsewhere"))
    with pytest.raises(StoreUnavailableError), sqlite_world.store.reading() as reading:
        reading.operators.get(MAKER)


def test_migrating_a_current_database_asks_and_does_nothing(tmp_path: Path) -> None:
    store = Store(f"sqlite:///{tmp_path / 'a.sqlite3'}")
    assert not store._schema_is_current()
    store.migrate()
    assert store._schema_is_current()
    with store.engine.begin() as connection:
        connection.execute(text("UPDATE alembic_version SET version_num = '0000'"))
    assert not store._schema_is_current()
    store.close()
