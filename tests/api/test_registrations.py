"""Registration in bulk by HTTP: what is answered, kept, refused."""

import base64
import json
from typing import Any

import pytest
from hypothesis import strategies as st

from api.platform import PLATFORM_ID, ensure_platform
from passports.documents import utc_now
from tests.api.caller import PROBLEM, Answer, Caller
from tests.api.hostile import HOSTILE, SETTINGS, changed, places
from tests.exhaustively import drawn
from tests.passports.bulk_files import KINDS, as_csv, as_file, battery
from tests.worlds import IMPORTER, MAKER, RIVAL

MEDIA_TYPES = {
    "csv": "text/csv",
    "xlsx": "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet",
    "ndjson": "application/x-ndjson",
    "json": "application/json",
}
GOOD = as_csv([battery("A-1"), battery("A-2")])
BAD = as_csv([battery("A-1"), battery("A 2")])


def post(
    caller: Caller,
    data: bytes,
    query: str = "",
    media_type: str = "text/csv",
    by: str = MAKER,
    **headers: str,
) -> Answer:
    """Send a file."""
    sent = {"content-type": media_type, "authorization": f"Bearer {caller.key(by)}", **headers}
    return caller.send("POST", f"/v1/registrations{query}", sent, data)


def form(data: bytes, mapping: str | None = None, name: str = "file") -> tuple[str, bytes]:
    """Return media type and body of a form with a file and a mapping."""
    parts = [
        b'--b\r\nContent-Disposition: form-data; name="%s"; filename="f.csv"\r\n\r\n%s\r\n'
        % (name.encode(), data)
    ]
    if mapping is not None:
        parts.append(
            b'--b\r\nContent-Disposition: form-data; name="mapping"\r\n\r\n%s\r\n'
            % mapping.encode()
        )
    return "multipart/form-data; boundary=b", b"".join([*parts, b"--b--\r\n"])


@pytest.mark.parametrize("kind", KINDS)
def test_a_file_of_each_format_is_registered_and_the_second_time_nothing_is_new(
    caller: Caller, kind: str
) -> None:
    data = as_file(kind, [battery("A-1"), battery("A-2", batch_id="b-2")])
    answer = post(caller, data, "?passports=true", MEDIA_TYPES[kind])
    assert answer.status == 201, answer.body
    document = answer.json()
    assert (document["registered"], document["accepted"]) == (2, True)
    assert [(p["serial"], p["batch_id"]) for p in document["passports"]] == [
        ("A-1", "b-1"),
        ("A-2", "b-2"),
    ]
    link = document["passports"][0]["link"].removeprefix("https://id.example.com")
    assert caller.get(link).status == 200

    again = post(caller, data, "", MEDIA_TYPES[kind])
    assert (again.status, again.json()["already_registered"], again.json()["passports"]) == (
        200,
        2,
        None,
    )


def test_a_dry_run_answers_row_by_row_and_issuing_refuses_with_the_same_findings(
    caller: Caller,
) -> None:
    dry = post(caller, BAD, "?dry_run=true")
    assert dry.status == 200
    report = dry.json()
    assert (report["dry_run"], report["accepted"], report["passed"], report["registered"]) == (
        True,
        False,
        1,
        0,
    )
    refused = post(caller, BAD)
    assert (refused.status, refused.json()["type"]) == (
        422,
        "urn:voltpass:problem:registration-refused",
    )
    assert refused.findings() == report["findings"]
    assert report["findings"][0] == {
        "line": 3,
        "column": "serial",
        "field": "serial",
        "value": "A 2",
        "reason": "it holds ' ', outside of GS1 character set 82",
        "remedy": "Use letters, digits and hyphen.",
    }
    assert caller.get("/01/09520123456788/21/A-1").status == 404


def test_partial_registers_what_passes_and_sends_the_rest_back_in_the_same_form(
    caller: Caller,
) -> None:
    answer = post(caller, BAD, "?partial=true")
    assert (answer.status, answer.json()["registered"], answer.json()["refused"]) == (201, 1, 1)
    rejects = answer.json()["rejects"]
    assert rejects["media_type"] == "text/csv"
    mended = base64.b64decode(rejects["content_base64"]).replace(b"A 2", b"A-2")
    joined = post(caller, mended, "?partial=true")
    assert (joined.status, joined.json()["registered"], joined.json()["rejects"]) == (201, 1, None)


def test_under_an_idempotency_key_the_first_answer_is_given_again(caller: Caller) -> None:
    first = post(caller, GOOD, **{"idempotency-key": "k-1"})
    again = post(caller, GOOD, **{"idempotency-key": "k-1"})
    assert (first.status, again.status, again.body) == (201, 201, first.body)
    other = post(caller, BAD, **{"idempotency-key": "k-1"})
    assert (other.status, other.findings()[0]["field"]) == (409, "Idempotency-Key")
    option = post(caller, GOOD, "?partial=true", **{"idempotency-key": "k-1"})
    assert option.status == 409


def test_a_form_brings_its_own_mapping(caller: Caller) -> None:
    data = GOOD.replace(b"serial", b"Pack")
    media_type, body = form(data, '{"columns": {"Pack": "serial"}}')
    assert post(caller, body, "", media_type).json()["registered"] == 2
    for wrong, field in (
        (form(GOOD, '{"columns": {"Pack": "colour"}}'), "columns.Pack"),
        (form(GOOD, "{"), "document"),
        (form(GOOD, name="batteries"), "file"),
    ):
        answer = post(caller, wrong[1], "", wrong[0])
        assert (answer.status, answer.findings()[0]["field"]) == (422, field)
    broken = post(caller, b"--b\r\nnothing", "", "multipart/form-data; boundary=b")
    assert broken.status in {400, 422}
    assert broken.media_type == PROBLEM


@pytest.mark.parametrize("media_type", ["", "image/png", "text/html"])
def test_a_body_of_another_type_is_refused(caller: Caller, media_type: str) -> None:
    answer = post(caller, GOOD, "", media_type)
    assert (answer.status, answer.findings()[0]["field"]) == (422, "Content-Type")


@pytest.mark.parametrize(
    ("query", "field"),
    [("?dryrun=true", "dryrun"), ("?recipe_version=0", "recipe_version")],
)
def test_a_misspelt_option_is_refused(caller: Caller, query: str, field: str) -> None:
    answer = post(caller, GOOD, query)
    assert (answer.status, answer.findings()[0]["field"]) == (422, field)


def test_recipes_are_saved_by_version_listed_shown_used_and_deleted(everywhere: Caller) -> None:
    caller = everywhere
    headers = {
        "content-type": "application/json",
        "authorization": f"Bearer {caller.key(MAKER)}",
    }

    def put(document: dict[str, Any], name: str = "mes") -> Answer:
        target = f"/v1/mapping-recipes/{name}"
        return caller.send("PUT", target, headers, json.dumps(document).encode())

    assert put({"columns": {"Pack": "gtin"}}).json()["version"] == 1
    assert put({"columns": {"Pack": "serial"}}).json()["version"] == 2
    assert put({"columns": {"Pack": "serial"}}).json()["version"] == 2
    assert put({}, "Mes!").status == 422
    assert put({"columns": {"Pack": "x"}}).findings()[0]["field"] == "columns.Pack"

    listed = caller.get("/v1/mapping-recipes", by=MAKER).json()["recipes"]
    assert [(r["name"], r["version"]) for r in listed] == [("mes", 2)]
    old = caller.get("/v1/mapping-recipes/mes?version=1", by=MAKER)
    assert old.json()["columns"] == {"Pack": "gtin"}
    assert caller.get("/v1/mapping-recipes/mes", by=RIVAL).status == 404
    assert caller.get("/v1/mapping-recipes/mes").status == 401

    data = GOOD.replace(b"serial", b"Pack")
    assert post(caller, data, "?recipe=mes").json()["registered"] == 2
    assert post(caller, data, "?recipe=mes&recipe_version=1").status == 422
    assert post(caller, data, "?recipe=none").status == 404

    assert caller.send("DELETE", "/v1/mapping-recipes/mes", headers).status == 204
    assert caller.send("DELETE", "/v1/mapping-recipes/mes", headers).status == 404
    assert caller.get("/v1/mapping-recipes/mes?version=1", by=MAKER).status == 404
    assert put({"columns": {"Pack": "serial"}}).json()["version"] == 3


def test_a_mapping_is_suggested_by_http(caller: Caller) -> None:
    headers = {"content-type": "text/csv", "authorization": f"Bearer {caller.key(MAKER)}"}
    body = b"Seriennummer;Farbe\nA;rot\n"
    answer = caller.send("POST", "/v1/mapping-recipes/suggestions", headers, body)
    assert answer.json()["columns"] == {"Seriennummer": "serial"}
    assert answer.json()["unmatched"] == ["Farbe"]


def test_only_manufacturers_keep_recipes_and_only_the_platform_registers_prefixes(
    caller: Caller,
) -> None:
    headers = {"content-type": "application/json"}
    headers["authorization"] = f"Bearer {caller.key(IMPORTER)}"
    assert caller.send("PUT", "/v1/mapping-recipes/x", headers, b"{}").status == 403
    assert caller.send("DELETE", "/v1/mapping-recipes/x", headers).status == 403
    ensure_platform(caller.voltpass, utc_now())
    target = f"/v1/operators/{MAKER}/gs1-prefixes"
    assert caller.post(target, {"prefix": "4012345"}, by=MAKER).status == 403
    added = caller.post(target, {"prefix": "4012345"}, by=PLATFORM_ID)
    assert (added.status, added.json()["gs1_prefixes"]) == (201, ["9520123", "4012345"])
    taken = caller.post(f"/v1/operators/{RIVAL}/gs1-prefixes", {"prefix": "40123"}, by=PLATFORM_ID)
    assert (taken.status, taken.json()["type"]) == (409, "urn:voltpass:problem:identifier-taken")
    missing = caller.post("/v1/operators/nobody/gs1-prefixes", {"prefix": "40999"}, by=PLATFORM_ID)
    assert missing.status == 404


@drawn(
    data=st.binary(max_size=120)
    | st.builds(lambda head, tail: head + tail, st.just(GOOD), st.binary(max_size=40))
    | st.builds(
        lambda values: as_csv([dict(zip(battery(), values, strict=True))]),
        st.lists(st.text(max_size=12), min_size=6, max_size=6),
    )
    | st.builds(
        lambda values: json.dumps([dict(zip(battery(), values, strict=True))]).encode(),
        st.lists(
            st.none()
            | st.booleans()
            | st.integers()
            | st.floats(allow_nan=False)
            | st.text(max_size=8)
            | st.lists(st.integers()),
            min_size=6,
            max_size=6,
        ),
    ),
    query=st.sampled_from(["", "?dry_run=true", "?partial=true"]),
    test=25,
    soak=300,
    limits=SETTINGS,
)
def test_whatever_file_is_sent_nothing_is_a_fault(
    unchanged: Caller, data: bytes, query: str
) -> None:
    answer = post(unchanged, data, query if "dry" in query else f"?dry_run=true&{query[1:]}")
    assert answer.status in {200, 422}, answer.body
    if answer.status == 422:
        assert all(finding["reason"] and finding["remedy"] for finding in answer.findings())
    else:
        assert answer.json()["registered"] == 0


RECIPE: dict[str, Any] = {
    "columns": {"Pack": "serial"},
    "constants": {"batch_id": "b-1"},
    "ignored": ["Line"],
    "date_format": "DD.MM.YYYY",
    "transforms": {"serial": ["uppercase"]},
    "values": {"model_id": {"LFP60": "lfp-60"}},
    "header_line": 2,
}
MUTATED: dict[tuple[str, str], Any] = {
    ("PUT", "/v1/mapping-recipes/mes"): RECIPE,
    ("POST", "/v1/registrations?dry_run=true"): [battery("A"), battery("B", cycle_count=3)],
    ("POST", "/v1/mapping-recipes/suggestions"): {"batteries": [battery("A")]},
    ("POST", f"/v1/operators/{MAKER}/gs1-prefixes"): {"prefix": "4012345"},
}


@drawn(data=st.data(), test=60, soak=600, limits=SETTINGS)
def test_a_nearly_valid_document_is_taken_or_refused(caller: Caller, data: st.DataObject) -> None:
    method, target = data.draw(st.sampled_from(sorted(MUTATED)))
    document: Any = MUTATED[method, target]
    for _ in range(data.draw(st.integers(0, 2))):
        path = data.draw(st.sampled_from(list(places(document))))
        how = data.draw(st.sampled_from(["replace", "remove", "add", "repeat"]))
        hostile = st.sampled_from(HOSTILE) | st.text(max_size=8)
        document = changed(document, path, how, data.draw(hostile))
    ensure_platform(caller.voltpass, utc_now())
    key = caller.key(PLATFORM_ID if "prefixes" in target else MAKER)
    headers = {"content-type": "application/json", "authorization": f"Bearer {key}"}
    answer = caller.send(method, target, headers, json.dumps(document).encode())
    assert answer.status < 500, (target, document, answer.body)
    if answer.status >= 400:
        assert answer.media_type == PROBLEM
        assert all(finding["reason"] for finding in answer.findings())


# By command line
