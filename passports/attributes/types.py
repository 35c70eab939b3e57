"""The types of attribute values: what each takes, and its JSON Schema, from one declaration.

A type is one entry of `TYPES`; the column `type` of `data/attributes.csv` names it.
"""

import json
import re
from collections.abc import Callable, Mapping
from datetime import UTC, datetime
from types import MappingProxyType
from typing import Annotated, Any, Final

from pydantic import AfterValidator, Field, TypeAdapter, ValidationError

from passports.documents import (
    CountryCode,
    Document,
    Name,
    Printable,
    RuleError,
    Text,
    findings_of,
)
from passports.errors import Finding, shorten

MAX_ITEMS: Final = 1000
_LARGEST: Final = 1e15
# RFC 3339 with a zone, as what is signed shows instants.
_EMAIL: Final = r"^[^@\s]+@[^@\s]+$"
_INSTANT: Final = re.compile(r"\d{4}-\d{2}-\d{2}T\d{2}:\d{2}:\d{2}(\.\d+)?(Z|[+-]\d{2}:\d{2})")


def _instant(value: str) -> str:
    wrong = RuleError("this is not an instant with a zone", "Write it as 2027-02-18T12:00:00Z.")
    if not _INSTANT.fullmatch(value):
        raise wrong
    try:
        return datetime.fromisoformat(value).astimezone(UTC).isoformat().replace("+00:00", "Z")
    except (ValueError, OverflowError):
        raise wrong from None


Https = Annotated[str, Field(pattern=r"^https://[^\s<>\"]+$", max_length=2000), Printable]
Sha256 = Annotated[str, Field(pattern=r"^[0-9a-f]{64}$")]
Instant = Annotated[str, Field(json_schema_extra={"format": "date-time"}), AfterValidator(_instant)]
Percent = Annotated[float, Field(ge=0, le=100)]
Figure = Annotated[float, Field(ge=-_LARGEST, le=_LARGEST)]
Filled = Annotated[str, Field(min_length=1, max_length=2000), Printable]
Bounds = Mapping[str, float]


class LinkedDocument(Document):
    """A document by its link; the hash of its bytes keeps it the same document."""

    url: Https
    sha256: Sha256
    title: Name | None = None
    media_type: Name | None = None


class Substance(Document):
    """A substance or material, where it is, and its share of the battery's mass."""

    name: Name
    cas_number: Annotated[str, Field(pattern=r"^[0-9]{2,7}-[0-9]{2}-[0-9]$")] | None = None
    share_percent: Percent | None = None
    location: Name | None = None


class Contact(Document):
    """Whom to ask, and how."""

    name: Name
    postal_address: Text | None = None
    email: Annotated[str, Field(pattern=_EMAIL, max_length=254), Printable] | None = None
    url: Https | None = None


class Part(Document):
    """A component by its number."""

    part_number: Name
    name: Name | None = None


class Operator(Document):
    """An economic operator as a passport names it."""

    id: Name
    name: Name
    country: CountryCode
    did: Name | None = None
    gln: Name | None = None
    postal_address: Text | None = None
    trade_name: Name | None = None
    url: Text | None = None


class Event(Document):
    """Something that happened to a battery."""

    at: Instant
    description: Filled
    document: LinkedDocument | None = None


class FootprintLink(Document):
    """Where the public version of a footprint study stands."""

    ruleset: Name
    url: Annotated[str, Field(pattern=r"^https?://\S+$")]
    sha256: Sha256


class FootprintStatement(Document):
    """What a footprint rests on; without it a number says nothing."""

    ruleset: Name
    standing: Filled
    legal_state: Filled
    functional_unit: Filled
    total_energy_kwh: Figure
    partial: bool


class RulesetValue(Document):
    """A number under the ruleset by which it was computed."""

    ruleset: Name
    value: Figure


def _number(bounds: Bounds) -> Any:  # noqa: ANN401 # a type form
    # Finite by its bounds: neither infinity nor not-a-number is between two numbers. Truth values are
    # refused by strict reading, see `ValueType.read`.
    return Annotated[float, Field(ge=bounds.get("ge", -_LARGEST), le=bounds.get("le", _LARGEST))]


def _integer(bounds: Bounds) -> Any:  # noqa: ANN401 # a type form
    low, high = int(bounds.get("ge", -_LARGEST)), int(bounds.get("le", _LARGEST))
    return Annotated[int, Field(ge=low, le=high)]


def _list_of(kind: Any) -> Any:  # noqa: ANN401 # a type form
    return Annotated[list[kind], Field(min_length=1, max_length=MAX_ITEMS)]


def _measurements(bounds: Bounds) -> Any:  # noqa: ANN401 # a type form
    class Measurement(Document):
        """A value at an instant."""

        at: Instant
        value: _number(bounds)  # type: ignore[valid-type] # bounds are the table's

    return _list_of(Measurement)


def _at_temperature(bounds: Bounds) -> Any:  # noqa: ANN401 # a type form
    temperature = _number({"ge": -273.15, "le": 2000})

    class AtTemperature(Document):
        """A value that holds within a range of temperature."""

        value: _number(bounds)  # type: ignore[valid-type] # bounds are the table's
        temperature_from_c: temperature  # type: ignore[valid-type] # as above
        temperature_to_c: temperature  # type: ignore[valid-type] # as above

    return AtTemperature


def _fixed(kind: Any) -> Callable[[Bounds], Any]:  # noqa: ANN401 # a type form
    def of(bounds: Bounds) -> Any:  # noqa: ANN401 # a type form
        del bounds  # only numbers have some
        return kind

    return of


TYPES: Final[Mapping[str, Callable[[Bounds], Any]]] = MappingProxyType(
    {
        "text": _fixed(Filled),
        "texts": _fixed(_list_of(Filled)),
        "number": _number,
        "integer": _integer,
        "month": _fixed(Annotated[str, Field(pattern=r"^[0-9]{4}-(0[1-9]|1[0-2])$")]),
        "choice": _fixed(str),  # the attribute's own choices, see `ValueType`
        "link": _fixed(Annotated[str, Field(pattern=r"^https?://\S+$")]),
        "document": _fixed(LinkedDocument),
        "documents": _fixed(_list_of(LinkedDocument)),
        "substances": _fixed(_list_of(Substance)),
        "contacts": _fixed(_list_of(Contact)),
        "parts": _fixed(_list_of(Part)),
        "operator": _fixed(Operator),
        "events": _fixed(_list_of(Event)),
        "measurements": _measurements,
        "at_temperature": _at_temperature,
        "by_ruleset": _fixed(_list_of(RulesetValue)),
        "footprint_links": _fixed(_list_of(FootprintLink)),
        "footprint_statements": _fixed(_list_of(FootprintStatement)),
    }
)


class ValueType:
    """The type of one attribute's values, with its bounds and choices."""

    def __init__(self, name: str, bounds: Bounds, choices: tuple[str, ...]) -> None:
        self._choices = choices
        self._adapter: TypeAdapter[Any] = TypeAdapter(TYPES[name](bounds))
        # A value at a temperature may be a bare number where the temperature does not matter.
        bare = _number(bounds) if name == "at_temperature" else None
        self._bare: TypeAdapter[Any] | None = TypeAdapter(bare) if bare is not None else None

    def read(self, value: object, field: str) -> tuple[Any, list[Finding]]:
        """Return the value as it is stored, or what is wrong with it; nothing is converted."""
        if self._choices and value not in self._choices:
            reason = f"it is none of {', '.join(self._choices)}"
            return None, [Finding(field, shorten(value), reason, "Choose one of them.")]
        bare = self._bare if self._bare is not None and not isinstance(value, dict) else None
        adapter = bare or self._adapter
        try:
            found = adapter.validate_json(json.dumps(value), strict=True)
        except ValidationError as error:
            return None, [_placed(finding, field) for finding in _findings(error)]
        except (ValueError, RecursionError):  # a number of thousands of digits; endless nesting
            reason = "it cannot be written as JSON"
            return None, [Finding(field, "", reason, "Give a value of the table's type.")]
        return adapter.dump_python(found, mode="json", exclude_none=True), []

    def json_schema(self) -> dict[str, Any]:
        """Return the JSON Schema (draft 2020-12) of a value."""
        if self._choices:
            return {"type": "string", "enum": list(self._choices)}
        schema = _inlined(self._adapter.json_schema())
        if self._bare is not None:
            schema = {"anyOf": [self._bare.json_schema(), schema]}
        return schema


def _inlined(schema: dict[str, Any]) -> dict[str, Any]:
    """Put definitions where they are referred to: equal names mean other bounds elsewhere."""
    definitions = schema.get("$defs", {})

    def walk(node: Any) -> Any:  # noqa: ANN401 # any JSON
        if isinstance(node, dict):
            if "$ref" in node:
                return walk(definitions[node["$ref"].rsplit("/", 1)[-1]])
            return {key: walk(value) for key, value in node.items() if key not in _UNSAID}
        return [walk(item) for item in node] if isinstance(node, list) else node

    inlined: dict[str, Any] = walk(schema)
    return inlined


# Titles and defaults are pydantic's own; the table has the titles.
_UNSAID: Final = frozenset({"$defs", "default"})


def _findings(error: ValidationError) -> list[Finding]:
    return findings_of(error.errors(include_url=False))[:MAX_FINDINGS]


MAX_FINDINGS: Final = 20


def _placed(finding: Finding, field: str) -> Finding:
    within = "" if finding.field == "document" else finding.field
    dot = "." if within and not within.startswith("[") else ""
    return Finding(f"{field}{dot}{within}", finding.value, finding.reason, finding.remedy)
