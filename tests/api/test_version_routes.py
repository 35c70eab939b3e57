"""Versions, life cycle and dynamic data by HTTP: who may, what is said, and what nobody is told."""

import json
from datetime import timedelta
from typing import Any, Final
from urllib.parse import quote

import pytest
from hypothesis import strategies as st

from passports.attributes.table import attributes, get_profile
from passports.documents import utc_now
from passports.dynamic.rules import is_measured
from signing.credentials import decode
from tests.api.caller import JSON, Answer, Caller, batch
from tests.api.hostile import HOSTILE, SETTINGS, changed, places
from tests.exhaustively import drawn
from tests.worlds import AUTHORITY, GTIN, IMPORTER, MAKER, MODEL, RIVAL

SECRET: Final = "the cell caught fire in Lyon"
JWT: Final = "application/vc+jwt"


@pytest.fixture
def passport(everywhere: Caller) -> str:
    """The identifier of a passport that was issued for the importer."""
    return str(issue(everywhere, "SN-1", "SN-2")[0])


def issue(caller: Caller, *serials: str, **changes: Any) -> list[str]:
    """Issue passports and return their identifiers."""
    answer = caller.post("/v1/batches", batch(*serials, **changes), by=MAKER)
    assert answer.status == 201, answer.body
    return [issued["id"] for issued in answer.json()["passports"]]


def patch(caller: Caller, passport_id: str, *, by: str | None = MAKER, **fields: Any) -> Answer:
    """Change a passport."""
    return send(caller, "PATCH", f"/v1/passports/{passport_id}", {"reason": SECRET, **fields}, by)


def live(caller: Caller, passport_id: str, status: str, *, by: str = MAKER, **more: Any) -> Answer:
    """Say what a battery has become."""
    document = {"status": status, "reason": SECRET, **more}
    return send(caller, "POST", f"/v1/passports/{passport_id}/life-cycle", document, by)


def send(caller: Caller, method: str, target: str, document: Any, by: str | None) -> Answer:
    """Send a document."""
    headers = dict(JSON)
    if by is not None:
        headers["authorization"] = f"Bearer {caller.key(by)}"
    return caller.send(method, target, headers, json.dumps(document).encode())


def test_a_change_is_a_version_that_can_be_read_by_number_and_by_time(
    everywhere: Caller, passport: str
) -> None:
    first = everywhere.get(f"/v1/passports/{passport}").json()
    change = {"values": {"extinguishing_agents": ["CO2"]}, "reason": "the model's data"}
    written = send(everywhere, "PUT", f"/v1/battery-models/{MODEL}/attributes", change, MAKER)
    assert written.status == 200, written.body
    changed = patch(everywhere, passport)
    assert (changed.status, changed.json()["version"]) == (200, 2)

    base = f"/v1/passports/{passport}"
    assert everywhere.get(f"{base}/versions/1").json() == first
    newest = everywhere.get(f"{base}/versions/2", accept=JWT)
    assert newest.body == everywhere.get(base, accept=JWT).body
    issued_at = first["credential"]["validFrom"]
    assert everywhere.get(f"{base}?at=2099-01-01T00:00:00Z").json()["version"] == 2
    assert everywhere.get(f"{base}?at={quote('2020-01-01T00:00:00+00:00')}").status == 404
    assert everywhere.get(f"{base}?at={issued_at}").json()["version"] in {1, 2}
    assert everywhere.get(f"{base}?at=yesterday").status == 422
    difference = everywhere.get(f"{base}/versions/2/difference").json()
    assert difference["patch"]["attributes"]["extinguishing_agents"] == {"value": ["CO2"]}
    assert everywhere.get(f"{base}/versions/2/difference?from=2").json()["patch"] == {}
    old, new = (everywhere.get(f"/passports/{passport}/versions/{n}").body.decode() for n in (1, 2))
    assert "This is an old version of the passport" in old
    assert "This is an old version of the passport" not in new
    assert f"/passports/{passport}/versions/1" in new
    assert everywhere.get(f"/passports/{passport}/versions/3").status == 404
    for number in (1, 2):
        proof = everywhere.get(f"{base}/versions/{number}/log-proof")
        assert proof.body.startswith(b"c2sp.org/tlog-proof")


def test_the_list_of_versions_tells_the_public_no_reason(served: Caller) -> None:
    passport, _ = issue(served, "SN-1", "SN-2")
    patch(served, passport, values={"cycle_count": 3})
    target = f"/v1/passports/{passport}/versions"
    public = served.get(target)
    assert SECRET not in public.body.decode()
    assert [v["kind"] for v in public.json()["versions"]] == ["issued", "data"]
    for stranger in (RIVAL, AUTHORITY):
        assert served.get(target, by=stranger).json() == public.json()
    for reader in (MAKER, IMPORTER):
        answer = served.get(target, by=reader)
        assert answer.json()["versions"][1]["reason"] == SECRET
        assert answer.headers["cache-control"] == "no-store"


def test_only_who_is_responsible_changes_a_passport(served: Caller) -> None:
    passport, _ = issue(served, "SN-1", "SN-2")
    assert patch(served, passport, by=None).status == 401
    for stranger in (RIVAL, AUTHORITY):
        assert patch(served, passport, by=stranger, values={"cycle_count": 1}).status == 403
        assert live(served, passport, "waste", by=stranger).status == 403
    assert patch(served, passport, by=IMPORTER, values={"cycle_count": 1}).status == 200
    stale = patch(served, passport, expected_version=1, values={"cycle_count": 2})
    assert (stale.status, stale.json()["type"]) == (409, "urn:voltpass:problem:stale-version")


@pytest.mark.parametrize(
    "document",
    [
        {},
        {"reason": ""},
        {"reason": "x", "values": {"mass_kg": 3}},
        {"reason": "x", "values": {"nothing": 3}},
        {"reason": "x", "life_cycle_status": "gone"},
        {"reason": "x", "responsible_operator_id": "nobody"},
        {"reason": "x", "unheard": 1},
        {"reason": "\u0000"},
    ],
)
def test_a_change_that_is_not_valid_is_refused(caller: Caller, document: dict[str, Any]) -> None:
    [passport] = issue(caller, "SN-1")
    answer = send(caller, "PATCH", f"/v1/passports/{passport}", document, MAKER)
    assert answer.status in {403, 404, 409, 422}, answer.body
    assert answer.findings()
    assert caller.get(f"/v1/passports/{passport}").json()["version"] == 1


def test_the_status_is_told_to_whom_it_is_for_and_to_nobody_else(served: Caller) -> None:
    passport, _ = issue(served, "SN-1", "SN-2")
    assert live(served, passport, "waste").status == 200
    target = f"/v1/passports/{passport}/life-cycle"
    for public in (None, RIVAL, AUTHORITY):
        answer = served.get(target, by=public)
        assert answer.status == (401 if public is None else 403)
        assert "waste" not in answer.body.decode()
    told = served.get(target, by=MAKER).json()
    assert told["status"] == "waste"
    assert {way["to"] for way in told["next"]} >= {"recycled", "repurposed"}
    links = [f"/01/{GTIN}/21/{serial}" for serial in ("SN-1", "SN-2")]
    for accept in ("*/*", JWT, "text/html", "application/vc"):
        said, of_another = (served.get(link, accept=accept).body.decode() for link in links)
        assert said.count("waste") == of_another.count("waste")
    public_kinds = [
        v["kind"] for v in served.get(f"/v1/passports/{passport}/versions").json()["versions"]
    ]
    assert public_kinds == ["issued", "data"]


def test_a_battery_that_is_recycled_leaves_a_tombstone_and_its_identifier_is_never_given_again(
    everywhere: Caller, passport: str
) -> None:
    live(everywhere, passport, "waste")
    assert live(everywhere, passport, "recycled").status == 200
    link = f"/01/{GTIN}/21/SN-1"

    data = everywhere.get(link, accept="application/json")
    assert data.status == 410
    subject = data.json()["credential"]["credentialSubject"]
    assert subject["ceased"]["legalBasis"].endswith("Art. 77(8)")
    assert subject["carbonFootprint"] == []
    page = everywhere.get(link, accept="text/html")
    assert page.status == 410
    assert "ceased to exist" in page.body.decode()
    signed = everywhere.get(link, accept=JWT)
    assert signed.status == 200
    assert decode(signed.body).payload["credentialSubject"] == subject
    attributes = everywhere.get(f"/v1/passports/{passport}/attributes", by=MAKER).json()
    assert "battery_status" not in attributes["attributes"]

    again = everywhere.post("/v1/batches", batch("SN-1", id="b-2"), by=MAKER)
    assert again.status in {409, 422}
    assert live(everywhere, passport, "waste").status == 409
    assert patch(everywhere, passport, values={"cycle_count": 1}).status == 409


def test_after_repurposing_the_new_passport_and_the_old_one_name_each_other(served: Caller) -> None:
    passport, _ = issue(served, "SN-1", "SN-2")
    [successor] = issue(served, "NEW-1", id="b-2")
    assert live(served, passport, "repurposed").status == 409  # needs the new passport
    done = live(served, passport, "repurposed", successor_id=successor)
    assert done.status == 200, done.body
    old = served.get(f"/v1/passports/{passport}").json()["credential"]["credentialSubject"]
    new = served.get(f"/v1/passports/{successor}").json()["credential"]["credentialSubject"]
    assert old["succeededBy"] == [{"id": f"urn:uuid:{successor}", "link": new["id"]}]
    [before] = new["predecessors"]
    assert (before["id"], before["link"]) == (f"urn:uuid:{passport}", old["id"])
    assert before["sha256"] == done.json()["sha256"]
    assert "repurposed" not in str(old) + str(new)
    told = served.get(f"/v1/passports/{successor}/life-cycle", by=MAKER).json()
    assert told["status"] == "repurposed"
    page = served.get(f"/01/{GTIN}/21/SN-1", accept="text/html").body.decode()
    assert new["id"] in page


def test_measured_values_come_in_single_and_in_bulk_and_are_read_by_who_may(
    everywhere: Caller, passport: str
) -> None:
    target = f"/v1/passports/{passport}/dynamic-data"
    reading = {"measured_at": "2026-01-01T00:00:00Z", "values": {"cycle_count": 17}}
    sent = everywhere.post(target, {"readings": [reading]}, by=MAKER)
    assert (sent.status, sent.json()["recorded"]) == (200, 1)
    rows = b"serial,measured_at,cycle_count\nSN-1,2026-02-01T00:00:00Z,18\n"
    bulk = caller_file(everywhere, f"/v1/dynamic-data?gtin={GTIN}", rows)
    assert (bulk.status, bulk.json()["recorded"]) == (200, 1)
    assert caller_file(everywhere, f"/v1/dynamic-data?gtin={GTIN}", rows).json()["repeated"]

    series = everywhere.get(f"{target}?attribute=cycle_count", by=MAKER).json()["series"]
    assert [item["value"] for item in series["cycle_count"]] == [17, 18]
    for reader in (None, AUTHORITY, RIVAL):
        refused = everywhere.get(target, by=reader)
        assert refused.status == (401 if reader is None else 403)
    entries = everywhere.get("/v1/access-log", by=MAKER).body.decode()
    assert "measured series" in entries
    assert everywhere.get(f"{target}?attribute=mass_kg", by=MAKER).status == 404


@pytest.mark.parametrize("all_of_them", [False, pytest.param(True, marks=pytest.mark.soak)])
def test_every_measured_attribute_is_told_to_a_legitimate_interest_and_to_no_other_stranger(
    served: Caller, *, all_of_them: bool
) -> None:
    passport, _ = issue(served, "SN-1", "SN-2")
    measured = [a for a in attributes().values() if is_measured(a)]
    values = {}
    for attribute in measured:
        example = attribute.example
        items = example[0] if isinstance(example, list) else {"value": example}
        values[attribute.id] = items.get("value", items.get("description"))
    reading = {"measured_at": "2026-01-01T00:00:00Z", "values": values}
    target = f"/v1/passports/{passport}/dynamic-data"
    refusals = {who: served.get(target, by=who) for who in (None, AUTHORITY)}
    before = {who: (answer.status, answer.body) for who, answer in refusals.items()}
    assert [status for status, _ in before.values()] == [401, 403]
    sent = served.post(target, {"readings": [reading]}, by=MAKER)
    assert (sent.status, sent.json()["recorded"]) == (200, len(measured)), sent.body
    until = (utc_now() + timedelta(days=30)).isoformat()
    grant = {
        "grantee": RIVAL,
        "grantee_kind": "organisation",
        "purpose": "repair",
        "batteries": [passport],
        "expires_at": until,
    }
    given = served.post("/v1/grants", grant, by=MAKER)
    assert given.status == 201, given.body

    profile, category = get_profile("voluntary-footprint"), "ev"
    one_of_each_kind = {(a.type, a.granularity, profile.shows(a.id, category)): a for a in measured}
    for attribute in measured if all_of_them else one_of_each_kind.values():
        answer = served.get(f"{target}?attribute={attribute.id}", by=RIVAL)
        if profile.shows(attribute.id, category):
            [told] = answer.json()["series"][attribute.id]
            assert told["value"] == values[attribute.id]
        else:
            assert answer.status == 403
        for stranger in (None, AUTHORITY):  # told the same as before there was anything to tell
            refused = served.get(f"{target}?attribute={attribute.id}", by=stranger)
            assert (refused.status, refused.body) == before[stranger]
    assert served.get(f"/v1/passports/{passport}/life-cycle", by=RIVAL).status == 200
    public = served.get(f"/01/{GTIN}/21/SN-1", accept="application/json").json()
    assert public["version"] == 1  # measured values make no version of the public passport


def caller_file(caller: Caller, target: str, data: bytes, by: str = MAKER) -> Answer:
    """Send a file."""
    headers = {"content-type": "text/csv", "authorization": f"Bearer {caller.key(by)}"}
    return caller.send("POST", target, headers, data)


DOCUMENTS: Final[dict[str, tuple[str, dict[str, Any]]]] = {
    "": ("PATCH", {"reason": "x", "values": {"cycle_count": 3}, "expected_version": 1}),
    "/life-cycle": ("POST", {"status": "waste", "reason": "x", "responsible_operator_id": "rival"}),
    "/dynamic-data": (
        "POST",
        {"readings": [{"measured_at": "2026-01-01T00:00:00Z", "values": {"cycle_count": 1}}]},
    ),
}


@st.composite
def nearly_valid(draw: st.DrawFn) -> tuple[str, str, Any]:
    """Draw a call and a valid document of it after one to three changes."""
    target = draw(st.sampled_from(sorted(DOCUMENTS)))
    method, document = DOCUMENTS[target]
    for _ in range(draw(st.integers(1, 3))):
        path = draw(st.sampled_from(list(places(document))))
        how = draw(st.sampled_from(["replace", "replace", "remove", "add", "repeat"]))
        hostile = st.sampled_from(HOSTILE) | st.text(max_size=8) | st.floats() | st.integers()
        document = changed(document, path, how, draw(hostile))
    return target, method, document


@drawn(nearly_valid(), test=30, soak=300, limits=SETTINGS)
def test_a_nearly_valid_document_is_taken_or_refused_and_nothing_is_a_fault(
    everywhere: Caller, passport: str, nearly: tuple[str, str, Any]
) -> None:
    target, method, document = nearly
    answer = send(everywhere, method, f"/v1/passports/{passport}{target}", document, MAKER)
    assert answer.status < 500, (document, answer.body)
    assert answer.status == 200 or all(finding["reason"] for finding in answer.findings())


@pytest.mark.parametrize("values", [{"cycle_count": "\ud800"}, {"unheard-of": "x\udfff"}])
def test_a_measured_value_that_no_encoding_holds_is_refused(
    everywhere: Caller, passport: str, values: dict[str, str]
) -> None:
    document = {"readings": [{"measured_at": "2026-01-01T00:00:00Z", "values": values}]}
    target = f"/v1/passports/{passport}/dynamic-data"
    answer = send(everywhere, "POST", target, document, MAKER)
    assert answer.status == 422
    assert all(finding["reason"] for finding in answer.findings())


@drawn(
    st.binary(max_size=120)
    | st.text(max_size=120).map(str.encode)
    | st.lists(st.text(alphabet='SN-1;,\n"Z2026T:0é', max_size=30), max_size=5).map(
        lambda rows: "\n".join(["serial,measured_at,cycle_count", *rows]).encode()
    )
    | st.dictionaries(
        st.sampled_from(["serial", "gtin", "link", "passport_id", "measured_at", "cycle_count"]),
        st.none() | st.integers() | st.floats() | st.text(max_size=8) | st.booleans(),
    ).map(lambda document: json.dumps(document).encode()),
    test=40,
    soak=400,
    limits=SETTINGS,
)
def test_any_bytes_as_an_export_are_taken_or_refused(issued: Caller, data: bytes) -> None:
    answer = caller_file(issued, f"/v1/dynamic-data?gtin={GTIN}", data)
    assert answer.status < 500, (data, answer.body)
    assert answer.status == 200 or all(finding["reason"] for finding in answer.findings())


@pytest.mark.parametrize("query", ["?gtin=1", "?unheard=1", "?partial=perhaps"])
def test_options_that_are_not_valid_are_refused(issued: Caller, query: str) -> None:
    answer = caller_file(issued, f"/v1/dynamic-data{query}", b"serial,measured_at\n")
    assert answer.status == 422
    assert answer.findings()


@pytest.mark.parametrize("number", ["0", "3", "x", "-1", "9" * 40, "٣"])
def test_a_version_that_is_not_there_is_not_found(issued: Caller, number: str) -> None:
    passport_id = issued.get(f"/01/{GTIN}/21/SN-1", accept="application/json").json()["id"]
    for target in ("", "/difference", "/log-proof"):
        path = f"/v1/passports/{passport_id}/versions/{quote(number)}{target}"
        assert issued.get(path).status == 404, path


def test_the_table_of_the_life_cycle_is_public(issued: Caller) -> None:
    table = issued.get("/v1/life-cycle").json()["transitions"]
    assert {"waste", "recycled"} <= {row["to"] for row in table}
    assert all(row["legal_reference"] for row in table)
