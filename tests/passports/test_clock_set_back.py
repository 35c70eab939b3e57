"""A server whose clock was set back by days: what it signs then follows what it signed before."""

from datetime import timedelta

from lca.datasets import load_shipped_dataset
from passports.fsck.whole import check_store
from passports.life.versions import PassportChange, new_version
from passports.life.withdrawal import StatusChange, Withdrawing, change_status
from tests.worlds import ADDRESS, IMPORTER, MAKER, NOW, World

BACK = NOW - timedelta(days=2)


def test_a_change_of_status_is_no_earlier_than_the_passport(world: World) -> None:
    passport = world.issue().passports[0].id
    for change in StatusChange:
        said = Withdrawing(MAKER, "because", BACK)
        change_status(world.store, world.keyring, ADDRESS, passport, change, said)

    assert not check_store(world.store, load_shipped_dataset(), NOW).faults


def test_a_version_after_the_clock_was_set_back_leaves_the_store_sound(sqlite_world: World) -> None:
    world = sqlite_world
    passport = world.issue().passports[0].id
    change = PassportChange(reason="r", values={"putting_into_service_date": "2026-10"})
    new_version(world.store, world.keyring, ADDRESS, IMPORTER, passport, change, BACK)

    assert not check_store(world.store, load_shipped_dataset(), NOW).faults
