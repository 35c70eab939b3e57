"""The quick way to read an exchange that is plainly well-formed.

A bill of materials has hundreds of rows, and nearly all are right. What this reader does not accept
at once goes to the slow one, which knows the reasons. A test holds the two to the same verdict.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Final

from lca.activities import DataOrigin, Exchange, ExchangeKind
from lca.documents import LARGEST_NUMBER

PROVIDERS: Final = ("activity", "factor", "flow", "electricity")
"""Exactly one of these says where an exchange comes from or goes to."""

_KINDS: Final = {kind.value: kind for kind in ExchangeKind}
_ORIGINS: Final = {origin.value: origin for origin in DataOrigin}
_TEXTS: Final = frozenset({"kind", "unit", "process", "origin", "name", "evidence", *PROVIDERS})
_NUMBERS: Final = frozenset({"amount", "gsd"})
_LONGEST: Final = 500
_WIDEST: Final = 100.0
_OF_NATURE: Final = frozenset({"flow", "factor"})
_OF_PEOPLE: Final = frozenset({"activity", "factor", "electricity"})


def plain_exchange(document: Mapping[str, object], path: str) -> Exchange | None:
    """Return the exchange, or None where anything about it is not plain."""
    texts: dict[str, str] = {}
    for key, value in document.items():
        if isinstance(value, str):
            if key not in _TEXTS or not value or len(value) > _LONGEST or value.isspace():
                return None
            texts[key] = value
        elif key not in _NUMBERS:
            return None
    amount = document.get("amount")
    if isinstance(amount, bool) or not isinstance(amount, int | float):
        return None
    gsd = document.get("gsd")
    if gsd is not None and (not isinstance(gsd, float) or not 1 <= gsd <= _WIDEST):
        return None
    if not 0 <= amount <= LARGEST_NUMBER:
        return None
    return _of_texts(texts, (float(amount), gsd), path)


def _of_texts(
    texts: dict[str, str], numbers: tuple[float, float | None], path: str
) -> Exchange | None:
    kind = _KINDS.get(texts.pop("kind", ""))
    origin = _ORIGINS.get(texts.pop("origin", ""))
    if kind is None or origin is None or "unit" not in texts or "process" not in texts:
        return None
    providers = [key for key in PROVIDERS if key in texts]
    allowed = _OF_NATURE if kind is ExchangeKind.BIOSPHERE else _OF_PEOPLE
    if len(providers) != 1 or providers[0] not in allowed:
        return None
    if texts.get("electricity", "plant") != "plant":
        return None
    if origin is DataOrigin.COMPANY_SPECIFIC and "evidence" not in texts:
        return None
    amount, gsd = numbers
    return Exchange(path=path, kind=kind, amount=amount, origin=origin, gsd=gsd, **texts)  # type: ignore[arg-type] # the other fields left are texts
