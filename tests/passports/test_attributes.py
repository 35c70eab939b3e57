"""The table of attributes: all data points of both sources are in it, none skipped, and as they say."""

import csv
import io
import json
import os
import re
from collections.abc import Iterator, Mapping
from importlib import resources
from pathlib import Path
from typing import Any, Final

import pytest
from hypothesis import given
from hypothesis import strategies as st
from jsonschema import Draft202012Validator

from passports.attributes.schemas import attribute_schema, attribute_table
from passports.attributes.table import (
    CATEGORIES,
    AttributeTableError,
    Requirement,
    attributes,
    get_profile,
    profile_ids,
    read_attributes,
    read_profile,
)
from passports.errors import RecordNotFoundError
from tests.exhaustively import each_with_each
from tests.paths import ROOT
from tests.worlds import ADDRESS

EC_WORDS: Final = {
    "mandatory": Requirement.MANDATORY,
    "optional": Requirement.OPTIONAL,
    "if_applicable": Requirement.IF_APPLICABLE,
    "not_to_be_filled": Requirement.NOT_TO_BE_FILLED,
    "not_to_be_filled_as_of_2027-02": Requirement.NOT_DISPLAYED,
}
FROM_WEAK: Final = ("not_to_be_filled", "not_displayed", "optional", "if_applicable", "mandatory")
# The Commission asks for them within a whole "if" they exist.
WEAKER_THAN_ITS_DATA_POINT: Final = {"dismantling_warnings"}
SPEC_UNITS: Final = {
    "n.a.": "",
    "-": "",
    "kgCO2e/kWh": "kg CO2e/kWh",
    "[tCO2e]": "t CO2e",
    "Ohm": "ohm",
    "Minutes": "min",
}
SPEC_LEVELS: Final = {"Battery model": "model", "Individual battery": "item"}


def rows(path: Path) -> list[dict[str, str]]:
    """Read a CSV."""
    with path.open(encoding="utf-8") as file:
        return list(csv.DictReader(file))


@pytest.fixture(scope="module")
def ec(shared: Path) -> dict[int, dict[str, str]]:
    """The Commission's data points by number."""
    found = rows(shared / "reference" / "ec_data_points_v2.csv")
    assert len(found) == 71
    return {int(row["point"]): row for row in found}


@pytest.fixture(scope="module")
def spec(shared: Path) -> dict[int, dict[str, str]]:
    """The attributes of DIN DKE SPEC 99100 by number."""
    found = rows(shared / "reference" / "din_dke_spec_99100_attributes_v1.2.csv")
    assert len(found) == 93
    return {int(row["number"]): row for row in found}


def test_every_data_point_of_the_commission_is_covered(ec: Mapping[int, Any]) -> None:
    covered = {number for a in attributes().values() for number in a.ec_points}
    assert covered == set(ec)


def test_every_attribute_of_the_spec_is_covered(spec: Mapping[int, Any]) -> None:
    covered = {number for a in attributes().values() for number in a.spec_numbers}
    assert covered == set(spec)


def test_who_may_see_is_what_both_sources_say(
    ec: Mapping[int, dict[str, str]], spec: Mapping[int, dict[str, str]]
) -> None:
    for attribute in attributes().values():
        for number in attribute.ec_points:
            row = ec[number]
            point = re.match(r"Annex XIII ([2-4])", row["legal_source"])
            expected = int(point[1]) if point else 1
            assert attribute.access_point == expected, (attribute.id, number)
            assert (row["annex_xiii_access"] == "public") is (expected == 1)
        for number in attribute.spec_numbers:
            assert attribute.access_point == spec_point(spec[number]["access"]), attribute.id


def spec_point(access: str) -> int:
    """Return the point of Annex XIII that the SPEC's words mean."""
    if access == "Public":
        return 1
    if access.startswith("Notified bodies"):
        return 3
    return 2 if access.endswith("and the Commission") else 4


def test_static_and_dynamic_are_as_the_law_and_else_the_spec_has_it(
    ec: Mapping[int, dict[str, str]], spec: Mapping[int, dict[str, str]]
) -> None:
    for attribute in attributes().values():
        said = [ec[number]["behaviour"] for number in attribute.ec_points]
        said = said or [spec[number]["behaviour"].lower() for number in attribute.spec_numbers]
        assert {attribute.behaviour.value} == set(said), attribute.id


def test_a_granularity_other_than_the_specs_has_its_reason_in_a_note(
    spec: Mapping[int, dict[str, str]],
) -> None:
    for attribute in attributes().values():
        levels = {SPEC_LEVELS[spec[number]["granularity"]] for number in attribute.spec_numbers}
        if levels and levels != {attribute.granularity.value}:
            assert attribute.note.startswith("SPEC 99100"), attribute.id


def test_units_are_the_specs(spec: Mapping[int, dict[str, str]]) -> None:
    without_unit_there = {"warranty_period_months", "expected_life_cycles", "cycle_count"}
    for attribute in attributes().values():
        for number in attribute.spec_numbers:
            unit = spec[number]["unit"]
            if attribute.id == "footprint_per_battery_t_co2e":
                unit = spec[number]["format"] if unit == "n.a." else unit
            if attribute.id not in without_unit_there:
                assert attribute.unit == SPEC_UNITS.get(unit, unit), attribute.id


def test_applicability_is_the_specs_strongest_word(spec: Mapping[int, dict[str, str]]) -> None:
    columns = dict(zip(CATEGORIES, ("ev", "lmt", "other_industrial", "stationary"), strict=True))
    for attribute in attributes().values():
        for category, column in columns.items():
            said = [spec[number][column] or "-" for number in attribute.spec_numbers]
            if said:
                strongest = max(said, key="-ox".index)
                assert attribute.applicability[category] == strongest, attribute.id


def test_the_profile_of_2027_says_what_the_commissions_table_says(
    ec: Mapping[int, dict[str, str]],
) -> None:
    profile = get_profile("ec-2027-02")
    for attribute in attributes().values():
        for category in CATEGORIES:
            column = "industrial" if category == "stationary" else category
            asked = [EC_WORDS[ec[number][column]] for number in attribute.ec_points]
            if not asked or attribute.id in WEAKER_THAN_ITS_DATA_POINT:
                continue
            strongest = max(asked, key=FROM_WEAK.index)
            assert profile.requirement(attribute.id, category) is strongest, attribute.id


def test_the_commissions_own_counts_of_mandatory_points_come_out(
    ec: Mapping[int, dict[str, str]],
) -> None:
    profile = get_profile("ec-2027-02")
    for category, count in (("ev", 47), ("lmt", 50), ("industrial", 32)):
        mandatory = {
            number
            for a in attributes().values()
            if profile.requirement(a.id, category) is Requirement.MANDATORY
            for number in a.ec_points
            if ec[number][category] == "mandatory"
        }
        assert len(mandatory) == count, category


def test_the_two_profiles_differ_in_the_footprint_only() -> None:
    first, second = get_profile("ec-2027-02"), get_profile("voluntary-footprint")
    differing = {
        name for name in attributes() if first.requirements[name] != second.requirements[name]
    }
    assert all("footprint" in name for name in differing)
    assert "carbon_footprint_per_kwh" in differing
    # No act defines classes or labels: nobody may show one.
    assert not differing & {"footprint_performance_class", "carbon_footprint_label"}
    hidden = ("carbon_footprint_per_kwh", "due_diligence_report", "instructions_for_use")
    for name in (*hidden, "recycled_nickel_pre_consumer_percent"):
        assert not any(first.shows(name, category) for category in CATEGORIES)


def variants() -> Iterator[tuple[str, str]]:
    """Yield every profile with every category."""
    for profile in profile_ids():
        for category in CATEGORIES:
            yield profile, category


@pytest.mark.parametrize(("profile", "category"), each_with_each(profile_ids(), CATEGORIES))
def test_a_generated_schema_is_valid_and_takes_its_own_examples(
    profile: str, category: str
) -> None:
    schema = attribute_schema(ADDRESS, profile, category)
    Draft202012Validator.check_schema(schema)
    shown = {a.id for a in attributes().values() if get_profile(profile).shows(a.id, category)}
    assert set(schema["properties"]) == shown
    whole = {name: attributes()[name].example for name in shown}
    validator = Draft202012Validator(schema)
    assert not list(validator.iter_errors(whole))
    missing = [error.message.split("'")[1] for error in validator.iter_errors({})]
    assert missing == schema["required"]
    assert not validator.is_valid({**whole, "unheard_of": 1})


def test_what_a_profile_does_not_show_is_refused_by_its_schema() -> None:
    schema = attribute_schema(ADDRESS, "ec-2027-02", "ev")
    hidden = attributes()["due_diligence_report"]
    assert hidden.id not in schema["properties"]
    assert schema["additionalProperties"] is False


# A schema says nothing of control characters and, by default, of instants.
ONLY_THE_READER_KNOWS: Final = {"text", "events", "measurements"}
WRONG: Final[Mapping[str, list[Any]]] = {
    "number": [True, "1", -1e16, [], {}, None],
    "integer": [True, 1.5, "1", None],
    "text": ["", 1, None, "a\x00", "\ud800"],
    "texts": [[], [""], "a", [1]],
    "month": ["2027", "2027-13", "2027-01-01", 202701],
    "choice": ["other", None, 1],
    "document": [{}, {"url": "http://a", "sha256": "a" * 64}, {"url": "https://a", "sha256": "A"}],
    "documents": [[], {}],
    "substances": [[{"name": "a", "cas_number": "x"}], [{"name": "a", "share_percent": 101}]],
    "contacts": [[{"name": "a", "email": "nobody"}], [{}]],
    "parts": [[{"name": "without a number"}]],
    "events": [[{"at": "2027-01-01", "description": "x"}]],
    "measurements": [[{"at": "2027-01-01T00:00:00", "value": 1}], [{"value": 1}]],
    "at_temperature": [{"value": 1}, True, "1", -1],
}


@pytest.mark.parametrize("name", [a.id for a in attributes().values() if a.is_given])
def test_values_of_another_type_or_out_of_range_are_refused_by_reader_and_schema(name: str) -> None:
    attribute = attributes()[name]
    validator = Draft202012Validator(attribute.value_type.json_schema())
    bad = list(WRONG[attribute.type])
    if attribute.type in {"number", "integer"}:
        bad += [attribute.minimum - 1] if attribute.minimum is not None else []
        bad += [attribute.maximum + 1] if attribute.maximum is not None else []
    for value in bad:
        found, findings = attribute.value_type.read(value, name)
        assert found is None, value
        assert findings[0].field.startswith(name)
        assert findings[0].reason
        assert findings[0].remedy
        if attribute.type not in ONLY_THE_READER_KNOWS:
            assert not validator.is_valid(value), value


@given(
    st.sampled_from(sorted(attributes())),
    st.recursive(
        st.none() | st.booleans() | st.floats() | st.integers() | st.text(max_size=5),
        lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=5), inner),
        max_leaves=5,
    ),
)
def test_whatever_is_given_is_taken_as_it_is_or_refused(name: str, value: Any) -> None:
    found, findings = attributes()[name].value_type.read(value, name)
    assert (found is None) == bool(findings)
    if not findings:
        assert attributes()[name].value_type.read(found, name) == (found, [])


def table() -> list[dict[str, str]]:
    """Read the shipped table."""
    file = resources.files("passports.data").joinpath("attributes.csv")
    return list(csv.DictReader(io.StringIO(file.read_text(encoding="utf-8"))))


def text_of(found: list[dict[str, str]]) -> str:
    """Write rows as CSV."""
    out = io.StringIO()
    writer = csv.DictWriter(out, found[0].keys())
    writer.writeheader()
    writer.writerows(found)
    return out.getvalue()


@pytest.mark.parametrize(
    ("changes", "reason"),
    [
        ({"access_point": "5"}, "5"),
        ({"access_point": ""}, "invalid literal"),
        ({"access_point": "1|2"}, "invalid literal"),
        ({"access_point": "4"}, "does not go with its granularity"),
        ({"unit": "stone"}, "unit 'stone' is not known"),
        ({"type": "colour"}, "type 'colour' is not known"),
        ({"choices": "a|b"}, "nothing else has"),
        ({"granularity": "heap"}, "heap"),
        ({"behaviour": "lively"}, "lively"),
        ({"title": ""}, "no title"),
        ({"legal_reference": ""}, "no legal reference"),
        ({"example": '"x"'}, "example"),
        ({"ev": "y"}, "applicability"),
        ({"id": "Mass"}, "identifier"),
        ({"id": "chemistry"}, "twice"),
        ({"minimum": "low"}, "low"),
    ],
)
def test_a_wrong_row_is_named(changes: dict[str, str], reason: str) -> None:
    found = table()
    place = next(i for i, row in enumerate(found) if row["id"] == "rated_capacity_ah")
    found[place] = {**found[place], **changes}
    with pytest.raises(AttributeTableError, match=re.escape(reason)) as caught:
        read_attributes(text_of(found))
    assert (changes.get("id") or "rated_capacity_ah") in str(caught.value)


@pytest.mark.parametrize(
    ("old", "new", "reason"),
    [
        ("mass_kg,mandatory", "mass_kg,perhaps", "perhaps"),
        ("mass_kg,", "weight_kg,", "differ from the table"),
        ("mass_kg,", "chemistry,", "twice"),
        ("# from: 2027-02-18", "# from: soon", "soon"),
        ("# title: ", "# name: ", "title"),
    ],
)
def test_a_wrong_profile_is_refused(old: str, new: str, reason: str) -> None:
    file = resources.files("passports.data").joinpath("profiles").joinpath("ec-2027-02.csv")
    text = file.read_text(encoding="utf-8")
    assert old in text
    with pytest.raises(AttributeTableError, match=reason):
        read_profile("p", text.replace(old, new, 1))


def test_what_is_not_there_is_answered_with_what_is() -> None:
    with pytest.raises(RecordNotFoundError) as caught:
        get_profile("ec-2031-01")
    assert "ec-2027-02" in caught.value.findings[0].remedy
    with pytest.raises(RecordNotFoundError) as caught:
        attribute_schema(ADDRESS, "ec-2027-02", "sli")
    assert "stationary" in caught.value.findings[0].remedy


def test_the_table_is_published_whole() -> None:
    assert [row["id"] for row in attribute_table()] == list(attributes())


EXAMPLES: Final = ROOT / "openapi" / "examples" / "attributes"


@pytest.mark.parametrize(("profile", "category"), list(variants()))
def test_the_golden_complete_example_of_every_category_fits_its_schema(
    profile: str, category: str
) -> None:
    path = EXAMPLES / f"{profile}.{category}.json"
    whole = {
        a.id: category if a.id == "battery_category" else a.example
        for a in attributes().values()
        if get_profile(profile).shows(a.id, category)
    }
    if os.environ.get("VOLTPASS_GOLDEN") == "write":
        text = json.dumps(whole, indent=1, ensure_ascii=False) + "\n"
        path.write_text(text, encoding="utf-8")
    document = json.loads(path.read_text(encoding="utf-8"))
    schema = attribute_schema(ADDRESS, profile, category)
    assert [e.message for e in Draft202012Validator(schema).iter_errors(document)] == []
    assert document == whole, "run: make golden"


def test_no_example_is_of_a_profile_or_category_that_is_not_there() -> None:
    expected = {f"{profile}.{category}.json" for profile, category in variants()}
    assert {path.name for path in EXAMPLES.iterdir()} == expected
