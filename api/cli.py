"""The command line: `voltpass`. Commands stand in api/commands, one file each."""

import typer

from api.commands.demo import demo
from api.commands.footprints import footprint
from api.commands.issuing import batch, label, passport
from api.commands.operating import fsck, keys, openapi, query, serve
from api.commands.records import certificate, facility, model
from api.commands.verifying import verify

app = typer.Typer(
    name="voltpass",
    help="Battery passports, from the factory's meters to a label anybody can check.",
    no_args_is_help=True,
    add_completion=False,
    pretty_exceptions_enable=False,
    rich_markup_mode=None,
)
app.command()(demo)
app.command()(serve)
app.add_typer(footprint, name="footprint")
app.add_typer(facility, name="facility")
app.add_typer(certificate, name="certificate")
app.add_typer(model, name="model")
app.add_typer(batch, name="batch")
app.add_typer(passport, name="passport")
app.command()(label)
app.command()(verify)
app.command()(query)
app.add_typer(keys, name="keys")
app.command()(fsck)
app.command()(openapi)


def main() -> None:
    """Run the command line."""
    app()


if __name__ == "__main__":
    main()
