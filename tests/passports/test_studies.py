"""Who reads what of a study: the public its sums, maker and authorities every row, nobody a licence."""

import dataclasses
import hashlib
from typing import Any

import orjson
import pytest

from lca.audit import verify_bundle
from lca.datasets import Dataset, load_shipped_dataset
from passports.documents import read_document
from passports.errors import AccessDeniedError, RecordNotFoundError
from passports.footprints import FootprintRequest, FootprintStudy, compute_studies
from passports.operators import EconomicOperator, get_operator
from passports.studies import audit_bundle, contributions, diagram
from tests.worlds import (
    AUTHORITY,
    FACILITY,
    IMPORTER,
    MAKER,
    MODEL,
    NOW,
    RIVAL,
    World,
    inventory,
)

SECRET = "secret recipe"
LICENSED_VALUE = 2.7182818


def with_licence() -> Dataset:
    """Return the shipped factors with one beside them that may not be passed on."""
    shipped = load_shipped_dataset()
    record = dataclasses.replace(
        shipped.factor("mat.graphite.nat"),
        id="own.graphite",
        value=LICENSED_VALUE,
        redistributable=False,
    )
    return shipped.with_factors("own", "1", [record])


def secretive(world: World) -> tuple[FootprintStudy, Dataset]:
    """Store a study with a confidential row and a licensed one."""
    given = inventory()
    exchanges = given["activities"][0]["exchanges"]
    exchanges[1].update(
        name=SECRET, confidential=True, origin="company_specific", evidence="secret ledger"
    )
    exchanges.append(
        {
            "kind": "technosphere",
            "factor": "own.graphite",
            "amount": 61.25,
            "unit": "kg",
            "process": "anode_active_material",
            "origin": "company_specific",
            "evidence": "ledger",
        }
    )
    fields = {"model_id": MODEL, "facility_id": FACILITY, "inventory": given}
    request = read_document(FootprintRequest, fields, "the request")
    dataset = with_licence()
    (study,) = compute_studies(world.store, dataset, MAKER, request, NOW)
    return study, dataset


def operator(world: World, name: str | None) -> EconomicOperator | None:
    """Return an operator, or nobody."""
    if name is None:
        return None
    with world.store.reading() as reading:
        return get_operator(reading, name)


def test_the_stored_and_cited_bytes_hold_no_confidential_and_no_licensed_row(world: World) -> None:
    study, _ = secretive(world)
    with world.store.reading() as reading:
        row = reading.studies.by_id(study.id)
    assert row is not None
    assert hashlib.sha256(row.result).hexdigest() == study.result_sha256
    for secret in (SECRET, "secret ledger", "own.graphite", str(LICENSED_VALUE)):
        assert secret.encode() not in row.result
    result = orjson.loads(row.result)
    shown = sum(item["kg_co2e_per_battery"] for item in result["contributions"])
    hidden = sum(result["withheld_by_stage"].values())
    assert hidden > 61.25 * LICENSED_VALUE
    assert shown + hidden == pytest.approx(result["kg_co2e_per_battery"], rel=1e-12)


@pytest.mark.parametrize(
    ("reader", "whole"),
    [(None, False), (IMPORTER, False), (RIVAL, False), (MAKER, True), (AUTHORITY, True)],
)
def test_confidential_rows_are_for_the_maker_and_authorities(
    sqlite_world: World, reader: str | None, whole: bool
) -> None:
    study, dataset = secretive(sqlite_world)
    who = operator(sqlite_world, reader)
    answer = contributions(sqlite_world.store, dataset, study.id, who)
    text = orjson.dumps(answer).decode()
    assert answer["confidential_rows_shown"] is whole
    assert (SECRET in text) is whole
    assert str(LICENSED_VALUE) not in text
    shown: Any = [item["kg_co2e_per_battery"] or 0 for item in answer["contributions"]]
    total = sum(shown) + sum(answer["withheld_by_stage"].values())
    assert total == pytest.approx(answer["kg_co2e_per_battery"], rel=1e-12)
    svg = diagram(sqlite_world.store, dataset, study.id, who)
    assert (SECRET in svg) is whole
    assert "own.graphite" not in svg


@pytest.mark.parametrize("reader", [None, IMPORTER, RIVAL])
def test_an_audit_bundle_is_refused_to_the_public(sqlite_world: World, reader: str | None) -> None:
    study, dataset = secretive(sqlite_world)
    with pytest.raises(AccessDeniedError):
        audit_bundle(sqlite_world.store, dataset, study.id, operator(sqlite_world, reader))


@pytest.mark.parametrize("reader", [MAKER, AUTHORITY])
def test_an_audit_bundle_recomputes_and_withholds_what_is_licensed(
    sqlite_world: World, reader: str
) -> None:
    study, dataset = secretive(sqlite_world)
    bundle = audit_bundle(sqlite_world.store, dataset, study.id, operator(sqlite_world, reader))
    assert str(LICENSED_VALUE).encode() not in bundle
    report = verify_bundle(bundle)
    assert report.kg_co2e_per_kwh == study.result["kg_co2e_per_kwh"]
    assert any("own.graphite" in what for what in report.not_checked)


def test_a_superseded_study_is_marked_wherever_it_is_read(sqlite_world: World) -> None:
    with sqlite_world.store.reading() as reading:
        old = next(row.id for row in reading.studies.all() if row.ruleset == "da-2024")
    study, dataset = secretive(sqlite_world)
    answer = contributions(sqlite_world.store, dataset, old, None)
    assert answer["superseded_by"] == study.id
    assert contributions(sqlite_world.store, dataset, study.id, None)["superseded_by"] is None


def test_a_study_that_is_not_there_is_not_found(sqlite_world: World) -> None:
    for read in (contributions, diagram, audit_bundle):
        with pytest.raises(RecordNotFoundError):
            read(sqlite_world.store, load_shipped_dataset(), "none", None)
