"""Whatever is sent to the calls of EN 18222, nothing ends in a fault; pages are the whole list."""

from typing import Any, Final
from urllib.parse import quote

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from tests.api.caller import Caller, batch
from tests.api.dpp_calls import BASE, SEARCH, creation, encoded, refused, send
from tests.api.hostile import HOSTILE, changed, places
from tests.worlds import MAKER


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


@pytest.mark.parametrize("everywhere_in_it", [False, pytest.param(True, marks=pytest.mark.soak)])
@pytest.mark.parametrize(("method", "place", "document"), CALLS)
def test_hostile_values_are_taken_or_refused(
    with_passport: Caller, method: str, place: str, document: Any, *, everywhere_in_it: bool
) -> None:
    names = list(document)
    for turn, value in enumerate(HOSTILE):
        checked(with_passport, method, place, value)
        for name in names if everywhere_in_it else [names[turn % len(names)]]:
            checked(with_passport, method, place, {**document, name: value})


@pytest.mark.parametrize("step", [7, pytest.param(1, marks=pytest.mark.soak)])
def test_hostile_values_are_taken_or_refused_on_either_database(
    everywhere: Caller, step: int
) -> None:
    everywhere.post("/v1/batches", batch("SN-1"), by=MAKER)
    for turn, (method, place, document) in enumerate(CALLS):
        *_, last = document
        for value in HOSTILE[turn % step :: step]:  # to each call others
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
