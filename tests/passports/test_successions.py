"""Passports that stand in the place of others (Art. 77(7)): which may, and by what."""

import pytest
from sqlalchemy import text

from lca.datasets import load_shipped_dataset
from passports.errors import IllegalTransitionError
from passports.fsck.whole import check_store
from passports.life.lifecycle import current_status
from tests.exhaustively import each_with_each
from tests.passports.test_lifecycle import everything, live
from tests.revoking import revoke_passport
from tests.worlds import ADDRESS, MAKER, NOW, World


def test_a_passport_does_not_come_after_itself_nor_in_a_circle(world: World) -> None:
    first, second, third = (p.id for p in world.issue("A", "B", "C").passports)
    with pytest.raises(IllegalTransitionError):
        live(world, first, "repurposed", successor_id=first)
    live(world, first, "repurposed", successor_id=second)
    live(world, second, "remanufactured", successor_id=third)
    for passport, successor in ((third, first), (third, second), (second, first)):
        with pytest.raises(IllegalTransitionError):
            live(world, passport, "repurposed", successor_id=successor)
    # One battery can become several.
    fourth = world.issue("D", id="b-2").passports[0].id
    assert live(world, first, "repurposed", successor_id=fourth).version == 3


def test_a_battery_that_lived_or_whose_passport_was_revoked_is_no_new_one(world: World) -> None:
    old, waste, used, revoked, new = (p.id for p in world.issue(*"ABCDE").passports)
    live(world, waste, "waste")
    live(world, used, "re-used")
    revoke_passport(world.store, world.keyring, ADDRESS, MAKER, revoked, NOW)
    before = everything(world.store)
    for successor in (waste, used, revoked):
        with pytest.raises(IllegalTransitionError) as refused:
            live(world, old, "repurposed", successor_id=successor)
        assert refused.value.findings[0].field == "successor_id"
    assert everything(world.store) == before
    assert life_cycle_status(world, waste) == "waste"
    live(world, old, "repurposed", successor_id=new)


def test_several_batteries_become_one_by_the_same_and_at_its_beginning_only(world: World) -> None:
    first, second, third, fourth, new = (p.id for p in world.issue(*"ABCDE").passports)
    live(world, first, "repurposed", successor_id=new)
    with pytest.raises(IllegalTransitionError):
        live(world, second, "remanufactured", successor_id=new)
    live(world, second, "repurposed", successor_id=new)
    live(world, new, "re-used")
    live(world, third, "waste")
    for passport, status in ((third, "re-used"), (fourth, "repurposed")):
        with pytest.raises(IllegalTransitionError):
            live(world, passport, status, successor_id=new)
    assert life_cycle_status(world, new) == "re-used"


def test_a_battery_becomes_several_by_one_thing_that_was_done_to_it(world: World) -> None:
    old, new, more = (p.id for p in world.issue(*"ABC").passports)
    live(world, old, "repurposed", successor_id=new)
    with pytest.raises(IllegalTransitionError) as refused:
        live(world, old, "remanufactured", successor_id=more)
    assert refused.value.findings[0].field == "life_cycle_status"
    assert life_cycle_status(world, old) == "repurposed"
    said = live(world, old, "repurposed", successor_id=more).payload()["credentialSubject"]
    assert [reference["id"] for reference in said["succeededBy"]] == [
        f"urn:uuid:{new}",
        f"urn:uuid:{more}",
    ]


def life_cycle_status(world: World, passport_id: str) -> str:
    """Return a battery's status."""
    with world.store.reading() as reading:
        return current_status(reading, MAKER, passport_id)


def faults(world: World) -> list[tuple[str, str]]:
    """Return what fsck finds, by passport."""
    return [(f.id, f.reason) for f in check_store(world.store, load_shipped_dataset(), NOW).faults]


@pytest.mark.parametrize("lived", ["waste", "re-used"])
def test_fsck_notices_a_successor_that_had_a_life_of_its_own(
    sqlite_world: World, monkeypatch: pytest.MonkeyPatch, lived: str
) -> None:
    world = sqlite_world
    old, used = (p.id for p in world.issue("A", "B").passports)
    live(world, used, lived)
    # As it was before such a passport was refused.
    monkeypatch.setattr("passports.life.version_steps._can_begin", lambda *_: True)
    live(world, old, "repurposed", successor_id=used)
    assert (used, "it took the place of another after its battery had a life of its own") in faults(
        world
    )
    assert old not in dict(faults(world))


def test_fsck_notices_a_battery_that_became_others_by_two_things(
    sqlite_world: World, monkeypatch: pytest.MonkeyPatch
) -> None:
    world = sqlite_world
    old, new, more = (p.id for p in world.issue("A", "B", "C").passports)
    live(world, old, "repurposed", successor_id=new)
    assert faults(world) == []
    monkeypatch.setattr("passports.life.version_steps._check_open", lambda *_: None)
    live(world, old, "remanufactured", successor_id=more)
    [(passport, reason)] = faults(world)
    assert passport == old
    assert "more than one thing" in reason


SUCCESSION_DEFECTS = {
    "taken out": ("DELETE FROM passport_succession", "is recorded nowhere"),
    "turned round": (
        """INSERT INTO passport_succession SELECT operator_id, successor_id, predecessor_id,
        successor_operator_id, linked_at FROM passport_succession""",
        "comes after itself",
    ),
}


@pytest.mark.parametrize(
    ("databases", "name"),
    each_with_each(["sqlite", "postgresql"], list(SUCCESSION_DEFECTS)),
    indirect=["databases"],
)
def test_fsck_names_a_succession_that_was_changed_in_the_store(world: World, name: str) -> None:
    old, new, third, fourth = (p.id for p in world.issue(*"ABCD").passports)
    live(world, old, "repurposed", successor_id=new)
    live(world, third, "repurposed", successor_id=new)
    live(world, old, "repurposed", successor_id=fourth)
    assert faults(world) == []
    statement, reason = SUCCESSION_DEFECTS[name]
    with world.store.engine.begin() as connection:
        connection.execute(text(statement))
    assert any(reason in found for _passport, found in faults(world)), faults(world)
