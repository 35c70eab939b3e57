"""The published description: equal to the code, valid OpenAPI 3.1, and its examples are real exchanges."""

import json
import os
from datetime import timedelta
from pathlib import Path
from typing import Any, Final

import pytest
from jsonschema import Draft202012Validator
from openapi_spec_validator import OpenAPIV31SpecValidator

from api.app import create_app
from api.platform import PLATFORM_ID, ensure_platform
from api.settings import Settings
from api.wiring import Voltpass
from passports.documents import utc_now
from tests.api.caller import JSON, Answer, Caller
from tests.api.command_line import invoke, one_document
from tests.paths import ROOT

PUBLISHED: Final = ROOT / "openapi" / "v1.json"
EXAMPLES: Final = ROOT / "openapi" / "examples"
# The line in the order in which it is walked: operation -> address, with what answers before it gave.
WRITES: Final = {
    "post_operator": "/v1/operators",
    "post_facility": "/v1/facilities",
    "post_energy": "/v1/facilities/{plant}/energy",
    "post_certificate": "/v1/certificates",
    "post_model": "/v1/battery-models",
    "post_model_registrations": "/v1/battery-models/registrations",
    "post_footprints": "/v1/footprints",
    "post_batch": "/v1/batches",
    "post_verify": "/v1/verify",
    "post_meter_readings": "/v1/facilities/{plant}/meter-readings",
    "post_dossier": "/v1/facilities/{plant}/dossier",
    "post_document": "/v1/facilities/{plant}/documents",
    "post_certified_energy": "/v1/facilities/{plant}/certified-energy",
    "post_allocation": "/v1/facilities/{plant}/allocations",
    "post_production": "/v1/facilities/{plant}/production",
    "post_closed_period": "/v1/facilities/{plant}/closed-periods",
    "post_reopening": "/v1/facilities/{plant}/closed-periods/2026-03-01/reopening",
    "post_delivery_withdrawal": "/v1/facilities/{plant}/meter-readings/{delivery}/withdrawal",
    "post_production_withdrawal": "/v1/facilities/{plant}/production/{made}/withdrawal",
    "post_target": "/v1/facilities/{plant}/targets",
    "post_signed_certificate": "/v1/certificates/issue",
    "post_certificate_status": "/v1/certificates/{certificate}/status",
    "put_model_attributes": "/v1/battery-models/lfp-60/attributes",
    "patch_model_attributes": "/v1/battery-models/lfp-60/attributes",
    "put_batch_attributes": "/v1/batches/b-1/attributes",
    "patch_batch_attributes": "/v1/batches/b-1/attributes",
    "put_passport_attributes": "/v1/passports/{passport}/attributes",
    "patch_passport_attributes": "/v1/passports/{passport}/attributes",
    "patch_passport": "/v1/passports/{passport}",
    "post_dynamic_data": "/v1/passports/{passport}/dynamic-data",
    "post_life_cycle": "/v1/passports/{passport}/life-cycle",
    "post_passport_suspension": "/v1/passports/{passport}/suspension",
    "post_passport_reinstatement": "/v1/passports/{passport}/reinstatement",
    "post_grant": "/v1/grants",
    "post_grant_delegation": "/v1/grants/{grant}/delegation",
    "post_grant_revocation": "/v1/grants/{grant}/revocation",
    "post_key": "/v1/keys",
    "post_key_rotation": "/v1/keys/{key}/rotation",
    "post_identifier": "/v1/identifiers",
    "post_identifier_verification": "/v1/operators/maker/identifier-verifications",
    "post_identifier_withdrawal": "/v1/operators/maker/identifier-withdrawals",
    "post_authorisation": "/v1/authorisations",
    "post_authorisation_revocation": "/v1/authorisations/{authorisation}/revocation",
    "post_restricted_revocation": "/v1/battery-models/lfp-60/restricted/revocation",
    "patch_operator": "/v1/operators/maker",
    "post_transfer": "/v1/transfers",
    "post_transfer_end": "/v1/transfers/{transfer}/end",
    "post_responsibility_acceptance": "/v1/responsibility-acceptances",
    "post_responsibility_acceptance_end": "/v1/responsibility-acceptances/{acceptance}/end",
    "post_dpp": "/v1/dpps",
    "patch_dpp": "/v1/dpps/{dpp}",
    "patch_dpp_element": "/v1/dpps/{dpp}/elements/$.cycle_count",
    "put_dpp_element": "/v1/dpps/{dpp}/elements/$.accidents?representation=full",
    "post_dpps_by_product_ids": "/v1/dppsByProductIds",
    "post_gs1_prefix": "/v1/operators/maker/gs1-prefixes",
    "post_passport_revocation": "/v1/passports/{issued}/revocation",
    "put_mapping_recipe": "/v1/mapping-recipes/mes",
    "post_mapping_suggestion": "/v1/mapping-recipes/suggestions",
    "post_registrations": "/v1/registrations?recipe=mes&passports=true&partial=true",
}
CERTIFIER: Final = {
    "id": "certifier",
    "name": "A certifier",
    "roles": ["certifier"],
    "country": "DE",
}
TAKER: Final = {"id": "taker", "name": "A taker", "roles": ["importer"], "country": "FR"}
# Stands in examples for the second passport of the batch, whose identifier is another every time.
SECOND: Final = "5f1c2d3e-0000-4000-8000-000000000002"
# In how many days from today ends what the examples give an end: an offer stands for a quarter at most.
ENDS: Final = {
    "2026-12-31T23:59:59Z": 9,
    "2029-12-31T23:59:59Z": 1000,
    "2030-12-31T23:59:59Z": 1365,
}
BY_PLATFORM: Final = {
    "post_gs1_prefix",
    "post_identifier_verification",
    "post_identifier_withdrawal",
}
READS: Final = {
    "get_roles": "/v1/roles",
    "get_identifiers": "/v1/operators/maker/identifiers",
    "get_operator_versions": "/v1/operators/maker/versions",
    "get_dpp": "/v1/dpps/{dpp}?representation=full",
    "get_dpp_element": "/v1/dpps/{dpp}/elements/$.rated_energy_kwh",
    "get_dpp_by_product_id": "/v1/dppsByProductId/https://id.example.com/01/09520123456788/21/SN-9",
    "get_passport": "/v1/passports/{passport}",
    "get_passport_attributes": "/v1/passports/{passport}/attributes",
    "get_versions": "/v1/passports/{passport}/versions",
    "get_passport_status": "/v1/passports/{passport}/status",
    "get_version_difference": "/v1/passports/{passport}/versions/2/difference",
    "get_life_cycle_table": "/v1/life-cycle",
    "get_footprint": "/v1/footprints/{study}",
    "get_certificate_claims": "/v1/certificates/{certificate}",
    "get_footprints": "/v1/regulator/footprints",
    "get_operator_did": "/operators/maker/did.json",
    "get_operator_jwks": "/operators/maker/jwks.json",
    "get_health": "/healthz",
}


@pytest.fixture(scope="module")
def published() -> dict[str, Any]:
    """The committed document."""
    document: dict[str, Any] = json.loads(PUBLISHED.read_text(encoding="utf-8"))
    return document


def operations(document: dict[str, Any]) -> dict[str, dict[str, Any]]:
    """Return the operations by identifier."""
    return {o["operationId"]: o for path in document["paths"].values() for o in path.values()}


def test_the_published_document_equals_the_code(issued: Caller, published: dict[str, Any]) -> None:
    assert issued.get("/openapi.json").json() == published, "run: make openapi"


def test_the_command_says_so_too(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    app = create_app(
        Voltpass(Settings(home=tmp_path))
    )  # for both calls: describing it takes a second
    monkeypatch.setattr("api.app.create_app", lambda _voltpass: app)
    monkeypatch.chdir(ROOT)
    done = invoke("openapi", "--check", "--json", home=tmp_path)
    assert (done.returncode, one_document(done)) == (0, {"same": True})
    monkeypatch.chdir(tmp_path)
    elsewhere = invoke("openapi", "--check", "--json", home=tmp_path)
    assert (elsewhere.returncode, one_document(elsewhere)) == (1, {"same": False})


def test_the_published_document_is_valid_openapi(published: dict[str, Any]) -> None:
    assert published["openapi"].startswith("3.1")
    OpenAPIV31SpecValidator(published).validate()


def test_every_operation_says_how_it_refuses_and_what_for(published: dict[str, Any]) -> None:
    for name, operation in operations(published).items():
        assert operation["summary"], name
        refusal = operation["responses"]["default"]["content"]
        if "EN 18222" in operation.get("tags", []):  # in the standard's own words
            result = {"$ref": "#/components/schemas/Result"}
            assert refusal == {"application/json": {"schema": result}}
        else:
            problem = {"$ref": "#/components/schemas/Problem"}
            assert refusal == {"application/problem+json": {"schema": problem}}
        assert "422" not in operation["responses"]


def test_answers_have_no_optional_fields(published: dict[str, Any]) -> None:
    schemas = published["components"]["schemas"]
    for name in ("BatchRead", "StudyRead", "PassportRead", "FootprintPageRead", "VerificationRead"):
        assert set(schemas[name]["required"]) == set(schemas[name]["properties"]), name


def test_every_json_route_that_writes_has_its_example(published: dict[str, Any]) -> None:
    taking_json = {
        name
        for name, operation in operations(published).items()
        if "application/json" in operation.get("requestBody", {}).get("content", {})
    }
    assert taking_json == set(WRITES)
    files = {path.name for path in EXAMPLES.glob("*.json")}
    expected = {f"{name}.{kind}.json" for name in WRITES for kind in ("request", "response")}
    assert files == expected | {f"{name}.response.json" for name in READS}


def example(name: str, kind: str) -> Any:
    """Read an example."""
    return json.loads((EXAMPLES / f"{name}.{kind}.json").read_text(encoding="utf-8"))


def check(published: dict[str, Any], schema: dict[str, Any], document: Any) -> None:
    """Hold a document against a schema of the published document."""
    whole = {**schema, "components": published["components"]}
    errors = [e.message for e in Draft202012Validator(whole).iter_errors(document)]
    assert not errors


@pytest.mark.parametrize("name", WRITES)
def test_a_request_example_fits_the_published_schema(published: dict[str, Any], name: str) -> None:
    body = operations(published)[name]["requestBody"]["content"]["application/json"]
    check(published, body["schema"], example(name, "request"))


@pytest.mark.parametrize("name", [*WRITES, *READS])
def test_a_response_example_fits_the_published_schema(published: dict[str, Any], name: str) -> None:
    responses = operations(published)[name]["responses"]
    content = next(r for status, r in responses.items() if status.startswith("2"))["content"]
    media_type = next(m for m in content if m.endswith("json") and "vnd" not in m)
    check(published, content[media_type].get("schema", {}), example(name, "response"))


@pytest.mark.parametrize("path", sorted(EXAMPLES.glob("*.json")), ids=lambda path: path.name)
def test_an_example_is_small(path: Path) -> None:
    assert path.stat().st_size < 40_000


def shape(document: Any) -> Any:
    """Return the keys and kinds of a document, without its values."""
    if isinstance(document, dict):
        return {key: shape(value) for key, value in document.items()}
    if isinstance(document, list):
        return [shape(value) for value in document]
    return type(document).__name__ if not isinstance(document, int | float) else "number"


def made_by(answers: dict[str, Answer], name: str, *path: str | int) -> str:
    """Return what an earlier answer gave, or nothing where it is not there yet."""
    if name not in answers:
        return ""
    found: Any = answers[name].json()
    for step in path:
        found = found[step]
    return str(found)


def walk(caller: Caller) -> dict[str, Answer]:
    """Send the request examples in order, from an empty store, and read what they made."""
    ensure_platform(caller.voltpass, utc_now())
    answers = {
        "post_operator": caller.post(
            "/v1/operators", example("post_operator", "request"), by=PLATFORM_ID
        )
    }
    certifier = caller.post("/v1/operators", CERTIFIER, by=PLATFORM_ID)
    caller.post("/v1/operators", TAKER, by=PLATFORM_ID)
    for name, target in list(WRITES.items())[1:]:
        by_certifier = name in {"post_signed_certificate", "post_grant_delegation"}
        who = certifier if by_certifier else answers["post_operator"]
        key = caller.key(PLATFORM_ID) if name in BY_PLATFORM else who.json()["api_key"]
        headers = {**JSON, "authorization": f"Bearer {key}"}
        second = made_by(answers, "post_batch", "passports", 1, "id")
        text = json.dumps(example(name, "request")).replace(SECOND, second)
        for end, days in ENDS.items():
            text = text.replace(end, (utc_now() + timedelta(days=days)).isoformat())
        path = target.format(
            plant="plant",
            delivery=made_by(answers, "post_meter_readings", "id"),
            made=made_by(answers, "post_production", "id"),
            certificate=made_by(answers, "post_certificate", "id"),
            passport=made_by(answers, "post_batch", "passports", 0, "id"),
            issued=made_by(answers, "post_batch", "passports", 1, "id"),
            grant=made_by(answers, "post_grant", "id"),
            key=made_by(answers, "post_key", "id"),
            authorisation=made_by(answers, "post_authorisation", "id"),
            transfer=made_by(answers, "post_transfer", "id"),
            acceptance=made_by(answers, "post_responsibility_acceptance", "id"),
            dpp=made_by(answers, "post_dpp", "digitalProductPassportId"),
        )
        method = name.partition("_")[0].upper()
        answers[name] = caller.send(method, path, headers, text.encode())
        assert answers[name].status in {200, 201}, (name, answers[name].body)
    made = {
        "passport": answers["post_batch"].json()["passports"][0]["id"],
        "study": answers["post_footprints"].json()["studies"][0]["id"],
        "certificate": answers["post_certificate"].json()["id"],
        "dpp": answers["post_dpp"].json()["digitalProductPassportId"],
    }
    for name, target in READS.items():
        answers[name] = caller.get(target.format(**made), by=PLATFORM_ID)
        assert answers[name].status == 200, (name, answers[name].body)
    return answers


def shown(answer: Answer) -> Any:
    """Return an answer as it may stand in an example: without its secret."""
    document = answer.json()
    if "api_key" in document:
        prefix, operator, _, _ = document["api_key"].split(".")
        document["api_key"] = f"{prefix}.{operator}.0123456789ab.shown-this-once"
    return document


@pytest.mark.parametrize(
    "databases", ["sqlite", pytest.param("postgresql", marks=pytest.mark.soak)], indirect=True
)
def test_the_examples_are_golden_exchanges_on_a_fresh_store(empty: Caller) -> None:
    for name, answer in walk(empty).items():
        document = shown(answer)
        path = EXAMPLES / f"{name}.response.json"
        same = path.exists() and shape(document) == shape(example(name, "response"))
        # Written anew only where the shape differs: values differ every time.
        if os.environ.get("VOLTPASS_GOLDEN") == "write" and not same:
            text = json.dumps(document, indent=1, ensure_ascii=False) + "\n"
            path.write_text(text, encoding="utf-8")
        assert shape(document) == shape(example(name, "response")), f"{name}: run make golden"
