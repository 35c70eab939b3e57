"""`voltpass backup | restore`: the whole of a home in one file, written while the server runs."""

from pathlib import Path
from typing import Annotated, Any

import typer

from api.commands.console import (
    EXIT_REFUSED,
    AsJson,
    emit,
    open_settings,
    open_voltpass,
    out,
    progress_bar,
    reported,
)
from passports.plurals import counted


def backup(
    file: Annotated[Path, typer.Argument(help="The file to write, e.g. voltpass-2027-03-01.zip.")],
    with_passphrase: Annotated[
        bool,
        typer.Option(
            "--with-passphrase", help="A passphrase that was made up here goes with the keys."
        ),
    ] = False,
    replace: Annotated[
        bool, typer.Option("--replace", help="Replace a file of this name, once this one is whole.")
    ] = False,
    as_json: AsJson = False,
) -> None:
    """Write database, encrypted keys and trust list to one file, while the server runs.

    The file holds restricted data: keep it as you keep the server. Exit code 0: it is whole and on the disk,
    3: there is no store, the name is taken, or the database cannot be copied.
    """
    from api.backups.writing import BackupRequest, write_backup

    with reported(as_json=as_json):
        request = BackupRequest(path=file, with_passphrase=with_passphrase, replaces=replace)
        with progress_bar("copying", quiet=as_json) as progress:
            document = write_backup(open_settings(), request, progress)
        emit(document, as_json=as_json, text=lambda: _print_backup(document))


def _print_backup(document: dict[str, Any]) -> None:
    out.print(
        f"{document['file']}  {document['bytes']:,} bytes, of {document['made_at']}", markup=False
    )
    out.print(f"SHA-256 {document['sha256']}")
    _print_extent(document)
    for part in document["parts"]:
        out.print(f"{part['bytes']:>12,}  {part['path']}", markup=False)
    _print_left_out(document)


def _print_extent(document: dict[str, Any]) -> None:
    passports = counted(document["passports"], "passports")
    extent = f"{passports}, {document['log_size']} entries of the log"
    version = f"voltpass {document['voltpass']}, schema {document['schema_revision']}"
    out.print(f"{document['database']}, {extent}; {version}", markup=False)


def _print_left_out(document: dict[str, Any]) -> None:
    out.print("not in it, to be kept elsewhere:")
    for line in document["not_included"]:
        out.print(f"  {line}", markup=False)


def restore(
    file: Annotated[Path, typer.Argument(help="What `voltpass backup` wrote.")],
    check: Annotated[
        bool, typer.Option("--check", help="Check the backup and its keys; restore nothing.")
    ] = False,
    keys_closed: Annotated[
        bool, typer.Option("--keys-closed", help="Without the passphrase: nothing can be signed.")
    ] = False,
    skip_fsck: Annotated[
        bool, typer.Option("--skip-fsck", help="Leave it to you to run voltpass fsck.")
    ] = False,
    as_json: AsJson = False,
) -> None:
    """Restore a backup into an empty VOLTPASS_HOME (and database), then check the whole store.

    Exit code 0: restored, or with --check fit to be, 1: the backup is refused, or what was restored has a
    fault, 3: home or database are not empty, or a setting does not fit.
    """
    from api.backups.restoring import RestoreRequest, restore_backup

    with reported(as_json=as_json):
        request = RestoreRequest(path=file, only_check=check, keys_stay_closed=keys_closed)
        with progress_bar("restoring", quiet=as_json) as progress:
            document = restore_backup(open_settings(), request, progress)
        if not (check or keys_closed or skip_fsck):
            document["fsck"] = _fsck(quiet=as_json)
        emit(document, as_json=as_json, text=lambda: _print_restored(document))
        if document.get("fsck", {}).get("faults"):
            raise typer.Exit(EXIT_REFUSED)


def _fsck(*, quiet: bool) -> dict[str, Any]:
    from passports.documents import utc_now
    from passports.fsck.whole import check_store

    voltpass = open_voltpass()
    try:
        with progress_bar("checking", quiet=quiet) as progress:
            report = check_store(
                voltpass.store,
                voltpass.dataset,
                utc_now(),
                lambda _kind, count: progress(count, count),
                voltpass.keyring.log_verifiers(voltpass.address.log_origin),
            )
    finally:
        voltpass.close()
    return report.to_document()


def _print_restored(document: dict[str, Any]) -> None:
    verb = "restored to" if document["restored"] else "checked, not restored to"
    out.print(f"{verb} {document['home']}: backup of {document['made_at']}", markup=False)
    _print_extent(document)
    keys = document["keys"]
    out.print(f"{counted(keys['files'], 'keys')}, {keys['opened']} opened with the passphrase")
    _print_left_out(document)
    for row in document["settings_that_differ"]:
        out.print(f"another setting: {row['name']}, then {row['then'] or 'empty'}", markup=False)
    if document["restored"]:
        out.print(
            f"before anything is issued: has anybody seen a log of more than {document['log_size']}"
            " entries? Then passports were lost: see Backups in api/README.md"
        )
        _print_fsck(document.get("fsck"))


def _print_fsck(report: dict[str, Any] | None) -> None:
    if report is None:
        out.print("not checked: run voltpass fsck")
    elif report["faults"]:
        first = report["faults"][0]
        out.print("[bold red]first fault[/]:", end=" ")
        out.print(f"{first['kind']} {first['id']}: {first['reason']}", markup=False)
    else:
        out.print("[green]everything is as it was signed and computed[/]")
