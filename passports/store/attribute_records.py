"""Reading and writing the rows of `attribute_tables`; see `records`."""

from collections.abc import Iterator, Sequence
from datetime import datetime
from functools import cache

from sqlalchemy import bindparam, func, tuple_
from sqlmodel import col, select
from sqlmodel.sql.expression import SelectOfScalar

from passports.store.attribute_tables import (
    AccessEntryRow,
    AccessGrantRow,
    AttributeVersionRow,
    RestrictedCredentialRow,
)
from passports.store.records import Records, can_be_stored

_KEYS_A_STATEMENT = 500  # as in `records`


# What is asked at every read is put together once a process, see `records`.
@cache
def _newest() -> SelectOfScalar[AttributeVersionRow]:
    row = AttributeVersionRow
    query = select(row).where(
        col(row.operator_id) == bindparam("asked_operator"),
        col(row.level) == bindparam("asked_level"),
        col(row.subject_id) == bindparam("asked_subject"),
    )
    return query.order_by(col(row.version).desc()).limit(1)


@cache
def _between() -> SelectOfScalar[AccessGrantRow]:
    row = AccessGrantRow
    query = select(row).where(
        col(row.operator_id) == bindparam("asked_operator"),
        col(row.grantee_id) == bindparam("asked_grantee"),
    )
    return query.order_by(col(row.id))


class AttributeVersionRecords(Records[AttributeVersionRow]):
    """Versions of attribute data."""

    table = AttributeVersionRow

    def versions(
        self, operator_id: str, level: str, subject_id: str
    ) -> Sequence[AttributeVersionRow]:
        """Return all versions of a subject's data, newest first."""
        query = select(AttributeVersionRow).where(
            AttributeVersionRow.operator_id == operator_id,
            AttributeVersionRow.level == level,
            AttributeVersionRow.subject_id == subject_id,
        )
        return self._session.exec(query.order_by(col(AttributeVersionRow.version).desc())).all()

    def newest(
        self, operator_id: str, level: str, subject_id: str, at: datetime | None = None
    ) -> AttributeVersionRow | None:
        """Return the newest version of a subject's data (the newest there was at an instant), or None."""
        asked = {"asked_operator": operator_id, "asked_level": level, "asked_subject": subject_id}
        if at is None:
            return self._session.exec(_newest(), params=asked).first()
        earlier = _newest().where(col(AttributeVersionRow.recorded_at) <= at)
        return self._session.exec(earlier, params=asked).first()

    def newest_of(
        self, operator_id: str, level: str, subject_ids: Sequence[str]
    ) -> Iterator[AttributeVersionRow]:
        """Yield the newest version of the data of each of these subjects that has some."""
        row = AttributeVersionRow
        key = tuple_(col(row.subject_id), col(row.version))
        for start in range(0, len(subject_ids), _KEYS_A_STATEMENT):
            wanted = (
                row.operator_id == operator_id,
                row.level == level,
                col(row.subject_id).in_(subject_ids[start : start + _KEYS_A_STATEMENT]),
            )
            newest = select(row.subject_id, func.max(row.version)).where(*wanted)
            newest = newest.group_by(row.subject_id)
            yield from self._session.exec(select(row).where(*wanted, key.in_(newest)))

    def all(self) -> Iterator[AttributeVersionRow]:
        """Yield all versions of everything."""
        order = (
            AttributeVersionRow.operator_id,
            AttributeVersionRow.level,
            AttributeVersionRow.subject_id,
            col(AttributeVersionRow.version),
        )
        yield from self._session.exec(select(AttributeVersionRow).order_by(*order))


class RestrictedCredentialRecords(Records[RestrictedCredentialRow]):
    """Restricted credentials."""

    table = RestrictedCredentialRow

    def newest(
        self, operator_id: str, level: str, subject_id: str
    ) -> RestrictedCredentialRow | None:
        """Return the newest credential of a subject, or None."""
        query = select(RestrictedCredentialRow).where(
            RestrictedCredentialRow.operator_id == operator_id,
            RestrictedCredentialRow.level == level,
            RestrictedCredentialRow.subject_id == subject_id,
        )
        query = query.order_by(col(RestrictedCredentialRow.version).desc())
        return self._session.exec(query.limit(1)).first()

    def by_id(self, credential_id: str) -> RestrictedCredentialRow | None:
        """Return a credential by the identifier that it states itself, or None."""
        if not can_be_stored(credential_id):
            return None
        query = select(RestrictedCredentialRow).where(
            RestrictedCredentialRow.credential_id == credential_id
        )
        return self._session.exec(query).first()


class AccessGrantRecords(Records[AccessGrantRow]):
    """Grants of a legitimate interest."""

    table = AccessGrantRow

    def by_id(self, grant_id: str) -> AccessGrantRow | None:
        """Return a grant by its identifier alone, or None."""
        query = select(AccessGrantRow).where(AccessGrantRow.id == grant_id)
        return self._session.exec(query).first()

    def between(self, operator_id: str, grantee_id: str) -> Sequence[AccessGrantRow]:
        """Return the grants of one operator to one grantee, ended ones too."""
        asked = {"asked_operator": operator_id, "asked_grantee": grantee_id}
        return self._session.exec(_between(), params=asked).all()

    def given_by(self, operator_id: str) -> Sequence[AccessGrantRow]:
        """Return the grants of an operator."""
        query = select(AccessGrantRow).where(AccessGrantRow.operator_id == operator_id)
        return self._session.exec(query.order_by(AccessGrantRow.id)).all()

    def given_to(self, grantee_id: str) -> Sequence[AccessGrantRow]:
        """Return the grants to a grantee."""
        query = select(AccessGrantRow).where(AccessGrantRow.grantee_id == grantee_id)
        return self._session.exec(query.order_by(AccessGrantRow.id)).all()


class AccessEntryRecords(Records[AccessEntryRow]):
    """The access log."""

    table = AccessEntryRow

    def last(self, operator_id: str) -> AccessEntryRow | None:
        """Return the last entry about an operator's data, or None."""
        query = select(AccessEntryRow).where(AccessEntryRow.operator_id == operator_id)
        return self._session.exec(
            query.order_by(col(AccessEntryRow.sequence).desc()).limit(1)
        ).first()

    def page(self, operator_id: str, after: int = 0, limit: int = 500) -> Sequence[AccessEntryRow]:
        """Return entries about an operator's data in their order, beginning after a number."""
        query = select(AccessEntryRow).where(
            AccessEntryRow.operator_id == operator_id, col(AccessEntryRow.sequence) > after
        )
        return self._session.exec(query.order_by(col(AccessEntryRow.sequence)).limit(limit)).all()
