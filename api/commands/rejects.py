"""Files of rejects on the command line: whether one may be written, writing it, and what to do with it."""

import shlex
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from passports.plurals import are, counted

if TYPE_CHECKING:
    from passports.bulk import SourceTable
    from passports.bulk.rejects import RefusedRow


Rejects = Annotated[Path | None, typer.Option(help="Where refused rows are written, to be mended.")]
Force = Annotated[bool, typer.Option("--force", help="Write over a file of rejects.")]


def check_rejects(
    file: Path, rejects: Path | None, *, partial: bool, dry_run: bool, force: bool
) -> None:
    """Refuse options that do not go together.

    Raises:
        BadParameter: `--partial` without `--rejects`, or `--rejects` would overwrite a file and
            `--force` is not there.
    """
    if partial and rejects is None and not dry_run:
        raise typer.BadParameter("--partial needs --rejects FILE: refused rows are written there")
    if rejects is not None and rejects.exists() and file.exists() and rejects.samefile(file):
        raise typer.BadParameter("--rejects names the very file that is read")
    if rejects is not None and rejects.exists() and not force:
        reason = f"--rejects: there is a file {rejects} already; name another one, or give --force"
        raise typer.BadParameter(reason)


def write_rejects(
    table: "SourceTable",
    refused: "Sequence[RefusedRow]",
    path: Path | None,
    constants: Mapping[str, str],
) -> Path | None:
    """Write refused rows to a file of their own; None if there are none, or nobody asked for it."""
    from passports.bulk import rejects_file

    if path is None or not refused:
        return None
    fresh = path.with_name(f".{path.name}.part")
    fresh.write_bytes(rejects_file(table, refused, constants).data)
    fresh.replace(path)
    return path


def again_with(
    rejects: Path | None,
    kind: str,
    operator: str,
    recipe_name: str | None,
    columns: Sequence[str] | None,
    ignored: Sequence[str] | None,
    date_format: str | None = None,
) -> str:
    """Return what to do with a file of rejects: the command that takes it, constants left out of it."""
    if rejects is None:
        return ""
    options = [*(("--recipe", recipe_name) if recipe_name else ())]
    options += [word for one in columns or () for word in ("--map", one)]
    options += [word for one in ignored or () for word in ("--ignore", one)]
    options += [*(("--date-format", date_format) if date_format else ())]
    words = ["voltpass", kind, "import", str(rejects), "--operator", operator, *options]
    return (
        f"refused rows with reasons: {rejects}; mend them there, then: {shlex.join(words)}\n"
        "(what --set said stands in it as columns; new rejects go to another file, or --force)"
    )


def refused_rows(count: int, rows: int | None = None) -> str:
    """Say how many rows are refused, of how many."""
    return (
        f"{count} {are(count)} refused"
        if rows is None
        else f"{count} of {counted(rows, 'rows')} {are(count)} refused"
    )
