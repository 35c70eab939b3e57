"""Transfer of responsibility for passports: offered by one operator, accepted by another, both signed.

Nothing changes before both signatures are there and verified. Then, in one transaction, each passport
gets a version that names the new responsible operator; if one of them cannot, none does.
"""

import secrets
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Annotated, Any

from pydantic import Field

from passports.authority.callers import Caller
from passports.authority.grants import Revocation
from passports.authority.responsibility import (
    may_answer_for,
    may_answer_for_any,
    responsible_of,
)
from passports.authority.roles import is_in_the_union
from passports.authority.transfer_statements import (
    ACCEPTANCE_TYPE,
    MAX_PASSPORTS,
    OFFER_TYPE,
    Party,
    Reason,
    TransferAcceptance,
    TransferOffer,
    TransferredPassport,
    check_acceptance,
    check_offer_dates,
    digest,
    read_acceptance,
    read_offer,
    sign_statement,
    to_text,
    wrong,
)
from passports.documents import Document, Instant, Slug
from passports.errors import (
    AccessDeniedError,
    Finding,
    InvalidInputError,
    RecordNotFoundError,
    shorten,
)
from passports.identifiers import PublicAddress
from passports.keyring import Keyring
from passports.life.lifecycle import WASTE, current_status, refuse_ended
from passports.life.version_documents import PassportChange
from passports.life.version_making import Making
from passports.life.versions import new_version_in
from passports.operators import EconomicOperator, get_operator
from passports.store import RowExistsError, Store, Transaction, TransferRow
from signing.canonical import parse_strict
from signing.instants import format_instant
from signing.jws import split_compact


class TransferOfferCreate(Document):
    """An offer to be signed with the caller's key on this server."""

    taker: Slug
    passports: Annotated[list[Slug], Field(min_length=1, max_length=MAX_PASSPORTS)]
    reason: Reason
    expires_at: Instant


@dataclass(frozen=True)
class Signing:
    """What transfers need of this server: its store, its keys, its address."""

    store: Store
    keyring: Keyring
    address: PublicAddress


def offer_transfer(
    at: Signing, caller: Caller, request: TransferOfferCreate, now: datetime
) -> dict[str, Any]:
    """Offer passports for which the caller is responsible to another operator, signed with its key.

    Raises:
        RecordNotFoundError: there is no such passport or operator.
        AccessDeniedError: the caller is not responsible, or the other cannot be.
        InvalidInputError: it names a passport twice, or its dates are wrong.
        IllegalTransitionError: a passport has ended.
        KeyUnavailableError: the caller's key cannot be opened.
    """
    with at.store.transaction() as transaction:
        taker = get_operator(transaction, request.taker)
        offer = TransferOffer(
            type="transfer-offer",
            origin=at.address.base_url,
            id=secrets.token_hex(12),
            giver=Party(id=caller.id, did=caller.did),
            taker=Party(id=taker.id, did=taker.did),
            passports=[_as_it_stands(transaction, name) for name in request.passports],
            reason=request.reason,
            offered_at=now,
            expires_at=request.expires_at,
        )
        signed = sign_statement(transaction, at.keyring, caller.id, OFFER_TYPE, offer)
        return _record_offer(transaction, at.address, caller, signed, now)


def bring_offer(at: Signing, caller: Caller, signed: str, now: datetime) -> dict[str, Any]:
    """Record an offer that the caller signed itself.

    Raises:
        InvalidInputError: the signature is not the caller's, or what it says does not hold.
        IllegalTransitionError: a passport has ended.
        AccessDeniedError: the caller is not responsible, or the other cannot be.
        RecordNotFoundError: there is no such passport or operator.
    """
    try:
        with at.store.transaction() as transaction:
            return _record_offer(transaction, at.address, caller, _bytes(signed, "offer"), now)
    except RowExistsError:
        raise wrong("id", "this offer was made before") from None


def _bytes(signed: str, field: str) -> bytes:
    try:
        return signed.encode("ascii")
    except UnicodeEncodeError:
        raise wrong(field, "it is no compact JWS") from None


def _as_it_stands(transaction: Transaction, passport_id: str) -> TransferredPassport:
    row = transaction.passports.by_id(passport_id)
    if row is None:
        raise RecordNotFoundError("passport", passport_id)
    return TransferredPassport(id=row.id, version=row.version, sha256=row.sha256)


def _record_offer(
    transaction: Transaction, address: PublicAddress, caller: Caller, signed: bytes, now: datetime
) -> dict[str, Any]:
    offer = read_offer(transaction, signed, caller.id)
    if offer.origin != address.base_url:
        raise wrong("origin", "it was made for another server", shorten(offer.origin))
    if offer.giver != Party(id=caller.id, did=caller.did):
        raise wrong("giver", "the one that offers is another", offer.giver.id)
    check_offer_dates(offer, now)
    if transaction.transfers.by_id(offer.id) is not None:
        raise wrong("id", "this offer was made before", offer.id)
    taker = get_operator(transaction, offer.taker.id)
    _check_taker(offer, taker)
    _check_passports(transaction, offer, taker)
    row = TransferRow(
        operator_id=caller.id,
        id=offer.id,
        taker_id=offer.taker.id,
        offered_at=now,
        expires_at=offer.expires_at,
        offer=signed,
    )
    transaction.transfers.add(row)
    return transfer_document(row, now)


def _check_taker(offer: TransferOffer, taker: EconomicOperator) -> None:
    if offer.taker != Party(id=taker.id, did=taker.did) or taker.id == offer.giver.id:
        raise wrong("taker", "this is not the other operator as it is registered", taker.id)
    if not may_answer_for_any(taker.roles):
        reason = "none of its roles places batteries on the market or manages waste batteries"
        raise _cannot_be_responsible(taker, reason)
    if not is_in_the_union(taker.country):
        reason = f"it is established in {taker.country}, outside the Union"
        raise _cannot_be_responsible(taker, reason)


def _cannot_be_responsible(taker: EconomicOperator, reason: str) -> AccessDeniedError:
    remedy = "Choose a manufacturer, importer … in the Union; for waste, also who manages it."
    finding = Finding("taker", taker.id, reason, remedy)
    return AccessDeniedError("This operator cannot be responsible (Art. 77(4)).", [finding])


def _not_for_this_battery(place: int, passport_id: str, *, is_waste: bool) -> AccessDeniedError:
    """Refuse a taker that the law does not name for a battery that is waste, or is not."""
    if is_waste:
        reason = (
            "its battery is waste: the producer, its organisation or a waste management operator"
            " answers for it"
        )
        remedy = "Choose one of them."
    else:
        reason = "its battery is no waste: who places it on the market answers for it"
        remedy = "State first that the battery is waste, or leave it out."
    finding = Finding(f"passports[{place}]", passport_id, reason, remedy)
    return AccessDeniedError(
        "The taker cannot be responsible for this battery (Art. 77(4) and (7)).", [finding]
    )


def _check_passports(
    transaction: Transaction, offer: TransferOffer, taker: EconomicOperator
) -> None:
    """Let an offer pass whose passports stand as it says, are the giver's, and can become the taker's."""
    names = [passport.id for passport in offer.passports]
    if len(set(names)) != len(names):
        raise wrong("passports", "a passport stands there twice")
    findings: list[Finding] = []
    for place, passport in enumerate(offer.passports):
        row = transaction.passports.by_id(passport.id)
        if row is None:
            raise RecordNotFoundError("passport", passport.id)
        if responsible_of(row) != offer.giver.id:
            responsible = responsible_of(row)  # it is public on the passport
            reason = f"this operator is not responsible for the passport; {responsible} is"
            remedy = f"Leave it out, or have {responsible} offer it."
            finding = Finding(f"passports[{place}]", passport.id, reason, remedy)
            raise AccessDeniedError("Only who is responsible hands responsibility over.", [finding])
        refuse_ended(row)
        is_waste = current_status(transaction, row.operator_id, row.id) == WASTE
        if not may_answer_for(taker.roles, is_waste=is_waste):
            raise _not_for_this_battery(place, row.id, is_waste=is_waste)
        if (row.version, row.sha256) != (passport.version, passport.sha256):
            reason = "the passport has changed since the offer was made"
            remedy = "Have the offer made anew."
            findings.append(Finding(f"passports[{place}]", passport.id, reason, remedy))
    if findings:
        raise InvalidInputError(findings, "the transfer")


def accept_transfer(at: Signing, caller: Caller, transfer_id: str, now: datetime) -> dict[str, Any]:
    """Accept an offer, signed with the caller's key on this server; responsibility passes at once.

    Raises:
        RecordNotFoundError: no such offer was made to the caller.
        InvalidInputError: the offer has ended, or a passport has changed since.
        KeyUnavailableError: the key of the caller or of an issuing operator cannot be opened.
    """
    with at.store.transaction() as transaction:
        row = _open_offer(transaction, caller, transfer_id)
        offer = read_offer(transaction, row.offer, row.operator_id)
        acceptance = TransferAcceptance(
            type="transfer-acceptance",
            origin=offer.origin,
            id=offer.id,
            giver=offer.giver,
            taker=offer.taker,
            offer_sha256=digest(row.offer),
            accepted_at=now,
        )
        signed = sign_statement(transaction, at.keyring, caller.id, ACCEPTANCE_TYPE, acceptance)
        return _carry_out(transaction, at, row, signed, now)


def bring_acceptance(
    at: Signing, caller: Caller, transfer_id: str, signed: str, now: datetime
) -> dict[str, Any]:
    """Accept an offer by a statement that the caller signed itself; responsibility passes at once.

    Raises:
        RecordNotFoundError: no such offer was made to the caller.
        InvalidInputError: the signature is not the caller's, or it is of another offer, or too late.
    """
    with at.store.transaction() as transaction:
        row = _open_offer(transaction, caller, transfer_id)
        return _carry_out(transaction, at, row, _bytes(signed, "acceptance"), now)


def _open_offer(transaction: Transaction, caller: Caller, transfer_id: str) -> TransferRow:
    row = transaction.transfers.by_id(transfer_id, for_update=True)
    if row is None or row.taker_id != caller.id:
        raise RecordNotFoundError("offer to you", transfer_id)
    if row.accepted_at is not None:
        raise wrong("id", "it was accepted before", row.id)
    if row.ended_at is not None:
        raise wrong("id", "it was taken back", row.id)
    return row


def _carry_out(
    transaction: Transaction, at: Signing, row: TransferRow, signed: bytes, now: datetime
) -> dict[str, Any]:
    """Verify both statements once more, and make the versions that name the new responsible operator."""
    offer = read_offer(transaction, row.offer, row.operator_id)
    acceptance = read_acceptance(transaction, signed, row.taker_id)
    check_acceptance(acceptance, offer, row.offer, now)
    giver = get_operator(transaction, row.operator_id)
    taker = get_operator(transaction, row.taker_id)
    _check_taker(offer, taker)
    _check_passports(transaction, offer, taker)
    making = Making(transaction, at.keyring, at.address, giver, now)
    for passport in offer.passports:
        change = PassportChange(
            reason=f"responsibility transferred ({offer.id}): {offer.reason}",
            responsible_operator_id=offer.taker.id,
            expected_version=passport.version,
        )
        new_version_in(making, passport.id, change)
    row.acceptance, row.accepted_at = signed, now
    transaction.transfers.add(row)
    return transfer_document(row, now)


def end_transfer(
    store: Store, caller: Caller, transfer_id: str, request: Revocation, now: datetime
) -> dict[str, Any]:
    """Take an offer back, or decline it, before it was accepted.

    Raises:
        RecordNotFoundError: the caller neither made nor got such an offer.
        InvalidInputError: it was accepted.
    """
    with store.transaction() as transaction:
        row = transaction.transfers.by_id(transfer_id, for_update=True)
        if row is None or caller.id not in {row.operator_id, row.taker_id}:
            raise RecordNotFoundError("transfer", transfer_id)
        if row.accepted_at is not None:
            raise wrong("id", "it was accepted; have responsibility transferred back", row.id)
        if row.ended_at is None:
            row.ended_at, row.ended_by, row.end_reason = now, caller.id, request.reason
            transaction.transfers.add(row)
        return transfer_document(row, now)


def list_transfers(transaction: Transaction, operator_id: str, now: datetime) -> Sequence[Any]:
    """Return the transfers that an operator offered or was offered, oldest first."""
    return [transfer_document(row, now) for row in transaction.transfers.of(operator_id)]


def transfer_document(row: TransferRow, now: datetime) -> dict[str, Any]:
    """Return a transfer as plain JSON data, with both statements as signed."""
    state = "offered"
    if row.accepted_at is not None:
        state = "accepted"
    elif row.ended_at is not None:
        state = "withdrawn" if row.ended_by == row.operator_id else "declined"
    elif row.expires_at <= now:
        state = "expired"
    return {
        "id": row.id,
        "state": state,
        "giver": row.operator_id,
        "taker": row.taker_id,
        "offered_at": format_instant(row.offered_at),
        "expires_at": format_instant(row.expires_at),
        "accepted_at": format_instant(row.accepted_at) if row.accepted_at else None,
        "ended_at": format_instant(row.ended_at) if row.ended_at else None,
        "end_reason": row.end_reason,
        "offer": to_text(row.offer),
        "acceptance": to_text(row.acceptance),
        "says": _said(row.offer),
    }


def _said(signed: bytes) -> Any:  # noqa: ANN401 # plain JSON, verified when it was recorded
    return parse_strict(split_compact(signed).payload_bytes)
