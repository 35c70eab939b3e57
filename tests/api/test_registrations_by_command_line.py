"""Files of batteries by command line: exit codes, recipes, prefixes, the bar."""

import json
from pathlib import Path

import pytest

from api.commands import registrations
from api.settings import Settings
from api.wiring import Voltpass
from tests.api.command_line import Demonstration, invoke, one_document
from tests.passports.bulk_files import as_csv, battery
from tests.worlds import World


@pytest.fixture
def files(tmp_path: Path) -> Path:
    """A folder with a good file and one with a bad row."""
    row = {"model_id": "lfp-60", "facility_id": "catl-xinjin"}
    good = [battery(f"N-{n}", **row, responsible_operator_id="demo-importer") for n in range(3)]
    (tmp_path / "good.csv").write_bytes(as_csv(good))
    (tmp_path / "bad.csv").write_bytes(as_csv([*good, {**good[0], "serial": "N 4"}]))
    (tmp_path / "torn.csv").write_bytes(b'serial\n"A')
    return tmp_path


def test_the_command_line_says_by_its_exit_code_what_became_of_a_file(
    demonstration: Demonstration, files: Path
) -> None:
    home, who = demonstration.home, ("--operator", "demo-maker")
    rejects = files / "rejects.csv"

    def run(name: str, *options: str | Path) -> tuple[int, str]:
        done = invoke("batch", "import", files / name, *who, *options, home=home)
        return done.returncode, " ".join((done.stdout + done.stderr).split())

    code, text = run("bad.csv", "--dry-run")
    assert code == 1
    assert "dry run: 3 of 4 rows would be issued; 1 is refused" in text
    assert "N 4" in text
    assert "GS1" in text
    code, text = run("bad.csv")
    assert code == 1
    assert "nothing was issued: 1 of 4 rows is refused" in text
    code, text = run("torn.csv")
    assert code == 2
    assert "not readable" in text
    assert run("good.csv", "--set", "serial=x")[0] == 2
    assert run("good.csv", "--recipe", "none")[0] == 2
    assert run("good.csv", "--map", "serial")[0] == 2
    assert run("bad.csv", "--partial")[0] == 2
    assert run("bad.csv", "--partial", "--rejects", files / "bad.csv")[0] == 2
    assert run("absent.csv")[0] == 3

    code, text = run("bad.csv", "--partial", "--rejects", rejects)
    assert code == 1
    assert "issued 3 passports of 4 rows; 1 is refused" in text
    rejects.write_bytes(rejects.read_bytes().replace(b"N 4", b"N-4"))
    mended = rejects.read_bytes()
    code, text = run("bad.csv", "--partial", "--rejects", rejects)
    assert (code, "already" in text) == (2, True)
    assert rejects.read_bytes() == mended
    assert run("rejects.csv")[0] == 0
    code, text = run("good.csv")
    assert (code, "3 had been registered before" in text) == (0, True)


def test_a_recipe_is_suggested_saved_and_used_by_command_line(
    demonstration: Demonstration, files: Path
) -> None:
    home, who = demonstration.home, ("--operator", "demo-maker")
    text = "Pack SN;Typ;Herstelldatum;Farbe\nR-1;LFP60;13.11.2026;rot\n"
    (files / "mes.csv").write_text(text, encoding="utf-8")
    draft = files / "recipe.json"

    done = invoke("batch", "recipe", "suggest", files / "mes.csv", "-o", draft, home=home)
    assert done.returncode == 0
    assert "Farbe: matches nothing" in done.stdout
    assert "missing: batch_id" in done.stdout
    assert json.loads(draft.read_text(encoding="utf-8"))["date_format"] == "DD.MM.YYYY"

    constants = ["--set", "batch_id=b-1", "--set", "facility_id=catl-xinjin"]
    constants += ["--set", "responsible_operator_id=demo-importer", "--ignore", "Farbe"]
    columns = ("--map", "Pack SN=serial", "--map", "Typ=gtin")
    saved = invoke(
        "batch",
        "recipe",
        "save",
        "mes",
        draft,
        *who,
        *constants,
        *columns,
        "--ignore",
        "Typ",
        "--json",
        home=home,
    )
    assert one_document(saved)["version"] == 1
    again = invoke(
        "batch",
        "recipe",
        "save",
        "mes",
        draft,
        *who,
        *constants,
        "--set",
        "model_id=lfp-60",
        "--map",
        "Pack SN=serial",
        "--ignore",
        "Typ",
        home=home,
    )
    assert "saved recipe mes, version 2" in again.stdout
    shown = invoke("batch", "recipe", "show", "mes", *who, "--version", "2", home=home)
    assert json.loads(shown.stdout)["constants"]["model_id"] == "lfp-60"
    assert "mes  version 2" in invoke("batch", "recipe", "list", *who, home=home).stdout

    used = invoke(
        "batch", "import", files / "mes.csv", *who, "--recipe", "mes", "--json", home=home
    )
    assert one_document(used)["registered"] == 1
    assert invoke("batch", "recipe", "delete", "mes", *who, home=home).returncode == 0
    assert invoke("batch", "recipe", "show", "mes", *who, home=home).returncode == 1


def test_prefixes_are_added_by_command_line(demonstration: Demonstration) -> None:
    home = demonstration.home
    done = invoke("keys", "prefix", "demo-maker", "4012345", home=home)
    assert "demo-maker holds" in done.stdout
    assert "4012345" in done.stdout
    trusted = Voltpass(Settings(home=home)).trust_list()
    assert trusted is not None  # signed anew: else a verifier refuses what is numbered under it
    assert any("4012345" in entry.gs1_prefixes for entry in trusted.entries)
    assert invoke("keys", "prefix", "demo-maker", "12", home=home).returncode == 1


def test_the_documented_exit_codes_are_those_of_the_module() -> None:
    assert registrations.__doc__ is not None
    for code in ("0 every row", "1 rows are refused", "2 the file", "3 the environment"):
        assert code in registrations.__doc__


def test_the_bar_goes_through_its_stages_one_after_the_other(world: World) -> None:
    told = []
    with registrations._stages(quiet=True) as progress:
        for stage, done in (("checking", 1), ("checking", 2), ("issuing", 1)):
            progress(stage, done, 2)
            told.append(stage)
    assert told == ["checking", "checking", "issuing"]
