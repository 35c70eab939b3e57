"""Passports that stand in the place of others (Art. 77(7)): which may, and by what."""

import pytest

from passports.errors import IllegalTransitionError
from passports.life.lifecycle import current_status
from passports.status_lists import revoke_passport
from tests.passports.test_lifecycle import everything, live
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
