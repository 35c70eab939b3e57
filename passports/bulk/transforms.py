"""What a recipe may do to a cell before it is read: a closed list, so that a recipe is data and no program.

Factors between units are powers of ten by the SI prefixes' definition (BIPM, SI Brochure, table 7).
"""

import re
from collections.abc import Callable, Mapping
from datetime import date, timedelta
from decimal import Decimal
from types import MappingProxyType
from typing import Final

from passports.calendar_days import why_no_such_day
from passports.documents import RuleError

_GROUPED: Final = re.compile(r"[+-]?[0-9]{1,3}(\.[0-9]{3})*(,[0-9]+)?|[+-]?[0-9]+(,[0-9]+)?")
_NUMBER: Final = re.compile(
    r"[+-]?([0-9]{1,100}(\.[0-9]{0,100})?|\.[0-9]{1,100})([eE][+-]?[0-9]{1,3})?"
)
_LARGEST_EXPONENT: Final = 300  # what a float holds
_NOT_A_NUMBER: Final = "Give digits with a decimal point."


def read_decimal(text: str) -> Decimal:
    """Read a number as it is written: digits, a decimal point, no grouping.

    Raises:
        RuleError: it is none.
    """
    if not _NUMBER.fullmatch(text):
        raise RuleError("this is not a number", _NOT_A_NUMBER)
    number = Decimal(text)
    if abs(number.adjusted()) > _LARGEST_EXPONENT:
        raise RuleError("this number is out of all range", _NOT_A_NUMBER)
    return number


def _scaled(power: int) -> Callable[[str], str]:
    def scale(text: str) -> str:
        return format(read_decimal(text).scaleb(power), "f")

    return scale


def _decimal_comma(text: str) -> str:
    if not _GROUPED.fullmatch(text):
        raise RuleError("this is not a number with a decimal comma", "Write it as 1.234,5.")
    return text.replace(".", "").replace(",", ".")


TRANSFORMS: Final[Mapping[str, Callable[[str], str]]] = MappingProxyType(
    {
        "uppercase": str.upper,
        "lowercase": str.lower,
        "remove-spaces": lambda text: "".join(text.split()),
        "spaces-to-hyphens": lambda text: "-".join(text.split()),
        "decimal-comma": _decimal_comma,
        "milli": _scaled(-3),  # mAh to Ah, mV to V, mohm to ohm
        "kilo": _scaled(3),  # kW to W
        "mega": _scaled(6),
        "per-thousand": _scaled(-3),  # Wh to kWh
        "share-to-percent": _scaled(2),
    }
)

_ORDERS: Final = {
    "YYYY-MM-DD": r"(?P<y>\d{4})-(?P<m>\d{2})-(?P<d>\d{2})",
    "YYYY/MM/DD": r"(?P<y>\d{4})/(?P<m>\d{1,2})/(?P<d>\d{1,2})",
    "YYYY.MM.DD": r"(?P<y>\d{4})\.(?P<m>\d{1,2})\.(?P<d>\d{1,2})\.?",
    "YYYYMMDD": r"(?P<y>\d{4})(?P<m>\d{2})(?P<d>\d{2})",
    "YYYY年MM月DD日": r"(?P<y>\d{4})年(?P<m>\d{1,2})月(?P<d>\d{1,2})日",
    "DD.MM.YYYY": r"(?P<d>\d{1,2})\.(?P<m>\d{1,2})\.(?P<y>\d{4})",
    "DD/MM/YYYY": r"(?P<d>\d{1,2})/(?P<m>\d{1,2})/(?P<y>\d{4})",
    "DD-MM-YYYY": r"(?P<d>\d{1,2})-(?P<m>\d{1,2})-(?P<y>\d{4})",
    "MM/DD/YYYY": r"(?P<m>\d{1,2})/(?P<d>\d{1,2})/(?P<y>\d{4})",
}
_DATES: Final = {name: re.compile(pattern, re.ASCII) for name, pattern in _ORDERS.items()}
SPREADSHEET_DAY: Final = "spreadsheet-day"
DATE_FORMATS: Final = (*_DATES, SPREADSHEET_DAY)
ISO_DATE: Final = "YYYY-MM-DD"
# Day 1 is 1900-01-01 and 1900 counts as a leap year (ECMA-376, part 1, 18.17.4.1): right from March on.
_EPOCH: Final = date(1899, 12, 30)
_FIRST_SURE_DAY: Final = 61
_LAST_DAY: Final = 2_958_465  # 9999-12-31


def read_date(text: str, style: str) -> date | None:
    """Read a day written in one of the styles; None if it is not written so, or there is no such day."""
    if style == SPREADSHEET_DAY:
        return spreadsheet_day(text)
    found = _DATES[style].fullmatch(text)
    if found is None:
        return None
    try:
        return date(int(found["y"]), int(found["m"]), int(found["d"]))
    except ValueError:
        return None


def why_no_day(text: str, style: str) -> str | None:
    """Return why what is written in a style is no day, or None where it is not written so."""
    found = _DATES[style].fullmatch(text) if style in _DATES else None
    if found is None or read_date(text, style) is not None:
        return None
    return why_no_such_day(int(found["y"]), int(found["m"]), int(found["d"]))


def spreadsheet_day(text: str) -> date | None:
    """Read a day that a spreadsheet shows as its number, e.g. 45618; None if it is none."""
    if not re.fullmatch(r"[0-9]{2,7}(\.0+)?", text, re.ASCII):
        return None
    number = int(text.partition(".")[0])
    if not _FIRST_SURE_DAY <= number <= _LAST_DAY:
        return None
    return _EPOCH + timedelta(days=number)


def date_styles_of(texts: list[str]) -> list[str]:
    """Return the styles in which every one of these texts is a day."""
    return [style for style in DATE_FORMATS if texts and all(read_date(t, style) for t in texts)]
