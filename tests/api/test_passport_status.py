"""A passport suspended, reinstated and revoked by HTTP and by command; its page and label say so."""

from typing import Any

import pytest

from signing.credentials import decode
from signing.status_list import StatusList
from tests.api.caller import JSON, Answer, Caller, batch
from tests.api.command_line import Demonstration, invoke
from tests.api.hostile import SETTINGS, nearly_valid
from tests.api.test_passports_by_command_line import answer, passports_of
from tests.exhaustively import drawn
from tests.worlds import ADDRESS, AUTHORITY, IMPORTER, MAKER, RIVAL

SECRET = "the seal of cell 7 leaks"
WAYS = ("suspension", "reinstatement", "revocation")


def issue(caller: Caller) -> str:
    """Issue two passports; return the identifier of the first."""
    answer = caller.post("/v1/batches", batch("SN-1", "SN-2"), by=MAKER)
    assert answer.status == 201, answer.body
    return str(answer.json()["passports"][0]["id"])


@pytest.fixture
def passport(served: Caller) -> str:
    return issue(served)


def say(caller: Caller, passport: str, what: str, by: str = MAKER, reason: str = SECRET) -> Answer:
    """Suspend, reinstate or revoke a passport."""
    return caller.post(f"/v1/passports/{passport}/{what}", {"reason": reason}, by=by)


def test_a_passport_is_suspended_reinstated_and_revoked(everywhere: Caller) -> None:
    caller, states, passport = everywhere, [], issue(everywhere)
    for what in ("suspension", "suspension", "reinstatement", "revocation", "revocation"):
        answer = say(caller, passport, what)
        assert answer.status == 200, answer.body
        said = answer.json()
        states.append((said["state"], said["changed"], said["by"]))
        assert (said["since"] is None) == (said["state"] == "in_force")
    assert states == [
        ("suspended", True, MAKER),
        ("suspended", False, MAKER),
        ("in_force", True, None),
        ("revoked", True, MAKER),
        ("revoked", False, MAKER),
    ]
    for what in ("suspension", "reinstatement"):
        refused = say(caller, passport, what)
        assert refused.status == 409, refused.body
        assert "revocation is final" in refused.json()["findings"][0]["reason"]


def test_the_published_list_is_signed_anew_with_the_bit(served: Caller, passport: str) -> None:
    caller = served
    payload = caller.get(f"/v1/passports/{passport}").json()["credential"]
    [entry] = [e for e in payload["credentialStatus"] if e["statusPurpose"] == "suspension"]
    path = entry["statusListCredential"].removeprefix(ADDRESS.base_url)

    def bit() -> bool:
        answer = caller.get(path)
        assert answer.headers["cache-control"] == "public, max-age=300"
        signed: Any = decode(answer.body).payload
        assert signed["credentialSubject"]["statusPurpose"] == "suspension"
        bits = StatusList.decode(signed["credentialSubject"]["encodedList"])
        return bits.get(int(entry["statusListIndex"]))

    found = [bit()]
    for what in ("suspension", "reinstatement"):
        say(caller, passport, what)
        found.append(bit())
    assert found == [False, True, False]


def test_everybody_reads_how_it_stands_and_only_who_answers_for_it_why(
    served: Caller, passport: str
) -> None:
    caller, target = served, f"/v1/passports/{passport}/status"
    assert caller.get(target).json()["state"] == "in_force"
    say(caller, passport, "suspension")
    for by in (None, RIVAL, AUTHORITY):
        answer = caller.get(target, by=by)
        assert (answer.status, answer.json()["state"]) == (200, "suspended")
        assert answer.headers["cache-control"] == "public, max-age=300"
        assert SECRET.encode() not in answer.body
    for by in (MAKER, IMPORTER):
        answer = caller.get(target, by=by)
        assert answer.json()["changes"][0]["reason"] == SECRET
        assert answer.headers["cache-control"] == "no-store"
    assert caller.get("/v1/passports/none/status").status == 404


@pytest.mark.parametrize("what", ["suspension", "reinstatement", "revocation"])
def test_only_its_issuer_says_so_and_never_without_a_reason(
    served: Caller, passport: str, what: str
) -> None:
    caller = served
    for by in (RIVAL, IMPORTER, AUTHORITY):
        assert say(caller, passport, what, by=by).status == 404
    target = f"/v1/passports/{passport}/{what}"
    for body in ({}, {"reason": ""}, {"reason": " "}, {"reason": 1}, {"reason": "x", "more": 1}):
        assert caller.post(target, body, by=MAKER).status == 422, body
    assert caller.send("POST", target, dict(JSON), b"{}").status == 401
    assert caller.get(f"/v1/passports/{passport}/status").json()["state"] == "in_force"


def test_verification_and_the_page_say_that_it_is_suspended_and_since_when(
    served: Caller, passport: str
) -> None:
    caller = served
    link = caller.get(f"/v1/passports/{passport}").json()["link"]
    path = link.removeprefix(ADDRESS.base_url)
    assert "suspended since" not in caller.get(path, accept="text/html").body.decode()
    since = say(caller, passport, "suspension").json()["since"]
    page = caller.get(path, accept="text/html").body.decode()
    assert "This passport is suspended since" in page
    assert since[:10] in page or since[:4] in page
    assert SECRET not in page
    say(caller, passport, "reinstatement")
    assert "This passport is suspended" not in caller.get(path, accept="text/html").body.decode()
    say(caller, passport, "revocation")
    assert "This passport is revoked since" in caller.get(path, accept="text/html").body.decode()


def test_by_command_and_link_a_second_time_says_since_when(demonstration: Demonstration) -> None:
    home = demonstration.home
    (_, operator, *_), [first, *_] = passports_of(home)
    link, who = first["link"], ("--operator", operator)

    def said(what: str) -> str:
        done = invoke("passport", what, link, *who, "--reason", SECRET, home=home)
        assert done.returncode == 0, done.stdout + done.stderr
        return " ".join(done.stdout.split())

    assert answer(home, "status", link)["state"] == "in_force"
    suspended = said("suspend")
    assert suspended.startswith(f"suspended {first['serial']}"), suspended
    since = answer(home, "status", link)["since"]
    assert said("suspend").startswith(f"already suspended since {since}: {first['serial']}")
    label = invoke("label", link, "-o", home / "label.svg", home=home)
    assert f"this passport is suspended since {since}" in " ".join(label.stderr.split())
    assert said("reinstate").startswith("reinstated")
    assert said("revoke").startswith("revoked")
    document = answer(home, "status", link)
    assert said("revoke").startswith(f"already revoked since {document['since']}")
    assert [row["reason"] for row in document["changes"]] == [SECRET] * 3
    assert SECRET in invoke("passport", "status", link, home=home).stdout
    refused = invoke("passport", "suspend", link, *who, "--reason", "x", home=home)
    assert (refused.returncode, "final" in refused.stderr) == (1, True), refused.stderr
    missing = invoke("passport", "revoke", link, *who, home=home)
    assert (missing.returncode, "--reason" in missing.stderr) == (2, True)
    blank = invoke("passport", "revoke", link, *who, "--reason", " ", home=home)
    assert blank.returncode == 1


@drawn(
    nearly_valid({what: {"reason": SECRET} for what in WAYS}), test=40, soak=300, limits=SETTINGS
)
def test_whatever_is_sent_is_taken_or_refused(
    served: Caller, passport: str, nearly: tuple[str, bytes]
) -> None:
    headers = {**JSON, "authorization": f"Bearer {served.key(MAKER)}"}
    target = f"/v1/passports/{passport}/{nearly[0]}"
    answer = served.send("POST", target, headers, nearly[1])
    assert answer.status in {200, 409} or all(f["reason"] for f in answer.findings())
    assert answer.status < 500, (nearly, answer.body)
