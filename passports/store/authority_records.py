"""Reading and writing the rows of `authority_tables`; see `records`."""

from collections.abc import Sequence
from datetime import datetime

from sqlmodel import col, delete, select

from passports.store.authority_tables import (
    ActRow,
    AuthorisationRow,
    OperatorIdentifierRow,
    SessionRow,
    TransferRow,
)
from passports.store.records import Records, can_be_stored


class OperatorIdentifierRecords(Records[OperatorIdentifierRow]):
    """Identifiers of operators."""

    table = OperatorIdentifierRow

    def of(self, operator_id: str) -> Sequence[OperatorIdentifierRow]:
        """Return an operator's identifiers, by scheme and value."""
        row = OperatorIdentifierRow
        query = select(row).where(row.operator_id == operator_id)
        return self._session.exec(query.order_by(row.scheme, row.value)).all()

    def by_value(self, scheme: str, value: str) -> OperatorIdentifierRow | None:
        """Return whose identifier this is, or None."""
        row = OperatorIdentifierRow
        if not can_be_stored(scheme, value):
            return None
        return self._session.exec(
            select(row).where(row.scheme == scheme, row.value == value)
        ).first()

    def remove(self, row: OperatorIdentifierRow) -> None:
        """Take back an identifier that nobody verified."""
        self._session.delete(row)
        self._session.flush()


class AuthorisationRecords(Records[AuthorisationRow]):
    """Written authorisations between operators."""

    table = AuthorisationRow

    def by_id(self, authorisation_id: str) -> AuthorisationRow | None:
        """Return an authorisation of any operator, or None."""
        row = AuthorisationRow
        if not can_be_stored(authorisation_id):
            return None
        return self._session.exec(select(row).where(row.id == authorisation_id)).first()

    def between(self, operator_id: str, agent_id: str) -> Sequence[AuthorisationRow]:
        """Return what an operator has authorised another to do, oldest first."""
        row = AuthorisationRow
        query = select(row).where(row.operator_id == operator_id, row.agent_id == agent_id)
        return self._session.exec(query.order_by(col(row.given_at), row.id)).all()

    def of(self, operator_id: str) -> Sequence[AuthorisationRow]:
        """Return the authorisations that an operator gave or got, oldest first."""
        row = AuthorisationRow
        either = (col(row.operator_id) == operator_id) | (col(row.agent_id) == operator_id)
        return self._session.exec(
            select(row).where(either).order_by(col(row.given_at), row.id)
        ).all()


class ActRecords(Records[ActRow]):
    """What was done for operators by others."""

    table = ActRow

    def last(self, operator_id: str) -> ActRow | None:
        """Return the newest act for an operator, or None."""
        query = select(ActRow).where(ActRow.operator_id == operator_id)
        return self._session.exec(query.order_by(col(ActRow.sequence).desc()).limit(1)).first()

    def page(self, operator_id: str, after: int, limit: int) -> Sequence[ActRow]:
        """Return acts after a sequence number, in order."""
        query = select(ActRow).where(
            ActRow.operator_id == operator_id, col(ActRow.sequence) > after
        )
        return self._session.exec(query.order_by(col(ActRow.sequence)).limit(limit)).all()


class TransferRecords(Records[TransferRow]):
    """Transfers of responsibility."""

    table = TransferRow

    def by_id(self, transfer_id: str, *, for_update: bool = False) -> TransferRow | None:
        """Return a transfer of any operator, or None; `for_update` holds it until the transaction ends."""
        if not can_be_stored(transfer_id):
            return None
        query = select(TransferRow).where(TransferRow.id == transfer_id)
        return self._session.exec(query.with_for_update() if for_update else query).first()

    def of(self, operator_id: str) -> Sequence[TransferRow]:
        """Return the transfers that an operator offered or was offered, oldest first."""
        row = TransferRow
        either = (col(row.operator_id) == operator_id) | (col(row.taker_id) == operator_id)
        return self._session.exec(
            select(row).where(either).order_by(col(row.offered_at), row.id)
        ).all()


class SessionRecords(Records[SessionRow]):
    """Sessions of browsers."""

    table = SessionRow

    def forget(self, before: datetime) -> None:
        """Delete sessions that ended by their date before an instant."""
        statement = delete(SessionRow).where(col(SessionRow.expires_at) < before)
        self._session.exec(statement)
