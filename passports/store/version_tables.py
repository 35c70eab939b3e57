"""The tables of passport versions, successions and dynamic data; see `tables`.

All of them grow only. A version's credential stands in `passport`; here stands why it was made, by whom,
and what of it is not for the public.
"""

from datetime import datetime
from typing import Any, ClassVar

from sqlalchemy import ForeignKeyConstraint, Index, LargeBinary
from sqlmodel import Field, SQLModel

from passports.store.tables import UtcDateTime


def _of_operator() -> ForeignKeyConstraint:
    return ForeignKeyConstraint(["operator_id"], ["operator.id"])


class PassportChangeRow(SQLModel, table=True):
    """Why a version after the first was made; the credential cites the SHA-256 of its document."""

    __tablename__: ClassVar[Any] = "passport_change"
    __table_args__: ClassVar[Any] = (
        ForeignKeyConstraint(
            ["operator_id", "passport_id", "version"],
            ["passport.operator_id", "passport.id", "passport.version"],
        ),
        Index(None, "passport_id"),
    )

    operator_id: str = Field(primary_key=True, max_length=64)
    passport_id: str = Field(primary_key=True, max_length=64)
    version: int = Field(primary_key=True)
    actor_id: str = Field(max_length=64)
    kind: str = Field(max_length=16)
    life_cycle_status: str = Field(max_length=16)
    recorded_at: datetime = Field(sa_type=UtcDateTime)
    document: bytes = Field(sa_type=LargeBinary)
    sha256: str = Field(max_length=64)


class PassportSuccessionRow(SQLModel, table=True):
    """A passport that stands in the place of another since the battery was worked over."""

    __tablename__: ClassVar[Any] = "passport_succession"
    __table_args__: ClassVar[Any] = (_of_operator(), Index(None, "successor_id"))

    operator_id: str = Field(primary_key=True, max_length=64)
    predecessor_id: str = Field(primary_key=True, max_length=64)
    successor_id: str = Field(primary_key=True, max_length=64)
    successor_operator_id: str = Field(max_length=64)
    linked_at: datetime = Field(sa_type=UtcDateTime)


class DynamicRecordRow(SQLModel, table=True):
    """One measured value of a battery, with the time of measurement; never changed."""

    __tablename__: ClassVar[Any] = "dynamic_record"
    __table_args__: ClassVar[Any] = (_of_operator(),)

    operator_id: str = Field(primary_key=True, max_length=64)
    passport_id: str = Field(primary_key=True, max_length=64)
    attribute_id: str = Field(primary_key=True, max_length=64)
    measured_at: datetime = Field(primary_key=True, sa_type=UtcDateTime)
    received_at: datetime = Field(sa_type=UtcDateTime)
    actor_id: str = Field(max_length=64)
    source_sha256: str = Field(max_length=64)
    value: bytes = Field(sa_type=LargeBinary)
    flags: str


class DynamicImportRow(SQLModel, table=True):
    """A file of measured values that was taken in, and the report about it."""

    __tablename__: ClassVar[Any] = "dynamic_import"
    __table_args__: ClassVar[Any] = (_of_operator(),)

    operator_id: str = Field(primary_key=True, max_length=64)
    sha256: str = Field(primary_key=True, max_length=64)
    received_at: datetime = Field(sa_type=UtcDateTime)
    report: bytes = Field(sa_type=LargeBinary)
