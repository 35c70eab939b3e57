"""The language of a page: asked by address or header, said in headers, kept by links, cached apart."""

import re
from datetime import UTC, date, datetime
from typing import Any, Final

import pytest
from hypothesis import given
from hypothesis import strategies as st

from api.pages import figures, render
from api.pages.languages import Conversation, by_tag, languages, negotiate, speaking
from api.pages.plain_words import told
from tests.api.caller import Answer, Caller
from tests.api.page_reader import LINK, QR, Page, payload, verification
from tests.api.page_words import SaidWords
from tests.worlds import FACILITY, GTIN, MAKER

PASSPORT: Final = f"/01/{GTIN}/21/SN-1"
PAGES: Final = ("/", "/verify", "/compare", PASSPORT, f"/facilities/{MAKER}/{FACILITY}", "/nowhere")


def ask(caller: Caller, target: str, accepted: str | None = None, **headers: str) -> Answer:
    """Ask for a page as a browser does."""
    if accepted is not None:
        headers["accept-language"] = accepted
    return caller.send("GET", target, {"accept": "text/html", **headers})


@pytest.mark.parametrize(
    ("header", "code"),
    [
        ("", "en"),
        ("de", "de"),
        ("de-AT", "de"),
        ("DE-at", "de"),
        ("zh-Hans-CN", "zh"),
        ("zh-TW, en;q=0.1", "zh"),
        ("fr-CH, fr;q=0.9, en;q=0.8, de;q=0.7, *;q=0.5", "fr"),
        ("en;q=0.3, de;q=0.8, fr;q=0.8", "de"),
        ("de;q=0, fr;q=0.001", "fr"),
        ("sv, da", "en"),
        ("sv, de;q=0.2", "de"),
        ("*", "en"),
        ("en;q=0, *", "de"),
        ("*;q=0", "en"),
        ("de;q=0", "en"),
        ("de;q=1.5", "en"),
        ("de;q=nan", "en"),
        ("de;level=1", "en"),
        ("de ; q=0.5 , fr;q=0.4", "de"),
        ("de;q=0.5;q=1, fr;q=0.1", "fr"),
        (",,;q=1,-,de-", "de"),
    ],
)
def test_accept_language_is_weighed_as_rfc_9110_says(header: str, code: str) -> None:
    assert negotiate(header).code == code


@given(st.text(max_size=60))
def test_any_header_gives_a_language(header: str) -> None:
    assert negotiate(header).code in languages()


@given(
    st.dictionaries(
        st.sampled_from(["en", "de", "fr", "zh", "sv"]), st.integers(0, 1000), min_size=1
    )
)
def test_no_language_is_chosen_over_one_that_is_liked_better(weights: dict[str, int]) -> None:
    header = ", ".join(f"{code};q={weight / 1000:.3f}" for code, weight in weights.items())
    ours = {code: weight for code, weight in weights.items() if code in languages()}
    best = negotiate(header).code
    if max(ours.values(), default=0) > 0:
        assert ours[best] == max(ours.values())
    else:
        assert best == "en"


@pytest.mark.parametrize("tag", ["", "-", "xx", "en_GB", "d", "de--", "../de"])
def test_a_tag_that_is_none_of_ours_is_nobodys(tag: str) -> None:
    found = by_tag(tag)
    assert found is None or found.code == "de"


@pytest.mark.parametrize("path", PAGES)
@pytest.mark.parametrize(("code", "tag"), [("en", "en-GB"), ("de", "de"), ("zh", "zh-Hans")])
def test_a_page_names_its_language_and_what_it_was_chosen_by(
    issued: Caller, path: str, code: str, tag: str
) -> None:
    for answer in (ask(issued, f"{path}?lang={code}", "fr"), ask(issued, path, code)):
        assert Page(answer.body.decode()).all("html") == [{"lang": tag}]
        assert answer.headers["content-language"] == tag
        assert "Accept-Language" in answer.headers["vary"].split(", ")


def test_an_address_goes_before_the_browser_and_an_unknown_language_after_it(
    issued: Caller,
) -> None:
    assert ask(issued, "/?lang=fr", "de").headers["content-language"] == "fr"
    assert ask(issued, "/?lang=xx", "de").headers["content-language"] == "de"
    assert ask(issued, "/?lang=", "de").headers["content-language"] == "de"
    assert ask(issued, "/?lang=de-CH&lang=fr").headers["content-language"] == "de"


def test_what_machines_read_is_the_same_in_every_language(issued: Caller) -> None:
    for accept in ("application/vc+jwt", "application/json"):
        one = issued.send("GET", PASSPORT, {"accept": accept})
        other = issued.send(
            "GET", f"{PASSPORT}?lang=de", {"accept": accept, "accept-language": "fr"}
        )
        assert one.body == other.body
        assert one.headers["etag"] == other.headers["etag"]
        assert other.headers["vary"] == "Accept"
        assert "content-language" not in other.headers


def test_a_copy_in_one_language_never_stands_for_another(issued: Caller) -> None:
    signed = issued.send("GET", PASSPORT, {"accept": "application/vc+jwt"})
    for code in languages():
        for tag in (signed.headers["etag"], "*"):
            answer = ask(issued, PASSPORT, code, **{"if-none-match": tag})
            assert answer.status == 200
            assert answer.headers["content-language"] == languages()[code].tag
            assert answer.headers["vary"] == "Accept, Accept-Language"
            # Its verdict is of this minute, so a cache asks each time.
            assert answer.headers["cache-control"] == "no-cache"
            assert "etag" not in answer.headers


def hrefs(html: str) -> list[str]:
    """Return where a page's links and forms lead."""
    page = Page(html)
    # A form that asks takes its fields along and leaves the rest of its address behind.
    posted = [a["action"] for a in page.all("form") if a["method"] == "post"]
    found = [a["href"] for a in page.all("a")] + posted
    return [href for href in found if href.startswith("/")]


# In English, for whoever they are read by: data, the page that verifies, the list of calls as data.
NO_PAGE: Final = re.compile(r"/v1/|/openapi|/verify-offline|.*/(passport\.jwt|bundle\.zip)")


@pytest.mark.parametrize("path", PAGES)
def test_links_keep_a_language_that_was_chosen_and_add_nothing_otherwise(
    issued: Caller, path: str
) -> None:
    chosen = hrefs(ask(issued, f"{path}?lang=de").body.decode())
    plain = hrefs(ask(issued, path, "de").body.decode())
    assert len(chosen) == len(plain) > 3
    for with_it, without in zip(chosen, plain, strict=True):
        assert "lang=" not in without
        if NO_PAGE.match(without):
            assert with_it == without
        else:
            assert with_it == f"{without}{'&' if '?' in without else '?'}lang=de"


def test_a_form_that_asks_keeps_the_language_too(issued: Caller) -> None:
    fields = Page(ask(issued, "/compare?lang=de").body.decode()).all("input")
    assert {"type": "hidden", "name": "lang", "id": "filter-lang", "value": "de"} in fields
    assert "filter-lang" not in ask(issued, "/compare", "de").body.decode()


@pytest.mark.parametrize("path", PAGES)
def test_the_switch_is_made_of_links_and_names_each_language_in_itself(
    issued: Caller, path: str
) -> None:
    html = ask(issued, f"{path}?link=a%26b&lang=fr").body.decode()
    links = [a for a in Page(html).all("a") if "hreflang" in a]
    assert [a["lang"] for a in links] == [language.tag for language in languages().values()]
    assert [a["lang"] for a in links if "aria-current" in a] == ["fr"]
    assert [a["href"] for a in links] == [f"?link=a%26b&lang={code}" for code in languages()]
    for name in ("English", "Deutsch", "Español", "Français", "Italiano", "中文"):
        assert f">{name}</a>" in html
    assert "set-cookie" not in ask(issued, path, "de").headers
    assert "<script" not in html


@pytest.mark.parametrize("path", ["/api", "/sign-in"])
def test_pages_for_programmers_and_operators_are_english_and_say_so(
    issued: Caller, path: str
) -> None:
    answer = ask(issued, f"{path}?lang=de", "de")
    assert answer.headers["content-language"] == "en-GB"
    assert Page(answer.body.decode()).all("html") == [{"lang": "en-GB"}]
    assert 'href="/verify?lang=de"' in answer.body.decode()
    assert "hreflang" not in answer.body.decode()


def test_the_outcome_of_a_verification_can_be_had_in_another_language(issued: Caller) -> None:
    body = b"link=https%3A%2F%2Fid.example.com%2F01%2F1%2F21%2F2"
    form = {"content-type": "application/x-www-form-urlencoded", "accept": "text/html"}
    answer = issued.send("POST", "/verify?lang=de", form, body)
    assert answer.headers["content-language"] == "de"
    assert "Batteriepass prüfen" in answer.body.decode()


@pytest.mark.parametrize("code", ["de", "es", "fr", "it", "zh"])
def test_what_was_signed_is_not_translated(issued: Caller, code: str) -> None:
    passport = issued.get(PASSPORT, accept="application/json").json()["credential"]
    subject = passport["credentialSubject"]
    text = SaidWords(ask(issued, PASSPORT, code).body.decode()).text
    for stated in (
        subject["model"]["name"],
        subject["manufacturer"]["name"],
        subject["manufacturingFacility"]["name"],
        subject["carbonFootprint"][0]["functionalUnit"],
    ):
        assert stated in text


@pytest.mark.parametrize("code", ["de", "es", "fr", "it", "zh"])
def test_messages_of_checks_are_quoted_in_english_behind_their_explanation(code: str) -> None:
    with speaking(code):
        html = render.passport_page(
            payload(), verification(version="warning"), qr_svg=QR, link=LINK, checked_online=True
        )
    page = SaidWords(html)
    assert any("On version" in text for text in page.foreign)
    assert "On version" not in page.text


@pytest.mark.parametrize(
    ("code", "figure", "plain", "share", "day", "instant"),
    [
        ("en", "1,234.5", "0.126", "4.5 %", "5 March 2026", "5 March 2026, 07:08 UTC"),
        ("de", "1\u202f234,5", "0,126", "4,5 %", "5. März 2026", "5. März 2026, 07:08 UTC"),
        ("fr", "1\u202f234,5", "0,126", "4,5 %", "5 mars 2026", "5 mars 2026, 07:08 UTC"),
        (
            "es",
            "1\u202f234,5",
            "0,126",
            "4,5 %",
            "5 de marzo de 2026",
            "5 de marzo de 2026, 07:08 UTC",
        ),
        ("it", "1\u202f234,5", "0,126", "4,5 %", "5 marzo 2026", "5 marzo 2026, 07:08 UTC"),
        ("zh", "1,234.5", "0.126", "4.5 %", "2026年3月5日", "2026年3月5日, 07:08 UTC"),
    ],
)
def test_numbers_and_days_cannot_be_misread(
    code: str, figure: str, plain: str, share: str, day: str, instant: str
) -> None:
    with speaking(code):
        assert figures.figure(1234.5, 5) == figure
        assert figures.plain(0.126) == plain
        assert figures.percent(0.045) == share
        assert figures.day(date(2026, 3, 5)) == figures.day("2026-03-05T01:02:03Z") == day
        assert figures.instant(datetime(2026, 3, 5, 7, 8, tzinfo=UTC)) == instant
        assert told("of 2026-03-05") == "of 5 March 2026"


@given(st.floats(-1e14, 1e14), st.sampled_from(["de", "fr"]))
def test_a_number_with_a_comma_has_no_full_stop(value: float, code: str) -> None:
    english = figures.plain(value)
    with speaking(code):
        written = figures.plain(value)
    assert "." not in written
    assert written.count(",") == english.count(".")
    assert written.replace(",", ".").replace("\u202f", ",") == english


def test_a_conversation_is_over_when_its_answer_was_given(issued: Caller) -> None:
    ask(issued, "/?lang=de")
    assert figures.day(date(2026, 3, 5)) == "5 March 2026"
    assert ask(issued, "/").headers["content-language"] == "en-GB"


@given(st.text(max_size=40), st.text(max_size=40))
def test_any_address_has_a_switch_that_leads_within_the_page(path: str, query: str) -> None:
    asked = Conversation(path, query)
    for language, href in asked.switch():
        assert href.startswith("?")
        again: Any = Conversation(path, href[1:])
        assert again.chosen == language


def test_hostile_values_within_a_sentence_stay_text() -> None:
    said = payload(serialNumber="<b>\u202eX</b>")
    for code in languages():
        with speaking(code):
            html = render.passport_page(
                said, verification(), qr_svg=QR, link=LINK, checked_online=True
            )
        assert "&lt;b&gt;[U+202E]X&lt;/b&gt;" in html
        assert "\u202e" not in html
