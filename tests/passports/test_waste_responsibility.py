"""Art. 77(7): who answers for a battery that becomes waste or comes back to the market, and who cannot."""

from datetime import timedelta

import pytest

from lca.datasets import load_shipped_dataset
from passports.authority.callers import Caller
from passports.authority.responsibility import may_answer_for, responsible_of
from passports.authority.roles import Action, roles
from passports.authority.transfers import (
    Signing,
    TransferOfferCreate,
    accept_transfer,
    offer_transfer,
)
from passports.errors import AccessDeniedError, IllegalTransitionError, InvalidBatchError
from passports.fsck.whole import check_store
from passports.issue import check_only
from passports.life.transitions import transitions
from passports.life.versions import PassportChange, new_version
from passports.operators import EconomicOperatorCreate, get_operator, register_operator
from passports.resolve import passport_by_id
from tests.exhaustively import each_with_each
from tests.worlds import ADDRESS, IMPORTER, MAKER, NOW, World

MANAGERS = ["recycler", "waste_operator", "producer_responsibility_organisation"]


def register(world: World, role: str, country: str = "DE") -> str:
    """Register an operator of a role, named as it."""
    name = role.replace("_", "-")
    request = EconomicOperatorCreate(id=name, name=name, roles=[role], country=country)
    register_operator(world.store, world.keyring, ADDRESS, request, NOW)
    return name


def hand_over(world: World, giver: str, taker: str, *passports: str) -> None:
    """Have responsibility pass, signed by both."""
    at = Signing(world.store, world.keyring, ADDRESS)
    with world.store.reading() as reading:
        callers = {name: Caller.of(get_operator(reading, name), "key") for name in (giver, taker)}
    offer = TransferOfferCreate(
        taker=taker,
        passports=list(passports),
        reason="collected",
        expires_at=NOW + timedelta(days=30),
    )
    made = offer_transfer(at, callers[giver], offer, NOW)
    accept_transfer(at, callers[taker], made["id"], NOW)


def live(
    world: World, actor: str, passport: str, status: str, successor: str | None = None
) -> None:
    """Say what a battery has become."""
    change = PassportChange(reason="seen", life_cycle_status=status, successor_id=successor)
    new_version(world.store, world.keyring, ADDRESS, actor, passport, change, NOW)


def responsible(world: World, passport: str) -> str:
    """Return who is responsible as the newest version says."""
    with world.store.reading() as reading:
        row = reading.passports.by_id(passport)
        assert row is not None
        return responsible_of(row)


@pytest.mark.parametrize(
    ("databases", "role"),
    each_with_each(["sqlite", "postgresql"], MANAGERS),
    indirect=["databases"],
)
def test_who_manages_waste_takes_a_waste_battery_keeps_its_passport_and_ends_it(
    world: World, role: str
) -> None:
    taker = register(world, role)
    [battery] = (p.id for p in world.issue("SN-1").passports)
    live(world, IMPORTER, battery, "waste")
    hand_over(world, IMPORTER, taker, battery)
    assert responsible(world, battery) == taker

    measured = PassportChange(reason="measured", values={"remaining_capacity_ah": 12.5})
    new_version(world.store, world.keyring, ADDRESS, taker, battery, measured, NOW)
    for former in (IMPORTER, MAKER):
        with pytest.raises(AccessDeniedError):
            live(world, former, battery, "recycled")
    live(world, taker, battery, "recycled")
    assert passport_by_id(world.store, battery).has_ceased
    assert not check_store(world.store, load_shipped_dataset(), NOW).faults


@pytest.mark.parametrize("role", MANAGERS)
def test_who_manages_waste_answers_for_no_battery_that_is_none(
    sqlite_world: World, role: str
) -> None:
    taker = register(sqlite_world, role)
    waste, used = (p.id for p in sqlite_world.issue("SN-1", "SN-2").passports)
    live(sqlite_world, IMPORTER, waste, "waste")
    live(sqlite_world, IMPORTER, used, "re-used")
    for passports in ([used], [waste, used]):
        with pytest.raises(AccessDeniedError, match=r"77\(4\) and \(7\)") as refused:
            hand_over(sqlite_world, IMPORTER, taker, *passports)
        [finding] = refused.value.findings
        assert (finding.field, finding.value) == (f"passports[{passports.index(used)}]", used)
        assert "no waste" in finding.reason
    request = sqlite_world.batch("SN-9", id="b-9", responsible_operator_id=taker)
    with pytest.raises(InvalidBatchError, match="places no batteries"):
        check_only(sqlite_world.store, MAKER, request, NOW)


def test_a_representative_of_the_maker_is_not_named_by_the_law_for_waste(
    sqlite_world: World,
) -> None:
    taker = register(sqlite_world, "authorised_representative")
    waste, new = (p.id for p in sqlite_world.issue("SN-1", "SN-2").passports)
    live(sqlite_world, IMPORTER, waste, "waste")
    with pytest.raises(AccessDeniedError) as refused:
        hand_over(sqlite_world, IMPORTER, taker, waste)
    assert "waste management operator" in refused.value.findings[0].reason
    hand_over(sqlite_world, IMPORTER, taker, new)
    # That it is waste by now is a fact, whoever has to hand responsibility on for it.
    live(sqlite_world, taker, new, "waste")
    hand_over(sqlite_world, taker, register(sqlite_world, "waste_operator"), new)
    assert responsible(sqlite_world, new) == "waste-operator"


def test_a_waste_manager_outside_the_union_takes_nothing(sqlite_world: World) -> None:
    taker = register(sqlite_world, "recycler", "CN")
    [battery] = (p.id for p in sqlite_world.issue("SN-1").passports)
    live(sqlite_world, IMPORTER, battery, "waste")
    with pytest.raises(AccessDeniedError, match=r"77\(4\)") as refused:
        hand_over(sqlite_world, IMPORTER, taker, battery)
    assert "outside the Union" in refused.value.findings[0].reason


def test_a_waste_battery_comes_back_by_who_places_it_on_the_market_and_by_nobody_else(
    world: World,
) -> None:
    recycler = register(world, "recycler")
    old, new = (p.id for p in world.issue("SN-1", "SN-2").passports)
    live(world, IMPORTER, old, "waste")
    hand_over(world, IMPORTER, recycler, old)
    with pytest.raises(AccessDeniedError):
        live(world, recycler, old, "repurposed", new)
    with pytest.raises(IllegalTransitionError):
        live(world, recycler, old, "original")

    second = register(world, "remanufacturer")
    hand_over(world, recycler, second, old)
    with pytest.raises(AccessDeniedError):  # the new passport is not its own yet
        live(world, second, old, "repurposed", new)
    hand_over(world, IMPORTER, second, new)
    live(world, second, old, "repurposed", new)
    assert {responsible(world, passport) for passport in (old, new)} == {second}
    subject = passport_by_id(world.store, new).payload()["credentialSubject"]
    assert [p["id"] for p in subject["predecessors"]] == [f"urn:uuid:{old}"]
    assert not check_store(world.store, load_shipped_dataset(), NOW).faults


def test_the_table_says_of_each_role_for_which_batteries_it_can_answer() -> None:
    for_market = {name for name in roles() if may_answer_for([name], is_waste=False)}
    for_waste = {name for name in roles() if may_answer_for([name], is_waste=True)}
    producers = {"manufacturer", "importer", "distributor", "remanufacturer"}
    assert for_market == producers | {"authorised_representative"}
    assert for_waste == producers | set(MANAGERS)


def test_whoever_can_be_responsible_can_do_what_the_law_asks_of_it() -> None:
    # Art. 77(4): accurate, complete, up to date; and it may authorise another in writing to see to it.
    duties = {Action.PASSPORTS, Action.AUTHORISATIONS}
    for role in roles().values():
        if role.may_be_responsible or role.may_be_responsible_for_waste:
            assert duties <= role.actions, role.id
    assert all(
        "77(7)" in row.legal_reference for row in transitions().values() if row.after == "waste"
    )
