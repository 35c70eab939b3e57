"""An operator's data corrected by HTTP and by command."""

import json
from typing import Any

import pytest

from api.platform import PLATFORM_ID, ensure_platform
from passports.documents import utc_now
from tests.api.caller import JSON, Answer, Caller
from tests.api.command_line import Demonstration, invoke, one_document
from tests.api.hostile import SETTINGS, nearly_valid
from tests.exhaustively import drawn
from tests.worlds import MAKER, RIVAL

GIVEN = {"reason": "it has moved", "postal_address": "2 New Road", "url": "https://cells.example"}


def patch(caller: Caller, document: Any, by: str | None = MAKER, of: str = MAKER) -> Answer:
    """Correct an operator."""
    headers = dict(JSON)
    if by is not None:
        headers["authorization"] = f"Bearer {caller.key(by)}"
    return caller.send("PATCH", f"/v1/operators/{of}", headers, json.dumps(document).encode())


def test_an_operator_corrects_its_address_and_reads_its_versions(everywhere: Caller) -> None:
    caller = everywhere
    made = patch(caller, GIVEN)
    assert (made.status, made.json()["version"]) == (200, 2), made.body
    assert made.json()["operator"]["url"] == "https://cells.example"
    assert patch(caller, GIVEN).json()["version"] == 2
    versions = caller.get(f"/v1/operators/{MAKER}/versions", by=MAKER)
    assert [v["reason"] for v in versions.json()["versions"]] == [None, "it has moved"]
    assert versions.headers["cache-control"] == "no-store"


def test_name_and_country_are_corrected_by_the_platform(everywhere: Caller) -> None:
    caller, named = everywhere, {"reason": "renamed", "name": "The maker Ltd"}
    ensure_platform(caller.voltpass, utc_now())
    assert patch(caller, named).status == 403
    assert patch(caller, named, PLATFORM_ID).json()["operator"]["name"] == "The maker Ltd"
    for by in (RIVAL, None):
        assert patch(caller, GIVEN, by).status == (401 if by is None else 403)
        versions = caller.get(f"/v1/operators/{MAKER}/versions", by=by)
        assert versions.status == (401 if by is None else 403)
    assert patch(caller, GIVEN, PLATFORM_ID, "nobody").status == 404


@pytest.mark.parametrize(
    "document",
    [
        {},
        {"reason": "x"},
        {"postal_address": "2 New Road"},
        {**GIVEN, "roles": ["platform"]},
        {**GIVEN, "id": "other"},
        {**GIVEN, "url": "javascript:alert(1)"},
        {**GIVEN, "url": "https://"},
        {**GIVEN, "trade_name": ""},
        {**GIVEN, "postal_address": "a\u0000b"},
        {**GIVEN, "reason": " "},
        [],
    ],
)
def test_what_is_no_correction_is_refused(caller: Caller, document: Any) -> None:
    assert patch(caller, document).status == 422


def test_by_command(demonstration: Demonstration) -> None:
    home = demonstration.home
    file = home / "new.json"
    file.write_text('{"name": "Demo Cells Ltd", "trade_name": "Demo"}', encoding="utf-8")
    why = ("--reason", "renamed", "--json")
    changed = one_document(invoke("operator", "change", "demo-maker", file, *why, home=home))
    assert (changed["version"], changed["created"]) == (2, True)
    again = one_document(invoke("operator", "change", "demo-maker", file, *why, home=home))
    assert (again["version"], again["created"]) == (2, False)
    listed = invoke("operator", "versions", "demo-maker", home=home)
    assert "Demo Cells Ltd, CN  by platform: renamed" in listed.stdout
    unknown = invoke("operator", "change", "nobody", file, *why, home=home)
    file.write_text('["x"]', encoding="utf-8")
    wrong = invoke("operator", "change", "demo-maker", file, *why, home=home)
    assert (unknown.returncode, wrong.returncode) == (1, 1)


@drawn(
    nearly_valid({"/v1/operators/maker": {**GIVEN, "trade_name": "M", "note": "n"}}),
    test=25,
    soak=300,
    limits=SETTINGS,
)
def test_whatever_is_sent_is_taken_or_refused(
    everywhere: Caller, nearly: tuple[str, bytes]
) -> None:
    headers = {**JSON, "authorization": f"Bearer {everywhere.key(MAKER)}"}
    answer = everywhere.send("PATCH", nearly[0], headers, nearly[1])
    assert answer.status < 500, (nearly, answer.body)
    assert answer.status == 200 or all(f["reason"] for f in answer.findings())
