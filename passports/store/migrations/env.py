"""Alembic's entry: runs migrations on the engine that `configuration` was given."""

from typing import Literal

from alembic import context
from sqlalchemy import Engine
from sqlmodel.sql.sqltypes import AutoString

from passports.store import tables
from passports.store.every_table import METADATA


def plain_types(kind: str, item: object, _autogen: object) -> str | Literal[False]:
    """Write column types of ours as plain ones: a migration does not change when our code does."""
    if kind == "type" and isinstance(item, AutoString):
        return f"sa.String(length={item.length})" if item.length else "sa.String()"
    if kind == "type" and isinstance(item, tables.UtcDateTime):
        return "sa.DateTime(timezone=True)"
    return False


engine = context.config.attributes["engine"]
assert isinstance(engine, Engine)
with engine.connect() as connection:
    context.configure(
        connection=connection,
        target_metadata=METADATA,
        render_as_batch=connection.dialect.name == "sqlite",
        render_item=plain_types,
    )
    with context.begin_transaction():
        context.run_migrations()
    connection.commit()
