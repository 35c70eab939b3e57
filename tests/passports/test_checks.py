"""What verification asks of a battery beyond the signature: each check passes, fails, or says why not."""

import hashlib
from collections.abc import Callable, Mapping
from copy import deepcopy
from typing import Any

import orjson
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from passports.verification.checks import BatteryEvidence, domain_checks
from passports.verification.collection import cited_urls
from signing.report import Finding
from tests.worlds import GTIN

LINK = f"https://id.example.com/01/{GTIN}/21/SN-1"
DOCUMENT = b"%PDF-1.7 a certificate"
RESULT = orjson.dumps(
    {
        "ruleset": {"id": "da-2024"},
        "kg_co2e_per_kwh": 0.125,
        "kg_co2e_per_battery": 3600.0,
        "partial": True,
        "more": "than this",
    }
)
PAPER_URL = "https://id.example.com/v1/certificates/c/document"
STUDY_URL = "https://id.example.com/v1/footprints/s"
OPERATOR = {"id": "maker", "name": "The maker"}
PASSPORT: dict[str, Any] = {
    "type": ["VerifiableCredential", "BatteryPassport"],
    "credentialStatus": {"statusListCredential": "https://id.example.com/v1/status-lists/m/l"},
    "transparencyLog": {"proof": "https://id.example.com/v1/passports/p/log-proof"},
    "credentialSubject": {
        "id": LINK,
        "granularity": "item",
        "passportVersion": 1,
        "serialNumber": "SN-1",
        "manufacturedOn": "2024-12-02",
        "batch": "b-1",
        "model": {
            "id": "lfp-60",
            "gtin": GTIN,
            "name": "Pack",
            "category": "ev",
            "chemistry": "LFP",
            "massKg": 420,
            "capacityKwh": 60,
        },
        "manufacturer": OPERATOR,
        "responsibleOperator": OPERATOR,
        "manufacturingFacility": {"id": "plant", "name": "Plant"},
        "carbonFootprint": [
            {
                "ruleset": "da-2024",
                "kgCo2ePerKwh": 0.125,
                "kgCo2ePerBattery": 3600,
                "partial": True,
                "study": STUDY_URL,
                "studySha256": hashlib.sha256(RESULT).hexdigest(),
            }
        ],
        "factoryCertificates": [
            {
                "scheme": "PAS2060",
                "facility": "plant",
                "validFrom": "2024-01-01",
                "validTo": "2024-12-31",
                "coverage": "covered",
                "document": PAPER_URL,
                "documentSha256": hashlib.sha256(DOCUMENT).hexdigest(),
            }
        ],
    },
}
MATCHES = ("passed", "identifier_matches")
ELSEWHERE = ("warning", "link_of_another_host")
# The last two: browsers take a backslash for a slash, and drop what stands before an at sign.
OTHER_HOSTS = [
    *("evil.example", "id.example.com.evil.example", "evil.id.example.com", "id.example.com:8443"),
    *(
        "xn--id-exmple.com",
        "id.example.com.",
        "evil.example\\@id.example.com",
        "id.example.com@evil.example",
    ),
]
AT_HAND = BatteryEvidence(documents={PAPER_URL: DOCUMENT}, studies={STUDY_URL: RESULT})


def changed(path: str, value: object) -> dict[str, Any]:
    """Return the passport with one value changed, or taken away where it is `...`."""
    document = deepcopy(PASSPORT)
    target: Any = document
    *parents, last = [int(part) if part.isdigit() else part for part in path.split(".")]
    for part in parents:
        target = target[part]
    if value is ...:
        del target[last]
    else:
        target[last] = value
    return document


def check_schema(payload: dict[str, Any]) -> Finding:
    return domain_checks(BatteryEvidence())["schema"](payload)


def check_identifier(payload: dict[str, Any], scanned: str | None) -> Finding:
    return domain_checks(BatteryEvidence(scanned_link=scanned))["identifier"](payload)


def check_version(payload: dict[str, Any], newest: int | None) -> Finding:
    return domain_checks(BatteryEvidence(newest_version=newest))["version"](payload)


def check_certificates(payload: dict[str, Any], documents: dict[str, bytes]) -> Finding:
    evidence = BatteryEvidence(documents=documents)
    return domain_checks(evidence)["factory_certificate"](payload)


def check_studies(payload: dict[str, Any], evidence: BatteryEvidence) -> Finding:
    return domain_checks(evidence)["footprint_study"](payload)


def summary(finding: Finding) -> tuple[str, str]:
    """Return outcome and reason, and see that there is a sentence."""
    assert finding.message
    return finding.outcome, finding.reason_code


def test_a_whole_passport_fits_the_schema() -> None:
    assert summary(check_schema(PASSPORT)) == ("passed", "schema_fits")


SUBJECT = "credentialSubject"


@pytest.mark.parametrize(
    ("path", "value"),
    [
        *[(f"{SUBJECT}.{name}", ...) for name in PASSPORT[SUBJECT]],
        *[(f"{SUBJECT}.model.{name}", ...) for name in PASSPORT[SUBJECT]["model"]],
        *[
            (f"{SUBJECT}.carbonFootprint.0.{n}", ...)
            for n in PASSPORT[SUBJECT]["carbonFootprint"][0]
        ],
        *[
            (f"{SUBJECT}.factoryCertificates.0.{n}", ...)
            for n in PASSPORT[SUBJECT]["factoryCertificates"][0]
        ],
        (f"{SUBJECT}.model.category", "sli"),
        (f"{SUBJECT}.model.massKg", 0),
        (f"{SUBJECT}.model.capacityKwh", -60),
        (f"{SUBJECT}.passportVersion", 0),
        (f"{SUBJECT}.granularity", "model"),
        (f"{SUBJECT}.manufacturedOn", "yesterday"),
        (f"{SUBJECT}.serialNumber", ""),
        (f"{SUBJECT}.carbonFootprint.0.studySha256", "abc"),
        (f"{SUBJECT}.carbonFootprint.0.kgCo2ePerKwh", None),
        (f"{SUBJECT}.factoryCertificates.0.coverage", "perhaps"),
        (SUBJECT, []),
        ("type", "BatteryPassport"),
    ],
)
def test_what_is_missing_or_of_another_kind_violates_the_schema_and_is_named(
    path: str, value: object
) -> None:
    finding = check_schema(changed(path, value))
    assert summary(finding) == ("failed", "schema_violated")
    assert path.rsplit(".", maxsplit=1)[-1] in finding.message


def test_another_kind_of_credential_is_no_passport() -> None:
    document = changed("type", ["VerifiableCredential", "DriversLicence"])
    assert summary(check_schema(document)) == ("failed", "not_a_passport")


@pytest.mark.parametrize(
    "check",
    [
        lambda payload: check_identifier(payload, None),
        lambda payload: check_version(payload, 1),
        lambda payload: check_certificates(payload, {}),
        lambda payload: check_studies(payload, BatteryEvidence()),
    ],
)
def test_without_a_readable_subject_other_checks_say_so(
    check: Callable[[Mapping[str, Any]], Finding],
) -> None:
    assert summary(check({})) == ("not_checked", "schema_violated")


@pytest.mark.parametrize(
    ("document", "scanned", "expected"),
    [
        (PASSPORT, None, ("not_checked", "no_scanned_link")),
        (PASSPORT, LINK, MATCHES),
        (PASSPORT, LINK.replace("id.example.com", "ID.Example.com:443"), MATCHES),
        (PASSPORT, LINK.replace("https:", "http:"), MATCHES),
        *((PASSPORT, LINK.replace("id.example.com", host), ELSEWHERE) for host in OTHER_HOSTS),
        (PASSPORT, LINK.replace("SN-1", "SN-2"), ("failed", "identifier_mismatch")),
        (PASSPORT, "nonsense", ("failed", "identifier_malformed")),
        (changed(f"{SUBJECT}.id", "nonsense"), None, ("failed", "identifier_malformed")),
        (changed(f"{SUBJECT}.model.gtin", "1"), None, ("failed", "identifier_malformed")),
        (
            changed(f"{SUBJECT}.serialNumber", "SN-2"),
            LINK,
            ("failed", "identifier_contradicts_itself"),
        ),
    ],
)
def test_the_identifier_is_the_passports_own_and_the_one_scanned(
    document: dict[str, Any], scanned: str | None, expected: tuple[str, str]
) -> None:
    assert summary(check_identifier(document, scanned)) == expected


def test_a_label_that_leads_elsewhere_is_told_where_it_leads() -> None:
    scanned = LINK.replace("id.example.com", "evil.example")
    message = check_identifier(PASSPORT, scanned).message
    assert message == "the label leads to evil.example, not to id.example.com"


@pytest.mark.parametrize(
    ("newest", "expected"),
    [
        (None, ("not_checked", "server_not_asked")),
        (1, ("passed", "current")),
        (2, ("warning", "superseded")),
    ],
)
def test_a_newer_version_is_a_warning(newest: int | None, expected: tuple[str, str]) -> None:
    assert summary(check_version(PASSPORT, newest)) == expected


PAPER = f"{SUBJECT}.factoryCertificates.0"


@pytest.mark.parametrize(
    ("document", "documents", "expected"),
    [
        (PASSPORT, {PAPER_URL: DOCUMENT}, ("warning", "certificate_unsigned")),
        (PASSPORT, {}, ("not_checked", "certificate_not_at_hand")),
        (PASSPORT, {PAPER_URL: b"other"}, ("failed", "certificate_hash_mismatch")),
        (
            changed(f"{PAPER}.facility", "other"),
            {PAPER_URL: DOCUMENT},
            ("failed", "certificate_facility_mismatch"),
        ),
        (
            changed(f"{PAPER}.validTo", "2024-12-01"),
            {PAPER_URL: DOCUMENT},
            ("failed", "certificate_period_mismatch"),
        ),
        (
            changed(f"{PAPER}.validFrom", "2024-12-03"),
            {PAPER_URL: DOCUMENT},
            ("failed", "certificate_period_mismatch"),
        ),
        (
            changed(f"{PAPER}.validFrom", None),
            {PAPER_URL: DOCUMENT},
            ("failed", "certificate_period_mismatch"),
        ),
        (changed(f"{SUBJECT}.factoryCertificates", []), {}, ("passed", "no_certificate_cited")),
    ],
)
def test_a_certificate_is_the_one_cited_and_speaks_of_plant_and_day(
    document: dict[str, Any], documents: dict[str, bytes], expected: tuple[str, str]
) -> None:
    assert summary(check_certificates(document, documents)) == expected


def test_a_certificate_said_not_to_cover_may_lie_outside_of_its_period() -> None:
    document = changed(f"{PAPER}.coverage", "not_covered")
    document[SUBJECT]["factoryCertificates"][0]["validTo"] = "2024-06-30"
    finding = check_certificates(document, {PAPER_URL: DOCUMENT})
    assert summary(finding) == ("warning", "certificate_unsigned")
    assert "not covered" in finding.message


def test_of_several_certificates_the_worst_stands_and_all_are_told() -> None:
    document = deepcopy(PASSPORT)
    rows = document[SUBJECT]["factoryCertificates"]
    rows.append({**rows[0], "scheme": "OTHER", "document": "https://x.example/none"})
    finding = check_certificates(document, {PAPER_URL: DOCUMENT})
    assert summary(finding) == ("not_checked", "certificate_not_at_hand")
    assert "PAS2060" in finding.message
    assert "OTHER" in finding.message


STUDY = f"{SUBJECT}.carbonFootprint.0"


@pytest.mark.parametrize(
    ("document", "evidence", "expected"),
    [
        (PASSPORT, AT_HAND, ("passed", "study_fits")),
        (PASSPORT, BatteryEvidence(), ("not_checked", "study_not_at_hand")),
        (
            PASSPORT,
            BatteryEvidence(studies={STUDY_URL: RESULT + b" "}),
            ("failed", "study_hash_mismatch"),
        ),
        (
            PASSPORT,
            BatteryEvidence(studies={STUDY_URL: RESULT}, recomputed={STUDY_URL: False}),
            ("failed", "study_does_not_recompute"),
        ),
        (
            changed(f"{STUDY}.kgCo2ePerKwh", 0.025),
            AT_HAND,
            ("failed", "study_contradicts_passport"),
        ),
        (
            changed(f"{STUDY}.kgCo2ePerBattery", 1),
            AT_HAND,
            ("failed", "study_contradicts_passport"),
        ),
        (changed(f"{STUDY}.partial", False), AT_HAND, ("failed", "study_contradicts_passport")),
        (changed(f"{STUDY}.ruleset", "x"), AT_HAND, ("failed", "study_contradicts_passport")),
        (changed(f"{SUBJECT}.carbonFootprint", []), AT_HAND, ("passed", "no_footprint_stated")),
    ],
)
def test_a_study_is_the_one_cited_and_says_what_the_passport_says(
    document: dict[str, Any], evidence: BatteryEvidence, expected: tuple[str, str]
) -> None:
    assert summary(check_studies(document, evidence)) == expected


def test_a_study_that_is_none_contradicts_the_passport() -> None:
    nonsense = b"[]"
    document = changed(f"{STUDY}.studySha256", hashlib.sha256(nonsense).hexdigest())
    evidence = BatteryEvidence(studies={STUDY_URL: nonsense})
    assert summary(check_studies(document, evidence)) == ("failed", "study_contradicts_passport")


def test_a_recomputed_study_says_so() -> None:
    evidence = BatteryEvidence(studies={STUDY_URL: RESULT}, recomputed={STUDY_URL: True})
    assert "recomputed with the same result" in check_studies(PASSPORT, evidence).message
    assert "not recomputed here" in check_studies(PASSPORT, AT_HAND).message


def test_the_checks_are_given_out_by_step() -> None:
    checks = domain_checks(AT_HAND)
    assert {step: checks[step](PASSPORT).outcome for step in checks} == {
        "schema": "passed",
        "identifier": "not_checked",
        "version": "not_checked",
        "factory_certificate": "warning",
        "footprint_study": "passed",
    }


def test_cited_urls_are_found_by_kind_and_once() -> None:
    document = deepcopy(PASSPORT)
    document["credentialStatus"] = [document["credentialStatus"]] * 2
    assert cited_urls(document) == {
        "documents": [PAPER_URL],
        "studies": [STUDY_URL],
        "status_lists": ["https://id.example.com/v1/status-lists/m/l"],
        "token_status_lists": [],
        "log_proofs": ["https://id.example.com/v1/passports/p/log-proof"],
    }


json_values = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats(allow_nan=False) | st.text(),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(), inner, max_size=3),
    max_leaves=6,
)
paths = st.sampled_from(
    [
        SUBJECT,
        PAPER,
        STUDY,
        "type",
        "credentialStatus",
        *[f"{SUBJECT}.{name}" for name in PASSPORT[SUBJECT]],
        *[f"{PAPER}.{name}" for name in PASSPORT[SUBJECT]["factoryCertificates"][0]],
        *[f"{STUDY}.{name}" for name in PASSPORT[SUBJECT]["carbonFootprint"][0]],
    ]
)


@settings(max_examples=50, deadline=None)
@given(path=paths, value=json_values, scanned=st.none() | st.text())
def test_no_value_in_a_payload_makes_a_check_crash(
    path: str, value: object, scanned: str | None
) -> None:
    document = changed(path, value)
    evidence = BatteryEvidence(scanned, AT_HAND.documents, AT_HAND.studies)
    for check in domain_checks(evidence).values():
        assert check(document).message
    for urls in cited_urls(document).values():
        assert all(isinstance(url, str) for url in urls)
