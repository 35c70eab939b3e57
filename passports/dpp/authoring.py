"""Who writes passports as EN 18222 documents: what creating and changing them have in common."""

from dataclasses import dataclass
from datetime import datetime

from passports.dpp.document import Representation
from passports.identifiers import PublicAddress
from passports.keyring import Keyring
from passports.operators import EconomicOperator
from passports.store import Store


@dataclass(frozen=True)
class Authoring:
    """Who writes passports on which server, in which form the documents come, why and when.

    Attributes:
        acting_id: Who acts for the actor by its written authorisation, where another does.
    """

    store: Store
    keyring: Keyring
    address: PublicAddress
    actor: EconomicOperator
    representation: Representation
    reason: str
    now: datetime
    acting_id: str | None = None
