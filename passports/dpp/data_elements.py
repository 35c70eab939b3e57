"""Data elements (EN 18223, 4.1.2.3 to 4.1.2.8): plain values as explicit elements, and back.

The compressed representation (5.2) is the values by their names. The full one (Annex A) says of each
value what kind of element it is and of which XSD type. Nothing is lost between the two.
"""

from collections.abc import Mapping, Sequence
from types import MappingProxyType
from typing import Any, Final

from passports.errors import Finding, InvalidInputError, shorten

SINGLE: Final = "SingleValuedDataElement"
MULTI: Final = "MultiValuedDataElement"
COLLECTION: Final = "DataElementCollection"
RESOURCE: Final = "RelatedResource"
OBJECT_TYPES: Final = (SINGLE, MULTI, COLLECTION, RESOURCE)
# A linked document's members, and what EN 18223, 4.1.2.7 calls them; the hash is ours.
_RESOURCE_NAMES: Final[Mapping[str, str]] = MappingProxyType(
    {"url": "url", "sha256": "sha256", "title": "resourceTitle", "media_type": "contentType"}
)
_DOCUMENT: Final = "document"  # the one element of a group that is a linked document
# W3C XML Schema 1.1 part 2: types of strings that are known by the member they stand in.
_XSD_OF_MEMBER: Final[Mapping[str, str]] = MappingProxyType(
    {"at": "xsd:dateTime", "url": "xsd:anyURI"}
)


def expand(element_id: str, value: Any, xsd_type: str | None = None) -> dict[str, Any]:  # noqa: ANN401 # any JSON
    """Return a value as a data element.

    Args:
        element_id: Its name within what it belongs to.
        value: Plain JSON.
        xsd_type: The XSD type of the scalars, where it is known better than from the JSON.
    """
    if isinstance(value, dict) and _is_linked_document(value):
        named = {_RESOURCE_NAMES[name]: part for name, part in value.items()}
        return {"elementId": element_id, "objectType": RESOURCE, **named}
    if isinstance(value, dict):
        elements = [expand(name, part) for name, part in value.items() if part is not None]
        return {"elementId": element_id, "objectType": COLLECTION, "elements": elements}
    if isinstance(value, list):
        return _expanded_list(element_id, value, xsd_type)
    kind = xsd_type or _xsd_type(element_id, value)
    return {"elementId": element_id, "objectType": SINGLE, "valueDataType": kind, "value": value}


def _is_linked_document(value: Mapping[str, Any]) -> bool:
    return {"url", "sha256"} <= set(value) <= set(_RESOURCE_NAMES)


def _expanded_list(element_id: str, values: Sequence[Any], xsd_type: str | None) -> dict[str, Any]:
    document: dict[str, Any] = {"elementId": element_id, "objectType": MULTI}
    if any(isinstance(value, dict) for value in values):
        return {**document, "value": [_group(value) for value in values]}
    kind = xsd_type or (_xsd_type(element_id, values[0]) if values else "xsd:string")
    return {**document, "valueDataType": kind, "value": list(values)}


def _group(value: Mapping[str, Any]) -> list[dict[str, Any]]:
    """Return one of several structured values as a group of elements (4.1.2.6)."""
    if _is_linked_document(value):
        return [expand(_DOCUMENT, value)]
    return [expand(name, part) for name, part in value.items() if part is not None]


def _xsd_type(name: str, value: object) -> str:
    if isinstance(value, bool):
        return "xsd:boolean"
    if isinstance(value, int):
        return "xsd:integer"
    if isinstance(value, float):
        return "xsd:decimal"
    return _XSD_OF_MEMBER.get(name, "xsd:string")


def compress(element: object, field: str) -> Any:  # noqa: ANN401 # any JSON
    """Return the plain value of a data element that came in.

    Raises:
        InvalidInputError: it is no data element, or of a kind that no attribute here is.
    """
    if not isinstance(element, dict):
        raise _wrong(field, element, "a data element is an object with elementId and objectType")
    kind = element.get("objectType", SINGLE)
    if kind == SINGLE and "value" in element:
        return element["value"]
    if kind == MULTI and isinstance(element.get("value"), list):
        return [
            _compressed_group(value, f"{field}.value[{place}]")
            if isinstance(value, list)
            else value
            for place, value in enumerate(element["value"])
        ]
    if kind == COLLECTION and isinstance(element.get("elements"), list):
        return _members(element["elements"], f"{field}.elements")
    if kind == RESOURCE:
        named = {name: element.get(said) for name, said in _RESOURCE_NAMES.items()}
        return {name: part for name, part in named.items() if part is not None}
    if kind not in OBJECT_TYPES:
        wrong = f"an objectType here is one of {', '.join(OBJECT_TYPES)}"
        raise _wrong(f"{field}.objectType", kind, wrong)
    member = "elements" if kind == COLLECTION else "value"
    raise _wrong(field, "", f"a {kind} has its member {member}")


def _compressed_group(group: Sequence[Any], field: str) -> Any:  # noqa: ANN401 # any JSON
    members = _members(group, field)
    first = group[0] if len(group) == 1 else None
    is_document = isinstance(first, dict) and first.get("objectType") == RESOURCE
    return members[_DOCUMENT] if is_document and set(members) == {_DOCUMENT} else members


def _members(elements: Sequence[Any], field: str) -> dict[str, Any]:
    members: dict[str, Any] = {}
    for place, element in enumerate(elements):
        within = f"{field}[{place}]"
        name = element_id_of(element, within)
        if name in members:
            raise _wrong(f"{within}.elementId", name, "it stands there twice")
        members[name] = compress(element, within)
    return members


def element_id_of(element: object, field: str) -> str:
    """Return the name of a data element that came in.

    Raises:
        InvalidInputError: it has none.
    """
    name = element.get("elementId") if isinstance(element, dict) else None
    if not isinstance(name, str) or not name:
        raise _wrong(f"{field}.elementId", name or "", "a data element has its name as elementId")
    return name


def _wrong(field: str, value: object, reason: str) -> InvalidInputError:
    remedy = "Send it as GET with the same representation gives it."
    return InvalidInputError([Finding(field, shorten(value), reason, remedy)], "the data element")
