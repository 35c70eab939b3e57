"""`voltpass keys passphrase`: where the new one comes from, what is said, and the drill of the guide."""

import json
import shlex
from pathlib import Path

import pytest

from tests.api.command_line import invoke, one_document, run
from tests.api.test_operating_guide import blocks, in_a_shell

WORD = "another passphrase, 4711"


@pytest.fixture
def home(tmp_path: Path) -> Path:
    """A home with keys of its own, and a passphrase that was made up."""
    operator = {"id": "demo-maker", "name": "M", "roles": ["manufacturer"], "country": "DE"}
    (tmp_path / "operator.json").write_text(json.dumps(operator), encoding="utf-8")
    done = invoke("keys", "register", tmp_path / "operator.json", home=tmp_path / "home")
    assert done.returncode == 0, done.stderr
    return tmp_path / "home"


def test_a_home_goes_on_under_the_new_passphrase_and_no_longer_under_the_old(
    home: Path, tmp_path: Path
) -> None:
    old = (home / "keys" / "passphrase").read_text("ascii")
    (tmp_path / "new").write_text(f"{WORD}\n", encoding="utf-8")
    done = invoke("keys", "passphrase", "--file", tmp_path / "new", "--json", home=home)
    document = one_document(done)
    assert done.returncode == 0
    assert len(document["keys"]) == len(list((home / "keys").glob("*.json")))
    assert (home / "keys" / "passphrase").read_text(
        "ascii"
    ) == WORD  # it was made up, so it is kept
    assert document["kept_in"] == str(home / "keys" / "passphrase")
    assert invoke("keys", "rotate", "--operator", "demo-maker", home=home).returncode == 0
    refused = invoke("keys", "trust-list", home=home, VOLTPASS_KEY_PASSPHRASE=old)
    assert refused.returncode == 3
    # Of a home whose passphrase is set elsewhere it is not kept.
    (home / "keys" / "passphrase").unlink()
    given = {"VOLTPASS_KEY_PASSPHRASE": WORD, "NEWER": "a third one"}
    again = invoke("keys", "passphrase", "--variable", "NEWER", home=home, **given)
    assert "set VOLTPASS_KEY_PASSPHRASE to it" in again.stdout
    assert "a third one" not in again.stdout
    assert not (home / "keys" / "passphrase").exists()
    done = invoke("keys", "trust-list", home=home, VOLTPASS_KEY_PASSPHRASE="a third one")
    assert done.returncode == 0


@pytest.mark.parametrize(
    ("content", "code", "said"),
    [
        ("\n", 1, "there is no passphrase in it"),
        ("two\nlines", 1, "it is not one line of text"),
        ("old", 1, "it is the passphrase that the keys lie under"),
        (None, 3, "no such file"),
    ],
)
def test_what_is_no_new_passphrase_is_refused_and_not_repeated(
    home: Path, tmp_path: Path, content: str | None, code: int, said: str
) -> None:
    path = tmp_path / "new"
    old = (home / "keys" / "passphrase").read_text("ascii")
    if content is not None:
        path.write_text(old if content == "old" else content, encoding="utf-8")
    before = {file: file.read_bytes() for file in (home / "keys").iterdir()}
    done = invoke("keys", "passphrase", "--file", path, home=home)
    assert done.returncode == code, done.stderr
    assert said in " ".join(done.stderr.split()).lower()
    assert old not in done.stderr
    assert {file: file.read_bytes() for file in (home / "keys").iterdir()} == before


@pytest.mark.parametrize("options", [(), ("--file", "x", "--variable", "Y")])
def test_one_way_has_to_be_named_where_nobody_can_be_asked(
    home: Path, options: tuple[str, ...]
) -> None:
    done = invoke("keys", "passphrase", *options, home=home)
    assert done.returncode == 2
    assert invoke("keys", "passphrase", "word", home=home).returncode == 2


def test_of_a_key_that_does_not_open_it_is_said_which_and_nothing_changes(
    home: Path, tmp_path: Path
) -> None:
    (home / "keys" / "stranger.json").write_bytes(b"{}")
    (tmp_path / "new").write_text(WORD, encoding="utf-8")
    done = invoke("keys", "passphrase", "--file", tmp_path / "new", "--json", home=home)
    assert done.returncode == 3
    assert "stranger.json" in done.stdout
    (home / "keys" / "stranger.json").unlink()
    assert run("keys", "trust-list", home=home).returncode == 0


def test_the_drill_of_the_guide_runs_as_it_is_written(home: Path, tmp_path: Path) -> None:
    [script] = blocks("console", "Changing the passphrase: the drill")
    commands = [line.removeprefix("$ ") for line in script.splitlines()]
    assert commands[0] == "systemctl stop voltpass"
    word = (home / "keys" / "passphrase").read_text("ascii")
    here = [
        command.replace("/var/backups/voltpass", str(tmp_path)).replace("/root", str(tmp_path))
        for command in commands[1:]
    ]
    assert len(here) == 7
    printed, env = "", {"VOLTPASS_KEY_PASSPHRASE": word}
    for command in here:
        program, *arguments = shlex.split(command)
        if program == "voltpass":
            done = invoke(*arguments, home=home, **env)
            assert done.returncode == 0, (command, done.stderr)
            printed += done.stdout
        elif program == "export":
            line = f'{command}; printf "%s" "$VOLTPASS_KEY_PASSPHRASE"'
            env["VOLTPASS_KEY_PASSPHRASE"] = in_a_shell([line], home, word)
        else:
            in_a_shell([command], home, word)
    assert "keys lie under the new passphrase" in printed
    assert "everything is as it was signed and computed" in printed
    fresh = (tmp_path / "new-passphrase").read_text("ascii").strip()
    done = run(
        "restore",
        "--check",
        tmp_path / "after-passphrase.zip",
        home=tmp_path / "none",
        VOLTPASS_KEY_PASSPHRASE=fresh,
    )
    assert done.returncode == 0, done.stderr
