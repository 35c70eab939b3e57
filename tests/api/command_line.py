"""Runs `voltpass` as a process of its own, as a person or a script does."""

import json
import os
import subprocess
import sys
from dataclasses import dataclass
from pathlib import Path
from typing import Any

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


def one_document(done: "subprocess.CompletedProcess[str]") -> Any:
    """Read the one JSON document that a command printed, and nothing beside it."""
    assert "Traceback" not in done.stderr, done.stderr
    return json.loads(done.stdout)
