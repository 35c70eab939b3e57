"""What the page of one battery shows, taken out of its credential's payload.

The payload may come from another server or lack members: what is missing is named as not stated.
"""

import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Final
from urllib.parse import quote

from api.pages import words
from api.pages.certificate_card import CertificateView, certificates_of_claims
from api.pages.figures import day, plain
from api.pages.footprint_card import FootprintCard, card_of_claims
from api.pages.languages import gettext, pgettext
from api.pages.reading import child, number, rows, text, web_address
from passports.attributes.completeness import CompletenessFigure
from passports.life.withdrawal import Standing

_PASSPORT_ID: Final = re.compile(r"[0-9A-Za-z-]{1,64}")


@dataclass(frozen=True)
class Fact:
    """A name and a value; `code` sets it in the type of identifiers, `href` links it."""

    name: str
    value: str | None
    code: bool = False
    href: str | None = None


@dataclass(frozen=True)
class Download:
    """Something to take away from the page."""

    title: str
    href: str
    kind: str
    says: str
    filename: str | None = None


@dataclass(frozen=True)
class Beside:
    """What a server knows beside a signed passport.

    Attributes:
        standing: Whether it is suspended or revoked, and since when.
        studies: Public results of the cited studies, by URL.
        completeness: How many of the public attributes that are asked for are given.
    """

    standing: Standing | None = None
    studies: Mapping[str, Mapping[str, object]] = field(default_factory=dict)
    completeness: CompletenessFigure | None = None


NOTHING_BESIDE: Final = Beside()


@dataclass(frozen=True)
class PassportView:
    """The page of one battery."""

    link: str
    model_name: str | None
    category: str | None
    serial: str | None
    plate: tuple[Fact, ...]
    identity: tuple[Fact, ...]
    parties: tuple[tuple[str, tuple[Fact, ...]], ...]
    cards: tuple[FootprintCard, ...]
    certificates: tuple[CertificateView, ...]
    downloads: tuple[Download, ...]
    verify_href: str
    profile: str | None
    responsible_name: str | None


def view_passport(
    payload: Mapping[str, object],
    link: str,
    studies: Mapping[str, Mapping[str, object]] = NOTHING_BESIDE.studies,
) -> PassportView:
    """Return what the page of the battery behind a credential shows; `studies` are results by URL."""
    subject = child(payload, "credentialSubject")
    model = child(subject, "model")
    passport_id = (text(payload, "id") or "").removeprefix("urn:uuid:")
    return PassportView(
        link=link,
        model_name=text(model, "name"),
        category=words.word(words.CATEGORIES, text(model, "category")),
        serial=text(subject, "serialNumber"),
        plate=_plate(subject, model),
        identity=_identity(payload, subject, model),
        parties=_parties(payload, subject),
        cards=tuple(
            card_of_claims(claims, index, model, studies.get(text(claims, "study") or ""))
            for index, claims in enumerate(rows(subject, "carbonFootprint"), start=1)
        ),
        certificates=tuple(certificates_of_claims(subject)),
        downloads=_downloads(passport_id),
        verify_href=f"/verify?link={quote(link, safe='', errors='replace')}",
        profile=text(subject, "profile"),
        responsible_name=text(child(subject, "responsibleOperator"), "name"),
    )


def _quantity(source: Mapping[str, object], key: str, unit: str) -> str | None:
    value = number(source, key)
    return None if value is None else f"{plain(value)} {unit}"


def _plate(subject: Mapping[str, object], model: Mapping[str, object]) -> tuple[Fact, ...]:
    made = text(subject, "manufacturedOn")
    return (
        Fact(gettext("Chemistry"), text(model, "chemistry")),
        Fact(pgettext("battery", "Capacity"), _quantity(model, "capacityKwh", "kWh")),
        Fact(gettext("Usable energy"), _quantity(model, "usableEnergyKwh", "kWh")),
        Fact(gettext("Weight"), _quantity(model, "massKg", "kg")),
        Fact(pgettext("battery", "Made on"), None if made is None else day(made)),
        Fact(pgettext("battery", "Made at"), _place(child(subject, "manufacturingFacility"))),
    )


def _place(facility: Mapping[str, object]) -> str | None:
    parts = [text(facility, "place"), text(facility, "country")]
    return ", ".join(part for part in parts if part) or None


def _identity(
    payload: Mapping[str, object], subject: Mapping[str, object], model: Mapping[str, object]
) -> tuple[Fact, ...]:
    version = number(subject, "passportVersion")
    issued = text(payload, "validFrom")
    return (
        Fact(gettext("Serial number"), text(subject, "serialNumber"), code=True),
        Fact(gettext("GTIN of the model"), text(model, "gtin"), code=True),
        Fact(gettext("Model identifier"), text(model, "id"), code=True),
        Fact(gettext("Batch"), text(subject, "batch"), code=True),
        Fact(gettext("Category"), words.word(words.CATEGORIES, text(model, "category"))),
        Fact(gettext("Unique identifier"), text(subject, "id"), code=True),
        Fact(gettext("Passport"), text(payload, "id"), code=True),
        Fact(gettext("Version"), None if version is None else f"{version:g}"),
        Fact(gettext("Issued on"), None if issued is None else day(issued)),
    )


def _parties(
    payload: Mapping[str, object], subject: Mapping[str, object]
) -> tuple[tuple[str, tuple[Fact, ...]], ...]:
    issuer = child(payload, "issuer")
    facility = child(subject, "manufacturingFacility")
    return (
        (
            gettext("Responsible for this passport"),
            _operator(child(subject, "responsibleOperator")),
        ),
        (gettext("Manufacturer"), _operator(child(subject, "manufacturer"))),
        (
            gettext("Factory"),
            (
                Fact(
                    gettext("Name"), text(facility, "name"), href=web_address(text(facility, "url"))
                ),
                Fact(gettext("Place"), _place(facility)),
            ),
        ),
        (
            gettext("Signed by"),
            (
                Fact(gettext("Name"), text(issuer, "name") or text(payload, "issuer")),
                Fact(gettext("Identifier"), text(issuer, "id"), code=True),
            ),
        ),
    )


def _operator(operator: Mapping[str, object]) -> tuple[Fact, ...]:
    trade_name, url = text(operator, "tradeName"), web_address(text(operator, "url"))
    facts = [
        Fact(gettext("Name"), text(operator, "name")),
        *([Fact(gettext("Trade name"), trade_name)] if trade_name else []),
        Fact(gettext("Postal address"), text(operator, "postalAddress")),
        Fact(gettext("Country"), text(operator, "country")),
        *([Fact(gettext("Web address"), url, href=url)] if url else []),
    ]
    gln = text(operator, "gln")
    return (*facts, Fact("GLN", gln, code=True)) if gln else tuple(facts)


def _downloads(name: str) -> tuple[Download, ...]:
    # Only what this server can have given out becomes part of an address.
    if not _PASSPORT_ID.fullmatch(name):
        return ()
    base = f"/v1/passports/{name}"
    return (
        Download(
            gettext("Signed passport"),
            f"/passports/{name}/passport.jwt",
            "vc+jwt",
            gettext("the exact signed bytes; verify them with any tool that knows W3C credentials"),
            f"passport-{name}.jwt",
        ),
        Download(
            gettext("Bundle to verify offline"),
            f"/passports/{name}/bundle.zip",
            "ZIP",
            gettext(
                "the signed passport with the evidence for it: keys, status, log, certificates, studies"
            ),
            f"passport-{name}.zip",
        ),
        Download(
            gettext("Page that checks it"),
            "/verify-offline/file",
            "HTML",
            gettext(
                "keep it beside the bundle: it verifies in your browser, without a network and without us"
            ),
            "check-a-battery-passport.html",
        ),
        Download(
            gettext("Passport as data"),
            base,
            "JSON",
            gettext("what is signed, readable by programs"),
        ),
        Download(
            gettext("QR code"), f"{base}/qr.svg", "SVG", gettext("the printed link, for any size")
        ),
        Download(
            gettext("QR code"), f"{base}/qr.png", "PNG", gettext("the printed link, as pixels")
        ),
        Download(gettext("Label"), f"{base}/label.svg", "SVG", gettext("to print, in millimetres")),
    )
