"""`voltpass settings`: every setting with its value and origin, no secret, and what keeps a server down."""

import json
import shutil
from pathlib import Path
from typing import Any

import pytest

from api.settings import DATABASE_FILE, RESTORING, Settings
from passports.store import Store
from tests.api.command_line import Demonstration, invoke, one_document

SECRETS = {
    "VOLTPASS_KEY_PASSPHRASE": "word-1",
    "VOLTPASS_KEY_PIN": "word-2",
    "VOLTPASS_REGISTRY_TOKEN": "word-3",
    "VOLTPASS_DATABASE_URL": "postgresql+psycopg://u:word-4@127.0.0.1:1/d?sslpassword=word-5",
    "VOLTPASS_REGISTRY_URL": "https://u:word-6@example.com/?key=word-7",
}


def rows(document: dict[str, Any]) -> dict[str, dict[str, Any]]:
    """Return the settings by name."""
    return {row["name"]: row for row in document["settings"]}


def test_every_setting_is_listed_with_what_it_is_and_where_it_comes_from(tmp_path: Path) -> None:
    done = invoke("settings", "--json", home=tmp_path / "none", VOLTPASS_ACCESS_LOG="paths")
    document = one_document(done)
    assert (done.returncode, document["faults"]) == (0, [])
    found = rows(document)
    assert set(found) == {f"VOLTPASS_{name.upper()}" for name in Settings.model_fields}
    assert found["VOLTPASS_ACCESS_LOG"] == {
        "name": "VOLTPASS_ACCESS_LOG",
        "value": "paths",
        "from": "environment",
        "secret": False,
    }
    assert found["VOLTPASS_ENVIRONMENT"]["from"] == "default"
    assert not (tmp_path / "none").exists()
    assert "no voltpass yet" in document["notes"][0]


@pytest.mark.parametrize("environment", ["development", "nonsense"])
def test_no_secret_is_printed_whether_settings_are_valid_or_not(
    tmp_path: Path, environment: str
) -> None:
    given = {**SECRETS, "VOLTPASS_ENVIRONMENT": environment}
    text, done = (invoke("settings", *form, home=tmp_path, **given) for form in ((), ("--json",)))
    assert text.returncode == done.returncode == 3  # that database does not answer
    assert "word-" not in text.stdout + text.stderr + done.stdout + done.stderr
    found = rows(one_document(done))
    for name in ("VOLTPASS_KEY_PASSPHRASE", "VOLTPASS_KEY_PIN", "VOLTPASS_REGISTRY_TOKEN"):
        assert (found[name]["value"], found[name]["secret"]) == ("set", True)
    assert found["VOLTPASS_DATABASE_URL"]["value"] == "postgresql+psycopg://u@127.0.0.1:1/d?…"


@pytest.mark.parametrize(
    "given",
    [
        {"VOLTPASS_ENVIRONMENT": "production"},
        {"VOLTPASS_PUBLIC_URL": "id.example.com"},
        {"VOLTPASS_ACCESS_LOG": "everything"},
        {"VOLTPASS_OPENID_ISSUERS": "x"},
        {"VOLTPASS_REGISTRY_BATTERIES": "perhaps"},
    ],
    ids=str,
)
def test_faults_are_those_that_a_server_ends_with(tmp_path: Path, given: dict[str, str]) -> None:
    told = one_document(invoke("settings", "--json", home=tmp_path, **given))["faults"]
    served = one_document(invoke("serve", "--json", home=tmp_path, **given))["findings"]
    assert told == served
    assert told


def test_a_home_at_work_is_looked_at_and_left_as_it_is(
    demonstration: Demonstration, tmp_path: Path
) -> None:
    document = one_document(invoke("settings", "--json", home=demonstration.home))
    assert document["faults"] == []
    assert "200 passports" in document["notes"][-1]
    found = rows(document)
    assert found["VOLTPASS_PUBLIC_URL"]["from"] == "the demonstration in the home"
    assert found["VOLTPASS_KEY_PASSPHRASE"]["from"].startswith("made up here")

    wrong = invoke("settings", "--json", home=demonstration.home, VOLTPASS_KEY_PASSPHRASE="no")
    [fault] = one_document(wrong)["faults"]
    assert (wrong.returncode, fault["field"]) == (3, "VOLTPASS_KEY_PASSPHRASE")

    (demonstration.home / RESTORING).mkdir()
    [fault] = one_document(invoke("settings", "--json", home=demonstration.home))["faults"]
    assert "restored" in fault["reason"]
    shutil.rmtree(demonstration.home / RESTORING)


def test_a_database_of_a_newer_voltpass_is_told_and_not_served(tmp_path: Path) -> None:
    store = Store(f"sqlite:///{tmp_path / DATABASE_FILE}")
    store.migrate()
    with store.engine.begin() as connection:
        connection.exec_driver_sql("UPDATE alembic_version SET version_num = '9999'")
    store.close()
    done = invoke("settings", "--json", home=tmp_path)
    [fault] = one_document(done)["faults"]
    assert (done.returncode, "newer than this voltpass" in fault["reason"]) == (3, True)
    served = invoke("serve", "--json", home=tmp_path)
    assert (served.returncode, "9999" in json.loads(served.stdout)["findings"][0]["reason"]) == (
        3,
        True,
    )
