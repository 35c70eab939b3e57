"""Footprints by HTTP: computed once a key, read by whom they are for, marked when superseded."""

import json
from typing import Any

import pytest

from lca.audit import verify_bundle
from tests.api.caller import JSON, Answer, Caller
from tests.worlds import AUTHORITY, FACILITY, IMPORTER, MAKER, MODEL, RIVAL, inventory

SECRET = "secret recipe"
MEDIA_TYPE = "application/vnd.voltpass.footprint+json"


def request(amount: float = 419.87, *, confidential: bool = False) -> dict[str, Any]:
    """Return a request whose pack materials weigh so much."""
    given = inventory()
    given["activities"][0]["exchanges"][1]["amount"] = amount
    if confidential:
        given["activities"][0]["exchanges"][1].update(
            name=SECRET, confidential=True, origin="company_specific", evidence="secret ledger"
        )
    return {"model_id": MODEL, "facility_id": FACILITY, "inventory": given}


def send(caller: Caller, document: Any, key: str | None, by: str = MAKER) -> Answer:
    """Ask for a footprint under an Idempotency-Key."""
    headers = {**JSON, "authorization": f"Bearer {caller.key(by)}"}
    if key is not None:
        headers["idempotency-key"] = key
    return caller.send("POST", "/v1/footprints", headers, json.dumps(document).encode())


def studies(caller: Caller) -> int:
    """Return how many studies there are."""
    with caller.voltpass.store.reading() as reading:
        return len(list(reading.studies.all()))


@pytest.fixture
def secret(caller: Caller) -> str:
    """A study with a confidential row; its identifier."""
    answer = send(caller, request(confidential=True), None)
    assert answer.status == 201, answer.body
    return str(answer.json()["studies"][0]["id"])


def test_the_same_key_and_request_give_the_same_answer_once_more(everywhere: Caller) -> None:
    first = send(everywhere, request(400), "key-1")
    count = studies(everywhere)
    assert first.status == 201
    send(everywhere, request(410), None)  # supersedes it; the repeated call says what was said
    again = send(everywhere, request(400), "key-1")
    assert (again.status, again.body) == (first.status, first.body)
    assert studies(everywhere) == count + 1


def test_the_same_key_for_another_request_is_a_conflict(everywhere: Caller) -> None:
    assert send(everywhere, request(400), "key-1").status == 201
    count = studies(everywhere)
    refused = send(everywhere, request(401), "key-1")
    assert refused.status == 409
    assert refused.findings()[0]["field"] == "Idempotency-Key"
    assert studies(everywhere) == count


@pytest.mark.parametrize("key", ["", "x" * 129, "a b"])
def test_a_key_that_is_none_is_refused(caller: Caller, key: str) -> None:
    answer = send(caller, request(), key)
    assert answer.status in {400, 422}
    assert answer.findings()[0]["field"] == "Idempotency-Key"


def test_a_refused_request_does_not_use_its_key_up(caller: Caller) -> None:
    wrong = request()
    wrong["inventory"]["activities"][0]["exchanges"][1]["factor"] = "mat.unheard.of"
    refused = send(caller, wrong, "key-2")
    assert refused.status == 422
    place = "inventory.activities[0].exchanges[1].factor"
    assert refused.findings()[0]["field"] == place
    assert send(caller, request(400), "key-2").status == 201


ROW = "activities[0].exchanges[1]"
MISTAKES: dict[str, tuple[str, Any, str, str]] = {
    "an unknown unit": (f"{ROW}.unit", "stone", f"{ROW}.unit", "unknown unit"),
    "the wrong dimension": (f"{ROW}.unit", "kWh", f"{ROW}.unit", "dimension"),
    "kWh delivered for kWh of capacity": (
        "activities[0].exchanges[0].unit",
        "kWh delivered",
        "activities[0].exchanges[0].unit",
        "battery_capacity is needed",
    ),
    "kWh of capacity for kWh": (
        "activities[1].exchanges[0].unit",
        "kWh capacity",
        "activities[1].exchanges[0].unit",
        "electricity is needed",
    ),
    "a negative mass": (f"{ROW}.amount", -4, f"{ROW}.amount", "between 0"),
    "NaN": (f"{ROW}.amount", float("nan"), f"inventory.{ROW}.amount", "not a number"),
    "infinity": (f"{ROW}.amount", float("inf"), f"inventory.{ROW}.amount", "not a number"),
    "10^400": (f"{ROW}.amount", 10**400, f"{ROW}.amount", "sensible size"),
    "10^300": (f"{ROW}.amount", 1e300, f"{ROW}.amount", "sensible size"),
    "a share above 100 %": (
        "circular",
        [
            {
                "id": "x",
                "material": "nickel",
                "mass_kg": 1,
                "factors": {"virgin": "mat.nickel_metal.hi"},
                "parameters": {"R1": 1.6},
                "evidence": {"R1": "y"},
            }
        ],
        "circular[0].parameters.R1",
        "between 0 and 1",
    ),
    "a cycle without a solution": (
        "activities[1].exchanges[0]",
        {
            "kind": "technosphere",
            "activity": "pack",
            "amount": 1,
            "unit": "piece",
            "process": "pack_assembly",
            "origin": "secondary",
        },
        "activities",
        "needs more than it yields",
    ),
    "two activities of one name": ("activities[1].id", "pack", "activities", "given twice"),
    "an unknown field": (f"{ROW}.amout", 1, f"{ROW}.amout", "unknown field"),
}


def changed(path: str, value: object) -> dict[str, Any]:
    """Return a request whose inventory has this value at a path."""
    asked = request()
    place: Any = asked["inventory"]
    *way, last = path.replace("[", ".").replace("]", "").split(".")
    for step in way:
        place = place[int(step) if step.isdigit() else step]
    place[int(last) if last.isdigit() else last] = value
    return asked


@pytest.mark.parametrize("mistake", MISTAKES.values(), ids=MISTAKES)
def test_a_mistake_is_named_by_its_path_and_nothing_is_stored(
    caller: Caller, mistake: tuple[str, Any, str, str]
) -> None:
    path, value, field, reason = mistake
    before = studies(caller)
    answer = send(caller, changed(path, value), "key-bad")
    assert answer.status in {400, 422}, answer.body
    found = [(item["field"], item["reason"]) for item in answer.findings()]
    assert any(field in place and reason in why for place, why in found), found
    assert studies(caller) == before
    assert send(caller, request(402), "key-bad").status == 201  # the key is not used up


def test_keys_of_two_operators_do_not_meet(caller: Caller) -> None:
    assert send(caller, request(400), "key-3").status == 201
    assert send(caller, request(401), "key-3", by=RIVAL).status == 404  # not their model


def test_the_public_version_is_public_and_holds_no_confidential_row(
    caller: Caller, secret: str
) -> None:
    for accept in ("application/json", MEDIA_TYPE):
        answer = caller.get(f"/v1/footprints/{secret}", accept=accept)
        assert answer.status == 200
        assert SECRET.encode() not in answer.body
        assert b"secret ledger" not in answer.body
        assert b"mat.greet24" not in answer.body
    assert caller.get("/v1/footprints/none").status == 404


@pytest.mark.parametrize(
    ("by", "whole"), [(None, False), (IMPORTER, False), (RIVAL, False), (MAKER, True)]
)
def test_contributions_and_diagram_by_reader(
    caller: Caller, secret: str, by: str | None, whole: bool
) -> None:
    answer = caller.get(f"/v1/footprints/{secret}/contributions", by=by)
    assert answer.json()["confidential_rows_shown"] is whole
    assert (SECRET.encode() in answer.body) is whole
    svg = caller.get(f"/v1/footprints/{secret}/sankey.svg", by=by)
    assert svg.media_type == "image/svg+xml"
    assert (SECRET.encode() in svg.body) is whole


@pytest.mark.parametrize(
    ("by", "status"), [(None, 403), (IMPORTER, 403), (RIVAL, 403), (MAKER, 200), (AUTHORITY, 200)]
)
def test_the_audit_bundle_is_for_the_maker_and_authorities(
    caller: Caller, secret: str, by: str | None, status: int
) -> None:
    answer = caller.get(f"/v1/footprints/{secret}/audit-bundle", by=by)
    assert answer.status == status
    if status == 200:
        report = verify_bundle(answer.body)
        shown = caller.get(f"/v1/footprints/{secret}", accept="application/json").json()
        assert report.kg_co2e_per_kwh == shown["result"]["kg_co2e_per_kwh"]
    else:
        assert SECRET.encode() not in answer.body


def test_a_superseded_study_stays_and_says_by_which(everywhere: Caller) -> None:
    old = send(everywhere, request(400), None).json()["studies"][0]
    new = send(everywhere, request(401), None).json()["studies"][0]
    kept = everywhere.get(f"/v1/footprints/{old['id']}", accept="application/json").json()
    assert kept["superseded_by"] == new["id"]
    assert kept["result"] == old["result"]
    rows = everywhere.get(f"/v1/footprints/{old['id']}/contributions").json()
    assert rows["superseded_by"] == new["id"]
    assert new["superseded_by"] is None
