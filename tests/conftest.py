"""Fixtures of all tests: databases (SQLite and a real PostgreSQL), and a world with records in it."""

import gc
import secrets
import shutil
import subprocess
import tempfile
import uuid
from collections.abc import Iterator
from functools import cache
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import httpx
import hypothesis
import pytest
from httpx._transports import default
from sqlalchemy import event

from passports.keyring import Keyring
from passports.store import Store
from signing.keys import encrypted_file
from tests.keyrings import CopyingKeyring
from tests.own_postgres import start_postgres
from tests.paths import SHARED
from tests.postgres_databases import PostgresDatabases
from tests.worlds import World, populate

# How long an example takes says more of what else the machine does than of what is tested.
hypothesis.settings.register_profile("voltpass", deadline=None)
hypothesis.settings.load_profile("voltpass")


def pytest_collection() -> None:
    """Import the tests without the garbage collector: next to nothing of that is garbage."""
    gc.disable()


def pytest_collection_finish() -> None:
    """Let the garbage collector leave alone what was imported: it lives as long as the tests do."""
    gc.enable()
    gc.freeze()


def pytest_sessionfinish() -> None:
    """Give back what was frozen: bindings complain of what is left when the process ends."""
    gc.unfreeze()


@pytest.fixture(scope="session", autouse=True)
def _derived_once() -> Iterator[None]:
    """A passphrase and a salt give the same key each time: so each pair is derived once a process.

    To derive it takes a quarter of a second by design, and each command opens its keys anew. Keys that
    are made here under one passphrase share their salt; `tests/signing/test_keys.py` has real ones.
    """
    salt = secrets.token_bytes(encrypted_file._SALT_BYTES)

    def drawn(count: int) -> bytes:
        return salt if count == len(salt) else secrets.token_bytes(count)

    with pytest.MonkeyPatch.context() as patch:
        sources = SimpleNamespace(token_bytes=drawn, token_hex=secrets.token_hex)
        patch.setattr(encrypted_file, "secrets", sources)
        patch.setattr(encrypted_file, "_derive", cache(encrypted_file._derive))
        yield


@pytest.fixture(scope="session", autouse=True)
def _authorities_read_once() -> Iterator[None]:
    """Each client of httpx reads all certificate authorities first, also to ask this machine by http."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(default, "create_ssl_context", cache(httpx.create_ssl_context))
        yield


@pytest.fixture(scope="session")
def shared() -> Path:
    """The folder of third-party schemas and vectors; skips where it is absent."""
    if not SHARED.is_dir():
        pytest.skip("the folder of third-party vectors is absent")
    return SHARED


@pytest.fixture(scope="session")
def keyring(tmp_path_factory: pytest.TempPathFactory) -> Keyring:
    """One keyring a process: its keys are opened once."""
    return CopyingKeyring(tmp_path_factory.mktemp("keys"), b"for tests")


class SqliteDatabases:
    """Gives out SQLite databases, empty or as a copy of the world.

    A store that a test gives back is given to the next, with another database in its place: an engine
    compiles each statement once, which took a third of what the tests of the store took.
    """

    def __init__(self, folder: Path, keyring: Keyring) -> None:
        self._folder = folder
        self._keyring = keyring
        self._templates: dict[bool, Path] = {}
        self._spare: list[Store] = []

    def make(self, *, populated: bool) -> Store:
        """Return a store on a database of its own."""
        return self._on_copy_of(self._template(populated=populated))

    def copy(self, store: Store) -> Store:
        """Return a store on a copy of another's database, which nobody may use meanwhile."""
        store.close()  # now the file is all there is of it
        return self._on_copy_of(_path_of(store))

    def _on_copy_of(self, path: Path) -> Store:
        fresh = f"sqlite:///{self._folder / uuid.uuid4().hex}.sqlite3"
        store = self._spare.pop() if self._spare else _hurried(Store(fresh))
        shutil.copy(path, _path_of(store))
        return store

    def _template(self, *, populated: bool) -> Path:
        if populated not in self._templates:
            template = self._folder / f"template-{populated}.sqlite3"
            if populated:
                shutil.copy(self._template(populated=False), template)
            store = Store(f"sqlite:///{template}")
            if populated:
                populate(store, self._keyring)
            else:
                store.migrate()
            store.close()
            self._templates[populated] = template
        return self._templates[populated]

    def discard(self, store: Store) -> None:
        """Close a store and remove its database."""
        store.close()
        path = _path_of(store)
        for suffix in ("", "-wal", "-shm", "-journal"):
            path.with_name(path.name + suffix).unlink(missing_ok=True)
        self._spare.append(store)


def _hurried(store: Store) -> Store:
    """Have a store not wait for the disk: nothing here outlives the tests, nor has to a power cut."""
    event.listen(
        store.engine, "connect", lambda given, _: given.execute("PRAGMA synchronous=OFF").close()
    )
    return store


def _path_of(store: Store) -> Path:
    return Path(store.url.removeprefix("sqlite:///"))


@pytest.fixture(scope="session")
def sqlite_databases(tmp_path_factory: pytest.TempPathFactory, keyring: Keyring) -> SqliteDatabases:
    """SQLite databases of this process."""
    return SqliteDatabases(tmp_path_factory.mktemp("sqlite"), keyring)


def _started() -> Any:
    # Not below pytest's own folder: as root the server runs as another user, and each pytest that
    # starts elsewhere on the machine closes that folder to others, which ends the server.
    # On a machine under load it may not answer in the time that pg_ctl gives it.
    for _attempt in range(2):
        try:
            return start_postgres(_server_folder(), "delete")
        except (OSError, RuntimeError, subprocess.SubprocessError):
            continue
    return start_postgres(_server_folder(), "delete")


def _server_folder() -> Path:
    folder = Path(tempfile.mkdtemp(prefix="voltpass-postgres-"))
    folder.chmod(0o755)
    return folder / "data"


@pytest.fixture(scope="session")
def postgres_databases(keyring: Keyring) -> Iterator[PostgresDatabases]:
    """Databases of a real PostgreSQL server, which comes as a wheel and runs as long as the tests."""
    with pytest.MonkeyPatch.context() as environment:
        environment.delenv("LD_PRELOAD", raising=False)  # faketime: the server keeps the real clock
        server = _started()
    try:
        databases = PostgresDatabases(server.get_uri(), keyring)
        yield databases
        databases.close()
    finally:
        server.cleanup()
        shutil.rmtree(Path(server.pgdata).parent, ignore_errors=True)


@pytest.fixture(params=["sqlite", "postgresql"])
def databases(request: pytest.FixtureRequest) -> SqliteDatabases | PostgresDatabases:
    """Both kinds of databases, one after the other."""
    name = {"sqlite": "sqlite_databases", "postgresql": "postgres_databases"}[request.param]
    databases: SqliteDatabases | PostgresDatabases = request.getfixturevalue(name)
    return databases


@pytest.fixture
def store(databases: SqliteDatabases | PostgresDatabases) -> Iterator[Store]:
    """An empty, migrated store, on SQLite and on PostgreSQL."""
    store = databases.make(populated=False)
    yield store
    databases.discard(store)


@pytest.fixture
def world(databases: SqliteDatabases | PostgresDatabases, keyring: Keyring) -> Iterator[World]:
    """A world with records, on SQLite and on PostgreSQL."""
    store = databases.make(populated=True)
    yield World(store, keyring)
    databases.discard(store)


@pytest.fixture
def sqlite_world(sqlite_databases: SqliteDatabases, keyring: Keyring) -> Iterator[World]:
    """A world with records, on SQLite: for what does not depend on the database."""
    store = sqlite_databases.make(populated=True)
    yield World(store, keyring)
    sqlite_databases.discard(store)
