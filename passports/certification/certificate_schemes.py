"""The schemes under which factories are called neutral or zero-carbon: what each certifies, as a table.

A row in `data/certificate_schemes.csv` adds a scheme. What a scheme's published text does not say stays
empty there and reads "not stated" here; nothing is assumed in its place.
"""

import csv
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date
from functools import cache
from importlib import resources
from types import MappingProxyType
from typing import Final

NEUTRALITY: Final = "neutrality by offsets"
PROGRAMME_OWNER: Final = "programme owner"


@dataclass(frozen=True)
class CertificateScheme:
    """One row of the table.

    Attributes:
        certifies: Neutrality by offsets, an evaluation with indicators, or a programme listing.
        granted_to: Whom it speaks of: organisation, facility, product.
        offsets_count: Whether offsets count towards it: yes, no, not stated.
        state: in force, withdrawn, or not known.
        successor: Identifier of the scheme that replaces it, or empty.
        types: The types it knows (T/CECA-G 0171-2022: I and II).
        validity_months: How long one certificate holds, where the scheme says so.
        issuing_role: Who may grant it.
        evidence_needed: What has to lie behind a certificate of it.
    """

    id: str
    title: str
    certifies: str
    granted_to: str
    offsets_count: str
    state: str
    in_force_from: date | None
    withdrawn_on: date | None
    successor: str
    types: tuple[str, ...]
    max_stars: int | None
    min_score: float | None
    max_score: float | None
    validity_months: int | None
    issuing_role: str
    evidence_needed: tuple[str, ...]
    source: str


@cache
def certificate_schemes() -> Mapping[str, CertificateScheme]:
    """Return the known schemes by identifier. One row in the CSV adds one."""
    table = resources.files("passports.data").joinpath("certificate_schemes.csv")
    with table.open("r", encoding="utf-8") as file:
        schemes = [_scheme(row) for row in csv.DictReader(file)]
    return MappingProxyType({scheme.id: scheme for scheme in schemes})


_TEXTS: Final = (
    "id",
    "title",
    "certifies",
    "granted_to",
    "offsets_count",
    "state",
    "successor",
    "issuing_role",
    "source",
)


def _scheme(row: Mapping[str, str]) -> CertificateScheme:
    return CertificateScheme(
        **{name: row[name] for name in _TEXTS},
        in_force_from=_day(row["in_force_from"]),
        withdrawn_on=_day(row["withdrawn_on"]),
        types=_parts(row["types"]),
        max_stars=int(row["max_stars"]) if row["max_stars"] else None,
        min_score=float(row["min_score"]) if row["min_score"] else None,
        max_score=float(row["max_score"]) if row["max_score"] else None,
        validity_months=int(row["validity_months"]) if row["validity_months"] else None,
        evidence_needed=_parts(row["evidence_needed"]),
    )


def _day(text: str) -> date | None:
    return date.fromisoformat(text) if text else None


def _parts(text: str) -> tuple[str, ...]:
    return tuple(filter(None, text.split("|")))
