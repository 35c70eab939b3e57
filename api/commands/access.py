"""`voltpass access`: legitimate interests and the access log."""

from collections.abc import Mapping
from datetime import UTC, datetime
from typing import Annotated, Any

import typer

from api.commands.console import AsJson, Operator, emit, open_voltpass, out, reported
from passports.authority.terms import GranteeKind, Purpose
from passports.plurals import counted

access = typer.Typer(
    no_args_is_help=True, help="Grant access; see who read restricted data.", rich_markup_mode=None
)


@access.command("grant")
def access_grant(
    grantee: Annotated[str, typer.Argument(help="The operator that may read.")],
    operator: Operator,
    purpose: Annotated[Purpose, typer.Option(help="For what.")],
    until: Annotated[datetime, typer.Option(formats=["%Y-%m-%d"], help="Last day, in UTC.")],
    kind: Annotated[GranteeKind, typer.Option(help="Who is meant.")] = GranteeKind.ORGANISATION,
    model: Annotated[list[str] | None, typer.Option(help="A model; may be repeated.")] = None,
    battery: Annotated[list[str] | None, typer.Option(help="A passport; may be repeated.")] = None,
    as_json: AsJson = False,
) -> None:
    """Grant a legitimate interest in own models or batteries."""
    from passports.authority.grants import AccessGrantCreate, give_grant
    from passports.documents import read_document, utc_now

    with reported(as_json=as_json):
        request = read_document(
            AccessGrantCreate,
            {
                "grantee": grantee,
                "grantee_kind": kind,
                "purpose": purpose,
                "models": model or [],
                "batteries": battery or [],
                "expires_at": until.replace(hour=23, minute=59, second=59, tzinfo=UTC),
            },
            "the grant",
        )
        grant = give_grant(open_voltpass().store, operator, request, utc_now())
        text = f"grant {grant.id}: {grantee} may read until {grant.expires_at}"
        emit(grant.model_dump(mode="json"), as_json=as_json, text=lambda: out.print(text))


@access.command("revoke")
def access_revoke(
    grant_id: Annotated[str, typer.Argument(help="Identifier of the grant.")],
    operator: Operator,
    reason: Annotated[str, typer.Option(help="Why; kept with the grant.")],
    as_json: AsJson = False,
) -> None:
    """End a grant at once."""
    from passports.authority.grants import Revocation, revoke_grant
    from passports.documents import read_document, utc_now
    from passports.operators import get_operator

    with reported(as_json=as_json):
        store = open_voltpass().store
        with store.reading() as reading:
            caller = get_operator(reading, operator)
        request = read_document(Revocation, {"reason": reason}, "the revocation")
        grant = revoke_grant(store, caller, grant_id, request, utc_now())
        text = f"grant {grant.id} ended at {grant.revoked_at}"
        emit(grant.model_dump(mode="json"), as_json=as_json, text=lambda: out.print(text))


@access.command("list")
def access_list(operator: Operator, as_json: AsJson = False) -> None:
    """List the grants that an operator gave or got."""
    from passports.authority.grants import list_grants
    from passports.operators import get_operator

    with reported(as_json=as_json), open_voltpass().store.reading() as reading:
        get_operator(reading, operator)
        grants = list_grants(reading, operator)

        def text() -> None:
            for grant in grants:
                state = "ended" if grant.revoked_at else f"until {grant.expires_at}"
                out.print(f"{grant.id}  {grant.grantee}  {grant.purpose.value}  {state}")

        rows = [grant.model_dump(mode="json") for grant in grants]
        emit(rows, as_json=as_json, text=text)


@access.command("anchor")
def access_anchor(as_json: AsJson = False) -> None:
    """Write the heads of all access logs into the transparency log, so that a cut end is noticed."""
    from passports.access_anchors import anchor_access_logs
    from passports.documents import utc_now

    with reported(as_json=as_json):
        voltpass = open_voltpass()
        store, keyring, address = voltpass.store, voltpass.keyring, voltpass.address
        notes = list(anchor_access_logs(store, keyring, address, utc_now()))

        def text() -> None:
            for note in notes:
                out.print(
                    f"{note['operator']}: {counted(note['entries'], 'entries')}, {note['head']}"
                )
            if not notes:
                out.print("no access log has grown since it was anchored last")

        emit({"anchored": notes}, as_json=as_json, text=text)


@access.command("log")
def access_log(
    operator: Operator,
    after: Annotated[int, typer.Option(min=0, help="Go on after this entry.")] = 0,
    as_json: AsJson = False,
) -> None:
    """Show who read which restricted attributes of an operator."""
    from passports.access_log import inspect_log
    from passports.operators import get_operator

    with reported(as_json=as_json), open_voltpass().store.reading() as reading:
        page = inspect_log(reading, get_operator(reading, operator), None, after)

        def text() -> None:
            for entry in page["entries"]:
                out.print(f"{entry['sequence']}  {entry['read_at']}  {_said(entry)}", markup=False)

        emit(page, as_json=as_json, text=text)


def _said(entry: Mapping[str, Any]) -> str:
    """Return an entry as text: a read, or an event such as a revocation."""
    if "event" in entry:
        return f"{entry['event'].replace('_', ' ')} {entry.get('subject', '')}".rstrip()
    return f"{entry['reader']}  {counted(len(entry['attributes']), 'attributes')} of {entry['subject']}"
