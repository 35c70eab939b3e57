"""`voltpass keys passphrase`: all keys encrypted under another passphrase."""

import os
import sys
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from api.commands.console import AsJson, emit, open_voltpass, out, read_file, reported
from api.environment import EnvironmentFaultError

if TYPE_CHECKING:
    from api.wiring import Voltpass


def keys_passphrase(
    file: Annotated[
        Path | None, typer.Option(help="File with the new passphrase as its one line.")
    ] = None,
    variable: Annotated[
        str | None, typer.Option(help="Environment variable with the new passphrase.")
    ] = None,
    as_json: AsJson = False,
) -> None:
    """Encrypt all keys under another passphrase: of a file, a variable, or typed in, never an argument.

    Stop the servers before. Killed at any moment, the home opens with the old or the new one, wholly.
    """
    from passports.errors import Finding
    from passports.passphrase_change import change_passphrase, key_files
    from signing.errors import KeyUnavailableError

    with reported(as_json=as_json):
        voltpass = open_voltpass()
        old = voltpass.settings.passphrase()
        new = _new_passphrase(file, variable, old)
        folder = voltpass.settings.keys_directory
        made_up = not voltpass.settings.key_passphrase.get_secret_value()
        try:
            files = key_files(folder, _uris(voltpass))
            change_passphrase(folder, files, old, new, made_up=made_up)
        except KeyUnavailableError as error:
            reason = error.reason.replace("_", " ")
            found = Finding("key", error.uri.removeprefix("file:"), reason, f"{error.remedy}.")
            raise EnvironmentFaultError(found) from None
        finally:
            voltpass.close()
    kept = str(folder / "passphrase") if made_up else None
    told = f"{len(files)} keys lie under the new passphrase; " + (
        f"it is kept in {kept}, as the one before"
        if made_up
        else "set VOLTPASS_KEY_PASSPHRASE to it, and start the servers"
    )
    document = {"keys": [str(path) for path in files], "kept_in": kept}
    emit(document, as_json=as_json, text=lambda: out.print(told, markup=False, soft_wrap=True))


def _uris(voltpass: "Voltpass") -> list[str]:
    with voltpass.store.reading() as reading:
        rows = [row for one in reading.operators.all() for row in reading.signing_keys.of(one.id)]
    return [row.uri for row in rows]


def _new_passphrase(file: Path | None, variable: str | None, old: bytes) -> bytes:
    """Return what was given, or typed in twice.

    Raises:
        BadParameter: there is no way to it, or more than one.
        InvalidInputError: it is none, or the one before; it is not repeated.
    """
    from passports.errors import Finding, InvalidInputError

    if (file is not None) + (variable is not None) > 1:
        raise typer.BadParameter("name a file or a variable, not both")
    if file is not None:
        given, said = read_file(file, "the new passphrase").decode(errors="replace"), str(file)
    elif variable is not None:
        given, said = os.environ.get(variable, ""), variable
    elif sys.stdin.isatty():
        given = typer.prompt("New passphrase", hide_input=True, confirmation_prompt=True, err=True)
        said = "what was typed"
    else:
        raise typer.BadParameter("name --file or --variable: there is nobody to be asked")
    given = given.strip()
    remedy = "Give one line of your own making, e.g. of: openssl rand -base64 32."
    reason = None
    if not given:
        reason = "there is no passphrase in it"
    elif not given.isprintable() or "\N{REPLACEMENT CHARACTER}" in given:
        reason = "it is not one line of text"
    elif given.encode() == old:
        reason = "it is the passphrase that the keys lie under"
    if reason is not None:
        raise InvalidInputError([Finding(said, "", reason, remedy)], "the new passphrase")
    return given.encode()
