"""Reading and writing the rows of `archive_tables`; see `records`."""

from collections.abc import Iterator, Mapping, Sequence

from sqlalchemy import insert
from sqlalchemy.exc import IntegrityError, SQLAlchemyError
from sqlmodel import SQLModel, select

from passports.store.archive_tables import ContinuityRow, KeptLogRow, KeptLogTileRow
from passports.store.errors import RowLineError
from passports.store.read_only import let_keep
from passports.store.records import Records


class ContinuityRecords(Records[ContinuityRow]):
    """Operators that write nothing here any more."""

    table = ContinuityRow

    def all(self) -> Sequence[ContinuityRow]:
        """Return all of them, by operator."""
        return self._session.exec(select(ContinuityRow).order_by(ContinuityRow.operator_id)).all()

    def put(self, row: ContinuityRow) -> None:
        """Record what is known of an operator in place of what was."""
        self._session.merge(row)
        self._session.flush()


class KeptLogRecords(Records[KeptLogRow]):
    """Heads of kept logs."""

    table = KeptLogRow

    def all(self) -> Sequence[KeptLogRow]:
        """Return all kept logs, by name."""
        return self._session.exec(select(KeptLogRow).order_by(KeptLogRow.origin)).all()

    def put(self, row: KeptLogRow) -> None:
        """Record a head in place of an older one."""
        self._session.merge(row)
        self._session.flush()


class KeptLogTileRecords(Records[KeptLogTileRow]):
    """Tiles of kept logs."""

    table = KeptLogTileRow

    def put(self, row: KeptLogTileRow) -> None:
        """Record a tile in place of one with fewer hashes."""
        self._session.merge(row)
        self._session.flush()


class ArchiveRecords(Records[SQLModel]):
    """Any rows at all, as an archive takes them up and brings them in."""

    table = SQLModel

    def let_keep(self) -> None:
        """Let this transaction write what an archive holds, see `read_only`."""
        let_keep(self._session)

    def pages(
        self, table: type[SQLModel], filters: Mapping[str, str], size: int
    ) -> Iterator[list[SQLModel]]:
        """Yield rows of a table in the order of its key, so many at a time."""
        columns = SQLModel.metadata.tables[str(table.__tablename__)].columns
        query = select(table).where(*[columns[name] == value for name, value in filters.items()])
        keys = [column for column in columns if column.primary_key]
        found = self._session.exec(
            query.order_by(*keys), execution_options={"yield_per": size}
        ).partitions(size)
        for rows in found:
            yield list(rows)

    def find(self, table: type[SQLModel], key: tuple[object, ...]) -> SQLModel | None:
        """Return the row under a key, or None."""
        return self._session.get(table, key)

    def insert_many(self, table: type[SQLModel], rows: Sequence[Mapping[str, object]]) -> None:
        """Insert rows in one statement.

        Raises:
            RowLineError: the database cannot hold a value.
        """
        if not rows:
            return
        try:
            self._session.connection().execute(insert(table), list(rows))
        except IntegrityError:
            raise  # it leaves the transaction as RowExistsError
        except (SQLAlchemyError, ValueError, TypeError, OverflowError) as error:
            raise RowLineError(f"a row cannot be stored ({type(error).__name__})") from None

    def put(self, row: SQLModel) -> None:
        """Write a row in place of an older one."""
        self._session.merge(row)
        self._session.flush()
