"""`voltpass footprint audit`: one audit bundle, or all studies of a bundle of passports, recomputed."""

from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from api.commands.console import (
    EXIT_CANNOT_TELL,
    EXIT_REFUSED,
    AsJson,
    emit,
    out,
    read_file,
    reported,
)
from api.commands.inventories import in_file

if TYPE_CHECKING:
    from passports.verification.studies_audit import StudyAudit


_VERDICTS = {True: "agrees", False: "DIFFERS", None: "cannot be told"}


def footprint_audit(
    bundle: Annotated[
        Path,
        typer.Argument(
            help="An audit bundle (footprint compute or show --audit-bundle), or a bundle of "
            "passports with inventories (passport bundle --with-inventories)."
        ),
    ],
    as_json: AsJson = False,
) -> None:
    """Recompute studies from their inputs, by an independent solver too; exit code 1 where they differ.

    A bundle of passports brings several studies: each is audited; exit code 2 where one cannot be.
    """
    with reported(as_json=as_json):
        data = read_file(bundle, "the audit bundle")
        if data[:4] == b"PK\x03\x04" and b"manifest.json" in data:
            _audit_passports(data, as_json=as_json)
        else:
            _audit_one(data, bundle, as_json=as_json)


def _audit_one(data: bytes, file: Path, *, as_json: bool) -> None:
    from lca.audit import verify_bundle

    with in_file(file):
        report = verify_bundle(data)
    document = {
        "agrees": report.agrees,
        "kg_co2e_per_kwh": report.kg_co2e_per_kwh,
        "content_sha256": report.content_sha256,
        "checked": list(report.checked),
        "not_checked": list(report.not_checked),
        "implausible": list(report.implausible),
    }

    def text() -> None:
        _print_checked(report.checked, report.not_checked)
        stated = f"{report.kg_co2e_per_kwh:.6f} kg CO2e per kWh delivered"
        told = "as stated" if report.agrees else "is stated; whether it is right cannot be told"
        out.print(f"{stated}, {told}")
        for doubt in report.implausible:
            out.print(f"  ! {doubt}", markup=False, style="yellow")

    emit(document, as_json=as_json, text=text)
    if report.agrees is not True:
        raise typer.Exit(EXIT_CANNOT_TELL)


def _audit_passports(data: bytes, *, as_json: bool) -> None:
    from lca.datasets import load_shipped_dataset
    from passports.verification.bundle import read_bundle
    from passports.verification.studies_audit import audit_studies

    audits = audit_studies(read_bundle(data), load_shipped_dataset())
    outcomes = {audit.agrees for audit in audits}
    agrees = False if False in outcomes else None if None in outcomes else True
    document = {"agrees": agrees, "studies": [audit.to_document() for audit in audits]}
    emit(document, as_json=as_json, text=lambda: _print_audits(audits))
    if agrees is not True:
        raise typer.Exit(EXIT_REFUSED if agrees is False else EXIT_CANNOT_TELL)


def _print_audits(audits: "Sequence[StudyAudit]") -> None:
    for audit in audits:
        stated = audit.kg_co2e_per_kwh
        figure = "" if stated is None else f": {stated:.6f} kg CO2e per kWh delivered is stated"
        out.print(f"{audit.study}{figure}; {_VERDICTS[audit.agrees]}", markup=False)
        _print_checked(audit.checked, audit.not_checked)
        for finding in audit.findings:
            out.print(f"  {finding}", markup=False)


def _print_checked(checked: Sequence[str], not_checked: Sequence[str]) -> None:
    for what in checked:
        out.print(f"[green]✓[/] {what}")
    for what in not_checked:
        out.print(f"[dim]·[/] not checked: {what}")
