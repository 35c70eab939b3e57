"""Fixtures of the domain: a maker's server and a back-up operator's."""

from collections.abc import Iterator
from pathlib import Path

import pytest

from passports.keyring import Keyring
from passports.store import Store
from tests.conftest import SqliteDatabases
from tests.keyrings import CopyingKeyring
from tests.passports.archive_world import Second
from tests.passports.registry_double import RegistryDouble
from tests.passports.registry_world import Clock, registry_of
from tests.passports.restricted_world import give_restricted
from tests.postgres_databases import PostgresDatabases
from tests.worlds import (
    World,
)


@pytest.fixture(scope="session")
def backup_keyring(tmp_path_factory: pytest.TempPathFactory) -> Keyring:
    """One keyring a process: its keys are opened once."""
    return CopyingKeyring(tmp_path_factory.mktemp("backup-keys"), b"for tests of the back-up")


@pytest.fixture(scope="session")
def maker_store(sqlite_databases: SqliteDatabases, keyring: Keyring) -> Iterator[Store]:
    """What `first` is a copy of, made once a process."""
    world = World(sqlite_databases.make(populated=True), keyring)
    issued = world.issue("SN-1", "SN-2", "SN-3")
    give_restricted(world, issued.passports[0].id)
    yield world.store
    sqlite_databases.discard(world.store)


@pytest.fixture
def first(
    sqlite_databases: SqliteDatabases, maker_store: Store, keyring: Keyring
) -> Iterator[World]:
    """The maker's own server, with passports and restricted data."""
    store = sqlite_databases.copy(maker_store)
    yield World(store, keyring)
    sqlite_databases.discard(store)


@pytest.fixture
def second(
    databases: SqliteDatabases | PostgresDatabases,
    backup_keyring: Keyring,
    first: World,
    tmp_path: Path,
) -> Iterator[Second]:
    """The back-up operator's server, on SQLite and on PostgreSQL."""
    store = databases.make(populated=False)
    yield Second(store, backup_keyring, tmp_path / "scratch", first.trust_list())
    databases.discard(store)


@pytest.fixture
def spare(
    sqlite_databases: SqliteDatabases, backup_keyring: Keyring, first: World, tmp_path: Path
) -> Iterator[Second]:
    """The same on SQLite, for what does not depend on the database."""
    store = sqlite_databases.make(populated=False)
    yield Second(store, backup_keyring, tmp_path / "scratch", first.trust_list())
    sqlite_databases.discard(store)


@pytest.fixture
def clock() -> Clock:
    """An instant that a test moves."""
    return Clock()


@pytest.fixture
def double(sqlite_world: World, clock: Clock) -> Iterator[RegistryDouble]:
    """A registry that reads the passports of the world on SQLite."""
    with registry_of(sqlite_world.store, clock) as listening_double:
        yield listening_double


@pytest.fixture
def everywhere(databases: SqliteDatabases | PostgresDatabases, keyring: Keyring) -> Iterator[World]:
    """A world on SQLite and on PostgreSQL, for tests whose `world` is on SQLite."""
    store = databases.make(populated=True)
    yield World(store, keyring)
    databases.discard(store)
