"""The quick way through a bill of materials: column by column, from the sheet to its exchanges.

A bill has hundreds of rows, and nearly all are right. A sheet in which anything is not plainly
well-formed goes the slow way, row by row, which knows the reasons. A test holds the two to the
same inventory.
"""

from __future__ import annotations

from collections.abc import Callable, Container, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property, partial
from operator import ne
from typing import Any, Final, cast

from lca.activities import DataOrigin, Exchange, ExchangeKind
from lca.documents import LARGEST_NUMBER
from lca.plain_exchanges import plain_texts
from lca.plain_sheets import ColumnTable
from lca.sheet_layout import FLAGS, SheetLayout, as_text

_KINDS: Final = {
    "": ExchangeKind.TECHNOSPHERE,
    ExchangeKind.TECHNOSPHERE.value: ExchangeKind.TECHNOSPHERE,
    ExchangeKind.SUBSTITUTION.value: ExchangeKind.SUBSTITUTION,
}
_ORIGINS: Final = {origin.value: origin for origin in DataOrigin}
_WIDEST: Final = 100.0

Column = Sequence[Any]


class _NotPlainError(Exception):
    """Something here needs the slow reader."""


@dataclass(frozen=True, slots=True)
class PlainBill:
    """A bill of materials that is plainly well-formed, one item per row in every column.

    Attributes:
        takers: The activity that takes it.
        fields: All columns of `Exchange` but its path.
    """

    takers: Column
    fields: tuple[Column, ...]

    def exchanges(self, paths: Iterable[str]) -> Iterator[Exchange]:
        """Return an exchange for each row."""
        made = cast("Callable[[object], Exchange]", partial(tuple.__new__, Exchange))
        return map(made, zip(paths, *self.fields, strict=True))


def plain_bill(
    table: Sequence[Sequence[object]], layout: SheetLayout, known: Container[object]
) -> PlainBill | None:
    """Return the bill of materials in a sheet, or None where anything about it is not plain.

    Args:
        table: The sheet; its first row is the header.
        layout: Which columns there may be.
        known: Identifiers of the activities.
    """
    try:
        header, cells = _by_column(table)
        if not cells or not cells[0]:  # the header alone
            return None
        return _bill(_columns(header, cells, layout), len(cells[0]), known)
    except (_NotPlainError, KeyError, TypeError, ValueError):
        return None


def _by_column(table: Sequence[Sequence[object]]) -> tuple[Column, Sequence[Column]]:
    """Return the first row, and the columns below it."""
    if isinstance(table, ColumnTable):
        return [column[0] for column in table.columns], [column[1:] for column in table.columns]
    rows = list(table)
    while rows and not any(cell != "" for cell in rows[-1]):
        rows.pop()  # formatted, and empty
    return (rows[0], list(zip(*rows[1:], strict=True))) if rows else ((), ())


def _columns(first: Column, cells: Sequence[Column], layout: SheetLayout) -> Mapping[str, Column]:
    """Return the columns by name; those with neither name nor cells do not count."""
    header = [str(cell).strip() for cell in first]
    pairs = list(zip(header, cells, strict=True))
    if "" in header:
        pairs = [
            (name, cells) for name, cells in pairs if name or any(cell != "" for cell in cells)
        ]
    columns = dict(pairs)
    names = {*layout.required, *layout.optional}
    if len(columns) < len(pairs) or not set(layout.required) <= columns.keys() <= names:
        raise _NotPlainError
    return columns


def _bill(columns: Mapping[str, Column], length: int, known: Container[object]) -> PlainBill:
    nothing = (None,) * length
    takers = _texts(columns["activity"])
    if not all(taker in known for taker in set(takers)):
        raise _NotPlainError
    providers = _optional(columns["from_activity"]) if "from_activity" in columns else nothing
    factors = _optional(columns["factor"]) if "factor" in columns else nothing
    if not all(map(ne, map(bool, providers), map(bool, factors))):
        raise _NotPlainError
    origins = list(map(_ORIGINS.__getitem__, columns["origin"]))
    evidence = _optional(columns["evidence"]) if "evidence" in columns else nothing
    if None in evidence and not all(map(_is_proven, origins, evidence)):
        raise _NotPlainError
    fields = {
        "kind": _chosen(columns, "kind", _KINDS, length),
        "amount": _amounts(columns["amount"]),
        "unit": _texts(columns["unit"]),
        "process": _texts(columns["process"]),
        "origin": origins,
        "activity": providers,
        "factor": factors,
        "name": _optional(columns["name"]) if "name" in columns else nothing,
        "evidence": evidence,
        "gsd": _spreads(columns["gsd"]) if "gsd" in columns else nothing,
        "plausibility_override": (
            _optional(columns["plausibility_override"])
            if "plausibility_override" in columns
            else nothing
        ),
        "confidential": _chosen(columns, "confidential", FLAGS, length),
    }
    return PlainBill(takers, tuple(fields.get(name, nothing) for name in Exchange._fields[1:]))


def _is_proven(origin: DataOrigin, evidence: str | None) -> bool:
    return origin is not DataOrigin.COMPANY_SPECIFIC or evidence is not None


def _chosen(
    columns: Mapping[str, Column], name: str, options: Mapping[str, object], length: int
) -> Column:
    """Return a column of cells that each stand for one of the options."""
    if name not in columns:
        return (options[""],) * length
    return [options[str(cell).lower()] for cell in columns[name]]


def _texts(cells: Column) -> Column:
    """Return a column of texts none of which is empty."""
    distinct = set(cells)
    if not plain_texts(distinct):
        if set(map(type, distinct)) <= {str}:
            raise _NotPlainError
        return _texts([as_text(cell) for cell in cells])
    return cells


def _optional(cells: Column) -> Column:
    """Return a column of texts, None where a cell is empty."""
    if "" not in cells:
        return _texts(cells)
    given = iter(_texts(filled) if (filled := [cell for cell in cells if cell != ""]) else ())
    return [None if cell == "" else next(given) for cell in cells]


def _amounts(cells: Column, low: float = 0.0, high: float = LARGEST_NUMBER) -> Column:
    """Return a column of numbers inside the limits."""
    if set(map(type, cells)) != {float} or not all(low <= cell <= high for cell in cells):
        raise _NotPlainError  # NaN is not inside either
    return cells


def _spreads(cells: Column) -> Column:
    given = iter(
        _amounts(filled, 1.0, _WIDEST) if (filled := [c for c in cells if c != ""]) else ()
    )
    return [None if cell == "" else next(given) for cell in cells]


class BillDocument(Mapping[str, object]):
    """An inventory document some of whose exchanges were never written as JSON: it is, once asked for.

    Few footprints are looked at down to the document they were computed from.
    """

    def __init__(self, draft: Mapping[str, object]) -> None:
        self._draft = draft

    @cached_property
    def _document(self) -> dict[str, object]:
        activities = cast("list[dict[str, object]]", self._draft.get("activities", []))
        whole = [
            {**activity, "exchanges": [as_document(item) for item in _items(activity)]}
            for activity in activities
        ]
        return {**self._draft, "activities": whole} if activities else dict(self._draft)

    def __getitem__(self, key: str) -> object:
        return self._document[key]

    def __iter__(self) -> Iterator[str]:
        return iter(self._draft)

    def __len__(self) -> int:
        return len(self._draft)


def _items(activity: Mapping[str, object]) -> list[object]:
    return cast("list[object]", activity["exchanges"])


def as_document(item: object) -> object:
    """Return an exchange as a document has it; what is a document already stays."""
    if not isinstance(item, Exchange):
        return item
    fields = item._asdict()
    del fields["path"]
    return {key: value for key, value in fields.items() if value is not None and value is not False}
