"""Reading JSON that may lack anything: a page shows what is there and says what is not.

A credential can come from another server and an older version of this one, so nothing here raises; what
is missing or of another kind reads as None or empty.
"""

import math
from collections.abc import Mapping, Sequence
from typing import Final
from urllib.parse import urlsplit

_NOTHING: Final[Mapping[str, object]] = {}


def child(source: Mapping[str, object], key: str) -> Mapping[str, object]:
    """Return the object under a key, or an empty one."""
    value = source.get(key)
    return value if isinstance(value, Mapping) else _NOTHING


def rows(source: Mapping[str, object], key: str) -> list[Mapping[str, object]]:
    """Return the objects of the list under a key."""
    value = source.get(key)
    if not isinstance(value, Sequence) or isinstance(value, str | bytes):
        return []
    return [row for row in value if isinstance(row, Mapping)]


def text(source: Mapping[str, object], key: str) -> str | None:
    """Return the non-empty text under a key, or None."""
    value = source.get(key)
    return value if isinstance(value, str) and value.strip() else None


def texts(source: Mapping[str, object], key: str) -> list[str]:
    """Return the texts of the list under a key."""
    value = source.get(key)
    if not isinstance(value, Sequence) or isinstance(value, str | bytes):
        return []
    return [item for item in value if isinstance(item, str)]


def number(source: Mapping[str, object], key: str) -> float | None:
    """Return the finite number under a key, or None."""
    value = source.get(key)
    if isinstance(value, bool) or not isinstance(value, int | float):
        return None
    try:
        amount = float(value)
    except OverflowError:
        return None
    return amount if math.isfinite(amount) else None


def flag(source: Mapping[str, object], key: str) -> bool | None:
    """Return the truth value under a key, or None."""
    value = source.get(key)
    return value if isinstance(value, bool) else None


def web_address(value: str | None) -> str | None:
    """Return `value` if it is an http(s) URL that may stand in a link, else None.

    Anything else (`javascript:`, `data:`) would run or show a stranger's content as ours.
    """
    if value is None:
        return None
    try:
        parts = urlsplit(value)
    except ValueError:
        return None
    return value if parts.scheme in {"http", "https"} and parts.netloc else None
