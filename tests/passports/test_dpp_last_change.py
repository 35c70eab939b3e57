"""The time of the last change of a passport is that of what its reader sees, whatever was made since."""

from datetime import timedelta

from passports.life.versions import PassportChange, list_versions, new_version
from tests.passports.test_dpp_document import issued, reading
from tests.worlds import ADDRESS, AUTHORITY, IMPORTER, MAKER, NOW, RIVAL, World


def test_a_version_made_for_what_is_hidden_is_no_change_for_those_from_whom_it_is_hidden(
    world: World,
) -> None:
    passport = issued(world)
    before = {who: reading(world, who).by_id(passport) for who in (None, AUTHORITY, RIVAL)}
    changes = [
        PassportChange(reason="counted", values={"cycle_count": 7}),
        PassportChange(reason="sold on", life_cycle_status="re-used"),
    ]
    for minutes, change in enumerate(changes, start=10):
        at = NOW + timedelta(minutes=minutes)
        new_version(world.store, world.keyring, ADDRESS, MAKER, passport, change, at)
        for who, seen in before.items():
            assert reading(world, who).by_id(passport) == seen
            assert reading(world, who).by_date(passport, at) == seen
        for who in (MAKER, IMPORTER):
            assert reading(world, who).by_id(passport)["lastUpdate"].endswith(f"T12:{minutes}:00Z")
    assert len(list_versions(world.store, passport)) == 3


def test_a_version_in_which_a_reader_sees_a_change_is_one_for_it(world: World) -> None:
    passport = issued(world)
    hidden = PassportChange(reason="counted", values={"cycle_count": 7})
    waste = PassportChange(reason="handed over", life_cycle_status="waste")
    successor = world.issue("NEW-1", id="b-2").passports[0].id
    anew = PassportChange(reason="n", life_cycle_status="repurposed", successor_id=successor)
    for minutes, change in enumerate((hidden, waste, anew), start=10):
        at = NOW + timedelta(minutes=minutes)
        new_version(world.store, world.keyring, ADDRESS, MAKER, passport, change, at)
    for one in (passport, successor):
        assert reading(world).by_id(one)["lastUpdate"] == "2026-11-22T12:12:00Z"
