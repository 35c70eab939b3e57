"""`voltpass keys`: operators, their signing keys and API keys."""

import json
from pathlib import Path
from typing import Annotated, Any

import typer

from api.commands.console import (
    AsJson,
    Operator,
    emit,
    open_voltpass,
    out,
    read_file,
    reported,
)
from api.commands.passphrases import keys_passphrase
from api.commands.prefixes import keys_prefix
from passports.authority.roles import Action
from passports.authority.terms import DEFAULT_OVERLAP_HOURS

keys = typer.Typer(
    no_args_is_help=True, help="Operators, signing keys and API keys.", rich_markup_mode=None
)
keys.command("prefix")(keys_prefix)
keys.command("passphrase")(keys_passphrase)


@keys.command("register")
def keys_register(
    file: Annotated[
        Path,
        typer.Argument(
            help="JSON: id, name, roles, country; also gs1_prefixes, postal_address, url ..."
        ),
    ],
    as_json: AsJson = False,
) -> None:
    """Register an economic operator and make its signing key and first API key."""
    from passports.authority.registration import register_with_key
    from passports.documents import read_document, utc_now
    from passports.operators import EconomicOperatorCreate

    with reported(as_json=as_json):
        voltpass, now = open_voltpass(creates=True), utc_now()
        request = read_document(
            EconomicOperatorCreate, read_file(file, "the operator"), "the operator"
        )
        operator, key = register_with_key(
            voltpass.store, voltpass.keyring, voltpass.address, request, now
        )
        voltpass.write_trust_list(now)
        document = {**operator.model_dump(mode="json"), "api_key": key.token}

        def text() -> None:
            out.print(f"registered {operator.name} as {operator.did}")
            out.print(f"API key, shown this once: {key.token}", markup=False)

        emit(document, as_json=as_json, text=text)


@keys.command("list")
def keys_list(as_json: AsJson = False) -> None:
    """List operators, their signing keys and API keys; no secret is shown."""
    from passports.operators import list_operators

    with reported(as_json=as_json), open_voltpass().store.reading() as reading:
        rows: list[dict[str, Any]] = [
            {
                "operator": operator.id,
                "did": operator.did,
                "roles": list(operator.roles),
                "signing_keys": [
                    {"kid": row.kid, "created_at": row.created_at, "retired_at": row.retired_at}
                    for row in reading.signing_keys.of(operator.id)
                ],
                "api_keys": [
                    {
                        "id": row.id,
                        "label": row.label,
                        "actions": row.actions,
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
    action: Annotated[
        list[Action] | None, typer.Option(help="For this only; may be repeated. Default: all.")
    ] = None,
    as_json: AsJson = False,
) -> None:
    """Make an API key for an operator (`platform` may register operators); shown this once."""
    from api.platform import PLATFORM_ID, ensure_platform
    from passports.authority.api_keys import create_api_key
    from passports.documents import utc_now

    with reported(as_json=as_json):
        voltpass, now = open_voltpass(), utc_now()
        if operator == PLATFORM_ID:
            ensure_platform(voltpass, now)
        with voltpass.store.transaction() as transaction:
            key = create_api_key(transaction, operator, label, now, days, action or None)
        document = {"id": key.id, "operator": operator, "api_key": key.token}
        emit(document, as_json=as_json, text=lambda: out.print(key.token, markup=False))


@keys.command("replace")
def keys_replace(
    key_id: Annotated[str, typer.Argument(help="The API key, see voltpass keys list.")],
    operator: Operator,
    overlap_hours: Annotated[
        int, typer.Option(help="For so long the old key stays good, too.")
    ] = DEFAULT_OVERLAP_HOURS,
    days: Annotated[int | None, typer.Option(help="The new one is valid for so many days.")] = None,
    as_json: AsJson = False,
) -> None:
    """Make an API key in place of another, for the same actions; shown this once."""
    from passports.authority.api_keys import ApiKeyRotation, rotate_api_key
    from passports.documents import read_document, utc_now

    with reported(as_json=as_json):
        given = {"overlap_hours": overlap_hours, "days": days}
        request = read_document(ApiKeyRotation, given, "the rotation")
        with open_voltpass().store.transaction() as transaction:
            key = rotate_api_key(transaction, operator, key_id, request, utc_now())
        document = {"id": key.id, "operator": operator, "replaces": key_id, "api_key": key.token}
        emit(document, as_json=as_json, text=lambda: out.print(key.token, markup=False))


@keys.command("revoke")
def keys_revoke(key_id: str, operator: Operator, as_json: AsJson = False) -> None:
    """Make an API key useless from now on."""
    from passports.authority.api_keys import revoke_api_key
    from passports.documents import utc_now

    with reported(as_json=as_json):
        with open_voltpass().store.transaction() as transaction:
            revoke_api_key(transaction, operator, key_id, utc_now())
        document = {"id": key_id, "operator": operator, "revoked": True}
        emit(document, as_json=as_json, text=lambda: out.print(f"revoked {key_id}"))


@keys.command("rotate")
def keys_rotate(
    operator: Operator,
    key: Annotated[
        str | None,
        typer.Option(help="Where the new key lies: file:..., pkcs11:..., csc:https://..."),
    ] = None,
    as_json: AsJson = False,
) -> None:
    """Make a new signing key, in a file, a token or with a seal; what the old one signed stays valid."""
    from passports.documents import utc_now
    from passports.key_changes import rotate_key

    with reported(as_json=as_json):
        voltpass, now = open_voltpass(), utc_now()
        change = rotate_key(voltpass.store, voltpass.keyring, voltpass.address, operator, now, key)
        voltpass.write_trust_list(now)
        text = f"{operator} signs with {change.new_kid}; {change.old_kid} is retired"
        emit(change.to_document(), as_json=as_json, text=lambda: out.print(text))


@keys.command("compromise")
def keys_compromise(
    kid: Annotated[str, typer.Argument(help="The key, see voltpass keys list.")],
    operator: Operator,
    from_log_index: Annotated[
        int | None,
        typer.Option(help="First log index that is not believed; by default: from now on."),
    ] = None,
    as_json: AsJson = False,
) -> None:
    """Declare a signing key compromised; passports before the index in the log stay valid."""
    from passports.documents import utc_now
    from passports.key_changes import revoke_key

    with reported(as_json=as_json):
        voltpass, now = open_voltpass(), utc_now()
        change = revoke_key(
            voltpass.store, voltpass.keyring, voltpass.address, operator, kid, from_log_index, now
        )
        voltpass.write_trust_list(now)
        text = (
            f"{kid} is revoked from log index {change.revoked_from_log_index} on; "
            f"{operator} signs with {change.new_kid}"
        )
        emit(change.to_document(), as_json=as_json, text=lambda: out.print(text))


@keys.command("trust-list")
def keys_trust_list(as_json: AsJson = False) -> None:
    """Sign this server's trust list anew and pin its root key."""
    from passports.documents import utc_now

    with reported(as_json=as_json):
        voltpass = open_voltpass()
        path = voltpass.write_trust_list(utc_now())
        root = json.loads(voltpass.settings.trust_root_path.read_text(encoding="utf-8"))
        fingerprint = voltpass.root_key.kid
        document = {"trust_list": str(path), "root_key": root, "root_fingerprint": fingerprint}
        told = (
            f"wrote {path}\nfingerprint of its root key, to be told by another way: {fingerprint}"
        )
        emit(document, as_json=as_json, text=lambda: out.print(told, markup=False, soft_wrap=True))
