"""What starting a command costs, told by what it imports: modules are counted, never seconds."""

import json
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

from api.cli import COMMANDS
from tests.api.command_line import Demonstration, environment

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


# One process for all, in the order given: each adds to what the others imported.
EACH = """
import json, sys
from typer.testing import CliRunner
from api.cli import app
for arguments in json.loads(sys.argv[1]):
    done = CliRunner().invoke(app, arguments)
    assert done.exit_code == 0, (arguments, done.output)
    print(json.dumps([arguments, [*{module.partition(".")[0] for module in sys.modules}]]))
"""


def imported_by_each(commands: list[list[str]], home: Path) -> Iterator[tuple[list[str], set[str]]]:
    """Run commands one after the other in a fresh interpreter; tell what is imported after each."""
    done = subprocess.run(
        [sys.executable, "-c", EACH, json.dumps(commands)],
        capture_output=True,
        text=True,
        env=environment(home),
        check=False,
        timeout=120,
    )
    assert done.returncode == 0, done.stderr
    lines = [json.loads(line) for line in done.stdout.splitlines()]
    assert [command for command, _ in lines] == commands
    yield from ((command, set(found)) for command, found in lines)


def test_help_of_a_command_needs_no_database_no_engine_and_no_web(tmp_path: Path) -> None:
    for command, found in imported_by_each([[name, "--help"] for name in COMMANDS], home=tmp_path):
        assert not found & (DATABASE | ENGINE | WEB | REST), command


LISTS = (
    ("facility", "list", "--operator", "demo-maker"),
    ("model", "list", "--operator", "demo-maker"),
    ("passport", "list", "--batch", "xj-2024-12", "--operator", "demo-maker"),
    ("keys", "list"),
    ("query",),
)


def test_a_list_of_records_needs_no_migrations_no_engine_and_no_web(told: Demonstration) -> None:
    lists = [[*command, "--json"] for command in LISTS]
    for command, found in imported_by_each(lists, home=told.home):
        assert "sqlalchemy" in found
        assert not found & (ENGINE | WEB | {"alembic", "joserfc", "openpyxl", "reportlab"}), command


def test_a_file_is_verified_without_database_and_web_server(told: Demonstration) -> None:
    bundle = str(told.home / "demo" / "bundle.zip")
    found = imported("verify", bundle, "--offline", "--json", home=told.home)
    assert "cryptography" in found
    assert not found & (DATABASE | {"scipy", "fastapi", "starlette", "uvicorn", "jinja2"})
