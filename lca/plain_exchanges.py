"""The quick way to read an exchange that is plainly well-formed.

A bill of materials has hundreds of rows, and nearly all are right. What this reader does not accept
at once goes to the slow one, which knows the reasons. A test holds the two to the same verdict.
"""

from __future__ import annotations

from functools import cache
from operator import itemgetter
from typing import Final

from lca.activities import DataOrigin, Exchange, ExchangeKind
from lca.documents import LARGEST_NUMBER

PROVIDERS: Final = ("activity", "factor", "flow", "electricity")
"""Exactly one of these says where an exchange comes from or goes to."""

_KINDS: Final = {kind.value: kind for kind in ExchangeKind}
_ORIGINS: Final = {origin.value: origin for origin in DataOrigin}
_REQUIRED: Final = frozenset({"kind", "amount", "unit", "process", "origin"})
_PLAIN: Final = _REQUIRED | {"name", "evidence", "gsd", *PROVIDERS}
_NUMBERS: Final = frozenset({"amount", "gsd"})
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


@cache
def _layout(keys: tuple[str, ...]) -> tuple[str, itemgetter[tuple[str, ...]]] | None:
    """Return the provider and a getter of the texts of exchanges with these fields."""
    given = frozenset(keys)
    providers = [key for key in PROVIDERS if key in given]
    if len(providers) != 1 or not _REQUIRED <= given <= _PLAIN:
        return None
    return providers[0], itemgetter(*(key for key in keys if key not in _NUMBERS))


def plain_exchange(document: object, path: str) -> Exchange | None:
    """Return the exchange, or None where anything about it is not plain."""
    layout = _layout(tuple(document)) if isinstance(document, dict) else None
    if layout is None or not isinstance(document, dict):
        return None
    provider, texts = layout
    try:
        joined = f"|{'|'.join(texts(document))}|"
    except TypeError:  # one of them is no text
        return None
    if len(joined) > _LONGEST or not joined.isprintable() or "||" in joined or "| " in joined:
        return None  # one is long, empty, or begins with a blank: the slow reader looks
    get = document.get
    kind, origin = _KINDS.get(document["kind"]), _ORIGINS.get(document["origin"])
    numbers = _numbers(document["amount"], get("gsd"))
    evidence, electricity = get("evidence"), get("electricity")
    if kind is None or origin is None or numbers is None or provider not in _PROVIDED[kind]:
        return None
    unproven = origin is DataOrigin.COMPANY_SPECIFIC and evidence is None
    if unproven or electricity not in _ELECTRICITY:
        return None
    return Exchange(
        path,
        kind,
        numbers[0],
        document["unit"],
        document["process"],
        origin,
        get("activity"),
        get("factor"),
        get("flow"),
        electricity,
        get("name"),
        evidence,
        numbers[1],
    )


def _numbers(amount: object, gsd: object) -> tuple[float, float | None] | None:
    """Return amount and spread as numbers, None where one is not plain."""
    if isinstance(amount, bool) or not isinstance(amount, int | float):
        return None
    if not 0 <= amount <= LARGEST_NUMBER:
        return None
    if gsd is None:
        return float(amount), None
    return (float(amount), gsd) if isinstance(gsd, float) and 1 <= gsd <= _WIDEST else None
