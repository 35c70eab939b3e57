"""The tables of acceptances of responsibility and of anchors of access logs; see `tables`.

Neither is ever changed, but for the end of an acceptance, which is written into it once.
"""

from datetime import datetime
from typing import Any, ClassVar

from sqlalchemy import BigInteger, ForeignKeyConstraint, Index, LargeBinary
from sqlmodel import Field, SQLModel

from passports.store.tables import UtcDateTime


class ResponsibilityAcceptanceRow(SQLModel, table=True):
    """An operator's statement, as signed, that it answers for what a maker issues."""

    __tablename__: ClassVar[Any] = "responsibility_acceptance"
    __table_args__: ClassVar[Any] = (
        ForeignKeyConstraint(["operator_id"], ["operator.id"]),
        Index(None, "id"),
        Index(None, "maker_id"),
    )

    operator_id: str = Field(primary_key=True, max_length=64)
    id: str = Field(primary_key=True, max_length=64)
    maker_id: str = Field(max_length=64)
    given_at: datetime = Field(sa_type=UtcDateTime)
    revoked_at: datetime | None = Field(default=None, sa_type=UtcDateTime)
    revocation_reason: str | None = Field(default=None)
    statement: bytes = Field(sa_type=LargeBinary)


class AccessAnchorRow(SQLModel, table=True):
    """The head of an operator's access log at a time, whose hash is a leaf of the transparency log."""

    __tablename__: ClassVar[Any] = "access_anchor"
    __table_args__: ClassVar[Any] = (ForeignKeyConstraint(["operator_id"], ["operator.id"]),)

    operator_id: str = Field(primary_key=True, max_length=64)
    sequence: int = Field(primary_key=True, sa_type=BigInteger)
    log_index: int = Field(sa_type=BigInteger)
    anchored_at: datetime = Field(sa_type=UtcDateTime)
    document: bytes = Field(sa_type=LargeBinary)
