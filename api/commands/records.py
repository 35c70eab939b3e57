"""`voltpass facility | certificate | model`: what a manufacturer registers, from JSON files."""

import base64
import json
import mimetypes
from collections.abc import Iterable
from pathlib import Path
from typing import Annotated, Any

import typer

from api.commands.console import (
    EXIT_REFUSED,
    AsJson,
    Operator,
    emit,
    open_voltpass,
    out,
    read_file,
    reported,
)
from api.commands.model_registrations import model_import
from passports.errors import Finding, InvalidInputError
from passports.plurals import counted

facility = typer.Typer(
    no_args_is_help=True, help="Register factories and their metered energy.", rich_markup_mode=None
)
certificate = typer.Typer(
    no_args_is_help=True, help="Record and check factory certificates.", rich_markup_mode=None
)
model = typer.Typer(no_args_is_help=True, help="Register battery models.", rich_markup_mode=None)
# What each file holds is named in help; a test holds it against the documents. Samples: openapi/examples.
FacilityFile = Annotated[
    Path,
    typer.Argument(help="JSON: id, name, place, country, grid_region; also sector, note ..."),
]
EnergyFile = Annotated[
    Path,
    typer.Argument(
        help="JSON: period_from, period_to, production_kwh, source, readings (a list of carrier, "
        "quantity, unit, evidence; for electricity arrangement and, where it is the plant's own, "
        "technology and factor)."
    ),
]
CertificateFile = Annotated[
    Path,
    typer.Argument(
        help="JSON: facility_id, scheme, certified, holder, evidence, source; also issuer, number, "
        "valid_from, valid_to, scope ..."
    ),
]
ModelFile = Annotated[
    Path,
    typer.Argument(
        help="JSON: id, name, gtin, category, chemistry, mass_kg, capacity_kwh, "
        "usable_energy_kwh, service_life; also stationary, note."
    ),
]


@facility.command("add")
def facility_add(file: FacilityFile, operator: Operator, as_json: AsJson = False) -> None:
    """Register a factory."""
    from passports.documents import read_document, utc_now
    from passports.factories import FacilityCreate, register_facility

    with reported(as_json=as_json):
        request = read_document(FacilityCreate, read_file(file, "the facility"), "the facility")
        added = register_facility(open_voltpass().store, operator, request, utc_now())
        emit(
            added.model_dump(mode="json"),
            as_json=as_json,
            text=lambda: out.print(f"registered facility {added.id}: {added.name}"),
        )


@facility.command("list")
def facility_list(
    operator: Annotated[str | None, typer.Option(help="Only of this operator.")] = None,
    as_json: AsJson = False,
) -> None:
    """List factories."""
    from passports.factories import list_facilities

    with reported(as_json=as_json), open_voltpass().store.reading() as reading:
        found = list_facilities(reading, operator)
        emit(
            [item.model_dump(mode="json") for item in found],
            as_json=as_json,
            text=lambda: _lines(f"{f.operator_id}/{f.id}  {f.name}, {f.place}" for f in found),
        )


def facility_energy(
    facility_id: str, file: EnergyFile, operator: Operator, as_json: AsJson = False
) -> None:
    """Record a factory's metered energy and production over a period."""
    from passports.documents import read_document, utc_now
    from passports.factories import EnergyPeriodCreate, record_energy

    with reported(as_json=as_json):
        request = read_document(EnergyPeriodCreate, read_file(file, "the period"), "the period")
        period = record_energy(open_voltpass().store, operator, facility_id, request, utc_now())
        days = f"{period.period_from} to {period.period_to}"
        emit(
            period.model_dump(mode="json"),
            as_json=as_json,
            text=lambda: out.print(f"recorded {counted(len(period.readings), 'readings')}, {days}"),
        )


@certificate.command("add")
def certificate_add(
    file: CertificateFile,
    operator: Operator,
    document: Annotated[Path, typer.Option(help="The certificate itself, e.g. a PDF.")],
    as_json: AsJson = False,
) -> None:
    """Record a certificate: what was read off it (JSON) and the document, kept by its SHA-256."""
    from passports.certification.certificates import FactoryCertificateCreate, register_certificate
    from passports.documents import read_document, utc_now

    with reported(as_json=as_json):
        claims = _object(read_file(file, "the certificate"))
        content = read_file(document, "the document")
        claims["document"] = base64.b64encode(content).decode()
        guessed = mimetypes.guess_type(document.name)[0]
        claims.setdefault("media_type", guessed or "application/octet-stream")
        request = read_document(FactoryCertificateCreate, claims, "the certificate")
        added = register_certificate(open_voltpass().store, operator, request, utc_now())
        emit(
            added.model_dump(mode="json"),
            as_json=as_json,
            text=lambda: out.print(f"recorded {added.scheme} as {added.id}, unsigned evidence"),
        )


@certificate.command("list")
def certificate_list(facility_id: str, operator: Operator, as_json: AsJson = False) -> None:
    """List a factory's certificates."""
    from passports.certification.certificates import certificates_of
    from passports.factories import get_facility

    with reported(as_json=as_json), open_voltpass().store.reading() as reading:
        get_facility(reading, operator, facility_id)
        found = certificates_of(reading, operator, facility_id)
        emit(
            [item.model_dump(mode="json") for item in found],
            as_json=as_json,
            text=lambda: _lines(f"{c.id}  {c.scheme} by {c.issuer or '?'}" for c in found),
        )


@certificate.command("check")
def certificate_check(certificate_id: str, as_json: AsJson = False) -> None:
    """Check a certificate against its facility, the metered periods, its scope and scheme.

    Exit code 1 where a check fails.
    """
    from passports.certification.certificates import get_certificate
    from passports.certification.coverage import check_certificate, coverage
    from passports.factories import energy_periods

    with reported(as_json=as_json), open_voltpass().store.reading() as reading:
        found, _ = get_certificate(reading, certificate_id)
        periods = energy_periods(reading, found.operator_id, found.facility_id)
        days = [day for period in periods for day in (period.period_from, period.period_to)]
        checks = check_certificate(found, found.facility_id, days)
        result = {
            "id": found.id,
            "scheme": found.scheme,
            "coverage": coverage(checks),
            "checks": [check.to_document() for check in checks],
        }
        emit(
            result,
            as_json=as_json,
            text=lambda: _lines(f"{c.outcome:11}  {c.id}: {c.explanation}" for c in checks),
        )
        if result["coverage"] == "not_covered":
            raise typer.Exit(EXIT_REFUSED)


model.command("import")(model_import)


@model.command("add")
def model_add(file: ModelFile, operator: Operator, as_json: AsJson = False) -> None:
    """Register a battery model."""
    from passports.documents import read_document, utc_now
    from passports.models import BatteryModelCreate, register_model

    with reported(as_json=as_json):
        request = read_document(BatteryModelCreate, read_file(file, "the model"), "the model")
        added = register_model(open_voltpass().store, operator, request, utc_now())
        emit(
            added.model_dump(mode="json"),
            as_json=as_json,
            text=lambda: out.print(f"registered model {added.id}, GTIN {added.gtin}"),
        )


@model.command("list")
def model_list(
    operator: Annotated[str | None, typer.Option(help="Only of this operator.")] = None,
    as_json: AsJson = False,
) -> None:
    """List battery models."""
    from passports.models import list_models

    with reported(as_json=as_json), open_voltpass().store.reading() as reading:
        found = list_models(reading, operator)
        emit(
            [item.model_dump(mode="json") for item in found],
            as_json=as_json,
            text=lambda: _lines(f"{m.operator_id}/{m.id}  {m.gtin}  {m.name}" for m in found),
        )


def _lines(lines: Iterable[str]) -> None:
    for line in lines:
        out.print(line, markup=False)


def _object(data: bytes) -> dict[str, Any]:
    try:
        document = json.loads(data)
    except ValueError as error:
        finding = Finding("file", "", f"not JSON: {error}", "Send well-formed JSON.")
        raise InvalidInputError([finding], "the file") from None
    if not isinstance(document, dict):
        finding = Finding("file", "", "not a JSON object", "Send one object.")
        raise InvalidInputError([finding], "the file")
    return document
