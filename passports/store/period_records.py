"""Reading and writing the rows of `period_tables`; see `records`."""

from collections.abc import Mapping, Sequence
from datetime import date, datetime
from typing import Any

from sqlalchemy import delete, func, insert, literal, union_all
from sqlmodel import Session, col, select

from passports.store.factory_tables import MeterImportRow, MeterReadingRow
from passports.store.period_tables import (
    ClosedPeriodImportRow,
    ClosedPeriodRow,
    FacilityTargetRow,
    MeterStateRow,
    MeterWithdrawalRow,
    ProductionRow,
    WithdrawnReadingRow,
)
from passports.store.reading_sums import (
    ACCEPTED,
    Facility,
    MeterKey,
    MeterMonthRecords,
    ReadingSums,
    columns,
    of_facility,
)
from passports.store.records import Records


class MeterStateRecords(Records[MeterStateRow]):
    """States of meters that count up."""

    table = MeterStateRow

    def around(self, meter: MeterKey, first: datetime, last: datetime) -> Sequence[MeterStateRow]:
        """Return a meter's states between two instants and the one before them, in order."""
        state = MeterStateRow
        held = (*of_facility(state, meter[:2]), col(state.meter_id) == meter[2])
        before = (
            select(state)
            .where(*held, col(state.at) < first)
            .order_by(col(state.at).desc())
            .limit(1)
        )
        between = select(state).where(*held, col(state.at).between(first, last))
        found = self._session.exec(between.order_by(col(state.at))).all()
        return [*self._session.exec(before).all(), *found]

    def add_all(self, rows: Sequence[MeterStateRow]) -> None:
        """Insert states."""
        self._session.add_all(rows)
        self._session.flush()


class WithdrawalRecords(Records[MeterWithdrawalRow]):
    """Withdrawn deliveries, and their readings out of the way."""

    table = MeterWithdrawalRow

    def of(self, facility: Facility) -> Mapping[str, MeterWithdrawalRow]:
        """Return a factory's withdrawals by delivery."""
        query = select(MeterWithdrawalRow).where(*of_facility(MeterWithdrawalRow, facility))
        return {row.import_id: row for row in self._session.exec(query).all()}

    def spans(
        self, facility: Facility, import_id: str
    ) -> list[tuple[str, datetime, datetime, int]]:
        """Return meter, first and last beginning, and number of a delivery's readings that stand."""
        reading = MeterReadingRow
        query = (
            select(
                reading.meter_id,
                func.min(col(reading.starts_at)),
                func.max(col(reading.starts_at)),
                func.count(),
            )
            .where(*of_facility(reading, facility), reading.import_id == import_id)
            .group_by(reading.meter_id)
        )
        return [(meter, first, last, n) for meter, first, last, n in self._session.exec(query)]

    def set_aside(self, facility: Facility, import_id: str) -> None:
        """Move the readings of a delivery to the withdrawn ones."""
        names = [
            "operator_id",
            "facility_id",
            "import_id",
            "meter_id",
            "starts_at",
            "ends_at",
            "quantity",
            "state",
        ]
        which = (
            *of_facility(MeterReadingRow, facility),
            col(MeterReadingRow.import_id) == import_id,
        )
        rows = select(*[col(getattr(MeterReadingRow, name)) for name in names]).where(*which)
        self._session.exec(insert(WithdrawnReadingRow).from_select(names, rows))
        self._session.exec(delete(MeterReadingRow).where(*which))
        states = (*of_facility(MeterStateRow, facility), col(MeterStateRow.import_id) == import_id)
        self._session.exec(delete(MeterStateRow).where(*states))

    def import_counts(self, facility: Facility) -> dict[str, int]:
        """Return how many readings of each delivery stand."""
        reading = MeterReadingRow
        query = (
            select(reading.import_id, func.count())
            .where(*of_facility(reading, facility))
            .group_by(reading.import_id)
        )
        return dict(self._session.exec(query).all())

    def imports(self, facility: Facility, limit: int) -> Sequence[MeterImportRow]:
        """Return a factory's newest deliveries."""
        query = select(MeterImportRow).where(*of_facility(MeterImportRow, facility))
        order = (col(MeterImportRow.created_at).desc(), MeterImportRow.id)
        return self._session.exec(query.order_by(*order).limit(limit)).all()


class ProductionRecords(Records[ProductionRow]):
    """What was made, as registered."""

    table = ProductionRow

    def of(self, facility: Facility) -> Sequence[ProductionRow]:
        """Return all that a factory made, oldest first, withdrawn rows too."""
        query = select(ProductionRow).where(*of_facility(ProductionRow, facility))
        return self._session.exec(
            query.order_by(col(ProductionRow.period_from), ProductionRow.id)
        ).all()

    def meeting(self, facility: Facility, first: date, last: date) -> Sequence[ProductionRow]:
        """Return what stands of the production that shares a day with a period."""
        query = select(ProductionRow).where(
            *of_facility(ProductionRow, facility),
            col(ProductionRow.withdrawn_reason).is_(None),
            col(ProductionRow.period_from) <= last,
            col(ProductionRow.period_to) >= first,
        )
        return self._session.exec(query.order_by(ProductionRow.id)).all()

    def update(self, row: ProductionRow) -> None:
        """Write in that a row was withdrawn."""
        self._session.add(row)
        self._session.flush()


class ClosedPeriodRecords(Records[ClosedPeriodRow]):
    """Closed periods, each with its versions and what they rest on."""

    table = ClosedPeriodRow

    def of(self, facility: Facility) -> Sequence[ClosedPeriodRow]:
        """Return all versions of a factory's closed periods, oldest first."""
        query = select(ClosedPeriodRow).where(*of_facility(ClosedPeriodRow, facility))
        order = (col(ClosedPeriodRow.period_from), col(ClosedPeriodRow.version))
        return self._session.exec(query.order_by(*order)).all()

    def versions(self, facility: Facility, period_from: date) -> Sequence[ClosedPeriodRow]:
        """Return the versions of one closed period, oldest first."""
        query = select(ClosedPeriodRow).where(
            *of_facility(ClosedPeriodRow, facility), ClosedPeriodRow.period_from == period_from
        )
        return self._session.exec(query.order_by(col(ClosedPeriodRow.version))).all()

    def update(self, row: ClosedPeriodRow) -> None:
        """Write in that a period was reopened."""
        self._session.add(row)
        self._session.flush()

    def keep_imports(self, row: ClosedPeriodRow, since: datetime, until: datetime) -> int:
        """Write down the deliveries whose readings a version rests on, and return how many they are."""
        reading = MeterReadingRow
        names = ["operator_id", "facility_id", "period_from", "version", "import_id", "readings"]
        facility = (row.operator_id, row.facility_id)
        used = (
            columns(
                literal(row.operator_id),
                literal(row.facility_id),
                literal(row.period_from),
                literal(row.version),
                reading.import_id,
                func.count(),
            )
            .where(
                *of_facility(reading, facility),
                reading.starts_at >= since,
                reading.ends_at <= until,
                reading.state == ACCEPTED,
            )
            .group_by(reading.import_id)
        )
        self._session.exec(insert(ClosedPeriodImportRow).from_select(names, used))
        return len(self.imports(row))

    def imports(self, row: ClosedPeriodRow) -> Sequence[tuple[str, int]]:
        """Return the deliveries of a version, each with how many of its readings count."""
        used = ClosedPeriodImportRow
        query = select(used.import_id, used.readings).where(
            *of_facility(used, (row.operator_id, row.facility_id)),
            used.period_from == row.period_from,
            used.version == row.version,
        )
        return list(self._session.exec(query.order_by(used.import_id)).all())

    def using(self, facility: Facility, import_id: str) -> Sequence[ClosedPeriodRow]:
        """Return the newest versions of closed periods, not reopened, that rest on a delivery."""
        used = ClosedPeriodImportRow
        query = columns(used.period_from, used.version).where(
            *of_facility(used, facility), used.import_id == import_id
        )
        found = []
        for period_from, version in self._session.exec(query).all():
            newest = self.versions(facility, period_from)[-1]
            if newest.version == version and newest.reopened_at is None:
                found.append(newest)
        return found

    def recomputed(self, row: ClosedPeriodRow) -> dict[str, tuple[float, int]]:
        """Return quantity and number by meter out of the deliveries a version rests on, withdrawn or not."""
        facility = (row.operator_id, row.facility_id)
        used = select(ClosedPeriodImportRow.import_id).where(
            *of_facility(ClosedPeriodImportRow, facility),
            ClosedPeriodImportRow.period_from == row.period_from,
            ClosedPeriodImportRow.version == row.version,
        )
        parts: list[Any] = [
            select(table.meter_id, table.quantity).where(
                *of_facility(table, facility),
                col(table.import_id).in_(used),
                col(table.starts_at) >= row.starts_at,
                col(table.ends_at) <= row.ends_at,
                col(table.state) == ACCEPTED,
            )
            for table in (MeterReadingRow, WithdrawnReadingRow)
        ]
        whole = union_all(*parts).subquery()
        query = select(whole.c.meter_id, func.sum(whole.c.quantity), func.count()).group_by(
            whole.c.meter_id
        )
        return {meter: (total, count) for meter, total, count in self._session.exec(query)}


class FacilityTargetRecords(Records[FacilityTargetRow]):
    """Targets of factories."""

    table = FacilityTargetRow

    def of(self, facility: Facility) -> Sequence[FacilityTargetRow]:
        """Return all versions of a factory's targets."""
        target = FacilityTargetRow
        query = select(target).where(*of_facility(target, facility))
        order = (col(target.year), target.metric, col(target.version))
        return self._session.exec(query.order_by(*order)).all()


class MeteringRecords:
    """All of this: metering, production and closed periods, by factory."""

    def __init__(self, session: Session) -> None:
        self.months = MeterMonthRecords(session)
        self.sums = ReadingSums(session)
        self.states = MeterStateRecords(session)
        self.withdrawals = WithdrawalRecords(session)
        self.production = ProductionRecords(session)
        self.closed = ClosedPeriodRecords(session)
        self.targets = FacilityTargetRecords(session)
