"""What the command line says to a word that names nothing: what it is, and what to do about it."""

from pathlib import Path

import pytest

from api.settings import DATABASE_FILE
from lca.workbook import write_workbook
from passports.store import Store
from tests.api.command_line import Demonstration, invoke, one_document


@pytest.mark.parametrize("target", ["no-such-file.jwt", "id.example.com/01/09520123456788/21/A"])
def test_verify_names_a_word_that_is_neither_link_nor_file(tmp_path: Path, target: str) -> None:
    done = invoke("verify", target, home=tmp_path)
    assert done.returncode == 3
    assert "neither a link nor a file" in done.stderr
    assert "play along" not in done.stderr


def test_verify_of_nothing_is_an_error_of_usage(tmp_path: Path) -> None:
    assert invoke("verify", " ", "--json", home=tmp_path).returncode == 2


def test_each_exit_code_of_verify_stands_in_its_help(tmp_path: Path) -> None:
    text = " ".join(invoke("verify", "--help", home=tmp_path).stdout.split())
    for code in ("0: valid", "1: invalid", "2: cannot tell", "3: "):
        assert code in text


def test_a_file_that_is_not_there_is_no_fault_of_the_environment(tmp_path: Path) -> None:
    done = invoke("footprint", "audit", tmp_path / "absent.json", "--json", home=tmp_path)
    assert (done.returncode, one_document(done)["title"]) == (3, "The file cannot be read")


def test_an_operator_that_nobody_kept_is_opened_by_importing_its_archive(tmp_path: Path) -> None:
    Store(f"sqlite:///{tmp_path / DATABASE_FILE}").migrate()
    done = invoke("archive", "open", "nobody", "--reason", "gone", "--json", home=tmp_path)
    assert done.returncode == 1
    assert "archive import" in one_document(done)["findings"][0]["remedy"]


def test_the_public_is_no_operator_to_read_as(demonstration: Demonstration) -> None:
    link, home = demonstration.printed["passport_url"], demonstration.home
    done = invoke("passport", "attributes", link, "--reader", "public", "--json", home=home)
    assert "without --reader" in one_document(done)["findings"][0]["remedy"]


@pytest.mark.parametrize(
    ("command", "reason"),
    [
        (("verify",), "no bundle of voltpass"),
        (("archive", "import"), "no archive of voltpass"),
    ],
)
def test_a_workbook_is_told_from_what_voltpass_writes(
    tmp_path: Path, command: tuple[str, ...], reason: str
) -> None:
    file = tmp_path / "plant.xlsx"
    file.write_bytes(write_workbook(example=False))
    done = invoke(*command, file, "--json", home=tmp_path / "home")
    assert reason in one_document(done)["findings"][0]["reason"]
    assert "KeyError" not in done.stdout


def test_an_empty_answer_of_the_query_is_said_in_words(tmp_path: Path) -> None:
    Store(f"sqlite:///{tmp_path / DATABASE_FILE}").migrate()
    done = invoke("query", "--category", "lmt", home=tmp_path)
    assert (done.returncode, done.stdout) == (0, "no study matches\n")
    done = invoke("query", "--operator", "nobody", "--json", home=tmp_path)
    assert (done.returncode, one_document(done)["findings"][0]["field"]) == (1, "operator")


def test_the_query_says_how_it_goes_on(demonstration: Demonstration) -> None:
    done = invoke("query", "--limit", "3", home=demonstration.home)
    cursor = done.stdout.rpartition("--cursor ")[2].strip()
    rest = invoke("query", "--limit", "3", "--cursor", cursor, home=demonstration.home)
    assert "more:" not in rest.stdout
    first = one_document(invoke("query", "--limit", "3", "--json", home=demonstration.home))
    assert cursor == first["next_cursor"]


def test_a_second_reason_for_opening_an_archive_is_refused(
    tmp_path: Path,
) -> None:
    home = tmp_path / "home"
    operator = tmp_path / "operator.json"
    operator.write_text(
        '{"id": "mine", "name": "Mine", "roles": ["manufacturer"], "country": "DE"}', "utf-8"
    )
    assert invoke("keys", "register", operator, home=home).returncode == 0
    opened = ("archive", "open", "mine", "--reason")
    assert invoke(*opened, "court 1/26", home=home).returncode == 0
    again = invoke(*opened, "court 1/26", home=home)
    assert (again.returncode, "court 1/26" in again.stdout) == (0, True)
    other = invoke(*opened, "hearsay", home=home)
    assert other.returncode == 1
    assert "stated already on" in other.stderr
    assert "Nothing was written" in other.stderr
    listed = invoke(*opened, "court 1/26", "--json", home=home)
    assert one_document(listed)["reason"] == "court 1/26"
