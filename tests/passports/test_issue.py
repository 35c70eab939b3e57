"""Issuing: all or none, the signed bytes as stored, idempotent, safe side by side."""

import hashlib
import json
import threading
from collections.abc import Callable
from datetime import UTC, datetime, timedelta, timezone
from functools import partial
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from passports.credential import MARKS, mark
from passports.errors import IdentifierConflictError, InvalidBatchError, RecordNotFoundError
from passports.identifiers import UniqueProductIdentifier
from passports.issue import CredentialTemplate, issue_batch
from passports.resolve import find_passport
from passports.store import PassportRow
from signing.credentials import decode
from signing.errors import KeyUnavailableError
from tests.worlds import ADDRESS, GTIN, MAKER, NOW, World


def stored_rows(world: World) -> list[PassportRow]:
    """Return all passports as stored."""
    with world.store.reading() as reading:
        return list(reading.passports.page(limit=100_000))


def test_each_battery_of_a_batch_gets_a_passport_that_says_its_serial(world: World) -> None:
    issued = world.issue("A-1", "A-2", "A-3")

    assert issued.created
    assert [p.serial for p in issued.passports] == ["A-1", "A-2", "A-3"]
    for passport in issued.passports:
        stored = find_passport(world.store, UniqueProductIdentifier(GTIN, passport.serial))
        subject = decode(stored.credential).payload["credentialSubject"]
        assert isinstance(subject, dict)
        assert subject["serialNumber"] == passport.serial
        assert subject["id"] == passport.link == passport.to_document()["link"]
        assert stored.sha256 == hashlib.sha256(stored.credential).hexdigest()


def test_the_same_batch_again_creates_nothing(world: World) -> None:
    first = world.issue("A-1", "A-2")
    again = world.issue("A-1", "A-2")

    assert not again.created
    assert {(p.id, p.link) for p in again.passports} == {(p.id, p.link) for p in first.passports}
    assert again.batch == first.batch
    assert len(stored_rows(world)) == 2


def test_a_batch_identifier_with_other_content_is_refused(world: World) -> None:
    world.issue("A-1")
    with pytest.raises(IdentifierConflictError, match="b-1"):
        world.issue("A-2")


def test_one_bad_unit_and_nothing_is_issued(world: World) -> None:
    with pytest.raises(InvalidBatchError) as caught:
        world.issue("GOOD-1", "not good", "GOOD-1")

    assert [(f.line, f.field) for f in caught.value.findings] == [(3, "serial"), (4, "serial")]
    with world.store.reading() as reading:
        assert reading.batches.all() == []
        assert list(reading.passports.of_batch(MAKER, "b-1")) == []


class PowerCutError(Exception):
    """Raised in the middle of issuing."""


@pytest.fixture
def chunk(monkeypatch: pytest.MonkeyPatch) -> int:
    """A few passports a statement, so that a small batch takes several."""
    monkeypatch.setattr("passports.issue.CHUNK", 10)
    return 10


def test_a_batch_that_is_cut_off_in_the_middle_leaves_nothing_behind(
    world: World, chunk: int
) -> None:
    world.issue("OLD-1")
    with world.store.reading() as reading:
        lists = [(r.id, r.given_out, r.bits) for r in reading.status_lists.of(MAKER)]
        log_size = _log_size(world)
    serials = [f"S-{number}" for number in range(chunk + 1)]

    def cut(done: int, whole: int) -> None:
        assert (done, whole) == (chunk, chunk + 1)
        raise PowerCutError

    with pytest.raises(PowerCutError):
        issue_batch(
            world.store, world.keyring, ADDRESS, MAKER, world.batch(*serials, id="b-2"), NOW, cut
        )
    with world.store.reading() as reading:
        assert reading.batches.get(MAKER, "b-2") is None
        assert lists == [(r.id, r.given_out, r.bits) for r in reading.status_lists.of(MAKER)]
    assert [row.serial for row in stored_rows(world)] == ["OLD-1"]
    assert _log_size(world) == log_size
    assert world.issue(*serials, id="b-2").created  # nothing stands in the way of a second try


def _log_size(world: World) -> int:
    with world.store.reading() as reading:
        state = reading.log_state.get(1)
    return state.size if state is not None else 0


def test_progress_tells_how_far_it_is_and_log_entries_go_on_over_chunks(
    sqlite_world: World, chunk: int
) -> None:
    world = sqlite_world
    seen: list[tuple[int, int]] = []
    serials = [f"S-{number}" for number in range(2 * chunk + 5)]
    request = world.batch(*serials)
    issue_batch(
        world.store,
        world.keyring,
        ADDRESS,
        MAKER,
        request,
        NOW,
        lambda done, whole: seen.append((done, whole)),
    )
    whole = len(serials)
    assert seen == [(chunk, whole), (2 * chunk, whole), (whole, whole)]
    rows = stored_rows(world)
    assert sorted(row.log_index for row in rows) == list(range(whole))
    assert len({row.status_list_index for row in rows}) == whole


def test_status_indices_of_several_batches_are_unique_and_tell_no_order(world: World) -> None:
    for number in range(4):
        world.issue(*[f"{number}-{unit}" for unit in range(25)], id=f"b-{number}")
    rows = stored_rows(world)
    places = [(row.status_list_id, row.status_list_index) for row in rows]
    assert len(set(places)) == 100
    in_order = [row.status_list_index for row in sorted(rows, key=lambda row: row.log_index)]
    assert in_order != sorted(in_order)


def test_the_instant_of_issue_is_written_in_utc(sqlite_world: World) -> None:
    world = sqlite_world
    there = NOW.astimezone(timezone(timedelta(hours=8)))
    issue_batch(world.store, world.keyring, ADDRESS, MAKER, world.batch("A-1"), there, _nothing)
    payload = decode(stored_rows(world)[0].credential).payload
    assert payload["validFrom"] == "2026-11-22T12:00:00Z"


def _nothing(_done: int, _all: int) -> None:
    """Take note of nothing."""


def test_an_operator_without_a_key_issues_nothing(world: World) -> None:
    with world.store.transaction() as transaction:
        (key,) = transaction.signing_keys.of(MAKER)
        key.retired_at = NOW
        transaction.signing_keys.add(key)
    with pytest.raises(KeyUnavailableError):
        world.issue("A-1")
    assert stored_rows(world) == []


def test_an_unknown_battery_has_no_passport(world: World) -> None:
    with pytest.raises(RecordNotFoundError):
        find_passport(world.store, UniqueProductIdentifier(GTIN, "A-1"))


# Text as it can stand in a name: hostile spellings of marks and escapes among it.
hostile = st.text() | st.sampled_from(
    [
        '"',
        "\\",
        '\\"',
        "\\u0000",
        "\\u0000serial\\u0000",
        "\\\\u0000link\\\\u0000",
        "u0000serial",
        "\u2028\u2029",
        "</script>",
        "𝄞",
        "\\ud800",
    ]
)


@given(
    name=hostile,
    values=st.fixed_dictionaries(dict.fromkeys(MARKS, hostile)),
    order=st.permutations(MARKS),
)
def test_a_filled_template_is_the_plain_json_of_the_same_content(
    name: str, values: dict[str, str], order: list[str]
) -> None:
    def content(of: Callable[[str], str]) -> dict[str, Any]:
        return {
            "name": name,
            "list": [{key: of(key)} for key in order],
            "twice": f"before {of(order[0])} between {of(order[0])}{of(order[1])} after",
            name: 1.5,
        }

    filled = CredentialTemplate(content(mark)).fill(values)
    plain = json.dumps(content(values.__getitem__), ensure_ascii=False, separators=(",", ":"))
    assert json.loads(filled) == json.loads(plain)
    assert len(json.loads(filled)) == len(json.loads(plain))


def test_a_template_without_marks_stays_as_it_is() -> None:
    assert CredentialTemplate({"a": 1}).fill({}) == b'{"a":1}'


def together(*calls: Callable[[], object]) -> list[object]:
    """Make calls at the same time; return what each returned or raised."""
    results: list[object] = [None] * len(calls)
    barrier = threading.Barrier(len(calls))

    def run(place: int, call: Callable[[], object]) -> None:
        barrier.wait()
        try:
            results[place] = call()
        except Exception as error:  # noqa: BLE001 # the test looks at what it was
            results[place] = error

    threads = [threading.Thread(target=run, args=(place, call)) for place, call in enumerate(calls)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(60)
    return results


def test_of_two_batches_with_the_same_serial_at_once_exactly_one_wins(world: World) -> None:
    results = together(
        lambda: world.issue("A-1", "SAME", id="b-1"), lambda: world.issue("SAME", "A-2", id="b-2")
    )
    refused = [result for result in results if isinstance(result, InvalidBatchError)]
    assert len(refused) == 1, results
    assert [f.value for f in refused[0].findings] == ["SAME"]
    assert len(stored_rows(world)) == 2


def test_the_same_batch_twice_at_once_is_issued_once(world: World) -> None:
    results = together(lambda: world.issue("A-1", "A-2"), lambda: world.issue("A-1", "A-2"))
    assert sorted(str(getattr(r, "created", r)) for r in results) == ["False", "True"]
    assert len(stored_rows(world)) == 2


def test_batches_issued_at_once_never_share_a_status_index_or_a_log_entry(world: World) -> None:
    def issue(number: int) -> object:
        return world.issue(*[f"{number}-{unit}" for unit in range(100)], id=f"b-{number}")

    results = together(*[partial(issue, number) for number in range(4)])
    assert all(getattr(result, "created", False) for result in results), results
    rows = stored_rows(world)
    assert len({(row.status_list_id, row.status_list_index) for row in rows}) == 400
    assert sorted(row.log_index for row in rows) == list(range(400))


def test_issued_at_is_read_back_aware(world: World) -> None:
    world.issue("A-1")
    (row,) = stored_rows(world)
    assert row.issued_at == NOW
    assert row.issued_at.tzinfo is UTC
    assert isinstance(row.issued_at, datetime)
