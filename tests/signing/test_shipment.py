"""A whole shipment: the same verdicts as one by one, in order, here and in other processes."""

import multiprocessing
import os
from concurrent.futures import BrokenExecutor, ProcessPoolExecutor, ThreadPoolExecutor
from dataclasses import replace
from typing import Any

import pytest

from signing.report import Finding
from signing.shipment import ShipmentItem, examine_shipment
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


def test_a_process_that_dies_is_made_up_for() -> None:
    here = list(examine_shipment(ITEMS, EVIDENCE, at=AT, domain_checks=CHECKS))
    deadly = {"schema": dies_elsewhere}
    with ProcessPoolExecutor(1, multiprocessing.get_context("spawn")) as pool:
        assert (
            list(examine_shipment(ITEMS, EVIDENCE, at=AT, domain_checks=deadly, executor=pool))
            == here
        )
        with pytest.raises(BrokenExecutor):
            pool.submit(os.getpid)
        again = examine_shipment(ITEMS, EVIDENCE, at=AT, domain_checks=CHECKS, executor=pool)
        assert list(again) == here


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


def test_an_empty_shipment_has_no_reports() -> None:
    assert list(examine_shipment([], EVIDENCE, at=AT)) == []
