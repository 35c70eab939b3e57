"""The tables of periods closed from readings: sums, withdrawals, production, targets; see `tables`."""

from datetime import date, datetime
from typing import Any, ClassVar

from sqlalchemy import ForeignKeyConstraint, Index, LargeBinary
from sqlmodel import Field, SQLModel

import passports.store.factory_tables  # noqa: F401 # foreign keys here name its tables
from passports.store.tables import UtcDateTime


def _of_facility() -> ForeignKeyConstraint:
    return ForeignKeyConstraint(
        ["operator_id", "facility_id"], ["facility.operator_id", "facility.id"]
    )


def _of_meter() -> ForeignKeyConstraint:
    return ForeignKeyConstraint(
        ["operator_id", "facility_id", "meter_id"],
        ["meter.operator_id", "meter.facility_id", "meter.id"],
    )


def _of_import() -> ForeignKeyConstraint:
    return ForeignKeyConstraint(
        ["operator_id", "facility_id", "import_id"],
        ["meter_import.operator_id", "meter_import.facility_id", "meter_import.id"],
    )


class MeterMonthRow(SQLModel, table=True):
    """What a meter counted in a month, by state of the readings: a sum that is drawn anew from them."""

    __tablename__: ClassVar[Any] = "meter_month"
    __table_args__: ClassVar[Any] = (_of_meter(),)

    operator_id: str = Field(primary_key=True, max_length=64)
    facility_id: str = Field(primary_key=True, max_length=64)
    meter_id: str = Field(primary_key=True, max_length=64)
    month: str = Field(primary_key=True, max_length=7)
    state: str = Field(primary_key=True, max_length=16)
    quantity: float
    readings: int


class MeterStateRow(SQLModel, table=True):
    """What the register of a meter that counts up showed at an instant, in the meter's own unit."""

    __tablename__: ClassVar[Any] = "meter_state"
    __table_args__: ClassVar[Any] = (_of_meter(), _of_import())

    operator_id: str = Field(primary_key=True, max_length=64)
    facility_id: str = Field(primary_key=True, max_length=64)
    meter_id: str = Field(primary_key=True, max_length=64)
    at: datetime = Field(primary_key=True, sa_type=UtcDateTime)
    shown: float
    import_id: str = Field(max_length=64)


class MeterWithdrawalRow(SQLModel, table=True):
    """That a delivery of readings was withdrawn, and why; the delivery itself stays as it came."""

    __tablename__: ClassVar[Any] = "meter_withdrawal"
    __table_args__: ClassVar[Any] = (_of_import(),)

    operator_id: str = Field(primary_key=True, max_length=64)
    facility_id: str = Field(primary_key=True, max_length=64)
    import_id: str = Field(primary_key=True, max_length=64)
    reason: str
    withdrawn_at: datetime = Field(sa_type=UtcDateTime)


class WithdrawnReadingRow(SQLModel, table=True):
    """A reading of a withdrawn delivery: it counts no longer, and is not lost."""

    __tablename__: ClassVar[Any] = "withdrawn_reading"
    __table_args__: ClassVar[Any] = (_of_meter(), _of_import())

    operator_id: str = Field(primary_key=True, max_length=64)
    facility_id: str = Field(primary_key=True, max_length=64)
    import_id: str = Field(primary_key=True, max_length=64)
    meter_id: str = Field(primary_key=True, max_length=64)
    starts_at: datetime = Field(primary_key=True, sa_type=UtcDateTime)
    ends_at: datetime = Field(sa_type=UtcDateTime)
    quantity: float
    state: str


class ProductionRow(SQLModel, table=True):
    """What a factory made over some days, of which model and on which line."""

    __tablename__: ClassVar[Any] = "production"
    __table_args__: ClassVar[Any] = (
        _of_facility(),
        Index(None, "operator_id", "facility_id", "period_from"),
    )

    operator_id: str = Field(primary_key=True, max_length=64)
    facility_id: str = Field(primary_key=True, max_length=64)
    id: str = Field(primary_key=True, max_length=64)
    period_from: date
    period_to: date
    kwh: float
    withdrawn_reason: str | None = None
    created_at: datetime = Field(sa_type=UtcDateTime)
    document: bytes = Field(sa_type=LargeBinary)


class ClosedPeriodRow(SQLModel, table=True):
    """A version of a period closed from readings; what it says is never changed.

    Only that it was reopened is written in later: the next version corrects it.
    """

    __tablename__: ClassVar[Any] = "closed_period"
    __table_args__: ClassVar[Any] = (_of_facility(),)

    operator_id: str = Field(primary_key=True, max_length=64)
    facility_id: str = Field(primary_key=True, max_length=64)
    period_from: date = Field(primary_key=True)
    version: int = Field(primary_key=True)
    period_to: date
    starts_at: datetime = Field(sa_type=UtcDateTime)
    ends_at: datetime = Field(sa_type=UtcDateTime)
    closed_at: datetime = Field(sa_type=UtcDateTime)
    reopened_at: datetime | None = Field(default=None, sa_type=UtcDateTime)
    reopened_reason: str | None = None
    document: bytes = Field(sa_type=LargeBinary)


class ClosedPeriodImportRow(SQLModel, table=True):
    """Which deliveries a version of a closed period rests on."""

    __tablename__: ClassVar[Any] = "closed_period_import"
    __table_args__: ClassVar[Any] = (
        _of_import(),
        Index(None, "operator_id", "facility_id", "import_id"),
    )

    operator_id: str = Field(primary_key=True, max_length=64)
    facility_id: str = Field(primary_key=True, max_length=64)
    period_from: date = Field(primary_key=True)
    version: int = Field(primary_key=True)
    import_id: str = Field(primary_key=True, max_length=64)
    readings: int


class FacilityTargetRow(SQLModel, table=True):
    """What a factory means to reach in a year; a later version stands for the earlier one."""

    __tablename__: ClassVar[Any] = "facility_target"
    __table_args__: ClassVar[Any] = (_of_facility(),)

    operator_id: str = Field(primary_key=True, max_length=64)
    facility_id: str = Field(primary_key=True, max_length=64)
    metric: str = Field(primary_key=True, max_length=64)
    year: int = Field(primary_key=True)
    version: int = Field(primary_key=True)
    value: float
    note: str | None = None
    created_at: datetime = Field(sa_type=UtcDateTime)
