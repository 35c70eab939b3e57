"""The tables of attribute data, restricted credentials, grants and the access log; see `tables`.

All of them grow only: a version, a credential or an entry is never changed. The one exception is a
grant's revocation, which is written into it once.
"""

from datetime import datetime
from typing import Any, ClassVar

from sqlalchemy import BigInteger, ForeignKeyConstraint, Index, LargeBinary
from sqlmodel import Field, SQLModel

from passports.store.tables import UtcDateTime


def _of_operator() -> ForeignKeyConstraint:
    return ForeignKeyConstraint(["operator_id"], ["operator.id"])


class AttributeVersionRow(SQLModel, table=True):
    """All attribute values given for a model, a batch or a battery, as of one change."""

    __tablename__: ClassVar[Any] = "attribute_version"
    __table_args__: ClassVar[Any] = (_of_operator(),)

    operator_id: str = Field(primary_key=True, max_length=64)
    level: str = Field(primary_key=True, max_length=8)
    subject_id: str = Field(primary_key=True, max_length=64)
    version: int = Field(primary_key=True)
    actor: str = Field(max_length=64)
    reason: str
    recorded_at: datetime = Field(sa_type=UtcDateTime)
    document: bytes = Field(sa_type=LargeBinary)
    sha256: str = Field(max_length=64)


class RestrictedCredentialRow(SQLModel, table=True):
    """The restricted attributes of one version as SD-JWT VC with all disclosures, as signed.

    What was signed before there were leaves and status of such credentials has none of the last four.
    """

    __tablename__: ClassVar[Any] = "restricted_credential"
    __table_args__: ClassVar[Any] = (
        ForeignKeyConstraint(
            ["operator_id", "level", "subject_id", "version"],
            [
                "attribute_version.operator_id",
                "attribute_version.level",
                "attribute_version.subject_id",
                "attribute_version.version",
            ],
        ),
        Index(None, "credential_id"),
    )

    operator_id: str = Field(primary_key=True, max_length=64)
    level: str = Field(primary_key=True, max_length=8)
    subject_id: str = Field(primary_key=True, max_length=64)
    version: int = Field(primary_key=True)
    signed_at: datetime = Field(sa_type=UtcDateTime)
    credential: bytes = Field(sa_type=LargeBinary)
    sha256: str = Field(max_length=64)
    credential_id: str | None = Field(default=None, max_length=64)
    log_index: int | None = Field(default=None, sa_type=BigInteger)
    status_list_id: str | None = Field(default=None, max_length=64)
    status_list_index: int | None = Field(default=None)


class AccessGrantRow(SQLModel, table=True):
    """A legitimate interest that an operator has granted; ended by its date or by revocation."""

    __tablename__: ClassVar[Any] = "access_grant"
    __table_args__: ClassVar[Any] = (_of_operator(), Index(None, "grantee_id"), Index(None, "id"))

    operator_id: str = Field(primary_key=True, max_length=64)
    id: str = Field(primary_key=True, max_length=64)
    grantee_id: str = Field(max_length=64)
    expires_at: datetime = Field(sa_type=UtcDateTime)
    revoked_at: datetime | None = Field(default=None, sa_type=UtcDateTime)
    revoked_by: str | None = Field(default=None, max_length=64)
    revocation_reason: str | None = Field(default=None)
    document: bytes = Field(sa_type=LargeBinary)


class AccessEntryRow(SQLModel, table=True):
    """One read of restricted data; its document names the hash of the entry before it."""

    __tablename__: ClassVar[Any] = "access_entry"
    __table_args__: ClassVar[Any] = (_of_operator(),)

    operator_id: str = Field(primary_key=True, max_length=64)
    sequence: int = Field(primary_key=True, sa_type=BigInteger)
    read_at: datetime = Field(sa_type=UtcDateTime)
    document: bytes = Field(sa_type=LargeBinary)
    sha256: str = Field(max_length=64)
