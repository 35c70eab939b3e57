"""After responsibility has passed: who writes, reads, grants; what nobody learns of the other's data."""

from datetime import timedelta
from typing import Any, Final

import pytest

from passports.documents import utc_now
from passports.operators import EconomicOperatorCreate, register_operator
from tests.api.caller import Answer, Caller, batch
from tests.api.test_attribute_routes import send
from tests.worlds import ADDRESS, IMPORTER, MAKER, MODEL, NOW, RIVAL

TAKER: Final = "taker"
OLD: Final = 1111  # what the issuer measured, and nobody else may learn
NEW: Final = 4242  # what the taker measured
LATER: Final = (utc_now() + timedelta(days=30)).isoformat()


def change(caller: Caller, target: str, by: str, method: str = "PATCH", **values: Any) -> Answer:
    """Change some of a battery's values, for a reason that names its writer."""
    document = {"values": values, "reason": f"{by}'s own reason"}
    return send(caller, method, target, document, by=by)


def transfer(caller: Caller, passport: str) -> None:
    """Have responsibility pass from the importer to the taker."""
    offer = {"taker": TAKER, "passports": [passport], "reason": "sold on", "expires_at": LATER}
    made = caller.post("/v1/transfers", offer, by=IMPORTER)
    assert made.status == 201, made.body
    headers = {"authorization": f"Bearer {caller.key(TAKER)}"}
    done = caller.send("POST", f"/v1/transfers/{made.json()['id']}/acceptance", headers)
    assert done.status == 200, done.body


def grant(caller: Caller, by: str, to: str, **scope: Any) -> Answer:
    """Grant an interest."""
    document = {
        "grantee": to,
        "grantee_kind": "organisation",
        "purpose": "repair",
        "expires_at": LATER,
        **scope,
    }
    return caller.post("/v1/grants", document, by=by)


def cycles(caller: Caller, passport: str, by: str) -> Any:
    """Return the number of cycles as a reader sees it, or None."""
    shown = caller.get(f"/v1/passports/{passport}/attributes", by=by).json()["attributes"]
    return shown["cycle_count"]["value"] if "cycle_count" in shown else None


def issue(caller: Caller) -> str:
    """Have a taker there, and a battery for which the issuer has written; return its passport."""
    taker = EconomicOperatorCreate(
        id=TAKER, name="Taker", roles=["manufacturer"], country="FR", gs1_prefixes=["9520888"]
    )
    store, keyring = caller.voltpass.store, caller.voltpass.keyring
    register_operator(store, keyring, ADDRESS, taker, NOW)
    answer = caller.post("/v1/batches", batch("SN-1"), by=MAKER)
    passport = answer.json()["passports"][0]["id"]
    target = f"/v1/passports/{passport}/attributes"
    assert change(caller, target, MAKER, cycle_count=OLD).status == 200
    return str(passport)


@pytest.fixture
def issued_here(served: Caller) -> tuple[Caller, str]:
    """A server with a taker, and a battery for which the issuer has written."""
    return served, issue(served)


@pytest.fixture
def passed(issued_here: tuple[Caller, str]) -> tuple[Caller, str]:
    """The same after responsibility has passed."""
    transfer(*issued_here)
    return issued_here


def test_the_issuer_writes_nothing_any_more_and_the_taker_writes(everywhere: Caller) -> None:
    caller, passport = everywhere, issue(everywhere)
    transfer(caller, passport)
    target = f"/v1/passports/{passport}/attributes"
    assert change(caller, target, TAKER, cycle_count=NEW).status == 200
    for who in (MAKER, IMPORTER, RIVAL):
        assert change(caller, target, who, cycle_count=1).status == 403
        assert change(caller, target, who, "PUT").status == 403
    assert cycles(caller, passport, TAKER) == NEW


def test_the_same_value_as_anothers_is_answered_as_any_other(passed: tuple[Caller, str]) -> None:
    caller, passport = passed
    target = f"/v1/passports/{passport}/attributes"
    answers = []
    for value in (OLD, NEW):
        answer = change(caller, target, TAKER, cycle_count=value).json()
        assert answer["values"] == {"cycle_count": value}
        answers.append((answer["version"], answer["actor"]))
    assert answers == [(2, TAKER), (3, TAKER)]
    assert change(caller, target, TAKER, cycle_count=NEW).json()["version"] == 3  # its own


def test_versions_show_each_what_it_may_read_and_the_log_has_it(passed: tuple[Caller, str]) -> None:
    caller, passport = passed
    target = f"/v1/passports/{passport}/attributes"
    assert caller.get(f"{target}/versions", by=TAKER).json()["versions"][0]["values"] == {}
    answer = change(caller, target, TAKER, remaining_capacity_ah=42.5)
    assert answer.json()["values"] == {"remaining_capacity_ah": 42.5}  # not the issuer's cycles
    change(caller, target, TAKER, cycle_count=NEW)

    [own] = caller.get(f"{target}/versions", by=MAKER).json()["versions"]
    assert (own["values"], own["reason"]) == ({"cycle_count": OLD}, "maker's own reason")
    versions = caller.get(f"{target}/versions", by=TAKER).json()["versions"]
    assert [v["values"] for v in versions] == [
        {"remaining_capacity_ah": 42.5, "cycle_count": NEW},
        {"remaining_capacity_ah": 42.5},
        {},
    ]
    assert versions[0]["reason"] == "taker's own reason"
    for who in (IMPORTER, RIVAL):
        assert caller.get(f"{target}/versions", by=who).status == 403

    entries = caller.get("/v1/access-log", by=TAKER).json()["entries"]
    reads = [(e["reader"], e["attributes"]) for e in entries if e["form"] == "versions"]
    both = ["cycle_count", "remaining_capacity_ah"]
    assert reads == [(MAKER, ["cycle_count"]), (TAKER, both)]
    assert {e["subject"] for e in entries} == {passport}
    assert caller.get("/v1/access-log", by=MAKER).json()["entries"] == []


@pytest.mark.parametrize("of_the_model", [True, False])
def test_a_grant_opens_a_battery_as_long_as_its_giver_answers_for_it(
    issued_here: tuple[Caller, str], of_the_model: bool
) -> None:
    caller, passport = issued_here
    scope = {"models": [MODEL]} if of_the_model else {"batteries": [passport]}
    assert grant(caller, MAKER, RIVAL, **scope).status == 201
    assert cycles(caller, passport, RIVAL) == OLD

    transfer(caller, passport)
    target = f"/v1/passports/{passport}/attributes"
    change(caller, target, TAKER, cycle_count=NEW)
    assert cycles(caller, passport, RIVAL) is None
    assert caller.get(f"/v1/passports/{passport}/restricted/item", by=RIVAL).status == 403


def test_who_took_responsibility_grants_and_sees_who_read(passed: tuple[Caller, str]) -> None:
    caller, passport = passed
    change(caller, f"/v1/passports/{passport}/attributes", TAKER, cycle_count=NEW)
    for former in (MAKER, IMPORTER):
        assert grant(caller, former, RIVAL, batteries=[passport]).status == 404
    assert grant(caller, TAKER, RIVAL, batteries=[passport]).status == 201
    assert cycles(caller, passport, RIVAL) == NEW
    [entry] = caller.get("/v1/access-log", by=TAKER).json()["entries"]
    assert (entry["reader"], entry["subject"]) == (RIVAL, passport)


def test_nobody_grants_itself_an_interest(issued_here: tuple[Caller, str]) -> None:
    caller, passport = issued_here
    for scope in ({"batteries": [passport]}, {"models": [MODEL]}):
        answer = grant(caller, MAKER, MAKER, **scope)
        assert [finding["field"] for finding in answer.findings()] == ["grantee"]


def measure(caller: Caller, passport: str, by: str, month: int, value: int) -> Answer:
    """Send a number of cycles as measured on the first of a month."""
    reading = {"measured_at": f"2026-{month:02}-01T00:00:00Z", "values": {"cycle_count": value}}
    return caller.post(f"/v1/passports/{passport}/dynamic-data", {"readings": [reading]}, by=by)


def test_whether_a_measured_value_is_anothers_is_told_by_no_answer(
    issued_here: tuple[Caller, str],
) -> None:
    assert measure(*issued_here, MAKER, 3, OLD).json()["recorded"] == 1
    transfer(*issued_here)
    same, other = (measure(*issued_here, TAKER, 3, value) for value in (OLD, NEW))
    assert (same.status, other.status) == (422, 422)
    # The value that came in may be said back to its sender.
    reasons = [[finding["reason"] for finding in a.findings()] for a in (same, other)]
    assert reasons[0] == reasons[1]


# Cycles do not run back: a flag beside the issuer's value would tell what that is.
@pytest.mark.parametrize(("month", "value"), [(4, OLD - 1), (2, OLD + 1)])
def test_a_value_that_runs_back_is_flagged_beside_ones_own_only(
    issued_here: tuple[Caller, str], month: int, value: int
) -> None:
    measure(*issued_here, MAKER, 3, OLD)
    transfer(*issued_here)
    answer = measure(*issued_here, TAKER, month, value).json()
    assert (answer["recorded"], answer["flagged"]) == (1, [])
    assert measure(*issued_here, TAKER, month, value).json()["duplicates"] == 1
    assert len(measure(*issued_here, TAKER, 5, 3).json()["flagged"]) == 1
