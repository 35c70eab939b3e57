"""Commands and routes of factories in depth, on a store of their own."""

import json
from pathlib import Path
from typing import Any

import pytest

from api.commands import demo
from api.commands.factories import _zone
from api.demo.story import Story, operator_ids
from passports.errors import InvalidInputError
from passports.operators import list_operators
from passports.press_reports import shipped_entries
from passports.store import Store
from tests.api.caller import Caller
from tests.api.command_line import invoke, one_document
from tests.worlds import FACILITY, MAKER, RIVAL


def command(home: Path, *words: object, code: int = 0) -> Any:
    """Run a command with --json and return its one document."""
    done = invoke(*(str(word) for word in words), "--json", home=home)
    assert done.returncode == code, done.stdout + done.stderr
    return one_document(done)


def test_the_eighteen_factories_are_loaded_checked_and_worked_on_by_command(
    tmp_path: Path,
) -> None:
    home = tmp_path / "home"
    shown = command(home, "demo", "--factories")
    assert len(shown["factories"]) == 18
    reported = {entry["id"]: entry for entry in shipped_entries()}
    for factory in shown["factories"]:
        figures = reported[factory["id"]]["figures"]
        assert [f["value"] for f in factory["figures"]] == [f["value"] for f in figures]
    assert shown["tally"]["implausible"] == 2
    explanations = json.dumps(shown["factories"], ensure_ascii=False)
    for number in ("0.859", "0.613", "0.526", "79,862 MWh", "4,410 t", "1.043", "1.214"):
        assert number in explanations

    press = ("--operator", "press-reports")
    checked = command(home, "facility", "check", "lenovo-wuhan", *press)
    assert checked["tally"]["inconsistent"] == 2

    entry = tmp_path / "entry.json"
    entry.write_text(
        json.dumps({**reported["petpal"], "id": "petpal-2"}, ensure_ascii=False), encoding="utf-8"
    )
    imported = command(home, "facility", "import", entry, *press)
    assert (imported[0]["id"], imported[0]["figures"]) == ("petpal-2", 3)
    assert "taken" in command(home, "facility", "import", entry, *press, code=1)["detail"]

    meters = tmp_path / "meters.csv"
    meters.write_text(
        "meter,starts_at,ends_at,quantity,carrier,unit,arrangement\n"
        "m1,2026-03-01T00:00,2026-03-01T01:00,1.2,electricity,MWh,grid\n"
        "m1,2026-03-01T02:00,2026-03-01T03:00,-1,,,\n",
        encoding="utf-8",
    )
    report = command(
        *(home, "facility", "energy", "import", "petpal", meters, *press, "--timezone", "+08:00"),
        code=1,  # one row is refused
    )
    assert report["accepted"] == 1
    assert report["refused"][0]["line"] == 3

    certificate = shown["factories"][1]["certificates"][0]["id"]
    standing = command(home, "certificate", "status", certificate)
    assert (standing["status"], standing["cited_by"]) == ("not_stated", [])
    withdrawn = command(
        home, "certificate", "status", certificate, "--set", "withdrawn", "--reason", "x", *press
    )
    assert withdrawn["status"] == "withdrawn"


def test_reported_factories_join_a_demonstration_and_clear_nothing_away(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("VOLTPASS_HOME", str(tmp_path))
    voltpass = demo._start_afresh(8123)
    Story(voltpass, tmp_path / "demo").register_operators()
    voltpass.close()
    command(tmp_path, "demo", "--factories")

    store = Store(f"sqlite:///{tmp_path / 'voltpass.sqlite3'}")
    with store.reading() as reading:
        there = {operator.id for operator in list_operators(reading)}
    assert {*operator_ids(), "press-reports"} <= there
    assert "8123" in (tmp_path / "demo.json").read_text("utf-8")
    refused = command(tmp_path, "demo", "--factories", code=3)
    assert "already" in refused["findings"][0]["reason"]
    with store.reading() as reading:
        assert {operator.id for operator in list_operators(reading)} == there
    store.close()


@pytest.mark.parametrize("text", ["", "8", "+8", "08:00", "+ab:cd", "+99:00"])
def test_a_time_zone_that_is_no_offset_is_refused(text: str) -> None:
    with pytest.raises(InvalidInputError, match="no offset"):
        _zone(text)


def test_claims_are_public_and_the_ledger_is_its_owners(issued: Caller) -> None:
    dossier = {"figures": [{"what": "sensors", "value": 4000, "unit": "1"}], "source": "report"}
    assert issued.post(f"/v1/facilities/{FACILITY}/dossier", dossier, by=MAKER).status == 201
    claims = issued.get(f"/v1/facilities/{MAKER}/{FACILITY}/claims").json()
    assert [c["id"] for c in claims["checks"] if c["about"] == "sensors"] == ["no_counterpart"]

    assert issued.get(f"/v1/facilities/{FACILITY}/ledger").status == 401
    assert issued.get(f"/v1/facilities/{FACILITY}/ledger", by=RIVAL).status == 404
    assert issued.get(f"/v1/facilities/{FACILITY}/ledger", by=MAKER).json()["closes"] is True


def test_more_energy_than_there_is_is_a_conflict_with_what_is_left(issued: Caller) -> None:
    lot = f"{FACILITY}-20240101-1"
    wanted = {"lot_id": lot, "kwh": 83_300_001, "target": {"kind": "line", "id": "coating"}}
    answer = issued.post(f"/v1/facilities/{FACILITY}/allocations", wanted, by=MAKER)

    assert answer.status == 409
    assert answer.json()["type"].endswith("over-allocation")
    assert answer.findings()[0]["remedy"] == "At most 83300000 kWh are left."


def test_a_manufacturer_cannot_sign_a_certificate(issued: Caller) -> None:
    wanted = {
        "operator_id": MAKER,
        "facility_id": FACILITY,
        "scheme": "PAS2060",
        "valid_from": "2024-01-01",
        "valid_to": "2024-12-31",
    }
    assert issued.post("/v1/certificates/issue", wanted, by=RIVAL).status == 403
