"""`voltpass passport suspend | reinstate | revoke | status`: withdrawn for now, back again, for good."""

from typing import TYPE_CHECKING, Annotated, Any

import typer

from api.commands.console import AsJson, Operator, emit, open_voltpass, out, reported
from api.commands.passport_names import PassportName, passport_id_of

if TYPE_CHECKING:
    from passports.life.withdrawal import ChangedStatus, StatusChange

Reason = Annotated[str, typer.Option(help="Why; kept with actor and time, not for the public.")]
ReasonClass = Annotated[
    str | None,
    typer.Option(
        "--class",
        metavar="CLASS",
        help="What everybody may know of why: error, compromised, lost, ended or inquiry.",
    ),
]


def passport_suspend(
    which: PassportName,
    operator: Operator,
    reason: Reason,
    reason_class: ReasonClass = None,
    as_json: AsJson = False,
) -> None:
    """Suspend a passport until it is reinstated; verification says so from now on."""
    from passports.life.withdrawal import StatusChange

    with reported(as_json=as_json):
        done = _changed(which, operator, reason, StatusChange.SUSPENDED, reason_class)
        _report(done, as_json=as_json)


def passport_reinstate(
    which: PassportName, operator: Operator, reason: Reason, as_json: AsJson = False
) -> None:
    """End the suspension of a passport."""
    from passports.life.withdrawal import StatusChange

    with reported(as_json=as_json):
        _report(_changed(which, operator, reason, StatusChange.REINSTATED), as_json=as_json)


def passport_revoke(
    which: PassportName,
    operator: Operator,
    reason: Reason,
    reason_class: ReasonClass = None,
    as_json: AsJson = False,
) -> None:
    """Revoke a passport for good, in its status list; the signed passport stays as it is."""
    from passports.life.withdrawal import StatusChange

    with reported(as_json=as_json):
        done = _changed(which, operator, reason, StatusChange.REVOKED, reason_class)
        _report(done, as_json=as_json)


def _changed(
    which: str,
    operator: str,
    reason: str,
    change: "StatusChange",
    reason_class: str | None = None,
) -> "ChangedStatus":
    from passports.documents import read_document, utc_now
    from passports.life.withdrawal import WithdrawalReason, Withdrawing, change_status

    document = {"reason": reason, "reason_class": reason_class}
    said = read_document(WithdrawalReason, document, "the reason")
    voltpass = open_voltpass()
    passport_id = passport_id_of(voltpass, which)
    withdrawing = Withdrawing(operator, said.reason, utc_now(), None, said.reason_class)
    return change_status(
        voltpass.store, voltpass.keyring, voltpass.address, passport_id, change, withdrawing
    )


def _report(done: "ChangedStatus", *, as_json: bool) -> None:
    document = done.to_document()
    emit(document, as_json=as_json, text=lambda: out.print(_said(document), markup=False))


def _said(document: dict[str, Any]) -> str:
    """Return what was done, or how it stood already, as a sentence."""
    state, since = document["state"].replace("_", " "), document["since"]
    battery = f"{document['serial']} ({document['id']})"
    if document["changed"]:
        return f"reinstated {battery}" if since is None else f"{state} {battery}"
    return f"already {state}{f' since {since}' if since else ''}: {battery}"


def passport_status(which: PassportName, as_json: AsJson = False) -> None:
    """Show whether a passport is in force, suspended or revoked, since when, by whom and why."""
    from passports.life.withdrawal import status_document

    with reported(as_json=as_json):
        voltpass = open_voltpass()
        passport_id = passport_id_of(voltpass, which)
        document = status_document(voltpass.store, passport_id, with_reasons=True)

        def text() -> None:
            since = f" since {document['since']}" if document["since"] else ""
            out.print(f"{document['state'].replace('_', ' ')}{since}")
            for row in document["changes"]:
                kind = f" ({row['reason_class']})" if "reason_class" in row else ""
                line = f"  {row['at']}  {row['change']}{kind} by {row['by']}: {row['reason']}"
                out.print(line, markup=False)

        emit(document, as_json=as_json, text=text)


def add_status_commands(passport: typer.Typer) -> None:
    """Put these commands beside the other ones about passports."""
    passport.command("suspend")(passport_suspend)
    passport.command("reinstate")(passport_reinstate)
    passport.command("revoke")(passport_revoke)
    passport.command("status")(passport_status)
