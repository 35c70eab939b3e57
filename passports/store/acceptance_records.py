"""Reading and writing the rows of `acceptance_tables`; see `records`."""

from collections.abc import Iterator, Sequence

from sqlmodel import col, select

from passports.store.acceptance_tables import AccessAnchorRow, ResponsibilityAcceptanceRow
from passports.store.attribute_tables import RestrictedCredentialRow
from passports.store.records import Records, can_be_stored
from passports.store.tables import CertificateRow, PassportRow


class ResponsibilityAcceptanceRecords(Records[ResponsibilityAcceptanceRow]):
    """Acceptances of responsibility."""

    table = ResponsibilityAcceptanceRow

    def by_id(self, acceptance_id: str) -> ResponsibilityAcceptanceRow | None:
        """Return an acceptance of any operator, or None."""
        row = ResponsibilityAcceptanceRow
        if not can_be_stored(acceptance_id):
            return None
        return self._session.exec(select(row).where(row.id == acceptance_id)).first()

    def between(self, operator_id: str, maker_id: str) -> Sequence[ResponsibilityAcceptanceRow]:
        """Return what an operator has accepted of a maker, oldest first."""
        row = ResponsibilityAcceptanceRow
        query = select(row).where(row.operator_id == operator_id, row.maker_id == maker_id)
        return self._session.exec(query.order_by(col(row.given_at), row.id)).all()

    def of(self, operator_id: str) -> Sequence[ResponsibilityAcceptanceRow]:
        """Return the acceptances that an operator gave or got, oldest first."""
        row = ResponsibilityAcceptanceRow
        either = (col(row.operator_id) == operator_id) | (col(row.maker_id) == operator_id)
        return self._session.exec(
            select(row).where(either).order_by(col(row.given_at), row.id)
        ).all()


class AccessAnchorRecords(Records[AccessAnchorRow]):
    """Anchors of access logs."""

    table = AccessAnchorRow

    def last(self, operator_id: str) -> AccessAnchorRow | None:
        """Return the newest anchor of an operator's access log, or None."""
        query = select(AccessAnchorRow).where(AccessAnchorRow.operator_id == operator_id)
        return self._session.exec(
            query.order_by(col(AccessAnchorRow.sequence).desc()).limit(1)
        ).first()

    def of(self, operator_id: str) -> Sequence[AccessAnchorRow]:
        """Return all anchors of an operator's access log, oldest first."""
        query = select(AccessAnchorRow).where(AccessAnchorRow.operator_id == operator_id)
        return self._session.exec(query.order_by(col(AccessAnchorRow.sequence))).all()

    def leaves(self) -> Iterator[tuple[str, int]]:
        """Yield (operator, index) of every leaf of a log that a credential says is its own."""
        for table in (PassportRow, RestrictedCredentialRow, CertificateRow):
            query = select(table.operator_id, table.log_index)
            for operator_id, index in self._session.exec(query):
                if index is not None:
                    yield operator_id, index

    def anchored_leaves(self) -> Sequence[int]:
        """Return the index of every anchor's leaf, in this server's own log whoever's access log it is of."""
        return self._session.exec(select(AccessAnchorRow.log_index)).all()
