"""An operator's data are corrected as versions; what was signed keeps what it said."""

from datetime import timedelta
from typing import Any

import pytest

from lca.datasets import load_shipped_dataset
from passports.authority.callers import Caller
from passports.authority.operator_changes import (
    OperatorChange,
    OperatorVersion,
    change_operator,
    operator_versions,
)
from passports.errors import AccessDeniedError, InvalidInputError, RecordNotFoundError
from passports.fsck.whole import check_store
from passports.life.renewal import renew_passports
from passports.life.version_making import payload_of
from passports.life.versions import PassportChange, new_version
from passports.operators import EconomicOperatorCreate, get_operator, register_operator
from tests.worlds import ADDRESS, IMPORTER, MAKER, NOW, RIVAL, World

LATER = NOW + timedelta(hours=1)
PLATFORM = "platform"
FIRST = {"postal_address": "2 New Road, Chengdu", "trade_name": "Cells & Co"}


def caller_of(world: World, operator: str) -> Caller:
    """Return an operator as it calls; the platform is registered where it is missing."""
    with world.store.reading() as reading:
        missing = reading.operators.get(operator) is None
    if missing:
        request = EconomicOperatorCreate(id=operator, name="P", roles=["platform"], country="XX")
        register_operator(world.store, world.keyring, ADDRESS, request, NOW)
    with world.store.reading() as reading:
        return Caller.of(get_operator(reading, operator), "key")


def change(world: World, by: str, of: str = MAKER, **values: Any) -> OperatorVersion:
    """Correct an operator's data."""
    request = OperatorChange(reason="it has moved", **values)
    return change_operator(world.store, caller_of(world, by), of, request, LATER)


def said_of_parties(world: World) -> tuple[dict[str, Any], dict[str, Any], str]:
    """Return what the newest passport says of maker, responsible operator and issuer."""
    with world.store.reading() as reading:
        row = next(iter(reading.passport_versions.newest_of([newest_id(world)])))
    payload = payload_of(row)
    subject = payload["credentialSubject"]
    return subject["manufacturer"], subject["responsibleOperator"], payload["issuer"]["name"]


def newest_id(world: World) -> str:
    """Return the one passport of the world."""
    with world.store.reading() as reading:
        return next(iter(reading.passports.page())).id


def test_each_correction_is_a_version_with_actor_reason_and_time(world: World) -> None:
    caller = caller_of(world, MAKER)
    [registered] = operator_versions(world.store, caller, MAKER)
    made = change(world, MAKER, **FIRST)
    change(world, PLATFORM, name="The maker Ltd", country="SG")
    versions = operator_versions(world.store, caller, MAKER)
    assert versions[:2] == [registered, made]
    assert [(v.version, v.actor, v.reason) for v in versions] == [
        (1, None, None),
        (2, MAKER, "it has moved"),
        (3, PLATFORM, "it has moved"),
    ]
    assert (versions[1].recorded_at, versions[0].recorded_at) == (LATER, NOW)
    last = versions[2].operator
    assert (last.name, last.country, last.trade_name) == ("The maker Ltd", "SG", "Cells & Co")
    assert last.did == registered.operator.did
    with world.store.reading() as reading:
        assert get_operator(reading, MAKER) == last
        row = reading.operators.get(MAKER)
        assert row is not None
        assert (row.name, row.country) == ("The maker Ltd", "SG")


def test_what_changes_nothing_makes_no_version_and_null_takes_away(world: World) -> None:
    change(world, MAKER, **FIRST)
    assert change(world, MAKER, **FIRST).version == 2
    assert change(world, MAKER, trade_name=None).operator.trade_name is None
    assert change(world, MAKER, url="https://cells.example").version == 4


@pytest.mark.parametrize("one_by_one", [False, True])
def test_passports_that_are_signed_keep_what_they_said_and_next_versions_take_it_up(
    world: World, *, one_by_one: bool
) -> None:
    world.issue("SN-1")
    first = world.credential()
    before = said_of_parties(world)
    change(world, PLATFORM, name="The maker Ltd", **FIRST)
    change(world, IMPORTER, IMPORTER, postal_address="9 Dock, Hamburg")
    assert world.credential() == first
    assert said_of_parties(world) == before
    if one_by_one:
        again = PassportChange(reason="moved")
        new_version(world.store, world.keyring, ADDRESS, MAKER, newest_id(world), again, LATER)
    else:
        renew_passports(world.store, world.keyring, ADDRESS, MAKER, ["b-1"], "moved", LATER)
    maker, importer, issuer = said_of_parties(world)
    assert (maker["name"], issuer) == ("The maker Ltd", "The maker Ltd")
    assert (maker["postalAddress"], maker["tradeName"]) == (*FIRST.values(),)
    assert importer["postalAddress"] == "9 Dock, Hamburg"
    report = world.verify(world.credential(), at=LATER, newest_version=2)
    assert report.verdict in {"valid", "valid_with_warnings"}, report
    old = renew_passports(world.store, world.keyring, ADDRESS, MAKER, ["b-1"], "again", LATER)
    assert (old.renewed, old.unchanged) == (0, 1)
    assert not check_store(world.store, load_shipped_dataset(), LATER).faults


def test_an_operator_corrects_its_own_and_the_platform_name_and_country(world: World) -> None:
    with pytest.raises(AccessDeniedError):
        change(world, RIVAL, **FIRST)
    for values in ({"name": "X"}, {"country": "DE"}):
        with pytest.raises(AccessDeniedError) as refused:
            change(world, MAKER, **values)
        assert "the operator of this server" in refused.value.findings[0].remedy
    with pytest.raises(AccessDeniedError):
        operator_versions(world.store, caller_of(world, RIVAL), MAKER)
    with pytest.raises(RecordNotFoundError):
        change(world, PLATFORM, "nobody", **FIRST)
    assert len(operator_versions(world.store, caller_of(world, PLATFORM), MAKER)) == 1


@pytest.mark.parametrize("values", [{}, {"name": None}, {"country": None}])
def test_a_change_says_what_is_new_and_takes_no_name_away(
    sqlite_world: World, values: dict[str, Any]
) -> None:
    with pytest.raises(InvalidInputError):
        change(sqlite_world, PLATFORM, **values)
