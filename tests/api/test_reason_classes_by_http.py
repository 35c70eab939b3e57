"""The class of reason of a withdrawn passport: by HTTP, by command and on its page."""

import pytest

from api.pages.life_view import BECAUSE
from passports.life.withdrawal import ReasonClass
from tests.api.caller import Caller, batch
from tests.api.command_line import Demonstration, invoke
from tests.api.test_passports_by_command_line import answer, passports_of
from tests.exhaustively import each_with_each
from tests.worlds import ADDRESS, MAKER

SECRET = "the seal of cell 7 leaks"


@pytest.fixture
def passport(served: Caller) -> str:
    made = served.post("/v1/batches", batch("SN-1"), by=MAKER)
    assert made.status == 201, made.body
    return str(made.json()["passports"][0]["id"])


@pytest.mark.parametrize(
    ("what", "said"), each_with_each(["suspension", "revocation"], list(ReasonClass))
)
def test_everybody_reads_the_class_and_nobody_else_the_reason(
    served: Caller, passport: str, what: str, said: ReasonClass
) -> None:
    caller, body = served, {"reason": SECRET, "reason_class": said.value}
    done = caller.post(f"/v1/passports/{passport}/{what}", body, by=MAKER)
    assert (done.status, done.json()["reason_class"]) == (200, said.value)
    public = caller.get(f"/v1/passports/{passport}/status")
    assert public.json()["reason_class"] == said.value
    assert SECRET.encode() not in public.body
    link = caller.get(f"/v1/passports/{passport}").json()["link"]
    page = caller.get(link.removeprefix(ADDRESS.base_url), accept="text/html").body.decode()
    assert BECAUSE[said] in page
    assert [other for other in ReasonClass if BECAUSE[other] in page] == [said]
    assert SECRET not in page


def test_a_class_that_is_none_is_refused_with_the_ones_that_are(
    served: Caller, passport: str
) -> None:
    target = f"/v1/passports/{passport}"
    for value in ("fire", "", "LOST", 1, ["lost"]):
        body = {"reason": SECRET, "reason_class": value}
        refused = served.post(f"{target}/revocation", body, by=MAKER)
        assert refused.status == 422, value
        [finding] = refused.findings()
        assert finding["field"] == "reason_class"
        assert SECRET.encode() not in refused.body
    both = {"reason": SECRET, "reason_class": "lost"}
    assert served.post(f"{target}/reinstatement", both, by=MAKER).status == 422
    assert served.get(f"{target}/status").json()["state"] == "in_force"
    without = served.post(f"{target}/revocation", {"reason": SECRET}, by=MAKER)
    assert "reason_class" not in without.json()


def test_a_class_is_said_by_command(demonstration: Demonstration) -> None:
    home = demonstration.home
    (_, operator, *_), [first, *_] = passports_of(home)
    link, who = first["link"], ("--operator", operator, "--reason", SECRET)
    wrong = invoke("passport", "revoke", link, *who, "--class", "fire", home=home)
    assert wrong.returncode != 0
    assert "lost" in wrong.stderr
    done = invoke("passport", "suspend", link, *who, "--class", "inquiry", home=home)
    assert done.returncode == 0, done.stderr
    document = answer(home, "status", link)
    assert (document["state"], document["reason_class"]) == ("suspended", "inquiry")
    assert "suspended (inquiry) by" in invoke("passport", "status", link, home=home).stdout
