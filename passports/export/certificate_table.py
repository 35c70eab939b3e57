"""The tie between batteries and factory certificates: CSV, one row a passport, certificate and study.

Beside each certificate stand the three electricity columns of each footprint; nothing is subtracted from
any of them. It says what the passports say, as signed; whether they hold is for a verification to tell.
"""

import csv
import io
from collections.abc import Iterator, Mapping
from datetime import datetime
from typing import Any, Final

from passports.resolve import OwnRecords
from signing.credentials import decode

HEADER: Final = (
    "link",
    "serial",
    "batch",
    "manufactured_on",
    "facility",
    "certificate_scheme",
    "certificate_holder",
    "certificate_issuer",
    "certificate_valid_from",
    "certificate_valid_to",
    "certificate_coverage",
    "certificate_evidence",
    "certificate_link",
    "certificate_sha256",
    "certificate_status",
    "effect_on_footprint",
    "ruleset",
    "kg_co2e_per_kwh",
    "electricity_cfb_kg_per_kwh_capacity",
    "electricity_location_based_kg_per_kwh_capacity",
    "electricity_contract_based_kg_per_kwh_capacity",
    "study",
    "study_sha256",
    "passport_version",
)
_COLUMNS: Final = ("cfb", "location_based", "contract_based")


def export_certificate_table(
    records: OwnRecords,
    credentials: list[bytes],
    trust_list: bytes | None,
    with_inventories: bool,
    now: datetime,
) -> bytes:
    """Write the table of credentials of this server; see `offline_bundle` for the arguments."""
    del records, trust_list, with_inventories, now  # all of it stands in the credentials
    target = io.StringIO(newline="")
    writer = csv.writer(target)
    writer.writerow(HEADER)
    for credential in credentials:
        subject = decode(credential).payload.get("credentialSubject")
        if isinstance(subject, Mapping):
            writer.writerows([as_text(cell) for cell in row] for row in _rows(subject))
    return target.getvalue().encode("utf-8-sig")  # so that a spreadsheet reads every script


def as_text(cell: object) -> object:
    """Return what a spreadsheet takes for the text that it is: what begins like a formula gets an apostrophe.

    Names and serial numbers are the maker's own words, and a spreadsheet computes what begins with `=`, `+`,
    `-` or `@` (OWASP, CSV injection; CWE-1236).
    """
    return f"'{cell}" if isinstance(cell, str) and cell.startswith(_BEGIN_FORMULAS) else cell


_BEGIN_FORMULAS: Final = ("=", "+", "-", "@", "\t", "\r", "\uff1d", "\uff0b", "\uff0d", "\uff20")


def _rows(subject: Mapping[str, Any]) -> Iterator[tuple[object, ...]]:
    battery = (
        subject["id"],
        subject["serialNumber"],
        subject["batch"],
        subject["manufacturedOn"],
        subject["manufacturingFacility"]["id"],
    )
    for certificate in subject["factoryCertificates"] or [None]:
        for study in subject["carbonFootprint"] or [None]:
            what = (*battery, *_certificate(certificate), *_study(study))
            yield (*what, subject["passportVersion"])


def _certificate(claims: Mapping[str, Any] | None) -> tuple[object, ...]:
    if claims is None:
        return ("none cited", *("",) * 10)
    names = (
        "scheme",
        "holder",
        "issuer",
        "validFrom",
        "validTo",
        "coverage",
        "evidence",
        "document",
        "documentSha256",
        "status",
        "effectOnFootprint",
    )
    return tuple("not stated" if claims.get(name) is None else claims[name] for name in names)


def _study(claims: Mapping[str, Any] | None) -> tuple[object, ...]:
    if claims is None:
        return ("none stated", *("",) * 6)
    columns = claims["electricityColumns"]
    return (
        claims["ruleset"],
        claims["kgCo2ePerKwh"],
        *(_column(columns.get(name)) for name in _COLUMNS),
        claims["study"],
        claims["studySha256"],
    )


def _column(column: Mapping[str, Any] | None) -> object:
    value = column.get("kgCo2ePerKwhCapacity") if column else None
    return "not stated" if value is None else value
