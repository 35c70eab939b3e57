"""Fixtures of the outside: an application to call, and one demonstration a session."""

import asyncio
import fcntl
import json
import shutil
from collections.abc import Iterator
from pathlib import Path

import pytest
from anyio._backends._asyncio import _root_task

from api.serving import free_port
from passports.documents import utc_now
from passports.keyring import Keyring
from passports.store import Store
from tests.api.caller import Caller, batch, voltpass_on
from tests.api.command_line import Demonstration, run
from tests.conftest import SqliteDatabases
from tests.worlds import MAKER, World

DATABASES = {"sqlite": "sqlite", "postgresql": "postgres"}


@pytest.fixture(scope="session")
def runner() -> Iterator[asyncio.Runner]:
    """One event loop for all calls of a process; its threads stay for the next call, as a server's do."""
    with asyncio.Runner() as running:
        running.run(_keep_threads())
        yield running


async def _keep_threads() -> None:
    """Have a task that outlasts the calls: anyio's threads end with the task that it takes for the first."""
    _root_task.set(asyncio.get_running_loop().create_task(asyncio.Event().wait()))


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


@pytest.fixture(scope="session", params=["sqlite", "postgresql"])
def unchanged(
    request: pytest.FixtureRequest,
    keyring: Keyring,
    runner: asyncio.Runner,
    tmp_path_factory: pytest.TempPathFactory,
) -> Iterator[Caller]:
    """The application on a world, on SQLite and on PostgreSQL, for calls that change nothing."""
    store = request.getfixturevalue(f"{DATABASES[request.param]}_databases").make(populated=True)
    yield Caller(voltpass_on(World(store, keyring), tmp_path_factory.mktemp("unchanged")), runner)
    store.close()


@pytest.fixture
def everywhere(world: World, tmp_path: Path, runner: asyncio.Runner) -> Caller:
    """The application on a world, on SQLite and on PostgreSQL."""
    return Caller(voltpass_on(world, tmp_path), runner)


@pytest.fixture(params=["sqlite", pytest.param("postgresql", marks=pytest.mark.soak)])
def served(
    request: pytest.FixtureRequest, keyring: Keyring, tmp_path: Path, runner: asyncio.Runner
) -> Iterator[Caller]:
    """The same for what hardly depends on the database: on PostgreSQL only in `make soak`."""
    databases = request.getfixturevalue(f"{DATABASES[request.param]}_databases")
    store = databases.make(populated=True)
    yield Caller(voltpass_on(World(store, keyring), tmp_path), runner)
    databases.discard(store)


@pytest.fixture
def empty(store: Store, keyring: Keyring, tmp_path: Path, runner: asyncio.Runner) -> Caller:
    """The application on an empty store, on SQLite and on PostgreSQL."""
    return Caller(voltpass_on(World(store, keyring), tmp_path), runner)


@pytest.fixture(scope="session")
def told(tmp_path_factory: pytest.TempPathFactory, worker_id: str) -> Demonstration:
    """A demonstration that ran once a session, as a process of its own; its home is for reading only."""
    shared = tmp_path_factory.getbasetemp()
    if (
        worker_id != "master"
    ):  # several processes test together: one of them runs it, the others wait
        shared = shared.parent
    with (shared / "demonstration.lock").open("w") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        home, answer = shared / "demonstration", shared / "demonstration.json"
        if not answer.exists():
            answer.write_text(json.dumps(tell(home)), encoding="utf-8")
    port, printed, stderr = json.loads(answer.read_text(encoding="utf-8"))
    return Demonstration(home, port, json.loads(printed), stderr)


def tell(home: Path) -> tuple[int, str, str]:
    """Run a demonstration; return its port and what it printed."""
    port = free_port()
    done = run("demo", "--no-serve", "--json", "--port", str(port), home=home)
    assert done.returncode == 0, done.stdout + done.stderr
    return port, done.stdout, done.stderr


@pytest.fixture
def demonstration(told: Demonstration, tmp_path: Path) -> Demonstration:
    """A copy of that demonstration's home, to be changed at will."""
    home = tmp_path / "home"
    shutil.copytree(told.home, home)
    return Demonstration(home, told.port, told.printed, told.stderr)


@pytest.fixture
def no_block(monkeypatch: pytest.MonkeyPatch) -> None:
    """Leave this process its network: the block of `verify --offline` is for good."""
    monkeypatch.setattr("api.commands.verifying.block_network", lambda: None)
