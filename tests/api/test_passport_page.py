"""The page of a battery: what it says, what it does with hostile, damaged and missing data."""

import re
from collections.abc import Iterator, Mapping
from datetime import UTC, date, datetime
from itertools import count
from typing import Any, Final, get_args

import pytest
from hypothesis import given
from hypothesis import strategies as st

from api.pages import figures, render, words
from api.pages.footprint_card import card_of_claims
from lca.emission_factors import Boundary
from lca.rulesets import LifeCycleStage
from passports.certification.certificates import certificates_of
from passports.certification.coverage import Outcome as CertificateOutcome
from passports.certification.coverage import check_certificate
from passports.factories import EnergyCarrier, SupplyArrangement
from passports.models import BatteryCategory
from signing import report
from tests.api.page_reader import (
    Page,
    assert_harmless,
    claims_of_study,
    passport_html,
    payload,
)
from tests.worlds import FACILITY, MAKER, World


def test_a_passport_says_its_figure_with_unit_ruleset_legal_state_and_arithmetic() -> None:
    text = Page(passport_html(payload())).text
    assert "0.126 kg CO₂e per kWh delivered" in text
    assert "Draft delegated act on the carbon footprint of electric vehicle batteries" in text
    assert "Voluntary information Ruleset da-2024: No method is binding yet" in text
    arithmetic = (
        "3,629kg CO₂e per battery ÷ 28,800kWh delivered over the service life = 0.126kg CO₂e"
    )
    assert arithmetic in text
    assert "60.5 kg CO₂e per kWh of capacity" in text
    assert "Functional unit: 1 kWh of the total energy delivered over the service life." in text


def test_a_stage_without_a_value_is_not_assessed_and_the_total_partial() -> None:
    html = passport_html(payload())
    text = Page(html).text
    assert "Partial total. Not assessed, and so not in it: end of life and recycling." in text
    assert "End of life and recycling not assessed" in text
    assert "Total, partial" in text
    assert html.count('fill="url(#hatch)"') == 2  # in the bar and beside its name


def test_the_electricity_columns_stand_in_order_with_boundary_and_unit() -> None:
    text = Page(passport_html(payload())).text
    first, second, third = (
        text.index(name) for name in ("In the footprint", "By location", "By contract")
    )
    assert first < second < third
    assert "4.81 kg CO₂e per kWh of capacity" in text[first:second]
    assert "life cycle" in text[first:second]
    assert "4.20 kg CO₂ per kWh of capacity" in text[second:third]
    assert "direct CO₂ of generation only" in text[second:third]
    assert "They cannot be added, and cannot be compared with each other." in text


def test_offsets_are_listed_and_change_no_figure() -> None:
    listed = Page(passport_html(payload())).text
    assert "78,540 t CO₂e listed for the factory. Not subtracted" in listed
    without = claims_of_study(offsetsListedT=0)
    none_listed = Page(passport_html(payload(carbonFootprint=[without]))).text
    assert "None listed." in none_listed
    assert re.findall(r"[\d.,]+ kg CO₂e?", listed) == re.findall(r"[\d.,]+ kg CO₂e?", none_listed)


def test_a_ruleset_per_capacity_is_not_called_delivered() -> None:
    card = card_of_claims(claims_of_study(ruleset="iso-14067"), 1, {})
    assert card.per == "kWh of capacity"


def test_a_certificate_is_shown_with_its_checks_and_without_effect() -> None:
    text = Page(passport_html(payload())).text
    assert "Cannot tell whether it covers what was made" in text
    assert "Period cannot tell No period is stated" in text
    assert "No effect on the footprint" in text


def test_the_page_says_what_is_hidden_and_for_whom() -> None:
    page = Page(passport_html(payload()))
    for row in ("Point 2", "Point 3", "Point 4"):
        assert row in page.text
    assert "results of test reports no yes" in page.text
    assert "use and negative events yes no" in page.text


@pytest.mark.parametrize(
    ("outcomes", "title"),
    [
        ({}, "Valid"),
        ({"log_inclusion": "not_checked"}, "Valid"),
        ({"factory_certificate": "warning"}, "Valid, with reservations"),
        ({"status": "not_checked"}, "Cannot tell"),
        ({"signature": "failed"}, "Not valid"),
    ],
)
def test_the_verdict_is_said_with_what_was_and_was_not_checked(
    outcomes: dict[str, report.Outcome], title: str
) -> None:
    text = Page(passport_html(payload(), **outcomes)).text
    assert f"{title} " in text
    for number, step in enumerate(report.STEPS, start=1):
        outcome = words.OUTCOMES[outcomes.get(step, "passed")]
        assert f"{number} {words.STEPS[step].title} {outcome}" in text
        if outcome != "passed":
            assert f"On {step}" in text
            assert words.STEPS[step].passed not in text
        else:
            assert words.STEPS[step].passed in text


HOSTILE: Final = (
    "<script>alert(1)</script>",
    '"><img src=x onerror=alert(1)>',
    "'; onload='x",
    "{{ 7*7 }}{% raw %}",
    "safe\u202egnp.exe\u2066\x00\x1b[31m\ud800",
    "javascript:alert(1)",
    "data:text/html,<script>1</script>",
)


def poisoned(value: Any, poison: str) -> Any:
    """Return a JSON value whose every text is the poison."""
    if isinstance(value, dict):
        return {key: poisoned(item, poison) for key, item in value.items()}
    if isinstance(value, list):
        return [poisoned(item, poison) for item in value]
    return poison if isinstance(value, str) else value


@pytest.mark.parametrize("poison", HOSTILE)
def test_hostile_strings_stay_text(poison: str) -> None:
    assert_harmless(passport_html(poisoned(payload(), poison)))
    finding = {"field": poison, "value": poison, "reason": poison, "remedy": poison, "line": 3}
    assert_harmless(render.problem_page(poison, poison, 422, [finding]))
    assert_harmless(render.verify_page(link=poison, refusal=poison, findings=[finding]))


def test_a_text_that_would_turn_its_neighbours_round_is_made_visible() -> None:
    said = payload(serialNumber="A\u202eB")
    assert "A[U+202E]B" in Page(passport_html(said)).text


WRONG: Final = st.sampled_from([None, True, [], {}, [None], {"id": None}]) | st.floats() | st.text()


def damaged(value: Any, wrong: Mapping[int, Any], number: Iterator[int]) -> Any:
    """Return a JSON value in which the nodes with these numbers, counted from the root, are others."""
    here = next(number)
    if here in wrong:
        return wrong[here]
    if isinstance(value, dict):
        return {key: damaged(item, wrong, number) for key, item in value.items()}
    if isinstance(value, list):
        return [damaged(item, wrong, number) for item in value]
    return value


@given(st.dictionaries(st.integers(1, 110), WRONG, min_size=1, max_size=12))
def test_any_damaged_payload_still_gives_a_page(wrong: dict[int, Any]) -> None:
    assert_harmless(passport_html(damaged(payload(), wrong, count())))


def test_a_total_of_unknown_completeness_is_not_called_whole_or_partial() -> None:
    claims = claims_of_study()
    del claims["partial"]
    text = Page(passport_html(payload(carbonFootprint=[claims]))).text
    assert "It is not stated whether this total covers all life cycle stages." in text
    assert "Partial total" not in text


def test_a_credit_is_drawn_and_said() -> None:
    stages = [{"stage": "main_production", "kgCo2ePerKwh": 0.2}]
    stages.append({"stage": "end_of_life", "kgCo2ePerKwh": -0.05})
    claims = claims_of_study(stages=stages, kgCo2ePerKwh=0.15, partial=False, notAssessed=[])
    page = Page(passport_html(payload(carbonFootprint=[claims])))
    bars = {a["class"]: a for a in page.all("rect") if "x" in a}
    assert bars["stage stage-end_of_life"]["x"] == "0.000%"
    assert bars["stage stage-end_of_life"]["width"] == "20.000%"
    assert bars["stage stage-main_production"]["x"] == "20.000%"
    assert "Left of the line: a credit" in page.text
    assert "\N{MINUS SIGN}0.0500" in page.text
    assert "Partial" not in page.text


def test_what_is_missing_is_named() -> None:
    text = Page(passport_html({})).text
    for sentence in (
        "Battery without a stated model",
        "This passport states no carbon footprint.",
        "This passport cites no factory certificate.",
        "not stated",
    ):
        assert sentence in text
    assert "None" not in text


@given(st.floats(-1e300, 1e300))
def test_a_figure_keeps_three_significant_digits(value: float) -> None:
    read = float(figures.figure(value).replace(",", "").replace("\N{MINUS SIGN}", "-"))
    assert read == pytest.approx(value, rel=0.005001)


# To a picogram: below, floats themselves are too coarse to be halved true to scale.
AMOUNTS: Final = st.floats(-1e6, 1e6).map(lambda value: round(value, 15))
VALUES: Final = st.lists(st.none() | AMOUNTS, min_size=1, max_size=6)


@given(VALUES)
def test_a_bar_is_true_to_scale_and_stays_inside_its_drawing(values: list[float | None]) -> None:
    bar = figures.stacked_bar([(str(i), v) for i, v in enumerate(values)])
    known = {segment.name: segment for segment in bar.segments if segment.assessed}
    assert len(known) == sum(value is not None for value in values)
    for segment in bar.segments:
        assert segment.x >= -1e-6
        assert segment.x + segment.width <= 100 + 1e-6
    longest = max((abs(v), str(i)) for i, v in enumerate([v or 0.0 for v in values]))
    if longest[0] > 0:
        whole = known[longest[1]]
        for index, value in enumerate(values):
            if value is not None:
                expected = whole.width * abs(value) / longest[0]
                assert known[str(index)].width == pytest.approx(expected, abs=1e-6)


def test_every_identifier_has_its_words(sqlite_world: World) -> None:
    assert tuple(words.STEPS) == report.STEPS
    assert set(words.VERDICTS) == set(get_args(report.Verdict))
    assert set(words.OUTCOMES) == {*get_args(report.Outcome), *get_args(CertificateOutcome)}
    assert set(words.STAGES) == set(LifeCycleStage)
    assert set(words.CATEGORIES) == set(BatteryCategory)
    assert set(words.CARRIERS) == set(EnergyCarrier)
    assert set(words.ARRANGEMENTS) == set(SupplyArrangement)
    assert set(words.BOUNDARIES) == set(words.BOUNDARY_UNITS) == set(Boundary)
    with sqlite_world.store.reading() as reading:
        certificate = certificates_of(reading, MAKER, FACILITY)[0]
    checks = check_certificate(certificate, FACILITY, [date(2024, 12, 2)])
    assert set(words.CERTIFICATE_CHECKS) == {check.id for check in checks}


def test_an_instant_and_a_day_are_said_in_words() -> None:
    assert figures.instant(datetime(2026, 1, 5, 9, 7, tzinfo=UTC)) == "5 January 2026, 09:07 UTC"
    assert figures.day("2024-12-02T10:00:00Z") == "2 December 2024"
    assert figures.day("some day") == "some day"
