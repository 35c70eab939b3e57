"""Whatever is sent, nothing ends in a fault: near-valid documents, mutated, on every POST; any link path."""

import base64
import json
from typing import Any
from urllib.parse import quote

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from tests.api.caller import JSON, PROBLEM, Caller, batch
from tests.api.hostile import HOSTILE, SETTINGS, check, nearly_valid
from tests.worlds import FACILITY, GTIN, MAKER, MODEL, demo_input, inventory

ENERGY = {**demo_input("facilities.json")[0]["energy"], "period_from": "2020-01-01"}
ENERGY["period_to"] = "2020-12-31"
VALID: dict[str, dict[str, Any]] = {
    "/v1/facilities": {**demo_input("facilities.json")[0]["facility"], "id": "another"},
    f"/v1/facilities/{FACILITY}/energy": ENERGY,
    "/v1/certificates": {
        "facility_id": FACILITY,
        "scheme": "PAS2060",
        "certified": True,
        "holder": "The plant",
        "valid_from": "2024-01-01",
        "issued_on": "2024-05",
        "scope": "facility",
        "evidence": "document",
        "source": "a test",
        "document": base64.b64encode(b"%PDF-1.7").decode(),
    },
    "/v1/battery-models": {
        **demo_input("model.json"),
        "id": "another",
        "gtin": "09520123000004",
    },
    "/v1/footprints": {"model_id": MODEL, "facility_id": FACILITY, "inventory": inventory()},
    "/v1/batches?dry_run=true": batch("A", "B"),
    "/v1/batches": batch("A", "B", id="hypothesis"),
    "/v1/operators": {"id": "fresh", "name": "F", "roles": ["manufacturer"], "country": "DE"},
    "/v1/verify": {"link": f"https://id.example.com/01/{GTIN}/21/SN-1", "credential": "a.b.c"},
}


@settings(SETTINGS, max_examples=60)
@given(nearly_valid(VALID))
def test_a_nearly_valid_document_is_taken_or_refused_on_sqlite(
    caller: Caller, drawn: tuple[str, bytes]
) -> None:
    check(caller, *drawn)


@settings(SETTINGS, max_examples=25)
@given(nearly_valid(VALID))
def test_a_nearly_valid_document_is_taken_or_refused_on_either_database(
    everywhere: Caller, drawn: tuple[str, bytes]
) -> None:
    check(everywhere, *drawn)


@pytest.mark.soak
@settings(SETTINGS, max_examples=5000)
@given(nearly_valid(VALID))
def test_thousands_of_nearly_valid_documents_are_taken_or_refused(
    everywhere: Caller, drawn: tuple[str, bytes]
) -> None:
    check(everywhere, *drawn)


def test_every_route_that_takes_json_is_among_them(issued: Caller) -> None:
    paths = issued.get("/openapi.json").json()["paths"]
    taking_json = {
        path.replace("{facility_id}", FACILITY)
        for path, operations in paths.items()
        for operation in operations.values()
        if "application/json" in operation.get("requestBody", {}).get("content", {})
        # Attributes and grants are mutated in test_attribute_routes.py, the calls of EN 18222 in
        # test_dpps.py, factories below.
        # Versions: test_version_routes.py; files and recipes: test_registrations.py.
        # Authority: test_authority_faults.py. Status: test_passport_status.py. Operators' data:
        # test_operator_changes.py.
        if not {
            "registrations",
            "versions",
            "attributes",
            "access",
            "authority",
            "factories",
            "status",
            "operators",
            "EN 18222",
        }
        & set(operation["tags"])
    }
    assert taking_json == {target.partition("?")[0] for target in VALID}


@pytest.mark.parametrize("target", [t for t in VALID if t != "/v1/operators"])
def test_the_documents_that_are_mutated_are_valid_to_begin_with(
    caller: Caller, target: str
) -> None:
    answer = caller.post(target, VALID[target], by=MAKER)
    assert answer.status in {200, 201}, answer.body


@SETTINGS
@given(
    st.binary(max_size=40).map(lambda raw: quote(raw).encode())
    | st.text(max_size=20).map(lambda text: quote(text, errors="surrogatepass", safe="%/").encode())
    | st.binary(max_size=20).filter(lambda raw: b"?" not in raw),
    st.sampled_from(["text/html", "application/json", "application/vc+jwt", "*/*"]),
)
def test_whatever_stands_behind_the_gtin_of_a_link_is_found_or_refused(
    issued: Caller, tail: bytes, accept: str
) -> None:
    answer = issued.send("GET", f"/01/{GTIN}/21/".encode() + tail, {"accept": accept})

    assert answer.status in {200, 400, 404, 422}
    if "html" not in accept and answer.status != 200:
        assert answer.media_type == PROBLEM


@settings(SETTINGS, max_examples=60)
@given(st.binary(max_size=200))
def test_any_bytes_as_a_credential_get_a_verdict_or_a_refusal(issued: Caller, data: bytes) -> None:
    text = data.decode("utf-8", errors="surrogateescape")
    body = json.dumps({"credential": text}).encode()
    answer = issued.send("POST", "/v1/verify", JSON, body)

    assert answer.status in {200, 422}
    if answer.status == 200:
        assert answer.json()["verdict"] in {"invalid", "cannot_tell"}


@settings(SETTINGS, max_examples=40)
@given(st.binary(max_size=300))
def test_any_bytes_as_a_body_are_refused(issued: Caller, body: bytes) -> None:
    check(issued, "/v1/batches?dry_run=true", body)


FACTORY_ROUTES = (
    f"/v1/facilities/{FACILITY}/meter-readings",
    f"/v1/facilities/{FACILITY}/dossier",
    f"/v1/facilities/{FACILITY}/documents",
    f"/v1/facilities/{FACILITY}/allocations",
    f"/v1/facilities/{FACILITY}/certified-energy",
    "/v1/facilities/nowhere/meter-readings",
    "/v1/certificates/issue",
    "/v1/certificates/no-such-certificate/status",
    f"/v1/facilities/{FACILITY}/production",
    f"/v1/facilities/{FACILITY}/production/none/withdrawal",
    f"/v1/facilities/{FACILITY}/meter-readings/none/withdrawal",
    f"/v1/facilities/{FACILITY}/closed-periods",
    f"/v1/facilities/{FACILITY}/closed-periods/2024-01-01/reopening",
    f"/v1/facilities/{FACILITY}/closed-periods/no-day/reopening",
    f"/v1/facilities/{FACILITY}/targets",
)


def hostile_documents(value: Any) -> list[bytes]:
    """Return a hostile value as a document, in one, and as parts of one."""
    documents = (value, [value], {"id": value}, {"readings": value, "figures": value})
    return [json.dumps(document).encode() for document in documents]


@pytest.mark.parametrize("target", FACTORY_ROUTES)
def test_hostile_documents_are_refused_on_the_routes_of_factories(
    caller: Caller, target: str
) -> None:
    for turn, value in enumerate(HOSTILE, start=FACTORY_ROUTES.index(target)):
        check(caller, target, hostile_documents(value)[turn % 4])


def test_hostile_documents_are_refused_on_the_routes_of_factories_on_either_database(
    everywhere: Caller,
) -> None:
    for turn, target in enumerate(FACTORY_ROUTES):
        for value in HOSTILE[turn % 5 :: 5]:
            check(everywhere, target, hostile_documents(value)[turn % 4])


@pytest.mark.soak
@pytest.mark.parametrize("target", FACTORY_ROUTES)
def test_every_hostile_document_is_refused_on_the_routes_of_factories(
    everywhere: Caller, target: str
) -> None:
    for value in HOSTILE:
        for document in hostile_documents(value):
            check(everywhere, target, document)
