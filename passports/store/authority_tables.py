"""The tables of identifiers, authorisations, acts under them, transfers and sessions; see `tables`.

Acts grow only. An authorisation, a transfer and a session are never changed but for their end, which
is written into them once.
"""

from datetime import datetime
from typing import Any, ClassVar

from sqlalchemy import BigInteger, ForeignKeyConstraint, Index, LargeBinary
from sqlmodel import Field, SQLModel

from passports.store.tables import UtcDateTime


def _of_operator(column: str = "operator_id") -> ForeignKeyConstraint:
    return ForeignKeyConstraint([column], ["operator.id"])


class OperatorIdentifierRow(SQLModel, table=True):
    """An identifier of an operator, and who verified it how; one value belongs to one operator."""

    __tablename__: ClassVar[Any] = "operator_identifier"
    __table_args__: ClassVar[Any] = (
        _of_operator(),
        Index(None, "scheme", "value", unique=True),
    )

    operator_id: str = Field(primary_key=True, max_length=64)
    scheme: str = Field(primary_key=True, max_length=16)
    value: str = Field(primary_key=True, max_length=256)
    recorded_by: str = Field(max_length=64)
    recorded_at: datetime = Field(sa_type=UtcDateTime)
    verified_by: str | None = Field(default=None, max_length=64)
    verified_at: datetime | None = Field(default=None, sa_type=UtcDateTime)
    verification: bytes | None = Field(default=None, sa_type=LargeBinary)


class AuthorisationRow(SQLModel, table=True):
    """What one operator has authorised another to do for it, in writing."""

    __tablename__: ClassVar[Any] = "authorisation"
    __table_args__: ClassVar[Any] = (_of_operator(), Index(None, "agent_id"), Index(None, "id"))

    operator_id: str = Field(primary_key=True, max_length=64)
    id: str = Field(primary_key=True, max_length=64)
    agent_id: str = Field(max_length=64)
    given_at: datetime = Field(sa_type=UtcDateTime)
    revoked_at: datetime | None = Field(default=None, sa_type=UtcDateTime)
    revoked_by: str | None = Field(default=None, max_length=64)
    revocation_reason: str | None = Field(default=None)
    document: bytes = Field(sa_type=LargeBinary)


class ActRow(SQLModel, table=True):
    """One call that somebody made for another operator; its document names the hash of the one before."""

    __tablename__: ClassVar[Any] = "act"
    __table_args__: ClassVar[Any] = (_of_operator(),)

    operator_id: str = Field(primary_key=True, max_length=64)
    sequence: int = Field(primary_key=True, sa_type=BigInteger)
    acted_at: datetime = Field(sa_type=UtcDateTime)
    document: bytes = Field(sa_type=LargeBinary)
    sha256: str = Field(max_length=64)


class TransferRow(SQLModel, table=True):
    """An offer to hand responsibility over, as signed, and the acceptance of it, as signed."""

    __tablename__: ClassVar[Any] = "transfer"
    __table_args__: ClassVar[Any] = (_of_operator(), Index(None, "taker_id"), Index(None, "id"))

    operator_id: str = Field(primary_key=True, max_length=64)
    id: str = Field(primary_key=True, max_length=64)
    taker_id: str = Field(max_length=64)
    offered_at: datetime = Field(sa_type=UtcDateTime)
    expires_at: datetime = Field(sa_type=UtcDateTime)
    offer: bytes = Field(sa_type=LargeBinary)
    acceptance: bytes | None = Field(default=None, sa_type=LargeBinary)
    accepted_at: datetime | None = Field(default=None, sa_type=UtcDateTime)
    ended_at: datetime | None = Field(default=None, sa_type=UtcDateTime)
    ended_by: str | None = Field(default=None, max_length=64)
    end_reason: str | None = Field(default=None)


class SessionRow(SQLModel, table=True):
    """A browser that somebody signed in with: only the hash of what its cookie holds."""

    __tablename__: ClassVar[Any] = "session"
    __table_args__: ClassVar[Any] = (_of_operator(),)

    operator_id: str = Field(primary_key=True, max_length=64)
    secret_sha256: str = Field(primary_key=True, max_length=64)
    api_key_id: str = Field(max_length=64)
    created_at: datetime = Field(sa_type=UtcDateTime)
    expires_at: datetime = Field(sa_type=UtcDateTime)
    ended_at: datetime | None = Field(default=None, sa_type=UtcDateTime)
