"""The tables of the EU registry's outbox; see `tables`.

What waits is not written down: it is the passports without an entry here. An entry, its submission and
its proof are what a crash must not lose.
"""

from datetime import datetime
from typing import Any, ClassVar

from sqlalchemy import ForeignKeyConstraint, Index, LargeBinary
from sqlmodel import Field, SQLModel

from passports.store.tables import UtcDateTime


class RegistryEnrolmentRow(SQLModel, table=True):
    """An operator whose identity the registry has verified, until when, and what shows it."""

    __tablename__: ClassVar[Any] = "registry_enrolment"
    __table_args__: ClassVar[Any] = (ForeignKeyConstraint(["operator_id"], ["operator.id"]),)

    operator_id: str = Field(primary_key=True, max_length=64)
    verified_until: datetime = Field(sa_type=UtcDateTime)
    evidence: str
    recorded_at: datetime = Field(sa_type=UtcDateTime)


class RegistrySubmissionRow(SQLModel, table=True):
    """One file for the registry: its exact bytes, how often it was sent, and what came of it."""

    __tablename__: ClassVar[Any] = "registry_submission"
    __table_args__: ClassVar[Any] = (
        ForeignKeyConstraint(["operator_id"], ["operator.id"]),
        Index(None, "operator_id", "state"),
    )

    operator_id: str = Field(primary_key=True, max_length=64)
    id: str = Field(primary_key=True, max_length=64)
    state: str = Field(max_length=16)
    attempts: int
    correlation_id: str | None = Field(default=None, max_length=200)
    document: bytes = Field(sa_type=LargeBinary)
    sha256: str = Field(max_length=64)
    reason: str | None = Field(default=None)
    created_at: datetime = Field(sa_type=UtcDateTime)
    updated_at: datetime = Field(sa_type=UtcDateTime)


class RegistryEntryRow(SQLModel, table=True):
    """One version of a passport on its way: its key keeps it out of a second file."""

    __tablename__: ClassVar[Any] = "registry_entry"
    __table_args__: ClassVar[Any] = (
        ForeignKeyConstraint(
            ["operator_id", "passport_id", "version"],
            ["passport.operator_id", "passport.id", "passport.version"],
        ),
        ForeignKeyConstraint(
            ["operator_id", "submission_id"],
            ["registry_submission.operator_id", "registry_submission.id"],
        ),
        Index(None, "operator_id", "submission_id"),
        Index(None, "operator_id", "state"),
    )

    operator_id: str = Field(primary_key=True, max_length=64)
    passport_id: str = Field(primary_key=True, max_length=64)
    version: int = Field(primary_key=True)
    submission_id: str = Field(max_length=64)
    position: int
    state: str = Field(max_length=16)
    identifier: str
    sha256: str = Field(max_length=64)
    reason: str | None = Field(default=None)
    updated_at: datetime = Field(sa_type=UtcDateTime)


class RegistryProofRow(SQLModel, table=True):
    """The registry's proof that a version of a passport is registered, exactly as it came."""

    __tablename__: ClassVar[Any] = "registry_proof"
    __table_args__: ClassVar[Any] = (
        ForeignKeyConstraint(
            ["operator_id", "passport_id", "version"],
            ["passport.operator_id", "passport.id", "passport.version"],
        ),
    )

    operator_id: str = Field(primary_key=True, max_length=64)
    passport_id: str = Field(primary_key=True, max_length=64)
    version: int = Field(primary_key=True)
    registration_id: str = Field(max_length=200)
    passport_sha256: str = Field(max_length=64)
    registered_at: datetime = Field(sa_type=UtcDateTime)
    downloadable_until: datetime = Field(sa_type=UtcDateTime)
    document: bytes = Field(sa_type=LargeBinary)
    sha256: str = Field(max_length=64)
