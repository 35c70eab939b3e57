"""Reading and writing the rows of `recipe_tables`; see `records`."""

from collections.abc import Sequence
from datetime import datetime

from sqlalchemy import func, or_, update
from sqlmodel import col, select

from passports.store.recipe_tables import Gs1PrefixRow, MappingRecipeRow
from passports.store.records import Records

_GTIN_LOCK = 7912  # as `records._LOG_LOCK`; the GS1 General Specifications' section on check digits
_SHORTEST = 4  # digits of a prefix, as operators register them


class MappingRecipeRecords(Records[MappingRecipeRow]):
    """Recipes for reading files, every version of them."""

    table = MappingRecipeRow

    def newest(self, operator_id: str, name: str) -> MappingRecipeRow | None:
        """Return the newest version of a recipe, deleted or not, or None."""
        query = select(MappingRecipeRow).where(
            MappingRecipeRow.operator_id == operator_id, MappingRecipeRow.name == name
        )
        return self._session.exec(
            query.order_by(col(MappingRecipeRow.version).desc()).limit(1)
        ).first()

    def of(self, operator_id: str) -> Sequence[MappingRecipeRow]:
        """Return all versions of an operator's recipes that are not deleted, newest first."""
        query = select(MappingRecipeRow).where(
            MappingRecipeRow.operator_id == operator_id,
            col(MappingRecipeRow.deleted_at).is_(None),
        )
        order = (col(MappingRecipeRow.name), col(MappingRecipeRow.version).desc())
        return self._session.exec(query.order_by(*order)).all()

    def delete(self, operator_id: str, name: str, now: datetime) -> None:
        """Write into each version of a recipe that it is deleted."""
        query = update(MappingRecipeRow).where(
            col(MappingRecipeRow.operator_id) == operator_id,
            col(MappingRecipeRow.name) == name,
            col(MappingRecipeRow.deleted_at).is_(None),
        )
        self._session.connection().execute(query.values(deleted_at=now))


class Gs1PrefixRecords(Records[Gs1PrefixRow]):
    """Who holds which GS1 company prefix."""

    table = Gs1PrefixRow

    def lock(self) -> None:
        """Keep every other writer of prefixes and GTINs waiting until the transaction ends.

        Overlaps of prefixes are no matter of a unique key. SQLite has one writer at a time anyway.
        """
        if self._session.get_bind().dialect.name == "postgresql":
            self._session.connection().execute(select(func.pg_advisory_xact_lock(_GTIN_LOCK)))

    def overlapping(self, prefix: str) -> Sequence[Gs1PrefixRow]:
        """Return the prefixes with which one overlaps: those it begins with, and those that begin with it."""
        shorter = [prefix[:length] for length in range(_SHORTEST, len(prefix) + 1)]
        begins = col(Gs1PrefixRow.prefix).startswith(prefix, autoescape=True)
        query = select(Gs1PrefixRow).where(or_(col(Gs1PrefixRow.prefix).in_(shorter), begins))
        order = (col(Gs1PrefixRow.registered_at), col(Gs1PrefixRow.operator_id))
        return self._session.exec(query.order_by(*order)).all()

    def above(self, digits: str) -> Sequence[Gs1PrefixRow]:
        """Return the prefixes that a number stands under, the longest first, then the oldest."""
        lengths = range(_SHORTEST, len(digits) + 1)
        query = select(Gs1PrefixRow).where(
            col(Gs1PrefixRow.prefix).in_([digits[:length] for length in lengths])
        )
        rows = self._session.exec(query).all()
        return sorted(rows, key=lambda row: (-len(row.prefix), row.registered_at, row.operator_id))
