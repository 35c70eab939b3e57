"""What all commands share: JSON or a text for people, findings as errors, exit codes that mean something.

0 done, or valid; 1 refused, invalid, or a fault was found; 2 usage, or cannot tell; 3 the environment
(database, key, file) does not play along.
"""

import json
import os
import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Annotated, Final

import typer
from pydantic import ValidationError
from rich.console import Console
from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeRemainingColumn

from api.problems import problem_document, problem_of
from api.settings import Settings
from api.wiring import Voltpass
from lca.errors import LcaError
from passports.errors import Finding, InvalidInputError, PassportError
from signing.errors import KeyUnavailableError, SigningError

EXIT_REFUSED: Final = 1
EXIT_CANNOT_TELL: Final = 2
EXIT_ENVIRONMENT: Final = 3
MAX_FILE_BYTES: Final = 256 * 1024 * 1024

AsJson = Annotated[bool, typer.Option("--json", help="Print one JSON document.")]
Operator = Annotated[
    str, typer.Option("--operator", envvar="VOLTPASS_OPERATOR", help="Whose records these are.")
]
out = Console(highlight=False, soft_wrap=True)
err = Console(stderr=True, highlight=False, soft_wrap=True)


def open_voltpass() -> Voltpass:
    """Wire a voltpass from the environment.

    Raises:
        InvalidInputError: a setting is not valid; its value is not repeated.
    """
    try:
        return Voltpass(Settings())
    except ValidationError as error:
        findings = [
            Finding(
                "VOLTPASS_" + "_".join(map(str, e["loc"])).upper() if e["loc"] else "settings",
                "",
                e["msg"],
                "Set the environment variable anew.",
            )
            for e in error.errors(include_url=False, include_input=False)
        ]
        raise InvalidInputError(findings, "the settings") from None


def emit(document: object, *, as_json: bool, text: Callable[[], None]) -> None:
    """Print a document as JSON, or let `text` print it for people."""
    if as_json:
        sys.stdout.write(json.dumps(document, ensure_ascii=False, default=str) + "\n")
        sys.stdout.flush()
    else:
        text()


def read_file(path: Path, what: str) -> bytes:
    """Read a file of bounded size.

    Raises:
        InvalidInputError: there is none, it cannot be read, or it is too large.
    """
    try:
        if path.stat().st_size > MAX_FILE_BYTES:
            reason = f"it is larger than {MAX_FILE_BYTES} bytes"
            raise InvalidInputError([Finding("file", str(path), reason, "Split it.")], what)
        return path.read_bytes()
    except OSError as error:
        reason = error.strerror or "it cannot be read"
        raise InvalidInputError(
            [Finding("file", str(path), reason, "Check the path.")], what
        ) from None


@contextmanager
def reported(*, as_json: bool) -> Iterator[None]:
    """Turn errors of the packages below into findings on the screen and an exit code."""
    try:
        yield
    except (PassportError, LcaError, SigningError) as error:
        document = problem_of(error)
        code = EXIT_ENVIRONMENT if isinstance(error, KeyUnavailableError) else EXIT_REFUSED
    except OSError as error:
        detail = f"{error.strerror or error} ({error.filename})" if error.filename else str(error)
        document = problem_document(
            500, "environment", "The environment does not play along", detail
        )
        code = EXIT_ENVIRONMENT
    else:
        return
    if as_json:
        sys.stdout.write(json.dumps(document, ensure_ascii=False) + "\n")
    else:
        err.print(f"[bold red]{document['title']}[/]")
        if not document["findings"]:
            err.print(f"  {document['detail']}", markup=False)
        for finding in document["findings"]:
            err.print(f"  {Finding(**finding)}", markup=False)
    raise typer.Exit(code)


@contextmanager
def progress_bar(label: str, *, quiet: bool) -> Iterator[Callable[[int, int], None]]:
    """Show a progress bar on a terminal; yields the function to call with (done, all)."""
    if quiet or not err.is_terminal or os.environ.get("CI"):
        yield lambda _done, _all: None
        return
    columns = (TextColumn("{task.description}"), BarColumn(), MofNCompleteColumn())
    with Progress(*columns, TimeRemainingColumn(), console=err) as progress:
        task = progress.add_task(label, total=None)
        yield lambda done, total: progress.update(task, completed=done, total=total)
