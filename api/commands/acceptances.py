"""`voltpass operator accept-responsibility` and its kin: who answers for what another issues."""

from datetime import UTC, datetime
from typing import TYPE_CHECKING, Annotated, Any

import typer

from api.commands.console import AsJson, emit, open_voltpass, out, reported

if TYPE_CHECKING:
    from passports.authority.callers import Caller
    from passports.store import Store


Operator = Annotated[str, typer.Option(help="Who answers for the passports.")]


def _caller(store: "Store", operator_id: str) -> "Caller":
    from passports.authority.callers import Caller
    from passports.operators import get_operator

    with store.reading() as reading:
        return Caller.of(get_operator(reading, operator_id), "command line")


def _emit(document: dict[str, Any], *, as_json: bool) -> None:
    text = _line(document)
    emit(document, as_json=as_json, text=lambda: out.print(text, markup=False))


def _line(row: dict[str, Any]) -> str:
    models = ", ".join(row["models"]) if row["models"] else "all models"
    who = f"{row['operator']} answers for what {row['maker']} issues ({models})"
    return f"{row['id']}  {who}, until {row['valid_until']}: {row['state'].replace('_', ' ')}"


def operator_accept_responsibility(
    maker: Annotated[str, typer.Argument(help="Who issues and names the operator.")],
    operator: Operator,
    until: Annotated[datetime, typer.Option(formats=["%Y-%m-%d"], help="Last day.")],
    model: Annotated[list[str] | None, typer.Option(help="For this model; may repeat.")] = None,
    as_json: AsJson = False,
) -> None:
    """Accept to answer for the passports that a maker issues, signed; issuing asks for it."""
    from passports.authority.acceptances import AcceptanceCreate, accept_responsibility
    from passports.documents import read_document, utc_now

    with reported(as_json=as_json):
        voltpass = open_voltpass()
        ends = until.replace(hour=23, minute=59, second=59, tzinfo=UTC)
        given = {"maker": maker, "models": model or None, "valid_until": ends}
        request = read_document(AcceptanceCreate, given, "the acceptance")
        store, keyring, address = voltpass.store, voltpass.keyring, voltpass.address
        who = _caller(store, operator)
        _emit(
            accept_responsibility(store, keyring, address, who, request, utc_now()),
            as_json=as_json,
        )


def operator_end_acceptance(
    acceptance_id: str,
    operator: Operator,
    reason: Annotated[str, typer.Option(help="Why.")],
    as_json: AsJson = False,
) -> None:
    """End an acceptance at once; what was issued under it stays as it is."""
    from passports.authority.acceptances import end_acceptance
    from passports.authority.grants import Revocation
    from passports.documents import read_document, utc_now

    with reported(as_json=as_json):
        store = open_voltpass().store
        request = read_document(Revocation, {"reason": reason}, "the end")
        who = _caller(store, operator)
        _emit(end_acceptance(store, who, acceptance_id, request, utc_now()), as_json=as_json)


def operator_acceptances(operator: Operator, as_json: AsJson = False) -> None:
    """List the acceptances that an operator gave or was given."""
    from passports.authority.acceptances import list_acceptances
    from passports.documents import utc_now

    with reported(as_json=as_json), open_voltpass().store.reading() as reading:
        found = list(list_acceptances(reading, operator, utc_now()))

        def text() -> None:
            for row in found:
                out.print(_line(row), markup=False)

        emit(found, as_json=as_json, text=text)
