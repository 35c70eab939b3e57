"""`voltpass passport certificates`: which factory certificates batteries cite, as a table."""

from pathlib import Path
from typing import Annotated

import typer

from api.commands.console import AsJson, emit, open_voltpass, out, reported
from passports.plurals import counted


def add_table_commands(passport: typer.Typer) -> None:
    """Add the command to those of passports."""
    passport.command("certificates")(passport_certificates)


def passport_certificates(
    batch_id: Annotated[str, typer.Option("--batch", help="All passports of a batch.")],
    operator: Annotated[str, typer.Option(envvar="VOLTPASS_OPERATOR", help="Whose batch it is.")],
    output: Annotated[Path, typer.Option("--output", "-o", help="Where to write the CSV.")],
    all_versions: Annotated[
        bool, typer.Option("--all-versions", help="Every version, not the newest alone.")
    ] = False,
    as_json: AsJson = False,
) -> None:
    """Write which factory certificates a batch's passports cite, the three columns beside, as CSV."""
    from api.verifying import own_records
    from passports.batches import newest_passports
    from passports.documents import utc_now
    from passports.export import EXPORTS

    with reported(as_json=as_json):
        voltpass = open_voltpass()
        with voltpass.store.reading() as reading:
            newest = newest_passports(reading, operator, batch_id)
            rows = reading.passports.of_batch(operator, batch_id) if all_versions else newest
            credentials = [row.credential for row in rows]
        export = EXPORTS["certificates"]
        data = export(own_records(voltpass), credentials, None, False, utc_now())
        output.write_bytes(data)
        counts = {"passports": len(newest), "versions": len(credentials)}
        result = {"file": str(output), **counts, "bytes": len(data)}
        passports, versions = (
            counted(len(newest), "passports"),
            counted(len(credentials), "versions"),
        )
        said = f"{passports} in {versions}: {output}"
        emit(result, as_json=as_json, text=lambda: out.print(said, markup=False))
