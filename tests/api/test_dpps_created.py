"""Creating passports by EN 18222: what is mapped, and what is refused."""

from typing import Any

import pytest

from tests.api.caller import Caller
from tests.api.dpp_calls import BASE, creation, refused, send
from tests.worlds import ADDRESS, GTIN, MAKER, MODEL, RIVAL


def counted(caller: Caller) -> tuple[int, int, int]:
    """Return how many passports, batches and leaves of the log there are."""
    with caller.voltpass.store.reading() as reading:
        state = reading.log_state.lock() if caller.voltpass.store.is_sqlite else None
        passports, batches = reading.passports.page(), list(reading.batches.all())
        return len(passports), len(batches), state.size if state is not None else 0


def test_a_created_passport_says_what_was_sent(everywhere: Caller) -> None:
    document = creation(
        "NEW-1",
        batch_id="b-9",
        cycle_count=2,
        recycled_lead_pre_consumer_percent=3.5,
        serial_number="NEW-1",
        model_id=GTIN,
        mass_kg=419.87,
        battery_category="ev",
        contentSpecificationIds=[f"{ADDRESS.base_url}/v1/schemas/ec-2027-02/ev"],
    )
    answer = send(everywhere, "POST", "/v1/dpps", document)
    assert answer.status == 201, answer.body
    found = everywhere.get(answer.headers["location"].removeprefix(ADDRESS.base_url), by=MAKER)
    whole = found.json()
    assert whole["manufacturing_date"] == "2024-12"
    unequal = {n for n, v in document.items() if whole.get(n) != v}
    # The profile does not show the share to the public, but its writer sees it.
    assert unequal == {"digitalProductPassportId", "lastUpdated", "manufacturing_date"}
    page = everywhere.get(f"/01/{GTIN}/21/NEW-1", accept="application/json").json()
    assert page["credential"]["credentialSubject"]["batch"] == "b-9"


@pytest.mark.parametrize(
    ("changes", "field"),
    [
        *(
            ({name: None}, name)
            for name in (
                *("uniqueProductIdentifier", "granularity", "dppSchemaVersion"),
                *("economicOperatorId", "facilityId"),
            )
        ),
        ({"granularity": "model"}, "granularity"),
        ({"dppSchemaVersion": "EN 18223:2027"}, "dppSchemaVersion"),
        ({"dppStatus": "inactive"}, "dppStatus"),
        ({"lastUpdated": "yesterday"}, "lastUpdated"),
        ({"lastUpdate": 1}, "lastUpdate"),
        ({"digitalProductPassportId": "urn:uuid:1"}, "digitalProductPassportId"),
        (
            {"economicOperatorId": "did:web:elsewhere.example:operators:importer"},
            "economicOperatorId",
        ),
        ({"economicOperatorId": 5}, "economicOperatorId"),
        ({"facilityId": f"{ADDRESS.base_url}/facilities/rival/plant"}, "facilityId"),
        ({"facilityId": ["plant"]}, "facilityId"),
        ({"contentSpecificationIds": ["https://x.example/"]}, "contentSpecificationIds"),
        ({"contentSpecificationIds": "x"}, "contentSpecificationIds"),
        (
            {"contentSpecificationIds": [f"{ADDRESS.base_url}/v1/schemas/ec-2027-02/lmt"]},
            "contentSpecificationIds",
        ),
        ({"uniqueProductIdentifier": 1}, "uniqueProductIdentifier"),
        (
            {"uniqueProductIdentifier": f"https://id.gs1.org/01/{GTIN}/21/N"},
            "uniqueProductIdentifier",
        ),
        ({"uniqueProductIdentifier": f"{BASE}/N?x=1"}, "uniqueProductIdentifier"),
        (
            {"uniqueProductIdentifier": f"{ADDRESS.base_url}/01/09520123000004/21/N"},
            "uniqueProductIdentifier",
        ),
        ({"manufacturing_date": "2024-12"}, "manufacturing_date"),
        ({"manufacturing_date": "2999-12-01"}, "manufacturing_date"),
        ({"manufacturing_date": None}, "manufacturing_date"),
        ({"batch_id": "No Slug"}, "batch_id"),
        ({"batch_id": ["b"]}, "batch_id"),
        ({"mass_kg": 1.0}, "mass_kg"),
        ({"serial_number": "other"}, "serial_number"),
        ({"passport_id": "urn:uuid:1"}, "passport_id"),
        ({"rated_capacity_ah": 1.0}, "rated_capacity_ah"),
        ({"carbon_footprint_per_kwh": []}, "carbon_footprint_per_kwh"),
        ({"cycle_count": "two"}, "cycle_count"),
        ({"unknown": 1}, "unknown"),
        ({"predecessors": []}, "predecessors"),
    ],
)
def test_what_cannot_be_mapped_is_refused_and_nothing_is_issued(
    issued: Caller, changes: dict[str, Any], field: str
) -> None:
    before = counted(issued)
    document = creation("N")
    if "digitalProductPassportId" not in changes:
        del document["digitalProductPassportId"]
    answer = send(issued, "POST", "/v1/dpps", {**document, **changes})
    message = refused(answer, 400)
    assert field in {m["field"] for m in answer.json()["message"]}
    assert message["reason"]
    assert message["remedy"]
    assert counted(issued) == before


def test_everything_that_is_wrong_with_a_header_is_said_at_once(issued: Caller) -> None:
    document = creation("N", granularity="model", economicOperatorId="x", facilityId="y")
    answer = send(issued, "POST", "/v1/dpps", document)
    refused(answer, 400)
    fields = [message["field"] for message in answer.json()["message"]]
    assert fields == ["granularity", "economicOperatorId", "facilityId"]


def test_what_the_model_says_may_come_along_if_it_is_equal(caller: Caller) -> None:
    values = {"values": {"rated_capacity_ah": 140.0}, "reason": "measured"}
    assert send(caller, "PUT", f"/v1/battery-models/{MODEL}/attributes", values).status == 200
    different = creation("N", rated_capacity_ah=141.0)
    assert refused(send(caller, "POST", "/v1/dpps", different), 400)["field"] == "rated_capacity_ah"
    same = creation("N", rated_capacity_ah=140.0)
    assert send(caller, "POST", "/v1/dpps", same).status == 201


def test_what_is_restricted_of_a_model_stands_in_no_refusal(caller: Caller) -> None:
    values = {"values": {"cell_count": 734}, "reason": "counted"}
    assert send(caller, "PUT", f"/v1/battery-models/{MODEL}/attributes", values).status == 200
    answer = send(caller, "POST", "/v1/dpps", creation("N", cell_count=80))
    assert refused(answer, 400)["reason"] == "the records here say otherwise"
    assert b"734" not in answer.body
    assert send(caller, "POST", "/v1/dpps", creation("N", cell_count=734)).status == 201


def test_a_battery_gets_one_passport(caller: Caller) -> None:
    assert send(caller, "POST", "/v1/dpps", creation("N", batch_id="b-9")).status == 201
    before = counted(caller)
    again = refused(send(caller, "POST", "/v1/dpps", creation("N", batch_id="b-9")), 409)
    assert again["field"] == "uniqueProductIdentifier"
    second = refused(send(caller, "POST", "/v1/dpps", creation("M", batch_id="b-9")), 409)
    assert second["field"] == "batch_id"
    assert counted(caller) == before
    assert send(caller, "POST", "/v1/dpps", creation("M")).status == 201
    assert send(caller, "POST", "/v1/dpps", creation("L")).status == 201


def test_another_operators_model_is_no_model(caller: Caller) -> None:
    message = refused(send(caller, "POST", "/v1/dpps", creation("N"), RIVAL), 400)
    assert message["field"] == "uniqueProductIdentifier"
