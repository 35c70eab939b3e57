"""Instants as EN 18222 and EN 18223 write them: ISO 8601-1, with the time and a zone."""

import re
from datetime import UTC, datetime
from typing import Final

from passports.errors import Finding, InvalidInputError, shorten

_WRITTEN: Final = re.compile(
    r"[0-9]{4}-[0-9]{2}-[0-9]{2}T[0-9]{2}:[0-9]{2}:[0-9]{2}(\.[0-9]{1,9})?(Z|[+-][0-9]{2}:[0-9]{2})"
)


def read_instant(text: object, field: str) -> datetime:
    """Read an instant.

    Raises:
        InvalidInputError: it is written otherwise, or there is no such time.
    """
    if isinstance(text, str) and _WRITTEN.fullmatch(text):
        try:
            return datetime.fromisoformat(text).astimezone(UTC)
        except (ValueError, OverflowError):
            pass  # a form that fits, of a day or an hour that there is not: refused below
    reason = "this is not a time with a zone"
    remedy = "Write it in UTC as 2027-02-18T12:00:00Z; in an address a + is written %2B."
    raise InvalidInputError([Finding(field, shorten(text), reason, remedy)], "the time")
