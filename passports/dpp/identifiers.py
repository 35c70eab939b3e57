"""Identifiers of a digital product passport and of its product, as EN 18222 addresses them.

The identifier of a passport (EN 18223, `digitalProductPassportId`) is the URN that its credential has.
A passport is found under it, under the bare UUID, and under the GS1 Digital Link of its battery.
"""

from uuid import UUID

from passports.errors import Finding, InvalidInputError, RecordNotFoundError, shorten
from passports.identifiers import UniqueProductIdentifier, parse_digital_link
from passports.store import PassportRow, Transaction

_URN = "urn:uuid:"
_MAX_LENGTH = 500  # longer than any link that a data carrier of a battery could hold


def dpp_id(passport_id: str) -> str:
    """Return the identifier of a passport, a URI that never changes."""
    return _URN + passport_id


def row_of_dpp(transaction: Transaction, identifier: str) -> PassportRow:
    """Return the newest version of the passport that an identifier names.

    Raises:
        RecordNotFoundError: there is none; also where it is a link, but not of a battery.
    """
    if identifier.lower().startswith(("http://", "https://")):
        return _row_of_link(transaction, identifier)
    try:
        passport_id = str(UUID(identifier.lower().removeprefix(_URN)))
    except ValueError:
        passport_id = ""
    row = transaction.passports.by_id(passport_id)
    if row is None:
        remedy = "Give the identifier of the passport (urn:uuid:…), or its battery's link, encoded."
        raise RecordNotFoundError("digital product passport", identifier, remedy)
    return row


def _row_of_link(transaction: Transaction, link: str) -> PassportRow:
    try:
        return row_of_product(transaction, link, "dppId")
    except InvalidInputError as error:
        # The standard has no other answer for some calls than that there is none.
        first = error.findings[0]
        remedy = f"This link cannot be read ({first.reason}). {first.remedy}"
        raise RecordNotFoundError("digital product passport", link, remedy) from None


def row_of_product(transaction: Transaction, identifier: str, field: str) -> PassportRow:
    """Return the newest version of the passport of a product.

    Raises:
        RecordNotFoundError: there is none.
        InvalidInputError: it is no GS1 Digital Link of a battery.
    """
    product = read_product_id(identifier, field)
    row = transaction.passports.newest(product.gtin, product.serial)
    if row is None:
        remedy = "Check the link; a battery without a passport here was not issued here."
        raise RecordNotFoundError("product", identifier, remedy)
    return row


def read_product_id(identifier: str, field: str) -> UniqueProductIdentifier:
    """Read a unique product identifier (EN 18219): the GS1 Digital Link of a battery, on any host.

    Raises:
        InvalidInputError: it is something else.
    """
    if len(identifier) > _MAX_LENGTH:
        reason = f"an identifier here has at most {_MAX_LENGTH} characters"
        finding = Finding(field, shorten(identifier), reason, "Give the battery's printed link.")
        raise InvalidInputError([finding], "the identifier")
    try:
        return parse_digital_link(identifier)
    except InvalidInputError as error:
        first = error.findings[0]
        finding = Finding(field, shorten(identifier), first.reason, first.remedy)
        raise InvalidInputError([finding], "the identifier") from None
