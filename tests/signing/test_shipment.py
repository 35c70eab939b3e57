"""A whole shipment: the same verdicts as one by one, in order, here and in other processes."""

import multiprocessing
import os
import tempfile
import threading
from collections.abc import Generator, Iterator
from concurrent.futures import BrokenExecutor, ProcessPoolExecutor, ThreadPoolExecutor
from contextlib import closing
from dataclasses import replace
from pathlib import Path
from typing import Any, cast

import pytest
from hypothesis import given
from hypothesis import strategies as st

from signing.report import Finding
from signing.shipment import ShipmentItem, examine_shipment, usable_cores
from signing.spool import SLOT_BYTES, Spool
from signing.verify import examine
from tests.signing.test_verify import NAMES, evidence_from, read
from tests.signing.world import AT, LINK, REVOKED, SUPERSEDED, evidence, passport, signed

EVIDENCE = evidence(expected_identifier=None)
ITEMS = [
    ShipmentItem(signed(passport()), LINK),
    ShipmentItem(signed(passport(REVOKED)), LINK),
    ShipmentItem(signed(passport(SUPERSEDED)), "https://other.example/"),
    ShipmentItem(b"nonsense"),
    ShipmentItem(signed(passport()), log_proof=b"nonsense"),
] * 60


def category(payload: Any) -> Finding:
    known = payload["credentialSubject"]["category"] == "ev"
    return Finding("passed" if known else "failed", "category", "category")


CHECKS = {"schema": category}


def one_by_one() -> list[Any]:
    return [
        examine(
            item.credential,
            replace(
                EVIDENCE, expected_identifier=item.expected_identifier, log_proof=item.log_proof
            ),
            at=AT,
            domain_checks=CHECKS,
        )
        for item in ITEMS[:5]
    ]


def test_a_shipment_is_judged_as_each_of_its_passports() -> None:
    expected = [(report.verdict, report.steps) for report in one_by_one()]
    assert [verdict for verdict, _ in expected] == [
        "valid",
        "invalid",
        "invalid",
        "invalid",
        "valid",
    ]

    here = list(examine_shipment(ITEMS, EVIDENCE, at=AT, domain_checks=CHECKS))
    assert [(report.verdict, report.steps) for report in here] == expected * 60
    assert all(report.credential is None for report in here)


def test_other_processes_give_the_same_reports_in_the_same_order() -> None:
    here = list(examine_shipment(ITEMS, EVIDENCE, at=AT, domain_checks=CHECKS))
    with ProcessPoolExecutor(1, multiprocessing.get_context("spawn")) as pool:
        there = list(examine_shipment(ITEMS, EVIDENCE, at=AT, domain_checks=CHECKS, executor=pool))
    assert there == here
    with ThreadPoolExecutor(2) as threads:
        assert (
            list(examine_shipment(ITEMS, EVIDENCE, at=AT, domain_checks=CHECKS, executor=threads))
            == here
        )


def dies_elsewhere(payload: Any) -> Finding:
    if multiprocessing.parent_process() is not None:
        os._exit(1)
    return category(payload)


def is_alive(pool: ProcessPoolExecutor) -> bool:
    try:
        return pool.submit(os.getpid).result() > 0
    except BrokenExecutor:
        return False


def test_a_process_that_dies_is_made_up_for() -> None:
    here = list(examine_shipment(ITEMS, EVIDENCE, at=AT, domain_checks=CHECKS))
    deadly = {"schema": dies_elsewhere}
    with ProcessPoolExecutor(1, multiprocessing.get_context("spawn")) as pool:
        for _ in range(100):  # until it was there in time to be asked for something
            made_up = examine_shipment(ITEMS, EVIDENCE, at=AT, domain_checks=deadly, executor=pool)
            assert list(made_up) == here
            if not is_alive(pool):
                break
        assert not is_alive(pool)
        again = examine_shipment(ITEMS, EVIDENCE, at=AT, domain_checks=CHECKS, executor=pool)
        assert list(again) == here


@pytest.mark.parametrize("number", [1, 70, 300])
def test_who_does_not_begin_is_not_waited_for(number: int) -> None:
    items = ITEMS[:number]
    here = list(examine_shipment(items, EVIDENCE, at=AT))
    released = threading.Event()
    with ThreadPoolExecutor(1) as threads:
        threads.submit(released.wait)
        assert list(examine_shipment(items, EVIDENCE, at=AT, executor=threads)) == here
        released.set()


def test_a_pool_that_is_stopped_meanwhile_is_made_up_for() -> None:
    here = list(examine_shipment(ITEMS, EVIDENCE, at=AT))
    released = threading.Event()
    with ThreadPoolExecutor(1) as threads:
        threads.submit(released.wait)
        stopping = {"schema": Stopping(threads)}
        reports = list(
            examine_shipment(ITEMS, EVIDENCE, at=AT, domain_checks=stopping, executor=threads)
        )
        released.set()
    assert [report.verdict for report in reports] == [report.verdict for report in here]
    assert list(examine_shipment(ITEMS, EVIDENCE, at=AT, executor=threads)) == here


class Stopping:
    """A check during which somebody stops the pool."""

    def __init__(self, pool: ThreadPoolExecutor) -> None:
        self.pool = pool

    def __call__(self, payload: Any) -> Finding:
        self.pool.shutdown(wait=False, cancel_futures=True)
        return category(payload)

    def __reduce__(self) -> Any:
        return (Unstopping, ())


class Unstopping:
    """What it becomes on its way to another process."""

    def __call__(self, payload: Any) -> Finding:
        return category(payload)


def test_without_a_place_for_temporary_files_all_is_examined_here(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    monkeypatch.setattr(tempfile, "tempdir", str(tmp_path / "missing"))
    with ThreadPoolExecutor(1) as threads:
        there = list(examine_shipment(ITEMS, EVIDENCE, at=AT, executor=threads))
    assert there == list(examine_shipment(ITEMS, EVIDENCE, at=AT))


@pytest.mark.parametrize("place", [0, 1, 150, 299])
def test_what_no_slot_holds_is_refused_in_its_place(place: int) -> None:
    items = list(ITEMS)
    items[place] = ShipmentItem(b"x" * (SLOT_BYTES + 1))
    with ThreadPoolExecutor(1) as threads:
        there = list(examine_shipment(items, EVIDENCE, at=AT, executor=threads))
    assert there == list(examine_shipment(items, EVIDENCE, at=AT))
    assert there[place].steps[0].reason_code == "too_large"


def test_nothing_of_a_shipment_stays_in_the_folder_of_temporary_files(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    monkeypatch.setattr(tempfile, "tempdir", str(tmp_path))
    with ThreadPoolExecutor(1) as threads:
        reports = examine_shipment(ITEMS, EVIDENCE, at=AT, executor=threads)
        next(reports)
        assert len(list(tmp_path.iterdir())) == 1
        cast("Generator[Any]", reports).close()
    assert not list(tmp_path.iterdir())


@pytest.fixture(scope="module")
def three_slots() -> Iterator[Spool]:
    with closing(Spool(b"for all", 3)) as spool:
        yield spool


@given(chunks=st.lists(st.lists(st.binary(max_size=200), max_size=20), max_size=12))
def test_a_slot_gives_back_what_was_put_in_last(
    three_slots: Spool, chunks: list[list[bytes]]
) -> None:
    latest = {}
    for number, parts in enumerate(chunks):
        latest[number % 3] = three_slots.put(number % 3, parts), parts
    for spooled, parts in latest.values():
        assert spooled.read() == parts
    assert three_slots.common.read() == [b"for all"]


def test_a_slot_holds_what_fits_and_says_how_much() -> None:
    with closing(Spool(b"", 2)) as spool:
        half = bytes([1]) * (SLOT_BYTES // 2)
        beside = spool.put(1, [b"beside"])
        full = spool.put(0, [half, half, b"too much", b""])
        assert full.read() == [half, half]
        assert spool.put(0, [half, half + b"x", b"y"]).read() == [half]
        assert beside.read() == [b"beside"]
    with pytest.raises(OSError, match="closed"):
        beside.read()
    with pytest.raises(FileNotFoundError):
        beside._replace(path=beside.path + "x").read()


def test_every_asset_is_judged_in_a_shipment_as_alone() -> None:
    """What is kept from one credential for the next (envelopes, lists, heads) changes no verdict."""
    assets: list[Any] = [read(name) for name in NAMES]
    known, at = evidence_from({})
    items = [ShipmentItem(asset["credential"].encode(), LINK) for asset in assets] * 2
    alone = [
        examine(item.credential, evidence_from({"expectedIdentifier": LINK})[0], at=at)
        for item in items[: len(assets)]
    ]
    together = list(examine_shipment(items, known, at=at))
    assert len(assets) > 100
    assert [(report.verdict, report.steps) for report in together] == [
        (report.verdict, report.steps) for report in alone
    ] * 2


def test_an_issuer_with_endless_envelopes_does_not_fill_the_memory() -> None:
    known = evidence(expected_identifier=None)
    issued = [
        signed(passport(validFrom=f"2027-02-18T00:{n // 60:02}:{n % 60:02}Z")) for n in range(700)
    ]
    reports = list(examine_shipment(list(map(ShipmentItem, issued)), known, at=AT))
    assert {report.verdict for report in reports} == {"valid"}
    assert len(known.judgements) < len(issued)


def test_cores_are_those_that_this_process_may_use(monkeypatch: pytest.MonkeyPatch) -> None:
    """Each takes memory: a container on a large machine must not take that of all its cores."""
    for allowed, used in ((1, 1), (2, 2), (8, 8), (64, 8)):
        cores = set(range(allowed))
        monkeypatch.setattr(os, "sched_getaffinity", lambda _process, cores=cores: cores)
        assert usable_cores() == used
    monkeypatch.delattr(os, "sched_getaffinity")
    monkeypatch.setattr(os, "cpu_count", lambda: None)
    assert usable_cores() == 1


def test_an_empty_shipment_has_no_reports() -> None:
    assert list(examine_shipment([], EVIDENCE, at=AT)) == []
