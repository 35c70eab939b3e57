"""`voltpass witness`: cosign the heads of transparency logs, or ask a witness to cosign ours."""

from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from api.commands.console import EXIT_REFUSED, AsJson, emit, open_voltpass, out, reported
from api.environment import EnvironmentFaultError
from passports.errors import Finding
from signing.errors import MalformedDocumentError

if TYPE_CHECKING:
    import httpx

    from api.wiring import Voltpass
    from signing.signed_note import NoteSigner, NoteVerifier


witness = typer.Typer(
    no_args_is_help=True, help="Witness transparency logs.", rich_markup_mode=None
)


def _signers(folder: Path, name: str, passphrase: bytes) -> "list[NoteSigner]":
    from passports.keyring import Keyring  # opening keys costs; only here
    from signing.signed_note import ED25519_COSIGNATURE, MLDSA44_COSIGNATURE, NoteSigner

    keyring = Keyring(folder, passphrase)
    return [
        NoteSigner(name, ED25519_COSIGNATURE, keyring.named("witness-ed25519", "Ed25519")),
        NoteSigner(name, MLDSA44_COSIGNATURE, keyring.named("witness-ml-dsa-44", "ML-DSA-44")),
    ]


@witness.command("serve")
def witness_serve(
    log: Annotated[list[str], typer.Option("--log", help="Verifier key of a log to follow.")],
    name: Annotated[str, typer.Option(help="The witness's name in its signatures.")],
    host: Annotated[str, typer.Option(help="Address to listen on.")] = "127.0.0.1",
    port: Annotated[int, typer.Option(help="Port.", min=1, max=65535)] = 8100,
    as_json: AsJson = False,
) -> None:
    """Serve POST /add-checkpoint (C2SP tlog-witness); remembers heads in VOLTPASS_HOME/witness."""
    import uvicorn  # the web only where needed

    from api.serving import listening_fault  # as above
    from api.witness import Witness, create_witness_app  # as above

    with reported(as_json=as_json):
        settings = open_voltpass().settings
        fault = listening_fault(host, port)
        if fault is not None:
            raise EnvironmentFaultError(fault)
        logs = [_verifier(text) for text in log]
        signers = _signers(settings.keys_directory, name, settings.passphrase())
        running = Witness(settings.home / "witness", logs, signers)
        keys = [signer.verifier.text for signer in signers]
        document = {"serving": f"http://{host}:{port}", "name": name, "keys": keys}

        def text() -> None:
            out.print(f"witness {name} on http://{host}:{port}; its keys:")
            for key in keys:
                out.print(f"  {key}", markup=False)

        emit(document, as_json=as_json, text=text)
        app = create_witness_app(running)
    uvicorn.run(app, host=host, port=port, log_level="warning", lifespan="off")


def _verifier(text: str) -> "NoteVerifier":
    from signing.signed_note import NoteVerifier

    try:
        return NoteVerifier.parse(text)
    except MalformedDocumentError as error:
        remedy = "Take it from the log's operator: name+identifier+key."
        raise EnvironmentFaultError(Finding("log", text, str(error), remedy)) from None


@witness.command("ask")
def witness_ask(
    url: Annotated[str, typer.Argument(help="Where the witness is served.")],
    as_json: AsJson = False,
) -> None:
    """Have a witness cosign this server's newest head; its signatures travel with every proof."""
    import httpx

    from passports.documents import utc_now
    from passports.log import add_cosignatures

    with reported(as_json=as_json):
        voltpass = open_voltpass()
        endpoint = url.rstrip("/") + "/add-checkpoint"
        request, answer = _ask(voltpass, endpoint, 0)
        if answer.status_code == httpx.codes.CONFLICT and answer.text.strip().isdigit():
            # It remembers a head of this size; prove that ours continues it.
            request, answer = _ask(voltpass, endpoint, int(answer.text))
        done = answer.status_code == httpx.codes.OK
        if done:
            with voltpass.store.transaction() as transaction:
                add_cosignatures(transaction, request, answer.text, utc_now())
        document = {"cosigned": done, "status": answer.status_code, "answer": answer.text}
        words = "cosigned" if done else f"refused ({answer.status_code}): {answer.text.strip()}"
        emit(document, as_json=as_json, text=lambda: out.print(words, markup=False))
        if not done:
            raise typer.Exit(EXIT_REFUSED)


def _ask(voltpass: "Voltpass", endpoint: str, known_size: int) -> "tuple[bytes, httpx.Response]":
    import httpx

    from passports.log import witness_request

    with voltpass.store.reading() as reading:
        request = witness_request(reading, known_size)
    try:
        return request, httpx.post(endpoint, content=request, timeout=10, trust_env=False)
    except httpx.HTTPError as error:
        reason = f"no answer ({type(error).__name__})"
        raise EnvironmentFaultError(Finding("url", endpoint, reason, "Try later.")) from None
