"""Earlier versions of a passport that has ceased to exist: for who answers for it, not for the public."""

from datetime import timedelta
from typing import Final
from urllib.parse import quote

import pytest

from passports.documents import utc_now
from signing.instants import format_instant
from tests.api.caller import Answer, Caller, batch
from tests.worlds import AUTHORITY, GTIN, IMPORTER, MAKER, RIVAL

JWT: Final = "application/vc+jwt"


@pytest.fixture
def ceased(everywhere: Caller, monkeypatch: pytest.MonkeyPatch) -> str:
    """The identifier of a passport whose battery was recycled; its third version is the tombstone."""
    answer = everywhere.post("/v1/batches", batch("SN-1", "SN-2"), by=MAKER)
    assert answer.status == 201, answer.body
    passport = str(answer.json()["passports"][0]["id"])
    # Versions are told apart by the second.
    monkeypatch.setattr("api.routes.versions.utc_now", lambda: utc_now() + timedelta(hours=1))
    for status in ("waste", "recycled"):
        change = {"status": status, "reason": "end of life"}
        done = everywhere.post(f"/v1/passports/{passport}/life-cycle", change, by=MAKER)
        assert done.status == 200, done.body
    return passport


def old_ones(caller: Caller, passport: str, *, by: str | None = None) -> list[Answer]:
    """Ask for what an earlier version said, at every address that tells it."""
    base = f"/v1/passports/{passport}"
    made = quote(format_instant(utc_now() + timedelta(minutes=1)))
    return [
        caller.get(f"{base}/versions/1", by=by),
        caller.get(f"{base}/versions/2", by=by, accept=JWT),
        caller.get(f"{base}/versions/2/difference", by=by),
        caller.get(f"{base}/versions/3/difference", by=by),
        caller.get(f"{base}?at={made}", by=by),
    ]


def test_the_public_and_strangers_get_no_earlier_version(everywhere: Caller, ceased: str) -> None:
    for reader in (None, RIVAL):
        for answer in old_ones(everywhere, ceased, by=reader):
            assert (answer.status, answer.json()["type"]) == (
                410,
                "urn:voltpass:problem:passport-ceased",
            )
            assert b"carbonFootprint" not in answer.body


@pytest.mark.parametrize("reader", [MAKER, IMPORTER, AUTHORITY])
def test_authorities_and_who_answers_for_it_still_read_them(
    everywhere: Caller, ceased: str, reader: str
) -> None:
    answers = old_ones(everywhere, ceased, by=reader)
    assert [answer.status for answer in answers] == [200] * 5
    assert {answer.headers["cache-control"] for answer in answers} == {"no-store"}
    assert answers[0].json()["credential"]["credentialSubject"]["carbonFootprint"]


def test_the_pages_of_earlier_versions_are_the_tombstone(everywhere: Caller, ceased: str) -> None:
    for number in (1, 2, 3):
        page = everywhere.get(f"/passports/{ceased}/versions/{number}", accept="text/html")
        text = page.body.decode()
        assert page.status == 410
        assert "This passport has ceased to exist" in text
        assert 'id="footprint"' not in text
    link = everywhere.get(f"/01/{GTIN}/21/SN-1", accept="text/html").body.decode()
    assert f"/passports/{ceased}/versions/1" not in link


def test_the_tombstone_and_versions_of_a_living_passport_are_for_everybody(
    everywhere: Caller, ceased: str
) -> None:
    base = f"/v1/passports/{ceased}"
    assert everywhere.get(f"{base}/versions/3").status == 200
    assert everywhere.get(f"{base}/versions").status == 200
    other = everywhere.get(f"/01/{GTIN}/21/SN-2").json()["id"]
    version = everywhere.get(f"/v1/passports/{other}/versions/1")
    assert (version.status, "immutable" in version.headers["cache-control"]) == (200, False)
