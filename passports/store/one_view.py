"""A store as it was at one instant: many readings after each other, in one transaction."""

from collections.abc import Iterator
from contextlib import AbstractContextManager, contextmanager
from types import TracebackType
from typing import Self

from passports.store.store import Store, Transaction


class OneView:
    """Readings of one instant, whatever is written meanwhile; used as a context manager.

    Where a reading ends in an error, or a statement failed in it, the next one is of a later instant:
    after a failed statement PostgreSQL answers nothing more in its transaction.
    """

    def __init__(self, store: Store) -> None:
        self._store = store
        self._opened: AbstractContextManager[Transaction] | None = None
        self._transaction: Transaction | None = None

    def __enter__(self) -> Self:
        """Begin with nothing opened: the first reading says of which instant all are."""
        return self

    def __exit__(self, *_error: object) -> None:
        """Give up the view."""
        self._give_up()

    @contextmanager
    def reading(self) -> Iterator[Transaction]:
        """Open a reading, see `Store.reading`."""
        if self._opened is None or self._transaction is None:
            self._opened = self._store.reading()
            self._transaction = self._opened.__enter__()
        try:
            yield self._transaction
            if self._transaction.integrity.has_failed():
                self._give_up()
        except Exception as error:
            self._give_up(type(error), error, error.__traceback__)
            raise

    def _give_up(
        self,
        kind: type[Exception] | None = None,
        error: Exception | None = None,
        trace: TracebackType | None = None,
    ) -> None:
        """End the transaction, which gives an error of the database the name that the store has for it."""
        opened, self._opened, self._transaction = self._opened, None, None
        if opened is not None:
            opened.__exit__(kind, error, trace)
