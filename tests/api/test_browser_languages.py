"""Every public page in every language in a real browser: it fits a phone and a desk, and the switch works."""

from collections.abc import Iterator
from contextlib import closing
from typing import Final

import pytest
from playwright.sync_api import Browser, Page, expect, sync_playwright

from api.pages.languages import languages
from api.serving import free_port, serving_in_background
from tests.api.caller import Caller
from tests.api.test_browser import CHROMIUM, FLAGS, FLAGS_OF_SILENCE, WIDTHS, assert_clean, visit
from tests.worlds import FACILITY, GTIN, MAKER

pytestmark = pytest.mark.skipif(not CHROMIUM.exists(), reason="Debian's Chromium is not installed")

PASSPORT: Final = f"/01/{GTIN}/21/SN-1"
PATHS: Final = (
    "/",
    "/verify",
    "/compare",
    PASSPORT,
    f"/facilities/{MAKER}/{FACILITY}",
)
# An element whose text runs out of it, or over its neighbour: what long German words would do.
_OVERRUNS: Final = """
() => [...document.querySelectorAll("main *")]
  .filter(e => e.clientWidth > 0 && getComputedStyle(e).display !== "inline")
  .filter(e => !e.closest(".scroll, pre, svg, select, thead, .plot-card"))
  .filter(e => e.scrollWidth > e.clientWidth + 1)
  .map(e => `${e.tagName}.${e.className}: ${e.textContent.trim().slice(0, 60)}`)
"""


@pytest.fixture(scope="module")
def languages_browser(issued: Caller) -> Iterator[tuple[Browser, str]]:
    """A browser and a live server with passports."""
    with sync_playwright() as playwright:
        launched = playwright.chromium.launch(
            executable_path=CHROMIUM, args=[*FLAGS, *FLAGS_OF_SILENCE]
        )
        with serving_in_background(issued.voltpass, "127.0.0.1", free_port()) as address:
            yield launched, address
        launched.close()


CODES: Final = [code for code in languages() if code != "en"]
# German has the longest words, and every language is on the page that says most.
OFTEN: Final = [("de", PATHS), *((code, (PASSPORT,)) for code in CODES if code != "de")]
EACH: Final = [pytest.param(code, PATHS, marks=pytest.mark.soak) for code in CODES if code != "de"]


@pytest.mark.parametrize(("code", "paths"), [*OFTEN, *EACH])
def test_pages_of_a_language_fit_their_windows(
    languages_browser: tuple[Browser, str], code: str, paths: tuple[str, ...]
) -> None:
    browser, server = languages_browser
    with closing(browser.new_context(locale=code)) as context:
        visited = visit(context)
        for path in paths:
            answer = visited.page.goto(server + path)
            assert answer is not None
            assert answer.ok, path
            tag = languages()[code].tag
            assert visited.page.locator("html").get_attribute("lang") == tag
            assert_clean(visited, server)
            for width in WIDTHS:
                visited.page.set_viewport_size({"width": width, "height": 900})
                assert visited.page.evaluate(_OVERRUNS) == [], (path, width)


def test_the_switch_changes_the_language_and_the_next_page_keeps_it(
    languages_browser: tuple[Browser, str],
) -> None:
    browser, server = languages_browser
    with closing(browser.new_context(java_script_enabled=False)) as context:
        page: Page = context.new_page()
        page.goto(f"{server}/01/{GTIN}/21/SN-1")
        page.get_by_role("link", name="Deutsch").click()
        expect(page.locator(".eyebrow").first).to_contain_text("Batteriepass")
        page.get_by_role("link", name="Prüfen", exact=True).click()
        expect(page.locator("h1")).to_have_text("Batteriepass prüfen")
        page.get_by_role("button", name="Prüfen").click()
        expect(page.locator("html")).to_have_attribute("lang", "de")
        page.get_by_role("link", name="English").click()
        expect(page.locator("h1")).to_have_text("Verify a battery passport")
        assert context.cookies() == []
