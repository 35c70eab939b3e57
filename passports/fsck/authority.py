"""What `fsck` checks of authority: chains of acts, signatures of transfers and of acceptances."""

from collections.abc import Iterator
from itertools import groupby
from operator import attrgetter
from typing import Any

from passports.authority.acceptances import STATEMENT_TYPE, broken_acceptance
from passports.authority.authorisations import broken_acts_of
from passports.authority.transfer_statements import ACCEPTANCE_TYPE, OFFER_TYPE, digest
from passports.fsck.rows import all_rows, keys_of
from passports.store import (
    ActRow,
    OneView,
    OperatorRow,
    ResponsibilityAcceptanceRow,
    Transaction,
    TransferRow,
)
from signing.canonical import parse_strict
from signing.errors import SigningError
from signing.instants import parse_instant
from signing.jws import verify_compact
from signing.keys.verifying_key import from_jwk

Found = tuple[str, str, str] | None


def check_acts(store: OneView) -> Iterator[Found]:
    """Yield for each operator what is wrong with the chain of what others did for it, or None."""
    with store.reading() as reading:
        without = {row.id for row in all_rows(reading, OperatorRow)}
        for operator_id, chain in groupby(all_rows(reading, ActRow), key=attrgetter("operator_id")):
            without.discard(operator_id)
            faults = list(broken_acts_of(chain))
            yield ("acts", operator_id, faults[0]) if faults else None
        yield from (None for _operator_id in without)


def check_acceptances(store: OneView) -> Iterator[Found]:
    """Yield for each acceptance of responsibility what is wrong with its statement, or None."""
    with store.reading() as reading:
        for row in all_rows(reading, ResponsibilityAcceptanceRow):
            found = _acceptance(reading, row, broken_acceptance(reading, row))
            yield None if found is None else ("acceptance", row.id, found)


def _acceptance(
    reading: Transaction, row: ResponsibilityAcceptanceRow, reason: str | None
) -> str | None:
    """Return what is wrong with an acceptance besides that its key was revoked since: it is as it was."""
    keys = keys_of(reading, row.operator_id)
    try:
        said = _said(reading, row.operator_id, STATEMENT_TYPE, row.statement)
        given_at = parse_instant(said["accepted_at"], "accepted_at")
        named = (said["id"], said["operator"]["id"], said["maker"]["id"], given_at)
    except (SigningError, KeyError, TypeError) as error:
        return reason or f"it cannot be read: {type(error).__name__}"
    if named != (row.id, row.operator_id, row.maker_id, row.given_at):
        return "its columns differ from what was accepted"
    return None if any(key.revoked_at is not None for key in keys) else reason


def check_transfers(store: OneView) -> Iterator[Found]:
    """Yield for each transfer what is wrong with its statements, or None."""
    with store.reading() as reading:
        for row in all_rows(reading, TransferRow):
            reason = _fault(reading, row)
            yield None if reason is None else ("transfer", row.id, reason)


def _fault(reading: Transaction, row: TransferRow) -> str | None:
    try:
        offer = _said(reading, row.operator_id, OFFER_TYPE, row.offer)
        until = parse_instant(offer["expires_at"], "expires_at")
        said = (offer["id"], offer["taker"]["id"], until)
        if said != (row.id, row.taker_id, row.expires_at):
            return "its columns differ from what was offered"
        if (row.acceptance is None) != (row.accepted_at is None):
            return "it is accepted without a statement, or the other way round"
        if row.acceptance is None:
            return None
        accepted = _said(reading, row.taker_id, ACCEPTANCE_TYPE, row.acceptance)
        if accepted["offer_sha256"] != digest(row.offer):
            return "another offer was accepted"
    except (SigningError, KeyError, TypeError) as error:
        return f"a statement of it does not verify: {type(error).__name__}"
    return None


def _said(reading: Transaction, operator_id: str, typ: str, signed: bytes) -> dict[str, Any]:
    # All keys: one that was retired since signed while it was in use.
    keys = [from_jwk(row.public_jwk) for row in keys_of(reading, operator_id)]
    jws, _key = verify_compact(signed, keys, typ=typ, step="statement")
    said: Any = parse_strict(jws.payload_bytes)
    return dict(said)
