"""The calls of EN 18222 by HTTP: what they take, what they change, and how they refuse nonsense."""

import json
from datetime import timedelta
from typing import Any, Final
from urllib.parse import quote

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from api.app import MAX_BODY_BYTES
from api.dpp_results import STATUS_CODES
from passports.documents import utc_now
from passports.dpp.discovery import MAX_LIMIT, MAX_PRODUCTS
from passports.status_lists import revoke_passport
from passports.version_documents import acting_of
from passports.versions import list_versions
from tests.api.caller import JSON, Answer, Caller, batch
from tests.api.test_authority_routes import mandate
from tests.api.test_dpps_contract import creation
from tests.api.test_nothing_is_a_fault import HOSTILE, changed, places
from tests.worlds import ADDRESS, GTIN, IMPORTER, MAKER, MODEL, RIVAL

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


@pytest.fixture
def passport(caller: Caller) -> str:
    """The passport of a battery."""
    answer = caller.post("/v1/batches", batch("SN-1"), by=MAKER)
    identifier = answer.json()["passports"][0]["id"]
    assert isinstance(identifier, str)
    return identifier


@pytest.fixture(scope="module")
def here(issued: Caller) -> str:
    """The address of a passport that is only read."""
    found = issued.get(f"/v1/dpps/{encoded(f'{BASE}/SN-1')}").json()
    return f"/v1/dpps/{encoded(found['digitalProductPassportId'])}"


# --- addresses ------------------------------------------------------------------------------------


def test_a_link_with_slashes_is_one_segment_of_an_address(issued: Caller) -> None:
    link = f"{BASE}/SN%2F2"
    whole = issued.get(f"/v1/dpps/{encoded(link)}")
    assert whole.json()["uniqueProductIdentifier"] == link
    for product in (encoded(link), link.replace("%2F", "%252F")):
        assert issued.get(f"/v1/dppsByProductId/{product}").body == whole.body
    one = issued.get(f"/v1/dpps/{encoded(link)}/elements/{encoded('$.serial_number')}")
    assert one.json()["value"] == "SN/2"
    unencoded = issued.get(f"/v1/dpps/{link}")
    assert refused(unencoded, 404)["field"] == "path"


def test_a_serial_that_looks_like_an_address_of_an_element_is_a_serial(caller: Caller) -> None:
    serial = "A/elements/b"
    answer = caller.post("/v1/batches", batch(serial), by=MAKER)
    link = answer.json()["passports"][0]["link"]
    assert caller.get(f"/v1/dpps/{encoded(link)}").json()["serial_number"] == serial
    one = caller.get(f"/v1/dpps/{encoded(link)}/elements/$.serial_number")
    assert one.json()["value"] == serial


def test_a_path_with_slashes_in_it_stays_one_path(issued: Caller, here: str) -> None:
    for path in ("$['a/b']", "$.a/elements/b"):
        for text in (encoded(path), path):
            assert issued.get(f"{here}/elements/{text}").status in {400, 404}


def test_what_is_read_is_for_its_reader_alone(issued: Caller, here: str) -> None:
    for place in (here, f"{here}/elements/$.mass_kg"):
        headers = issued.get(place, by=MAKER).headers
        assert (headers["cache-control"], headers["vary"]) == ("no-store", "Authorization")
        assert "etag" not in headers


# --- nonsense -------------------------------------------------------------------------------------

NONSENSE: Final = [
    *(f"?representation={form}" for form in ("", "Full", "compressed,full", "x" * 5000, "%00")),
    *(
        f"/elements/{encoded(path)}"
        for path in ("", "x", "$", "$[", "$..", "$[?@.a]", "$" + ".a" * 300, "$[?search(@,'a')]")
    ),
    *(f"/elements/{raw}" for raw in ("%", "%ff", "%ED%A0%80", "%00", "$%0A", "\\")),
]


@pytest.mark.parametrize("tail", NONSENSE)
def test_nonsense_in_an_address_is_refused(issued: Caller, here: str, tail: str) -> None:
    answer = issued.get(here + tail)
    refused(answer, answer.status)
    assert answer.status in {400, 404}


@pytest.mark.parametrize(
    "identifier",
    [
        "x",
        "%",
        "%2F",
        "..%2F..",
        "urn:uuid:",
        "%00",
        "%ff%fe",
        "https%3A%2F%2F",
        "%ED%A0%80",
        "a" * 9000,
    ],
)
@pytest.mark.parametrize("method", ["GET", "PATCH", "DELETE"])
def test_an_identifier_of_nothing_is_not_found(
    issued: Caller, method: str, identifier: str
) -> None:
    body = {"cycle_count": 1} if method == "PATCH" else None
    answer = send(issued, method, f"/v1/dpps/{identifier}", body)
    refused(answer, 400 if identifier == "%00" else 404)


DATES: Final = [
    *(("", 400), ("now", 400), ("2027-02-18", 400), ("1", 400), ("2027-02-18T12:00:00", 400)),
    *(("2027-02-18T12:00:00+01:00", 400), ("9999-12-31T23:59:59Z", 400)),
    *(("0001-01-01T00:00:00Z", 404), ("0001-01-01T00:00:00%2B14:00", 400)),
    *(("1970-01-01T00:00:00Z", 404), ("%00", 400), ("9" * 5000, 400)),
]


def test_a_date_without_a_version_is_refused(everywhere: Caller) -> None:
    everywhere.post("/v1/batches", batch("SN-1"), by=MAKER)
    link = encoded(f"{BASE}/SN-1")
    for date, status in DATES:
        refused(everywhere.get(f"/v1/dppsByIdAndDate/{link}?date={date}"), status)


def test_a_date_in_another_zone_is_the_same_instant(issued: Caller, here: str) -> None:
    identifier, at = here.rpartition("/")[2], utc_now()
    local = (at + timedelta(hours=2)).strftime("%Y-%m-%dT%H:%M:%S%%2B02:00")
    answer = issued.get(f"/v1/dppsByIdAndDate/{identifier}?date={local}")
    assert answer.status == 200
    assert answer.body == issued.get(here).body


@pytest.mark.parametrize(
    "query",
    [
        *(
            "limit=0",
            "limit=-1",
            f"limit={MAX_LIMIT + 1}",
            "limit=1000000000",
            "limit=1e3",
            "limit=",
        ),
        *("limit=" + "9" * 5000, "limit=true", "cursor=", "cursor=x", "cursor=MA", "cursor=%00"),
        *("cursor=W10", "cursor=WzEsIngiXQ", "cursor=" + "A" * 5000, "cursor=bnVsbA"),
    ],
)
def test_pages_that_there_are_not_are_refused(issued: Caller, query: str) -> None:
    answer = issued.post(f"{SEARCH}?{query}", {"productIds": [f"{BASE}/SN-1", f"{BASE}/SN-2"]})
    refused(answer, 400)


def test_a_cursor_is_of_its_list(issued: Caller) -> None:
    links = [f"{BASE}/SN-1", f"{BASE}/SN%2F2", f"{BASE}/none"]
    page = issued.post(f"{SEARCH}?limit=1", {"productIds": links}).json()
    place = f"{SEARCH}?cursor={page['nextCursor']}"
    assert issued.post(place, {"productIds": links}).status == 200
    message = refused(issued.post(place, {"productIds": links[:2]}), 400)
    assert (message["field"], bool(message["remedy"])) == ("cursor", True)
    refused(issued.post(place[:-1], {"productIds": links}), 400)


NO_PRODUCTS: Final[list[Any]] = ["", "x", 1, None, [], "urn:uuid:1", "\ud800"]


@pytest.mark.parametrize(
    "body",
    [
        *({}, [], None, 1, "x", {"productIds": []}, {"productIds": {}}, {"productIds": "x"}),
        *({"productIds": [value]} for value in NO_PRODUCTS),
        {"productIds": [f"{BASE}/SN-1"], "more": 1},
        {"productIds": [f"{ADDRESS.base_url}/01/{GTIN[:-1]}9/21/SN-1"]},
        {"productIds": [f"{BASE}/{'9' * 21}"]},
    ],
)
def test_a_list_of_no_products_is_refused(issued: Caller, body: Any) -> None:
    refused(issued.post(SEARCH, body), 400)


def test_lists_that_are_too_long_are_refused(issued: Caller) -> None:
    links = [f"{BASE}/{number}" for number in range(MAX_PRODUCTS + 1)]
    assert issued.post(SEARCH, {"productIds": links[:-1]}).json() == {"dppIds": []}
    message = refused(issued.post(SEARCH, {"productIds": links}), 400)
    assert message["field"] == "productIds"


@pytest.mark.parametrize("announced", [True, False])
def test_a_hundred_megabytes_are_refused_before_they_are_read(
    issued: Caller, *, announced: bool
) -> None:
    chunk = b" " * (MAX_BODY_BYTES // 8)
    answer = issued.send("POST", SEARCH, JSON, *[chunk] * 25, announce=announced)
    assert refused(answer, 400)["field"] == "body"


@pytest.mark.parametrize(
    "media_type", ["text/plain", "application/xml", "", "json", "multipart/form-data"]
)
@pytest.mark.parametrize(
    ("method", "place"),
    [
        ("POST", SEARCH),
        ("POST", "/v1/dpps"),
        ("PATCH", "/v1/dpps/x"),
        ("PATCH", "/v1/dpps/x/elements/$.a"),
        ("PUT", "/v1/dpps/x/elements/$.a"),
    ],
)
def test_what_is_not_said_to_be_json_is_refused(
    issued: Caller, method: str, place: str, media_type: str
) -> None:
    headers = {"content-type": media_type, "authorization": f"Bearer {issued.key(MAKER)}"}
    assert refused(issued.send(method, place, headers, b"{}"), 400)["field"] == "Content-Type"


@pytest.mark.parametrize(
    "body",
    [b"", b"{", b"null", b"[]", b"1", b'"x"', b"\xff", b"NaN", b'{"a":1' + b"0" * 9000 + b"}"],
)
@pytest.mark.parametrize(
    ("method", "place"),
    [("POST", "/v1/dpps"), ("PATCH", "/v1/dpps/x"), ("PUT", "/v1/dpps/x/elements/$.a")],
)
def test_a_body_that_is_no_object_is_refused(
    issued: Caller, method: str, place: str, body: bytes
) -> None:
    headers = {**JSON, "authorization": f"Bearer {issued.key(MAKER)}"}
    answer = issued.send(method, place, headers, body)
    refused(answer, answer.status)
    assert answer.status in {400, 404}


def test_what_is_nested_too_deeply_is_refused(issued: Caller, here: str) -> None:
    headers = {**JSON, "authorization": f"Bearer {issued.key(MAKER)}"}
    for opening, closing in ((b'{"a":', b"}"), (b"[", b"]")):
        body = b'{"cycle_count":' + opening * 50_000 + b"1" + closing * 50_000 + b"}"
        refused(issued.send("PATCH", here, headers, body), 400)


@pytest.mark.parametrize(
    ("method", "place"),
    [
        ("PUT", "/v1/dpps/x"),
        ("POST", "/v1/dpps/x"),
        ("GET", "/v1/dpps"),
        ("DELETE", "/v1/dpps/x/elements/$.a"),
        ("GET", SEARCH),
        ("POST", "/v1/dppsByProductId/x"),
        ("DELETE", "/v1/dppsByIdAndDate/x"),
    ],
)
def test_other_methods_are_not_allowed(issued: Caller, method: str, place: str) -> None:
    assert refused(issued.send(method, place), 405)["field"] == "method"


# --- changes --------------------------------------------------------------------------------------


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
    caller: Caller, passport: str, patch: dict[str, Any], field: str
) -> None:
    answer = send(caller, "PATCH", f"/v1/dpps/{passport}", {"minutes_above_boundary": 1, **patch})
    message = refused(answer, 400)
    assert message["field"] == field
    assert message["reason"]
    assert message["remedy"]
    assert len(versions(caller, passport)) == 1


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
    caller: Caller, passport: str, method: str, path: str, body: Any, field: str
) -> None:
    answer = send(caller, method, f"/v1/dpps/{passport}/elements/{encoded(path)}", body)
    message = refused(answer, 400)
    assert (message["field"], bool(message["remedy"])) == (field, True)


def test_a_value_in_another_unit_is_refused_in_a_whole_passport_too(
    caller: Caller, passport: str
) -> None:
    element = {"elementId": "remaining_capacity_ah", "value": 90_000.0, "unit": "mAh"}
    place = f"/v1/dpps/{passport}?representation=full"
    message = refused(send(caller, "PATCH", place, {"elements": [element]}), 400)
    assert (message["field"], message["reason"]) == ("elements[0].unit", "the unit here is Ah")
    twice = {"elements": [{**element, "unit": "Ah"}] * 2}
    assert refused(send(caller, "PATCH", place, twice), 400)["field"] == "elements[1].elementId"
    wrong: tuple[Any, ...] = ({}, "x", [1], [{}], [None])
    for elements in wrong:
        refused(send(caller, "PATCH", place, {"elements": elements}), 400)
    refused(send(caller, "PATCH", place, {"cycle_count": 1}), 400)


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


# --- creation -------------------------------------------------------------------------------------


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
    ],
)
def test_what_cannot_be_mapped_is_refused_and_nothing_is_issued(
    caller: Caller, changes: dict[str, Any], field: str
) -> None:
    before = counted(caller)
    document = creation("N")
    if "digitalProductPassportId" not in changes:
        del document["digitalProductPassportId"]
    answer = send(caller, "POST", "/v1/dpps", {**document, **changes})
    message = refused(answer, 400)
    assert field in {m["field"] for m in answer.json()["message"]}
    assert message["reason"]
    assert message["remedy"]
    assert counted(caller) == before


def test_everything_that_is_wrong_with_a_header_is_said_at_once(caller: Caller) -> None:
    document = creation("N", granularity="model", economicOperatorId="x", facilityId="y")
    answer = send(caller, "POST", "/v1/dpps", document)
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


# --- discovery ------------------------------------------------------------------------------------

SETTINGS: Final = settings(
    deadline=None,
    max_examples=60,
    database=None,
    suppress_health_check=[HealthCheck.function_scoped_fixture, HealthCheck.too_slow],
)


@settings(SETTINGS, max_examples=30)
@given(
    st.lists(st.sampled_from(["SN-1", "SN%2F2", "none", "nobody"]), min_size=1, max_size=8),
    st.integers(1, 5),
)
def test_pages_together_are_the_whole_list(issued: Caller, serials: list[str], limit: int) -> None:
    query = {"productIds": [f"{BASE}/{serial}" for serial in serials]}
    whole = issued.post(SEARCH, query).json()
    found: list[str] = []
    place = f"{SEARCH}?limit={limit}"
    for _ in range(10):
        page = issued.post(place, query).json()
        assert 0 <= len(page["dppIds"]) <= limit
        found += page["dppIds"]
        if "nextCursor" not in page:
            break
        assert page["dppIds"]
        place = f"{SEARCH}?limit={limit}&cursor={page['nextCursor']}"
    assert found == whole["dppIds"]
    assert len(set(found)) == len(found) == len(set(serials) & {"SN-1", "SN%2F2"})


# --- whatever is sent -----------------------------------------------------------------------------

FULL_ELEMENT: Final = {
    "elementId": "accidents",
    "objectType": "MultiValuedDataElement",
    "value": [
        [
            {
                "elementId": "at",
                "objectType": "SingleValuedDataElement",
                "value": "2027-01-01T00:00:00Z",
            },
            {"elementId": "description", "objectType": "SingleValuedDataElement", "value": "x"},
            {
                "elementId": "document",
                "objectType": "RelatedResource",
                "url": "https://x.example/r",
                "sha256": "0" * 64,
            },
        ]
    ],
}
CALLS: Final[list[tuple[str, str, Any]]] = [
    ("POST", "/v1/dpps", creation("N", cycle_count=1, batch_id="b-9")),
    ("POST", "/v1/dpps?representation=full", {**creation("N"), "elements": [FULL_ELEMENT]}),
    ("PATCH", "{here}", {"cycle_count": 1, "accidents": [{"at": "2027-01-01T00:00:00Z"}]}),
    ("PATCH", "{here}?representation=full", {"elements": [FULL_ELEMENT]}),
    ("PATCH", "{here}/elements/$.accidents", FULL_ELEMENT),
    (
        "PUT",
        "{here}/elements/$.accidents[0].description",
        {"elementId": "description", "value": "x"},
    ),
    ("POST", SEARCH, {"productIds": [f"{BASE}/SN-1", f"{BASE}/x"]}),
]


@st.composite
def nearly_valid(draw: st.DrawFn) -> tuple[str, str, Any]:
    """Draw a call and a valid body of it after one to three changes."""
    method, place, document = draw(st.sampled_from(CALLS))
    for _ in range(draw(st.integers(1, 3))):
        path = draw(st.sampled_from(list(places(document))))
        change = draw(st.sampled_from(["replace", "replace", "remove", "add", "repeat"]))
        hostile = st.sampled_from(HOSTILE) | st.text(max_size=8) | st.floats() | st.integers()
        document = changed(document, path, change, draw(hostile))
    return method, place, document


def checked(caller: Caller, method: str, place: str, document: Any) -> None:
    """Send a body; the answer is a success or a result object, never a fault."""
    here = f"/v1/dpps/{encoded(f'{BASE}/SN-1')}"
    answer = send(caller, method, place.replace("{here}", here), document)
    assert answer.status < 500, (method, place, document, answer.body)
    if answer.status >= 400:
        refused(answer, answer.status)


@pytest.fixture
def with_passport(caller: Caller, passport: str) -> Caller:
    """An application that has a passport which changes."""
    assert passport
    return caller


@SETTINGS
@given(nearly_valid())
def test_a_nearly_valid_body_is_taken_or_refused(
    with_passport: Caller, drawn: tuple[str, str, Any]
) -> None:
    checked(with_passport, *drawn)


@pytest.mark.soak
@settings(SETTINGS, max_examples=5000)
@given(nearly_valid())
def test_thousands_of_nearly_valid_bodies_are_taken_or_refused(
    with_passport: Caller, drawn: tuple[str, str, Any]
) -> None:
    checked(with_passport, *drawn)


@pytest.mark.parametrize(("method", "place", "document"), CALLS)
def test_hostile_values_are_taken_or_refused(
    with_passport: Caller, method: str, place: str, document: Any
) -> None:
    for value in HOSTILE:
        checked(with_passport, method, place, value)
        for name in document:
            checked(with_passport, method, place, {**document, name: value})


def test_hostile_values_are_taken_or_refused_on_either_database(everywhere: Caller) -> None:
    everywhere.post("/v1/batches", batch("SN-1"), by=MAKER)
    for method, place, document in CALLS:
        *_, last = document
        for value in HOSTILE[::3]:
            checked(everywhere, method, place, {**document, last: value})


@SETTINGS
@given(
    st.binary(max_size=60).map(quote)
    | st.text(max_size=30).map(lambda text: quote(text, errors="surrogatepass", safe="%/$.[]")),
    st.sampled_from(
        ["/v1/dpps/", "/v1/dppsByProductId/", "/v1/dppsByIdAndDate/", "{here}/elements/"]
    ),
)
def test_whatever_stands_in_an_address_is_found_or_refused(
    issued: Caller, here: str, tail: str, place: str
) -> None:
    answer = issued.get(place.replace("{here}", here) + tail)
    if answer.status != 200:
        refused(answer, answer.status)
        assert answer.status in {400, 401, 403, 404, 405}
