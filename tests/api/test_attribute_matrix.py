"""Who sees what, for every attribute, every audience, and every form in which something goes out.

The matrix is generated from the table: no attribute is left out. Each given attribute gets a value of
its own, so that a value that turns up anywhere tells which attribute it came from.
"""

import json
import re
from collections.abc import Iterator, Mapping
from datetime import timedelta
from typing import Any, Final
from urllib.parse import quote

import pytest

from passports.access import POINTS, Access, Audience, may_read
from passports.attributes.table import AccessPoint, Attribute, Granularity, attributes, get_profile
from passports.documents import utc_now
from passports.dpp.data_elements import compress
from passports.identifiers import PublicAddress
from passports.keyring import Keyring
from passports.operators import EconomicOperatorCreate, register_operator
from passports.store import Store
from signing.selective_disclosure import decode_presentation
from tests.api.caller import JSON, Answer, Caller, batch, voltpass_on
from tests.conftest import SqliteDatabases
from tests.worlds import ADDRESS, AUTHORITY, GTIN, MAKER, MODEL, NOW, RIVAL, World

REPAIRER: Final = "repairer"
NOTIFIED: Final = "notified"
GIVEN: Final = [a for a in attributes().values() if a.is_given]
# Of the law, written out once more: what the code derives is held against it.
EXPECTED: Final[Mapping[str | None, set[int]]] = {
    None: {1},
    RIVAL: {1},
    AUTHORITY: {1, 2, 3},
    NOTIFIED: {1, 2, 3},
    REPAIRER: {1, 2, 4},
    MAKER: {1, 2, 3, 4},
}


def marked(attribute: Attribute, place: int) -> tuple[Any, str]:
    """Return a value of the attribute's type that nothing else has, and the text to look for."""
    text = f"canary-{place:03d}"
    number = 0.0101 + place / 1000 if attribute.type != "integer" else 70000 + place
    digest = f"{place:03d}".ljust(64, "c")
    values: dict[str, tuple[Any, str]] = {
        "text": (text, text),
        "texts": ([text], text),
        "month": (f"20{place % 90 + 10}-12", f"20{place % 90 + 10}-12"),
        # A battery's status is the one it begins with: it follows the life cycle.
        "choice": (attribute.choices[0] if attribute.choices else "", "original"),
        "document": ({"url": f"https://x.example/{text}", "sha256": digest}, text),
        "documents": ([{"url": f"https://x.example/{text}", "sha256": digest}], text),
        "substances": ([{"name": text}], text),
        "contacts": ([{"name": text}], text),
        "parts": ([{"part_number": text}], text),
        "events": ([{"at": "2027-01-01T00:00:00Z", "description": text}], text),
        "measurements": ([{"at": "2027-01-01T00:00:00Z", "value": number}], str(number)),
    }
    return values.get(attribute.type, (number, str(number)))


MARKED: Final = {a.id: marked(a, place) for place, a in enumerate(GIVEN)}


def write(caller: Caller, target: str, level: Granularity) -> None:
    """Write all given attributes of a level."""
    values = {a.id: MARKED[a.id][0] for a in GIVEN if a.granularity is level}
    body = json.dumps({"values": values, "reason": "the matrix"}).encode()
    headers = {**JSON, "authorization": f"Bearer {caller.key(MAKER)}"}
    answer = caller.send("PUT", target, headers, body)
    assert answer.status == 200, answer.body
    assert set(answer.json()["values"]) == set(values)


@pytest.fixture(scope="module")
def matrix(
    sqlite_databases: SqliteDatabases,
    keyring: Keyring,
    runner: Any,
    tmp_path_factory: pytest.TempPathFactory,
) -> Iterator[tuple[Caller, str]]:
    """A server where every attribute that can be given was given, and the passport of its battery."""
    store = sqlite_databases.make(populated=True)
    register(store, keyring, REPAIRER, "importer")
    register(store, keyring, NOTIFIED, "notified_body")
    caller = Caller(voltpass_on(World(store, keyring), tmp_path_factory.mktemp("matrix")), runner)
    write(caller, f"/v1/battery-models/{MODEL}/attributes", Granularity.MODEL)
    write(caller, "/v1/batches/b-1/attributes", Granularity.BATCH)
    answer = caller.post("/v1/batches", batch("SN-1"), by=MAKER)
    passport = answer.json()["passports"][0]["id"]
    write(caller, f"/v1/passports/{passport}/attributes", Granularity.ITEM)
    grant = {
        "grantee": REPAIRER,
        "grantee_kind": "organisation",
        "purpose": "repair",
        "batteries": [passport],
        "expires_at": (utc_now() + timedelta(days=1)).isoformat(),
    }
    answer = caller.post("/v1/grants", grant, by=MAKER)
    assert answer.status == 201, answer.body
    yield caller, passport
    store.close()


def register(store: Store, keyring: Keyring, name: str, role: str) -> None:
    """Register another operator."""
    request = EconomicOperatorCreate(id=name, name=name, roles=[role], country="DE")
    register_operator(store, keyring, PublicAddress(ADDRESS.base_url), request, NOW)


def may(reader: str | None, attribute: Attribute) -> bool:
    """Tell what the law lets a reader see, with nothing of the code under test but the table."""
    if reader == MAKER:
        return True  # it wrote them
    shown = get_profile("voluntary-footprint").shows(attribute.id, "ev")
    return shown and attribute.access_point in EXPECTED[reader]


@pytest.mark.parametrize("reader", EXPECTED)
def test_json_holds_for_each_reader_exactly_what_it_may_see(
    matrix: tuple[Caller, str], reader: str | None
) -> None:
    caller, passport = matrix
    answer = caller.get(f"/v1/passports/{passport}/attributes", by=reader)
    assert answer.status == 200
    shown = answer.json()["attributes"]
    for attribute in GIVEN:
        assert (attribute.id in shown) is may(reader, attribute), attribute.id
        if attribute.id in shown:
            assert shown[attribute.id]["value"] == MARKED[attribute.id][0]
            assert shown[attribute.id]["from"] == attribute.granularity.value
            assert shown[attribute.id].get("unit", "") == attribute.unit
    assert answer.headers["cache-control"] == "no-store"


def places(passport: str) -> list[str]:
    """Return every address that tells something about a battery, its model or its batch."""
    of_model, of_batch = f"/v1/battery-models/{MODEL}", "/v1/batches/b-1"
    of_passport = f"/v1/passports/{passport}"
    return [
        *(f"{of_model}/attributes?operator={MAKER}", f"{of_model}/restricted?operator={MAKER}"),
        *(f"{of_model}/attributes/versions", f"{of_model}/completeness"),
        f"{of_batch}/attributes?operator={MAKER}",
        *(of_passport, f"{of_passport}/attributes", f"{of_passport}/attributes/versions"),
        *(f"{of_passport}/restricted/model", f"{of_passport}/restricted/item"),
        *(f"{of_passport}/restricted/batch", f"{of_passport}/completeness"),
        *(f"{of_passport}/qr.svg", f"{of_passport}/label.svg", f"{of_passport}/log-proof"),
        *("/01/09520123456788/21/SN-1", "/v1/access-log", f"/v1/access-log?operator={MAKER}"),
        *("/v1/grants", "/log/checkpoint", "/", "/v1/attributes", "/v1/schemas/ec-2027-02/ev"),
        *en_18222_places(passport),
    ]


def en_18222_places(passport: str) -> list[str]:
    """Return every address at which the calls of EN 18222 tell something about a battery."""
    link = quote(f"{ADDRESS.base_url}/01/{GTIN}/21/SN-1", safe="")
    later = quote(f"{utc_now():%Y-%m-%dT%H:%M:%SZ}")
    found = []
    for form in ("compressed", "full"):
        asked = f"representation={form}"
        found += [
            *(f"/v1/dpps/{passport}?{asked}", f"/v1/dpps/{link}?{asked}"),
            f"/v1/dppsByProductId/{link}?{asked}",
            f"/v1/dppsByIdAndDate/{passport}?date={later}&{asked}",
            *(f"/v1/dpps/{passport}/elements/{quote(path)}?{asked}" for path in SEARCHES),
        ]
    return found


# Paths that search: what they would find is hidden from some, and so is whether they would find it.
SEARCHES: Final = (
    *("$", "$.elements", "$.*", "$..value", "$..*", "$.elements[0]", "$.elements[90]"),
    *("$.elements[?@.elementId=='accidents']", "$[?@>0.01]", "$..[?@.name]", "$.elements[-1:]"),
)


FORMS: Final = ("application/json", "text/html", "application/vc+jwt", "application/vc")
# Only the printed link answers in several forms; the page there is the passport's page.
NEGOTIATED: Final = "/01/"


def told(answer: Answer) -> str:
    """Return everything that an answer tells: headers, body, and what is encoded in it."""
    text = "\n".join([*answer.headers.values(), answer.body.decode(errors="replace")])
    if answer.media_type == "application/dc+sd-jwt":
        text += json.dumps(decode_presentation(answer.body).payload)
    elif answer.media_type == "application/vc+jwt":
        text += json.dumps(decode_presentation(answer.body + b"~").payload)
    return text


def forms_of(turn: int, place: str, *, all_forms: bool) -> tuple[str, ...]:
    """Return the forms in which a place is asked for: all it has, or programs' and people's in turns."""
    if place.startswith(NEGOTIATED):
        return FORMS
    return FORMS[:2] if all_forms else (FORMS[turn % 2],)


@pytest.mark.parametrize("all_forms", [False, pytest.param(True, marks=pytest.mark.soak)])
@pytest.mark.parametrize("reader", [reader for reader in EXPECTED if reader != MAKER])
def test_nothing_that_goes_out_in_any_form_holds_what_its_reader_may_not_see(
    matrix: tuple[Caller, str], reader: str | None, *, all_forms: bool
) -> None:
    caller, passport = matrix
    hidden = [a for a in GIVEN if not may(reader, a)]
    assert {a.access_point for a in hidden} >= set(AccessPoint) - EXPECTED[reader]
    begin = list(EXPECTED).index(reader)  # so that another reader asks in the other form
    for turn, place in enumerate(places(passport), start=begin):
        for form in forms_of(turn, place, all_forms=all_forms):
            text = told(caller.get(place, by=reader, accept=form))
            found = [a.id for a in hidden if is_told(a, text)]
            assert not found, (place, form)


def is_told(attribute: Attribute, text: str) -> bool:
    """Tell whether an attribute's own value stands in a text."""
    needle = MARKED[attribute.id][1]
    if attribute.type == "integer":  # as a number of its own: a hash has such digits by chance
        return re.search(rf"(?<![\w.-]){needle}(?!\w)", text) is not None
    if attribute.type not in {"choice", "month"}:
        return needle in text
    # Words that occur elsewhere: with the name before them, in any of the forms.
    dense = text.replace('": ', '":').replace(', "', ',"')
    member, element = f'"{attribute.id}":', f'"elementId":"{attribute.id}"'
    return (
        f'{member}"{needle}"' in dense
        or f'{member}{{"value":"{needle}"' in dense
        or element in dense
    )


@pytest.mark.parametrize("reader", EXPECTED)
def test_a_digital_product_passport_holds_for_each_reader_exactly_what_it_may_see(
    matrix: tuple[Caller, str], reader: str | None
) -> None:
    caller, passport = matrix
    compressed = caller.get(f"/v1/dpps/{passport}", by=reader).json()
    full = caller.get(f"/v1/dpps/{passport}?representation=full", by=reader).json()
    elements = {element["elementId"]: element for element in full["elements"]}
    assert set(elements) == set(compressed) & set(attributes())
    for attribute in GIVEN:
        assert (attribute.id in elements) is may(reader, attribute), attribute.id
        if attribute.id in elements:
            value = MARKED[attribute.id][0]
            assert compressed[attribute.id] == value
            assert compress(elements[attribute.id], attribute.id) == value
            assert elements[attribute.id].get("unit", "") == attribute.unit


def some_of_each_kind(reader: str | None, form: str) -> list[Attribute]:
    """Return an attribute of each point, every second kind of the rest, and a share of all.

    The other form has the other kinds, each reader another share.
    """
    kinds = {(a.access_point, a.type, a.granularity): a for a in GIVEN}
    chosen = [
        *{a.access_point: a for a in GIVEN}.values(),
        *list(kinds.values())[form == "full" :: 2],
        *GIVEN[list(EXPECTED).index(reader) :: len(EXPECTED)],
    ]
    return list({a.id: a for a in chosen}.values())


@pytest.mark.parametrize("all_of_them", [False, pytest.param(True, marks=pytest.mark.soak)])
@pytest.mark.parametrize("form", ["compressed", "full"])
@pytest.mark.parametrize("reader", EXPECTED)
def test_an_element_is_read_by_path_by_exactly_those_who_may_see_it(
    matrix: tuple[Caller, str], reader: str | None, form: str, *, all_of_them: bool
) -> None:
    caller, passport = matrix
    for attribute in GIVEN if all_of_them else some_of_each_kind(reader, form):
        place = f"/v1/dpps/{passport}/elements/$.{attribute.id}?representation={form}"
        answer = caller.get(place, by=reader)
        if may(reader, attribute):
            assert answer.status == 200, attribute.id
            found = answer.json()
            value = found["value"] if form == "compressed" else compress(found, attribute.id)
            assert value == MARKED[attribute.id][0]
        else:
            assert answer.status == (401 if reader is None else 403), attribute.id
            assert not is_told(attribute, told(answer))


@pytest.mark.parametrize("reader", EXPECTED)
@pytest.mark.parametrize("level", ["model", "item"])
def test_a_presentation_discloses_exactly_what_its_reader_may_see(
    matrix: tuple[Caller, str], reader: str | None, level: str
) -> None:
    caller, passport = matrix
    answer = caller.get(f"/v1/passports/{passport}/restricted/{level}", by=reader)
    restricted = [a for a in GIVEN if a.granularity.value == level and a.access_point > 1]
    allowed = {a.id for a in restricted if may(reader, a)}
    if not allowed:
        assert answer.status == (401 if reader is None else 403)
        return
    assert (answer.status, answer.media_type) == (200, "application/dc+sd-jwt")
    disclosed = decode_presentation(answer.body).payload["attributes"]
    assert isinstance(disclosed, dict)
    assert set(disclosed) == allowed
    for attribute in restricted:
        if attribute.id in allowed:
            assert disclosed[attribute.id]["value"] == MARKED[attribute.id][0]


@pytest.mark.parametrize("audience", Audience)
@pytest.mark.parametrize("name", attributes())
def test_the_one_decision_is_annex_xiii(audience: Audience, name: str) -> None:
    law = {"public": {1}, "authority": {1, 2, 3}, "legitimate_interest": {1, 2, 4}}
    attribute = attributes()[name]
    access = Access("somebody", frozenset({audience}))
    seen = attribute.access_point in law.get(audience.value, {1})
    assert may_read(access, attribute, "another", is_shown=True) is seen
    assert may_read(access, attribute, None, is_shown=True) is seen
    assert not may_read(access, attribute, "another", is_shown=False)
    own = may_read(access, attribute, "somebody", is_shown=False)
    assert own is (audience is Audience.RESPONSIBLE)


@pytest.mark.parametrize("name", attributes())
def test_without_an_audience_everything_is_denied(name: str) -> None:
    nobody = Access(None, frozenset())
    assert not may_read(nobody, attributes()[name], None, is_shown=True)
    responsible_for_nothing = Access(None, frozenset({Audience.RESPONSIBLE}))
    restricted = attributes()[name].access_point > 1
    if restricted:
        assert not may_read(responsible_for_nothing, attributes()[name], None, is_shown=True)


def test_audiences_are_not_nested() -> None:
    points = [POINTS[a] for a in (Audience.AUTHORITY, Audience.LEGITIMATE_INTEREST)]
    assert points[0] - points[1] == {3}
    assert points[1] - points[0] == {4}


def test_every_given_attribute_has_a_value_of_its_own() -> None:
    needles = [MARKED[a.id][1] for a in GIVEN if a.type not in {"choice", "month"}]
    assert len(set(needles)) == len(needles)
    assert not any(a in b for a in needles for b in needles if a != b)
