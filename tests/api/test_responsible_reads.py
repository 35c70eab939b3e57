"""The responsible operator that is not the issuer: it reads what it wrote, and who read its batteries."""

from datetime import timedelta
from typing import Any

import orjson
import pytest

from passports.documents import utc_now
from signing.selective_disclosure import decode_presentation
from tests.api.caller import Answer, Caller, batch
from tests.api.test_attribute_routes import send
from tests.worlds import AUTHORITY, IMPORTER, MAKER, RIVAL

MAKERS, IMPORTERS = 1111, 42.5  # what each wrote


def write(caller: Caller, passport: str, by: str, **values: Any) -> None:
    """Write values of a battery, as everybody can that answers for it."""
    document = {"values": values, "reason": f"{by} measured"}
    answer = send(caller, "PATCH", f"/v1/passports/{passport}", document, by=by)
    assert answer.status == 200, answer.body


def disclosed(answer: Answer) -> dict[str, Any]:
    """Return the values that an SD-JWT discloses."""
    assert answer.status == 200, answer.body
    claims: Any = decode_presentation(answer.body).payload["attributes"]
    return {name: value for name, value in claims.items() if name != "_sd"}


@pytest.fixture
def written(everywhere: Caller) -> tuple[Caller, str]:
    """A battery whose issuer and whose responsible operator have written a value each."""
    answer = everywhere.post("/v1/batches", batch("SN-1"), by=MAKER)
    passport = str(answer.json()["passports"][0]["id"])
    write(everywhere, passport, MAKER, cycle_count=MAKERS)
    write(everywhere, passport, IMPORTER, remaining_capacity_ah=IMPORTERS)
    return everywhere, passport


def test_it_gets_its_own_values_as_sd_jwt_and_no_others(written: tuple[Caller, str]) -> None:
    caller, passport = written
    target = f"/v1/passports/{passport}/restricted/item"
    own = disclosed(caller.get(target, by=IMPORTER))
    assert set(own) == {"remaining_capacity_ah"}
    assert set(disclosed(caller.get(target, by=MAKER))) == {"cycle_count"}
    for stranger in (RIVAL, AUTHORITY):
        assert caller.get(target, by=stranger).status == 403
    assert caller.get(target).status == 401
    # Of the model it wrote nothing, and answers for nothing.
    assert caller.get(f"/v1/passports/{passport}/restricted/model", by=IMPORTER).status == 403


def entries(caller: Caller, by: str) -> list[dict[str, Any]]:
    """Return an operator's access log."""
    found: list[dict[str, Any]] = caller.get("/v1/access-log", by=by).json()["entries"]
    return found


def test_each_read_stands_in_the_logs_of_all_that_answer_for_the_battery(
    written: tuple[Caller, str],
) -> None:
    caller, passport = written
    caller.get(f"/v1/passports/{passport}/restricted/item", by=IMPORTER)
    interest = {
        "grantee": RIVAL,
        "grantee_kind": "organisation",
        "purpose": "repair",
        "expires_at": (utc_now() + timedelta(days=9)).isoformat(),
        "batteries": [passport],
    }
    assert caller.post("/v1/grants", interest, by=MAKER).status == 201
    assert caller.get(f"/v1/passports/{passport}/attributes", by=RIVAL).status == 200
    of_issuer, of_responsible = entries(caller, MAKER), entries(caller, IMPORTER)
    told = [(e["reader"], e["subject"], e["attributes"], e["form"]) for e in of_responsible]
    assert told == [(e["reader"], e["subject"], e["attributes"], e["form"]) for e in of_issuer]
    assert {reader for reader, *_ in told} == {IMPORTER, RIVAL}
    assert [e["sequence"] for e in of_responsible] == list(range(1, len(told) + 1))
    assert {e["operator"] for e in of_responsible} == {IMPORTER}
    text = orjson.dumps(of_responsible).decode()
    assert str(MAKERS) not in text
    assert str(IMPORTERS) not in text
    assert caller.get(f"/v1/access-log?operator={IMPORTER}", by=RIVAL).status == 403
    assert caller.get(f"/v1/access-log?operator={IMPORTER}", by=AUTHORITY).json()["entries"]
