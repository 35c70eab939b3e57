"""The pages in a real browser, Debian's Chromium: rendered, within their policies, asking no other host."""

import json
import re
import zipfile
from collections.abc import Iterator
from contextlib import closing
from dataclasses import dataclass, field
from datetime import timedelta
from io import BytesIO
from pathlib import Path
from typing import Any, Final

import pytest
from playwright.sync_api import (
    Browser,
    BrowserContext,
    FilePayload,
    Page,
    expect,
    sync_playwright,
)

from api.pages.offline import offline_page
from api.serving import free_port, serving_in_background
from api.verifying_alone import verify_offline
from passports import data_carrier
from signing.evidence import Evidence
from signing.report import VerificationReport
from signing.seal import to_text
from signing.seal_report import examine_seal
from signing.trust import TrustList
from tests.api.caller import Caller
from tests.api.tampered_bundles import LATER, TAMPERED, exported, judged, rewritten
from tests.passports.test_page_receipts import FORMS, ISSUERS, changed
from tests.signing.test_certificate_chain import anchor, sealed
from tests.signing.test_seal import DATA as SEALED
from tests.signing.world import AT, ROOT_KEY, entry, trust_list
from tests.worlds import FACILITY, GTIN, MAKER, World

CHROMIUM: Final = Path("/usr/bin/chromium")
FLAGS: Final = ["--disable-gpu", "--disable-quic", "--no-first-run"]
FLAGS_OF_SILENCE: Final = [
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
]
LINK: Final = f"https://id.example.com/01/{GTIN}/21/SN-1"
WIDTHS: Final = (390, 1280)

pytestmark = pytest.mark.skipif(not CHROMIUM.exists(), reason="Debian's Chromium is not installed")


@pytest.fixture(scope="module")
def browser(issued: Caller) -> Iterator[Browser]:
    """A browser for the tests of this file.

    While it runs no event loop can run in this process, so `issued`, which needs one, comes first.
    """
    with sync_playwright() as playwright:
        launched = playwright.chromium.launch(
            executable_path=CHROMIUM, args=[*FLAGS, *FLAGS_OF_SILENCE]
        )
        yield launched
        launched.close()


@pytest.fixture(scope="module")
def server(browser: Browser, issued: Caller) -> Iterator[str]:
    """A live server with passports; its address."""
    with serving_in_background(issued.voltpass, "127.0.0.1", free_port()) as address:
        yield address


@dataclass
class Visit:
    """A page that is watched while it is used."""

    page: Page
    requests: list[str] = field(default_factory=list)
    complaints: list[str] = field(default_factory=list)

    def violations(self) -> list[str]:
        """Return what the page's content security policy refused."""
        found: list[str] = self.page.evaluate("window.violations")
        return found


@pytest.fixture(scope="module")
def opened(browser: Browser) -> Iterator[Visit]:
    """A window: to open one takes longer than most of what is looked at in it."""
    with closing(browser.new_context()) as context:
        yield visit(context)


@pytest.fixture
def window(opened: Visit) -> Visit:
    """That window, with nothing seen yet."""
    opened.page.set_viewport_size({"width": 1280, "height": 900})
    opened.page.emulate_media(media="screen")
    opened.requests.clear()
    opened.complaints.clear()
    return opened


_WATCH: Final = """
window.violations = [];
document.addEventListener("securitypolicyviolation",
  event => window.violations.push(`${event.violatedDirective} ${event.blockedURI}`));
"""


def visit(context: BrowserContext) -> Visit:
    """Open a page and listen to its console, its faults and its requests."""
    context.add_init_script(_WATCH)
    made = Visit(context.new_page())
    made.page.set_default_timeout(20_000)
    made.page.on("request", lambda request: made.requests.append(request.url))
    made.page.on("console", lambda message: made.complaints.append(message.text))
    made.page.on("pageerror", lambda error: made.complaints.append(str(error)))
    return made


def assert_clean(visited: Visit, address: str) -> None:
    """Assert that a page is silent, obeys its policy, asks nobody else and fits its window."""
    assert visited.complaints == []
    assert visited.violations() == []
    assert [url for url in visited.requests if not url.startswith((f"{address}/", "data:"))] == []
    visited.page.evaluate("scrollTo(0, 0)")  # a long form is scrolled by who uses it
    for width in WIDTHS:
        visited.page.set_viewport_size({"width": width, "height": 900})
        assert visited.page.evaluate("document.documentElement.scrollWidth") <= width
        expect(visited.page.locator("h1")).to_be_in_viewport()


PATHS: Final = {
    "/": "Battery passports anybody can check",
    f"/01/{GTIN}/21/SN-1": "LFP",
    f"/facilities/{MAKER}/{FACILITY}": "",
    "/compare": "Compare",
    "/verify": "Verify a battery passport",
    "/verify-offline": "Check a battery passport",
}


def test_every_page_renders_within_its_policy_and_asks_no_other_host(
    window: Visit, server: str
) -> None:
    for path, heading in PATHS.items():
        answer = window.page.goto(server + path)
        assert answer is not None
        assert answer.ok, path
        expect(window.page.locator("h1")).to_contain_text(heading)
        assert_clean(window, server)


def test_columns_of_checks_begin_at_the_same_height(window: Visit, server: str) -> None:
    window.page.goto(f"{server}/01/{GTIN}/21/SN-1")
    boxes = [item.bounding_box() for item in window.page.locator(".group-passed li").all()]
    tops: dict[float, float] = {}
    for box in boxes:
        assert box is not None
        tops[box["x"]] = min(box["y"], tops.get(box["x"], box["y"]))
    assert len(tops) > 1
    assert len(set(tops.values())) == 1


def test_a_link_that_leads_nowhere_is_answered_by_a_page_too(window: Visit, server: str) -> None:
    answer = window.page.goto(f"{server}/01/{GTIN}/21/UNKNOWN")
    assert answer is not None
    assert answer.status == 404
    # Chromium itself notes such an answer in its console.
    window.complaints = [text for text in window.complaints if "404" not in text]
    assert_clean(window, server)


def test_a_photo_of_a_label_is_verified_by_the_form(window: Visit, server: str) -> None:
    window.page.goto(f"{server}/verify")
    photo = upload("label.png", data_carrier.draw(LINK, "png"))
    window.page.set_input_files("#verify-file", [photo])
    window.page.get_by_role("button", name="Verify").click()
    expect(window.page.locator("h1")).to_have_text("Verification")
    expect(window.page.locator("main")).to_contain_text(LINK)
    assert_clean(window, server)


def test_the_bundle_of_a_passport_is_verified_by_the_served_page_without_a_network(
    browser: Browser, server: str, issued: Caller, tmp_path: Path
) -> None:
    with closing(browser.new_context()) as context:
        visited = visit(context)
        page = visited.page
        page.goto(f"{server}/01/{GTIN}/21/SN-1")
        with page.expect_download() as download:
            page.get_by_role("link", name="Bundle to verify offline").click()
        bundle = tmp_path / "bundle.zip"
        download.value.save_as(bundle)
        page.get_by_role("link", name="a page that computes in your browser").click()
        expect(page.locator("h1")).to_have_text("Check a battery passport")
        context.set_offline(True)
        asked = len(visited.requests)
        shown = check(page, bundle.read_bytes(), issued.voltpass.root_key.public_jwk)
        assert shown.verdict in {"valid", "valid_with_warnings"}, shown
        assert shown.steps["signature"] == ("passed", "signature_valid")
        assert visited.requests[asked:] == []
        assert_clean(visited, server)


def test_the_served_page_runs_no_script_but_its_own(window: Visit, server: str) -> None:
    window.page.goto(f"{server}/static/verify.html")
    assert window.page.url == f"{server}/verify-offline"
    window.page.get_by_role("button", name="Check").click()
    expect(window.page.locator("#result")).to_have_text("Load or paste a passport first.")
    assert_clean(window, server)
    window.page.evaluate(
        """() => {
          const script = document.createElement("script");
          script.textContent = "window.ran = true";
          document.head.append(script);
        }"""
    )
    assert window.page.evaluate("window.ran === undefined")
    assert window.violations() == ["script-src-elem inline"]


def upload(name: str, data: bytes) -> FilePayload:
    """A file that somebody chooses; pages look at its bytes, not at its type."""
    return FilePayload(name=name, mimeType="application/octet-stream", buffer=data)


@dataclass(frozen=True)
class Shown:
    """What the page that verifies shows of one passport, or what it refuses to read."""

    verdict: str
    steps: dict[str, tuple[str, str]]


def check(page: Page, bundle: bytes, root: Any) -> Shown:
    """Load a bundle, name the root key, press the button, read the table."""
    page.set_input_files("#files", [upload("bundle.zip", bundle)])
    page.locator("#loaded", has_text="Loaded:").wait_for()  # looks at each frame; `expect` pauses
    page.fill("#root", json.dumps(dict(root)))
    page.get_by_role("button", name="Check").click()
    page.locator(".verdict").first.wait_for()
    return shown_in(page)


def shown_in(page: Page) -> Shown:
    """Read the first verdict and its table."""
    banner = page.locator(".verdict").first
    rows = page.locator("#result table").first.locator("tbody tr")
    cells = rows.evaluate_all("rows => rows.map(r => [...r.cells].map(cell => cell.textContent))")
    steps = {
        step.replace(" ", "_"): (outcome.replace(" ", "_"), code)
        for _, step, outcome, _, code in cells
    }
    return Shown((banner.get_attribute("class") or "").removeprefix("verdict "), steps)


@pytest.fixture(scope="module")
def kept(browser: Browser, tmp_path_factory: pytest.TempPathFactory) -> Iterator[tuple[Visit, str]]:
    """A window without a network for a copy of the page, and the address of that file."""
    file = tmp_path_factory.mktemp("kept") / "verify.html"
    file.write_bytes(offline_page().content)
    with closing(browser.new_context(offline=True)) as context:
        yield visit(context), file.as_uri()


@pytest.fixture
def copy(kept: tuple[Visit, str]) -> Iterator[Visit]:
    """A copy of the page, just opened from a file without a network, an hour after the issue."""
    visited, address = kept
    visited.requests.clear()
    visited.complaints.clear()
    visited.page.clock.set_fixed_time(LATER)
    visited.page.goto(address)
    yield visited
    assert visited.complaints == []
    assert visited.violations() == []
    assert [url for url in visited.requests if not url.startswith("file:")] == []


# What Python does with the engine, and the page says that it does not.
NOT_DONE_BY_THE_PAGE: Final = {"study_fits": ("not_checked", "study_not_recomputed")}


def told_by(report: VerificationReport) -> list[tuple[str, str]]:
    return [(step.outcome, step.reason_code) for step in report.steps]


def assert_alike(
    shown: Shown, report: VerificationReport, *, with_inventories: bool = True
) -> None:
    """Assert that the page says of each step that it makes what Python says."""
    assert list(shown.steps) == [step.step for step in report.steps]
    found = [shown.steps[step.step] for step in report.steps]
    expected = [
        NOT_DONE_BY_THE_PAGE.get(s.reason_code, (s.outcome, s.reason_code)) for s in report.steps
    ]
    # Without the inventories, nothing is there to be recomputed, and both say the same.
    assert found == (expected if with_inventories else told_by(report))


def test_a_file_copy_verifies_a_bundle_step_by_step_as_python_does(
    copy: Visit, sqlite_world: World
) -> None:
    bundle = exported(sqlite_world)
    report = judged(sqlite_world, bundle)
    assert report.failed_step is None
    shown = check(copy.page, bundle, ROOT_KEY.public_jwk)
    assert_alike(shown, report)
    assert shown.verdict == report.verdict == "valid_with_warnings"
    assert [step.step for step in report.steps if step.outcome == "warning"] == [
        "factory_certificate"  # a paper that nobody signed
    ]


def test_a_file_copy_refuses_a_tampered_bundle_at_the_same_step_as_python(
    copy: Visit, sqlite_world: World
) -> None:
    whole = exported(sqlite_world)
    failed = []
    for change in TAMPERED:
        bundle = rewritten(whole, change)
        assert bundle != whole
        report = judged(sqlite_world, bundle)
        copy.page.reload()
        shown = check(copy.page, bundle, ROOT_KEY.public_jwk)
        assert_alike(shown, report)
        failed.append(report.failed_step.step if report.failed_step else None)
    assert failed == ["signature", "status", "log_inclusion", None]


def test_a_file_copy_refuses_a_member_that_is_not_what_the_manifest_says(
    copy: Visit, sqlite_world: World
) -> None:
    buffer = BytesIO()
    with (
        zipfile.ZipFile(BytesIO(exported(sqlite_world))) as whole,
        zipfile.ZipFile(buffer, "w") as changed,
    ):
        for name in whole.namelist():
            spoilt = b" " if name.startswith("credential/") else b""
            changed.writestr(name, whole.read(name) + spoilt)
    copy.page.set_input_files("#files", [upload("bundle.zip", buffer.getvalue())])
    expect(copy.page.locator("#result")).to_contain_text("not what the manifest says")


def pasted(page: Page, text: str) -> Shown:
    """Paste a passport or a seal, press the button by the keyboard, read the table."""
    page.get_by_label("Or paste a passport").fill(text)
    page.get_by_role("button", name="Check").press("Enter")
    page.locator(".verdict").wait_for()
    return shown_in(page)


def test_a_file_copy_checks_what_is_pasted_under_a_trust_list_that_was_dropped(copy: Visit) -> None:
    copy.page.clock.set_fixed_time(AT)
    trusted = TrustList(AT, AT + timedelta(days=9), (entry(anchors=(anchor(),), keys=()),))
    dropped = {"name": "list.jwt", "data": trusted.sign(ROOT_KEY).decode()}
    transfer = copy.page.evaluate_handle(
        """file => {
          const transfer = new DataTransfer();
          transfer.items.add(new File([file.data], file.name));
          return transfer;
        }""",
        dropped,
    )
    copy.page.dispatch_event("#drop", "drop", {"dataTransfer": transfer})
    expect(copy.page.get_by_role("status").first).to_contain_text("a trust list")
    copy.page.fill("#root", json.dumps(dict(ROOT_KEY.public_jwk)))
    expect(copy.page.locator("#trust")).to_contain_text(f"fingerprint {ROOT_KEY.kid}")
    chained = pasted(copy.page, sealed().decode())
    assert chained.steps["issuer_trusted"] == ("passed", "issuer_trusted")
    assert chained.steps["signature"] == ("passed", "signature_valid")
    unchained = pasted(copy.page, sealed(()).decode())
    assert unchained.steps["issuer_found"] == ("not_checked", "did_document_missing")
    assert unchained.steps["issuer_trusted"] == ("failed", "key_not_trusted")


def test_a_file_copy_checks_the_seal_of_a_label(copy: Visit) -> None:
    copy.page.clock.set_fixed_time(AT)
    listed = upload("list.jwt", trust_list().sign(ROOT_KEY))
    copy.page.set_input_files("#files", [listed])
    copy.page.fill("#root", json.dumps(dict(ROOT_KEY.public_jwk)))
    shown = pasted(copy.page, to_text(SEALED))
    report = examine_seal(
        to_text(SEALED), Evidence(trust_list=trust_list()), at=AT, domain_checks={}
    )
    looked_at = ("parse", "format", "algorithm", "issuer_found", "issuer_trusted", "signature")
    for step in (*looked_at, "validity", "status"):
        found = report.step(step)
        assert shown.steps[step] == (found.outcome, found.reason_code)
    assert shown.steps["status"] == ("warning", "seal_without_status")


@pytest.mark.parametrize("form", ["JSON form", "print", "alone", "a verdict changed"])
def test_a_file_copy_checks_the_receipt_of_a_shipment(copy: Visit, form: str) -> None:
    copy.page.clock.set_fixed_time(AT)
    listed = upload("list.jwt", ISSUERS.sign(ROOT_KEY))
    copy.page.set_input_files("#files", [listed])
    data = changed("rows/2/verdict", "valid") if form == "a verdict changed" else FORMS[form]
    shown = check(copy.page, data, ROOT_KEY.public_jwk)
    (report,) = verify_offline(data, ISSUERS, AT)
    assert (shown.verdict, list(shown.steps.values())) == (report.verdict, told_by(report))
    expect(copy.page.locator(".verdict")).to_contain_text("3 rows: 1 distinct link, 1 that repeat")


def test_everything_on_the_page_has_a_name_and_is_reached_by_the_keyboard(copy: Visit) -> None:
    page = copy.page
    reached = []
    for _ in range(12):
        page.keyboard.press("Tab")
        reached.append(page.evaluate("document.activeElement.id || document.activeElement.tagName"))
    wanted = ["SUMMARY", "files", "credential", "link", "root", "SUMMARY", "check"]
    assert [item for item in reached if item in wanted][: len(wanted)] == wanted
    for label in ("A bundle, a passport, or a trust list", "The link that you scanned"):
        expect(page.get_by_label(label)).to_be_visible()
    expect(page.get_by_role("region", name="Result")).to_have_attribute("aria-live", "polite")
    unnamed = page.locator("input, textarea, button").evaluate_all(
        "all => all.filter(e => !(e.labels?.length || e.textContent.trim())).length"
    )
    assert unnamed == 0


def test_the_page_that_verifies_leads_back_where_it_was_served_and_only_there(
    browser: Browser, server: str, tmp_path: Path
) -> None:
    kept = tmp_path / "kept.html"
    kept.write_bytes(offline_page().content)
    with closing(browser.new_context()) as context:
        page = context.new_page()
        page.goto(f"{server}/verify-offline")
        expect(page.locator("#back")).to_be_visible()
        page.goto(kept.as_uri())
        expect(page.locator("#back")).to_be_hidden()


def test_a_printed_passport_begins_with_its_checks_on_few_sheets(
    window: Visit, server: str
) -> None:
    window.page.goto(f"{server}/01/{GTIN}/21/SN-1")
    window.page.emulate_media(media="print")
    expect(window.page.locator(".steps li p").first).to_be_hidden()
    assert window.page.locator(".steps > ol").bounding_box()["height"] < 300  # type: ignore[index] # it is drawn
    sheets = re.findall(rb"/Type /Page\b", window.page.pdf(format="A4"))
    assert 1 <= len(sheets) <= 7
