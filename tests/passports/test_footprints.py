"""Footprint studies: stored as the engine computed them, superseded, recomputed."""

import hashlib
from typing import Any

import orjson
import pytest

from lca.datasets import load_shipped_dataset
from lca.footprint import compute_footprint
from lca.inventory import parse_inventory
from lca.rulesets import load_ruleset
from lca.sharing import shared_document
from passports.documents import read_document
from passports.errors import (
    InvalidInputError,
    RecordNotFoundError,
    StoreIntegrityError,
)
from passports.factories import EnergyPeriodCreate, record_energy
from passports.footprints import (
    FootprintRequest,
    FootprintStudy,
    compute_studies,
    current_studies,
    get_study,
    produced_in,
    recompute,
)
from passports.result_agreement import first_difference
from passports.store import FootprintStudyRow
from signing.canonical import canonicalize
from tests.worlds import FACILITY, MAKER, MODEL, NOW, RIVAL, World, demo_input, inventory

DATASET = load_shipped_dataset()


def request(**changes: Any) -> FootprintRequest:
    """Return the request by which the world's studies were computed, with changes."""
    fields = {"model_id": MODEL, "facility_id": FACILITY, "inventory": inventory()}
    return read_document(FootprintRequest, {**fields, **changes}, "the request")


def compute(world: World, **changes: Any) -> list[FootprintStudy]:
    """Compute studies of the world's model."""
    return compute_studies(world.store, DATASET, MAKER, request(**changes), NOW)


def studies(world: World) -> list[FootprintStudy]:
    """Return the studies in force of the world's model."""
    with world.store.reading() as reading:
        return current_studies(reading, MAKER, MODEL, FACILITY)


def rows(world: World) -> list[FootprintStudyRow]:
    """Return all studies as stored."""
    with world.store.reading() as reading:
        return list(reading.studies.all())


def test_what_lca_makes_public_is_what_is_stored(world: World) -> None:
    for study in studies(world):
        footprint = compute_footprint(
            parse_inventory(study.inventory), load_ruleset(study.ruleset), DATASET
        )
        own: Any = shared_document(footprint, public=True)
        assert canonicalize(dict(study.result)) == canonicalize(own)
        assert study.result_sha256 == hashlib.sha256(canonicalize(own)).hexdigest()


def test_the_searched_columns_are_the_results(world: World) -> None:
    for row in rows(world):
        result = orjson.loads(row.result)
        for name in ("kg_co2e_per_kwh", "kg_co2e_per_battery", "kg_co2e_per_kwh_capacity"):
            assert getattr(row, name) == result[name]
        assert row.partial is result["partial"] is True


def test_the_inventory_says_what_was_registered_and_metered(sqlite_world: World) -> None:
    study = studies(sqlite_world)[0]
    document = study.inventory
    assert document["product"]["mass_kg"] == 419.87
    assert document["plant"]["facility_id"] == FACILITY
    assert document["electricity"]["supply"][0]["kwh"] == pytest.approx(83_300_000)
    assert document["electricity"]["supply"][0]["contract"]["technology"] == "hydro"
    assert len(document["electricity"]["supply"]) == 1  # gas is no electricity
    first, last = produced_in(document)
    assert (first.isoformat(), last.isoformat()) == ("2024-01-01", "2024-12-31")


def test_own_generation_comes_in_with_its_technology_and_factor(sqlite_world: World) -> None:
    given = demo_input("facilities.json")[1]["energy"]
    fields = {**given, "period_from": "2025-01-01", "period_to": "2025-12-31"}
    period = EnergyPeriodCreate(**fields)
    record_energy(sqlite_world.store, MAKER, FACILITY, period, NOW)
    (study,) = compute(sqlite_world)
    by_arrangement = {row["arrangement"]: row for row in study.inventory["electricity"]["supply"]}
    assert by_arrangement["on_site"]["factor"].startswith("power.cn.pv")
    assert produced_in(study.inventory)[0].year == 2025
    (older,) = compute(sqlite_world, energy_period_from="2024-01-01")
    assert older.result["kg_co2e_per_kwh"] != study.result["kg_co2e_per_kwh"]


def test_the_same_inputs_give_the_study_that_is_there(world: World) -> None:
    before = {study.ruleset: study.id for study in studies(world)}
    again = compute(world, rulesets=["da-2024", "jrc-2023", "da-2024"])
    assert [study.id for study in again] == [
        before["da-2024"],
        before["jrc-2023"],
        before["da-2024"],
    ]
    assert len(rows(world)) == 2


def test_changed_inputs_supersede_and_the_old_study_stays_readable(world: World) -> None:
    old = {study.ruleset: study for study in studies(world)}
    changed = inventory()
    changed["activities"][0]["exchanges"][1]["amount"] *= 1.1
    (new,) = compute(world, inventory=changed)
    assert new.result["kg_co2e_per_kwh"] > old["da-2024"].result["kg_co2e_per_kwh"]
    assert {s.id for s in studies(world)} == {new.id, old["jrc-2023"].id}
    with world.store.reading() as reading:
        kept = get_study(reading, old["da-2024"].id)
    assert kept.superseded_by == new.id
    assert kept.to_document()["superseded_by"] == new.id
    assert kept.result == old["da-2024"].result


def test_the_public_version_of_a_study_does_not_hold_its_inventory(sqlite_world: World) -> None:
    study = studies(sqlite_world)[0]
    document = study.to_document()
    assert "inventory" not in document
    assert document["result_sha256"] == study.result_sha256
    assert document["result"] == study.result
    orjson.dumps(document)


@pytest.mark.parametrize(
    ("place", "value", "field"),
    [
        (("product",), {}, "inventory.product"),
        (("plant",), {}, "inventory.plant"),
        (("offsets",), [], "inventory.offsets"),
        (("title",), "x", "inventory.title"),
        (("format",), "x", "inventory.format"),
        (("electricity", "supply"), [], "inventory.electricity.supply"),
        (("electricity",), 5, "inventory.electricity"),
        (("electricity",), None, "inventory.electricity"),
        (("assumptions",), None, "inventory.assumptions"),
        (("assumptions",), "a sentence", "inventory.assumptions"),
        (("activities",), "many", "inventory.activities"),
        (("demand", "amount"), 10**30, "inventory.demand.amount"),
        (("demand", "amount"), True, "inventory.demand.amount"),
        (("unheard_of",), 1, "inventory.unheard_of"),
        (("electricity", "factors", "national_mix"), "grid.atlantis", None),
        (("electricity", "factors", "national_mix"), None, None),
        (("assumptions",), ["half a character: \ud800"], None),
        (("note",), 10**30, None),
        (("note",), "\ud800", None),
        (("note",), {"deep": [float("nan")]}, None),
    ],
)
def test_an_inventory_that_cannot_be_computed_is_refused_and_nothing_is_written(
    sqlite_world: World, place: tuple[str, ...], value: object, field: str | None
) -> None:
    given = inventory()
    target = given
    for name in place[:-1]:
        target = target[name]
    target[place[-1]] = value
    before = [(row.id, row.superseded_by) for row in rows(sqlite_world)]
    with pytest.raises(InvalidInputError) as caught:
        compute(sqlite_world, inventory=given, rulesets=["da-2024", "jrc-2023"])
    finding = caught.value.findings[0]
    assert finding.field == field or field is None
    assert finding.reason
    assert finding.remedy
    str(finding).encode()
    assert [(row.id, row.superseded_by) for row in rows(sqlite_world)] == before


def test_a_missing_factor_is_named_and_never_zero(sqlite_world: World) -> None:
    given = inventory()
    given["activities"][0]["exchanges"][1]["factor"] = "mat.unobtainium"
    with pytest.raises(InvalidInputError, match=r"mat\.unobtainium"):
        compute(sqlite_world, inventory=given)


def test_an_exchange_with_an_unknown_activity_is_named(sqlite_world: World) -> None:
    given = inventory()
    given["activities"][0]["exchanges"][0]["activity"] = "alchemy"
    with pytest.raises(InvalidInputError, match="alchemy"):
        compute(sqlite_world, inventory=given)


def test_an_unknown_ruleset_is_named_and_the_known_ones_are_listed(sqlite_world: World) -> None:
    with pytest.raises(InvalidInputError) as caught:
        compute(sqlite_world, rulesets=["da-2024", "da-2099"])
    (finding,) = caught.value.findings
    assert (finding.field, finding.value) == ("rulesets[1]", "da-2099")
    assert "jrc-2023" in finding.remedy


def test_a_request_without_rulesets_takes_the_draft_act_and_an_empty_list_is_refused() -> None:
    assert request().rulesets == ["da-2024"]
    with pytest.raises(InvalidInputError):
        request(rulesets=[])


@pytest.mark.parametrize(
    "changes",
    [{"model_id": "none"}, {"facility_id": "none"}, {"energy_period_from": "2020-01-01"}],
)
def test_what_is_not_registered_is_not_found(world: World, changes: dict[str, Any]) -> None:
    with pytest.raises(RecordNotFoundError):
        compute(world, **changes)


def test_the_models_of_others_are_not_found(world: World) -> None:
    with pytest.raises(RecordNotFoundError):
        compute_studies(world.store, DATASET, RIVAL, request(), NOW)
    with world.store.reading() as reading, pytest.raises(RecordNotFoundError):
        get_study(reading, "none")


def test_a_study_recomputes_to_the_same_figures(world: World) -> None:
    for row in rows(world):
        anew = recompute(row, DATASET)
        assert anew.equal
        assert anew.same_dataset
        assert anew.recomputed_kg_co2e_per_kwh == row.kg_co2e_per_kwh


def test_a_stored_result_that_is_not_as_hashed_is_refused(sqlite_world: World) -> None:
    row = rows(sqlite_world)[0]
    row.result = row.result.replace(b"0", b"1", 1)
    with pytest.raises(StoreIntegrityError, match=row.id):
        recompute(row, DATASET)


def test_a_stored_inventory_that_is_no_json_is_refused(sqlite_world: World) -> None:
    row = rows(sqlite_world)[0]
    row.inventory = row.inventory[:-1]
    with pytest.raises(StoreIntegrityError, match="inventory"):
        recompute(row, DATASET)


def change(row: FootprintStudyRow, path: str, factor: float) -> None:
    """Change one figure of a stored result, and its hash with it."""
    result = orjson.loads(row.result)
    target = result
    *parents, last = [int(p) if p.isdigit() else p for p in path.split(".")]
    for part in parents:
        target = target[part]
    target[last] *= factor
    row.result = canonicalize(result)
    row.result_sha256 = hashlib.sha256(row.result).hexdigest()


@pytest.mark.parametrize(
    ("path", "named"),
    [
        ("kg_co2e_per_kwh", "kg_co2e_per_kwh"),
        ("kg_co2e_per_battery", "kg_co2e_per_battery"),
        ("kg_co2e_per_kwh_capacity", "kg_co2e_per_kwh_capacity"),
        ("stages.1.kg_co2e_per_kwh", "stages[1].kg_co2e_per_kwh"),
        (
            "electricity_columns.location_based.kg_co2e_per_battery",
            "electricity_columns.location_based.kg_co2e_per_battery",
        ),
        ("functional_unit.total_energy_kwh", "functional_unit.total_energy_kwh"),
    ],
)
def test_one_changed_digit_of_a_result_is_found_though_its_hash_was_changed_too(
    sqlite_world: World, path: str, named: str
) -> None:
    row = rows(sqlite_world)[0]
    change(row, path, 1.000_001)
    anew = recompute(row, DATASET)
    assert not anew.equal
    assert anew.differs_at == named


def test_inputs_that_were_exchanged_are_found(sqlite_world: World) -> None:
    row = rows(sqlite_world)[0]
    document = orjson.loads(row.inventory)
    document["assumptions"].append("Made of air.")
    row.inventory = canonicalize(document)
    assert recompute(row, DATASET).differs_at == "inventory_sha256"


@pytest.mark.parametrize(
    ("stored", "anew", "differs_at"),
    [
        (1.0, 1.0 + 1e-12, None),
        (1.0, 1.0 + 1e-6, "kg_co2e_per_kwh"),
        (0.0, 1e-15, None),
        (float("inf"), 1.0, "kg_co2e_per_kwh"),
        (float("inf"), float("inf"), "kg_co2e_per_kwh"),
        (float("nan"), 1.0, "kg_co2e_per_kwh"),
        (10**400, 1.0, "kg_co2e_per_kwh"),
        (True, 1, "kg_co2e_per_kwh"),
        (True, True, None),
        (None, None, None),
        (None, 0.0, "kg_co2e_per_kwh"),
        ("1.0", 1.0, "kg_co2e_per_kwh"),
        ("other words", "words", None),
        ([1.0], [1.0, 2.0], "kg_co2e_per_kwh"),
        ([1.0, 2.0], [1.0, 3.0], "kg_co2e_per_kwh[1]"),
        ({"a": 1.0}, {"a": 1.0, "b": 2.0}, "kg_co2e_per_kwh.b"),
        ({"a": 1.0}, [1.0], "kg_co2e_per_kwh"),
    ],
)
def test_results_agree_number_by_number(stored: Any, anew: Any, differs_at: str | None) -> None:
    found = first_difference({"kg_co2e_per_kwh": stored}, {"kg_co2e_per_kwh": anew})
    assert found == differs_at
