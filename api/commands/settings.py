"""`voltpass settings`: each setting, where it comes from, and what keeps a server from starting with it."""

from collections.abc import Sequence
from typing import Any

import typer

from api.commands.console import EXIT_ENVIRONMENT, AsJson, emit, err, out
from passports.errors import Finding


def settings(as_json: AsJson = False) -> None:
    """Show each setting, its value and where it comes from; of a secret only that it is set.

    Changes nothing. Exit code 0: a server starts with them, 3: it would not, and says why.
    """
    from api.settings_view import SettingRead, read_settings

    def line(row: SettingRead) -> str:
        return f"{row.name:32} {row.value or '-'}  [{row.origin}]"

    rows, faults, notes = read_settings()
    document: dict[str, Any] = {
        "settings": [row.to_document() for row in rows],
        "notes": list(notes),
        "faults": [fault.to_document() for fault in faults],
    }

    def text() -> None:
        for row in rows:
            out.print(line(row), markup=False)
        for note in notes:
            out.print(note, markup=False)
        _print_faults(faults)

    emit(document, as_json=as_json, text=text)
    if faults:
        raise typer.Exit(EXIT_ENVIRONMENT)


def _print_faults(faults: Sequence[Finding]) -> None:
    if faults:
        err.print("A server does not start with these", style="bold red", markup=False)
    for fault in faults:
        err.print(f"  {fault}", markup=False)
