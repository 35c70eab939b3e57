"""Attributes, grants and the access log by HTTP and command line: who may, what is refused, what is kept."""

import json
from datetime import timedelta
from pathlib import Path
from typing import Any, Final

import pytest
from hypothesis import strategies as st
from jsonschema import Draft202012Validator

from passports.attributes.table import CATEGORIES, attributes, profile_ids
from passports.documents import utc_now
from signing.selective_disclosure import decode_presentation
from tests.api.caller import JSON, PROBLEM, Answer, Caller, batch
from tests.api.command_line import Demonstration, invoke, one_document
from tests.api.hostile import HOSTILE, SETTINGS, changed, places
from tests.exhaustively import drawn
from tests.worlds import AUTHORITY, IMPORTER, MAKER, MODEL, RIVAL

MODEL_DATA: Final = f"/v1/battery-models/{MODEL}/attributes"
LATER: Final = (utc_now() + timedelta(days=30)).isoformat()
CHANGE: Final[dict[str, Any]] = {
    "values": {
        "minimum_voltage_v": {"value": 250, "temperature_from_c": 0, "temperature_to_c": 40},
        "cathode_materials": [{"name": "LFP", "cas_number": "15365-14-7", "share_percent": 96}],
        "test_reports": [{"url": "https://maker.example/r.pdf", "sha256": "a" * 64}],
    },
    "reason": "first registration",
}
GRANT: Final[dict[str, Any]] = {
    "grantee": IMPORTER,
    "grantee_kind": "organisation",
    "purpose": "repair",
    "models": [MODEL],
    "batteries": [],
    "expires_at": LATER,
}


def send(caller: Caller, method: str, target: str, document: Any, by: str | None = MAKER) -> Answer:
    """Send a document with an operator's key."""
    headers = dict(JSON)
    if by is not None:
        headers["authorization"] = f"Bearer {caller.key(by)}"
    return caller.send(method, target, headers, json.dumps(document).encode())


def change(
    caller: Caller, target: str = MODEL_DATA, method: str = "PATCH", **values: Any
) -> Answer:
    """Change some values."""
    return send(caller, method, target, {"values": values, "reason": "a test"})


def issue(caller: Caller) -> str:
    """Issue a battery's passport; return its identifier."""
    answer = caller.post("/v1/batches", batch("SN-1"), by=MAKER)
    assert answer.status == 201, answer.body
    return str(answer.json()["passports"][0]["id"])


@pytest.mark.parametrize("method", ["PUT", "PATCH"])
@pytest.mark.parametrize(
    "target", [MODEL_DATA, "/v1/batches/b-1/attributes", "/v1/passports/p/attributes"]
)
def test_only_a_manufacturer_with_a_key_writes_json(
    issued: Caller, method: str, target: str
) -> None:
    assert send(issued, method, target, CHANGE, by=None).status == 401
    assert send(issued, method, target, CHANGE, by=IMPORTER).status == 403
    headers = {"authorization": f"Bearer {issued.key(MAKER)}", "content-type": "text/plain"}
    assert issued.send(method, target, headers, b"{}").status == 415


@pytest.mark.parametrize("target", ["/v1/grants", "/v1/grants/g/revocation"])
def test_only_who_has_models_grants_and_nobody_without_a_key_revokes(
    issued: Caller, target: str
) -> None:
    assert send(issued, "POST", target, GRANT, by=None).status == 401
    assert send(issued, "POST", target, GRANT, by=IMPORTER).status in {404, 422}
    for path in ("/v1/grants", "/v1/access-log"):
        assert issued.get(path).status == 401


def test_nobody_writes_to_what_is_anothers(caller: Caller) -> None:
    passport = issue(caller)
    assert send(caller, "PUT", MODEL_DATA, CHANGE, by=RIVAL).status == 404
    target = f"/v1/passports/{passport}/attributes"
    answer = send(caller, "PATCH", target, {"values": {"cycle_count": 1}, "reason": "r"}, by=RIVAL)
    assert answer.status == 403
    assert caller.get(f"{target}/versions", by=RIVAL).status == 403
    assert caller.get(f"/v1/passports/{passport}/completeness", by=RIVAL).status == 403


def test_every_change_is_a_version_with_actor_reason_and_time(caller: Caller) -> None:
    assert change(caller, cell_count=104).json()["version"] == 1
    assert change(caller, cell_layout="104s1p").json()["version"] == 2
    assert change(caller, cell_count=104).json()["version"] == 2  # nothing new
    assert change(caller, cell_count=None).json()["values"] == {"cell_layout": "104s1p"}
    replaced = change(caller, method="PUT", cell_count=96).json()
    assert (replaced["version"], replaced["values"]) == (4, {"cell_count": 96})
    versions = caller.get(f"{MODEL_DATA}/versions", by=MAKER).json()["versions"]
    assert [v["version"] for v in versions] == [4, 3, 2, 1]
    assert {(v["actor"], v["reason"]) for v in versions} == {(MAKER, "a test")}
    assert versions[3]["values"] == {"cell_count": 104}


def test_a_value_says_in_which_version_and_where_it_was_written(caller: Caller) -> None:
    change(caller, minimum_voltage_v=250.0)
    change(caller, nominal_voltage_v=372.0)
    passport = issue(caller)
    change(caller, f"/v1/passports/{passport}/attributes", cycle_count=3)
    change(caller, "/v1/batches/b-1/attributes", recycled_lithium_post_consumer_percent=2.0)
    shown = caller.get(f"/v1/passports/{passport}/attributes", by=MAKER).json()["attributes"]
    told = {
        name: (shown[name]["from"], shown[name]["source"], shown[name].get("version"))
        for name in ("minimum_voltage_v", "nominal_voltage_v", "cycle_count", "mass_kg")
    }
    assert told == {
        "minimum_voltage_v": ("model", "given", 1),
        "nominal_voltage_v": ("model", "given", 2),
        "cycle_count": ("item", "given", 1),
        "mass_kg": ("model", "record", None),
    }
    assert shown["mass_kg"]["unit"] == "kg"
    assert shown["manufacturing_date"]["value"] == "2024-12"
    assert shown["responsible_operator"]["value"]["id"] == IMPORTER
    # Its own writer sees what the profile withholds, nobody else does.
    hidden = "recycled_lithium_post_consumer_percent"
    assert shown[hidden]["from"] == "batch"
    public = caller.get(f"/v1/passports/{passport}/attributes").json()["attributes"]
    assert hidden not in public
    for name, told_value in shown.items():
        schema = attributes()[name].value_type.json_schema()
        assert Draft202012Validator(schema).is_valid(told_value["value"]), name


@pytest.mark.parametrize(
    ("values", "field", "reason"),
    [
        ({"mass": 1}, "values", "no such attribute"),
        ({"mass_kg": 1}, "values.mass_kg", "read from the records"),
        ({"cycle_count": 1}, "values.cycle_count", "of the item, not of the model"),
        ({"cell_count": 1.5}, "values.cell_count", "integer"),
        ({"renewable_content_percent": 101}, "values.renewable_content_percent", "100"),
        ({"battery_status": "new"}, "values.battery_status", "of the item"),
        (
            {"test_reports": [{"url": "https://a", "sha256": "x"}]},
            "values.test_reports[0].sha256",
            "pattern",
        ),
    ],
)
def test_what_does_not_fit_is_refused_with_its_place(
    issued: Caller, values: dict[str, Any], field: str, reason: str
) -> None:
    answer = change(issued, method="PUT", **values)
    assert answer.status == 422
    (finding,) = answer.findings()
    assert finding["field"] == field
    assert reason in finding["reason"]
    assert finding["remedy"]


def test_new_passports_carry_the_public_static_attributes_and_older_ones_stay(
    caller: Caller,
) -> None:
    before = caller.post("/v1/batches", batch("OLD-1", id="b-0"), by=MAKER)
    old = f"/v1/passports/{before.json()['passports'][0]['id']}"
    stood = caller.get(old).json()
    change(caller, rated_capacity_ah=161.3, cell_count=104, due_diligence_report=None)
    passport = issue(caller)
    subject = caller.get(f"/v1/passports/{passport}").json()["credential"]["credentialSubject"]
    assert subject["attributes"] == {"rated_capacity_ah": {"value": 161.3, "unit": "Ah"}}
    assert caller.get(old).json() == stood
    assert "attributes" not in stood["credential"]["credentialSubject"]


def test_under_the_profile_of_2027_the_footprint_is_not_displayed(caller: Caller) -> None:
    document = batch("SN-9", id="b-9", profile="ec-2027-02")
    answer = caller.post("/v1/batches", document, by=MAKER)
    assert answer.json()["batch"]["profile"] == "ec-2027-02"
    passport = f"/v1/passports/{answer.json()['passports'][0]['id']}"
    subject = caller.get(passport).json()["credential"]["credentialSubject"]
    assert (subject["profile"], subject["carbonFootprint"]) == ("ec-2027-02", [])
    shown = caller.get(f"{passport}/attributes").json()["attributes"]
    assert not [name for name in shown if "footprint" in name]
    assert caller.post("/v1/batches", document, by=MAKER).status == 200
    other = caller.post("/v1/batches", {**document, "profile": "voluntary-footprint"}, by=MAKER)
    assert other.status == 409
    wrong = caller.post("/v1/batches", batch("X", profile="ec-2031"), by=MAKER)
    assert "ec-2027-02" in wrong.findings()[0]["remedy"]


def test_a_grant_opens_and_its_end_closes(caller: Caller) -> None:
    passport = issue(caller)
    change(caller, cell_count=104)
    change(caller, f"/v1/passports/{passport}/attributes", cycle_count=3)
    address = f"/v1/passports/{passport}/attributes"

    def sees() -> set[str]:
        shown = caller.get(address, by=IMPORTER).json()["attributes"]
        return {"cell_count", "cycle_count"} & set(shown)

    assert sees() == set()
    grant = caller.post("/v1/grants", GRANT, by=MAKER).json()
    assert sees() == {"cell_count", "cycle_count"}
    assert caller.get("/v1/grants", by=IMPORTER).json()["grants"] == [grant]
    ending = f"/v1/grants/{grant['id']}/revocation"
    assert send(caller, "POST", ending, {"reason": "mine"}, by=IMPORTER).status == 403
    assert send(caller, "POST", ending, {"reason": "not mine"}, by=RIVAL).status == 404
    ended = send(caller, "POST", ending, {"reason": "emergency"}, by=AUTHORITY).json()
    assert (ended["revoked_by"], ended["revocation_reason"]) == (AUTHORITY, "emergency")
    assert sees() == set()
    again = send(caller, "POST", ending, {"reason": "again"}).json()
    assert again == ended


def test_every_restricted_read_is_logged_and_no_public_one(caller: Caller) -> None:
    passport = issue(caller)
    change(caller, cell_count=104, nominal_voltage_v=372.0)
    for by in (None, IMPORTER):
        caller.get(f"/v1/passports/{passport}/attributes", by=by)
        caller.get(f"{MODEL_DATA}?operator={MAKER}", by=by)
        caller.get(f"/v1/passports/{passport}/restricted/model", by=by)
    assert caller.get("/v1/access-log", by=MAKER).json()["entries"] == []
    caller.get(f"/v1/passports/{passport}/attributes", by=AUTHORITY)
    caller.get(f"/v1/passports/{passport}/restricted/model", by=AUTHORITY)
    page = caller.get(f"/v1/access-log?operator={MAKER}", by=AUTHORITY).json()
    first, second = page["entries"]
    assert (first["reader"], first["form"], first["attributes"]) == (
        AUTHORITY,
        "json",
        ["cell_count"],
    )
    assert (second["form"], second["level"], second["subject"]) == ("sd-jwt", "model", MODEL)
    assert second["previous"] == first["sha256"]
    assert "104" not in json.dumps(page["entries"][0]["attributes"])
    assert caller.get(f"/v1/access-log?operator={MAKER}", by=RIVAL).status == 403
    after = caller.get("/v1/access-log?after=1", by=MAKER).json()["entries"]
    assert [entry["sequence"] for entry in after] == [2]


def test_a_presentation_is_of_the_newest_version(caller: Caller) -> None:
    change(caller, cell_count=104)
    change(caller, cell_count=96)
    answer = caller.get(f"/v1/battery-models/{MODEL}/restricted", by=MAKER)
    payload = decode_presentation(answer.body).payload
    assert payload["version"] == 2
    assert payload["attributes"] == {"cell_count": {"value": 96}}
    assert answer.headers["cache-control"] == "no-store"


def test_where_nothing_restricted_was_written_it_is_said_only_to_whom_it_concerns(
    issued: Caller,
) -> None:
    target = f"/v1/battery-models/{MODEL}/restricted?operator={MAKER}"
    assert issued.get(target).status == 401
    assert issued.get(target, by=RIVAL).status == 403
    assert issued.get(target, by=AUTHORITY).status == 404


def test_schemas_and_the_table_are_published(issued: Caller) -> None:
    assert len(issued.get("/v1/attributes").json()["attributes"]) == len(attributes())
    for profile in profile_ids():
        for category in CATEGORIES:
            answer = issued.get(f"/v1/schemas/{profile}/{category}")
            assert (answer.status, answer.media_type) == (200, "application/schema+json")
            assert answer.json()["$id"].endswith(f"/v1/schemas/{profile}/{category}")
    assert issued.get("/v1/schemas/ec-2027-02/sli").status == 404
    assert issued.get("/v1/schemas/none/ev").status == 404


def test_completeness_by_http(caller: Caller) -> None:
    target = f"/v1/battery-models/{MODEL}/completeness"
    before = caller.get(f"{target}?date=2027-02-17", by=MAKER).json()
    assert (before["asked_on_that_day"], before["complete"]) == (False, False)
    states = {row["attribute"]: row["state"] for row in before["rows"]}
    assert states["mass_kg"] == "present"
    assert states["minimum_voltage_v"] == "missing"
    assert states["cycle_count"] == "comes_later"
    change(caller, minimum_voltage_v=250.0)
    after = caller.get(f"{target}?date=2027-02-18&profile=ec-2027-02", by=MAKER).json()
    assert after["asked_on_that_day"] is True
    assert after["counts"]["missing"] == before["counts"]["missing"] - 1
    assert caller.get(target).status == 401
    assert caller.get(f"{target}?date=soon", by=MAKER).status == 422


VALID: Final[dict[tuple[str, str], dict[str, Any]]] = {
    ("PUT", MODEL_DATA): CHANGE,
    ("PATCH", MODEL_DATA): CHANGE,
    ("PUT", "/v1/batches/b-1/attributes"): {
        "values": {"recycled_nickel_pre_consumer_percent": 1.0},
        "reason": "r",
    },
    ("PATCH", "/v1/passports/{passport}/attributes"): {
        "values": {
            "cycle_count": 1,
            "battery_status": "original",
            "accidents": [{"at": "2027-01-01T00:00:00Z", "description": "a"}],
            "temperature_c": [{"at": "2027-01-01T00:00:00Z", "value": 20}],
        },
        "reason": "r",
    },
    ("POST", "/v1/grants"): GRANT,
    ("POST", "/v1/grants/none/revocation"): {"reason": "r"},
}


@st.composite
def nearly_valid(draw: st.DrawFn) -> tuple[str, str, Any]:
    """Draw a route and a valid document of it after one to three changes."""
    method, target = draw(st.sampled_from(sorted(VALID)))
    document: Any = VALID[method, target]
    for _ in range(draw(st.integers(1, 3))):
        path = draw(st.sampled_from(list(places(document))))
        how = draw(st.sampled_from(["replace", "remove", "add", "repeat"]))
        document = changed(document, path, how, draw(st.sampled_from(HOSTILE)))
    return method, target, document


@pytest.fixture
def with_passport(caller: Caller) -> tuple[Caller, str]:
    """An application and the passport of a battery on it."""
    return caller, issue(caller)


@drawn(nearly_valid(), test=50, soak=600, limits=SETTINGS)
def test_a_nearly_valid_document_is_taken_or_refused(
    with_passport: tuple[Caller, str], nearly: tuple[str, str, Any]
) -> None:
    caller, passport = with_passport
    method, target, document = nearly
    answer = send(caller, method, target.format(passport=passport), document)
    assert answer.status < 500, (target, document, answer.body)
    if answer.status >= 400:
        assert answer.media_type == PROBLEM
        assert all(finding["reason"] for finding in answer.findings())


@pytest.mark.parametrize(("method", "target"), [key for key in VALID if "none" not in key[1]])
def test_the_documents_that_are_mutated_are_valid(
    with_passport: tuple[Caller, str], method: str, target: str
) -> None:
    caller, passport = with_passport
    document = VALID[method, target]
    answer = send(caller, method, target.format(passport=passport), document)
    assert answer.status in {200, 201}, answer.body


def test_the_whole_way_by_command_line(demonstration: Demonstration, tmp_path: Path) -> None:
    home = demonstration.home
    operator = one_document(invoke("keys", "list", "--json", home=home))[0]["operator"]
    makers = [
        row["operator"]
        for row in one_document(invoke("keys", "list", "--json", home=home))
        if "manufacturer" in row["roles"]
    ]
    assert operator
    model = one_document(invoke("model", "list", "--json", home=home))[0]
    maker = model["operator_id"]
    assert maker in makers
    file = tmp_path / "values.json"
    file.write_text(json.dumps({"cell_count": 104, "nominal_voltage_v": 372.0}), encoding="utf-8")
    arguments = ("--operator", maker, "--reason", "first registration", "--json")
    written = one_document(
        invoke("passport", "set", "model", model["id"], file, *arguments, home=home)
    )
    assert (written["version"], written["actor"]) == (1, maker)
    report = one_document(
        invoke(
            "passport", "completeness", "--model", model["id"], *arguments[:2], "--json", home=home
        )
    )
    states = {row["attribute"]: row["state"] for row in report["rows"]}
    assert (states["cell_count"], states["rated_capacity_ah"]) == ("present", "missing")
    table = invoke("passport", "completeness", "--model", model["id"], *arguments[:2], home=home)
    assert "rated_capacity_ah" in table.stdout
    batches = one_document(invoke("batch", "list", "--json", home=home))
    mine = next(b for b in batches if b["operator_id"] == maker)
    listed = invoke(
        *("passport", "list", "--operator", maker, "--batch", mine["id"], "--json"), home=home
    )
    link = one_document(listed)[0]["link"]
    passport = one_document(invoke("passport", "show", link, "--json", home=home))["id"]
    public = one_document(invoke("passport", "attributes", passport, "--json", home=home))
    assert "cell_count" not in public["attributes"]
    own = invoke("passport", "attributes", passport, "--reader", maker, "--json", home=home)
    assert one_document(own)["attributes"]["cell_count"]["value"] == 104
    assert "nominal_voltage_v" in invoke("passport", "attributes", passport, home=home).stdout
    log = one_document(invoke("access", "log", "--operator", maker, "--json", home=home))
    assert [entry["reader"] for entry in log["entries"]] == [maker]
    schema = one_document(invoke("passport", "schema", "lmt", "--json", home=home))
    Draft202012Validator.check_schema(schema)
    given_grant = invoke(
        *("access", "grant", "platform", "--operator", maker, "--purpose", "recycling"),
        *("--until", LATER[:10], "--model", model["id"], "--json"),
        home=home,
    )
    grant = one_document(given_grant)
    listed = invoke("access", "list", "--operator", maker, "--json", home=home)
    assert one_document(listed) == [grant]
    ended = invoke(
        *("access", "revoke", grant["id"], "--operator", maker, "--reason", "over", "--json"),
        home=home,
    )
    assert one_document(ended)["revoked_by"] == maker
    assert one_document(invoke("fsck", "--json", home=home))["sound"] is True
