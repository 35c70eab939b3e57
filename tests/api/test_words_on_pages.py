"""Wording of the pages: unsigned evidence only states, an end is no fault, doubts are not lost on the way."""

from typing import Any, Final

import pytest

from api.pages import render
from api.pages.certificate_card import coverage_words
from api.pages.figures import breakable, coded
from api.pages.passport_view import Beside
from api.pages.plain_words import lines_of, told
from passports.attributes.completeness import passport_report
from passports.documents import utc_now
from passports.life.withdrawal import PassportState, Standing
from signing import report
from tests.api.caller import Caller
from tests.api.page_reader import LINK, QR, Page, payload, verification
from tests.worlds import GTIN, MAKER, NOW

PATH: Final = f"/01/{GTIN}/21/SN-1"


def text_of(said: Any, checked: report.VerificationReport | None = None, **beside: Any) -> str:
    """Return the text of a passport's page."""
    html = render.passport_page(
        said,
        checked or verification(),
        qr_svg=QR,
        link=LINK,
        checked_online=True,
        beside=Beside(**beside),
    )
    return Page(html).text


@pytest.mark.parametrize(
    ("evidence", "begins"),
    [
        ("unsigned document", "X: states that it covers the place"),
        (None, "X: states that it covers the place"),
        ("signed credential", "X: covers the place"),
    ],
)
def test_only_signed_evidence_is_said_to_cover(evidence: str | None, begins: str) -> None:
    said = coverage_words("X", "covered", evidence)
    assert said.startswith(begins)
    assert ("unsigned, uploaded by the maker" in said) is (not str(evidence).startswith("signed"))


def test_the_comparison_says_of_unsigned_evidence_that_it_states(issued: Caller) -> None:
    page = Page(issued.get("/compare", accept="text/html").body.decode()).text
    assert "states that it covers the place and days of manufacture; unsigned" in page
    assert ": covers the place" not in page.lower()
    assert "reported by the maker, not in the footprint" in page
    assert "partial totals may lack different stages" in page
    assert "partial total screening" in page
    assert "primary data 0.0 % of the total" in page


def test_the_page_tells_how_complete_the_passport_is_and_not_that_it_says_all(
    issued: Caller,
) -> None:
    page = Page(issued.get(PATH, accept="text/html").body.decode()).text
    passport = issued.get(PATH, accept="application/json").json()["id"]
    with issued.voltpass.store.reading() as reading:
        whole = passport_report(reading, passport, None, utc_now().date())
    figure = whole.figure(public_only=True)
    assert 0 < figure.given < figure.asked < whole.figure().asked
    assert whole.figure().asked - whole.figure().given == len(whole.missing)
    asked = "public attributes that the law asks for from 18 February 2027 are given."
    assert f"{figure.given} of {figure.asked} {asked}" in page
    assert "It has the form of a battery passport (profile voluntary-footprint)" in page
    assert "must say" not in page


def test_what_the_study_doubts_stands_on_the_passports_page(issued: Caller) -> None:
    page = Page(issued.get(PATH, accept="text/html").body.decode()).text
    assert "Screening study: not eligible as a declaration under Article 7." in page
    assert "primary data 0.0 % of the total" in page
    assert "Warnings and assumptions" in page
    assert "aggregate of all pack materials" in page


def test_a_claim_of_zero_is_apart_from_the_footprint() -> None:
    text = text_of(payload())
    box = text[text.index("By contract") :]
    assert "Reported by the maker, not in the footprint" in box
    assert "shown and checked here, and never subtracted" in text


def ended(*failed: tuple[str, str]) -> report.VerificationReport:
    """Return the report of a passport that has ended, with what failed."""
    codes = dict(failed)
    steps = tuple(
        report.step_result(
            step,
            report.Finding("failed" if step in codes else "passed", codes.get(step, "ok"), step),
        )
        for step in report.STEPS
    )
    said = payload(ceased={"at": "2026-11-20T08:00:00Z"})
    return report.VerificationReport(report.verdict_over(steps), steps, said, NOW)


def test_a_battery_that_was_recycled_has_ended_and_nothing_failed() -> None:
    checked = ended(("version", "passport_ceased"), ("status", "revoked"))
    assert checked.verdict == "invalid"  # for programs nothing changes
    text = text_of(checked.credential, checked)
    assert "Ended: recycled" in text
    assert "its passport ended on 20 November 2026" in text
    assert "Not valid" not in text
    assert "failed" not in text


def test_an_end_hides_no_fault() -> None:
    ends = (("version", "passport_ceased"), ("status", "revoked"))
    for fault in (("log_inclusion", "not_in_log"), ("issuer_trusted", "issuer_not_listed")):
        checked = ended(*ends, fault)
        assert "Not valid" in text_of(checked.credential, checked)
    checked = ended(("status", "revoked"))
    assert "Not valid" in text_of(checked.credential, checked)


def test_a_revoked_passport_says_so_first_and_folds_its_footprint() -> None:
    text = text_of(payload(), standing=Standing(PassportState.REVOKED, NOW, MAKER))
    assert text.index("This passport is revoked since") < text.index("Battery passport ·")
    assert "What the revoked passport stated" in text
    assert "What the revoked passport stated" not in text_of(payload())


@pytest.mark.parametrize(
    ("message", "said"),
    [
        ("list of 2026-11-22T12:00:00Z, 0.0 hours old", "22 November 2026, 12:00 UTC, made just"),
        ("x, 0.5 hours old", "30 minutes old"),
        ("x, 2.0 hours old", "x, 2 hours old"),
        ("x, 720.0 hours old", "x, 30 days old"),
        ("it ended on 2024-12-31", "it ended on 31 December 2024"),
        ("https://x.example/2024-12-31", "https://x.example/2024-12-31"),
        ("on 2024-13-45", "on 2024-13-45"),
        ("at 9999-99-99T99:99:99Z", "at 9999-99-99T99:99:99Z"),
    ],
)
def test_messages_are_told_in_words(message: str, said: str) -> None:
    assert said in told(message)


def test_each_certificate_has_a_line() -> None:
    assert lines_of("A covers; B ended on 2024-12-31") == (
        "A covers",
        "B ended on 31 December 2024",
    )


def test_code_in_a_call_s_text_is_code_and_a_path_breaks_at_slashes() -> None:
    assert coded("Ask `a<b` & `c`") == "Ask <code>a&lt;b</code> &amp; <code>c</code>"
    assert coded("one ` alone") == "one ` alone"
    assert breakable("/v1/<x>") == "/<wbr>v1/<wbr>&lt;x&gt;"


def test_the_list_of_calls_shows_no_backtick(issued: Caller) -> None:
    assert "`" not in Page(issued.get("/api", accept="text/html").body.decode()).text


@pytest.mark.parametrize("path", ["", "/"])
def test_a_link_without_serial_is_told_what_it_lacks(issued: Caller, path: str) -> None:
    answer = issued.get(f"/01/{GTIN}{path}", accept="text/html")
    text = Page(answer.body.decode()).text
    assert answer.status == 404
    assert "the serial is missing (/21/\N{HORIZONTAL ELLIPSIS})" in text
    assert "/01/09520123456788/21/BP-0001" in text
    assert "openapi" not in text


def test_an_address_with_nothing_helps_persons_and_programs_each_in_their_way(
    issued: Caller,
) -> None:
    person = issued.get("/nowhere", accept="text/html").body.decode()
    assert "openapi" not in person
    assert "Check the address." in person
    program = issued.get("/nowhere", accept="application/json").json()
    assert program["findings"][0]["remedy"] == "The calls are listed at /openapi.json."


@pytest.mark.parametrize(
    ("path", "to"),
    [("/docs", "/api"), ("/redoc", "/api"), ("/openapi/v1.json", "/openapi.json")],
)
def test_the_usual_addresses_of_a_description_lead_to_it(
    issued: Caller, path: str, to: str
) -> None:
    answer = issued.get(path, accept="text/html")
    assert (answer.status, answer.headers["location"]) == (307, to)
