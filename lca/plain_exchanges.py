"""The quick way to read an exchange that is plainly well-formed.

A bill of materials has hundreds of rows, and nearly all are right. What this reader does not accept
at once goes to the slow one, which knows the reasons. A test holds the two to the same verdict.
"""

from __future__ import annotations

from collections.abc import Collection, Sequence
from functools import lru_cache
from operator import itemgetter
from typing import Final, NamedTuple

from lca.activities import DataOrigin, Exchange, ExchangeKind
from lca.documents import LARGEST_NUMBER

PROVIDERS: Final = ("activity", "factor", "flow", "electricity")
"""Exactly one of these says where an exchange comes from or goes to."""

_KINDS: Final = {kind.value: kind for kind in ExchangeKind}
_ORIGINS: Final = {origin.value: origin for origin in DataOrigin}
_REQUIRED: Final = frozenset({"kind", "amount", "unit", "process", "origin"})
_PLAIN: Final = _REQUIRED | {"name", "evidence", "gsd", *PROVIDERS}
_NUMBERS: Final = frozenset({"amount", "gsd"})
_NUMBER_TYPES: Final = frozenset({float, int})
_LONGEST: Final = 500
_WIDEST: Final = 100.0
_ELECTRICITY: Final = frozenset({None, "plant"})
_OF_NATURE: Final = frozenset({"flow", "factor"})
_OF_PEOPLE: Final = frozenset({"activity", "factor", "electricity"})
_PROVIDED: Final = {
    ExchangeKind.BIOSPHERE: _OF_NATURE,
    ExchangeKind.TECHNOSPHERE: _OF_PEOPLE,
    ExchangeKind.SUBSTITUTION: _OF_PEOPLE,
}


class _Layout(NamedTuple):
    """The provider of exchanges with the same fields, and a getter of their texts."""

    provider: str
    texts: itemgetter[tuple[str, ...]]
    proven: bool


@lru_cache(256)
def _layout(keys: tuple[str, ...]) -> _Layout | None:
    given = frozenset(keys)
    providers = [key for key in PROVIDERS if key in given]
    if len(providers) != 1 or not _REQUIRED <= given <= _PLAIN:
        return None
    texts = itemgetter(*(key for key in keys if key not in _NUMBERS))
    return _Layout(providers[0], texts, "evidence" in given)


@lru_cache(256)
def _kinds(kind: str, origin: str, layout: _Layout) -> tuple[ExchangeKind, DataOrigin] | None:
    """Return kind and origin, or None where they do not go with the layout."""
    known, stated = _KINDS.get(kind), _ORIGINS.get(origin)
    if known is None or stated is None or layout.provider not in _PROVIDED[known]:
        return None
    if stated is DataOrigin.COMPANY_SPECIFIC and not layout.proven:
        return None
    return known, stated


def plain_exchange(document: object, path: str) -> Exchange | None:
    """Return the exchange, or None where anything about it is not plain."""
    found = _unchecked(document, path)
    if found is None or not plain_texts(found[1]):
        return None
    return found[0]


def plain_exchanges(documents: Sequence[object], path: str) -> list[Exchange] | None:
    """Return the exchanges of a list, or None where anything about one of them is not plain."""
    exchanges: list[Exchange] = []
    texts: list[str] = []
    for index, document in enumerate(documents):
        if isinstance(document, Exchange):  # from a plain bill of materials
            exchanges.append(document)
            continue
        found = _unchecked(document, f"{path}[{index}]")
        if found is None:
            return None
        exchanges.append(found[0])
        texts.extend(found[1])
    return exchanges if not texts or plain_texts(texts) else None


def plain_texts(texts: Collection[str]) -> bool:
    """Return whether none is long, empty, or begins with a blank: else the slow reader looks."""
    try:
        joined = f"|{'|'.join(texts)}|"
    except TypeError:  # one of them is no text
        return False
    if len(joined) > _LONGEST and max(map(len, texts)) > _LONGEST:
        return False
    return joined.isprintable() and "||" not in joined and "| " not in joined


def _unchecked(document: object, path: str) -> tuple[Exchange, tuple[str, ...]] | None:
    """Return an exchange whose texts are still to be checked, and these texts."""
    layout = _layout(tuple(document)) if isinstance(document, dict) else None
    if layout is None or not isinstance(document, dict):
        return None
    get = document.get
    amount, gsd, electricity = document["amount"], get("gsd"), get("electricity")
    if type(amount) not in _NUMBER_TYPES or not 0 <= amount <= LARGEST_NUMBER:
        return None
    if gsd is not None and not (isinstance(gsd, float) and 1 <= gsd <= _WIDEST):
        return None
    try:
        kinds = _kinds(document["kind"], document["origin"], layout)
    except TypeError:  # a list or an object
        return None
    if kinds is None or electricity not in _ELECTRICITY:
        return None
    exchange = Exchange(
        path,
        kinds[0],
        float(amount),
        document["unit"],
        document["process"],
        kinds[1],
        get("activity"),
        get("factor"),
        get("flow"),
        electricity,
        get("name"),
        get("evidence"),
        gsd,
    )
    return exchange, layout.texts(document)
