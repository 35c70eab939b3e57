"""All tables of the store, for what needs them all at once: schema, archive, fsck."""

from typing import Final

from sqlalchemy import MetaData
from sqlmodel import SQLModel

from passports.store import (
    acceptance_tables,
    archive_tables,
    attribute_tables,
    authority_tables,
    factory_tables,
    history_tables,
    period_tables,
    recipe_tables,
    registry_tables,
    tables,
    version_tables,
)

# Importing a table's module is what registers it.
TABLE_MODULES: Final = (
    tables,
    acceptance_tables,
    archive_tables,
    attribute_tables,
    authority_tables,
    factory_tables,
    history_tables,
    period_tables,
    recipe_tables,
    registry_tables,
    version_tables,
)
METADATA: Final[MetaData] = SQLModel.metadata
