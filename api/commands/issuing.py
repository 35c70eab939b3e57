"""`voltpass batch issue | list` and `voltpass passport list | show | bundle`: issuing and looking."""

from collections.abc import Sequence
from datetime import datetime
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any, TypeAlias

import typer

from api.commands.archive import write_bundle_archive
from api.commands.attributes import add_attribute_commands
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
from api.commands.registrations import add_registration_commands
from api.commands.statuses import add_status_commands
from api.commands.tables import add_table_commands
from api.commands.versions import At, add_version_commands, read_instant
from passports.plurals import counted

if TYPE_CHECKING:
    from api.wiring import Voltpass
    from passports.attributes.completeness import CompletenessFigure
    from passports.batches import BatchCreate


# What is said of a batch, the same as a document, and how complete its passports are.
_Done: TypeAlias = "tuple[str, dict[str, Any], CompletenessFigure]"

batch = typer.Typer(
    no_args_is_help=True, help="Issue passports for batches of batteries.", rich_markup_mode=None
)
passport = typer.Typer(
    no_args_is_help=True, help="Show, bundle, suspend and revoke passports.", rich_markup_mode=None
)
add_attribute_commands(passport)
add_version_commands(passport)
add_table_commands(passport)
add_status_commands(passport)
add_registration_commands(batch)


@batch.command("issue")
def batch_issue(
    file: Annotated[Path, typer.Argument(help="CSV: serial[,manufactured_on]")],
    operator: Operator,
    batch_id: Annotated[str, typer.Option("--id", help="Identifier of the batch.")],
    model_id: Annotated[str, typer.Option("--model", help="Battery model.")],
    facility_id: Annotated[str, typer.Option("--facility", help="Where it was made.")],
    manufactured_on: Annotated[
        datetime, typer.Option(formats=["%Y-%m-%d"], help="For units without a day of their own.")
    ],
    responsible: Annotated[
        str | None, typer.Option(help="Operator who places the batteries on the Union market.")
    ] = None,
    dry_run: Annotated[
        bool, typer.Option("--dry-run", help="Only run the gates of issuing.")
    ] = False,
    as_json: AsJson = False,
) -> None:
    """Issue one signed passport for each battery of a CSV file: all of them, or none."""
    from passports.batches import BatchCreate, read_units_csv
    from passports.documents import read_document

    with reported(as_json=as_json):
        units = read_units_csv(read_file(file, "the batch file"))
        request = read_document(
            BatchCreate,
            {
                "id": batch_id,
                "model_id": model_id,
                "facility_id": facility_id,
                "responsible_operator_id": responsible,
                "manufactured_on": manufactured_on.date(),
                "units": units,
            },
            "the batch",
        )
        voltpass = open_voltpass()
        if dry_run:
            said, document, figure = _checked(voltpass, operator, request)
        else:
            said, document, figure = _issued(voltpass, operator, request, quiet=as_json)
        document["completeness"] = figure.to_document()
        text = f"{said}\n{_told(figure)}"
        emit(document, as_json=as_json, text=lambda: out.print(text))


def _checked(voltpass: "Voltpass", operator: str, request: "BatchCreate") -> _Done:
    """Run the gates of issuing, and issue nothing."""
    from passports.documents import utc_now
    from passports.issue import check_only

    check_only(voltpass.store, operator, request, utc_now())
    units = len(request.units)
    verb = "passes" if units == 1 else "pass"
    said = f"{counted(units, 'units')} {verb} the gates; nothing was issued"
    document = {"batch": request.id, "units": units, "dry_run": True}
    return said, document, _model_figure(voltpass, operator, request)


def _issued(voltpass: "Voltpass", operator: str, request: "BatchCreate", *, quiet: bool) -> _Done:
    from passports.documents import utc_now
    from passports.issue import issue_batch

    store, keyring, address = voltpass.store, voltpass.keyring, voltpass.address
    with progress_bar("issuing", quiet=quiet) as progress:
        issued = issue_batch(store, keyring, address, operator, request, utc_now(), progress)
    verb = "issued" if issued.created else "had been issued before:"
    said = f"{verb} {counted(len(issued.passports), 'passports')}, batch {request.id}"
    document = {
        "batch": request.id,
        "created": issued.created,
        "passports": [p.to_document() for p in issued.passports],
    }
    return said, document, _passport_figure(voltpass, issued.passports[0].id)


def _model_figure(
    voltpass: "Voltpass", operator: str, request: "BatchCreate"
) -> "CompletenessFigure":
    """Return how complete the passports of a batch would be, as far as model and batch say."""
    from passports.attributes.completeness import model_report
    from passports.documents import utc_now

    wanted = (operator, request.model_id, request.profile, utc_now().date(), request.id)
    with voltpass.store.reading() as reading:
        return model_report(reading, *wanted).figure()


def _passport_figure(voltpass: "Voltpass", passport_id: str) -> "CompletenessFigure":
    """Return how complete an issued passport is."""
    from passports.attributes.completeness import passport_report
    from passports.documents import utc_now

    with voltpass.store.reading() as reading:
        return passport_report(reading, passport_id, None, utc_now().date()).figure()


def _told(figure: "CompletenessFigure") -> str:
    from api.pages.figures import day

    later = f"; {figure.later} come with each battery" if figure.later else ""
    asked = (
        f"{counted(figure.asked, 'attributes')} that the law asks for from {day(figure.asked_from)}"
    )
    return f"{figure.given} of {asked} are given{later}"


@batch.command("list")
def batch_list(
    operator: Annotated[str | None, typer.Option(help="Only of this operator.")] = None,
    as_json: AsJson = False,
) -> None:
    """List batches, newest first."""
    from passports.batches import list_batches

    with reported(as_json=as_json), open_voltpass().store.reading() as reading:
        found = list_batches(reading, operator)

        def text() -> None:
            for item in found:
                out.print(f"{item.operator_id}/{item.id}  {item.size} of {item.model_id}")

        emit([item.model_dump(mode="json") for item in found], as_json=as_json, text=text)


@passport.command("list")
def passport_list(
    operator: Operator,
    batch_id: Annotated[str, typer.Option("--batch", help="Identifier of the batch.")],
    as_json: AsJson = False,
) -> None:
    """List a batch's passports: serial, link and identifier."""
    from passports.batches import newest_passports
    from passports.identifiers import UniqueProductIdentifier

    with reported(as_json=as_json):
        voltpass = open_voltpass()
        with voltpass.store.reading() as reading:
            found = newest_passports(reading, operator, batch_id)
        link = voltpass.address.digital_link
        rows = [
            {
                "serial": p.serial,
                "link": link(UniqueProductIdentifier(p.gtin, p.serial)),
                "id": p.id,
            }
            for p in found
        ]

        def text() -> None:
            for row in rows:
                out.print("  ".join(row.values()), markup=False)

        emit(rows, as_json=as_json, text=text)


@passport.command("show")
def passport_show(
    which: PassportName,
    signed: Annotated[
        bool, typer.Option("--signed", help="Print the signed credential itself.")
    ] = False,
    at: At = None,
    as_json: AsJson = False,
) -> None:
    """Show what a passport says, or its signed bytes; the newest version, or the one at an instant."""
    from passports.life.versions import version_at

    with reported(as_json=as_json):
        voltpass = open_voltpass()
        stored = find(voltpass, which)
        if at is not None:
            stored = version_at(voltpass.store, stored.id, read_instant(at, "--at"))
        if signed and not as_json:
            out.print(stored.credential.decode(), markup=False)
            return
        document = {
            "id": stored.id,
            "version": stored.version,
            "sha256": stored.sha256,
            "credential": stored.payload(),
            "signed": stored.credential.decode(),
        }
        emit(document, as_json=as_json, text=lambda: out.print_json(data=stored.payload()))


@passport.command("bundle")
def passport_bundle(
    output: Annotated[Path, typer.Option("--output", "-o", help="Where to write the bundle.")],
    which: Annotated[
        list[str] | None, typer.Argument(metavar="[PASSPORT]...", help="Identifiers or links.")
    ] = None,
    operator: Annotated[
        str | None, typer.Option(envvar="VOLTPASS_OPERATOR", help="Whose batch it is.")
    ] = None,
    batch_id: Annotated[
        str | None, typer.Option("--batch", help="All of a batch, their newest versions.")
    ] = None,
    with_inventories: Annotated[
        bool,
        typer.Option(
            "--with-inventories", help="Add the studies' confidential inputs, to be recomputed."
        ),
    ] = False,
    archive: Annotated[
        bool,
        typer.Option(
            "--archive", help="Write an archive that another voltpass can keep and serve."
        ),
    ] = False,
    everybody: Annotated[bool, typer.Option("--all", help="An archive of all operators.")] = False,
    confidential: Annotated[
        bool,
        typer.Option(
            "--confidential", help="An archive for a back-up operator, with restricted data."
        ),
    ] = False,
    as_json: AsJson = False,
) -> None:
    """Write passports with all evidence, to be verified offline; or an archive, for another to keep."""
    with reported(as_json=as_json):
        voltpass = open_voltpass()
        if archive or everybody or confidential:
            ids = [passport_id_of(voltpass, name) for name in which or []]
            write_bundle_archive(
                voltpass,
                output,
                operator,
                batch_id,
                ids,
                everybody=everybody,
                confidential=confidential,
                as_json=as_json,
            )
            return
        credentials = _chosen(voltpass, which or [], operator, batch_id)
        if not credentials:
            raise typer.BadParameter("name passports, a batch with its operator, or --archive")
        written_bytes = _write_bundle(voltpass, output, credentials, with_inventories)
        passports = counted(len(credentials), "passports")
        emit(
            {"file": str(output), "passports": len(credentials), "bytes": written_bytes},
            as_json=as_json,
            text=lambda: out.print(
                f"{passports}, {counted(written_bytes, 'bytes')}: {output}", markup=False
            ),
        )


def _write_bundle(
    voltpass: "Voltpass", output: Path, credentials: list[bytes], with_inventories: bool
) -> int:
    """Write credentials with all that verifies them, and return how many bytes that are."""
    from api.verifying import own_records
    from passports.documents import utc_now
    from passports.export import EXPORTS

    now = utc_now()
    trust_list = voltpass.write_trust_list(now).read_bytes().strip()
    export = EXPORTS["bundle"]
    return output.write_bytes(
        export(own_records(voltpass), credentials, trust_list, with_inventories, now)
    )


def _chosen(
    voltpass: "Voltpass", names: Sequence[str], operator: str | None, batch_id: str | None
) -> list[bytes]:
    """Return the newest credentials of passports that are named and of a batch, each once."""
    from passports.batches import newest_passports

    chosen = [find(voltpass, name).credential for name in names]
    if operator is not None and batch_id is not None:
        with voltpass.store.reading() as reading:
            chosen += [row.credential for row in newest_passports(reading, operator, batch_id)]
    return list(dict.fromkeys(chosen))
