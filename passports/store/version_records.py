"""Reading and writing the rows of `version_tables`, and the versions of passports; see `records`."""

from collections.abc import Iterator, Mapping, Sequence
from datetime import datetime
from functools import cache

from sqlalchemy import bindparam, func, insert, tuple_
from sqlmodel import col, select
from sqlmodel.sql.expression import SelectOfScalar

from passports.store.records import Records, can_be_stored
from passports.store.tables import PassportRow
from passports.store.version_tables import (
    DynamicImportRow,
    DynamicRecordRow,
    PassportChangeRow,
    PassportSuccessionRow,
)

_KEYS_A_STATEMENT = 500  # as in `records`


@cache  # put together once a process, see `records`
def _numbered() -> SelectOfScalar[PassportRow]:
    return select(PassportRow).where(
        col(PassportRow.id) == bindparam("asked_id"),
        col(PassportRow.version) == bindparam("asked_version"),
    )


class PassportVersionRecords(Records[PassportRow]):
    """Passports by identifier and version."""

    table = PassportRow

    def of(self, passport_id: str) -> Sequence[PassportRow]:
        """Return all versions of a passport, oldest first."""
        if not can_be_stored(passport_id):
            return []
        query = select(PassportRow).where(PassportRow.id == passport_id)
        return self._session.exec(query.order_by(col(PassportRow.version))).all()

    def numbered(self, passport_id: str, version: int) -> PassportRow | None:
        """Return one version of a passport, or None."""
        if not can_be_stored(passport_id):
            return None
        asked = {"asked_id": passport_id, "asked_version": version}
        return self._session.exec(_numbered(), params=asked).first()

    def at(self, passport_id: str, instant: datetime) -> PassportRow | None:
        """Return the version that was the newest at an instant, or None before the first."""
        if not can_be_stored(passport_id):
            return None
        query = select(PassportRow).where(
            PassportRow.id == passport_id, PassportRow.issued_at <= instant
        )
        return self._session.exec(query.order_by(col(PassportRow.version).desc()).limit(1)).first()

    def ids_of_batch(self, operator_id: str, batch_id: str) -> Sequence[str]:
        """Return the identifiers of a batch's passports, by serial."""
        query = select(PassportRow.id).where(
            PassportRow.operator_id == operator_id, PassportRow.batch_id == batch_id
        )
        query = query.where(PassportRow.version == 1).order_by(PassportRow.serial)
        return self._session.exec(query).all()

    def newest_of(self, passport_ids: Sequence[str]) -> Iterator[PassportRow]:
        """Yield the newest version of each of these passports."""
        row = PassportRow
        key = tuple_(col(row.id), col(row.version))
        for start in range(0, len(passport_ids), _KEYS_A_STATEMENT):
            wanted = col(row.id).in_(passport_ids[start : start + _KEYS_A_STATEMENT])
            newest = select(row.id, func.max(row.version)).where(wanted).group_by(row.id)
            yield from self._session.exec(select(row).where(wanted, key.in_(newest)))

    def first_of(self, passport_ids: Sequence[str]) -> Iterator[PassportRow]:
        """Yield the first version of each of these passports."""
        for start in range(0, len(passport_ids), _KEYS_A_STATEMENT):
            wanted = col(PassportRow.id).in_(passport_ids[start : start + _KEYS_A_STATEMENT])
            yield from self._session.exec(
                select(PassportRow).where(wanted, PassportRow.version == 1)
            )


class PassportChangeRecords(Records[PassportChangeRow]):
    """Why versions were made."""

    table = PassportChangeRow

    def of(self, passport_id: str) -> Sequence[PassportChangeRow]:
        """Return the changes of a passport, oldest first."""
        if not can_be_stored(passport_id):
            return []
        query = select(PassportChangeRow).where(PassportChangeRow.passport_id == passport_id)
        return self._session.exec(query.order_by(col(PassportChangeRow.version))).all()

    def add_many(self, rows: Sequence[Mapping[str, object]]) -> None:
        """Insert many rows in one statement."""
        self._session.connection().execute(insert(PassportChangeRow), list(rows))

    def statuses_of(self, operator_id: str, versions: Mapping[str, int]) -> Mapping[str, str]:
        """Return the life cycle status with which a version of each passport was made, where there is one."""
        row, names = PassportChangeRow, list(versions)
        found: dict[str, str] = {}
        for start in range(0, len(names), _KEYS_A_STATEMENT):
            wanted = col(row.passport_id).in_(names[start : start + _KEYS_A_STATEMENT])
            query = select(row.passport_id, row.version, row.life_cycle_status)
            read = self._session.exec(query.where(row.operator_id == operator_id, wanted))
            found |= {name: status for name, version, status in read if version == versions[name]}
        return found

    def last(self, operator_id: str, passport_id: str) -> PassportChangeRow | None:
        """Return the newest change of a passport, or None."""
        query = select(PassportChangeRow).where(
            PassportChangeRow.operator_id == operator_id,
            PassportChangeRow.passport_id == passport_id,
        )
        return self._session.exec(
            query.order_by(col(PassportChangeRow.version).desc()).limit(1)
        ).first()

    def all(self) -> Iterator[PassportChangeRow]:
        """Yield all changes of everything."""
        order = (
            PassportChangeRow.operator_id,
            PassportChangeRow.passport_id,
            col(PassportChangeRow.version),
        )
        yield from self._session.exec(select(PassportChangeRow).order_by(*order))


class PassportSuccessionRecords(Records[PassportSuccessionRow]):
    """Which passport stands in whose place."""

    table = PassportSuccessionRow

    def all(self) -> Iterator[PassportSuccessionRow]:
        """Yield all successions."""
        order = (
            PassportSuccessionRow.operator_id,
            PassportSuccessionRow.predecessor_id,
            PassportSuccessionRow.successor_id,
        )
        yield from self._session.exec(select(PassportSuccessionRow).order_by(*order))

    def after(self, predecessor_id: str) -> Sequence[PassportSuccessionRow]:
        """Return the successions in which a passport was replaced, oldest first."""
        query = select(PassportSuccessionRow).where(
            PassportSuccessionRow.predecessor_id == predecessor_id
        )
        order = (col(PassportSuccessionRow.linked_at), PassportSuccessionRow.successor_id)
        return self._session.exec(query.order_by(*order)).all()

    def before(self, successor_id: str) -> Sequence[PassportSuccessionRow]:
        """Return the successions in which a passport replaced others, oldest first."""
        query = select(PassportSuccessionRow).where(
            PassportSuccessionRow.successor_id == successor_id
        )
        order = (col(PassportSuccessionRow.linked_at), PassportSuccessionRow.predecessor_id)
        return self._session.exec(query.order_by(*order)).all()


class DynamicRecordRecords(Records[DynamicRecordRow]):
    """Measured values of batteries."""

    table = DynamicRecordRow

    def add_many(self, rows: Sequence[Mapping[str, object]]) -> None:
        """Insert many rows in one statement."""
        if rows:
            self._session.connection().execute(insert(DynamicRecordRow), list(rows))

    def of(
        self, operator_id: str, passport_id: str, attribute_id: str | None = None
    ) -> Sequence[DynamicRecordRow]:
        """Return a battery's values, by attribute and time of measurement."""
        query = select(DynamicRecordRow).where(
            DynamicRecordRow.operator_id == operator_id, DynamicRecordRow.passport_id == passport_id
        )
        if attribute_id is not None:
            query = query.where(DynamicRecordRow.attribute_id == attribute_id)
        order = (DynamicRecordRow.attribute_id, col(DynamicRecordRow.measured_at))
        return self._session.exec(query.order_by(*order)).all()

    def newest_of(
        self, operator_id: str, pairs: Sequence[tuple[str, str]]
    ) -> Iterator[DynamicRecordRow]:
        """Yield the newest value under each of these (passport, attribute)."""
        row = DynamicRecordRow
        key = tuple_(col(row.passport_id), col(row.attribute_id))
        for start in range(0, len(pairs), _KEYS_A_STATEMENT):
            wanted = (
                row.operator_id == operator_id,
                key.in_(pairs[start : start + _KEYS_A_STATEMENT]),
            )
            newest = (
                select(row.passport_id, row.attribute_id, func.max(row.measured_at))
                .where(*wanted)
                .group_by(row.passport_id, row.attribute_id)
            )
            whole = tuple_(col(row.passport_id), col(row.attribute_id), col(row.measured_at))
            query = select(row).where(row.operator_id == operator_id, whole.in_(newest))
            yield from self._session.exec(query)

    def present(
        self, operator_id: str, keys: Sequence[tuple[str, str, datetime]]
    ) -> Iterator[DynamicRecordRow]:
        """Yield those values that are there under (passport, attribute, time of measurement)."""
        row = DynamicRecordRow
        whole = tuple_(col(row.passport_id), col(row.attribute_id), col(row.measured_at))
        for start in range(0, len(keys), _KEYS_A_STATEMENT):
            part = keys[start : start + _KEYS_A_STATEMENT]
            query = select(row).where(row.operator_id == operator_id, whole.in_(part))
            yield from self._session.exec(query)

    def beside(
        self, operator_id: str, passport_id: str, attribute_id: str, at: datetime, actor_id: str
    ) -> tuple[DynamicRecordRow | None, DynamicRecordRow | None]:
        """Return the values that an actor measured last before and first after an instant."""
        row = DynamicRecordRow
        query = select(row).where(
            row.operator_id == operator_id,
            row.passport_id == passport_id,
            row.attribute_id == attribute_id,
            row.actor_id == actor_id,
        )
        moment = col(row.measured_at)
        earlier = query.where(moment < at).order_by(moment.desc()).limit(1)
        later = query.where(moment > at).order_by(moment).limit(1)
        return self._session.exec(earlier).first(), self._session.exec(later).first()


class DynamicImportRecords(Records[DynamicImportRow]):
    """Files of measured values."""

    table = DynamicImportRow
