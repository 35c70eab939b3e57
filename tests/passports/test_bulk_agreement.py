"""A dry run and issuing agree: what the one accepts the other issues, what it refuses is refused alike."""

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, replace
from typing import Any, cast

import pytest
from hypothesis import HealthCheck, event, settings
from hypothesis import strategies as st

from passports.bulk import Registration
from passports.errors import RegistrationRefusedError
from passports.store import Store, Transaction
from tests.exhaustively import drawn
from tests.passports.bulk_files import as_file, battery, register
from tests.worlds import FACILITY, GTIN, IMPORTER, MAKER, MODEL, World

# Few values, so that rows meet: good ones, bad ones, and such as stand in the store already.
CELLS: dict[str, st.SearchStrategy[Any]] = {
    "serial": st.sampled_from(
        ["A-1", "A-2", "A-3", "OLD-1", "OLD-2", "A 4", "", "1.0", "Ä", "A" * 21]
    ),
    "batch_id": st.sampled_from(["b-1", "b-1", "b-2", "old", "old", "B 3", ""]),
    "model_id": st.sampled_from([MODEL, MODEL, MODEL, "", "lfp-6"]),
    "gtin": st.sampled_from(["", "", GTIN, "9520123456788", "09520123456789", "09520999777772"]),
    "facility_id": st.sampled_from([FACILITY, FACILITY, FACILITY, "", "elsewhere"]),
    "responsible_operator_id": st.sampled_from([IMPORTER, IMPORTER, IMPORTER, "", "nobody"]),
    "manufactured_on": st.sampled_from(
        ["2026-11-02"] * 3 + ["2026-11-03", "2027-01-01", "2.11.2026", ""]
    ),
    "cycle_count": st.sampled_from(["", "", "0", "5", "-1", "x"]),
    "profile": st.sampled_from(["", "", "", "ec-2027-02", "ec-1999"]),
}
ODDLY_CHANGED = st.lists(
    st.sampled_from(sorted(CELLS)).flatmap(
        lambda name: CELLS[name].map(lambda value: (name, value))
    ),
    max_size=2,
)


LIMITS = settings(
    deadline=None,
    database=None,
    suppress_health_check=[HealthCheck.function_scoped_fixture, HealthCheck.too_slow],
)


@st.composite
def files(draw: st.DrawFn) -> tuple[str, list[dict[str, object]]]:
    """Draw a format and rows; every other file has nothing odd in it but what stands in the store."""
    kind = draw(st.sampled_from(["csv", "csv", "csv", "json", "ndjson"]))
    if draw(st.booleans()):
        serials = draw(
            st.lists(st.sampled_from([f"A-{n}" for n in range(9)]), unique=True, min_size=1)
        )
        batches = st.sampled_from(["b-1", "b-2", "old"])
        counts = st.sampled_from(["", "5"])
        return kind, [
            battery(serial, batch_id=draw(batches), cycle_count=draw(counts)) for serial in serials
        ]
    rows = []
    for _ in range(draw(st.integers(1, 6))):
        row = battery(draw(CELLS["serial"]), batch_id=draw(CELLS["batch_id"]), cycle_count="")
        rows.append({**row, **dict(draw(ODDLY_CHANGED))})
    return kind, rows


@pytest.fixture
def world_with_a_batch(sqlite_world: World) -> Iterator[World]:
    """A world in which a batch of two was issued."""
    sqlite_world.issue("OLD-1", "OLD-2", id="old", manufactured_on="2026-11-02")
    yield sqlite_world  # noqa: PT022 # the world is ended by its own fixture


def findings(done: Registration) -> list[object]:
    """Return everything that a report says is wrong."""
    return [finding.to_document() for finding in done.report.findings]


class UndoneError(Exception):
    """Raised once everything is written, so that the next example finds the store as it was."""


@dataclass(frozen=True)
class Undoing:
    """A store whose transactions go to their very end, and are rolled back there."""

    store: Store

    @contextmanager
    def transaction(self) -> Iterator[Transaction]:
        """Open a transaction that comes to nothing."""
        with self.store.transaction() as transaction:
            yield transaction
            raise UndoneError


@drawn(files(), test=16, soak=60, limits=LIMITS)
def test_what_a_dry_run_accepts_is_issued_and_what_it_refuses_is_refused_alike(
    world_with_a_batch: World, file: tuple[str, list[dict[str, object]]]
) -> None:
    world = world_with_a_batch
    data = as_file(*file)
    said = register(world, data, dry_run=True)

    event(f"accepted {said.report.is_accepted}, some pass {said.report.passed > 0}")
    whole = issued_and_undone(world, data, partial=False)
    if said.report.is_accepted:
        assert isinstance(whole, int)
        assert whole == said.report.passed
    else:
        assert isinstance(whole, RegistrationRefusedError)
        assert [finding.to_document() for finding in whole.findings] == findings(said)
    assert issued_and_undone(world, data, partial=True) == said.report.passed
    assert findings(register(world, data, dry_run=True)) == findings(said)


def issued_and_undone(
    world: World, data: bytes, *, partial: bool
) -> int | RegistrationRefusedError:
    """Issue a file, count its passports, and roll all of it back; or return the refusal."""
    issued = 0

    def count(stage: str, done: int, _total: int) -> None:
        nonlocal issued
        issued = done if stage == "issuing" else issued

    undoing = replace(world, store=cast("Store", Undoing(world.store)))
    try:
        register(undoing, data, partial=partial, progress=count)
    except UndoneError:
        return issued
    except RegistrationRefusedError as error:
        return error
    raise AssertionError("the store did not undo it")


@drawn(files(), test=8, soak=30, limits=LIMITS)
def test_whatever_was_registered_is_there_the_second_time_and_nothing_else_changes(
    world: World, file: tuple[str, list[dict[str, object]]]
) -> None:
    data = as_file(*file)
    first = register(world, data, partial=True).report
    again = register(world, data, partial=True).report

    assert again.registered == 0
    # What was refused beside its own battery (a serial twice) may now meet that battery in the store.
    assert again.present + again.refused == first.rows
    assert again.present >= first.registered + first.present
    with world.store.reading() as reading:
        rows = reading.passports.page(limit=100_000)
        assert len({(row.gtin, row.serial) for row in rows}) == len(rows)
        for batch in reading.batches.all(MAKER):
            assert batch.size == sum(row.batch_id == batch.id for row in rows)
