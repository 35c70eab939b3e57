"""The words of this room that a caller chooses among; they stand alone: naming them needs no store."""

from enum import StrEnum
from typing import Final

from passports.authority.roles import Action

DEFAULT_OVERLAP_HOURS: Final = 24

LENDABLE: Final = frozenset(
    {
        Action.READ,
        Action.RECORDS,
        Action.FOOTPRINTS,
        Action.ISSUE,
        Action.ATTRIBUTES,
        Action.PASSPORTS,
        Action.GRANTS,
        Action.REGISTRY,
    }
)


class Purpose(StrEnum):
    """For what: Art. 77(2) names repairers, remanufacturers, second-life operators, recyclers, buyers."""

    REPAIR = "repair"
    REUSE = "reuse"
    REMANUFACTURE = "remanufacture"
    RECYCLING = "recycling"
    PURCHASE = "purchase"


class GranteeKind(StrEnum):
    """Whether a person or an organisation is meant."""

    PERSON = "person"
    ORGANISATION = "organisation"


class VerificationMethod(StrEnum):
    """How somebody convinced themselves that an identifier is the operator's."""

    REGISTRY = "registry"  # looked up where it is kept: GLEIF, VIES, GS1, the Union's EORI service
    DOCUMENT = "document"  # an extract or certificate was seen; its hash is kept
    SEAL = "seal"  # a qualified electronic seal names it (Regulation (EU) 910/2014, Art. 38)
    CONTROL = "control"  # the holder proved that it controls it (a DID's key)
