"""Standing acceptances: who answers for passports that another issues has said so, signed, beforehand.

A factory abroad issues passports and names somebody in the Union as responsible (Art. 77(4)). That operator
answers for them from the first version on, so it has to want it: it signs that it answers for what this
maker issues, for some of its models or all, until a day. The gates of issuing ask for it, in a dry run too.
What was issued meanwhile stays as it is when an acceptance ends; a later change of responsibility is a
transfer. The statement is canonical JSON (RFC 8785) in a compact JWS (RFC 7515) of a type of its own.
"""

import secrets
from collections.abc import Sequence
from datetime import datetime, timedelta
from typing import Annotated, Any, Final, Literal

from pydantic import Field

from passports.authority.callers import Caller
from passports.authority.grants import Revocation
from passports.authority.responsibility import may_answer_for
from passports.authority.roles import Action, is_in_the_union
from passports.authority.transfer_statements import Nonce, Party, to_text
from passports.documents import Document, Instant, Name, Slug, read_document
from passports.errors import (
    AccessDeniedError,
    Finding,
    InvalidInputError,
    PassportError,
    RecordNotFoundError,
)
from passports.identifiers import PublicAddress
from passports.keyring import Keyring
from passports.models import get_model
from passports.operators import EconomicOperator, get_operator
from passports.store import ResponsibilityAcceptanceRow, Store, Transaction
from signing.canonical import canonicalize, parse_strict
from signing.errors import SigningError
from signing.instants import format_instant
from signing.jws import encode_header, sign_compact, verify_compact
from signing.keys.verifying_key import from_jwk

STATEMENT_TYPE: Final = "voltpass-responsibility-acceptance+jws"
LONGEST: Final = timedelta(days=3653)  # ours, as for written authorisations
MAX_MODELS: Final = 1000
Models = Annotated[list[Slug], Field(min_length=1, max_length=MAX_MODELS)]


class AcceptanceCreate(Document):
    """For which maker's passports an operator is to answer. Without `models` it is for all models."""

    maker: Slug
    models: Models | None = None
    valid_until: Instant


class AcceptanceStatement(Document):
    """What the operator signs that is going to answer for the passports."""

    type: Literal["responsibility-acceptance"]
    origin: Name
    id: Nonce
    operator: Party
    maker: Party
    models: Models | None
    accepted_at: Instant
    valid_until: Instant


def accept_responsibility(
    store: Store,
    keyring: Keyring,
    address: PublicAddress,
    caller: Caller,
    request: AcceptanceCreate,
    now: datetime,
) -> dict[str, Any]:
    """Sign that the caller answers for what a maker issues in its name (Art. 77(4)).

    Raises:
        InvalidInputError: it ends in the past or too late, or is for the caller itself.
        AccessDeniedError: the caller cannot be responsible for batteries on the Union market.
        RecordNotFoundError: the maker or one of its models is not registered.
        KeyUnavailableError: the caller's key cannot be opened.
    """
    caller.require(Action.AUTHORISATIONS)
    _check(caller, request, now)
    with store.transaction() as transaction:
        maker = get_operator(transaction, request.maker)
        for model_id in request.models or ():
            get_model(transaction, maker.id, model_id)
        statement = AcceptanceStatement(
            type="responsibility-acceptance",
            origin=address.base_url,
            id=secrets.token_hex(12),
            operator=Party(id=caller.id, did=caller.did),
            maker=Party(id=maker.id, did=maker.did),
            models=request.models,
            accepted_at=now,
            valid_until=request.valid_until,
        )
        key = keyring.current(transaction, caller.id)
        header = encode_header({"alg": key.algorithm, "typ": STATEMENT_TYPE, "kid": key.kid})
        row = ResponsibilityAcceptanceRow(
            operator_id=caller.id,
            id=statement.id,
            maker_id=maker.id,
            given_at=now,
            statement=sign_compact(header, canonicalize(statement.model_dump(mode="json")), key),
        )
        transaction.responsibility_acceptances.add(row)
        return acceptance_document(transaction, row, now)


def _check(caller: Caller, request: AcceptanceCreate, now: datetime) -> None:
    if not now < request.valid_until <= now + LONGEST:
        reason = f"an acceptance ends between now and {(now + LONGEST).date()}"
        finding = Finding("valid_until", str(request.valid_until), reason, "Give another day.")
        raise InvalidInputError([finding], "the acceptance")
    if request.maker == caller.id:
        reason = "who issues for itself answers for it without saying so"
        finding = Finding("maker", request.maker, reason, "Name another operator.")
        raise InvalidInputError([finding], "the acceptance")
    reason = ""
    if not may_answer_for(caller.roles, is_waste=False):
        reason = "none of its roles places batteries on the market"
    elif not is_in_the_union(caller.country):
        reason = f"it is established in {caller.country}, outside the Union"
    if reason:
        finding = Finding("Authorization", caller.id, reason, "Have another operator accept.")
        raise AccessDeniedError("This operator cannot be responsible (Art. 77(4)).", [finding])


def end_acceptance(
    store: Store, caller: Caller, acceptance_id: str, request: Revocation, now: datetime
) -> dict[str, Any]:
    """End an acceptance at once, by who gave it; what was issued under it stays as it is.

    Raises:
        RecordNotFoundError: the caller gave no such acceptance.
    """
    caller.require(Action.AUTHORISATIONS)
    with store.transaction() as transaction:
        row = transaction.responsibility_acceptances.by_id(acceptance_id)
        if row is None or caller.id != row.operator_id:
            raise RecordNotFoundError("acceptance of responsibility", acceptance_id)
        if row.revoked_at is None:
            row.revoked_at, row.revocation_reason = now, request.reason
            transaction.responsibility_acceptances.add(row)
        return acceptance_document(transaction, row, now)


def list_acceptances(
    transaction: Transaction, operator_id: str, now: datetime
) -> Sequence[dict[str, Any]]:
    """Return the acceptances that an operator gave or was given, ended ones too, oldest first."""
    rows = transaction.responsibility_acceptances.of(operator_id)
    return [acceptance_document(transaction, row, now) for row in rows]


def acceptance_document(
    transaction: Transaction, row: ResponsibilityAcceptanceRow, now: datetime
) -> dict[str, Any]:
    """Return an acceptance as plain JSON data, with the statement as signed."""
    said = read_acceptance_statement(transaction, row)
    return {
        "id": row.id,
        "state": _state(said, row, now),
        "operator": row.operator_id,
        "maker": row.maker_id,
        "models": said.models,
        "accepted_at": format_instant(said.accepted_at),
        "valid_until": format_instant(said.valid_until),
        "ended_at": format_instant(row.revoked_at) if row.revoked_at else None,
        "end_reason": row.revocation_reason,
        "statement": to_text(row.statement),
    }


def _state(said: AcceptanceStatement, row: ResponsibilityAcceptanceRow, now: datetime) -> str:
    if row.revoked_at is not None:
        return "ended"
    return "in_force" if now < said.valid_until else "expired"


def read_acceptance_statement(
    transaction: Transaction, row: ResponsibilityAcceptanceRow
) -> AcceptanceStatement:
    """Return what an operator accepted, once its signature and its parties were checked.

    A key that was retired since signed it rightly; one that was revoked did not.

    Raises:
        InvalidInputError: it is not what the operator signed, or is filed under other names.
    """
    keys = [
        from_jwk(key.public_jwk)
        for key in transaction.signing_keys.of(row.operator_id)
        if key.revoked_at is None
    ]
    try:
        jws, _key = verify_compact(row.statement, keys, typ=STATEMENT_TYPE, step="acceptance")
        said = read_document(AcceptanceStatement, parse_strict(jws.payload_bytes), "the acceptance")
    except SigningError as error:
        raise _broken(row, f"its signature is not the operator's: {error}") from None
    filed = (row.operator_id, row.id, row.maker_id, row.given_at)
    if filed != (said.operator.id, said.id, said.maker.id, said.accepted_at):
        raise _broken(row, "its columns differ from what was signed")
    return said


def _broken(row: ResponsibilityAcceptanceRow, reason: str) -> InvalidInputError:
    finding = Finding("statement", row.id, reason, "Have the operator accept anew.")
    return InvalidInputError([finding], "the acceptance")


def missing_acceptance(
    transaction: Transaction,
    responsible: EconomicOperator,
    maker: EconomicOperator,
    model_id: str,
    now: datetime,
) -> str | None:
    """Return why an operator cannot be named as responsible by a maker now, or None: it has accepted."""
    reason = f"{responsible.name} has not accepted to answer for what {maker.name} issues"
    for row in transaction.responsibility_acceptances.between(responsible.id, maker.id):
        try:
            said = read_acceptance_statement(transaction, row)
        except PassportError:
            reason = f"the acceptance {row.id} of {responsible.name} is not what it signed"
            continue
        if row.revoked_at is not None:
            reason = f"{responsible.name} ended its acceptance on {row.revoked_at.date()}"
        elif now >= said.valid_until:
            reason = f"the acceptance of {responsible.name} ended on {said.valid_until.date()}"
        elif said.models is not None and model_id not in said.models:
            reason = f"the acceptance of {responsible.name} is not for the model {model_id}"
        else:
            return None
    return f"{reason} (Art. 77(4))"


def broken_acceptance(transaction: Transaction, row: ResponsibilityAcceptanceRow) -> str | None:
    """Return what is wrong with an acceptance, or None; for `fsck`."""
    try:
        read_acceptance_statement(transaction, row)
    except PassportError as error:
        return error.findings[0].reason
    return None
