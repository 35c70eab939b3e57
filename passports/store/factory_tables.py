"""The tables of factories' claims, meters, energy ledger and certificate life; see `tables`."""

from datetime import date, datetime
from typing import Any, ClassVar

from sqlalchemy import BigInteger, CheckConstraint, ForeignKeyConstraint, Index, LargeBinary
from sqlmodel import Field, SQLModel

from passports.store.tables import UtcDateTime


def _of_facility() -> ForeignKeyConstraint:
    return ForeignKeyConstraint(
        ["operator_id", "facility_id"], ["facility.operator_id", "facility.id"]
    )


class FacilityDossierRow(SQLModel, table=True):
    """One version of what is held of a factory's claims; an older version is never changed."""

    __tablename__: ClassVar[Any] = "facility_dossier"
    __table_args__: ClassVar[Any] = (_of_facility(),)

    operator_id: str = Field(primary_key=True, max_length=64)
    facility_id: str = Field(primary_key=True, max_length=64)
    version: int = Field(primary_key=True)
    created_at: datetime = Field(sa_type=UtcDateTime)
    document: bytes = Field(sa_type=LargeBinary)


class FacilityDocumentRow(SQLModel, table=True):
    """A document about a factory: its exact bytes under their SHA-256."""

    __tablename__: ClassVar[Any] = "facility_document"
    __table_args__: ClassVar[Any] = (_of_facility(),)

    operator_id: str = Field(primary_key=True, max_length=64)
    facility_id: str = Field(primary_key=True, max_length=64)
    sha256: str = Field(primary_key=True, max_length=64)
    name: str
    media_type: str
    created_at: datetime = Field(sa_type=UtcDateTime)
    content: bytes = Field(sa_type=LargeBinary)


class MeterRow(SQLModel, table=True):
    """A meter of a factory."""

    __tablename__: ClassVar[Any] = "meter"
    __table_args__: ClassVar[Any] = (_of_facility(),)

    operator_id: str = Field(primary_key=True, max_length=64)
    facility_id: str = Field(primary_key=True, max_length=64)
    id: str = Field(primary_key=True, max_length=64)
    carrier: str
    created_at: datetime = Field(sa_type=UtcDateTime)
    document: bytes = Field(sa_type=LargeBinary)


class MeterReadingRow(SQLModel, table=True):
    """What a meter counted from one instant to another, in the reference unit of its carrier."""

    __tablename__: ClassVar[Any] = "meter_reading"
    __table_args__: ClassVar[Any] = (
        ForeignKeyConstraint(
            ["operator_id", "facility_id", "meter_id"],
            ["meter.operator_id", "meter.facility_id", "meter.id"],
        ),
    )

    operator_id: str = Field(primary_key=True, max_length=64)
    facility_id: str = Field(primary_key=True, max_length=64)
    meter_id: str = Field(primary_key=True, max_length=64)
    starts_at: datetime = Field(primary_key=True, sa_type=UtcDateTime)
    ends_at: datetime = Field(sa_type=UtcDateTime)
    quantity: float
    state: str
    import_id: str = Field(max_length=64)


class MeterImportRow(SQLModel, table=True):
    """A delivery of readings as it came in, with all that was found about it."""

    __tablename__: ClassVar[Any] = "meter_import"
    __table_args__: ClassVar[Any] = (_of_facility(),)

    operator_id: str = Field(primary_key=True, max_length=64)
    facility_id: str = Field(primary_key=True, max_length=64)
    id: str = Field(primary_key=True, max_length=64)
    created_at: datetime = Field(sa_type=UtcDateTime)
    document: bytes = Field(sa_type=LargeBinary)


class EnergyLotRow(SQLModel, table=True):
    """An amount of energy that can be given to production once: metered, or certified.

    The database itself refuses what would overspend it. Amounts are whole watt-hours.
    """

    __tablename__: ClassVar[Any] = "energy_lot"
    __table_args__: ClassVar[Any] = (
        _of_facility(),
        ForeignKeyConstraint(
            ["operator_id", "backs_lot_id"], ["energy_lot.operator_id", "energy_lot.id"]
        ),
        CheckConstraint("quantity_wh >= 0", name="ck_energy_lot_quantity"),
        CheckConstraint(
            "allocated_wh >= 0 AND allocated_wh <= quantity_wh", name="ck_energy_lot_allocated"
        ),
        CheckConstraint("backed_wh >= 0 AND backed_wh <= quantity_wh", name="ck_energy_lot_backed"),
        Index(None, "operator_id", "facility_id", "period_from"),
    )

    operator_id: str = Field(primary_key=True, max_length=64)
    id: str = Field(primary_key=True, max_length=64)
    facility_id: str = Field(max_length=64)
    kind: str
    carrier: str
    source: str
    period_from: date
    period_to: date
    quantity_wh: int = Field(sa_type=BigInteger)
    allocated_wh: int = Field(sa_type=BigInteger)
    backed_wh: int = Field(sa_type=BigInteger)
    backs_lot_id: str | None = Field(default=None, max_length=64)
    created_at: datetime = Field(sa_type=UtcDateTime)
    document: bytes = Field(sa_type=LargeBinary)


class EnergyTransferRow(SQLModel, table=True):
    """One booking of the ledger: from where to where, for what, used by which footprint."""

    __tablename__: ClassVar[Any] = "energy_transfer"
    __table_args__: ClassVar[Any] = (
        _of_facility(),
        ForeignKeyConstraint(
            ["operator_id", "lot_id"], ["energy_lot.operator_id", "energy_lot.id"]
        ),
        Index(None, "operator_id", "facility_id"),
        Index(None, "operator_id", "study_id"),
    )

    operator_id: str = Field(primary_key=True, max_length=64)
    id: str = Field(primary_key=True, max_length=64)
    facility_id: str = Field(max_length=64)
    lot_id: str = Field(max_length=64)
    kind: str
    target_kind: str
    target_id: str
    study_id: str | None = Field(default=None, max_length=64)
    created_at: datetime = Field(sa_type=UtcDateTime)
    document: bytes = Field(sa_type=LargeBinary)


class EnergyPostingRow(SQLModel, table=True):
    """One line of a booking; the lines of a booking sum to zero."""

    __tablename__: ClassVar[Any] = "energy_posting"
    __table_args__: ClassVar[Any] = (
        ForeignKeyConstraint(
            ["operator_id", "transfer_id"], ["energy_transfer.operator_id", "energy_transfer.id"]
        ),
        Index(None, "operator_id", "facility_id", "account"),
    )

    operator_id: str = Field(primary_key=True, max_length=64)
    transfer_id: str = Field(primary_key=True, max_length=64)
    line: int = Field(primary_key=True)
    facility_id: str = Field(max_length=64)
    account: str
    wh: int = Field(sa_type=BigInteger)


class InstrumentClaimRow(SQLModel, table=True):
    """A certificate of origin that somebody has used: once on the whole server.

    The only key that does not begin with an operator: what must be unique across operators cannot.
    """

    __tablename__: ClassVar[Any] = "instrument_claim"
    __table_args__: ClassVar[Any] = (_of_facility(),)

    instrument_id: str = Field(primary_key=True, max_length=200)
    operator_id: str = Field(max_length=64)
    facility_id: str = Field(max_length=64)
    used_in: str
    claimed_at: datetime = Field(sa_type=UtcDateTime)


class CertificateEventRow(SQLModel, table=True):
    """Something that happened to a certificate: suspended, reinstated, withdrawn; append-only."""

    __tablename__: ClassVar[Any] = "certificate_event"
    __table_args__: ClassVar[Any] = (
        ForeignKeyConstraint(
            ["operator_id", "certificate_id"], ["certificate.operator_id", "certificate.id"]
        ),
    )

    operator_id: str = Field(primary_key=True, max_length=64)
    certificate_id: str = Field(primary_key=True, max_length=64)
    number: int = Field(primary_key=True)
    status: str
    reason: str
    by_operator_id: str = Field(max_length=64)
    at: datetime = Field(sa_type=UtcDateTime)


class CertificateCitationRow(SQLModel, table=True):
    """A batch whose passports cite a certificate, and what was found when they were issued."""

    __tablename__: ClassVar[Any] = "certificate_citation"
    __table_args__: ClassVar[Any] = (
        ForeignKeyConstraint(
            ["operator_id", "certificate_id"], ["certificate.operator_id", "certificate.id"]
        ),
        ForeignKeyConstraint(["operator_id", "batch_id"], ["batch.operator_id", "batch.id"]),
    )

    operator_id: str = Field(primary_key=True, max_length=64)
    certificate_id: str = Field(primary_key=True, max_length=64)
    batch_id: str = Field(primary_key=True, max_length=64)
    coverage: str
    cited_at: datetime = Field(sa_type=UtcDateTime)
