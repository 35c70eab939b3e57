"""Instants as text: XML Schema ``dateTimeStamp``, as VCDM 2.0 section 4.9 and DID Core use it."""

import re
from collections.abc import Mapping
from datetime import UTC, datetime
from functools import lru_cache
from typing import Final

from signing.errors import MalformedDocumentError
from signing.json_value import JsonValue
from signing.numbers import whole_number

_DATE_TIME_STAMP: Final = re.compile(
    r"\d{4}-\d{2}-\d{2}T\d{2}:\d{2}:\d{2}(?:\.\d{1,9})?(?:Z|[+-]\d{2}:\d{2})", re.ASCII
)
_YEAR_5000: Final = 95_617_584_000  # seconds since 1970; later ones are mistakes


def parse_instant(value: object, field: str) -> datetime:
    """Read a date-time with a time zone; what is returned is in UTC.

    Args:
        value: What stands in the document.
        field: Where it stands, for the error.

    Raises:
        MalformedDocumentError: Not text, no such day, without a time zone, or outside of the years
            1 to 9999 in UTC.
    """
    instant = _read(value) if isinstance(value, str) else None
    if instant is not None:
        return instant
    raise MalformedDocumentError(
        "not_an_instant",
        "not a date and time with a time zone, such as 2027-02-18T00:00:00Z",
        field=field,
    )


# Whole batches are issued at one instant.
@lru_cache(maxsize=1024)
def _read(text: str) -> datetime | None:
    try:
        found = datetime.fromisoformat(text) if _DATE_TIME_STAMP.fullmatch(text) else None
        # A zone can lead out of the years 1 to 9999: no instant that could be written in UTC.
        return found and found.astimezone(UTC)
    except (ValueError, OverflowError):
        return None


def format_instant(instant: datetime) -> str:
    """Write an instant in UTC, ending in ``Z``, to the second.

    Raises:
        MalformedDocumentError: The instant knows no time zone.
    """
    if instant.tzinfo is None:
        raise MalformedDocumentError("not_an_instant", f"{instant} knows no time zone")
    return instant.astimezone(UTC).isoformat(timespec="seconds").replace("+00:00", "Z")


def numeric_date(claims: Mapping[str, JsonValue], claim: str) -> datetime | None:
    """A NumericDate claim (RFC 7519 section 2), if it is there.

    Raises:
        MalformedDocumentError: Not whole seconds, or before 1970 or after the year 5000.
    """
    if claims.get(claim) is None:
        return None
    seconds = whole_number(claims[claim])
    if seconds is not None and 0 <= seconds < _YEAR_5000:
        return datetime.fromtimestamp(seconds, UTC)
    raise MalformedDocumentError("not_an_instant", "not a NumericDate", field=claim)
