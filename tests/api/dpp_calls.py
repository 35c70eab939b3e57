"""Calls of EN 18222 in tests: addresses, bodies, and what a refusal looks like."""

import json
from typing import Any, Final
from urllib.parse import quote

from api.dpp_results import STATUS_CODES
from tests.api.caller import JSON, Answer, Caller
from tests.worlds import ADDRESS, GTIN, MAKER

BASE: Final = f"{ADDRESS.base_url}/01/{GTIN}/21"
SEARCH: Final = "/v1/dppsByProductIds"


def encoded(text: str) -> str:
    """Return a text as one segment of a path."""
    return quote(text, safe="", errors="surrogatepass")


def send(
    caller: Caller, method: str, place: str, body: Any = None, by: str | None = MAKER
) -> Answer:
    """Make a call with somebody's key."""
    headers = dict(JSON) if body is not None else {}
    if by is not None:
        headers["authorization"] = f"Bearer {caller.key(by)}"
    return caller.send(
        method, place, headers, *([json.dumps(body).encode()] if body is not None else [])
    )


def refused(answer: Answer, status: int) -> dict[str, Any]:
    """Check that an answer is a result object of a status; return its first message."""
    assert (answer.status, answer.media_type) == (status, "application/json"), answer.body
    result = answer.json()
    assert result["statusCode"] == STATUS_CODES[status]
    assert answer.headers["cache-control"] == "no-store"
    for message in result["message"]:
        assert message["messageType"] == "Error"
        assert message["text"]
    first: dict[str, Any] = result["message"][0]
    return first


def creation(serial: str, **changes: Any) -> dict[str, Any]:
    """Return the document of a passport that is to be created, whole as the contract asks for it."""
    link = f"{ADDRESS.base_url}/01/{GTIN}/21/{serial}"
    return {
        "digitalProductPassportId": link,
        "uniqueProductIdentifier": link,
        "granularity": "item",
        "dppSchemaVersion": "EN 18223:2026",
        "dppStatus": "active",
        "lastUpdated": "2026-11-22T12:00:00Z",
        "economicOperatorId": "did:web:id.example.com:operators:importer",
        "facilityId": f"{ADDRESS.base_url}/facilities/maker/plant",
        "manufacturing_date": "2024-12-02",
        **changes,
    }
