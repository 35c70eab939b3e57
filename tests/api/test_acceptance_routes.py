"""Acceptances of responsibility by HTTP: who answers gives and ends them; every way of issuing asks."""

from datetime import timedelta
from typing import Any

from passports.documents import utc_now
from passports.operators import EconomicOperatorCreate, register_operator
from tests.api.caller import Caller, batch
from tests.api.dpp_calls import creation, send
from tests.worlds import ADDRESS, FACILITY, GTIN, MAKER, MODEL, NOW, RIVAL

OTHER = "other"


def prepared(caller: Caller) -> dict[str, Any]:
    """Register another importer; return what it could accept."""
    request = EconomicOperatorCreate(
        id=OTHER, name="Other", roles=["importer"], country="FR", postal_address="1 Rue"
    )
    register_operator(caller.voltpass.store, caller.voltpass.keyring, ADDRESS, request, NOW)
    until = (utc_now() + timedelta(days=30)).isoformat()
    return {"maker": MAKER, "models": [MODEL], "valid_until": until}


def statuses(caller: Caller, serial: str) -> set[int]:
    """Return how issuing and its dry run answer to a batch that names the other importer."""
    document = batch(serial, id=serial.lower(), responsible_operator_id=OTHER)
    dry = caller.post("/v1/batches?dry_run=true", document, by=MAKER).status
    return {dry, caller.post("/v1/batches", document, by=MAKER).status}


def test_an_importer_accepts_and_ends_it_and_the_maker_cannot(everywhere: Caller) -> None:
    acceptance = prepared(everywhere)
    target = "/v1/responsibility-acceptances"
    assert statuses(everywhere, "SN-1") == {422}
    for stranger in (MAKER, RIVAL):
        assert everywhere.post(target, {**acceptance, "maker": OTHER}, by=stranger).status == 403
    given = everywhere.post(target, acceptance, by=OTHER)
    assert (given.status, given.json()["state"]) == (201, "in_force"), given.body
    assert statuses(everywhere, "SN-1") <= {200, 201}
    for party in (OTHER, MAKER):
        assert given.json() in everywhere.get(target, by=party).json()["acceptances"]
    assert everywhere.get(target, by=RIVAL).json() == {"acceptances": []}
    assert everywhere.get(target).status == 401

    end = f"{target}/{given.json()['id']}/end"
    assert everywhere.post(end, {"reason": "mine"}, by=MAKER).status == 404
    assert everywhere.post(end, {"reason": "over"}, by=OTHER).json()["state"] == "ended"
    assert statuses(everywhere, "SN-2") == {422}
    assert everywhere.get(f"/01/{GTIN}/21/SN-1", accept="application/json").status == 200


def test_a_file_of_batteries_is_refused_by_the_same_finding(caller: Caller) -> None:
    prepared(caller)
    rows = (
        "batch_id,model_id,serial,manufactured_on,facility_id,responsible_operator_id\n"
        f"b-7,{MODEL},SN-7,2024-12-02,{FACILITY},{OTHER}\n"
    )
    headers = {"authorization": f"Bearer {caller.key(MAKER)}", "content-type": "text/csv"}
    for query in ("?dry_run=true", ""):
        answer = caller.send("POST", f"/v1/registrations{query}", headers, rows.encode())
        assert answer.status in {200, 422}, answer.body
        assert "has not accepted" in answer.body.decode()
    assert caller.get(f"/01/{GTIN}/21/SN-7", accept="application/json").status == 404


def test_creating_a_passport_by_en_18222_asks_for_it_too(everywhere: Caller) -> None:
    acceptance = prepared(everywhere)
    document = creation("NEW-1", economicOperatorId=f"did:web:id.example.com:operators:{OTHER}")
    answer = send(everywhere, "POST", "/v1/dpps", document)
    assert answer.status == 400, answer.body
    assert "has not accepted" in answer.body.decode()
    given = everywhere.post("/v1/responsibility-acceptances", acceptance, by=OTHER)
    assert given.status == 201
    assert send(everywhere, "POST", "/v1/dpps", document).status == 201
