"""The tables of bulk registration: mapping recipes, and who holds which GS1 company prefix; see `tables`.

A version of a recipe is never changed; a recipe that is deleted keeps its versions and says when.
"""

from datetime import datetime
from typing import Any, ClassVar

from sqlalchemy import ForeignKeyConstraint, Index, LargeBinary
from sqlmodel import Field, SQLModel

from passports.store.tables import UtcDateTime


def _of_operator() -> ForeignKeyConstraint:
    return ForeignKeyConstraint(["operator_id"], ["operator.id"])


class MappingRecipeRow(SQLModel, table=True):
    """One version of an operator's recipe for reading files."""

    __tablename__: ClassVar[Any] = "mapping_recipe"
    __table_args__: ClassVar[Any] = (_of_operator(),)

    operator_id: str = Field(primary_key=True, max_length=64)
    name: str = Field(primary_key=True, max_length=64)
    version: int = Field(primary_key=True)
    created_at: datetime = Field(sa_type=UtcDateTime)
    deleted_at: datetime | None = Field(default=None, sa_type=UtcDateTime)
    document: bytes = Field(sa_type=LargeBinary)


class Gs1PrefixRow(SQLModel, table=True):
    """A GS1 company prefix and the operator that holds it."""

    __tablename__: ClassVar[Any] = "gs1_prefix"
    __table_args__: ClassVar[Any] = (_of_operator(), Index(None, "prefix"))

    operator_id: str = Field(primary_key=True, max_length=64)
    prefix: str = Field(primary_key=True, max_length=12)
    registered_at: datetime = Field(sa_type=UtcDateTime)
