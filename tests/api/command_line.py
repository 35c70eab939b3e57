"""Runs `voltpass` as a process of its own, as a person or a script does."""

import json
import os
import subprocess
import sys
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from typer.testing import CliRunner

from api.cli import app

VOLTPASS = str(Path(sys.executable).with_name("voltpass"))


@dataclass(frozen=True)
class Demonstration:
    """A finished demonstration: its home, port, and the object that it printed."""

    home: Path
    port: int
    printed: dict[str, Any]
    stderr: str


def environment(home: Path, **changes: str) -> dict[str, str]:
    """Return an environment with this home and no other setting of voltpass."""
    inherited = {k: v for k, v in os.environ.items() if not k.startswith("VOLTPASS_")}
    return {**inherited, "VOLTPASS_HOME": str(home), **changes}


def run(
    *arguments: str | Path, home: Path, cwd: Path | None = None, **changes: str
) -> "subprocess.CompletedProcess[str]":
    """Run a command to its end."""
    return subprocess.run(
        [VOLTPASS, *map(str, arguments)],
        capture_output=True,
        text=True,
        env=environment(home, **changes),
        cwd=cwd,
        check=False,
        timeout=120,
    )


def invoke(
    *arguments: str | Path, home: Path, **changes: str
) -> "subprocess.CompletedProcess[str]":
    """Run a command to its end inside of this process: starting one costs a second."""
    cleared = {name: None for name in os.environ if name.startswith("VOLTPASS_")}
    given = list(map(str, arguments))
    env = {**cleared, "VOLTPASS_HOME": str(home), **changes}
    done = CliRunner().invoke(app, given, env=env)
    expected = done.exception is None or isinstance(done.exception, SystemExit)
    assert expected, (given, done.exception)
    return subprocess.CompletedProcess(given, done.exit_code, done.stdout, done.stderr)


def one_document(done: "subprocess.CompletedProcess[str]") -> Any:
    """Read the one JSON document that a command printed, and nothing beside it."""
    assert "Traceback" not in done.stderr, done.stderr
    return json.loads(done.stdout)
