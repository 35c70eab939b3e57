"""Reading by EN 18222: addresses, and how nonsense in them and in bodies is refused."""

import json
from datetime import timedelta
from typing import Any, Final

import pytest

from api.bodies import LIMITS
from api.dpp_results import STATUS_CODES, answer_result
from api.problems import PROBLEMS, problem_document
from passports.documents import utc_now
from passports.dpp.discovery import MAX_LIMIT, MAX_PRODUCTS
from tests.api.caller import JSON, Caller, batch
from tests.api.dpp_calls import BASE, SEARCH, encoded, refused, send
from tests.worlds import ADDRESS, GTIN, MAKER


@pytest.fixture(scope="module")
def here(issued: Caller) -> str:
    """The address of a passport that is only read."""
    found = issued.get(f"/v1/dpps/{encoded(f'{BASE}/SN-1')}").json()
    return f"/v1/dpps/{encoded(found['digitalProductPassportId'])}"


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
    chunk = b" " * (LIMITS["post_dpps_by_product_ids"].size_bytes // 8)
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
    ("method", "place", "allowed"),
    [
        ("PUT", "/v1/dpps/x", "GET, PATCH, DELETE"),
        ("POST", "/v1/dpps/x", "GET, PATCH, DELETE"),
        ("GET", "/v1/dpps", "POST"),
        ("DELETE", "/v1/dpps/x/elements/$.a", "GET, PUT, PATCH"),
        ("GET", SEARCH, "POST"),
        ("POST", "/v1/dppsByProductId/x", "GET"),
        ("DELETE", "/v1/dppsByIdAndDate/x", "GET"),
    ],
)
def test_other_methods_are_not_allowed(
    issued: Caller, method: str, place: str, allowed: str
) -> None:
    answer = issued.send(method, place)
    assert refused(answer, 405)["field"] == "method"
    assert answer.headers["allow"] == allowed


def test_every_refusal_there_is_has_its_status_in_the_standards_table() -> None:
    statuses = {status for status, _ in PROBLEMS.values()} | {
        400,
        405,
        406,
        413,
        415,
        422,
        500,
        503,
    }
    for status in statuses:
        answer = answer_result(problem_document(status, "kind", "title", "what is wrong"))
        result = json.loads(bytes(answer.body))
        assert result["statusCode"] == STATUS_CODES[answer.status_code]
        assert answer.status_code // 100 == status // 100
        assert [message["text"] for message in result["message"]] == ["what is wrong"]
