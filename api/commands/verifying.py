"""`voltpass verify`: a link, a file, a picture or a bundle, online or without any network."""

import sys
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any, Final

import typer

from api.commands.findings import print_findings
from api.commands.terminal import (
    EXIT_CANNOT_TELL,
    EXIT_REFUSED,
    AsJson,
    emit,
    open_settings,
    read_file,
    reported,
)
from api.environment import FileFaultError
from passports.errors import Finding

if TYPE_CHECKING:
    from api.verifying_alone import Examined
    from passports.verification.fetch import Fetch
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
_ORDER = ("invalid", "cannot_tell", "valid_with_warnings", "valid")


def verify(
    target: Annotated[
        str, typer.Argument(help="Printed link, or file: passport, picture, bundle, receipt.")
    ],
    offline: Annotated[
        bool, typer.Option("--offline", help="Use no network; the process cannot.")
    ] = False,
    trust_list: Annotated[
        Path | None, typer.Option(help="Signed trust list; by default the pinned one.")
    ] = None,
    trust_root: Annotated[
        Path | None,
        typer.Option(
            help="Root key of the trust list (JWK, or did.json); by default the pinned one."
        ),
    ] = None,
    as_json: AsJson = False,
) -> None:
    """Verify passports step by step.

    Exit code 0: valid, 1: invalid, 2: cannot tell (or usage), 3: the file or the setting that was named
    cannot be read.
    """
    from api.pinned_trust import REMEDY, pinned_trust_list, root_fingerprint
    from passports.verification.fetch import HttpFetch

    if not target.strip():
        raise typer.BadParameter("name a printed link, or a file")
    # What cannot be fetched or read is not said to be invalid.
    with reported(as_json=as_json, refused=EXIT_CANNOT_TELL):
        if offline:
            block_network()
        settings = open_settings()
        trusted = pinned_trust_list(settings, trust_list, trust_root)
        root = root_fingerprint(settings, trust_root) if trusted is not None else None
        # Of this machine only what the user has typed or set up; a passport's own words reach nothing here.
        with HttpFetch(loopback=[*settings.own_addresses, target]) as fetch:
            found = _examined(target, trusted, fetch, offline=offline)
    verdicts = [examined.report.verdict for examined in found]
    verdict = min(verdicts, key=_ORDER.index, default="cannot_tell")
    document: dict[str, Any] = {
        "verdict": verdict,
        "offline": offline,
        "trustRoot": root,
        "remedy": REMEDY if trusted is None else None,
        "passports": [{**one.report.to_document(), **one.names()} for one in found],
    }
    emit(document, as_json=as_json, text=lambda: print_findings(found, verdict, document))
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


def _examined(
    target: str, trust_list: "TrustList | None", fetch: "Fetch", *, offline: bool
) -> "list[Examined]":
    from api.handed_in import require_passport
    from api.verifying_alone import Examined, examine_offline, read_subject, verify_online
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
        return examine_offline(data, trust_list, utc_now())
    subject = read_subject(data, None, fetch)
    return [Examined(verify_online(subject, fetch, trust_list, utc_now()), subject)]
