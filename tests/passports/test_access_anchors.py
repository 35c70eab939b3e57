"""Anchors of the access logs: cut off, rewritten or unanchored ends are found from the store alone."""

import time
from collections.abc import Callable
from datetime import timedelta
from functools import partial
from pathlib import Path
from typing import Any

import orjson
import pytest
from sqlalchemy import text

from api.daily import Daily
from lca.datasets import load_shipped_dataset
from passports.access_anchors import anchor_access_logs
from passports.access_log import append_entry
from passports.attributes.view import passport_sheet, view
from passports.authority.cessation import state_ceased
from passports.authority.grants import AccessGrantCreate, give_grant
from passports.documents import read_document
from passports.fsck.whole import check_store
from passports.kept_logs import entry_of
from passports.log import log_size
from passports.operators import EconomicOperatorCreate, get_operator, register_operator
from tests.api.caller import voltpass_on
from tests.api.command_line import invoke
from tests.passports.archive_world import BACKUP, LATER, Second, written
from tests.passports.test_store import at_once
from tests.worlds import ADDRESS, AUTHORITY, IMPORTER, MAKER, MODEL, NOW, World

READER = "somebody-with-a-name"


def read(world: World, times: int = 1, of: str = MAKER, by: str = READER) -> None:
    """Write entries into an operator's access log."""
    for _ in range(times):
        with world.store.transaction() as transaction:
            append_entry(transaction, of, {"reader": by, "attributes": []}, NOW)


def anchor(world: World) -> list[dict[str, Any]]:
    """Anchor what has grown."""
    return list(anchor_access_logs(world.store, world.keyring, ADDRESS, NOW + timedelta(days=1)))


def faults(world: World) -> list[tuple[str, str]]:
    """Return what fsck finds."""
    report = check_store(world.store, load_shipped_dataset(), NOW)
    return [(fault.kind, fault.reason) for fault in report.faults]


def spoil(world: World, *statements: str) -> None:
    """Change the store as somebody could who has the database."""
    with world.store.engine.begin() as connection:
        for statement in statements:
            connection.execute(text(statement))


def test_each_log_that_has_grown_is_anchored_and_each_once(world: World) -> None:
    assert anchor(world) == []
    read(world, 3)
    read(world, 1, of=IMPORTER)
    notes = anchor(world)
    assert [(n["operator"], n["entries"]) for n in notes] == [(IMPORTER, 1), (MAKER, 3)]
    assert anchor(world) == []
    read(world)
    assert [(n["operator"], n["entries"]) for n in anchor(world)] == [(MAKER, 4)]
    with world.store.reading() as reading:
        assert log_size(reading) == 3
        [first, second] = reading.access_anchors.of(MAKER)
    assert (first.sequence, second.sequence) == (3, 4)
    assert faults(world) == []
    world.issue("SN-1")
    assert faults(world) == []


def test_an_end_that_was_cut_off_is_found(world: World) -> None:
    read(world, 3)
    anchor(world)
    read(world, 2)
    spoil(world, "DELETE FROM access_entry WHERE sequence > 3")
    assert faults(world) == []  # newer than the last anchor: not covered, as is said
    spoil(world, "DELETE FROM access_entry WHERE sequence > 2")
    [(kind, reason)] = faults(world)
    assert kind == "access log"
    assert "entry 3 is missing" in reason
    read(world, by="another")  # another entry in its place does not mend it
    [(kind, reason)] = faults(world)
    assert "entry 3 is" in reason


def test_a_whole_log_that_was_cut_off_is_found(world: World) -> None:
    read(world, 2)
    anchor(world)
    spoil(world, "DELETE FROM access_entry")
    assert "entry 2 is missing" in faults(world)[0][1]


def test_an_anchor_that_is_taken_away_with_the_entries_leaves_a_leaf_of_nothing(
    world: World,
) -> None:
    world.issue("SN-1")
    read(world, 2)
    anchor(world)
    spoil(world, "DELETE FROM access_anchor", "DELETE FROM access_entry WHERE sequence > 1")
    [(kind, reason)] = faults(world)
    assert kind == "log leaf"
    assert "taken away" in reason


@pytest.mark.parametrize(
    ("statement", "expected"),
    [
        ("UPDATE access_anchor SET sequence = 1", "differ from what it says"),
        ("UPDATE access_anchor SET log_index = 0", "is not of the anchor"),
        ("UPDATE access_anchor SET document = CAST('{}' AS BLOB)", "is not of the anchor"),
        ("UPDATE access_anchor SET anchored_at = '2001-01-01'", "differ from what it says"),
        ("UPDATE access_anchor SET operator_id = 'importer'", "differ from what it says"),
    ],
)
def test_an_anchor_that_was_changed_is_named(
    sqlite_world: World, statement: str, expected: str
) -> None:
    sqlite_world.issue("SN-1")
    read(sqlite_world, 2)
    read(sqlite_world, 2, of=IMPORTER)
    spoil(sqlite_world, "DELETE FROM access_entry WHERE operator_id = 'importer'")
    anchor(sqlite_world)
    spoil(sqlite_world, statement)
    assert any(expected in reason for _kind, reason in faults(sqlite_world)), faults(sqlite_world)


def test_the_log_holds_hashes_and_the_notes_name_no_reader(world: World) -> None:
    read(world)
    [note] = anchor(world)
    assert set(note) == {"type", "origin", "operator", "entries", "head", "anchored_at"}
    with world.store.reading() as reading:
        [row] = reading.access_anchors.of(MAKER)
        leaf: bytes | None = entry_of(reading, MAKER, row.log_index)
    assert leaf is not None
    assert len(leaf) == 32
    assert orjson.loads(row.document) == note
    assert READER not in str(note)


def test_several_servers_that_anchor_at_the_same_time_make_one_anchor(world: World) -> None:
    read(world, 2)
    read(world, 2, of=AUTHORITY)
    made = at_once(*(partial(anchor, world) for _ in range(4)))
    assert sorted(len(notes) for notes in made if isinstance(notes, list)) == [0, 0, 0, 2]
    assert faults(world) == []


def anchored(world: World) -> int:
    """Return how many entries of the maker's log are anchored."""
    with world.store.reading() as reading:
        last = reading.access_anchors.last(MAKER)
    return 0 if last is None else last.sequence


def test_a_running_server_anchors_by_itself_and_stops(world: World, tmp_path: Path) -> None:
    read(world)
    daily = Daily(voltpass_on(world, tmp_path), 0.05)
    try:
        for sequence in (1, 2):
            wanted = time.monotonic() + 20
            while anchored(world) < sequence and time.monotonic() < wanted:
                time.sleep(0.05)
            assert anchored(world) == sequence
            read(world, 2 - sequence)
    finally:
        assert daily.stop(60)  # nobody uses the store any more, which the next test is given


def test_a_running_server_signs_its_trust_list_anew_and_goes_on_after_a_fault(
    sqlite_world: World, tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    voltpass = voltpass_on(sqlite_world, tmp_path)
    voltpass.settings.trust_list_path.mkdir()  # what is to be written there cannot be
    daily = Daily(voltpass, 0.05)
    try:
        seen(lambda: "the trust list was not signed anew: IsADirectoryError" in caplog.text)
        voltpass.settings.trust_list_path.rmdir()
        seen(voltpass.settings.trust_list_path.exists)
        first = voltpass.trust_list()
        assert first is not None

        def newer() -> bool:
            now = voltpass.trust_list()
            return now is not None and now.valid_until > first.valid_until

        seen(newer)
    finally:
        assert daily.stop(60)


def seen(condition: Callable[[], bool]) -> None:
    """Wait until something is so."""
    wanted = time.monotonic() + 60
    while not condition():
        assert time.monotonic() < wanted
        time.sleep(0.05)


def test_the_command_anchors_and_says_what(sqlite_world: World, tmp_path: Path) -> None:
    read(sqlite_world, 2)
    (tmp_path / "keys").mkdir()
    settings = {
        "VOLTPASS_PUBLIC_URL": ADDRESS.base_url,
        "VOLTPASS_DATABASE_URL": sqlite_world.store.url,
    }
    done = invoke("access", "anchor", "--json", home=tmp_path, **settings)
    assert done.returncode == 0, done.stderr
    [note] = orjson.loads(done.stdout)["anchored"]
    assert (note["operator"], note["entries"]) == (MAKER, 2)
    again = invoke("access", "anchor", home=tmp_path, **settings)
    assert "no access log has grown" in again.stdout


def test_reads_of_what_is_kept_stand_in_its_issuers_log_and_are_anchored_here(
    second: Second, first: World, tmp_path: Path
) -> None:
    # The responsible operator of the passports is nobody on this server.
    second.take(written(first, tmp_path / "a.zip"))
    repairer = EconomicOperatorCreate(id="fixer", name="F", roles=["recycler"], country="DE")
    register_operator(second.store, second.keyring, BACKUP, repairer, NOW)
    state_ceased(second.store, MAKER, "platform", "dissolved", LATER)
    fields = {"grantee": "fixer", "grantee_kind": "organisation", "purpose": "repair"}
    scope = {"models": [MODEL], "expires_at": LATER + timedelta(days=10)}
    grant = read_document(AccessGrantCreate, {**fields, **scope}, "the grant")
    give_grant(second.store, MAKER, grant, LATER)
    with second.store.reading() as reading:
        reader = get_operator(reading, "fixer")
        row = reading.passports.page()[0]
        before = reading.access_entries.last(MAKER)
    seen = view(second.store, reader, lambda t: passport_sheet(t, row.id), LATER)
    assert "legitimate_interest" in seen["audiences"]
    with second.store.reading() as reading:
        after = reading.access_entries.last(MAKER)
    assert after is not None
    assert after.sequence == (before.sequence if before is not None else 0) + 1
    notes = anchor_access_logs(second.store, second.keyring, BACKUP, LATER)
    assert [(n["operator"], n["entries"]) for n in notes] == [(MAKER, after.sequence)]
    second.sound()
    spoil(
        World(second.store, second.keyring),
        f"DELETE FROM access_entry WHERE sequence = {after.sequence}",
    )
    report = check_store(second.store, load_shipped_dataset(), LATER)
    assert [fault.kind for fault in report.faults] == ["access log"]
