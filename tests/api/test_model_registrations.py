"""Files of battery models by HTTP and by command line: what is answered, kept, refused; exit codes."""

import base64
import json
from pathlib import Path

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from api.commands import model_registrations
from passports.models import list_models
from tests.api.caller import PROBLEM, Answer, Caller
from tests.api.command_line import Demonstration, invoke, one_document
from tests.api.test_registrations import MEDIA_TYPES, form
from tests.passports.bulk_files import KINDS, as_csv, as_file
from tests.passports.test_model_registrations import gtin, model
from tests.worlds import IMPORTER, MAKER, MODEL

PATH = "/v1/battery-models/registrations"
BAD = as_csv([model(1), model(2, mass_kg="x")])


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
    return caller.send("POST", f"{PATH}{query}", sent, data)


def known(caller: Caller) -> set[str]:
    with caller.voltpass.store.reading() as reading:
        return {found.id for found in list_models(reading, MAKER)}


@pytest.mark.parametrize("kind", KINDS)
def test_a_file_of_each_format_is_registered_and_the_second_time_nothing_is_new(
    caller: Caller, kind: str
) -> None:
    data = as_file(kind, [model(1), model(2)])
    answer = post(caller, data, "", MEDIA_TYPES[kind])
    assert answer.status == 201, answer.body
    document = answer.json()
    assert (document["registered"], document["rejects"]) == (2, None)
    assert [found["gtin"] for found in document["models"]] == [gtin(1), gtin(2)]
    assert known(caller) == {MODEL, "m-1", "m-2"}
    again = post(caller, data, "", MEDIA_TYPES[kind])
    assert (again.status, again.json()["already_registered"]) == (200, 2)


def test_a_dry_run_and_registering_say_the_same_and_partial_sends_the_rest_back(
    caller: Caller,
) -> None:
    dry = post(caller, BAD, "?dry_run=true")
    assert (dry.status, dry.json()["passed"], dry.json()["registered"]) == (200, 1, 0)
    refused = post(caller, BAD)
    assert refused.status == 422
    assert refused.json()["type"] == "urn:voltpass:problem:registration-refused"
    assert refused.findings() == dry.json()["findings"]
    assert dry.json()["findings"][0] == {
        "line": 3,
        "column": "mass_kg",
        "field": "mass_kg",
        "value": "x",
        "reason": "this is not a number",
        "remedy": "Give digits with a decimal point.",
    }
    assert known(caller) == {MODEL}
    partly = post(caller, BAD, "?partial=true")
    assert (partly.status, partly.json()["registered"]) == (201, 1)
    back = base64.b64decode(partly.json()["rejects"]["content_base64"])
    assert b"this is not a number" in back
    assert post(caller, back.replace(b",x,", b",7,")).json()["registered"] == 1


def test_a_form_brings_its_mapping_and_a_key_its_first_answer(caller: Caller) -> None:
    data = as_csv([{"Pack": "m-1", **{k: v for k, v in model(1).items() if k != "id"}}])
    media_type, body = form(data, json.dumps({"columns": {"Pack": "id"}}))
    first = post(caller, body, "", media_type, **{"idempotency-key": "k-1"})
    assert first.status == 201, first.body
    assert post(caller, body, "", media_type, **{"idempotency-key": "k-1"}).body == first.body
    other = post(caller, BAD, "?partial=true", **{"idempotency-key": "k-1"})
    assert other.status == 409


def test_only_who_may_write_records_sends_one(caller: Caller) -> None:
    assert post(caller, BAD, by=IMPORTER).status == 403
    assert caller.send("POST", PATH, {"content-type": "text/csv"}, BAD).status == 401


@settings(
    deadline=None,
    max_examples=40,
    database=None,
    suppress_health_check=[HealthCheck.function_scoped_fixture],
)
@given(
    st.one_of(
        st.binary(max_size=60),
        st.text(max_size=60).map(str.encode),
        st.recursive(
            st.none() | st.booleans() | st.floats() | st.text(max_size=5),
            lambda inner: (
                st.lists(inner, max_size=3)
                | st.dictionaries(
                    st.sampled_from([*model(1), "service_life", "x"]), inner, max_size=3
                )
            ),
            max_leaves=8,
        ).map(lambda value: json.dumps([{**model(1), "note": value}, value]).encode()),
    ),
    st.sampled_from(sorted(MEDIA_TYPES.values())),
)
def test_whatever_file_is_sent_nothing_is_a_fault(
    caller: Caller, data: bytes, media_type: str
) -> None:
    answer = post(caller, data, "?dry_run=true", media_type)
    assert answer.status < 500, answer.body
    if answer.status >= 400:
        assert answer.media_type == PROBLEM


def test_the_command_line_says_by_its_exit_code_what_became_of_a_file(
    demonstration: Demonstration, tmp_path: Path
) -> None:
    home, who = demonstration.home, ("--operator", "demo-maker")
    rows = [model(n, gtin=gtin(n)) for n in range(1, 4)]
    (tmp_path / "good.csv").write_bytes(as_csv(rows))
    (tmp_path / "bad.csv").write_bytes(as_csv([*rows, model(4, usable_energy_kwh="61")]))
    (tmp_path / "torn.csv").write_bytes(b'id\n"A')
    rejects = tmp_path / "rejects.csv"

    def run(name: str, *options: str | Path) -> tuple[int, str]:
        done = invoke("model", "import", tmp_path / name, *who, *options, home=home)
        return done.returncode, " ".join((done.stdout + done.stderr).split())

    code, text = run("bad.csv", "--dry-run")
    assert (code, "dry run: 3 of 4 models would be registered; 1 is refused" in text) == (1, True)
    assert "usable_energy_kwh" in text
    code, text = run("bad.csv")
    assert (code, "nothing was registered: 1 of 4 rows is refused" in text) == (1, True)
    assert run("torn.csv")[0] == 2
    assert run("good.csv", "--set", "batch_id=x")[0] == 2
    assert run("bad.csv", "--partial")[0] == 2
    assert run("absent.csv")[0] == 3
    code, text = run("bad.csv", "--partial", "--rejects", rejects)
    assert (code, "registered 3 models of 4 rows; 1 is refused" in text) == (1, True)
    rejects.write_bytes(rejects.read_bytes().replace(b",61,", b",59,"))
    assert run("rejects.csv")[0] == 0
    done = invoke("model", "import", tmp_path / "good.csv", *who, "--json", home=home)
    assert (one_document(done)["already_registered"], one_document(done)["registered"]) == (3, 0)


def test_the_documented_exit_codes_are_those_of_the_module() -> None:
    text = str(model_registrations.__doc__)
    assert "0 every row" in text
    assert "1 rows are refused" in text
