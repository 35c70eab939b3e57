"""Pages for people: what they say, that nothing foreign gets in or is loaded, and that all can read them."""

import asyncio
import re
from collections.abc import Mapping
from datetime import UTC, date, datetime
from html.parser import HTMLParser
from typing import Any, Final, get_args

import httpx
import pytest
from fastapi import FastAPI
from hypothesis import given
from hypothesis import strategies as st

from api.app import create_app
from api.pages import figures, render, words
from api.pages.footprint_card import card_of_claims
from api.settings import Settings
from api.wiring import Voltpass
from lca.emission_factors import Boundary
from lca.rulesets import LifeCycleStage
from passports import data_carrier
from passports.certificates import Outcome as CertificateOutcome
from passports.certificates import certificates_of, check_certificate
from passports.factories import EnergyCarrier, SupplyArrangement
from passports.identifiers import UniqueProductIdentifier
from passports.models import BatteryCategory
from passports.resolve import find_passport
from signing import report
from tests.worlds import ADDRESS, FACILITY, GTIN, MAKER, NOW, World

SERIAL: Final = "SN-1"
LINK: Final = f"https://id.example.com/01/{GTIN}/21/{SERIAL}"
QR: Final = data_carrier.draw(LINK, "svg").decode()
HTML: Final = {"accept": "text/html,application/xhtml+xml;q=0.9"}

VOID: Final = frozenset("area base br col embed hr img input link meta source track wbr".split())
LABELLED: Final = frozenset({"input", "select", "textarea"})


class Page(HTMLParser):
    """A parsed page: every element with its attributes, the open elements, and the text."""

    def __init__(self, html: str) -> None:
        super().__init__(convert_charrefs=True)
        self.elements: list[tuple[str, dict[str, str]]] = []
        self.stack: list[str] = []
        self.words: list[str] = []
        self.feed(html)
        assert self.stack == [], f"never closed: {self.stack}"

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.elements.append((tag, {name: value or "" for name, value in attrs}))
        if tag not in VOID:
            self.stack.append(tag)
        self._part(tag)

    def handle_startendtag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.elements.append((tag, {name: value or "" for name, value in attrs}))

    def handle_endtag(self, tag: str) -> None:
        assert self.stack, f"</{tag}> closes nothing"
        assert self.stack.pop() == tag
        self._part(tag)

    def _part(self, tag: str) -> None:
        # Blocks part words as they do on the screen.
        if tag in {"p", "td", "th", "dt", "dd", "li", "div", "option"}:
            self.words.append(" ")

    def handle_data(self, data: str) -> None:
        self.words.append(data)

    @property
    def text(self) -> str:
        """All text, with single spaces."""
        return " ".join("".join(self.words).split())

    def all(self, *tags: str) -> list[dict[str, str]]:
        """Return the attributes of all elements with these names."""
        return [attributes for tag, attributes in self.elements if tag in tags]


def claims_of_study(**changes: Any) -> dict[str, Any]:
    """Return a footprint as a passport states it, with changes."""
    stages = {"raw_material_acquisition": 0.09, "main_production": 0.03, "distribution": 0.006}
    whole = [{"stage": name, "kgCo2ePerKwh": value} for name, value in stages.items()]
    column = {"boundary": "direct_co2", "kgCo2ePerKwhElectricity": 0.5, "kgCo2ePerKwhCapacity": 4.2}
    return {
        "standing": "voluntary information",
        "ruleset": "da-2024",
        "legalState": "No method is binding yet (evidence to 9 October 2026).",
        "functionalUnit": "1 kWh of the total energy delivered over the service life",
        "totalEnergyKwh": 28800.0,
        "kgCo2ePerKwh": 0.126,
        "kgCo2ePerBattery": 3628.8,
        "kgCo2ePerKwhCapacity": 60.48,
        "partial": True,
        "notAssessed": ["end_of_life"],
        "stages": [*whole, {"stage": "end_of_life", "kgCo2ePerKwh": None}],
        "electricityColumns": {
            "contract_based": column | {"kgCo2ePerKwhElectricity": 0, "kgCo2ePerKwhCapacity": 0},
            "location_based": column,
            "cfb": column | {"boundary": "lca", "kgCo2ePerKwhCapacity": 4.81},
        },
        "offsetsListedT": 78540.0,
        "study": "https://id.example.com/v1/footprints/s-1",
        "studySha256": "a" * 64,
        **changes,
    }


def payload(**changes: Any) -> dict[str, Any]:
    """Return a passport's payload in its real shape, with changes to its subject."""
    operator = {"id": "maker", "name": "The maker", "country": "CN", "did": "did:web:x"}
    check = {"id": "period", "outcome": "cannot_tell", "explanation": "no period is stated"}
    subject = {
        "id": LINK,
        "type": "Battery",
        "passportVersion": 1,
        "profile": "voluntary-footprint",
        "serialNumber": SERIAL,
        "manufacturedOn": "2024-12-02",
        "batch": "b-1",
        "model": {
            "id": "lfp-60",
            "gtin": GTIN,
            "name": "LFP pack",
            "category": "ev",
            "chemistry": "LFP",
            "massKg": 419.87,
            "capacityKwh": 60.0,
            "usableEnergyKwh": 60.0,
        },
        "manufacturer": operator,
        "responsibleOperator": {"id": "importer", "name": "The importer", "country": "DE"},
        "manufacturingFacility": {
            "id": "plant",
            "name": "The plant",
            "place": "Chengdu",
            "country": "CN",
            "url": "https://id.example.com/facilities/maker/plant",
        },
        "carbonFootprint": [claims_of_study()],
        "factoryCertificates": [
            {
                "scheme": "PAS2060",
                "holder": "The plant",
                "issuer": None,
                "validFrom": None,
                "validTo": None,
                "evidence": "unsigned press_report",
                "coverage": "cannot_tell",
                "checks": [check],
                "document": "https://id.example.com/v1/certificates/c-1/document",
                "documentSha256": "b" * 64,
            }
        ],
        **changes,
    }
    return {
        "id": "urn:uuid:0b9ee0d7-6f3b-4a6a-8a0e-2f5d9a6b1c3d",
        "issuer": {"id": "did:web:id.example.com", "name": "The maker"},
        "validFrom": "2026-11-22T12:00:00Z",
        "credentialSubject": subject,
    }


def verification(**outcomes: report.Outcome) -> report.VerificationReport:
    """Return a report in which all steps passed but those named."""
    steps = tuple(
        report.step_result(step, report.Finding(outcomes.get(step, "passed"), "code", f"on {step}"))
        for step in report.STEPS
    )
    credential = None if outcomes.get("signature") == "failed" else payload()
    return report.VerificationReport(report.verdict_over(steps), steps, credential, NOW)


def passport_html(said: Mapping[str, Any], **outcomes: report.Outcome) -> str:
    """Return the page of a passport."""
    checked = verification(**outcomes)
    return render.passport_page(said, checked, qr_svg=QR, link=LINK, checked_online=True)


class Browser:
    """Asks the application as a browser does, without a network."""

    def __init__(self, app: FastAPI) -> None:
        self._app = app

    def get(self, path: str) -> httpx.Response:
        """Ask for a page."""
        return asyncio.run(self._send("GET", path))

    def post(self, path: str, **content: Any) -> httpx.Response:
        """Send a form."""
        return asyncio.run(self._send("POST", path, **content))

    async def _send(self, method: str, path: str, **content: Any) -> httpx.Response:
        transport = httpx.ASGITransport(self._app)
        base = ADDRESS.base_url
        async with httpx.AsyncClient(transport=transport, base_url=base, headers=HTML) as client:
            return await client.request(method, path, **content)


@pytest.fixture
def client(sqlite_world: World) -> Browser:
    """The application on the world, with one battery's passport issued."""
    sqlite_world.issue(SERIAL, "SN/2")
    settings = Settings(database_url=sqlite_world.store.url, public_url=ADDRESS.base_url)
    voltpass = Voltpass(settings)
    voltpass.store, voltpass.keyring = sqlite_world.store, sqlite_world.keyring
    return Browser(create_app(voltpass))


def stored_credential(world: World) -> bytes:
    """Return the signed bytes of the battery's passport."""
    return find_passport(world.store, UniqueProductIdentifier(GTIN, SERIAL)).credential


PATHS: Final = [
    "/",
    "/verify",
    "/compare",
    "/api",
    f"/01/{GTIN}/21/{SERIAL}",
    f"/01/{GTIN}/21/UNKNOWN",
    f"/facilities/{MAKER}/{FACILITY}",
    f"/facilities/{MAKER}/nowhere",
    "/compare?ruleset=jrc-2023&category=ev&country=cn",
    "/compare?country=SE",
]


@pytest.mark.parametrize("path", PATHS)
def test_a_page_can_be_read_by_all(client: Browser, path: str) -> None:
    answer = client.get(path)
    page = Page(answer.text)
    assert answer.headers["content-type"] == "text/html; charset=utf-8"
    assert page.all("html") == [{"lang": "en-GB"}]
    assert [len(page.all(tag)) for tag in ("title", "h1", "main", "header", "footer")][:3] == [
        1
    ] * 3
    assert page.all("main")[0]["id"] == "main"
    levels = [int(tag[1]) for tag, _ in page.elements if re.fullmatch(r"h[1-6]", tag)]
    assert levels[0] == 1
    assert all(after <= before + 1 for before, after in zip(levels, levels[1:], strict=False))
    ids = [attributes["id"] for _, attributes in page.elements if "id" in attributes]
    assert len(ids) == len(set(ids))
    named = {a["for"] for a in page.all("label")}
    for attributes in page.all(*LABELLED):
        assert attributes["id"] in named
    for _, attributes in page.elements:
        for reference in ("aria-labelledby", "aria-describedby"):
            assert set(attributes.get(reference, "").split()) <= set(ids)
        if attributes.get("href", "").startswith("#"):
            assert attributes["href"][1:] in ids
    assert len(page.all("caption")) == len(page.all("table"))
    assert all("scope" in attributes for attributes in page.all("th"))
    assert all(attributes["alt"] for attributes in page.all("img"))


@pytest.mark.parametrize("path", PATHS)
def test_a_page_loads_nothing_from_elsewhere_and_runs_nothing(client: Browser, path: str) -> None:
    answer = client.get(path)
    page = Page(answer.text)
    loaded = [a.get("src", a.get("href", "")) for a in page.all("link", "img", "script", "iframe")]
    assert all(url.startswith(("/static/", "data:image/svg+xml;base64,")) for url in loaded)
    assert not page.all("script", "iframe", "object", "embed", "style", "base")
    for _, attributes in page.elements:
        assert "style" not in attributes
        assert not [name for name in attributes if name.startswith("on")]
    assert "set-cookie" not in answer.headers
    assert "script-src" in answer.headers["content-security-policy"]
    assert len(answer.content) < 128 * 1024
    for url in loaded:
        if url.startswith("/"):
            assert client.get(url).headers["cache-control"].endswith("immutable")


def test_the_stylesheet_is_small_and_names_no_other_host() -> None:
    sheet = (render.STATIC_DIRECTORY / render.STYLESHEET).read_text(encoding="utf-8")
    assert len(sheet) < 32 * 1024
    assert not re.search(r"url\(|@import|https?:", sheet)


def luminance(colour: str) -> float:
    """Return the relative luminance of a colour, WCAG 2.2."""
    parts = [int(colour[i : i + 2], 16) / 255 for i in (1, 3, 5)]
    lin = [p / 12.92 if p <= 0.04045 else ((p + 0.055) / 1.055) ** 2.4 for p in parts]
    return 0.2126 * lin[0] + 0.7152 * lin[1] + 0.0722 * lin[2]


def contrast(one: str, other: str) -> float:
    """Return the contrast ratio of two colours, WCAG 2.2."""
    low, high = sorted((luminance(one), luminance(other)))
    return (high + 0.05) / (low + 0.05)


@pytest.mark.parametrize("scheme", ["light", "dark"])
def test_text_and_bars_have_the_contrast_that_en_301_549_asks_for(scheme: str) -> None:
    sheet = (render.STATIC_DIRECTORY / render.STYLESHEET).read_text(encoding="utf-8")
    blocks = re.findall(r":root \{(.*?)\}", sheet, re.DOTALL)
    colours = dict(re.findall(r"--([\w-]+): (#[0-9a-f]{6})", blocks[scheme == "dark"]))
    grounds = [colours[name] for name in ("ground", "surface", "sunken")]
    for name in ("ink", "muted", "accent"):
        assert min(contrast(colours[name], ground) for ground in grounds) >= 4.5, name
    for name in ("passed", "warning", "failed", "cannot_tell"):
        for ground in (colours["surface"], colours[f"{name}-ground"]):
            assert contrast(colours[name], ground) >= 4.5, name
            assert contrast(colours["ink"], colours[f"{name}-ground"]) >= 4.5, name
    assert contrast(colours["on-accent"], colours["accent"]) >= 4.5
    for name in ("stage-1", "stage-2", "stage-3", "stage-4", "hatch", "edge"):
        assert contrast(colours[name], colours["surface"]) >= 3, name


def test_a_passport_says_its_figure_with_unit_ruleset_legal_state_and_arithmetic() -> None:
    text = Page(passport_html(payload())).text
    assert "0.126 kg CO₂e per kWh delivered" in text
    assert "Draft delegated act on the carbon footprint of electric vehicle batteries" in text
    assert "Voluntary information Ruleset da-2024: No method is binding yet" in text
    arithmetic = (
        "3,629kg CO₂e per battery ÷ 28,800kWh delivered over the service life = 0.126kg CO₂e"
    )
    assert arithmetic in text
    assert "60.5 kg CO₂e per kWh of capacity" in text
    assert "Functional unit: 1 kWh of the total energy delivered over the service life." in text


def test_a_stage_without_a_value_is_not_assessed_and_the_total_partial() -> None:
    html = passport_html(payload())
    text = Page(html).text
    assert "Partial total. Not assessed, and so not in it: end of life and recycling." in text
    assert "End of life and recycling not assessed" in text
    assert "Total, partial" in text
    assert html.count('fill="url(#hatch)"') == 2  # in the bar and beside its name


def test_the_electricity_columns_stand_in_order_with_boundary_and_unit() -> None:
    text = Page(passport_html(payload())).text
    first, second, third = (
        text.index(name) for name in ("In the footprint", "By location", "By contract")
    )
    assert first < second < third
    assert "4.81 kg CO₂e per kWh of capacity" in text[first:second]
    assert "life cycle" in text[first:second]
    assert "4.20 kg CO₂ per kWh of capacity" in text[second:third]
    assert "direct CO₂ of generation only" in text[second:third]
    assert "They cannot be added, and cannot be compared with each other." in text


def test_offsets_are_listed_and_change_no_figure() -> None:
    listed = Page(passport_html(payload())).text
    assert "78,540 t CO₂e listed for the factory. Not subtracted" in listed
    without = claims_of_study(offsetsListedT=0)
    none_listed = Page(passport_html(payload(carbonFootprint=[without]))).text
    assert "None listed." in none_listed
    assert re.findall(r"[\d.,]+ kg CO₂e?", listed) == re.findall(r"[\d.,]+ kg CO₂e?", none_listed)


def test_a_ruleset_per_capacity_is_not_called_delivered() -> None:
    card = card_of_claims(claims_of_study(ruleset="iso-14067"), 1, {})
    assert card.per == "kWh of capacity"


def test_a_certificate_is_shown_with_its_checks_and_without_effect() -> None:
    text = Page(passport_html(payload())).text
    assert "Cannot tell whether it covers what was made" in text
    assert "Period cannot tell No period is stated" in text
    assert "No effect on the footprint" in text


def test_the_page_says_what_is_hidden_and_for_whom() -> None:
    page = Page(passport_html(payload()))
    for row in ("Point 2", "Point 3", "Point 4"):
        assert row in page.text
    assert "results of test reports no yes" in page.text
    assert "use and negative events yes no" in page.text


@pytest.mark.parametrize(
    ("outcomes", "title"),
    [
        ({}, "Valid"),
        ({"log_inclusion": "not_checked"}, "Valid"),
        ({"factory_certificate": "warning"}, "Valid, with reservations"),
        ({"status": "not_checked"}, "Cannot tell"),
        ({"signature": "failed"}, "Not valid"),
    ],
)
def test_the_verdict_is_said_with_what_was_and_was_not_checked(
    outcomes: dict[str, report.Outcome], title: str
) -> None:
    text = Page(passport_html(payload(), **outcomes)).text
    assert f"{title} " in text
    for number, step in enumerate(report.STEPS, start=1):
        outcome = words.OUTCOMES[outcomes.get(step, "passed")]
        assert f"{number} {words.STEPS[step].title} {outcome}" in text
        if outcome != "passed":
            assert f"On {step}" in text
            assert words.STEPS[step].passed not in text
        else:
            assert words.STEPS[step].passed in text


HOSTILE: Final = (
    "<script>alert(1)</script>",
    '"><img src=x onerror=alert(1)>',
    "'; onload='x",
    "{{ 7*7 }}{% raw %}",
    "safe\u202egnp.exe\u2066\x00\x1b[31m\ud800",
    "javascript:alert(1)",
    "data:text/html,<script>1</script>",
)


def poisoned(value: Any, poison: str) -> Any:
    """Return a JSON value whose every text is the poison."""
    if isinstance(value, dict):
        return {key: poisoned(item, poison) for key, item in value.items()}
    if isinstance(value, list):
        return [poisoned(item, poison) for item in value]
    return poison if isinstance(value, str) else value


def assert_harmless(html: str) -> None:
    """Assert that a page holds no script, handler, foreign scheme or invisible character."""
    page = Page(html)
    assert not page.all("script", "iframe", "style")
    assert all(attributes["src"].startswith("data:image/svg") for attributes in page.all("img"))
    for _, attributes in page.elements:
        assert not [name for name in attributes if name.startswith("on")]
        assert not attributes.get("href", "").startswith(("javascript:", "data:"))
    assert not re.search(r"[\x00-\x08\x0e-\x1f\u202a-\u202e\u2066-\u2069\ud800-\udfff]", html)
    html.encode()


@pytest.mark.parametrize("poison", HOSTILE)
def test_hostile_strings_stay_text(poison: str) -> None:
    assert_harmless(passport_html(poisoned(payload(), poison)))
    finding = {"field": poison, "value": poison, "reason": poison, "remedy": poison, "line": 3}
    assert_harmless(render.problem_page(poison, poison, 422, [finding]))
    assert_harmless(render.verify_page(link=poison, refusal=poison, findings=[finding]))


def test_a_text_that_would_turn_its_neighbours_round_is_made_visible() -> None:
    said = payload(serialNumber="A\u202eB")
    assert "A[U+202E]B" in Page(passport_html(said)).text


KEYS: Final = sorted({key for key in re.findall(r'"(\w+)": ', repr(payload()).replace("'", '"'))})
JSON: Final = st.recursive(
    st.none() | st.booleans() | st.floats() | st.integers() | st.text(max_size=8),
    lambda inner: (
        st.lists(inner, max_size=3) | st.dictionaries(st.sampled_from(KEYS), inner, max_size=12)
    ),
    max_leaves=40,
)


@given(st.dictionaries(st.sampled_from(KEYS), JSON, max_size=12), st.booleans())
def test_any_payload_gives_a_page(said: dict[str, Any], as_subject: bool) -> None:
    assert_harmless(passport_html({"credentialSubject": said} if as_subject else said))


def test_what_is_missing_is_named() -> None:
    text = Page(passport_html({})).text
    for sentence in (
        "Battery without a stated model",
        "This passport states no carbon footprint.",
        "This passport cites no factory certificate.",
        "not stated",
    ):
        assert sentence in text
    assert "None" not in text


@given(st.floats(-1e300, 1e300))
def test_a_figure_keeps_three_significant_digits(value: float) -> None:
    read = float(figures.figure(value).replace(",", "").replace("\N{MINUS SIGN}", "-"))
    assert read == pytest.approx(value, rel=0.005001)


VALUES: Final = st.lists(st.none() | st.floats(-1e6, 1e6), min_size=1, max_size=6)


@given(VALUES)
def test_a_bar_is_true_to_scale_and_stays_inside_its_drawing(values: list[float | None]) -> None:
    bar = figures.stacked_bar([(str(i), v) for i, v in enumerate(values)])
    known = {segment.name: segment for segment in bar.segments if segment.assessed}
    assert len(known) == sum(value is not None for value in values)
    for segment in bar.segments:
        assert segment.x >= -1e-6
        assert segment.x + segment.width <= 100 + 1e-6
    longest = max((abs(v), str(i)) for i, v in enumerate([v or 0.0 for v in values]))
    if longest[0] > 0:
        whole = known[longest[1]]
        for index, value in enumerate(values):
            if value is not None:
                expected = whole.width * abs(value) / longest[0]
                assert known[str(index)].width == pytest.approx(expected, abs=1e-6)


def test_every_identifier_has_its_words(sqlite_world: World) -> None:
    assert tuple(words.STEPS) == report.STEPS
    assert set(words.VERDICTS) == set(get_args(report.Verdict))
    assert set(words.OUTCOMES) == {*get_args(report.Outcome), *get_args(CertificateOutcome)}
    assert set(words.STAGES) == set(LifeCycleStage)
    assert set(words.CATEGORIES) == set(BatteryCategory)
    assert set(words.CARRIERS) == set(EnergyCarrier)
    assert set(words.ARRANGEMENTS) == set(SupplyArrangement)
    assert set(words.BOUNDARIES) == set(words.BOUNDARY_UNITS) == set(Boundary)
    with sqlite_world.store.reading() as reading:
        certificate = certificates_of(reading, MAKER, FACILITY)[0]
    checks = check_certificate(certificate, FACILITY, [date(2024, 12, 2)])
    assert set(words.CERTIFICATE_CHECKS) == {check.id for check in checks}


def test_an_instant_and_a_day_are_said_in_words() -> None:
    assert figures.instant(datetime(2026, 1, 5, 9, 7, tzinfo=UTC)) == "5 January 2026, 09:07 UTC"
    assert figures.day("2024-12-02T10:00:00Z") == "2 December 2024"
    assert figures.day("some day") == "some day"


def test_the_front_page_leads_to_a_passport_and_its_factory(client: Browser) -> None:
    links = [a["href"] for a in Page(client.get("/").text).all("a")]
    path = f"/01/{GTIN}/21/{SERIAL}"
    assert path in links
    assert f"/facilities/{MAKER}/{FACILITY}" in links
    page = Page(client.get(path).text)
    assert f"Serial {SERIAL}" in page.text
    assert all(
        client.get(a["href"]).status_code == 200 for a in page.all("a") if "/" in a["href"][:1]
    )


def test_a_passport_downloads_as_the_signed_bytes(client: Browser, sqlite_world: World) -> None:
    page = Page(client.get(f"/01/{GTIN}/21/{SERIAL}").text)
    href = next(a["href"] for a in page.all("a") if "download" in a)
    answer = client.get(href)
    assert answer.content == stored_credential(sqlite_world)
    assert answer.headers["content-type"].startswith("application/vc+jwt")
    assert answer.headers["content-disposition"].startswith("attachment")


def test_a_serial_with_a_slash_keeps_its_page(client: Browser) -> None:
    assert "Serial SN/2" in Page(client.get(f"/01/{GTIN}/21/SN%2F2").text).text


def test_a_factory_shows_its_meters_studies_certificates_and_offsets(client: Browser) -> None:
    text = Page(client.get(f"/facilities/{MAKER}/{FACILITY}").text).text
    assert (
        "Electricity 83.3 GWh bought from the grid; 83,300,000 kWh of it under a contract" in text
    )
    assert "Natural gas 1,400 TJ" in text
    assert "10,000,000 kWh of rated battery energy" in text
    assert text.count("kg CO₂e per kWh delivered Partial total.") == 2
    assert "78,540 t CO₂e listed. Not subtracted" in text
    assert "No effect on the footprint" in text
    assert "Period passed Production 2024-01-01 to 2024-12-31 lies in" in text


def test_the_comparison_gives_each_ruleset_a_table_of_its_own(client: Browser) -> None:
    both = Page(client.get("/compare").text)
    one = Page(client.get("/compare?ruleset=jrc-2023").text)
    assert len(both.all("table")) == 2
    assert len(one.all("table")) == 1
    assert "Ruleset da-2024" not in one.text
    assert "never added, never compared" in one.text


def test_an_unknown_link_gets_a_page_that_helps(client: Browser) -> None:
    answer = client.get(f"/01/{GTIN}/21/UNKNOWN")
    assert answer.status_code == 404
    assert "was not issued here" in Page(answer.text).text


def test_a_cursor_that_was_not_given_out_is_refused_in_words(client: Browser) -> None:
    answer = client.get("/compare?cursor=%21")
    assert answer.status_code == 422
    assert "not a cursor that was given out here" in Page(answer.text).text


def test_a_link_a_file_and_a_picture_verify_alike(client: Browser, sqlite_world: World) -> None:
    picture = data_carrier.draw(LINK, "png")
    answers = [
        client.post("/verify", data={"link": LINK}, files={"file": ("", b"")}),
        client.post("/verify", files={"file": ("p.jwt", stored_credential(sqlite_world))}),
        client.post("/verify", files={"file": ("label.png", picture)}),
    ]
    for answer in answers:
        text = Page(answer.text).text
        assert answer.status_code == 200
        assert "Valid, with reservations" in text
        assert f"Serial number {SERIAL}" in text
    assert "It belongs to the battery that was scanned" in Page(answers[0].text).text


def test_a_changed_byte_is_refused_and_its_content_not_shown(
    client: Browser, sqlite_world: World
) -> None:
    head, body, signature = stored_credential(sqlite_world).split(b".")
    changed = b".".join(
        [head, body, signature[:-5] + (b"AAAAA" if signature[-5:] != b"AAAAA" else b"BBBBB")]
    )
    text = Page(client.post("/verify", files={"file": ("p.jwt", changed)}).text).text
    assert "Not valid" in text
    assert "6 Signature failed" in text
    assert "nobody vouches for it" in text
    assert SERIAL not in text


@pytest.mark.parametrize(
    ("form", "reason"),
    [
        ({"data": {"link": " "}}, "nothing was given to verify"),
        ({"data": {"link": "https://x.example/a"}}, "this is not the link of a battery"),
        ({"files": {"file": ("x.png", b"\x89PNG broken")}}, "not an image that can be opened"),
    ],
)
def test_what_cannot_be_verified_is_said_on_the_form(
    client: Browser, form: dict[str, Any], reason: str
) -> None:
    answer = client.post("/verify", **form)
    page = Page(answer.text)
    assert answer.status_code == 422
    assert reason in page.text
    assert page.all("form")


def test_the_reference_lists_every_call_of_the_api(client: Browser) -> None:
    text = Page(client.get("/api").text).text
    paths = client.get("/openapi.json").json()["paths"]
    assert len(paths) > 10
    for path, operations in paths.items():
        for method in operations:
            assert f"{method.upper()} {path}" in text
