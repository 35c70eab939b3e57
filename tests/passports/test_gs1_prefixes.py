"""GS1 company prefixes belong to one operator each, and so does every GTIN, also at the same moment."""

import sqlite3
from datetime import UTC, datetime
from functools import partial
from pathlib import Path

import pytest
from alembic import command

from passports.authority.callers import Caller
from passports.authority.gs1_prefixes import holder_of
from passports.authority.operator_changes import add_prefix
from passports.errors import IdentifierConflictError, InvalidBatchError, InvalidInputError
from passports.identifiers import gs1_check_digit
from passports.models import BatteryModel, BatteryModelCreate, register_model
from passports.operators import EconomicOperatorCreate, get_operator, register_operator
from passports.store import Gs1PrefixRow, Store
from passports.store.migrations import configuration, upgrade
from tests.passports.test_issue import together
from tests.worlds import ADDRESS, MAKER, NOW, RIVAL, World, demo_input


def gtin_under(prefix: str, number: int = 1) -> str:
    """Return a GTIN-14 under a prefix."""
    digits = f"0{prefix}{number:0{12 - len(prefix)}d}"
    return digits + gs1_check_digit(digits)


def model(operator: str, gtin: str, world: World, model_id: str = "m-1") -> BatteryModel:
    """Register a model."""
    document = {**demo_input("model.json"), "id": model_id, "gtin": gtin}
    return register_model(world.store, operator, BatteryModelCreate(**document), NOW)


def by(world: World) -> Caller:
    """Return an operator that registers prefixes, as it calls."""
    with world.store.reading() as reading:
        return Caller.of(get_operator(reading, MAKER), "key")


def newcomer(world: World, *prefixes: str) -> None:
    """Register another manufacturer."""
    request = EconomicOperatorCreate(
        id="newcomer",
        name="The newcomer",
        roles=["manufacturer"],
        country="DE",
        gs1_prefixes=list(prefixes),
    )
    register_operator(world.store, world.keyring, ADDRESS, request, NOW)


@pytest.mark.parametrize("prefix", ["9520123", "95201", "952012345"])
def test_a_prefix_that_overlaps_with_another_operators_is_refused(
    world: World, prefix: str
) -> None:
    with pytest.raises(IdentifierConflictError) as caught:
        newcomer(world, "400000", prefix)
    (finding,) = caught.value.findings
    assert (finding.field, finding.value) == ("gs1_prefixes", prefix)
    assert "9520123 is registered to maker" in finding.remedy
    with world.store.reading() as reading:
        assert reading.operators.get("newcomer") is None
        assert holder_of(reading, gtin_under("400000")) is None


def test_a_prefix_beside_anothers_is_free(world: World) -> None:
    newcomer(world, "9520124")
    with world.store.reading() as reading:
        assert holder_of(reading, gtin_under("9520124")) == "newcomer"
        assert holder_of(reading, gtin_under("9520123")) == MAKER
        assert holder_of(reading, gtin_under("9520125")) is None


def test_a_prefix_can_be_added_to_an_operators_record_and_models_numbered_under_it(
    world: World,
) -> None:
    with pytest.raises(InvalidInputError):
        model(MAKER, gtin_under("4012345"), world)
    assert add_prefix(world.store, by(world), MAKER, "4012345", NOW) == ["9520123", "4012345"]
    assert add_prefix(world.store, by(world), MAKER, "4012345", NOW) == ["9520123", "4012345"]
    with world.store.reading() as reading:
        assert get_operator(reading, MAKER).gs1_prefixes == ["9520123", "4012345"]
    assert model(MAKER, gtin_under("4012345"), world).operator_id == MAKER
    with pytest.raises(IdentifierConflictError):
        add_prefix(world.store, by(world), RIVAL, "40123456", NOW)
    with pytest.raises(InvalidInputError, match="4 to 12 digits"):
        add_prefix(world.store, by(world), RIVAL, "12a", NOW)


def test_a_gtin_under_another_operators_prefix_is_refused_at_model_registration(
    world: World,
) -> None:
    with pytest.raises(InvalidInputError) as caught:
        model(MAKER, gtin_under("9520999"), world)
    assert [finding.field for finding in caught.value.findings] == ["gtin"]


def test_batches_of_a_model_whose_prefix_turned_out_to_be_anothers_are_refused(
    world: World,
) -> None:
    # As it may stand in a store from before prefixes were exclusive: both hold it, the other longer.
    with world.store.transaction() as transaction:
        transaction.gs1_prefixes.add(
            Gs1PrefixRow(operator_id=RIVAL, prefix="95201234", registered_at=NOW)
        )
    with pytest.raises(InvalidBatchError, match="another operator"):
        world.issue("A-1")


def test_two_operators_with_one_prefix_at_once_exactly_one_gets_it(world: World) -> None:
    results = together(
        lambda: add_prefix(world.store, by(world), MAKER, "4012345", NOW),
        lambda: add_prefix(world.store, by(world), RIVAL, "40123456", NOW),
    )
    assert sum(isinstance(result, IdentifierConflictError) for result in results) == 1, results
    assert sum(isinstance(result, list) for result in results) == 1, results


def test_two_models_with_one_gtin_at_once_exactly_one_gets_it(world: World) -> None:
    # Both operators hold the prefix, as in a store from before prefixes were exclusive.
    for operator in (MAKER, RIVAL):
        with world.store.transaction() as transaction:
            row = transaction.operators.get(operator)
            assert row is not None
            record = get_operator(transaction, operator)
            changed = record.model_copy(update={"gs1_prefixes": ["4012345"]})
            row.document = changed.model_dump_json().encode()
            transaction.operators.add(row)
    for number in range(3):
        gtin, model_id = gtin_under("4012345", number), f"m-{number}"
        results = together(
            partial(model, MAKER, gtin, world, model_id),
            partial(model, RIVAL, gtin, world, model_id),
        )
        assert sum(isinstance(r, IdentifierConflictError) for r in results) == 1, results
        assert sum(isinstance(r, BatteryModel) for r in results) == 1, results


def test_prefixes_of_operators_from_before_are_taken_over_by_the_migration(tmp_path: Path) -> None:
    path = tmp_path / "old.sqlite3"
    store = Store(f"sqlite:///{path}")
    command.upgrade(configuration(store.engine), "0008")
    with sqlite3.connect(path) as connection:
        connection.execute(
            "INSERT INTO operator (id, name, country, did, created_at, document)"
            " VALUES ('old', 'Old', 'CN', 'did:web:old', '2025-01-01 00:00:00.000000', ?)",
            (b'{"gs1_prefixes": ["9520123", "9520123", "400"]}',),
        )
    connection.close()
    upgrade(store.engine)
    with store.reading() as reading:
        row = reading.gs1_prefixes.get("old", "9520123")
        assert row is not None
        assert row.registered_at == datetime(2025, 1, 1, tzinfo=UTC)
    store.close()
