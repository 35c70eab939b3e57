"""Schema migrations: released ones are append-only; `python -m passports.store.migrations` runs them."""

import fcntl
import os
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Final

from alembic import command
from alembic.config import Config
from sqlalchemy import Engine, text

# PostgreSQL's advisory locks are numbers that a program chooses: "voltpass" in ASCII.
_LOCK: Final = int.from_bytes(b"voltpass")


def configuration(engine: Engine) -> Config:
    """Return alembic's configuration for this folder and a database."""
    config = Config()
    config.set_main_option("script_location", str(Path(__file__).parent))
    config.attributes["engine"] = engine
    return config


def upgrade(engine: Engine) -> None:
    """Bring a database to the newest schema; servers that start at once do so one after the other."""
    if engine.dialect.name != "postgresql":
        with _alone(str(engine.url.database)):
            command.upgrade(configuration(engine), "head")
        return
    with engine.connect().execution_options(isolation_level="AUTOCOMMIT") as connection:
        connection.execute(text("SELECT pg_advisory_lock(:lock)"), {"lock": _LOCK})
        try:
            command.upgrade(configuration(engine), "head")
        finally:
            connection.execute(text("SELECT pg_advisory_unlock(:lock)"), {"lock": _LOCK})


@contextmanager
def _alone(database: str) -> Iterator[None]:
    """Wait until nobody else upgrades a database of this folder; that leaves no file behind."""
    descriptor = os.open(Path(database).parent, os.O_RDONLY)
    try:
        fcntl.flock(descriptor, fcntl.LOCK_EX)  # let go when it closes, also by a process that dies
        yield
    finally:
        os.close(descriptor)


def check(engine: Engine) -> None:
    """Raise alembic's `CommandError` if the tables in code differ from the migrated schema."""
    command.check(configuration(engine))
