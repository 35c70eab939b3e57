"""Examples stand in one place: served as files, named by the OpenAPI document, printed by commands."""

import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from pydantic import BaseModel
from typer.core import TyperGroup

from api.cli import COMMANDS, CommandTable
from api.commands.example_option import EXAMPLES, example_text
from api.examples import FOLDER, example_names
from passports.attributes.data import AttributeChange
from passports.authority.operator_changes import OperatorChange
from passports.bulk import MappingRecipeCreate
from passports.certification.certificates import FactoryCertificateCreate
from passports.certification.certify import CertificateIssue
from passports.documents import read_document
from passports.energy.period_documents import PeriodClose
from passports.energy.production import ProductionCreate
from passports.factories import EnergyPeriodCreate, FacilityCreate
from passports.footprints import FootprintRequest
from passports.life.versions import PassportChange
from passports.models import BatteryModelCreate
from passports.operators import EconomicOperatorCreate
from tests.api.caller import PROBLEM, Caller
from tests.api.command_line import invoke, one_document

# What a command makes of its file: the document, and what it takes from options or other files.
DOCUMENTS: dict[tuple[str, ...], tuple[type[BaseModel], dict[str, Any]]] = {
    ("keys", "register"): (EconomicOperatorCreate, {}),
    ("operator", "change"): (OperatorChange, {"reason": "x"}),
    ("facility", "add"): (FacilityCreate, {}),
    ("facility", "energy", "period"): (EnergyPeriodCreate, {}),
    ("facility", "energy", "close"): (PeriodClose, {}),
    ("facility", "production"): (ProductionCreate, {}),
    ("certificate", "add"): (FactoryCertificateCreate, {"document": "AAAA"}),
    ("certificate", "upload"): (FactoryCertificateCreate, {"document": "AAAA"}),
    ("certificate", "issue"): (CertificateIssue, {}),
    ("model", "add"): (BatteryModelCreate, {}),
    ("footprint", "study"): (FootprintRequest, {}),
    ("batch", "recipe", "save"): (MappingRecipeCreate, {}),
}


def commands_with_files() -> Iterator[tuple[str, ...]]:
    """Yield every command that says of a file that it is JSON."""
    table = CommandTable(name="voltpass")
    waiting: list[tuple[tuple[str, ...], Any]] = [
        ((name,), table.get_command(None, name))  # type: ignore[arg-type] # it is not looked at
        for name in COMMANDS
    ]
    while waiting:
        path, command = waiting.pop()
        if isinstance(command, TyperGroup):
            waiting += [((*path, name), inner) for name, inner in command.commands.items()]
        elif any(str(getattr(p, "help", "")).startswith("JSON:") for p in command.params):
            yield path


def test_every_command_that_takes_a_file_of_json_prints_an_example() -> None:
    assert set(commands_with_files()) == EXAMPLES.keys()


def test_the_examples_of_commands_are_valid() -> None:
    for path, (model, beside) in DOCUMENTS.items():
        document = json.loads(example_text(EXAMPLES[path]))
        made = read_document(model, {**document, **beside}, "the example")
        assert made.model_fields_set == {*document, *beside}, path
    values = json.loads(example_text(EXAMPLES["passport", "set"]))
    given = read_document(AttributeChange, {"values": values, "reason": "x"}, "the example")
    assert given.values == values
    values = json.loads(example_text(EXAMPLES["passport", "change"]))
    change = read_document(PassportChange, {"values": values, "reason": "x"}, "the example")
    assert change.values == values
    assert EXAMPLES.keys() - DOCUMENTS.keys() == {
        ("passport", "set"),
        ("passport", "change"),
    }


def test_what_is_printed_can_be_sent_as_it_is(tmp_path: Path) -> None:
    home, file = tmp_path / "home", tmp_path / "example.json"
    for words, options in (
        (("keys", "register"), ()),
        (("facility", "add"), ("--operator", "maker")),
        (("model", "add"), ("--operator", "maker")),
        (("operator", "change", "maker"), ("--reason", "moved")),
    ):
        printed = invoke(*words[:2], "--example", home=home)
        assert (printed.returncode, printed.stderr) == (0, ""), printed.stderr
        file.write_text(printed.stdout, encoding="utf-8")
        done = invoke(*words, file, *options, "--json", home=home)
        assert done.returncode == 0, done.stdout + done.stderr
        assert one_document(done)


def test_help_tells_of_it_and_only_where_there_is_one(tmp_path: Path) -> None:
    assert "--example" in invoke("model", "add", "--help", home=tmp_path).stdout
    assert "--example" not in invoke("model", "list", "--help", home=tmp_path).stdout


def test_each_file_is_served_as_it_lies_there(issued: Caller) -> None:
    listed = issued.get("/openapi/examples")
    assert (listed.status, set(listed.json())) == (200, set(example_names()))
    for name, address in listed.json().items():
        answer = issued.get(address)
        assert (answer.status, answer.media_type) == (200, "application/json")
        assert answer.body == (FOLDER / name).read_bytes()


@pytest.mark.parametrize(
    "name", ["none.json", "..%2Fv1.json", "%2e%2e%2fv1.json", "attributes", "%00", "x" * 300]
)
def test_nothing_else_is_served(issued: Caller, name: str) -> None:
    answer = issued.get(f"/openapi/examples/{name}")
    assert (answer.status, answer.media_type) in {(404, PROBLEM), (400, PROBLEM)}


def test_the_description_names_every_example_where_it_belongs(issued: Caller) -> None:
    named: dict[str, str] = {}
    for path in issued.get("/openapi.json").json()["paths"].values():
        for operation in path.values():
            bodies = {"request": operation.get("requestBody", {})}
            bodies |= operation["responses"]
            for where, body in bodies.items():
                content = body.get("content", {}).get("application/json", {})
                for example in content.get("examples", {}).values():
                    kind = "request" if where == "request" else "response"
                    assert example["externalValue"].endswith(
                        f"{operation['operationId']}.{kind}.json"
                    )
                    named[example["externalValue"]] = example["summary"]
    for address in named:
        assert issued.get(address).status == 200
    served = {address.rpartition("/")[2] for address in named}
    elsewhere = example_names() - served
    assert all(name.endswith(".response.json") for name in elsewhere)  # of another media type
    assert len(elsewhere) < 5, elsewhere
