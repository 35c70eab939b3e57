"""api/README.md and "Running it" are promises: commands run, units are units, no setting is missing."""

import re
import shlex
import shutil
import subprocess
from collections.abc import Callable
from pathlib import Path

import pytest

from api.cli import COMMANDS
from api.settings import Settings
from tests.api.command_line import VOLTPASS, Demonstration, environment, invoke
from tests.api.test_command_line import ALL
from tests.paths import ROOT

GUIDE = (ROOT / "api" / "README.md").read_text(encoding="utf-8")
README = (ROOT / "README.md").read_text(encoding="utf-8")


def blocks(kind: str, section: str) -> list[str]:
    """Return the code blocks of one kind in a section."""
    text = re.split(r"^## ", GUIDE, flags=re.MULTILINE)
    [found] = [part for part in text if part.startswith(section + "\n")]
    return re.findall(rf"^```{kind}\n(.*?)^```", found, re.MULTILINE | re.DOTALL)


def in_a_shell(commands: list[str], home: Path, word: str) -> str:
    """Run commands as somebody types them; return what they print."""
    env = environment(home, VOLTPASS_KEY_PASSPHRASE=word)
    env["PATH"] = f"{Path(VOLTPASS).parent}:{env['PATH']}"
    done = subprocess.run(
        ["bash", "-e", "-c", "\n".join(commands)],
        capture_output=True,
        text=True,
        env=env,
        check=False,
        timeout=300,
    )
    assert done.returncode == 0, done.stdout + done.stderr
    return done.stdout


def in_this_process(commands: list[str], home: Path, word: str) -> str:
    """Run the same, each without a process of its own."""
    env, printed = {"VOLTPASS_KEY_PASSPHRASE": word}, ""
    for command in commands:
        program, *arguments = shlex.split(command)
        if program == "export":
            [(name, value)] = [argument.split("=") for argument in arguments]
            assert name == "VOLTPASS_HOME"
            home = Path(value)
            continue
        assert program == "voltpass"
        done = invoke(*arguments, home=home, **env)
        assert done.returncode == 0, (command, done.stdout, done.stderr)
        printed += done.stdout
    return printed


@pytest.mark.parametrize(
    "run_all", [in_this_process, pytest.param(in_a_shell, marks=pytest.mark.soak)]
)
def test_the_drills_of_the_guide_run_as_they_are_written(
    demonstration: Demonstration,
    tmp_path: Path,
    no_block: None,
    run_all: Callable[[list[str], Path, str], str],
) -> None:
    (tmp_path / "backups").mkdir()
    places = {
        "/var/backups/voltpass": str(tmp_path / "backups"),
        "/srv/drill": str(tmp_path / "drill"),
        "/srv/shipment.zip": str(demonstration.home / "demo" / "bundle.zip"),
    }
    # The keys are changed in the home that was restored: the drill's own.
    script = "".join(
        [*blocks("console", "Backups"), *blocks("console", "Rotating a key: the drill")]
    )
    commands = [line.removeprefix("$ ") for line in script.splitlines() if line.startswith("$ ")]
    for place, here in places.items():
        commands = [command.replace(place, here) for command in commands]
    assert len(commands) == 10
    word = (demonstration.home / "keys" / "passphrase").read_text("ascii")
    printed = run_all(commands, demonstration.home, word)
    assert "demo-maker signs with" in printed
    assert printed.count("everything is as it was signed and computed") == 2
    assert (tmp_path / "backups" / "before-rotation.zip").exists()


def test_every_command_and_option_that_is_named_exists() -> None:
    named = re.findall(r"(?:^\$ |`)voltpass ([a-z][^`\n]*)", GUIDE, re.MULTILINE)
    assert len(named) > 20
    for text in named:
        words = text.split()
        name = words[0] if words[0] in ALL else " ".join(words[:2])
        assert name in ALL or words[0] in COMMANDS, text
        if name in ALL:
            known = {option for parameter in ALL[name].params for option in parameter.opts}
            options = {word for word in words if word.startswith("--")}
            assert options <= known, text


@pytest.mark.parametrize("path", ["api/README.md", "README.md"])
def test_every_setting_that_is_named_exists_and_the_table_has_all(path: str) -> None:
    text = (ROOT / path).read_text(encoding="utf-8")
    known = {f"VOLTPASS_{name.upper()}" for name in Settings.model_fields}
    assert set(re.findall(r"VOLTPASS_[A-Z_]+", text)) <= known
    table = set(re.findall(r"^\| `(VOLTPASS_[A-Z_]+)`", README, re.MULTILINE))
    assert table == known


def test_the_units_are_what_systemd_takes(tmp_path: Path) -> None:
    program = shutil.which("systemd-analyze")
    if program is None:
        pytest.skip("systemd-analyze is not here")
    found = [*blocks("ini", "As a service"), *blocks("ini", "Monitoring")]
    names = ["voltpass.service", "voltpass-fsck.service", "voltpass-fsck.timer"]
    for name, text in zip(names, found, strict=True):
        here = text.replace("/opt/voltpass/.venv/bin/voltpass", VOLTPASS)
        (tmp_path / name).write_text(here, encoding="utf-8")
    done = subprocess.run(
        [program, "verify", "--man=no", *(str(tmp_path / name) for name in names)],
        capture_output=True,
        text=True,
        check=False,
        timeout=60,
    )
    ours = [
        line for line in done.stderr.splitlines() if str(tmp_path) in line or "voltpass" in line
    ]
    assert (done.returncode, ours) == (0, [])
    told = found[0]
    seconds = int(re.findall(r"TimeoutStopSec=(\d+)", told)[0])
    from api.serving import SECONDS_TO_FINISH  # noqa: PLC0415 # the web only here

    assert seconds > SECONDS_TO_FINISH
