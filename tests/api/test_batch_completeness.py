"""Answers of issuing say how complete the passports are: dry run, batch, file of batches; and to whom."""

import json
from typing import Any

from passports.attributes.table import AccessPoint, attributes
from passports.authority.api_keys import ApiKeyCreate, create_key_as
from passports.authority.callers import Caller as Calling
from passports.authority.roles import Action
from passports.documents import utc_now
from passports.operators import get_operator
from tests.api.caller import JSON, Caller, batch
from tests.worlds import GTIN, IMPORTER, MAKER, MODEL

MEMBERS = {"given", "asked", "comes_later", "asked_from", "public_only", "missing"}


def key_for(caller: Caller, *actions: Action) -> dict[str, str]:
    """Return the headers of a call with a key of the maker that is for these actions alone."""
    voltpass, now = caller.voltpass, utc_now()
    with voltpass.store.reading() as reading:
        maker = Calling.of(get_operator(reading, MAKER), "test")
    made = create_key_as(voltpass.store, maker, ApiKeyCreate(label="t", actions=list(actions)), now)
    return {**JSON, "authorization": f"Bearer {made.token}"}


def missing_of(caller: Caller, target: str) -> list[str]:
    rows = caller.get(target, by=MAKER).json()["rows"]
    return [row["attribute"] for row in rows if row["state"] == "missing"]


def test_a_dry_run_and_issuing_say_what_lacks(everywhere: Caller) -> None:
    rehearsed = everywhere.post("/v1/batches?dry_run=true", batch(), by=MAKER)
    assert rehearsed.status == 200, rehearsed.body
    before: dict[str, Any] = rehearsed.json()["completeness"]
    assert before.keys() == MEMBERS
    assert before["comes_later"] > 0
    target = f"/v1/battery-models/{MODEL}/completeness?batch=b-1"
    assert before["missing"] == missing_of(everywhere, target) != []

    issued = everywhere.post("/v1/batches", batch(), by=MAKER)
    after: dict[str, Any] = issued.json()["completeness"]
    [first, *_] = issued.json()["passports"]
    assert after["missing"] == missing_of(everywhere, f"/v1/passports/{first['id']}/completeness")
    assert (after["comes_later"], after["asked"]) == (0, before["asked"])
    assert after["given"] + len(after["missing"]) == after["asked"]
    again = everywhere.post("/v1/batches", batch(), by=MAKER)
    assert (again.status, again.json()["completeness"]) == (200, after)


def test_what_is_written_lacks_no_more(caller: Caller) -> None:
    def lacking() -> list[str]:
        answer = caller.post("/v1/batches?dry_run=true", batch(), by=MAKER)
        found: list[str] = answer.json()["completeness"]["missing"]
        return found

    name = next(
        n for n in lacking() if attributes()[n].is_given and attributes()[n].granularity == "model"
    )
    document = {"reason": "a test", "values": {name: attributes()[name].example}}
    headers = {**JSON, "authorization": f"Bearer {caller.key(MAKER)}"}
    target = f"/v1/battery-models/{MODEL}/attributes"
    assert caller.send("PATCH", target, headers, json.dumps(document).encode()).status == 200
    assert name not in lacking()


def test_who_may_issue_and_not_read_is_told_of_public_attributes_alone(caller: Caller) -> None:
    body = json.dumps(batch()).encode()
    told = {}
    for actions in ((Action.ISSUE,), (Action.ISSUE, Action.READ)):
        answer = caller.send("POST", "/v1/batches?dry_run=true", key_for(caller, *actions), body)
        assert answer.status == 200, answer.body
        told[actions] = answer.json()["completeness"]
    few, all_of_them = told.values()
    assert (few["public_only"], all_of_them["public_only"]) == (True, False)
    restricted = set(all_of_them["missing"]) - set(few["missing"])
    assert restricted
    assert {attributes()[name].access_point for name in few["missing"]} == {AccessPoint.PUBLIC}
    assert AccessPoint.PUBLIC not in {attributes()[name].access_point for name in restricted}


def test_a_file_of_batches_is_answered_batch_by_batch(everywhere: Caller) -> None:
    rows = [
        {
            "batch_id": name,
            "gtin": GTIN,
            "serial": f"S-{name}",
            "manufactured_on": "2024-12-02",
            "facility_id": "plant",
            "responsible_operator_id": IMPORTER,
        }
        for name in ("b-1", "b-2")
    ]
    for query in ("?dry_run=true", ""):
        answer = everywhere.post(f"/v1/registrations{query}", rows, by=MAKER)
        assert answer.status in {200, 201}, answer.body
        found = answer.json()["completeness"]
        assert [row["batch"] for row in found] == ["b-1", "b-2"]
        target = f"/v1/battery-models/{MODEL}/completeness?batch=b-1"
        assert found[0].keys() == {"batch", *MEMBERS}
        assert found[0]["missing"] == missing_of(everywhere, target)
    rows[0]["gtin"] = "09520123456795"
    refused = everywhere.post("/v1/registrations?dry_run=true", [rows[0]], by=MAKER)
    assert (refused.json()["refused"], refused.json()["completeness"]) == (1, [])
