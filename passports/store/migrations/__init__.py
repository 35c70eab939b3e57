"""Schema migrations: released ones are append-only; `python -m passports.store.migrations` runs them."""

from pathlib import Path

from alembic import command
from alembic.config import Config
from sqlalchemy import Engine


def configuration(engine: Engine) -> Config:
    """Return alembic's configuration for this folder and a database."""
    config = Config()
    config.set_main_option("script_location", str(Path(__file__).parent))
    config.attributes["engine"] = engine
    return config


def upgrade(engine: Engine) -> None:
    """Bring a database to the newest schema."""
    command.upgrade(configuration(engine), "head")


def check(engine: Engine) -> None:
    """Raise alembic's `CommandError` if the tables in code differ from the migrated schema."""
    command.check(configuration(engine))
