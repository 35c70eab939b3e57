"""Messages of checks as people read them: days in words, ages in words, one line for each thing judged.

Machines read the messages as they are; only pages use these. Checks speak English, so their days and
ages are in English on every page.
"""

import re
from datetime import UTC, datetime
from typing import Final

from api.pages.figures import day, instant
from api.pages.languages import speaking

_INSTANT: Final = re.compile(r"\b\d{4}-\d\d-\d\dT\d\d:\d\d(?::\d\d)?(?:\.\d{1,6})?Z")
_DAY: Final = re.compile(r"(?<![\w/.=-])\d{4}-\d\d-\d\d(?![\w/=-])")
_HOURS_OLD: Final = re.compile(r"\b(\d{1,9}(?:\.\d{1,3})?) hours old")
_JUST_NOW: Final = 1 / 60  # hours
_IN_DAYS_FROM: Final = 48  # hours


def told(message: str) -> str:
    """Return a message with its days, instants and ages in words."""
    with speaking():
        message = _HOURS_OLD.sub(lambda found: _age(float(found[1])), message)
        message = _INSTANT.sub(lambda found: _instant(found[0]), message)
        return _DAY.sub(lambda found: day(found[0]), message)


def lines_of(message: str) -> tuple[str, ...]:
    """Return what a message says of several things, such as certificates, a line for each."""
    return tuple(told(line) for line in message.split("; ") if line) or (message,)


def _age(hours: float) -> str:
    if hours <= _JUST_NOW or f"{hours:.1f}" == "0.0":
        return "made just now"
    if hours < 1:
        return _counted(max(1, round(hours * 60)), "minute")
    if hours < _IN_DAYS_FROM:
        return _counted(round(hours), "hour")
    return _counted(round(hours / 24), "day")


def _counted(number: int, unit: str) -> str:
    return f"{number:,} {unit}{'' if number == 1 else 's'} old"


def _instant(written: str) -> str:
    try:
        return instant(datetime.fromisoformat(written).astimezone(UTC))
    except (ValueError, OverflowError):
        return written
