"""What the tests of pages share: a parser, and a passport and its report in their real shape."""

import re
from collections.abc import Mapping
from html.parser import HTMLParser
from typing import Any, Final

from api.pages import render
from passports import data_carrier
from signing import report
from tests.worlds import GTIN, NOW

SERIAL: Final = "SN-1"
LINK: Final = f"https://id.example.com/01/{GTIN}/21/{SERIAL}"
QR: Final = data_carrier.draw(LINK, "svg").decode()
VOID: Final = frozenset({"br", "hr", "img", "input", "link", "meta", "wbr"})


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
