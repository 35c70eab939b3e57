"""Reading and writing the rows of `history_tables`; see `records`."""

from collections.abc import Sequence

from sqlalchemy import and_, func
from sqlalchemy.orm import aliased
from sqlmodel import col, select

from passports.store.history_tables import OperatorVersionRow, PassportStatusChangeRow
from passports.store.records import Records, can_be_stored
from passports.store.tables import PassportRow


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

    def suspended_in(self, operator_id: str, list_id: str) -> Sequence[int]:
        """Return the revocation indices in a list of those passports that were suspended last.

        All versions of a passport share that index, so its first version is asked.
        """
        row, newer = PassportStatusChangeRow, aliased(PassportStatusChangeRow)
        last = (
            select(func.max(newer.sequence))
            .where(newer.operator_id == row.operator_id, newer.passport_id == row.passport_id)
            .scalar_subquery()
        )
        query = (
            select(PassportRow.status_list_index)
            .join(
                row,
                and_(
                    col(row.operator_id) == PassportRow.operator_id,
                    col(row.passport_id) == PassportRow.id,
                ),
            )
            .where(row.operator_id == operator_id, row.state == "suspended", row.sequence == last)
            .where(PassportRow.status_list_id == list_id, PassportRow.version == 1)
        )
        return self._session.exec(query).all()


class OperatorVersionRecords(Records[OperatorVersionRow]):
    """Versions of operators' data."""

    table = OperatorVersionRow

    def of(self, operator_id: str) -> Sequence[OperatorVersionRow]:
        """Return the versions of an operator's data, oldest first; none where it was never corrected."""
        row = OperatorVersionRow
        query = select(row).where(row.operator_id == operator_id)
        return self._session.exec(query.order_by(col(row.version))).all()
