"""Documents at the edge: what is wrong is named with field, value, reason and remedy."""

import json
from datetime import UTC, date, datetime, timedelta
from typing import Annotated, Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from pydantic import Field

from passports.documents import (
    CountryCode,
    Day,
    Document,
    Gln,
    Gtin,
    Instant,
    Name,
    NonNegativeNumber,
    PastDate,
    PositiveNumber,
    RuleError,
    Slug,
    Text,
    findings_of,
    read_day,
    read_document,
    utc_now,
)
from passports.errors import Finding, InvalidInputError
from tests.worlds import GTIN


class Inner(Document):
    count: Annotated[int, Field(ge=0)]


class Paper(Document):
    id: Slug = "paper"
    name: Name = "A paper"
    text: Text | None = None
    gtin: Gtin = GTIN
    gln: Gln | None = None
    country: CountryCode = "DE"
    mass_kg: PositiveNumber = 1.0
    waste_kg: NonNegativeNumber = 0.0
    signed_on: PastDate | None = None
    due_on: Day | None = None
    due_at: Instant | None = None
    rows: list[Inner] = Field(default_factory=list)


def finding_of(**fields: Any) -> Finding:
    """Return the one finding that these fields lead to."""
    with pytest.raises(InvalidInputError) as caught:
        read_document(Paper, fields, "the paper")
    (finding,) = caught.value.findings
    assert finding.reason
    assert finding.remedy
    assert str(caught.value).startswith("the paper is not valid: ")
    return finding


def test_a_valid_document_is_read_from_json_bytes_and_from_data_alike() -> None:
    fields = {"name": " Pack ", "signed_on": "2024-12-02", "rows": [{"count": 1}]}
    paper = read_document(Paper, json.dumps(fields).encode(), "the paper")
    assert paper == read_document(Paper, fields, "the paper")
    assert (paper.name, paper.signed_on) == ("Pack", date(2024, 12, 2))


def test_a_finding_of_a_nested_row_has_its_path() -> None:
    finding = finding_of(rows=[{"count": 1}, {"count": -5}])
    assert (finding.field, finding.value) == ("rows[1].count", "-5")


def test_a_missing_field_is_named_and_has_no_value() -> None:
    finding = finding_of(rows=[{}])
    assert (finding.field, finding.value, finding.remedy) == (
        "rows[0].count",
        "",
        "Add this field.",
    )


def test_an_unknown_field_is_refused_by_its_name() -> None:
    finding = finding_of(nmae="Pack")
    assert (finding.field, finding.remedy) == ("nmae", "Remove it, or check its spelling.")


def test_an_unknown_field_with_a_hostile_name_makes_a_finding_that_can_be_sent() -> None:
    finding = finding_of(**{"\ud800\x1b" * 500: 1})
    json.dumps(finding.to_document(), ensure_ascii=False).encode()
    assert len(finding.field) < 1000
    assert "\x1b" not in finding.field


@pytest.mark.parametrize("char", ["\0", "\x07", "\x1b", "\x7f", "\x85", "\x9b"])
def test_control_characters_are_refused(char: str) -> None:
    finding = finding_of(name=f"Pack{char}A")
    assert (finding.field, finding.reason) == ("name", "it holds a control character")
    assert char not in finding.value


@pytest.mark.parametrize("char", ["\ufffe", "\uffff"])
def test_noncharacters_that_xml_refuses_are_refused(char: str) -> None:
    assert "noncharacter" in finding_of(name=f"Pack{char}A").reason


def test_a_lone_surrogate_is_refused_and_the_finding_can_be_sent() -> None:
    finding = finding_of(name="Pack \ud800")
    assert finding.field == "name"
    str(finding).encode()


def test_line_breaks_tabs_and_every_script_are_allowed() -> None:
    text = "First line\n\tsecond: 宁德时代, Äthergrün, \u200f עברית 🔋"
    assert read_document(Paper, {"text": text}, "the paper").text == text


@pytest.mark.parametrize("number", [float("nan"), float("inf"), float("-inf")])
def test_numbers_that_are_none_are_refused(number: float) -> None:
    assert finding_of(mass_kg=number).field == "mass_kg"


@pytest.mark.parametrize("number", ["1e400", "-1e400", "NaN", "Infinity", "1" + "0" * 400])
def test_numbers_beyond_every_float_are_refused_in_json(number: str) -> None:
    with pytest.raises(InvalidInputError):
        read_document(Paper, f'{{"mass_kg": {number}}}'.encode(), "the paper")


@pytest.mark.parametrize("digits", [20, 400, 5000, 100_000])
def test_huge_integers_are_findings_however_many_digits_they_have(digits: int) -> None:
    finding = finding_of(mass_kg=10**digits)
    assert finding.field == "mass_kg"
    assert len(finding.value) <= 80


@pytest.mark.parametrize("number", [0, -1, 1e16])
def test_a_mass_is_positive_and_of_this_world(number: float) -> None:
    assert finding_of(mass_kg=number).field == "mass_kg"


def test_truth_values_are_no_numbers() -> None:
    finding = finding_of(mass_kg=True)
    assert finding.reason == "this is a truth value, not a number"


@pytest.mark.parametrize("country", ["de", "D", "DEU", "D1", "Д\u042f"])
def test_a_country_is_two_capital_letters(country: str) -> None:
    assert finding_of(country=country).field == "country"


def test_identifiers_in_documents_bring_reason_and_remedy_of_their_rule() -> None:
    assert "8 would fit" in finding_of(gtin="09520123456789").reason
    assert finding_of(gln="1").reason == "a GLN has 13 digits"
    assert finding_of(id="Not A Slug").remedy == "For example catl-xinjin."


@pytest.mark.parametrize(
    "value",
    [
        20241202,
        86400,
        "86400",
        1.5,
        True,
        "20241202",
        "2024-W49-1",
        "02.12.2024",
        "2024-12-02T00:00:00",
    ],
)
def test_a_day_is_written_as_year_month_day_and_never_taken_from_a_number(value: object) -> None:
    finding = finding_of(due_on=value)
    assert (finding.reason, finding.remedy) == ("this is not a date", "Write it as YYYY-MM-DD.")


def test_a_day_that_does_not_exist_is_refused() -> None:
    assert finding_of(due_on="2023-02-29").reason == "there is no such day"


def test_an_instant_is_no_day() -> None:
    with pytest.raises(RuleError):
        read_day(datetime(2024, 12, 2, tzinfo=UTC))


def test_an_instant_is_kept_in_utc_whatever_its_zone() -> None:
    paper = read_document(Paper, {"due_at": "2027-01-01T00:30:00+02:00"}, "the paper")
    assert paper.due_at is not None
    assert paper.due_at.isoformat() == "2026-12-31T22:30:00+00:00"


@pytest.mark.parametrize("value", ["9999-12-31T23:59:59-00:01", "0001-01-01T00:00:00+00:01"])
def test_an_instant_outside_of_the_calendar_in_utc_is_refused(value: str) -> None:
    finding = finding_of(due_at=value)
    assert (finding.field, finding.value) == ("due_at", value)
    assert finding.reason == "it lies outside of the years 1 to 9999 in UTC"


@pytest.mark.parametrize("value", [1_700_000_000, 1.5, True, "2027-01-01T00:00:00", "tomorrow"])
def test_an_instant_is_text_with_a_zone(value: object) -> None:
    assert finding_of(due_at=value).field == "due_at"


def test_a_date_in_the_future_is_refused_but_for_a_day_of_grace() -> None:
    today = datetime.now(tz=UTC).date()
    read_document(Paper, {"signed_on": today + timedelta(days=1)}, "the paper")
    finding = finding_of(signed_on=str(today + timedelta(days=3)))
    assert finding.reason == "the date lies in the future"


@pytest.mark.parametrize("data", [b"", b"{", b"\xff\xfe", b"[]", b"null", b'{"name": "\\ud800"}'])
def test_bytes_that_are_no_such_document_are_refused(data: bytes) -> None:
    with pytest.raises(InvalidInputError) as caught:
        read_document(Paper, data, "the paper")
    assert caught.value.findings[0].field in {"document", "name"}


json_values = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(st.characters(codec=None)),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(), inner, max_size=3),
    max_leaves=8,
)


@given(
    st.dictionaries(
        st.sampled_from(sorted(Paper.model_fields)) | st.text(), json_values, max_size=6
    )
)
def test_whatever_comes_in_is_read_or_refused_with_findings_that_can_be_sent(
    fields: dict[str, Any],
) -> None:
    try:
        paper = read_document(Paper, fields, "the paper")
    except InvalidInputError as error:
        for finding in error.findings:
            json.dumps(finding.to_document(), ensure_ascii=False).encode()
            assert finding.field
            assert finding.reason
            assert finding.remedy
    else:
        paper.model_dump_json().encode()


def test_a_web_frameworks_location_loses_its_first_part() -> None:
    errors = [{"type": "missing", "loc": ("body", "rows", 0, "count"), "msg": "Field required"}]
    assert findings_of(errors)[0].field == "rows[0].count"


def test_the_clock_is_aware_and_shows_whole_seconds() -> None:
    now = utc_now()
    assert now.utcoffset() == timedelta(0)
    assert now.microsecond == 0
