"""Identifiers of operators: given by the operator, verified by somebody else, never twice.

A number that is well formed may be anybody's. So an identifier is *claimed* until the platform or an
authority has said how, when and by what evidence it was verified; an operator cannot say so itself.
"""

from datetime import date, datetime
from typing import Annotated, Any, Self

import orjson
from pydantic import Field, model_validator

from passports.authority.identifier_schemes import IdentifierScheme, normalise
from passports.authority.roles import Action
from passports.authority.terms import VerificationMethod
from passports.documents import Document, PastDate, RuleError, Text
from passports.errors import (
    AccessDeniedError,
    Finding,
    IdentifierConflictError,
    RecordNotFoundError,
    shorten,
)
from passports.operators import EconomicOperator, get_operator
from passports.store import OperatorIdentifierRow, RowExistsError, Store, Transaction
from signing.instants import format_instant

Sha256 = Annotated[str, Field(pattern=r"^[0-9a-f]{64}$")]


class OperatorIdentifierCreate(Document):
    """An identifier as an operator gives it."""

    scheme: IdentifierScheme
    value: Annotated[str, Field(min_length=1, max_length=256)]

    @model_validator(mode="after")
    def _keeps_its_scheme(self) -> Self:
        normalise(self.scheme, self.value)
        return self

    @property
    def normal(self) -> str:
        """The value as it is stored and compared."""
        return normalise(self.scheme, self.value)


class IdentifierVerification(Document):
    """What whoever verified an identifier says about it.

    `evidence` says where it was looked up or what was seen; `document_sha256` is the hash of that paper.
    """

    method: VerificationMethod
    evidence: Annotated[Text, Field(min_length=3)]
    checked_on: PastDate
    document_sha256: Sha256 | None = None

    @model_validator(mode="after")
    def _a_document_has_its_hash(self) -> Self:
        if self.method is VerificationMethod.DOCUMENT and self.document_sha256 is None:
            reason = "a document was seen, and its hash is not given"
            raise RuleError(reason, "Give document_sha256.")
        return self


class OperatorIdentifier(Document):
    """An identifier as it stands in the store, and as everybody may see it."""

    operator_id: str
    scheme: IdentifierScheme
    value: str
    recorded_at: datetime
    verified: bool
    verified_by: str | None
    verified_at: datetime | None
    method: VerificationMethod | None
    evidence: str | None
    checked_on: date | None
    document_sha256: str | None


def record_identifiers(
    transaction: Transaction,
    operator_id: str,
    requests: list[OperatorIdentifierCreate],
    recorded_by: str,
    now: datetime,
) -> None:
    """Write down identifiers of an operator, unverified.

    Raises:
        IdentifierConflictError: another operator has one of them.
    """
    for request in requests:
        holder = transaction.operator_identifiers.by_value(request.scheme, request.normal)
        if holder is not None and holder.operator_id != operator_id:
            raise taken(request)
        if holder is None:
            transaction.operator_identifiers.add(
                OperatorIdentifierRow(
                    operator_id=operator_id,
                    scheme=request.scheme.value,
                    value=request.normal,
                    recorded_by=recorded_by,
                    recorded_at=now,
                )
            )


def taken(request: OperatorIdentifierCreate) -> IdentifierConflictError:
    """Return the refusal of an identifier that is another operator's; whose is not told."""
    remedy = "Check it; if it is yours, have the operator of this server look into it."
    return IdentifierConflictError(request.scheme.value, request.normal, remedy)


def add_identifier(
    store: Store, caller: EconomicOperator, request: OperatorIdentifierCreate, now: datetime
) -> OperatorIdentifier:
    """Write down an identifier of the caller, unverified; the same again changes nothing.

    Raises:
        IdentifierConflictError: another operator has it.
    """
    try:
        with store.transaction() as transaction:
            record_identifiers(transaction, caller.id, [request], caller.id, now)
            return _get(transaction, caller.id, request.scheme, request.value)
    except RowExistsError:
        raise taken(request) from None  # by another at the same moment


def verify_identifier(
    store: Store,
    caller: EconomicOperator,
    operator_id: str,
    scheme: IdentifierScheme,
    value: str,
    request: IdentifierVerification,
    now: datetime,
) -> OperatorIdentifier:
    """Write down that somebody else than its operator verified an identifier, and how.

    Raises:
        AccessDeniedError: the caller may not verify, or it is the caller's own.
        RecordNotFoundError: the operator has no such identifier.
    """
    _require_verifier(caller)
    if caller.id == operator_id:
        reason = "nobody verifies an identifier of their own"
        finding = Finding("operator_id", operator_id, reason, "Let an authority verify it.")
        raise AccessDeniedError(reason, [finding])
    with store.transaction() as transaction:
        row = _row(transaction, operator_id, scheme, value)
        row.verified_by, row.verified_at = caller.id, now
        row.verification = request.model_dump_json().encode()
        transaction.operator_identifiers.add(row)
        return _read(row)


def _require_verifier(caller: EconomicOperator) -> None:
    if not caller.may(Action.IDENTIFIERS):
        reason = "identifiers are verified by the operator of this server and by authorities"
        finding = Finding("Authorization", caller.id, reason, "Ask one of them.")
        raise AccessDeniedError("This operator verifies no identifiers.", [finding])


def withdraw_identifier(
    store: Store, caller: EconomicOperator, operator_id: str, scheme: IdentifierScheme, value: str
) -> None:
    """Take back an identifier: its operator while nobody verified it, a verifier at any time.

    Raises:
        AccessDeniedError: it was verified, and the caller is its operator; or it is another's.
        RecordNotFoundError: the operator has no such identifier.
    """
    if caller.id != operator_id:
        _require_verifier(caller)
    with store.transaction() as transaction:
        row = _row(transaction, operator_id, scheme, value)
        if row.verified_at is not None and not caller.may(Action.IDENTIFIERS):
            reason = "it was verified, and others may rely on it"
            finding = Finding("value", row.value, reason, "Ask who verified it.")
            raise AccessDeniedError("A verified identifier stays.", [finding])
        transaction.operator_identifiers.remove(row)


def identifiers_of(transaction: Transaction, operator_id: str) -> list[OperatorIdentifier]:
    """Return an operator's identifiers with what is known of their verification.

    Raises:
        RecordNotFoundError: there is no such operator.
    """
    get_operator(transaction, operator_id)
    return [_read(row) for row in transaction.operator_identifiers.of(operator_id)]


def _get(
    transaction: Transaction, operator_id: str, scheme: IdentifierScheme, value: str
) -> OperatorIdentifier:
    return _read(_row(transaction, operator_id, scheme, value))


def _row(
    transaction: Transaction, operator_id: str, scheme: IdentifierScheme, value: str
) -> OperatorIdentifierRow:
    try:
        normal = normalise(scheme, value)
    except RuleError:
        normal = value
    row = transaction.operator_identifiers.get(operator_id, scheme.value, normal)
    if row is None:
        raise RecordNotFoundError("identifier", f"{scheme.value} {shorten(value)}")
    return row


def _read(row: OperatorIdentifierRow) -> OperatorIdentifier:
    said = orjson.loads(row.verification) if row.verification is not None else {}
    return OperatorIdentifier(
        operator_id=row.operator_id,
        scheme=IdentifierScheme(row.scheme),
        value=row.value,
        recorded_at=row.recorded_at,
        verified=row.verified_at is not None,
        verified_by=row.verified_by,
        verified_at=row.verified_at,
        method=said.get("method"),
        evidence=said.get("evidence"),
        checked_on=said.get("checked_on"),
        document_sha256=said.get("document_sha256"),
    )


def shown(identifier: OperatorIdentifier) -> dict[str, Any]:
    """Return an identifier for people: its standing in words."""
    by = f"verified by {identifier.verified_by} on {identifier.checked_on} ({identifier.method})"
    return {
        "scheme": identifier.scheme.value,
        "value": identifier.value,
        "standing": by if identifier.verified else "claimed, not verified",
        "recorded_at": format_instant(identifier.recorded_at),
    }
