"""Which passport a person means: by its identifier, as `urn:uuid:`, or by the link on the battery."""

from typing import TYPE_CHECKING, Annotated, Final

import typer

if TYPE_CHECKING:
    from api.wiring import Voltpass
    from passports.resolve import StoredPassport


_URN: Final = "urn:uuid:"  # RFC 9562, section 4
_HELP: Final = "Identifier, urn:uuid: or printed link of the passport."

PassportName = Annotated[str, typer.Argument(metavar="PASSPORT", help=_HELP)]


def find(voltpass: "Voltpass", which: str) -> "StoredPassport":
    """Return the newest version of a passport by identifier, `urn:uuid:` or printed link.

    Raises:
        RecordNotFoundError: there is none.
        InvalidInputError: it is a link, but none of a battery.
    """
    from passports.identifiers import parse_digital_link
    from passports.resolve import find_passport, passport_by_id

    name = which.strip()
    if name.lower().startswith(("http://", "https://")):
        return find_passport(voltpass.store, parse_digital_link(name))
    is_urn = name.lower().startswith(_URN)
    return passport_by_id(voltpass.store, name[len(_URN) :].lower() if is_urn else name)


def passport_id_of(voltpass: "Voltpass", which: str) -> str:
    """Return the identifier of a passport that is named in any of these ways.

    Raises:
        RecordNotFoundError: there is none.
        InvalidInputError: it is a link, but none of a battery.
    """
    return find(voltpass, which).id
