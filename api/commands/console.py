"""What all commands share that work on records: `terminal`, and a voltpass wired from the environment."""

from typing import TYPE_CHECKING, Any

from api.commands.terminal import (
    EXIT_CANNOT_TELL,
    EXIT_ENVIRONMENT,
    EXIT_NOTHING,
    EXIT_REFUSED,
    MAX_FILE_BYTES,
    AsJson,
    Operator,
    emit,
    err,
    open_settings,
    out,
    print_json,
    progress_bar,
    read_file,
    reported,
)

if TYPE_CHECKING:
    from api.wiring import Voltpass


__all__ = [
    "EXIT_CANNOT_TELL",
    "EXIT_ENVIRONMENT",
    "EXIT_NOTHING",
    "EXIT_REFUSED",
    "MAX_FILE_BYTES",
    "AsJson",
    "Operator",
    "emit",
    "err",
    "open_settings",
    "open_voltpass",
    "out",
    "print_json",
    "progress_bar",
    "read_file",
    "reported",
]


def open_voltpass(*, creates: bool = False, **changes: Any) -> "Voltpass":  # noqa: ANN401 # pydantic judges them
    """Wire a voltpass from the environment; `changes` go before what is set there.

    A home that is not there yet is made by the commands that begin one, and by no other: a slip in
    VOLTPASS_HOME is told, instead of being answered out of an empty store.

    Raises:
        EnvironmentFaultError: a setting is not valid; its value is not repeated.
    """
    from api.wiring import Voltpass

    return Voltpass(open_settings(**changes), creates=creates)
