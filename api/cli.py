"""The command line: `voltpass`. Commands stand in api/commands, one file each.

A command's module is imported when the command is called, so that help comes at once and a command
pays only for what it uses. The table below is the order in which help lists them.
"""

import gc
import json
import sys
from collections.abc import Mapping
from dataclasses import dataclass
from difflib import get_close_matches
from importlib import import_module
from importlib.metadata import version as installed_version
from io import TextIOWrapper
from types import MappingProxyType
from typing import TYPE_CHECKING, Annotated, Final

import typer
from typer.core import TyperGroup
from typer.main import get_command

from api.commands.example_option import add_example_options

if TYPE_CHECKING:
    from typer._click import Command, Context, HelpFormatter

GARBAGE_LOOKED_FOR_AFTER: Final = 50_000  # objects


@dataclass(frozen=True)
class CommandEntry:
    """Where a command stands, and what help says of it (a test holds it against the command)."""

    module: str
    attribute: str
    summary: str


COMMANDS: Final[Mapping[str, CommandEntry]] = MappingProxyType(
    {
        "demo": CommandEntry("demo", "demo", "Go the whole way on real data."),
        "serve": CommandEntry("serving", "serve", "Serve pages, passports and the HTTP API."),
        "footprint": CommandEntry("footprints", "footprint", "Compute and show carbon footprints."),
        "facility": CommandEntry("energy", "facility", "Register factories and metered energy."),
        "certificate": CommandEntry("factories", "certificate", "Record, check certificates."),
        "model": CommandEntry("records", "model", "Register battery models."),
        "batch": CommandEntry("issuing", "batch", "Issue passports for batches of batteries."),
        "passport": CommandEntry("issuing", "passport", "Show, suspend, revoke passports."),
        "access": CommandEntry("access", "access", "Grant access; see who read."),
        "label": CommandEntry("labels", "label", "Draw labels: SVG, or sheets as PDF."),
        "verify": CommandEntry("verifying", "verify", "Verify passports step by step."),
        "query": CommandEntry("operating", "query", "Compare footprints across makers."),
        "operator": CommandEntry(
            "authority", "operator", "Identifiers, authorisations, transfers."
        ),
        "keys": CommandEntry("operators", "keys", "Operators, signing keys and API keys."),
        "archive": CommandEntry("archive", "archive", "Keep others' passports; open them."),
        "registry": CommandEntry("registry", "registry", "Tell the EU registry of passports."),
        "settings": CommandEntry(
            "settings", "settings", "Show settings, and what is wrong in them."
        ),
        "fsck": CommandEntry("operating", "fsck", "Re-verify the whole store from its bytes."),
        "backup": CommandEntry(
            "backup", "backup", "Write the whole home to a file, while it runs."
        ),
        "restore": CommandEntry("backup", "restore", "Restore a backup into an empty home."),
        "witness": CommandEntry("witness", "witness", "Witness transparency logs."),
        "openapi": CommandEntry(
            "serving", "openapi", "Print, write or check the OpenAPI document."
        ),
    }
)

_BUILT: Final[dict[str, "Command"]] = {}  # who calls commands in one process builds each once


class CommandTable(TyperGroup):
    """The commands of the table, in its order, each loaded when it is called."""

    def list_commands(self, ctx: "Context") -> list[str]:
        """Return the names in the table's order."""
        del ctx  # the same for all
        return list(COMMANDS)

    def get_command(self, ctx: "Context", cmd_name: str) -> "Command | None":
        """Return a command, importing its module."""
        del ctx  # the same for all
        entry = COMMANDS.get(cmd_name)
        if entry is not None and cmd_name not in _BUILT:
            found = getattr(import_module(f"api.commands.{entry.module}"), entry.attribute)
            if not isinstance(found, typer.Typer):
                alone = typer.Typer(add_completion=False, rich_markup_mode=None)
                alone.command(cmd_name)(found)
                found = alone
            command = get_command(found)
            command.name = cmd_name
            add_example_options(command, cmd_name)
            _BUILT[cmd_name] = command
        return _BUILT.get(cmd_name)

    def resolve_command(
        self, ctx: "Context", args: list[str]
    ) -> "tuple[str | None, Command | None, list[str]]":
        """Find the command that is called; a misspelt one is answered with what was meant."""
        if args and args[0] not in COMMANDS and not args[0].startswith("-"):
            meant = ", ".join(repr(name) for name in get_close_matches(args[0], COMMANDS))
            ctx.fail(f"No such command {args[0]!r}." + (f" Did you mean {meant}?" if meant else ""))
        return super().resolve_command(ctx, args)

    def format_commands(self, ctx: "Context", formatter: "HelpFormatter") -> None:
        """Write the table; no command is loaded for it."""
        del ctx  # the same for all
        with formatter.section("Commands"):
            formatter.write_dl([(name, entry.summary) for name, entry in COMMANDS.items()])


app = typer.Typer(
    cls=CommandTable,
    name="voltpass",
    no_args_is_help=True,
    add_completion=False,
    pretty_exceptions_enable=False,
    rich_markup_mode=None,
)


@app.callback(invoke_without_command=True)
def voltpass(
    context: typer.Context,
    version: Annotated[
        bool, typer.Option("--version", help="Print the version of this software.")
    ] = False,
    as_json: Annotated[
        bool, typer.Option("--json", help="With --version: print one JSON document.")
    ] = False,
) -> None:
    """Battery passports, from the factory's meters to a label anybody can check."""
    if version:
        found = installed_version("voltpass")
        document = json.dumps({"name": "voltpass", "version": found})
        typer.echo(document if as_json else f"voltpass {found}")
        raise typer.Exit
    if as_json:
        context.fail("--json stands after the command, or with --version.")


def main() -> None:
    """Run the command line."""
    # Importing a command makes some hundred thousand objects that stay, and it ends soon: looking for
    # garbage after every 700 of them is a tenth of its time.
    gc.set_threshold(GARBAGE_LOOKED_FOR_AFTER)
    for stream in (sys.stdout, sys.stderr):
        if isinstance(stream, TextIOWrapper):
            # A name that the terminal's encoding lacks is shown escaped and ends nothing.
            stream.reconfigure(errors="backslashreplace")
    app()


if __name__ == "__main__":
    main()
