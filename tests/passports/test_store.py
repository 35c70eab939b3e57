"""The store: transactions, consistent reading, instants, migrations, on both databases."""

import threading
from contextlib import closing
from datetime import UTC, date, datetime, timedelta, timezone
from pathlib import Path
from typing import Any

import pytest
from sqlalchemy import text
from sqlalchemy.dialects import sqlite

from passports.errors import IdentifierConflictError
from passports.factories import EnergyPeriodCreate, record_energy
from passports.issue import issue_batch
from passports.log import append, checkpoint
from passports.store import OperatorRow, PassportRow, RowExistsError, Store
from passports.store.migrations import check, upgrade
from passports.store.migrations.__main__ import main
from passports.store.tables import UtcDateTime
from tests.worlds import ADDRESS, FACILITY, GTIN, MAKER, NOW, RIVAL, World, demo_input


def operator(name: str = "new", **changes: Any) -> OperatorRow:
    """Return a row, with changes."""
    fields = {
        "id": name,
        "name": "New",
        "country": "DE",
        "did": f"did:web:x.example:{name}",
        "created_at": NOW,
        "document": b"{}",
    }
    return OperatorRow(**{**fields, **changes})


def add(store: Store, *rows: OperatorRow, error: Exception | None = None) -> None:
    """Add rows in one transaction, and end it with an error where one is given."""
    with store.transaction() as transaction:
        for row in rows:
            transaction.operators.add(row)
        if error is not None:
            raise error


def test_what_was_added_is_there_after_the_transaction(store: Store) -> None:
    add(store, operator())
    with store.reading() as reading:
        assert [row.id for row in reading.operators.all()] == ["new"]


def test_an_error_in_a_transaction_undoes_all_of_it(store: Store) -> None:
    class OursError(Exception):
        """Raised in the middle."""

    with pytest.raises(OursError):
        add(store, operator("a"), operator("b"), error=OursError())
    with store.reading() as reading:
        assert reading.operators.all() == []


def test_a_taken_key_is_told_and_undoes_all_of_it(store: Store) -> None:
    add(store, operator("a"))
    with pytest.raises(RowExistsError):
        add(store, operator("b"), operator("a"))
    with store.reading() as reading:
        assert [row.id for row in reading.operators.all()] == ["a"]


def test_a_unique_column_is_unique(store: Store) -> None:
    with pytest.raises(RowExistsError):
        add(store, operator("a", did="did:web:x"), operator("b", did="did:web:x"))


def test_a_reader_sees_one_consistent_view_while_another_writes(store: Store) -> None:
    with store.transaction() as transaction:
        transaction.operators.add(operator("a"))
    with store.reading() as reading:
        assert len(reading.operators.all()) == 1
        with store.transaction() as transaction:
            transaction.operators.add(operator("b"))
        assert [row.id for row in reading.operators.all()] == ["a"]
        assert reading.operators.get("b") is None
    with store.reading() as reading:
        assert len(reading.operators.all()) == 2


def test_what_a_reader_changes_is_never_kept(store: Store) -> None:
    with store.transaction() as transaction:
        transaction.operators.add(operator("a"))
    with store.reading() as reading:
        row = reading.operators.get("a")
        assert row is not None
        row.name = "Changed"
    with store.reading() as reading:
        row = reading.operators.get("a")
        assert row is not None
        assert row.name == "New"


def test_a_naive_instant_cannot_be_stored(store: Store) -> None:
    with pytest.raises(Exception, match="naive datetime"), store.transaction() as transaction:
        transaction.operators.add(operator(created_at=datetime(2026, 1, 1)))  # noqa: DTZ001 # the point


def test_an_instant_of_any_zone_is_read_back_as_the_same_in_utc(store: Store) -> None:
    there = datetime(2026, 11, 22, 20, 0, tzinfo=timezone(timedelta(hours=8)))
    with store.transaction() as transaction:
        transaction.operators.add(operator(created_at=there))
    with store.reading() as reading:
        row = reading.operators.get("new")
    assert row is not None
    assert row.created_at == there
    assert row.created_at.tzinfo is UTC


def test_no_instant_is_no_instant() -> None:
    kind = UtcDateTime()
    dialect = sqlite.dialect()
    assert kind.process_bind_param(None, dialect) is None
    assert kind.process_result_value(None, dialect) is None
    local = datetime(2026, 1, 1, tzinfo=timezone(timedelta(hours=1)))
    assert kind.process_result_value(local, dialect) == local


@pytest.mark.parametrize("key", ["\0", "a\0b", "\ud800"])
def test_a_key_that_no_database_can_hold_is_of_no_row(world: World, key: str) -> None:
    with world.store.reading() as reading:
        assert reading.operators.get(key) is None
        assert reading.batches.get(MAKER, key) is None
        assert reading.passports.by_id(key) is None
        assert reading.studies.by_id(key) is None
        assert reading.certificates.by_id(key) is None
        assert reading.log_tiles.get(0, 0) is None  # numbers are fine


def test_a_database_gives_a_sign_of_life_and_says_what_it_is(store: Store) -> None:
    store.ping()
    assert store.is_sqlite is store.url.startswith("sqlite")


def test_a_database_that_is_not_there_gives_none() -> None:
    with pytest.raises(Exception, match=r"refused|failed"):
        Store("postgresql+psycopg://nobody@127.0.0.1:9/none?connect_timeout=1").ping()


def test_tables_and_migrations_agree(store: Store) -> None:
    check(store.engine)


def test_migrating_twice_does_nothing(store: Store) -> None:
    with store.transaction() as transaction:
        transaction.operators.add(operator())
    store.migrate()
    upgrade(store.engine)
    with store.reading() as reading:
        assert len(reading.operators.all()) == 1


def test_the_migrations_command_checks_and_upgrades(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("sys.argv", ["migrations", "--check"])
    assert main() == 0
    monkeypatch.setenv("VOLTPASS_DATABASE_URL", f"sqlite:///{tmp_path / 'new.sqlite3'}")
    monkeypatch.setattr("sys.argv", ["migrations", "--upgrade"])
    assert main() == 0
    store = Store(f"sqlite:///{tmp_path / 'new.sqlite3'}")
    with store.reading() as reading:
        assert reading.operators.all() == []
    store.close()


def test_the_migrations_command_says_where_tables_and_migrations_differ(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    def upgrade_and_change(engine: Any) -> None:
        upgrade(engine)
        with engine.begin() as connection:
            connection.execute(text("ALTER TABLE operator ADD COLUMN colour VARCHAR"))

    monkeypatch.setattr("passports.store.migrations.__main__.upgrade", upgrade_and_change)
    monkeypatch.setattr("sys.argv", ["migrations", "--check"])
    assert main() == 1
    assert "colour" in capsys.readouterr().err


def test_sqlite_writes_ahead_keeps_foreign_keys_and_syncs(tmp_path: Path) -> None:
    with (
        closing(Store(f"sqlite:///{tmp_path / 'store.sqlite3'}")) as store,
        store.engine.connect() as connection,
    ):
        found = [
            connection.execute(text(f"PRAGMA {name}")).scalar_one()
            for name in ("journal_mode", "foreign_keys", "synchronous")
        ]
    assert found == ["wal", 1, 2]


def test_a_row_of_an_operator_that_is_not_there_is_refused(world: World) -> None:
    with pytest.raises(RowExistsError), world.store.transaction() as transaction:
        transaction.passports.add_many(
            [
                {
                    "operator_id": "nobody",
                    "id": "p",
                    "version": 1,
                    "gtin": GTIN,
                    "serial": "S",
                    "batch_id": "b",
                    "status_list_id": "l",
                    "status_list_index": 0,
                    "log_index": 0,
                    "issued_at": NOW,
                    "credential": b"",
                    "sha256": "",
                }
            ]
        )


def second_version(world: World) -> None:
    """Add a second version of a passport, as a later use case will."""
    with world.store.transaction() as transaction:
        row = transaction.passports.newest(GTIN, "SN-1")
        assert row is not None
        fields = {**row.model_dump(), "version": 2, "credential": b"second"}
        transaction.passports.add(PassportRow(**fields))


def test_of_several_versions_of_a_passport_the_newest_is_read(world: World) -> None:
    world.issue()
    second_version(world)
    found = world.store.read_credential(GTIN, "SN-1")
    assert found is not None
    assert found[1:3] == (2, b"second")
    with world.store.reading() as reading:
        newest, by_id = reading.passports.newest(GTIN, "SN-1"), reading.passports.by_id(found[0])
    assert newest is not None
    assert by_id is not None
    assert newest.version == by_id.version == 2
    assert world.store.read_credential(GTIN, "none") is None


@pytest.mark.parametrize("limit", [1, 2, 3, 100])
def test_a_walk_over_all_passports_misses_no_version(world: World, limit: int) -> None:
    world.issue()
    second_version(world)
    seen: list[tuple[str, int]] = []
    after: tuple[str, str, int] | None = None
    while True:
        with world.store.reading() as reading:
            rows = reading.passports.page(after, limit)
        if not rows:
            break
        seen += [(row.serial, row.version) for row in rows]
        after = (rows[-1].operator_id, rows[-1].id, rows[-1].version)
    assert sorted(seen) == [("SN-1", 1), ("SN-1", 2), ("SN-2", 1)]


def at_once(*calls: Any) -> list[object]:
    """Make calls at the same time; return what each returned or raised."""
    results: list[object] = [None] * len(calls)
    barrier = threading.Barrier(len(calls))

    def run(place: int) -> None:
        barrier.wait()
        try:
            results[place] = calls[place]()
        except Exception as error:  # noqa: BLE001 # the test looks at what it was
            results[place] = error

    threads = [threading.Thread(target=run, args=(place,)) for place in range(len(calls))]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(60)
    return results


def test_of_two_overlapping_periods_recorded_at_once_one_is_refused(world: World) -> None:
    given = demo_input("facilities.json")[0]["energy"]

    def record(first: str, last: str) -> object:
        period = EnergyPeriodCreate(**{**given, "period_from": first, "period_to": last})
        return record_energy(world.store, MAKER, FACILITY, period, NOW)

    results = at_once(
        lambda: record("2022-01-01", "2022-12-31"), lambda: record("2022-06-01", "2023-06-30")
    )
    assert sorted(type(r).__name__ for r in results) == ["EnergyPeriod", "IdentifierConflictError"]
    assert any(isinstance(result, IdentifierConflictError) for result in results)


def test_the_first_entries_of_the_log_can_come_from_two_makers_at_once(world: World) -> None:
    signers = world.keyring.log_signers(ADDRESS.log_origin)

    def write(entry: bytes) -> int:
        with world.store.transaction() as transaction:
            return append(transaction, signers, [entry], NOW)

    results = at_once(*[lambda entry=bytes([n]) * 32: write(entry) for n in range(4)])
    assert sorted(results, key=str) == [0, 1, 2, 3], results
    with world.store.reading() as reading:
        assert b"\n4\n" in checkpoint(reading)


def test_reading_goes_on_while_a_batch_is_being_issued(world: World) -> None:
    world.issue("OLD-1")
    seen: list[int] = []

    def look(_done: int, _all: int) -> None:
        assert world.store.read_credential(GTIN, "OLD-1") is not None
        assert world.store.read_credential(GTIN, "NEW-1") is None
        with world.store.reading() as reading:
            seen.append(len(reading.passports.page()))

    request = world.batch("NEW-1", id="b-2", manufactured_on=date(2024, 12, 2))
    issue_batch(world.store, world.keyring, ADDRESS, MAKER, request, NOW, look)
    assert seen == [1]
    assert world.store.read_credential(GTIN, "NEW-1") is not None


def test_lists_of_records_are_by_operator(world: World) -> None:
    with world.store.reading() as reading:
        assert [row.operator_id for row in reading.facilities.all(MAKER)] == [MAKER]
        assert reading.models.all(RIVAL) == []
        assert reading.energy_periods.of(RIVAL, FACILITY) == []
        assert len(list(reading.certificates.all())) == 1
