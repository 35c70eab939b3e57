"""A home that is not there is told, and not made by a command that reads; an empty store is no audit."""

import json
from pathlib import Path

import pytest

from passports.store import Store
from tests.api.command_line import invoke

READING = (
    ("fsck",),
    ("query",),
    ("keys", "list"),
    ("keys", "trust-list"),
    ("archive", "list"),
    ("facility", "list", "--operator", "maker"),
    ("model", "list", "--operator", "maker"),
    ("batch", "list", "--operator", "maker"),
    ("passport", "list", "--batch", "b-1", "--operator", "maker"),
    ("access", "log", "--operator", "maker"),
)


@pytest.mark.parametrize("command", READING, ids=" ".join)
def test_a_command_that_reads_does_not_make_a_home(
    tmp_path: Path, command: tuple[str, ...]
) -> None:
    home = tmp_path / "nowhere"
    done = invoke(*command, "--json", home=home)
    [finding] = json.loads(done.stdout)["findings"]
    assert (done.returncode, finding["field"], finding["value"]) == (3, "VOLTPASS_HOME", str(home))
    assert "keys register" in finding["remedy"]
    assert not home.exists()


def test_an_embedded_database_that_is_named_and_not_there_is_not_made(tmp_path: Path) -> None:
    database = tmp_path / "slip.sqlite3"
    url = f"sqlite:///{database}"
    done = invoke("fsck", "--json", home=tmp_path / "home", VOLTPASS_DATABASE_URL=url)
    [finding] = json.loads(done.stdout)["findings"]
    assert (done.returncode, finding["field"], finding["value"]) == (3, "VOLTPASS_DATABASE_URL", "")
    assert list(tmp_path.iterdir()) == []


def test_fsck_of_an_empty_store_says_that_there_is_nothing_to_check(tmp_path: Path) -> None:
    store = Store(f"sqlite:///{tmp_path / 'voltpass.sqlite3'}")
    store.migrate()
    store.close()
    done = invoke("fsck", home=tmp_path)
    assert (done.returncode, "nothing to check" in done.stdout) == (4, True)
    assert "as it was signed" not in done.stdout
    document = json.loads(invoke("fsck", "--json", home=tmp_path).stdout)
    assert (document["sound"], document["empty"], document["faults"]) == (True, True, [])
    assert not (tmp_path / "keys" / "log-ed25519.json").exists()
