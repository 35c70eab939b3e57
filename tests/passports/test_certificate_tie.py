"""The tie between a battery and its factory's certificates: in the passport, each export and verification."""

import csv
import io
import re
from collections.abc import Callable, Mapping
from datetime import datetime, timedelta
from typing import Any

import pytest

from passports.certification.certificate_life import CertificateChange
from passports.certification.certify import CertificateChangeCreate, change_certificate
from passports.export import EXPORTS
from passports.verification.bundle import read_bundle
from signing.credentials import decode
from signing.report import StepResult
from tests.worlds import ADDRESS, MAKER, NOW, World, certificate_of

Ties = set[tuple[str, ...]]


def tie(subject: Mapping[str, Any]) -> Ties:
    """Return certificate link, hash, scheme, period, coverage and the three columns of a passport."""
    return {
        (
            subject["serialNumber"],
            certificate["document"],
            certificate["documentSha256"],
            certificate["scheme"],
            certificate["validFrom"],
            certificate["validTo"],
            certificate["coverage"],
            study["ruleset"],
            *(
                str(study["electricityColumns"][name]["kgCo2ePerKwhCapacity"])
                for name in ("cfb", "location_based", "contract_based")
            ),
        )
        for certificate in subject["factoryCertificates"]
        for study in subject["carbonFootprint"]
    }


def of_bundle(data: bytes) -> Ties:
    """Read the ties out of a bundle."""
    found: Ties = set()
    for credential in read_bundle(data).credentials:
        subject: Any = decode(credential).payload["credentialSubject"]
        found |= tie(subject)
    return found


def of_table(data: bytes) -> Ties:
    """Read the ties out of the table."""
    names = (
        "serial",
        "certificate_link",
        "certificate_sha256",
        "certificate_scheme",
        "certificate_valid_from",
        "certificate_valid_to",
        "certificate_coverage",
        "ruleset",
        "electricity_cfb_kg_per_kwh_capacity",
        "electricity_location_based_kg_per_kwh_capacity",
        "electricity_contract_based_kg_per_kwh_capacity",
    )
    rows = csv.DictReader(io.StringIO(data.decode("utf-8-sig")))
    return {tuple(row[name] for name in names) for row in rows}


READERS: Mapping[str, Callable[[bytes], Ties]] = {"bundle": of_bundle, "certificates": of_table}


def test_every_export_is_read_here() -> None:
    assert set(READERS) == set(EXPORTS)


@pytest.mark.parametrize("name", sorted(EXPORTS))
def test_each_export_carries_the_tie_with_the_three_columns_beside(
    sqlite_world: World, name: str
) -> None:
    sqlite_world.issue("SN-1", "SN-2")
    sqlite_world.issue(
        "SN-3", id="b-2", manufactured_on=datetime(2025, 2, 3, tzinfo=NOW.tzinfo).date()
    )
    credentials = [sqlite_world.credential(f"SN-{n}") for n in (1, 2, 3)]
    data = EXPORTS[name](sqlite_world.records(), credentials, None, False, NOW)
    ties = READERS[name](data)

    subjects: list[Any] = [decode(c).payload["credentialSubject"] for c in credentials]
    assert ties == set().union(*(tie(subject) for subject in subjects))
    certificate = certificate_of(sqlite_world.store)
    assert {(row[1], row[2], row[3]) for row in ties} == {
        (ADDRESS.certificate(certificate.id), certificate.document_sha256, "PAS2060")
    }
    assert {(row[0], row[6]) for row in ties} == {
        ("SN-1", "covered"),
        ("SN-2", "covered"),
        ("SN-3", "not_covered"),
    }


def test_a_battery_without_certificate_and_footprint_says_so_in_the_table(
    sqlite_world: World,
) -> None:
    from passports.export.certificate_table import _rows  # noqa: PLC0415 # the inner part

    sqlite_world.issue("SN-1")
    subject: Any = dict(decode(sqlite_world.credential()).payload["credentialSubject"])  # type: ignore[arg-type] # an object
    subject.update(factoryCertificates=[], carbonFootprint=[])
    row = next(_rows(subject))
    assert (row[5], row[16]) == ("none cited", "none stated")
    assert len(row) == len(next(_rows({**subject, "carbonFootprint": []})))


def step_13(world: World, at: datetime) -> StepResult:
    """Verify the battery at an instant and return what was found of its certificates."""
    report = world.verify(world.credential(), at=at)
    assert report.verdict in {"valid", "valid_with_warnings"}
    return next(step for step in report.steps if step.step == "factory_certificate")


@pytest.mark.parametrize(
    ("days", "code", "said"),
    [
        (-800, "certificate_unsigned", "states that it covers this battery (unsigned evidence"),
        (-730, "certificate_expiring", "expires soon (it ends on 2024-12-31)"),
        (0, "certificate_expired", "has expired (it ended on 2024-12-31)"),
    ],
)
def test_a_certificate_that_has_expired_or_is_about_to_is_a_warning_and_no_more(
    sqlite_world: World, days: int, code: str, said: str
) -> None:
    sqlite_world.issue("SN-1")
    subject: Any = decode(sqlite_world.credential()).payload["credentialSubject"]
    assert subject["factoryCertificates"][0]["coverage"] == "covered"
    # Only step 13 is looked at before the day of issue: the passport itself is not yet valid then.
    at = NOW + timedelta(days=days)
    report = sqlite_world.verify(sqlite_world.credential(), at=at)
    found = next(step for step in report.steps if step.step == "factory_certificate")
    assert (found.outcome, found.reason_code) == ("warning", code)
    assert said in found.message
    assert (
        "states that it covers this battery (unsigned evidence, uploaded by the maker"
        in found.message
    )
    assert not re.search(r"(?<!that it )covers", found.message)
    if days == 0:
        assert report.verdict == "valid_with_warnings"


@pytest.mark.parametrize("change", ["suspended", "withdrawn"])
def test_a_suspended_or_withdrawn_certificate_warns_and_weighs_more_than_its_days(
    sqlite_world: World, change: str
) -> None:
    sqlite_world.issue("SN-1")
    request = CertificateChangeCreate(change=CertificateChange(change), reason="an audit")
    certificate = certificate_of(sqlite_world.store)
    change_certificate(
        sqlite_world.store,
        sqlite_world.keyring,
        ADDRESS,
        MAKER,
        certificate.id,
        request,
        NOW + timedelta(minutes=1),
    )
    found = step_13(sqlite_world, NOW + timedelta(minutes=2))
    assert (found.outcome, found.reason_code) == ("warning", f"certificate_{change}")
    assert "has expired" in found.message
