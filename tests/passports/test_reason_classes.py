"""Of why a passport was withdrawn, everybody reads the class, one of five, and nothing of the text."""

from collections.abc import Callable
from datetime import timedelta
from typing import Any

import orjson
import pytest

from lca.datasets import load_shipped_dataset
from passports.fsck.whole import check_store
from passports.life.withdrawal import (
    ReasonClass,
    StatusChange,
    Withdrawing,
    change_status,
    standings_of,
    status_document,
)
from passports.store import (
    AccessEntryRow,
    PassportStatusChangeRow,
    RowLineError,
    read_row,
    write_row,
)
from tests.exhaustively import each_with_each
from tests.worlds import ADDRESS, IMPORTER, MAKER, NOW, World

SECRET = "the seal of cell 7 leaks"
SUSPENDED, REINSTATED, REVOKED = StatusChange


def say(
    world: World, passport: str, change: StatusChange, said: ReasonClass | None, hours: int = 1
) -> dict[str, Any]:
    withdrawing = Withdrawing(MAKER, SECRET, NOW + timedelta(hours=hours), reason_class=said)
    done = change_status(world.store, world.keyring, ADDRESS, passport, change, withdrawing)
    return done.to_document()


@pytest.mark.parametrize(
    ("change", "said"), each_with_each([SUSPENDED, REVOKED], list(ReasonClass))
)
def test_the_class_is_public_and_the_reason_is_not(
    sqlite_world: World, change: StatusChange, said: ReasonClass
) -> None:
    world = sqlite_world
    passport = world.issue("SN-1").passports[0].id
    assert say(world, passport, change, said)["reason_class"] == said.value
    public = status_document(world.store, passport)
    assert public["reason_class"] == public["changes"][0]["reason_class"] == said.value
    assert SECRET not in orjson.dumps(public).decode()
    for keeper in (MAKER, IMPORTER):
        with world.store.reading() as reading:
            entry = reading.access_entries.last(keeper)
        assert entry is not None
        assert orjson.loads(entry.document)["reason_class"] == said.value
    assert not check_store(world.store, load_shipped_dataset(), NOW + timedelta(hours=2)).faults


def test_without_a_class_nothing_is_said_of_one_and_a_reinstatement_has_none(
    sqlite_world: World,
) -> None:
    world = sqlite_world
    passport = world.issue("SN-1").passports[0].id
    assert "reason_class" not in say(world, passport, SUSPENDED, None)
    assert "reason_class" not in orjson.dumps(status_document(world.store, passport)).decode()
    done = say(world, passport, REINSTATED, ReasonClass.ERROR, 2)
    assert "reason_class" not in done
    document = status_document(world.store, passport, with_reasons=True)
    assert "reason_class" not in orjson.dumps(document).decode()
    say(world, passport, SUSPENDED, ReasonClass.INQUIRY, 3)
    say(world, passport, REVOKED, ReasonClass.LOST, 4)
    public = status_document(world.store, passport)
    classes = [row.get("reason_class") for row in public["changes"]]
    assert classes == [None, None, "inquiry", "lost"]
    assert public["reason_class"] == "lost"
    with world.store.reading() as reading:
        row = reading.passports.by_id(passport)
        assert row is not None
        assert standings_of(reading, [row])[passport].reason_class is ReasonClass.LOST


def give_another_class(row: PassportStatusChangeRow) -> None:
    row.reason_class = "error"


def take_the_class_away(row: PassportStatusChangeRow) -> None:
    row.reason_class = None


def give_a_class_of_its_own(row: PassportStatusChangeRow) -> None:
    row.reason_class = "fire"


@pytest.mark.parametrize(
    ("damage", "reason"),
    [
        (give_another_class, "differ from its issuer's access log"),
        (take_the_class_away, "differ from its issuer's access log"),
        (give_a_class_of_its_own, "has a class of reason that it cannot have"),
    ],
)
def test_fsck_tells_a_class_that_was_changed_in_the_store(
    sqlite_world: World, damage: Callable[[PassportStatusChangeRow], None], reason: str
) -> None:
    world = sqlite_world
    passport = world.issue("SN-1").passports[0].id
    say(world, passport, SUSPENDED, ReasonClass.LOST)
    with world.store.transaction() as transaction:
        [row] = transaction.status_changes.of(passport)
        damage(row)
        transaction.status_changes.add(row)
    report = check_store(world.store, load_shipped_dataset(), NOW + timedelta(hours=2))
    assert [reason in str(fault) for fault in report.faults] == [True], report.faults
    # What nobody knows is not told to anybody.
    assert "fire" not in orjson.dumps(status_document(world.store, passport)).decode()


def test_fsck_tells_a_reinstatement_with_a_class(sqlite_world: World) -> None:
    world = sqlite_world
    passport = world.issue("SN-1").passports[0].id
    say(world, passport, SUSPENDED, None)
    say(world, passport, REINSTATED, None, 2)
    with world.store.transaction() as transaction:
        row = transaction.status_changes.of(passport)[1]
        row.reason_class = "lost"
        transaction.status_changes.add(row)
    report = check_store(world.store, load_shipped_dataset(), NOW + timedelta(hours=3))
    assert ["it cannot have" in str(fault) for fault in report.faults] == [True], report.faults


def test_a_line_of_an_archive_from_before_has_no_class() -> None:
    columns: dict[str, Any] = {
        "operator_id": MAKER,
        "passport_id": "p",
        "sequence": 1,
        "state": "revoked",
        "actor_id": MAKER,
        "acting_id": None,
        "recorded_at": NOW,
        "reason": "r",
    }
    before = write_row(columns)
    assert read_row(PassportStatusChangeRow, before) == {**columns, "reason_class": None}
    of_now = {**columns, "reason_class": "lost"}
    assert read_row(PassportStatusChangeRow, write_row(of_now)) == of_now
    refused: list[dict[str, Any]] = [
        {**columns, "x": 1},
        {**columns, "reason_class": 7},
        {**columns, "reason_class": "x" * 17},
        {name: value for name, value in columns.items() if name != "reason"},
    ]
    for wrong in refused:
        with pytest.raises(RowLineError):
            read_row(PassportStatusChangeRow, write_row(wrong))
    with pytest.raises(RowLineError):
        read_row(AccessEntryRow, b"{}\n")
