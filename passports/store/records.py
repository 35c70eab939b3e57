"""Reading and writing rows: one class a kind of record, all inside a transaction of the store."""

from collections.abc import Iterator, Mapping, Sequence
from datetime import date
from functools import cache
from typing import Any, Generic, TypeVar

from sqlalchemy import ColumnElement, and_, bindparam, func, insert, inspect, or_, tuple_
from sqlalchemy.orm.util import identity_key
from sqlmodel import Session, SQLModel, col, select
from sqlmodel.sql.expression import SelectOfScalar

from passports.store.tables import (
    ApiKeyRow,
    BatchRow,
    BatteryModelRow,
    CertificateRow,
    EnergyPeriodRow,
    FacilityRow,
    IdempotencyKeyRow,
    LogStateRow,
    LogTileRow,
    OperatorRow,
    PassportRow,
    SigningKeyRow,
    StatusListRow,
)

Row = TypeVar("Row", bound=SQLModel)
# SQLite allows 32,766 parameters a statement since 3.32, PostgreSQL 65,535.
_KEYS_A_STATEMENT = 500
_MODELS_A_STATEMENT = 100
_FEW_SERIALS = 5
_LOG_LOCK = 6962  # any number that nobody else uses in this database; this one is the log's RFC


def can_be_stored(*values: object) -> bool:
    """Tell whether a database can hold these texts; one that cannot has no row with them either."""
    for value in values:
        if not isinstance(value, str):
            continue
        if "\x00" in value or any("\ud800" <= c <= "\udfff" for c in value):
            return False
    return True


# What is asked at most calls is put together once a process: to do so takes longer than the answer.
@cache
def _by_key(table: type[SQLModel]) -> tuple[SelectOfScalar[Any], tuple[str, ...]]:
    columns = inspect(table).primary_key
    names = tuple(f"key_{column.name}" for column in columns)
    asked = (c == bindparam(name) for c, name in zip(columns, names, strict=True))
    return select(table).where(*asked), names


@cache
def _newest_by_product() -> SelectOfScalar[PassportRow]:
    query = select(PassportRow).order_by(col(PassportRow.version).desc()).limit(1)
    return query.where(
        col(PassportRow.gtin) == bindparam("asked_gtin"),
        col(PassportRow.serial) == bindparam("asked_serial"),
    )


@cache
def _newest_by_id() -> SelectOfScalar[PassportRow]:
    query = select(PassportRow).order_by(col(PassportRow.version).desc()).limit(1)
    return query.where(col(PassportRow.id) == bindparam("asked_id"))


class Records(Generic[Row]):
    """Rows of one table, by primary key."""

    table: type[Row]

    def __init__(self, session: Session) -> None:
        self._session = session

    def add(self, row: Row) -> None:
        """Insert a row; a taken key shows at once, as `RowExistsError` from the transaction."""
        self._session.add(row)
        self._session.flush()

    def get(self, *key: object) -> Row | None:
        """Return the row under a primary key, or None."""
        if not can_be_stored(*key):
            return None
        if identity_key(self.table, key) in self._session.identity_map:
            return self._session.get(self.table, key)
        query, names = _by_key(self.table)
        asked = dict(zip(names, key, strict=True))
        row: Row | None = self._session.exec(query, params=asked).first()
        return row


class OperatorRecords(Records[OperatorRow]):
    """Economic operators."""

    table = OperatorRow

    def lock(self, operator_id: str) -> None:
        """Hold back other writers that lock this operator, until the transaction ends.

        SQLite has one writer at a time anyway. The lock leaves foreign keys alone (FOR NO KEY UPDATE).
        """
        query = select(OperatorRow.id).where(OperatorRow.id == operator_id)
        self._session.exec(query.with_for_update(key_share=True)).first()

    def all(self) -> Sequence[OperatorRow]:
        """Return all operators, by identifier."""
        return self._session.exec(select(OperatorRow).order_by(OperatorRow.id)).all()


class SigningKeyRecords(Records[SigningKeyRow]):
    """Public parts of signing keys."""

    table = SigningKeyRow

    def of(self, operator_id: str) -> Sequence[SigningKeyRow]:
        """Return an operator's keys, oldest first."""
        query = select(SigningKeyRow).where(SigningKeyRow.operator_id == operator_id)
        return self._session.exec(query.order_by(col(SigningKeyRow.created_at))).all()


class ApiKeyRecords(Records[ApiKeyRow]):
    """API keys."""

    table = ApiKeyRow

    def of(self, operator_id: str) -> Sequence[ApiKeyRow]:
        """Return an operator's keys, oldest first."""
        query = select(ApiKeyRow).where(ApiKeyRow.operator_id == operator_id)
        return self._session.exec(query.order_by(col(ApiKeyRow.created_at))).all()


class FacilityRecords(Records[FacilityRow]):
    """Factories."""

    table = FacilityRow

    def all(self, operator_id: str | None = None) -> Sequence[FacilityRow]:
        """Return the factories of an operator, or of all."""
        query = select(FacilityRow).order_by(FacilityRow.operator_id, FacilityRow.id)
        if operator_id is not None:
            query = query.where(FacilityRow.operator_id == operator_id)
        return self._session.exec(query).all()


class EnergyPeriodRecords(Records[EnergyPeriodRow]):
    """Metered periods."""

    table = EnergyPeriodRow

    def of(self, operator_id: str, facility_id: str) -> Sequence[EnergyPeriodRow]:
        """Return a factory's periods, oldest first."""
        query = select(EnergyPeriodRow).where(
            EnergyPeriodRow.operator_id == operator_id, EnergyPeriodRow.facility_id == facility_id
        )
        return self._session.exec(query.order_by(col(EnergyPeriodRow.period_from))).all()

    def replace(self, key: tuple[str, str, date], document: bytes) -> None:
        """Put a corrected version in a period's place."""
        row = self._session.get(EnergyPeriodRow, key)
        if row is not None:
            row.document = document
            self._session.add(row)
            self._session.flush()

    def overlapping(
        self, operator_id: str, facility_id: str, period_from: date, period_to: date
    ) -> EnergyPeriodRow | None:
        """Return a period that shares a day with the given one, or None."""
        query = select(EnergyPeriodRow).where(
            EnergyPeriodRow.operator_id == operator_id,
            EnergyPeriodRow.facility_id == facility_id,
            EnergyPeriodRow.period_from <= period_to,
            EnergyPeriodRow.period_to >= period_from,
        )
        return self._session.exec(query).first()


class CertificateRecords(Records[CertificateRow]):
    """Factory certificates."""

    table = CertificateRow

    def of(self, operator_id: str, facility_id: str) -> Sequence[CertificateRow]:
        """Return a factory's certificates, oldest first."""
        query = select(CertificateRow).where(
            CertificateRow.operator_id == operator_id, CertificateRow.facility_id == facility_id
        )
        return self._session.exec(query.order_by(col(CertificateRow.created_at))).all()

    def by_id(self, certificate_id: str) -> CertificateRow | None:
        """Return a certificate of any operator by its identifier, or None."""
        if not can_be_stored(certificate_id):
            return None
        return self._session.exec(
            select(CertificateRow).where(CertificateRow.id == certificate_id)
        ).first()

    def all(self) -> Iterator[CertificateRow]:
        """Yield all certificates."""
        yield from self._session.exec(select(CertificateRow).order_by(CertificateRow.id))


class BatteryModelRecords(Records[BatteryModelRow]):
    """Battery models."""

    table = BatteryModelRow

    def by_gtin(self, gtin: str) -> BatteryModelRow | None:
        """Return the model that a GTIN numbers, or None."""
        return self._session.exec(
            select(BatteryModelRow).where(BatteryModelRow.gtin == gtin)
        ).first()

    def all(self, operator_id: str | None = None) -> Sequence[BatteryModelRow]:
        """Return the models of an operator, or of all."""
        query = select(BatteryModelRow).order_by(BatteryModelRow.operator_id, BatteryModelRow.id)
        if operator_id is not None:
            query = query.where(BatteryModelRow.operator_id == operator_id)
        return self._session.exec(query).all()


class BatchRecords(Records[BatchRow]):
    """Batches."""

    table = BatchRow

    def all(self, operator_id: str | None = None) -> Sequence[BatchRow]:
        """Return the batches of an operator, or of all, newest first."""
        query = select(BatchRow).order_by(col(BatchRow.issued_at).desc(), BatchRow.id)
        if operator_id is not None:
            query = query.where(BatchRow.operator_id == operator_id)
        return self._session.exec(query).all()


class PassportRecords(Records[PassportRow]):
    """Passports, every version of them."""

    table = PassportRow

    def add_many(self, rows: Sequence[Mapping[str, object]]) -> None:
        """Insert many rows in one statement (an ORM object a row costs four times as much)."""
        self._session.connection().execute(insert(PassportRow), list(rows))

    def taken_serials(self, operator_id: str, gtin: str, serials: Sequence[str]) -> set[str]:
        """Return those of `serials` under which a passport of this model exists."""
        taken: set[str] = set()
        for start in range(0, len(serials), _KEYS_A_STATEMENT):
            query = select(PassportRow.serial).where(
                PassportRow.operator_id == operator_id,
                PassportRow.gtin == gtin,
                col(PassportRow.serial).in_(serials[start : start + _KEYS_A_STATEMENT]),
            )
            taken.update(self._session.exec(query))
        return taken

    def newest(self, gtin: str, serial: str) -> PassportRow | None:
        """Return the newest version of a battery's passport by product identifier, or None."""
        asked = {"asked_gtin": gtin, "asked_serial": serial}
        return self._session.exec(_newest_by_product(), params=asked).first()

    def newest_of(self, gtin: str, serials: Sequence[str]) -> Iterator[PassportRow]:
        """Yield the newest version of each passport that exists under these serials of a model."""
        for start in range(0, len(serials), _KEYS_A_STATEMENT):
            wanted = serials[start : start + _KEYS_A_STATEMENT]
            yield from self._newest(
                and_(col(PassportRow.gtin) == gtin, col(PassportRow.serial).in_(wanted))
            )

    def newest_of_all(self, serials_by_gtin: Mapping[str, Sequence[str]]) -> Iterator[PassportRow]:
        """Yield the newest version of each passport that exists under these serials of several models.

        A list can name thousands of models of which one battery each is there: those are asked for
        together, and pair by pair, for pairs in one list make SQLite read the whole table.
        """
        few: list[ColumnElement[bool]] = []
        for gtin, serials in serials_by_gtin.items():
            if len(serials) > _FEW_SERIALS:
                yield from self.newest_of(gtin, serials)
            else:
                is_model = col(PassportRow.gtin) == gtin
                few.append(and_(is_model, col(PassportRow.serial).in_(serials)))
        for start in range(0, len(few), _MODELS_A_STATEMENT):
            yield from self._newest(or_(*few[start : start + _MODELS_A_STATEMENT]))

    def _newest(self, condition: ColumnElement[bool]) -> Iterator[PassportRow]:
        query = select(PassportRow).where(condition).order_by(col(PassportRow.version))
        newest = {(row.gtin, row.serial): row for row in self._session.exec(query)}
        yield from newest.values()

    def by_id(self, passport_id: str) -> PassportRow | None:
        """Return the newest version of a passport by its identifier, or None."""
        if not can_be_stored(passport_id):
            return None
        return self._session.exec(_newest_by_id(), params={"asked_id": passport_id}).first()

    def of_batch(self, operator_id: str, batch_id: str) -> Iterator[PassportRow]:
        """Yield the passports of a batch, by serial."""
        query = select(PassportRow).where(
            PassportRow.operator_id == operator_id, PassportRow.batch_id == batch_id
        )
        yield from self._session.exec(query.order_by(PassportRow.serial, col(PassportRow.version)))

    def page(
        self, after: tuple[str, str, int] | None = None, limit: int = 500
    ) -> Sequence[PassportRow]:
        """Return passports by (operator, identifier, version), beginning after a key: walks the table."""
        query = select(PassportRow).order_by(
            PassportRow.operator_id, PassportRow.id, col(PassportRow.version)
        )
        if after is not None:
            key = tuple_(
                col(PassportRow.operator_id), col(PassportRow.id), col(PassportRow.version)
            )
            query = query.where(key > after)
        return self._session.exec(query.limit(limit)).all()


class StatusListRecords(Records[StatusListRow]):
    """Status lists."""

    table = StatusListRow

    def of(self, operator_id: str, *, for_update: bool = False) -> Sequence[StatusListRow]:
        """Return an operator's lists; `for_update` locks them until the transaction ends."""
        query = select(StatusListRow).where(StatusListRow.operator_id == operator_id)
        query = query.order_by(StatusListRow.id)
        return self._session.exec(query.with_for_update() if for_update else query).all()


class IdempotencyKeyRecords(Records[IdempotencyKeyRow]):
    """Answers under Idempotency-Keys."""

    table = IdempotencyKeyRow


class LogStateRecords(Records[LogStateRow]):
    """The head of the log."""

    table = LogStateRow

    def lock(self) -> LogStateRow | None:
        """Return the head and keep everybody else from growing the log until the transaction ends."""
        if self._session.get_bind().dialect.name == "postgresql":
            # There is no row to lock before the first entry, and two may want to write that one.
            self._session.connection().execute(select(func.pg_advisory_xact_lock(_LOG_LOCK)))
        return self._session.exec(select(LogStateRow).with_for_update()).first()


class LogTileRecords(Records[LogTileRow]):
    """The tiles of the log."""

    table = LogTileRow
