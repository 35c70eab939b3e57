"""Runs `voltpass` as a process of its own, as a person or a script does."""

import json
import os
import re
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


# Runs the commands it is given; a line behind each on both streams tells that it has ended.
_ONE_AFTER_THE_OTHER = """
import json, sys
from api.cli import main
for arguments in json.loads(sys.argv[1]):
    sys.argv[1:] = arguments
    try:
        main()
        code = 0
    except SystemExit as end:
        code = end.code or 0
    print(f"\\0{code}", flush=True)
    print("\\0", file=sys.stderr, flush=True)
"""


def run_one_after_the_other(
    *commands: tuple[str | Path, ...], home: Path, **changes: str
) -> "list[subprocess.CompletedProcess[str]]":
    """Run several commands to their ends in one process beside this: starting one costs a second."""
    given = [list(map(str, arguments)) for arguments in commands]
    done = subprocess.run(
        [sys.executable, "-c", _ONE_AFTER_THE_OTHER, json.dumps(given)],
        capture_output=True,
        text=True,
        env=environment(home, **changes),
        check=True,
        timeout=120,
    )
    codes = [int(line[1:]) for line in done.stdout.splitlines() if line.startswith("\0")]
    outs = re.split(r"^\0\d+\n", done.stdout, flags=re.MULTILINE)
    errs = done.stderr.split("\0\n")
    return [
        subprocess.CompletedProcess(arguments, code, out, err)
        for arguments, code, out, err in zip(given, codes, outs, errs, strict=False)
    ]


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
