"""What all commands share: JSON or a text for people, findings as errors, exit codes that mean something.

0 done, or valid; 1 refused, invalid, or a fault was found; 2 usage, or cannot tell; 3 the environment
(database, key, file) does not play along; 4 an empty store, in which there is nothing to check.
"""

import json
import os
import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any, Final

import typer
from rich.console import Console

from api.environment import EnvironmentFaultError, FileFaultError
from api.problems import problem_of
from lca.errors import LcaError
from passports.errors import Finding, InvalidInputError, PassportError, StoreUnavailableError
from signing.errors import KeyUnavailableError, SigningError

if TYPE_CHECKING:
    from api.settings import Settings

EXIT_REFUSED: Final = 1
EXIT_CANNOT_TELL: Final = 2
EXIT_ENVIRONMENT: Final = 3
EXIT_NOTHING: Final = 4
MAX_FILE_BYTES: Final = 256 * 1024 * 1024

AsJson = Annotated[bool, typer.Option("--json", help="Print one JSON document.")]
Operator = Annotated[
    str, typer.Option("--operator", envvar="VOLTPASS_OPERATOR", help="Whose records these are.")
]
out = Console(highlight=False, soft_wrap=True)
err = Console(stderr=True, highlight=False, soft_wrap=True)


def open_settings(**changes: Any) -> "Settings":  # noqa: ANN401 # pydantic judges them
    """Read the settings from the environment; `changes` go before what is set there.

    A variable that is no setting of voltpass is named on stderr: misspelt, it would change nothing.

    Raises:
        EnvironmentFaultError: a setting is not valid; its value is not repeated.
    """
    from pydantic import ValidationError
    from pydantic_settings import SettingsError

    from api.settings import Settings
    from api.settings_faults import faults_of, unknown_variables, unreadable

    for warning in unknown_variables(os.environ):
        err.print(f"Warning: {warning}", markup=False)
    try:
        return Settings(**changes)
    except ValidationError as error:
        raise EnvironmentFaultError(*faults_of(error)) from None
    except SettingsError as error:
        raise EnvironmentFaultError(unreadable(error)) from None


def emit(document: object, *, as_json: bool, text: Callable[[], None]) -> None:
    """Print a document as JSON, or let `text` print it for people; a list of nothing says so."""
    if as_json:
        print_json(document)
    elif document == []:
        out.print("none yet")
    else:
        text()


def print_json(document: object) -> None:
    """Print one JSON document on a line, in what the terminal's encoding has."""
    line = json.dumps(document, ensure_ascii=False, default=str)
    try:
        line.encode(sys.stdout.encoding or "utf-8")
    except UnicodeEncodeError:
        line = json.dumps(document, default=str)
    sys.stdout.write(line + "\n")
    sys.stdout.flush()


def read_file(path: Path, what: str) -> bytes:
    """Read a file of bounded size.

    Raises:
        FileFaultError: there is none, it cannot be read, or it is too large.
    """
    try:
        if path.stat().st_size > MAX_FILE_BYTES:
            reason, remedy = f"{what} is larger than {MAX_FILE_BYTES} bytes", "Split it."
            raise FileFaultError(Finding("file", str(path), reason, remedy))
        return path.read_bytes()
    except (OSError, ValueError) as error:  # ValueError: a NUL in the path
        cause = error.strerror if isinstance(error, OSError) else str(error)
        reason = f"{what} cannot be read: {cause}"
        raise FileFaultError(Finding("file", str(path), reason, "Check the path.")) from None


@contextmanager
def reported(*, as_json: bool, refused: int = EXIT_REFUSED) -> Iterator[None]:
    """Turn errors of the packages below into findings on the screen and an exit code.

    `refused` is the code where the packages refuse; faults of the environment have their own.
    """
    try:
        yield
    except (PassportError, LcaError, SigningError, EnvironmentFaultError, OSError) as error:
        document, code = _described(error, refused)
    except RecursionError:
        finding = Finding("file", "", "it is nested too deeply", "Nest it less deeply.")
        document, code = problem_of(InvalidInputError([finding], "the file")), refused
    else:
        return
    if as_json:
        print_json(document)
    else:
        err.print(document["title"], style="bold red", markup=False)
        if not document["findings"]:
            err.print(f"  {document['detail']}", markup=False)
        for finding in document["findings"]:
            err.print(f"  {Finding(**finding)}", markup=False)
    raise typer.Exit(code)


def _described(error: Exception, refused: int) -> tuple[dict[str, Any], int]:
    if isinstance(error, OSError):
        reason = error.strerror or str(error)
        value = str(error.filename) if error.filename else ""
        remedy = "Check path, permissions and room on the disk."
        error = EnvironmentFaultError(Finding("file", value, reason, remedy))
    if isinstance(error, KeyUnavailableError):
        # To whom runs the command line the cause is told; the web keeps it to itself.
        field = "VOLTPASS_KEY_PASSPHRASE" if "passphrase" in error.reason else "signing key"
        reason = error.reason.replace("_", " ")
        error = EnvironmentFaultError(Finding(field, "", reason, f"{error.remedy}."))
    environment = isinstance(error, EnvironmentFaultError | StoreUnavailableError)
    code = EXIT_ENVIRONMENT if environment else refused
    return problem_of(error), code


@contextmanager
def progress_bar(label: str, *, quiet: bool) -> Iterator[Callable[[int, int], None]]:
    """Show a progress bar on a terminal; yields the function to call with (done, all)."""
    if quiet or not err.is_terminal or os.environ.get("CI"):
        yield lambda _done, _all: None
        return
    from rich.progress import (
        BarColumn,
        MofNCompleteColumn,
        Progress,
        TextColumn,
        TimeRemainingColumn,
    )

    columns = (TextColumn("{task.description}"), BarColumn(), MofNCompleteColumn())
    with Progress(*columns, TimeRemainingColumn(), console=err) as progress:
        task = progress.add_task(label, total=None)
        yield lambda done, total: progress.update(task, completed=done, total=total)
