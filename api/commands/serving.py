"""`voltpass serve | openapi`: the web, and its description."""

import json
from pathlib import Path
from typing import Annotated
from urllib.parse import urlsplit

import typer

from api.commands.console import EXIT_REFUSED, AsJson, emit, open_voltpass, out, reported
from api.environment import EnvironmentFaultError

OPENAPI_PATH = Path("openapi/v1.json")


def openapi(
    write: Annotated[bool, typer.Option("--write", help="Rewrite openapi/v1.json.")] = False,
    check: Annotated[bool, typer.Option("--check", help="Fail where it differs.")] = False,
    as_json: AsJson = False,
) -> None:
    """Print the OpenAPI document, write it, or hold the committed one against the code."""
    from api.app import create_app, openapi_document

    with reported(as_json=as_json):
        document = openapi_document(create_app(open_voltpass()))
    text = json.dumps(document, indent=2, ensure_ascii=False) + "\n"
    if write:
        with reported(as_json=as_json):
            OPENAPI_PATH.write_text(text, encoding="utf-8")
        emit({"written": str(OPENAPI_PATH)}, as_json=as_json, text=lambda: out.print(OPENAPI_PATH))
    elif check:
        same = OPENAPI_PATH.exists() and OPENAPI_PATH.read_text(encoding="utf-8") == text
        word = "agrees with" if same else "differs from"
        message = f"{OPENAPI_PATH} {word} the code" + ("" if same else "; run make openapi")
        emit({"same": same}, as_json=as_json, text=lambda: out.print(message))
        if not same:
            raise typer.Exit(EXIT_REFUSED)
    else:
        typer.echo(text, nl=False)


def serve(
    host: Annotated[str, typer.Option(help="Address to listen on.")] = "127.0.0.1",
    port: Annotated[
        int | None,
        typer.Option(help="Port; by default that of the links, or 8000.", min=1, max=65535),
    ] = None,
    workers: Annotated[int, typer.Option(help="Processes.", min=1, max=64)] = 1,
    access_log: Annotated[
        str | None, typer.Option(help="A JSON line for each answer, on stderr: off, routes, paths.")
    ] = None,
    access_log_clients: Annotated[
        str | None, typer.Option(help="Of whom it was asked for: none, network (/24, /48).")
    ] = None,
    trusted_proxy: Annotated[
        list[str] | None,
        typer.Option(help="Whose X-Forwarded-For and -Proto hold; may be repeated. [127.0.0.1]"),
    ] = None,
    as_json: AsJson = False,
) -> None:
    """Serve what is in VOLTPASS_HOME, or in VOLTPASS_DATABASE_URL.

    At SIGTERM what was begun is finished, for 30 seconds at the most. How to run it: api/README.md.
    """
    from api.platform import ensure_platform
    from api.serving import listening_fault, run_server
    from passports.documents import utc_now

    with reported(as_json=as_json):
        logging = {"access_log": access_log, "access_log_clients": access_log_clients}
        chosen = {name: word for name, word in logging.items() if word is not None}
        voltpass = open_voltpass(creates=True, **chosen)
        port = port or _port_of_links(voltpass.settings.public_url)
        fault = listening_fault(host, port)
        if fault is not None:
            raise EnvironmentFaultError(fault)
        ensure_platform(voltpass, utc_now())
        voltpass.write_trust_list(utc_now())
    url = f"http://[{host}]:{port}" if ":" in host else f"http://{host}:{port}"
    document = {"serving": url, "public_url": voltpass.settings.public_url}
    emit(document, as_json=as_json, text=lambda: _print_address(url, voltpass.settings.public_url))
    run_server(voltpass, host, port, workers, trusted_proxy or ())


def _print_address(url: str, public_url: str) -> None:
    out.print(f"serving on {url}", markup=False)
    if public_url.rstrip("/") != url:
        # With a proxy in front this is as it should be; with another port by mistake it is not.
        out.print(f"printed links say {public_url}", markup=False)


def _port_of_links(public_url: str) -> int:
    """Return the port that links on this very machine name; a public server has a proxy in front."""
    parts = urlsplit(public_url)
    return parts.port if parts.scheme == "http" and parts.port else 8000
