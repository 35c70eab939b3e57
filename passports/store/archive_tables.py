"""The tables of continuity: operators kept here or ceased, and logs kept for others; see `tables`."""

from datetime import datetime
from typing import Any, ClassVar

from sqlalchemy import JSON, BigInteger, ForeignKeyConstraint, LargeBinary
from sqlmodel import Field, SQLModel

from passports.store.tables import UtcDateTime


class ContinuityRow(SQLModel, table=True):
    """An operator that writes nothing here any more: kept from an archive, or ceased, or both.

    `base_url` and what follows it up to `trust` are set where the operator's records came out of an
    archive; `ceased_at` and what follows it where somebody stated that the operator is gone.
    """

    __tablename__: ClassVar[Any] = "operator_continuity"
    __table_args__: ClassVar[Any] = (ForeignKeyConstraint(["operator_id"], ["operator.id"]),)

    operator_id: str = Field(primary_key=True, max_length=64)
    base_url: str | None = Field(default=None)
    archive_sha256: str | None = Field(default=None, max_length=64)
    archive_made_at: datetime | None = Field(default=None, sa_type=UtcDateTime)
    imported_at: datetime | None = Field(default=None, sa_type=UtcDateTime)
    audience: str | None = Field(default=None, max_length=16)
    trust: str | None = Field(default=None, max_length=16)
    ceased_at: datetime | None = Field(default=None, sa_type=UtcDateTime)
    ceased_by: str | None = Field(default=None, max_length=64)
    ceased_reason: str | None = Field(default=None)


class KeptLogRow(SQLModel, table=True):
    """The head of another server's transparency log, kept to prove what stands in it."""

    __tablename__: ClassVar[Any] = "kept_log"

    origin: str = Field(primary_key=True, max_length=300)
    size: int = Field(sa_type=BigInteger)
    checkpoint: bytes = Field(sa_type=LargeBinary)
    keys: list[dict[str, str]] = Field(sa_type=JSON)
    trust: str = Field(max_length=16)
    updated_at: datetime = Field(sa_type=UtcDateTime)


class KeptLogTileRow(SQLModel, table=True):
    """256 hashes of a kept log side by side, as in `LogTileRow`."""

    __tablename__: ClassVar[Any] = "kept_log_tile"

    origin: str = Field(primary_key=True, max_length=300)
    level: int = Field(primary_key=True)
    index: int = Field(primary_key=True, sa_type=BigInteger)
    hashes: bytes = Field(sa_type=LargeBinary)
