"""Economic operators: who makes, imports, certifies and supervises (Regulation (EU) 2023/1542, Art. 3).

The operator who places a battery on the Union market is responsible for its passport; a factory
outside the Union is manufacturer and facility (Art. 38, 41, 77(4)).
"""

from datetime import datetime
from typing import Annotated

from pydantic import Field

from passports import store as tables  # a class that is asked for by name is made then
from passports.authority.gs1_prefixes import Gs1Prefix, claim_prefixes
from passports.authority.roles import Action, RoleId, actions_of
from passports.documents import CountryCode, Document, Gln, Name, Printable, Slug, Text
from passports.errors import IdentifierConflictError, RecordNotFoundError
from passports.identifiers import PublicAddress
from passports.keyring import Keyring
from passports.store import (
    OperatorRow,
    RowExistsError,
    Store,
    Transaction,
)
from signing.did_web import did_from_url

WebAddress = Annotated[str, Field(pattern=r"^https?://[^\s/]+\S*$", max_length=300), Printable]


class EconomicOperatorCreate(Document):
    """An operator as it is registered.

    `gs1_prefixes` are the GS1 company prefixes (digits as they stand after the packaging indicator of
    a GTIN-14) under which its models are numbered; a GTIN under another prefix is refused. `trade_name` is
    the registered trade name or trade mark, `url` the web address (Art. 38(7)).
    """

    id: Slug
    name: Name
    roles: Annotated[list[RoleId], Field(min_length=1, max_length=20)]
    country: CountryCode
    trade_name: Name | None = None
    postal_address: Text | None = None
    url: WebAddress | None = None
    gln: Gln | None = None
    gs1_prefixes: list[Gs1Prefix] = Field(default_factory=list)
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
        IdentifierConflictError: if the identifier, the GLN or a GS1 prefix is another operator's.
    """
    try:
        with store.transaction() as transaction:
            return add_operator(transaction, keyring, address, request, now)
    except RowExistsError:
        raise identifier_taken(request) from None


def identifier_taken(request: EconomicOperatorCreate) -> IdentifierConflictError:
    """Return the refusal of an operator whose identifier is another's."""
    return IdentifierConflictError("id", request.id, "Choose another identifier.")


def add_operator(
    transaction: Transaction,
    keyring: Keyring,
    address: PublicAddress,
    request: EconomicOperatorCreate,
    now: datetime,
) -> EconomicOperator:
    """Write an operator, its GLN (claimed, see `operator_identifiers`) and its signing key.

    Raises:
        IdentifierConflictError: if the identifier, the GLN or a GS1 prefix is another operator's.
        RowExistsError: from the transaction, if the identifier is taken at the same moment.
    """
    did = did_from_url(address.operator_url(request.id))
    operator = EconomicOperator(**request.model_dump(), did=did, created_at=now)
    if transaction.operators.get(request.id) is not None:
        raise identifier_taken(request)
    if request.gln and transaction.operator_identifiers.by_value("gln", request.gln) is not None:
        remedy = "Check it; if it is yours, have the operator of this server look into it."
        raise IdentifierConflictError("gln", request.gln, remedy)
    transaction.operators.add(
        OperatorRow(
            id=operator.id,
            name=operator.name,
            country=operator.country,
            did=did,
            created_at=now,
            document=operator.model_dump_json().encode(),
        )
    )
    if request.gln:
        transaction.operator_identifiers.add(
            tables.OperatorIdentifierRow(
                operator_id=request.id,
                scheme="gln",
                value=request.gln,
                recorded_by=request.id,
                recorded_at=now,
            )
        )
    claim_prefixes(transaction, operator.id, operator.gs1_prefixes, now)
    keyring.create(transaction, operator.id, now)
    return operator


def get_operator(transaction: Transaction, operator_id: str) -> EconomicOperator:
    """Return an operator.

    Raises:
        RecordNotFoundError: if there is none with this identifier.
    """
    row = transaction.operators.get(operator_id)
    if row is None:
        remedy = "Register it: voltpass keys register FILE, or POST /v1/operators."
        raise RecordNotFoundError("operator", operator_id, remedy)
    return EconomicOperator.model_validate_json(row.document)


def list_operators(transaction: Transaction) -> list[EconomicOperator]:
    """Return all operators, by identifier."""
    return [EconomicOperator.model_validate_json(r.document) for r in transaction.operators.all()]
