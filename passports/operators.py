"""Economic operators: who makes, imports, certifies and supervises (Regulation (EU) 2023/1542, Art. 3).

The operator who places a battery on the Union market is responsible for its passport; a factory
outside the Union is manufacturer and facility (Art. 38, 41, 77(4)).
"""

from datetime import datetime
from typing import Annotated

from pydantic import Field

from passports.documents import CountryCode, Document, Gln, Name, Slug, Text
from passports.errors import IdentifierConflictError, RecordNotFoundError
from passports.gs1_prefixes import claim_prefixes
from passports.identifiers import PublicAddress
from passports.keyring import Keyring
from passports.roles import Action, RoleId, actions_of
from passports.store import OperatorRow, RowExistsError, Store, Transaction
from signing.did_web import did_from_url


class EconomicOperatorCreate(Document):
    """An operator as it is registered.

    `gs1_prefixes` are the GS1 company prefixes (digits as they stand after the packaging indicator of
    a GTIN-14) under which its models are numbered; a GTIN under another prefix is refused.
    """

    id: Slug
    name: Name
    roles: Annotated[list[RoleId], Field(min_length=1, max_length=20)]
    country: CountryCode
    postal_address: Text | None = None
    gln: Gln | None = None
    gs1_prefixes: list[Annotated[str, Field(pattern=r"^[0-9]{4,12}$")]] = Field(
        default_factory=list
    )
    note: Text | None = None


class EconomicOperator(EconomicOperatorCreate):
    """An operator as it stands in the store."""

    did: str
    created_at: datetime

    def may(self, action: Action) -> bool:
        """Tell whether one of its roles lets it do something (`data/roles.csv`)."""
        return action in actions_of(self.roles)


def register_operator(
    store: Store,
    keyring: Keyring,
    address: PublicAddress,
    request: EconomicOperatorCreate,
    now: datetime,
) -> EconomicOperator:
    """Register an operator and make its signing key.

    Raises:
        IdentifierConflictError: if the identifier is taken, or a GS1 prefix is another operator's.
    """
    did = did_from_url(address.operator_url(request.id))
    operator = EconomicOperator(**request.model_dump(), did=did, created_at=now)
    row = OperatorRow(
        id=operator.id,
        name=operator.name,
        country=operator.country,
        did=did,
        created_at=now,
        document=operator.model_dump_json().encode(),
    )
    try:
        with store.transaction() as transaction:
            transaction.operators.add(row)
            claim_prefixes(transaction, operator.id, operator.gs1_prefixes, now)
            keyring.create(transaction, operator.id, now)
    except RowExistsError:
        raise IdentifierConflictError("id", operator.id, "Choose another identifier.") from None
    return operator


def get_operator(transaction: Transaction, operator_id: str) -> EconomicOperator:
    """Return an operator.

    Raises:
        RecordNotFoundError: if there is none with this identifier.
    """
    row = transaction.operators.get(operator_id)
    if row is None:
        raise RecordNotFoundError("operator", operator_id, "Register it with POST /v1/operators.")
    return EconomicOperator.model_validate_json(row.document)


def list_operators(transaction: Transaction) -> list[EconomicOperator]:
    """Return all operators, by identifier."""
    return [EconomicOperator.model_validate_json(r.document) for r in transaction.operators.all()]
