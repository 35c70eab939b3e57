"""The life of batteries as a table, and whatever sequence of changes: nothing is lost, reassigned or told."""

import json
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from functools import partial
from itertools import pairwise
from typing import Any, Final

import pytest
from hypothesis import HealthCheck, settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, initialize, invariant, precondition, rule

from lca.datasets import load_shipped_dataset
from passports.attributes.data import AttributeChange, find_subject, write_attributes
from passports.attributes.table import Granularity, attributes
from passports.authority.roles import roles
from passports.dynamic.data import Recording, import_dynamic_data
from passports.errors import (
    AccessDeniedError,
    IdentifierConflictError,
    IllegalTransitionError,
    InvalidBatchError,
    PassportError,
)
from passports.fsck.whole import check_store
from passports.identifiers import UniqueProductIdentifier
from passports.issue import issue_batch
from passports.keyring import Keyring
from passports.life.lifecycle import FIRST_STATUS, find_transition
from passports.life.merge_patch import apply_merge_patch
from passports.life.transitions import (
    Effect,
    LifeCycleTableError,
    read_transitions,
    statuses,
    transitions,
)
from passports.life.version_making import Making
from passports.life.versions import (
    PassportChange,
    difference,
    get_version,
    list_versions,
    new_version,
    new_version_in,
    version_at,
)
from passports.operators import get_operator
from passports.resolve import StoredPassport, find_passport
from passports.store import Store
from tests.conftest import SqliteDatabases
from tests.passports.test_store import at_once
from tests.postgres_databases import PostgresDatabases
from tests.revoking import revoke_passport
from tests.worlds import ADDRESS, GTIN, IMPORTER, MAKER, NOW, RIVAL, World

DATASET: Final = load_shipped_dataset()
HEADER: Final = "from,to,effect,roles,legal_reference,note\n"
DAY: Final = "2026-01-01T00:00:00Z"
NEW: Final = st.sampled_from(["re-used", "repurposed", "remanufactured"])  # Art. 77(7)
SECRET: Final = "Zx7Qq"  # stands in every reason and restricted text


def live(world: World, passport_id: str, status: str, **more: Any) -> StoredPassport:
    """Say what a battery has become."""
    change = PassportChange(reason=SECRET, life_cycle_status=status, **more)
    return new_version(world.store, world.keyring, ADDRESS, MAKER, passport_id, change, NOW)


def test_the_statuses_are_those_of_the_law_and_the_end() -> None:
    of_the_law = attributes()["battery_status"].value_type.json_schema()["enum"]
    assert sorted(statuses()) == sorted([*of_the_law, "recycled"])
    known = set(roles())
    for transition in transitions().values():
        assert transition.roles <= known
        assert "2023/1542" in transition.legal_reference
        assert (transition.effect is Effect.CEASES) == (transition.after == "recycled")


@pytest.mark.parametrize(
    "rows",
    [
        "original,waste,version,*,,\n",
        "original,,version,*,Art. 77,\n",
        "original,waste,vanishes,*,Art. 77,\n",
        "original,waste,version,,Art. 77,\n",
        "original,waste,version,*,Art. 77,\n" * 2,
        "waste,recycled,ceases,*,Art. 77,\nrecycled,original,version,*,Art. 77,\n",
        "waste,recycled,ceases,*,Art. 77,\noriginal,recycled,version,*,Art. 77,\n",
    ],
)
def test_a_row_that_breaks_a_rule_is_named(rows: str) -> None:
    with pytest.raises(LifeCycleTableError, match="->"):
        read_transitions(HEADER + rows)


def test_every_pair_that_is_no_row_is_refused(sqlite_world: World) -> None:
    with sqlite_world.store.reading() as reading:
        maker, importer = get_operator(reading, MAKER), get_operator(reading, IMPORTER)
    for before in statuses():
        for after in statuses():
            if (before, after) in transitions():
                assert find_transition(before, after, maker).after == after
            else:
                with pytest.raises(IllegalTransitionError):
                    find_transition(before, after, maker)
    with pytest.raises(AccessDeniedError):
        find_transition("original", "repurposed", importer)


def test_a_status_is_not_written_past_the_life_cycle(world: World) -> None:
    passport = world.issue("SN-1").passports[0].id
    change = PassportChange(reason=SECRET, values={"battery_status": "waste"})
    with pytest.raises(IllegalTransitionError):
        new_version(world.store, world.keyring, ADDRESS, MAKER, passport, change, NOW)
    assert len(list_versions(world.store, passport)) == 1


def test_a_revoked_passport_takes_no_change(world: World) -> None:
    passport = world.issue("SN-1").passports[0].id
    revoke_passport(world.store, world.keyring, ADDRESS, MAKER, passport, NOW)
    with pytest.raises(IllegalTransitionError):
        live(world, passport, "waste")


def test_a_tombstone_is_authentic_and_its_passport_valid_for_nobody(world: World) -> None:
    issued = world.issue("SN-1").passports[0]
    first = find_passport(world.store, UniqueProductIdentifier(GTIN, "SN-1"))
    live(world, issued.id, "waste")
    tombstone = live(world, issued.id, "recycled")
    for credential, reason in ((tombstone.credential, "passport_ceased"), (first.credential, None)):
        steps = {step.step: step for step in world.verify(credential).steps}
        assert steps["signature"].outcome == "passed"
        assert steps["log_inclusion"].outcome == "passed"
        assert (steps["status"].outcome, steps["status"].reason_code) == ("failed", "revoked")
        if reason is not None:
            assert steps["schema"].outcome == "passed"
            assert (steps["version"].outcome, steps["version"].reason_code) == ("failed", reason)


def write(world: World, passport_id: str, values: dict[str, Any], *, replace: bool) -> Any:
    """Write a battery's attributes past the versions of its passport."""
    with world.store.reading() as reading:
        subject = find_subject(reading, MAKER, Granularity.ITEM, passport_id)
    request = AttributeChange(values=values, reason=SECRET)
    return write_attributes(
        world.store, world.keyring, ADDRESS, subject, request, NOW, replace=replace
    )


def test_attribute_data_say_the_status_of_the_life_cycle_whoever_writes_them(world: World) -> None:
    passport = world.issue("SN-1").passports[0].id
    write(world, passport, {"battery_status": "original"}, replace=False)
    live(world, passport, "re-used")
    for values in ({"battery_status": "original"}, {"battery_status": None}):
        with pytest.raises(IllegalTransitionError):
            write(world, passport, values, replace=False)
    version = write(world, passport, {"cycle_count": 3}, replace=True)
    assert version.values["battery_status"].value == "re-used"


def test_what_has_ended_takes_no_data(world: World) -> None:
    ceased, succeeded, new = (p.id for p in world.issue("A", "B", "C").passports)
    live(world, ceased, "waste")
    live(world, ceased, "recycled")
    live(world, succeeded, "repurposed", successor_id=new)
    for passport in (ceased, succeeded):
        with pytest.raises(IllegalTransitionError):
            write(world, passport, {"cycle_count": 3}, replace=False)
    serials = f"serial,measured_at,cycle_count\nA,{DAY},3\nB,{DAY},3\nC,{DAY},3"
    recording = Recording(MAKER, NOW, partial=True, gtin=GTIN)
    report = import_dynamic_data(world.store, world.keyring, ADDRESS, serials.encode(), recording)
    assert (report.recorded, [f.line for f in report.refused]) == (1, [2, 3])


def test_changes_of_one_passport_at_the_same_time_come_one_after_the_other(world: World) -> None:
    passport = world.issue("SN-1").passports[0].id

    def change(number: int) -> int:
        request = PassportChange(reason=SECRET, values={"cycle_count": number})
        return new_version(
            world.store, world.keyring, ADDRESS, MAKER, passport, request, NOW
        ).version

    made = at_once(*(partial(change, number) for number in range(1, 5)))
    assert sorted(map(str, made)) == ["2", "3", "4", "5"]
    assert not check_store(world.store, DATASET, NOW).faults


class PowerCutError(Exception):
    """Raised in the middle of a succession."""


def test_a_succession_that_is_cut_off_leaves_neither_half(
    world: World, monkeypatch: pytest.MonkeyPatch
) -> None:
    old, new = (p.id for p in world.issue("A", "B").passports)
    before = everything(world.store)

    def cut(*_arguments: object, **_options: object) -> None:
        raise PowerCutError

    monkeypatch.setattr("passports.life.version_steps._link", cut)
    with pytest.raises(PowerCutError):
        live(world, old, "repurposed", successor_id=new)
    assert everything(world.store) == before
    monkeypatch.undo()
    live(world, old, "repurposed", successor_id=new)
    assert not check_store(world.store, DATASET, NOW).faults


def everything(store: Store) -> list[tuple[Any, ...]]:
    """Return all that a change of a passport could have written."""
    with store.reading() as reading:
        rows = reading.passports.page(limit=10_000)
        lists = reading.status_lists.of(MAKER)
        state = reading.log_state.get(1)
        return [
            *((row.id, row.version, row.sha256) for row in rows),
            *((row.passport_id, row.version, row.sha256) for row in reading.passport_changes.all()),
            *((row.id, row.bits, row.given_out) for row in lists),
            *((v.subject_id, v.version) for v in reading.attribute_versions.all()),
            (state.size if state is not None else 0,),
        ]


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
    max_examples=8,
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
    _run(postgres_databases, keyring, settings(SETTINGS, max_examples=3))


@pytest.mark.soak
def test_no_long_sequence_of_changes_breaks_a_promise(
    sqlite_databases: SqliteDatabases, keyring: Keyring
) -> None:
    _run(sqlite_databases, keyring, settings(SETTINGS, max_examples=100, stateful_step_count=40))
