"""Whole lives of passports: no sequence of changes breaks what was promised of them."""

import json
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from itertools import pairwise
from typing import Any, Final

import pytest
from hypothesis import HealthCheck, settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, initialize, invariant, precondition, rule

from passports.errors import (
    IdentifierConflictError,
    InvalidBatchError,
    PassportError,
)
from passports.fsck.whole import check_store
from passports.identifiers import UniqueProductIdentifier
from passports.issue import issue_batch
from passports.keyring import Keyring
from passports.life.lifecycle import FIRST_STATUS
from passports.life.merge_patch import apply_merge_patch
from passports.life.transitions import (
    Effect,
    statuses,
    transitions,
)
from passports.life.version_making import Making
from passports.life.versions import (
    PassportChange,
    difference,
    get_version,
    list_versions,
    new_version_in,
    version_at,
)
from passports.operators import get_operator
from passports.resolve import StoredPassport, find_passport
from tests.conftest import SqliteDatabases
from tests.passports.test_lifecycle import DATASET, SECRET
from tests.postgres_databases import PostgresDatabases
from tests.worlds import ADDRESS, GTIN, IMPORTER, MAKER, NOW, RIVAL, World

NEW: Final = st.sampled_from(["re-used", "repurposed", "remanufactured"])  # Art. 77(7)


@dataclass
class Told:
    """What is known of a passport from the outside, to be held against what it says later."""

    serial: str
    operator: str = IMPORTER
    status: str = FIRST_STATUS
    ended: bool = False
    succeeded_by: str | None = None  # the status by which another passport took its place
    began_as: str | None = None  # the status by which it took the place of another
    bytes_of: dict[int, bytes] = field(default_factory=dict)
    made_at: dict[int, datetime] = field(default_factory=dict)


class Lives(RuleBasedStateMachine):
    """Any sequence of changes, by whoever tries: held against a plain account of what should be."""

    databases: SqliteDatabases | PostgresDatabases
    keyring: Keyring

    def __init__(self) -> None:
        super().__init__()
        self.store = self.databases.make(populated=True)
        self.world = World(self.store, self.keyring)
        self.now = NOW
        self.told: dict[str, Told] = {}

    def teardown(self) -> None:
        """Let the store prove itself, then drop it."""
        report = check_store(self.store, DATASET, self.now)
        assert not report.faults, report.faults
        self.databases.discard(self.store)

    @initialize()
    def issue_two(self) -> None:
        """Issue the first batch."""
        for passport in self.world.issue("A-1", "A-2").passports:
            self.told[passport.id] = Told(passport.serial)
            self._note(passport.id)

    def _note(self, passport_id: str) -> None:
        told = self.told[passport_id]
        for version in list_versions(self.store, passport_id):
            stored = get_version(self.store, passport_id, version.version)
            told.bytes_of.setdefault(version.version, stored.credential)
            told.made_at.setdefault(version.version, version.issued_at)

    def _pick(self, data: st.DataObject) -> str:
        return str(data.draw(st.sampled_from(sorted(self.told, key=lambda i: self.told[i].serial))))

    def _may(self, told: Told, actor: str) -> bool:
        return actor == told.operator or (actor == MAKER and told.operator == IMPORTER)

    def _change(self, passport_id: str, actor: str, **fields: Any) -> StoredPassport | None:
        request = PassportChange(reason=SECRET, **fields)
        before = len(self.told[passport_id].bytes_of)
        try:
            with self.store.transaction() as transaction:
                who = get_operator(transaction, actor)
                making = Making(transaction, self.keyring, ADDRESS, who, self.now)
                stored = new_version_in(making, passport_id, request)
        except PassportError:
            assert len(list_versions(self.store, passport_id)) == before
            return None
        self._note(passport_id)
        return stored

    @rule(seconds=st.integers(-5, 100_000))
    def time_passes(self, seconds: int) -> None:
        """The clock goes on, or back a little."""
        self.now += timedelta(seconds=seconds)

    @rule(data=st.data(), actor=st.sampled_from([MAKER, IMPORTER, RIVAL]), count=st.integers(0, 3))
    def measure(self, data: st.DataObject, actor: str, count: int) -> None:
        """Somebody writes a restricted value."""
        passport_id = self._pick(data)
        told = self.told[passport_id]
        before = len(told.bytes_of)
        done = self._change(passport_id, actor, values={"cycle_count": count + 424_200})
        assert (done is not None) == (self._may(told, actor) and not told.ended)
        assert len(told.bytes_of) in {before, before + 1}

    @rule(
        data=st.data(), actor=st.sampled_from([MAKER, RIVAL]), to=st.sampled_from([RIVAL, IMPORTER])
    )
    def hand_over(self, data: st.DataObject, actor: str, to: str) -> None:
        """Responsibility passes to another operator."""
        passport_id = self._pick(data)
        told = self.told[passport_id]
        done = self._change(passport_id, actor, responsible_operator_id=to)
        assert (done is not None) == (self._may(told, actor) and not told.ended)
        if done is not None:
            told.operator = to

    @rule(data=st.data(), status=st.sampled_from(sorted(statuses())))
    def live_on(self, data: st.DataObject, status: str) -> None:
        """The battery becomes something, without a new passport."""
        passport_id = self._pick(data)
        told = self.told[passport_id]
        actor = told.operator
        done = self._change(passport_id, actor, life_cycle_status=status)
        row = transitions().get((told.status, status))
        goes = row is not None and row.effect is not Effect.NEW_PASSPORT
        stays = status == told.status
        assert (done is not None) == ((goes or stays) and not told.ended)
        if done is not None:
            told.status, told.ended = status, status == "recycled"

    @precondition(lambda self: len(self.told) < 6)
    @rule(data=st.data(), lived=st.sampled_from([None, None, "re-used", "waste"]), status=NEW)
    def start_anew(self, data: st.DataObject, status: str, lived: str | None) -> None:
        """The battery is worked over and has a new passport, whose battery may have lived already."""
        passport_id = self._pick(data)
        serial = f"N-{len(self.told)}"
        [new] = self.world.issue(serial, id=serial.lower()).passports
        self.told[new.id] = Told(serial)
        self._note(new.id)
        if lived is not None:
            assert self._change(new.id, MAKER, life_cycle_status=lived) is not None
            self.told[new.id].status = lived
        self._succeed(passport_id, status, new.id)

    @rule(data=st.data(), status=NEW)
    def stand_in_the_place(self, data: st.DataObject, status: str) -> None:
        """A passport that is there already is named as the one that comes after another."""
        self._succeed(self._pick(data), status, self._pick(data))

    def _succeed(self, passport_id: str, status: str, new_id: str) -> None:
        told, new = self.told[passport_id], self.told[new_id]
        row = transitions().get((told.status, status))
        goes = row is not None and row.effect is Effect.NEW_PASSPORT
        goes_once = told.succeeded_by is None or told.succeeded_by == status
        begins = (new.status, new.began_as) in {(FIRST_STATUS, None), (status, status)}
        is_open = (not told.ended or told.succeeded_by is not None) and not new.ended
        may = self._may(told, MAKER) and self._may(new, MAKER)
        done = self._change(passport_id, MAKER, life_cycle_status=status, successor_id=new_id)
        expected = goes and goes_once and begins and is_open and may and passport_id != new_id
        assert (done is not None) == expected
        if done is not None:
            told.status, told.ended, told.succeeded_by = status, True, status
            new.status, new.began_as = status, status
        self._note(new_id)

    @rule(data=st.data())
    def give_the_identifier_again(self, data: st.DataObject) -> None:
        """An identifier that was given is never given to another battery."""
        told = self.told[self._pick(data)]
        request = self.world.batch(told.serial, id="again")
        with pytest.raises((InvalidBatchError, IdentifierConflictError)):
            issue_batch(self.store, self.keyring, ADDRESS, MAKER, request, self.now)

    @invariant()
    def nothing_is_overwritten_and_versions_only_grow(self) -> None:
        """Every version that ever was is there, byte for byte, under its own link."""
        for passport_id, told in self.told.items():
            versions = list_versions(self.store, passport_id)
            assert [v.version for v in versions] == list(range(1, len(versions) + 1))
            for number, credential in told.bytes_of.items():
                assert get_version(self.store, passport_id, number).credential == credential
            newest = find_passport(self.store, UniqueProductIdentifier(GTIN, told.serial))
            assert (newest.id, newest.version) == (passport_id, len(versions))

    @invariant()
    def the_version_valid_at_a_time_is_right(self) -> None:
        """At each version's instant, it or one made in the same second is the newest."""
        for passport_id, told in self.told.items():
            for made_at in set(told.made_at.values()):
                expected = max(n for n, at in told.made_at.items() if at <= made_at)
                assert version_at(self.store, passport_id, made_at).version == expected

    @invariant()
    def patches_lead_from_each_version_to_the_next_and_tell_nothing_restricted(self) -> None:
        """The merge patch applied to the old gives the new; no public byte holds a secret."""
        for passport_id, told in self.told.items():
            stored = [get_version(self.store, passport_id, n) for n in sorted(told.bytes_of)]
            for old, new in pairwise(stored):
                said = old.payload()["credentialSubject"]
                patch = difference(old, new)
                assert apply_merge_patch(said, patch) == new.payload()["credentialSubject"]
            for version in list_versions(self.store, passport_id):
                public = json.dumps([stored[version.version - 1].payload(), version.to_document()])
                assert SECRET not in public
                assert "cycle_count" not in public
                assert not any(f'"{status}"' in public for status in statuses())


SETTINGS: Final = settings(
    max_examples=4,
    stateful_step_count=14,
    deadline=None,
    suppress_health_check=list(HealthCheck),
)


def _run(databases: SqliteDatabases | PostgresDatabases, keyring: Keyring, limits: Any) -> None:
    from hypothesis.stateful import run_state_machine_as_test  # noqa: PLC0415 # as above

    class OnTheseDatabases(Lives):
        pass

    OnTheseDatabases.databases, OnTheseDatabases.keyring = databases, keyring
    run_state_machine_as_test(OnTheseDatabases, settings=limits)


def test_no_sequence_of_changes_breaks_a_promise(
    sqlite_databases: SqliteDatabases, keyring: Keyring
) -> None:
    _run(sqlite_databases, keyring, SETTINGS)


def test_no_sequence_of_changes_breaks_a_promise_on_postgresql(
    postgres_databases: PostgresDatabases, keyring: Keyring
) -> None:
    _run(postgres_databases, keyring, settings(SETTINGS, max_examples=2))


@pytest.mark.soak
def test_no_long_sequence_of_changes_breaks_a_promise(
    sqlite_databases: SqliteDatabases, keyring: Keyring
) -> None:
    _run(sqlite_databases, keyring, settings(SETTINGS, max_examples=100, stateful_step_count=40))


@pytest.mark.soak
def test_no_long_sequence_of_changes_breaks_a_promise_on_postgresql(
    postgres_databases: PostgresDatabases, keyring: Keyring
) -> None:
    _run(postgres_databases, keyring, settings(SETTINGS, max_examples=10, stateful_step_count=40))
