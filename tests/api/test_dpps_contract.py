"""The calls of EN 18222 against a contract that others wrote (openepcis-dpp-ready, Apache-2.0).

Each call is made, each answer is held against the schema that the contract has for the call and the
status. The contract's alternatives are open schemas that overlap, so that taken literally nothing fits
exactly one of them: as OpenAPI says, the discriminator chooses, and for passports the representation.
"""

import json
from typing import Any, Final
from urllib.parse import quote

import pytest
from jsonschema import Draft202012Validator

from passports.attributes.table import attributes
from tests.api.caller import JSON, Answer, Caller, batch
from tests.api.dpp_calls import creation
from tests.paths import SHARED
from tests.worlds import ADDRESS, AUTHORITY, GTIN, IMPORTER, MAKER, MODEL, RIVAL

CONTRACT: Final = SHARED / "schemas" / "en18222" / "en18222-dpp-api.openapi.yaml"
NOBODY: Final = "00000000-0000-4000-8000-000000000000"
ID, PRODUCT, DATE = (
    "/v1/dpps/{dppId}",
    "/v1/dppsByProductId/{productId}",
    "/v1/dppsByIdAndDate/{dppId}",
)
ELEMENT, SEARCH, CREATE = (
    "/v1/dpps/{dppId}/elements/{elementIdPath}",
    "/v1/dppsByProductIds",
    "/v1/dpps",
)
LINK: Final = f"{ADDRESS.base_url}/01/{GTIN}/21/SN-1"
# Not part of a passport's server (EN 18222, 5.2): the registry's own call.
OF_THE_REGISTRY: Final = {("post", "/v1/registerDPP")}
# What no answer of a test can be made to be, or this server never says.
NEVER_SAID: Final = {"202", "500", "501", "502"}


@pytest.fixture(scope="session")
def contract() -> dict[str, Any]:
    """The contract; tests that need it are skipped where it does not lie."""
    yaml = pytest.importorskip("yaml")
    if not CONTRACT.exists():
        pytest.skip("the contract is not here")
    document: dict[str, Any] = yaml.safe_load(CONTRACT.read_text(encoding="utf-8"))
    return {**document, "x-chosen": chosen(document["components"])}


def chosen(node: Any) -> Any:
    """Return a schema in which discriminators choose, instead of exactly one alternative fitting."""
    if isinstance(node, list):
        return [chosen(item) for item in node]
    if not isinstance(node, dict):
        return node
    found = {key: chosen(value) for key, value in node.items() if key != "oneOf"}
    if "discriminator" not in node:
        return {**found, **({"anyOf": chosen(node["oneOf"])} if "oneOf" in node else {})}
    name, mapping = node["discriminator"]["propertyName"], node["discriminator"]["mapping"]
    of_kind = [
        {
            "if": {"required": [name], "properties": {name: {"const": kind}}},
            "then": {"$ref": reference},
        }
        for kind, reference in mapping.items()
    ]
    known = {"properties": {name: {"enum": list(mapping)}}}
    base = {"$ref": "#/components/schemas/DataElementBase"}
    return {**found, "allOf": [*of_kind, known, base]}


def faults(contract: dict[str, Any], schema: dict[str, Any], document: Any) -> list[str]:
    """Return what of a document breaks a schema of the contract."""
    whole = {**chosen(schema), "components": contract["x-chosen"]}
    return [error.message for error in Draft202012Validator(whole).iter_errors(document)]


def resolved(contract: dict[str, Any], node: dict[str, Any]) -> dict[str, Any]:
    """Follow one reference within the contract."""
    if "$ref" not in node:
        return node
    found: Any = contract
    for step in node["$ref"].removeprefix("#/").split("/"):
        found = found[step]
    assert isinstance(found, dict)
    return found


def hold(
    contract: dict[str, Any], call: tuple[str, str], answer: Answer, component: str | None = None
) -> None:
    """Hold an answer against what the contract says of a call: status, media type, schema."""
    method, path = call
    responses = contract["paths"][path][method]["responses"]
    assert str(answer.status) in responses, (call, answer.status, answer.body)
    response = resolved(contract, responses[str(answer.status)])
    if "content" not in response:
        assert answer.body == b""
        return
    assert answer.media_type in response["content"]
    schema = response["content"][answer.media_type]["schema"]
    if component is not None:
        schema = {"$ref": f"#/components/schemas/{component}"}
    assert faults(contract, schema, answer.json()) == []
    if answer.status >= 400:
        name = response["description"].partition(" ")[0]
        assert answer.json()["statusCode"] == name
        assert all(message["text"] for message in answer.json()["message"])


@pytest.fixture(scope="module")
def passport(issued: Caller) -> str:
    """The passport of the battery SN-1."""
    found = issued.get(f"/v1/dpps/{quote(LINK, safe='')}").json()["digitalProductPassportId"]
    assert isinstance(found, str)
    return found


FORMS: Final = {
    "compressed": "DigitalProductPassportCompressed",
    "full": "DigitalProductPassportFull",
}


@pytest.mark.parametrize("form", FORMS)
@pytest.mark.parametrize("reader", [None, AUTHORITY, MAKER])
def test_passports_are_read_as_the_contract_says(
    contract: dict[str, Any], issued: Caller, passport: str, form: str, reader: str | None
) -> None:
    asked = f"representation={form}"
    link = quote(LINK, safe="")
    at = issued.get(f"/v1/dpps/{passport}").json()["lastUpdated"]
    for path, place in {
        ID: f"/v1/dpps/{passport}?{asked}",
        PRODUCT: f"/v1/dppsByProductId/{link}?{asked}",
        DATE: f"/v1/dppsByIdAndDate/{passport}?date={at}&{asked}",
    }.items():
        answer = issued.get(place, by=reader)
        assert answer.status == 200
        hold(contract, ("get", path), answer, FORMS[form])
        assert "elements" in answer.json() if form == "full" else "mass_kg" in answer.json()


@pytest.mark.parametrize("form", FORMS)
def test_every_element_of_a_passport_is_an_element_of_the_contract(
    contract: dict[str, Any], issued: Caller, passport: str, form: str
) -> None:
    names = issued.get(f"/v1/dpps/{passport}").json()
    for name in names:
        place = f"/v1/dpps/{passport}/elements/{quote(f'$.{name}')}?representation={form}"
        answer = issued.get(place)
        assert answer.status == 200, name
        hold(contract, ("get", ELEMENT), answer)
        assert answer.json()["elementId"] == name


def test_the_passports_of_products_are_found_as_the_contract_says(
    contract: dict[str, Any], issued: Caller
) -> None:
    others = [f"{ADDRESS.base_url}/01/{GTIN}/21/{serial}" for serial in ("SN%2F2", "none")]
    query = {"productIds": [*others, LINK]}
    schema = contract["paths"][SEARCH]["post"]["requestBody"]["content"]["application/json"]
    assert faults(contract, schema["schema"], query) == []
    first = issued.post(f"{SEARCH}?limit=1", query)
    hold(contract, ("post", SEARCH), first)
    second = issued.post(f"{SEARCH}?limit=1&cursor={first.json()['nextCursor']}", query)
    hold(contract, ("post", SEARCH), second)
    assert "nextCursor" not in second.json()
    assert len({*first.json()["dppIds"], *second.json()["dppIds"]}) == 2


def refusals(passport: str) -> list[tuple[int, str, str, str, str | None, Any]]:
    """Return (status, method, path of the contract, address, by whom, body) of what is refused."""
    nobody, element = f"/v1/dpps/{NOBODY}", f"/v1/dpps/{passport}/elements"
    here, count = f"/v1/dpps/{passport}", f"/v1/dpps/{passport}/elements/$.cycle_count"
    given = {"elementId": "cycle_count", "value": 1}
    return [
        (400, "get", ID, f"{here}?representation=other", None, None),
        (404, "get", ID, nobody, None, None),
        (401, "get", ID, here, "nobody", None),
        (400, "get", PRODUCT, "/v1/dppsByProductId/x", None, None),
        (404, "get", PRODUCT, f"/v1/dppsByProductId/{quote(LINK + '0', safe='')}", None, None),
        (401, "get", PRODUCT, f"/v1/dppsByProductId/{quote(LINK, safe='')}", "nobody", None),
        (400, "get", DATE, f"/v1/dppsByIdAndDate/{passport}", None, None),
        (400, "get", DATE, f"/v1/dppsByIdAndDate/{passport}?date=2027-02-18", None, None),
        (400, "get", DATE, f"/v1/dppsByIdAndDate/{passport}?date=2999-01-01T00:00:00Z", None, None),
        (404, "get", DATE, f"/v1/dppsByIdAndDate/{passport}?date=2020-01-01T00:00:00Z", None, None),
        (400, "post", SEARCH, SEARCH, None, {}),
        (400, "post", SEARCH, f"{SEARCH}?limit=0", None, {"productIds": [LINK]}),
        (400, "post", SEARCH, f"{SEARCH}?cursor=", None, {"productIds": [LINK]}),
        (400, "get", ELEMENT, f"{element}/mass_kg", None, None),
        (401, "get", ELEMENT, count, None, None),
        (403, "get", ELEMENT, count, RIVAL, None),
        (404, "get", ELEMENT, count, MAKER, None),
        (404, "get", ELEMENT, f"{element}/$.nothing", None, None),
        (400, "patch", ID, here, MAKER, {"mass_kg": 1}),
        (401, "patch", ID, here, None, {"cycle_count": 1}),
        (403, "patch", ID, here, RIVAL, {"cycle_count": 1}),
        (404, "patch", ID, nobody, MAKER, {"cycle_count": 1}),
        (409, "patch", ID, here, MAKER, {"lastUpdated": "2020-01-01T00:00:00Z"}),
        (401, "delete", ID, here, None, None),
        (403, "delete", ID, here, RIVAL, None),
        (404, "delete", ID, nobody, MAKER, None),
        (400, "patch", ELEMENT, count, MAKER, {"elementId": "other", "value": 1}),
        (401, "patch", ELEMENT, count, None, given),
        (403, "patch", ELEMENT, count, RIVAL, given),
        (404, "patch", ELEMENT, f"{nobody}/elements/$.cycle_count", MAKER, given),
        (400, "post", CREATE, CREATE, MAKER, {}),
        (401, "post", CREATE, CREATE, None, {}),
        (403, "post", CREATE, CREATE, IMPORTER, {}),
        (409, "post", CREATE, CREATE, MAKER, creation("SN-1")),
    ]


def call(caller: Caller, method: str, place: str, by: str | None, body: Any) -> Answer:
    """Make a call with somebody's key ("nobody": with one that does not hold)."""
    headers = dict(JSON) if body is not None else {}
    if by is not None:
        token = "vp.nobody.0.0" if by == "nobody" else caller.key(by)
        headers["authorization"] = f"Bearer {token}"
    chunks = [json.dumps(body).encode()] if body is not None else []
    return caller.send(method.upper(), place, headers, *chunks)


def test_what_is_refused_is_refused_as_the_contract_says(
    contract: dict[str, Any], issued: Caller, passport: str
) -> None:
    for status, method, path, place, by, body in refusals(passport):
        answer = call(issued, method, place, by, body)
        assert answer.status == status, (method, place, answer.body)
        hold(contract, (method, path), answer)


def test_every_status_that_the_contract_names_was_seen(
    contract: dict[str, Any], passport: str
) -> None:
    seen = {(method, path, str(status)) for status, method, path, *_ in refusals(passport)}
    named = {
        (method, path, status)
        for path, methods in contract["paths"].items()
        for method, operation in methods.items()
        if (method, path) not in OF_THE_REGISTRY
        for status in operation["responses"]
        if int(status) >= 400 and status not in NEVER_SAID
    }
    # Reading and searching are for everybody; what of a passport is not, is left out or refused by
    # element. Nobody is forbidden to search, and an empty page is no error. A change of an element
    # conflicts with one of the same moment only (test_dpp_document.py) or with an ended passport.
    not_said = {
        *(("get", path, "403") for path in (ID, PRODUCT, DATE)),
        ("get", DATE, "401"),
        *(("post", SEARCH, status) for status in ("401", "403", "404")),
        ("patch", ELEMENT, "409"),
    }
    assert named - seen == not_said


@pytest.mark.parametrize("form", FORMS)
def test_passports_are_created_changed_and_ended_as_the_contract_says(
    contract: dict[str, Any], caller: Caller, form: str
) -> None:
    asked = f"?representation={form}"
    document = creation("NEW-1")
    if form == "full":
        day = {"elementId": "manufacturing_date", "objectType": "SingleValuedDataElement"}
        document["elements"] = [{**day, "value": document.pop("manufacturing_date")}]
    content = contract["paths"][CREATE]["post"]["requestBody"]["content"]["application/json"]
    assert faults(contract, content["schema"], document) == []
    created = call(caller, "post", CREATE + asked, MAKER, document)
    assert created.status == 201, created.body
    hold(contract, ("post", CREATE), created)
    dpp_id = created.json()["digitalProductPassportId"]
    here = f"/v1/dpps/{quote(dpp_id, safe='')}"
    assert created.headers["location"] == ADDRESS.base_url + here

    whole = caller.get(here + asked, by=MAKER).json()
    element = {"elementId": "cycle_count", "objectType": "SingleValuedDataElement", "value": 5}
    if form == "full":
        whole["elements"].append(element)
    else:
        whole["cycle_count"] = 5
    changed = call(caller, "patch", here + asked, MAKER, whole)  # as it was read, and one more
    assert changed.status == 200, changed.body
    hold(contract, ("patch", ID), changed, FORMS[form])

    place = f"{here}/elements/{quote('$.cycle_count')}{asked}"
    for method, value in (("patch", 6), ("put", 7)):
        answer = call(caller, method, place, MAKER, {**element, "value": value})
        assert (answer.status, answer.json()["value"]) == (200, value)
        hold(contract, ("patch", ELEMENT), answer)
    gone = call(caller, "patch", place, MAKER, {"elementId": "cycle_count", "value": None})
    assert gone.json() == {"elementId": "cycle_count"}
    hold(contract, ("patch", ELEMENT), gone)

    ended = call(caller, "delete", here, MAKER, None)
    assert (ended.status, ended.body) == (204, b"")
    hold(contract, ("delete", ID), ended)
    tombstone = caller.get(here + asked)
    hold(contract, ("get", ID), tombstone, FORMS[form])
    assert tombstone.json()["dppStatus"] == "archived"


@pytest.mark.parametrize("all_of_them", [False, pytest.param(True, marks=pytest.mark.soak)])
def test_given_attributes_of_every_type_fit_the_contract(
    contract: dict[str, Any], caller: Caller, *, all_of_them: bool
) -> None:
    for level, place in (
        ("model", f"/v1/battery-models/{MODEL}/attributes"),
        ("batch", "/v1/batches/b-1/attributes"),
        ("item", "/v1/passports/{passport}/attributes"),
    ):
        if level == "item":
            issued = caller.post("/v1/batches", batch("SN-1"), by=MAKER).json()
            place = place.format(passport=issued["passports"][0]["id"])  # noqa: PLW2901 # known now
        values = {
            a.id: a.example
            for a in attributes().values()
            if a.is_given and a.granularity.value == level
        }
        request = {"values": values, "reason": "all of them"}
        assert call(caller, "put", place, MAKER, request).status == 200
    here = f"/v1/dpps/{quote(LINK, safe='')}"
    for form, component in FORMS.items():
        answer = caller.get(f"{here}?representation={form}", by=MAKER)
        hold(contract, ("get", ID), answer, component)
        names = {e["elementId"] for e in answer.json().get("elements", [])} or set(answer.json())
        assert names >= {a.id for a in attributes().values() if a.is_given}
    one_of_each_type = {(a.type, a.is_given, bool(a.unit)): a for a in attributes().values()}
    for attribute in (attributes() if all_of_them else one_of_each_type).values():
        for form in FORMS:
            place = f"{here}/elements/$.{attribute.id}?representation={form}"
            answer = caller.get(place, by=MAKER)
            if answer.status == 200:
                hold(contract, ("get", ELEMENT), answer)
            else:
                assert answer.status == 404, attribute.id  # no record says it


def test_the_test_would_notice(contract: dict[str, Any], issued: Caller, passport: str) -> None:
    schemas = {name: {"$ref": f"#/components/schemas/{name}"} for name in FORMS.values()}
    full = issued.get(f"/v1/dpps/{passport}?representation=full").json()
    compressed = issued.get(f"/v1/dpps/{passport}").json()
    for name in ("digitalProductPassportId", "lastUpdated", "economicOperatorId", "dppStatus"):
        for component, document in zip(schemas, (compressed, full), strict=True):
            broken = {key: value for key, value in document.items() if key != name}
            assert faults(contract, schemas[component], broken)
    for change in ({"objectType": "Other"}, {"value": {"a": 1}}, {"elementId": None}):
        broken = {**full, "elements": [{**full["elements"][0], **change}]}
        assert faults(contract, schemas["DigitalProductPassportFull"], broken), change
    assert faults(contract, {"$ref": "#/components/schemas/Result"}, {"statusCode": "Other"})


def test_every_call_of_the_contract_is_a_call_here(
    contract: dict[str, Any], issued: Caller
) -> None:
    ours = issued.get("/openapi.json").json()["paths"]
    for path, operations in contract["paths"].items():
        for method, operation in operations.items():
            if (method, path) in OF_THE_REGISTRY:
                continue
            assert method in ours[path], (method, path)
            known = {p["name"] for p in ours[path][method].get("parameters", [])}
            asked = {resolved(contract, p)["name"] for p in operation.get("parameters", [])}
            assert asked <= known | {"representation"}
            assert asked - known <= ({"representation"} if method == "delete" else set())
    assert "put" in ours[ELEMENT]  # as other bindings of the standard have it
