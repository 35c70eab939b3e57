"""A plant's own days: where its day begins decides which readings a period holds."""

import re
from datetime import UTC, date, datetime, time, timedelta, timezone, tzinfo
from typing import Annotated, Final
from zoneinfo import ZoneInfo

from pydantic import AfterValidator

from passports.documents import RuleError
from passports.errors import Finding, InvalidInputError

_OFFSET: Final = re.compile(r"([+-])(\d{2}):(\d{2})")
_REMEDY: Final = "For example +08:00, or Asia/Shanghai."


def zone_of(name: str) -> tzinfo:
    """Return the time zone of an offset from UTC (`+08:00`) or of a name (`Europe/Berlin`).

    Raises:
        RuleError: it is neither.
    """
    found = _OFFSET.fullmatch(name)
    if found is not None:
        offset = timedelta(hours=int(found[2]), minutes=int(found[3]))
        if offset >= timedelta(hours=24):
            raise RuleError("this is no offset from UTC", _REMEDY)
        return timezone(offset if found[1] == "+" else -offset)
    try:
        return ZoneInfo(name)
    except (ValueError, KeyError, OSError):  # no such zone, or no name of one
        raise RuleError("this is no time zone", _REMEDY) from None


def _checked(name: str) -> str:
    zone_of(name)
    return name


ZoneName = Annotated[str, AfterValidator(_checked)]


def bounds(first: date, last: date, zone: str) -> tuple[datetime, datetime]:
    """Return the instants at which the first day begins and the last one ends, in UTC.

    Raises:
        InvalidInputError: in UTC they lie outside of the years 1 to 9999.
    """
    tz = zone_of(zone)
    try:
        begin = datetime.combine(first, time.min, tz).astimezone(UTC)
        return begin, datetime.combine(last + timedelta(days=1), time.min, tz).astimezone(UTC)
    except OverflowError:
        reason = "in UTC it lies outside of the years 1 to 9999"
        finding = Finding("period_from", f"{first} to {last}", reason, "Check the days.")
        raise InvalidInputError([finding], "the period") from None
