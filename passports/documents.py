"""Reading documents at the edge: pydantic validates, and its errors become findings.

SQLModel tables do not validate (fastapi/sqlmodel issue 52), so rows are built from these models only.
"""

from collections.abc import Iterable, Mapping
from datetime import UTC, date, datetime
from typing import Annotated, Any, Final, TypeVar

from pydantic import AfterValidator, BaseModel, ConfigDict, Field, ValidationError

from passports.errors import Finding, InvalidInputError, shorten
from passports.identifiers import check_gln, check_gtin, check_slug

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
_GENERAL_REMEDY: Final = "Give a value that the reason allows."

Model = TypeVar("Model", bound=BaseModel)


class Document(BaseModel):
    """Base of all documents that come in: unknown fields are refused, numbers are finite."""

    model_config = ConfigDict(
        extra="forbid", frozen=True, allow_inf_nan=False, str_strip_whitespace=True, strict=False
    )


def _path(location: Iterable[str | int]) -> str:
    text = ""
    for part in location:
        text += f"[{part}]" if isinstance(part, int) else f".{part}" if text else part
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
        remedy = _REMEDIES.get(kind, _GENERAL_REMEDY)
        if isinstance(inner, RuleError):
            reason, remedy = inner.reason, inner.remedy
        location = [part for part in error.get("loc", ()) if part != "body"]
        found.append(Finding(_path(location) or "document", value, reason, remedy))
    return found


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
    if any((ord(c) < 0x20 and c not in "\n\t") or ord(c) == 0x7F for c in value):  # noqa: PLR2004 # ASCII
        raise RuleError("it holds a control character", "Remove it.")
    if any(0xD800 <= ord(c) <= 0xDFFF for c in value):  # noqa: PLR2004 # surrogates, Unicode 3.9
        raise RuleError("it holds half of a character (a lone surrogate)", "Type it anew.")
    return value


Printable = AfterValidator(_printable)
Slug = Annotated[str, AfterValidator(lambda v: _rule(check_slug(v), v))]
Gtin = Annotated[str, AfterValidator(lambda v: _rule(check_gtin(v), v))]
Gln = Annotated[str, AfterValidator(lambda v: _rule(check_gln(v), v))]
Name = Annotated[str, Field(min_length=1, max_length=200), Printable]
Text = Annotated[str, Field(max_length=2000), Printable]
CountryCode = Annotated[str, Field(pattern=r"^[A-Z]{2}$", description="ISO 3166-1 alpha-2")]
PastDate = Annotated[date, AfterValidator(_not_in_the_future)]
PositiveNumber = Annotated[float, Field(gt=0, le=1e15)]
NonNegativeNumber = Annotated[float, Field(ge=0, le=1e15)]


def utc_now() -> datetime:
    """Return the present instant, aware, in UTC, to the second (what is signed shows seconds)."""
    return datetime.now(tz=UTC).replace(microsecond=0)
