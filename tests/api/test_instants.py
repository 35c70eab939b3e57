"""Instants whose zone leads out of the calendar: every route that takes one refuses them by name."""

from typing import Any, Final
from urllib.parse import quote

import pytest

from passports.documents import utc_now
from signing.canonical import canonicalize
from signing.credentials import CredentialSigner
from tests.api.caller import Caller
from tests.worlds import FACILITY, GTIN, MAKER, MODEL

# In UTC these would lie in the years 10000 and 0.
OUTSIDE: Final = ("9999-12-31T23:59:59-23:59", "0001-01-01T00:00:00+23:59")
READINGS: Final = f"/v1/facilities/{FACILITY}/meter-readings"
BODIES: Final[dict[str, tuple[str, dict[str, Any], str]]] = {
    "when a grant ends": (
        "/v1/grants",
        {"grantee": "a", "grantee_kind": "person", "purpose": "repair", "models": [MODEL]},
        "expires_at",
    ),
    "when a part of a grant ends": ("/v1/grants/x/delegation", {"models": [MODEL]}, "expires_at"),
    "when an authorisation begins": ("/v1/authorisations", {}, "valid_from"),
    "when an authorisation ends": ("/v1/authorisations", {}, "valid_until"),
    "when an offer ends": ("/v1/transfers", {}, "expires_at"),
}


@pytest.mark.parametrize("instant", OUTSIDE)
@pytest.mark.parametrize("place", BODIES)
def test_a_document_with_such_an_instant_is_refused(
    everywhere: Caller, place: str, instant: str
) -> None:
    route, document, field = BODIES[place]
    answer = everywhere.post(route, {**document, field: instant}, by=MAKER)
    assert answer.status == 422
    assert "outside of the years" in {f["field"]: f["reason"] for f in answer.findings()}[field]


@pytest.mark.parametrize("instant", OUTSIDE)
@pytest.mark.parametrize("field", ["starts_at", "ends_at"])
def test_a_meter_reading_at_such_an_instant_is_refused(
    everywhere: Caller, field: str, instant: str
) -> None:
    now = utc_now().isoformat()
    reading = {"meter": "m", "starts_at": now, "ends_at": now, "quantity": 1, field: instant}
    answer = everywhere.post(READINGS, {"source": "a test", "readings": [reading]}, by=MAKER)
    assert answer.status == 422
    assert f"readings[0].{field}" in [finding["field"] for finding in answer.findings()]


@pytest.mark.parametrize("instant", OUTSIDE)
@pytest.mark.parametrize(
    "route",
    [
        "/v1/passports/x?at=",
        f"/v1/dppsByIdAndDate/{quote(f'https://id.example.com/01/{GTIN}/21/SN-1', safe='')}?date=",
    ],
)
def test_such_an_instant_in_an_address_is_refused(
    everywhere: Caller, route: str, instant: str
) -> None:
    assert everywhere.get(f"{route}{quote(instant)}").status in {400, 422}


@pytest.mark.parametrize("instant", OUTSIDE)
def test_a_credential_with_such_an_instant_gets_a_verdict(everywhere: Caller, instant: str) -> None:
    with everywhere.voltpass.store.reading() as reading:
        key = everywhere.voltpass.keyring.current(reading, MAKER)
    did = f"did:web:id.example.com:operators:{MAKER}"
    payload: dict[str, Any] = {
        "@context": ["https://www.w3.org/ns/credentials/v2"],
        "type": ["VerifiableCredential"],
        "issuer": did,
        "validUntil": instant,
        "credentialSubject": {},
    }
    credential = CredentialSigner(key, did).sign(canonicalize(payload)).decode()
    answer = everywhere.post("/v1/verify", {"credential": credential})
    assert answer.status == 200
    reasons = {step["step"]: step["reasonCode"] for step in answer.json()["steps"]}
    assert reasons["validity"] == "not_an_instant"


def test_a_period_whose_days_lie_outside_at_the_plant_is_refused(everywhere: Caller) -> None:
    days = {"period_from": "0001-01-01", "period_to": "2020-12-31", "timezone": "+14:00"}
    answer = everywhere.post(f"/v1/facilities/{FACILITY}/closed-periods", days, by=MAKER)
    assert answer.status == 422
    assert answer.findings()[0]["field"] == "period_from"
