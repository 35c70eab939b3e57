"""What a battery's credential says, and that it says it of the right records."""

from typing import Any

import pytest

from passports.credential import CONTEXTS, MARKS, mark
from passports.credential_type import CREDENTIAL_TYPE
from passports.documents import _printable
from passports.footprints import current_studies
from signing.credentials import decode
from tests.worlds import FACILITY, GTIN, IMPORTER, MAKER, MODEL, World, certificate_of


def payload(world: World, **changes: Any) -> dict[str, Any]:
    """Issue one passport and return what it says."""
    world.issue("SN-1", **changes)
    return dict(decode(world.credential()).payload)


def test_a_passport_names_issuer_status_log_and_its_battery(world: World) -> None:
    document = payload(world)
    passport_id = document["id"].removeprefix("urn:uuid:")
    assert document["@context"] == list(CONTEXTS)
    assert document["type"] == ["VerifiableCredential", CREDENTIAL_TYPE]
    assert document["issuer"]["id"] == "did:web:id.example.com:operators:maker"
    assert document["validFrom"] == "2026-11-22T12:00:00Z"
    lists = ("revocation-1", "refresh-2", "suspension-3")
    for status, name in zip(document["credentialStatus"], lists, strict=True):
        assert status["id"] == f"{status['statusListCredential']}#{status['statusListIndex']}"
        assert status["statusListCredential"].endswith(f"/v1/status-lists/{MAKER}/{name}")
        assert status["statusPurpose"] == name.partition("-")[0]
    assert document["transparencyLog"]["proof"].endswith(f"/v1/passports/{passport_id}/log-proof")
    subject = document["credentialSubject"]
    assert subject["id"] == f"https://id.example.com/01/{GTIN}/21/SN-1"
    assert (subject["serialNumber"], subject["manufacturedOn"]) == ("SN-1", "2024-12-02")
    assert (subject["batch"], subject["passportVersion"]) == ("b-1", 1)
    assert subject["model"]["id"] == MODEL
    assert subject["manufacturingFacility"]["id"] == FACILITY


def test_no_mark_of_the_template_is_left(sqlite_world: World) -> None:
    sqlite_world.issue("SN-1")
    text = decode(sqlite_world.credential()).payload_bytes
    assert b"\\u0000" not in text
    assert not any(mark(name).encode() in text for name in MARKS)


def test_no_document_that_comes_in_can_hold_a_mark() -> None:
    for name in MARKS:
        with pytest.raises(ValueError, match="control character"):
            _printable(f"Pack {mark(name)}")


def test_the_importer_is_responsible_where_one_is_named_and_else_the_maker(world: World) -> None:
    assert payload(world)["credentialSubject"]["responsibleOperator"]["id"] == IMPORTER
    with world.store.transaction() as transaction:  # the maker moves into the Union
        row = transaction.operators.get(MAKER)
        assert row is not None
        row.document = row.document.replace(b'"country":"CN"', b'"country":"HU"')
        transaction.operators.add(row)
    world.issue("SN-2", id="b-2", responsible_operator_id=None)
    subject = decode(world.credential("SN-2")).payload["credentialSubject"]
    assert isinstance(subject, dict)
    assert subject["responsibleOperator"] == subject["manufacturer"]


def test_the_footprint_is_the_studies_and_says_that_it_is_voluntary(world: World) -> None:
    claims = payload(world)["credentialSubject"]["carbonFootprint"]
    with world.store.reading() as reading:
        studies = {s.ruleset: s for s in current_studies(reading, MAKER, MODEL, FACILITY)}
    assert [c["ruleset"] for c in claims] == sorted(studies) == ["da-2024", "jrc-2023"]
    for claim in claims:
        result = studies[claim["ruleset"]].result
        assert claim["standing"] == "voluntary information"
        assert "binding" in claim["legalState"]
        assert claim["kgCo2ePerKwh"] == result["kg_co2e_per_kwh"]
        assert claim["kgCo2ePerBattery"] == result["kg_co2e_per_battery"]
        assert claim["kgCo2ePerKwhCapacity"] == result["kg_co2e_per_kwh_capacity"]
        assert claim["partial"] is True
        assert claim["notAssessed"] == result["not_assessed"]
        assert len(claim["stages"]) == 4
        assert set(claim["electricityColumns"]) == {"cfb", "location_based", "contract_based"}
        assert claim["studySha256"] == studies[claim["ruleset"]].result_sha256
        assert claim["study"].endswith(studies[claim["ruleset"]].id)


def test_offsets_are_listed_and_not_subtracted(world: World) -> None:
    claims = payload(world)["credentialSubject"]["carbonFootprint"]
    assert [claim["offsetsListedT"] for claim in claims] == [0, 0]


def test_the_certificate_stands_beside_the_footprint_with_its_checks(world: World) -> None:
    (claim,) = payload(world)["credentialSubject"]["factoryCertificates"]
    stored = certificate_of(world.store)
    assert claim["scheme"] == "PAS2060"
    assert claim["effectOnFootprint"] == "none"
    assert claim["coverage"] == "covered"
    assert (claim["validFrom"], claim["validTo"]) == ("2024-01-01", "2024-12-31")
    assert claim["documentSha256"] == stored.document_sha256
    assert claim["document"].endswith(f"/v1/certificates/{stored.id}/document")
    assert {check["id"] for check in claim["checks"]} >= {"facility", "period", "scope"}
