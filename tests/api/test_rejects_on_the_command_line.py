"""Files of rejects: what was said beside a file stands in them, and the next step is said."""

import re
import shlex
from pathlib import Path

import pytest

from tests.api.command_line import Demonstration, invoke
from tests.passports.bulk_files import as_csv, battery

WHO = ("--operator", "demo-maker")
RESPONSIBLE = ("--responsible", "demo-importer")
COMMON = {"model_id": "lfp-60", "facility_id": "catl-xinjin"}
LEFT_OUT = ("model_id", "facility_id", "responsible_operator_id")


@pytest.fixture
def bad(tmp_path: Path) -> Path:
    """A file without model, factory and responsible operator; one serial of three cannot be."""
    rows = [battery(serial) for serial in ("R-1", "R-2", "R 3")]
    file = tmp_path / "bad.csv"
    file.write_bytes(as_csv([{k: v for k, v in row.items() if k not in LEFT_OUT} for row in rows]))
    return file


def test_a_mended_file_of_rejects_is_imported_by_the_command_that_is_printed(
    demonstration: Demonstration, bad: Path, tmp_path: Path
) -> None:
    home, rejects = demonstration.home, tmp_path / "rejects.csv"
    said = [word for name, value in COMMON.items() for word in ("--set", f"{name}={value}")]
    options: tuple[str | Path, ...] = (*said, *RESPONSIBLE, "--partial", "--rejects", rejects)
    done = invoke("batch", "import", bad, *WHO, *options, home=home)
    assert done.returncode == 1, done.stderr
    header, row = rejects.read_text(encoding="utf-8").splitlines()
    assert {*LEFT_OUT} <= set(header.split(","))
    assert "demo-importer" in row
    rejects.write_text(f"{header}\n{row.replace('R 3', 'R-3', 1)}\n", encoding="utf-8")

    printed = re.search(r"then: voltpass (.*)", done.stdout)
    assert printed is not None, done.stdout
    mended = invoke(*shlex.split(printed.group(1)), home=home)
    assert mended.returncode == 0, mended.stdout + mended.stderr
    assert "issued 1 passport of 1 row" in mended.stdout

    again = invoke("batch", "import", rejects, *WHO, *said, home=home)
    assert again.returncode == 0, again.stdout + again.stderr


def test_a_file_of_rejects_is_written_over_with_force_alone(
    demonstration: Demonstration, bad: Path, tmp_path: Path
) -> None:
    home, rejects = demonstration.home, tmp_path / "rejects.csv"
    rejects.write_text("mine", encoding="utf-8")
    said = [word for name, value in COMMON.items() for word in ("--set", f"{name}={value}")]
    options: tuple[str | Path, ...] = (*said, *RESPONSIBLE, "--partial", "--rejects", rejects)
    refused = invoke("batch", "import", bad, *WHO, *options, home=home)
    assert refused.returncode == 2
    assert "--force" in refused.stderr
    assert rejects.read_text(encoding="utf-8") == "mine"
    assert invoke("batch", "import", bad, *WHO, *options, "--force", home=home).returncode == 1
    assert "R 3" in rejects.read_text(encoding="utf-8")


def test_a_maker_outside_of_the_union_is_told_the_option_that_names_who_is_responsible(
    demonstration: Demonstration, bad: Path
) -> None:
    said = [word for name, value in COMMON.items() for word in ("--set", f"{name}={value}")]
    options: tuple[str | Path, ...] = (*WHO, *said, "--dry-run")
    done = invoke("batch", "import", bad, *options, home=demonstration.home)
    assert done.returncode == 1
    text = " ".join(done.stdout.split())
    assert "outside the Union" in text
    assert "--responsible" in text
    done = invoke("batch", "import", bad, *options, *RESPONSIBLE, home=demonstration.home)
    assert "2 of 3 rows would be issued; 1 is refused" in done.stdout
