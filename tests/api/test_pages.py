"""Pages for people: all can read them, nothing is loaded from elsewhere, and each does its work."""

import asyncio
import re
from datetime import date
from itertools import pairwise
from pathlib import Path
from typing import Any, Final

import httpx
import pytest

from api.pages import render
from api.settings import Settings
from api.wiring import Voltpass
from passports import data_carrier
from passports.factories import EnergyPeriodCreate, record_energy
from passports.identifiers import UniqueProductIdentifier
from passports.resolve import find_passport
from tests.api.caller import Application
from tests.api.page_reader import LINK, SERIAL, Page
from tests.worlds import ADDRESS, FACILITY, GTIN, MAKER, NOW, World, demo_input

HTML: Final = {"accept": "text/html,application/xhtml+xml;q=0.9"}
LABELLED: Final = frozenset({"input", "select", "textarea"})


class Browser:
    """Asks the application as a browser does, without a network."""

    def __init__(self, app: Application) -> None:
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
def client(sqlite_world: World, tmp_path: Path) -> Browser:
    """The application on the world, with one battery's passport issued."""
    sqlite_world.issue(SERIAL, "SN/2")
    url = sqlite_world.store.url
    settings = Settings(home=tmp_path, database_url=url, public_url=ADDRESS.base_url)
    voltpass = Voltpass(settings)
    voltpass.store, voltpass.keyring = sqlite_world.store, sqlite_world.keyring
    return Browser(Application(voltpass))


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
    # A drawing has a title of its own, with an identifier that names the drawing.
    assert [a for a in page.all("title") if "id" not in a] == [{}]
    assert [len(page.all(tag)) for tag in ("h1", "main")] == [1, 1]
    for drawing in page.all("svg"):
        named_by = drawing.get("aria-labelledby") or drawing.get("aria-label")
        assert named_by or drawing.get("aria-hidden") == "true"
    assert page.all("main")[0]["id"] == "main"
    levels = [int(tag[1]) for tag, _ in page.elements if re.fullmatch(r"h[1-6]", tag)]
    assert levels[0] == 1
    assert all(after <= before + 1 for before, after in pairwise(levels))
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


def test_a_factory_shows_its_meters_studies_certificates_and_offsets(
    client: Browser, sqlite_world: World
) -> None:
    later = {
        **demo_input("facilities.json")[0]["energy"],
        "period_from": date(2025, 1, 1),
        "period_to": date(2025, 12, 31),
        "offsets": [{"id": "VCS-1", "quantity_t": 78540, "vintage_year": 2021}],
    }
    record_energy(sqlite_world.store, MAKER, FACILITY, EnergyPeriodCreate(**later), NOW)
    text = Page(client.get(f"/facilities/{MAKER}/{FACILITY}").text).text
    assert (
        "Electricity 83.3 GWh bought from the grid; 83,300,000 kWh of it under a contract" in text
    )
    assert "Natural gas 1,400 TJ" in text
    assert "10,000,000 kWh of rated battery energy" in text
    assert text.count("kg CO₂e per kWh delivered Partial total.") == 2
    assert "78,540 t CO₂e listed. Not subtracted" in text
    assert "No effect on the footprint" in text
    assert "Period failed It is valid from 2024-01-01 to 2024-12-31" in text


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


@pytest.mark.parametrize("asked", ["ruleset=banana", "category=banana", "country=Chinaland"])
def test_a_filter_that_there_is_not_is_refused_in_words(client: Browser, asked: str) -> None:
    answer = client.get(f"/compare?{asked}")
    assert answer.status_code == 422
    assert "no such" in answer.text or "no code of a country" in answer.text


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
