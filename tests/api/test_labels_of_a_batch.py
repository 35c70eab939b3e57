"""`voltpass label --batch`: one SVG a battery, or sheets; what should have no label is left out."""

from pathlib import Path
from xml.etree import ElementTree as ET

from tests.api.command_line import Demonstration, invoke, one_document
from tests.api.test_passports_by_command_line import answer, passports_of


def test_a_batch_has_a_label_for_each_battery_but_those_that_are_withdrawn(
    demonstration: Demonstration, tmp_path: Path
) -> None:
    home, folder, sheet = demonstration.home, tmp_path / "labels", tmp_path / "labels.pdf"
    options, [suspended, *others] = passports_of(home)
    answer(home, "suspend", suspended["link"], *options[:2], "--reason", "a test")
    done = one_document(
        invoke("label", *options, "-o", folder, "--sheet", sheet, "--json", home=home)
    )
    assert done["labels"] == len(others)
    [left_out] = done["left_out"]
    assert left_out["serial"] == suspended["serial"]
    assert left_out["reason"].startswith("this passport is suspended since")
    assert sorted(path.name for path in folder.iterdir()) == sorted(done["files"])
    assert len(done["files"]) == len(others)
    drawn = {ET.parse(folder / name).getroot()[1].text for name in done["files"]}
    assert drawn == {f"QR code of {passport['link']}" for passport in others}
    assert sheet.read_bytes().startswith(b"%PDF-")
    said = invoke("label", *options, "-o", folder, home=home)
    assert f"{len(others)} labels of batch" in said.stdout
    assert f"left out {suspended['serial']}: this passport is suspended" in said.stderr


def test_what_contradicts_itself_is_refused(demonstration: Demonstration, tmp_path: Path) -> None:
    home, sheet = demonstration.home, tmp_path / "labels.pdf"
    options, [first, *_] = passports_of(home)
    for words in (
        ("label",),
        ("label", first["link"], *options),
        ("label", *options),
        ("label", *options, "--seal", "--sheet", sheet),
        ("label", *options[2:], "--sheet", sheet),
        ("label", first["link"], "--sheet", sheet),
    ):
        assert invoke(*words, home=home).returncode == 2, words
    unknown = invoke("label", *options[:2], "--batch", "none", "--sheet", sheet, home=home)
    assert (unknown.returncode, sheet.exists()) == (1, False)
