"""`facility energy import`: one rule of exit codes, columns in its help, what closing will ask for."""

from pathlib import Path

import pytest

from tests.api.command_line import Demonstration, invoke

HEAD = "meter,starts_at,ends_at,quantity,carrier,unit,arrangement"
GOOD = "g-1,2026-03-01T00:00,2026-03-01T01:00,1250,electricity,kWh,grid"
PLACE = ("catl-xinjin",)
WHO = ("--operator", "demo-maker")


@pytest.mark.parametrize(
    ("rows", "code"),
    [
        ([GOOD], 0),
        ([GOOD, "g-2,2026-03-01T00:00,2026-03-01T01:00,1,,,"], 1),
        (["g-2,2026-03-01T00:00,2026-03-01T01:00,1,,,"], 1),
        ([GOOD, "g-3,2026-03-01T00:00,2026-03-01T01:00,1,sunlight,kWh,grid"], 1),
        (["g-3,2026-03-01T00:00,2026-03-01T01:00,1,electricity,kWh,wire"], 1),
    ],
    ids=["good", "one unknown", "all unknown", "carrier", "arrangement"],
)
def test_refused_rows_end_with_1_whatever_was_wrong(
    demonstration: Demonstration, tmp_path: Path, rows: list[str], code: int
) -> None:
    file = tmp_path / "meters.csv"
    file.write_text("\n".join([HEAD, *rows]), encoding="utf-8")
    words = ("facility", "energy", "import", *PLACE, file, *WHO)
    done = invoke(*words, home=demonstration.home)
    assert done.returncode == code, done.stdout + done.stderr
    again = invoke(*words, home=demonstration.home)
    assert again.returncode == code, "the same again is told the same way"


def test_a_meter_that_a_file_does_not_describe_is_answered_in_the_words_of_a_file(
    demonstration: Demonstration, tmp_path: Path
) -> None:
    file = tmp_path / "meters.csv"
    file.write_text(f"{HEAD}\ng-2,2026-03-01T00:00,2026-03-01T01:00,1,,,", encoding="utf-8")
    words = ("facility", "energy", "import", *PLACE, file, *WHO)
    assert "columns of its first row" in invoke(*words, home=demonstration.home).stdout


def test_own_generation_is_told_at_once_what_closing_will_ask_for(
    demonstration: Demonstration, tmp_path: Path
) -> None:
    file = tmp_path / "meters.csv"
    file.write_text(f"{HEAD}\n{GOOD.replace('grid', 'on_site')}", encoding="utf-8")
    words = ("facility", "energy", "import", *PLACE, file, *WHO)
    done = invoke(*words, home=demonstration.home)
    assert done.returncode == 0, done.stdout + done.stderr
    assert "meter g-1 is on_site" in done.stderr
    assert '"supplies"' in done.stderr


def test_the_columns_of_a_file_of_readings_stand_in_help(tmp_path: Path) -> None:
    text = " ".join(invoke("facility", "energy", "import", "--help", home=tmp_path).stdout.split())
    for word in ("meter, ends_at, quantity", "carrier, unit, arrangement", "Exit code 0"):
        assert word in text
