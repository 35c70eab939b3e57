"""The life of batteries as a table: what it allows, what has ended, and changes at the same time."""

from functools import partial
from typing import Any, Final

import pytest

from lca.datasets import load_shipped_dataset
from passports.attributes.data import AttributeChange, find_subject, write_attributes
from passports.attributes.table import Granularity, attributes
from passports.authority.roles import roles
from passports.dynamic.data import Recording, import_dynamic_data
from passports.errors import (
    AccessDeniedError,
    IllegalTransitionError,
)
from passports.fsck.whole import check_store
from passports.identifiers import UniqueProductIdentifier
from passports.life.lifecycle import find_transition
from passports.life.transitions import (
    Effect,
    LifeCycleTableError,
    read_transitions,
    statuses,
    transitions,
)
from passports.life.versions import (
    PassportChange,
    list_versions,
    new_version,
)
from passports.operators import get_operator
from passports.resolve import StoredPassport, find_passport
from passports.store import Store
from tests.passports.test_store import at_once
from tests.revoking import revoke_passport
from tests.worlds import ADDRESS, GTIN, IMPORTER, MAKER, NOW, World

DATASET: Final = load_shipped_dataset()
HEADER: Final = "from,to,effect,roles,legal_reference,note\n"
DAY: Final = "2026-01-01T00:00:00Z"
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
