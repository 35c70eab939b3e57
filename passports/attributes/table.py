"""Attributes: every data point of a battery passport as one row of `data/attributes.csv`.

The table covers the Commission's 71 data points (v2.0, 15 August 2026) and the 93 attributes of DIN DKE
SPEC 99100 (longlist v1.2). What a passport has to show, by battery category and date, is a profile:
one file of `data/profiles`. Both are checked when they are loaded; a wrong row is named.
"""

import csv
import io
import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date
from enum import IntEnum, StrEnum
from functools import cache, cached_property
from importlib import resources
from types import MappingProxyType
from typing import Any, Final

from passports.attributes.types import TYPES, ValueType
from passports.errors import Finding, RecordNotFoundError, shorten

CATEGORIES: Final = ("ev", "lmt", "industrial", "stationary")
DEFAULT_PROFILE: Final = "voluntary-footprint"
UNITS: Final = frozenset(
    {
        *("", "kg", "kWh", "Ah", "V", "W", "W/Wh", "%", "%/month", "ohm", "°C", "years", "months"),
        *("min", "cycles", "A/Ah", "kg CO2e/kWh", "t CO2e"),
    }
)


class AttributeTableError(Exception):
    """The table or a profile breaks a rule; says which row."""


class Granularity(StrEnum):
    """The level at which an attribute is recorded (EN 18219): once, however many batteries it holds for."""

    MODEL = "model"
    BATCH = "batch"
    ITEM = "item"


class AccessPoint(IntEnum):
    """The point of Annex XIII that says who may see an attribute (Art. 77(2))."""

    PUBLIC = 1
    MODEL_RESTRICTED = 2
    AUTHORITIES_ONLY = 3
    INDIVIDUAL_BATTERY = 4


class Behaviour(StrEnum):
    """Whether a value stands for good or follows the battery's life."""

    STATIC = "static"
    DYNAMIC = "dynamic"


class Requirement(StrEnum):
    """What a profile asks of an attribute for a category."""

    MANDATORY = "mandatory"
    IF_APPLICABLE = "if_applicable"
    OPTIONAL = "optional"
    NOT_DISPLAYED = "not_displayed"
    NOT_TO_BE_FILLED = "not_to_be_filled"

    @property
    def is_shown(self) -> bool:
        """Tell whether a passport under this profile may show the attribute."""
        return self not in {Requirement.NOT_DISPLAYED, Requirement.NOT_TO_BE_FILLED}


@dataclass(frozen=True)
class Attribute:
    """One row of the table.

    Attributes:
        ec_points: Numbers of the Commission's data points that it answers.
        spec_numbers: Numbers of the attributes of DIN DKE SPEC 99100 that it answers.
        applicability: By category: `x` asked for by law or SPEC, `c` if applicable, `o` voluntary, `-` not.
        record: Name of the record it is read from (see `attribute_records`), or empty if it is given.
        example: A value that the type takes.
    """

    id: str
    title: str
    ec_points: tuple[int, ...]
    spec_numbers: tuple[int, ...]
    legal_reference: str
    unit: str
    type: str
    minimum: float | None
    maximum: float | None
    choices: tuple[str, ...]
    granularity: Granularity
    access_point: AccessPoint
    behaviour: Behaviour
    applicability: Mapping[str, str]
    record: str
    example: Any
    note: str

    @property
    def is_given(self) -> bool:
        """Tell whether somebody has to give the value: no record holds it."""
        return not self.record

    @cached_property
    def value_type(self) -> ValueType:
        """The type of its values."""
        named = (("ge", self.minimum), ("le", self.maximum))
        bounds = {name: bound for name, bound in named if bound is not None}
        return ValueType(self.type, bounds, self.choices)


@dataclass(frozen=True)
class Profile:
    """What passports have to show from a day on, by attribute and category."""

    id: str
    title: str
    applies_from: date
    source: str
    note: str
    requirements: Mapping[str, Mapping[str, Requirement]]

    def requirement(self, attribute_id: str, category: str) -> Requirement:
        """Return what is asked of an attribute for a category."""
        return self.requirements[attribute_id][category]

    def shows(self, attribute_id: str, category: str) -> bool:
        """Tell whether passports of a category may show an attribute."""
        return self.requirement(attribute_id, category).is_shown


@cache
def attributes() -> Mapping[str, Attribute]:
    """Return all attributes by identifier, in the table's order.

    Raises:
        AttributeTableError: a row breaks a rule; which row and which rule is said.
    """
    table = resources.files("passports.data").joinpath("attributes.csv")
    return read_attributes(table.read_text(encoding="utf-8"))


def read_attributes(text: str) -> Mapping[str, Attribute]:
    """Read and check the table.

    Raises:
        AttributeTableError: a row breaks a rule.
    """
    found: dict[str, Attribute] = {}
    for row in csv.DictReader(io.StringIO(text), strict=True):
        try:
            attribute = _attribute(row)
        except (ValueError, KeyError, TypeError) as error:
            raise AttributeTableError(f"attribute {row.get('id')!r}: {error}") from error
        wrong = _fault(attribute)
        if attribute.id in found:
            wrong = "it stands there twice"
        if wrong is not None:
            raise AttributeTableError(f"attribute {attribute.id!r}: {wrong}")
        found[attribute.id] = attribute
    return MappingProxyType(found)


def _attribute(row: Mapping[str, str]) -> Attribute:
    return Attribute(
        id=row["id"],
        title=row["title"],
        ec_points=tuple(map(int, _parts(row["ec_points"]))),
        spec_numbers=tuple(map(int, _parts(row["spec_numbers"]))),
        legal_reference=row["legal_reference"],
        unit=row["unit"],
        type=row["type"],
        minimum=float(row["minimum"]) if row["minimum"] else None,
        maximum=float(row["maximum"]) if row["maximum"] else None,
        choices=tuple(_parts(row["choices"])),
        granularity=Granularity(row["granularity"]),
        access_point=AccessPoint(int(row["access_point"])),
        behaviour=Behaviour(row["behaviour"]),
        applicability=MappingProxyType({name: row[name] for name in CATEGORIES}),
        record=row["record"],
        example=json.loads(row["example"]),
        note=row["note"],
    )


def _parts(text: str) -> Sequence[str]:
    return list(filter(None, text.split("|")))


# Annex XIII: points 2 and 3 are information about the model, point 4 about the individual battery;
# one credential a model and one a battery hold them (`restricted.py`).
_LEVELS: Final[Mapping[AccessPoint, frozenset[Granularity]]] = MappingProxyType(
    {
        AccessPoint.PUBLIC: frozenset(Granularity),
        AccessPoint.MODEL_RESTRICTED: frozenset({Granularity.MODEL}),
        AccessPoint.AUTHORITIES_ONLY: frozenset({Granularity.MODEL}),
        AccessPoint.INDIVIDUAL_BATTERY: frozenset({Granularity.ITEM}),
    }
)


def _fault(attribute: Attribute) -> str | None:
    """Return what is wrong with a row, or None."""
    checks = {
        "it has no identifier of a-z, 0-9 and _": not _is_name(attribute.id),
        "it has no title": not attribute.title,
        "it has no legal reference": not attribute.legal_reference,
        f"its unit {attribute.unit!r} is not known": attribute.unit not in UNITS,
        f"its type {attribute.type!r} is not known": attribute.type not in TYPES,
        "a choice has choices, nothing else has": (attribute.type == "choice")
        != bool(attribute.choices),
        "its access point does not go with its granularity": attribute.granularity
        not in _LEVELS[attribute.access_point],
        "an applicability is none of x, c, o, -": not set(attribute.applicability.values())
        <= set("xco-"),
    }
    wrong = next((reason for reason, is_wrong in checks.items() if is_wrong), None)
    if wrong is None and attribute.value_type.read(attribute.example, "example")[1]:
        return "its example is not of its type"
    return wrong


def _is_name(text: str) -> bool:
    return text.isascii() and text.replace("_", "a").isalnum() and text == text.lower()


def profile_ids() -> list[str]:
    """Return the identifiers of all profiles."""
    folder = resources.files("passports.data").joinpath("profiles")
    return sorted(f.name.removesuffix(".csv") for f in folder.iterdir() if f.name.endswith(".csv"))


@cache
def get_profile(profile_id: str) -> Profile:
    """Return a profile.

    Raises:
        RecordNotFoundError: there is none with this identifier.
        AttributeTableError: it breaks a rule.
    """
    known = profile_ids()
    if profile_id not in known:
        raise RecordNotFoundError("profile", profile_id, f"Choose one of {', '.join(known)}.")
    file = resources.files("passports.data").joinpath("profiles").joinpath(f"{profile_id}.csv")
    return read_profile(profile_id, file.read_text(encoding="utf-8"))


def read_profile(profile_id: str, text: str) -> Profile:
    """Read and check a profile: lines `# name: value`, then one row an attribute.

    Raises:
        AttributeTableError: an attribute is missing, unknown or there twice, or a word is not known.
    """
    lines = text.splitlines(keepends=True)
    head = dict(line[1:].strip().split(": ", 1) for line in lines if line.startswith("#"))
    body = io.StringIO("".join(line for line in lines if not line.startswith("#")))
    requirements: dict[str, Mapping[str, Requirement]] = {}
    try:
        for row in csv.DictReader(body, strict=True):
            if row["attribute"] in requirements:
                raise AttributeTableError(
                    f"profile {profile_id}: {row['attribute']} is there twice"
                )
            cells = {name: Requirement(row[name]) for name in CATEGORIES}
            requirements[row["attribute"]] = MappingProxyType(cells)
        profile = Profile(
            id=profile_id,
            title=head["title"],
            applies_from=date.fromisoformat(head["from"]),
            source=head["source"],
            note=head["note"],
            requirements=MappingProxyType(requirements),
        )
    except (ValueError, KeyError) as error:
        raise AttributeTableError(f"profile {profile_id}: {error}") from error
    different = sorted(set(requirements) ^ set(attributes()))
    if different:
        raise AttributeTableError(f"profile {profile_id}: rows differ from the table: {different}")
    return profile


def is_signed_in_public(attribute: Attribute) -> bool:
    """Tell whether the public credential carries an attribute: Annex XIII point 1, for good."""
    return attribute.access_point is AccessPoint.PUBLIC and attribute.behaviour is Behaviour.STATIC


def with_unit(attribute_id: str, value: object) -> dict[str, Any]:
    """Return a value as it is shown and signed: with its unit, where it has one."""
    unit = attributes()[attribute_id].unit
    return {"value": value, "unit": unit} if unit else {"value": value}


def check_category(category: str) -> str:
    """Return a category that is known.

    Raises:
        RecordNotFoundError: it is not.
    """
    if category not in CATEGORIES:
        raise RecordNotFoundError("category", category, f"Choose one of {', '.join(CATEGORIES)}.")
    return category


def unknown_attribute(attribute_id: str, field: str) -> Finding:
    """Return the finding for an attribute that the table does not have."""
    remedy = "Listed by: voltpass passport schema CATEGORY, or GET /v1/attributes."
    return Finding(field, shorten(attribute_id), "there is no such attribute", remedy)
