"""Factories as the press reported them: from one JSON entry to facility, dossier and certificates.

The format is that of `data/zero_carbon_factories.json`. What an entry does not say stays empty, and the
entry's own bytes are the document behind each certificate, so every figure can be found again.
"""

import base64
import json
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from importlib import resources
from types import MappingProxyType
from typing import Annotated, Any, Final, Literal

from pydantic import Field

from passports.certification.certificates import (
    CertificateEvidence,
    CertificateScope,
    FactoryCertificate,
    FactoryCertificateCreate,
    register_certificate,
)
from passports.documents import Document, Name, Number, Slug, Text, read_document
from passports.dossier import (
    Dossier,
    DossierCreate,
    DossierSite,
    GhgInventory,
    Month,
    PathwayStage,
    PathwayStep,
    ReportedFigure,
    Year,
    record_dossier,
)
from passports.errors import Finding, InvalidInputError, shorten
from passports.facility_documents import DocumentCreate, add_document
from passports.factories import Facility, FacilityCreate, register_facility
from passports.store import Store

NOT_NAMED: Final = "NOT-NAMED"
# ISO 3166-2 codes of the provinces that the entries name.
PROVINCES: Final[Mapping[str, str]] = MappingProxyType(
    {
        "Beijing": "CN-BJ",
        "Chongqing": "CN-CQ",
        "Fujian": "CN-FJ",
        "Guangdong": "CN-GD",
        "Henan": "CN-HA",
        "Hubei": "CN-HB",
        "Jiangsu": "CN-JS",
        "Shaanxi": "CN-SN",
        "Shandong": "CN-SD",
        "Shanghai": "CN-SH",
        "Sichuan": "CN-SC",
        "Zhejiang": "CN-ZJ",
    }
)
_STAGES: Final = (
    ("inventory", PathwayStage.INVENTORY),
    ("verification", PathwayStage.VERIFICATION),
    ("reduction", PathwayStage.REDUCTION),
    ("offset", PathwayStage.OFFSET),
    ("certification", PathwayStage.CERTIFICATION),
)
# Words by which a note says that a certificate speaks of the company and not of the plant.
_OF_THE_COMPANY: Final = ("global operational", "whole company", "group-wide")


class PressFigure(Document):
    """One figure of an entry."""

    what: Name
    value: Number
    unit: Name
    bound: Literal["at least", "at most", "about"] | None = None
    year: Year | None = None
    since: Annotated[Month | None, Field(alias="from")] = None
    until: Annotated[Month | None, Field(alias="to")] = None
    note: Text | None = None


class PressCertificate(Document):
    """One certificate of an entry."""

    scheme: Name | None
    issuer: Name | None = None
    certified: bool
    date: str | None = None
    type: Name | None = None
    stars: int | None = None
    score: Number | None = None
    note: Text | None = None


class PressInventory(Document):
    """What an entry says of a greenhouse-gas inventory."""

    standard: Name
    year: Year | None = None
    since: Year | None = None
    sites: list[Name] = Field(default_factory=list)


class PressEntry(Document):
    """One factory as an article reported it."""

    id: Slug
    article: int
    also_in_article: int | None = None
    factory: Name
    factory_zh: Name
    operator: Name
    province: Name | None
    sector: Name
    certificates: list[PressCertificate]
    inventory: PressInventory | None = None
    figures: list[PressFigure]
    pathway: list[Name] = Field(default_factory=list)


@dataclass(frozen=True)
class RegisteredFactory:
    """What an entry became."""

    facility: Facility
    dossier: Dossier
    certificates: tuple[FactoryCertificate, ...]


def shipped_entries() -> list[dict[str, Any]]:
    """Return the entries that come with voltpass, as parsed JSON."""
    path = resources.files("passports.data").joinpath("zero_carbon_factories.json")
    entries: list[dict[str, Any]] = json.loads(path.read_text(encoding="utf-8"))["factories"]
    return entries


def read_entries(data: bytes) -> list[dict[str, Any]]:
    """Read entries from a file: a list, one entry, or an object with `factories`.

    Raises:
        InvalidInputError: it is not JSON, or holds no entries.
    """
    try:
        document = json.loads(data)
    except ValueError as error:
        finding = Finding("file", "", f"not JSON: {error}", "Send well-formed JSON.")
        raise InvalidInputError([finding], "the file") from None
    entries = document.get("factories", [document]) if isinstance(document, dict) else document
    if not isinstance(entries, list) or not entries:
        finding = Finding("file", "", "it holds no factories", 'Send {"factories": [...]}.')
        raise InvalidInputError([finding], "the file")
    return entries


def register_entry(
    store: Store, operator_id: str, entry: object, now: datetime
) -> RegisteredFactory:
    """Register one factory of an operator from a press entry: facility, dossier, certificates.

    Raises:
        InvalidInputError: the entry is not of the format, or a certificate breaks a rule.
        IdentifierConflictError: the operator has a facility with this identifier.
    """
    report = read_document(PressEntry, entry, "the entry")
    source = f"article {report.article} of the press collection"
    if report.also_in_article is not None:
        source += f", also article {report.also_in_article}"
    raw = json.dumps(entry, ensure_ascii=False, indent=1).encode()
    certificates = [_certificate(report, c, source, raw) for c in report.certificates]
    facility = register_facility(store, operator_id, _facility(report, source), now)
    name = f"press-entry-{report.id}.json"
    content = base64.b64encode(raw).decode()
    document = DocumentCreate(name=name, media_type="application/json", content=content)
    add_document(store, operator_id, facility.id, document, now)
    dossier = record_dossier(store, operator_id, facility.id, dossier_of(report, source), now)
    registered = [register_certificate(store, operator_id, c, now) for c in certificates]
    return RegisteredFactory(facility, dossier, tuple(registered))


def _facility(report: PressEntry, source: str) -> FacilityCreate:
    region = PROVINCES.get(report.province) if report.province else "CN"
    if region is None:
        reason = "this province is not known here"
        finding = Finding("province", shorten(report.province), reason, ", ".join(PROVINCES))
        raise InvalidInputError([finding], "the entry")
    place = f"{report.province}, China" if report.province else "China; the place is not stated"
    return FacilityCreate(
        id=report.id,
        name=f"{report.factory} ({report.factory_zh})",
        place=place,
        country="CN",
        grid_region=region,
        sector=report.sector,
        source=f"{source}, as the press of 2023 reported",
        note=f"Operated by {report.operator} as reported. Reported claims, not verified facts.",
    )


def dossier_of(report: PressEntry, source: str) -> DossierCreate:
    """Return the dossier of an entry: every figure as it was reported."""
    inventory = report.inventory
    return DossierCreate(
        reported_operator=report.operator,
        sites=[DossierSite(name=site) for site in (inventory.sites if inventory else [])],
        figures=[ReportedFigure(**figure.model_dump(), source=source) for figure in report.figures],
        inventories=[GhgInventory(**inventory.model_dump())] if inventory else [],
        pathway=[_step(name) for name in report.pathway],
        source=source,
    )


def _step(name: str) -> PathwayStep:
    for word, stage in _STAGES:
        if word in name or (word == "certification" and "neutrality" in name):
            return PathwayStep(stage=stage, as_named=name)
    finding = Finding("pathway", shorten(name), "this step is not known", "Name its stage.")
    raise InvalidInputError([finding], "the entry")


def _certificate(
    report: PressEntry, claimed: PressCertificate, source: str, raw: bytes
) -> FactoryCertificateCreate:
    of_company = any(words in (claimed.note or "") for words in _OF_THE_COMPANY)
    fields: dict[str, Any] = {
        "facility_id": report.id,
        "scheme": claimed.scheme or NOT_NAMED,
        "certified": claimed.certified,
        "holder": report.operator if of_company else report.factory_zh,
        "issuer": claimed.issuer,
        "issued_on": claimed.date,
        "scope": CertificateScope.ORGANISATION if of_company else None,
        "type": claimed.type,
        "stars": claimed.stars,
        "score": claimed.score,
        "evidence": CertificateEvidence.PRESS_REPORT,
        "source": source,
        "note": claimed.note,
        "document": base64.b64encode(raw),
        "media_type": "application/json",
    }
    return read_document(FactoryCertificateCreate, fields, "the certificate")
