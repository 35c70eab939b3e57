"""Why there is no such day: what a person mistyped in one that is written rightly."""

import calendar
from typing import Final

_LAST_MONTH: Final = 12


def why_no_such_day(year: int, month: int, day: int) -> str:
    """Return what keeps these three from being a day of the Gregorian calendar, as a sentence.

    The numbers are not those of a day; `day` is not negative.
    """
    if year < 1:
        return "There is no year 0."
    if not 1 <= month <= _LAST_MONTH:
        return f"There is no month {month}: months are 01 to {_LAST_MONTH}."
    if day < 1:
        return "Days are counted from 01."
    return f"{calendar.month_name[month]} {year} has {calendar.monthrange(year, month)[1]} days."
