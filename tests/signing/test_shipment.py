"""A whole shipment: the same verdicts as one by one, in order, here and in other processes."""

import multiprocessing
from concurrent.futures import ProcessPoolExecutor, ThreadPoolExecutor
from dataclasses import replace
from typing import Any

from signing.report import Finding
from signing.shipment import ShipmentItem, examine_shipment
from signing.verify import examine
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


def test_an_empty_shipment_has_no_reports() -> None:
    assert list(examine_shipment([], EVIDENCE, at=AT)) == []
