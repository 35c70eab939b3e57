"""The eighteen factories: each is registered with every figure, each verdict is pinned, numbers are shown."""

import csv
from datetime import UTC, date, datetime
from functools import cache
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from lca.datasets import load_shipped_dataset
from passports.claim_checks import (
    CHECKS,
    ClaimCheck,
    ClaimResult,
    FactoryClaims,
    check_claims,
    check_facility,
    grid_factors,
)
from passports.claim_checks.claims import figure_terms
from passports.claim_checks.coal_equivalent import COAL_T_PER_TCE, MWH_PER_TCE
from passports.dossier import DossierCreate, ReportedFigure, get_dossier
from passports.errors import IdentifierConflictError, InvalidInputError
from passports.factories import FacilityCreate
from passports.press_reports import read_entries, register_entry, shipped_entries
from tests.worlds import MAKER, NOW, World

ON = date(2026, 11, 22)
PINNED = Path(__file__).parent / "assets" / "claim_verdicts.csv"
FACTORIES = [entry["id"] for entry in shipped_entries()]


def figures(*rows: tuple[str, float, str], **more: Any) -> DossierCreate:
    """Return a dossier of figures."""
    return DossierCreate(
        figures=[ReportedFigure(what=w, value=v, unit=u, **more) for w, v, u in rows], source="test"
    )


def claims(dossier: DossierCreate, region: str = "CN-CQ") -> FactoryClaims:
    """Return claims of a factory somewhere in China."""
    facility = FacilityCreate(id="f", name="F", place="P", country="CN", grid_region=region)
    return FactoryClaims(facility, dossier, [], _grid(region), ON)


@cache
def _grid(region: str) -> Any:
    return grid_factors(load_shipped_dataset(), region)


def found(checks: list[ClaimCheck], name: str) -> ClaimCheck:
    """Return the one check of a kind."""
    matching = [check for check in checks if check.id == name]
    assert len(matching) == 1, [check.id for check in checks]
    return matching[0]


@pytest.fixture
def factories(sqlite_world: World) -> dict[str, list[ClaimCheck]]:
    """All eighteen, registered for one operator, with their checks."""
    for entry in shipped_entries():
        register_entry(sqlite_world.store, MAKER, entry, NOW)
    dataset = load_shipped_dataset()
    with sqlite_world.store.reading() as reading:
        return {name: check_facility(reading, dataset, MAKER, name, ON) for name in FACTORIES}


def test_all_eighteen_are_registered_and_every_verdict_is_pinned(
    factories: dict[str, list[ClaimCheck]],
) -> None:
    assert len(factories) == 18
    rows = [
        [name, check.id, check.about, check.result.value]
        for name, checks in factories.items()
        for check in checks
    ]
    with PINNED.open(encoding="utf-8", newline="") as file:
        pinned = list(csv.reader(file))[1:]
    assert sorted(rows) == sorted(pinned)


def test_every_figure_is_kept_as_reported_and_looked_at_by_a_check(
    sqlite_world: World, factories: dict[str, list[ClaimCheck]]
) -> None:
    with sqlite_world.store.reading() as reading:
        dossiers = {name: get_dossier(reading, MAKER, name) for name in FACTORIES}
    for entry in shipped_entries():
        kept = dossiers[entry["id"]].figures
        assert [(f.what, f.value, f.unit, f.bound, f.year, f.note) for f in kept] == [
            (f["what"], f["value"], f["unit"], f.get("bound"), f.get("year"), f.get("note"))
            for f in entry["figures"]
        ]
        looked_at = {row.name for check in factories[entry["id"]] for row in check.inputs}
        assert {f["what"] for f in entry["figures"]} <= looked_at


def test_the_period_of_a_figure_and_the_article_are_kept(
    sqlite_world: World, factories: dict[str, list[ClaimCheck]]
) -> None:
    with sqlite_world.store.reading() as reading:
        petpal = get_dossier(reading, MAKER, "petpal")
        zhengte = get_dossier(reading, MAKER, "zhengte")
    assert (petpal.figures[0].since, petpal.figures[0].until) == ("2022-07", "2023-06")
    assert [site.name for site in zhengte.sites][:1] == ["headquarters"]
    assert [step.stage.value for step in zhengte.pathway] == [
        "inventory",
        "verification",
        "certification",
    ]


def test_midea_claims_a_factor_far_above_the_grid_of_chongqing(
    factories: dict[str, list[ClaimCheck]],
) -> None:
    check = found(factories["midea-chongqing"], "implied_factor")

    assert check.result is ClaimResult.IMPLAUSIBLE
    assert check.computed["implied_t_per_mwh"] == pytest.approx(5323 / 6200)
    assert "0.859" in check.explanation
    # The factors of the notices for 2021 and 2023.
    assert check.computed["grid_low_t_per_mwh"] == 0.4743
    assert check.computed["grid_high_t_per_mwh"] == 0.5581
    hours = found(factories["midea-chongqing"], "full_load_hours")
    assert hours.result is ClaimResult.IMPLAUSIBLE
    assert hours.computed["full_load_hours"] == pytest.approx(1240)


def test_schneider_fits_its_grid_with_one_reduction_and_not_with_the_other(
    factories: dict[str, list[ClaimCheck]],
) -> None:
    checks = factories["schneider-xian"]

    assert found(checks, "implied_factor").result is ClaimResult.CONSISTENT
    assert "0.613" in found(checks, "implied_factor").explanation
    assert found(checks, "saved_energy_factor").result is ClaimResult.INCONSISTENT
    assert "0.565" in found(checks, "saved_energy_factor").explanation
    assert found(checks, "same_factor_at_one_plant").result is ClaimResult.INCONSISTENT


def test_lenovo_uses_the_factor_of_a_wider_grid_than_its_own(
    factories: dict[str, list[ClaimCheck]],
) -> None:
    check = found(factories["lenovo-wuhan"], "implied_factor")

    assert check.result is ClaimResult.INCONSISTENT
    assert "0.526" in check.explanation
    assert "0.5271 of a wider grid (Central China" in check.explanation
    assert check.computed["reduction_at_grid_high_t"] == pytest.approx(2100 * 0.4364)


def test_delta_wujiang_implies_its_use_of_electricity(
    factories: dict[str, list[ClaimCheck]],
) -> None:
    check = found(factories["delta-wujiang"], "share_of_use")

    assert check.computed["implied_use_mwh"] == pytest.approx((6071.2 + 66092.5) / 0.9036)
    assert "79,862 MWh" in check.explanation


def test_astronergys_shares_exceed_one_whole(factories: dict[str, list[ClaimCheck]]) -> None:
    check = found(factories["astronergy-yancheng"], "parts_of_whole")

    assert check.result is ClaimResult.INCONSISTENT
    assert "69.6 %" in check.explanation
    assert "65.4 %" in check.explanation
    assert "different bases" in check.explanation


def test_petpals_remainder_is_worked_out(factories: dict[str, list[ClaimCheck]]) -> None:
    check = found(factories["petpal"], "remainder")

    assert check.computed["implied_total_t"] == pytest.approx(2558 / 0.58)
    assert check.computed["implied_rest_t"] == pytest.approx(2558 / 0.58 - 2558)
    assert "do not add up" in check.explanation


def test_catl_yibin_converts_coal_equivalent_with_two_factors(
    factories: dict[str, list[ClaimCheck]],
) -> None:
    check = found(factories["catl-yibin"], "coal_equivalent")

    assert check.result is ClaimResult.INCONSISTENT
    assert check.computed["t_per_tce_cfms"] == pytest.approx(19792 / 18973)
    assert check.computed["t_per_tce_scheduling"] == pytest.approx(15020 / 12373)
    assert "1.043" in check.explanation
    assert "1.214" in check.explanation


def test_a_planned_certificate_certifies_nothing(factories: dict[str, list[ClaimCheck]]) -> None:
    assert found(factories["zhengte"], "certificate_granted").result is (
        ClaimResult.CERTIFIES_NOTHING
    )


def test_a_companys_certificate_does_not_certify_the_plant(
    factories: dict[str, list[ClaimCheck]],
) -> None:
    scopes = {
        c.about: c.result.value for c in factories["aesc-jiangyin"] if c.id == "certificate_scope"
    }

    assert scopes == {"T/CECA-G 0171-2022": "consistent", "PAS2060": "inconsistent"}


def test_offset_claims_are_marked_for_the_union(factories: dict[str, list[ClaimCheck]]) -> None:
    check = found(factories["midea-chongqing"], "eu_claim")

    assert check.result is ClaimResult.RESTRICTED
    for words in ("2024/825", "27 September 2026", "May be said", "May not be said"):
        assert words in check.explanation


def test_the_same_entry_twice_is_refused(sqlite_world: World) -> None:
    entry = shipped_entries()[0]
    register_entry(sqlite_world.store, MAKER, entry, NOW)
    with pytest.raises(IdentifierConflictError, match="zhengte"):
        register_entry(sqlite_world.store, MAKER, entry, datetime(2026, 11, 23, tzinfo=UTC))


@pytest.mark.parametrize(
    ("change", "field"),
    [
        ({"province": "Atlantis"}, "province"),
        ({"figures": [{"what": "x", "value": "many", "unit": "t"}]}, "figures[0].value"),
        ({"pathway": ["a miracle"]}, "pathway"),
        ({"surprise": 1}, "surprise"),
    ],
)
def test_an_entry_that_cannot_be_read_is_refused_with_its_field(
    sqlite_world: World, change: dict[str, Any], field: str
) -> None:
    with pytest.raises(InvalidInputError) as caught:
        register_entry(sqlite_world.store, MAKER, {**shipped_entries()[0], **change}, NOW)
    assert caught.value.findings[0].field == field


@pytest.mark.parametrize("data", [b"{", b"[]", b'{"factories": []}', b'"x"', b"\xff"])
def test_a_file_without_entries_is_refused(data: bytes) -> None:
    with pytest.raises(InvalidInputError):
        read_entries(data)


def test_a_score_over_100_and_stars_over_5_are_refused(sqlite_world: World) -> None:
    entry = dict(next(e for e in shipped_entries() if e["id"] == "schneider-xian"))
    for change in ({"score": 101}, {"stars": 6}, {"type": "III"}):
        entry["certificates"] = [{**entry["certificates"][0], **change}]
        with pytest.raises(InvalidInputError):
            register_entry(sqlite_world.store, MAKER, entry, NOW)


def test_every_known_wording_leads_somewhere_and_no_factory_uses_an_unknown_one() -> None:
    used = {f["what"] for entry in shipped_entries() for f in entry["figures"]}

    assert used == set(figure_terms())
    assert len(CHECKS) == len(set(CHECKS.values()))


def test_a_figure_of_an_unknown_kind_is_kept_and_said_to_be_unchecked() -> None:
    checks = check_claims(claims(figures(("trees planted", 12.0, "1"))))

    assert [(c.id, c.result.value) for c in checks] == [("no_counterpart", "cannot_tell")]
    assert "no check knows" in checks[0].explanation


@given(
    mwh=st.floats(1, 1e6),
    factor=st.floats(0.4743, 0.5581),
)
def test_a_reduction_at_a_factor_of_the_place_is_always_consistent(
    mwh: float, factor: float
) -> None:
    dossier = figures(("PV generation", mwh, "MWh"), ("reduction from PV", mwh * factor, "t"))

    assert found(check_claims(claims(dossier)), "implied_factor").result is ClaimResult.CONSISTENT


@given(mwh=st.floats(1, 1e6), factor=st.floats(0.76, 5.0))
def test_a_reduction_above_every_mix_of_the_country_is_always_implausible(
    mwh: float, factor: float
) -> None:
    dossier = figures(("PV generation", mwh, "MWh"), ("reduction from PV", mwh * factor, "t"))

    assert found(check_claims(claims(dossier)), "implied_factor").result is ClaimResult.IMPLAUSIBLE


def test_a_place_without_a_published_factor_is_said_to_have_none() -> None:
    facility = FacilityCreate(id="f", name="F", place="P", country="XK", grid_region="XK")
    dossier = figures(("PV generation", 10.0, "MWh"), ("reduction from PV", 5.0, "t"))
    checks = check_claims(FactoryClaims(facility, dossier, [], _grid("XK"), ON))

    check = found(checks, "implied_factor")
    assert check.result is ClaimResult.CANNOT_TELL
    assert "no CO2 factor" in check.explanation


def test_one_conversion_of_coal_equivalent_is_consistent() -> None:
    dossier = figures(
        ("CFMS saving", 100.0, "tce"),
        ("CFMS reduction", 104.0, "t"),
        ("scheduling saving", 10.0, "tce"),
        ("scheduling reduction", 10.5, "t"),
    )
    check = found(check_claims(claims(dossier, "CN-SC")), "coal_equivalent")

    assert check.result is ClaimResult.CONSISTENT
    assert pytest.approx(8.141, abs=0.001) == MWH_PER_TCE
    assert pytest.approx(2.7725, abs=0.001) == COAL_T_PER_TCE


def test_shares_that_make_a_whole_and_a_rest_that_fits_are_said_to() -> None:
    dossier = figures(
        ("share covered by green electricity certificates", 0.6, "1"),
        ("share covered by carbon credits", 0.4, "1"),
    )
    assert found(check_claims(claims(dossier)), "parts_of_whole").result is ClaimResult.CONSISTENT


def test_shares_of_a_remainder_that_do_not_make_100_are_inconsistent() -> None:
    dossier = figures(
        ("reduction from green electricity", 50.0, "t"),
        ("share of emissions that it is", 0.5, "1"),
        ("rest covered by carbon credits", 0.4, "1"),
    )
    assert found(check_claims(claims(dossier)), "remainder").result is ClaimResult.INCONSISTENT


def test_named_reductions_above_their_total_are_inconsistent() -> None:
    dossier = figures(("total reduction", 10.0, "t"), ("reduction from PV", 11.0, "t"))

    assert found(check_claims(claims(dossier)), "sum_of_reductions").result is (
        ClaimResult.INCONSISTENT
    )


def test_a_share_above_one_is_no_share() -> None:
    dossier = figures(("hydropower share of electricity", 1.2, "1"))

    assert found(check_claims(claims(dossier)), "stated_share").result is ClaimResult.INCONSISTENT
