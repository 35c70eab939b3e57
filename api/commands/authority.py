"""`voltpass operator`: identifiers, authorisations, acts under them, transfers of responsibility."""

import hashlib
from datetime import UTC, datetime
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from api.commands import acceptances
from api.commands.console import (
    AsJson,
    Operator,
    emit,
    open_voltpass,
    out,
    read_file,
    reported,
)
from api.commands.operator_changes import add_change_commands
from api.commands.passport_names import passport_id_of
from passports.authority.identifier_schemes import IdentifierScheme
from passports.authority.terms import LENDABLE, VerificationMethod

if TYPE_CHECKING:
    from api.wiring import Voltpass
    from passports.authority.callers import Caller
    from passports.authority.transfers import Signing


operator = typer.Typer(
    no_args_is_help=True, help="Identifiers, authorisations, transfers.", rich_markup_mode=None
)
operator.command("accept-responsibility")(acceptances.operator_accept_responsibility)
operator.command("acceptances")(acceptances.operator_acceptances)
operator.command("end-acceptance")(acceptances.operator_end_acceptance)
add_change_commands(operator)
Until = Annotated[datetime, typer.Option(formats=["%Y-%m-%d"], help="Last day, in UTC.")]
Scheme = Annotated[IdentifierScheme, typer.Argument(help="Whose numbering.")]
Reason = Annotated[str, typer.Option(help="Why; kept with the record.")]


def _caller(voltpass: "Voltpass", operator_id: str) -> "Caller":
    from passports.authority.callers import Caller
    from passports.operators import get_operator

    with voltpass.store.reading() as reading:
        return Caller.of(get_operator(reading, operator_id), "command line")


def _signing(voltpass: "Voltpass") -> "Signing":
    from passports.authority.transfers import Signing

    return Signing(voltpass.store, voltpass.keyring, voltpass.address)


def _end_of(day: datetime) -> datetime:
    return day.replace(hour=23, minute=59, second=59, tzinfo=UTC)


@operator.command("roles")
def operator_roles(as_json: AsJson = False) -> None:
    """List roles and what each may do."""
    from passports.authority.roles import roles

    rows = [{"id": r.id, "title": r.title, "actions": sorted(r.actions)} for r in roles().values()]

    def text() -> None:
        for role in roles().values():
            out.print(f"{role.id}: {', '.join(sorted(role.actions))}", markup=False)

    emit(rows, as_json=as_json, text=text)


@operator.command("identifiers")
def operator_identifiers(operator: Operator, as_json: AsJson = False) -> None:
    """List an operator's identifiers: claimed, or verified by whom and how."""
    from passports.authority.operator_identifiers import identifiers_of, shown

    with reported(as_json=as_json), open_voltpass().store.reading() as reading:
        found = identifiers_of(reading, operator)

        def text() -> None:
            for row in map(shown, found):
                out.print(f"{row['scheme']} {row['value']}: {row['standing']}", markup=False)

        emit([row.model_dump(mode="json") for row in found], as_json=as_json, text=text)


@operator.command("claim")
def operator_claim(scheme: Scheme, value: str, operator: Operator, as_json: AsJson = False) -> None:
    """Write down an identifier of an operator; it stays claimed until somebody else verifies it."""
    from passports.authority.operator_identifiers import OperatorIdentifierCreate, add_identifier
    from passports.documents import read_document, utc_now

    with reported(as_json=as_json):
        voltpass = open_voltpass()
        given = {"scheme": scheme, "value": value}
        request = read_document(OperatorIdentifierCreate, given, "the identifier")
        found = add_identifier(voltpass.store, _caller(voltpass, operator), request, utc_now())
        _emit_identifier(found.model_dump(mode="json"), as_json=as_json)


@operator.command("verify")
def operator_verify(
    scheme: Scheme,
    value: str,
    operator: Operator,
    by: Annotated[str, typer.Option(help="Who verified it: the platform or an authority.")],
    method: Annotated[VerificationMethod, typer.Option(help="How.")],
    evidence: Annotated[str, typer.Option(help="Where it was looked up, or what was seen.")],
    on: Annotated[datetime, typer.Option(formats=["%Y-%m-%d"], help="The day it was checked.")],
    document: Annotated[Path | None, typer.Option(help="What was seen; its hash is kept.")] = None,
    as_json: AsJson = False,
) -> None:
    """Write down that an operator's identifier was verified, and how."""
    from passports.authority.operator_identifiers import IdentifierVerification, verify_identifier
    from passports.documents import read_document, utc_now

    with reported(as_json=as_json):
        voltpass = open_voltpass()
        data = read_file(document, "the document") if document is not None else None
        given = {
            "method": method,
            "evidence": evidence,
            "checked_on": on.date(),
            "document_sha256": hashlib.sha256(data).hexdigest() if data is not None else None,
        }
        request = read_document(IdentifierVerification, given, "the verification")
        who, now = _caller(voltpass, by), utc_now()
        found = verify_identifier(voltpass.store, who, operator, scheme, value, request, now)
        _emit_identifier(found.model_dump(mode="json"), as_json=as_json)


def _emit_identifier(document: dict[str, Any], *, as_json: bool) -> None:
    by = document["verified_by"]
    standing = f"verified by {by}" if by else "claimed, not verified"
    text = f"{document['scheme']} {document['value']}: {standing}"
    emit(document, as_json=as_json, text=lambda: out.print(text, markup=False))


@operator.command("authorise")
def operator_authorise(
    agent: Annotated[str, typer.Argument(help="Who may act for the operator.")],
    operator: Operator,
    action: Annotated[list[str], typer.Option(help=f"One of {', '.join(sorted(LENDABLE))}.")],
    until: Until,
    document: Annotated[Path, typer.Option(help="The written authorisation; its hash is kept.")],
    title: Annotated[str, typer.Option(help="What that document is.")] = "Written authorisation",
    model: Annotated[list[str] | None, typer.Option(help="For this model; may repeat.")] = None,
    as_json: AsJson = False,
) -> None:
    """Authorise another operator to act for this one, for some actions, until a day."""
    from passports.authority.authorisations import AuthorisationCreate, give_authorisation
    from passports.documents import read_document, utc_now

    with reported(as_json=as_json):
        voltpass, now = open_voltpass(), utc_now()
        given = {
            "agent": agent,
            "actions": action,
            "models": model or None,
            "valid_until": _end_of(until),
            "document_title": title,
            "document_sha256": hashlib.sha256(read_file(document, "the document")).hexdigest(),
        }
        request = read_document(AuthorisationCreate, given, "the authorisation")
        found = give_authorisation(voltpass.store, _caller(voltpass, operator), request, now)
        text = f"authorisation {found.id}: {agent} may {', '.join(found.actions)} for {operator}"
        emit(found.model_dump(mode="json"), as_json=as_json, text=lambda: out.print(text))


@operator.command("authorisations")
def operator_authorisations(operator: Operator, as_json: AsJson = False) -> None:
    """List the authorisations that an operator gave or got, ended ones too."""
    from passports.authority.authorisations import list_authorisations
    from passports.documents import utc_now

    with reported(as_json=as_json), open_voltpass().store.reading() as reading:
        found, now = list_authorisations(reading, operator), utc_now()

        def text() -> None:
            for row in found:
                state = "in force" if row.is_in_force(now) else "not in force"
                what = f"{row.agent} for {row.operator_id}: {', '.join(row.actions)}"
                out.print(f"{row.id}  {what} ({state})", markup=False)

        emit([row.model_dump(mode="json") for row in found], as_json=as_json, text=text)


@operator.command("withdraw-authorisation")
def operator_withdraw_authorisation(
    authorisation_id: str, operator: Operator, reason: Reason, as_json: AsJson = False
) -> None:
    """End an authorisation at once: by who gave it, or by who got it."""
    from passports.authority.authorisations import revoke_authorisation
    from passports.authority.grants import Revocation
    from passports.documents import read_document, utc_now

    with reported(as_json=as_json):
        voltpass, now = open_voltpass(), utc_now()
        request = read_document(Revocation, {"reason": reason}, "the end")
        caller = _caller(voltpass, operator)
        found = revoke_authorisation(voltpass.store, caller, authorisation_id, request, now)
        text = f"authorisation {found.id} ended at {found.revoked_at}"
        emit(found.model_dump(mode="json"), as_json=as_json, text=lambda: out.print(text))


@operator.command("acts")
def operator_acts(
    operator: Operator,
    after: Annotated[int, typer.Option(help="Begin after this number.")] = 0,
    as_json: AsJson = False,
) -> None:
    """List what others called for an operator under its authorisations."""
    from passports.authority.authorisations import list_acts

    with reported(as_json=as_json), open_voltpass().store.reading() as reading:
        page = list_acts(reading, operator, after)

        def text() -> None:
            for act in page["acts"]:
                line = f"{act['sequence']}  {act['acted_at']}  {act['actor']}  {act['call']}"
                out.print(line, markup=False)
            if not page["acts"]:
                out.print("none yet" if not after else "no later ones")

        emit(page, as_json=as_json, text=text)


@operator.command("offer-transfer")
def operator_offer_transfer(
    taker: Annotated[str, typer.Argument(help="Who is to be responsible.")],
    operator: Operator,
    passport: Annotated[
        list[str], typer.Option(help="Identifier or link of a passport; may be repeated.")
    ],
    until: Until,
    reason: Reason,
    as_json: AsJson = False,
) -> None:
    """Offer responsibility for passports to another operator, signed; nothing changes yet."""
    from passports.authority.transfers import TransferOfferCreate, offer_transfer
    from passports.documents import read_document, utc_now

    with reported(as_json=as_json):
        voltpass, now = open_voltpass(), utc_now()
        given = {
            "taker": taker,
            "passports": [passport_id_of(voltpass, name) for name in passport],
            "reason": reason,
            "expires_at": _end_of(until),
        }
        request = read_document(TransferOfferCreate, given, "the offer")
        found = offer_transfer(_signing(voltpass), _caller(voltpass, operator), request, now)
        _emit_transfer(found, as_json=as_json)


@operator.command("accept-transfer")
def operator_accept_transfer(transfer_id: str, operator: Operator, as_json: AsJson = False) -> None:
    """Accept an offer, signed; responsibility passes at once."""
    from passports.authority.transfers import accept_transfer
    from passports.documents import utc_now

    with reported(as_json=as_json):
        voltpass = open_voltpass()
        caller = _caller(voltpass, operator)
        found = accept_transfer(_signing(voltpass), caller, transfer_id, utc_now())
        _emit_transfer(found, as_json=as_json)


@operator.command("end-transfer")
def operator_end_transfer(
    transfer_id: str, operator: Operator, reason: Reason, as_json: AsJson = False
) -> None:
    """Take an offer back, or decline it, before it was accepted."""
    from passports.authority.grants import Revocation
    from passports.authority.transfers import end_transfer
    from passports.documents import read_document, utc_now

    with reported(as_json=as_json):
        voltpass = open_voltpass()
        request = read_document(Revocation, {"reason": reason}, "the end")
        caller = _caller(voltpass, operator)
        found = end_transfer(voltpass.store, caller, transfer_id, request, utc_now())
        _emit_transfer(found, as_json=as_json)


def _emit_transfer(document: dict[str, Any], *, as_json: bool) -> None:
    parties = f"{document['giver']} to {document['taker']}"
    text = f"transfer {document['id']} from {parties}: {document['state']}"
    emit(document, as_json=as_json, text=lambda: out.print(text))


@operator.command("transfers")
def operator_transfers(operator: Operator, as_json: AsJson = False) -> None:
    """List the transfers that an operator offered or was offered."""
    from passports.authority.transfers import list_transfers
    from passports.documents import utc_now

    with reported(as_json=as_json), open_voltpass().store.reading() as reading:
        found = list(list_transfers(reading, operator, utc_now()))

        def text() -> None:
            for row in found:
                parties = f"{row['giver']} to {row['taker']}"
                out.print(f"{row['id']}  {parties}: {row['state']}", markup=False)

        emit(found, as_json=as_json, text=text)
