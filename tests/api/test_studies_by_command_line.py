"""`voltpass footprint study`: a stored study from a workbook, a folder or an inventory as JSON."""

import json
from pathlib import Path
from typing import Any

import pytest

from lca.reading import read_inventory
from lca.workbook import write_workbook
from tests.api.command_line import Demonstration, invoke, one_document
from tests.api.test_footprints_by_command_line import appended, saved, supplier

NAMES = ("--operator", "demo-maker", "--model", "lfp-60", "--facility", "catl-xinjin")


def study(home: Path, file: Path, *words: str, code: int = 0) -> Any:
    """Run the command with --json and return its document."""
    done = invoke("footprint", "study", file, *words, "--json", home=home)
    assert done.returncode == code, done.stdout + done.stderr
    return one_document(done)


def test_a_workbook_becomes_stored_studies_of_a_registered_model(
    demonstration: Demonstration, tmp_path: Path
) -> None:
    home, plant = demonstration.home, saved(tmp_path / "plant.xlsx", lambda _book: None)
    rulesets = ("--ruleset", "da-2024", "--ruleset", "iso-14067")
    done = invoke("footprint", "study", plant, *NAMES, *rulesets, "--json", home=home)
    assert done.returncode == 0, done.stdout + done.stderr
    first, second = one_document(done)
    assert (first["ruleset"], second["ruleset"]) == ("da-2024", "iso-14067")
    assert "from the records of lfp-60 and catl-xinjin, not from plant.xlsx" in done.stderr

    document: dict[str, Any] = dict(
        read_inventory(plant.read_bytes(), plant.name).inventory.document
    )
    alone = tmp_path / "plant.json"
    alone.write_text(json.dumps(document), encoding="utf-8")
    assert study(home, alone, *NAMES, *rulesets)[0]["id"] == first["id"]

    for name in ("format", "title", "product", "plant"):
        del document[name]
    document["electricity"].pop("supply")
    request = {"model_id": "lfp-60", "facility_id": "catl-xinjin", "inventory": document}
    whole = tmp_path / "study.json"
    whole.write_text(json.dumps(request), encoding="utf-8")
    assert study(home, whole, "--operator", "demo-maker")[0]["id"] == first["id"]
    checked = one_document(invoke("fsck", "--json", home=home))
    assert checked["sound"], checked


@pytest.mark.parametrize(
    ("data", "words", "reason"),
    [
        (write_workbook(example=True), NAMES[:2], "this is a workbook"),
        (write_workbook(example=True), NAMES[:4], "this is a workbook"),
        (b"\x89PNG\r\n\x1a\n\xff", NAMES[:2], "no JSON"),
        (b"{}", (*NAMES[:2], "--ruleset", "da-2024"), "go with an inventory"),
    ],
    ids=["workbook", "half named", "picture", "ruleset beside a request"],
)
def test_what_is_no_request_is_refused_by_its_name_and_no_byte_of_it_is_printed(
    tmp_path: Path, data: bytes, words: tuple[str, ...], reason: str
) -> None:
    file = tmp_path / "plant.xlsx"
    file.write_bytes(data)
    [finding] = study(tmp_path, file, *words, code=1)["findings"]
    assert finding["value"] == "plant.xlsx"
    assert reason in finding["reason"]
    assert "--model" in finding["remedy"]


def test_a_stored_study_cannot_rest_on_factors_that_only_the_workbook_has(tmp_path: Path) -> None:
    row = supplier("sup.x")
    file = saved(tmp_path / "plant.xlsx", appended("supplier_footprints", row))
    [finding] = study(tmp_path, file, *NAMES, code=1)["findings"]
    assert finding["value"] == "sup.x"
    assert "footprint compute" in finding["remedy"]
