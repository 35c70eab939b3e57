"""`voltpass keys prefix`: the GS1 company prefixes under which an operator numbers its models."""

from typing import Annotated

import typer

from api.commands.console import AsJson, emit, open_voltpass, out, reported


def keys_prefix(
    operator: Annotated[str, typer.Argument(help="Whose prefix it is.")],
    prefix: Annotated[str, typer.Argument(help="4 to 12 digits, as GS1 wrote it.")],
    as_json: AsJson = False,
) -> None:
    """Register one more GS1 company prefix of an operator; another operator's is refused."""
    from api.commands.operator_changes import platform_caller
    from passports.authority.operator_changes import add_prefix
    from passports.documents import utc_now

    with reported(as_json=as_json):
        voltpass, now = open_voltpass(), utc_now()
        voltpass.prepare_trust_list()  # a key that does not open is noticed before anything is written
        caller = platform_caller(voltpass)
        prefixes = add_prefix(voltpass.store, caller, operator, prefix, now)
        voltpass.write_trust_list(now)
        result = {"operator_id": operator, "gs1_prefixes": prefixes}
        text = f"{operator} holds {', '.join(prefixes)}"
        emit(result, as_json=as_json, text=lambda: out.print(text, markup=False))
