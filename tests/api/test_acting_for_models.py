"""An authorisation for some models: what a call does to a second passport is covered, or it is refused."""

from datetime import timedelta
from typing import Any, Final

import pytest

from lca.datasets import load_shipped_dataset
from passports.documents import utc_now
from passports.footprints import FootprintRequest, compute_studies
from passports.life.versions import list_versions
from passports.models import BatteryModelCreate, register_model
from tests.api.caller import Answer, Caller
from tests.api.test_authority_routes import send
from tests.api.test_version_routes import issue
from tests.worlds import FACILITY, MAKER, MODEL, NOW, RIVAL, demo_input, inventory

OTHER: Final = "other-model"


@pytest.fixture
def passports(everywhere: Caller) -> dict[str, list[str]]:
    """Two passports of each of the maker's two models; the rival may act for the first model."""
    store = everywhere.voltpass.store
    model = {**demo_input("model.json"), "id": OTHER, "gtin": "09520123456795"}
    register_model(store, MAKER, BatteryModelCreate(**model), NOW)
    request = FootprintRequest(
        model_id=OTHER, facility_id=FACILITY, rulesets=["da-2024"], inventory=inventory()
    )
    compute_studies(store, load_shipped_dataset(), MAKER, request, NOW)
    lent = {
        "agent": RIVAL,
        "actions": ["passports"],
        "models": [MODEL],
        "valid_until": (utc_now() + timedelta(days=9)).isoformat(),
        "document_title": "Mandate",
        "document_sha256": "ab" * 32,
    }
    assert everywhere.post("/v1/authorisations", lent, by=MAKER).status == 201
    of_other = issue(everywhere, "O-1", "O-2", id="b-other", model_id=OTHER)
    return {MODEL: issue(everywhere, "SN-1", "SN-2"), OTHER: of_other}


def repurposing(caller: Caller, method: str, passport: str, successor: Any) -> Answer:
    """Say, acting for the maker, that another passport stands in the place of one."""
    place, status = {"POST": ("/life-cycle", "status"), "PATCH": ("", "life_cycle_status")}[method]
    document = {"reason": "cells in a new case", status: "repurposed", "successor_id": successor}
    target, key = f"/v1/passports/{passport}{place}", caller.key(RIVAL)
    return send(caller, method, target, document, key=key, acting=MAKER)


@pytest.mark.parametrize("method", ["POST", "PATCH"])
def test_a_successor_of_another_model_is_not_changed_by_who_acts_for_the_first(
    everywhere: Caller, passports: dict[str, list[str]], method: str
) -> None:
    [old, new], [other, _] = passports[MODEL], passports[OTHER]
    for successor in (other, f" {other} ", "nowhere", ""):
        answer = repurposing(everywhere, method, old, successor)
        assert answer.status == 403, (successor, answer.body)
        assert answer.findings()[0]["field"] == "Voltpass-Acting-For"
    assert repurposing(everywhere, method, old, [other]).status == 422
    store = everywhere.voltpass.store
    assert {len(list_versions(store, p)) for p in (old, new, other)} == {1}
    assert repurposing(everywhere, method, old, new).status == 200
    assert {len(list_versions(store, p)) for p in (old, new)} == {2}
