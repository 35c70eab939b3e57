"""GS1 company prefixes: each belongs to one operator, so a GTIN can be numbered by one operator only.

GS1 gives a prefix to one company (GS1 General Specifications, section 1.4.2), and none that begins with
another company's. What operators say of themselves is held to that: a prefix that overlaps with another
operator's is refused, and so is a GTIN under a prefix that somebody else holds.
"""

from collections.abc import Sequence
from datetime import datetime
from typing import Annotated

from pydantic import Field, TypeAdapter, ValidationError

from passports import store as tables  # a class that is asked for by name is made then
from passports.errors import Finding, IdentifierConflictError, InvalidInputError, shorten
from passports.store import Transaction

Gs1Prefix = Annotated[str, Field(pattern=r"^[0-9]{4,12}$")]
_PREFIX: TypeAdapter[str] = TypeAdapter(Gs1Prefix)


def check_prefix(prefix: str) -> None:
    """Refuse what can be no prefix.

    Raises:
        InvalidInputError: a prefix has 4 to 12 digits.
    """
    try:
        _PREFIX.validate_python(prefix)
    except ValidationError:
        reason = "a GS1 company prefix has 4 to 12 digits"
        finding = Finding("prefix", shorten(prefix), reason, "Give it as GS1 wrote it.")
        raise InvalidInputError([finding], "the prefix") from None


def claim_prefixes(
    transaction: Transaction, operator_id: str, prefixes: Sequence[str], now: datetime
) -> None:
    """Write down that an operator holds these prefixes.

    Raises:
        IdentifierConflictError: one of them overlaps with a prefix of another operator.
    """
    if not prefixes:
        return
    transaction.gs1_prefixes.lock()
    for prefix in dict.fromkeys(prefixes):
        for row in transaction.gs1_prefixes.overlapping(prefix):
            if row.operator_id != operator_id:
                remedy = (
                    f"{row.prefix} is registered to {row.operator_id}; check the prefix at GS1."
                )
                raise IdentifierConflictError("gs1_prefixes", prefix, remedy)
        if transaction.gs1_prefixes.get(operator_id, prefix) is None:
            transaction.gs1_prefixes.add(
                tables.Gs1PrefixRow(operator_id=operator_id, prefix=prefix, registered_at=now)
            )


def holder_of(transaction: Transaction, gtin: str) -> str | None:
    """Return the operator under whose prefix a GTIN-14 stands, or None.

    The first digit of a GTIN-14 is the packaging indicator; the company prefix follows it.
    """
    rows = transaction.gs1_prefixes.above(gtin[1:])
    return rows[0].operator_id if rows else None


def foreign_gtin(
    transaction: Transaction, operator_id: str, gtin: str, field: str, line: int | None = None
) -> Finding | None:
    """Return what is wrong with an operator's use of a GTIN whose prefix another operator holds."""
    holder = holder_of(transaction, gtin)
    if holder is None or holder == operator_id:
        return None
    reason = f"it stands under a GS1 prefix of another operator ({holder})"
    return Finding(field, gtin, reason, "Use a GTIN of your own company prefix.", line)
