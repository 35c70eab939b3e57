"""Changing and ending passports by EN 18222."""

import json
from typing import Any

import pytest

from passports.documents import utc_now
from passports.life.version_documents import acting_of
from passports.life.versions import list_versions
from tests.api.caller import JSON, Answer, Caller, batch
from tests.api.dpp_calls import BASE, creation, encoded, refused, send
from tests.api.test_authority_routes import mandate
from tests.revoking import revoke_passport
from tests.worlds import IMPORTER, MAKER, MODEL, RIVAL


@pytest.fixture
def passport(caller: Caller) -> str:
    """The passport of a battery."""
    answer = caller.post("/v1/batches", batch("SN-1"), by=MAKER)
    identifier = answer.json()["passports"][0]["id"]
    assert isinstance(identifier, str)
    return identifier


@pytest.fixture(scope="module")
def unchanged(issued: Caller) -> str:
    """The passport of a battery, for calls that are refused."""
    found = issued.get(f"/v1/dpps/{encoded(f'{BASE}/SN-1')}").json()
    return str(found["digitalProductPassportId"]).removeprefix("urn:uuid:")


def versions(caller: Caller, passport: str) -> list[tuple[int, str, str]]:
    """Return number, actor and reason of every version."""
    return [(v.version, v.actor, v.reason) for v in list_versions(caller.voltpass.store, passport)]


def test_a_change_is_a_new_version_with_actor_and_reason(caller: Caller, passport: str) -> None:
    here = f"/v1/dpps/{passport}"
    first = send(caller, "PATCH", f"{here}?reason=the%20first%20cycles", {"cycle_count": 3})
    assert first.json()["cycle_count"] == 3
    one = {"elementId": "cycle_count", "value": 4}
    send(caller, "PATCH", f"{here}/elements/$.cycle_count", one)
    send(caller, "PUT", f"{here}/elements/$.cycle_count", {**one, "value": 5})
    send(caller, "PUT", f"{here}/elements/$.cycle_count", {**one, "value": 5})  # changes nothing
    send(caller, "PATCH", here, {})
    assert versions(caller, passport) == [
        (1, MAKER, ""),
        (2, MAKER, "the first cycles"),
        (3, MAKER, "EN 18222: patch dpp element"),
        (4, MAKER, "EN 18222: put dpp element"),
    ]
    refused(send(caller, "PATCH", f"{here}?reason=%07", {"cycle_count": 9}), 400)
    refused(send(caller, "PATCH", f"{here}?reason=", {"cycle_count": 9}), 400)
    refused(send(caller, "PATCH", f"{here}?reason={'x' * 501}", {"cycle_count": 9}), 400)


def test_both_media_types_of_a_patch_are_taken(caller: Caller, passport: str) -> None:
    for number, media_type in enumerate(("application/json", "application/merge-patch+json")):
        headers = {"content-type": media_type, "authorization": f"Bearer {caller.key(MAKER)}"}
        body = json.dumps({"cycle_count": number}).encode()
        answer = caller.send("PATCH", f"/v1/dpps/{passport}", headers, body)
        assert answer.json()["cycle_count"] == number


@pytest.mark.parametrize(
    ("patch", "field"),
    [
        ({"mass_kg": 1.0}, "mass_kg"),
        ({"mass_kg": None}, "mass_kg"),
        ({"rated_capacity_ah": 1.0}, "rated_capacity_ah"),
        ({"recycled_lead_pre_consumer_percent": 1}, "recycled_lead_pre_consumer_percent"),
        ({"no_such_thing": 1}, "no_such_thing"),
        ({"elements": []}, "elements"),
        ({"cycle_count": "many"}, "cycle_count"),
        ({"cycle_count": -1}, "cycle_count"),
        ({"cycle_count": 1.5}, "cycle_count"),
        ({"cycle_count": True}, "cycle_count"),
        ({"cycle_count": {"a": 1}}, "cycle_count"),
        ({"accidents": [{"at": "yesterday", "description": "x"}]}, "accidents[0].at"),
        ({"battery_status": "recycled"}, "battery_status"),
        ({"battery_status": 1}, "battery_status"),
        ({"dppStatus": "invalid"}, "dppStatus"),
        ({"granularity": None}, "granularity"),
        ({"economicOperatorId": "did:web:id.example.com:operators:maker"}, "economicOperatorId"),
        ({"digitalProductPassportId": "urn:uuid:1"}, "digitalProductPassportId"),
    ],
)
def test_what_cannot_be_changed_is_refused_whole(
    issued: Caller, unchanged: str, patch: dict[str, Any], field: str
) -> None:
    answer = send(issued, "PATCH", f"/v1/dpps/{unchanged}", {"minutes_above_boundary": 1, **patch})
    message = refused(answer, 400)
    assert message["field"] == field
    assert message["reason"]
    assert message["remedy"]
    assert len(versions(issued, unchanged)) == 1


def test_a_passport_that_changed_meanwhile_is_not_changed(caller: Caller, passport: str) -> None:
    here = f"/v1/dpps/{passport}"
    whole = send(caller, "GET", here).json()
    assert send(caller, "PATCH", here, {**whole, "cycle_count": 1}).status == 200
    later = {**whole, "lastUpdated": "2026-01-01T00:00:00Z", "cycle_count": 2}
    message = refused(send(caller, "PATCH", here, later), 409)
    assert message["field"] in {"lastUpdate", "lastUpdated"}
    assert send(caller, "GET", here).json()["cycle_count"] == 1


def test_the_status_of_the_battery_follows_its_life(caller: Caller, passport: str) -> None:
    here = f"/v1/dpps/{passport}"
    used = send(caller, "PATCH", here, {"battery_status": "re-used", "cycle_count": 900})
    assert (used.json()["battery_status"], used.json()["cycle_count"]) == ("re-used", 900)
    assert "battery_status" not in caller.get(here).json()
    assert refused(send(caller, "PATCH", here, {"battery_status": None}), 400)["remedy"]
    refused(send(caller, "PATCH", here, {"battery_status": "original"}), 409)
    refused(
        send(caller, "PATCH", here, {"battery_status": "remanufactured"}), 409
    )  # a new passport
    assert send(caller, "DELETE", here).status == 204
    refused(send(caller, "PATCH", here, {"cycle_count": 901}), 409)
    assert send(caller, "DELETE", here).status == 204
    assert len(versions(caller, passport)) == 4


def test_a_part_of_an_element_is_changed_by_its_path(caller: Caller, passport: str) -> None:
    here = f"/v1/dpps/{passport}"
    events = [
        {"at": "2027-01-01T00:00:00Z", "description": "one"},
        {"at": "2027-02-01T00:00:00Z", "description": "two"},
    ]
    send(caller, "PATCH", here, {"accidents": events})

    def change(path: str, value: Any, name: str, method: str = "PATCH") -> Answer:
        body = {"elementId": name, "value": value}
        return send(caller, method, f"{here}/elements/{encoded(path)}", body)

    answer = change("$.accidents[1].description", "worse", "description")
    assert answer.json() == {"elementId": "description", "value": "worse"}
    assert change("$.accidents[-1].at", "2027-03-01T00:00:00Z", "at").status == 200
    found = send(caller, "GET", f"{here}/elements/$.accidents").json()["value"]
    assert found == [events[0], {"at": "2027-03-01T00:00:00Z", "description": "worse"}]
    one = {"url": "https://x.example/r.pdf", "sha256": "0" * 64}
    assert change("$.accidents[0].document", one, "document", "PUT").json()["value"] == one
    assert change("$.accidents[0].document", {"title": "R"}, "document").json()["value"] == {
        **one,
        "title": "R",
    }
    refused(change("$.accidents[0].document", {"title": "R"}, "document", "PUT"), 400)
    assert change("$.accidents[0].document", None, "document").json() == {"elementId": "document"}
    assert change("$.accidents[0]", None, "accidents[0]").status == 200
    assert len(send(caller, "GET", f"{here}/elements/$.accidents").json()["value"]) == 1
    refused(change("$.accidents[0].description", None, "description"), 400)  # it needs one
    for path, name in (
        ("$.accidents[7].description", "description"),
        ("$.accidents.description", "description"),
        ("$.accidents[0][0]", "accidents[0]"),
        ("$.accidents[0].description.x", "x"),
        ("$.cycle_count.value", "value"),
    ):
        refused(change(path, "x", name), 404)


@pytest.mark.parametrize(
    ("path", "body", "field"),
    [
        ("$", {"elementId": "$", "value": 1}, "elementIdPath"),
        ("$..cycle_count", {"elementId": "cycle_count", "value": 1}, "elementIdPath"),
        ("$.elements[0]", {"elementId": "cycle_count", "value": 1}, "elementIdPath"),
        ("$.dppStatus", {"elementId": "dppStatus", "value": "invalid"}, "elementIdPath"),
        ("$.cycle_count", {"elementId": "other", "value": 1}, "elementId"),
        ("$.cycle_count", {"value": 1}, "element.elementId"),
        ("$.cycle_count", {"elementId": "cycle_count"}, "cycle_count"),
        (
            "$.cycle_count",
            {"elementId": "cycle_count", "value": 1, "unit": "km"},
            "cycle_count.unit",
        ),
        ("$.mass_kg", {"elementId": "mass_kg", "value": 1}, "mass_kg"),
        ("$.unknown", {"elementId": "unknown", "value": 1}, "unknown"),
    ],
)
@pytest.mark.parametrize("method", ["PATCH", "PUT"])
def test_an_element_that_cannot_be_changed_is_refused(
    issued: Caller, unchanged: str, method: str, path: str, body: Any, field: str
) -> None:
    answer = send(issued, method, f"/v1/dpps/{unchanged}/elements/{encoded(path)}", body)
    message = refused(answer, 400)
    assert (message["field"], bool(message["remedy"])) == (field, True)


def test_a_value_in_another_unit_is_refused_in_a_whole_passport_too(
    issued: Caller, unchanged: str
) -> None:
    element = {"elementId": "remaining_capacity_ah", "value": 90_000.0, "unit": "mAh"}
    place = f"/v1/dpps/{unchanged}?representation=full"
    message = refused(send(issued, "PATCH", place, {"elements": [element]}), 400)
    assert (message["field"], message["reason"]) == ("elements[0].unit", "the unit here is Ah")
    twice = {"elements": [{**element, "unit": "Ah"}] * 2}
    assert refused(send(issued, "PATCH", place, twice), 400)["field"] == "elements[1].elementId"
    wrong: tuple[Any, ...] = ({}, "x", [1], [{}], [None])
    for elements in wrong:
        refused(send(issued, "PATCH", place, {"elements": elements}), 400)
    refused(send(issued, "PATCH", place, {"cycle_count": 1}), 400)


def test_only_who_is_responsible_changes_a_passport(caller: Caller, passport: str) -> None:
    here = f"/v1/dpps/{passport}"
    one = {"elementId": "cycle_count", "value": 1}
    for by, status in ((RIVAL, 403), (None, 401)):
        refused(send(caller, "PATCH", here, {"cycle_count": 1}, by), status)
        refused(send(caller, "PATCH", here, {}, by), status)
        refused(send(caller, "PUT", f"{here}/elements/$.cycle_count", one, by), status)
        refused(send(caller, "DELETE", here, None, by), status)
    assert len(versions(caller, passport)) == 1
    assert send(caller, "PATCH", here, {"cycle_count": 1}, IMPORTER).status == 200  # it is named
    assert versions(caller, passport)[1][1] == IMPORTER


def test_who_is_authorised_for_a_model_changes_its_passports_for_its_maker(
    caller: Caller, passport: str
) -> None:
    here, one = f"/v1/dpps/{encoded(f'{BASE}/SN-1')}", {"elementId": "cycle_count", "value": 2}
    headers = {
        **JSON,
        "authorization": f"Bearer {caller.key(RIVAL)}",
        "voltpass-acting-for": MAKER,
    }

    def call(method: str, place: str, body: Any) -> Answer:
        return caller.send(method, place, headers, json.dumps(body).encode())

    refused(call("PATCH", here, {"cycle_count": 1}), 403)
    lent = {"agent": RIVAL, "actions": ["passports", "issue"], "models": [MODEL]}
    answer = caller.post("/v1/authorisations", mandate(**lent), by=MAKER)
    assert answer.status == 201, answer.body
    assert call("PATCH", here, {"cycle_count": 1}).status == 200
    assert call("PUT", f"{here}/elements/$.cycle_count", one).status == 200
    with caller.voltpass.store.reading() as reading:
        changes = reading.passport_changes.of(passport)
    assert [(c.actor_id, acting_of(c.document)) for c in changes] == [(MAKER, RIVAL)] * 2
    # Of which model a passport would be that is not there yet, its address does not say.
    for more in ({}, {"model_id": MODEL}):
        answer = call("POST", "/v1/dpps", creation("N", **more))
        assert answer.status in {400, 403}


def test_what_was_revoked_is_neither_changed_nor_ended(caller: Caller, passport: str) -> None:
    voltpass = caller.voltpass
    revoke_passport(voltpass.store, voltpass.keyring, voltpass.address, MAKER, passport, utc_now())
    here = f"/v1/dpps/{passport}"
    refused(send(caller, "PATCH", here, {"cycle_count": 1}), 409)
    refused(send(caller, "DELETE", here), 409)
    assert caller.get(here).json()["dppStatus"] == "invalid"
