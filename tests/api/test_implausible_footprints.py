"""An implausible figure as its maker meets it: on the command line, by HTTP, in the record, on the page."""

import json
from pathlib import Path
from typing import Any, Final

import pytest

from tests.api.caller import Caller
from tests.api.command_line import Demonstration, invoke, one_document
from tests.api.page_reader import Page
from tests.api.test_demonstration import factories
from tests.api.test_footprints_by_command_line import MATERIALS, cell, saved
from tests.api.test_footprints_by_http import SECRET, request, send, studies
from tests.api.test_studies_by_command_line import NAMES
from tests.worlds import FACILITY, MAKER

TWICE: Final = 839.74
IN_GRAMS: Final = 419870
NAME: Final = "implausible bill_of_materials_mass"


def test_of_a_workbook_the_doubt_is_said_below_the_result_with_sheet_row_and_column(
    tmp_path: Path,
) -> None:
    file = saved(tmp_path / "plant.xlsx", cell(MATERIALS, 3, "amount", TWICE))
    done = invoke("footprint", "compute", file, home=tmp_path)
    assert done.returncode == 0, done.stderr
    text = " ".join(done.stdout.split())
    assert f"! {NAME}: 2 times the mass of the battery at activities[0]" in text
    assert "above the plausible range of 0.95 to 1.5. Is a row in g typed as kg" in text
    assert "in plant.xlsx, sheet bill_of_materials, row 3, amount" in text
    assert text.count(NAME) == 1
    assert text.index(NAME) < text.index("largest contributions")


def test_by_json_the_doubt_has_value_range_source_and_place(tmp_path: Path) -> None:
    file = saved(tmp_path / "plant.xlsx", cell(MATERIALS, 3, "amount", TWICE))
    result = one_document(invoke("footprint", "compute", file, "--json", home=tmp_path))["da-2024"]
    [doubt] = result["implausible"]
    assert (doubt["quantity"], doubt["value"]) == ("bill_of_materials_mass", 2)
    assert (doubt["low"], doubt["high"], doubt["unit"]) == (
        0.95,
        1.5,
        "times the mass of the battery",
    )
    assert "Fraunhofer" in doubt["source"]
    assert doubt["place"] == "plant.xlsx, sheet bill_of_materials, row 3, amount"
    assert result["warnings"][0] == doubt["text"]


def test_grams_typed_as_kilograms_are_refused_by_sheet_row_and_column(tmp_path: Path) -> None:
    file = saved(tmp_path / "plant.xlsx", cell(MATERIALS, 3, "amount", IN_GRAMS))
    done = invoke("footprint", "compute", file, "--json", home=tmp_path)
    assert done.returncode == 1
    [finding] = one_document(done)["findings"]
    assert "plant.xlsx, sheet bill_of_materials, row 3, amount" in json.dumps(finding)
    assert "1,000 times the mass of the battery, impossible above 10" in finding["reason"]
    assert "in g typed as kg" in finding["remedy"]


def test_what_if_and_comparison_tell_it_in_text(tmp_path: Path) -> None:
    good = saved(tmp_path / "good.xlsx", lambda _: None)
    heavy = saved(tmp_path / "heavy.xlsx", cell(MATERIALS, 3, "amount", TWICE))
    asked = ("--what-if", "warranty=1000")
    done = invoke("footprint", "compute", good, *asked, home=tmp_path)
    assert "warranty=1000: implausible warranty_years: 1,000 years" in " ".join(done.stdout.split())
    done = invoke("footprint", "compare", good, heavy, home=tmp_path)
    assert done.stdout.count(NAME) == 1


def test_an_audit_agrees_and_says_what_is_implausible(tmp_path: Path) -> None:
    file = saved(tmp_path / "plant.xlsx", cell(MATERIALS, 3, "amount", TWICE))
    bundle = tmp_path / "bundle.json"
    invoke("footprint", "compute", file, "--audit-bundle", bundle, home=tmp_path)
    done = invoke("footprint", "audit", bundle, home=tmp_path)
    assert done.returncode == 0, done.stderr
    assert "as stated" in done.stdout
    assert NAME in done.stdout


def test_by_http_the_study_is_stored_with_its_doubt_and_answers_with_it(caller: Caller) -> None:
    answer = send(caller, request(TWICE), None)
    assert answer.status == 201
    [study] = answer.json()["studies"]
    [doubt] = study["result"]["implausible"]
    assert doubt["value"] == pytest.approx(2)
    assert study["result"]["warnings"][0] == doubt["text"]
    again = caller.get(f"/v1/footprints/{study['id']}").json()
    assert again["result"] == study["result"]
    bundle = caller.get(f"/v1/footprints/{study['id']}/audit-bundle", by=MAKER)
    assert bundle.status == 200


def test_by_http_grams_are_refused_by_field_and_nothing_is_stored(caller: Caller) -> None:
    count = studies(caller)
    answer = send(caller, request(IN_GRAMS), None)
    assert answer.status == 422
    [finding] = answer.findings()
    assert finding["field"] == "inventory.activities[0].exchanges[1].amount"
    assert "impossible above 10" in finding["reason"]
    assert "in g typed as kg" in finding["remedy"]
    assert studies(caller) == count


def test_what_is_stored_tells_no_mass_of_a_confidential_row(caller: Caller) -> None:
    answer = send(caller, request(TWICE, confidential=True), None)
    [doubt] = answer.json()["studies"][0]["result"]["implausible"]
    assert (doubt["value"], doubt["field"]) == (None, None)
    assert SECRET not in answer.body.decode()


@pytest.mark.parametrize(
    ("language", "said"),
    [
        ("en", "Outside the plausible range: bill of materials mass 2.00 (≥ 0.95, ≤ 1.5"),
        ("de", "Außerhalb des plausiblen Bereichs: bill of materials mass 2"),
    ],
)
def test_the_page_of_the_factory_says_it_beside_the_figure(
    caller: Caller, language: str, said: str
) -> None:
    path = f"/facilities/{MAKER}/{FACILITY}?lang={language}"
    before = Page(caller.get(path, accept="text/html").body.decode()).text
    assert said.split(":", maxsplit=1)[0] not in before
    assert send(caller, request(TWICE), None).status == 201
    page = Page(caller.get(path, accept="text/html").body.decode()).text
    assert said in " ".join(page.split())
    assert NAME in page  # in full among the warnings


def test_a_stored_study_says_it_when_it_is_made_shown_and_listed(
    demonstration: Demonstration, tmp_path: Path
) -> None:
    home, file = demonstration.home, saved(tmp_path / "p.xlsx", cell(MATERIALS, 3, "amount", TWICE))
    done = invoke("footprint", "study", file, *NAMES, home=home)
    assert done.returncode == 0, done.stderr
    assert done.stdout.count(NAME) == 1
    study = done.stdout.split()[-1]
    assert invoke("footprint", "show", study, home=home).stdout.count(NAME) == 1
    listed = invoke("footprint", "list", home=home).stdout.splitlines()
    assert [line.split()[0] for line in listed if "with implausible figures" in line] == [study]


def test_of_the_demonstration_nothing_is_doubted(told: Demonstration) -> None:
    results = [result for _, _, result in factories(told)]
    assert len(results) == 4  # two factories by two rulesets
    assert not any("implausible" in result for result in results)


def test_the_openapi_example_of_a_study_is_not_doubted() -> None:
    folder = Path(__file__).parents[2] / "openapi" / "examples"
    answer: Any = json.loads((folder / "post_footprints.response.json").read_text("utf-8"))
    assert not any("implausible" in study["result"] for study in answer["studies"])
