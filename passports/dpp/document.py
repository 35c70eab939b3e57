"""A digital product passport as a document (EN 18223): header and data elements, compressed or full.

The header (Table 1) is the same for every reader but for the time of the last change, which is that of
what the reader sees: the time at which something hidden was written would tell that it was.
"""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum
from types import MappingProxyType
from typing import Any, Final

from passports.attributes.table import Attribute
from passports.attributes.view import Element, Sheet
from passports.dpp.data_elements import expand
from passports.dpp.identifiers import dpp_id
from passports.identifiers import PublicAddress
from passports.life.version_making import payload_of
from passports.store import PassportRow
from signing.instants import format_instant

SCHEMA_VERSION: Final = "EN 18223:2026"
GRANULARITY: Final = "item"  # Art. 77(3): each battery has a passport of its own
# Table 1 of EN 18223. Drafts and the published text are quoted with two spellings of the last change;
# both are given, and either is taken.
LAST_CHANGE: Final = ("lastUpdate", "lastUpdated")
HEADER: Final = (
    *("digitalProductPassportId", "uniqueProductIdentifier", "granularity", "dppSchemaVersion"),
    *("dppStatus", *LAST_CHANGE, "economicOperatorId", "facilityId", "contentSpecificationIds"),
)
# What was before a passport and what stands in its place (Art. 77(7); ESPR, Art. 11(d)): elements that no
# attribute is, as the signed passport has them.
LINKS: Final = ("predecessors", "succeededBy")
# W3C XML Schema 1.1 part 2, by the type of an attribute; other types show their own in the JSON.
_XSD_OF_TYPE: Final[Mapping[str, str]] = MappingProxyType(
    {"number": "xsd:decimal", "month": "xsd:gYearMonth", "link": "xsd:anyURI"}
)


class Representation(StrEnum):
    """The form of the payload (EN 18222, 8.1)."""

    COMPRESSED = "compressed"
    FULL = "full"


class DppStatus(StrEnum):
    """The status of a passport (EN 18223, Table 1)."""

    ACTIVE = "active"
    INACTIVE = "inactive"
    ARCHIVED = "archived"
    INVALID = "invalid"


@dataclass(frozen=True)
class DigitalProductPassport:
    """One version of a battery's passport, with what one reader sees of it."""

    header: Mapping[str, Any]
    elements: tuple[Element, ...]
    links: Mapping[str, Any]
    dictionary: str

    @property
    def values(self) -> dict[str, Any]:
        """The plain values of all elements by name."""
        return {**{e.attribute.id: e.value for e in self.elements}, **self.links}

    def to_document(self, representation: Representation) -> dict[str, Any]:
        """Return it as plain JSON data."""
        if representation is Representation.FULL:
            elements = [self.full_element(element) for element in self.elements]
            links = [expand(name, value) for name, value in self.links.items()]
            return {**self.header, "elements": [*elements, *links]}
        return {**self.header, **self.values}

    def full_element(self, element: Element) -> dict[str, Any]:
        """Return one element explicitly, with where it is explained and of what level it is."""
        attribute = element.attribute
        document = expand(attribute.id, element.value, _XSD_OF_TYPE.get(attribute.type))
        document |= {"dictionaryReference": self.reference(attribute)}
        if attribute.unit:
            document |= {"unit": attribute.unit}
        return {**document, "granularity": attribute.granularity.value}

    def reference(self, attribute: Attribute) -> str:
        """Return where an attribute is explained (EN 18223, 4.3)."""
        return f"{self.dictionary}#{attribute.id}"


def compose(
    address: PublicAddress,
    row: PassportRow,
    sheet: Sheet,
    elements: Iterable[Element],
    status: DppStatus,
    changed_at: datetime,
) -> DigitalProductPassport:
    """Return the passport that a version and the elements that a reader sees make.

    `changed_at` is the instant of the last version in which the reader sees a change.
    """
    shown = tuple(elements)
    subject = payload_of(row)["credentialSubject"]
    changes = [format_instant(changed_at), *(e.at for e in shown if e.at is not None)]
    changed = max(changes)  # of equal form, so that the latest is the greatest
    facility = subject.get("manufacturingFacility", {}).get("url")
    specification = f"{address.base_url}/v1/schemas/{sheet.profile.id}/{sheet.category}"
    header = {
        "digitalProductPassportId": dpp_id(row.id),
        "uniqueProductIdentifier": subject["id"],
        "granularity": GRANULARITY,
        "dppSchemaVersion": SCHEMA_VERSION,
        "dppStatus": status.value,
        **dict.fromkeys(LAST_CHANGE, changed),
        "economicOperatorId": subject["responsibleOperator"]["did"],
        **({"facilityId": facility} if facility is not None else {}),
        "contentSpecificationIds": [specification],
    }
    links = {name: subject[name] for name in LINKS if name in subject}
    return DigitalProductPassport(header, shown, links, f"{address.base_url}/v1/attributes")
