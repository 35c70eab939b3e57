"""`--example`: commands that take a file of JSON print one that is valid, and end.

The option is added to the commands of the table when their group is loaded, so each example stands in one
place: openapi/examples, which a test sends to the HTTP API.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from types import MappingProxyType
from typing import TYPE_CHECKING, Annotated, Any, Final

import typer
from typer.core import TyperGroup
from typer.main import get_command

if TYPE_CHECKING:
    from typer._click import Command, Parameter


@dataclass(frozen=True)
class CommandExample:
    """What of an example of the HTTP API is the file of a command.

    Attributes:
        call: The call whose request it is.
        member: The member that is the file, where that is not the whole request.
        without: Members that the command takes as options.
    """

    call: str
    member: str | None = None
    without: tuple[str, ...] = ()


EXAMPLES: Final[Mapping[tuple[str, ...], CommandExample]] = MappingProxyType(
    {
        ("keys", "register"): CommandExample("post_operator"),
        ("operator", "change"): CommandExample("patch_operator", without=("reason",)),
        ("facility", "add"): CommandExample("post_facility"),
        ("facility", "energy", "period"): CommandExample("post_energy"),
        ("facility", "energy", "close"): CommandExample("post_closed_period"),
        ("facility", "production"): CommandExample("post_production"),
        ("certificate", "add"): CommandExample("post_certificate", without=("document",)),
        ("certificate", "upload"): CommandExample("post_certificate", without=("document",)),
        ("certificate", "issue"): CommandExample("post_signed_certificate"),
        ("model", "add"): CommandExample("post_model"),
        ("footprint", "study"): CommandExample("post_footprints"),
        ("batch", "recipe", "save"): CommandExample("put_mapping_recipe"),
        ("passport", "set"): CommandExample("put_model_attributes", member="values"),
        ("passport", "change"): CommandExample("patch_passport", member="values"),
    }
)


def add_example_options(command: "Command", *path: str) -> None:
    """Add the option to a command that is in the table, and to those of a group."""
    example = EXAMPLES.get(path)
    if example is not None:
        command.params.append(_option(example))
    if isinstance(command, TyperGroup):
        for name, inner in command.commands.items():
            add_example_options(inner, *path, name)


def _option(example: CommandExample) -> "Parameter":
    """Return the option as typer makes it, out of a command that has no other."""

    def shown(value: bool) -> None:  # as typer calls it
        if value:
            from api.commands.terminal import reported

            with reported(as_json=False):
                typer.echo(example_text(example), nl=False)
            raise typer.Exit

    alone = typer.Typer(add_completion=False)

    @alone.command()
    def _alone(
        example: Annotated[  # the callback sees it
            bool,
            typer.Option(
                "--example",
                is_eager=True,
                expose_value=False,
                callback=shown,
                help="Print an example of the file and end.",
            ),
        ] = False,
    ) -> None:
        """Take the option."""

    return next(param for param in get_command(alone).params if param.name == "example")


def example_text(example: CommandExample) -> str:
    """Return the file as it would be written by hand.

    Raises:
        RecordNotFoundError: the examples are not here: they lie in the source, not in the installed package.
    """
    import json

    from api.examples import REQUEST, read_example

    document: Any = json.loads(read_example(f"{example.call}.{REQUEST}.json"))
    if example.member is not None:
        document = document[example.member]
    kept = {name: value for name, value in document.items() if name not in example.without}
    return json.dumps(kept, indent=2, ensure_ascii=False) + "\n"
