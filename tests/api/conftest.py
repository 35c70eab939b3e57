"""Fixtures of the outside: an application to call, and one demonstration a session."""

import asyncio
import json
import shutil
import subprocess
from collections.abc import Iterator
from pathlib import Path

import pytest

from api.serving import free_port
from passports.documents import utc_now
from passports.keyring import Keyring
from passports.store import Store
from tests.api.caller import Caller, batch, voltpass_on
from tests.api.command_line import VOLTPASS, Demonstration, environment
from tests.conftest import SqliteDatabases
from tests.worlds import MAKER, World


@pytest.fixture(scope="session")
def runner() -> Iterator[asyncio.Runner]:
    """One event loop for all calls of a process."""
    with asyncio.Runner() as running:
        yield running


@pytest.fixture
def caller(sqlite_world: World, tmp_path: Path, runner: asyncio.Runner) -> Caller:
    """The application on a world, on SQLite."""
    return Caller(voltpass_on(sqlite_world, tmp_path), runner)


@pytest.fixture(scope="session")
def issued(
    sqlite_databases: SqliteDatabases,
    keyring: Keyring,
    runner: asyncio.Runner,
    tmp_path_factory: pytest.TempPathFactory,
) -> Iterator[Caller]:
    """An application whose maker has issued two passports; for reading only."""
    store = sqlite_databases.make(populated=True)
    world = World(store, keyring)
    caller = Caller(voltpass_on(world, tmp_path_factory.mktemp("issued")), runner)
    caller.voltpass.write_trust_list(utc_now())
    answer = caller.post("/v1/batches", batch("SN-1", "SN/2"), by=MAKER)
    assert answer.status == 201, answer.body
    yield caller
    store.close()


@pytest.fixture
def everywhere(world: World, tmp_path: Path, runner: asyncio.Runner) -> Caller:
    """The application on a world, on SQLite and on PostgreSQL."""
    return Caller(voltpass_on(world, tmp_path), runner)


@pytest.fixture
def empty(store: Store, keyring: Keyring, tmp_path: Path, runner: asyncio.Runner) -> Caller:
    """The application on an empty store, on SQLite and on PostgreSQL."""
    return Caller(voltpass_on(World(store, keyring), tmp_path), runner)


@pytest.fixture(scope="session")
def told(tmp_path_factory: pytest.TempPathFactory) -> Demonstration:
    """A demonstration that ran once, as a process of its own; its home is for reading only."""
    home = tmp_path_factory.mktemp("demonstration") / "home"
    port = free_port()
    done = subprocess.run(
        [VOLTPASS, "demo", "--no-serve", "--json", "--port", str(port)],
        capture_output=True,
        text=True,
        env=environment(home),
        check=False,
        timeout=120,
    )
    assert done.returncode == 0, done.stdout + done.stderr
    return Demonstration(home, port, json.loads(done.stdout), done.stderr)


@pytest.fixture
def demonstration(told: Demonstration, tmp_path: Path) -> Demonstration:
    """A copy of that demonstration's home, to be changed at will."""
    home = tmp_path / "home"
    shutil.copytree(told.home, home)
    return Demonstration(home, told.port, told.printed, told.stderr)
