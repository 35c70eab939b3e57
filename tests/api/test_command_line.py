"""The command line: its table of commands, one JSON document each, exit codes, and the line by CLI alone."""

import base64
import json
import subprocess
from collections.abc import Iterator
from datetime import timedelta
from importlib.metadata import version
from pathlib import Path
from typing import Any

import pytest
import typer
from typer.main import get_command

from api.cli import COMMANDS, app
from passports.documents import utc_now
from passports.store import Store
from tests.api.command_line import (
    Demonstration,
    invoke,
    one_document,
    run,
    run_one_after_the_other,
)
from tests.worlds import GTIN, demo_input, inventory, operators

IN_A_YEAR = f"{utc_now() + timedelta(days=365):%Y-%m-%d}"
PROMISED = (
    *("demo", "serve", "footprint", "facility", "certificate", "model", "batch", "passport"),
    *("label", "verify", "query", "keys", "fsck", "openapi"),
)


def test_help_lists_the_promised_commands_in_their_order(tmp_path: Path) -> None:
    done = run("--help", home=tmp_path)
    lines = done.stdout[done.stdout.index("Commands:") :].splitlines()[1:]

    assert done.returncode == 0
    listed = [line.split()[0] for line in lines if line.strip()]
    assert tuple(name for name in listed if name in PROMISED) == PROMISED
    assert listed == list(COMMANDS)
    assert all(len(line) <= 80 for line in lines)


def commands(command: Any, name: str = "") -> Iterator[tuple[str, Any]]:
    """Yield every command that can be called, with its name as it is typed."""
    if not hasattr(command, "list_commands"):
        yield name, command
        return
    context = typer.Context(command)
    for below in command.list_commands(context):
        yield from commands(command.get_command(context, below), f"{name} {below}".strip())


ALL = dict(commands(get_command(app)))


@pytest.mark.parametrize("name", ALL)
def test_every_command_can_print_json_and_says_what_it_does(name: str) -> None:
    command = ALL[name]
    options = [option for parameter in command.params for option in parameter.opts]
    assert "--json" in options
    assert command.help
    assert all(getattr(p, "help", None) for p in command.params if p.param_type_name == "option")


def test_the_table_of_help_points_at_commands_of_these_names() -> None:
    assert {name.split()[0] for name in ALL} == set(COMMANDS)


def test_a_misspelt_command_is_answered_with_what_was_meant(tmp_path: Path) -> None:
    done = invoke("verfy", home=tmp_path)
    assert done.returncode == 2
    assert "No such command 'verfy'. Did you mean 'verify'" in done.stderr
    done = invoke("xyzzy", home=tmp_path)
    assert done.returncode == 2
    assert "No such command 'xyzzy'.\n" in done.stderr


def test_the_version_is_the_packaged_one(tmp_path: Path) -> None:
    done = invoke("--version", home=tmp_path)
    assert (done.returncode, done.stdout) == (0, f"voltpass {version('voltpass')}\n")
    document = one_document(invoke("--version", "--json", home=tmp_path))
    assert document == {"name": "voltpass", "version": version("voltpass")}


def test_json_goes_with_a_command_or_with_the_version(tmp_path: Path) -> None:
    done = invoke("--json", "keys", "list", home=tmp_path)
    assert (done.returncode, done.stdout) == (2, "")
    assert "--json stands after the command" in done.stderr


def written(folder: Path, name: str, document: Any) -> Path:
    """Write a JSON file."""
    path = folder / name
    path.write_text(json.dumps(document), encoding="utf-8")
    return path


MAKER = ("--operator", "maker")


class Home:
    """An empty home, and commands called in it one after the other."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder

    def call(self, *arguments: str | Path, code: int = 0) -> Any:
        done = invoke(*arguments, "--json", home=self.folder / "home")
        assert done.returncode == code, (arguments, done.stdout, done.stderr)
        return one_document(done)

    def file(self, name: str, document: Any) -> Path:
        return written(self.folder, name, document)


def register_maker_and_plant(home: Home) -> None:
    given = demo_input("facilities.json")[0]
    for operator in operators()[:1] + operators()[2:3]:
        document = operator.model_dump(mode="json", exclude_none=True)
        registered = home.call("keys", "register", home.file("operator.json", document))
        assert registered["api_key"].startswith(f"vp.{operator.id}.")
    plant = home.file("f.json", {**given["facility"], "id": "plant"})
    home.call("facility", "add", plant, *MAKER)
    home.call("facility", "energy", "plant", home.file("e.json", given["energy"]), *MAKER)


def certify_and_study(home: Home) -> None:
    claims = {
        "facility_id": "plant",
        "scheme": "PAS2060",
        "certified": True,
        "holder": "The plant",
        "evidence": "document",
        "source": "a test",
    }
    paper = home.folder / "certificate.pdf"
    paper.write_bytes(b"%PDF-1.7")
    file = home.file("c.json", claims)
    certificate = home.call("certificate", "add", file, "--document", paper, *MAKER)
    assert certificate["media_type"] == "application/pdf"
    checked = home.call("certificate", "check", certificate["id"])
    assert checked["coverage"] == "cannot_tell"
    assert len(home.call("certificate", "list", "plant", *MAKER)) == 1
    home.call("model", "add", home.file("m.json", demo_input("model.json")), *MAKER)
    study = {"model_id": "lfp-60", "facility_id": "plant", "inventory": inventory()}
    studies = home.call("footprint", "study", home.file("s.json", study), *MAKER)
    assert home.call("footprint", "show", studies[0]["id"])["id"] == studies[0]["id"]


def issue_two(home: Home) -> list[Any]:
    """Issue a passport for SN-1 and one for SN/2, after a dry run; the same again issues nothing."""
    serials = home.folder / "serials.csv"
    serials.write_text("serial\nSN-1\nSN/2\n", encoding="utf-8")
    issue: tuple[str | Path, ...] = (
        *("batch", "issue", serials, "--id", "b-1", "--model", "lfp-60", "--facility", "plant"),
        *("--manufactured-on", "2024-12-02", "--responsible", "importer", *MAKER),
    )
    accept = ("operator", "accept-responsibility", "maker", "--operator", "importer")
    accepted = home.call(*accept, "--until", IN_A_YEAR, "--model", "lfp-60")
    assert accepted["state"] == "in_force"
    dry = home.call(*issue, "--dry-run")
    assert dry["dry_run"] is True
    issued = home.call(*issue)
    for said in (dry["completeness"], issued["completeness"]):
        assert 0 < said["given"] < said["asked"]
        assert said["asked_from"] == "2027-02-18"
    assert (issued["created"], home.call(*issue)["created"]) == (True, False)
    passports: list[Any] = issued["passports"]
    return passports


def test_a_maker_goes_from_an_empty_home_to_a_verified_bundle_by_commands_alone(
    tmp_path: Path, no_block: None
) -> None:
    home = Home(tmp_path)
    register_maker_and_plant(home)
    certify_and_study(home)
    second = issue_two(home)[1]

    assert home.call("passport", "list", "--batch", "b-1", *MAKER)[1]["link"] == second["link"]
    shown = home.call("passport", "show", second["link"])
    assert shown["credential"]["credentialSubject"]["serialNumber"] == "SN/2"
    assert "SN/2" in home.call("label", second["link"], "-o", tmp_path / "label.svg")["svg"]
    bundle = tmp_path / "bundle.zip"
    written_bundle = home.call("passport", "bundle", "-o", bundle, "--batch", "b-1", *MAKER)
    assert written_bundle["passports"] == 2
    verified = home.call("verify", bundle, "--offline")
    assert verified["verdict"] in {"valid", "valid_with_warnings"}
    assert [row["facility_id"] for row in home.call("query")["rows"]] == ["plant"]
    assert home.call("fsck")["sound"] is True
    home.call("passport", "revoke", second["id"], *MAKER, "--reason", "a recall")
    home.call("passport", "bundle", second["link"], "-o", bundle)
    revoked = home.call("verify", bundle, "--offline", code=1)
    assert revoked["passports"][0]["failedStep"] == "status"


# Commands that read a file, with what else they need.
READERS = [
    ("facility", "add", "{file}", "--operator", "demo-maker"),
    ("facility", "energy", "catl-xinjin", "{file}", "--operator", "demo-maker"),
    ("certificate", "add", "{file}", "--document", "{file}", "--operator", "demo-maker"),
    ("model", "add", "{file}", "--operator", "demo-maker"),
    ("footprint", "compute", "{file}"),
    ("footprint", "study", "{file}", "--operator", "demo-maker"),
    (
        *("batch", "issue", "{file}", "--operator", "demo-maker", "--id", "b", "--model", "lfp-60"),
        *("--facility", "catl-xinjin", "--manufactured-on", "2024-12-02"),
    ),
    ("keys", "register", "{file}"),
    ("verify", "{file}", "--offline"),
]
BAD_FILES: dict[str, bytes | None] = {
    "missing": None,
    "empty": b"",
    "binary": bytes(range(256)) * 40,
    "not JSON": b"{not json",
    "JSON of another kind": b'["a", 1]',
    "an object of another kind": b'{"unheard-of": 1}',
    "nested too deeply": b'{"inventory": ' + b"[" * 5000 + b"]" * 5000 + b"}",
}


@pytest.mark.parametrize("reader", READERS, ids=lambda reader: " ".join(reader[:2]))
@pytest.mark.parametrize("kind", BAD_FILES)
def test_a_bad_file_is_refused_with_field_and_remedy(
    told: Demonstration, tmp_path: Path, no_block: None, reader: tuple[str, ...], kind: str
) -> None:
    content = BAD_FILES[kind]
    path = tmp_path / "file"
    if content is not None:
        path.write_bytes(content)
    done = invoke(*(part.format(file=path) for part in reader), "--json", home=told.home)
    document = json.loads(done.stdout)

    if kind == "missing":
        assert done.returncode == 3
        assert document["findings"][0]["value"] == str(path)
    elif reader[0] == "verify":
        assert done.returncode in {1, 2}
        return
    else:
        assert done.returncode == 1
    assert document["findings"]
    for finding in document["findings"]:
        assert finding["field"]
        assert finding["reason"]
        assert finding["remedy"]


def refused(done: "subprocess.CompletedProcess[str]", field: str) -> dict[str, Any]:
    """Check a fault of the environment and return its finding."""
    document = one_document(done)
    assert done.returncode == 3, done.stdout
    finding: dict[str, Any] = document["findings"][0]
    assert finding["field"] == field
    assert finding["remedy"]
    return finding


def test_a_wrong_passphrase_is_named_and_not_repeated(demonstration: Demonstration) -> None:
    done = invoke(
        *("passport", "revoke", passport_id(demonstration), "--operator", "demo-maker", "--json"),
        *("--reason", "a recall"),
        home=demonstration.home,
        VOLTPASS_KEY_PASSPHRASE="not-the-one",
    )
    finding = refused(done, "VOLTPASS_KEY_PASSPHRASE")
    assert "not-the-one" not in done.stdout + done.stderr
    assert str(demonstration.home) not in finding["reason"] + finding["remedy"]


def passport_id(told: Demonstration) -> str:
    """Return the identifier of a passport of a demonstration."""
    store = Store(f"sqlite:///{told.home / 'voltpass.sqlite3'}")
    with store.reading() as reading:
        row = next(reading.passports.of_batch("demo-maker", "xj-2024-12"))
    store.close()
    return row.id


@pytest.mark.parametrize(
    "url",
    [
        "postgresql+psycopg://voltpass:hidden-word@127.0.0.1:1/voltpass",
        "postgresql+psycopg://voltpass:hidden-word@127.0.0.1:1/voltpass?connect_timeout=x",
        "nonsense://voltpass:hidden-word@db/voltpass",
        "hidden-word",
        "sqlite:////nowhere/at/all/hidden-word.sqlite3",
    ],
)
def test_a_database_out_of_reach_ends_with_3_and_without_its_url(tmp_path: Path, url: str) -> None:
    start = run if url.endswith(":1/voltpass") else invoke
    done = start("fsck", "--json", home=tmp_path, VOLTPASS_DATABASE_URL=url)
    refused(done, "VOLTPASS_DATABASE_URL")
    assert "hidden-word" not in done.stdout + done.stderr


def test_a_damaged_database_file_is_named(demonstration: Demonstration) -> None:
    (demonstration.home / "voltpass.sqlite3").write_bytes(b"\x00garbage" * 1000)
    for name in ("voltpass.sqlite3-wal", "voltpass.sqlite3-shm"):
        (demonstration.home / name).unlink(missing_ok=True)
    refused(invoke("query", "--json", home=demonstration.home), "VOLTPASS_HOME")


def test_a_home_that_cannot_be_made_is_named(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("not a folder", encoding="utf-8")
    operator = {"id": "m", "name": "M", "roles": ["manufacturer"], "country": "DE"}
    file = tmp_path / "operator.json"
    file.write_text(json.dumps(operator), encoding="utf-8")
    refused(invoke("keys", "register", file, "--json", home=tmp_path / "file" / "home"), "file")


@pytest.mark.parametrize(
    ("name", "value", "field"),
    [
        ("VOLTPASS_PUBLIC_URL", "ftp://secret-word", "VOLTPASS_PUBLIC_URL"),
        ("VOLTPASS_PUBLIC_URL", "http://example.com", "VOLTPASS_PUBLIC_URL"),
        ("VOLTPASS_PUBLIC_URL", "http://127.0.0.1:99999", "VOLTPASS_PUBLIC_URL"),
        ("VOLTPASS_ENVIRONMENT", "secret-word", "VOLTPASS_ENVIRONMENT"),
        ("VOLTPASS_ENVIRONMENT", "production", "VOLTPASS_KEY_PASSPHRASE"),
        ("VOLTPASS_OPENID_ISSUERS", "secret-word", "VOLTPASS_OPENID_ISSUERS"),
        ("VOLTPASS_DATABASE_URL", "postgres://u:secret-word@h/d", "VOLTPASS_DATABASE_URL"),
    ],
)
@pytest.mark.parametrize(
    "command", [("passport", "list", "--batch", "b", "--operator", "o"), ("fsck",)]
)
def test_a_setting_that_is_not_valid_is_named_and_not_repeated(
    tmp_path: Path, command: tuple[str, ...], name: str, value: str, field: str
) -> None:
    done = invoke(*command, "--json", home=tmp_path, **{name: value})
    refused(done, field)
    assert "secret-word" not in done.stdout + done.stderr


def test_usage_errors_end_with_2_and_print_no_document(tmp_path: Path) -> None:
    for arguments in (("label",), ("serve", "--port", "0"), ("passport", "bundle", "-o", "x")):
        done = invoke(*arguments, "--json", home=tmp_path)
        assert (done.returncode, done.stdout) == (2, "")
        assert "Traceback" not in done.stderr


def test_without_json_an_error_is_a_sentence_for_people(tmp_path: Path) -> None:
    store = Store(f"sqlite:///{tmp_path / 'voltpass.sqlite3'}")
    store.migrate()
    store.close()
    done = invoke("label", f"https://id.example.com/01/{GTIN}/21/X", home=tmp_path)
    assert (done.returncode, done.stdout) == (1, "")
    assert "Traceback" not in done.stderr
    assert "there is no passport" in done.stderr


def test_output_survives_a_terminal_without_unicode(told: Demonstration) -> None:
    document, *shown = run_one_after_the_other(
        ("passport", "show", passport_id(told), "--json"),
        ("verify", told.home / "demo" / "bundle.zip", "--offline"),
        ("query",),
        home=told.home,
        PYTHONIOENCODING="ascii",
    )
    assert one_document(document)["version"] == 1
    assert [(done.returncode, done.stderr) for done in shown] == [(0, "")] * 2
    assert all("\\u" in done.stdout or "\\x" in done.stdout for done in shown)


def test_records_that_are_not_there_are_refused_not_listed_as_none(told: Demonstration) -> None:
    for arguments in (
        ("passport", "list", "--batch", "unheard-of", "--operator", "demo-maker"),
        ("certificate", "list", "unheard-of", "--operator", "demo-maker"),
        ("certificate", "check", "unheard-of"),
        ("footprint", "show", "unheard-of"),
        ("passport", "show", "unheard-of"),
        ("label", "unheard-of"),
        ("keys", "revoke", "unheard-of", "--operator", "demo-maker"),
        ("keys", "create", "--operator", "unheard-of"),
    ):
        done = invoke(*arguments, "--json", home=told.home)
        assert (done.returncode, one_document(done)["status"]) == (1, 404), arguments


def test_no_secret_is_listed(told: Demonstration) -> None:
    done = invoke("keys", "list", "--json", home=told.home)
    assert {row["operator"] for row in one_document(done)} >= {"platform", "demo-maker"}
    assert "vp." not in done.stdout
    passphrase = (told.home / "keys" / "passphrase").read_text(encoding="ascii")
    assert passphrase not in done.stdout
    assert base64.b64encode(passphrase.encode()).decode() not in done.stdout
