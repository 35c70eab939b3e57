"""The tables of what was said of a passport's status, and of an operator's data; see `tables`.

Both grow only. The status itself stands in the status lists, an operator's newest data in `operator`.
"""

from datetime import datetime
from typing import Any, ClassVar

from sqlalchemy import ForeignKeyConstraint, Index, LargeBinary
from sqlmodel import Field, SQLModel

from passports.store.tables import UtcDateTime


class PassportStatusChangeRow(SQLModel, table=True):
    """A passport was suspended, reinstated or revoked: by whom, when and why; the class of why is public."""

    __tablename__: ClassVar[Any] = "passport_status_change"
    __table_args__: ClassVar[Any] = (
        ForeignKeyConstraint(["operator_id"], ["operator.id"]),
        Index(None, "passport_id"),
    )

    operator_id: str = Field(primary_key=True, max_length=64)
    passport_id: str = Field(primary_key=True, max_length=64)
    sequence: int = Field(primary_key=True)
    state: str = Field(max_length=16)
    actor_id: str = Field(max_length=64)
    acting_id: str | None = Field(default=None, max_length=64)
    recorded_at: datetime = Field(sa_type=UtcDateTime)
    reason: str
    reason_class: str | None = Field(default=None, max_length=16)


class OperatorVersionRow(SQLModel, table=True):
    """What an operator's data were from a time on; of the first version nobody was asked why."""

    __tablename__: ClassVar[Any] = "operator_version"
    __table_args__: ClassVar[Any] = (ForeignKeyConstraint(["operator_id"], ["operator.id"]),)

    operator_id: str = Field(primary_key=True, max_length=64)
    version: int = Field(primary_key=True)
    actor_id: str | None = Field(default=None, max_length=64)
    reason: str | None = Field(default=None)
    recorded_at: datetime = Field(sa_type=UtcDateTime)
    document: bytes = Field(sa_type=LargeBinary)
