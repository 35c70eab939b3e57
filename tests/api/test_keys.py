"""Who may call what: keys that are missing, wrong, spent; roles; and records of somebody else."""

import base64
import re
from datetime import timedelta
from typing import Any

import pytest

from api.platform import PLATFORM_ID, ensure_platform
from passports.authority.api_keys import create_api_key, revoke_api_key
from passports.documents import utc_now
from tests.api.caller import JSON, Caller, batch
from tests.worlds import AUTHORITY, FACILITY, IMPORTER, MAKER, MODEL, RIVAL, demo_input, inventory

WRITES = (
    "/v1/operators",
    "/v1/facilities",
    f"/v1/facilities/{FACILITY}/energy",
    "/v1/certificates",
    "/v1/battery-models",
    "/v1/battery-models/{model_id}/restricted/revocation",
    "/v1/footprints",
    "/v1/batches",
    "/v1/registrations",
    "/v1/battery-models/registrations",
    "/v1/mapping-recipes/suggestions",
    f"/v1/facilities/{FACILITY}/meter-readings",
    f"/v1/facilities/{FACILITY}/dossier",
    f"/v1/facilities/{FACILITY}/documents",
    f"/v1/facilities/{FACILITY}/allocations",
    f"/v1/facilities/{FACILITY}/certified-energy",
    f"/v1/facilities/{FACILITY}/production",
    f"/v1/facilities/{FACILITY}/production/{{production_id}}/withdrawal",
    f"/v1/facilities/{FACILITY}/meter-readings/{{import_id}}/withdrawal",
    f"/v1/facilities/{FACILITY}/closed-periods",
    f"/v1/facilities/{FACILITY}/closed-periods/{{period_from}}/reopening",
    f"/v1/facilities/{FACILITY}/targets",
)
# Certifiers write these; who else tries is told so once the document is read.
# Whoever is responsible for a passport writes these, whatever its role: test_version_routes.py.
BY_RESPONSIBLE = (
    "/v1/passports/{passport_id}/life-cycle",
    "/v1/passports/{passport_id}/dynamic-data",
    "/v1/passports/{passport_id}/suspension",
    "/v1/passports/{passport_id}/reinstatement",
    "/v1/passports/{passport_id}/revocation",
    "/v1/dynamic-data",
)
# Every operator calls these about itself, each as far as it may: test_authority_routes.py.
BY_OPERATORS = (
    "/v1/keys",
    "/v1/keys/{key_id}/rotation",
    "/v1/keys/{key_id}/revocation",
    "/v1/identifiers",
    "/v1/operators/{operator_id}/identifier-verifications",
    "/v1/operators/{operator_id}/identifier-withdrawals",
    "/v1/authorisations",
    "/v1/authorisations/{authorisation_id}/revocation",
    "/v1/responsibility-acceptances",
    "/v1/responsibility-acceptances/{acceptance_id}/end",
    "/v1/transfers",
    "/v1/transfers/signed",
    "/v1/transfers/{transfer_id}/acceptance",
    "/v1/transfers/{transfer_id}/signed-acceptance",
    "/v1/transfers/{transfer_id}/end",
)
BY_PLATFORM = ("/v1/operators/{operator_id}/gs1-prefixes",)
BY_CERTIFIERS = ("/v1/certificates/issue", "/v1/certificates/{certificate_id}/status")


@pytest.mark.parametrize(
    "target",
    [
        *WRITES,
        *BY_PLATFORM,
        *BY_OPERATORS,
        *BY_CERTIFIERS,
        *BY_RESPONSIBLE,
        "/v1/regulator/footprints",
    ],
)
def test_without_a_key_nothing_is_written_and_nothing_is_compared(
    issued: Caller, target: str
) -> None:
    method = "GET" if "regulator" in target else "POST"
    answer = issued.send(method, target, JSON, b"{}")

    assert (answer.status, answer.headers["www-authenticate"]) == (401, "Bearer")
    assert answer.findings()[0]["field"] == "Authorization"


def test_every_write_route_of_the_code_is_held_to_this(issued: Caller) -> None:
    paths = issued.get("/openapi.json").json()["paths"]
    open_to_all = {"/v1/verify", "/v1/verify/image", "/v1/shipments"}
    posts = {
        path.replace("{facility_id}", FACILITY)
        for path in paths
        # Attributes and grants: test_attribute_routes.py; EN 18222: test_dpps_contract.py.
        if "post" in paths[path] and not {"access", "EN 18222"} & set(paths[path]["post"]["tags"])
    }
    by_role = {*WRITES, *BY_PLATFORM, *BY_CERTIFIERS, *BY_RESPONSIBLE}
    assert posts - open_to_all == by_role | {*BY_OPERATORS}


def malformed(key: str) -> list[str]:
    """Return keys that are nearly this one."""
    prefix, operator, key_id, secret = key.split(".")
    return [
        "",
        "vp",
        "....",
        key[:-1],
        key + "x",
        f"{prefix}.{operator}.{key_id}",
        f"{prefix}.{operator}.{key_id}.",
        f"{prefix}.{RIVAL}.{key_id}.{secret}",
        f"{prefix}.{operator}.000000000000.{secret}",
        f"xx.{operator}.{key_id}.{secret}",
        f"{prefix}.{operator}.{key_id}.{secret}.more",
        f"{prefix}.{'a' * 5000}.{key_id}.{secret}",
        "vp.é.ü.ß",
    ]


def test_a_key_that_is_nearly_right_is_refused_without_telling_why(unchanged: Caller) -> None:
    bodies = set()
    for key in malformed(unchanged.key(MAKER)):
        answer = unchanged.send("POST", "/v1/facilities", {"authorization": f"Bearer {key}"})
        assert answer.status == 401, key
        assert not key or key not in answer.body.decode()
        bodies.add(answer.body)
    assert len(bodies) <= 2  # no key at all may be told apart; nothing else


def test_other_schemes_than_bearer_are_no_key(issued: Caller) -> None:
    key = issued.key(MAKER)
    basic = base64.b64encode(f"{MAKER}:{key}".encode()).decode()
    for header in (f"Basic {basic}", key, f"Token {key}", "Bearer"):
        answer = issued.send("POST", "/v1/facilities", {"authorization": header})
        assert answer.status == 401


def test_expired_and_revoked_keys_are_refused_with_the_same_words(everywhere: Caller) -> None:
    store, now = everywhere.voltpass.store, utc_now()
    with store.transaction() as transaction:
        old = create_api_key(transaction, MAKER, "old", now - timedelta(days=9), days=8)
        spent = create_api_key(transaction, MAKER, "spent", now)
        revoke_api_key(transaction, MAKER, spent.id, now)
        good = create_api_key(transaction, MAKER, "good", now, days=1)

    def call(token: str) -> tuple[int, bytes]:
        headers = {**JSON, "authorization": f"Bearer {token}"}
        answer = everywhere.send("POST", "/v1/facilities", headers, b"{}")
        return answer.status, answer.body

    assert call(old.token) == call(spent.token) == call("vp.maker.x.y")
    assert call(old.token)[0] == 401
    assert call(good.token)[0] == 422  # through: the body is what is wrong now


@pytest.mark.parametrize("operator", [MAKER, IMPORTER, AUTHORITY])
def test_only_the_platform_registers_operators(caller: Caller, operator: str) -> None:
    document = {"id": "fresh", "name": "Fresh", "roles": ["platform"], "country": "DE"}
    answer = caller.post("/v1/operators", document, by=operator)

    assert (answer.status, answer.findings()[0]["value"]) == (403, operator)
    with caller.voltpass.store.reading() as reading:
        assert reading.operators.get("fresh") is None


@pytest.mark.parametrize("operator", [MAKER, IMPORTER])
def test_only_market_surveillance_compares_across_makers(issued: Caller, operator: str) -> None:
    assert issued.get("/v1/regulator/footprints", by=operator).status == 403


@pytest.mark.parametrize("operator", [IMPORTER, AUTHORITY, PLATFORM_ID])
@pytest.mark.parametrize("target", WRITES[1:])
def test_only_manufacturers_register_and_issue(issued: Caller, operator: str, target: str) -> None:
    if operator == PLATFORM_ID:
        ensure_platform(issued.voltpass, utc_now())
    answer = issued.post(target, {}, by=operator)
    assert (answer.status, answer.json()["type"]) == (403, "urn:voltpass:problem:not-allowed")


def test_records_of_another_operator_are_out_of_reach(unchanged: Caller) -> None:
    energy = demo_input("facilities.json")[0]["energy"]
    study = {"model_id": MODEL, "facility_id": FACILITY, "inventory": inventory()}
    certificate = {
        "facility_id": FACILITY,
        "scheme": "PAS2060",
        "certified": True,
        "holder": "The plant",
        "evidence": "document",
        "source": "a test",
        "document": "JVBERg==",
    }
    before = whole(unchanged)

    for target, document in (
        (f"/v1/facilities/{FACILITY}/energy", {**energy, "period_from": "2023-01-01"}),
        ("/v1/certificates", certificate),
        ("/v1/footprints", study),
        ("/v1/batches", batch()),
    ):
        answer = unchanged.post(target, document, by=RIVAL)
        assert answer.status == 404, (target, answer.body)
    model = unchanged.post("/v1/battery-models", demo_input("model.json"), by=RIVAL)
    assert (model.status, model.findings()[0]["field"]) == (422, "gtin")
    assert whole(unchanged) == before


def test_two_operators_may_choose_the_same_identifiers(everywhere: Caller) -> None:
    facility = {**demo_input("facilities.json")[0]["facility"], "id": FACILITY, "name": "Rival's"}
    assert everywhere.post("/v1/facilities", facility, by=RIVAL).status == 201

    with everywhere.voltpass.store.reading() as reading:
        names = {f.operator_id: f.name for f in reading.facilities.all() if f.id == FACILITY}
    assert names == {MAKER: "CATL Chengdu Xinjin", RIVAL: "Rival's"}


def whole(caller: Caller) -> dict[str, list[Any]]:
    """Return all that the store holds of records, to be compared."""
    with caller.voltpass.store.reading() as reading:
        return {
            "facilities": [f.document for f in reading.facilities.all()],
            "energy": [p.document for p in reading.energy_periods.of(MAKER, FACILITY)],
            "certificates": [c.claims for c in reading.certificates.all()],
            "models": [m.document for m in reading.models.all()],
            "studies": [(s.id, s.superseded_by) for s in reading.studies.all()],
            "batches": [b.document for b in reading.batches.all()],
            "passports": [(p.id, p.sha256) for p in reading.passports.page()],
            "status": [s.given_out for s in reading.status_lists.of(MAKER)],
        }


def test_keys_are_stored_as_hashes_only(caller: Caller) -> None:
    secret = caller.key(MAKER).rsplit(".", 1)[1]
    with caller.voltpass.store.reading() as reading:
        row = reading.api_keys.of(MAKER)[-1]
    assert re.fullmatch("[0-9a-f]{64}", row.secret_sha256)
    assert secret not in str(row)
