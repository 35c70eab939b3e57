"""Passports are suspended, reinstated and revoked: verification follows, and a revocation is final."""

from collections.abc import Sequence
from datetime import timedelta
from itertools import product

import orjson
import pytest
from hypothesis import HealthCheck, settings
from hypothesis import strategies as st

from lca.datasets import load_shipped_dataset
from passports.dpp.document import DppStatus
from passports.dpp.status import status_of
from passports.errors import IllegalTransitionError, RecordNotFoundError
from passports.fsck.whole import check_store
from passports.life.versions import PassportChange, get_version, new_version
from passports.life.withdrawal import (
    ChangedStatus,
    PassportState,
    StatusChange,
    Withdrawing,
    change_status,
    status_document,
)
from passports.resolve import evidence_from_store
from passports.store import PassportRow
from signing.credentials import decode
from signing.errors import SuspendedError
from signing.evidence import Evidence
from signing.verify import verify
from tests.exhaustively import drawn
from tests.worlds import ADDRESS, IMPORTER, MAKER, NOW, RIVAL, World

SUSPENDED, REINSTATED, REVOKED = StatusChange
LATER = NOW + timedelta(hours=1)
WORDS = {
    PassportState.IN_FORCE: ("passed", "not_withdrawn"),
    PassportState.SUSPENDED: ("failed", "suspended"),
    PassportState.REVOKED: ("failed", "revoked"),
}


def say(
    world: World, passport: str, change: StatusChange, hours: int = 1, by: str = MAKER
) -> ChangedStatus:
    """Change the status of a passport some hours from now on."""
    said = Withdrawing(by, f"because {change.value}", NOW + timedelta(hours=hours))
    return change_status(world.store, world.keyring, ADDRESS, passport, change, said)


def status_step(world: World, serial: str = "SN-1") -> tuple[str, str]:
    """Return how step 11 ends for a battery."""
    credential, at = world.credential(serial), NOW + timedelta(hours=9)
    evidence = evidence_from_store(world.records(at), [credential])
    step = world.verify(credential, evidence, at).step("status")
    return step.outcome, step.reason_code


def test_a_suspension_reaches_the_verification_and_no_other_passport_until_it_is_taken_back(
    world: World,
) -> None:
    passport = world.issue("SN-1", "SN-2").passports[0].id
    before = world.credential("SN-1")
    assert status_step(world) == ("passed", "not_withdrawn")
    done = say(world, passport, SUSPENDED)
    assert (done.changed, done.standing.state) == (True, PassportState.SUSPENDED)
    assert (done.standing.since, done.standing.actor) == (LATER, MAKER)
    assert status_step(world) == ("failed", "suspended")
    assert world.verify(before, at=LATER).verdict == "invalid"
    assert status_step(world, "SN-2") == ("passed", "not_withdrawn")
    assert world.credential("SN-1") == before  # what was signed never changes
    assert say(world, passport, REINSTATED, 2).standing.state is PassportState.IN_FORCE
    assert status_step(world) == ("passed", "not_withdrawn")
    assert not check_store(world.store, load_shipped_dataset(), LATER).faults


def test_the_verifier_raises_an_error_of_its_own_for_it(sqlite_world: World) -> None:
    world = sqlite_world
    say(world, world.issue("SN-1").passports[0].id, SUSPENDED)
    found = world.evidence(LATER)
    with pytest.raises(SuspendedError) as refused:
        verify(
            world.credential("SN-1"),
            Evidence(
                did_documents=found.did_documents,
                trust_list=world.trust_list(),
                status_lists=found.status_lists,
            ),
            at=LATER,
        )
    assert refused.value.reason == "suspended"


def test_what_stands_like_that_already_is_not_said_twice(world: World) -> None:
    passport = world.issue("SN-1").passports[0].id
    assert not say(world, passport, REINSTATED).changed
    for change in (SUSPENDED, REVOKED):
        first, again = say(world, passport, change, 1), say(world, passport, change, 5)
        assert (first.changed, again.changed) == (True, False)
        assert again.standing.since == LATER
    said = status_document(world.store, passport)["changes"]
    assert [row["change"] for row in said] == ["suspended", "revoked"]


def test_who_when_and_why_is_kept_and_why_is_not_for_everybody(world: World) -> None:
    passport = world.issue("SN-1").passports[0].id
    say(world, passport, SUSPENDED)
    public, private = (
        status_document(world.store, passport, with_reasons=said) for said in (False, True)
    )
    assert (public["state"], public["since"], public["by"]) == (
        *("suspended", "2026-11-22T13:00:00Z", MAKER),
    )
    assert public["changes"] == [
        {"change": "suspended", "at": "2026-11-22T13:00:00Z", "by": MAKER},
    ]
    assert private["changes"][0]["reason"] == "because suspended"
    assert "because" not in orjson.dumps(public).decode()
    assert b"because" not in world.credential("SN-1")
    for keeper in (MAKER, IMPORTER):  # all who answer for it read it in their access logs
        with world.store.reading() as reading:
            entry = reading.access_entries.last(keeper)
        assert entry is not None
        said = orjson.loads(entry.document)
        assert (said["event"], said["subject"], said["by"], said["reason"]) == (
            *("passport_suspended", passport, MAKER, "because suspended"),
        )


@pytest.mark.parametrize(("by", "named"), [(RIVAL, True), (IMPORTER, True), (MAKER, False)])
@pytest.mark.parametrize("change", StatusChange)
def test_only_its_issuer_says_so(
    world: World, by: str, change: StatusChange, *, named: bool
) -> None:
    passport = world.issue("SN-1").passports[0].id
    with pytest.raises(RecordNotFoundError):
        say(world, passport if named else "none", change, by=by)
    assert status_step(world) == ("passed", "not_withdrawn")


def test_all_versions_are_suspended_together(world: World) -> None:
    passport = world.issue("SN-1").passports[0].id
    change = PassportChange(reason="a recall", values={"cycle_count": 12})
    first = get_version(world.store, passport, 1).credential
    new_version(world.store, world.keyring, ADDRESS, MAKER, passport, change, NOW)
    say(world, passport, SUSPENDED)
    for credential in (first, world.credential("SN-1")):
        step = world.verify(credential, at=LATER).step("status")
        assert (step.outcome, step.reason_code) == ("failed", "suspended")
    change = PassportChange(reason="looked at", values={"cycle_count": 13})
    new_version(world.store, world.keyring, ADDRESS, MAKER, passport, change, LATER)
    assert status_step(world) == ("failed", "suspended")


def without_suspension(world: World, passport: str) -> None:
    """Sign a passport anew as it was signed before there was an entry for suspension."""
    with world.store.transaction() as transaction:
        row = transaction.passports.by_id(passport)
        assert row is not None
        payload = dict(decode(row.credential).payload)
        entries = payload["credentialStatus"]
        assert isinstance(entries, list)
        payload["credentialStatus"] = [e for e in entries if "suspension" not in str(e)]
        header = row.credential.split(b".")[0]
        body = orjson.dumps(payload)
        from signing import base64url  # noqa: PLC0415 # beside its only use

        row.credential = b".".join([header, base64url.encode(body), b"AA"])
        transaction.passports.add(row)


def test_a_passport_from_before_cannot_be_suspended_until_its_next_version(world: World) -> None:
    passport = world.issue("SN-1").passports[0].id
    without_suspension(world, passport)
    with pytest.raises(IllegalTransitionError) as refused:
        say(world, passport, SUSPENDED)
    assert "before passports had an entry for suspension" in refused.value.findings[0].reason
    assert not say(world, passport, REINSTATED).changed
    change = PassportChange(reason="a recall", values={"cycle_count": 12})
    new_version(world.store, world.keyring, ADDRESS, MAKER, passport, change, NOW)
    say(world, passport, SUSPENDED)
    assert status_step(world) == ("failed", "suspended")
    say(world, passport, REVOKED)
    assert status_step(world) == ("failed", "revoked")


def test_in_the_terms_of_en_18223_it_is_inactive(world: World) -> None:
    passport = world.issue("SN-1").passports[0].id
    found = []
    for change in (SUSPENDED, REINSTATED, REVOKED):
        say(world, passport, change)
        with world.store.reading() as reading:
            row = reading.passports.by_id(passport)
            assert isinstance(row, PassportRow)
            found.append(status_of(reading, row, is_newest=True))
    assert found == [DppStatus.INACTIVE, DppStatus.ACTIVE, DppStatus.INVALID]


def follow(world: World, changes: Sequence[StatusChange]) -> None:
    """Say some things of a fresh passport and hold each against what was promised."""
    serial = f"S-{follow_count()}"
    passport = world.issue(serial, id=f"b-{serial.lower()}").passports[0].id
    state, said = PassportState.IN_FORCE, 0
    after = dict(zip(StatusChange, (PassportState.SUSPENDED, PassportState.IN_FORCE), strict=False))
    after[REVOKED] = PassportState.REVOKED
    for change in changes:
        if state is PassportState.REVOKED and change is not REVOKED:
            with pytest.raises(IllegalTransitionError):
                say(world, passport, change)
        else:
            done = say(world, passport, change)
            assert done.changed == (after[change] is not state)
            said += done.changed
            state = after[change]
    document = status_document(world.store, passport)
    assert (document["state"], len(document["changes"])) == (state.value, said)
    assert (document["since"] is None) == (state is PassportState.IN_FORCE)
    assert status_step(world, serial) == WORDS[state]


_COUNT = iter(range(1, 10**9))


def follow_count() -> int:
    """Return a number that was not given out before."""
    return next(_COUNT)


@pytest.mark.parametrize(
    "number", [2, pytest.param(3, marks=pytest.mark.soak)], ids=["of two", "of three"]
)
def test_in_any_order(sqlite_world: World, number: int) -> None:
    for changes in product(StatusChange, repeat=number):
        follow(sqlite_world, changes)


@drawn(
    changes=st.lists(st.sampled_from(list(StatusChange)), min_size=4, max_size=8),
    test=5,
    soak=30,
    limits=settings(deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture]),
)
def test_in_any_order_at_all(world: World, changes: Sequence[StatusChange]) -> None:
    follow(world, changes)
