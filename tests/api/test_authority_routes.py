"""Authority by HTTP: keys, identifiers, authorisations, acts, transfers; and what nobody may by them."""

import asyncio
import json
from collections.abc import Iterator
from datetime import timedelta
from typing import Any

import pytest

from api.platform import PLATFORM_ID, ensure_platform
from api.route_actions import ACTIONS
from passports.documents import utc_now
from passports.keyring import Keyring
from tests.api.caller import JSON, Answer, Caller, batch, voltpass_on
from tests.api.test_narrowed_keys import guarded
from tests.conftest import SqliteDatabases
from tests.worlds import AUTHORITY, FACILITY, IMPORTER, MAKER, MODEL, RIVAL, World

LEI = {"scheme": "lei", "value": "506700GE1G29325QX363"}
PROOF = {**LEI, "method": "registry", "evidence": "search.gleif.org", "checked_on": "2026-11-20"}


@pytest.fixture
def fresh(caller: Caller) -> Caller:
    """An application with its platform's operator."""
    ensure_platform(caller.voltpass, utc_now())
    return caller


def send(
    caller: Caller, method: str, target: str, document: Any = None, *, key: str, acting: str = ""
) -> Answer:
    """Call with a key, for another operator where one is named."""
    headers = {**JSON, "authorization": f"Bearer {key}"}
    if acting:
        headers["voltpass-acting-for"] = acting
    return caller.send(method, target, headers, json.dumps(document).encode())


def mandate(**changes: Any) -> dict[str, Any]:
    """Return an authorisation of the importer."""
    return {
        "agent": IMPORTER,
        "actions": ["issue", "attributes", "read"],
        "valid_until": (utc_now() + timedelta(days=9)).isoformat(),
        "document_title": "Mandate",
        "document_sha256": "ab" * 32,
        **changes,
    }


def test_a_key_is_made_used_rotated_and_revoked(fresh: Caller) -> None:
    made = fresh.post("/v1/keys", {"label": "press", "days": 9, "actions": ["read"]}, by=MAKER)
    assert (made.status, made.headers["cache-control"]) == (201, "no-store")
    key = made.json()
    assert send(fresh, "GET", "/v1/grants", key=key["api_key"]).status == 200
    assert send(fresh, "GET", "/v1/keys", key=key["api_key"]).status == 403

    rotated = fresh.post(f"/v1/keys/{key['id']}/rotation", {"overlap_hours": 0}, by=MAKER).json()
    assert rotated["actions"] == ["read"]
    assert send(fresh, "GET", "/v1/grants", key=key["api_key"]).status == 401
    assert send(fresh, "GET", "/v1/grants", key=rotated["api_key"]).status == 200

    assert fresh.post(f"/v1/keys/{rotated['id']}/revocation", {}, by=RIVAL).status == 404
    assert fresh.post(f"/v1/keys/{rotated['id']}/revocation", {}, by=MAKER).status == 200
    assert send(fresh, "GET", "/v1/grants", key=rotated["api_key"]).status == 401

    listed = fresh.get("/v1/keys", by=MAKER)
    for text in (key["api_key"], rotated["api_key"]):
        assert text.rpartition(".")[2].encode() not in listed.body
    ids = {row["id"]: row for row in listed.json()["keys"]}
    assert ids[key["id"]]["replaced_by"] == rotated["id"]
    assert ids[rotated["id"]]["revoked_at"] is not None


def test_an_identifier_is_claimed_shown_as_claimed_and_verified_by_another(fresh: Caller) -> None:
    assert fresh.post("/v1/identifiers", LEI, by=MAKER).json()["verified"] is False
    assert fresh.post("/v1/identifiers", LEI, by=RIVAL).status == 409
    target = f"/v1/operators/{MAKER}/identifier-verifications"
    for who in (MAKER, RIVAL, IMPORTER):
        assert fresh.post(target, PROOF, by=who).status == 403
    assert fresh.post(target, PROOF, by=AUTHORITY).json()["verified_by"] == AUTHORITY
    shown = fresh.get(f"/v1/operators/{MAKER}/identifiers").json()["identifiers"]
    assert [(i["scheme"], i["verified"], i["method"]) for i in shown] == [("lei", True, "registry")]
    withdrawal = f"/v1/operators/{MAKER}/identifier-withdrawals"
    assert fresh.post(withdrawal, LEI, by=MAKER).status == 403
    assert fresh.post(withdrawal, LEI, by=PLATFORM_ID).json() == {"identifiers": []}


def test_an_operator_cannot_claim_to_be_verified(fresh: Caller) -> None:
    for name in ("verified", "verified_by", "method"):
        assert fresh.post("/v1/identifiers", {**LEI, name: "registry"}, by=MAKER).status == 422
    registration = {"id": "n", "name": "N", "roles": ["importer"], "country": "DE"}
    claims: list[dict[str, Any]] = [{"verified": True}, {"identifiers": [LEI]}]
    for more in claims:
        answer = fresh.post("/v1/operators", {**registration, **more}, by=PLATFORM_ID)
        assert answer.status == 422


def test_an_authorised_operator_issues_for_another_and_the_record_says_so(fresh: Caller) -> None:
    key = fresh.key(IMPORTER)
    assert send(fresh, "POST", "/v1/batches", batch(), key=key, acting=MAKER).status == 403
    given = fresh.post("/v1/authorisations", mandate(models=[MODEL]), by=MAKER).json()

    issued = send(fresh, "POST", "/v1/batches", batch(), key=key, acting=MAKER)

    assert issued.status == 201, issued.body
    assert issued.json()["batch"]["operator_id"] == MAKER
    assert issued.json()["batch"]["acting_id"] == IMPORTER
    passport = issued.json()["passports"][0]["id"]
    change = {"values": {"cycle_count": 3}, "reason": "measured"}
    target = f"/v1/passports/{passport}/attributes"
    written = send(fresh, "PATCH", target, change, key=key, acting=MAKER)
    assert (written.status, written.json()["actor"]) == (200, IMPORTER), written.body
    acts = fresh.get("/v1/acts", by=MAKER).json()["acts"]
    assert [(a["actor"], a["action"], a["call"]) for a in acts] == [
        (IMPORTER, "issue", "POST /v1/batches"),
        (IMPORTER, "attributes", f"PATCH {target}"),
    ]
    assert acts[0]["authorisation"] == given["id"]

    end = {"reason": "the contract ended"}
    ended = fresh.post(f"/v1/authorisations/{given['id']}/revocation", end, by=MAKER)
    assert ended.json()["revoked_by"] == MAKER
    again = batch("SN-9", id="b-9")
    assert send(fresh, "POST", "/v1/batches", again, key=key, acting=MAKER).status == 403


def test_an_authorisation_for_a_model_opens_nothing_else(fresh: Caller) -> None:
    fresh.post("/v1/authorisations", mandate(models=[MODEL]), by=MAKER)
    key = fresh.key(IMPORTER)
    for method, target, document in (
        ("POST", "/v1/batches", batch(model_id="other")),
        ("POST", "/v1/batches", {"model_id": [MODEL]}),
        ("POST", "/v1/batches", [batch()]),
        ("POST", "/v1/registrations", {"model_id": MODEL, "rows": []}),
        ("PUT", "/v1/mapping-recipes/x", {"model_id": MODEL}),
        ("GET", f"/v1/battery-models/{MODEL}/attributes?operator={RIVAL}", None),
        ("GET", f"/v1/battery-models/{MODEL}/attributes?operator={MAKER}&operator=rival", None),
        ("GET", "/v1/access-log", None),
        ("GET", "/v1/grants", None),
        ("PUT", "/v1/battery-models/other/attributes", {"values": {}, "reason": "r"}),
        ("PUT", "/v1/batches/not-issued/attributes", {"values": {}, "reason": "r"}),
        ("PUT", "/v1/passports/none/attributes", {"values": {}, "reason": "r"}),
    ):
        answer = send(fresh, method, target, document, key=key, acting=MAKER)
        assert answer.status == 403, (target, answer.body)
        assert answer.findings()[0]["field"] == "Voltpass-Acting-For"
    sent = {"model_id": MODEL, "uniqueProductIdentifier": "https://id.example.com/01/x/21/y"}
    dpp = send(fresh, "POST", "/v1/dpps", sent, key=key, acting=MAKER)
    assert (dpp.status, dpp.json()["statusCode"]) == (403, "ClientForbidden")
    assert fresh.get("/v1/acts", by=MAKER).json()["acts"] == []


@pytest.mark.parametrize("name", ["", "Not A Slug", "nobody", RIVAL, "../maker", "é", MAKER])
def test_nobody_acts_for_an_operator_that_did_not_authorise_it(fresh: Caller, name: str) -> None:
    headers = {**JSON, "authorization": f"Bearer {fresh.key(IMPORTER)}"}
    headers["voltpass-acting-for"] = name
    answer = fresh.send("POST", "/v1/battery-models", headers, b"{}")
    assert answer.status in {403, 422}
    assert answer.findings()[0]["field"] == "Voltpass-Acting-For"


@pytest.fixture(scope="module")
def lent(
    sqlite_databases: SqliteDatabases,
    keyring: Keyring,
    runner: asyncio.Runner,
    tmp_path_factory: pytest.TempPathFactory,
) -> Iterator[Caller]:
    """An application in which the importer may do for the maker all that can be lent but `issue`."""
    store = sqlite_databases.make(populated=True)
    caller = Caller(voltpass_on(World(store, keyring), tmp_path_factory.mktemp("lent")), runner)
    actions = ["read", "records", "footprints", "attributes", "passports", "grants", "registry"]
    assert caller.post("/v1/authorisations", mandate(actions=actions), by=MAKER).status == 201
    yield caller
    store.close()


def test_acting_for_another_opens_no_call_that_was_not_lent(lent: Caller) -> None:
    held = {"issue", "certify", "operators", "identifiers", "compare", "supervise", "keys"}
    held |= {"authorisations", "inspect"}
    key = lent.key(IMPORTER)
    for name, method, path in guarded(lent):
        target = path.replace("{", "").replace("}", "").replace(":path", "")
        answer = send(lent, method, target, {}, key=key, acting=MAKER)
        action = ACTIONS.get(name)
        refused = b"Voltpass-Acting-For" in answer.body
        assert refused is (action is not None and action.value in held), (name, answer.body)


def test_a_transfer_by_http_changes_nothing_before_the_other_side_signs(fresh: Caller) -> None:
    register = {"id": "taker", "name": "T", "roles": ["importer"], "country": "FR"}
    assert fresh.post("/v1/operators", register, by=PLATFORM_ID).status == 201
    passport = fresh.post("/v1/batches", batch(), by=MAKER).json()["passports"][0]
    offer = {
        "taker": "taker",
        "passports": [passport["id"]],
        "reason": "sold on",
        "expires_at": (utc_now() + timedelta(days=9)).isoformat(),
    }
    assert fresh.post("/v1/transfers", offer, by=MAKER).status == 403
    made = fresh.post("/v1/transfers", offer, by=IMPORTER)
    assert made.status == 201, made.body

    def responsible() -> str:
        body = fresh.get(f"/v1/passports/{passport['id']}").json()
        name: str = body["credential"]["credentialSubject"]["responsibleOperator"]["id"]
        return name

    target = f"/v1/transfers/{made.json()['id']}/acceptance"
    for who in (IMPORTER, MAKER, RIVAL):
        assert (
            fresh.send("POST", target, {"authorization": f"Bearer {fresh.key(who)}"}).status == 404
        )
    assert responsible() == IMPORTER
    jose = {"content-type": "application/jose", "authorization": f"Bearer {fresh.key('taker')}"}
    signed = target.replace("acceptance", "signed-acceptance")
    forged = fresh.send("POST", signed, jose, made.json()["offer"].encode())
    assert (forged.status, responsible()) == (422, IMPORTER)
    done = fresh.send("POST", target, {"authorization": f"Bearer {fresh.key('taker')}"})
    assert (done.status, responsible()) == (200, "taker"), done.body
    for who in (IMPORTER, "taker"):
        assert fresh.get("/v1/transfers", by=who).json()["transfers"][0]["state"] == "accepted"
    assert fresh.get("/v1/transfers", by=MAKER).json() == {"transfers": []}


def test_the_table_of_roles_is_published(fresh: Caller) -> None:
    table = {row["id"]: row for row in fresh.get("/v1/roles").json()["roles"]}
    assert table["importer"]["may_be_responsible"] is True
    assert table["recycler"]["may_be_responsible"] is False
    assert table["recycler"]["may_be_responsible_for_waste"] is True
    assert "issue" in table["manufacturer"]["actions"]


@pytest.mark.parametrize(
    "target",
    ["/v1/authorisations", "/v1/acts", "/v1/transfers", "/v1/keys"],
)
def test_what_concerns_an_operator_is_its_own_and_never_cached(fresh: Caller, target: str) -> None:
    assert fresh.get(target).status == 401
    answer = fresh.get(target, by=RIVAL)
    assert (answer.status, answer.headers["cache-control"]) == (200, "no-store")
    assert MAKER.encode() not in answer.body
    assert FACILITY.encode() not in answer.body
