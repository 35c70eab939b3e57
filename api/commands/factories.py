"""`voltpass facility import | energy | check | ledger` and `certificate issue | upload | status`."""

from datetime import timedelta, timezone
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer
from typer.core import TyperGroup

from api.commands.console import (
    EXIT_REFUSED,
    AsJson,
    Operator,
    emit,
    err,
    open_voltpass,
    out,
    read_file,
    reported,
)
from api.commands.records import certificate, certificate_add, facility, facility_energy
from passports.certification.certificate_life import CertificateChange
from passports.errors import Finding, InvalidInputError
from passports.plurals import counted

if TYPE_CHECKING:
    from typer._click import Command, Context

    from passports.energy.meter_readings import DeliveryReport, MeterCreate

__all__ = ["certificate", "facility"]


class EnergyGroup(TyperGroup):
    """`facility energy FACILITY FILE` records a period, as it always has; other words are commands."""

    def resolve_command(
        self, ctx: "Context", args: list[str]
    ) -> "tuple[str | None, Command | None, list[str]]":
        """Take what is no command's name as the arguments of `period`."""
        if args and args[0] not in self.commands and not args[0].startswith("-"):
            args = ["period", *args]
        return super().resolve_command(ctx, args)


energy = typer.Typer(
    cls=EnergyGroup,
    no_args_is_help=True,
    help="Metered energy of a factory.",
    rich_markup_mode=None,
)
energy.command("period")(facility_energy)
facility.add_typer(energy, name="energy")
certificate.command("upload", help="Another name of `add`.")(certificate_add)


@facility.command("import")
def facility_import(
    file: Annotated[Path, typer.Argument(help="Reported factories as JSON.")],
    operator: Operator,
    as_json: AsJson = False,
) -> None:
    """Register factories as they were reported: facility, every figure, certificates; then check."""
    from api.commands.claims import tally
    from passports.claim_checks import check_facility
    from passports.documents import utc_now
    from passports.press_reports import read_entries, register_entry

    with reported(as_json=as_json):
        voltpass, now = open_voltpass(), utc_now()
        entries = read_entries(read_file(file, "the factories"))
        added = [register_entry(voltpass.store, operator, entry, now) for entry in entries]
        with voltpass.store.reading() as reading:
            checks = {
                row.facility.id: check_facility(
                    reading, voltpass.dataset, operator, row.facility.id, now.date()
                )
                for row in added
            }
        result = [
            {
                "id": row.facility.id,
                "figures": len(row.dossier.figures),
                "certificates": [c.id for c in row.certificates],
                "tally": tally(checks[row.facility.id]),
            }
            for row in added
        ]
        emit(
            result,
            as_json=as_json,
            text=lambda: out.print(f"registered {counted(len(added), 'factories')} of {operator}"),
        )


def _zone(text: str) -> timezone:
    sign, hours, minutes = text[:1], text[1:3], text[4:6]
    if sign in {"+", "-"} and text[3:4] == ":" and hours.isdigit() and minutes.isdigit():
        offset = timedelta(hours=int(hours), minutes=int(minutes))
        if offset < timedelta(hours=24):
            return timezone(offset if sign == "+" else -offset)
    finding = Finding("timezone", text, "this is no offset from UTC", "For example +08:00.")
    raise InvalidInputError([finding], "the time zone")


@energy.command("import")
def energy_import(
    facility_id: str,
    file: Annotated[Path, typer.Argument(help="Readings: CSV, XLSX (one a row), JSON as posted.")],
    operator: Operator,
    timezone_: Annotated[
        str, typer.Option("--timezone", help="Of instants without an offset.")
    ] = "+00:00",
    confirmed: Annotated[
        bool, typer.Option("--confirmed", help="Readings that jump are meant as they are.")
    ] = False,
    as_json: AsJson = False,
) -> None:
    """Take in meter readings; gaps, overlaps, jumps and refused rows are said, nothing is lost.

    Columns: meter, ends_at, quantity; starts_at, unless the meter counts up (counts_up: true); and in the
    first row of a new meter carrier, unit, arrangement (grid, direct_line, on_site), line, part_of.

    For example:

    meter,starts_at,ends_at,quantity,carrier,unit,arrangement

    grid-1,2026-03-01T00:00,2026-03-01T01:00,1250,electricity,kWh,grid

    grid-1,2026-03-01T01:00,2026-03-01T02:00,1248,,,

    Exit code 0: every row is taken in or was there already, 1: rows are refused (the others are taken in).
    """
    from passports.documents import read_document, utc_now
    from passports.energy.meter_files import read_meter_file
    from passports.energy.meter_readings import MeterDelivery, deliver_readings

    with reported(as_json=as_json):
        data = read_file(file, "the readings")
        unreadable: list[Finding] = []
        delivery: MeterDelivery | None
        if data.lstrip()[:1] == b"{":
            delivery = read_document(MeterDelivery, data, "the delivery")
        else:
            read = read_meter_file(data, file.name, _zone(timezone_), confirmed=confirmed)
            delivery, unreadable = read.delivery, read.unreadable
        if delivery is None:
            raise InvalidInputError(unreadable, "the meter file")
        report = deliver_readings(
            open_voltpass().store, operator, facility_id, delivery, utc_now(), unreadable
        )
        emit(report.to_document(), as_json=as_json, text=lambda: _print_report(report))
        for meter in delivery.meters:
            _warn_of_supply(meter)
    if report.refused:
        raise typer.Exit(EXIT_REFUSED)


def _warn_of_supply(meter: "MeterCreate") -> None:
    """Say of a meter of the plant's own generation what closing will ask for: a file has no column for it."""
    if meter.arrangement in {"on_site", "direct_line"}:
        supply = (
            f'"supplies": {{"{meter.id}": {{"technology": "pv", "factor": "power.cn.pv.cf.2024"}}}}'
        )
        said = (
            f"meter {meter.id} is {meter.arrangement}: to close a period, name what feeds it, e.g."
        )
        err.print(f"Warning: {said} {supply}", markup=False)


def _print_report(report: "DeliveryReport") -> None:
    accepted = counted(report.accepted, "readings")
    verb = "was" if report.repeated == 1 else "were"
    out.print(f"{accepted} accepted, {report.repeated} {verb} there already")
    for name in ("questioned", "refused", "gaps"):
        for finding in getattr(report, name):
            out.print(f"{name:10}  {finding}", markup=False)


@facility.command("check")
def facility_check(facility_id: str, operator: Operator, as_json: AsJson = False) -> None:
    """Check a factory's claims: arithmetic, plausibility, certificates, what may be said in the EU."""
    from api.commands.claims import check_table, tally
    from passports.claim_checks import check_facility
    from passports.documents import utc_now

    with reported(as_json=as_json):
        voltpass = open_voltpass()
        with voltpass.store.reading() as reading:
            checks = check_facility(
                reading, voltpass.dataset, operator, facility_id, utc_now().date()
            )
        result: dict[str, Any] = {
            "facility_id": facility_id,
            "tally": tally(checks),
            "checks": [check.to_document() for check in checks],
        }
        emit(result, as_json=as_json, text=lambda: out.print(check_table(facility_id, checks)))


@facility.command("ledger")
def facility_ledger(facility_id: str, operator: Operator, as_json: AsJson = False) -> None:
    """Show the balance of a factory's energy ledger; periods that are recorded are booked first."""
    from passports.documents import utc_now
    from passports.energy.energy_ledger import open_lots
    from passports.energy.ledger_balance import balance

    with reported(as_json=as_json):
        store = open_voltpass().store
        open_lots(store, operator, facility_id, utc_now())
        with store.reading() as reading:
            found = balance(reading, operator, facility_id)

        def text() -> None:
            for lot in found.lots:
                row = lot.to_document()
                kept = f"{row['unallocated_kwh']:,.3f} of {row['kwh']:,.3f} kWh left"
                out.print(f"{lot.id}  {lot.kind} {lot.carrier} {lot.source}: {kept}", markup=False)
            out.print("the ledger closes" if found.closes else "; ".join(found.faults))

        emit(found.to_document(), as_json=as_json, text=text)


@certificate.command("issue")
def certificate_issue(
    file: Annotated[
        Path,
        typer.Argument(
            help="JSON: operator_id, facility_id, scheme, valid_from, valid_to; also type, number ..."
        ),
    ],
    operator: Operator,
    as_json: AsJson = False,
) -> None:
    """Sign a factory certificate; the operator is the certifier."""
    from passports.certification.certify import CertificateIssue, issue_certificate
    from passports.documents import read_document, utc_now

    with reported(as_json=as_json):
        voltpass = open_voltpass()
        request = read_document(
            CertificateIssue, read_file(file, "the certificate"), "the certificate"
        )
        issued = issue_certificate(
            voltpass.store, voltpass.keyring, voltpass.address, operator, request, utc_now()
        )
        emit(
            issued.model_dump(mode="json"),
            as_json=as_json,
            text=lambda: out.print(f"signed {issued.scheme} as {issued.id}"),
        )


@certificate.command("status")
def certificate_status_command(
    certificate_id: str,
    change: Annotated[
        CertificateChange | None, typer.Option("--set", help="Change it.", case_sensitive=False)
    ] = None,
    reason: Annotated[str, typer.Option(help="Why it is changed.")] = "",
    operator: Annotated[
        str, typer.Option("--operator", envvar="VOLTPASS_OPERATOR", help="Who changes it.")
    ] = "",
    as_json: AsJson = False,
) -> None:
    """Show where a certificate stands and which batches cite it; or suspend, reinstate, withdraw it."""
    from passports.certification.certify import (
        CertificateChangeCreate,
        certificate_status,
        change_certificate,
    )
    from passports.documents import read_document, utc_now

    with reported(as_json=as_json):
        voltpass, now = open_voltpass(), utc_now()
        if change is None:
            found = certificate_status(voltpass.store, certificate_id, now)
        else:
            request = read_document(
                CertificateChangeCreate, {"change": change, "reason": reason}, "the change"
            )
            found = change_certificate(
                voltpass.store,
                voltpass.keyring,
                voltpass.address,
                operator,
                certificate_id,
                request,
                now,
            )

        def text() -> None:
            out.print(f"{found.standing.status.value}: {found.standing.explanation}", markup=False)
            for row in found.citations:
                said = f"covered at issue: {row.at_issue}, now: {row.now}"
                out.print(
                    f"batch {row.batch_id}, {counted(row.size, 'passports')}; {said}", markup=False
                )

        emit(found.to_document(), as_json=as_json, text=text)
