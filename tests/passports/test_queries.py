"""The regulator's questions: every row once, lowest first, recomputed from its stored inputs."""

import base64
from typing import Any

import orjson
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from lca.datasets import load_shipped_dataset
from passports.documents import read_document
from passports.errors import InvalidInputError
from passports.footprints import FootprintRequest, compute_studies
from passports.queries import FootprintPage, FootprintQuery, query_footprints
from tests.worlds import FACILITY, MAKER, MODEL, NOW, World, inventory

DATASET = load_shipped_dataset()


def ask(world: World, **wanted: Any) -> FootprintPage:
    """Ask a question."""
    query = read_document(FootprintQuery, wanted, "the query")
    return query_footprints(world.store, DATASET, query)


def supersede(world: World, times: int) -> None:
    """Compute the study by the draft act anew, with other amounts each time."""
    for number in range(times):
        changed = inventory()
        changed["activities"][0]["exchanges"][1]["amount"] += (number + 1) * 7 * (-1) ** number
        request = FootprintRequest(
            model_id=MODEL, facility_id=FACILITY, rulesets=["da-2024"], inventory=changed
        )
        compute_studies(world.store, DATASET, MAKER, request, NOW)


def test_a_row_tells_who_what_how_much_and_by_what(world: World) -> None:
    rows = ask(world).rows
    assert {row["ruleset"] for row in rows} == {"da-2024", "jrc-2023"}
    row = next(row for row in rows if row["ruleset"] == "da-2024")
    with world.store.reading() as reading:
        stored = reading.studies.by_id(row["study_id"])
    assert stored is not None
    result = orjson.loads(stored.result)
    assert (row["operator_id"], row["facility_id"], row["model_id"]) == (MAKER, FACILITY, MODEL)
    assert (row["country"], row["category"], row["chemistry"]) == ("CN", "ev", "LFP")
    assert row["kg_co2e_per_kwh"] == result["kg_co2e_per_kwh"]
    assert row["total_energy_kwh"] == result["functional_unit"]["total_energy_kwh"]
    assert row["stages"].keys() == {stage["stage"] for stage in result["stages"]}
    assert row["partial"] is True
    assert row["offsets_listed_t"] == 0
    assert row["certificates"][0]["scheme"] == "PAS2060"
    assert row["result_sha256"] == stored.result_sha256
    assert "recomputed" not in row
    orjson.dumps(row)


def test_rows_come_lowest_footprint_first(world: World) -> None:
    supersede(world, 4)
    values = [row["kg_co2e_per_kwh"] for row in ask(world, include_superseded=True).rows]
    assert values == sorted(values)
    assert len(values) == 6


@pytest.mark.parametrize("limit", [1, 2, 4, 5, 6, 100])
def test_pages_cover_every_row_once(world: World, limit: int) -> None:
    supersede(world, 4)
    whole = [row["study_id"] for row in ask(world, include_superseded=True).rows]
    seen: list[str] = []
    cursor = None
    while True:
        page = ask(world, include_superseded=True, limit=limit, cursor=cursor)
        assert len(page.rows) <= limit
        seen += [row["study_id"] for row in page.rows]
        cursor = page.next_cursor
        if cursor is None:
            break
    assert seen == whole


def test_studies_with_the_same_footprint_are_paged_by_their_identifier(world: World) -> None:
    with world.store.transaction() as transaction:
        for row in transaction.studies.all():
            row.kg_co2e_per_kwh = 0.1
            transaction.studies.add(row)
    first = ask(world, limit=1)
    second = ask(world, limit=1, cursor=first.next_cursor)
    assert second.next_cursor is None
    assert first.rows[0]["study_id"] < second.rows[0]["study_id"]


@pytest.mark.parametrize(
    ("wanted", "count"),
    [
        ({}, 2),
        ({"ruleset": "da-2024"}, 1),
        ({"operator": MAKER, "facility": FACILITY, "model": MODEL}, 2),
        ({"operator": "rival"}, 0),
        ({"facility": "none"}, 0),
        ({"model": "none"}, 0),
        ({"category": "ev"}, 2),
        ({"category": "lmt"}, 0),
        ({"country": "CN"}, 2),
        ({"country": "DE"}, 0),
        ({"model": "' OR 1=1 --"}, 0),
    ],
)
def test_each_filter_narrows_the_answer(world: World, wanted: dict[str, str], count: int) -> None:
    assert len(ask(world, **wanted).rows) == count


@pytest.mark.parametrize(
    ("field", "value", "remedy"),
    [
        ("ruleset", "banana", "da-2024"),
        ("category", "banana", "ev, lmt, industrial"),
        ("country", "Chinaland", "Two capital letters"),
        ("country", "cn", "Two capital letters"),
        ("operator", "nobody", "Check the identifier"),
        ("operator", "' OR 1=1 --", "Check the identifier"),
    ],
)
def test_what_there_is_not_is_refused_and_no_empty_answer(
    world: World, field: str, value: str, remedy: str
) -> None:
    with pytest.raises(InvalidInputError) as caught:
        ask(world, **{field: value})
    finding = caught.value.findings[0]
    assert (finding.field, finding.value) == (field, value)
    assert remedy in finding.remedy


def test_superseded_studies_are_shown_only_when_asked_for(world: World) -> None:
    supersede(world, 1)
    assert len(ask(world, ruleset="da-2024").rows) == 1
    rows = ask(world, ruleset="da-2024", include_superseded=True).rows
    assert sorted(row["superseded_by"] is None for row in rows) == [False, True]


def test_recomputed_rows_say_that_they_agree(world: World) -> None:
    for row in ask(world, recompute=True).rows:
        assert row["recomputed"] == {
            "equal": True,
            "differs_at": None,
            "kg_co2e_per_kwh": row["kg_co2e_per_kwh"],
            "same_dataset": True,
        }


def test_a_stored_figure_that_was_changed_is_shown_as_not_equal(sqlite_world: World) -> None:
    with sqlite_world.store.transaction() as transaction:
        row = next(iter(transaction.studies.all()))
        changed = row.id
        row.inventory = row.inventory.replace(b"419.87", b"319.87")
        transaction.studies.add(row)
    found = {r["study_id"]: r["recomputed"] for r in ask(sqlite_world, recompute=True).rows}
    assert found.pop(changed)["equal"] is False
    assert [other["equal"] for other in found.values()] == [True]


def test_a_result_that_is_not_as_hashed_is_shown_with_the_reason(sqlite_world: World) -> None:
    with sqlite_world.store.transaction() as transaction:
        row = next(iter(transaction.studies.all()))
        row.result_sha256 = "0" * 64
        transaction.studies.add(row)
    found = [r["recomputed"] for r in ask(sqlite_world, recompute=True).rows]
    wrong = next(recomputed for recomputed in found if not recomputed["equal"])
    assert "not what its hash says" in wrong["reason"]


def encoded(value: object) -> str:
    """Return a cursor around a value."""
    return base64.urlsafe_b64encode(orjson.dumps(value)).decode().rstrip("=")


@settings(
    suppress_health_check=[HealthCheck.function_scoped_fixture], max_examples=60, deadline=None
)
@given(
    cursor=st.text(max_size=30)
    | st.lists(
        st.floats() | st.integers(-(2**63), 2**63) | st.booleans() | st.text(max_size=3), max_size=3
    ).map(encoded)
    | st.dictionaries(st.text(max_size=2), st.floats(), max_size=2).map(encoded)
)
def test_a_nonsense_cursor_is_refused_or_leads_to_a_page(world: World, cursor: str) -> None:
    try:
        page = ask(world, cursor=cursor)
    except InvalidInputError as error:
        fields = {finding.field for finding in error.findings}
        assert fields == {"cursor"}
    else:
        assert len(page.rows) <= 2


@pytest.mark.parametrize(
    "cursor",
    [
        "x",
        "é",
        "",
        encoded([1.5]),
        encoded([1.5, 5]),
        encoded([True, "a"]),
        encoded(["1", "a"]),
        encoded([None, "a"]),
        encoded([1.5, "\0"]),
        encoded({"1": 2, "3": 4}),
        "%%%%",
    ],
)
def test_a_cursor_that_was_not_given_out_is_named(sqlite_world: World, cursor: str) -> None:
    with pytest.raises(InvalidInputError, match="given out here"):
        ask(sqlite_world, cursor=cursor)


@pytest.mark.parametrize(
    "wanted", [{"limit": 0}, {"limit": 1001}, {"operator": "\0"}, {"colour": "red"}, {"model": ""}]
)
def test_a_wrong_question_is_refused(wanted: dict[str, Any]) -> None:
    with pytest.raises(InvalidInputError):
        read_document(FootprintQuery, wanted, "the query")
