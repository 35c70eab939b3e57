"""`voltpass operator change | versions`: an operator's data corrected, with a reason."""

from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from api.commands.console import AsJson, emit, open_voltpass, out, read_file, reported

if TYPE_CHECKING:
    from api.wiring import Voltpass
    from passports.authority.callers import Caller

Which = Annotated[str, typer.Argument(metavar="OPERATOR", help="Identifier of the operator.")]


def platform_caller(voltpass: "Voltpass") -> "Caller":
    """Return whoever runs this server, in whose name its command line corrects."""
    from api.platform import PLATFORM_ID, ensure_platform
    from passports.authority.callers import Caller
    from passports.documents import utc_now
    from passports.operators import get_operator

    ensure_platform(voltpass, utc_now())
    with voltpass.store.reading() as reading:
        return Caller.of(get_operator(reading, PLATFORM_ID), "command line")


def operator_change(
    which: Which,
    file: Annotated[Path, typer.Argument(help="JSON: what is new; null takes away.")],
    reason: Annotated[str, typer.Option(help="Why; kept with the version.")],
    as_json: AsJson = False,
) -> None:
    """Correct an operator's name, address, country, trade name or web address; what was signed stays."""
    from passports.authority.operator_changes import (
        OperatorChange,
        change_operator,
        operator_versions,
    )
    from passports.documents import read_document, utc_now
    from passports.errors import Finding, InvalidInputError
    from signing.canonical import parse_strict

    with reported(as_json=as_json):
        given = parse_strict(read_file(file, "the change"))
        if not isinstance(given, dict) or "reason" in given:
            remedy = "Write a JSON object of what is new; the reason is --reason."
            raise InvalidInputError([Finding("FILE", str(file), "it is no change", remedy)])
        change = read_document(OperatorChange, {**given, "reason": reason}, "the change")
        voltpass, now = open_voltpass(), utc_now()
        caller = platform_caller(voltpass)
        before = operator_versions(voltpass.store, caller, which)[-1]
        made = change_operator(voltpass.store, caller, which, change, now)
        voltpass.write_trust_list(now)
        created = made.version != before.version
        said = f"version {made.version} of {which}" if created else "nothing differs; no version"
        document = {**made.to_document(), "created": created}
        emit(document, as_json=as_json, text=lambda: out.print(said, markup=False))


def operator_versions_listed(which: Which, as_json: AsJson = False) -> None:
    """List the versions of an operator's data: what was said from when on, by whom and why."""
    from passports.authority.operator_changes import operator_versions

    with reported(as_json=as_json):
        voltpass = open_voltpass()
        rows = [
            v.to_document()
            for v in operator_versions(voltpass.store, platform_caller(voltpass), which)
        ]

        def text() -> None:
            for row in rows:
                who = f"by {row['actor']}: {row['reason']}" if row["actor"] else "as registered"
                said = row["operator"]
                line = f"{row['version']}  {row['recorded_at']}  {said['name']}, {said['country']}"
                out.print(f"{line}  {who}", markup=False)

        emit(rows, as_json=as_json, text=text)


def add_change_commands(operator: typer.Typer) -> None:
    """Put these commands beside the other ones about operators."""
    operator.command("change")(operator_change)
    operator.command("versions")(operator_versions_listed)
