"""JSON Schemas (draft 2020-12) of a passport's attributes, by profile and category, from the table.

A schema describes the values by attribute identifier, as `GET /v1/passports/{id}/attributes` gives them
to somebody who may see all of them. What a profile does not show for a category is not allowed there.
"""

from collections.abc import Mapping
from typing import Any, Final

from passports.attributes.table import (
    Attribute,
    Requirement,
    attributes,
    check_category,
    get_profile,
)
from passports.identifiers import PublicAddress

DIALECT: Final = "https://json-schema.org/draft/2020-12/schema"


def attribute_schema(address: PublicAddress, profile_id: str, category: str) -> dict[str, Any]:
    """Return the schema of all attributes that a category has under a profile.

    Raises:
        RecordNotFoundError: there is no such profile or category.
    """
    profile = get_profile(profile_id)
    check_category(category)
    shown = {
        attribute.id: _property(attribute, profile.requirement(attribute.id, category))
        for attribute in attributes().values()
        if profile.shows(attribute.id, category)
    }
    return {
        "$schema": DIALECT,
        "$id": f"{address.base_url}/v1/schemas/{profile_id}/{category}",
        "title": f"Attributes of a battery passport: {category}, profile {profile_id}",
        "description": f"{profile.title}. Applies from {profile.applies_from}. Source: {profile.source}.",
        "type": "object",
        "properties": shown,
        "required": [
            name for name, schema in shown.items() if schema["x-requirement"] == "mandatory"
        ],
        "additionalProperties": False,
    }


def _property(attribute: Attribute, requirement: Requirement) -> dict[str, Any]:
    schema: dict[str, Any] = {
        **attribute.value_type.json_schema(),
        "title": attribute.title,
        "description": attribute.legal_reference,
        "examples": [attribute.example],
        "x-requirement": requirement.value,
        "x-access-point": int(attribute.access_point),
        "x-granularity": attribute.granularity.value,
        "x-behaviour": attribute.behaviour.value,
        "x-ec-data-points": list(attribute.ec_points),
        "x-din-dke-spec-99100": list(attribute.spec_numbers),
    }
    if attribute.unit:
        schema["x-unit"] = attribute.unit
    return schema


def attribute_table() -> list[Mapping[str, Any]]:
    """Return the whole table as plain JSON data, in its order."""
    return [
        {
            "id": attribute.id,
            "title": attribute.title,
            "ec_data_points": list(attribute.ec_points),
            "din_dke_spec_99100": list(attribute.spec_numbers),
            "legal_reference": attribute.legal_reference,
            "unit": attribute.unit or None,
            "type": attribute.type,
            "minimum": attribute.minimum,
            "maximum": attribute.maximum,
            "choices": list(attribute.choices),
            "granularity": attribute.granularity.value,
            "access_point": int(attribute.access_point),
            "behaviour": attribute.behaviour.value,
            "applicability": dict(attribute.applicability),
            "given_by_hand": attribute.is_given,
            "note": attribute.note or None,
        }
        for attribute in attributes().values()
    ]
