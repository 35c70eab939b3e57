"""The gates of issuing: a dry run refuses exactly what issuing refuses."""

from datetime import date, timedelta
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from passports.batches import BatchCreate, BatteryUnit, read_units_csv
from passports.errors import (
    Finding,
    IdentifierConflictError,
    InvalidBatchError,
    PassportError,
    RecordNotFoundError,
)
from passports.issue import check_only, issue_batch
from passports.operators import get_operator
from tests.worlds import ADDRESS, GTIN, MAKER, NOW, RIVAL, World

TODAY = NOW.date()


def refusal(world: World, request: BatchCreate) -> PassportError | None:
    """Return with what a dry run refuses a batch, or None."""
    try:
        check_only(world.store, MAKER, request, NOW)
    except PassportError as error:
        return error
    return None


def issuing_refusal(world: World, request: BatchCreate) -> PassportError | None:
    """Return with what issuing refuses a batch, or None."""
    try:
        issue_batch(world.store, world.keyring, ADDRESS, MAKER, request, NOW)
    except PassportError as error:
        return error
    return None


def findings(world: World, *units: BatteryUnit, **changes: Any) -> list[Finding]:
    """Return the findings of a dry run over these units."""
    refused = refusal(world, world.batch(**{"units": list(units), **changes}))
    assert isinstance(refused, InvalidBatchError)
    assert all(finding.remedy for finding in refused.findings)
    return list(refused.findings)


def test_a_batch_without_defects_passes_and_nothing_is_written(world: World) -> None:
    assert refusal(world, world.batch("A-1", "A-2")) is None
    with world.store.reading() as reading:
        assert reading.batches.all() == []


def test_duplicates_name_both_lines(world: World) -> None:
    units = [BatteryUnit(serial=serial) for serial in ("A", "B", "A", "A")]
    found = findings(world, *units)
    assert [(f.line, f.value) for f in found] == [(4, "A"), (5, "A")]
    assert all("stands on line 2" in f.reason for f in found)


def test_lines_of_a_file_are_its_own_count(sqlite_world: World) -> None:
    units = read_units_csv(b"serial\n\nA\n\nnot good\nA\n")
    found = findings(sqlite_world, *units)
    assert [(f.line, f.value) for f in found] == [(5, "not good"), (6, "A")]
    assert "stands on line 3" in found[1].reason


def test_units_of_the_future_are_refused_by_their_own_day_or_the_batchs(world: World) -> None:
    tomorrow = TODAY + timedelta(days=1)
    units = [BatteryUnit(serial="A", manufactured_on=TODAY), BatteryUnit(serial="B")]
    found = findings(world, *units, manufactured_on=tomorrow)
    assert [(f.line, f.field, f.value) for f in found] == [(3, "manufactured_on", str(tomorrow))]


def test_serials_that_have_a_passport_are_refused_and_named(world: World) -> None:
    world.issue("A-1", "A-2")
    units = [BatteryUnit(serial=serial) for serial in ("A-0", "A-2", "A-1")]
    found = findings(world, *units, id="b-2")
    assert [(f.line, f.value) for f in found] == [(3, "A-2"), (4, "A-1")]
    assert all("never reassigned" in f.reason for f in found)


def test_many_serials_are_looked_up_in_parts(world: World) -> None:
    serials = [f"S-{number}" for number in range(1200)]
    world.issue(serials[0], serials[-1])
    found = findings(world, *[BatteryUnit(serial=s) for s in serials], id="b-2")
    assert [f.value for f in found] == [serials[0], serials[-1]]


def test_a_model_under_a_prefix_that_was_taken_away_is_not_issued(sqlite_world: World) -> None:
    world = sqlite_world
    with world.store.transaction() as transaction:
        row = transaction.operators.get(MAKER)
        assert row is not None
        operator = get_operator(transaction, MAKER).model_copy(update={"gs1_prefixes": ["4012345"]})
        row.document = operator.model_dump_json().encode()
        transaction.operators.add(row)
    (finding,) = findings(world, BatteryUnit(serial="A"))
    assert (finding.field, finding.value) == ("model_id", GTIN)


@pytest.mark.parametrize(
    ("changes", "kind"),
    [
        ({"model_id": "none"}, RecordNotFoundError),
        ({"facility_id": "none"}, RecordNotFoundError),
        ({"responsible_operator_id": "none"}, RecordNotFoundError),
    ],
)
def test_what_is_not_registered_is_refused_by_both(
    world: World, changes: dict[str, str], kind: type[PassportError]
) -> None:
    request = world.batch("A-1", **changes)
    dry, real = refusal(world, request), issuing_refusal(world, request)
    assert isinstance(dry, kind)
    assert isinstance(real, kind)
    assert dry.findings == real.findings


def test_an_unknown_operator_issues_nothing(world: World) -> None:
    with pytest.raises(RecordNotFoundError):
        check_only(world.store, "nobody", world.batch("A-1"), NOW)
    with pytest.raises(RecordNotFoundError):  # the rival has no such model
        check_only(world.store, RIVAL, world.batch("A-1"), NOW)


def test_a_batch_that_was_issued_passes_a_dry_run_and_another_under_its_name_does_not(
    world: World,
) -> None:
    world.issue("A-1")
    assert refusal(world, world.batch("A-1")) is None
    assert isinstance(refusal(world, world.batch("A-2")), IdentifierConflictError)


serials = st.sampled_from(["A-1", "A-2", "A-3", "OLD-1", "OLD-2", "", "not good", "é", "x" * 21])
days = st.none() | st.dates(TODAY - timedelta(days=3), TODAY + timedelta(days=3))
any_unit = st.builds(BatteryUnit, serial=serials, manufactured_on=days)


@settings(
    suppress_health_check=[HealthCheck.function_scoped_fixture], max_examples=40, deadline=None
)
@given(
    units=st.lists(any_unit, min_size=1, max_size=5),
    day=st.dates(date(2024, 1, 1), TODAY + timedelta(days=2)),
    responsible=st.sampled_from([None, "importer", "nobody"]),
    batch_id=st.sampled_from(["old", "new"]),
)
def test_a_dry_run_refuses_exactly_what_issuing_refuses(
    sqlite_world: World,
    units: list[BatteryUnit],
    day: date,
    responsible: str | None,
    batch_id: str,
) -> None:
    world = sqlite_world
    world.issue("OLD-1", "OLD-2", id="old")
    request = world.batch(
        id=batch_id, units=units, manufactured_on=day, responsible_operator_id=responsible
    )
    dry = refusal(world, request)

    class RolledBackError(Exception):
        """Raised to leave the world as it was."""

    def stop(_done: int, _all: int) -> None:
        raise RolledBackError

    real: PassportError | None = None
    try:
        issue_batch(world.store, world.keyring, ADDRESS, MAKER, request, NOW, stop)
    except PassportError as error:
        real = error
    except RolledBackError:
        pass
    assert type(dry) is type(real)
    assert (dry.findings if dry else ()) == (real.findings if real else ())
