"""Which passports there are for a list of products (EN 18222, 4.5), in pages.

A cursor says how far a list was walked, and of which list: another list, or a cursor that nobody gave
out, is refused.
"""

import base64
import binascii
import hashlib
from collections.abc import Iterator, Sequence
from typing import Annotated, Any, Final

import orjson
from pydantic import Field

from passports.documents import Document
from passports.dpp.identifiers import dpp_id, read_product_id
from passports.errors import Finding, InvalidInputError, shorten
from passports.identifiers import UniqueProductIdentifier
from passports.store import Store, Transaction

MAX_PRODUCTS: Final = 10_000
MAX_LIMIT: Final = 1000
DEFAULT_LIMIT: Final = 100
MAX_FINDINGS: Final = 20
_CHUNK: Final = 500
_DIGEST_LENGTH: Final = 16


class ProductIdQuery(Document):
    """The products that are asked about, by their unique product identifiers."""

    productIds: Annotated[list[str], Field(min_length=1, max_length=MAX_PRODUCTS)]  # noqa: N815 # the standard's own


def find_dpp_ids(
    store: Store, query: ProductIdQuery, limit: int = DEFAULT_LIMIT, cursor: str | None = None
) -> dict[str, Any]:
    """Return the identifiers of the products' passports, in the list's order, at most `limit` of them.

    A product without a passport here is passed over; `nextCursor` is there where more follow.

    Raises:
        InvalidInputError: an identifier is no GS1 Digital Link of a battery, or the cursor is not ours.
    """
    products = _products(query.productIds)
    digest = _digest(query.productIds)
    start = _read_cursor(cursor, digest, len(products))
    with store.reading() as reading:
        found = _found(reading, products, start)
        page = [match for _, match in zip(range(limit), found, strict=False)]
        more = next(found, None) is not None
    document: dict[str, Any] = {"dppIds": [dpp_id(passport_id) for _, passport_id in page]}
    if more:
        document["nextCursor"] = _cursor(page[-1][0] + 1, digest)
    return document


def _products(identifiers: Sequence[str]) -> list[UniqueProductIdentifier]:
    found: dict[UniqueProductIdentifier, None] = {}  # a product that is named twice is one
    findings: list[Finding] = []
    for place, identifier in enumerate(identifiers):
        try:
            found[read_product_id(identifier, f"productIds[{place}]")] = None
        except InvalidInputError as error:
            findings += error.findings
        if len(findings) >= MAX_FINDINGS:
            break
    if findings:
        raise InvalidInputError(findings, "the list of products")
    return list(found)


def _found(
    transaction: Transaction, products: Sequence[UniqueProductIdentifier], start: int
) -> Iterator[tuple[int, str]]:
    """Yield (place in the list, passport) of each product from a place on that has a passport."""
    for begin in range(start, len(products), _CHUNK):
        chunk = products[begin : begin + _CHUNK]
        serials: dict[str, list[str]] = {}
        for product in chunk:
            serials.setdefault(product.gtin, []).append(product.serial)
        passports = {
            (row.gtin, row.serial): row.id
            for gtin, some in serials.items()
            for row in transaction.passports.newest_of(gtin, some)
        }
        for place, product in enumerate(chunk, start=begin):
            passport_id = passports.get((product.gtin, product.serial))
            if passport_id is not None:
                yield place, passport_id


def _digest(identifiers: Sequence[str]) -> str:
    return hashlib.sha256(orjson.dumps(list(identifiers))).hexdigest()[:_DIGEST_LENGTH]


def _cursor(place: int, digest: str) -> str:
    return base64.urlsafe_b64encode(orjson.dumps([place, digest])).decode().rstrip("=")


def _read_cursor(cursor: str | None, digest: str, length: int) -> int:
    if cursor is None:
        return 0
    try:
        key = orjson.loads(base64.urlsafe_b64decode(cursor + "=" * (-len(cursor) % 4)))
    except (ValueError, binascii.Error):
        key = None
    if isinstance(key, list) and len(key) == 2 and type(key[0]) is int:  # noqa: PLR2004 # see _cursor
        place = int(key[0])
        if 0 < place < length and cursor == _cursor(place, digest):
            return place
    reason = "this is not a cursor that was given out here for this list"
    finding = Finding("cursor", shorten(cursor), reason, "Take nextCursor of the last answer.")
    raise InvalidInputError([finding], "the query")
