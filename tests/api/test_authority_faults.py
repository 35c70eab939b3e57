"""Whatever is sent to the routes of authority, to the sign-in and as header or cookie: no fault."""

from datetime import timedelta
from typing import Any

import pytest
from hypothesis import strategies as st

from passports.documents import utc_now
from tests.api.caller import Caller
from tests.api.hostile import SETTINGS, check, nearly_valid
from tests.exhaustively import drawn
from tests.worlds import IMPORTER, MAKER, MODEL

LATER = (utc_now() + timedelta(days=30)).isoformat()
LEI = {"scheme": "lei", "value": "506700GE1G29325QX363"}
VALID: dict[str, dict[str, Any]] = {
    "/v1/keys": {"label": "press", "days": 9, "actions": ["read"]},
    "/v1/keys/000000000000/rotation": {"overlap_hours": 1, "days": 9},
    "/v1/identifiers": LEI,
    f"/v1/operators/{MAKER}/identifier-verifications": {
        **LEI,
        "method": "registry",
        "evidence": "gleif.org",
        "checked_on": "2026-11-01",
        "document_sha256": None,
    },
    f"/v1/operators/{MAKER}/identifier-withdrawals": LEI,
    "/v1/authorisations": {
        "agent": IMPORTER,
        "actions": ["issue"],
        "models": [MODEL],
        "valid_until": LATER,
        "document_title": "Mandate",
        "document_sha256": "ab" * 32,
    },
    "/v1/authorisations/none/revocation": {"reason": "ended"},
    "/v1/responsibility-acceptances": {
        "maker": IMPORTER,
        "models": [MODEL],
        "valid_until": LATER,
    },
    "/v1/responsibility-acceptances/none/end": {"reason": "ended"},
    "/v1/transfers": {
        "taker": IMPORTER,
        "passports": ["none"],
        "reason": "sold",
        "expires_at": LATER,
    },
    "/v1/transfers/none/end": {"reason": "no"},
    "/v1/grants/none/delegation": {
        "grantee": IMPORTER,
        "grantee_kind": "person",
        "models": [MODEL],
        "expires_at": LATER,
    },
}
Line = st.text(st.characters(codec="latin-1", exclude_categories=["Cc"]), max_size=80)


@drawn(nearly_valid(VALID), test=80, soak=600, limits=SETTINGS)
def test_a_nearly_valid_document_is_taken_or_refused(
    caller: Caller, nearly: tuple[str, bytes]
) -> None:
    check(caller, *nearly)


@drawn(nearly_valid(VALID), test=25, soak=300, limits=SETTINGS)
def test_a_nearly_valid_document_is_taken_or_refused_on_either_database(
    everywhere: Caller, nearly: tuple[str, bytes]
) -> None:
    check(everywhere, *nearly)


def test_every_route_of_authority_that_takes_json_is_among_them(issued: Caller) -> None:
    paths = issued.get("/openapi.json").json()["paths"]
    taking_json = {
        path
        for path, operations in paths.items()
        for operation in operations.values()
        if "application/json" in operation.get("requestBody", {}).get("content", {})
        and "authority" in operation["tags"]
    }
    for variable, value in (
        ("{key_id}", "000000000000"),
        ("{operator_id}", MAKER),
        ("{authorisation_id}", "none"),
        ("{acceptance_id}", "none"),
        ("{transfer_id}", "none"),
    ):
        taking_json = {path.replace(variable, value) for path in taking_json}
    assert taking_json == set(VALID) - {"/v1/grants/none/delegation"}


@drawn(
    body=st.binary(max_size=200) | st.text(max_size=60).map(lambda t: f"{t}.{t}.{t}".encode()),
    test=20,
    soak=200,
    limits=SETTINGS,
)
def test_whatever_is_brought_as_a_statement_is_refused(unchanged: Caller, body: bytes) -> None:
    for target in ("/v1/transfers/signed", "/v1/transfers/none/signed-acceptance"):
        check(unchanged, target, body, **{"content-type": "application/jose"})


@drawn(name=Line, bearer=Line, cookie=Line, test=16, soak=200, limits=SETTINGS)
def test_whatever_stands_in_a_header_is_taken_or_refused(
    unchanged: Caller, name: str, bearer: str, cookie: str
) -> None:
    check(unchanged, "/v1/keys", b"{}", **{"voltpass-acting-for": name})
    check(unchanged, "/v1/keys", b"{}", authorization=f"Bearer {bearer}")
    check(unchanged, "/v1/keys", b"{}", authorization=f"Bearer eyJ{bearer}.{name}.{cookie}")
    cookies = {"cookie": f"__Host-voltpass-session={cookie}; __Host-voltpass-form={name}"}
    for target in ("/account", "/sign-in"):
        assert unchanged.send("GET", target, cookies).status in {200, 303}
    for target in ("/sign-in", "/sign-out", "/account/keys/x/revoke"):
        kind = {"content-type": "application/x-www-form-urlencoded"}
        answer = unchanged.send(
            "POST", target, {**cookies, **kind}, f"form={name}".encode("latin-1")
        )
        assert answer.status < 500


@pytest.mark.parametrize(
    "body", [b"", b"api_key=%FF&form=%00", b"\xff" * 100, b"form=" + b"a" * 9999]
)
def test_hostile_forms_are_refused(unchanged: Caller, body: bytes) -> None:
    for kind in ("application/x-www-form-urlencoded", "multipart/form-data; boundary=x", "text/a"):
        answer = unchanged.send("POST", "/sign-in", {"content-type": kind}, body)
        assert 400 <= answer.status < 500
