"""The database as a whole: copied while others write, filled from a copy, and what stands in a copy.

SQLite is copied by its online backup API out of one read transaction: writers go on, and the copy is of
one instant. PostgreSQL is copied by pg_dump and filled by pg_restore, which come with it: no format of
ours lies between a disaster and the data. Both read the same exported snapshot as the facts told of it.
"""

import os
import shutil
import sqlite3
import subprocess
from collections.abc import Callable, Collection, Mapping, Sequence
from contextlib import closing
from dataclasses import dataclass
from importlib import resources
from pathlib import Path
from typing import Final

import psycopg
from sqlalchemy import Connection, inspect, text

from passports.store.store import Store

Progress = Callable[[int, int], None]
_PAGES_A_STEP: Final = 1024
_READ_WRITE: Final = "mode=rw"  # a file that is not there is not made
_MISSING: Final = "Install PostgreSQL's client programs, of the server's version or newer."


class DatabaseCopyError(Exception):
    """A database cannot be copied or filled: why, and what to do about it; never a password."""

    def __init__(self, reason: str, remedy: str) -> None:
        super().__init__(reason)
        self.reason = reason
        self.remedy = remedy


@dataclass(frozen=True)
class DatabaseFacts:
    """What stands in a database.

    Attributes:
        revision: Of its schema: the newest migration that it has seen.
        log_size: Entries of the transparency log.
        passports: All versions counted.
        key_uris: Where operators' signing keys lie that are in use.
    """

    revision: str
    log_size: int
    passports: int
    key_uris: Sequence[str]


def known_revisions() -> Sequence[str]:
    """Return the schema revisions that this software knows, oldest first."""
    folder = resources.files("passports.store").joinpath("migrations", "versions")
    return sorted(f.name.partition("_")[0] for f in folder.iterdir() if f.name[0].isdigit())


def copy_database(store: Store, target: Path, progress: Progress) -> DatabaseFacts:
    """Copy a database of whatever schema to a file that is not there yet.

    Raises:
        DatabaseCopyError: it is damaged, or pg_dump is missing or refuses.
    """
    if not store.is_sqlite:
        return _dump(store, target)
    source = f"{_sqlite_path(store).resolve().as_uri()}?{_READ_WRITE}"
    with (
        closing(sqlite3.connect(source, uri=True, isolation_level=None)) as reading,
        closing(sqlite3.connect(target, isolation_level=None)) as copy,
    ):
        # The view is held for the whole copy: else each write of others would begin it anew.
        reading.execute("BEGIN")
        reading.execute("SELECT count(*) FROM sqlite_master").fetchone()
        copy.execute("PRAGMA synchronous=OFF")  # synced once, when it is whole
        reading.backup(
            copy,
            pages=_PAGES_A_STEP,
            progress=lambda _status, left, pages: progress(pages - left, pages),
        )
        copy.execute("PRAGMA journal_mode=DELETE")  # one file, nothing beside it
    check_copy(target)
    return facts_of_copy(target)


def check_copy(path: Path) -> None:
    """Read all pages of a copied SQLite database.

    Raises:
        DatabaseCopyError: it is damaged.
    """
    with closing(sqlite3.connect(path)) as copy:
        try:
            said = str(copy.execute("PRAGMA quick_check(1)").fetchone()[0])
        except sqlite3.DatabaseError as error:
            said = str(error)
    if said != "ok":
        remedy = "Find an older backup; voltpass fsck names what is damaged in a store."
        raise DatabaseCopyError(f"the database is damaged: {said.splitlines()[0]}", remedy)


def facts_of_copy(path: Path) -> DatabaseFacts:
    """Return what stands in a copied SQLite database."""
    store = Store(f"sqlite:///{path}")
    try:
        return facts_of(store)
    finally:
        store.close()


def facts_of(store: Store) -> DatabaseFacts:
    """Return what stands in a database, of whatever schema."""
    with store.engine.connect() as connection:
        return _facts(connection)


def _facts(connection: Connection) -> DatabaseFacts:
    def scalar(statement: str) -> object:
        return connection.execute(text(statement)).scalar()

    uris = connection.execute(text("SELECT uri FROM signing_key WHERE retired_at IS NULL"))
    return DatabaseFacts(
        revision=str(scalar("SELECT version_num FROM alembic_version")),
        log_size=int(str(scalar("SELECT coalesce(max(size), 0) FROM log_state"))),
        passports=int(str(scalar("SELECT count(*) FROM passport"))),
        key_uris=sorted(str(row[0]) for row in uris),
    )


def is_empty(store: Store) -> bool:
    """Tell whether a database has no table at all; an SQLite file that is not there is not made."""
    if store.is_sqlite and not _sqlite_path(store).is_file():
        return True
    return not inspect(store.engine).get_table_names()


def fill_database(store: Store, source: Path) -> None:
    """Fill an empty PostgreSQL database from what `copy_database` wrote: all of it, or nothing.

    Raises:
        DatabaseCopyError: pg_restore is missing or refuses.
    """
    command = ["--single-transaction", "--exit-on-error", "--no-owner", "--no-privileges"]
    settings = _libpq_environment(store)
    _run("pg_restore", [*command, "--dbname", settings.get("PGDATABASE", ""), str(source)], store)


def rehouse_keys(store: Store, directory: str, names: Collection[str]) -> int:
    """Let keys' files be looked for in another folder; return how many are.

    Args:
        store: Any schema.
        directory: The folder that they are in now, absolute.
        names: The files in it. A file of another name lies where it was said to lie.
    """
    moved = 0
    with store.engine.begin() as connection:
        for (uri,) in connection.execute(text("SELECT DISTINCT uri FROM signing_key")).fetchall():
            scheme, _, place = str(uri).partition(":")
            name = place.rpartition("/")[2]
            if scheme != "file" or name not in names:
                continue
            statement = text("UPDATE signing_key SET uri = :new WHERE uri = :old")
            now = f"file:{directory}/{name}"
            moved += connection.execute(statement, {"new": now, "old": uri}).rowcount
    return moved


def _sqlite_path(store: Store) -> Path:
    return Path(str(store.engine.url.database))


def _dump(store: Store, target: Path) -> DatabaseFacts:
    view = store.engine.execution_options(
        isolation_level="REPEATABLE READ", postgresql_readonly=True
    )
    with view.connect() as connection:
        facts = _facts(connection)
        snapshot = str(connection.execute(text("SELECT pg_export_snapshot()")).scalar())
        command = ["--format=custom", "--no-owner", "--no-privileges", f"--snapshot={snapshot}"]
        _run("pg_dump", [*command, "--file", str(target)], store)
    return facts


def _run(program: str, arguments: Sequence[str], store: Store) -> None:
    found = shutil.which(program)
    if found is None:
        raise DatabaseCopyError(f"{program} is not installed here", _MISSING)
    settings = _libpq_environment(store)
    environment = {k: v for k, v in os.environ.items() if not k.startswith(("PG", "VOLTPASS_"))}
    done = subprocess.run(  # noqa: S603 # a program found on the path, and no shell
        [found, "--no-password", *arguments],
        env={**environment, **settings, "LC_MESSAGES": "C"},
        stdin=subprocess.DEVNULL,
        capture_output=True,
        text=True,
        errors="replace",
        check=False,
    )
    if done.returncode == 0:
        return
    lines = [line for line in done.stderr.splitlines() if line.strip()] or ["it says nothing"]
    secret = settings.get("PGPASSWORD")
    if secret and secret in done.stderr:
        lines = ["what it says repeats a secret"]
    if "version mismatch" in done.stderr:
        versions = " ".join(line.partition("detail: ")[2] for line in lines).strip()
        raise DatabaseCopyError(f"{program} is older than the server ({versions})", _MISSING)
    reason = f"{program} gave up: {lines[0].removeprefix(f'{program}: ')}"
    raise DatabaseCopyError(reason, "Check that the user may read and make all tables there.")


def _libpq_environment(store: Store) -> Mapping[str, str]:
    """Return the connection as libpq's variables: arguments of a process are for everybody to read."""
    _, given = store.engine.dialect.create_connect_args(store.engine.url)
    variables = {
        option.keyword.decode(): option.envvar.decode()
        for option in psycopg.pq.Conninfo.get_defaults()
        if option.envvar
    }
    given.pop("context", None)  # SQLAlchemy's, of how Python's types are written
    unknown = sorted(set(given) - set(variables))
    if unknown:
        reason = f"{', '.join(unknown)} in the URL has no form that pg_dump and pg_restore take"
        raise DatabaseCopyError(reason, "Leave it out of VOLTPASS_DATABASE_URL for this.")
    inherited = {k: v for k, v in os.environ.items() if k in variables.values()}
    return {**inherited, **{variables[name]: str(value) for name, value in given.items()}}
