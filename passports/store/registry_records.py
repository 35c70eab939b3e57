"""Reading and writing the rows of `registry_tables`; see `records`."""

from collections.abc import Iterator, Sequence
from datetime import datetime

from sqlalchemy import exists, func, update
from sqlalchemy.engine import CursorResult
from sqlmodel import col, select

from passports.store.records import Records
from passports.store.registry_tables import (
    RegistryEnrolmentRow,
    RegistryEntryRow,
    RegistryProofRow,
    RegistrySubmissionRow,
)
from passports.store.tables import PassportRow


class RegistryEnrolmentRecords(Records[RegistryEnrolmentRow]):
    """Operators that the registry has verified."""

    table = RegistryEnrolmentRow

    def put(self, row: RegistryEnrolmentRow) -> None:
        """Record an enrolment in place of an earlier one."""
        self._session.merge(row)
        self._session.flush()


class RegistrySubmissionRecords(Records[RegistrySubmissionRow]):
    """Files for the registry."""

    table = RegistrySubmissionRow

    def in_states(self, operator_id: str, states: Sequence[str]) -> Sequence[RegistrySubmissionRow]:
        """Return an operator's submissions in some states, oldest first."""
        query = select(RegistrySubmissionRow).where(
            RegistrySubmissionRow.operator_id == operator_id,
            col(RegistrySubmissionRow.state).in_(states),
        )
        order = (col(RegistrySubmissionRow.created_at), col(RegistrySubmissionRow.id))
        return self._session.exec(query.order_by(*order)).all()

    def claim(self, row: RegistrySubmissionRow, now: datetime) -> bool:
        """Count one more attempt, unless somebody else has counted it; tell which."""
        counted = self._session.connection().execute(
            update(RegistrySubmissionRow)
            .where(
                col(RegistrySubmissionRow.operator_id) == row.operator_id,
                col(RegistrySubmissionRow.id) == row.id,
                col(RegistrySubmissionRow.state) == row.state,
                col(RegistrySubmissionRow.attempts) == row.attempts,
            )
            .values(attempts=row.attempts + 1, state="sending", updated_at=now)
        )
        assert isinstance(counted, CursorResult)
        return counted.rowcount == 1

    def save(self, row: RegistrySubmissionRow) -> None:
        """Write a changed submission back."""
        self._session.merge(row)
        self._session.flush()


class RegistryEntryRecords(Records[RegistryEntryRow]):
    """Versions of passports on their way to the registry."""

    table = RegistryEntryRow

    def waiting(self, operator_id: str, after: str, limit: int) -> Sequence[PassportRow]:
        """Return the newest versions of passports that are in no file yet, by identifier, after one."""
        newer = PassportRow.__table__.alias("newer")  # type: ignore[attr-defined] # SQLModel sets it
        query = (
            select(PassportRow)
            .where(
                PassportRow.operator_id == operator_id,
                col(PassportRow.id) > after,
                ~exists().where(
                    newer.c.operator_id == PassportRow.operator_id,
                    newer.c.id == PassportRow.id,
                    newer.c.version > PassportRow.version,
                ),
                ~exists().where(
                    col(RegistryEntryRow.operator_id) == PassportRow.operator_id,
                    col(RegistryEntryRow.passport_id) == PassportRow.id,
                    col(RegistryEntryRow.version) == PassportRow.version,
                ),
            )
            .order_by(PassportRow.id)
            .limit(limit)
        )
        return self._session.exec(query).all()

    def of_submission(self, operator_id: str, submission_id: str) -> Sequence[RegistryEntryRow]:
        """Return the entries of a file in their order."""
        query = select(RegistryEntryRow).where(
            RegistryEntryRow.operator_id == operator_id,
            RegistryEntryRow.submission_id == submission_id,
        )
        return self._session.exec(query.order_by(col(RegistryEntryRow.position))).all()

    def in_state(self, operator_id: str, state: str) -> Iterator[RegistryEntryRow]:
        """Yield an operator's entries in a state."""
        query = select(RegistryEntryRow).where(
            RegistryEntryRow.operator_id == operator_id, RegistryEntryRow.state == state
        )
        yield from self._session.exec(query.order_by(RegistryEntryRow.identifier))

    def counts(self, operator_id: str) -> dict[str, int]:
        """Return how many entries an operator has in each state."""
        query = (
            select(RegistryEntryRow.state, func.count())
            .where(RegistryEntryRow.operator_id == operator_id)
            .group_by(RegistryEntryRow.state)
        )
        return {str(state): int(count) for state, count in self._session.exec(query)}

    def save(self, row: RegistryEntryRow) -> None:
        """Write a changed entry back."""
        self._session.merge(row)
        self._session.flush()

    def remove(self, row: RegistryEntryRow) -> None:
        """Take an entry out of its file, so that its passport waits again."""
        found = self.get(row.operator_id, row.passport_id, row.version)
        if found is not None:
            self._session.delete(found)
            self._session.flush()

    def forget_refused(self, operator_id: str) -> int:
        """Let refused entries wait again, after what was wrong with them is put right; return how many."""
        rows = list(self.in_state(operator_id, "refused"))
        for row in rows:
            self._session.delete(row)
        self._session.flush()
        return len(rows)


class RegistryProofRecords(Records[RegistryProofRow]):
    """Proofs of registration."""

    table = RegistryProofRow

    def of(self, operator_id: str) -> Iterator[RegistryProofRow]:
        """Yield an operator's proofs, by passport and version."""
        query = select(RegistryProofRow).where(RegistryProofRow.operator_id == operator_id)
        order = (RegistryProofRow.passport_id, col(RegistryProofRow.version))
        yield from self._session.exec(query.order_by(*order))

    def of_passport(self, operator_id: str, passport_id: str) -> Sequence[RegistryProofRow]:
        """Return the proofs of a passport, oldest version first."""
        query = select(RegistryProofRow).where(
            RegistryProofRow.operator_id == operator_id,
            RegistryProofRow.passport_id == passport_id,
        )
        return self._session.exec(query.order_by(col(RegistryProofRow.version))).all()
