"""Art. 77(7) and (8) by HTTP: a recycler takes waste batteries and ends their passports; nobody else does."""

from datetime import timedelta

import pytest

from passports.documents import utc_now
from passports.operators import EconomicOperatorCreate, register_operator
from tests.api.caller import Caller, batch
from tests.worlds import ADDRESS, AUTHORITY, GTIN, IMPORTER, MAKER, NOW, RIVAL

RECYCLER, OTHER = "recycler", "other-recycler"


@pytest.fixture
def waste(served: Caller) -> tuple[Caller, str]:
    """A server with two recyclers and a battery that is waste, for which the importer answers."""
    for name in (RECYCLER, OTHER):
        request = EconomicOperatorCreate(id=name, name=name, roles=["recycler"], country="FR")
        store, keyring = served.voltpass.store, served.voltpass.keyring
        register_operator(store, keyring, ADDRESS, request, NOW)
    made = served.post("/v1/batches", batch("SN-1"), by=MAKER)
    passport = str(made.json()["passports"][0]["id"])
    assert say(served, passport, "waste", by=IMPORTER) == 200
    return served, passport


def say(caller: Caller, passport: str, status: str, by: str) -> int:
    """Say what a battery has become; return the status of the answer."""
    document = {"status": status, "reason": "seen in the plant"}
    return caller.post(f"/v1/passports/{passport}/life-cycle", document, by=by).status


def hand_over(caller: Caller, passport: str, taker: str) -> int:
    """Offer a passport as the importer; where that is let through, accept it; return the last status."""
    offer = {
        "taker": taker,
        "passports": [passport],
        "reason": "collected",
        "expires_at": (utc_now() + timedelta(days=30)).isoformat(),
    }
    made = caller.post("/v1/transfers", offer, by=IMPORTER)
    if made.status != 201:
        return made.status
    headers = {"authorization": f"Bearer {caller.key(taker)}"}
    return caller.send("POST", f"/v1/transfers/{made.json()['id']}/acceptance", headers).status


def end(caller: Caller, passport: str, by: str) -> int:
    """Delete a passport by EN 18222; return the status of the answer."""
    headers = {"authorization": f"Bearer {caller.key(by)}"}
    return caller.send("DELETE", f"/v1/dpps/{passport}", headers).status


@pytest.mark.parametrize("en18222", [False, True])
def test_a_recycler_that_answers_for_a_battery_ends_its_passport(
    waste: tuple[Caller, str], *, en18222: bool
) -> None:
    caller, passport = waste
    for stranger in (RECYCLER, OTHER, RIVAL, AUTHORITY):
        assert say(caller, passport, "recycled", by=stranger) == 403
        assert end(caller, passport, by=stranger) == 403
    assert hand_over(caller, passport, RECYCLER) == 200
    for stranger in (IMPORTER, MAKER, OTHER):
        assert say(caller, passport, "recycled", by=stranger) == 403
        assert end(caller, passport, by=stranger) == 403
    link = f"/01/{GTIN}/21/SN-1"
    assert caller.get(link, accept="application/json").status == 200
    if en18222:
        assert end(caller, passport, by=RECYCLER) == 204
    else:
        assert say(caller, passport, "recycled", by=RECYCLER) == 200
    tombstone = caller.get(link, accept="application/json")
    assert tombstone.status == 410
    page = caller.get(link, accept="text/html").body.decode()
    assert "Ended: recycled" in page
    assert "That is not a fault." in page
    assert "Not valid" not in page
    assert "At least one check failed" not in page
    subject = tombstone.json()["credential"]["credentialSubject"]
    assert (subject["responsibleOperator"]["id"], "ceased" in subject) == (RECYCLER, True)
    assert say(caller, passport, "recycled", by=RECYCLER) == 409


def test_a_recycler_does_not_take_what_is_no_waste(everywhere: Caller) -> None:
    request = EconomicOperatorCreate(
        id=RECYCLER, name="R", roles=["recycler"], country="FR", postal_address="1 Yard, Lyon"
    )
    register_operator(everywhere.voltpass.store, everywhere.voltpass.keyring, ADDRESS, request, NOW)
    made = everywhere.post("/v1/batches", batch("SN-1"), by=MAKER)
    passport = str(made.json()["passports"][0]["id"])
    assert hand_over(everywhere, passport, RECYCLER) == 403
    [refused] = everywhere.post(
        "/v1/batches", batch("SN-2", id="b-2", responsible_operator_id=RECYCLER), by=MAKER
    ).findings()
    assert refused["field"] == "responsible_operator_id"


def test_a_recycler_writes_what_it_measured_and_a_narrowed_key_ends_a_passport(
    waste: tuple[Caller, str],
) -> None:
    caller, passport = waste
    assert hand_over(caller, passport, RECYCLER) == 200
    made = caller.post("/v1/keys", {"label": "scale", "actions": ["passports"]}, by=RECYCLER)
    assert made.status == 201, made.body
    reading = {"measured_at": "2026-01-01T00:00:00Z", "values": {"cycle_count": 900}}
    target = f"/v1/passports/{passport}/dynamic-data"
    assert caller.post(target, {"readings": [reading]}, by=RECYCLER).status == 200
    caller._keys[RECYCLER] = made.json()["api_key"]  # the key that calls from here on
    assert caller.post(target, {"readings": [reading]}, by=RECYCLER).status == 403
    assert say(caller, passport, "recycled", by=RECYCLER) == 200
