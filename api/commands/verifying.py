"""`voltpass verify`: a link, a file, a picture or a bundle, online or without any network."""

import sys
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any, Final

import typer

from api.commands.terminal import (
    EXIT_CANNOT_TELL,
    EXIT_REFUSED,
    AsJson,
    emit,
    open_settings,
    out,
    read_file,
    reported,
)
from api.environment import FileFaultError
from passports.errors import Finding

if TYPE_CHECKING:
    from passports.verification.fetch import Fetch
    from signing.report import VerificationReport
    from signing.trust import TrustList


# Audit events of CPython with which a process reaches out (PEP 578; table in the library reference).
_NETWORK_EVENTS: Final = frozenset(
    {
        "socket.bind",
        "socket.connect",
        "socket.getaddrinfo",
        "socket.gethostbyname",
        "socket.gethostbyaddr",
        "socket.getnameinfo",
        "socket.sendto",
        "socket.sendmsg",
    }
)
_MARKS = {"passed": "[green]✓[/]", "failed": "[bold red]✗[/]", "warning": "[yellow]![/]"}
_ORDER = ("invalid", "cannot_tell", "valid_with_warnings", "valid")
_WORDS = {
    "valid": "[bold green]VALID[/]",
    "valid_with_warnings": "[bold green]VALID[/], [yellow]with warnings[/]",
    "invalid": "[bold red]INVALID[/]",
    "cannot_tell": "[bold yellow]CANNOT TELL[/]",
}


def verify(
    target: Annotated[
        str, typer.Argument(help="Printed link, or file: passport, picture, bundle.")
    ],
    offline: Annotated[bool, typer.Option(help="Use no network; the process cannot.")] = False,
    trust_list: Annotated[
        Path | None, typer.Option(help="Signed trust list; by default the pinned one.")
    ] = None,
    as_json: AsJson = False,
) -> None:
    """Verify passports step by step.

    Exit code 0: valid, 1: invalid, 2: cannot tell (or usage), 3: the file or the setting that was named
    cannot be read.
    """
    from api.pinned_trust import pinned_trust_list
    from passports.verification.fetch import HttpFetch

    if not target.strip():
        raise typer.BadParameter("name a printed link, or a file")
    # What cannot be fetched or read is not said to be invalid.
    with reported(as_json=as_json, refused=EXIT_CANNOT_TELL):
        if offline:
            block_network()
        settings = open_settings()
        trusted = pinned_trust_list(settings, trust_list)
        # Of this machine only what the user has typed or set up; a passport's own words reach nothing here.
        with HttpFetch(loopback=[*settings.own_addresses, target]) as fetch:
            reports = _reports(target, trusted, fetch, offline=offline)
    verdict = min((report.verdict for report in reports), key=_ORDER.index, default="cannot_tell")
    document: dict[str, Any] = {
        "verdict": verdict,
        "offline": offline,
        "passports": [report.to_document() for report in reports],
    }
    emit(document, as_json=as_json, text=lambda: _print(reports, verdict))
    if verdict == "invalid":
        raise typer.Exit(EXIT_REFUSED)
    if verdict == "cannot_tell":
        raise typer.Exit(EXIT_CANNOT_TELL)


def block_network() -> None:
    """Take this process's network away for good: any attempt to resolve or connect raises."""

    def refuse(event: str, _arguments: tuple[Any, ...]) -> None:
        if event in _NETWORK_EVENTS:
            raise PermissionError("the network is blocked: this verification is offline")

    sys.addaudithook(refuse)


def _reports(
    target: str, trust_list: "TrustList | None", fetch: "Fetch", *, offline: bool
) -> "list[VerificationReport]":
    from api.handed_in import require_passport
    from api.verifying_alone import read_subject, verify_offline, verify_online
    from passports.documents import utc_now
    from passports.verification.bundle import is_bundle

    is_link = target.lower().startswith(("http://", "https://"))
    if not is_link and not Path(target).exists():
        reason = "this is neither a link nor a file that is there"
        remedy = "Check the path, or give the whole link (https://...)."
        raise FileFaultError(Finding("file", target, reason, remedy))
    data = target.encode() if is_link else read_file(Path(target), "the passport")
    if not is_bundle(data):
        require_passport(data)
    if offline or is_bundle(data):
        return verify_offline(data, trust_list, utc_now())
    subject = read_subject(data, None, fetch)
    return [verify_online(subject, fetch, trust_list, utc_now())]


def _print(reports: "list[VerificationReport]", verdict: str) -> None:
    for report in reports[:1] if len(reports) > 1 and verdict != "invalid" else reports:
        if len(reports) > 1 and report.failed_step is None and verdict == "invalid":
            continue
        for step in report.steps:
            mark = _MARKS.get(step.outcome, "[dim]·[/]")
            out.print(f" {mark} {step.number:2} {step.step:20}", end=" ")
            out.print(step.message, markup=False)
    count = len(reports)
    out.print(f"{count} passport{'s' if count != 1 else ''}: {_WORDS[verdict]}")
