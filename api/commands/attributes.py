"""`voltpass passport schema | set | attributes | completeness`: attribute data on the command line."""

from collections.abc import Mapping
from datetime import date, datetime
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer
from rich.table import Table

from api.commands.console import AsJson, Operator, emit, open_voltpass, out, read_file, reported
from api.commands.passport_names import PassportName, passport_id_of
from passports.attributes.table import DEFAULT_PROFILE, Granularity
from passports.errors import RecordNotFoundError
from passports.plurals import counted

if TYPE_CHECKING:
    from passports.attributes.completeness import CompletenessReport
    from passports.operators import EconomicOperator
    from passports.store import Transaction


Profile = Annotated[str, typer.Option("--profile", help="What passports show, and from when.")]


def passport_schema(
    category: Annotated[str, typer.Argument(help="ev, lmt, industrial or stationary.")],
    profile: Profile = DEFAULT_PROFILE,
    as_json: AsJson = False,
) -> None:
    """Print the JSON Schema of a passport's attributes for a category and profile."""
    from passports.attributes.schemas import attribute_schema

    with reported(as_json=as_json):
        schema = attribute_schema(open_voltpass().address, profile, category)
        emit(schema, as_json=as_json, text=lambda: out.print_json(data=schema))


def passport_set(
    level: Annotated[Granularity, typer.Argument(help="model, batch or item.")],
    subject_id: Annotated[str, typer.Argument(help="Model, batch, or passport (also by link).")],
    file: Annotated[Path, typer.Argument(help="JSON: values by attribute.")],
    operator: Operator,
    reason: Annotated[str, typer.Option(help="Why; kept with the version.")],
    replace: Annotated[
        bool, typer.Option("--replace", help="These and no others; else merged.")
    ] = False,
    as_json: AsJson = False,
) -> None:
    """Write attributes of a model, a batch or a battery as a new version, and sign restricted ones."""
    from passports.attributes.data import AttributeChange, Writer, find_subject, write_attributes
    from passports.documents import read_document, utc_now
    from signing.canonical import parse_strict

    with reported(as_json=as_json):
        values = parse_strict(read_file(file, "the attribute data"))
        change = read_document(
            AttributeChange, {"values": values, "reason": reason}, "the attribute data"
        )
        voltpass, now = open_voltpass(), utc_now()
        if level is Granularity.ITEM:
            subject_id = passport_id_of(voltpass, subject_id)
        with voltpass.store.reading() as reading:
            subject = find_subject(reading, operator, level, subject_id)
        version = write_attributes(
            voltpass.store,
            voltpass.keyring,
            voltpass.address,
            subject,
            change,
            now,
            replace=replace,
            writer=Writer(operator),
        )
        version = version.written_by(operator)
        values = counted(len(version.values), "values")
        text = f"version {version.version} of {level.value} {subject_id}: {values}"
        emit(version.to_document(), as_json=as_json, text=lambda: out.print(text))


def passport_revoke_restricted(
    model: Annotated[str, typer.Argument(help="The model.")],
    operator: Operator,
    reason: Annotated[str, typer.Option(help="Why; kept in the access log.")],
    as_json: AsJson = False,
) -> None:
    """Revoke the restricted credential of a model for good; a battery's goes with its passport."""
    from passports.authority.grants import Revocation
    from passports.documents import read_document, utc_now
    from passports.restricted_revocation import revoke_model_restricted

    with reported(as_json=as_json):
        voltpass = open_voltpass()
        said = read_document(Revocation, {"reason": reason}, "the revocation").reason
        store, keyring, address = voltpass.store, voltpass.keyring, voltpass.address
        done = revoke_model_restricted(store, keyring, address, operator, model, said, utc_now())
        text = f"revoked the restricted credential of {model} (version {done['version']})"
        emit(done, as_json=as_json, text=lambda: out.print(text, markup=False))


def passport_attributes(
    which: PassportName,
    reader: Annotated[
        str | None, typer.Option(help="Operator to read as; the public by default.")
    ] = None,
    as_json: AsJson = False,
) -> None:
    """Show a battery's attributes as an operator or the public sees them, and whence each comes."""
    from passports.attributes.view import passport_sheet, view
    from passports.documents import utc_now

    with reported(as_json=as_json):
        voltpass = open_voltpass()
        store, passport_id = voltpass.store, passport_id_of(voltpass, which)
        operator = None
        if reader is not None:
            with store.reading() as reading:
                operator = _reader(reading, reader)
        document = view(store, operator, lambda t: passport_sheet(t, passport_id), utc_now())
        emit(document, as_json=as_json, text=lambda: out.print(_attribute_table(document)))


def _reader(reading: "Transaction", operator_id: str) -> "EconomicOperator":
    from passports.operators import get_operator

    try:
        return get_operator(reading, operator_id)
    except RecordNotFoundError:
        remedy = "Name an operator that is registered here; without --reader, the public reads."
        raise RecordNotFoundError("operator", operator_id, remedy) from None


def _attribute_table(document: Mapping[str, Any]) -> Table:
    audiences = ", ".join(document["audiences"])
    table = Table("attribute", "value", "unit", "from", title=f"as {audiences}")
    for name, shown in document["attributes"].items():
        table.add_row(name, str(shown["value"]), shown.get("unit", ""), shown["from"])
    return table


def passport_completeness(
    operator: Operator,
    which: Annotated[
        str | None, typer.Argument(metavar="[PASSPORT]", help="A passport, also by link, or:")
    ] = None,
    model: Annotated[str | None, typer.Option(help="A model, before or after issuing.")] = None,
    batch: Annotated[str | None, typer.Option(help="With a model: a batch of it.")] = None,
    profile: Annotated[str | None, typer.Option(help="What passports show.")] = None,
    on: Annotated[
        datetime | None, typer.Option("--date", formats=["%Y-%m-%d"], help="By default today.")
    ] = None,
    as_json: AsJson = False,
) -> None:
    """List what a model or a battery still lacks for its category, a profile and a day."""
    from passports.attributes.completeness import model_report, passport_report
    from passports.documents import utc_now

    if (which is None) == (model is None):
        raise typer.BadParameter("name a passport, or a model with --model")
    with reported(as_json=as_json):
        voltpass = open_voltpass()
        named = None if which is None else passport_id_of(voltpass, which)
        day: date = on.date() if on is not None else utc_now().date()
        with voltpass.store.reading() as reading:
            if model is not None:
                wanted = profile or DEFAULT_PROFILE
                report = model_report(reading, operator, model, wanted, day, batch)
            else:
                report = passport_report(reading, str(named), profile, day)
        emit(report.to_document(), as_json=as_json, text=lambda: _print_report(report))


def _print_report(report: "CompletenessReport") -> None:
    from passports.attributes.completeness import State

    title = (
        f"{report.subject.level.value} {report.subject.id}, {report.category}, {report.profile.id}"
    )
    table = Table("attribute", "data points", "asked", "state", "recorded at", title=title)
    for row in report.rows:
        if row.state not in {State.PRESENT, State.NOT_ASKED}:
            points = ", ".join(map(str, row.attribute.ec_points))
            level = row.attribute.granularity.value
            table.add_row(row.attribute.id, points, row.requirement.value, row.state.value, level)
    out.print(table)
    missing = len(report.missing)
    when = f"asked for from {report.profile.applies_from}"
    out.print(f"{missing} mandatory attributes are missing; {when}" if missing else "complete")


def add_attribute_commands(passport: typer.Typer) -> None:
    """Put these commands beside the other ones about passports."""
    passport.command("schema")(passport_schema)
    passport.command("set")(passport_set)
    passport.command("revoke-restricted")(passport_revoke_restricted)
    passport.command("attributes")(passport_attributes)
    passport.command("completeness")(passport_completeness)
