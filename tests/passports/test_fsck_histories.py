"""fsck over changes of passports' status and versions of operators' data."""

from collections.abc import Iterator
from contextlib import contextmanager
from datetime import timedelta

from sqlalchemy import select, text
from sqlmodel import SQLModel

from lca.datasets import load_shipped_dataset
from passports.authority.callers import Caller
from passports.authority.gs1_prefixes import claim_prefixes
from passports.authority.operator_changes import (
    OperatorChange,
    add_prefix,
    change_operator,
    operator_versions,
)
from passports.fsck.whole import check_store
from passports.life.withdrawal import StatusChange, Withdrawing, change_status
from passports.operators import get_operator
from passports.status_lists import set_status
from tests.passports import test_certify as certify
from tests.passports.test_lifecycle import live
from tests.worlds import ADDRESS, MAKER, NOW, World

DATASET = load_shipped_dataset()
LATER = NOW + timedelta(days=2)
TABLES = SQLModel.metadata.tables
HISTORIES = tuple(
    TABLES[name] for name in ("passport_status_change", "operator_version", "certificate_event")
)
OPERATOR = TABLES["operator"]


def faults(world: World) -> list[str]:
    return [fault.reason for fault in check_store(world.store, DATASET, LATER).faults]


def run(world: World, statement: str) -> None:
    with world.store.engine.begin() as connection:
        connection.execute(text(statement))


def say(world: World, passport: str, *changes: StatusChange) -> None:
    for hour, change in enumerate(changes):
        said = Withdrawing(MAKER, f"why {hour}", NOW + timedelta(hours=hour))
        change_status(world.store, world.keyring, ADDRESS, passport, change, said)


SUSPENDED, REINSTATED, REVOKED = StatusChange
CHANGE = "UPDATE passport_status_change SET {} WHERE sequence = {}"
STATUS = {
    "one is gone": ("DELETE FROM passport_status_change WHERE sequence = 2", "is missing"),
    "the last is gone": (
        "DELETE FROM passport_status_change WHERE sequence = 3",
        "differ from its issuer's access log",
    ),
    "all are gone": ("DELETE FROM passport_status_change", "differ from its issuer's access log"),
    "suspended twice": (CHANGE.format("state = 'suspended'", 2), "cannot follow: it was suspended"),
    "reinstated first": (
        CHANGE.format("state = 'reinstated'", 1),
        "cannot follow: it was in force",
    ),
    "after a revocation": (CHANGE.format("state = 'revoked'", 2), "cannot follow: it was revoked"),
    "no word of ours": (CHANGE.format("state = 'lost'", 2), "is missing, or cannot be read"),
    "revoked, not suspended": (
        CHANGE.format("state = 'revoked'", 3),
        "differ from its issuer's access log",
    ),
    "by another": (CHANGE.format("actor_id = 'rival'", 2), "not said by who issued it"),
    "by an agent of nobody": (CHANGE.format("acting_id = 'rival'", 2), "without authorisation"),
    "for another reason": (CHANGE.format("reason = 'x'", 1), "differ from its issuer's access log"),
    "earlier than the one before": (
        CHANGE.format("recorded_at = '2026-11-22 11:59:00.000000+00:00'", 2),
        "older than the one before it",
    ),
    "at another time": (
        CHANGE.format("recorded_at = '2026-11-22 12:30:00.000000+00:00'", 2),
        "differ from its issuer's access log",
    ),
    "another passport": (
        "UPDATE passport_status_change SET passport_id = 'none'",
        "differ from its issuer's access log",
    ),
}


@contextmanager
def spoilt(world: World, statement: str) -> Iterator[list[str]]:
    """Spoil records, yield what fsck finds, and put back what was there."""
    engine = world.store.engine
    kept = {}
    with engine.begin() as connection:
        for table in HISTORIES:
            kept[table] = [row._asdict() for row in connection.execute(select(table))]
        documents = {row.id: row.document for row in connection.execute(select(OPERATOR))}
    run(world, statement.replace("+00:00", "") if world.store.is_sqlite else statement)
    yield faults(world)
    with engine.begin() as connection:
        for table, rows in kept.items():
            connection.execute(table.delete())
            if rows:
                connection.execute(table.insert(), rows)
        for name, document in documents.items():
            row = OPERATOR.update().where(OPERATOR.c.id == name)
            connection.execute(row.values(document=document))


def test_a_change_of_status_that_was_not_said_like_that_is_found(world: World) -> None:
    passport = world.issue("SN-1", "SN-2").passports[0].id
    say(world, passport, SUSPENDED, REINSTATED, SUSPENDED)
    assert faults(world) == []
    for name, (statement, reason) in STATUS.items():
        with spoilt(world, statement) as found:
            assert any(reason in fault for fault in found), (name, found)
            assert not any("why " in fault for fault in found)  # a reason is nobody else's to read
    assert faults(world) == []


def test_what_is_true_is_no_fault(world: World) -> None:
    one, two, three = (issued.id for issued in world.issue("SN-1", "SN-2", "SN-3").passports)
    say(world, one, SUSPENDED, REVOKED)
    say(world, two, SUSPENDED, REINSTATED, SUSPENDED, REINSTATED, REVOKED)
    say(world, three, SUSPENDED, REINSTATED)
    live(world, three, "waste")
    live(world, three, "recycled")
    assert faults(world) == []


def test_a_bit_that_nobody_spoke_of_is_found(world: World) -> None:
    one, two = (issued.id for issued in world.issue("SN-1", "SN-2").passports)
    say(world, one, SUSPENDED, REINSTATED)
    with world.store.transaction() as transaction:
        row = transaction.passports.by_id(one)
        assert row is not None
        place = (row.status_list_id, row.status_list_index)
        set_status(transaction, world.keyring, ADDRESS, MAKER, place, to=True, now=NOW)
    assert faults(world) == ["its bit of revocation is not what was written down last"]
    assert two


# --- operators' data ---------------------------------------------------------------------------

VERSION = "UPDATE operator_version SET {} WHERE version = {}"
COPY = (
    "UPDATE operator_version SET document = (SELECT document FROM operator_version WHERE version = {})"
    " WHERE version = {}"
)
OPERATORS = {
    "the middle one is gone": (
        "DELETE FROM operator_version WHERE version = 2",
        "version 2 of its",
    ),
    "the first is gone": (
        "DELETE FROM operator_version WHERE version = 1",
        "version 1 of its data",
    ),
    "the newest is gone": (
        "DELETE FROM operator_version WHERE version = 3",
        "not what their newest version says",
    ),
    "all but one are gone": ("DELETE FROM operator_version WHERE version > 1", "one version"),
    "out of order": (
        VERSION.format("recorded_at = '2001-01-01 00:00:00.000000+00:00'", 3),
        "version 3 of its data: it is older",
    ),
    "the first from another time": (
        VERSION.format("recorded_at = '2001-01-01 00:00:00.000000+00:00'", 1),
        "recorded at another time than the operator",
    ),
    "the first with a reason": (VERSION.format("reason = 'x'", 1), "has an actor or a reason"),
    "by nobody": (VERSION.format("actor_id = NULL", 2), "who made it is not here"),
    "by a stranger": (VERSION.format("actor_id = 'none'", 2), "who made it is not here"),
    "without a reason": (VERSION.format("reason = NULL", 3), "nobody wrote down why"),
    "the newest as before": (COPY.format(1, 3), "not what their newest version says"),
    "the same twice": (COPY.format(1, 2), "says the same as the one before it"),
    "in force as before": (
        "UPDATE operator SET document = (SELECT document FROM operator_version WHERE version = 1)",
        "not what their newest version says",
    ),
}


def corrected(world: World) -> None:
    with world.store.reading() as reading:
        maker = Caller.of(get_operator(reading, MAKER), "key")
    for day, address in enumerate(("2 New Road", "3 New Road"), start=1):
        change = OperatorChange(reason="moved", postal_address=address)
        change_operator(world.store, maker, MAKER, change, NOW + timedelta(days=day))


def test_versions_of_an_operator_that_do_not_follow_each_other_are_found(world: World) -> None:
    corrected(world)
    assert faults(world) == []
    for name, (statement, reason) in OPERATORS.items():
        with spoilt(world, statement) as found:
            assert any(reason in fault for fault in found), (name, found)
    assert faults(world) == []


PREFIXES = {
    "the prefix version is gone": ("DELETE FROM operator_version WHERE version = 4", "is missing"),
    "its author is gone": (
        "UPDATE operator_version SET actor_id = 'nobody' WHERE version = 4",
        "who made it is not here",
    ),
    "its reason is gone": (
        "UPDATE operator_version SET reason = '' WHERE version = 4",
        "nobody wrote down why",
    ),
    "the version says what the one before says": (COPY.format(4, 3), "says the same as"),
    "the prefix is gone from what follows": (COPY.format(5, 3), "other gs1_prefixes"),
    "in force as before": (
        "UPDATE operator SET document = (SELECT document FROM operator_version WHERE version = 3)",
        "not what their newest version says",
    ),
}


def test_a_gs1_prefix_that_comes_later_is_a_version_too(world: World) -> None:
    corrected(world)
    with world.store.reading() as reading:
        maker = Caller.of(get_operator(reading, MAKER), "key")
    for prefix in ("9520124", "9520125", "9520125"):
        add_prefix(world.store, maker, MAKER, prefix, NOW)
    versions = operator_versions(world.store, maker, MAKER)
    said = [(v.version, v.actor, v.reason, v.operator.gs1_prefixes) for v in versions[2:]]
    first = ["9520123"]
    assert said == [
        (3, MAKER, "moved", first),
        (4, MAKER, "GS1 prefix 9520124 registered", [*first, "9520124"]),
        (5, MAKER, "GS1 prefix 9520125 registered", [*first, "9520124", "9520125"]),
    ]
    assert faults(world) == []
    for name, (statement, reason) in PREFIXES.items():
        with spoilt(world, statement) as found:
            assert any(reason in fault for fault in found), (name, found)


def added_without_a_version(world: World, prefix: str) -> None:
    """Register a prefix as it was done before that made a version."""
    with world.store.transaction() as transaction:
        claim_prefixes(transaction, MAKER, [prefix], NOW)
        row = transaction.operators.get(MAKER)
        assert row is not None
        before = get_operator(transaction, MAKER)
        after = before.model_copy(update={"gs1_prefixes": [*before.gs1_prefixes, prefix]})
        row.document = after.model_dump_json().encode()
        transaction.operators.add(row)


def test_a_home_whose_prefixes_made_no_version_stays_clean_and_goes_on_with_versions(
    world: World,
) -> None:
    added_without_a_version(world, "9520124")
    assert faults(world) == []
    corrected(world)
    added_without_a_version(world, "9520125")
    assert faults(world) == []
    with world.store.reading() as reading:
        maker = Caller.of(get_operator(reading, MAKER), "key")
    assert add_prefix(world.store, maker, MAKER, "9520126", LATER)[-3:] == [
        "9520124",
        "9520125",
        "9520126",
    ]
    assert [v.version for v in operator_versions(world.store, maker, MAKER)] == [1, 2, 3, 4]
    assert faults(world) == []


def test_the_first_prefix_that_comes_later_keeps_what_the_operator_was_registered_with(
    world: World,
) -> None:
    with world.store.reading() as reading:
        maker = Caller.of(get_operator(reading, MAKER), "key")
    add_prefix(world.store, maker, MAKER, "9520124", LATER)
    first, second = operator_versions(world.store, maker, MAKER)
    assert (first.actor, first.operator.gs1_prefixes) == (None, ["9520123"])
    assert (second.actor, second.recorded_at) == (MAKER, LATER)
    assert faults(world) == []


def test_a_clock_that_runs_back_makes_no_version_older_than_the_one_before(world: World) -> None:
    corrected(world)
    with world.store.reading() as reading:
        maker = Caller.of(get_operator(reading, MAKER), "key")
    change = OperatorChange(reason="moved back", postal_address="1 Old Road")
    made = change_operator(world.store, maker, MAKER, change, NOW)
    assert made.recorded_at == NOW + timedelta(days=2)
    assert faults(world) == []


# --- certificates ------------------------------------------------------------------------------

EVENT = "UPDATE certificate_event SET {} WHERE number = {}"
EVENTS = {
    "one is gone": ("DELETE FROM certificate_event WHERE number = 2", "before event 3 is missing"),
    "the last is gone": ("DELETE FROM certificate_event WHERE number = 3", "its bit of suspension"),
    "all are gone": ("DELETE FROM certificate_event", "its bit of suspension"),
    "withdrawn before": (EVENT.format("status = 'withdrawn'", 2), "event 3 cannot follow"),
    "withdrawn at last": (EVENT.format("status = 'withdrawn'", 3), "its bit of suspension"),
    "no word of ours": (EVENT.format("status = 'lost'", 1), "cannot be read"),
    "by another": (EVENT.format("by_operator_id = 'rival'", 2), "not said by who issued it"),
    "out of order": (
        EVENT.format("at = '2001-01-01 00:00:00.000000+00:00'", 3),
        "event 3 is older than the one before it",
    ),
}


def test_what_did_not_happen_to_a_certificate_like_that_is_found(world: World) -> None:
    certify.with_certifier(world)
    certificate = certify.issue(world)
    for change in ("suspended", "reinstated", "suspended"):
        certify.change(world, certificate.id, change)
    assert faults(world) == []
    for name, (statement, reason) in EVENTS.items():
        with spoilt(world, statement) as found:
            assert any(reason in fault for fault in found), (name, found)
    certify.change(world, certificate.id, "withdrawn")
    assert faults(world) == []
