"""`voltpass passport versions | difference | change | renew | life-cycle | dynamic-data`: its life."""

from datetime import datetime
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any, Final

import typer
from rich.table import Table

from api.commands.console import (
    AsJson,
    Operator,
    emit,
    open_voltpass,
    out,
    progress_bar,
    read_file,
    reported,
)
from api.commands.passport_names import PassportName, find, passport_id_of
from passports.errors import Finding, InvalidInputError, shorten
from passports.life.transitions import transitions
from passports.plurals import counted
from signing.errors import MalformedDocumentError

if TYPE_CHECKING:
    from passports.dynamic.data import DynamicDataReport
    from passports.life.renewal import Renewal
    from passports.resolve import StoredPassport


At = Annotated[
    str | None, typer.Option("--at", help="An instant with a zone; the newest by default.")
]
Reason = Annotated[str, typer.Option(help="Why; kept with the version, not for the public.")]
Responsible = Annotated[
    str | None, typer.Option("--responsible", help="Who is responsible from now on.")
]
_STATUSES: Final = tuple(dict.fromkeys(after for _, after in transitions()))


def read_instant(text: str, field: str) -> datetime:
    """Read an instant that somebody typed.

    Raises:
        InvalidInputError: it is none, or has no time zone.
    """
    from signing.instants import parse_instant

    try:
        return parse_instant(text, field)
    except MalformedDocumentError as error:
        finding = Finding(field, shorten(text), error.message, "Write 2027-02-18T12:00:00Z.")
        raise InvalidInputError([finding], "the instant") from None


def passport_versions(which: PassportName, as_json: AsJson = False) -> None:
    """List the versions of a passport: who made each, when and why."""
    from passports.life.versions import list_versions

    with reported(as_json=as_json):
        voltpass = open_voltpass()
        passport_id = passport_id_of(voltpass, which)
        versions = list_versions(voltpass.store, passport_id)
        rows = [version.to_private_document() for version in versions]

        def text() -> None:
            table = Table("version", "made", "by", "kind", "reason", title=passport_id)
            for row in rows:
                cells = (row["issued_at"], row["actor"], row["kind"], row["reason"])
                table.add_row(str(row["version"]), *cells)
            out.print(table)

        emit(rows, as_json=as_json, text=text)


def passport_difference(
    which: PassportName,
    older: Annotated[int, typer.Argument(help="The older version.")],
    newer: Annotated[int, typer.Argument(help="The newer version.")],
    as_json: AsJson = False,
) -> None:
    """Show how two versions of a passport differ, as a JSON Merge Patch (RFC 7396)."""
    from passports.life.versions import difference, get_version

    with reported(as_json=as_json):
        voltpass = open_voltpass()
        passport_id = passport_id_of(voltpass, which)
        old, new = (get_version(voltpass.store, passport_id, number) for number in (older, newer))
        patch = difference(old, new)
        emit(patch, as_json=as_json, text=lambda: out.print_json(data=patch))


def passport_change(
    which: PassportName,
    operator: Operator,
    reason: Reason,
    file: Annotated[Path | None, typer.Argument(help="JSON: values by attribute.")] = None,
    responsible: Responsible = None,
    as_json: AsJson = False,
) -> None:
    """Make the next version of a passport; also with what was written since for model and batch."""
    from signing.canonical import parse_strict

    with reported(as_json=as_json):
        values = parse_strict(read_file(file, "the values")) if file is not None else {}
        document = {"reason": reason, "values": values, "responsible_operator_id": responsible}
        _report(*_changed(operator, which, document), as_json=as_json)


def passport_life_cycle(
    which: PassportName,
    status: Annotated[
        str, typer.Argument(help=f"What the battery has become: {', '.join(_STATUSES)}.")
    ],
    operator: Operator,
    reason: Reason,
    successor: Annotated[
        str | None, typer.Option(help="The passport that stands in its place.")
    ] = None,
    responsible: Responsible = None,
    as_json: AsJson = False,
) -> None:
    """Say that a battery was re-used, repurposed, remanufactured, became waste or was recycled."""
    from passports.life.transitions import statuses

    with reported(as_json=as_json):
        if status not in statuses():
            remedy = f"Choose one of {', '.join(_STATUSES)}."
            finding = Finding("STATUS", shorten(status), "there is no such status", remedy)
            raise InvalidInputError([finding], "the change")
        document = {
            "reason": reason,
            "life_cycle_status": status,
            "successor_id": successor,
            "responsible_operator_id": responsible,
        }
        _report(*_changed(operator, which, document), as_json=as_json)


def _changed(
    operator: str, which: str, document: dict[str, Any]
) -> "tuple[StoredPassport, StoredPassport]":
    """Return the newest version before a change and after it."""
    from passports.documents import read_document, utc_now
    from passports.life.versions import PassportChange, new_version

    voltpass = open_voltpass()
    if document.get("successor_id") is not None:
        document["successor_id"] = passport_id_of(voltpass, document["successor_id"])
    change = read_document(PassportChange, document, "the change")
    before = find(voltpass, which)
    store, keyring, address = voltpass.store, voltpass.keyring, voltpass.address
    after = new_version(store, keyring, address, operator, before.id, change, utc_now())
    return before, after


def _report(before: "StoredPassport", after: "StoredPassport", *, as_json: bool) -> None:
    from passports.life.versions import difference

    created = after.version != before.version
    result = {
        "id": after.id,
        "version": after.version,
        "created": created,
        "sha256": after.sha256,
        "difference": difference(before, after),
    }
    said = f"version {after.version} of {after.id}" if created else "nothing differs; no version"
    emit(result, as_json=as_json, text=lambda: out.print(said))


def passport_renew(
    operator: Operator,
    reason: Reason,
    batch: Annotated[
        str | None, typer.Option("--batch", help="All passports of a batch, or:")
    ] = None,
    model: Annotated[str | None, typer.Option("--model", help="of all batches of a model.")] = None,
    as_json: AsJson = False,
) -> None:
    """Bring what was written since issuing for a model or batch into new versions of its passports.

    Passports that somebody else has become responsible for stay as they are and are named (exit code 1).
    """
    from passports.documents import read_document, utc_now
    from passports.life.renewal import batches_of_model, renew_passports
    from passports.life.versions import PassportChange

    if (batch is None) == (model is None):
        raise typer.BadParameter("name a batch with --batch, or a model with --model")
    with reported(as_json=as_json):
        change = read_document(PassportChange, {"reason": reason}, "the change")
        voltpass = open_voltpass()
        store, keyring, address = voltpass.store, voltpass.keyring, voltpass.address
        batches = [batch] if batch is not None else batches_of_model(store, operator, str(model))
        with progress_bar("passports", quiet=as_json) as progress:
            done = renew_passports(
                store, keyring, address, operator, batches, change.reason, utc_now(), progress
            )
        emit(done.to_document(), as_json=as_json, text=lambda: _print_renewal(done))
    if done.refused:
        raise typer.Exit(1)


def _print_renewal(done: "Renewal") -> None:
    out.print(
        f"{counted(done.renewed, 'new versions')}, {done.unchanged} as they were, {done.ended} ended"
    )
    for finding in done.refused:
        out.print(f"  not renewed: {finding}", markup=False, soft_wrap=True)


dynamic_data = typer.Typer(
    no_args_is_help=True, help="Take in measured values of batteries.", rich_markup_mode=None
)


@dynamic_data.command("import")
def dynamic_data_import(
    file: Annotated[Path, typer.Argument(help="CSV, NDJSON or XLSX of a management system.")],
    operator: Operator,
    gtin: Annotated[
        str | None, typer.Option(help="The model, for rows that give a serial alone.")
    ] = None,
    partial: Annotated[
        bool, typer.Option("--partial", help="Take good rows, name the others.")
    ] = False,
    as_json: AsJson = False,
) -> None:
    """Take in an export of a battery management system; the same file again changes nothing."""
    from passports.documents import utc_now
    from passports.dynamic.data import Recording, import_dynamic_data
    from passports.identifiers import check_gtin

    with reported(as_json=as_json):
        wrong = check_gtin(gtin) if gtin is not None else None
        if wrong is not None:
            raise InvalidInputError([wrong], "the model")
        data, voltpass = read_file(file, "the measured data"), open_voltpass()
        with progress_bar("batteries", quiet=as_json) as progress:
            recording = Recording(operator, utc_now(), partial, gtin, progress=progress)
            report = import_dynamic_data(
                voltpass.store, voltpass.keyring, voltpass.address, data, recording
            )
        emit(report.to_document(), as_json=as_json, text=lambda: _print_import(report))
    if report.refused:
        raise typer.Exit(1)


def _print_import(report: "DynamicDataReport") -> None:
    if report.repeated:
        out.print(
            f"this file was taken in before ({counted(report.rows, 'rows')}); nothing changed"
        )
        return
    out.print(
        f"{counted(report.recorded, 'values')} of {counted(report.passports, 'batteries')}"
        f" from {counted(report.rows, 'rows')}; "
        f"{report.duplicates} were there, {report.out_of_order} came late"
    )
    for word, findings in (("flagged", report.flagged), ("refused", report.refused)):
        for finding in findings:
            out.print(f"  {word}: {finding}", markup=False)


def add_version_commands(passport: typer.Typer) -> None:
    """Put these commands beside the other ones about passports."""
    passport.command("versions")(passport_versions)
    passport.command("difference")(passport_difference)
    passport.command("change")(passport_change)
    passport.command("renew")(passport_renew)
    passport.command("life-cycle")(passport_life_cycle)
    passport.add_typer(dynamic_data, name="dynamic-data")
