"""One element of a passport, as a path names it (EN 18222, 6.2).

A path goes by the names of elements, which is the compressed document. Where the full representation is
asked for, a path that begins with `$.elements`, or searches, goes through the full document instead.
"""

from collections.abc import Iterable
from dataclasses import dataclass
from typing import Any, Final

from passports.attributes.view import Element
from passports.dpp.data_elements import COLLECTION, MULTI, expand
from passports.dpp.document import DigitalProductPassport, Representation
from passports.dpp.element_paths import ElementPath, Place
from passports.errors import Finding, InvalidInputError

_ELEMENTS: Final = "elements"


@dataclass(frozen=True)
class FoundElement:
    """What a path of names and places, or a search, found; `told` are the elements that a path tells of."""

    document: dict[str, Any]
    told: tuple[Element, ...]


def find_element(
    dpp: DigitalProductPassport, path: ElementPath, representation: Representation
) -> FoundElement:
    """Return the one element that a path names.

    Raises:
        InvalidInputError: the path names the whole passport, or more than one element.
        RecordNotFoundError: it names nothing.
    """
    by_name = representation is Representation.COMPRESSED or path.first_name not in {
        None,
        _ELEMENTS,
    }
    searched = Representation.COMPRESSED if by_name else Representation.FULL
    place = path.find(dpp.to_document(searched))
    if not place.parts:
        reason = "it names the whole passport"
        remedy = "Read the passport itself at GET /v1/dpps/{dppId}, or name an element."
        raise InvalidInputError([Finding("elementIdPath", path.text, reason, remedy)], "the path")
    told = tuple(_at_place(dpp, place, by_name=by_name)) if path.is_singular else ()
    if not by_name:
        return FoundElement(_explicit(place), told)
    if representation is Representation.COMPRESSED:
        return FoundElement(_compressed(dpp, place), told)
    if len(place.parts) == 1 and told:
        return FoundElement(dpp.full_element(told[0]), told)
    return FoundElement(expand(name_of(place.parts), place.value), told)


def _at_place(dpp: DigitalProductPassport, place: Place, *, by_name: bool) -> Iterable[Element]:
    first, *rest = place.parts
    if by_name:
        return [element for element in dpp.elements if element.attribute.id == first]
    if first == _ELEMENTS and rest:
        return dpp.elements[int(rest[0]) :][:1]
    return dpp.elements if first == _ELEMENTS else ()


def name_of(parts: tuple[str | int, ...]) -> str:
    """Return the relative identifier of what stands at a place: its name, or its place in a list."""
    last = parts[-1]
    if isinstance(last, str):
        return last
    before = next((part for part in reversed(parts) if isinstance(part, str)), "")
    return f"{before}[{last}]"


def _compressed(dpp: DigitalProductPassport, place: Place) -> dict[str, Any]:
    document = {"elementId": name_of(place.parts), "value": place.value}
    found = next((e.attribute for e in dpp.elements if e.attribute.id == place.parts[0]), None)
    if found is None or len(place.parts) > 1:
        return document
    document["dictionaryReference"] = dpp.reference(found)
    return {**document, **({"unit": found.unit} if found.unit else {})}


def _explicit(place: Place) -> dict[str, Any]:
    """Return what stands somewhere in the full document as an element of its own."""
    value, name = place.value, name_of(place.parts)
    if isinstance(value, dict):
        return value
    if isinstance(value, list) and value and all(isinstance(item, dict) for item in value):
        return {"elementId": name, "objectType": COLLECTION, "elements": value}
    if isinstance(value, list) and any(isinstance(item, list) for item in value):
        return {"elementId": name, "objectType": MULTI, "value": value}
    return expand(name, value)
