"""`voltpass archive`, and what `voltpass passport bundle --archive` writes: passports kept by another."""

import json
from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from api.commands.console import (
    AsJson,
    emit,
    open_voltpass,
    out,
    progress_bar,
    read_file,
    reported,
)
from api.environment import EnvironmentFaultError, FileFaultError
from passports.errors import Finding, InvalidInputError, RecordNotFoundError
from passports.plurals import counted

if TYPE_CHECKING:
    from api.wiring import Voltpass
    from passports.continuity import Continuity
    from passports.store import Transaction


archive = typer.Typer(
    no_args_is_help=True, help="Keep other operators' passports; open them.", rich_markup_mode=None
)


def write_bundle_archive(
    voltpass: "Voltpass",
    path: Path,
    operator: str | None,
    batch_id: str | None,
    passport_ids: Sequence[str],
    *,
    everybody: bool,
    confidential: bool,
    as_json: bool,
) -> None:
    """Write an archive of passports, a batch, an operator or all operators, and say what is in it."""
    from passports.archive.contents import ArchiveAudience
    from passports.archive.write import ArchiveRequest, write_archive
    from passports.documents import utc_now
    from passports.operators import get_operator

    audience = ArchiveAudience.CONFIDENTIAL if confidential else ArchiveAudience.PUBLIC
    with voltpass.store.reading() as reading:
        if everybody:
            operators = _writers(reading)
        elif operator is not None:
            operators = [get_operator(reading, operator).id]
        else:
            raise typer.BadParameter("name the operator (--operator), or all of them (--all)")
    trust_list = voltpass.write_trust_list(utc_now()).read_bytes().strip()
    request = ArchiveRequest(operators, audience, batch_id, tuple(passport_ids))
    with progress_bar("archiving", quiet=as_json) as progress:
        result = write_archive(
            voltpass.store,
            voltpass.keyring,
            voltpass.address,
            path,
            request,
            trust_list,
            utc_now(),
            progress,
        )
    text = (
        f"{counted(result['passports'], 'passports')} in"
        f" {counted(result['rows'].get('passport', 0), 'versions')}"
        f" of {', '.join(operators)},"
        f" {audience.value}, {result['bytes']} bytes: {path}\nsha256 {result['sha256']}"
    )
    emit(result, as_json=as_json, text=lambda: out.print(text, markup=False))


def _writers(reading: "Transaction") -> list[str]:
    """Return the operators that are live here, but for the server's own."""
    from api.platform import PLATFORM_ID
    from passports.continuity import continuity_of
    from passports.operators import list_operators

    return [
        operator.id
        for operator in list_operators(reading)
        if operator.id != PLATFORM_ID and continuity_of(reading, operator.id).row is None
    ]


@archive.command("import")
def archive_import(
    file: Annotated[Path, typer.Argument(help="What `voltpass passport bundle --archive` wrote.")],
    trust_root: Annotated[
        Path | None,
        typer.Option(help="Public root key (JWK) of the server that the archive is from."),
    ] = None,
    trust_on_first_use: Annotated[
        bool,
        typer.Option(
            "--trust-on-first-use", help="Believe the keys in the archive; it is said for ever."
        ),
    ] = False,
    check: Annotated[bool, typer.Option("--check", help="Check it only; take nothing in.")] = False,
    as_json: AsJson = False,
) -> None:
    """Check an archive as a whole, then keep its passports here, read-only, under the same links."""
    from api.platform import PLATFORM_ID
    from passports.archive.take_in import ImportRequest, import_archive
    from passports.documents import utc_now

    with reported(as_json=as_json):
        if not file.is_file():
            finding = Finding("file", str(file), "there is no such file", "Check the path.")
            raise FileFaultError(finding)
        voltpass = open_voltpass(creates=True)
        request = ImportRequest(
            path=file,
            scratch=voltpass.settings.home / "imports",
            trust_root=None if trust_root is None else _root(trust_root),
            on_first_use=trust_on_first_use,
            only_check=check,
            reserved=frozenset({PLATFORM_ID}),
        )
        with progress_bar("checking", quiet=as_json) as progress:
            report = import_archive(
                voltpass.store,
                request,
                voltpass.dataset,
                voltpass.address.log_origin,
                utc_now(),
                lambda _kind, count: progress(count, count),
            )
        if not check and report["trust"] == "pinned":
            voltpass.write_trust_list(utc_now())  # so that pages here verify what is kept
        emit(report, as_json=as_json, text=lambda: _print_import(report))


def _root(path: Path) -> dict[str, str]:
    try:
        key = json.loads(read_file(path, "the root key"))
    except ValueError:
        key = None
    if not isinstance(key, dict):
        remedy = "It is trust-root.jwk.json in the home of the server that the archive is from."
        raise EnvironmentFaultError(Finding("trust-root", str(path), "it is no key", remedy))
    return {str(name): str(value) for name, value in key.items()}


def _print_import(report: dict[str, Any]) -> None:
    verb = "kept" if report["imported"] else "checked, nothing taken in"
    operators = ", ".join(report["operators"])
    line = f"{verb}: {operators} from {report['base_url']}, {report['audience']} archive"
    out.print(f"{line} of {report['made_at']}", markup=False)
    if report["trust"] != "pinned":
        out.print("[bold]keys were taken on first use[/]: nobody vouched for them")
    for kind, count in report["checked"].items():
        out.print(f"{count:8}  {kind.replace('_', ' ')} checked")
    for table, count in report["new_rows"].items():
        out.print(f"{count:8}  new rows of {table}")


@archive.command("open")
def archive_open(
    operator: Annotated[str, typer.Argument(help="The operator that is gone.")],
    reason: Annotated[str, typer.Option(help="How that is known; it is published.")],
    as_json: AsJson = False,
) -> None:
    """State that an operator has ceased: each audience gets here what the law gives it."""
    from api.platform import PLATFORM_ID
    from passports.authority.cessation import state_ceased
    from passports.documents import utc_now

    with reported(as_json=as_json):
        try:
            stated = state_ceased(open_voltpass().store, operator, PLATFORM_ID, reason, utc_now())
        except RecordNotFoundError:
            remedy = "Import its archive first (voltpass archive import), or check the spelling."
            raise RecordNotFoundError("operator", operator, remedy) from None
        document = stated.to_document()
        if document["reason"] != reason.strip():
            why = f"stated already on {document['ceased_at']} ({document['reason']})"
            remedy = "Nothing was written: what was stated first stays."
            raise InvalidInputError([Finding("reason", reason, why, remedy)], "the statement")
        text = f"{operator} ceased: {document['reason']} (stated {document['ceased_at']})"
        emit(document, as_json=as_json, text=lambda: out.print(text, markup=False))


@archive.command("list")
def archive_list(as_json: AsJson = False) -> None:
    """List the operators that are kept here or have ceased."""
    from passports.continuity import list_continuity

    with reported(as_json=as_json), open_voltpass().store.reading() as reading:
        found = list_continuity(reading)

        def text() -> None:
            for item in found:
                out.print(_line(item), markup=False)

        emit([item.to_document() for item in found], as_json=as_json, text=text)


def _line(item: "Continuity") -> str:
    document = item.to_document()
    source = f", from {document['kept_from']}" if "kept_from" in document else ""
    made_at = f", archive of {document['archive_made_at']}" if "kept_from" in document else ""
    return f"{item.operator_id}  {item.standing.value}{source}{made_at}"
