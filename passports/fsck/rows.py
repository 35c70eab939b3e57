"""Rows as `fsck` walks them; those of a small table that several walks need are read once for all."""

from collections.abc import Iterator, Sequence
from typing import Final, TypeVar

from passports.continuity import log_origin
from passports.store import (
    AccessAnchorRow,
    AccessEntryRow,
    AnyRow,
    AuthorisationRow,
    BatchRow,
    ContinuityRow,
    KeptLogRow,
    KeptLogTileRow,
    LogStateRow,
    LogTileRow,
    OperatorRow,
    OperatorVersionRow,
    PassportChangeRow,
    PassportRow,
    SigningKeyRow,
    StatusListRow,
    Transaction,
)
from signing.merkle import HASH_BYTES
from signing.tiles import TILE_WIDTH

Row = TypeVar("Row", bound=AnyRow)
_PAGE: Final = 500
_ENTRIES: Final = -1  # the level of the entries themselves, see LogTileRow
# No table of files: five hundred of those are too many to be kept until the end.
_ASKED_AGAIN: Final[frozenset[type[AnyRow]]] = frozenset(
    {
        *(AccessAnchorRow, AccessEntryRow, AuthorisationRow, BatchRow, ContinuityRow, KeptLogRow),
        *(KeptLogTileRow, LogStateRow, LogTileRow, OperatorRow, OperatorVersionRow),
        *(PassportChangeRow, PassportRow, SigningKeyRow, StatusListRow),
    }
)


def pages(reading: Transaction, table: type[Row]) -> Iterator[Sequence[Row]]:
    """Yield the rows of a table in the order of its key, up to so many at a time."""
    few = reading.integrity.few(table, is_kept=table in _ASKED_AGAIN)
    if few is not None:
        if few:
            yield few
        return
    yield from reading.archive.pages(table, {}, _PAGE)  # type: ignore[misc] # pages are of any table


def all_rows(reading: Transaction, table: type[Row]) -> Iterator[Row]:
    """Yield the rows of a table in the order of its key."""
    for rows in pages(reading, table):
        yield from rows


def readable_rows(reading: Transaction, table: type[Row]) -> Iterator[Row]:
    """Yield the rows of a table up to one that cannot be read, which `records` names."""
    try:
        yield from all_rows(reading, table)
    except Exception:  # noqa: BLE001 # damaged cells end in errors of every kind
        return


def is_kept(reading: Transaction, operator_id: str) -> bool:
    """Tell whether an operator's records came here in an archive, see `Continuity.is_kept`."""
    row = reading.integrity.at(ContinuityRow, operator_id)
    return row is not None and row.base_url is not None


def kept_log_of(reading: Transaction, operator_id: str) -> KeptLogRow | None:
    """Return the kept log in which an operator's passports stand; None means this server's own."""
    row = reading.integrity.at(ContinuityRow, operator_id)
    if row is None or row.base_url is None:
        return None
    return reading.integrity.at(KeptLogRow, log_origin(row.base_url))


def kept_in_public(reading: Transaction) -> frozenset[str]:
    """Return the operators of whom only the public part is kept here."""
    rows = all_rows(reading, ContinuityRow)
    return frozenset(row.operator_id for row in rows if row.audience == "public")


def keys_of(reading: Transaction, operator_id: str) -> Sequence[SigningKeyRow]:
    """Return an operator's keys, oldest first."""
    try:
        few = reading.integrity.few(SigningKeyRow, is_kept=True)
    except (ValueError, TypeError):
        few = None  # a cell of another's key cannot be read
    if few is None:
        return reading.signing_keys.of(operator_id)
    own = [row for row in few if row.operator_id == operator_id]
    return sorted(own, key=lambda row: row.created_at)


class Entries:
    """Entries of logs by operator and index; many in a row stand in one tile, which is read once."""

    def __init__(self, reading: Transaction) -> None:
        self._reading = reading
        # The session knows a row for as long as somebody holds it.
        self._last: KeptLogTileRow | LogTileRow | None = None

    def of(self, operator_id: str, index: int) -> bytes | None:
        """Return the entry at an index of the log in which an operator's credentials stand, or None."""
        log = kept_log_of(self._reading, operator_id)
        rows, key = self._reading.integrity, (_ENTRIES, index // TILE_WIDTH)
        if log is None:
            self._last = rows.at(LogTileRow, *key)
        else:
            self._last = rows.at(KeptLogTileRow, log.origin, *key)
        place = index % TILE_WIDTH * HASH_BYTES
        hashes = self._last.hashes if self._last is not None else b""
        return hashes[place : place + HASH_BYTES] or None
