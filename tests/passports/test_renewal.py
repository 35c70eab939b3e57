"""Renewal of many passports together: the versions that one by one would have been made, chunk by chunk."""

import os
import signal
import subprocess
import sys
from datetime import timedelta
from pathlib import Path
from typing import Any, Final, cast

import pytest
from hypothesis import strategies as st

from lca.datasets import load_shipped_dataset
from passports.attributes.data import AttributeChange, find_subject, write_attributes
from passports.attributes.table import Granularity
from passports.errors import IllegalTransitionError
from passports.fsck.whole import check_store
from passports.life import renewal
from passports.life.lifecycle import current_status
from passports.life.renewal import Renewal, renew_passports
from passports.life.version_making import content_of, status_places
from passports.life.versions import PassportChange, list_versions, new_version
from passports.resolve import passport_by_id
from passports.status_lists import is_set
from passports.store import Store
from signing.credentials import decode
from tests.exhaustively import drawn
from tests.passports.test_bulk_agreement import LIMITS, Undoing, UndoneError
from tests.passports.test_lifecycle import live
from tests.passports.test_versions import change
from tests.revoking import revoke_passport
from tests.worlds import ADDRESS, MAKER, MODEL, NOW, RIVAL, World

LATER: Final = NOW + timedelta(days=60)
DATASET: Final = load_shipped_dataset()
CHILD: Final = """
import sys
from datetime import timedelta
from pathlib import Path
from passports.keyring import Keyring
from passports.life import renewal
from passports.store import Store
from passports.store.version_records import PassportChangeRecords
from tests.worlds import ADDRESS, MAKER, NOW

url, keys = sys.argv[1:]
renewal.CHUNK = 4
written, add_many = [], PassportChangeRecords.add_many

def add_and_wait(records, rows):
    add_many(records, rows)
    written.extend(rows)
    print("written", len(written), flush=True)
    if len(written) > 4:
        sys.stdin.read()  # until the parent ends it, with a chunk in the database's hands

PassportChangeRecords.add_many = add_and_wait
keyring = Keyring(Path(keys), b"for tests")
renewal.renew_passports(
    Store(url), keyring, ADDRESS, MAKER, ["b-1"], "model data", NOW + timedelta(days=60)
)
"""


def write(world: World, level: Granularity, subject_id: str, **values: Any) -> None:
    """Write attribute data of a model or a batch a month after issuing."""
    with world.store.reading() as reading:
        subject = find_subject(reading, MAKER, level, subject_id)
    request = AttributeChange(values=values, reason="was missing")
    at = NOW + timedelta(days=31)
    write_attributes(world.store, world.keyring, ADDRESS, subject, request, at, replace=False)


def renew(world: World, *batches: str, **options: Any) -> Renewal:
    return renew_passports(
        world.store,
        world.keyring,
        ADDRESS,
        MAKER,
        batches or ["b-1"],
        "model data",
        LATER,
        **options,
    )


def statuses(world: World, passport_id: str) -> list[str]:
    with world.store.reading() as reading:
        return [row.life_cycle_status for row in reading.passport_changes.of(passport_id)]


def test_chunks_are_told_and_each_version_is_signed_chained_logged_and_superseding(
    world: World, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(renewal, "CHUNK", 3)
    issued = world.issue(*[f"SN-{n}" for n in range(7)]).passports
    live(world, issued[1].id, "waste")
    write(world, Granularity.MODEL, MODEL, extinguishing_agents=["CO2"])
    told: list[tuple[int, int]] = []

    done = renew(world, progress=lambda at, total: told.append((at, total)))

    assert done == Renewal(renewed=7, unchanged=0, ended=0)
    assert told == [(3, 7), (6, 7), (7, 7)]
    assert statuses(world, issued[1].id) == ["waste", "waste"]
    assert statuses(world, issued[2].id) == ["original"]
    indices = set()
    for passport in issued:
        newest = passport_by_id(world.store, passport.id)
        *_, before, last = list_versions(world.store, passport.id)
        said = newest.payload()["credentialSubject"]
        assert said["attributes"]["extinguishing_agents"] == {"value": ["CO2"]}
        assert said["versionStatement"]["previousSha256"] == before.sha256
        assert (last.reason, last.actor, last.issued_at) == ("model data", MAKER, LATER)
        indices.add(last.log_index)
        report = world.verify(newest.credential, at=LATER)
        assert report.failed_step is None
        for step in ("signature", "status", "log_inclusion"):
            assert report.step(step).outcome == "passed"
        assert is_superseded(world, passport.id, before.version)
        assert not is_superseded(world, passport.id, last.version)
    assert len(indices) == 7
    assert check_store(world.store, DATASET, LATER).faults == ()


def is_superseded(world: World, passport_id: str, version: int) -> bool:
    """Tell whether the refresh bit of a version is set."""
    with world.store.reading() as reading:
        row = reading.passport_versions.numbered(passport_id, version)
        assert row is not None
        payload = passport_payload(row.credential)
        operator_id, list_id, index = status_places(payload)["refresh"]
        return is_set(reading, operator_id, (list_id, index))


def passport_payload(credential: bytes) -> dict[str, Any]:

    return dict(decode(credential).payload)


WRITTEN = st.fixed_dictionaries(
    {},
    optional={
        "model": st.sampled_from([["CO2"], ["water"], []]),
        "batch": st.sampled_from([4.0, 5.0]),
    },
)
LIVES = st.lists(
    st.sampled_from(["", "", "waste", "re-used", "recycled", "repurposed", "revoked", "measured"]),
    min_size=1,
    max_size=6,
)


@drawn(st.integers(0, 10**9), LIVES, WRITTEN, st.integers(1, 4), test=12, soak=50, limits=LIMITS)
def test_together_they_say_what_they_would_have_said_one_by_one(
    sqlite_world: World,
    number: int,
    lives: list[str],
    written: dict[str, Any],
    chunk: int,
) -> None:
    world, batch = sqlite_world, f"b-{number}"
    with world.store.reading() as reading:
        if reading.batches.get(MAKER, batch) is not None:
            return
    serials = [f"R{number}-{at}" for at in range(len(lives))]
    passports = [p.id for p in world.issue(*serials, id=batch).passports]
    for at, (passport, life) in enumerate(zip(passports, lives, strict=True)):
        let_live(world, passport, life, f"N{number}-{at}")
    if "model" in written:
        write(world, Granularity.MODEL, MODEL, extinguishing_agents=written["model"] or None)
    if "batch" in written:
        write(
            world, Granularity.BATCH, batch, recycled_nickel_pre_consumer_percent=written["batch"]
        )
    alone = {passport: one_by_one(world, passport) for passport in passports}

    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(renewal, "CHUNK", chunk)
        done = renew(world, batch)

    together = {passport: as_it_is(world, passport) for passport in passports}
    for passport, expected in alone.items():
        assert expected is None or together[passport] == expected
    assert done.ended == list(alone.values()).count(None)
    assert renew(world, batch) == Renewal(0, len(passports) - done.ended, done.ended)


def let_live(world: World, passport: str, life: str, serial: str) -> None:
    """Let a battery live, or end its passport."""
    if life == "revoked":
        revoke_passport(world.store, world.keyring, ADDRESS, MAKER, passport, NOW)
    elif life == "measured":
        change(world, passport, values={"cycle_count": 7})
    elif life == "recycled":
        live(world, passport, "waste")
        live(world, passport, "recycled")
    elif life == "repurposed":
        [new] = world.issue(serial, id=serial.lower()).passports
        live(world, passport, "repurposed", successor_id=new.id)
    elif life:
        live(world, passport, life)


def one_by_one(world: World, passport: str) -> object:
    """Return what `new_version` makes of a passport, in a transaction that is rolled back; None if ended."""
    kept: list[object] = []

    class Looking(Undoing):
        """Looks at what is written before it is undone."""

        def transaction(self) -> Any:
            return looked_at(super().transaction(), passport, kept)

    request = PassportChange(reason="model data")
    try:
        store = cast("Store", Looking(world.store))
        new_version(store, world.keyring, ADDRESS, MAKER, passport, request, LATER)
    except UndoneError:
        return kept[0]
    except IllegalTransitionError:
        return None
    raise AssertionError("the store did not undo it")


class looked_at:  # noqa: N801 # used as a context
    """A transaction that is looked at before it ends."""

    def __init__(self, inner: Any, passport: str, kept: list[object]) -> None:
        self._inner, self._passport, self._kept = inner, passport, kept

    def __enter__(self) -> Any:
        self._transaction = self._inner.__enter__()
        return self._transaction

    def __exit__(self, *error: object) -> Any:
        if error[0] is None:
            self._kept.append(said_in(self._transaction, self._passport))
        return self._inner.__exit__(*error)


def as_it_is(world: World, passport: str) -> object:
    with world.store.reading() as reading:
        return said_in(reading, passport)


def said_in(transaction: Any, passport: str) -> object:
    """Return what a passport's newest version says, its number, its kind and its battery's status."""
    row = transaction.passports.by_id(passport)
    payload = passport_payload(row.credential)
    subject = payload["credentialSubject"]
    last = transaction.passport_changes.last(MAKER, passport)
    unlike = {"credentialStatus", "credentialSubject", "validFrom"}
    return (
        row.version,
        content_of(subject),
        {name: value for name, value in payload.items() if name not in unlike},
        last and (last.kind, last.actor_id, last.version),
        current_status(transaction, MAKER, passport),
    )


def test_a_passport_whose_responsibility_has_passed_on_is_named_and_the_others_are_renewed(
    world: World, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(renewal, "CHUNK", 3)
    passports = [p.id for p in world.issue(*[f"F-{n}" for n in range(7)]).passports]
    passed_on = (passports[1], passports[5])
    for passport in passed_on:
        change(world, passport, responsible_operator_id=RIVAL)
    before = {passport: as_it_is(world, passport) for passport in passed_on}
    write(world, Granularity.MODEL, MODEL, extinguishing_agents=["CO2"])

    done = renew(world)

    assert (done.renewed, done.unchanged, done.ended) == (5, 0, 0)
    assert [(found.field, found.value) for found in done.refused] == [
        ("passport", passport) for passport in sorted(passed_on, key=passports.index)
    ]
    for found in done.refused:
        assert found.reason == "responsibility for it has passed to rival"
        command = f"voltpass passport change {found.value} --operator rival --reason TEXT"
        assert found.remedy == f"rival makes its next version: {command}"
        assert as_it_is(world, found.value) == before[found.value]
    for passport in set(passports) - set(passed_on):
        assert passport_by_id(world.store, passport).version == 2
    for passport in passed_on:  # the new operator does as it is told
        request = PassportChange(reason="as told")
        new_version(world.store, world.keyring, ADDRESS, RIVAL, passport, request, LATER)
    assert renew(world) == Renewal(renewed=0, unchanged=7, ended=0)
    assert check_store(world.store, DATASET, LATER).faults == ()


def test_a_passport_that_has_ended_with_another_operator_counts_as_ended(world: World) -> None:
    first, second = (p.id for p in world.issue("A", "B").passports)
    change(world, second, responsible_operator_id=RIVAL)
    revoke_passport(world.store, world.keyring, ADDRESS, MAKER, second, NOW)
    write(world, Granularity.MODEL, MODEL, extinguishing_agents=["CO2"])
    assert renew(world) == Renewal(renewed=1, unchanged=0, ended=1)
    assert passport_by_id(world.store, first).version == 2
    assert passport_by_id(world.store, second).version == 2


@pytest.mark.parametrize(
    "databases", ["sqlite", pytest.param("postgresql", marks=pytest.mark.soak)], indirect=True
)
def test_a_process_killed_while_it_renews_leaves_whole_chunks_and_the_rest_is_made_after_it(
    world: World,
) -> None:
    passports = [p.id for p in world.issue(*[f"K-{n:02}" for n in range(10)]).passports]
    write(world, Granularity.MODEL, MODEL, extinguishing_agents=["CO2"])
    root = Path(__file__).parents[2]
    url = world.store.engine.url.render_as_string(hide_password=False)
    with subprocess.Popen(
        [sys.executable, "-c", CHILD, url, str(world.keyring.directory)],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        text=True,
        cwd=root,
        env={**os.environ, "PYTHONPATH": str(root)},
    ) as child:
        assert child.stdout is not None
        lines = iter(child.stdout.readline, "")
        assert [next(lines, ""), next(lines, "")] == ["written 4\n", "written 8\n"]
        os.kill(child.pid, signal.SIGKILL)
        assert child.wait(30) == -signal.SIGKILL

    versions = [passport_by_id(world.store, passport).version for passport in passports]
    assert versions == [2] * 4 + [1] * 6
    assert check_store(world.store, DATASET, LATER).faults == ()
    assert renew(world) == Renewal(renewed=6, unchanged=4, ended=0)
    assert {passport_by_id(world.store, passport).version for passport in passports} == {2}
    assert check_store(world.store, DATASET, LATER).faults == ()
