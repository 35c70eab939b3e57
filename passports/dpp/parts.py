"""What of a passport a document that came in speaks of: header members and elements, by name.

Either representation is read; what is neither is refused, and so is an element that says another unit
or another explanation than the dictionary here.
"""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Any, Final

from passports.attributes.table import attributes, unknown_attribute
from passports.dpp.data_elements import compress, element_id_of
from passports.dpp.document import HEADER, LINKS, Representation
from passports.errors import Finding, InvalidInputError, shorten

_ELEMENTS: Final = "elements"
_CONTEXT: Final = "@context"  # JSON-LD; says nothing about the battery


@dataclass(frozen=True)
class Parts:
    """Parts of a passport by name; null stands for a part that is to go."""

    header: Mapping[str, Any]
    elements: Mapping[str, Any]


def read_parts(document: Mapping[str, Any], representation: Representation) -> Parts:
    """Read a whole passport, or some of its parts.

    Raises:
        InvalidInputError: with a finding for each name that is not known.
    """
    header = {name: value for name, value in document.items() if name in HEADER}
    rest = {n: v for n, v in document.items() if n not in HEADER and n != _CONTEXT}
    if representation is Representation.FULL:
        elements = _listed(rest.pop(_ELEMENTS, []))
        unknown: Iterable[str] = rest
    else:
        elements, unknown = rest, ()
    known = {*attributes(), *LINKS}
    findings = [unknown_attribute(name, name) for name in elements if name not in known]
    for name in unknown:
        reason = "a full representation has a header and elements, and nothing else"
        remedy = "Put it into elements, or send representation=compressed."
        findings.append(Finding(shorten(name), "", reason, remedy))
    if findings:
        raise InvalidInputError(findings[:MAX_FINDINGS], "the passport")
    return Parts(header, elements)


MAX_FINDINGS: Final = 20


def _listed(elements: object) -> dict[str, Any]:
    if not isinstance(elements, list):
        reason, remedy = "elements is a list of data elements", "See GET with representation=full."
        finding = Finding(_ELEMENTS, shorten(elements), reason, remedy)
        raise InvalidInputError([finding], "the passport")
    found: dict[str, Any] = {}
    for place, element in enumerate(elements):
        field = f"{_ELEMENTS}[{place}]"
        name = element_id_of(element, field)
        if name in found:
            finding = Finding(f"{field}.elementId", shorten(name), "it stands there twice", "Once.")
            raise InvalidInputError([finding], "the passport")
        found[name] = value_of(element, name, field)
    return found


def value_of(element: Mapping[str, Any], attribute_id: str, field: str) -> Any:  # noqa: ANN401 # any JSON
    """Return the plain value of an element that came in, held against what the dictionary says of it.

    Raises:
        InvalidInputError: it is no data element, or its unit is another than the attribute's.
    """
    attribute = attributes().get(attribute_id)
    if attribute is not None and element.get("unit", attribute.unit) != attribute.unit:
        reason = f"the unit here is {attribute.unit}" if attribute.unit else "it has no unit"
        finding = Finding(f"{field}.unit", shorten(element["unit"]), reason, "Convert the value.")
        raise InvalidInputError([finding], "the data element")
    return compress(element, field)
