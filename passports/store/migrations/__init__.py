"""Schema migrations: released ones are append-only; `python -m passports.store.migrations` runs them."""

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
        command.upgrade(configuration(engine), "head")
        return
    with engine.connect().execution_options(isolation_level="AUTOCOMMIT") as connection:
        connection.execute(text("SELECT pg_advisory_lock(:lock)"), {"lock": _LOCK})
        try:
            command.upgrade(configuration(engine), "head")
        finally:
            connection.execute(text("SELECT pg_advisory_unlock(:lock)"), {"lock": _LOCK})


def check(engine: Engine) -> None:
    """Raise alembic's `CommandError` if the tables in code differ from the migrated schema."""
    command.check(configuration(engine))
