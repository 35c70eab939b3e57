"""Small things of the command line: empty lists, plurals, one style of help and of switches, remedies."""

import json
from collections.abc import Iterator
from pathlib import Path
from typing import TYPE_CHECKING

import pytest
import typer
from typer.main import get_command

from api.cli import app
from passports.plurals import counted
from tests.api.command_line import Demonstration, invoke, one_document

if TYPE_CHECKING:
    from typer._click import Command


def every(command: "Command", name: str) -> "Iterator[tuple[str, Command]]":
    """Yield groups and commands with the words that call them."""
    yield name, command
    if isinstance(command, typer.core.TyperGroup):
        context = typer.Context(command)
        for below in command.list_commands(context):
            found = command.get_command(context, below)
            assert found is not None
            yield from every(found, f"{name} {below}".strip())


ALL = dict(every(get_command(app), ""))


def test_help_has_one_style_and_switches_have_one() -> None:
    for name, command in ALL.items():
        assert getattr(command, "rich_markup_mode", None) is None, name
        assert not any(getattr(p, "secondary_opts", None) for p in command.params), name


@pytest.mark.parametrize(
    ("count", "things", "said"),
    [
        (1, "passports", "1 passport"),
        (0, "rows", "0 rows"),
        (1, "deliveries", "1 delivery"),
        (2, "batteries", "2 batteries"),
    ],
)
def test_things_are_counted_in_words(count: int, things: str, said: str) -> None:
    assert counted(count, things) == said


def test_a_list_of_nothing_says_so_and_stays_a_list_as_json(demonstration: Demonstration) -> None:
    home = demonstration.home
    words = ("batch", "recipe", "list", "--operator", "demo-maker")
    assert invoke(*words, home=home).stdout == "none yet\n"
    assert one_document(invoke(*words, "--json", home=home)) == []
    done = invoke("operator", "acts", "--operator", "demo-maker", home=home)
    assert done.stdout == "none yet\n"


def test_a_remedy_on_the_command_line_names_a_command(demonstration: Demonstration) -> None:
    home, who = demonstration.home, ("--operator", "demo-maker")
    done = invoke("facility", "check", "no-such", *who, home=home)
    assert "voltpass facility add FILE" in done.stderr
    done = invoke("facility", "check", "no-such", "--operator", "nobody", home=home)
    assert "voltpass " in done.stderr


def test_an_operator_without_a_prefix_is_told_so_and_how_it_gets_one(
    demonstration: Demonstration, tmp_path: Path
) -> None:
    home, file = demonstration.home, tmp_path / "operator.json"
    operator = {"id": "bare", "name": "B", "roles": ["manufacturer"], "country": "DE"}
    file.write_text(json.dumps(operator), encoding="utf-8")
    assert invoke("keys", "register", file, home=home).returncode == 0
    [model, *_rest] = one_document(invoke("model", "list", "--json", home=home))
    for name in ("operator_id", "created_at"):
        model.pop(name, None)
    file.write_text(json.dumps({**model, "id": "b-1", "gtin": "04012345000009"}), encoding="utf-8")
    done = invoke("model", "add", file, "--operator", "bare", "--json", home=home)
    [finding] = [f for f in one_document(done)["findings"] if f["field"] == "gtin"]
    assert "no GS1 prefix yet" in finding["reason"]
    assert "voltpass keys prefix bare" in finding["remedy"]


def test_a_certificate_whose_check_fails_ends_with_1(demonstration: Demonstration) -> None:
    home, who = demonstration.home, ("--operator", "demo-maker")
    facilities = one_document(invoke("facility", "list", *who, "--json", home=home))
    ids = [
        row["id"]
        for facility in facilities
        for row in one_document(
            invoke("certificate", "list", facility["id"], *who, "--json", home=home)
        )
    ]
    assert ids
    for certificate in ids:
        done = invoke("certificate", "check", certificate, "--json", home=home)
        failed = one_document(done)["coverage"] == "not_covered"
        assert done.returncode == int(failed)
