"""`voltpass label`: the label of one battery, or those of a batch: as SVG files, or on sheets as PDF."""

from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from api.commands.console import AsJson, emit, err, open_voltpass, out, progress_bar, reported
from api.commands.passport_names import find
from passports.plurals import counted

if TYPE_CHECKING:
    from api.labelling import BatchLabel
    from api.wiring import Voltpass

_WHICH = "Identifier, urn:uuid: or printed link of the passport; or --batch."


def label(
    which: Annotated[str | None, typer.Argument(metavar="[PASSPORT]", help=_WHICH)] = None,
    output: Annotated[
        Path | None, typer.Option("--output", "-o", help="Write here; for a batch: a folder.")
    ] = None,
    seal: Annotated[
        bool, typer.Option("--seal", help="With a second code that verifies offline.")
    ] = False,
    batch: Annotated[str | None, typer.Option("--batch", help="All of a batch.")] = None,
    operator: Annotated[
        str | None, typer.Option(envvar="VOLTPASS_OPERATOR", help="Whose batch it is.")
    ] = None,
    sheet: Annotated[
        Path | None, typer.Option("--sheet", help="A PDF of A4 sheets; print at 100 %.")
    ] = None,
    as_json: AsJson = False,
) -> None:
    """Draw the label of a battery, or of each of a batch, in millimetres: SVG, or sheets as PDF."""
    if (which is None) == (batch is None):
        raise typer.BadParameter("name a passport, or a batch with --batch")
    if which is not None and sheet is None:
        _one(which, output, sealed=seal, as_json=as_json)
        return
    if seal or (batch is not None and operator is None):
        raise typer.BadParameter("sheets and batches have no --seal; a batch needs --operator")
    if which is not None or (output is None and sheet is None):
        raise typer.BadParameter("a sheet is for a --batch; a batch needs -o FOLDER or --sheet PDF")
    _many(str(batch), str(operator), output, sheet, as_json=as_json)


def _one(which: str, output: Path | None, *, sealed: bool, as_json: bool) -> None:
    from api.labelling import label_of, why_no_label

    with reported(as_json=as_json):
        voltpass = open_voltpass()
        stored = find(voltpass, which)
        svg = label_of(voltpass, stored.id, sealed=sealed)
        warning = why_no_label(voltpass, stored)
        if warning:
            err.print(f"Warning: {warning}; do not put this label on a battery", markup=False)
        if output is not None:
            output.write_text(svg, encoding="utf-8")
        result = {"id": stored.id, "file": str(output) if output else None, "svg": svg}
        if warning:
            result["warning"] = warning
        subject: Any = stored.payload()["credentialSubject"]
        written = f"label of {subject['serialNumber']}: {output}"
        emit(
            result,
            as_json=as_json,
            text=lambda: out.print(written if output else svg, markup=False),
        )


def _many(
    batch: str, operator: str, folder: Path | None, sheet: Path | None, *, as_json: bool
) -> None:
    from api.labelling import labels_of_batch

    with reported(as_json=as_json):
        voltpass: Voltpass = open_voltpass()
        labels = labels_of_batch(voltpass, operator, batch)
        good = [label for label in labels if not label.warning]
        left_out = [label for label in labels if label.warning]
        result: dict[str, Any] = {
            "batch": batch,
            "labels": len(good),
            "left_out": [
                {"id": row.passport_id, "serial": row.content.serial, "reason": row.warning}
                for row in left_out
            ],
        }
        if folder is not None:
            result |= {"folder": str(folder), "files": _write_files(good, folder, quiet=as_json)}
        if sheet is not None:
            result |= {"sheet": str(sheet), "bytes": _write_sheet(good, sheet, quiet=as_json)}

        def text() -> None:
            for row in left_out:
                err.print(f"left out {row.content.serial}: {row.warning}", markup=False)
            places = ", ".join(str(place) for place in (folder, sheet) if place is not None)
            out.print(f"{counted(len(good), 'labels')} of batch {batch}: {places}", markup=False)

        emit(result, as_json=as_json, text=text)


def _write_files(labels: "list[BatchLabel]", folder: Path, *, quiet: bool) -> list[str]:
    """Write one SVG a battery, named by its serial as the link has it: no two are the same."""
    from passports.label_files import label_file_name
    from passports.labels import draw_label

    folder.mkdir(parents=True, exist_ok=True)
    names = []
    with progress_bar("labels", quiet=quiet) as progress:
        for done, row in enumerate(labels, start=1):
            name = label_file_name(row.content.serial)
            (folder / name).write_text(draw_label(row.content), encoding="utf-8")
            names.append(name)
            progress(done, len(labels))
    return names


def _write_sheet(labels: "list[BatchLabel]", sheet: Path, *, quiet: bool) -> int:
    from passports.label_sheet import label_sheet

    with progress_bar("labels", quiet=quiet) as progress:
        data = label_sheet([row.content for row in labels], progress)
    return sheet.write_bytes(data)
