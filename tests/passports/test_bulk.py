"""Registration in bulk: what passes is issued, what does not is said row by row, nothing happens twice."""

import csv
import io
from collections.abc import Callable
from datetime import date

import pytest

from lca.datasets import load_shipped_dataset
from passports.batches import get_batch
from passports.bulk import ReadingOptions, read_table, rejects_file
from passports.errors import RegistrationRefusedError
from passports.fsck.whole import check_store
from passports.models import BatteryModelCreate, register_model
from tests.passports.bulk_files import (
    KINDS,
    SECOND_GTIN,
    as_csv,
    as_file,
    battery,
    recipe,
    register,
    stored,
    subject,
    told,
)
from tests.passports.test_issue import together
from tests.worlds import IMPORTER, MAKER, NOW, World, demo_input


def second_model(world: World) -> None:
    """Register another model of the maker."""
    document = {**demo_input("model.json"), "id": "lfp-75", "gtin": SECOND_GTIN}
    register_model(world.store, MAKER, BatteryModelCreate(**document), NOW)


@pytest.mark.parametrize("kind", KINDS)
def test_a_file_of_several_batches_and_models_gives_each_row_its_passport(
    sqlite_world: World, kind: str
) -> None:
    second_model(sqlite_world)
    rows = [
        battery("A-1"),
        battery("A-2", batch_id="b-2", model_id="lfp-75", manufactured_on="2026-11-03"),
        battery("A-3"),
        battery("A-1", batch_id="b-2", model_id="lfp-75"),
    ]
    rows[2]["batch_id"] = "b-3"
    done = register(sqlite_world, as_file(kind, rows))

    assert (done.report.registered, done.report.refused, done.report.present) == (4, 0, 0)
    assert [(b.id, b.is_new, b.passed) for b in done.report.batches] == [
        ("b-1", True, 1),
        ("b-2", True, 2),
        ("b-3", True, 1),
    ]
    found = subject(stored(sqlite_world)["A-2"])
    assert (found["batch"], found["model"]["gtin"], found["manufacturedOn"]) == (
        "b-2",
        SECOND_GTIN,
        "2026-11-03",
    )
    assert subject(stored(sqlite_world)["A-3"])["responsibleOperator"]["id"] == IMPORTER
    assert len(done.passports) == 4


def test_the_same_file_twice_creates_nothing_twice(world: World) -> None:
    data = as_csv([battery("A-1"), battery("A-2"), battery("A-3", batch_id="b-2")])
    first = register(world, data)
    before = {serial: row.sha256 for serial, row in stored(world).items()}
    again = register(world, data)

    assert (first.report.registered, again.report.registered, again.report.present) == (3, 0, 3)
    assert {serial: row.sha256 for serial, row in stored(world).items()} == before
    with world.store.reading() as reading:
        assert get_batch(reading, MAKER, "b-1").size == 2


def test_one_bad_row_and_nothing_of_any_batch_is_issued(world: World) -> None:
    data = as_csv([battery("A-1"), battery("A-2", batch_id="b-2"), battery("not good")])
    with pytest.raises(RegistrationRefusedError) as caught:
        register(world, data)
    assert [(f.line, f.field) for f in caught.value.findings] == [(4, "serial")]
    assert stored(world) == {}
    with world.store.reading() as reading:
        assert reading.batches.all() == []


def test_partial_issues_what_passes_and_mended_rejects_join_their_batch(world: World) -> None:
    data = as_csv([battery("A-1"), battery("A 2"), battery("A-3", model_id="lfp-6")])
    done = register(world, data, partial=True)
    assert (done.report.registered, done.report.refused) == (1, 2)
    rejects = rejects_file(read_table(data), done.refused)

    mended = rejects.data.decode().replace("A 2", "A-2").replace("lfp-6,", "lfp-60,")
    joined = register(world, mended.encode())
    assert (joined.report.registered, joined.report.refused) == (2, 0)
    assert [(b.id, b.is_new) for b in joined.report.batches] == [("b-1", False)]
    assert {row.batch_id for row in stored(world).values()} == {"b-1"}
    with world.store.reading() as reading:
        assert get_batch(reading, MAKER, "b-1").size == 3
    again = register(world, mended.encode(), partial=True)
    assert (again.report.registered, again.report.present) == (0, 2)
    assert (
        register(world, data.replace(b"A 2", b"A-2").replace(b"lfp-6,", b"lfp-60,")).report.present
        == 3
    )


def test_a_batch_is_not_called_new_because_all_that_would_join_it_is_refused(
    sqlite_world: World,
) -> None:
    register(sqlite_world, as_csv([battery("A-1")]))
    data = as_csv([battery("A 2"), battery("A-3", batch_id="b-2")])
    tried = register(sqlite_world, data, dry_run=True)
    assert [(b.id, b.is_new) for b in tried.report.batches] == [("b-1", False), ("b-2", True)]


def test_a_batch_that_rows_have_joined_is_sound_and_knows_its_days(sqlite_world: World) -> None:
    world = sqlite_world
    world.issue("OLD-1", id="b-1", manufactured_on=date(2026, 11, 5))
    register(world, as_csv([battery("A-1"), battery("A-2", manufactured_on="2026-11-20")]))
    with world.store.reading() as reading:
        batch = get_batch(reading, MAKER, "b-1")
    assert (batch.manufactured_from, batch.manufactured_to, batch.size) == (
        date(2026, 11, 2),
        date(2026, 11, 20),
        3,
    )
    report = world.verify(stored(world)["A-2"].credential)
    assert report.verdict in {"valid", "valid_with_warnings"}
    assert not world.issue("OLD-1", id="b-1", manufactured_on=date(2026, 11, 5)).created


@pytest.mark.parametrize(
    ("name", "value"),
    [("responsible_operator_id", ""), ("profile", "ec-2027-02")],
)
def test_who_joins_a_batch_has_to_say_the_same_of_it(
    sqlite_world: World, name: str, value: str
) -> None:
    sqlite_world.issue("OLD-1", id="b-1")
    done = register(sqlite_world, as_csv([battery("A-1", **{name: value})]), dry_run=True)
    assert [(f.field, f.line) for f in done.report.findings] == [(name, 2)]
    assert "the batch as issued says" in done.report.findings[0].reason


def test_rows_that_contradict_one_another_about_a_new_batch_are_all_refused(
    sqlite_world: World,
) -> None:
    rows = [battery("A-1"), battery("A-2", responsible_operator_id=""), battery("A-3")]
    done = register(sqlite_world, as_csv([*rows, battery("B-1", batch_id="b-2")]), partial=True)
    assert (done.report.registered, done.report.refused) == (1, 3)
    assert [(line, field) for line, field, _ in told(done)] == [
        (2, "batch_id"),
        (3, "responsible_operator_id"),
        (4, "batch_id"),
    ]


def test_what_a_gate_says_of_a_whole_batch_is_said_of_each_of_its_rows(
    sqlite_world: World,
) -> None:
    # A maker outside the Union alone, without anybody in the Union: Art. 77(4).
    rows = [battery(f"A-{n}", responsible_operator_id="") for n in range(3)]
    done = register(sqlite_world, as_csv([*rows, battery("B-1", batch_id="b-2")]), partial=True)
    assert [(f.line, f.field, f.column) for f in done.report.findings] == [
        (line, "responsible_operator_id", "responsible_operator_id") for line in (2, 3, 4)
    ]
    assert sorted(stored(sqlite_world)) == ["B-1"]


def test_a_battery_twice_in_a_file_is_issued_once_or_not_at_all(sqlite_world: World) -> None:
    same = [battery("A-1"), battery("A-2"), battery("A-1")]
    done = register(sqlite_world, as_csv(same), partial=True)
    assert told(done) == [(4, "serial", "the same battery stands on line 2")]
    assert sorted(stored(sqlite_world)) == ["A-1", "A-2"]

    other = [battery("B-1"), battery("B-1", manufactured_on="2026-11-03")]
    done = register(sqlite_world, as_csv(other), partial=True)
    assert [line for line, _, _ in told(done)] == [2, 3]
    assert "B-1" not in stored(sqlite_world)


@pytest.mark.parametrize(
    ("changes", "field", "said"),
    [
        ({"batch_id": "b-2"}, "serial", "in batch b-1"),
        ({"manufactured_on": "2026-11-03"}, "manufactured_on", "says 2026-11-02"),
        ({"cycle_count": "7"}, "cycle_count", "another value"),
    ],
)
def test_a_battery_with_a_passport_that_says_something_else_is_refused(
    sqlite_world: World, changes: dict[str, str], field: str, said: str
) -> None:
    register(sqlite_world, as_csv([battery("A-1")]))
    done = register(sqlite_world, as_csv([battery("A-1", **changes)]), dry_run=True)
    ((line, found, reason),) = told(done)
    assert (line, found) == (2, field)
    assert said in reason


# Attributes of single batteries


# Rejects


@pytest.mark.parametrize("kind", KINDS)
def test_rejects_have_the_form_of_the_file_and_are_read_again_as_they_are(
    sqlite_world: World, kind: str
) -> None:
    data = as_file(kind, [battery("A-1"), battery("=A 2", cycle_count="1")])
    done = register(sqlite_world, data, partial=True)
    rejects = rejects_file(read_table(data), done.refused)
    table = read_table(rejects.data)

    assert (rejects.kind, table.kind) == (kind, kind)
    assert table.headings[-2:] == ("reason", "suggested_fix")
    assert "=A 2" in table.rows[0].cells
    again = register(sqlite_world, rejects.data, dry_run=True)
    assert list(again.report.ignored) == ["reason", "suggested_fix"]
    assert [reason for _, _, reason in told(again)] == [reason for _, _, reason in told(done)]


def test_rejects_keep_separator_and_encoding(sqlite_world: World) -> None:
    text = "Größe;" + as_csv([battery("Ä")], ";").decode()
    text = text.replace("\r\nÄ", "\r\ngroß;Ä")
    mapping = recipe(encoding="cp1252", ignored=["Größe"])
    done = register(sqlite_world, text.encode("cp1252"), mapping, partial=True)
    table = read_table(text.encode("cp1252"), ReadingOptions(encoding="cp1252"))
    (header, row) = csv.reader(
        io.StringIO(rejects_file(table, done.refused).data.decode("cp1252")), delimiter=";"
    )
    assert header[0] == "Größe"
    assert row[:2] == ["groß", "Ä"]


def test_progress_is_told_while_rows_are_checked_and_issued(
    sqlite_world: World, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("passports.issue.CHUNK", 2)
    seen: list[tuple[str, int, int]] = []

    def tell(stage: str, done: int, total: int) -> None:
        seen.append((stage, done, total))

    rows = [battery(f"A-{n}", batch_id=f"b-{n // 3}") for n in range(6)]
    register(sqlite_world, as_csv(rows), progress=tell)
    assert seen == [
        ("checking", 6, 6),
        ("issuing", 2, 6),
        ("issuing", 3, 6),
        ("issuing", 5, 6),
        ("issuing", 6, 6),
    ]


def test_a_store_with_batches_from_files_is_sound(sqlite_world: World) -> None:
    world = sqlite_world
    register(world, as_csv([battery("A-1", cycle_count="2"), battery("A-2")]))
    register(world, as_csv([battery("A-3")]))
    report = check_store(world.store, load_shipped_dataset(), NOW)
    assert not report.faults
    assert report.checked["passports"] == 3


class CutError(Exception):
    """Raised in the middle of issuing."""


def test_whoever_is_cut_off_between_two_batches_leaves_nothing_behind(world: World) -> None:
    rows = [battery("A-1"), battery("A-2", batch_id="b-2")]

    def cut(stage: str, done: int, _total: int) -> None:
        if (stage, done) == ("issuing", 1):
            raise CutError

    with pytest.raises(CutError):
        register(world, as_csv(rows), progress=cut)
    assert stored(world) == {}
    assert register(world, as_csv(rows)).report.registered == 2


def test_two_files_with_the_same_battery_at_once_give_one_passport(world: World) -> None:
    def call(batch: str) -> Callable[[], object]:
        return lambda: register(world, as_csv([battery("A-1", batch_id=batch)]))

    results = together(call("b-1"), call("b-2"))
    refused = [result for result in results if isinstance(result, RegistrationRefusedError)]
    assert len(refused) == 1, results
    assert len(stored(world)) == 1
