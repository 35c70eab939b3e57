"""`voltpass query | keys | fsck | openapi | serve`: regulators' questions and running the server."""

import json
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Annotated, Any

import typer
from rich.table import Table

from api.commands.console import (
    EXIT_REFUSED,
    AsJson,
    Operator,
    emit,
    err,
    open_voltpass,
    out,
    progress_bar,
    read_file,
    reported,
)
from api.platform import PLATFORM_ID, ensure_platform
from passports.api_keys import create_api_key, revoke_api_key
from passports.documents import read_document, utc_now
from passports.fsck import check_store
from passports.operators import EconomicOperatorCreate, list_operators, register_operator
from passports.queries import FootprintQuery, query_footprints

keys = typer.Typer(no_args_is_help=True, help="Operators, their signing keys and API keys.")
OPENAPI_PATH = Path("openapi/v1.json")
_RECOMPUTED: Mapping[Any, str] = {True: "equal", False: "DIFFERS", None: "-"}


def query(
    ruleset: Annotated[str | None, typer.Option(help="Only by this ruleset.")] = None,
    operator: Annotated[str | None, typer.Option(help="Only of this operator.")] = None,
    facility: Annotated[str | None, typer.Option(help="Only from this factory.")] = None,
    model: Annotated[str | None, typer.Option(help="Only of this model.")] = None,
    category: Annotated[str | None, typer.Option(help="ev, lmt or industrial.")] = None,
    country: Annotated[str | None, typer.Option(help="Two letters, of the factory.")] = None,
    limit: Annotated[int, typer.Option(help="Rows on a page.")] = 100,
    cursor: Annotated[str | None, typer.Option(help="Where to go on.")] = None,
    include_superseded: Annotated[bool, typer.Option(help="Replaced studies too.")] = False,
    recompute: Annotated[bool, typer.Option(help="Compute each study anew.")] = False,
    as_json: AsJson = False,
) -> None:
    """Compare footprints across makers, lowest per kWh delivered first."""
    with reported(as_json=as_json):
        wanted = read_document(
            FootprintQuery,
            {
                "ruleset": ruleset,
                "operator": operator,
                "facility": facility,
                "model": model,
                "category": category,
                "country": country,
                "limit": limit,
                "cursor": cursor,
                "include_superseded": include_superseded,
                "recompute": recompute,
            },
            "the query",
        )
        voltpass = open_voltpass()
        page = query_footprints(voltpass.store, voltpass.dataset, wanted)
        document = {"rows": list(page.rows), "next_cursor": page.next_cursor}
        emit(document, as_json=as_json, text=lambda: out.print(comparison_table(page.rows)))


def comparison_table(rows: Sequence[Mapping[str, Any]]) -> Table:
    """Return the regulator's rows as a table for the terminal; units stand in the heads."""
    table = Table("factory", "ruleset", title="Footprints across makers", title_justify="left")
    for head in ("kg CO2e per kWh delivered", "per battery, kg", "per kWh capacity, kg"):
        table.add_column(head, justify="right")
    table.add_column("whole")
    table.add_column("recomputed")
    for row in rows:
        anew: Mapping[str, Any] = row.get("recomputed", {})
        table.add_row(
            row["facility"],
            row["ruleset"],
            f"{row['kg_co2e_per_kwh']:.4f}",
            f"{row['kg_co2e_per_battery']:,.0f}",
            f"{row['kg_co2e_per_kwh_capacity']:.2f}",
            "partial" if row["partial"] else "yes",
            _RECOMPUTED[anew.get("equal")],
        )
    return table


def fsck(as_json: AsJson = False) -> None:
    """Re-verify the whole store from its bytes; exit code 1 and the first fault if there is one."""
    with reported(as_json=as_json):
        voltpass = open_voltpass()
        with progress_bar("checking", quiet=as_json) as progress:
            report = check_store(
                voltpass.store,
                voltpass.dataset,
                utc_now(),
                lambda _kind, count: progress(count, count),
            )

        def text() -> None:
            for kind, count in report.checked.items():
                out.print(f"{count:8}  {kind.replace('_', ' ')}")
            for fault in report.faults[:1]:
                out.print(f"[bold red]first fault[/]: {fault.kind} {fault.id}: {fault.reason}")
            if not report.faults:
                out.print("[green]everything is as it was signed and computed[/]")

        emit(report.to_document(), as_json=as_json, text=text)
        if report.faults:
            raise typer.Exit(EXIT_REFUSED)


@keys.command("register")
def keys_register(
    file: Annotated[Path, typer.Argument(help="JSON: the operator.")], as_json: AsJson = False
) -> None:
    """Register an economic operator and make its signing key and first API key."""
    with reported(as_json=as_json):
        voltpass, now = open_voltpass(), utc_now()
        request = read_document(
            EconomicOperatorCreate, read_file(file, "the operator"), "the operator"
        )
        operator = register_operator(
            voltpass.store, voltpass.keyring, voltpass.address, request, now
        )
        with voltpass.store.transaction() as transaction:
            key = create_api_key(transaction, operator.id, "first key", now)
        voltpass.write_trust_list(now)
        document = {**operator.model_dump(mode="json"), "api_key": key.token}

        def text() -> None:
            out.print(f"registered {operator.name} as {operator.did}")
            out.print(f"API key, shown this once: {key.token}", markup=False)

        emit(document, as_json=as_json, text=text)


@keys.command("list")
def keys_list(as_json: AsJson = False) -> None:
    """List operators, their signing keys and API keys; no secret is shown."""
    with reported(as_json=as_json), open_voltpass().store.reading() as reading:
        rows: list[dict[str, Any]] = [
            {
                "operator": operator.id,
                "did": operator.did,
                "roles": [role.value for role in operator.roles],
                "signing_keys": [
                    {"kid": row.kid, "created_at": row.created_at, "retired_at": row.retired_at}
                    for row in reading.signing_keys.of(operator.id)
                ],
                "api_keys": [
                    {
                        "id": row.id,
                        "label": row.label,
                        "expires_at": row.expires_at,
                        "revoked_at": row.revoked_at,
                    }
                    for row in reading.api_keys.of(operator.id)
                ],
            }
            for operator in list_operators(reading)
        ]

        def text() -> None:
            for row in rows:
                out.print(f"{row['operator']}  {row['did']}", markup=False)
                out.print(f"    signing keys: {', '.join(k['kid'] for k in row['signing_keys'])}")
                out.print(f"    API keys: {', '.join(k['id'] for k in row['api_keys'])}")

        emit(rows, as_json=as_json, text=text)


@keys.command("create")
def keys_create(
    operator: Operator,
    label: Annotated[str, typer.Option(help="What it is for.")] = "command line",
    days: Annotated[int | None, typer.Option(help="Valid for so many days.")] = None,
    as_json: AsJson = False,
) -> None:
    """Make an API key for an operator (`platform` may register operators); shown this once."""
    with reported(as_json=as_json):
        voltpass, now = open_voltpass(), utc_now()
        if operator == PLATFORM_ID:
            ensure_platform(voltpass, now)
        with voltpass.store.transaction() as transaction:
            key = create_api_key(transaction, operator, label, now, days)
        document = {"id": key.id, "operator": operator, "api_key": key.token}
        emit(document, as_json=as_json, text=lambda: out.print(key.token, markup=False))


@keys.command("revoke")
def keys_revoke(key_id: str, operator: Operator, as_json: AsJson = False) -> None:
    """Make an API key useless from now on."""
    with reported(as_json=as_json):
        with open_voltpass().store.transaction() as transaction:
            revoke_api_key(transaction, operator, key_id, utc_now())
        document = {"id": key_id, "operator": operator, "revoked": True}
        emit(document, as_json=as_json, text=lambda: out.print(f"revoked {key_id}"))


@keys.command("trust-list")
def keys_trust_list(as_json: AsJson = False) -> None:
    """Sign this server's trust list anew and pin its root key."""
    with reported(as_json=as_json):
        voltpass = open_voltpass()
        path = voltpass.write_trust_list(utc_now())
        root = json.loads(voltpass.settings.trust_root_path.read_text(encoding="utf-8"))
        document = {"trust_list": str(path), "root_key": root}
        emit(document, as_json=as_json, text=lambda: out.print(f"wrote {path}"))


def openapi(
    write: Annotated[bool, typer.Option("--write", help="Rewrite openapi/v1.json.")] = False,
    check: Annotated[bool, typer.Option("--check", help="Fail where it differs.")] = False,
    as_json: AsJson = False,
) -> None:
    """Print the OpenAPI document, write it, or hold the committed one against the code."""
    from api.app import create_app, openapi_document  # noqa: PLC0415 # the web only where needed

    text = json.dumps(openapi_document(create_app()), indent=2, ensure_ascii=False) + "\n"
    if write:
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
    port: Annotated[int, typer.Option(help="Port to listen on.", min=1, max=65535)] = 8000,
    workers: Annotated[int, typer.Option(help="Processes.", min=1, max=64)] = 1,
    as_json: AsJson = False,
) -> None:
    """Serve what is in VOLTPASS_HOME, or in VOLTPASS_DATABASE_URL."""
    from api.serving import port_is_free, run_server  # noqa: PLC0415 # the web only where needed

    with reported(as_json=as_json):
        voltpass = open_voltpass()
        ensure_platform(voltpass, utc_now())
        voltpass.write_trust_list(utc_now())
    if not port_is_free(host, port):
        err.print(f"port {port} on {host} is taken; choose another with --port")
        raise typer.Exit(3)
    document = {"serving": f"http://{host}:{port}", "public_url": voltpass.settings.public_url}
    emit(document, as_json=as_json, text=lambda: out.print(f"serving on http://{host}:{port}"))
    run_server(voltpass, host, port, workers)
