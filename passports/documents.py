"""Reading documents at the edge: pydantic validates, and its errors become findings.

SQLModel tables do not validate (fastapi/sqlmodel issue 52), so rows are built from these models only.
"""

import re
import unicodedata
from collections.abc import Iterable, Mapping
from datetime import UTC, date, datetime
from typing import Annotated, Any, Final, TypeVar

from pydantic import (
    AfterValidator,
    AwareDatetime,
    BaseModel,
    BeforeValidator,
    ConfigDict,
    Field,
    ValidationError,
)

from passports.calendar_days import why_no_such_day
from passports.errors import Finding, InvalidInputError, shorten
from passports.identifiers import check_gln, check_gtin, check_slug

_INSTANT_REMEDY: Final = "Write it as 2027-02-18T12:00:00Z."
# Remedies by pydantic error type; anything else gets the general one.
_REMEDIES: Final[Mapping[str, str]] = {
    "missing": "Add this field.",
    "extra_forbidden": "Remove it, or check its spelling.",
    "finite_number": "Give a finite number.",
    "date_from_datetime_parsing": "Write the date as YYYY-MM-DD.",
    "date_parsing": "Write the date as YYYY-MM-DD.",
    "string_too_short": "Fill it in.",
    "string_too_long": "Shorten it.",
    "json_invalid": "Send well-formed JSON.",
}
_GENERAL_REMEDY: Final = "Send it in the form that /openapi.json describes."
_BOUNDS: Final[Mapping[str, str]] = {
    "ge": "a number that is at least",
    "gt": "a number above",
    "le": "a number that is at most",
    "lt": "a number below",
    "multiple_of": "a multiple of",
    "pattern": "a text of the form",
}
# By the beginning of pydantic's type of error.
_FORMS: Final[Mapping[str, str]] = {
    "int": "Give a whole number, e.g. 12.",
    "float": "Give a number, e.g. 12.5.",
    "bool": "Give true or false.",
    "string": "Give a text in quotation marks.",
    "datetime": _INSTANT_REMEDY,
    "timezone": _INSTANT_REMEDY,
    "date": "Write the date as YYYY-MM-DD.",
    "list": "Give a list, in [ and ].",
    "dict": "Give an object, in { and }.",
    "model": "Give an object, in { and }.",
    "too_short": "Give more of them.",
    "too_long": "Give fewer of them.",
    "json": "Send well-formed JSON.",
}
_ISO_DAY: Final = re.compile(r"[0-9]{4}-[0-9]{2}-[0-9]{2}")
# Unicode Annex 9: they show a text in another order than it has. Section 23.9: tags, which nobody sees.
_REORDERING: Final = frozenset("\u202a\u202b\u202c\u202d\u202e\u2066\u2067\u2068\u2069")
_TAGS: Final = range(0xE0000, 0xE0080)
# Letters and a symbol that are drawn as nothing: fillers of Hangul, the blank pattern of Braille.
_BLANKS: Final = "\u115f\u1160\u3164\uffa0\u2800"
# Unicode, section 23.7: never characters; XML 1.0, section 2.2, refuses them (labels are XML).
_NEVER_CHARACTERS: Final = frozenset("\ufffe\uffff")

Model = TypeVar("Model", bound=BaseModel)


class Document(BaseModel):
    """Base of all documents that come in: unknown fields are refused, numbers are finite."""

    model_config = ConfigDict(
        extra="forbid", frozen=True, allow_inf_nan=False, str_strip_whitespace=True, strict=False
    )


def _path(location: Iterable[str | int]) -> str:
    text = ""
    for part in location:
        # A key that we do not know is the sender's text.
        name = part if isinstance(part, int) else shorten(part)
        text += f"[{name}]" if isinstance(part, int) else f".{name}" if text else str(name)
    return text


def findings_of(errors: Iterable[Mapping[str, Any]]) -> list[Finding]:
    """Turn pydantic's error records into findings; values are shortened, secrets never come here."""
    found = []
    for error in errors:
        kind = str(error.get("type", ""))
        context = error.get("ctx") or {}
        inner = context.get("error")
        value = "" if kind == "missing" else shorten(error.get("input", ""))
        reason = str(inner) if inner is not None else str(error.get("msg", ""))
        remedy = _REMEDIES.get(kind) or _allowed(kind, context)
        if isinstance(inner, RuleError):
            reason, remedy = inner.reason, inner.remedy
        location = [part for part in error.get("loc", ()) if part != "body"]
        found.append(Finding(_path(location) or "document", value, reason, remedy))
    return found


def _allowed(kind: str, context: Mapping[str, Any]) -> str:
    """Return a remedy that says which values are allowed, from what pydantic tells of its rule."""
    for name, words in _BOUNDS.items():
        if name in context:
            return f"Give {words} {context[name]}."
    if "expected" in context:
        return f"Choose one of {context['expected']}."
    return next((text for begin, text in _FORMS.items() if kind.startswith(begin)), _GENERAL_REMEDY)


class RuleError(ValueError):
    """A rule of ours inside a pydantic validator: reason and remedy apart."""

    def __init__(self, reason: str, remedy: str) -> None:
        super().__init__(reason)
        self.reason = reason
        self.remedy = remedy


def read_document(model: type[Model], data: object, what: str) -> Model:
    """Validate `data` (parsed JSON, or JSON bytes) as `model`.

    Raises:
        InvalidInputError: with one finding for each thing that is wrong.
    """
    try:
        if isinstance(data, (bytes, str)):
            return model.model_validate_json(data)
        return model.model_validate(data)
    except ValidationError as error:
        findings = findings_of(error.errors(include_url=False))
        raise InvalidInputError(findings, what) from None


def _rule(finding: Finding | None, value: str) -> str:
    if finding is not None:
        raise RuleError(finding.reason, finding.remedy)
    return value


def _not_in_the_future(value: date) -> date:
    # A day's grace: it is tomorrow already east of here.
    if value.toordinal() > datetime.now(tz=UTC).date().toordinal() + 1:
        raise RuleError("the date lies in the future", "Give the day on which it happened.")
    return value


def _printable(value: str) -> str:
    # No control characters: they have no business in a label, a log line or a signed template.
    if value.isprintable() and not any(c in value for c in _BLANKS):
        return value
    kinds = {c: unicodedata.category(c) for c in value}
    if any(kind == "Cc" and c not in "\n\t" for c, kind in kinds.items()):
        raise RuleError("it holds a control character", "Remove it.")
    if any(kind == "Cs" or c in _NEVER_CHARACTERS for c, kind in kinds.items()):
        raise RuleError("it holds half of a character, or none (a noncharacter)", "Type it anew.")
    hiding = next((c for c in kinds if c in _REORDERING or ord(c) in _TAGS), None)
    if hiding is not None:
        reason = f"it holds a character that hides or reorders text (U+{ord(hiding):04X})"
        raise RuleError(reason, "Remove it.")
    if value.strip() and all(kind[0] in "CZM" or c in _BLANKS for c, kind in kinds.items()):
        raise RuleError("nothing in it can be seen", "Type it anew.")
    return value


def _no_truth_value(value: object) -> object:
    # Python counts True as 1; a document that says `"mass_kg": true` means something else.
    if isinstance(value, bool):
        raise RuleError("this is a truth value, not a number", "Give a finite number.")
    return value


def read_day(value: object) -> date:
    """Read a day written as YYYY-MM-DD; nothing else, so that a number is never taken for seconds.

    Raises:
        RuleError: it is written otherwise, or there is no such day.
    """
    if isinstance(value, date) and not isinstance(value, datetime):
        return value
    if isinstance(value, str) and _ISO_DAY.fullmatch(value.strip()):
        try:
            return date.fromisoformat(value.strip())
        except ValueError:
            year, month, day = map(int, value.strip().split("-"))
            raise RuleError("there is no such day", why_no_such_day(year, month, day)) from None
    raise RuleError("this is not a date", "Write it as YYYY-MM-DD.")


def _no_number(value: object) -> object:
    # pydantic would take a number for seconds since 1970, written as text, too.
    if isinstance(value, datetime) or (isinstance(value, str) and not _is_a_number(value)):
        return value
    raise RuleError("this is not an instant with a zone", _INSTANT_REMEDY)


def _is_a_number(text: str) -> bool:
    try:
        float(text)
    except ValueError:
        return False
    return True


def _in_utc(value: datetime) -> datetime:
    # A zone can lead out of the years 1 to 9999: nothing there can be compared, stored or shown.
    try:
        return value.astimezone(UTC)
    except OverflowError:
        raise RuleError("it lies outside of the years 1 to 9999 in UTC", _INSTANT_REMEDY) from None


Printable = AfterValidator(_printable)
Day = Annotated[date, BeforeValidator(read_day)]
Instant = Annotated[AwareDatetime, BeforeValidator(_no_number), AfterValidator(_in_utc)]
Slug = Annotated[str, AfterValidator(lambda v: _rule(check_slug(v), v))]
Gtin = Annotated[str, AfterValidator(lambda v: _rule(check_gtin(v), v))]
Gln = Annotated[str, AfterValidator(lambda v: _rule(check_gln(v), v))]
Name = Annotated[str, Field(min_length=1, max_length=200), Printable]
Text = Annotated[str, Field(max_length=2000), Printable]
CountryCode = Annotated[str, Field(pattern=r"^[A-Z]{2}$", description="ISO 3166-1 alpha-2")]
PastDate = Annotated[Day, AfterValidator(_not_in_the_future)]
Number = Annotated[float, BeforeValidator(_no_truth_value)]
PositiveNumber = Annotated[Number, Field(gt=0, le=1e15)]
NonNegativeNumber = Annotated[Number, Field(ge=0, le=1e15)]


def utc_now() -> datetime:
    """Return the present instant, aware, in UTC, to the second (what is signed shows seconds)."""
    return datetime.now(tz=UTC).replace(microsecond=0)
