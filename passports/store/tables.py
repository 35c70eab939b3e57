"""The tables. Stored once: the exact bytes; beside them only the columns that are searched.

Every key begins with the issuing operator, so that rows can be spread by operator over a sharded
PostgreSQL without a redesign. Tables do not validate: rows are built from validated documents only.
"""

from datetime import UTC, date, datetime
from typing import Any, ClassVar

from sqlalchemy import JSON, BigInteger, DateTime, Dialect, ForeignKeyConstraint, Index, LargeBinary
from sqlalchemy.types import TypeDecorator, TypeEngine
from sqlmodel import Field, SQLModel

SQLModel.metadata.naming_convention = {
    "pk": "pk_%(table_name)s",
    "fk": "fk_%(table_name)s_%(referred_table_name)s",
    "ix": "ix_%(table_name)s_%(column_0_N_name)s",
    "uq": "uq_%(table_name)s_%(column_0_N_name)s",
}


class UtcDateTime(TypeDecorator[datetime]):
    """An instant: aware on both sides, in UTC in the database (SQLite keeps no time zone)."""

    impl = DateTime(timezone=True)
    cache_ok = True

    def process_bind_param(self, value: datetime | None, dialect: Dialect) -> datetime | None:
        """Refuse naive instants; write the others in UTC."""
        del dialect  # the same for all
        if value is None:
            return None
        if value.tzinfo is None:
            raise ValueError("a naive datetime cannot be stored")
        return value.astimezone(UTC)

    def process_result_value(self, value: datetime | None, dialect: Dialect) -> datetime | None:
        """Read an instant back as aware, in UTC."""
        del dialect  # the same for all
        if value is None:
            return None
        instant = value if value.tzinfo else value.replace(tzinfo=UTC)
        return instant.astimezone(UTC)

    def load_dialect_impl(self, dialect: Dialect) -> TypeEngine[Any]:
        """Use the database's own type for instants."""
        return dialect.type_descriptor(DateTime(timezone=True))


def _of_operator(*names: str) -> ForeignKeyConstraint:
    return ForeignKeyConstraint(list(names) or ["operator_id"], ["operator.id"])


class OperatorRow(SQLModel, table=True):
    """An economic operator."""

    __tablename__: ClassVar[Any] = "operator"

    id: str = Field(primary_key=True, max_length=64)
    name: str
    country: str
    did: str = Field(unique=True)
    created_at: datetime = Field(sa_type=UtcDateTime)
    document: bytes = Field(sa_type=LargeBinary)


class SigningKeyRow(SQLModel, table=True):
    """The public part of a signing key, and where its secret is kept."""

    __tablename__: ClassVar[Any] = "signing_key"
    __table_args__: ClassVar[Any] = (_of_operator(),)

    operator_id: str = Field(primary_key=True, max_length=64)
    kid: str = Field(primary_key=True, max_length=64)
    uri: str
    public_jwk: dict[str, Any] = Field(sa_type=JSON)
    created_at: datetime = Field(sa_type=UtcDateTime)
    retired_at: datetime | None = Field(default=None, sa_type=UtcDateTime)
    revoked_at: datetime | None = Field(default=None, sa_type=UtcDateTime)
    revoked_from_log_index: int | None = Field(default=None, sa_type=BigInteger)
    revoked_in_log: str | None = Field(default=None)


class ApiKeyRow(SQLModel, table=True):
    """An API key: only the hash of its secret; `actions` narrows what it may do, None does not."""

    __tablename__: ClassVar[Any] = "api_key"
    __table_args__: ClassVar[Any] = (_of_operator(),)

    operator_id: str = Field(primary_key=True, max_length=64)
    id: str = Field(primary_key=True, max_length=64)
    secret_sha256: str
    label: str
    created_at: datetime = Field(sa_type=UtcDateTime)
    expires_at: datetime | None = Field(default=None, sa_type=UtcDateTime)
    revoked_at: datetime | None = Field(default=None, sa_type=UtcDateTime)
    actions: list[str] | None = Field(default=None, sa_type=JSON)
    replaced_by: str | None = Field(default=None, max_length=64)


class FacilityRow(SQLModel, table=True):
    """A factory."""

    __tablename__: ClassVar[Any] = "facility"
    __table_args__: ClassVar[Any] = (_of_operator(),)

    operator_id: str = Field(primary_key=True, max_length=64)
    id: str = Field(primary_key=True, max_length=64)
    name: str
    country: str
    created_at: datetime = Field(sa_type=UtcDateTime)
    document: bytes = Field(sa_type=LargeBinary)


class EnergyPeriodRow(SQLModel, table=True):
    """Metered energy and production of a factory over a period."""

    __tablename__: ClassVar[Any] = "energy_period"
    __table_args__: ClassVar[Any] = (
        ForeignKeyConstraint(
            ["operator_id", "facility_id"], ["facility.operator_id", "facility.id"]
        ),
    )

    operator_id: str = Field(primary_key=True, max_length=64)
    facility_id: str = Field(primary_key=True, max_length=64)
    period_from: date = Field(primary_key=True)
    period_to: date
    created_at: datetime = Field(sa_type=UtcDateTime)
    document: bytes = Field(sa_type=LargeBinary)


class CertificateRow(SQLModel, table=True):
    """A factory certificate: the exact bytes of the document, and what was read off it."""

    __tablename__: ClassVar[Any] = "certificate"
    __table_args__: ClassVar[Any] = (
        ForeignKeyConstraint(
            ["operator_id", "facility_id"], ["facility.operator_id", "facility.id"]
        ),
        Index(None, "id"),
    )

    operator_id: str = Field(primary_key=True, max_length=64)
    id: str = Field(primary_key=True, max_length=64)
    facility_id: str = Field(max_length=64)
    scheme: str
    created_at: datetime = Field(sa_type=UtcDateTime)
    claims: bytes = Field(sa_type=LargeBinary)
    document: bytes = Field(sa_type=LargeBinary)
    sha256: str
    # Of certificates that were signed here; older ones are no leaves.
    log_index: int | None = Field(default=None, sa_type=BigInteger)


class BatteryModelRow(SQLModel, table=True):
    """A battery model."""

    __tablename__: ClassVar[Any] = "battery_model"
    __table_args__: ClassVar[Any] = (_of_operator(),)

    operator_id: str = Field(primary_key=True, max_length=64)
    id: str = Field(primary_key=True, max_length=64)
    gtin: str = Field(max_length=14, index=True)
    category: str
    chemistry: str
    created_at: datetime = Field(sa_type=UtcDateTime)
    document: bytes = Field(sa_type=LargeBinary)


class FootprintStudyRow(SQLModel, table=True):
    """A footprint of one model from one factory by one ruleset: inputs and result as computed."""

    __tablename__: ClassVar[Any] = "footprint_study"
    __table_args__: ClassVar[Any] = (
        ForeignKeyConstraint(
            ["operator_id", "facility_id"], ["facility.operator_id", "facility.id"]
        ),
        ForeignKeyConstraint(
            ["operator_id", "model_id"], ["battery_model.operator_id", "battery_model.id"]
        ),
        Index(None, "id"),
        Index(None, "ruleset", "kg_co2e_per_kwh", "id"),
    )

    operator_id: str = Field(primary_key=True, max_length=64)
    id: str = Field(primary_key=True, max_length=64)
    model_id: str = Field(max_length=64)
    facility_id: str = Field(max_length=64)
    ruleset: str
    kg_co2e_per_kwh: float
    kg_co2e_per_battery: float
    kg_co2e_per_kwh_capacity: float
    partial: bool
    computed_at: datetime = Field(sa_type=UtcDateTime)
    superseded_by: str | None = Field(default=None, max_length=64)
    inventory: bytes = Field(sa_type=LargeBinary)
    result: bytes = Field(sa_type=LargeBinary)
    result_sha256: str


class BatchRow(SQLModel, table=True):
    """A batch of batteries of one model from one factory."""

    __tablename__: ClassVar[Any] = "batch"
    __table_args__: ClassVar[Any] = (
        ForeignKeyConstraint(
            ["operator_id", "facility_id"], ["facility.operator_id", "facility.id"]
        ),
        ForeignKeyConstraint(
            ["operator_id", "model_id"], ["battery_model.operator_id", "battery_model.id"]
        ),
    )

    operator_id: str = Field(primary_key=True, max_length=64)
    id: str = Field(primary_key=True, max_length=64)
    model_id: str = Field(max_length=64)
    facility_id: str = Field(max_length=64)
    size: int
    request_sha256: str
    issued_at: datetime = Field(sa_type=UtcDateTime)
    document: bytes = Field(sa_type=LargeBinary)


class PassportRow(SQLModel, table=True):
    """One version of one battery's passport: the credential exactly as it was signed."""

    __tablename__: ClassVar[Any] = "passport"
    __table_args__: ClassVar[Any] = (
        ForeignKeyConstraint(["operator_id", "batch_id"], ["batch.operator_id", "batch.id"]),
        Index(None, "operator_id", "gtin", "serial", "version", unique=True),
        Index(None, "gtin", "serial"),
        Index(None, "id"),
        Index(None, "operator_id", "batch_id"),
    )

    operator_id: str = Field(primary_key=True, max_length=64)
    id: str = Field(primary_key=True, max_length=64)
    version: int = Field(primary_key=True)
    gtin: str = Field(max_length=14)
    serial: str = Field(max_length=20)
    batch_id: str = Field(max_length=64)
    status_list_id: str = Field(max_length=64)
    status_list_index: int
    log_index: int = Field(sa_type=BigInteger)
    issued_at: datetime = Field(sa_type=UtcDateTime)
    credential: bytes = Field(sa_type=LargeBinary)
    sha256: str


class StatusListRow(SQLModel, table=True):
    """A list of status bits, which of them are given out, and the list as it was last signed."""

    __tablename__: ClassVar[Any] = "status_list"
    __table_args__: ClassVar[Any] = (_of_operator(),)

    operator_id: str = Field(primary_key=True, max_length=64)
    id: str = Field(primary_key=True, max_length=64)
    purpose: str
    bits: bytes = Field(sa_type=LargeBinary)
    given_out: bytes = Field(sa_type=LargeBinary)
    credential: bytes = Field(sa_type=LargeBinary)
    updated_at: datetime = Field(sa_type=UtcDateTime)
    # The same bits as a Token Status List, and the SHA-256 of the `credential` that it was made of.
    token: bytes | None = Field(default=None, sa_type=LargeBinary)
    token_of: str | None = Field(default=None, max_length=64)


class LogStateRow(SQLModel, table=True):
    """The head of the transparency log; its one row is the lock under which the log grows."""

    __tablename__: ClassVar[Any] = "log_state"

    id: int = Field(primary_key=True)
    size: int = Field(sa_type=BigInteger)
    checkpoint: bytes = Field(sa_type=LargeBinary)
    updated_at: datetime = Field(sa_type=UtcDateTime)


class LogTileRow(SQLModel, table=True):
    """256 hashes of the log side by side (C2SP tlog-tiles); the last of a level may have fewer.

    Level -1 holds the entries themselves.
    """

    __tablename__: ClassVar[Any] = "log_tile"

    level: int = Field(primary_key=True)
    index: int = Field(primary_key=True, sa_type=BigInteger)
    hashes: bytes = Field(sa_type=LargeBinary)


class IdempotencyKeyRow(SQLModel, table=True):
    """What was answered under an Idempotency-Key, to answer it again."""

    __tablename__: ClassVar[Any] = "idempotency_key"
    __table_args__: ClassVar[Any] = (_of_operator(),)

    operator_id: str = Field(primary_key=True, max_length=64)
    key: str = Field(primary_key=True, max_length=128)
    request_sha256: str
    created_at: datetime = Field(sa_type=UtcDateTime)
    answer: bytes = Field(sa_type=LargeBinary)
