"""`voltpass registry`: tell the EU registry of passports, and keep its proofs."""

from datetime import UTC, datetime
from typing import TYPE_CHECKING, Annotated, Any

import typer

from api.commands.console import (
    AsJson,
    Operator,
    emit,
    open_voltpass,
    out,
    progress_bar,
    reported,
)
from passports.plurals import counted

if TYPE_CHECKING:
    from api.wiring import Voltpass
    from passports.registry.delivery import Sent
    from passports.registry.outbox import Progress


registry = typer.Typer(
    no_args_is_help=True, help="Tell the EU registry of passports.", rich_markup_mode=None
)


@registry.command("status")
def registry_status(operator: Operator, as_json: AsJson = False) -> None:
    """Show what waits, what is held back and why, what is registered, what was refused."""
    from passports.documents import utc_now
    from passports.registry.outbox import outbox_status

    with reported(as_json=as_json):
        voltpass = open_voltpass()
        settings = voltpass.settings
        document = {
            **outbox_status(voltpass.store, operator, utc_now()),
            "registry_url": settings.registry_url or None,
            "batteries_open": settings.registry_batteries,
        }
        emit(document, as_json=as_json, text=lambda: _print_status(document))


def _print_status(document: dict[str, Any]) -> None:
    if not document["batteries_open"]:
        out.print("held back: the registry takes no batteries yet (VOLTPASS_REGISTRY_BATTERIES)")
    counted = ("ready", "held_back", "on_the_way", "registered", "without_proof")
    out.print(", ".join(f"{document[name]} {name.replace('_', ' ')}" for name in counted))
    for held in document["held_back_examples"]:
        line = f"  held back {held['passport']}: {held['reason']} ({held['value']})"
        out.print(line, markup=False)
    for refused in document["refused"]:
        out.print(f"  refused {refused['identifier']}: {refused['reason']}", markup=False)


@registry.command("send")
def registry_send(
    operator: Operator,
    again: Annotated[
        bool, typer.Option("--again", help="Send what was refused again, after it was put right.")
    ] = False,
    as_json: AsJson = False,
) -> None:
    """Send what waits, at most 100 identifiers a file; take up what an earlier run left."""
    from passports.registry.outbox import send_refused_again

    with reported(as_json=as_json):
        voltpass = open_voltpass()
        if again:
            send_refused_again(voltpass.store, operator)
        with progress_bar("registering", quiet=as_json) as progress:
            sent = _send(voltpass, operator, progress)
        document = sent.to_document()
        text = (
            f"{sent.registered} registered in {counted(sent.files, 'files')}, {sent.refused} refused,"
            f" {counted(sent.still_processing, 'files')} not done yet"
        )

        def tell() -> None:
            out.print(text)
            for refused in sent.refusals:
                out.print(f"  refused {refused['identifier']}: {refused['reason']}", markup=False)

        emit(document, as_json=as_json, text=tell)
        if sent.refused:
            raise typer.Exit(1)


def _send(voltpass: "Voltpass", operator: str, progress: "Progress") -> "Sent":
    from passports.documents import utc_now
    from passports.registry.client import HttpRegistry
    from passports.registry.outbox import send

    settings = voltpass.settings
    is_open = settings.registry_batteries
    if not settings.registry_url:
        return send(voltpass.store, None, operator, utc_now, batteries_open=is_open)
    token = settings.registry_token.get_secret_value()
    with HttpRegistry(settings.registry_url, token) as http:
        return send(
            voltpass.store, http, operator, utc_now, batteries_open=is_open, progress=progress
        )


@registry.command("proofs")
def registry_proofs(operator: Operator, as_json: AsJson = False) -> None:
    """List the stored proofs of registration with the hash of the passport version each is of."""
    from passports.documents import utc_now
    from passports.registry.outbox import list_proofs

    with reported(as_json=as_json):
        proofs = list_proofs(open_voltpass().store, operator, utc_now())

        def text() -> None:
            for proof in proofs:
                line = (
                    f"{proof['passport']} version {proof['version']}: {proof['registration_id']},"
                    f" {proof['registered_at']}, sha256 {proof['passport_sha256']}"
                )
                out.print(line, markup=False)

        emit(proofs, as_json=as_json, text=text)


@registry.command("enrol")
def registry_enrol(
    operator: Annotated[str, typer.Argument(help="Whose identity the registry has verified.")],
    until: Annotated[datetime, typer.Option(formats=["%Y-%m-%d"], help="Last day, in UTC.")],
    evidence: Annotated[str, typer.Option(help="What shows it: the registry's reference.")],
    as_json: AsJson = False,
) -> None:
    """Record that the registry has verified an operator: nobody else's passports are sent."""
    from passports.documents import utc_now
    from passports.registry.outbox import enrol

    with reported(as_json=as_json):
        verified_until = until.replace(hour=23, minute=59, second=59, tzinfo=UTC)
        enrol(open_voltpass().store, operator, verified_until, evidence, utc_now())
        document = {"operator": operator, "verified_until": verified_until.isoformat()}
        text = f"{operator} counts as verified until {until.date()}"
        emit(document, as_json=as_json, text=lambda: out.print(text))
