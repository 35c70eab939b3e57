"""What starting a command costs, told by what it imports: modules are counted, never seconds."""

import subprocess
import sys
from pathlib import Path

import pytest

from tests.api.command_line import environment

# What takes a tenth of a second or more to import.
DATABASE = {"sqlalchemy", "sqlmodel", "alembic", "psycopg"}
ENGINE = {"numpy", "scipy"}
WEB = {"fastapi", "starlette", "uvicorn", "httpx", "jinja2"}
REST = {"cryptography", "joserfc", "openpyxl", "reportlab", "PIL"}
OURS = {"passports", "lca", "signing"}

# Runs the command line, then tells on its last line which packages it has imported.
PROGRAM = """
import atexit, sys
from api.cli import main
print_packages = lambda: print(*sorted({name.partition(".")[0] for name in sys.modules}))
atexit.register(print_packages)
main()
"""


def imported(*arguments: str, home: Path, code: int = 0) -> set[str]:
    """Run a command in a fresh interpreter; return the packages that it imported."""
    done = subprocess.run(
        [sys.executable, "-c", PROGRAM, *arguments],
        capture_output=True,
        text=True,
        env=environment(home),
        check=False,
        timeout=120,
    )
    assert done.returncode == code, done.stderr
    return set(done.stdout.splitlines()[-1].split())


@pytest.mark.parametrize(("word", "code"), [("--help", 0), ("--version", 0), ("verfy", 2)])
def test_the_table_of_commands_answers_without_any_of_them(
    tmp_path: Path, word: str, code: int
) -> None:
    found = imported(word, home=tmp_path, code=code)
    assert not found & (DATABASE | ENGINE | WEB | REST | OURS)
