"""Reading and writing the rows of `history_tables`; see `records`."""

from collections.abc import Sequence

from sqlmodel import col, select

from passports.store.history_tables import OperatorVersionRow, PassportStatusChangeRow
from passports.store.records import Records, can_be_stored


class PassportStatusChangeRecords(Records[PassportStatusChangeRow]):
    """What was said of passports' status."""

    table = PassportStatusChangeRow

    def of(self, passport_id: str) -> Sequence[PassportStatusChangeRow]:
        """Return what was said of a passport, oldest first."""
        if not can_be_stored(passport_id):
            return []
        row = PassportStatusChangeRow
        query = select(row).where(row.passport_id == passport_id)
        return self._session.exec(query.order_by(col(row.sequence))).all()


class OperatorVersionRecords(Records[OperatorVersionRow]):
    """Versions of operators' data."""

    table = OperatorVersionRow

    def of(self, operator_id: str) -> Sequence[OperatorVersionRow]:
        """Return the versions of an operator's data, oldest first; none where it was never corrected."""
        row = OperatorVersionRow
        query = select(row).where(row.operator_id == operator_id)
        return self._session.exec(query.order_by(col(row.version))).all()
